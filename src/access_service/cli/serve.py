"""`serve`: the service, over what `init` made."""

import os
import socket
from typing import Any

import uvicorn

from access_service.app import create_app
from access_service.cli.errors import UsageError
from access_service.cli.opening import opened, settings_for
from access_service.domain.errors import UnavailableError
from access_service.engine.casbin_engine import check_distribution
from access_service.settings import PREFIX, Settings
from access_service.signing.keys import SEAL_KEY, load_or_create

GRACE_S = 20
"""How long requests in progress may take after a signal to stop."""


def make_app() -> Any:
    """The application of a worker process, which has only the environment."""
    return create_app(Settings())


def run_serve(
    *, database: str | None, host: str | None, port: int | None, public_url: str | None, workers: int
) -> None:
    """Serve until a signal, after checking everything that would make it refuse."""
    settings = settings_for(database, host=host, port=port, public_url=public_url)
    check_distribution()
    with opened(settings) as db:
        if workers > 1 and db.is_sqlite:
            raise UsageError("SQLite serves one process; leave out --workers or use PostgreSQL")
        if any(row["demo"] for row in db.registers()):
            raise UnavailableError("this database is a demonstration, its passwords are public")
    load_or_create(settings.keys_dir / SEAL_KEY)
    _check_port(settings)
    options: dict[str, Any] = {
        "host": settings.host,
        "port": settings.port,
        "log_level": "warning",
        "access_log": False,
        "server_header": False,
        "timeout_graceful_shutdown": GRACE_S,
    }
    if workers == 1:
        uvicorn.run(create_app(settings), **options)
        return
    # Workers are new processes: what was said on the command line reaches them as environment.
    os.environ[f"{PREFIX}DATABASE_URL"] = settings.database_url
    os.environ[f"{PREFIX}PUBLIC_URL"] = settings.public_url
    uvicorn.run("access_service.cli.serve:make_app", factory=True, workers=workers, **options)


def _check_port(settings: Settings) -> None:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError as error:
            reason = (error.strerror or "no such address").lower()
            raise UnavailableError(f"port {settings.port} on `{settings.host}` cannot be used: {reason}") from error
