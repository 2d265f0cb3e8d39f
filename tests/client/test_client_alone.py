"""The client needs nothing of the server: it is imported in a process where none of that can be."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
SERVERS = (
    *("fastapi", "starlette", "uvicorn", "pydantic", "pydantic_settings", "msgspec", "sqlmodel", "sqlalchemy"),
    *("alembic", "psycopg", "casbin", "passlib", "structlog", "prometheus_client", "typer", "yaml", "rich"),
    *(f"access_service.{name}" for name in ("api", "app", "cli", "domain", "engine", "signing", "storage")),
    *(f"access_service.{name}" for name in ("settings", "usecases", "web", "demo")),
)
BLOCK = f"""
import sys
for name in {SERVERS!r}:
    sys.modules[name] = None
"""
USE = """
import access_service.client as client
assert sorted(client.__all__) == client.__all__
for name in client.__all__:
    getattr(client, name)
access = client.AccessClient("http://127.0.0.1:9", client.StaticKey("000"), retries=0)
decision = access.check("acc_1", "read", client.student("1", class_="a:b:c", category="STU-ACA"))
assert not decision and decision.code == "unavailable", decision
verifier = client.TokenVerifier("http://127.0.0.1:9", "https://so-diem.example.vn", retries=0)
try:
    verifier.verify("a.b.c")
except client.ClientError as error:
    print(error.code)
"""


def _run(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONPATH": str(ROOT / "src"), "PATH": ""},
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )


def test_the_client_is_used_where_nothing_of_the_server_can_be_imported() -> None:
    ran = _run(BLOCK + USE)
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.strip() == "malformed"


def test_the_block_is_one() -> None:
    for name in ("access_service.client.fastapi", "access_service.domain.names", "fastapi"):
        ran = _run(BLOCK + f"import {name}")
        assert ran.returncode == 1
        assert "ModuleNotFoundError" in ran.stderr or "ImportError" in ran.stderr
