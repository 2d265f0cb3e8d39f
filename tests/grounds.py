"""A ground in memory for the rules of `domain`: facts in a list, a small province, one pack, one instant."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from access_service.domain.facts import Ground
from access_service.domain.names import AssignmentId, ClassId, EducationLevel, PersonId, UnitId
from access_service.domain.org import Assignment, ManagementEdge, Organisation, SchoolClass, SchoolYear, Unit
from access_service.domain.policy import Pack
from access_service.engine.packs.load import load_pack

T = TypeVar("T")
FOLDER = Path(__file__).parents[1]
ROOT, COMMUNE, HIGH, NURSERY = UnitId("00031"), UnitId("00031001"), UnitId("0003101"), UnitId("0003102")
YEAR = "2026-2027"
LONG_AGO, NOW = datetime(2020, 1, 1, tzinfo=UTC), datetime(2026, 9, 1, tzinfo=UTC)
LOWER, PRESCHOOL = EducationLevel.LOWER_SECONDARY, EducationLevel.PRESCHOOL


class Kept:
    """Facts in a list, found as a register finds them."""

    def __init__(self, *facts: Any) -> None:
        self.facts = list(facts)

    def find(self, value_type: type[T], **equals: object) -> list[T]:
        """Values whose attributes equal what is named."""
        many = (list, tuple, set, frozenset)
        return sorted(
            (
                fact
                for fact in self.facts
                if isinstance(fact, value_type)
                and all(
                    getattr(fact, name) in wanted if isinstance(wanted, many) else getattr(fact, name) == wanted
                    for name, wanted in equals.items()
                )
            ),
            key=lambda fact: fact.id,  # type: ignore[attr-defined]
        )

    def get(self, value_type: type[T], id_: str) -> T | None:
        """The value with this id, or None."""
        return next(iter(self.find(value_type, id=id_)), None)


@cache
def base() -> Pack:
    """The product's own pack."""
    return load_pack(FOLDER / "policy", "base", FOLDER / "models")


def class_id(school: UnitId, code: str) -> ClassId:
    """As on the wire."""
    return ClassId(f"{school}:{YEAR}:{code}")


def province() -> Organisation:
    """Department → commune → a lower secondary school and a preschool, two classes each, two years."""
    units = [
        Unit(ROOT, "department", "Sở Thử", frozenset(), LONG_AGO),
        Unit(COMMUNE, "commune", "Xã Thử", frozenset(), LONG_AGO),
        Unit(HIGH, "school", "Trường Thử", frozenset({LOWER}), LONG_AGO),
        Unit(NURSERY, "school", "Trường Mầm non Thử", frozenset({PRESCHOOL}), LONG_AGO),
    ]
    above = {COMMUNE: ROOT, HIGH: COMMUNE, NURSERY: COMMUNE}
    years = [
        SchoolYear("2025-2026", datetime(2025, 8, 1, tzinfo=UTC), datetime(2026, 8, 1, tzinfo=UTC)),
        SchoolYear(YEAR, datetime(2026, 8, 1, tzinfo=UTC), datetime(2027, 8, 1, tzinfo=UTC)),
    ]
    classes = [
        SchoolClass(class_id(school, code), school, YEAR, code, level, code[0], LONG_AGO)
        for school, level, codes in ((HIGH, LOWER, ("6A", "6B")), (NURSERY, PRESCHOOL, ("3A", "3B")))
        for code in codes
    ]
    old = ClassId(f"{HIGH}:2025-2026:6A")
    classes.append(replace(classes[0], id=old, school_year="2025-2026"))
    return Organisation(
        units={u.id: u for u in units},
        edges={u: (ManagementEdge(f"edg_{u}", u, m, "QĐ", LONG_AGO),) for u, m in above.items()},
        classes={c.id: c for c in classes},
        years={y.id: y for y in years},
    )


def ground(*facts: Any, pack: Pack | None = None, now: datetime = NOW) -> Ground:
    """The province with these facts in it."""
    return Ground(Kept(*facts), province(), now, lambda _: pack or base())


def duty(id_: str, position: str, unit: UnitId = HIGH, **more: Any) -> Assignment:
    """A duty of somebody of their own from today on."""
    said: dict[str, Any] = {
        "id": AssignmentId(id_),
        "person": PersonId(f"per_{id_}"),
        "unit": unit,
        "position": position,
        "decision_number": "000/QĐ",
        "decision_date": date(2026, 8, 20),
        "decision_sha256": None,
        "classes": None,
        "subjects": None,
        "levels": None,
        "substitutes": None,
        "valid_from": NOW,
    }
    return Assignment(**(said | more))
