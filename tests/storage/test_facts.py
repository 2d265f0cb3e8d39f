"""Facts: every kind comes back as it went in, and what was known stays answerable (rule 16)."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, TypeVar

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from samples import open_register, person, put, values_of, write

from access_service.domain.errors import NotFoundError
from access_service.domain.names import RegisterId
from access_service.domain.org import Person, SchoolYear
from access_service.storage.codec import Codec
from access_service.storage.facts import CODECS
from access_service.storage.tables import PersonRow, table
from access_service.usecases.services import Services
from sampled import times

T = TypeVar("T")
HERE = RegisterId("thu-nghiem")


@pytest.fixture
def opened(services: Services) -> Services:
    """A register with one person in it."""
    open_register(services.db, HERE)
    return services


def _rows(services: Services, of: type[Any] = Person) -> list[dict[str, Any]]:
    codec = CODECS[of]
    with services.db.connect() as connection:
        found = connection.execute(codec.table.select().order_by(codec.table.c.from_rev)).mappings()
        return [dict(row) for row in found]


@pytest.mark.parametrize("kind", CODECS, ids=lambda kind: kind.__name__)
@settings(max_examples=times(8), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_every_fact_comes_back_as_it_went_in(opened: Services, kind: type[Any], data: st.DataObject) -> None:
    value = data.draw(values_of(kind))
    with opened.db.write(HERE, "acc_1") as tx:
        tx.put(value)
        tx.happened("sample.put", "x")
    with opened.db.read(HERE) as reader:
        assert reader.get(kind, value.id) == value
        assert reader.find(kind, id=[value.id]) == [value]


def test_a_change_closes_and_inserts(opened: Services) -> None:
    revision = write(opened, HERE, person("p1", "Người Thử Hai"))
    old, new = _rows(opened)
    assert (old["from_rev"], old["to_rev"], old["name"]) == (1, revision, "Người Thử")
    assert (new["from_rev"], new["to_rev"], new["name"]) == (revision, None, "Người Thử Hai")


def test_nothing_is_deleted(opened: Services) -> None:
    seen: list[dict[str, Any]] = []
    for n in range(5):
        before = {(row["id"], row["from_rev"]): row for row in seen}
        write(opened, HERE, person("p1", f"Người Thử {n}"), person(f"q{n}"))
        seen = _rows(opened)
        after = {(row["id"], row["from_rev"]): row for row in seen}
        for key, row in before.items():
            assert {**after[key], "to_rev": None} == {**row, "to_rev": None}
            assert row["to_rev"] is None or after[key]["to_rev"] == row["to_rev"]
        assert len(after) == len(before) + (2 if before else 3)


@settings(max_examples=times(6), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(history=st.lists(st.lists(st.sampled_from("abc"), min_size=1, max_size=3), min_size=1, max_size=6))
def test_what_was_known_stays_answerable(opened: Services, history: list[list[str]]) -> None:
    answers: dict[int, list[Person]] = {}
    for step, ids in enumerate(history):
        revision = write(opened, HERE, *(person(i, f"Người Thử {step}") for i in sorted(set(ids))))
        with opened.db.read(HERE) as reader:
            answers[revision] = reader.find(Person)
    for revision, answer in answers.items():
        with opened.db.read(HERE, known_at=revision) as reader:
            assert reader.find(Person) == answer
            assert [reader.get(Person, p.id) for p in answer] == answer


def test_a_history_names_every_version(opened: Services) -> None:
    second = write(opened, HERE, person("p1", "Hai"))
    third = write(opened, HERE, person("p1", "Ba"))
    with opened.db.read(HERE) as reader:
        found = [(start, end, value.name) for start, end, value in reader.history(Person, "p1")]
    assert found == [(1, second, "Người Thử"), (second, third, "Hai"), (third, None, "Ba")]


def test_two_changes_in_one_transaction_are_one(opened: Services) -> None:
    with opened.db.write(HERE, "acc_1") as tx:
        put(tx, person("p1", "Hai"))
        put(tx, person("p1", "Ba"))
        revision = tx.revision
    with opened.db.read(HERE) as reader:
        found = [(start, end, value.name) for start, end, value in reader.history(Person, "p1")]
    assert found == [(1, revision, "Người Thử"), (revision, None, "Ba")]


def test_a_writer_reads_what_it_wrote(opened: Services) -> None:
    with opened.db.write(HERE, "acc_1") as tx:
        put(tx, person("p2"))
        assert tx.get(Person, "p2") == person("p2")
        assert tx.before == tx.revision - 1


def test_two_registers_never_meet(opened: Services) -> None:
    other = RegisterId("tinh-khac")
    open_register(opened.db, other)
    write(opened, other, person("p1", "Người Khác"), person("p9"))
    with opened.db.read(HERE) as reader:
        assert reader.find(Person) == [person("p1")]
        assert reader.find(Person, id=["p9"]) == []
        assert reader.history(Person, "p9") == []
        with pytest.raises(NotFoundError, match=r"^no person `p9`$"):
            reader.require(Person, "p9")
    with opened.db.read(other) as reader:
        assert [p.name for p in reader.find(Person)] == ["Người Khác", "Người Thử"]
    with opened.db.read(RegisterId("khong-co")) as reader:
        assert reader.find(Person) == []
    with pytest.raises(NotFoundError), opened.db.write(RegisterId("khong-co"), "acc_1"):
        pytest.fail("there is no such register")


def test_what_is_found_is_in_the_order_of_its_bytes(opened: Services) -> None:
    ids = [f"{letter}{n}" for letter in ("a", "B", "Đ", "_") for n in range(300)]
    write(opened, HERE, *(person(i) for i in ids))
    with opened.db.read(HERE) as reader:
        # More ids than one statement takes.
        assert [p.id for p in reader.find(Person, id=ids)] == sorted(ids)
        first = reader.first(Person, name="Người Thử")
        assert first is not None
        assert first.id == min([*ids, "p1"])


def test_more_values_than_one_statement_takes_are_closed_too(opened: Services) -> None:
    ids = [f"p{n}" for n in range(1100)]
    write(opened, HERE, *(person(i) for i in ids))
    revision = write(opened, HERE, *(person(i, "Hai") for i in ids))
    with opened.db.read(HERE) as reader:
        assert {p.name for p in reader.find(Person)} == {"Hai"}
    assert sum(row["to_rev"] == revision for row in _rows(opened)) == len(ids)


def test_asking_for_nothing_finds_nothing(opened: Services) -> None:
    with opened.db.read(HERE) as reader:
        assert reader.find(Person, id=[]) == []
        assert reader.find(Person, name=None) == []


def test_instants_come_back_in_utc_to_the_microsecond(opened: Services) -> None:
    year = SchoolYear(
        "2026-2027",
        datetime(2026, 8, 1, 0, 0, 0, 1, tzinfo=UTC),
        datetime(2027, 7, 31, 16, 59, 59, 999999, tzinfo=UTC),
    )
    with opened.db.write(HERE, "acc_1") as tx:
        tx.put(year)
        tx.happened("school_year.open", year.id)
    with opened.db.read(HERE) as reader:
        found = reader.require(SchoolYear, year.id)
    assert found == year
    assert found.closes_at.tzinfo is UTC
    assert replace(found, starts_at=year.closes_at) != year


def test_a_value_that_its_table_cannot_hold_is_a_programming_error() -> None:
    with pytest.raises(RuntimeError, match=r"^persons lacks \['starts_at', 'closes_at'\]$"):
        Codec(SchoolYear, table(PersonRow))


def test_what_was_found_before_a_change_is_not_found_again_after_it(opened: Services) -> None:
    with opened.db.write(HERE, "acc_1") as tx:
        before = tx.find(Person)
        before.clear()
        assert [p.id for p in tx.find(Person)] == ["p1"]
        assert tx.find(Person, id=["p2", "p1"]) == tx.find(Person, id={"p1"})
        put(tx, person("p2"))
        assert [p.id for p in tx.find(Person)] == ["p1", "p2"]
        assert [p.id for p in tx.find(Person, id=("p2", "p1"))] == ["p1", "p2"]
