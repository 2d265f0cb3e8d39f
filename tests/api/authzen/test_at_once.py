"""What is answered at once, ahead of everything, is what the general way would have answered."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from typing import Any

from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st
from serving import AUTHORIZATION, KEY, Served

from access_service.api.authzen.schemas import Evaluation
from access_service.api.http.edge import Edge
from access_service.api.pdp import AtOnce
from access_service.domain.names import SuspendableKind
from access_service.live.revisions import revision_text
from access_service.usecases.handover import delegation
from access_service.usecases.organisation import org
from sampled import times
from world import CLASS_6A, CLASS_6B, LOWER, SCHOOL

EVALUATION = "/access/v1/evaluation"
WORDS = st.sampled_from(
    [
        *("", "read", "write", "fly", "account", "user", "student", "class", "unit", "staff", "STU-ACA", "FIN"),
        *("TOAN", CLASS_6A, CLASS_6B, SCHOOL, "lower_secondary", "6", "2026-2027", "000-hs-1", "Hồ sơ"),
        *("x" * 257, "a\x7fb"),
    ]
)


def maybe(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.one_of(st.none(), strategy)


def some(**members: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional=members)


PROPERTIES = ("category", "unit", "class", "subject", "level", "grade", "school_year", "foo")
QUESTIONS = some(
    subject=some(type=WORDS, id=WORDS),
    action=some(name=WORDS),
    resource=some(type=WORDS, id=WORDS, properties=maybe(some(**dict.fromkeys(PROPERTIES, maybe(WORDS))))),
    context=maybe(some(explain=st.sampled_from(["none", "code"]), function=WORDS, time=WORDS)),
    foo=WORDS,
)


def by_the_general_way(edge: Edge, body: bytes) -> Any:
    async def ask() -> Any:
        sent = edge.readers.evaluation.strictly(body)
        assert isinstance(sent, Evaluation)
        return await edge.pdp.evaluate((sent,), stop_at=None, explain="code", log="all", is_clean=False)

    return asyncio.run(ask())


@settings(max_examples=times(400), deadline=None, suppress_health_check=list(HealthCheck))
@given(sent=QUESTIONS, teacher=st.booleans(), data=st.data())
def test_at_once_is_what_the_general_way_answers(
    served: Served, sent: Any, teacher: bool, data: st.DataObject
) -> None:
    edge: Edge = served.client.app.state.edge  # type: ignore[attr-defined]
    if teacher:
        whole = served.question()
        for name in data.draw(st.sets(st.sampled_from(sorted(whole)))):
            sent[name] = whole[name]
    body = json.dumps(sent, separators=data.draw(st.sampled_from([(",", ":"), (", ", ": ")]))).encode()
    found = edge.pdp.at_once(body, "all")
    if found is None:
        event("the general way")
        return
    assert isinstance(found, AtOnce)
    answered = by_the_general_way(edge, body)
    event(found.outcome[1] or "allow")
    assert found.answer == answered.answers[0]
    assert found.revision.decode() == answered.revision
    assert Counter([found.outcome]) == answered.counts
    assert json.loads(b"{" + found.record[1:] + b"}") == answered.records[0]


def test_plain_questions_are_answered_at_once(served: Served) -> None:
    """Otherwise the theorem above would be about nothing."""
    edge: Edge = served.client.app.state.edge  # type: ignore[attr-defined]
    body = json.dumps(served.question()).encode()
    served.ask(served.question())
    assert edge.pdp.at_once(body, "none") is not None
    assert edge.pdp.at_once(body[:-1], "none") is None


def test_a_body_seen_before_is_answered_anew(fresh: Served) -> None:
    """Only what a body asks is remembered, never what was answered."""
    served = fresh
    edge: Edge = served.client.app.state.edge  # type: ignore[attr-defined]
    body = json.dumps(served.question()).encode()
    headers = {**AUTHORIZATION, "Content-Type": "application/json"}
    assert served.client.post(EVALUATION, content=body, headers=headers).json() == {"decision": True}
    before = edge.pdp.at_once(body, "none")
    assert before is not None
    admin, teacher = served.world.admins[SCHOOL], served.teacher.account
    delegation.suspend(
        served.world.services, admin, kind=SuspendableKind.ACCOUNT, target=teacher, reason="thử nghiệm"
    )
    served.client.app.state.point.advance(served.world.register)  # type: ignore[attr-defined]
    after = served.client.post(EVALUATION, content=body, headers=headers)
    assert after.json()["context"]["reason"]["code"] == "account_not_active"
    assert after.headers["x-access-revision"] != before.revision.decode()


def test_a_question_read_twice_is_remembered_within_bounds(served: Served) -> None:
    edge: Edge = served.client.app.state.edge  # type: ignore[attr-defined]
    asked = edge.pdp._asked  # type: ignore[attr-defined]
    for number in range(200):
        question = served.question(subject={"type": "account", "id": f"acc_{number}"})
        edge.pdp.at_once(json.dumps(question).encode(), "none")
    long = served.question(subject={"type": "account", "id": "a"}, foo="x" * 200, bar=["x" * 200] * 9)
    edge.pdp.at_once(json.dumps(long).encode(), "none")
    assert len(asked) >= 200
    assert max(map(len, asked)) <= 1 << 10


def test_the_key_is_checked_before_anything_is_read(served: Served) -> None:
    body = json.dumps(served.question()).encode()
    for authorization in ("", "Bearer", f"Bearer {KEY}x", f"Basic {KEY}", "Bearer  ", KEY):
        headers = {"Authorization": authorization.encode(), "Content-Type": "application/json"}
        answer = served.client.post(EVALUATION, content=body, headers=headers)
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"]


def test_revisions_are_those_of_the_register(served: Served) -> None:
    edge: Edge = served.client.app.state.edge  # type: ignore[attr-defined]
    served.ask(served.question())
    found = edge.pdp.at_once(json.dumps(served.question()).encode(), "none")
    point = served.client.app.state.point  # type: ignore[attr-defined]
    register = served.world.register
    assert found is not None
    assert found.revision.decode() == revision_text(point.revision(register))


def asked(served: Served, **members: Any) -> bytes:
    """A teacher's right question but for some members."""
    return json.dumps(served.question() | members).encode()


