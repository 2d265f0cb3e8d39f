"""Serve the gradebook beside the demonstration: `.venv/bin/python examples/gradebook [demo.json] [port]`."""

import json
import sys
from pathlib import Path
from typing import Any

import uvicorn

from access_service.client import ClientCredentials
from gradebook import Setup, create_gradebook

PORT = 8100


def setup_of(told: dict[str, Any]) -> Setup:
    """The gradebook's place in the demonstration, from what `demo.json` says."""

    def client(scope: str) -> dict[str, Any]:
        return next(c for c in told["clients"] if scope in c["scope"].split())

    asking, own = client("evaluate"), client("read")
    return Setup(
        access_url=told["base_url"],
        audience=own["resource"],
        own=ClientCredentials(own["client_id"], own["client_secret"]),
        asking=ClientCredentials(asking["client_id"], asking["client_secret"], scope=("evaluate",)),
    )


def main() -> None:
    """Serve until a signal."""
    path = Path(sys.argv[1] if len(sys.argv) > 1 else "demo.json")
    port = int(sys.argv[2]) if len(sys.argv) > 2 else PORT  # noqa: PLR2004
    told = json.loads(path.read_text("utf-8"))
    print(f"Sổ điểm minh hoạ: http://127.0.0.1:{port}")
    uvicorn.run(create_gradebook(setup_of(told)), host="127.0.0.1", port=port, log_level="warning")


if __name__ == "__main__":
    main()
