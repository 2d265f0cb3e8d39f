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
        "turns.check_named",
        "the paper names another signer; name them first",
        Tried(
            "tests/usecases/handover/test_named_signers.py::"
            "test_nobody_signs_for_the_office_but_the_one_whom_the_paper_names"
        ),
        ATTESTED,
    ),
    row(
        "turns.check_capacity_named",
        "the paper names them in another capacity; name them anew",
        Tried(
            "tests/usecases/handover/test_named_signers.py::test_a_deputy_who_heads_the_unit_by_now_is_named_anew"
        ),
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
    row(
        "documents.move",
        "it waits with the act that it decides, and is signed or cancelled with that",
        Tried(
            "tests/usecases/second_person/test_decisions_on_paper.py::test_the_decision_that_waits_moves_only_with_its_act"
        ),
        ATTESTED,
    ),
    row(
        "turns.check_not_witness",
        "the witness signs after the office, not for it",
        Tried("tests/usecases/handover/test_handing_back.py::test_the_witness_does_not_sign_for_the_office"),
        ATTESTED,
    ),
    row(
        "statements.check_strength",
        "this kind of paper is signed in another way",
        Tried("tests/usecases/handover/test_strengths.py::test_a_pack_that_asks_for_a_passkey_takes_no_password"),
        ATTESTED,
    ),
    row(
        "statements.check_ceremony",
        "nothing waits for this answer in this session; ask anew",
        Tried("tests/attacks/test_passkey_signatures.py::test_an_answer_is_not_replayed"),
        ATTESTED,
    ),
    row(
        "statements.check_ceremony",
        "it was asked too long ago; ask anew",
        Tried("tests/attacks/test_passkey_signatures.py::test_what_waits_too_long_is_asked_anew"),
        ATTESTED,
    ),
    row(
        "statements.check_same_statement",
        "what would be signed is no longer what was shown",
        Tried("tests/usecases/handover/test_strengths.py::test_what_changed_since_it_was_asked_is_not_signed"),
        ATTESTED,
    ),
    row(
        "statements.check_finishes",
        "this paper was begun before it had words; sign with the password",
        Tried("tests/usecases/handover/test_strengths.py::test_a_paper_of_the_first_format_finishes_as_it_began"),
        ATTESTED,
    ),
]
