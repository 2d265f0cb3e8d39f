"""The OpenID AuthZEN certification scenario (1.0), over TLS against `serve --policy policy/authzen`.

Every test carries the number of the scenario's section. The requests are built from the scenario's fixture.
"""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from pack_server import ROOT, Authority, PackServer, Reply, pack_served

EVALUATION, EVALUATIONS = "evaluation", "evaluations"
SEARCHES = ("subject", "resource", "action")
MORNING = {"time": "2025-06-27T18:03-07:00", "ip": "192.168.1.1"}
READ, WRITE, DELETE = {"name": "read"}, {"name": "write"}, {"name": "delete"}


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"), "trusted")


@pytest.fixture(scope="module")
def pdp(authority: Authority) -> Iterator[PackServer]:
    with pack_served(ROOT / "policy" / "authzen", authority=authority) as server:
        yield server


def user(id_: str | None = None, **properties: Any) -> dict[str, Any]:
    return entity("user", id_, properties)


def record(id_: str | None = None, **properties: Any) -> dict[str, Any]:
    return entity("record", id_, properties)


def entity(type_: str, id_: str | None, properties: dict[str, Any]) -> dict[str, Any]:
    named = {"type": type_} | ({} if id_ is None else {"id": id_})
    return named | ({"properties": properties} if properties else {})


def question(subject: Any, action: Any, resource: Any, **more: Any) -> dict[str, Any]:
    """What is None is left out."""
    said = {"subject": subject, "action": action, "resource": resource, **more}
    return {name: value for name, value in said.items() if value is not None}


ALICE_READS = question(user("alice"), READ, record("record-1"))
ARCHIVED = record("record-2", status="archived")


def is_answer(reply: Reply) -> bool:
    """C-5-2 and C-2-3-1: 200, JSON, a boolean; C-2-3-2: a context, if any, is an object."""
    return (
        reply.status == 200
        and reply.headers["content-type"].partition(";")[0] == "application/json"
        and isinstance(reply.body["decision"], bool)
        and isinstance(reply.body.get("context", {}), dict)
    )


def decided(pdp: PackServer, body: dict[str, Any]) -> bool:
    reply = pdp.post(EVALUATION, body)
    assert is_answer(reply), reply
    decision: bool = reply.body["decision"]
    return decision


def batch(pdp: PackServer, body: dict[str, Any]) -> list[bool]:
    """C-3-3: as many answers as questions, each with a boolean, and no decision at the top."""
    reply = pdp.post(EVALUATIONS, body)
    assert reply.status == 200, reply
    assert "decision" not in reply.body
    answers = reply.body["evaluations"]
    assert len(answers) == len(body["evaluations"])
    assert all(isinstance(answer["decision"], bool) for answer in answers)
    assert all(isinstance(answer.get("context", {}), dict) for answer in answers)
    return [answer["decision"] for answer in answers]


def found(pdp: PackServer, wanted: str, body: dict[str, Any]) -> list[str]:
    """Ids or names of the results; each has exactly the type asked for."""
    reply = pdp.post(f"search/{wanted}", body)
    assert reply.status == 200, reply
    assert reply.headers["content-type"].partition(";")[0] == "application/json"
    results = reply.body["results"]
    assert isinstance(results, list)
    if wanted == "action":
        return [result["name"] for result in results]
    assert all(result["type"] == body[wanted]["type"] for result in results)
    return [result["id"] for result in results]


# -- C-2 Basic


def test_c_2_2_1_a_request_of_the_fixture_is_permitted(pdp: PackServer) -> None:
    assert decided(pdp, ALICE_READS)


def test_c_2_2_2_a_request_of_the_fixture_is_denied(pdp: PackServer) -> None:
    assert not decided(pdp, question(user("bob"), WRITE, record("record-1")))


def test_c_2_2_3_a_context_changes_nothing(pdp: PackServer) -> None:
    assert decided(pdp, ALICE_READS | {"context": MORNING})


def test_c_2_2_4_the_record_s_status_denies(pdp: PackServer) -> None:
    assert not decided(pdp, question(user("alice"), WRITE, ARCHIVED))


def test_c_2_2_5_the_subject_s_role_permits(pdp: PackServer) -> None:
    assert decided(pdp, question(user("bob", role="admin"), WRITE, ARCHIVED))


