"""Walks the network from the department down and writes every unit with its papers."""

from collections.abc import Iterator
from datetime import date, timedelta
from itertools import count
from random import Random

from province.dates import Calendar
from province.network import Network, Office
from province.papers import Axes, Bureau, Duty, Holder, Line
from province.schools import SchoolStaff
from province.sheets import Sheets
from province.words import (
    ACCOUNT_OFFICER,
    ACTING,
    ACTING_HEADS,
    LEADERS,
    OFFICER_IN_CHARGE,
)

_OFFICER_SHARE = 0.3
"""Units whose head handed the admin account to an officer; the department always did."""

_ACTING_SHARE = 0.02
_TERM = timedelta(days=5 * 365)
"""Nhiệm kỳ of an appointed leader."""

_MANY_CLASSES = 28
"""From here a school has two deputies."""

_DAYS_BEFORE_SIGNING = timedelta(days=2)
_DAYS_BEFORE_CUSTODY = timedelta(days=5)

_DIVISION_WORK: dict[str, str] = {
    "GDMNTH": "level_officer",
    "GDTrH": "level_officer",
    "GDTX&ĐH": "level_officer",
    "QLCL": "examination_officer",
    "TCHC": "personnel_officer",
    "KHTC": "planning_finance_officer",
}
"""A division's symbol to the position of the department's officers for its field."""

_OFFICERS_A_FIELD = 2


