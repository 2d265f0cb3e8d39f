"""Rows about duties, units, years, classes, people and what a word may be."""

from __future__ import annotations

from managing import ADMIN, NOW, OFFICE_ADMIN, ROOT_ADMIN

from doors.cells import (
    ENTERS,
    NO_SHEET,
    NOBODY_ACTS,
    OWN_WORDS,
    Api,
    Cli,
    File,
    Tried,
    again,
    asked,
    both,
    change,
    duty,
    line,
    post,
    row,
    two_deputies,
)
from doors.stories import SAME_CLASS, SUBSTITUTE_TWICE
from world import OFFICE, SCHOOL


def _end_twice(m):  # type: ignore[no-untyped-def]
    body = {
        "person": m.person("van-thu").person,
        "unit": SCHOOL,
        "position": "cashier",
        "decision_number": "000/QĐ",
        "decision_date": "2026-08-01",
        "valid_from": NOW,
        "valid_to": END,
    }
    made = m.made(ADMIN, "assignments", body)
    return m.post(ADMIN, f"assignments/{made['id']}/end", {"on": "2027-01-01", "decision_number": "01/QĐ"})


def _chain(rows):  # type: ignore[no-untyped-def]
    above = "3111305001"
    for number in range(14):
        code = f"31999000{number:02d}"
        rows["units"].append({**rows["units"][1], "code": code})
        rows["edges"].append({**rows["edges"][0], "unit": code, "manager": above})
        above = code


def _closed_year(m):  # type: ignore[no-untyped-def]
    m.post(ROOT_ADMIN, "school-years", {"id": "2024-2025", "starts_on": "2024-08-01", "closes_on": "2025-08-01"})
    return m.post(ADMIN, "classes", CLASS | {"school_year": "2024-2025"})


def _future_year(m):  # type: ignore[no-untyped-def]
    m.post(ROOT_ADMIN, "school-years", {"id": "2028-2029", "starts_on": "2028-08-01", "closes_on": "2029-08-01"})
    return m.post(ROOT_ADMIN, "school-years/2028-2029/close", {"reason": "thử"})


END, CLASS_6A, CLASS_6B = "2026-12-01T00:00:00+07:00", f"{SCHOOL}:2026-2027:6A", f"{SCHOOL}:2026-2027:6B"
UNIT = {"id": "0003109", "kind": "school", "name": "Trường Thử", "manager": OFFICE, "basis": "01/QĐ"}
CLASS = {
    "school": SCHOOL,
    "school_year": "2026-2027",
    "code": "6Z",
    "name": "6Z",
    "level": "lower_secondary",
    "grade": "6",
}
YEAR = {"id": "2027-2028", "starts_on": "2027-08-01", "closes_on": "2028-08-01"}
THIRTEEN = {"unit": SCHOOL, "grades": ["13"]}
MOVE = {"basis": "01/QĐ", "on": "2026-08-20"}
SUBSTITUTE = {"position": "homeroom", "substitutes": lambda m: m.person("moi").duty}
STANDING_IN = {"substitutes": "PC-2", "position": "officer_in_charge_of_admin_account"}

