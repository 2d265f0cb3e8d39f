"""Rows about inspections, and about what takes authority and rights back."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from managing import ADMIN, NOW, OFFICE_ADMIN, PRINCIPAL, ROOT_ADMIN, TEACHER, Managed

from doors.cells import (
    ENTERS,
    NO_SHEET,
    Api,
    Tried,
    asked,
    line,
    post,
    row,
)
from doors.stories import (
    LIFTED_FROM_BELOW,
    REVOKED_AGAIN,
    REVOKED_NARROWED,
    REVOKED_SUSPENDED,
    SEVERAL_AUTHORITIES,
    UNSIGNED_NARROWED,
    WITHDRAWN_AGAIN,
    WITHDRAWN_SUSPENDED,
)
from doors.table_papers import AUTHORITY, LATER, signed
from world import OFFICE, SCHOOL


def held(m: Managed) -> str:
    """The homeroom teacher's grant."""
    [grant] = [g["id"] for g in m.seen(TEACHER, "me")["grants"] if g["role"] == "homeroom_teacher"][:1]
    return str(grant)


def narrowed(who: str, path: Any, scope: Any, **more: Any) -> Api:
    """A narrowing of a grant or an authority."""
    return asked(who, path, {"scope": scope, **more})


def authority_of(unit: str) -> Any:
    """The id of the unit's authority."""

    def find(m: Managed) -> str:
        who = {SCHOOL: OFFICE_ADMIN, OFFICE: ROOT_ADMIN, "00031": ROOT_ADMIN}[unit]
        return str(m.seen(who, f"units/{unit}/authorities")["authorities"][0]["id"])

    return find


def inspection(who: str = OFFICE_ADMIN, members: tuple[str, ...] = ("ngoai",), **changes: Any) -> Api:
    """A decision of the commune to inspect the school, bent."""

    def send(m: Managed) -> Any:
        body = {
            "dated": "2026-08-20",
            "units": [SCHOOL],
            "members": [m.person(key).person for key in members],
            "content": "kiểm tra",
            "valid_from": NOW,
            "valid_to": LATER,
            **changes,
        }
        return m.post(who, "inspections", body)

    return Api(send)


def _memberless(m: Managed) -> Any:
    person = m.made(ADMIN, "persons", {"name": "Người Thử Không Tài Khoản"})["id"]
    m.world.people["khong"] = replace(m.person("ngoai"), person=person)
    return inspection(members=("khong",)).send(m)


WIDE = {"unit": OFFICE}


OUTSIDE = "tests/attacks/test_members_from_outside.py::"
INSPECTED = "tests/usecases/test_inspected_dossiers.py::"
INSPECTIONS = [
    row(
        "inspecting.inspection_in_force",
        "no decision to inspect this unit `…`",
        Tried(f"{INSPECTED}test_nobody_names_a_decision_of_another_team_or_of_another_unit"),
        NO_SHEET,
    ),
    row(
        "inspecting.check_days_inspected",
        "the decision to inspect names a period that begins later",
        Tried(f"{INSPECTED}test_a_decision_gives_the_days_of_its_period_and_none_before"),
        NO_SHEET,
    ),
    row(
        "acting.check_inspectors",
        "that account inspects, and does nothing else",
        Tried(f"{OUTSIDE}test_the_account_does_nothing_but_inspect"),
        NO_SHEET,
    ),
    row(
        "inspecting.check_external",
        "a member from outside is named with the body that sends them and its decision",
        Tried(f"{OUTSIDE}test_a_member_from_outside_is_entered_whole_and_under_a_name_of_their_own"),
        NO_SHEET,
    ),
    row(
        "inspecting.external_account",
        "the decision is not signed yet",
        Tried(f"{OUTSIDE}test_the_code_is_the_deciding_units_to_give_once_the_head_has_signed"),
        NO_SHEET,
    ),
    row(
        "inspecting.check_admitted",
        "the account was opened, or is over",
        Tried(f"{OUTSIDE}test_the_code_is_the_deciding_units_to_give_once_the_head_has_signed"),
        NO_SHEET,
    ),
    row(
        "inspecting.check_team",
        "a decision names the units and the members",
        "the body has at least one of each: refused before there is an act, with the same code",
        NO_SHEET,
    ),
    row(
        "inspecting.check_team",
        "an inspection has a beginning and an end, at most … days apart",
        inspection(valid_to="2028-12-01T00:00:00+07:00"),
        NO_SHEET,
    ),
    row(
        "inspecting.check_team",
        "the period begins before the inspection ends",
        inspection(period_from="2027-01-01T00:00:00+07:00"),
        NO_SHEET,
    ),
    row("inspecting.check_inspected", "`…` is not below `…`", inspection(units=[OFFICE]), NO_SHEET),
    row(
        "inspecting.account_of_member",
        "a member has no use account",
        Api(_memberless),
        NO_SHEET,
    ),
    row(
        "inspecting.check_inspects",
        "no inspection in force",
        asked(OFFICE_ADMIN, lambda m: f"inspections/{signed(m)['id']}/end", {"reason": "thử"}),
        NO_SHEET,
    ),
    row("inspecting.pairs_to_inspect", "nobody inspects their own unit", inspection(members=("gvcn",)), NO_SHEET),
]


