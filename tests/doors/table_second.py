"""Rows about recovery, what waits for a second person, and passwords."""

from __future__ import annotations

from typing import Any

from managing import ADMIN, TEACHER

from doors.cells import (
    ATTESTED,
    NO_SESSION,
    NO_SHEET,
    Cli,
    Tried,
    asked,
    confirmed_twice,
    post,
    recovered_twice,
    row,
)
from doors.table_people import NOT_AT_THE_COMMAND_LINE, admin_of
from world import PASSWORD, SCHOOL


def _an_operator_alone(run: Any, said: Any) -> Any:
    waits = run("operator", "add", "ba", "--json").json["waiting"]
    return run("confirm", waits["id"] if isinstance(waits, dict) else waits, *said[-4:])


MACHINE = "only whoever runs the machine speaks of its clock"
MENDED = Tried(
    "tests/attacks/test_wrong_clock.py::test_a_register_that_was_written_under_a_wrong_clock_is_mended_by_a_command"
)

SECOND = [
    row(
        "recovery.check_asked",
        "nobody recovers their own account",
        asked(ADMIN, lambda m: f"accounts/{admin_of(m, SCHOOL)}/recover", {"password": PASSWORD}),
        NO_SESSION,
        NOT_AT_THE_COMMAND_LINE,
    ),
    row(
        "recovery.check_asked",
        "software has no password; give its client a new secret",
        Tried("tests/api/manage/test_management_software.py::test_software_stops_with_its_account"),
        NO_SESSION,
        NOT_AT_THE_COMMAND_LINE,
    ),
    row(
        "recovery.check_second",
        "one of the leadership of the unit, or of one above it, confirms that",
        Tried(
            "tests/attacks/test_recovery.py::test_a_second_person_opens_it_at_once_and_is_neither_the_asker_nor_the_holder"
        ),
        NO_SESSION,
        NOT_AT_THE_COMMAND_LINE,
    ),
    row(
        "recovery.check_second",
        "a recovery takes two persons, and neither is the holder",
        Tried("tests/api/manage/test_management_org.py::test_an_account_is_suspended_resumed_and_recovered"),
        NO_SESSION,
        NOT_AT_THE_COMMAND_LINE,
    ),
    row(
        "recovery.check_second",
        "the recovery does not wait any more",
        Tried("tests/attacks/test_recovery.py::test_what_nobody_confirms_in_time_lapses_where_no_wait_opens_it"),
        NO_SESSION,
        NOT_AT_THE_COMMAND_LINE,
    ),
    row(
        "recovery.check_second_operator",
        "the recovery does not wait any more",
        "operators act at the command line",
        NO_SESSION,
        Cli(recovered_twice),
    ),
    row(
        "recovery.check_second_operator",
        "one of the leadership of the unit, or of one above it, confirms that",
        "operators act at the command line",
        NO_SESSION,
        "below the root a unit above confirms; `init` makes only the root (test_recovery)",
    ),
    row(
        "recovery.check_second_operator",
        "a second operator confirms what a named one asked for",
        "operators act at the command line",
        NO_SESSION,
        Tried("tests/cli/test_unlock.py::test_at_the_root_a_second_operator_confirms_a_recovery"),
    ),
    row(
        "recovery.check_stops",
        "the recovery is over",
        Tried(
            "tests/attacks/test_recovery.py::test_it_stays_on_their_pages_for_thirty_days_also_for_a_session_opened_with_the_code"
        ),
        NO_SESSION,
        NOT_AT_THE_COMMAND_LINE,
    ),
    row(
        "recovery.check_opens",
        "a second person has to confirm the recovery, or the wait to be over",
        Tried("tests/api/manage/test_management_org.py::test_an_account_is_suspended_resumed_and_recovered"),
        NO_SESSION,
        NOT_AT_THE_COMMAND_LINE,
    ),
    row(
        "recovery.check_opens",
        "…",
        Tried("tests/api/manage/test_management_org.py::test_an_account_is_suspended_resumed_and_recovered"),
        NO_SESSION,
        NOT_AT_THE_COMMAND_LINE,
    ),
    row(
        "waiting.check_waiting",
        "it waits no more: …",
        Tried(
            "tests/attacks/test_puppets.py::test_an_officer_only_prepares_who_signs_and_who_prepared_confirms_nothing"
        ),
        ATTESTED,
        Cli(confirmed_twice),
    ),
    row(
        "waiting.check_leader_confirms",
        "one of the leadership of `…` confirms it",
        Tried(
            "tests/api/manage/test_management_documents.py::test_what_waits_is_listed_and_confirmed_in_a_personal_session"
        ),
        ATTESTED,
    ),
    row(
        "waiting.check_leader_confirms",
        "a second person confirms it",
        Tried("tests/attacks/test_puppets.py::test_a_deputy_who_keeps_the_account_needs_somebody_else"),
        ATTESTED,
    ),
    row(
        "waiting.check_operator_confirms",
        "one of the leadership of `…` confirms it",
        "an operator confirms at the command line",
        ATTESTED,
        Cli(_an_operator_alone),
    ),
    row(
        "waiting.check_operator_confirms",
        "a second operator confirms it",
        "an operator confirms at the command line",
        ATTESTED,
        Cli(
            lambda run, said: run(
                "confirm",
                run("appoint", "--position", "director", "--name", "Người Thử", *said, "--json").json["id"],
                *said[-4:],
            )
        ),
    ),
    row(
        "waiting.check_reason",
        "say why",
        "the body has a reason: refused before there is an act, with the same code",
        NO_SHEET,
    ),
    row(
        "waiting.check_decision",
        "the decision has a number, an issuer and a file",
        "the operator enters such a decision, at the command line",
        NO_SHEET,
        "an empty word is refused where it is read, with the same code (`words.line`)",
    ),
    row(
        "waiting.check_decision",
        "the decision is not of the future",
        "the operator enters such a decision, at the command line",
        NO_SHEET,
        Cli(
            lambda run, said: run(
                "release", "--position", "director", *said[:2], "--decision-date", "02/01/2098", *said[4:]
            )
        ),
    ),
    row(
        "waiting.check_one_named",
        "name a new person or one of the register, one of them",
        "the operator enters such a decision, at the command line",
        NO_SHEET,
        Cli(lambda run, said: run("appoint", "--position", "director", *said)),
    ),
    row(
        "waiting.check_appointed",
        "no confirmed appointment of an operator",
        "the operator fetches the codes, at the command line",
        NO_SHEET,
        Cli(
            lambda run, said: run(
                "confirm",
                run("appoint", "--position", "director", "--name", "Người Thử", *said, "--json").json["id"],
                "--links",
                *said[-4:],
            )
        ),
    ),
    row(
        "common_passwords.check_not_common",
        "that password is among the first that are tried; take words that nobody puts together",
        post(TEACHER, "me/password", {"password": PASSWORD, "new_password": "Password@12345"}),
        NO_SESSION,
        "the operator sets no password",
    ),
    row(
        "sign_in.check_password",
        "a password without a second factor has at least … characters of … classes among capital letters, "
        "small letters, digits and others",
        post(TEACHER, "me/password", {"password": PASSWORD, "new_password": "ngắn hơn"}),
        NO_SESSION,
        "the operator sets no password",
    ),
    row(
        "sign_in.check_password",
        "a password beside a second factor has at least … characters",
        "the door refuses fewer than 8 characters first; a pack may ask for more (tests/domain/test_sign_in_rules)",
        NO_SESSION,
        "the operator sets no password",
    ),
    row(
        "clock.check_accepted",
        "the register recorded something later than now: that is mended, not accepted",
        MACHINE,
        MACHINE,
        MENDED,
    ),
    row(
        "clock.check_mended",
        "nothing was recorded later than now: there is nothing to mend",
        MACHINE,
        MACHINE,
        MENDED,
    ),
]