DUTIES = [
    row(
        "duties.position_of",
        "no position `…` in that kind of unit",
        duty(position="palace"),
        change("assignments", 2, position="director"),
        Cli(lambda run, said: run("appoint", "--position", "principal", "--name", "Người Thử", *said)),
    ),
    row(
        "duties.check_dates",
        "the duty ends before it begins",
        duty(valid_to="2026-08-20T08:00:00+07:00"),
        "the sheet says of both dates of a row at once that one is not after the other (test_import_faults)",
    ),
    row(
        "duties.check_dates",
        "the decision is younger than the duty it founds",
        duty(decision_date="2026-09-01"),
        change("assignments", 2, decision_date="21/08/2024"),
    ),
    row(
        "duties.check_levels",
        "`…` does not teach that",
        duty(levels=["primary"]),
        change("assignments", 2, levels="primary"),
    ),
    row(
        "duties.check_classes",
        "no class `…` in `…`",
        duty(classes=[{"class": f"{SCHOOL}:2026-2027:9Z"}]),
        "a sheet names a class by its code; the cell is refused before there is a duty (test_import_faults)",
    ),
    row(
        "duties.check_classes",
        "the school year of `…` is closed then",
        duty(position="homeroom", classes=[{"class": CLASS_6A}], valid_from="2027-09-01T00:00:00+07:00"),
        change("assignments", 2, school_year="2024-2025", classes="6A1", valid_from="01/09/2025"),
    ),
    row(
        "duties.check_substitution",
        "no assignment `…` to stand in for",
        "the act looks the named assignment up first: `not_found`",
        OWN_WORDS,
    ),
    row(
        "duties.check_substitution",
        "a substitute stands in for somebody else of the same unit",
        duty(substitutes=lambda m: m.person("ngoai").duty),
        change("assignments", 2, substitutes="PC-1"),
    ),
    row(
        "duties.check_substitution",
        "a substitute's assignment cites the absent person's, not another substitute's",
        SUBSTITUTE_TWICE,
        both(
            again(
                "assignments",
                1,
                code="S1",
                person="000000000001",
                valid_from="01/09/2024",
                valid_to="01/10/2024",
                **STANDING_IN,
            ),
            again("assignments", 1, code="S2", person="000000000003", **{**STANDING_IN, "substitutes": "S1"}),
        ),
    ),
    row(
        "duties.check_substitution",
        "who takes a duty over does not stand in for it",
        duty(**SUBSTITUTE, replaces=lambda m: m.person("moi").duty),
        "a sheet has no column for the duty that another one replaces",
    ),
    row(
        "duties.check_substitution",
        "a substitution has an end, within the duty it cites",
        duty(**SUBSTITUTE),
        again("assignments", 1, code="S1", person="000000000001", **STANDING_IN),
    ),
    row(
        "duties.check_substitution",
        "a substitute takes the duty it cites, and no more",
        duty(**{**SUBSTITUTE, "position": "librarian", "valid_to": END}),
        again(
            "assignments",
            1,
            code="S1",
            person="000000000001",
            **{**STANDING_IN, "position": "it_officer", "valid_to": "01/10/2024", "valid_from": "01/09/2024"},
        ),
    ),
    row(
        "duties.check_leading",
        "nobody leads such a class",
        duty(position="homeroom", classes=[{"class": CLASS_6A}], leads=True),
        change("assignments", 2, leads="yes"),
    ),
    row(
        "duties.check_only_one",
        "somebody holds that duty then; name the assignment it replaces",
        duty(position="homeroom", classes=[{"class": CLASS_6A}]),
        again("assignments", 2, code="x", person="000000000002"),
    ),
    row(
        "duties.check_replaced",
        "the assignment to be replaced is not one of this unit in force then",
        duty(replaces=lambda m: m.person("ngoai").duty),
        "a file ends the earlier duty in its own row",
    ),
    row(
        "duties.check_not_operators",
        "`access-service appoint` and `release` enter who signs for the root",
        duty(ROOT_ADMIN, unit="00031", position="deputy_director"),
        again("assignments", 0, code="x", person="000000000002", position="deputy_director"),
        "`appoint` is where it is done",
    ),
    row(
        "duties.hand_in_appointing",
        "a head is appointed from above",
        duty(position="principal"),
        NOBODY_ACTS,
    ),
    row(
        "duties.hand_in_appointing",
        "that takes the admin account of `…`",
        duty(OFFICE_ADMIN),
        NOBODY_ACTS,
    ),
    row(
        "appointing._known",
        "no assignment `…`",
        duty(substitutes="asg_0"),
        "a sheet's row is looked up among the rows, in its own words",
    ),
    row(
        "appointing.hand_in_duty",
        "no person `…`",
        duty(person="per_0"),
        "a sheet's row is looked up among the rows, in its own words",
    ),
    row(
        "duties.check_ends",
        "the duty ends earlier already",
        Api(_end_twice),
        ENTERS,
    ),
    row(
        "duties.check_still_releases",
        "that office is not above it any more",
        "who prepared it confirms it: only a unit that moved meanwhile meets it",
        ENTERS,
    ),
    row(
        "duties.operators_position",
        "the department's custodian assigns that duty",
        "an admin account appoints nobody who signs for the root: `operator_only` comes first",
        NOBODY_ACTS,
        Cli(lambda run, said: run("appoint", "--position", "it_officer", "--name", "Người Thử", *said)),
    ),
    row(
        "duties.the_holder",
        "no holder of the position `…`",
        "an act names the assignment that it ends",
        ENTERS,
        Cli(lambda run, said: run("release", "--position", "deputy_director", *said)),
    ),
    row(
        "duties.the_holder",
        "several people hold that position; name one",
        "an act names the assignment that it ends",
        ENTERS,
        Cli(two_deputies),
    ),
]


