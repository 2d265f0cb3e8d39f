"""`serve`: the service, over what `init` made, or over one pack alone."""

import gc
import logging
import os
import signal
import socket
import ssl
import stat
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from types import FrameType
from typing import Any

import typer
import uvicorn

from access_service.api.http.listener import LISTENING, Bounded, Bounds
from access_service.api.http.traces import check_installed
from access_service.app import HERE_ALONE, create_app
from access_service.cli.acts_beside import acts_beside, has_several_cores
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


SILENT_S = 30
"""How long a worker may say nothing before it is replaced: a busy machine takes a while to load the program,
and systemd gives a service 40 s to end, which waits for this, too."""
NICE = 5
"""How much lower the priority of acts is."""
RELAY = "RELAY_OF_ACCESS_SERVICE"
"""In the environment of the workers of one `serve`: the socket of its process of acts. No setting."""


def make_app() -> Any:
    """The application of a worker process, which has only the environment."""
    settings = Settings()
    logging.getLogger("uvicorn.error").addFilter(_in_one_line)
    Bounded.bounds = _bounds(settings)
    relay = os.environ.get(RELAY)
    return create_app(settings, started=keep_collections_short, acts=Path(relay) if relay else None)


def make_acts(settings: Settings) -> Any:
    """The application of the process of acts."""
    logging.getLogger("uvicorn.error").addFilter(_in_one_line)
    return create_app(settings, started=give_way, acts=HERE_ALONE)


def run_serve(*, policy: Path | None, database: str | None, workers: int, given: Mapping[str, object]) -> None:
    """Serve until a signal, after checking everything that would make it refuse. `given` are settings."""
    settings = settings_for(database, **given)
    check_distribution()
    if settings.traces_to is not None:
        check_installed()
    apart = policy is None and is_apart(settings)
    if policy is None:
        _check_database(settings, workers, apart=apart)
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
    elif workers == 1 and not apart:
        uvicorn.run(create_app(settings, started=keep_collections_short), **options)
    else:
        with TemporaryDirectory(prefix="access-service-") as folder:
            shared = settings.model_copy(update={"metrics_dir": settings.metrics_dir or Path(folder)})
            with _stopped_last(), _acts(shared) if apart else nullcontext() as relay:
                _run_several(shared, workers, relay, options)


def is_apart(settings: Settings) -> bool:
    """Is there to be a process of acts?"""
    return has_several_cores() if settings.acts_apart == "auto" else settings.acts_apart == "yes"


def _acts(settings: Settings) -> AbstractContextManager[Path]:
    return acts_beside(partial(make_acts, settings), GRACE_S)


def _run_several(settings: Settings, workers: int, relay: Path | None, options: dict[str, Any]) -> None:
    """The processes that take connections: this one, or as many workers."""
    if workers == 1:
        uvicorn.run(create_app(settings, started=keep_collections_short, acts=relay), **options)
        return
    # Workers are new processes: what was said on the command line reaches them as environment.
    os.environ[f"{PREFIX}DATABASE_URL"] = settings.database_url
    os.environ[f"{PREFIX}PUBLIC_URL"] = settings.public_url
    os.environ[f"{PREFIX}METRICS_DIR"] = str(settings.metrics_dir)
    os.environ[RELAY] = "" if relay is None else str(relay)
    options = {"workers": workers, "timeout_worker_healthcheck": SILENT_S, **options}
    uvicorn.run("access_service.cli.serve:make_app", factory=True, **options)


@contextmanager
def _stopped_last() -> Iterator[None]:
    """A server that was told to stop ends this process by the same signal: here only after the block."""
    stopped: list[int] = []

    def heard(number: int, _frame: FrameType | None) -> None:
        stopped.append(number)
        raise SystemExit(0)

    before = signal.signal(signal.SIGTERM, heard)
    try:
        yield
    except SystemExit:
        if not stopped:
            raise
    finally:
        signal.signal(signal.SIGTERM, before)
    if stopped:
        signal.raise_signal(signal.SIGTERM)


def keep_collections_short() -> None:
    """What stays for as long as the process is looked through by the garbage collector once, and never again.

    A full collection of a service's 300,000 objects holds every thread for a tenth of a second, and a few acts
    bring one about; without them it takes what the acts since the last one left (docs/decisions/0155).
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*COLLECTIONS)


def give_way() -> None:
    """The process of acts is made: from here on decisions go first where cores are short."""
    keep_collections_short()
    os.nice(NICE)


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


def _check_database(settings: Settings, workers: int, *, apart: bool) -> None:
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
        for line in describe(db, settings, workers, apart=apart):
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
