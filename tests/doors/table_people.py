"""Rows about accounts, custody, recovery, who acts, what waits for a second person, and software."""

from __future__ import annotations

from typing import Any

from managing import ADMIN, NOW, OFFICE_ADMIN, OTHER, PRINCIPAL, ROOT_ADMIN, TEACHER, Managed

from doors.cells import (
    ATTESTED,
    ENTERS,
    MOVED,
    NO_SESSION,
    NOBODY_ACTS,
    OWN_WORDS,
    Api,
    Tried,
    again,
    asked,
    both,
    change,
    post,
    row,
)
from doors.stories import OPEN_VACANT, TAKE_BACK_VACANT, custody_body
from world import OFFICE, PASSWORD, SCHOOL


def account(who: str = ADMIN, kind: str = "use", unit: str = SCHOOL, key: str | None = None) -> Api:
    """An account is asked for."""
    return asked(
        who,
        "accounts",
        lambda m: {
            "unit": unit,
            "kind": kind,
            "username": "000.moi.them",
            "person": None if key is None else m.person(key).person,
        },
    )


def of(m: Managed, key: str) -> str:
    """Somebody's account."""
    return str(m.person(key).account)


def admin_of(m: Managed, unit: str) -> str:
    """A unit's admin account."""
    return str(m.world.admins[unit].account)  # type: ignore[index]


def _campus(m: Managed) -> Any:
    unit = {"id": "0003105", "kind": "campus", "name": "Điểm trường Thử", "manager": SCHOOL, "basis": "01/QĐ"}
    m.post(ADMIN, "units", unit | {"levels": ["lower_secondary"]})
    return account(ADMIN, "admin", "0003105").send(m)


def _transfer(m: Managed) -> Any:
    duty = {"person": m.person("ngoai").person, "unit": OFFICE, "position": "it_officer"}
    decided = {"decision_number": "1", "decision_date": "2026-08-01", "valid_from": NOW}
    m.post(OFFICE_ADMIN, "assignments", duty | decided)
    return m.post(OFFICE_ADMIN, f"accounts/{of(m, 'ngoai')}/transfer", {"to": OFFICE, "basis": "1"})


def _for_oneself(m: Managed) -> Any:
    duty = {"person": m.person(f"head:{SCHOOL}").person, "unit": SCHOOL, "position": "librarian"}
    decided = {"decision_number": "1", "decision_date": "2026-08-01", "valid_from": NOW}
    return m.post(ADMIN, "assignments", duty | decided)


def _bare_unit(m: Managed) -> Any:
    unit = {"id": "0003106", "kind": "school", "name": "Trường Thử Ba", "manager": OFFICE, "basis": "01/QĐ"}
    m.post(OFFICE_ADMIN, "units", unit | {"levels": ["lower_secondary"]})
    named = {"school_year": "2026-2027", "code": "6A", "name": "6A", "level": "lower_secondary", "grade": "6"}
    return m.post(OFFICE_ADMIN, "classes", {"school": "0003106", **named})


def _to_head(m: Managed) -> dict[str, Any]:
    return {"receiver": m.person(f"head:{SCHOOL}").person, "dated": "2026-08-20"}


def _minutes_for_oneself(m: Managed) -> Any:
    body = m.handover("moi", "6B")
    return m.post(ADMIN, "handovers", body | {"receiver": m.person(f"head:{SCHOOL}").person})


NOT_AT_THE_COMMAND_LINE = "the operator acts for no office and has no session"


