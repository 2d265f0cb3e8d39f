"""Rows about what is set right, and about closing an account after leaving."""

from __future__ import annotations

from doors.cells import ENTERS, Row, Tried, row

_UNDONE = "tests/usecases/organisation/test_undoing_ends.py::"
_CORRECTED = "tests/usecases/organisation/test_correcting.py::"


def _corrected(rule: str, says: str, test: str) -> Row:
    """A wrong correction; no sheet corrects."""
    return row(f"correcting.{rule}", says, Tried(f"{_CORRECTED}{test}"), ENTERS)


CORRECTING = [
    _corrected(
        "check_changes",
        "nothing changes",
        "test_a_name_is_corrected_by_who_keeps_the_person_and_never_by_themselves",
    ),
    _corrected(
        "corrected_class",
        "rights or duties rest on its level and grade",
        "test_a_class_keeps_level_and_grade_while_rights_rest_on_it",
    ),
    _corrected("check_duty_runs", "the duty is over", "test_a_duty_that_is_over_is_not_corrected"),
    _corrected(
        "_check_day",
        "what was signed rests on the day it began",
        "test_the_day_a_duty_began_stays_once_something_was_signed",
    ),
    _corrected(
        "_check_stand_ins",
        "somebody stands in for what would go",
        "test_what_somebody_stands_in_for_stays_in_the_duty",
    ),
    *(
        _corrected(rule, says, "test_classes_and_subjects_are_read_as_schools_write_them")
        for rule, says in (
            ("_class_called", "there is no class `…` in that school year"),
            ("read_charge", "`…` is no subject with its classes"),
            ("read_subjects", "there is no subject `…`"),
        )
    ),
    *(
        row("accounts.check_closes", says, Tried(f"{_CORRECTED}{test}"), ENTERS)
        for says, test in (
            ("only a person's account is closed after leaving", "test_a_units_account_is_not_closed_so"),
            ("the account is closed", "test_an_account_is_closed_once_its_holder_has_left_and_handed_back"),
            ("its holder has a duty", "test_an_account_is_closed_once_its_holder_has_left_and_handed_back"),
            (
                "what was handed over is not handed back",
                "test_an_account_is_closed_once_its_holder_has_left_and_handed_back",
            ),
        )
    ),
    *(
        row(rule, says, Tried(f"{_UNDONE}{test}"), ENTERS)
        for rule, says, test in (
            (
                "undoing.check_end_undone",
                "no end that was recorded is still to come",
                "test_an_end_is_undone_by_whoever_may_assign_the_duty_and_only_until_its_day",
            ),
            (
                "undoing.check_end_undone",
                "that takes a second person: assign the duty anew",
                "test_what_took_a_second_person_to_end_is_not_given_back_by_one",
            ),
            (
                "accounts.check_closing_many",
                "name an account to close",
                "test_leavers_are_closed_together_or_not_at_all",
            ),
            (
                "accounts.check_closing_many",
                "at most … accounts are closed at once",
                "test_leavers_are_closed_together_or_not_at_all",
            ),
            (
                "accounts.check_closed_from",
                "no account `…`",
                "test_an_account_is_closed_from_the_list_of_its_own_unit_alone",
            ),
        )
    ),
]
