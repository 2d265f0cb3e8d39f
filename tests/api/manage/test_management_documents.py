"""Documents over HTTP: their life, their bytes, returns, inspections; the log and the packs in force."""

import hashlib
import itertools
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from managing import (
    ADMIN,
    DIRECTOR,
    OFFICE_ADMIN,
    OFFICE_HEAD,
    OTHER,
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


def proposed(managed: Managed) -> str:
    identifier: str = managed.made(ADMIN, "handovers", managed.handover("moi", "6B"))["document"]["id"]
    return identifier


def test_a_document_shows_the_exact_bytes_that_were_signed(managed: Managed) -> None:
    [grant] = managed.seen(TEACHER, "me")["grants"]
    document = managed.seen(TEACHER, f"documents/{grant['document']}")
    text = document["content_text"]
    assert hashlib.sha256(text.encode()).hexdigest() == document["sha256"]
    assert json.loads(text) == document["content"]
    assert document["content"]["lines"][0]["grant"] == grant["id"]
    assert (document["state"], document["version"]) == ("signed", 1)
    assert [(s["side"], s["capacity"]) for s in document["signatures"]] == [("giver", "head"), ("receiver", "self")]
    assert {s["label"] for s in document["signatures"]} == {"xác nhận của hệ thống"}
    assert {s["sha256"] for s in document["signatures"]} == {document["sha256"]}


def test_a_document_is_missing_for_those_it_does_not_concern(managed: Managed) -> None:
    document = proposed(managed)
    missing = managed.get(OUTSIDER, "documents/doc_0")
    foreign = managed.get(OUTSIDER, f"documents/{document}")
    assert foreign.status_code == missing.status_code == 404
    assert foreign.text.replace(document, "ID") == missing.text.replace("doc_0", "ID")


def test_documents_are_listed_by_state_and_ones_own_for_staff(managed: Managed) -> None:
    document = proposed(managed)
    listed = managed.seen(ADMIN, f"units/{SCHOOL}/documents", state="awaiting_giver")["documents"]
    assert [d["id"] for d in listed] == [document]
    own = managed.seen("000.moi", f"units/{SCHOOL}/documents")["documents"]
    assert {d["kind"] for d in own} == {"handover_minutes", "commitment"}
    assert managed.seen("000.van-thu", f"units/{SCHOOL}/documents") == {"documents": []}
    managed.world.clock.forward(days=40)
    managed.tokens.clear()
    lapsed = managed.seen(ADMIN, f"units/{SCHOOL}/documents", state="lapsed")["documents"]
    assert document in [d["id"] for d in lapsed]


def test_a_returned_document_takes_a_new_version_and_new_signatures(managed: Managed) -> None:
    document = proposed(managed)
    managed.sign(PRINCIPAL, document)
    returned = managed.made("000.moi", f"documents/{document}/return", {"reason": "Sai lớp"})
    assert (returned["state"], returned["reason"]) == ("returned", "Sai lớp")
    body = {"number": "02a/BB", "dated": "2026-08-21", "version": 1}
    revised = managed.made(ADMIN, f"documents/{document}/revise", body)
    assert (revised["version"], revised["number"], revised["state"]) == (2, "02a/BB", "awaiting_giver")
    managed.refused(ADMIN, f"documents/{document}/revise", body, 409, "stale_version")
    managed.sign(PRINCIPAL, document)
    shown = managed.seen(PRINCIPAL, f"documents/{document}")
    assert [s["version"] for s in shown["signatures"]] == [1, 2]


def test_a_declined_document_is_final(managed: Managed) -> None:
    document = proposed(managed)
    managed.sign(PRINCIPAL, document)
    managed.refused(PRINCIPAL, f"documents/{document}/decline", {"reason": "thử"}, 403, "forbidden")
    assert managed.made("000.moi", f"documents/{document}/decline", {"reason": "Không nhận"})["state"] == "declined"
    managed.refused(ADMIN, f"documents/{document}/cancel", {"reason": "thử"}, 409, "document_state")


def test_an_unsigned_document_is_cancelled_and_a_signed_one_withdrawn(managed: Managed) -> None:
    document = proposed(managed)
    assert managed.made(ADMIN, f"documents/{document}/cancel", {"reason": "Nhầm"})["state"] == "cancelled"
    [grant] = managed.seen(TEACHER, "me")["grants"]
    withdrawn = managed.made(OFFICE_HEAD, f"documents/{grant['document']}/withdraw", {"reason": "Huỷ"})
    assert withdrawn["state"] == "withdrawn"
    assert managed.seen(TEACHER, f"grants/{grant['id']}")["ended_as"] == "document_withdrawn"


def test_a_batch_answers_each_document_separately(managed: Managed) -> None:
    document = proposed(managed)
    shown = managed.seen(PRINCIPAL, f"documents/{document}")
    good = {"document": document, "version": 1, "sha256": shown["sha256"]}
    items = [
        {**good, "version": 2},
        {**good, "sha256": "0" * 64},
        {**good, "capacity": "KT."},
        {**good, "document": "doc_0"},
        good,
        good,
    ]
    managed.shown(PRINCIPAL, document)
    results = managed.made(PRINCIPAL, "signatures", {"password": PASSWORD, "documents": items})["results"]
    assert [r["problem"] and r["problem"]["code"] for r in results] == [
        "stale_version",
        "document_changed",
        "signer_no_capacity",
        "not_found",
        None,
        "signed_already",
    ]
    assert results[3]["problem"]["status"] == 404
    assert results[4]["signature"]["capacity"] == "head"


def test_a_commitment_is_prepared_by_the_person_who_makes_it(managed: Managed) -> None:
    made = managed.made("000.van-thu", "commitments", {"unit": SCHOOL})
    assert (made["kind"], made["state"]) == ("commitment", "awaiting_receiver")
    managed.refused("000.van-thu", "commitments", {"unit": SCHOOL}, 409, "duplicate")
    managed.refused(OUTSIDER, "commitments", {"unit": SCHOOL}, 404, "not_found", recorded=False)


def test_handing_back_ends_the_grants_at_the_declaration(managed: Managed) -> None:
    minutes = managed.made(TEACHER, "returns", {"unit": SCHOOL})
    assert minutes["kind"] == "return_minutes"
    managed.refused(TEACHER, "returns", {"unit": SCHOOL}, 409, "duplicate")
    managed.sign(TEACHER, minutes["id"])
    assert managed.seen(TEACHER, "me")["grants"][0]["ended_as"] == "returned"
    [countersigned] = managed.sign(PRINCIPAL, minutes["id"])
    assert countersigned["state"] == "signed"


def test_the_head_records_a_return_before_a_witness(managed: Managed) -> None:
    duty = managed.person("gvcn").duty
    case = managed.made(ADMIN, f"assignments/{duty}/end", {"on": "2026-08-20", "decision_number": "000/QĐ"})
    path = f"leaving-cases/{case['id']}/record-return"
    witness = managed.person("van-thu").person
    own = {"witness": managed.person(f"head:{SCHOOL}").person}
    managed.refused(PRINCIPAL, path, own, 403, "self_service")
    prepared = managed.made(PRINCIPAL, path, {"witness": witness})
    assert prepared["state"] == "awaiting_giver"
    [signed] = managed.sign(PRINCIPAL, prepared["id"])
    assert (signed["state"], signed["signature"]["side"]) == ("awaiting_receiver", "giver")
    [witnessed] = managed.sign("000.van-thu", signed["document"])
    assert (witnessed["state"], witnessed["signature"]["side"]) == ("signed", "witness")
    [closed] = managed.seen(ADMIN, f"units/{SCHOOL}/leaving-cases")["leaving_cases"]
    assert closed["document"] == signed["document"]


def inspection(managed: Managed, **changes: Any) -> dict[str, Any]:
    return {
        "dated": "2026-08-20",
        "units": [SCHOOL],
        "members": [managed.person("ngoai").person],
        "content": "Kiểm tra hồ sơ phân quyền",
        "valid_from": "2026-08-20T00:00:00+07:00",
        "valid_to": "2026-09-20T00:00:00+07:00",
    } | changes


def test_an_inspection_begins_by_signed_decision_and_ends(managed: Managed) -> None:
    decision = managed.made(OFFICE_ADMIN, "inspections", inspection(managed))
    [signed] = managed.sign(OFFICE_HEAD, decision["id"])
    assert (signed["state"], len(signed["activated"])) == ("signed", 1)
    assert managed.seen(OUTSIDER, "me")["grants"][0]["role"] == "inspector"
    managed.refused(PRINCIPAL, f"inspections/{decision['id']}/end", {"reason": "thử"}, 403, "forbidden")
    ended = managed.made(OFFICE_ADMIN, f"inspections/{decision['id']}/end", {"reason": "Xong"})
    assert ended["state"] == "withdrawn"
    assert managed.seen(OUTSIDER, "me")["grants"][0]["ended_as"] == "inspection_ended"


def test_nobody_inspects_their_own_unit(managed: Managed) -> None:
    body = inspection(managed, members=[managed.person("gvcn").person])
    managed.refused(OFFICE_ADMIN, "inspections", body, 403, "self_service")
    managed.refused(ADMIN, "inspections", inspection(managed, units=[OTHER]), 404, "not_found", recorded=False)


def test_the_log_is_the_departments_and_holds_together(managed: Managed) -> None:
    for who in (ADMIN, TEACHER, PRINCIPAL, OFFICE_ADMIN, OFFICE_HEAD):
        answer = managed.get(who, "events")
        assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
    managed.bearer(DIRECTOR)
    managed.bearer(ROOT_ADMIN)
    page = managed.seen(DIRECTOR, "events", limit=1000)
    seen = page["events"]
    assert [e["seq"] for e in seen] == list(range(1, len(managed.log()) + 1))
    assert page["next_after"] is None
    for before, after in itertools.pairwise(seen):
        assert after["previous"] == before["hash"] == hashlib.sha256(before["canonical"].encode()).hexdigest()
    part = managed.seen(ROOT_ADMIN, "events", after=seen[3]["seq"], limit=2)
    assert [e["seq"] for e in part["events"]] == [5, 6]
    assert part["next_after"] == 6
    [signed] = managed.seen(ROOT_ADMIN, "events", action="register.init")["events"]
    assert signed["target"] == "thu-nghiem"
    assert managed.seen(ROOT_ADMIN, "events", target="không-có") == {"events": [], "next_after": None}


def test_the_log_names_ids_only(managed: Managed) -> None:
    managed.bearer(ROOT_ADMIN)
    text = managed.get(ROOT_ADMIN, "events", limit=1000).text
    assert "Người Thử" not in text
    assert TEACHER not in text


def test_the_register_shows_its_revision_and_packs(managed: Managed) -> None:
    shown = managed.seen(TEACHER, "register")
    assert (shown["id"], shown["revision"][0]) == ("thu-nghiem", "r")
    assert [(b["unit"], b["pack"]) for b in shown["pack_bindings"]] == [(ROOT, "base")]


def test_a_pack_is_the_operators_to_bind(managed: Managed) -> None:
    """A1: no custodian binds a pack, to the root or to a unit below."""
    body = {"unit": OFFICE, "pack": "hai-phong", "on": "2026-09-01"}
    managed.refused(OFFICE_ADMIN, "pack-bindings", body, 403, "not_custodian")
    managed.refused(ROOT_ADMIN, "pack-bindings", body, 403, "operator_only")
    managed.refused(ROOT_ADMIN, "pack-bindings", body | {"unit": ROOT}, 403, "operator_only")
    managed.refused(ROOT_ADMIN, "pack-bindings", body | {"unit": "0009999"}, 404, "not_found", recorded=False)


def test_what_waits_is_listed_and_confirmed_in_a_personal_session(managed: Managed) -> None:
    """J: a school year is closed early by two people, with a reason; `{}` closes nothing."""
    year = "school-years/2026-2027"
    managed.refused(ROOT_ADMIN, f"{year}/close", {}, 422, "invalid", recorded=False)
    waits = managed.made(ROOT_ADMIN, f"{year}/close", {"reason": "kết chuyển sớm"})
    assert (waits["kind"], waits["office"], waits["outcome"]) == ("close_year", ROOT, None)
    listed = managed.seen(ROOT_ADMIN, "waiting-acts")["waiting_acts"]
    assert [a["id"] for a in listed] == [waits["id"]]
    assert managed.seen(TEACHER, "waiting-acts")["waiting_acts"] == []
    managed.refused(ROOT_ADMIN, f"waiting-acts/{waits['id']}/confirm", None, 403, "signer_not_leader")
    managed.refused(TEACHER, f"waiting-acts/{waits['id']}/confirm", None, 403, "signer_not_leader")
    assert managed.made(ROOT_ADMIN, f"waiting-acts/{waits['id']}/decline")["outcome"] == "declined"
    managed.refused(ROOT_ADMIN, f"{year}/reopen", {"reason": "nhầm"}, 409, "closed_year")
    assert managed.seen(ROOT_ADMIN, "waiting-acts")["waiting_acts"] == []
    assert len(managed.seen(ROOT_ADMIN, "waiting-acts", ended="true")["waiting_acts"]) == 1