def test_a_mistake_is_named_at_once_and_as_the_general_way_names_it(served: Served) -> None:
    edge: Edge = served.client.app.state.edge  # type: ignore[attr-defined]
    served.client.post(EVALUATION, json=served.question(), headers=AUTHORIZATION)
    body = asked(served, action={"name": "reed"})
    for _ in range(2):
        found = edge.pdp.at_once(body, "none")
        assert found is not None
        assert json.loads(found.answer)["context"]["reason"]["nearest"] == "read"
        assert found.answer == by_the_general_way(edge, body).answers[0]


def test_a_mistake_is_named_anew_when_the_register_has_moved(fresh: Served) -> None:
    """The finished answer is remembered for one state of memory, never for the next."""
    edge: Edge = fresh.client.app.state.edge  # type: ignore[attr-defined]
    fresh.ask(fresh.question())
    new_class = CLASS_6A[:-1] + "C"
    of_class = {"type": "class", "id": new_class, "properties": {"category": "CLS"}}
    body = asked(fresh, resource=of_class)
    fresh.ask(json.loads(body))
    before = edge.pdp.at_once(body, "none")
    assert before is not None
    assert before.outcome[1] == "resource_contradictory"
    org.create_class(
        fresh.world.services,
        fresh.world.admins[SCHOOL],
        school=SCHOOL,
        school_year="2026-2027",
        code="6C",
        name="6C",
        level=LOWER,
        grade="6",
    )
    fresh.client.app.state.point.advance(fresh.world.register)  # type: ignore[attr-defined]
    fresh.ask(json.loads(body))
    after = edge.pdp.at_once(body, "none")
    assert after is not None
    assert after.outcome[1] != "resource_contradictory"


def test_an_allow_remembers_its_right_whichever_way_it_took_and_a_deny_does_not(served: Served) -> None:
    used = served.client.app.state.services.uses.of(served.world.register)  # type: ignore[attr-defined]
    allowed = served.question()
    denied = {**allowed, "action": {"name": "fly"}}

    def ask(path: str, body: dict[str, Any]) -> set[str]:
        used.grants = set()
        assert served.client.post(path, json=body, headers=AUTHORIZATION).status_code == 200
        return set(used.grants)

    [grant] = ask(EVALUATION, allowed)
    assert ask(EVALUATION, allowed) == ask("/access/v1/evaluations", {"evaluations": [allowed]}) == {grant}
    assert ask(EVALUATION, denied) == ask("/access/v1/evaluations", {"evaluations": [denied]}) == set()
