"""What a transaction moved, worked out from the facts that it wrote: no act can forget to say it."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from access_service.domain.accounts import Account
from access_service.domain.delegation import Authority
from access_service.domain.documents import Document
from access_service.domain.moved import MOST_NAMED, Moved, accounts_in, moves_below, named_in
from access_service.domain.names import AccountId
from access_service.domain.org import Assignment, ManagementEdge, SchoolClass, Unit
from access_service.domain.software import Approval, Software, SoftwareConfirmation
from access_service.storage.facts import Reader

_COMPARED = (Unit, Authority, SchoolClass)
"""Facts of which it matters what they were before."""


class MovedListener:
    """Hears every fact that one transaction writes, and what its acts add to that."""

    def __init__(self) -> None:
        self._accounts: set[AccountId] = set()
        self._names: set[str] = set()
        self._roots: set[str] = set()
        self._people: set[str] = set()
        self._software: set[str] = set()
        self._stood_in_for: set[str] = set()
        self._new_accounts: set[AccountId] = set()
        self._new_people: set[str] = set()
        self._compared: dict[type[Any], dict[str, Any]] = {}
        self._is_everything = False

    def name(self, accounts: Iterable[AccountId]) -> None:
        """An act knows of these accounts that no fact names."""
        self._accounts.update(accounts)

    def name_everything(self) -> None:
        """Whatever was known may be otherwise."""
        self._is_everything = True

    def leave_out(self, accounts: Iterable[AccountId], people: Iterable[str]) -> None:
        """These are new, and nothing that is kept is about them."""
        self._new_accounts.update(accounts)
        self._new_people.update(people)

    def hear(self, facts: Iterable[Any]) -> None:
        """Facts that were written."""
        for fact in facts:
            if type(fact) in _COMPARED:
                self._compared.setdefault(type(fact), {})[fact.id] = fact
                continue
            self._accounts.update(accounts_in(fact))
            self._names.update(named_in(fact, None))
            self._roots.update(moves_below(fact))
            if isinstance(fact, Assignment):
                self._people.add(fact.person)
                if fact.substitutes is not None:
                    self._stood_in_for.add(fact.substitutes)
            elif isinstance(fact, Document) and fact.receiver is not None:
                self._people.add(fact.receiver)
            elif isinstance(fact, Approval | SoftwareConfirmation):
                self._software.add(fact.software)

    @property
    def compares(self) -> bool:
        """Does it matter what some of these facts were before?"""
        return bool(self._compared)

    def found(self, reader: Reader, before: int, now: datetime) -> Moved | None:
        """What moved, as the register stands with everything written; None: anything. `before` is a revision."""
        if self._is_everything:
            return None
        accounts, names = self._accounts - self._new_accounts, set(self._names)
        past = Reader(reader.connection, reader.register, before)
        for kind, facts in self._compared.items():
            was = {fact.id: fact for fact in past.find(kind, id=list(facts))}
            for fact in facts.values():
                names.update(named_in(fact, was.get(fact.id)))
        new = [a for a in self._compared.get(Authority, {}).values() if a.id not in names]
        # What an approval gives is asked of every authority that the unit has, a new one too (rule 13).
        for kind, asked in ((Software, {"unit": {a.unit for a in new}}), (Software, {"id": self._software})):
            accounts.update(found.account for found in reader.find(kind, **asked))
        people = (self._people - self._new_people) | {
            duty.person for duty in reader.find(Assignment, id=self._stood_in_for)
        }
        accounts.update(account.id for account in reader.find(Account, person=people))
        names |= self._roots | _below(reader, self._roots, now)
        return Moved(frozenset(accounts), frozenset(names)) if len(accounts) + len(names) <= MOST_NAMED else None


def _below(reader: Reader, roots: Iterable[str], now: datetime) -> set[str]:
    """Every unit that one of the roots manages now or will, through others too."""
    found, todo = set[str](), set(roots)
    while todo:
        edges = reader.find(ManagementEdge, manager=todo)
        todo = {str(e.unit) for e in edges if e.valid_to is None or e.valid_to > now} - found
        found |= todo
    return found
