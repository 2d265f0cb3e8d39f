"""A grant's scope as names, for peers that know subjects, roles and strings but no scopes.

Such a peer holds a role at a place and is asked about every place in which a record lies. Expiry and suspension are
resolved when it is loaded: it is spared what it cannot express. It is also told which places exist at all.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator

from dataset import Account, Grant, Province, Request, SchoolClass, Unit


def places_of(grant: Grant) -> Iterator[str]:
    """Where the grant holds: its classes, or its unit for each level and for its year."""
    if grant.classes is not None:
        yield from grant.classes
        return
    for level in grant.levels or ("",):
        yield f"{grant.unit}|{level}|{grant.year or ''}"


def in_force(account: Account, now: float) -> Iterator[Grant]:
    """The grants that count at an instant."""
    stopped = account.suspended
    if stopped is None or not stopped[0] <= now < stopped[1]:
        yield from (grant for grant in account.grants if grant.start <= now < grant.end)


class PlaceNames:
    """The places in which each record lies."""

    def __init__(self, units: Iterable[Unit], classes: Iterable[SchoolClass]) -> None:
        chains = {unit.id: unit.chain for unit in units}
        self._classes = {c.id: (chains[c.school], c.level, c.year) for c in classes}

    def of(self, class_id: str) -> list[str]:
        """Nearest first; a class that nobody knows lies in itself alone."""
        found = self._classes.get(class_id)
        if found is None:
            return [class_id]
        chain, level, year = found
        return [class_id, *(f"{u}|{wide}|{when}" for u in chain for wide in (level, "") for when in (year, ""))]

    def prepare(self, requests: list[Request], province: Province) -> list[tuple[str, str, str, tuple[str, ...]]]:
        """(account, category, action, places): only places that somebody holds, the class itself in any case."""
        asked = {request.class_id: self.of(request.class_id) for request in requests}
        candidates = {place for places in asked.values() for place in places}
        held, now = set(), time.time()  # noqa: TID251 peers are loaded at the machine's time
        for account in province.accounts():
            for grant in in_force(account, now):
                held.update(candidates.intersection(places_of(grant)))
        return [
            (
                r.account,
                r.category,
                r.action,
                tuple(p for p in asked[r.class_id] if p == r.class_id or p in held),
            )
            for r in requests
        ]
