"""Everything that decisions ask about many accounts, in a few statements a batch.

`AccountReader` reads one account in one statement; for a province that is tens of thousands of them.
`ManyAccountsReader` reads what accounts share once and what is their own batch by batch, and answers the same
questions from that. Like the other it saves time, and nothing rests on its being complete: what it does not hold
it asks.
"""

from collections.abc import Collection, Hashable, Sequence
from typing import Any, TypeVar

from sqlalchemy import ColumnElement

from access_service.domain.accounts import Account, Suspension
from access_service.domain.delegation import Authority, Grant
from access_service.domain.documents import Document
from access_service.domain.moves import AuthorityMove
from access_service.domain.names import AccountId, DocumentKind
from access_service.domain.org import Assignment, ManagementEdge, SchoolClass, SchoolYear, Unit
from access_service.domain.policy import PackBinding
from access_service.storage.facts import Reader

T = TypeVar("T")
SHARED = (Authority, AuthorityMove, ManagementEdge, PackBinding, SchoolYear, Suspension, Unit)
"""Read whole: a register has few of them beside accounts and papers."""


class _Held:
    """Facts of one type by id, and by the value of any column once somebody asked by it."""

    def __init__(self, values: Collection[Any], covered: dict[str, frozenset[str]] | None = None) -> None:
        self.by_id = {value.id: value for value in values}
        self.covered = covered
        """Of which values of a column everything is here; None where everything of the type is."""
        self._by: dict[str, dict[Hashable, list[Any]]] = {}

    def holds(self, wanted: dict[str, Collection[Any]]) -> bool:
        """Is everything here that has one of these values in each of these columns?"""
        if self.covered is None or any(not items for items in wanted.values()):
            return True
        ids = wanted.get("id")
        if ids is not None and all(id_ in self.by_id for id_ in ids):
            return True
        return any(self.covered.get(name, frozenset()).issuperset(items) for name, items in wanted.items())

    def find(self, wanted: dict[str, Collection[Any]]) -> list[Any]:
        """What is here of that, ordered by id."""
        ids = wanted.get("id")
        if ids is not None:
            found = [self.by_id[id_] for id_ in ids if id_ in self.by_id]
        elif wanted:
            name = min(wanted, key=lambda one: len(wanted[one]))
            index = self._index(name)
            found = [value for item in wanted[name] for value in index.get(item, ())]
        else:
            found = list(self.by_id.values())
        rest = [(name, items) for name, items in wanted.items() if name != "id"]
        kept = {v.id: v for v in found if all(getattr(v, name) in items for name, items in rest)}
        return [kept[id_] for id_ in sorted(kept)]

    def _index(self, name: str) -> dict[Hashable, list[Any]]:
        index = self._by.get(name)
        if index is None:
            index = self._by[name] = {}
            for value in self.by_id.values():
                index.setdefault(getattr(value, name), []).append(value)
        return index


class ManyAccountsReader(Reader):
    """A reader of the same transaction that holds what is asked about the accounts of a batch."""

    def __init__(self, reader: Reader) -> None:
        """Reads what accounts share."""
        super().__init__(reader.connection, reader.register, reader.known_at)
        self._held: dict[type[Any], _Held] = {kind: _Held(reader.find(kind)) for kind in SHARED}

    def load(self, accounts: Sequence[AccountId]) -> list[Grant]:
        """Hold these accounts in place of those before; returns their grants."""
        for kind in (Account, Assignment, Document, Grant):
            self._held.pop(kind, None)
        found = super().find(Account, id=list(accounts))
        grants = super().find(Grant, account=list(accounts))
        people = frozenset(a.person for a in found if a.person is not None)
        held = frozenset(g.assignment for g in grants if g.assignment is not None)
        duties = {d.id: d for d in super().find(Assignment, person=list(people))}
        duties |= {d.id: d for d in super().find(Assignment, id=list(held - duties.keys()))}
        duties |= {d.id: d for d in super().find(Assignment, substitutes=list(held))}
        holders = people | {d.person for d in duties.values() if d.id in held}
        papers = {g.document for g in grants if g.document is not None}
        promised = super().find(Document, receiver=list(holders), kind=str(DocumentKind.COMMITMENT))
        documents = {d.id: d for d in promised}
        documents |= {d.id: d for d in super().find(Document, id=list(papers - documents.keys()))}
        batch = frozenset(accounts)
        self._held[Account] = _Held(found, {"id": batch})
        self._held[Grant] = _Held(grants, {"account": batch})
        self._held[Assignment] = _Held(duties.values(), {"person": people, "substitutes": held})
        self._held[Document] = _Held(documents.values(), {})
        self._commitments = _Held(promised, {"receiver": holders})
        return grants

    def hold_classes(self, years: Sequence[str]) -> list[str]:
        """Hold the classes of these school years; returns their ids."""
        held = self._held[SchoolClass] = _Held(super().find(SchoolClass, school_year=list(years)), {})
        return list(held.by_id)

    def let_go(self, value_type: type[Any]) -> None:
        """Hold nothing of this type."""
        self._held.pop(value_type, None)

    def get(self, value_type: type[T], id_: str) -> T | None:
        """From what is held, where it is there."""
        held = self._held.get(value_type)
        if held is None:
            return super().get(value_type, id_)
        found: T | None = held.by_id.get(id_)
        if found is not None or held.holds({"id": (id_,)}):
            return found
        return super().get(value_type, id_)

    def find(self, value_type: type[T], *where: ColumnElement[bool], **equals: object) -> list[T]:
        """From what is held, where that is everything that is asked for."""
        held = self._held.get(value_type)
        if held is None or where:
            return super().find(value_type, *where, **equals)
        if value_type is Document and equals.get("kind") == str(DocumentKind.COMMITMENT):
            held = self._commitments
        wanted = {name: _several(value) for name, value in equals.items()}
        if not held.holds(wanted):
            return super().find(value_type, **equals)
        return held.find(wanted)


def _several(value: object) -> Collection[Any]:
    return value if isinstance(value, list | tuple | set | frozenset) else (value,)
