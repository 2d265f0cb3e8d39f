"""A generated province for the benchmarks: units, classes, accounts with their grants, the questions asked of it.

Standard library only: every engine's process makes the same province by itself, whatever is installed there. The
same numbers give the same province, byte for byte. Accounts are a stream, so that five million grants fit: nobody
but the engine under measurement holds them. Ids begin with 000 and belong to nobody.

Instants are seconds since the epoch and lie at least a day from the `anchor`, the day the province is made for.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import NamedTuple

DAY = 86_400
DEPARTMENT = "000"
ACCOUNTS_PER_SCHOOL = 44
GRANTS_OF = (1, 2, 3, 3)
"""How many grants accounts have, in turn: 2.25 on average."""
LEVELS = ("preschool", "primary", "lower_secondary", "upper_secondary")
GRADES = {
    "preschool": ("MB", "MN", "ML"),
    "primary": ("1", "2", "3", "4", "5"),
    "lower_secondary": ("6", "7", "8", "9"),
    "upper_secondary": ("10", "11", "12"),
}
TAUGHT = (
    ("primary",),
    ("preschool",),
    ("lower_secondary",),
    ("primary",),
    ("preschool",),
    ("primary", "lower_secondary"),
    ("upper_secondary",),
    ("primary",),
    ("primary", "lower_secondary", "upper_secondary"),
    ("lower_secondary",),
)
"""Levels of the schools, in turn."""
AT_SCHOOL = (
    "youth_union_leader",
    "librarian",
    "examination_officer",
    "academic_registrar",
    "school_health",
    "boarding_carer",
    "accountant",
)
LEADING = ("principal", "deputy_academic", "deputy_boarding")
AT_OFFICE = ("level_officer", "office_leader", "examination_officer")
AT_DEPARTMENT = ("department_level_officer", "examination_officer", "department_leader")
ROLES = frozenset({"subject_teacher", "homeroom_teacher", *AT_SCHOOL, *LEADING, *AT_OFFICE, *AT_DEPARTMENT})
"""None of them has an explicit deny in the pack: peers that are asked place by place could not see one."""
CATEGORIES = ("STU-ACA", "STU-ATT", "STU-CON", "STU-HEA", "STU-ID", "STU-LLD", "STU-REW")
ACTIONS = ("read", "read", "write", "approve", "export")
REQUESTS = 1000
NOBODY = "000-nobody"
"""An account that no province has."""

Rule = tuple[str, str, str]
"""Role, category, action: allowed."""


class Unit(NamedTuple):
    """A department, an office, a school."""

    id: str
    kind: str
    levels: tuple[str, ...]
    chain: tuple[str, ...]
    """The unit and everything above it."""


class SchoolClass(NamedTuple):
    """A class of one school, level, grade and school year."""

    id: str
    school: str
    level: str
    grade: str
    year: str


class Grant(NamedTuple):
    """One line: role, scope, validity. None on an axis is the whole axis."""

    id: str
    role: str
    unit: str
    levels: tuple[str, ...] | None
    classes: tuple[str, ...] | None
    year: str | None
    start: int
    end: int


class Account(NamedTuple):
    """Somebody with grants, and when they are suspended."""

    id: str
    unit: str
    suspended: tuple[int, int] | None
    grants: tuple[Grant, ...]


@dataclass(slots=True)
class Request:
    """One question about a pupil's record, decoded."""

    account: str
    action: str
    category: str
    class_id: str


