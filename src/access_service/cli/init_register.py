"""`init`: a register's root, once, with its one-time activation links."""

import hashlib
import sys
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path

import typer

from access_service.cli.errors import UsageError
from access_service.cli.opening import say_json, services_for, settings_for
from access_service.domain import words
from access_service.domain.errors import InvalidError
from access_service.domain.names import PersonId, RegisterId, UnitId
from access_service.domain.time import local
from access_service.engine.memory import Memory
from access_service.rendering.sheets import instant_text
from access_service.settings import Settings
from access_service.storage.db import Database
from access_service.storage.migrate import require_current, upgrade, version_of
from access_service.usecases.identity.accounts import IssuedAccount
from access_service.usecases.imports.csv_files import clean
from access_service.usecases.keys import LOG, open_key
from access_service.usecases.policy import read_pack
from access_service.usecases.register import Founded, Founding, init_register
from access_service.usecases.services import system_clock

QUESTIONS: Mapping[str, str] = {
    "register": "Mã đăng ký (chữ thường không dấu, ví dụ hai-phong)",
    "unit": "Mã đơn vị của Sở",
    "name": "Tên Sở",
    "director": "Họ và tên Giám đốc",
    "decision_number": "Số quyết định bổ nhiệm Giám đốc",
    "decision_date": "Ngày quyết định (dd/mm/yyyy)",
    "focal_point": "Họ và tên cán bộ đầu mối CNTT",
}
"""What must be known, with what a terminal is asked."""
LONGEST = 200
"""Characters of one answer."""


def run_init(
    given: Mapping[str, str | None],
    *,
    database: str | None,
    director_id: str | None,
    focal_point_id: str | None,
    decision_file: Path | None,
    policy: str,
    as_json: bool,
) -> None:
    """Create the register and print its links. Refused when there is one of that name; a new database is made."""
    said = _complete(given, ask=sys.stdin.isatty() and not as_json)
    settings = settings_for(database)
    pack = read_pack(settings.policy_dir, settings.models_dir, policy)
    founding = Founding(
        register=RegisterId(said["register"]),
        unit=UnitId(said["unit"]),
        name=said["name"],
        director=said["director"],
        decision_number=said["decision_number"],
        decision_date=words.day(said["decision_date"]),
        decision_sha256=None if decision_file is None else _sha256(decision_file),
        focal_point=said["focal_point"],
        director_id=_number("--director-id", director_id),
        focal_point_id=_number("--focal-point-id", focal_point_id),
    )
    db = _database(settings)
    try:
        founded = init_register(services_for(db, settings), founding, pack)
        open_key(db, settings.keys_dir, LOG)
    finally:
        db.close()
    _say(founded, settings, as_json=as_json)


def _complete(given: Mapping[str, str | None], *, ask: bool) -> dict[str, str]:
    missing = [name for name in QUESTIONS if not given.get(name)]
    if missing and not ask:
        options = ", ".join(f"--{name.replace('_', '-')}" for name in missing)
        raise UsageError(f"missing {options}")
    answers = {name: typer.prompt(QUESTIONS[name], err=True) for name in missing}
    said = {name: clean(given.get(name) or answers[name]) for name in QUESTIONS}
    for name, text in said.items():
        try:
            (words.identifier if name == "decision_number" else words.line)(text)
        except InvalidError as error:
            option = f"--{name.replace('_', '-')}"
            raise UsageError(
                f"{option} {error.message}: give one line of at most {words.LINE} characters"
            ) from None
    return said


def _number(option: str, text: str | None) -> PersonId | None:
    """Somebody's number, None where the option was left out: one that was given empty is no number."""
    if text is None:
        return None
    found = clean(text)
    if not found:
        raise UsageError(f"{option} is empty: give the number, or leave the option out")
    return PersonId(found)


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _database(settings: Settings) -> Database:
    """The database; a new one gets its schema, an old one has to be migrated on purpose."""
    db = Database(
        settings.database_url, system_clock, clock_gap=timedelta(days=settings.clock_gap_days), memory=Memory()
    )
    try:
        with db.connect() as connection:
            found = version_of(connection)
        if found is None:
            upgrade(settings.database_url)
        else:
            require_current(db.engine)
    except BaseException:
        db.close()
        raise
    return db


def _say(founded: Founded, settings: Settings, *, as_json: bool) -> None:
    told = {"register": founded.register, "unit": founded.unit, "authority": founded.authority}
    issued = [("admin", founded.admin), ("director", founded.director), ("focal_point", founded.focal_point)]
    if not as_json:
        typer.echo(f"Đã lập {founded.register} (đơn vị {founded.unit}, thẩm quyền gốc {founded.authority}).")
    _links(told, issued, settings, as_json)


def _links(
    told: Mapping[str, str], issued: Sequence[tuple[str, IssuedAccount]], settings: Settings, as_json: bool
) -> None:
    links = {role: f"{settings.public_url}/activate#code={found.activation_code}" for role, found in issued}
    if as_json:
        say_json(
            {
                **told,
                "accounts": [
                    {
                        "role": role,
                        "account": found.account.id,
                        "username": found.account.username,
                        "activation_url": links[role],
                        "valid_until": local(found.activation_until).isoformat(),
                    }
                    for role, found in issued
                ],
            }
        )
        return
    typer.echo("Liên kết kích hoạt dùng một lần / one-time activation links:")
    words = {"admin": "Tài khoản quản trị của Sở", "director": "Giám đốc", "focal_point": "Đầu mối CNTT"}
    for role, found in issued:
        until = instant_text(found.activation_until)
        typer.echo(f"  {words[role]} ({found.account.username}), đến {until}:\n    {links[role]}")