ALL_THREE = "every pack of the product lets all three operate it; another one is played in tests/domain"
ACCOUNTS = [
    row(
        "accounts.check_account",
        "the person has no duty in `…`",
        account(OFFICE_ADMIN, unit=OFFICE, key="moi"),
        OWN_WORDS,
    ),
    row(
        "accounts.check_only_account",
        "a use account belongs to a person",
        account(),
        "the sheet says that the cell is empty (test_import_faults)",
    ),
    row(
        "accounts.check_only_account",
        "the person has an account",
        account(key="gvcn"),
        again("accounts", 2, code="x", username="x"),
    ),
    row(
        "accounts._check_admin_account",
        "an admin account is the unit's, not a person's",
        "the act leaves the person out where the account is a unit's",
        change("accounts", 0, person="000000000003"),
    ),
    row(
        "accounts._check_admin_account",
        "that kind of unit has no admin account",
        Api(_campus),
        both(
            again("units", 1, code="3111305009", kind="campus"),
            again("edges", 0, unit="3111305009", manager="3111305001"),
            again("accounts", 0, code="x", username="x", unit="3111305009"),
        ),
    ),
    row(
        "accounts._check_admin_account",
        "`…` has its admin account",
        account(OFFICE_ADMIN, "admin"),
        again("accounts", 0, code="x", username="x"),
    ),
    row(
        "accounts.check_release",
        "only a person's account moves to another unit",
        asked(PRINCIPAL, lambda m: f"accounts/{admin_of(m, SCHOOL)}/release", {"to": OTHER, "basis": "1"}),
        ENTERS,
    ),
    row(
        "accounts.check_release",
        "the person has no duty in `…`",
        asked(ADMIN, lambda m: f"accounts/{of(m, 'gvcn')}/release", {"to": OTHER, "basis": "1"}),
        ENTERS,
    ),
    row(
        "accounts.check_release",
        "`…` answers for that account",
        asked(ADMIN, lambda m: f"accounts/{of(m, 'gvcn')}/release", {"to": SCHOOL, "basis": "1"}),
        ENTERS,
    ),
    row("accounts.check_transfer", "a unit above both enters a transfer", Api(_transfer), ENTERS),
    row(
        "accounts.check_transfer_named",
        "a transfer names its decision",
        "the body has a basis: refused before there is an act, with the same code",
        ENTERS,
    ),
]


RACE = "the door asks the session before the act: only what changes between the two meets it (test_http_races)"
ACTING = [
    row(
        "acting.check_personal",
        "…",
        post(ADMIN, "returns", {"unit": SCHOOL}),
        NOBODY_ACTS,
        NOT_AT_THE_COMMAND_LINE,
    ),
    row(
        "acting.check_not_oneself",
        "…",
        Api(_for_oneself),
        NOBODY_ACTS,
        NOT_AT_THE_COMMAND_LINE,
    ),
    row(
        "acting.check_not_own_account",
        "…",
        asked(ADMIN, lambda m: f"accounts/{admin_of(m, SCHOOL)}/suspend", {"reason": "thử"}),
        NOBODY_ACTS,
        NOT_AT_THE_COMMAND_LINE,
    ),
    row(
        "acting.check_operates",
        "that takes the admin account of `…`",
        post(TEACHER, "persons", {"name": "Người Thử"}),
        NOBODY_ACTS,
        NOT_AT_THE_COMMAND_LINE,
    ),
    row(
        "acting.check_operates",
        "nobody operates the admin account of `…`",
        Api(_bare_unit),
        NOBODY_ACTS,
        NOT_AT_THE_COMMAND_LINE,
    ),
    row(
        "acting.check_operates",
        "somebody operates the account of `…`",
        Tried(
            "tests/attacks/test_custody_stories.py::test_where_the_account_is_vacant_or_taken_that_is_what_is_said"
        ),
        NOBODY_ACTS,
        NOT_AT_THE_COMMAND_LINE,
    ),
    row(
        "acting.check_acts_for",
        "only `…` or a unit above it may do that",
        asked(TEACHER, lambda m: f"accounts/{of(m, 'moi')}/release", {"to": OTHER, "basis": "1"}),
        NOBODY_ACTS,
        NOT_AT_THE_COMMAND_LINE,
    ),
    row(
        "acting.check_manages",
        "`…` does not manage `…`",
        post(ROOT_ADMIN, "authorities", {"unit": SCHOOL, "basis": "1"}),
        NOBODY_ACTS,
        NOT_AT_THE_COMMAND_LINE,
    ),
    row(
        "acting.check_named_beside",
        "a unit above both decides",
        post(ADMIN, f"units/{SCHOOL}/manager", {"manager": OTHER, "basis": "1", "on": "2026-08-20"}),
        NOBODY_ACTS,
        NOT_AT_THE_COMMAND_LINE,
    ),
    row(
        "acting.check_named_beside",
        "no unit `…`",
        post(ROOT_ADMIN, f"units/{SCHOOL}/manager", {"manager": "0009", "basis": "1", "on": "2026-08-20"}),
        NOBODY_ACTS,
        NOT_AT_THE_COMMAND_LINE,
    ),
    row("acting.check_issues", "…", account(OFFICE_ADMIN, key="gvcn"), NOBODY_ACTS, NOT_AT_THE_COMMAND_LINE),
    row(
        "acting.answering_unit",
        "nobody in the register is above the root",
        asked(PRINCIPAL, lambda m: f"accounts/{admin_of(m, '00031')}/recover", {"password": PASSWORD}),
        NOBODY_ACTS,
        NOT_AT_THE_COMMAND_LINE,
    ),
    row("acting.check_stands", "the session was ended meanwhile", RACE, NO_SESSION, NOT_AT_THE_COMMAND_LINE),
    row("acting.check_stands", "the account was stopped meanwhile", RACE, NO_SESSION, NOT_AT_THE_COMMAND_LINE),
    row(
        "acting.check_keeps",
        "nobody operates the admin account of `…`",
        RACE,
        NO_SESSION,
        NOT_AT_THE_COMMAND_LINE,
    ),
    row("acting.check_keeps", "somebody else operates the account now", RACE, NO_SESSION, NOT_AT_THE_COMMAND_LINE),
    row("acting.check_keeps", "the person was stopped meanwhile", RACE, NO_SESSION, NOT_AT_THE_COMMAND_LINE),
]


