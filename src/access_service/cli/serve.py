"""`serve`: the service, over what `init` made, or over one pack alone."""

import gc
import logging
import os
import socket
import ssl
import stat
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import typer
import uvicorn

from access_service.api.http.listener import LISTENING, Bounded, Bounds
from access_service.api.http.traces import check_installed
from access_service.app import create_app
from access_service.cli.errors import UsageError
from access_service.cli.opening import open_database, settings_for
from access_service.cli.served import check_served, describe
from access_service.domain.errors import UnavailableError
from access_service.engine.casbin_engine import check_distribution
from access_service.pack_app import create_pack_app
from access_service.settings import PREFIX, Settings
from access_service.usecases.keys import OWN, open_key
from access_service.usecases.tokens.keyring import open_keyring

GRACE_S = 20
"""How long requests in progress may take after a signal to stop."""
COLLECTIONS = (5_000, 20, 20)
"""New objects before the youngest are looked through, and how many such looks before the next older ones."""


def make_app() -> Any:
    """The application of a worker process, which has only the environment."""
    settings = Settings()
    logging.getLogger("uvicorn.error").addFilter(_in_one_line)
    Bounded.bounds = _bounds(settings)
    return create_app(settings, started=keep_collections_short)


def run_serve(*, policy: Path | None, database: str | None, workers: int, given: Mapping[str, object]) -> None:
    """Serve until a signal, after checking everything that would make it refuse. `given` are settings."""
    settings = settings_for(database, **given)
    check_distribution()
    if settings.traces_to is not None:
        check_installed()
    if policy is None:
        _check_database(settings, workers)
    elif workers > 1:
        raise UsageError("one process serves a pack alone; leave out --workers")
    _check_port(settings)
    Bounded.bounds = _bounds(settings)
    logging.getLogger("uvicorn.error").addFilter(_in_one_line)
    options: dict[str, Any] = {
        "host": settings.host,
        "port": settings.port,
        **LISTENING,
        "timeout_graceful_shutdown": GRACE_S,
        **_tls(settings),
    }
    if policy is not None:
        uvicorn.run(create_pack_app(settings, policy), **options)
    elif workers == 1:
        uvicorn.run(create_app(settings, started=keep_collections_short), **options)
    else:
        # Workers are new processes: what was said on the command line reaches them as environment.
        os.environ[f"{PREFIX}DATABASE_URL"] = settings.database_url
        os.environ[f"{PREFIX}PUBLIC_URL"] = settings.public_url
        with TemporaryDirectory(prefix="access-service-") as folder:
            os.environ[f"{PREFIX}METRICS_DIR"] = str(settings.metrics_dir or folder)
            uvicorn.run("access_service.cli.serve:make_app", factory=True, workers=workers, **options)


def keep_collections_short() -> None:
    """What stays for as long as the process is looked through by the garbage collector once, and never again.

    A full collection of a service's 300,000 objects holds every thread for a tenth of a second, and a few acts
    bring one about; without them it takes what the acts since the last one left (docs/decisions/0155).
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*COLLECTIONS)


def _in_one_line(record: logging.LogRecord) -> bool:
    """What a process could not start for is told as a sentence, without where in the program it was found out."""
    text = record.getMessage()
    if text.startswith("Traceback "):
        kind, _, said = text.strip().rpartition("\n")[2].partition(": ")
        record.msg, record.args = f"cannot start: {said or kind}", ()
    return True


def _bounds(settings: Settings) -> Bounds:
    return Bounds(
        header_bytes=settings.max_header_bytes,
        header_s=settings.header_seconds,
        body_s=settings.body_seconds,
        connections=settings.max_connections,
    )


def _check_database(settings: Settings, workers: int) -> None:
    with open_database(settings) as db:
        check_served(db, settings)
        if any(row["demo"] for row in db.registers()):
            raise UnavailableError("this database is a demonstration, its passwords are public")
        # Here, so that several workers find one first key of each kind instead of making one each.
        for own in OWN.values():
            open_key(db, settings.keys_dir, own)
        open_keyring(
            db, settings.keys_dir, algorithm=settings.token_algorithm, overlap_s=settings.key_overlap_seconds
        )
        for line in describe(db, settings, workers):
            typer.echo(line, err=True)


def _tls(settings: Settings) -> dict[str, Any]:
    """The server's options for https, once certificate and key are found to fit; nothing without a certificate."""
    cert, key = settings.tls_cert, settings.tls_key
    if cert is None or key is None:
        return {}
    if stat.S_IMODE(key.stat().st_mode) & stat.S_IRWXO:
        raise UnavailableError(f"the key `{key}` can be read or changed by everybody; `chmod 600` mends that")
    if not cert.is_file():
        raise UnavailableError(f"there is no certificate `{cert}`")
    try:
        # An empty passphrase: otherwise a key that has one would make the server ask the terminal.
        ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(cert, key, password="")
    except (ssl.SSLError, ValueError) as error:
        raise UnavailableError(f"`{cert}` and `{key}` are no certificate (PEM) and its key") from error
    return {"ssl_certfile": str(cert), "ssl_keyfile": str(key)}


def _check_port(settings: Settings) -> None:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError as error:
            reason = (error.strerror or "no such address").lower()
            raise UnavailableError(f"port {settings.port} on `{settings.host}` cannot be used: {reason}") from error
