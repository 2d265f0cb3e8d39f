"""A matrix by class: who has charge of it, who teaches in it, who else reaches its data."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime

from access_service.domain.duties import HOMEROOM
from access_service.domain.names import UnitId
from access_service.domain.org import SchoolClass
from access_service.domain.scope import Scope
from access_service.domain.standing import OVER
from access_service.storage.standing import Gatherer
from access_service.usecases.evidence.matrix_values import (
    ClassHolder,
    ClassReach,
    MatrixClass,
    MatrixHead,
    MatrixRow,
    SensitiveReach,
)


def by_scope_unit(rows: Iterable[MatrixRow]) -> dict[UnitId, list[MatrixRow]]:
    """The rows that give a right and are not over, by the unit that the right is about."""
    found: dict[UnitId, list[MatrixRow]] = {}
    for row in rows:
        if row.scope is not None and row.state not in OVER:
            found.setdefault(row.scope.unit, []).append(row)
    return found


def list_classes(
    gather: Gatherer,
    head: MatrixHead,
    rows: Sequence[MatrixRow],
    wide: Mapping[UnitId, Sequence[MatrixRow]],
    chain_of: Callable[[UnitId], Sequence[UnitId]],
    units: Sequence[UnitId],
) -> Iterator[MatrixClass]:
    """The classes of these units that stand at the instant, in the order of level, grade and name.

    `rows` are the units' own; `wide` those that reach in from elsewhere, by the unit that they are about.
    """
    classes: dict[UnitId, list[SchoolClass]] = {}
    for found in gather.reader.find(SchoolClass, school=list(units)):
        if _stands(gather, found, head.at):
            classes.setdefault(found.school, []).append(found)
    own = by_scope_unit(row for row in rows if row.scope is not None and row.scope.unit == row.unit)
    for unit in units:
        if unit not in classes:
            continue
        reaching = {row.grant: row for above in chain_of(unit) for row in wide.get(above, ())}
        reaching |= {row.grant: row for row in own.get(unit, ())}
        for found in sorted(classes[unit], key=_place):
            yield _class(gather, head, found, [r for r in reaching.values() if reaches_class(r.scope, found)])


def _stands(gather: Gatherer, found: SchoolClass, at: datetime) -> bool:
    year = gather.org.school_year(found.school_year)
    is_open = year is None or at < year.closes_at
    return is_open and found.valid_from <= at and (found.valid_to is None or at < found.valid_to)


def _place(found: SchoolClass) -> tuple[str, str, int, str, str]:
    grade = found.grade
    return found.school_year, str(found.level), int(grade) if grade.isdecimal() else 0, grade, found.name


def reaches_class(scope: Scope | None, found: SchoolClass) -> bool:
    """Do the axes of a scope take the class, whatever unit they are about?"""
    return (
        scope is not None
        and (scope.levels is None or found.level in scope.levels)
        and (scope.grades is None or found.grade in scope.grades)
        and scope.school_year in (None, found.school_year)
        and (scope.classes is None or found.id in scope.class_ids)
    )


def _class(gather: Gatherer, head: MatrixHead, found: SchoolClass, rows: Sequence[MatrixRow]) -> MatrixClass:
    homeroom, subjects, others = list[ClassHolder](), list[ClassHolder](), list[MatrixRow]()
    for row in rows:
        pairs = sorted(
            subject for id_, subject in (row.scope.classes if row.scope else None) or () if id_ == found.id
        )
        if "" in pairs and row.position == HOMEROOM:
            homeroom.append(_holder(row, ""))
        elif pairs and "" not in pairs:
            subjects += [_holder(row, subject) for subject in pairs]
        else:
            others.append(row)
    unit = gather.org.unit(found.school)
    return MatrixClass(
        unit=found.school,
        unit_name=unit.name if unit else "",
        id=found.id,
        name=found.name,
        level=found.level,
        grade=found.grade,
        school_year=found.school_year,
        homeroom=tuple(homeroom),
        subjects=tuple(sorted(subjects, key=lambda holder: holder.subject)),
        others=tuple(_others(found.school, others)),
        sensitive=tuple(_sensitive(head, rows)),
    )


def _holder(row: MatrixRow, subject: str) -> ClassHolder:
    return ClassHolder(
        grant=row.grant,
        person=row.person,
        person_name=row.person_name,
        account=row.account,
        username=row.username,
        subject=subject,
        starts_at=row.starts_at,
        ends_at=row.ends_at,
        state=row.state,
        account_state=row.account_state,
    )


def _others(school: UnitId, rows: Sequence[MatrixRow]) -> Iterator[ClassReach]:
    """By role and by the unit where they serve, the school's own first."""
    groups: dict[tuple[bool, UnitId, str], list[MatrixRow]] = {}
    for row in rows:
        groups.setdefault((row.unit != school, row.unit, row.role or ""), []).append(row)
    for (is_elsewhere, unit, role), held in sorted(groups.items()):
        people = {row.person or row.account: row.person_name for row in held}
        yield ClassReach(
            role=role,
            role_vi=held[0].role_vi,
            unit=unit,
            unit_name=held[0].unit_name,
            people=len(people),
            names=() if is_elsewhere else tuple(people.values()),
        )


def _sensitive(head: MatrixHead, rows: Sequence[MatrixRow]) -> Iterator[SensitiveReach]:
    people: dict[str, set[str]] = {}
    for row in rows:
        for right in row.rights:
            people.setdefault(right.category, set()).add(row.person or row.account)
    for category in head.categories:
        if category.sensitive and category.id in people:
            yield SensitiveReach(category.id, category.vi, len(people[category.id]))
