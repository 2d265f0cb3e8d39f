"""Rows about what something is called in another system."""

from __future__ import annotations

from typing import Any

from managing import ADMIN, Managed

from doors.cells import ENTERS, NO_SHEET, Api, File, Tried, change, row
from world import CLASS_6A, CLASS_6B, SCHOOL

_TEST = "tests/usecases/old_systems/test_naming_ids.py::"
_DECIDED = "tests/usecases/old_systems/test_old_exports.py::"
NAMED = {"kind": "class", "target": CLASS_6A, "system": "smas", "value": "000-6A"}


def _named(**changes: str) -> Api:
    return Api(lambda m: m.post(ADMIN, f"units/{SCHOOL}/external-ids", NAMED | changes))


def _taken(m: Managed) -> Any:
    m.post(ADMIN, f"units/{SCHOOL}/external-ids", NAMED)
    return m.post(ADMIN, f"units/{SCHOOL}/external-ids", NAMED | {"target": CLASS_6B})


def _twice_in_a_sheet(rows: Any) -> None:
    rows["external_ids"].append(rows["external_ids"][0] | {"target": "000000000002", "unit": "31"})


EXTERNAL_ROWS = [
    row(
        "external_ids.read_system",
        "is no name of a system: letters a to z, digits, dot and hyphen, as in smas",
        _named(system="S_MAS!"),
        change("external_ids", 0, system="S_MAS!"),
    ),
    row(
        "external_ids.read_named",
        "names no system: write it as in smas:gv.an",
        "its members are apart: `system` and `value`",
        NO_SHEET,
        cli=Tried(f"{_TEST}test_an_id_is_written_with_its_system"),
    ),
    row(
        "external_ids.check_kept_by",
        "no … `…`",
        _named(target=f"{SCHOOL}:2026-2027:9Z"),
        change("external_ids", 0, unit="31"),
    ),
    row(
        "external_ids.said_already",
        "`…:…` names another … then",
        Api(_taken),
        File(_twice_in_a_sheet),
    ),
    row(
        "external_ids.only_one",
        "no external id `…`",
        Api(lambda m: m.get(ADMIN, "external-ids", system="smas", value="nobody")),
        ENTERS,
    ),
    row(
        "external_ids.only_one",
        "`…:…` names several things; say of which kind",
        Tried(f"{_TEST}test_what_names_several_things_is_refused_until_somebody_says_of_which_kind"),
        ENTERS,
    ),
    row(
        "matching.check_choice",
        "name a person, or choose `new` or `nobody`",
        Tried(f"{_DECIDED}test_a_decision_names_somebody_of_the_unit_about_a_row_of_the_file"),
        NO_SHEET,
    ),
    row(
        "matching.check_choice",
        "no person `…`",
        Tried(f"{_DECIDED}test_a_decision_names_somebody_of_the_unit_about_a_row_of_the_file"),
        NO_SHEET,
    ),
    row(
        "external_ids.check_ends",
        "the external id is over",
        Tried(f"{_TEST}test_an_id_that_was_ended_names_nothing_and_is_not_ended_again"),
        ENTERS,
    ),
]
