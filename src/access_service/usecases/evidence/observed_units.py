"""What observing has shown: by unit, how the old answers and ours stand to each other, and why they differ."""

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from access_service.domain import approving
from access_service.domain.names import ClientId, RegisterId, SoftwareId, UnitId
from access_service.domain.observing import Difference, Mode, Observation, ObservedAnswer
from access_service.domain.org import Unit
from access_service.domain.software import Client, Software
from access_service.domain.time import local
from access_service.storage.observed_answers import KEPT_DAYS, read_observed
from access_service.usecases.evidence.reading_papers import pack_or_none
from access_service.usecases.services import Caller, ReadView, Services, as_missing, look

DAYS = 14
"""How many days the numbers are of, unless somebody asks for others."""
MOST_DIFFERENCES = 50
"""Most kinds of differences that are listed of a unit; the numbers are of all."""


@dataclass(frozen=True, slots=True)
class ObservedDifference:
    """Answers of one kind in which old and new differ."""

    difference: Difference
    category: str
    action: str
    reason: str
    """The code of our no; empty where the old system said it."""
    number: int


@dataclass(frozen=True, slots=True)
class ObservedUnit:
    """One client at one unit."""

    client: ClientId
    unit: UnitId
    unit_name: str
    mode: Mode
    """What counts now."""
    until: datetime
    """When observing ends, or ended."""
    first: datetime
    """When it first began at the unit: from then on it is counted how long it may take."""
    may_return: bool
    """May it be observed once more after a cut-over?"""
    agreed: int
    old_allowed: int
    """The old system let through what we would refuse."""
    old_denied: int
    untold: int
    """Nobody said what the old system answered."""
    differences: tuple[ObservedDifference, ...]
    """The most frequent first; where the old answer is not told, what we would refuse."""


@dataclass(frozen=True, slots=True)
class ObservingReport:
    """Where the clients of a piece of software observe, and what that has shown."""

    software: Software
    days: int
    units: tuple[ObservedUnit, ...]
    words: Mapping[str, str]
    """What categories and actions are called, by their code."""
    can: frozenset[str]
    """`cut_over` for whoever may do that."""


def report_observing(services: Services, caller: Caller, id_: SoftwareId, *, days: int = DAYS) -> ObservingReport:
    """The report of one piece of software, for whoever acts for its unit or a unit above."""
    with look(services, caller) as seen:
        software = seen.reader.require(Software, id_)
        with as_missing("software", id_):
            seen.as_above(software.unit)
        can = frozenset({"cut_over"} if approving.is_department(seen.ground, caller) else ())
        return _report(seen, software, days, services.observe_days, can)


def report_observing_as_operator(
    services: Services, register: RegisterId, id_: SoftwareId, *, days: int = DAYS
) -> ObservingReport:
    """The same at the command line."""
    with services.db.read(register) as reader:
        view = ReadView(reader, None, services.db.now_in(reader.connection, register))
        return _report(view, reader.require(Software, id_), days, services.observe_days, frozenset({"cut_over"}))


def software_of_client(services: Services, caller: Caller, id_: ClientId) -> SoftwareId:
    """Whose client it is, for whoever may see that."""
    with look(services, caller) as seen:
        client = seen.reader.require(Client, id_)
        with as_missing("client", id_):
            seen.as_above(seen.reader.require(Software, client.software).unit)
        return client.software


def _report(seen: ReadView, software: Software, days: int, longest: int, can: frozenset[str]) -> ObservingReport:
    observations = seen.reader.find(Observation, software=software.id)
    newest: dict[tuple[ClientId, UnitId], Observation] = {}
    began: dict[tuple[ClientId, UnitId], datetime] = {}
    for one in sorted(observations, key=lambda o: (o.valid_from, o.valid_to, o.id)):
        newest[one.client, one.unit] = one
        began.setdefault((one.client, one.unit), one.valid_from)
    days = max(1, min(days, KEPT_DAYS))
    since = local(seen.now - timedelta(days=days - 1)).date()
    clients = {client for client, _ in newest}
    counts = read_observed(seen.reader.connection, seen.reader.register, clients, since, ())
    by_unit: dict[tuple[str, str], list[tuple[ObservedAnswer, int]]] = {}
    for answer, number in counts.items():
        by_unit.setdefault((answer.client, answer.unit), []).append((answer, number))
    names = {u.id: u.name for u in seen.reader.find(Unit, id={unit for _, unit in newest})}
    last = seen.now - timedelta(days=longest)
    units = []
    for one in newest.values():
        first = began[one.client, one.unit]
        counted = by_unit.get((one.client, one.unit), ())
        shown = _line(one, names.get(one.unit, one.unit), counted, seen.now)
        units.append(replace(shown, first=first, may_return=shown.mode is Mode.ENFORCE and first > last))
    units.sort(key=lambda u: (u.mode is Mode.ENFORCE, -u.old_allowed, u.unit_name, u.unit, u.client))
    pack = pack_or_none(seen, software.unit)
    named = {} if pack is None else {**{c.id: c.vi for c in pack.categories.values()}, **pack.actions}
    return ObservingReport(software, days, tuple(units), named, can)


def _line(
    one: Observation, name: str, counted: Collection[tuple[ObservedAnswer, int]], now: datetime
) -> ObservedUnit:
    total: Counter[Difference] = Counter()
    kinds: Counter[tuple[Difference, str, str, str]] = Counter()
    for answer, number in counted:
        total[answer.difference] += number
        is_refusal = answer.difference is Difference.UNTOLD and not answer.is_allowed
        if answer.difference in (Difference.OLD_ALLOWED, Difference.OLD_DENIED) or is_refusal:
            kinds[answer.difference, answer.category, answer.action, answer.reason] += number
    listed = sorted(kinds.items(), key=lambda kind: (-kind[1], kind[0]))[:MOST_DIFFERENCES]
    return ObservedUnit(
        client=one.client,
        unit=one.unit,
        unit_name=name,
        mode=Mode.OBSERVE if now in one.interval else Mode.ENFORCE,
        until=one.valid_to,
        first=one.valid_from,
        may_return=False,
        agreed=total[Difference.AGREED],
        old_allowed=total[Difference.OLD_ALLOWED],
        old_denied=total[Difference.OLD_DENIED],
        untold=total[Difference.UNTOLD],
        differences=tuple(ObservedDifference(*kind, number) for kind, number in listed),
    )