def test_c_2_2_6_a_soft_delete_is_permitted(pdp: PackServer) -> None:
    assert decided(pdp, question(user("alice"), DELETE | {"properties": {"soft": True}}, record("record-1")))


def test_c_2_2_7_a_hard_delete_is_denied(pdp: PackServer) -> None:
    assert not decided(pdp, question(user("alice"), DELETE | {"properties": {"soft": False}}, record("record-1")))


def test_c_2_2_8_more_properties_than_needed_are_taken(pdp: PackServer) -> None:
    subject = user("alice", department="Sales", role="manager")
    action = READ | {"properties": {"method": "GET"}}
    assert decided(pdp, question(subject, action, record("record-1", status="active", owner="bob")))


def test_c_2_2_9_unknown_members_are_ignored(pdp: PackServer) -> None:
    assert decided(pdp, ALICE_READS | {"foo": "bar", "futureField": {"nested": True}})


@pytest.mark.parametrize("left_out", ["subject", "action", "resource"])
def test_c_2_4_1_a_missing_member_is_400(pdp: PackServer, left_out: str) -> None:
    body = {name: value for name, value in ALICE_READS.items() if name != left_out}
    assert pdp.post(EVALUATION, body).status == 400


@pytest.mark.parametrize(
    ("member", "inner"),
    [("subject", "type"), ("subject", "id"), ("action", "name"), ("resource", "type"), ("resource", "id")],
)
def test_c_2_4_2_a_missing_inner_member_is_400(pdp: PackServer, member: str, inner: str) -> None:
    kept = {name: value for name, value in ALICE_READS[member].items() if name != inner}
    assert pdp.post(EVALUATION, ALICE_READS | {member: kept}).status == 400


@pytest.mark.parametrize("sent", ["text/plain", "application/xml", ""])
def test_c_2_4_3_another_content_type_is_400(pdp: PackServer, sent: str) -> None:
    assert pdp.post(EVALUATION, ALICE_READS, **{"Content-Type": sent}).status == 400


def test_c_2_4_4_what_is_no_json_is_400(pdp: PackServer) -> None:
    assert pdp.post(EVALUATION, b'{"subject": {').status == 400


def test_c_2_4_5_an_empty_body_is_400(pdp: PackServer) -> None:
    assert pdp.post(EVALUATION, b"").status == 400


@pytest.mark.parametrize("wrong", [{"subject": "alice"}, {"action": {"name": 123}}])
def test_c_2_4_6_a_wrong_type_is_400(pdp: PackServer, wrong: dict[str, Any]) -> None:
    assert pdp.post(EVALUATION, ALICE_READS | wrong).status == 400


def test_c_2_5_1_the_request_id_comes_back(pdp: PackServer) -> None:
    reply = pdp.post(EVALUATION, ALICE_READS, **{"X-Request-ID": "000-req-1"})
    assert reply.headers["x-request-id"] == "000-req-1"
    refused = pdp.post(EVALUATION, {}, **{"X-Request-ID": "000-req-2"})
    assert (refused.status, refused.headers["x-request-id"]) == (400, "000-req-2")


def test_c_2_5_2_no_request_id_is_no_failure(pdp: PackServer) -> None:
    assert is_answer(pdp.post(EVALUATION, ALICE_READS))


@pytest.mark.parametrize("who", ["alice", "bob"])
def test_c_2_6_the_same_request_gets_the_same_answer(pdp: PackServer, who: str) -> None:
    answers = {decided(pdp, question(user(who), WRITE, record("record-1"))) for _ in range(10)}
    assert answers == {who == "alice"}


# -- C-3 Batch


def test_c_3_2_1_several_evaluations(pdp: PackServer) -> None:
    records = [{"resource": record("record-1")}, {"resource": record("record-2")}]
    assert batch(pdp, {"subject": user("alice"), "action": READ, "evaluations": records})[0]


def test_c_3_2_2_decisions_in_the_order_asked(pdp: PackServer) -> None:
    actions = [{"action": READ}, {"action": WRITE}]
    body = {"subject": user("bob"), "resource": record("record-1"), "evaluations": actions}
    assert batch(pdp, body) == [True, False]


def test_c_3_2_3_each_item_has_properties_of_its_own(pdp: PackServer) -> None:
    records = [{"resource": record("record-1", status="active")}, {"resource": ARCHIVED}]
    assert batch(pdp, {"subject": user("alice"), "action": WRITE, "evaluations": records}) == [True, False]


