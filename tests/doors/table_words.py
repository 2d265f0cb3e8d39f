"""Rows about what a word, a code, a day and an instant may be."""

from __future__ import annotations

from managing import ADMIN, NOW, OFFICE_ADMIN, ROOT_ADMIN

from doors.cells import (
    OWN_WORDS,
    PATTERN,
    Cli,
    File,
    change,
    duty,
    post,
    row,
)
from doors.table_duties import CLASS, END, UNIT, YEAR
from world import SCHOOL


def _words(says: str, body: dict[str, object], path: str, file: object, rule: str, **more: object):  # type: ignore[no-untyped-def]
    return row(f"words.{rule}", says, post(OFFICE_ADMIN, path, body), file, **more)  # type: ignore[arg-type]


ASKED = ("--subject", "x", "--action", "read", "--resource", "unit:00031")


CODE_FORM = (
    "is no code: at most … of the letters A to Z, digits, dot, hyphen and underscore, "
    "beginning and ending with a letter or digit"
)


LONG, HIDDEN = "x" * 300, "Trường\u200b Thử"


HOLDS, EMPTY = "holds control characters or others that cannot be seen", "is empty"


INSPECTION = {
    "dated": "2026-08-20",
    "units": [SCHOOL],
    "members": ["x"],
    "valid_from": NOW,
    "valid_to": END,
}


SHEET_SAYS_EMPTY = "the sheet says itself which cells must not be empty (test_import_faults)"


NO_PROSE = "no sheet has a text of several lines"


OTHER_FORM = "a body's days and instants are those of RFC 3339; this is the form of sheets and the command line"


LEGACY = "NguyÔn V¨n Thö"


MARKS = "Thử" + "\u0301" * 40


WORDS = [
    row(
        "words.id_word",
        "holds control characters",
        post(ADMIN, "commitments", {"unit": "a\u0007"}),
        "a cell with such characters is refused before it is a code",
    ),
    row(
        "words.id_word",
        "is longer than … bytes",
        post(ADMIN, "commitments", {"unit": "x" * 400}),
        "a cell of that length is refused before it is a code",
    ),
    row(
        "words.line",
        "holds …: write it in Unicode",
        post(OFFICE_ADMIN, "units", UNIT | {"name": LEGACY}),
        OWN_WORDS,
    ),
    row(
        "words.normalise_text",
        "holds more marks on one letter than any writing has",
        post(OFFICE_ADMIN, "units", UNIT | {"name": MARKS}),
        change("units", 1, name=MARKS),
    ),
    row(
        "words.normalise_text",
        "is longer than … characters",
        "the edge refuses a body's words for their length before they are composed",
        "a cell is refused for its length before it is composed",
    ),
    _words(HOLDS, UNIT | {"name": HIDDEN}, "units", OWN_WORDS, "line"),
    _words(EMPTY, UNIT | {"name": "  "}, "units", SHEET_SAYS_EMPTY, "line"),
    _words("is longer than … characters", UNIT | {"name": LONG}, "units", change("units", 1, name=LONG), "line"),
    _words(HOLDS, INSPECTION | {"content": HIDDEN}, "inspections", NO_PROSE, "prose"),
    _words(EMPTY, INSPECTION | {"content": " "}, "inspections", NO_PROSE, "prose"),
    row("words.prose", "is longer than … characters", PATTERN, NO_PROSE),
    row("words.code", EMPTY, PATTERN, SHEET_SAYS_EMPTY),
    row("words.code", CODE_FORM, PATTERN, change("documents", 3, code="03/BB-SGDĐT")),
    _words(
        "holds a colon or a semicolon",
        CLASS | {"code": "6;A"},
        "classes",
        change("classes", 0, code="6:A"),
        "class_code",
    ),
    row(
        "words.subject",
        "is no subject code: capital letters A to Z and digits, as in TOAN",
        PATTERN,
        change("assignments", 2, subjects="Toán"),
    ),
    _words(
        "is no school year: two years that follow each other, as in 2026-2027",
        YEAR | {"id": "2025-2024"},
        "school-years",
        change("school_years", 0, code="2025-2024"),
        "school_year",
    ),
    _words(
        "lies outside … to …",
        YEAR | {"id": "1701-1702"},
        "school-years",
        change("school_years", 0, code="1701-1702"),
        "school_year",
    ),
    _words(
        "is no day of the form YYYY-MM-DD", YEAR | {"starts_on": "1/8/2027"}, "school-years", OTHER_FORM, "iso_day"
    ),
    row(
        "words.vietnamese_day",
        "is no day of the form dd/mm/yyyy",
        OTHER_FORM,
        OWN_WORDS,
    ),
    row(
        "words.day",
        "`…` is no day: write dd/mm/yyyy",
        OTHER_FORM,
        "a cell is a day of the one form that sheets have",
        Cli(lambda run, said: run("policy", "bind", "00031", "hai-phong", "--on", "mai", *said)),
    ),
    row(
        "words.iso_instant",
        "is no instant of RFC 3339 with an offset",
        duty(valid_from="2026-08-20T08:00:00"),
        "sheets have days, no instants",
    ),
    row(
        "words.instant",
        "`…` is no instant: write RFC 3339 with its offset, or dd/mm/yyyy HH:MM",
        OTHER_FORM,
        "sheets have days, no instants",
        Cli(lambda run, _: run("check", *ASKED, "--at", "?")),
    ),
    row(
        "words._within_years",
        "lies outside … to …",
        post(ROOT_ADMIN, "school-years", YEAR | {"starts_on": "1700-08-01"}),
        File(lambda rows: rows["units"][1].update(valid_from="01/01/1700"), own_words=True),
    ),
]
