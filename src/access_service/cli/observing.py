"""`observe begin|cut-over|report`: where an enforcement point's answers are logged and not enforced yet."""

from collections.abc import Sequence
from typing import Any

import typer

from access_service.cli.opening import say_json
from access_service.cli.software import open_register
from access_service.domain import words
from access_service.domain.names import ClientId, SoftwareId, UnitId
from access_service.domain.observing import Difference, Mode, Observation
from access_service.domain.software import Client
from access_service.rendering.sheets import instant_text
from access_service.usecases.evidence.json_values import json_value
from access_service.usecases.evidence.observed_units import ObservingReport, report_observing_as_operator
from access_service.usecases.third_party import cutting_over

SAID = {
    Difference.OLD_ALLOWED: "hệ thống cũ cho phép, dịch vụ từ chối",
    Difference.OLD_DENIED: "hệ thống cũ từ chối, dịch vụ cho phép",
    Difference.UNTOLD: "không rõ hệ thống cũ, dịch vụ từ chối",
}


def run_begin(
    client: str, *, units: Sequence[str], until: str, database: str | None, register: str | None, as_json: bool
) -> None:
    """Begin to observe at units."""
    wanted, end = frozenset(map(UnitId, units)), words.instant(until)
    with open_register(database, register) as (services, name):
        begun = cutting_over.begin_observing_as_operator(services, name, ClientId(client), wanted, end)
    _say(begun, "quan sát đến", as_json)


def run_cut_over(
    client: str, *, units: Sequence[str], dry_run: bool, database: str | None, register: str | None, as_json: bool
) -> None:
    """Enforce at units from now on; or show what that would have meant in the last days."""
    wanted = frozenset(map(UnitId, units))
    with open_register(database, register) as (services, name):
        with services.db.read(name) as reader:
            software = reader.require(Client, client).software
        found = report_observing_as_operator(services, name, software)
        if not dry_run:
            ended = cutting_over.cut_over_as_operator(services, name, ClientId(client), wanted)
            _say(ended, "áp dụng từ", as_json)
            return
    units_shown = tuple(u for u in found.units if u.client == client and u.unit in wanted)
    _say_report(ObservingReport(found.software, found.days, units_shown, found.words, found.can), as_json)


def run_report(software_id: str, *, days: int, database: str | None, register: str | None, as_json: bool) -> None:
    """By unit, how the old answers and ours stand to each other."""
    with open_register(database, register) as (services, name):
        found = report_observing_as_operator(services, name, SoftwareId(software_id), days=days)
    _say_report(found, as_json)


def _say(found: Sequence[Observation], what: str, as_json: bool) -> None:
    if as_json:
        say_json([json_value(one) for one in found])
        return
    for one in found:
        typer.echo(f"{one.unit}: {what} {instant_text(one.valid_to)}")


def _say_report(found: ObservingReport, as_json: bool) -> None:
    if as_json:
        units: list[Any] = [json_value(unit) for unit in found.units]
        say_json({"software": found.software.id, "days": found.days, "units": units})
        return
    if not found.units:
        typer.echo(f"{found.software.id}: không quan sát ở đơn vị nào, câu trả lời được áp dụng")
    for unit in found.units:
        state = "quan sát đến" if unit.mode is Mode.OBSERVE else "áp dụng từ"
        typer.echo(f"{unit.unit} {unit.unit_name}, {unit.client}: {state} {instant_text(unit.until)}")
        typer.echo(
            f"  giống nhau {unit.agreed}, cũ cho phép mà nay từ chối {unit.old_allowed}, "
            f"cũ từ chối mà nay cho phép {unit.old_denied}, không rõ {unit.untold}"
        )
        for one in unit.differences:
            why = f", {one.reason}" if one.reason else ""
            typer.echo(f"  {one.number} × {one.category} {one.action}: {SAID[one.difference]}{why}")
