"""What a change moves: whose rights it may have changed, said as exactly as the facts that it wrote allow.

A right rests on facts that many have in common: the units and authorities above it, the school year of its classes.
A change of such a fact names the fact and not the people, and whoever keeps answers drops those that rest on it.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, Self

from access_service.domain.accounts import Account, Suspension
from access_service.domain.delegation import Authority, Grant
from access_service.domain.moves import AuthorityMove
from access_service.domain.names import AccountId, SuspendableKind
from access_service.domain.org import ManagementEdge, SchoolClass, SchoolYear, Unit
from access_service.domain.policy import PackBinding
from access_service.domain.software import Software

MOST_NAMED = 20_000
"""More names than this are no news any more: then everything may have moved."""
_YEAR = "year:"


@dataclass(frozen=True, slots=True)
class Moved:
    """What a change, or several, may have changed; whatever neither is named nor rests on a name is as it was."""

    accounts: frozenset[AccountId] = frozenset()
    units: frozenset[str] = frozenset()
    """Units, and under their ids authorities and classes, under `year_name` school years."""

    def __or__(self, other: "Moved") -> "Moved":
        """Both."""
        return Moved(self.accounts | other.accounts, self.units | other.units)

    @property
    def moves_years(self) -> bool:
        """Did a school year come or change? Every unit knows the years of the register."""
        return any(name.startswith(_YEAR) for name in self.units)

    def text(self) -> str:
        """As it is stored beside a revision."""
        return json.dumps({"accounts": sorted(self.accounts), "units": sorted(self.units)}, separators=(",", ":"))

    @classmethod
    def parse(cls, text: str) -> Self:
        """What `text` wrote."""
        said: dict[str, list[str]] = json.loads(text)
        return cls(frozenset(map(AccountId, said["accounts"])), frozenset(said["units"]))


def year_name(year: str) -> str:
    """What a school year is called among what moved, and among what a right rests on."""
    return _YEAR + year


def as_names(names: Iterable[str]) -> tuple[str, ...]:
    """What a right rests on, in one order: equal ones are one object in memory."""
    return tuple(sorted(set(names)))


def accounts_in(fact: Any) -> Iterable[AccountId]:
    """The account that a fact is about by itself."""
    if isinstance(fact, Grant | Software):
        yield fact.account
    elif isinstance(fact, Account):
        yield fact.id
    elif isinstance(fact, Suspension) and fact.kind is SuspendableKind.ACCOUNT:
        yield AccountId(fact.target)


def named_in(fact: Any, was: Any | None) -> Iterable[str]:
    """What others rest on and this fact changes; `was` is the fact before, None where it is new.

    A new unit and a new authority are names that nobody rests on yet. A unit's name is in no answer.
    """
    if isinstance(fact, Suspension) and fact.kind in (SuspendableKind.UNIT, SuspendableKind.AUTHORITY):
        yield fact.target
    elif isinstance(fact, AuthorityMove):
        yield fact.authority
    elif isinstance(fact, SchoolYear):
        yield year_name(fact.id)
    elif isinstance(fact, SchoolClass):
        if was is not None and (was.level, was.grade, was.school, was.school_year) != (
            fact.level,
            fact.grade,
            fact.school,
            fact.school_year,
        ):
            yield fact.id
    elif isinstance(fact, Unit):
        if was is not None and replace(was, name=fact.name, abbreviation=fact.abbreviation) != fact:
            yield fact.id
    elif isinstance(fact, Authority) and was is not None:
        yield fact.id


def moves_below(fact: Any) -> Iterable[str]:
    """The unit that a fact moves with everything below it: along its edges packs and containment are followed."""
    if isinstance(fact, ManagementEdge | PackBinding):
        yield fact.unit
