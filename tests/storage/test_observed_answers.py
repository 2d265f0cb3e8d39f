"""What observing counts: by kind and day, added to, within a bound, for a month."""

from __future__ import annotations

from datetime import date, timedelta

from access_service.domain.names import ClientId, UnitId
from access_service.domain.observing import ObservedAnswer, OldAnswer
from access_service.storage.observed_answers import KINDS, add_observed, read_observed
from world import SCHOOL, World

DAY = date(2026, 9, 7)
CLIENT = ClientId("cli_000")


def answer(category: str) -> ObservedAnswer:
    return ObservedAnswer(CLIENT, SCHOOL, category, "read", OldAnswer.ALLOW, False, "no_grant")


def test_numbers_are_added_and_more_kinds_than_the_bound_lose_their_words(world: World) -> None:
    with world.services.db.aside() as connection:
        add_observed(connection, world.register, {answer(f"A{n}"): 2 for n in range(KINDS + 20)}, DAY)
        add_observed(connection, world.register, {answer("A0"): 1, answer("B"): 3}, DAY)
        found = read_observed(connection, world.register, [CLIENT], DAY, [])
    assert len(found) == KINDS + 1
    assert found[answer("A0")] == 3
    assert found[answer("")._replace(action="")] == 20 * 2 + 3
    assert sum(found.values()) == (KINDS + 20) * 2 + 4


def test_days_are_apart_and_forgotten_after_a_month(world: World) -> None:
    with world.services.db.aside() as connection:
        add_observed(connection, world.register, {answer("A0"): 1}, DAY)
        add_observed(connection, world.register, {answer("A0"): 5}, DAY + timedelta(days=20))
        assert read_observed(connection, world.register, [CLIENT], DAY, [UnitId(SCHOOL)]) == {answer("A0"): 6}
        assert read_observed(connection, world.register, [CLIENT], DAY + timedelta(days=1), []) == {answer("A0"): 5}
        assert read_observed(connection, world.register, [CLIENT], DAY, [UnitId("khac")]) == {}
        add_observed(connection, world.register, {answer("A0"): 1}, DAY + timedelta(days=40))
        assert read_observed(connection, world.register, [CLIENT], DAY, []) == {answer("A0"): 6}
