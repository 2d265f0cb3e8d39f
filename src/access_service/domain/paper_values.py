"""Values as they stand in papers: a scope as JSON, read back as it was written."""

from collections.abc import Mapping
from typing import Any

from access_service.domain.names import ClassId, EducationLevel, UnitId
from access_service.domain.scope import Scope


def scope_json(scope: Scope) -> dict[str, Any]:
    """A scope as JSON: sets sorted, open axes left out."""
    found: dict[str, Any] = {"unit": scope.unit}
    for axis in ("levels", "grades", "classes", "subjects", "categories", "actions"):
        values = getattr(scope, axis)
        if values is not None:
            found[axis] = [list(v) if isinstance(v, tuple) else str(v) for v in sorted(values)]
    if scope.school_year is not None:
        found["school_year"] = scope.school_year
    return found


def read_scope(found: Mapping[str, Any]) -> Scope:
    """A scope from JSON."""
    words = {
        axis: frozenset(found[axis]) for axis in ("grades", "subjects", "categories", "actions") if axis in found
    }
    return Scope(
        unit=UnitId(found["unit"]),
        levels=frozenset(EducationLevel(v) for v in found["levels"]) if "levels" in found else None,
        classes=frozenset((ClassId(c), s) for c, s in found["classes"]) if "classes" in found else None,
        school_year=found.get("school_year"),
        grades=words.get("grades"),
        subjects=words.get("subjects"),
        categories=words.get("categories"),
        actions=words.get("actions"),
    )
