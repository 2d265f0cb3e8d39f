"""`software add|approve|withdraw|client|rotate|disable|end|list`: the operator's way in."""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import typer

from access_service.cli.errors import UsageError
from access_service.cli.opening import open_database, register_of, say_json, services_for, settings_for
from access_service.domain import words
from access_service.domain.errors import InvalidError
from access_service.domain.names import (
    ApprovalId,
    ClassId,
    ClientId,
    DrawMethod,
    EducationLevel,
    Frequency,
    ObligationState,
    ReceiverRole,
    RegisterId,
    SoftwareId,
    UnitId,
)
from access_service.domain.obligations import OBLIGATION_VI
from access_service.domain.scope import Scope
from access_service.domain.software import Approval, Client, Software
from access_service.rendering.sheets import STATES, instant_text, scope_text
from access_service.usecases.evidence import software_seen
from access_service.usecases.evidence.json_values import json_value
from access_service.usecases.evidence.software_seen import SoftwareSeen
from access_service.usecases.imports.csv_files import clean
from access_service.usecases.services import Services
from access_service.usecases.third_party import clients, software
from access_service.usecases.third_party.clients import IssuedClient, NewClient
from access_service.usecases.third_party.software import ApprovalPaper, Entry

LONGEST = 4_000
"""Characters of one answer."""
MOST_BYTES = 64 * 1024
"""Of a file of keys."""


@contextmanager
def open_register(database: str | None, register: str | None) -> Iterator[tuple[Services, RegisterId]]:
    """The services of a database, and the register meant."""
    settings = settings_for(database)
    with open_database(settings) as db:
        yield services_for(db, settings), register_of(db, settings.register_name if register is None else register)


def line(name: str, text: str) -> str:
    """One line of text, as every door reads it."""
    try:
        return words.line(text)
    except InvalidError as error:
        raise UsageError(f"{name} {error.message}: give one line of at most {words.LINE} characters") from None


def _term(name: str, text: str) -> str:
    read = identifier if name.endswith("number") else line
    return read(f"--{name.replace('_', '-')}", text)


def identifier(name: str, text: str) -> str:
    """The number of a document, as every door reads it."""
    try:
        return words.identifier(text)
    except InvalidError as error:
        raise UsageError(f"{name} {error.message}") from None


def run_add(
    given: Mapping[str, str | None],
    *,
    security_level: int | None,
    on_axis: bool,
    is_enforcement_point: bool,
    database: str | None,
    register: str | None,
    as_json: bool,
) -> None:
    """Enter software; prints its id and that of its service account."""
    said: dict[str, Any] = {
        name: None if text is None else line(f"--{name.replace('_', '-')}", text) for name, text in given.items()
    }
    entry = Entry(
        **{**said, "unit": UnitId(said["unit"])},
        security_level=security_level,
        on_axis=on_axis,
        is_enforcement_point=is_enforcement_point,
    )
    with open_register(database, register) as (services, name):
        found = software.register_software_as_operator(services, name, entry)
    say(found, f"{found.id}: {found.name}, tài khoản dịch vụ {found.account}", as_json)


def run_approve(
    software_id: str,
    *,
    number: str,
    dated: str,
    file: Path,
    since: str | None,
    until: str,
    unit: str | None,
    axes: Mapping[str, Sequence[str] | None],
    school_year: str | None,
    frequency: str,
    method: str,
    terms: Mapping[str, str],
    agreement_dated: str,
    agreement_file: Path,
    receiver_role: str,
    database: str | None,
    register: str | None,
    as_json: bool,
) -> None:
    """Record an approval; prints its id and what it covers."""
    with open_register(database, register) as (services, name):
        with services.db.read(name) as reader:
            used = reader.require(Software, software_id)
        paper = ApprovalPaper(
            software=used.id,
            number=identifier("--number", number),
            dated=words.day(dated),
            sha256=sha256_of(file),
            scope=_scope(UnitId(used.unit if unit is None else unit), axes, school_year),
            frequency=word(Frequency, frequency, "--frequency"),
            method=word(DrawMethod, method, "--method"),
            valid_from=services.db.now() if since is None else words.instant(since),
            valid_to=words.instant(until),
            agreement_dated=words.day(agreement_dated),
            agreement_sha256=sha256_of(agreement_file),
            receiver_role=word(ReceiverRole, receiver_role, "--receiver-role"),
            **{name: _term(name, text) for name, text in terms.items()},
        )
        found = software.record_approval_as_operator(services, name, paper)
    say(found, _approval(found), as_json)


