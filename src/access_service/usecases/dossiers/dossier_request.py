"""What is asked for when a dossier is: which unit, which days, for which inspection; and who may have it."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from access_service.domain.delegation import Inspection
from access_service.domain.edges import inspections_of
from access_service.domain.errors import InvalidError, NotFoundError, RefusedError
from access_service.domain.inspecting import check_days_inspected, inspection_in_force
from access_service.domain.jobs import Parameter
from access_service.domain.names import DocumentId, UnitId
from access_service.domain.org import Unit
from access_service.domain.time import local, start_of_day
from access_service.usecases.services import ReadView

HIDDEN = "(đã che)"
"""In a redacted dossier, in place of what somebody wrote."""
LONGEST_DAYS = 3660
"""Of one dossier: ten years."""


@dataclass(frozen=True, slots=True)
class DossierRequest:
    """One unit, from one Vietnamese day to another, both included."""

    unit: UnitId
    first: date
    last: date
    inspection: DocumentId | None = None
    """The decision to inspect for which it is made."""
    is_redacted: bool = False
    """Without names: words and pages are left out, their hashes stay."""

    @property
    def start(self) -> datetime:
        """The first instant."""
        return start_of_day(self.first)

    @property
    def end(self) -> datetime:
        """The last instant."""
        return start_of_day(self.last + timedelta(days=1)) - timedelta(microseconds=1)

    def parameters(self) -> dict[str, Parameter]:
        """As a job and the log keep it."""
        return {
            "from": self.first.isoformat(),
            "to": self.last.isoformat(),
            "inspection": self.inspection,
            "redacted": self.is_redacted,
        }


def check_days(asked: DossierRequest, now: datetime) -> None:
    """Raise `InvalidError` for days in the wrong order, of the future, or too many."""
    if asked.last < asked.first or asked.last > local(now).date():
        raise InvalidError("a dossier is of days in their order, and none of the future")
    if (asked.last - asked.first).days > LONGEST_DAYS:
        raise InvalidError("a dossier is of ten years at most")


def check_may_have(view: ReadView, asked: DossierRequest) -> Unit:
    """The unit, for its leadership, a unit above it, and who inspects it between the dates of the decision.

    Without a caller it is the operator's. A decision that is named is in force and of this unit, and names the
    days; whoever is let in by an inspection alone has no others, and names no decision but their own.
    """
    check_days(asked, view.now)
    named = None if asked.inspection is None else inspection_in_force(view.ground, asked.inspection, asked.unit)
    own = _own_inspections(view, asked.unit)
    if own is not None and named is not None and named not in own:
        raise NotFoundError("decision to inspect this unit", named.document)
    bounding = [named] if named is not None else own
    if bounding is not None:
        check_days_inspected(view.ground, bounding, asked.first)
    unit = view.reader.get(Unit, asked.unit)
    if unit is None:
        raise NotFoundError("unit", asked.unit)
    return unit


def _own_inspections(view: ReadView, unit: UnitId) -> list[Inspection] | None:
    """The inspections that let the caller in; None where the caller may have the dossier without any."""
    if view.caller is None:
        return None
    own = inspections_of(view.ground, view.caller.person, unit)
    try:
        view.as_above(unit)
    except RefusedError:
        if not own:
            raise
        return own
    return None
