"""What `serve` serves, in a few lines for whoever starts it: which address, database, registers, packs and keys."""

from collections.abc import Iterator
from urllib.parse import urlsplit

from access_service.about import version
from access_service.domain.errors import ClockError, UnavailableError
from access_service.domain.names import RegisterId
from access_service.domain.policy import PackBinding
from access_service.domain.time import Interval
from access_service.settings import Settings
from access_service.storage.db import Database
from access_service.storage.migrate import version_of


def check_served(db: Database, settings: Settings) -> None:
    """Refuse at the start what would be refused at every question: an unknown register, no policy packs."""
    names = [str(row["id"]) for row in db.registers()]
    if settings.register_name is not None and names and settings.register_name not in names:
        raise UnavailableError(
            f"the database has no register `{settings.register_name}` (ACCESS_SERVICE_REGISTER), "
            f"but {', '.join(f'`{name}`' for name in names)}"
        )
    if settings.api_key is not None and settings.register_name is None and len(names) > 1:
        raise UnavailableError(
            f"the API key is bound to one register of {len(names)}: name it (ACCESS_SERVICE_REGISTER)"
        )
    for what, folder in (("policy packs", settings.policy_dir), ("Casbin models", settings.models_dir)):
        if not folder.is_dir():
            raise UnavailableError(f"there is no folder of {what} `{folder}`")


def describe(db: Database, settings: Settings, workers: int, *, apart: bool) -> Iterator[str]:
    """Say what is served, one line for each thing."""
    beside = ", and one of acts" if apart else ""
    yield f"access-service {version()}, {workers} process{'es' if workers > 1 else ''}{beside}"
    yield f"  listens on   {settings.host}:{settings.port}, called {settings.public_url}"
    if settings.operations_port is not None:
        yield f"  operators    {settings.operations_host}:{settings.operations_port}"
    with db.connect() as connection:
        yield f"  database     {db.url.render_as_string(hide_password=True)}, schema {version_of(connection)}"
    registers = [RegisterId(str(row["id"])) for row in db.registers()]
    for register in registers:
        yield f"  register     {register}: {_in_force(db, register)}"
    if not registers:
        yield "  register     none yet: `access-service init` makes one"
    yield f"  packs from   {settings.policy_dir}"
    yield f"  keys from    {settings.keys_dir}"
    yield f"  static key   {_static(settings)}"
    if settings.traces_to is not None:
        yield f"  traces to    {urlsplit(settings.traces_to).hostname}"


def _in_force(db: Database, register: RegisterId) -> str:
    """The packs, or why nobody can say: a doubted clock stops every answer, and no process."""
    try:
        return ", ".join(_packs(db, register)) or "no pack in force"
    except ClockError as error:
        return str(error)


def _packs(db: Database, register: RegisterId) -> list[str]:
    with db.read(register) as reader:
        now = db.now_in(reader.connection, register)
        bindings = [b for b in reader.find(PackBinding) if now in Interval(b.valid_from, b.valid_to)]
        return [f"{b.pack} for {b.unit}" for b in sorted(bindings, key=lambda b: b.unit)]


def _static(settings: Settings) -> str:
    if settings.api_key is None:
        return "none: enforcement points come with a token"
    return "evaluates and searches" if settings.api_key_search else "evaluates"
