"""Rows that are made ready before a register is locked are the rows that an act would have written."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from samples import open_register, person, values_of

from access_service.domain.errors import UnavailableError
from access_service.domain.names import AccountId, RegisterId
from access_service.domain.org import Person
from access_service.storage.accounts import Credential, credential_of, ready_credentials
from access_service.storage.facts import CODECS, ready_facts
from access_service.usecases.services import Services

HERE = RegisterId("thu-nghiem")


@pytest.fixture
def opened(services: Services) -> Services:
    """A register with one person in it."""
    open_register(services.db, HERE)
    return services


def rows_of(services: Services, kind: type[Any], id_: str) -> list[dict[str, Any]]:
    table = CODECS[kind].table
    with services.db.connect() as connection:
        return [dict(r) for r in connection.execute(table.select().where(table.c.id == id_)).mappings()]


@pytest.mark.parametrize("kind", CODECS, ids=lambda kind: kind.__name__)
@settings(max_examples=5, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_every_fact_that_was_made_ready_stands_as_if_it_had_been_put(
    opened: Services, kind: type[Any], data: st.DataObject
) -> None:
    revision = opened.db.counter(HERE).revision  # type: ignore[union-attr]
    value = replace(data.draw(values_of(kind)), id=f"put-{revision}")
    other = replace(value, id=f"ready-{revision}")
    ready = ready_facts(opened.db.dialect, HERE, kind, [other])
    with opened.db.staging() as staging:
        staged = staging.put(ready, 10)
        with opened.db.write(HERE, "acc_1", staging=staging) as tx:
            tx.put(value)
            assert list(tx.insert(staged)) == [1]
            tx.happened("sample.put", "x")
    [put], [inserted] = rows_of(opened, kind, value.id), rows_of(opened, kind, other.id)
    assert inserted == put | {"id": other.id}
    with opened.db.read(HERE) as reader:
        assert reader.get(kind, other.id) == other


@pytest.mark.parametrize("chunk", [1, 2, 3, 7])
def test_rows_go_in_by_chunks_and_all_of_them(opened: Services, chunk: int) -> None:
    people = [person(f"q{n}") for n in range(6)]
    ready = ready_facts(opened.db.dialect, HERE, Person, iter(people))
    with opened.db.staging() as staging:
        staged = staging.put(ready, chunk)
        none = staging.put(ready_facts(opened.db.dialect, HERE, Person, []), chunk)
        with opened.db.write(HERE, "acc_1", staging=staging) as tx:
            assert list(tx.insert(staged))[-1] == len(people) == len(staged)
            assert list(tx.insert(none)) == []
            tx.happened("sample.put", "x")
            revision = tx.revision
    with opened.db.read(HERE) as reader:
        assert reader.find(Person, id=[p.id for p in people]) == people
        assert {start for p in people for start, _, _ in reader.history(Person, p.id)} == {revision}


def test_what_only_the_lock_tells_is_written_then(opened: Services) -> None:
    """The instant of the transaction, and later than it by what was said: in whatever zone the clock speaks."""
    opened.db._clock = lambda: datetime(2030, 1, 2, 3, 4, 5, 6, tzinfo=timezone(timedelta(hours=7)))
    given = Credential(HERE, AccountId("acc_9"), "000.chin", None, activation_sha256="0" * 64)
    ready = ready_credentials(opened.db.dialect, [given], timedelta(hours=72))
    facts = ready_facts(opened.db.dialect, HERE, Person, [person("q1")])
    with opened.db.staging() as staging:
        staged = staging.put(ready, 10), staging.put(facts, 10)
        with opened.db.write(HERE, "acc_1", staging=staging) as tx:
            assert [list(tx.insert(rows)) for rows in staged] == [[1], [1]]
            tx.happened("sample.put", "x")
            now = tx.now
    assert now.astimezone(UTC) == datetime(2030, 1, 1, 20, 4, 5, 6, tzinfo=UTC)
    with opened.db.connect() as connection:
        found = credential_of(connection, HERE, AccountId("acc_9"))
    assert found == replace(given, activation_until=now + timedelta(hours=72))
    [row] = rows_of(opened, Person, "q1")
    stored = row["valid_from"]
    assert (stored.replace(tzinfo=UTC) if stored.tzinfo is None else stored) == now


def test_rows_of_more_values_than_columns_are_refused(opened: Services) -> None:
    ready = ready_facts(opened.db.dialect, HERE, Person, [person("q1")])
    ready = replace(ready, columns=ready.columns[:-1])
    with pytest.raises(UnavailableError), opened.db.staging() as staging:
        staging.put(ready, 1)
