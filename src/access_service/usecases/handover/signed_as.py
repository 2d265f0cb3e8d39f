"""What the one who signed for a unit was called there: the position's own title, not "Thủ trưởng"."""

from datetime import datetime

from access_service.domain.delegation import signing_capacity
from access_service.domain.documents import Signature
from access_service.domain.errors import RefusedError
from access_service.domain.names import Capacity, PersonId, Side, UnitId
from access_service.domain.org import Assignment
from access_service.storage.standing import Gatherer


class Titles:
    """Titles of givers, each duty read once: a head signs for everybody of the unit."""

    def __init__(self, gather: Gatherer) -> None:
        """The gatherer's reader fixes register and revision."""
        self._gather = gather
        self._duties: dict[tuple[PersonId, UnitId], list[Assignment]] = {}
        self._titles: dict[tuple[PersonId, UnitId, datetime, Capacity], str] = {}

    def duties_of(self, person: PersonId, unit: UnitId) -> list[Assignment]:
        """Every duty of the person in the unit, past and present."""
        key = person, unit
        if key not in self._duties:
            self._duties[key] = self._gather.reader.find(Assignment, person=person, unit=unit)
        return self._duties[key]

    def of(self, signature: Signature | None, unit: UnitId | None) -> str:
        """The title of the duty by which they signed, by the rule that let them; empty where none is on file."""
        if signature is None or unit is None or signature.side is not Side.GIVER:
            return ""
        key = (signature.person, unit, signature.signed_at, signature.capacity)
        if key not in self._titles:
            self._titles[key] = self._title(signature, unit)
        return self._titles[key]

    def _title(self, signature: Signature, unit: UnitId) -> str:
        duties = self.duties_of(signature.person, unit)
        at, kind = signature.signed_at, self._gather.org.unit(unit)
        tables = self._gather.tables_for(unit, at)
        if tables is None or kind is None:
            return ""
        try:
            _, duty = signing_capacity(tables.pack, duties, at, signature.capacity, kind=kind.kind)
        except RefusedError:
            return ""
        return tables.pack.positions[duty.position].vi