UNITS = [
    row(
        "org.check_edge",
        "`…` cannot manage itself",
        asked(OFFICE_ADMIN, f"units/{SCHOOL}/manager", MOVE | {"manager": SCHOOL}),
        change("edges", 0, manager="3111305001"),
    ),
    row(
        "org.check_edge",
        "`…` already has a direct manager then",
        "the act ends the edge that holds on that day",
        again("edges", 0),
    ),
    row(
        "org.check_edge",
        "`…` is below `…`",
        post(ROOT_ADMIN, f"units/{OFFICE}/manager", MOVE | {"manager": SCHOOL}),
        "two rows that manage each other are a circle: `org.chain_of` names it",
    ),
    row(
        "org.check_edge",
        "more than … units in one chain",
        "every unit of a chain needs an admin account before the next is made under it; the sheet carries the fact",
        File(_chain),
    ),
    row(
        "org.chain_of",
        "the management edges above `…` do not end",
        "no act writes a circle: `check_edge` refuses it first",
        both(
            again("units", 1, code="3111305009"),
            change("edges", 0, manager="3111305009"),
            again("edges", 0, unit="3111305009", manager="3111305001"),
        ),
    ),
    row(
        "org.normalise",
        "no class `…` in `…`",
        line(classes=[{"class": f"{SCHOOL}:2026-2027:9Z"}]),
        "a sheet names a class by its code; the cell is refused before there is a scope (test_import_faults)",
    ),
    row(
        "org.normalise",
        "classes of one grant belong to one school year",
        line(school_year="2027-2028"),
        "the year and the classes of a row are read together: a class is one of that year",
    ),
    row(
        "org.normalise",
        "the classes are not of the levels and grades named",
        line(grades=["7"]),
        change("grants", 0, school_year="2024-2025", classes="6A1", levels="primary"),
    ),
    row(
        "register.read",
        "the … …",
        "a body is read by `words` at the edge, before there is an act",
        "a cell is read by `words` before there is a fact, by the same reader",
        "`init` reads what it is given by `words` itself",
    ),
    row(
        "register.read",
        "the … is not written as it is kept",
        "a body is read by `words` at the edge, which keeps what it composed",
        "a cell is read by `words`, which keeps what it composed",
        "`init` reads what it is given by `words` itself",
    ),
    row(
        "register.check_unit",
        "the policy knows no kind of unit `…`",
        post(OFFICE_ADMIN, "units", UNIT | {"kind": "palace"}),
        "the sheet names the words that a kind may be (test_import_faults)",
    ),
    row(
        "register.check_unit",
        "a … has no education levels",
        post(ROOT_ADMIN, "units", UNIT | {"manager": "00031", "kind": "commune", "levels": ["primary"]}),
        change("units", 0, levels="primary"),
    ),
    row(
        "register.check_unit",
        "the unit ends before it begins",
        "a unit that is created has no end yet",
        "the sheet says of both dates of a row at once that one is not after the other (test_import_faults)",
    ),
    row(
        "register.check_school_year",
        "a school year closes after it starts",
        post(ROOT_ADMIN, "school-years", YEAR | {"closes_on": "2027-07-01"}),
        change("school_years", 0, closes_on="01/09/2024"),
    ),
    row(
        "register.check_school_year",
        "… starts in … and closes in …",
        post(ROOT_ADMIN, "school-years", YEAR | {"id": "2029-2030"}),
        change("school_years", 0, starts_on="05/09/2023"),
    ),
    row(
        "register.check_school_year",
        "it overlaps the school year …",
        post(ROOT_ADMIN, "school-years", YEAR | {"starts_on": "2027-05-01"}),
        again("school_years", 0, code="2025-2026", starts_on="01/07/2025", closes_on="01/08/2026"),
    ),
    row(
        "register.check_class",
        "`…` does not teach that level",
        post(ADMIN, "classes", CLASS | {"level": "primary"}),
        change("classes", 0, level="primary"),
    ),
    row(
        "register.check_class",
        "no school year `…`",
        "the act asks for the open year first (`reorganising.year_to_enter`)",
        OWN_WORDS,
    ),
    row(
        "register.check_class",
        "the class code makes an id that is too long",
        "a unit's code, a year and a class code of the longest kind fit; only codes of older registers are longer",
        "a unit's code, a year and a class code of the longest kind fit; only codes of older registers are longer",
    ),
    row(
        "register.check_person",
        "`…` is somebody else's number",
        "an act gives every person a number of its own making",
        OWN_WORDS,
    ),
    row(
        "grades.check_grade",
        "the policy knows no grade `…` of `…`",
        post(ADMIN, "classes", CLASS | {"grade": "six"}),
        change("classes", 0, grade="06"),
    ),
    row(
        "grades.check_grades",
        "the policy knows no grade `…` here",
        post(OFFICE_ADMIN, "authorities", {"unit": SCHOOL, "basis": "1", "scope": THIRTEEN}),
        change("authorities", 1, grades="13"),
    ),
    row(
        "reorganising.check_new_unit",
        "there is a unit `…`",
        post(OFFICE_ADMIN, "units", UNIT | {"id": SCHOOL}),
        "the sheet names both rows in its own words (test_import_faults)",
    ),
    row(
        "reorganising.check_new_year",
        "there is a school year `…`",
        post(ROOT_ADMIN, "school-years", YEAR | {"id": "2026-2027"}),
        "the sheet names both rows in its own words (test_import_faults)",
    ),
    row(
        "reorganising.year_to_enter",
        "no school year `…`",
        post(ADMIN, "classes", CLASS | {"school_year": "2030-2031"}),
        "`register.check_class` says it there",
    ),
    row(
        "reorganising.year_to_enter",
        "the school year `…` is closed",
        Api(_closed_year),
        "a sheet may bring the classes of years that are over: they are facts of their time",
    ),
    row(
        "reorganising.check_new_class",
        "there is a class `…`",
        post(ADMIN, "classes", CLASS | {"code": "6A"}),
        "the sheet names both rows in its own words (test_import_faults)",
    ),
    row(
        "reorganising.check_change_at",
        "a manager changes today at the earliest",
        post(ROOT_ADMIN, f"units/{SCHOOL}/manager", MOVE | {"manager": "00031", "on": "2026-08-01"}),
        "a sheet enters every edge with its days",
    ),
    row(
        "reorganising.common_manager",
        "no unit is above both",
        post(ROOT_ADMIN, "units/00031/manager", MOVE | {"manager": OFFICE}),
        NOBODY_ACTS,
    ),
    row(
        "reorganising.manager_of_all",
        "one unit manages all of them",
        post(OFFICE_ADMIN, f"units/{SCHOOL}/succession", {"successor": OFFICE, **MOVE}),
        NO_SHEET,
    ),
    row(
        "succession.check_heirs",
        "a unit is succeeded by another, today at the latest, and once",
        post(OFFICE_ADMIN, f"units/{SCHOOL}/succession", {"successor": SCHOOL, **MOVE}),
        NO_SHEET,
    ),
    row(
        "succession.check_heirs",
        "no one successor for …",
        Tried(
            "tests/usecases/organisation/test_succession.py::test_what_has_no_one_successor_is_listed_and_nothing_happens"
        ),
        NO_SHEET,
    ),
    row(
        "succession.check_heirs",
        "the papers are kept by one that takes something, or by the unit above",
        post(OFFICE_ADMIN, f"units/{SCHOOL}/succession", {"successor": "0003102", "archive": "00031", **MOVE}),
        NO_SHEET,
    ),
    row(
        "reorganising.check_class_passes",
        "there is a class `…`; rename one of the two first",
        SAME_CLASS,
        NO_SHEET,
    ),
    row(
        "reorganising.check_year_open",
        "the school year `…` is closed",
        Tried("tests/api/manage/test_management_org.py::test_a_school_year_opens_and_closes"),
        "a sheet enters a year with the day on which it closes",
    ),
    row(
        "reorganising.check_year_closes",
        "a school year closes after it starts",
        Api(_future_year),
        "a sheet enters a year with the day on which it closes",
    ),
    row(
        "reorganising.date_before",
        "the closing of `…` is not to be undone",
        post(ROOT_ADMIN, "school-years/2026-2027/reopen", {"reason": "nhầm"}),
        "a sheet enters a year with the day on which it closes",
    ),
]
