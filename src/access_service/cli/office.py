"""`appoint`, `release`, `confirm`, `waiting`, `operator add`."""

import hashlib
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import typer

from access_service.cli.errors import UsageError
from access_service.cli.opening import open_database, register_of, say_json, services_for, settings_for
from access_service.cli.software import identifier
from access_service.domain import words
from access_service.domain.names import PersonId, RegisterId
from access_service.domain.time import local
from access_service.domain.waiting import WaitingAct, WaitingKind, WrittenDecision
from access_service.rendering.sheets import instant_text
from access_service.settings import Settings
from access_service.usecases import operators
from access_service.usecases.identity import recoveries
from access_service.usecases.identity.accounts import IssuedAccount
from access_service.usecases.imports.csv_files import clean
from access_service.usecases.operators import OperatorKey
from access_service.usecases.second_person import confirming, root_office
from access_service.usecases.services import Services

SinceUntil = tuple[str | None, str | None]
"""Database and register, as the command line named them."""


@dataclass(frozen=True, slots=True)
class Entered:
    """The decision and the operator, as the command line named them."""

    decision_number: str
    decision_date: str
    issuer: str
    decision_file: Path
    operator: str
    secret_file: Path | None

    def decision(self) -> WrittenDecision:
        """The decision; of its file only the SHA-256 is kept."""
        with self.decision_file.open("rb") as stream:
            sha256 = hashlib.file_digest(stream, "sha256").hexdigest()
        number, issuer = identifier("--decision-number", self.decision_number), clean(self.issuer)
        return WrittenDecision(number, words.day(self.decision_date), issuer, sha256)

    def key(self) -> OperatorKey:
        """Who the operator is, with their secret."""
        return operator_key(self.operator, self.secret_file)


def operator_key(name: str, secret_file: Path | None) -> OperatorKey:
    """The operator's secret: from a file, or asked for on a terminal; never from the command line itself."""
    if secret_file is not None:
        return OperatorKey(name, secret_file.read_text("utf-8").strip())
    if not sys.stdin.isatty():
        raise UsageError("missing --secret-file")
    return OperatorKey(name, typer.prompt(f"Mật khẩu của {name}", hide_input=True, err=True).strip())


@contextmanager
def office(at: SinceUntil) -> Iterator[tuple[Services, RegisterId, Settings]]:
    """The services and the register of one command."""
    settings = settings_for(at[0])
    with open_database(settings) as db:
        yield services_for(db, settings), register_of(db, at[1] or settings.register_name), settings


def run_appoint(
    said: Entered, *, position: str, name: str | None, person: str | None, at: SinceUntil, as_json: bool
) -> None:
    """Prepare an appointment."""
    appointment = root_office.Appointment(
        position,
        said.decision(),
        None if name is None else clean(name),
        None if person is None else PersonId(clean(person)),
    )
    with office(at) as (services, register, _):
        say_waiting([root_office.prepare_appointment(services, register, appointment, said.key())], as_json=as_json)


def run_release(
    said: Entered, *, position: str, person: str | None, on: str | None, at: SinceUntil, as_json: bool
) -> None:
    """Prepare a release."""
    with office(at) as (services, register, _):
        prepared = root_office.prepare_release(
            services,
            register,
            position=position,
            decision=said.decision(),
            operator=said.key(),
            person=None if person is None else PersonId(clean(person)),
            on=None if on is None else words.day(on),
        )
        say_waiting([prepared], as_json=as_json)


def run_confirm(
    id_: str, operator: str, secret_file: Path | None, *, only_links: bool, at: SinceUntil, as_json: bool
) -> None:
    """Confirm what another operator prepared, or the recovery that they asked for."""
    key = operator_key(operator, secret_file)
    if id_.startswith("rec_"):
        _confirm_recovery(id_, key, at=at, as_json=as_json)
        return
    with office(at) as (services, register, settings):
        issued: Sequence[IssuedAccount] = ()
        done = None if only_links else confirming.confirm_as_operator(services, register, id_, key)
        if done is None or done.kind is WaitingKind.APPOINT:
            issued = root_office.codes_for(services, register, id_, key)
    links = [(i, f"{settings.public_url}/activate#code={i.activation_code}") for i in issued]
    if as_json:
        accounts = [
            {
                "account": i.account.id,
                "username": i.account.username,
                "activation_url": link,
                "valid_until": local(i.activation_until).isoformat(),
            }
            for i, link in links
        ]
        say_json({"id": id_, "result": None if done is None else done.result, "accounts": accounts})
        return
    if done is not None:
        typer.echo(f"Đã xác nhận {id_} / confirmed: {done.result}")
    for i, link in links:
        typer.echo(f"  {i.account.username}, đến {instant_text(i.activation_until)}:\n    {link}")


def _confirm_recovery(id_: str, key: OperatorKey, *, at: SinceUntil, as_json: bool) -> None:
    with office(at) as (services, register, _):
        done = recoveries.approve_as_operator(services, register, id_, key)
    if as_json:
        say_json({"id": id_, "result": done.account, "accounts": []})
    else:
        typer.echo(f"Đã xác nhận {id_} / confirmed: {done.account}")


def run_waiting(*, at: SinceUntil, as_json: bool) -> None:
    """List what waits."""
    with office(at) as (services, register, _):
        say_waiting(confirming.waiting_for_operators(services, register), as_json=as_json, many=True)


def run_operator_add(name: str, by: str | None, secret_file: Path | None, *, at: SinceUntil, as_json: bool) -> None:
    """Make an operator."""
    key = None if by is None else operator_key(by, secret_file)
    with office(at) as (services, register, _):
        added = operators.add_operator(services, register, clean(name), key)
    waits = None if added.waiting is None else added.waiting.id
    if as_json:
        say_json({"name": added.name, "secret": added.secret, "waiting": waits})
        return
    typer.echo(f"{added.name}: {added.secret}")
    if waits is not None:
        typer.echo(f"Chờ lãnh đạo Sở xác nhận / waits for the department's leadership: {waits}")


def say_waiting(
    found: Sequence[WaitingAct], *, as_json: bool, many: bool = False, more: Mapping[str, Any] | None = None
) -> None:
    """What waits: one line each, or JSON with `more` that belongs to it."""
    if as_json:
        told = [{**_plain(a), **(more or {})} for a in found]
        say_json(told if many else told[0])
        return
    for a in found:
        until = instant_text(a.lapses_at)
        typer.echo(f"{a.id}: {a.kind} {a.target} ({a.decision_number}), chờ người thứ hai xác nhận đến {until}")


def _plain(act: WaitingAct) -> dict[str, Any]:
    return {
        "id": act.id,
        "kind": act.kind,
        "target": act.target,
        "unit": act.unit,
        "person": act.person,
        "decision_number": act.decision_number,
        "operator": act.operator,
        "lapses_at": local(act.lapses_at).isoformat(),
    }
