"""What was read ahead answers as the database would, whatever is asked of it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import event

from access_service.domain.accounts import Account
from access_service.domain.names import AccountKind
from access_service.domain.org import Assignment, Person, SchoolClass, Unit
from access_service.storage.ahead import AheadReader
from access_service.storage.facts import Reader
from access_service.storage.org import StoredOrg
from prepared import as_it_is, copied
from world import DEPARTMENT, LOWER, OFFICE, SCHOOL, World, hire_homeroom, homeroom_line

UNITS = [SCHOOL, OFFICE, DEPARTMENT]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    school, _ = copied(tmp_path, as_it_is)
    homeroom = hire_homeroom(school)
    school.hand_over(SCHOOL, homeroom, homeroom_line(school, homeroom))
    school.hire("cbthcs", OFFICE, "level_officer", OFFICE, levels=frozenset({LOWER}))
    yield school
    school.services.db.close()


def test_every_question_has_the_same_answer_read_ahead_or_not(world: World) -> None:
    with world.services.db.connect() as connection:
        plain, ahead = Reader(connection, world.register), AheadReader(connection, world.register)
        ahead.read_ahead(Assignment, "unit", [SCHOOL, DEPARTMENT])
        ahead.read_ahead(Account, "unit", [SCHOOL])
        ahead.read_ahead(SchoolClass, "school", [SCHOOL])
        duties = plain.find(Assignment)
        people = sorted({duty.person for duty in duties})
        positions = sorted({duty.position for duty in duties})
        questions: list[tuple[type, dict[str, object]]] = [
            (Assignment, {"unit": SCHOOL}),
            (Assignment, {"unit": [SCHOOL, DEPARTMENT]}),
            (Assignment, {"unit": [SCHOOL, OFFICE]}),
            (Assignment, {"unit": OFFICE}),
            (Assignment, {"unit": SCHOOL, "position": positions[:2]}),
            (Assignment, {"unit": SCHOOL, "person": people[0], "position": positions}),
            (Assignment, {"unit": SCHOOL, "valid_to": None}),
            (Assignment, {"person": people}),
            (Assignment, {"person": people[-1]}),
            (Assignment, {"substitutes": [duty.id for duty in duties]}),
            (Assignment, {"id": [duty.id for duty in duties]}),
            (Assignment, {"id": [duty.id for duty in duties][:1]}),
            (Assignment, {"id": "asg_000"}),
            (Assignment, {"id": []}),
            (Account, {"unit": [SCHOOL], "kind": str(AccountKind.ADMIN)}),
            (Account, {"unit": SCHOOL, "kind": str(AccountKind.USE)}),
            (Account, {"person": people}),
            (SchoolClass, {"school": {SCHOOL}}),
            (Person, {"id": people}),
            (Person, {"id": people[:1]}),
            (Unit, {}),
        ]
        for value_type, equals in questions + questions:
            assert ahead.find(value_type, **equals) == plain.find(value_type, **equals), (value_type, equals)
            assert ahead.find_ids(value_type, **equals) == [x.id for x in plain.find(value_type, **equals)]


def test_what_was_read_ahead_is_not_read_again_and_what_was_forgotten_is(world: World) -> None:
    with world.services.db.connect() as connection:
        ahead = AheadReader(connection, world.register)
        ahead.read_ahead(Assignment, "unit", [SCHOOL])
        asked: list[str] = []
        event.listen(connection, "before_cursor_execute", lambda *said: asked.append(said[2]))
        duties = ahead.find(Assignment, unit=SCHOOL)
        assert ahead.find(Assignment, id=[duty.id for duty in duties]) == duties
        assert asked == []
        ahead.forget()
        assert ahead.find(Assignment, unit=SCHOOL) == duties
        assert len(asked) == 1


def test_a_reader_of_the_past_reads_ahead_what_was_known_then(world: World) -> None:
    with world.services.db.connect() as connection:
        now = Reader(connection, world.register)
        then = AheadReader(connection, world.register, 1)
        then.read_ahead(Assignment, "unit", UNITS)
        known = then.find(Assignment, unit=UNITS)
        assert known == Reader(connection, world.register, 1).find(Assignment)
        assert len(known) < len(now.find(Assignment))


def test_units_read_ahead_have_the_managers_and_packs_that_they_have(world: World) -> None:
    with world.services.db.connect() as connection:
        plain, ahead = (StoredOrg(Reader(connection, world.register)) for _ in range(2))
        ahead.read_ahead([SCHOOL, OFFICE])
        for unit in UNITS:
            assert ahead.unit(unit) == plain.unit(unit)
            assert list(ahead.edges_of(unit)) == list(plain.edges_of(unit))
            assert ahead.binding_for(unit, world.clock.now) == plain.binding_for(unit, world.clock.now)