def test_c_3_2_4_each_item_has_a_subject_of_its_own(pdp: PackServer) -> None:
    subjects = [{"subject": user("alice")}, {"subject": user("bob", role="admin")}]
    assert batch(pdp, {"action": WRITE, "resource": ARCHIVED, "evaluations": subjects}) == [False, True]


def test_c_3_2_5_items_that_leave_nothing_out(pdp: PackServer) -> None:
    items = [ALICE_READS, question(user("bob"), WRITE, record("record-1"))]
    assert batch(pdp, {"evaluations": items}) == [True, False]


def test_c_3_2_6_a_context_for_all_and_one_for_an_item(pdp: PackServer) -> None:
    items = [
        {"resource": record("record-1")},
        {"resource": record("record-2"), "context": {"time": "2025-06-27T19:00-07:00", "source": "item"}},
    ]
    body = {"subject": user("alice"), "action": READ, "context": MORNING, "evaluations": items}
    assert batch(pdp, body)[0]


def test_c_3_2_7_defaults_are_replaced_whole(pdp: PackServer) -> None:
    body = question(user("alice"), WRITE, record("record-1", status="active"))
    assert batch(pdp, body | {"evaluations": [{}, {"resource": ARCHIVED}]}) == [True, False]
    # Nothing of the default's properties is left behind: the entities say that record-2 is archived.
    assert batch(pdp, body | {"evaluations": [{"resource": record("record-2")}]}) == [False]


def test_c_3_3_as_many_answers_in_the_order_asked(pdp: PackServer) -> None:
    writers = ["alice", "bob", "alice", "alice", "bob", "bob"] * 20
    items = [{"subject": user(who)} for who in writers]
    body = {"action": WRITE, "resource": record("record-1"), "evaluations": items}
    assert batch(pdp, body) == [who == "alice" for who in writers]


def test_c_3_4_1_an_incomplete_item_is_denied_and_the_others_are_answered(pdp: PackServer) -> None:
    body = {
        "subject": user("alice"),
        "action": READ,
        "options": {"evaluations_semantic": "execute_all"},
        "evaluations": [{"resource": record("record-1")}, {}],
    }
    assert batch(pdp, body) == [True, False]


@pytest.mark.parametrize("more", [{}, {"evaluations": []}], ids=["c_3_4_2_none", "c_3_4_3_empty"])
def test_c_3_4_2_and_3_without_evaluations_it_is_one_question(pdp: PackServer, more: dict[str, Any]) -> None:
    reply = pdp.post(EVALUATIONS, ALICE_READS | more)
    assert is_answer(reply)
    assert reply.body == {"decision": True}


@pytest.mark.parametrize(
    ("semantic", "expected"), [("deny_on_first_deny", [True, False]), ("permit_on_first_permit", [True])]
)
def test_beyond_c_3_4_the_other_semantics_end_the_list(
    pdp: PackServer, semantic: str, expected: list[bool]
) -> None:
    items = [{"action": READ}, {"action": WRITE}, {"action": READ}]
    body = {"subject": user("bob"), "resource": record("record-1"), "evaluations": items}
    reply = pdp.post(EVALUATIONS, body | {"options": {"evaluations_semantic": semantic}})
    assert [answer["decision"] for answer in reply.body["evaluations"]] == expected


# -- C-4 Search

WHO_READS = question(user(), READ, record("record-1"))
WHAT_ALICE_READS = question(user("alice"), READ, record())
WHAT_ALICE_DOES = question(user("alice"), None, record("record-1"))


def test_c_4_2_1_s1_who_may_read(pdp: PackServer) -> None:
    assert found(pdp, "subject", WHO_READS) == ["alice", "bob"]


def test_c_4_2_2_a_context_changes_no_subjects(pdp: PackServer) -> None:
    assert found(pdp, "subject", WHO_READS | {"context": MORNING}) == ["alice", "bob"]


def test_c_4_2_3_a_subject_s_id_is_ignored(pdp: PackServer) -> None:
    assert found(pdp, "subject", WHO_READS | {"subject": user("alice")}) == ["alice", "bob"]


def test_c_4_2_4_s4_the_record_s_properties_count(pdp: PackServer) -> None:
    assert found(pdp, "subject", question(user(), WRITE, ARCHIVED)) == ["bob"]


