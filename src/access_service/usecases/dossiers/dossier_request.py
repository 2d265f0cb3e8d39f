"""What is asked for when a dossier is: which unit, which days, for which inspection; and who may have it."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from access_service.domain.documents import Document
from access_service.domain.errors import InvalidError, NotFoundError
from access_service.domain.jobs import Parameter
from access_service.domain.names import DocumentId, DocumentKind, UnitId
from access_service.domain.org import Unit
from access_service.domain.time import local, start_of_day
from access_service.usecases.handover.inspection import inspects
from access_service.usecases.services import ReadView

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

    Without a caller it is the operator's.
    """
    check_days(asked, view.now)
    if view.caller is not None and not inspects(view, view.caller.person, asked.unit):
        view.as_above(asked.unit)
    unit = view.reader.get(Unit, asked.unit)
    if unit is None:
        raise NotFoundError("unit", asked.unit)
    if asked.inspection is not None:
        decision = view.reader.get(Document, asked.inspection)
        if decision is None or decision.kind is not DocumentKind.INSPECTION_DECISION:
            raise NotFoundError("decision to inspect", asked.inspection)
    return unit
