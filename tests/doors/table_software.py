"""Rows about software and its papers: the one part that the command line and the token endpoint carry too."""

from __future__ import annotations

from typing import Any

from doors.cells import Cli, Tried, row
from doors.stories import ANOTHERS_ADDRESS, NO_ADDRESS


def approved(**changes: str) -> Cli:
    """Software of the department is entered and approved, bent."""

    def run_it(run: Any, said: Any) -> Any:
        entered = run("software", "add", "00031", *(part for pair in SOFTWARE.items() for part in pair), "--json")
        assert entered.status == 0, entered.err
        given = {
            "--number": "000/SGDĐT",
            "--dated": "02/01/2024",
            "--file": said[7],
            "--category": "STU-CON",
            "--until": "31/05/2098",
            "--purpose": "nhắn tin",
            "--agreement-number": "01/HĐ",
            "--agreement-dated": "02/01/2024",
            "--agreement-file": said[7],
            "--receiver-role": "processor",
            "--retention": "một năm",
            "--deletion": "xoá",
        } | {f"--{name.replace('_', '-')}": value for name, value in changes.items()}
        return run("software", "approve", entered.json["id"], *(part for pair in given.items() for part in pair))

    return Cli(run_it)


NO_SOFTWARE = "software comes by approval, never by import"
AT_TOKEN = "judged when the approval is recorded; a token rests on what was recorded, and is refused where it ended"
SOFTWARE = {
    "--name": "Phần mềm thử",
    "--supplier": "Công ty A",
    "--data-fields": "Họ và tên",
    "--data-scope": "Khối 6",
    "--frequency": "1 lần",
    "--method": "Tự động",
    "--cost": "Không",
    "--legal-standing": "Tự ký",
}


