"""oso: the whole decision in Polar, over Python objects that a dictionary finds."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from importlib import metadata

from oso import Oso

from dataset import Account, Province, Request, Rule, SchoolClass, Unit

RULES = """
allow(account: Holder, action: String, record: Record) if
  grant in account.grants and
  permits(record.category, action, grant.role) and
  grant.unit in record.chain and
  covers_level(grant, record) and
  covers_class(grant, record) and
  covers_year(grant, record) and
  grant.start <= record.now and record.now < grant.end and
  not is_suspended(account, record);
is_suspended(account: Holder, record: Record) if
  account.stop_start <= record.now and record.now < account.stop_end;
covers_level(grant, _record) if grant.levels = nil;
covers_level(grant, record) if not grant.levels = nil and record.level in grant.levels;
covers_class(grant, _record) if grant.classes = nil;
covers_class(grant, record) if not grant.classes = nil and record.class_id in grant.classes;
covers_year(grant, _record) if grant.year = nil;
covers_year(grant, record) if not grant.year = nil and grant.year = record.year;
"""


class Held:
    """A grant as Polar reads it."""

    __slots__ = ("classes", "end", "levels", "role", "start", "unit", "year")


class Holder:
    """An account as Polar reads it."""

    __slots__ = ("grants", "stop_end", "stop_start")


class Record:
    """What is asked about, and when."""

    __slots__ = ("category", "chain", "class_id", "level", "now", "year")


class OsoEngine:
    """`Oso.is_allowed`."""

    name = "oso"

    def __init__(self, _province: Province) -> None:
        self.holders: dict[str, Holder] = {}

    def organisation(self, units: Iterable[Unit], classes: Iterable[SchoolClass], rules: list[Rule]) -> None:
        """Load the rules; classes stay with the caller."""
        chains = {unit.id: list(unit.chain) for unit in units}
        self.places = {c.id: (chains[c.school], c.level, c.year) for c in classes}
        self.oso = Oso()
        for kind in (Holder, Held, Record):
            self.oso.register_class(kind)
        facts = "\n".join(f'permits("{c}", "{a}", "{r}");' for r, c, a in rules)
        self.oso.load_str(RULES + facts)

    def accounts(self, accounts: Iterable[Account]) -> None:
        """Objects by id."""
        for account in accounts:
            holder = self.holders[account.id] = Holder()
            holder.stop_start, holder.stop_end = account.suspended or (0, 0)
            holder.grants = [_held(grant) for grant in account.grants]

    def prepare(self, requests: list[Request]) -> list[Request]:
        """Questions as they are."""
        return requests

    def decider(self) -> Callable[[Request], bool]:
        """Find the objects, ask Polar."""
        is_allowed, clock = self.oso.is_allowed, time.time  # noqa: TID251 a peer reads the machine's clock

        def decide(request: Request) -> bool:
            holder, place = self.holders.get(request.account), self.places.get(request.class_id)
            if holder is None or place is None:
                return False
            record = Record()
            record.chain, record.level, record.year = place
            record.class_id, record.category, record.now = request.class_id, request.category, int(clock())
            return bool(is_allowed(holder, request.action, record))

        return decide

    def versions(self) -> dict[str, str]:
        """The distribution that is installed."""
        return {"oso": metadata.version("oso")}

    def close(self) -> None:
        """Nothing is open."""


def _held(grant: object) -> Held:
    made = Held()
    for name in ("role", "unit", "year", "start", "end"):
        setattr(made, name, getattr(grant, name))
    for name in ("levels", "classes"):
        values = getattr(grant, name)
        setattr(made, name, None if values is None else list(values))
    return made