def test_c_4_3_1_s2_what_may_be_read(pdp: PackServer) -> None:
    assert found(pdp, "resource", WHAT_ALICE_READS) == ["record-1", "record-2"]


def test_c_4_3_2_a_context_changes_no_resources(pdp: PackServer) -> None:
    assert found(pdp, "resource", WHAT_ALICE_READS | {"context": MORNING}) == ["record-1", "record-2"]


def test_c_4_3_3_a_resource_s_id_is_ignored(pdp: PackServer) -> None:
    body = WHAT_ALICE_READS | {"resource": record("record-1")}
    assert found(pdp, "resource", body) == ["record-1", "record-2"]


def test_c_4_3_4_s5_the_subject_s_properties_count(pdp: PackServer) -> None:
    assert found(pdp, "resource", question(user("bob", role="admin"), WRITE, record())) == ["record-2"]


def test_c_4_4_1_s3_what_may_be_done(pdp: PackServer) -> None:
    assert found(pdp, "action", WHAT_ALICE_DOES) == ["read", "write"]


def test_c_4_4_2_a_context_changes_no_actions(pdp: PackServer) -> None:
    assert found(pdp, "action", WHAT_ALICE_DOES | {"context": MORNING}) == ["read", "write"]


def test_c_4_4_3_s6_both_properties_count(pdp: PackServer) -> None:
    assert "write" in found(pdp, "action", question(user("bob", role="admin"), None, ARCHIVED))


def test_c_4_5_pages_are_all_of_it_and_end_with_an_empty_token(pdp: PackServer) -> None:
    collected, token = [], ""
    for number in range(2):
        page = {"limit": 1} | ({"token": token} if token else {})
        reply = pdp.post("search/subject", WHO_READS | {"page": page})
        assert reply.status == 200, reply
        assert isinstance(reply.body["page"], dict)
        token = reply.body["page"]["next_token"]
        assert isinstance(token, str)
        assert bool(token) == (number == 0)
        collected += [result["id"] for result in reply.body["results"]]
    assert collected == ["alice", "bob"]


def test_c_4_5_2_a_token_alone_continues(pdp: PackServer) -> None:
    first = pdp.post("search/subject", WHO_READS | {"page": {"limit": 1}})
    token = first.body["page"]["next_token"]
    reply = pdp.post("search/subject", WHO_READS | {"page": {"token": token}})
    assert reply.status == 200, reply
    assert [result["id"] for result in reply.body["results"]] == ["bob"]
    assert reply.body["page"]["next_token"] == ""


def test_c_4_5_a_token_is_good_for_its_own_search_only(pdp: PackServer) -> None:
    token = pdp.post("search/subject", WHO_READS | {"page": {"limit": 1}}).body["page"]["next_token"]
    assert token
    others = [
        ("subject", question(user(), WRITE, record("record-1"))),
        ("subject", question(user(), READ, record("record-2"))),
        ("subject", question(user(), READ, record("record-1", status="archived"))),
        ("resource", WHAT_ALICE_READS),
    ]
    for wanted, body in others:
        assert 400 <= pdp.post(f"search/{wanted}", body | {"page": {"token": token}}).status < 500
    altered = token[:-2] + ("AA" if token[-2:] != "AA" else "BB")
    assert 400 <= pdp.post("search/subject", WHO_READS | {"page": {"token": altered}}).status < 500


@pytest.mark.parametrize("wanted", ["resource", "action"])
def test_c_4_6_1_an_unknown_subject_finds_nothing(pdp: PackServer, wanted: str) -> None:
    body = {"resource": WHAT_ALICE_READS, "action": WHAT_ALICE_DOES}[wanted]
    assert found(pdp, wanted, body | {"subject": user("nonexistent-user")}) == []


@pytest.mark.parametrize("wanted", ["subject", "action"])
def test_c_4_6_1_an_unknown_resource_finds_nothing(pdp: PackServer, wanted: str) -> None:
    body = {"subject": WHO_READS, "action": WHAT_ALICE_DOES}[wanted]
    assert found(pdp, wanted, body | {"resource": record("nonexistent-record")}) == []


