"""Handing down over HTTP: authorities, minutes, grants, renewals, confirmation."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from managing import (
    ADMIN,
    END,
    NOW,
    OFFICE_ADMIN,
    OFFICE_HEAD,
    OTHER,
    OUTSIDER,
    PRINCIPAL,
    ROOT_ADMIN,
    TEACHER,
    Managed,
    managing,
)

from world import CLASS_6A, CLASS_6B, OFFICE, SCHOOL


@pytest.fixture
def managed(tmp_path: Path) -> Iterator[Managed]:
    with managing(tmp_path) as found_:
        yield found_


def grant_of(managed: Managed, who: str = TEACHER) -> str:
    [grant] = managed.seen(who, "me")["grants"]
    identifier: str = grant["id"]
    return identifier


def authority_of(managed: Managed, unit: str) -> str:
    [authority] = managed.seen(ROOT_ADMIN, f"units/{unit}/authorities")["authorities"]
    identifier: str = authority["id"]
    return identifier


def test_minutes_signed_by_both_and_a_commitment_make_a_grant_effective(managed: Managed) -> None:
    prepared = managed.made(ADMIN, "handovers", managed.handover("moi", "6B"))
    [line] = prepared["grants"]
    assert (line["role"], line["activated_at"], line["valid_to"]) == (
        "homeroom_teacher",
        None,
        "2027-07-31T17:00:00Z",
    )
    assert line["scope"]["classes"] == [{"class": CLASS_6B, "subject": None}]
    assert line["scope"]["levels"] == ["lower_secondary"]
    assert prepared["commitment"]["kind"] == "commitment"
    minutes, commitment = prepared["document"]["id"], prepared["commitment"]["id"]
    [giver] = managed.sign(PRINCIPAL, minutes)
    assert (giver["state"], giver["signature"]["capacity"]) == ("awaiting_receiver", "head")
    assert giver["signature"]["label"] == "xác nhận của hệ thống"
    first, second = managed.sign("000.moi", minutes, commitment)
    assert (first["activated"], second["activated"]) == ([], [line["id"]])
    assert managed.seen("000.moi", f"grants/{line['id']}")["state"] == "effective"


def test_a_draft_waits_for_nobody(managed: Managed) -> None:
    prepared = managed.made(ADMIN, "handovers", managed.handover("moi", "6B") | {"draft": True})
    assert prepared["document"]["state"] == "draft"
    assert managed.made(ADMIN, f"documents/{prepared['document']['id']}/submit")["state"] == "awaiting_giver"


def test_supplementary_minutes_replace_a_line_once_both_have_signed(managed: Managed) -> None:
    old = grant_of(managed)
    prepared = managed.hand_over(managed.handover(replaces=old, categories=["STU-ATT"]), TEACHER)
    assert prepared["document"]["kind"] == "supplementary_minutes"
    assert managed.seen(TEACHER, f"grants/{old}")["ended_as"] == "superseded"
    new = managed.seen(TEACHER, f"grants/{prepared['grants'][0]['id']}")
    assert (new["state"], new["replaces"], new["scope"]["categories"]) == ("effective", old, ["STU-ATT"])


def test_a_principal_receives_from_the_office_over_the_school(managed: Managed) -> None:
    head = managed.person(f"head:{SCHOOL}")
    body = {
        "unit": OFFICE,
        "receiver": head.person,
        "dated": "2026-08-20",
        "lines": [
            {
                "role": "principal",
                "assignment": head.duty,
                "scope_unit": SCHOOL,
                "levels": ["lower_secondary"],
                "valid_from": NOW,
                "valid_to": "2027-07-01T00:00:00+07:00",
            }
        ],
    }
    prepared = managed.made(OFFICE_ADMIN, "handovers", body)
    assert prepared["grants"][0]["scope"]["unit"] == SCHOOL
    [signed] = managed.sign(OFFICE_HEAD, prepared["document"]["id"])
    assert signed["state"] == "awaiting_receiver"


def test_an_authority_is_given_narrowed_suspended_and_withdrawn(managed: Managed) -> None:
    authority = authority_of(managed, SCHOOL)
    grant = grant_of(managed)
    managed.made(OFFICE_ADMIN, f"authorities/{authority}/suspend", {"reason": "thử"})
    assert managed.seen(TEACHER, f"grants/{grant}")["state"] == "suspended"
    [listed] = managed.seen(ADMIN, f"units/{SCHOOL}/authorities")["authorities"]
    assert listed["suspended"] is True
    managed.made(OFFICE_ADMIN, f"authorities/{authority}/resume")
    narrow = {"scope": {"unit": SCHOOL, "levels": ["lower_secondary"], "grades": ["6"]}, "valid_to": END}
    narrowed = managed.made(OFFICE_ADMIN, f"authorities/{authority}/narrow", narrow)
    assert narrowed["scope"]["grades"] == ["6"]
    assert managed.seen(TEACHER, f"grants/{grant}")["state"] == "effective"
    narrow["scope"]["grades"] = ["9"]  # type: ignore[index]
    managed.refused(OFFICE_ADMIN, f"authorities/{authority}/narrow", narrow, 403, "wider_than_authority")
    assert managed.made(OFFICE_ADMIN, f"authorities/{authority}/withdraw")["valid_to"] is not None
    assert managed.seen(TEACHER, f"grants/{grant}")["ended_as"] == "authority_withdrawn"
    given = managed.made(
        OFFICE_ADMIN,
        "authorities",
        {"unit": SCHOOL, "scope": {"unit": SCHOOL, "levels": ["lower_secondary"]}, "basis": "03/QĐ"},
    )
    assert (given["unit"], given["scope"]["grades"]) == (SCHOOL, None)


def test_a_grant_is_narrowed_suspended_and_revoked(managed: Managed) -> None:
    grant = grant_of(managed)
    scope = {"unit": SCHOOL, "classes": [{"class": CLASS_6A}], "categories": ["STU-ATT"]}
    until = {"scope": scope, "valid_to": "2026-12-31T00:00:00+07:00"}
    grant = managed.made(ADMIN, f"grants/{grant}/narrow", until)["id"]
    wider = {"scope": {**scope, "categories": ["STU-ATT", "STU-ACA"]}, "valid_to": "2026-12-31T00:00:00+07:00"}
    managed.refused(ADMIN, f"grants/{grant}/narrow", wider, 403, "wider_than_authority")
    managed.made(PRINCIPAL, f"grants/{grant}/suspend", {"reason": "Nghỉ phép"})
    assert managed.seen(TEACHER, f"grants/{grant}")["state"] == "suspended"
    managed.refused(TEACHER, f"grants/{grant}/resume", None, 403, "self_service")
    managed.refused("000.moi", f"grants/{grant}/resume", None, 403, "forbidden")
    managed.made(PRINCIPAL, f"grants/{grant}/resume")
    revoked = managed.made(OFFICE_HEAD, f"grants/{grant}/revoke", {"reason": "Thu hồi"})
    assert revoked["ended_as"] == "revoked"
    managed.refused(ADMIN, f"grants/{grant}/revoke", {"reason": "Thu hồi"}, 409, "grant_ended")


def test_grants_are_whole_for_the_office_and_ones_own_for_staff(managed: Managed) -> None:
    managed.made(ADMIN, "handovers", managed.handover("moi", "6B"))
    assert len(managed.seen(PRINCIPAL, f"units/{SCHOOL}/grants")["grants"]) == 2
    own = managed.seen(TEACHER, f"units/{SCHOOL}/grants")["grants"]
    assert [g["id"] for g in own] == [grant_of(managed)]
    assert managed.get(OUTSIDER, f"grants/{grant_of(managed)}").status_code == 404


def test_a_new_school_year_brings_proposals_not_rights(managed: Managed) -> None:
    managed.hand_over(managed.handover("moi", "6B"), "000.moi")
    year = {"id": "2027-2028", "starts_on": "2027-08-01", "closes_on": "2028-08-01"}
    managed.made(ROOT_ADMIN, "school-years", year)
    class_ = {
        "school": SCHOOL,
        "school_year": "2027-2028",
        "code": "7A",
        "name": "7A",
        "level": "lower_secondary",
        "grade": "7",
    }
    managed.made(ADMIN, "classes", class_)
    duty = {
        "person": managed.person("gvcn").person,
        "unit": SCHOOL,
        "position": "homeroom",
        "decision_number": "000/QĐ",
        "decision_date": "2027-08-01",
        "valid_from": "2027-08-01T00:00:00+07:00",
        "classes": [{"class": f"{SCHOOL}:2027-2028:7A"}],
    }
    managed.made(ADMIN, "assignments", duty)
    body = {"school_year": "2027-2028", "number_prefix": "BB", "dated": "2027-08-01"}
    [result] = managed.made(ADMIN, f"units/{SCHOOL}/renewals", body)["results"]
    assert result["problem"] is None
    assert result["prepared"]["document"]["number"] == "01/BB"
    assert result["prepared"]["grants"][0]["activated_at"] is None
    assert managed.made(ADMIN, f"units/{SCHOOL}/renewals", body) == {"results": []}


def test_a_new_head_confirms_what_the_office_granted(managed: Managed) -> None:
    nothing = managed.seen(PRINCIPAL, f"units/{SCHOOL}/confirmations")
    assert (nothing["grants"], nothing["due_at"], nothing["overdue"]) == ([], None, False)
    world = managed.world
    world.clock.forward(days=1)
    managed.tokens.clear()
    old = managed.person(f"head:{SCHOOL}").duty
    managed.made(OFFICE_ADMIN, f"assignments/{old}/end", {"on": "2026-08-21", "decision_number": "009/QĐ"})
    world.hire("head-moi", SCHOOL, "principal", OFFICE)
    waiting = managed.seen("000.head-moi", f"units/{SCHOOL}/confirmations")
    assert [g["id"] for g in waiting["grants"]] == [grant_of(managed)]
    assert (waiting["overdue"], waiting["silence"]) == (False, "flag")
    assert managed.get(TEACHER, f"units/{SCHOOL}/confirmations").json()["code"] == "forbidden"
    world.clock.forward(days=40)
    managed.tokens.clear()
    assert managed.seen("000.head-moi", f"units/{SCHOOL}/confirmations")["overdue"] is True
    managed.refused(OFFICE_HEAD, f"units/{SCHOOL}/confirmations", None, 403, "signer_not_leader")
    assert managed.made("000.head-moi", f"units/{SCHOOL}/confirmations")["unit"] == SCHOOL
    after = managed.seen("000.head-moi", f"units/{SCHOOL}/confirmations")
    assert (after["grants"], after["overdue"]) == ([], False)
    assert after["confirmed_at"] is not None
    managed.refused("000.head-moi", f"units/{SCHOOL}/confirmations", None, 409, "duplicate")


def test_a_school_hands_nothing_to_another_schools_people(managed: Managed) -> None:
    outsider = managed.person("ngoai")
    body = managed.handover() | {"receiver": outsider.person}
    body["lines"][0]["assignment"] = outsider.duty
    body["lines"][0]["role"] = "clerk"
    del body["lines"][0]["classes"]
    managed.refused(ADMIN, "handovers", body, 403, "not_direct_manager")
    managed.refused(ADMIN, "handovers", body | {"unit": OTHER}, 404, "not_found", recorded=False)
