"""Attacks that ask what exists: what is foreign and what is missing answer alike, after as much work (issue K)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from managing import ADMIN, OFFICE_ADMIN, OTHER, OTHER_ADMIN, ROOT, TEACHER, Managed, managing
from sqlalchemy import event

from world import OFFICE, SCHOOL

NOWHERE, NOBODY = "0003199", "per_000"


@pytest.fixture(scope="module")
def managed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Managed]:
    """One world: nothing here changes it."""
    with managing(tmp_path_factory.mktemp("existence")) as found:
        yield found


@contextmanager
def statements(managed: Managed) -> Iterator[list[str]]:
    """What the database is asked meanwhile."""
    found: list[str] = []

    def note(_c: Any, _cursor: Any, statement: str, *_more: Any) -> None:
        found.append(statement)

    engine = managed.world.services.db.engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        yield found
    finally:
        event.remove(engine, "before_cursor_execute", note)


def asked(managed: Managed, who: str, path: str, body: Any, hidden: str) -> tuple[int, str, int]:
    """Status, answer without the id asked about, and how many statements it took; the second time, when warm."""
    for _ in range(2):
        with statements(managed) as found:
            answer = managed.get(who, path) if body is None else managed.post(who, path, body)
    said = {k: v for k, v in answer.json().items() if k not in ("instance", "request_id", "trace_id")}
    return answer.status_code, json.dumps(said, sort_keys=True).replace(hidden, "ID"), len(found)


@pytest.mark.parametrize("who", [OTHER_ADMIN, TEACHER])
@pytest.mark.parametrize("path", ["units/{}", "units/{}/units", "units/{}/software"])
def test_a_foreign_unit_and_a_missing_one_answer_alike_after_the_same_work(
    managed: Managed, who: str, path: str
) -> None:
    foreign = SCHOOL if who == OTHER_ADMIN else OTHER
    theirs = asked(managed, who, path.format(foreign), None, foreign)
    nobodys = asked(managed, who, path.format(NOWHERE), None, NOWHERE)
    assert theirs == nobodys
    assert theirs[0] == 404


def test_an_account_for_a_foreign_unit_and_for_a_missing_one_is_refused_alike(managed: Managed) -> None:
    teacher = str(managed.person("gvcn").person)
    answers = set()
    for unit in (SCHOOL, NOWHERE):
        for kind, person in (("admin", None), ("use", teacher), ("use", NOBODY)):
            body = {"unit": unit, "kind": kind, "person": person, "username": "000.x"}
            answers.add(asked(managed, OTHER_ADMIN, "accounts", body, unit))
    assert len(answers) == 1
    assert answers.pop()[0] == 404


def test_an_account_for_somebody_elsewhere_and_for_nobody_is_refused_alike(managed: Managed) -> None:
    teacher = str(managed.person("gvcn").person)
    theirs, nobodys = (
        asked(
            managed,
            OTHER_ADMIN,
            "accounts",
            {"unit": str(OTHER), "kind": "use", "person": person, "username": "000.x"},
            person,
        )
        for person in (teacher, NOBODY)
    )
    assert theirs == nobodys
    assert theirs[0] == 404


def test_who_may_look_still_does(managed: Managed) -> None:
    for who, unit in ((ADMIN, SCHOOL), (OFFICE_ADMIN, SCHOOL), (ADMIN, OFFICE), (ADMIN, ROOT)):
        assert managed.get(who, f"units/{unit}").status_code == 200