@pytest.mark.parametrize("wanted", SEARCHES)
@pytest.mark.parametrize("part", ["subject", "resource"])
def test_c_4_6_2_an_unknown_type_finds_nothing(pdp: PackServer, wanted: str, part: str) -> None:
    body = {"subject": WHO_READS, "resource": WHAT_ALICE_READS, "action": WHAT_ALICE_DOES}[wanted]
    assert found(pdp, wanted, body | {part: body[part] | {"type": "spaceship"}}) == []


@pytest.mark.parametrize(
    ("wanted", "left_out"),
    [
        *(("subject", name) for name in ("subject", "action", "resource")),
        *(("resource", name) for name in ("subject", "action", "resource")),
        *(("action", name) for name in ("subject", "resource")),
    ],
)
def test_c_4_7_1_a_missing_member_is_400(pdp: PackServer, wanted: str, left_out: str) -> None:
    body = {"subject": WHO_READS, "resource": WHAT_ALICE_READS, "action": WHAT_ALICE_DOES}[wanted]
    assert pdp.post(f"search/{wanted}", {k: v for k, v in body.items() if k != left_out}).status == 400


@pytest.mark.parametrize(
    ("wanted", "body"),
    [
        ("subject", question(user(), READ, record())),
        ("resource", question(user(), READ, record())),
        ("action", question(user(), None, record("record-1"))),
        ("action", question(user("alice"), None, record())),
    ],
)
def test_c_4_7_2_a_missing_id_of_what_is_given_is_400(pdp: PackServer, wanted: str, body: dict[str, Any]) -> None:
    assert pdp.post(f"search/{wanted}", body).status == 400


# -- C-5 Transport


def test_c_5_1_it_speaks_https_only(pdp: PackServer) -> None:
    plain = PackServer(pdp.port, None)
    with pytest.raises(ConnectionError):
        plain.request("GET", "/healthz")


def test_c_5_a_stranger_s_authority_is_refused(pdp: PackServer, tmp_path: Path) -> None:
    stranger = PackServer(pdp.port, Authority(tmp_path, "stranger").trusted())
    with pytest.raises(ssl.SSLCertVerificationError):
        stranger.request("GET", "/healthz")


@pytest.mark.parametrize("wanted", [None, *SEARCHES])
def test_c_5_2_to_5_json_request_id_and_unknown_members(pdp: PackServer, wanted: str | None) -> None:
    path = EVALUATION if wanted is None else f"search/{wanted}"
    bodies = {None: ALICE_READS, "subject": WHO_READS, "resource": WHAT_ALICE_READS, "action": WHAT_ALICE_DOES}
    body = bodies[wanted] | {"futureField": [1, {"nested": True}]}
    reply = pdp.post(path, body, **{"X-Request-ID": "000-req-3", "Content-Type": "application/json; charset=utf-8"})
    assert reply.status == 200
    assert reply.headers["content-type"].partition(";")[0] == "application/json"
    assert reply.headers["x-request-id"] == "000-req-3"


def test_c_5_without_the_key_nobody_is_answered(pdp: PackServer) -> None:
    for path in (EVALUATION, EVALUATIONS, *(f"search/{wanted}" for wanted in SEARCHES)):
        for sent in ("", "Bearer another"):
            reply = pdp.post(path, ALICE_READS, Authorization=sent)
            assert (reply.status, "www-authenticate" in reply.headers) == (401, True), path


# -- C-6 Discovery


def test_c_6_the_metadata_name_what_was_asked_and_nothing_but_https(pdp: PackServer) -> None:
    reply = pdp.request("GET", "/.well-known/authzen-configuration", headers={"Authorization": ""})
    assert reply.status == 200
    assert reply.headers["content-type"].partition(";")[0] == "application/json"
    assert reply.body == {
        "policy_decision_point": pdp.url,
        "access_evaluation_endpoint": f"{pdp.url}/access/v1/evaluation",
        "access_evaluations_endpoint": f"{pdp.url}/access/v1/evaluations",
        **{f"search_{wanted}_endpoint": f"{pdp.url}/access/v1/search/{wanted}" for wanted in SEARCHES},
    }
    for address in reply.body.values():
        parts = urlsplit(address)
        assert (parts.scheme, parts.query, parts.fragment) == ("https", "", "")


def test_c_6_every_endpoint_named_answers(pdp: PackServer) -> None:
    named = pdp.request("GET", "/.well-known/authzen-configuration").body
    for name, address in named.items():
        if name != "policy_decision_point":
            assert pdp.request("POST", urlsplit(address).path, ALICE_READS).status == 200, name
