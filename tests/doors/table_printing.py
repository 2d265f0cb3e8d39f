"""Rows about the words on paper."""

from __future__ import annotations

from doors.cells import ATTESTED, row

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
