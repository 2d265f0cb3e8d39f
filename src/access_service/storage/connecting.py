"""Connections: none waits for ever, none carries a register in the clear, and no file is other people's to read.

A network that swallows packets answers nothing at all: each layer has its own bound (docs/decisions/0064). Whatever
a database URL says itself stands.
"""

import os
from ipaddress import ip_address
from pathlib import Path
from stat import S_IMODE, S_IRWXO
from typing import Any
from urllib.parse import unquote, urlsplit

from sqlalchemy import URL, Connection, Dialect, Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import InvalidatePoolError

from access_service.domain.errors import UnavailableError
from access_service.engine.memory import Memory

BUSY_TIMEOUT_MS = 10_000
"""How long a writer waits for another before it gives up."""
STATEMENT_MS = 20_000
"""How long PostgreSQL works at one statement; a transaction in which nothing is asked it keeps three times that."""
CONNECT_S = 5
PATIENCE_S = 25.0
"""How long an answer may take before the connection is given up: a little more than the server works at one."""
QUICK_S = 3.0
"""The same for a look at one row, and for the question whether a kept connection still lives."""
CHECKOUT_S = 5
"""How long a request waits for a free connection."""
TCP = {"keepalives": 1, "keepalives_idle": 5, "keepalives_interval": 2, "keepalives_count": 3}
UNACKNOWLEDGED_MS = 10_000
"""How long what was sent may stand unacknowledged; then the connection is lost."""
ENCRYPTED = ("require", "verify-ca", "verify-full")
SYNCHRONOUS = "FULL"
"""When SQLite says that a commit is done: once the disk has it. Our tests, which survive no power cut, say OFF."""
OWN_FILE, OWN_FOLDER = 0o600, 0o700

FILE = "which_file"
"""Under this name a kept connection to SQLite carries which file it opened."""
MEMORY = "engine_memory"
"""Under this name a connection carries what the engine remembers for its database."""


def make_engine(url: str, *, is_patient: bool = False) -> Engine:
    """An engine for a database URL: `sqlite:///<path>`, or `postgresql://…` (with the driver psycopg).

    `is_patient` is for changes of the schema, which take as long as they take. Raises `UnavailableError` for a
    PostgreSQL on another machine that would be spoken to without TLS.
    """
    parsed = make_url(url)
    if parsed.drivername == "postgresql":
        parsed = parsed.set(drivername="postgresql+psycopg")
    if parsed.get_backend_name() == "sqlite":
        return _sqlite(parsed)
    if parsed.get_backend_name() == "postgresql":
        check_encrypted(parsed)
        return _postgresql(parsed, is_patient=is_patient)
    return create_engine(parsed)


def memory_of(connection: Connection) -> Memory:
    """What the engine remembers for the database of a connection."""
    memory = connection.get_execution_options()[MEMORY]
    if not isinstance(memory, Memory):
        raise TypeError("this is no connection of a `storage.db.Database`")
    return memory


# -- PostgreSQL


def check_encrypted(url: URL) -> None:
    """Raise `UnavailableError` unless every host is this machine or the connection has to be encrypted.

    What the URL leaves out is asked of libpq, which reads the environment and the service file.
    """
    from psycopg.pq import Conninfo  # noqa: PLC0415 only PostgreSQL pays for the driver

    said: dict[str, str] = {
        option.keyword.decode(): option.val.decode() for option in Conninfo.get_defaults() if option.val
    }
    given = url.get_dialect()().create_connect_args(url)[1]
    if "service" in given:
        raise UnavailableError("a database URL names its host itself, not a `service`")
    said |= {name: str(value) for name, value in given.items()}
    # An address goes before a name: the name then is only what the certificate must say.
    hosts = (said.get("hostaddr") or said.get("host") or "").split(",")
    if all(map(is_here, hosts)) or said.get("sslmode") in ENCRYPTED:
        return
    raise UnavailableError(
        "the database is on another machine: its URL says `sslmode=verify-full` (at the least `require`), "
        "or it is not spoken to"
    )


def is_here(host: str) -> bool:
    """Is that this machine: a Unix socket (or its default), or loopback?"""
    if host in ("", "localhost") or host.startswith(("/", "@")):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _postgresql(url: URL, *, is_patient: bool) -> Engine:
    arguments: dict[str, Any] = {
        "connect_timeout": CONNECT_S,
        **TCP,
        "tcp_user_timeout": UNACKNOWLEDGED_MS,
        "options": _server_side(is_patient=is_patient),
    }
    for name in arguments.keys() & url.query.keys():
        said = url.query[name]
        # Options add up, and of two that say the same the later counts; for the rest the URL alone counts.
        arguments[name] = f"{arguments[name]} {said}" if name == "options" else said
    engine = create_engine(
        url,
        connect_args=arguments,
        pool_pre_ping=True,
        pool_size=8,
        pool_timeout=CHECKOUT_S,
    )
    if not is_patient:
        event.listen(engine, "do_connect", _connect_impatiently)
        event.listen(engine, "checkout", lambda raw, _record, _proxy: be_patient(raw, PATIENCE_S))
        event.listen(engine, "checkin", lambda raw, _record: be_patient(raw, QUICK_S))
    return engine