def _approval(found: Approval) -> str:
    term = f"{instant_text(found.valid_from)} – {instant_text(found.valid_to)}"
    return f"{found.id}: số {found.number}, {scope_text(found.scope)}, {term}, SHA-256 {found.sha256}"


def _scope(unit: UnitId, axes: Mapping[str, Sequence[str] | None], school_year: str | None) -> Scope:
    some = {name: frozenset(map(clean, words)) for name, words in axes.items() if words}
    levels, classes = some.pop("levels", None), some.pop("classes", None)
    return Scope(
        unit=unit,
        levels=None if levels is None else frozenset(word(EducationLevel, w, "--level") for w in levels),
        classes=None if classes is None else frozenset((ClassId(c), "") for c in classes),
        school_year=school_year,
        **some,
    )


def word(words: Any, text: str, option: str) -> Any:
    """A word of an enumeration."""
    try:
        return words(text)
    except ValueError:
        raise UsageError(f"{option} is one of {', '.join(words)}") from None


def sha256_of(path: Path) -> str:
    """The hash of a file, which is all that is kept of it."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def run_withdraw(approval: str, *, reason: str, database: str | None, register: str | None, as_json: bool) -> None:
    """Withdraw an approval."""
    with open_register(database, register) as (services, name):
        found = software.withdraw_approval_as_operator(
            services, name, ApprovalId(approval), reason=line("--reason", reason) if reason else ""
        )
    say(found, f"{found.id}: thu hồi {instant_text(found.withdrawn_at)}", as_json)


def run_client(
    software_id: str,
    *,
    scopes: Sequence[str],
    types: Sequence[str],
    resource: str | None,
    serves: str | None,
    jwks: Path | None,
    redirect: Sequence[str],
    post_logout: Sequence[str],
    database: str | None,
    register: str | None,
    as_json: bool,
) -> None:
    """Make a client; prints its id, and its secret once."""
    wanted = NewClient(
        software=SoftwareId(software_id),
        pep_scopes=frozenset(scopes),
        resource_types=frozenset(types),
        resource=resource,
        serves=serves,
        jwks=None if jwks is None else _keys(jwks),
        redirect_uris=frozenset(redirect),
        post_logout_uris=frozenset(post_logout),
    )
    with open_register(database, register) as (services, name):
        _say_client(clients.create_client_as_operator(services, name, wanted), as_json)


def _keys(path: Path) -> dict[str, Any]:
    with path.open("rb") as stream:
        content = stream.read(MOST_BYTES + 1)
    try:
        found = json.loads(content) if len(content) <= MOST_BYTES else None
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise UsageError(f"`{path}` holds no JSON Web Key Set")
    return found


def run_sign_in(
    client: str,
    *,
    redirect: Sequence[str],
    post_logout: Sequence[str],
    database: str | None,
    register: str | None,
    as_json: bool,
) -> None:
    """Say where a client has people sent back to."""
    with open_register(database, register) as (services, name):
        found = clients.change_sign_in_as_operator(
            services, name, ClientId(client), frozenset(redirect), frozenset(post_logout)
        )
    if as_json:
        say_json(_client(found))
        return
    for address in sorted(found.redirect_uris):
        typer.echo(f"{found.id}: {address}")
    if not found.redirect_uris:
        typer.echo(f"{found.id}: không đăng nhập cho ai")


def run_rotate(client: str, *, at_once: bool, database: str | None, register: str | None, as_json: bool) -> None:
    """A new secret, printed once."""
    with open_register(database, register) as (services, name):
        issued = clients.rotate_secret_as_operator(services, name, ClientId(client), at_once=at_once)
    _say_client(issued, as_json)


def run_address(client: str, *, withdraw: bool, database: str | None, register: str | None, as_json: bool) -> None:
    """Say whose an address is."""
    say = clients.withdraw_address_as_operator if withdraw else clients.approve_address_as_operator
    with open_register(database, register) as (services, name):
        found = say(services, name, ClientId(client))
    if as_json:
        say_json(_client(found))
        return
    since = found.serves_approved_at
    state = "địa chỉ chờ Sở xác nhận" if since is None else f"địa chỉ được xác nhận {instant_text(since)}"
    typer.echo(f"{found.id}: {found.serves}, {state}")


def run_disable(client: str, *, database: str | None, register: str | None, as_json: bool) -> None:
    """Disable a client."""
    with open_register(database, register) as (services, name):
        found = clients.disable_client_as_operator(services, name, ClientId(client))
    if as_json:
        say_json(_client(found))
    else:
        typer.echo(f"{found.id}: khoá {instant_text(found.disabled_at)}")


def run_end(software_id: str, *, database: str | None, register: str | None, as_json: bool) -> None:
    """End the use of software."""
    with open_register(database, register) as (services, name):
        found = software.end_software_as_operator(services, name, SoftwareId(software_id))
    say(found, f"{found.id}: ngừng sử dụng {instant_text(found.valid_to)}", as_json)


def run_list(unit: str | None, *, database: str | None, register: str | None, as_json: bool) -> None:
    """Every piece of software, or that of a unit and what is below it."""
    with open_register(database, register) as (services, name):
        found = software_seen.list_software(services, name, None if unit is None else UnitId(unit))
    if as_json:
        say_json([_seen(one) for one in found])
        return
    for one in found:
        used = one.software
        over = f" (ngừng sử dụng {instant_text(used.valid_to)})" if used.valid_to else ""
        typer.echo(f"{used.id} {used.unit}: {used.name}, {used.supplier}{over}")
        for facts, state in one.approvals:
            typer.echo(f"  {_approval(facts.approval)}: {STATES[state].lower()}")
        for obligation, stands in one.obligations:
            if stands is ObligationState.OPEN:
                since = instant_text(obligation.valid_from)
                typer.echo(f"  {obligation.approval}: chưa {OBLIGATION_VI[obligation.kind]}, từ {since}")
        for client in one.clients:
            off = f" (khoá {instant_text(client.disabled_at)})" if client.disabled_at else ""
            typer.echo(f"  {client.id}{off}")


def _seen(one: SoftwareSeen) -> dict[str, Any]:
    return {
        **json_value(one.software),
        "approvals": [{**json_value(facts.approval), "state": str(state)} for facts, state in one.approvals],
        "clients": [_client(client) for client in one.clients],
        "confirmations": [json_value(confirmation) for confirmation in one.confirmations],
        "counted_level": one.level,
        "counted_on_axis": one.on_axis,
        "obligations": [{**json_value(owed), "state": str(state)} for owed, state in one.obligations],
    }


def _client(client: Client) -> dict[str, Any]:
    """Without what it proves itself by."""
    hidden = {"secret_sha256", "old_secret_sha256", "jwks"}
    shown: dict[str, Any] = {name: v for name, v in json_value(client).items() if name not in hidden}
    return {"client_id": shown.pop("id"), **shown}


def say(found: Any, text: str, as_json: bool) -> None:
    """The answer, as text or as JSON."""
    if as_json:
        say_json(json_value(found))
    else:
        typer.echo(text)


def _say_client(issued: IssuedClient, as_json: bool) -> None:
    client, secret = issued.client, issued.secret
    if as_json:
        say_json({**_client(client), "client_secret": secret})
        return
    typer.echo(f"client_id: {client.id}")
    if secret is not None:
        typer.echo(f"client_secret (hiển thị một lần / shown once): {secret}")
    if client.old_secret_until is not None:
        typer.echo(f"Mã cũ còn dùng được đến {instant_text(client.old_secret_until)}")
