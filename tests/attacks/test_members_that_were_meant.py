"""Stories of questions that say more than is read of them: never answered as if they had not said it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from managing import Managed, managing
from serving import AUTHORIZATION, Served, serving

from world import CLASS_6A, SCHOOL

CHANGES: list[tuple[str, dict[str, Any]]] = [
    ("context.at", {"context": {"at": "2020-01-01T00:00:00Z"}}),
    ("context.asOf", {"context": {"asOf": 1, "explain": "code"}}),
    ("at", {"at": "2020-01-01"}),
    ("grant", {"grant": "g_1"}),
    ("context.grant", {"context": {"grant": "g_1"}}),
    ("explain", {"explain": "full"}),
    ("resource.class", {"resource": {"class": CLASS_6A}}),
    ("resource.properties.klass", {"resource": {"properties": {"klass": "9A"}}}),
    ("resource.properties.class_id", {"resource": {"properties": {"class_id": "9A"}}}),
    ("subject.properties.at", {"subject": {"properties": {"at": 1}}}),
    ("action.function", {"action": {"function": "x"}}),
]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("meant"), api_key_search=True) as found:
        yield found


@pytest.fixture
def managed(tmp_path: Path) -> Iterator[Managed]:
    with managing(tmp_path) as found:
        yield found


def changed(served: Served, changes: dict[str, Any]) -> dict[str, Any]:
    question = served.question()
    for name, value in changes.items():
        entity = question.get(name)
        if isinstance(entity, dict) and isinstance(value, dict):
            properties = {**entity.get("properties", {}), **value.get("properties", {})}
            question[name] = {**entity, **value} | ({"properties": properties} if properties else {})
        else:
            question[name] = value
    return question


@pytest.mark.parametrize(("field", "changes"), CHANGES)
def test_a_question_with_a_member_that_was_meant_is_denied_and_names_it(
    served: Served, field: str, changes: dict[str, Any]
) -> None:
    assert served.ask(served.question()).json() == {"decision": True}

    answer = served.ask(changed(served, changes)).json()

    assert answer["decision"] is False
    assert (answer["context"]["reason"]["code"], answer["context"]["reason"]["field"]) == (
        "resource_incomplete",
        field,
    )


@pytest.mark.parametrize(("field", "changes"), CHANGES)
def test_in_a_batch_only_the_item_with_it_is_denied_and_a_default_with_it_denies_all(
    served: Served, field: str, changes: dict[str, Any]
) -> None:
    good, bad = served.question(), changed(served, changes)
    first, second = served.ask({"evaluations": [good, bad]}, "evaluations").json()["evaluations"]
    assert (first["decision"], second["decision"]) == (True, False)

    both = served.ask({**bad, "evaluations": [{}, {"context": {"explain": "code"}}]}, "evaluations").json()[
        "evaluations"
    ]
    assert both[0]["decision"] is False
    # An item's own entity stands in whole for the default: its context is then all that counts of contexts.
    assert both[1]["decision"] is field.startswith("context.")


def test_a_misspelt_semantic_is_not_taken_for_none(served: Served) -> None:
    body = {"evaluations": [served.question()], "options": {"evaluation_semantic": "deny_on_first_deny"}}

    assert served.ask(body, "evaluations").json() == {"evaluations": [{"decision": False}]}


def test_a_full_explanation_lists_what_nobody_read(served: Served) -> None:
    question = changed(served, {"context": {"explain": "full", "time": 1}, "extra": 1})
    question["subject"]["properties"] = {"role": "x"}
    explanation = served.ask(question).json()["context"]["explanation"]
    assert explanation["unused"] == ["extra", "subject.properties.role", "context.time"]
    assert explanation["allowed"] is True

    question["context"]["at"] = 1
    answer = served.ask(question).json()
    assert answer["context"]["reason"]["field"] == "context.at"
    assert answer["context"]["explanation"]["unused"][-1] == "context.at"

    plain = served.ask(served.question(context={"explain": "full"})).json()
    assert plain["context"]["explanation"]["unused"] == []


def test_a_name_of_a_member_is_not_written_into_the_answer_as_it_is(served: Served) -> None:
    answer = served.ask(changed(served, {"context": {"a\u202et\n": 1, "explain": "full"}}))

    assert "\u202e" not in answer.text
    field = answer.json()["context"]["reason"]["field"]
    assert field == "context.a\\u202et\\n"


@pytest.mark.parametrize("wanted", ["subject", "resource", "action"])
def test_a_search_with_a_member_that_was_meant_is_refused_by_name(served: Served, wanted: str) -> None:
    question = served.question()
    question["resource"] = {"type": "class", "id": CLASS_6A, "properties": {"category": "CLS"}}
    for changes, field in (
        ({"context": {"at": "2020-01-01"}}, "context.at"),
        ({"resource": {**question["resource"], "klass": "9A"}}, "resource.klass"),
        ({"page": {"cursor": "x"}}, "page.cursor"),
    ):
        answer = served.ask({**question, **changes}, f"search/{wanted}")
        assert (answer.status_code, answer.json()["code"]) == (400, "invalid")
        assert f"`{field}`" in answer.json()["detail"]


@pytest.mark.parametrize(
    "path", ["evaluation", "evaluations", "search/subject", "search/resource", "search/action"]
)
def test_a_query_beside_a_question_is_refused(served: Served, path: str) -> None:
    answer = served.client.post(
        f"/access/v1/{path}?at=2020-01-01T00:00:00Z", content=json.dumps(served.question()), headers=AUTHORIZATION
    )

    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")


@pytest.mark.parametrize(
    ("path", "field"),
    [
        (f"units/{SCHOOL}/matrix?as_of=2020-01-01T00:00:00Z", "query.as_of"),
        (f"units/{SCHOOL}/matrix?at=01/01/2026&at=01/01/2020", "query.at"),
        (f"units/{SCHOOL}/documents?State=draft", "query.State"),
        (f"units/{SCHOOL}/classes?klass=6A", "query.klass"),
        ("events?acount=1", "query.acount"),
    ],
)
def test_a_query_parameter_that_nobody_reads_is_refused_by_name(managed: Managed, path: str, field: str) -> None:
    answer = managed.served.client.get(f"/v1/{path}", headers=managed.bearer("director.00031"))

    assert answer.status_code == 422
    assert field in [found["field"] for found in answer.json()["fields"]]


def test_an_act_whose_dry_run_is_misspelt_does_not_act(managed: Managed) -> None:
    answer = managed.served.client.post(
        "/v1/grants/khong-co/revoke?dry-run=true", json={"reason": "x"}, headers=managed.bearer("director.00031")
    )

    assert (answer.status_code, answer.json()["fields"][0]["field"]) == (422, "query.dry-run")
