"""Rows about the words on paper."""

from __future__ import annotations

from managing import ADMIN

from doors.cells import ATTESTED, NO_SHEET, Tried, post, row
from world import SCHOOL

COMPOSED = (
    "`wording.plain` writes every word of a paper, so that nothing is left to refuse (tests/domain/test_printing)"
)
OURS = "a print is read where it was stored, never from what was sent (tests/domain/test_printing)"

PRINTING_ROWS = [
    row(
        "printing.check_print",
        "at most … lines stand in one document",
        "a body has at most 200 lines; an act refuses more (usecases/handover/test_papers_in_words)",
        ATTESTED,
    ),
    row(
        "printing.check_print",
        "a text of the paper is not composed, or holds characters that cannot be seen",
        COMPOSED,
        ATTESTED,
    ),
    row("printing.read", "is no print of a document", OURS, ATTESTED),
    row("printing.read", "is no print of a document: it has members that no print has", OURS, ATTESTED),
]

NUMBER_ROWS = [
    row(
        "numbering.next_number",
        "a later number bears an earlier day: say why",
        Tried("tests/usecases/handover/test_numbers.py::test_numbers_follow_time_or_say_why_not"),
        ATTESTED,
    ),
    row(
        "numbering.enter_number",
        "another paper of that year has this number",
        Tried("tests/usecases/handover/test_numbers.py::test_no_two_papers_of_a_year_have_one_number"),
        "imported paper keeps the number that it bears, and the book says that it stands twice",
    ),
    row(
        "numbering.check_abbreviation",
        "an abbreviation is capital letters and digits, as `THCSAH` or `SGDĐT-VP`",
        post(ADMIN, f"units/{SCHOOL}/abbreviation", {"abbreviation": "thcs ah"}),
        NO_SHEET,
    ),
]

LETTER_ROWS = [
    row(
        "turns.check_renamed",
        "the signer is named before anybody has signed",
        Tried("tests/usecases/handover/test_named_signers.py::test_a_signed_version_names_nobody_else"),
        ATTESTED,
    ),
    row(
        "turns.check_signs_for",
        "that person does not sign for the office",
        Tried("tests/usecases/handover/test_named_signers.py::test_a_paper_names_nobody_who_could_not_sign_it"),
        ATTESTED,
    ),
    row(
        "approving.check_approver",
        "that office approves for the unit no more",
        Tried(
            "tests/usecases/handover/test_software_letters.py::test_an_office_that_approves_no_more_signs_nothing"
        ),
        NO_SHEET,
    ),
]