@dataclass(frozen=True)
class Province:
    """A province of so many grants. Everything is worked out from these numbers."""

    grants: int
    anchor: int
    """Seconds since the epoch; every interval lies around it."""
    grants_per_school: int = 100
    classes_per_school: int = 30
    schools_per_office: int = 20
    seed: int = 2024
    year: str = field(init=False)
    last_year: str = field(init=False)

    def __post_init__(self) -> None:
        day = datetime.fromtimestamp(self.anchor, UTC)
        first = day.year if day.month > 8 else day.year - 1  # noqa: PLR2004 a school year begins in September
        object.__setattr__(self, "year", f"{first}-{first + 1}")
        object.__setattr__(self, "last_year", f"{first - 1}-{first}")

    @property
    def schools(self) -> int:
        """How many schools there are."""
        return max(1, self.grants // self.grants_per_school)

    def school(self, number: int) -> str:
        """A school's code."""
        return f"000{self.office_number(number):04d}{number:06d}"

    def office_number(self, school: int) -> int:
        """Which office manages the school."""
        return school // self.schools_per_office

    @staticmethod
    def office(number: int) -> str:
        """An office's code."""
        return f"000{number:04d}"

    def units(self) -> Iterator[Unit]:
        """The department, its offices, their schools."""
        yield Unit(DEPARTMENT, "department", LEVELS, (DEPARTMENT,))
        for number in range(self.office_number(self.schools - 1) + 1):
            yield Unit(self.office(number), "district_office", (), (self.office(number), DEPARTMENT))
        for number in range(self.schools):
            id_, office = self.school(number), self.office(self.office_number(number))
            yield Unit(id_, "school", TAUGHT[number % len(TAUGHT)], (id_, office, DEPARTMENT))

    def school_class(self, school: int, number: int) -> SchoolClass:
        """One class; every tenth is of the year before, whose records are still read."""
        levels = TAUGHT[school % len(TAUGHT)]
        level = levels[number % len(levels)]
        number //= len(levels)
        grade = GRADES[level][number % len(GRADES[level])]
        letter = chr(ord("A") + number // len(GRADES[level]))
        year = self.last_year if number % 10 == 9 else self.year  # noqa: PLR2004
        unit = self.school(school)
        return SchoolClass(f"{unit}:{year}:{grade}{letter}", unit, level, grade, year)

    def classes(self) -> Iterator[SchoolClass]:
        """Every class."""
        for school in range(self.schools):
            for number in range(self.classes_per_school):
                yield self.school_class(school, number)

    def accounts(self) -> Iterator[Account]:
        """Every account with its grants, one after the other."""
        return _Accounts(self).all()

    def requests(self, rules: list[Rule], count: int = REQUESTS) -> list[Request]:
        """Half of them inside the account's own grants, half elsewhere, some about nobody and nothing."""
        draw = random.Random(f"{self.seed}/{self.grants}/asked")
        total = sum(1 for _ in self.accounts())
        wanted: dict[int, list[int]] = {}
        for place in range(count):
            wanted.setdefault(draw.randrange(total), []).append(place)
        cells: dict[str, list[tuple[str, str]]] = {}
        for role, category, action in rules:
            if category in CATEGORIES:
                cells.setdefault(role, []).append((category, action))
        found: dict[int, Request] = {}
        for number, account in enumerate(self.accounts()):
            for place in wanted.get(number, ()):
                found[place] = self._request(draw, account, cells, is_inside=place % 2 == 0)
        return [found[place] for place in range(count)]

    def _request(
        self, draw: random.Random, account: Account, cells: dict[str, list[tuple[str, str]]], *, is_inside: bool
    ) -> Request:
        grant = draw.choice(account.grants)
        category, action = draw.choice(CATEGORIES), draw.choice(ACTIONS)
        if is_inside:
            if grant.role in cells and draw.random() < 0.9:  # noqa: PLR2004
                category, action = draw.choice(cells[grant.role])
            return Request(account.id, action, category, self._class_inside(draw, grant))
        roll = draw.random()
        if roll < 0.03:  # noqa: PLR2004
            return Request(NOBODY, action, category, self._any_class(draw, grant))
        if roll < 0.06:  # noqa: PLR2004
            return Request(account.id, action, category, f"{grant.unit}:{self.year}:13Z")
        if roll < 0.08:  # noqa: PLR2004
            return Request(account.id, "fly", category, self._class_inside(draw, grant))
        return Request(account.id, action, category, self._any_class(draw, grant))

    def _class_inside(self, draw: random.Random, grant: Grant) -> str:
        """A class of the grant, or one in the subtree of its unit."""
        if grant.classes is not None:
            return draw.choice(grant.classes)
        first, beyond = 0, self.schools
        if len(grant.unit) > len(DEPARTMENT):
            office = int(grant.unit[3:7])
            first = office * self.schools_per_office
            beyond = min(first + self.schools_per_office, self.schools)
        if len(grant.unit) > len(self.office(0)):
            first = int(grant.unit[7:])
            beyond = first + 1
        return self.school_class(draw.randrange(first, beyond), draw.randrange(self.classes_per_school)).id

    def _any_class(self, draw: random.Random, grant: Grant) -> str:
        """A class of the same school half of the time, of any school otherwise."""
        school = draw.randrange(self.schools)
        if len(grant.unit) > len(self.office(0)) and draw.random() < 0.5:  # noqa: PLR2004
            school = int(grant.unit[7:])
        return self.school_class(school, draw.randrange(self.classes_per_school)).id


class _Accounts:
    """Draws accounts in order. One stream of chance, read from the start by everybody."""

    def __init__(self, province: Province) -> None:
        self.province = province
        self.chance = random.Random(f"{province.seed}/{province.grants}").random
        self.made = 0

    def below(self, count: int) -> int:
        return int(self.chance() * count)

    def all(self) -> Iterator[Account]:
        number, total = 0, self.province.grants
        while self.made < total:
            school = number // ACCOUNTS_PER_SCHOOL % self.province.schools
            wanted = min(GRANTS_OF[number % len(GRANTS_OF)], total - self.made)
            yield self.account(number, school, wanted)
            number += 1

    def account(self, number: int, school: int, wanted: int) -> Account:
        roll, anchor = self.chance(), self.province.anchor
        suspended = None
        if roll < 0.03:  # noqa: PLR2004 suspended now
            suspended = (anchor - 10 * DAY, anchor + 20 * DAY)
        elif roll < 0.05:  # noqa: PLR2004 and let in again
            suspended = (anchor - 40 * DAY, anchor - 30 * DAY)
        job = self.chance()
        if job < 0.84:  # noqa: PLR2004
            grants = [self.teaching(school, position) for position in range(wanted)]
        elif job < 0.95:  # noqa: PLR2004
            grants = [self.function(AT_SCHOOL, self.province.school(school), school) for _ in range(wanted)]
        elif job < 0.985:  # noqa: PLR2004
            grants = [self.function(LEADING, self.province.school(school), school) for _ in range(wanted)]
        elif job < 0.997:  # noqa: PLR2004
            office = self.province.office(self.province.office_number(school))
            grants = [self.function(AT_OFFICE, office, None) for _ in range(wanted)]
        else:
            grants = [self.function(AT_DEPARTMENT, DEPARTMENT, None) for _ in range(wanted)]
        return Account(f"000acc{number:010d}", grants[0].unit, suspended, tuple(grants))

    def teaching(self, school: int, position: int) -> Grant:
        """First the classes taught, then a homeroom or something for the whole school."""
        if position == 0 or (position == 2 and self.chance() < 0.4):  # noqa: PLR2004
            return self.class_grant("subject_teacher", school, 2 + self.below(5))
        if self.chance() < 0.5:  # noqa: PLR2004
            return self.class_grant("homeroom_teacher", school, 1)
        return self.function(AT_SCHOOL, self.province.school(school), school)

    def class_grant(self, role: str, school: int, count: int) -> Grant:
        year = self.province.year if self.chance() < 0.97 else self.province.last_year  # noqa: PLR2004
        first = self.below(self.province.classes_per_school)
        found = self.classes_around(school, first, year, 1 if year == self.province.last_year else count)
        if not found:
            # A small school may have no class of last year.
            year = self.province.year
            found = self.classes_around(school, first, year, count)
        return self.grant(role, self.province.school(school), None, tuple(found), year)

    def classes_around(self, school: int, first: int, year: str, count: int) -> list[str]:
        """The next classes of that year, beginning anywhere."""
        found: list[str] = []
        for step in range(self.province.classes_per_school):
            one = self.province.school_class(school, (first + step) % self.province.classes_per_school)
            if one.year == year:
                found.append(one.id)
                if len(found) == count:
                    break
        return found

    def function(self, roles: tuple[str, ...], unit: str, school: int | None) -> Grant:
        role = roles[self.below(len(roles))]
        levels: tuple[str, ...] | None = None
        if "level" in role:
            start = self.below(len(LEVELS))
            levels = tuple(sorted({LEVELS[start], LEVELS[self.below(len(LEVELS))]}))
        elif school is not None and self.chance() < 0.3:  # noqa: PLR2004
            taught = TAUGHT[school % len(TAUGHT)]
            levels = (taught[self.below(len(taught))],)
        return self.grant(role, unit, levels, None, self.province.year if self.chance() < 0.5 else None)  # noqa: PLR2004

    def grant(
        self,
        role: str,
        unit: str,
        levels: tuple[str, ...] | None,
        classes: tuple[str, ...] | None,
        year: str | None,
    ) -> Grant:
        roll, anchor = self.chance(), self.province.anchor
        start, end = anchor - (60 + self.below(12) * 30) * DAY, anchor + (30 + self.below(9) * 30) * DAY
        if roll < 0.04:  # noqa: PLR2004
            end = anchor - (5 + self.below(25)) * DAY
        elif roll < 0.06:  # noqa: PLR2004
            start = anchor + (5 + self.below(25)) * DAY
        self.made += 1
        return Grant(f"000grt{self.made:010d}", role, unit, levels, classes, year, start, end)