TAKING = [
    row(
        "taking.own_authority",
        "`…` holds no such authority now",
        line(authority="aut_0"),
        "a row names the authority that it rests on",
    ),
    row(
        "taking.own_authority",
        "`…` holds several authorities; name one",
        SEVERAL_AUTHORITIES,
        "a row names the authority that it rests on",
    ),
    row(
        "taking.check_term",
        "the authority ends before it begins",
        post(OFFICE_ADMIN, "authorities", AUTHORITY | {"valid_to": NOW}),
        "the sheet says of both dates of a row at once that one is not after the other (test_import_faults)",
    ),
    row(
        "taking.check_has_issuer",
        "the root's authority has no issuer in this register",
        asked(ROOT_ADMIN, lambda m: f"authorities/{authority_of('00031')(m)}/withdraw", None),
        ENTERS,
    ),
    row("taking.check_authority_stands", "the authority is not in force", WITHDRAWN_AGAIN, ENTERS),
    row(
        "taking.check_authority_narrowed",
        "narrowing does not widen; give a new authority",
        narrowed(OFFICE_ADMIN, lambda m: f"authorities/{authority_of(SCHOOL)(m)}/narrow", WIDE),
        ENTERS,
    ),
    row(
        "taking.check_authority_narrowed",
        "to end it now, withdraw it",
        narrowed(
            OFFICE_ADMIN,
            lambda m: f"authorities/{authority_of(SCHOOL)(m)}/narrow",
            {"unit": SCHOOL, "levels": ["lower_secondary"]},
            valid_to=NOW,
        ),
        ENTERS,
    ),
    row("taking.check_narrowable", "the grant is over", REVOKED_NARROWED, ENTERS),
    row(
        "taking.check_narrowable",
        "not signed yet; cancel its minutes instead",
        UNSIGNED_NARROWED,
        ENTERS,
    ),
    row(
        "taking.check_grant_narrowed",
        "widening takes supplementary minutes",
        narrowed(ADMIN, lambda m: f"grants/{held(m)}/narrow", WIDE),
        ENTERS,
    ),
    row(
        "taking.check_grant_narrowed",
        "to end it now, revoke it",
        narrowed(
            ADMIN,
            lambda m: f"grants/{held(m)}/narrow",
            {"unit": SCHOOL, "classes": [{"class": f"{SCHOOL}:2026-2027:6A"}]},
            valid_to=NOW,
        ),
        ENTERS,
    ),
    row(
        "taking.unit_above",
        "nobody is above the root",
        post(ROOT_ADMIN, "units/00031/suspend", {"reason": "thử"}),
        ENTERS,
    ),
    row(
        "taking.check_not_suspended",
        "`…` is suspended already",
        Tried("tests/api/manage/test_management_org.py::test_an_account_is_suspended_resumed_and_recovered"),
        ENTERS,
    ),
    row(
        "taking.check_suspended",
        "`…` is not suspended",
        asked(ADMIN, lambda m: f"grants/{held(m)}/resume", None),
        ENTERS,
    ),
    row("taking.own_to_lift", "a unit above ordered it; that unit resumes", LIFTED_FROM_BELOW, ENTERS),
    row(
        "taking.check_revoked_for",
        "a right is taken back with a reason",
        "the body has a reason: refused before there is an act, with the same code",
        ENTERS,
    ),
    row("taking.check_ended", "the grant is over", REVOKED_AGAIN, ENTERS),
    row(
        "taking.headship_to_confirm",
        "only the head of `…` confirms",
        post(TEACHER, f"units/{SCHOOL}/confirmations"),
        ENTERS,
    ),
    row(
        "taking.headship_to_confirm",
        "the time to confirm is over",
        Tried("tests/properties/test_rule_09_office_outlives.py::test_a_confirmation_after_the_limit_is_refused"),
        ENTERS,
    ),
    row(
        "taking.headship_to_confirm",
        "confirmed already",
        Api(
            lambda m: (
                m.post(PRINCIPAL, f"units/{SCHOOL}/confirmations"),
                m.post(PRINCIPAL, f"units/{SCHOOL}/confirmations"),
            )[1]
        ),
        ENTERS,
    ),
    row(
        "consequences.check_as_shown",
        "what this would end has changed since it was shown",
        asked(ADMIN, lambda m: f"grants/{held(m)}/revoke?as_shown={'0' * 64}", {"reason": "thử"}),
        ENTERS,
    ),
    row("moves.check_standing", "the grant is over", REVOKED_SUSPENDED, ENTERS),
    row("moves.check_standing", "`…` is over", WITHDRAWN_SUSPENDED, ENTERS),
]