CUSTODY = [
    row(
        "custody.check_custody",
        "this policy lets no `…` operate it",
        ALL_THREE,
        ALL_THREE,
    ),
    row(
        "custody.check_custody",
        "an officer may not hand the account on",
        Tried("tests/attacks/test_accounts_and_custody.py::test_an_officer_does_not_hand_the_account_on"),
        ATTESTED,
    ),
    row(
        "custody.check_custody",
        "somebody operates the admin account of `…`",
        asked(OFFICE_ADMIN, f"units/{SCHOOL}/custody", _to_head),
        OWN_WORDS,
    ),
    row(
        "custody.check_custody",
        "`…` does not hand over that account",
        asked(ROOT_ADMIN, f"units/{SCHOOL}/custody", lambda m: custody_body(m, "van-thu")),
        MOVED,
    ),
    row(
        "custody.check_opening",
        "nobody operates the admin account of `…`",
        OPEN_VACANT,
        ATTESTED,
        NOT_AT_THE_COMMAND_LINE,
    ),
    row(
        "custody.check_opening",
        "somebody operates the admin account of `…`",
        post(TEACHER, f"units/{SCHOOL}/custody/open", {"password": PASSWORD}),
        ATTESTED,
        NOT_AT_THE_COMMAND_LINE,
    ),
    row(
        "custody.check_opening",
        "the account did not come back unopened",
        post(PRINCIPAL, f"units/{SCHOOL}/custody/open", {"password": PASSWORD}),
        ATTESTED,
        NOT_AT_THE_COMMAND_LINE,
    ),
    row(
        "custody.check_taking_back",
        "only the head of `…` or a unit above takes it back",
        Tried("tests/attacks/test_accounts_and_custody.py::test_a_deputy_takes_nothing_from_the_head"),
        ENTERS,
        NOT_AT_THE_COMMAND_LINE,
    ),
    row(
        "custody.check_taking_back",
        "nobody operates the account of `…`",
        TAKE_BACK_VACANT,
        ENTERS,
        NOT_AT_THE_COMMAND_LINE,
    ),
    row(
        "custody.check_taking_back",
        "hand it over in writing instead",
        post(PRINCIPAL, f"units/{SCHOOL}/custody/take-back"),
        ENTERS,
        NOT_AT_THE_COMMAND_LINE,
    ),
    row(
        "custody.check_resuming",
        "the last duty ended; a new one comes first",
        Tried("tests/attacks/test_custody_stories.py::test_a_leaver_is_not_resumed_without_a_duty"),
        ENTERS,
    ),
    row(
        "custody.check_giver_prepared_nothing",
        "who operated the admin account then does not sign as giver",
        Tried(
            "tests/attacks/test_custody_stories.py::test_a_deputy_who_is_custodian_signs_nothing_that_they_prepared"
        ),
        ATTESTED,
    ),
    row(
        "custody.check_not_for_themselves",
        "a custodian prepares nothing for themselves",
        Api(_minutes_for_oneself),
        NOBODY_ACTS,
    ),
    row(
        "custody.check_preparer",
        "nobody operates the admin account of `…`",
        "asked only where somebody operates it: `effects.as_preparing`",
        NOBODY_ACTS,
    ),
    row(
        "custody.check_preparer",
        "that takes the admin account of `…`",
        "asked only where the head prepares for the custodian: `effects.as_preparing`",
        NOBODY_ACTS,
    ),
]
