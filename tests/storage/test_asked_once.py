"""A look asks each question once, and hears what a plain reader hears."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import Engine, event

from access_service.domain.org import Assignment, ManagementEdge, Person, Unit
from access_service.storage.asked_once import OnceReader
from access_service.storage.facts import Reader
from prepared import as_it_is, copied
from world import OFFICE, SCHOOL, World


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    school, _ = copied(tmp_path, as_it_is)
    yield school
    school.services.db.close()


@contextmanager
def _counted(engine: Engine) -> Iterator[list[str]]:
    said: list[str] = []

    def heard(_c: object, _k: object, statement: str, *_: object) -> None:
        said.append(statement)

    event.listen(engine, "before_cursor_execute", heard)
    try:
        yield said
    finally:
        event.remove(engine, "before_cursor_execute", heard)


def test_what_is_remembered_is_what_the_database_says(world: World) -> None:
    with world.services.db.connect() as connection:
        plain, once = Reader(connection, world.register), OnceReader(connection, world.register)
        questions: list[tuple[type, dict[str, object]]] = [
            (Assignment, {"unit": SCHOOL}),
            (Assignment, {"unit": [SCHOOL, OFFICE]}),
            (Assignment, {"unit": OFFICE}),
            (Assignment, {"unit": SCHOOL, "valid_to": None}),
            (Assignment, {"id": []}),
            (Unit, {"id": SCHOOL}),
            (Person, {"id": SCHOOL}),
            (ManagementEdge, {"unit": SCHOOL}),
            (ManagementEdge, {"manager": SCHOOL}),
            (ManagementEdge, {}),
        ]
        for _ in range(2):
            for value_type, equals in questions:
                assert once.find(value_type, **equals) == plain.find(value_type, **equals)


def test_a_question_is_asked_once_in_whatever_order_it_names_things(world: World) -> None:
    with world.services.db.connect() as connection, _counted(world.services.db.engine) as said:
        once = OnceReader(connection, world.register)
        once.find(Assignment, unit=[SCHOOL, OFFICE], valid_to=None)
        once.find(Assignment, valid_to=None, unit={OFFICE, SCHOOL})
        assert (len(said), once.asked) == (1, 1)


def test_what_one_asker_does_with_a_list_is_not_seen_by_the_next(world: World) -> None:
    with world.services.db.connect() as connection:
        once = OnceReader(connection, world.register)
        once.find(Unit, id=SCHOOL).clear()
        assert [unit.id for unit in once.find(Unit, id=SCHOOL)] == [SCHOOL]


def test_what_is_missing_is_still_asked_for_as_long(world: World) -> None:
    with world.services.db.connect() as connection, _counted(world.services.db.engine) as said:
        OnceReader(connection, world.register).ask_for_nothing(5)
        assert len(said) == 5
