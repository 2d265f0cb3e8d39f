"""A right that allowed something today says so tomorrow, whichever node answered and however often."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path

import pytest

from access_service.domain.errors import UnavailableError
from access_service.domain.names import RegisterId
from access_service.storage.db import Database
from access_service.storage.uses import add_uses, first_day_counted, read_last_uses
from access_service.usecases.observed import ObservedAnswers
from access_service.usecases.upkeep.writing_uses import UseWriter, write_uses
from access_service.usecases.uses import Uses
from prepared import as_it_is, copied
from world import World

HERE, THERE = RegisterId("thu-nghiem"), RegisterId("khac")


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    school, _ = copied(tmp_path, as_it_is)
    yield school
    school.services.db.close()


def last(world: World, by: date, register: RegisterId = HERE) -> dict[str, date]:
    with world.services.db.connect() as connection:
        return {str(k): v for k, v in read_last_uses(connection, register, {"grn_1", "grn_2"}, by).items()}


def test_days_add_up_in_any_order_and_twice_is_once(world: World) -> None:
    days = [date(2026, 9, 30), date(2026, 9, 1), date(2026, 10, 31), date(2026, 9, 30), date(2027, 1, 1)]
    with world.services.db.aside() as connection:
        for day in days:
            add_uses(connection, HERE, ["grn_1"], day)
    asked = [
        date(2026, 8, 31),
        date(2026, 9, 1),
        date(2026, 9, 29),
        date(2026, 10, 30),
        date(2026, 12, 31),
        days[-1],
    ]
    found = [last(world, by).get("grn_1") for by in asked]
    assert found == [None, days[1], days[1], days[0], days[2], days[4]]
    with world.services.db.connect() as connection:
        assert first_day_counted(connection, HERE) == date(2026, 9, 1)
        assert first_day_counted(connection, THERE) is None


def test_many_rights_of_two_registers_stay_apart(world: World) -> None:
    uses = Uses()
    uses.of(HERE).grants.update(f"grn_{n}" for n in range(1200))
    uses.of(THERE).grants.add("grn_1")
    assert write_uses(world.services.db, uses, date(2026, 9, 5)) == 1201
    assert write_uses(world.services.db, uses, date(2026, 9, 6)) == 0
    assert last(world, date(2026, 9, 9)) == {"grn_1": date(2026, 9, 5), "grn_2": date(2026, 9, 5)}
    assert last(world, date(2026, 9, 9), THERE) == {"grn_1": date(2026, 9, 5)}


def test_what_cannot_be_written_is_written_later(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    uses = Uses()
    uses.of(HERE).grants.add("grn_1")

    @contextmanager
    def broken(*_: object) -> Iterator[None]:
        raise UnavailableError("the database cannot be written now")
        yield

    told: list[str] = []
    writer = UseWriter(world.services.db, uses, ObservedAnswers(), told.append)
    with monkeypatch.context() as patched:
        patched.setattr(Database, "aside", broken)
        writer.round()
    assert told == ["the database cannot be written now"]
    writer.close()
    assert "grn_1" in last(world, date(2026, 12, 31))


def test_around_midnight_a_use_is_never_said_to_be_later_than_it_was(world: World) -> None:
    uses = Uses()
    writer = UseWriter(world.services.db, uses, ObservedAnswers(), lambda _: None)
    uses.of(HERE).grants.add("grn_1")
    world.clock.forward(days=1)
    writer.round()
    today = (world.clock.now + timedelta(hours=7)).date()
    assert last(world, today) == {"grn_1": today - timedelta(days=1)}
    uses.of(HERE).grants.add("grn_1")
    writer.round()
    assert last(world, today) == {"grn_1": today}


def test_writing_a_use_makes_no_revision_and_no_event(world: World) -> None:
    revision, events = world.revision, len(world.log())
    uses = Uses()
    uses.of(HERE).grants.add("grn_1")
    write_uses(world.services.db, uses, date(2026, 9, 5))
    assert (world.revision, len(world.log())) == (revision, events)
