"""The organisation as stored: an `OrgView` over a reader, with packs bound along the chain."""

from collections.abc import Collection, Iterable
from datetime import datetime

from access_service.domain.binding import nearest_binding
from access_service.domain.errors import RefusedError
from access_service.domain.names import ClassId, UnitId
from access_service.domain.org import ManagementEdge, SchoolClass, SchoolYear, Unit
from access_service.domain.policy import PackBinding
from access_service.domain.reasons import Refusal
from access_service.storage.facts import Reader


class StoredOrg:
    """Reads each unit, class and edge once; lives as long as one transaction."""

    def __init__(self, reader: Reader) -> None:
        """`reader` fixes the register and the revision."""
        self._reader = reader
        self._units: dict[UnitId, Unit | None] = {}
        self._classes: dict[ClassId, SchoolClass | None] = {}
        self._years: dict[str, SchoolYear | None] = {}
        self._edges: dict[UnitId, list[ManagementEdge]] = {}
        self._bindings: dict[UnitId, list[PackBinding]] = {}
        self._binding_for: dict[tuple[UnitId, datetime], PackBinding | None] = {}

    def read_ahead(self, units: Collection[UnitId]) -> None:
        """Read these units, the edges above them and the packs bound to them in three questions."""
        self._units |= dict.fromkeys(units)
        self._units |= {unit.id: unit for unit in self._reader.find(Unit, id=list(units))}
        self._edges |= {unit: [] for unit in units}
        for edge in self._reader.find(ManagementEdge, unit=list(units)):
            self._edges[edge.unit].append(edge)
        self._bindings |= {unit: [] for unit in units}
        for binding in self._reader.find(PackBinding, unit=list(units)):
            self._bindings[binding.unit].append(binding)

    def unit(self, id_: UnitId) -> Unit | None:
        """The unit with this code."""
        if id_ not in self._units:
            self._units[id_] = self._reader.get(Unit, id_)
        return self._units[id_]

    def school_class(self, id_: ClassId) -> SchoolClass | None:
        """The class with this id."""
        if id_ not in self._classes:
            self._classes[id_] = self._reader.get(SchoolClass, id_)
        return self._classes[id_]

    def school_year(self, id_: str) -> SchoolYear | None:
        """The school year with this name."""
        if id_ not in self._years:
            self._years[id_] = self._reader.get(SchoolYear, id_)
        return self._years[id_]

    def edges_of(self, unit: UnitId) -> Iterable[ManagementEdge]:
        """Edges upwards, past and present."""
        if unit not in self._edges:
            self._edges[unit] = self._reader.find(ManagementEdge, unit=unit)
        return self._edges[unit]

    def bindings_of(self, unit: UnitId) -> list[PackBinding]:
        """Packs bound to this very unit, past and present."""
        if unit not in self._bindings:
            self._bindings[unit] = self._reader.find(PackBinding, unit=unit)
        return self._bindings[unit]

    def binding_for(self, unit: UnitId, at: datetime) -> PackBinding | None:
        """The binding that decides for a unit: the nearest ancestor-or-self's in force at that instant."""
        key = unit, at
        if key not in self._binding_for:
            self._binding_for[key] = nearest_binding(self, self.bindings_of, unit, at)
        return self._binding_for[key]

    def require_binding(self, unit: UnitId, at: datetime) -> PackBinding:
        """As `binding_for`, or `RefusedError(no_policy)`."""
        binding = self.binding_for(unit, at)
        if binding is None:
            raise RefusedError(Refusal.NO_POLICY, f"no policy is in force for `{unit}`", unit=unit)
        return binding


def policy_of(reader: Reader, unit: UnitId, now: datetime) -> str:
    """Digest of the pack in force for a unit; empty where none is.

    What an event names where the act itself asked no pack: under which rules whoever acted did it.
    """
    binding = StoredOrg(reader).binding_for(unit, now)
    return "" if binding is None else binding.digest
