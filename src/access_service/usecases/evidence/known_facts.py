"""Every fact of a register in memory, at one revision: for whoever asks the rules about everybody at once."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from functools import cached_property
from typing import Any, TypeVar

from access_service.domain.binding import nearest_binding
from access_service.domain.documents import Document, Signature
from access_service.domain.errors import RefusedError
from access_service.domain.facts import Ground
from access_service.domain.names import UnitId
from access_service.domain.org import ManagementEdge, Organisation, SchoolClass, SchoolYear, Unit
from access_service.domain.policy import Pack, PackBinding
from access_service.domain.reasons import Refusal
from access_service.engine.compiled_pack import CompiledPack
from access_service.storage.facts import DERIVED, Reader
from access_service.storage.policy import load_tables

T = TypeVar("T")
_MANY = (list, tuple, set, frozenset)
_ASKED: frozenset[type[Any]] = frozenset({Document, Signature})
"""Papers are many, and asked about few: each question goes to the database."""


class KnownFacts:
    """Facts by type, each type read once at its first question, and by whatever attribute is asked for."""

    def __init__(self, reader: Reader, before: "KnownFacts | None" = None) -> None:
        """The reader fixes register and revision; `before` is what these facts are laid over."""
        self._reader, self._before = reader, before
        self._laid: dict[type[Any], dict[str, Any]] = {}
        self._all: dict[type[Any], list[Any]] = {}
        self._by: dict[tuple[type[Any], str], dict[Any, list[Any]]] = {}

    def laid(self, facts: Iterable[Any]) -> "KnownFacts":
        """These facts in place of those with the same id, or beside them: nothing is stored."""
        found = KnownFacts(self._reader, self)
        for fact in facts:
            found._laid.setdefault(type(fact), {})[fact.id] = fact
        return found

    def get(self, value_type: type[T], id_: str) -> T | None:
        """The fact with this id, or None."""
        if value_type in _ASKED:
            found = self._find_stored(value_type, {"id": id_})
        else:
            found = self.index_by(value_type, "id").get(id_, [])
        return found[0] if found else None

    def find(self, value_type: type[T], **equals: object) -> list[T]:
        """Facts whose attributes equal these values; a collection means one of several."""
        fields = getattr(value_type, "__dataclass_fields__", {})
        if value_type in _ASKED or any(name not in fields for name in equals):
            # Some columns are no attributes: what they say is only in the database.
            return self._find_stored(value_type, equals)
        found: list[T] | None = None
        for name, wanted in equals.items():
            values = wanted if isinstance(wanted, _MANY) else (wanted,)
            if found is None:
                index = self.index_by(value_type, name)
                found = [fact for value in dict.fromkeys(values) for fact in index.get(value, ())]
            else:
                found = [fact for fact in found if getattr(fact, name) in values]
        return self.every(value_type) if found is None else found

    def _find_stored(self, value_type: type[T], equals: dict[str, object]) -> list[T]:
        before = self._before
        if before is None:
            return self._reader.find(value_type, **equals)
        laid, derived = self._laid.get(value_type, {}), DERIVED.get(value_type, {})

        def fits(fact: T) -> bool:
            said = {n: derived[n](fact) if n in derived else getattr(fact, n) for n in equals}
            return all(said[n] in w if isinstance(w, _MANY) else said[n] == w for n, w in equals.items())

        kept = [fact for fact in before.find(value_type, **equals) if getattr(fact, "id", "") not in laid]
        return kept + [fact for fact in laid.values() if fits(fact)]

    def every(self, value_type: type[T]) -> list[T]:
        """All of this type."""
        if value_type not in self._all:
            self._all[value_type] = self._read(value_type)
        return self._all[value_type]

    def _read(self, value_type: type[T]) -> list[T]:
        if self._before is None:
            return self._reader.find(value_type)
        known, laid = self._before.every(value_type), self._laid.get(value_type)
        if not laid:
            return known
        return [f for f in known if getattr(f, "id", "") not in laid] + list(laid.values())

    def index_by(self, value_type: type[Any], name: str) -> dict[Any, list[Any]]:
        """All of this type by one of their attributes."""
        if self._before is not None and value_type not in self._laid:
            return self._before.index_by(value_type, name)
        if (value_type, name) not in self._by:
            index: defaultdict[Any, list[Any]] = defaultdict(list)
            for fact in self.every(value_type):
                index[getattr(fact, name)].append(fact)
            self._by[value_type, name] = dict(index)
        return self._by[value_type, name]

    def _bindings_of(self, unit: UnitId) -> list[PackBinding]:
        return self.find(PackBinding, unit=unit)

    @cached_property
    def org(self) -> Organisation:
        """Units, edges, classes and years."""
        edges: defaultdict[UnitId, list[ManagementEdge]] = defaultdict(list)
        for edge in self.every(ManagementEdge):
            edges[edge.unit].append(edge)
        return Organisation(
            units={u.id: u for u in self.every(Unit)},
            edges={unit: tuple(found) for unit, found in edges.items()},
            classes={c.id: c for c in self.every(SchoolClass)},
            years={y.id: y for y in self.every(SchoolYear)},
        )

    def ground(self, now: datetime) -> Ground:
        """What the rules stand on at an instant."""
        tables: dict[str, CompiledPack] = {}
        bound: dict[UnitId, PackBinding | None] = {}

        def pack_for(unit: UnitId) -> Pack:
            if unit not in bound:
                bound[unit] = nearest_binding(self.org, self._bindings_of, unit, now)
            binding = bound[unit]
            if binding is None:
                raise RefusedError(Refusal.NO_POLICY, f"no policy is in force for `{unit}`", unit=unit)
            if binding.digest not in tables:
                tables[binding.digest] = load_tables(self._reader.connection, binding.digest)
            return tables[binding.digest].pack

        return Ground(self, self.org, now, pack_for)
