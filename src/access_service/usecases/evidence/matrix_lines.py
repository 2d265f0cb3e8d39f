"""Which grants stand as rows of a matrix, in which order: a unit's own, those that reach beyond, from above."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from access_service.domain.accounts import Account
from access_service.domain.delegation import Grant, Inspection
from access_service.domain.names import PersonId, UnitId
from access_service.domain.org import Assignment, Person, chain_of, common, normalise
from access_service.domain.scope import Scope
from access_service.domain.software import Approval, Software
from access_service.storage.facts import Reader
from access_service.storage.search import read_grants_beyond
from access_service.storage.standing import Gatherer


@dataclass(frozen=True, slots=True)
class Line:
    """A grant with what it is sorted by."""

    unit: UnitId
    grant: Grant
    assignment: Assignment | None
    person: PersonId | None


def lines_of(reader: Reader, units: list[UnitId]) -> tuple[list[Line], list[Assignment]]:
    """The grants of people with a duty in these units, and of inspectors of them, in order; and those duties."""
    duties = {a.id: a for a in reader.find(Assignment, unit=units)}
    lines = [
        Line(duties[grant.assignment].unit, grant, duties[grant.assignment], duties[grant.assignment].person)
        for grant in reader.find(Grant, assignment=list(duties))
        if grant.assignment is not None
    ]
    lines += _inspectors(reader, set(units))
    return _in_order(reader, lines, units), list(duties.values())


def _in_order(reader: Reader, lines: Sequence[Line], units: Iterable[UnitId]) -> list[Line]:
    """By unit as given, then people by name, then role and start."""
    people = reader.find(Person, id=[x.person for x in lines if x.person])
    keys: dict[str, str] = {p.id: p.sort_key for p in people}
    place = {unit: number for number, unit in enumerate(units)}

    def key(line: Line) -> tuple[Any, ...]:
        grant = line.grant
        return (
            place[line.unit],
            keys.get(line.person or "", ""),
            line.person or "",
            grant.role,
            grant.valid_from,
            grant.id,
        )

    return sorted(lines, key=key)


def _inspectors(reader: Reader, units: set[UnitId]) -> Iterator[Line]:
    """Read-only grants of inspection teams, which rest on no duty (rule 14)."""
    decisions = [i.document for i in reader.find(Inspection) if i.units & units]
    grants = [g for g in reader.find(Grant, document=decisions) if g.scope.unit in units]
    yield from _without_duty(reader, grants)


def _without_duty(reader: Reader, grants: Sequence[Grant]) -> Iterator[Line]:
    accounts = {a.id: a for a in reader.find(Account, id=[g.account for g in grants])}
    for grant in grants:
        account = accounts.get(grant.account)
        yield Line(grant.scope.unit, grant, None, account.person if account else None)


def lines_beyond(reader: Reader, units: list[UnitId], inner: frozenset[UnitId]) -> list[Line]:
    """The grants of people of these units that reach below their own unit, or lie elsewhere than it.

    `inner` are the units that manage others. One query finds them among a province's, which mostly do not.
    """
    within = frozenset(units)
    found = reader.find(Grant, id=read_grants_beyond(reader, inner))
    held = {a.id: a for a in reader.find(Assignment, id=[g.assignment for g in found if g.assignment])}
    lines = [
        Line(duty.unit, grant, duty, duty.person)
        for grant in found
        if grant.assignment and (duty := held.get(grant.assignment)) is not None and duty.unit in within
    ]
    lines += _inspectors(reader, set(inner & within))
    return _in_order(reader, lines, units)


class OutsideReach:
    """Who reaches a unit, or something below it, without a duty there: offices, divisions, inspectors, software."""

    def __init__(self, gather: Gatherer, root: UnitId, within: frozenset[UnitId], at: datetime) -> None:
        """`within` is the unit and everything below it at the instant."""
        self._gather = gather
        self._reader = gather.reader
        self._within = within
        self._at = at
        self._chain = chain_of(gather.org, root, at)
        self._box = normalise(gather.org, Scope(unit=root))
        # At the root everything lies within.
        self._units = [*self._chain[1:], *sorted(within)] if len(self._chain) > 1 else []

    def lines(self) -> list[Line]:
        """Grants about a unit above, or about one of these, of whoever has no duty in these."""
        grants = [g for g in self._reader.find(Grant, scope_unit=self._units) if self.meets(g.scope)]
        duties = {a.id: a for a in self._reader.find(Assignment, id=[g.assignment for g in grants if g.assignment])}
        lines = [
            Line(duty.unit, grant, duty, duty.person)
            for grant in grants
            if grant.assignment and (duty := duties.get(grant.assignment)) and duty.unit not in self._within
        ]
        # Inspectors of these units stand among the units' own rows.
        outside = [g for g in grants if g.assignment is None and g.scope.unit not in self._within]
        lines += _without_duty(self._reader, outside)
        return _in_order(self._reader, lines, sorted({x.unit for x in lines}, key=self.place))

    def software(self) -> list[Software]:
        """Software of other units with an approval about a unit above, or about one of these."""
        papers = self._reader.find(Approval, scope_unit=self._units)
        found = self._reader.find(Software, id={p.software for p in papers})
        return [s for s in found if s.unit not in self._within]

    def meets(self, scope: Scope) -> bool:
        """Does this box share anything with the unit and what is below it?"""
        return common(self._gather.org, self._at, scope, self._box) is not None

    def place(self, unit: UnitId) -> tuple[int, str]:
        """The units above from the top down, then the others by code."""
        above = self._chain[::-1]
        return (above.index(unit) if unit in above else len(above), unit)
