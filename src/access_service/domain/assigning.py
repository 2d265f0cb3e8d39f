"""The decision that assigns duties or ends them, as a paper: an officer prepares it, a leader signs it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from access_service.domain.names import AssignmentId, ClassId, EducationLevel, PersonId, UnitId
from access_service.domain.org import Assignment
from access_service.domain.scope import ClassSubject
from access_service.domain.time import local


@dataclass(frozen=True, slots=True)
class DutyLine:
    """One duty: whose, where, as what, about which classes, on which days."""

    person: PersonId
    unit: UnitId
    position: str
    classes: frozenset[ClassSubject] | None
    subjects: frozenset[str] | None
    levels: frozenset[EducationLevel] | None
    valid_from: date
    valid_to: date | None
    decision_number: str
    """Of the authority that appoints."""
    decision_date: date

    @classmethod
    def of(cls, duty: Assignment) -> "DutyLine":
        """The line that a duty stands in."""
        return cls(
            person=duty.person,
            unit=duty.unit,
            position=duty.position,
            classes=duty.classes,
            subjects=duty.subjects,
            levels=duty.levels,
            valid_from=local(duty.valid_from).date(),
            valid_to=None if duty.valid_to is None else local(duty.valid_to).date(),
            decision_number=duty.decision_number,
            decision_date=duty.decision_date,
        )

    def json(self) -> dict[str, Any]:
        """As it is signed."""
        return {
            "person": self.person,
            "unit": self.unit,
            "position": self.position,
            "classes": None if self.classes is None else [list(part) for part in sorted(self.classes)],
            "subjects": None if self.subjects is None else sorted(self.subjects),
            "levels": None if self.levels is None else sorted(map(str, self.levels)),
            "valid_from": self.valid_from.isoformat(),
            "valid_to": None if self.valid_to is None else self.valid_to.isoformat(),
            "decision": {"number": self.decision_number, "dated": self.decision_date.isoformat()},
        }

    @classmethod
    def read(cls, found: Mapping[str, Any]) -> "DutyLine":
        """As it was signed."""
        classes, subjects, levels, end = (found[k] for k in ("classes", "subjects", "levels", "valid_to"))
        return cls(
            person=PersonId(found["person"]),
            unit=UnitId(found["unit"]),
            position=found["position"],
            classes=None if classes is None else frozenset((ClassId(c), s) for c, s in classes),
            subjects=None if subjects is None else frozenset(subjects),
            levels=None if levels is None else frozenset(map(EducationLevel, levels)),
            valid_from=date.fromisoformat(found["valid_from"]),
            valid_to=None if end is None else date.fromisoformat(end),
            decision_number=found["decision"]["number"],
            decision_date=date.fromisoformat(found["decision"]["dated"]),
        )


@dataclass(frozen=True, slots=True)
class AssignmentBody:
    """Which duties begin, in place of which, or end; and what waits until it is signed."""

    duties: tuple[DutyLine, ...]
    waiting: str
    """The act that the signature confirms."""
    replaces: AssignmentId | None = None
    released: tuple[DutyLine, ...] = ()
    """Which duties end, and on which day: a release. A decision assigns or releases."""
    release_number: str = ""
    """Of the decision of the authority that releases."""

    def json(self) -> dict[str, Any]:
        """As it is signed."""
        replaced: dict[str, Any] = {} if self.replaces is None else {"replaces": self.replaces}
        if self.released:
            replaced["released"] = [duty.json() for duty in self.released]
            replaced["release_number"] = self.release_number
        return {"duties": [duty.json() for duty in self.duties], "waiting": self.waiting, **replaced}

    @classmethod
    def read(cls, found: Mapping[str, Any]) -> "AssignmentBody":
        """As it was signed."""
        return cls(
            tuple(map(DutyLine.read, found["duties"])),
            found["waiting"],
            found.get("replaces"),
            tuple(map(DutyLine.read, found.get("released", ()))),
            found.get("release_number", ""),
        )