def _server_side(*, is_patient: bool) -> str:
    """What the server is told: a node that is lost to it must not hold its locks for hours."""
    said: dict[str, int] = {
        "tcp_keepalives_idle": TCP["keepalives_idle"],
        "tcp_keepalives_interval": TCP["keepalives_interval"],
        "tcp_keepalives_count": TCP["keepalives_count"],
        "tcp_user_timeout": UNACKNOWLEDGED_MS,
    }
    if not is_patient:
        said |= {
            "statement_timeout": STATEMENT_MS,
            "lock_timeout": BUSY_TIMEOUT_MS,
            "idle_in_transaction_session_timeout": 3 * STATEMENT_MS,
        }
    return " ".join(f"-c {name}={value}" for name, value in said.items())


def _connect_impatiently(_dialect: Dialect, _record: Any, given: list[Any], named: dict[str, Any]) -> Any:
    from access_service.storage.impatient import Impatient  # noqa: PLC0415 only PostgreSQL pays for the driver

    return Impatient.connect(*given, **named)


def be_patient(raw: Any, seconds: float) -> None:
    """How long that connection waits for an answer from now on; SQLite answers from its file."""
    if raw is not None and hasattr(raw, "patience_s"):
        raw.patience_s = seconds


# -- SQLite


def _sqlite(url: URL) -> Engine:
    path = file_of(url)
    if path is not None:
        make_folder(path.parent)
    engine = create_engine(url)
    if path is not None:

        def opening(_dialect: Dialect, record: Any, *_: Any) -> None:
            keep_private(path)
            # Before it is opened: one that is put there meanwhile is opened once more.
            record.info[FILE] = which_file(path)

        event.listen(engine, "do_connect", opening)
        event.listen(engine, "checkout", lambda _raw, record, _proxy: check_file(path, record.info[FILE]))
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def file_of(url: URL) -> Path | None:
    """The file of a SQLite database; None for one in memory."""
    name = url.database or ""
    if name.startswith("file:"):
        parts = urlsplit(name)
        name = "" if "mode=memory" in parts.query else unquote(parts.path)
    return Path(name) if name and name != ":memory:" else None


def which_file(path: Path) -> tuple[int, int] | None:
    """Which file stands under that name now; None where none does."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def check_file(path: Path, opened: tuple[int, int] | None) -> None:
    """Have another connection made where another file was put in the place of the one that was opened.

    A kept connection would go on in the file that is gone: it would see no commit of anybody else, and what it
    writes would be lost. Where nothing stands at the moment, the file is being put there.
    """
    stands = which_file(path)
    if stands is not None and stands != opened:
        raise InvalidatePoolError("another file stands in the place of the database")


def make_folder(path: Path) -> None:
    """Make a folder that only its owner enters, and whatever is missing above it; one that is there stays."""
    if not path.exists():
        make_folder(path.parent)
        path.mkdir(mode=OWN_FOLDER, exist_ok=True)


def keep_private(path: Path) -> None:
    """See that a database is nobody else's to read: made with mode 0600, and one that all can read mended to it.

    SQLite gives its `-wal` and `-shm` the mode of the file itself.
    """
    if path.is_dir():
        return
    if not path.exists():
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, OWN_FILE))
    for part in (path, *(path.with_name(path.name + suffix) for suffix in ("-wal", "-shm", "-journal"))):
        try:
            found = part.stat()
        except FileNotFoundError:
            continue
        # What its owner opened to a group of theirs stays so: backups are taken by others.
        if S_IMODE(found.st_mode) & S_IRWXO and found.st_uid == os.geteuid():
            part.chmod(OWN_FILE)


def open_new(path: Path, *, is_read: bool = False) -> int:
    """A descriptor of a new file of mode 0600; `FileExistsError` for one that is there."""
    way = os.O_RDWR if is_read else os.O_WRONLY
    return os.open(path, way | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, OWN_FILE)


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    # SQLAlchemy's own BEGIN (below) replaces the driver's implicit one, which would leave reads outside it.
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in (
        "journal_mode=WAL",
        f"synchronous={SYNCHRONOUS}",
        "foreign_keys=ON",
        f"busy_timeout={BUSY_TIMEOUT_MS}",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    # By the driver itself: it touches no file and cannot fail, and every transaction begins with it.
    driver: Any = connection.connection.dbapi_connection
    driver.execute("BEGIN")
