"""The organisation over HTTP: units, years, classes, people, duties; and who sees what of them."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from managing import (
    ADMIN,
    NOW,
    OFFICE_ADMIN,
    OFFICE_HEAD,
    OTHER,
    OTHER_ADMIN,
    OUTSIDER,
    PRINCIPAL,
    ROOT,
    ROOT_ADMIN,
    TEACHER,
    Managed,
    managing,
)

from world import OFFICE, PASSWORD, SCHOOL


@pytest.fixture
def managed(tmp_path: Path) -> Iterator[Managed]:
    with managing(tmp_path) as found_:
        yield found_


def duty(managed: Managed, person: str, position: str, unit: str = SCHOOL) -> dict[str, str]:
    return {
        "person": person,
        "unit": unit,
        "position": position,
        "decision_number": "000/QĐ",
        "decision_date": "2026-08-01",
        "valid_from": NOW,
    }


def test_a_unit_shows_its_chain_custodian_and_head(managed: Managed) -> None:
    unit = managed.seen(TEACHER, f"units/{SCHOOL}")
    head = managed.person(f"head:{SCHOOL}")
    assert (unit["name"], unit["kind"], unit["levels"]) == ("Trường THCS Thử", "school", ["lower_secondary"])
    assert (unit["manager"], unit["chain"], unit["suspended"]) == (OFFICE, [SCHOOL, OFFICE, ROOT], False)
    assert (unit["custodian"]["person"], unit["custodian"]["holder"]) == (head.person, "head")
    assert (unit["head"]["person"], unit["head"]["position"]) == (head.person, "principal")
    assert unit["head"]["name"] == f"Người Thử head:{SCHOOL}"


def test_a_caller_sees_the_units_below_their_own_and_no_siblings(managed: Managed) -> None:
    assert [u["id"] for u in managed.seen(OFFICE_ADMIN, f"units/{OFFICE}/units")["units"]] == [SCHOOL, OTHER]
    assert [u["id"] for u in managed.seen(TEACHER, f"units/{OFFICE}/units")["units"]] == [SCHOOL]


@pytest.mark.parametrize(
    "path", ["", "/units", "/classes", "/assignments", "/authorities", "/grants", "/documents", "/leaving-cases"]
)
def test_a_foreign_unit_is_missing(managed: Managed, path: str) -> None:
    foreign = managed.get(OUTSIDER, f"units/{SCHOOL}{path}")
    missing = managed.get(OUTSIDER, f"units/0009999{path}")
    assert foreign.status_code == missing.status_code == 404
    assert foreign.text.replace(SCHOOL, "ID") == missing.text.replace("0009999", "ID")


def test_a_unit_is_created_managed_and_moved(managed: Managed) -> None:
    body = {
        "id": "0003103",
        "kind": "school",
        "name": "Trường THCS Thử Ba",
        "levels": ["lower_secondary"],
        "manager": OFFICE,
        "basis": "000/QĐ",
    }
    assert managed.made(OFFICE_ADMIN, "units", body)["id"] == "0003103"
    edge = managed.made(
        ROOT_ADMIN, "units/0003103/manager", {"manager": ROOT, "basis": "001/QĐ", "on": "2026-08-21"}
    )
    assert (edge["manager"], edge["valid_from"]) == (ROOT, "2026-08-20T17:00:00Z")
    managed.world.clock.forward(days=1)
    managed.tokens.clear()
    assert managed.seen(ROOT_ADMIN, "units/0003103")["chain"] == ["0003103", ROOT]


def test_a_unit_takes_the_office_of_another(managed: Managed) -> None:
    body = {"successor": SCHOOL, "basis": "000/QĐ", "on": "2026-08-20"}
    done = managed.made(OFFICE_ADMIN, f"units/{OTHER}/succession", body)
    assert (done["predecessor"], done["successor"]) == (OTHER, SCHOOL)
    over = managed.seen(OFFICE_ADMIN, f"units/{OTHER}")
    assert over["chain"] == [OTHER, SCHOOL, OFFICE, ROOT]
    assert (over["custodian"], over["head"], over["valid_to"]) == (None, None, "2026-08-20T01:00:00Z")
    # What the old office had on paper is the successor's to read.
    assert managed.seen(PRINCIPAL, f"units/{OTHER}/documents") == {"documents": []}


def test_what_an_officer_enters_about_where_units_stand_waits(managed: Managed) -> None:
    """Asked first, it tells that it would wait; the confirmation, asked first, tells what it would end."""
    managed.world.hand_to_officer(OFFICE)
    managed.tokens.clear()
    passed = {"successor": SCHOOL, "basis": "000/QĐ", "on": "2026-08-20"}
    told = managed.made(OFFICE_ADMIN, f"units/{OTHER}/succession?dry_run=true", passed)
    assert [e["action"] for e in told["events"]] == ["waiting.prepare"]
    waits = managed.made(OFFICE_ADMIN, f"units/{OTHER}/succession", passed)
    said = {name: waits[name] for name in ("kind", "target", "unit", "office", "decision_number", "outcome")}
    here = {"target": OTHER, "unit": OTHER, "office": OFFICE, "decision_number": "000/QĐ", "outcome": None}
    assert said == {"kind": "succeed", **here}
    assert waits["what"] == {"successor": SCHOOL, "schools": {}, "archive": None, "on": "2026-08-20"}
    third = managed.world.add_unit("0003108", "school", "Trường Thử", managed.world.root)
    assert managed.seen(OFFICE_HEAD, "waiting-acts")["waiting_acts"] == [waits]
    path = f"waiting-acts/{waits['id']}/confirm"
    managed.refused(OFFICE_ADMIN, path, None, 403, "signer_not_leader")
    told = managed.made(OFFICE_HEAD, f"{path}?dry_run=true")
    assert "unit.succeed" in [e["action"] for e in told["events"]]
    assert managed.seen(OFFICE_HEAD, f"units/{OTHER}")["valid_to"] is None
    done = managed.made(OFFICE_HEAD, path)
    assert (done["outcome"], done["result"][:4]) == ("confirmed", "suc_")
    assert managed.seen(OFFICE_HEAD, f"units/{OTHER}")["valid_to"] is not None
    managed.world.hand_over_custody(managed.world.root, managed.person("focal"), managed.world.root)
    managed.tokens.clear()
    moved = {"manager": OFFICE, "basis": "001/QĐ", "on": "2026-08-21"}
    waits = managed.made(ROOT_ADMIN, f"units/{third}/manager", moved)
    assert (waits["kind"], waits["what"]) == ("move", {"manager": OFFICE, "on": "2026-08-21"})
    assert managed.seen(ROOT_ADMIN, f"units/{third}")["chain"] == [third, ROOT]


def test_a_unit_is_suspended_from_above_and_resumed(managed: Managed) -> None:
    managed.refused(ADMIN, f"units/{SCHOOL}/suspend", {"reason": "thử"}, 403, "forbidden")
    done = managed.made(OFFICE_ADMIN, f"units/{SCHOOL}/suspend", {"reason": "Kiểm tra an ninh"})
    assert (done["target"], done["unit"]) == (SCHOOL, OFFICE)
    assert managed.seen(TEACHER, f"units/{SCHOOL}")["suspended"] is True
    assert managed.seen(TEACHER, "me")["grants"][0]["state"] == "suspended"
    assert managed.made(OFFICE_ADMIN, f"units/{SCHOOL}/resume")["valid_to"] is not None
    assert managed.seen(TEACHER, "me")["grants"][0]["state"] == "effective"


def test_a_school_year_opens_and_closes(managed: Managed) -> None:
    year = {"id": "2027-2028", "starts_on": "2027-08-01", "closes_on": "2028-08-01"}
    managed.refused(ADMIN, "school-years", year, 403, "not_custodian")
    managed.made(ROOT_ADMIN, "school-years", year)
    assert [y["id"] for y in managed.seen(TEACHER, "school-years")["school_years"]] == ["2026-2027", "2027-2028"]
    managed.world.close_year()
    assert managed.seen(TEACHER, "me")["grants"][0]["state"] == "expired"
    again = {"reason": "lần nữa"}
    managed.refused(ROOT_ADMIN, "school-years/2026-2027/close", again, 409, "closed_year")
    assert managed.made(ROOT_ADMIN, "school-years/2026-2027/reopen", again)["kind"] == "reopen_year"


def test_classes_are_entered_and_listed(managed: Managed) -> None:
    body = {
        "school": SCHOOL,
        "school_year": "2026-2027",
        "code": "7/1",
        "name": "Lớp 7/1",
        "level": "lower_secondary",
        "grade": "7",
    }
    assert managed.made(ADMIN, "classes", body)["id"] == f"{SCHOOL}:2026-2027:7/1"
    listed = managed.seen(TEACHER, f"units/{SCHOOL}/classes", school_year="2026-2027")["classes"]
    assert [c["id"].split(":")[2] for c in listed] == ["6A", "6B", "7/1"]
    assert managed.seen(TEACHER, f"units/{SCHOOL}/classes", school_year="2030-2031") == {"classes": []}


def test_a_person_is_seen_by_the_units_of_their_duties(managed: Managed) -> None:
    teacher = managed.person("gvcn").person
    for who in (TEACHER, ADMIN, PRINCIPAL, OFFICE_ADMIN, ROOT_ADMIN):
        assert managed.seen(who, f"persons/{teacher}") == {"id": teacher, "name": "Người Thử gvcn"}
    for who in (OUTSIDER, OTHER_ADMIN):
        assert managed.get(who, f"persons/{teacher}").json()["code"] == "not_found"
    # A name composed or not is one name.
    new = managed.made(ADMIN, "persons", {"name": "  Người Thử  "})
    assert new["name"] == "Người Thử"
    assert managed.seen(ADMIN, f"persons/{new['id']}") == new
    assert managed.get(TEACHER, f"persons/{new['id']}").status_code == 404


def test_a_duty_ends_and_opens_a_leaving_case(managed: Managed) -> None:
    assignment = managed.person("gvcn").duty
    body = {"on": "2026-08-20", "decision_number": "000/QĐ"}
    case = managed.made(ADMIN, f"assignments/{assignment}/end", body)
    assert (case["assignment"], case["valid_to"]) == (assignment, None)
    assert managed.seen(ADMIN, f"units/{SCHOOL}/leaving-cases")["leaving_cases"] == [case]
    assert managed.seen("000.moi", f"units/{SCHOOL}/leaving-cases") == {"leaving_cases": []}
    account = managed.seen(OFFICE_ADMIN, f"accounts/{managed.person('gvcn').account}")
    assert account["state"] == "suspended"


def test_duties_are_whole_for_the_office_and_ones_own_for_staff(managed: Managed) -> None:
    whole = managed.seen(ADMIN, f"units/{SCHOOL}/assignments")["assignments"]
    assert {a["position"] for a in whole} == {"principal", "homeroom", "clerk"}
    own = managed.seen(TEACHER, f"units/{SCHOOL}/assignments")["assignments"]
    assert [a["id"] for a in own] == [managed.person("gvcn").duty]
    assert managed.seen(TEACHER, f"units/{OFFICE}/assignments") == {"assignments": []}


def test_a_substitute_and_a_replacement_cite_the_other_assignment(managed: Managed) -> None:
    absent = managed.person("gvcn").duty
    clerk = managed.person("van-thu").person
    classes = [{"class": f"{SCHOOL}:2026-2027:6A"}]
    body = duty(managed, clerk, "homeroom") | {"classes": classes}
    managed.refused(ADMIN, "assignments", body, 409, "duplicate")
    stand_in = managed.made(
        ADMIN, "assignments", body | {"substitutes": absent, "valid_to": "2026-09-20T00:00:00+07:00"}
    )
    assert (stand_in["substitutes"], stand_in["classes"]) == (absent, [{**classes[0], "subject": None}])
    assert managed.seen(TEACHER, "me")["grants"][0]["state"] == "suspended"
    managed.made(ADMIN, "assignments", body | {"replaces": absent})
    [grant] = managed.seen(ADMIN, f"units/{SCHOOL}/grants")["grants"]
    assert (grant["state"], grant["ended_as"]) == ("ended", "assignment_ended")


def test_accounts_are_seen_by_their_holder_and_their_offices(managed: Managed) -> None:
    account = managed.person("gvcn").account
    for who in (TEACHER, ADMIN, PRINCIPAL, OFFICE_ADMIN):
        assert managed.seen(who, f"accounts/{account}")["username"] == TEACHER
    for who in ("000.moi", OUTSIDER, OTHER_ADMIN):
        assert managed.get(who, f"accounts/{account}").status_code == 404


def test_an_account_is_suspended_resumed_and_recovered(managed: Managed) -> None:
    account = managed.person("gvcn").account
    managed.bearer(TEACHER)
    managed.made(ADMIN, f"accounts/{account}/suspend", {"reason": "thử"})
    assert managed.get(TEACHER, "me").status_code == 401
    managed.refused(ADMIN, f"accounts/{account}/suspend", {"reason": "thử"}, 409, "document_state")
    managed.made(ADMIN, f"accounts/{account}/resume")
    issued = managed.made(ADMIN, f"accounts/{account}/recover", managed.proof())
    assert issued["activation_until"] > "2026-08-20"
    waiting = issued["recovery"]["id"]
    [listed] = managed.seen(ADMIN, "recoveries")["recoveries"]
    assert (listed["id"], listed["state"]) == (waiting, "waiting")
    code = {"code": issued["activation_code"], "password": "Mật khẩu khôi phục 1"}
    early = managed.served.client.post("/v1/activations", json=code)
    assert (early.status_code, early.json()["code"]) == (409, "recovery_waiting")
    managed.refused(ADMIN, f"recoveries/{waiting}/approve", {"password": PASSWORD}, 403, "self_service")
    managed.made(OFFICE_HEAD, f"recoveries/{waiting}/approve", {"password": PASSWORD})
    managed.made(ADMIN, f"recoveries/{waiting}/stop", {"reason": "thử"})
    assert managed.served.client.post("/v1/activations", json=code).json()["code"] == "credentials_wrong"
    managed.refused(
        PRINCIPAL,
        f"accounts/{managed.person(f'head:{SCHOOL}').account}/recover",
        {"password": PASSWORD},
        403,
        "self_service",
    )


def test_custody_is_handed_over_in_writing_and_taken_back(managed: Managed) -> None:
    clerk = managed.person("van-thu")
    body = {"receiver": clerk.person, "dated": "2026-08-20"}
    minutes = managed.made(ADMIN, f"units/{SCHOOL}/custody", body)
    assert (minutes["kind"], minutes["state"]) == ("custody_minutes", "awaiting_giver")
    managed.sign(PRINCIPAL, minutes["id"])
    [signed] = managed.sign("000.van-thu", minutes["id"])
    assert signed["state"] == "signed"
    assert len(signed["activation_code"]) > 20
    assert managed.get(ADMIN, "me").status_code == 401
    unit = managed.seen(TEACHER, f"units/{SCHOOL}")
    assert (unit["custodian"]["person"], unit["custodian"]["holder"]) == (clerk.person, "officer")
    taken = managed.made(PRINCIPAL, f"units/{SCHOOL}/custody/take-back")
    assert taken["valid_to"] is not None
    managed.refused(PRINCIPAL, f"units/{SCHOOL}/custody/take-back", None, 403, "self_service")
    opened = managed.made(PRINCIPAL, f"units/{SCHOOL}/custody/open", {"password": PASSWORD})
    assert len(opened["activation_code"]) > 20
