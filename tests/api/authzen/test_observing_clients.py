"""An enforcement point observes: answers are marked and counted, nothing is enforced there, and it ends."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from forward_scene import CLASS, MARKS, PATH, RULES
from oauth_scene import GRADEBOOK, Scene, scene
from serving import KEY

from access_service.domain.names import ClientId, UnitId
from access_service.domain.observing import ObservedAnswer, OldAnswer
from access_service.usecases.evidence.observed_units import ObservedUnit, report_observing
from access_service.usecases.observed import MOST_KINDS, ObservedAnswers
from access_service.usecases.third_party.cutting_over import begin_observing, cut_over
from access_service.usecases.upkeep.writing_uses import write_observed
from world import CLASS_6B, OFFICE, SCHOOL


@pytest.fixture(scope="module")
def observing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    folder = tmp_path_factory.mktemp("quan-sat")
    (folder / "rules.toml").write_text(RULES, "utf-8")
    with scene(folder, forward_rules=folder / "rules.toml") as made:
        yield made


@pytest.fixture
def watched(observing: Scene) -> Iterator[Scene]:
    """The school is observed while the test runs."""
    made, root = observing.world, observing.world.root
    client = ClientId(observing.guard.id)
    until = made.clock.now + timedelta(days=30)
    begin_observing(made.services, made.admins[root], client, frozenset({UnitId(SCHOOL)}), until)
    yield observing
    lines = report(observing)
    if lines and lines[0].mode.value == "observe":
        cut_over(made.services, made.admins[root], client, frozenset({UnitId(SCHOOL)}))
    observing.served.client.app.state.services.observed.take()  # type: ignore[attr-defined]


def report(made: Scene) -> tuple[ObservedUnit, ...]:
    world = made.world
    services = made.served.client.app.state.services  # type: ignore[attr-defined]
    write_observed(services.db, services.observed, world.clock.now.date())
    return report_observing(world.services, world.admins[world.root], made.guard.software.id).units


def ask(made: Scene, class_: str | None = None, **context: Any) -> Any:
    question = made.served.question()
    if class_ is not None:
        question["resource"]["properties"]["class"] = class_
    answer = made.evaluate(made.token(made.guard), body={**question, "context": context})
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_an_observed_answer_is_honest_says_that_it_is_not_enforced_and_is_counted(watched: Scene) -> None:
    before = report(watched)[0]
    assert ask(watched, old_answer="allow") == {"decision": True, "context": {"mode": "observe"}}
    told = ask(watched, CLASS_6B, old_answer="allow")
    assert (told["decision"], told["context"]["mode"]) == (False, "observe")
    assert told["context"]["reason"]["code"] == "outside_class"
    ask(watched, CLASS_6B, old_answer="deny")
    ask(watched, old_answer="deny")
    ask(watched)
    line = report(watched)[0]
    numbers = (line.agreed, line.old_allowed, line.old_denied, line.untold)
    earlier = (before.agreed, before.old_allowed, before.old_denied, before.untold)
    assert tuple(a - b for a, b in zip(numbers, earlier, strict=True)) == (2, 1, 1, 1)
    kinds = {(d.difference.value, d.category, d.action, d.reason) for d in line.differences}
    assert ("old_allowed", "STU-ACA", "read", "outside_class") in kinds
    assert ("old_denied", "STU-ACA", "read", "") in kinds


def test_a_batch_is_marked_item_by_item(watched: Scene) -> None:
    body = {**watched.served.question(), "evaluations": [{"context": {"old_answer": "deny"}}, {}]}
    answer = watched.evaluate(watched.token(watched.guard), "evaluations", body=body)
    assert answer.json()["evaluations"] == [{"decision": True, "context": {"mode": "observe"}}] * 2


def test_nobody_observes_by_default_nor_with_the_static_key_nor_at_another_unit(watched: Scene) -> None:
    assert watched.served.ask(watched.served.question()).json() == {"decision": True}
    other = ask(watched, f"{OFFICE}:2026-2027:6A")
    assert "mode" not in other["context"]
    made, root = watched.world, watched.world.root
    cut_over(made.services, made.admins[root], ClientId(watched.guard.id), frozenset({UnitId(SCHOOL)}))
    assert ask(watched, old_answer="deny") == {"decision": True}


def test_a_time_that_is_over_is_enforced_though_nobody_acts(watched: Scene) -> None:
    token = watched.token(watched.guard)
    watched.world.clock.forward(days=31)
    try:
        assert report(watched)[0].mode.value == "enforce"
        assert ask(watched, old_answer="deny") == {"decision": True}
        assert watched.evaluate(token).status_code == 401
    finally:
        watched.world.clock.now -= timedelta(days=31)


def forwarded(made: Scene, uri: str, token: str | None, key: str, **more: str) -> Any:
    headers = {"X-Original-URI": uri, "X-Original-Method": "GET", "X-Access-Key": key, **more}
    if token is not None:
        headers["Authorization"] = f"Bearer {token}"
    return made.served.client.get(PATH, headers=headers)


def test_the_proxy_lets_through_what_is_observed_and_names_only_whom_it_knows(watched: Scene) -> None:
    session, key = watched.session(GRADEBOOK), watched.token(watched.guard, scope="evaluate")
    other = MARKS.replace(CLASS, CLASS_6B.split(":")[2])
    mine = forwarded(watched, MARKS, session, key)
    assert mine.headers["x-access-mode"] == "observe"
    assert mine.headers["x-access-grant"]
    refused = forwarded(watched, other, session, key, **{"X-Access-Old-Answer": "allow"})
    assert (refused.status_code, refused.headers["x-access-grant"]) == (200, "")
    assert refused.headers["x-access-account"] == watched.served.teacher.account
    nobody = forwarded(watched, MARKS, None, key)
    assert (nobody.status_code, nobody.headers["x-access-account"]) == (200, "")
    reasons = {d.reason for d in report(watched)[0].differences}
    assert {"outside_class", "not_authenticated"} <= reasons
    # What no rule is about, and what may be read in two ways, passes nowhere; the static key observes nothing.
    assert forwarded(watched, "/khong-co", session, key).status_code == 403
    assert forwarded(watched, MARKS + "/", session, key).status_code == 403
    assert forwarded(watched, MARKS, session, key, X_Access_Old_Answer="allow").status_code == 403
    assert forwarded(watched, other, session, KEY.encode()).status_code == 403  # type: ignore[arg-type]


def test_observing_is_shown_by_readiness_metrics_and_doctor(watched: Scene) -> None:
    client = watched.served.client
    assert client.get("/readyz").json() == {"status": "ready", "observed_units": 1}
    ask(watched, old_answer="allow")
    metrics = client.get("/metrics").text
    assert "access_service_observed_units 1.0" in metrics
    assert 'access_service_observed_answers_total{difference="agreed"}' in metrics


def test_what_is_counted_stays_within_its_bound(observing: Scene) -> None:
    world = observing.world
    counted = ObservedAnswers()
    for number in range(MOST_KINDS + 10):
        counted.count(world.register, answer(f"A{number}"))
    (kinds,) = counted.take().values()
    assert len(kinds) == MOST_KINDS + 1
    assert sum(kinds.values()) == MOST_KINDS + 10


def answer(category: str) -> ObservedAnswer:
    return ObservedAnswer("cli_000", SCHOOL, category, "read", OldAnswer.ALLOW, False, "no_grant")