HANDED = "tests/usecases/tokens/test_authorizing.py::"
BY_PAGE = "people are signed in for a service by a page; no command does that"
HANDED_ON = Tried(HANDED + "test_only_a_person_s_own_account_is_signed_in_elsewhere_and_where_they_work")
RETURNS = Tried(HANDED + "test_an_address_that_browsers_read_in_two_ways_is_not_registered")
CONFIRMED = Tried("tests/attacks/test_software_papers.py::test_a_confirmation_that_says_too_little_is_none")
DELETED = Tried(
    "tests/attacks/test_software_papers.py::"
    "test_an_ended_approval_leaves_the_duty_to_confirm_that_the_data_is_deleted"
)
SAME_ACT = "the command calls the act of the API with the same rule (tests/cli/test_software_commands)"
OBLIGED = "a token rests on approvals in force; what is owed after them is a matter of people"
OPENED = Tried(
    "tests/attacks/test_observing_stories.py::"
    "test_only_the_department_opens_a_door_by_observing_and_only_below_whose_door_it_is"
)
LONGER = Tried("tests/attacks/test_observing_stories.py::test_observing_ends_and_a_way_back_never_makes_it_longer")
NOT_IMPORTED = "an observation comes by the department's act, never by import"
OBSERVED = "the command calls the act of the API with the same rule (tests/cli/test_observe_commands)"
NO_TOKEN = "observing changes what is done with an answer, and no token"
SOFTWARE_ROWS = [
    row(
        "service_sign_in.check_return_addresses",
        "a client registers at most … addresses of a kind",
        Tried("tests/attacks/test_signing_in_for_services.py::test_a_client_does_not_name_any_number_of_addresses"),
        NO_SOFTWARE,
        SAME_ACT,
        "an address is registered before anybody is sent to it",
    ),
    row(
        "service_sign_in.check_return_addresses",
        "an address to come back to is an https URL without user name, fragment or dot segment, and without a "
        "parameter that an answer adds",
        RETURNS,
        NO_SOFTWARE,
        SAME_ACT,
        "an address is registered before anybody is sent to it",
    ),
    row(
        "service_sign_in.check_may_be_handed_on",
        "only a person's own account is signed in elsewhere",
        HANDED_ON,
        NO_SOFTWARE,
        BY_PAGE,
        "a token is given for a code, and a code only to whom this rule lets",
    ),
    row(
        "service_sign_in.check_may_be_handed_on",
        "the service is another unit's: it signs in who works there",
        HANDED_ON,
        NO_SOFTWARE,
        BY_PAGE,
        "a token is given for a code, and a code only to whom this rule lets",
    ),
    row("obligations.check_deletion", "the approval has not ended", DELETED, NO_SOFTWARE, SAME_ACT, OBLIGED),
    row("obligations.check_deletion", "the deletion is confirmed", DELETED, NO_SOFTWARE, SAME_ACT, OBLIGED),
    row(
        "obligations.check_deletion",
        "the paper is of a day before the approval ended, or still to come",
        DELETED,
        NO_SOFTWARE,
        SAME_ACT,
        OBLIGED,
    ),
    row(
        "software.check_approval",
        "an approval names purpose, agreement, role of the receiver, retention and deletion",
        Tried(
            "tests/attacks/test_software_papers.py::"
            "test_an_approval_names_purpose_agreement_role_retention_and_deletion"
        ),
        NO_SOFTWARE,
        SAME_ACT,
        AT_TOKEN,
    ),
    row(
        "software.check_software_confirmation",
        "a security level is … to …",
        CONFIRMED,
        NO_SOFTWARE,
        SAME_ACT,
        AT_TOKEN,
    ),
    row(
        "software.check_software_confirmation",
        "the confirmation is over when it is recorded",
        CONFIRMED,
        NO_SOFTWARE,
        SAME_ACT,
        AT_TOKEN,
    ),
    row(
        "software.check_software_confirmation",
        "the data axis has no level",
        CONFIRMED,
        NO_SOFTWARE,
        SAME_ACT,
        AT_TOKEN,
    ),
    row(
        "software.check_software_confirmation",
        "the paper is dated later than today",
        CONFIRMED,
        NO_SOFTWARE,
        SAME_ACT,
        AT_TOKEN,
    ),
    row(
        "addresses.check_may_have",
        "the client names no address",
        NO_ADDRESS,
        NO_SOFTWARE,
        SAME_ACT,
        "an address is given before a token is asked for it",
    ),
    row(
        "addresses.check_may_have",
        "the department has given that address to other software; withdraw it there first",
        ANOTHERS_ADDRESS,
        NO_SOFTWARE,
        SAME_ACT,
        "an address is given before a token is asked for it",
    ),
    row(
        "software.check_preconditions",
        "the policy in force does not allow that: `…`",
        Tried("tests/attacks/test_software.py::test_raw_files_and_unready_software_get_no_approval"),
        NO_SOFTWARE,
        "`init` binds the pack base, which demands nothing of software; the act is the one of the API",
        AT_TOKEN,
    ),
    row(
        "software.check_approval",
        "the paper is dated later than today",
        Tried("tests/attacks/test_given_once_more.py::test_software_is_approved_by_no_paper_that_is_still_to_come"),
        NO_SOFTWARE,
        approved(dated="01/01/2098"),
        AT_TOKEN,
    ),
    row(
        "software.check_approval",
        "the agreement that an approval names is not younger than it",
        Tried("tests/attacks/test_given_once_more.py::test_software_is_approved_by_no_paper_that_is_still_to_come"),
        NO_SOFTWARE,
        approved(agreement_dated="03/01/2024"),
        AT_TOKEN,
    ),
    row(
        "software.check_approval",
        "the approval ends before it begins, or is over",
        Tried("tests/api/manage/test_management_software.py::test_refusals_have_their_own_codes"),
        NO_SOFTWARE,
        approved(until="02/01/2020"),
        AT_TOKEN,
    ),
    row(
        "software.check_approval",
        "no school year `…`",
        Tried("tests/attacks/test_software.py::test_what_the_paper_does_not_say_is_no_approval"),
        NO_SOFTWARE,
        approved(school_year="2097-2098"),
        AT_TOKEN,
    ),
    row(
        "software.check_approval",
        "the school year `…` is closed",
        Tried("tests/attacks/test_software.py::test_what_the_paper_does_not_say_is_no_approval"),
        NO_SOFTWARE,
        "no command opens a school year; the act is the one of the API",
        AT_TOKEN,
    ),
    row(
        "software.check_approval",
        "the method `…` is not for the action `…`",
        Tried("tests/api/manage/test_management_software.py::test_refusals_have_their_own_codes"),
        NO_SOFTWARE,
        "the command line takes the actions from the method",
        AT_TOKEN,
    ),
    row(
        "software.check_approval",
        "the policy in force approves no software",
        "every pack of the product has the role of software; a pack without it is played in tests/domain",
        NO_SOFTWARE,
        "every pack of the product has the role of software; a pack without it is played in tests/domain",
        AT_TOKEN,
    ),
    row(
        "software.period_of",
        "no school year has begun in this register, so the draw cannot be counted",
        "a draw is counted when a token is asked for",
        NO_SOFTWARE,
        "a draw is counted when a token is asked for",
        "the register of the scene has its school year; without one the draw is played in tests/domain",
    ),
    row(
        "observing.check_may_observe",
        "only an enforcement point that asks for decisions observes",
        OPENED,
        NOT_IMPORTED,
        OBSERVED,
        NO_TOKEN,
    ),
    row(
        "observing.check_may_observe",
        "the software is not of that unit nor of one above it",
        OPENED,
        NOT_IMPORTED,
        OBSERVED,
        NO_TOKEN,
    ),
    row(
        "observing.check_may_observe",
        "observing would be over when it begins",
        LONGER,
        NOT_IMPORTED,
        OBSERVED,
        NO_TOKEN,
    ),
    row(
        "observing.check_may_observe",
        "the client observes at that unit already",
        OPENED,
        NOT_IMPORTED,
        OBSERVED,
        NO_TOKEN,
    ),
    row(
        "observing.check_may_observe",
        "observing ends at most … days after it first began at the unit",
        LONGER,
        NOT_IMPORTED,
        OBSERVED,
        NO_TOKEN,
    ),
    row(
        "observing.find_running",
        "the client observes nothing at that unit",
        LONGER,
        NOT_IMPORTED,
        OBSERVED,
        NO_TOKEN,
    ),
]