class Builder:
    """Writes one province for one school year; the same arguments give the same rows in the same order."""

    def __init__(self, network: Network, calendar: Calendar, sheets: Sheets, *, seed: int) -> None:
        self._network = network
        self._calendar = calendar
        self._sheets = sheets
        self._seed = seed
        self._people: Iterator[int] = count(1)
        self._managers: dict[str, Bureau] = {}
        self._lent: dict[str, Holder] = {}
        """By manager: who of the last lower secondary school may visit the next."""

    def write(self) -> None:
        """Every sheet, a unit after its manager."""
        calendar = self._calendar
        self._sheets.write(
            "school_years",
            code=calendar.school_year,
            starts_on=calendar.starts_on,
            closes_on=calendar.closes_on,
        )
        for office in self._network.offices():
            bureau = self._open(office)
            if office.teaches:
                self._staff_school(bureau)
                continue
            self._managers[office.code] = bureau
            self._appoint_deputies(bureau, {"department": 0, "district_office": 2}.get(office.kind, 1))
            if office.kind == "division":
                self._staff_field(self._managers[str(office.manager)], office)
            elif office.kind != "department":
                self._staff_local(bureau)

    def _open(self, office: Office) -> Bureau:
        """The unit, its edge, authority and admin account, its head, and who operates the admin account."""
        # A generator of its own for each unit: another unit more or less changes nothing in this one.
        rng = Random(f"{self._seed}:{office.code}")  # noqa: S311 -- synthetic data, nothing secret is drawn
        bureau = Bureau(office, self._calendar, rng, self._sheets, self._people)
        manager = self._managers.get(office.manager or "")
        since = self._calendar.authority_from(office.depth)
        self._sheets.write(
            "units",
            code=office.code,
            name=office.name,
            kind=office.kind,
            levels=office.levels if office.teaches else None,
            valid_from=office.valid_from,
        )
        if manager is not None:
            self._sheets.write(
                "edges",
                unit=office.code,
                manager=manager.office.code,
                basis=manager.decision_number(),
                valid_from=_managed_from(office, manager),
            )
        self._sheets.write(
            "accounts",
            code=f"QT-{office.code}",
            kind="admin",
            username=f"qt.{office.code.lower()}",
            unit=office.code,
            issued_on=since,
        )
        self._sheets.write(
            "authorities",
            code=bureau.authority,
            unit=office.code,
            parent=manager.authority if manager else None,
            levels=office.levels if manager else None,
            decision_number=_decision_above(bureau, manager),
            valid_from=since,
        )
        duty = self._appoint_head(bureau, manager)
        self._give_custody(bureau, manager)
        if manager is not None:
            self._equip_head(bureau, manager, duty)
        return bureau

    def _appoint_head(self, bureau: Bureau, manager: Bureau | None) -> Duty:
        office, rng = bureau.office, bureau.rng
        bureau.head = bureau.hire(
            "cbql",
            issued_by=(manager or bureau).office.code,
            issued_on=self._calendar.heads_sign_from - _DAYS_BEFORE_SIGNING,
            female_share=0.5,
        )
        position = LEADERS[office.kind].head
        if office.kind in ACTING_HEADS and rng.random() < _ACTING_SHARE:
            bureau.head_capacity, position = ACTING, ACTING_HEADS[office.kind]
        return self._appoint(bureau, manager, bureau.head, position)

    def _appoint(self, bureau: Bureau, manager: Bureau | None, holder: Holder, position: str) -> Duty:
        """A leader's appointment in one of the two years before, by the unit above, for five years."""
        decided = date(self._calendar.year - 2, 1, 15) + timedelta(days=bureau.rng.randrange(480))
        if manager is not None:
            decided = max(decided, _managed_from(bureau.office, manager))
        return bureau.assign(
            holder,
            position,
            number=_decision_above(bureau, manager),
            decided=decided,
            axes=Axes(),
            valid_to=decided + _TERM,
        )

    def _give_custody(self, bureau: Bureau, manager: Bureau | None) -> None:
        """The manager's head gives the admin account to the head, who may give it to an officer in charge.

        The department has no manager: its first custodian comes with `init`; the director hands over from there.
        """
        code, depth = bureau.office.code, bureau.office.depth
        has_officer = manager is None or bureau.rng.random() < _OFFICER_SHARE
        start = self._calendar.officer_custody_from if manager else self._calendar.custody_from(depth)
        if manager is not None and bureau.head is not None:
            end = start if has_officer else None
            manager.give_custody(code, bureau.head, start=self._calendar.custody_from(depth), end=end)
        if not has_officer:
            return
        decided = start - _DAYS_BEFORE_CUSTODY
        officer = bureau.hire("nv", issued_by=code, issued_on=decided + timedelta(days=1))
        duty = bureau.assign(
            officer, OFFICER_IN_CHARGE, number=bureau.decision_number(), decided=decided, axes=Axes()
        )
        bureau.give_custody(code, officer, start=start, suffix="-2" if manager else "")
        line = Line(ACCOUNT_OFFICER, duty, Axes(levels=bureau.office.levels if manager else ()))
        bureau.hand_over(officer, [line], day=self._calendar.staff_sign_from)

    def _equip_head(self, bureau: Bureau, manager: Bureau, duty: Duty) -> None:
        """The head's own grant: of their unit; the head of a division works on the whole province's levels."""
        office, role = bureau.office, LEADERS[bureau.office.kind].role
        scope: str | None = office.code
        if office.kind == "division":
            work = _DIVISION_WORK[office.symbol]
            role, scope = (role if work == "level_officer" else work), None
        if bureau.head is not None and role is not None:
            line = Line(role, duty, Axes(levels=office.levels), scope)
            manager.hand_over(bureau.head, [line], day=self._calendar.heads_sign_from)

    def _appoint_deputies(self, bureau: Bureau, number: int) -> None:
        office = bureau.office
        position = LEADERS[office.kind].deputy
        manager = self._managers.get(office.manager or "")
        if position is None:
            return
        if office.teaches:
            second = "deputy_boarding" if office.levels == ("preschool",) else "deputy_facilities"
            roles = ["deputy_academic", second]
        else:
            roles = ["office_leader" if manager else "department_leader"] * number
        axes = Axes(levels=office.levels if manager else ())
        for role in roles[:number]:
            deputy = bureau.hire(
                "cbql",
                issued_by=office.code,
                issued_on=self._calendar.deputies_sign_from - _DAYS_BEFORE_SIGNING,
                female_share=0.6,
            )
            duty = self._appoint(bureau, manager, deputy, position)
            bureau.deputies.append(deputy)
            bureau.hand_over(deputy, [Line(role, duty, axes)], day=self._calendar.deputies_sign_from)

    def _staff_field(self, department: Bureau, division: Office) -> None:
        """Officers for a division's field: the department's own staff, since a division has no units below it."""
        position = _DIVISION_WORK[division.symbol]
        for _ in range(_OFFICERS_A_FIELD):
            role = "department_level_officer" if position == "level_officer" else position
            self._assign_officer(department, position, role, Axes(levels=division.levels))

    def _staff_local(self, bureau: Bureau) -> None:
        """A district or commune office: an officer in charge of each level; in a commune the room's head too."""
        if bureau.office.kind == "commune":
            axes = Axes(levels=bureau.office.levels)
            self._assign_officer(bureau, "culture_social_head", "office_leader", axes)
        for level in bureau.office.levels:
            self._assign_officer(bureau, "level_officer", "level_officer", Axes(levels=(level,)))

    def _assign_officer(self, bureau: Bureau, position: str, role: str, axes: Axes) -> None:
        first_day = self._calendar.staff_sign_from
        officer = bureau.hire(
            "cv", issued_by=bureau.office.code, issued_on=first_day - _DAYS_BEFORE_SIGNING, female_share=0.5
        )
        duty = bureau.assign(
            officer,
            position,
            number=bureau.decision_number(),
            decided=self._calendar.duties_decided,
            axes=axes,
        )
        bureau.hand_over(officer, [Line(role, duty, axes)], day=first_day)

    def _staff_school(self, bureau: Bureau) -> None:
        manager = self._managers[str(bureau.office.manager)]
        staff = SchoolStaff(bureau)
        staff.open_classes()
        self._appoint_deputies(bureau, 2 if len(staff.classes) >= _MANY_CLASSES else 1)
        staff.hire_office()
        staff.hire_teachers()
        visitor, lent = self._lent.get(manager.office.code), staff.lend()
        if lent is not None:
            if visitor is not None:
                staff.visit(visitor, manager)
            self._lent[manager.office.code] = lent


def _managed_from(office: Office, manager: Bureau) -> date:
    """Since when the manager manages the office: both have to be there."""
    return max(office.valid_from, manager.office.valid_from)


def _decision_above(bureau: Bureau, manager: Bureau | None) -> str:
    """Number of the direct manager's decision; above the department it is the provincial People's Committee's."""
    return manager.decision_number() if manager else f"{bureau.rng.randint(100, 999)}/QĐ-UBND"
