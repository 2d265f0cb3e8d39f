"""The schema's versions: bring a database up to date, and refuse to serve one that is not.

The migrations are in the wheel, so `access-service migrate` needs nothing but the database URL.
"""

from pathlib import Path

from sqlalchemy import Connection, Engine, inspect, text
from sqlalchemy.exc import DBAPIError, OperationalError

from access_service.domain.errors import UnavailableError
from access_service.storage.connecting import make_engine

HEAD = "0039"
"""The schema that this version of the program reads and writes."""
FOLDER = Path(__file__).parent / "migrations"
_LOCK = 0x6163_6365_7373
"""Number of the PostgreSQL advisory lock that lets one node migrate at a time (`access` in ASCII)."""


def upgrade(database_url: str) -> None:
    """Bring the database up to `HEAD`, making it if it is empty; one transaction, and nothing when it is there.

    Raises `UnavailableError` when the database cannot be reached or was made by a newer version.
    """
    engine = make_engine(database_url, is_patient=True)
    try:
        with engine.begin() as connection:
            wait_for_others(connection)
            found = version_of(connection)
            if found == HEAD:
                return
            if found is not None:
                check_known(found)
            if found is None and inspect(connection).has_table("registers"):
                raise UnavailableError(
                    "the database has tables but no schema version; it was not made by `migrate`"
                )
            bring_up(connection)
    except DBAPIError as error:
        reason = str(error.orig).partition("\n")[0]
        raise UnavailableError(f"the database cannot be migrated: {reason}") from error
    finally:
        engine.dispose()


def bring_up(connection: Connection, to: str | None = None) -> None:
    """Migrate within the connection's transaction, up to a schema that this version knows; `HEAD` if left out."""
    # Importing Alembic takes most of a second, which serving should not pay.
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    # The configuration parser reads % as the start of a reference.
    config.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, to or HEAD)


def require_current(engine: Engine) -> None:
    """Return if the database has exactly the schema that this version of the program works with.

    Raises `UnavailableError` otherwise, with what to do about it, and for a database that cannot be reached.
    """
    found = _version(engine)
    if found == HEAD:
        return
    if found is None:
        raise UnavailableError("the database has no schema yet; run `access-service migrate`")
    if found in known_versions():
        raise UnavailableError(
            f"the database has schema `{found}` and this version needs `{HEAD}`; run `access-service migrate`"
        )
    raise UnavailableError(_too_new(found))


def server_version(engine: Engine) -> str:
    """The database's kind and version, in words; only one with a server is asked."""
    if engine.dialect.name == "sqlite":
        return "SQLite"
    try:
        with engine.connect() as connection:
            return f"PostgreSQL {connection.execute(text('SHOW server_version')).scalar_one()}"
    except DBAPIError:
        return "PostgreSQL"


def version_of(connection: Connection) -> str | None:
    """The schema that the database says it has, or None when it has none."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    row = connection.execute(text("SELECT version_num FROM alembic_version")).first()
    return None if row is None else str(row[0])


def _version(engine: Engine) -> str | None:
    try:
        with engine.connect() as connection:
            return version_of(connection)
    except OperationalError as error:
        raise UnavailableError("the database cannot be reached") from error


def known_versions() -> frozenset[str]:
    """The versions this program has a way up from."""
    return frozenset(path.name.partition("_")[0] for path in (FOLDER / "versions").glob("[0-9]*.py"))


def check_known(found: str) -> None:
    """Raise `UnavailableError` for a schema of a newer version of this program."""
    if found not in known_versions():
        raise UnavailableError(_too_new(found))


def _too_new(found: str) -> str:
    return f"the database has schema `{found}`, made by a newer version of this program; it knows up to `{HEAD}`"


def wait_for_others(connection: Connection) -> None:
    """Two nodes started at once: the second waits, and then finds nothing to do."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
    else:
        # A write that changes nothing takes SQLite's one write lock for the rest of the transaction.
        connection.exec_driver_sql("PRAGMA user_version = 0")
