"""Whoever noted what they asked sees every change that could have another answer."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from samples import open_register, values_of

from access_service.domain.accounts import Account
from access_service.domain.delegation import Grant
from access_service.domain.documents import Document
from access_service.domain.lookalikes import skeleton
from access_service.domain.names import RegisterId
from access_service.domain.org import Assignment
from access_service.storage.facts import CODECS
from access_service.storage.noted_questions import NotingReader, Questions
from access_service.usecases.services import Services

HERE = RegisterId("thu-nghiem")
COLUMNS = {Assignment: ("id", "person", "unit"), Document: ("id", "unit", "receiver"), Grant: ("account", "unit")}


@pytest.mark.parametrize("kind", COLUMNS, ids=lambda kind: kind.__name__)
@settings(max_examples=3, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_question_that_a_change_answers_otherwise_could_find_it(
    sqlite_services: Services, kind: type[Any], data: st.DataObject
) -> None:
    db = sqlite_services.db
    if db.counter(HERE) is None:
        open_register(db, HERE)
    before = db.counter(HERE).revision  # type: ignore[union-attr]
    value = replace(data.draw(values_of(kind)), id=f"new-{before}")
    asked = {name: Questions() for name in COLUMNS[kind]}
    elsewhere, whole, shown = Questions(), Questions(), Questions()
    with db.read(HERE) as reader:
        for name, questions in asked.items():
            NotingReader(reader.connection, HERE, questions).find(kind, **{name: [getattr(value, name), "another"]})
            NotingReader(reader.connection, HERE, elsewhere).find(kind, **{name: ["elsewhere"]})
        NotingReader(reader.connection, HERE, whole).find(kind)
        NotingReader(reader.connection, HERE, shown).visible(kind)
    with db.write(HERE, "acc_1") as tx:
        tx.put(value)
        tx.happened("sample.put", "x")
    with db.read(HERE) as reader:
        changed = [(k, row) for k, row in reader.changed_since(before) if k is kind]
    assert [row["id"] for _, row in changed] == [value.id]
    for questions in (*asked.values(), whole, shown):
        assert all(questions.could_find(*found) for found in changed)
    assert not any(elsewhere.could_find(*found) for found in changed)


def test_a_name_that_looks_like_one_asked_for_could_be_found() -> None:
    questions = Questions()
    questions.note_like(Account, "username", skeleton, ["an.0"])
    assert questions.could_find(Account, {"username": "an.o"})
    assert not questions.could_find(Account, {"username": "binh"})


def test_each_table_holds_facts_of_one_type() -> None:
    assert len({codec.table.name for codec in CODECS.values()}) == len(CODECS)
