"""One account from cold costs three questions, and they find what twenty found."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, event

from access_service.domain.accounts import Account
from access_service.domain.names import AccountId, SuspendableKind
from access_service.live.decision_point import DecisionPoint
from access_service.storage.account_facts import AccountReader
from access_service.storage.facts import Reader
from access_service.storage.standing import Gatherer
from access_service.usecases.handover import delegation
from powers.states import STATES, States
from usecases.deciding import ask
from world import SCHOOL, World, hire_homeroom, homeroom_line


@contextmanager
def counted(engine: Engine) -> Iterator[list[str]]:
    """The statements that were sent meanwhile."""
    sent: list[str] = []

    def hear(_c: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        sent.append(statement)

    event.listen(engine, "before_cursor_execute", hear)
    try:
        yield sent
    finally:
        event.remove(engine, "before_cursor_execute", hear)


def test_an_account_from_cold_costs_at_most_three_questions(school_world: World) -> None:
    world = school_world
    teacher = hire_homeroom(world)
    world.hand_over(SCHOOL, teacher, homeroom_line(world, teacher))
    world.clock.forward(seconds=1)
    for _ in range(2):
        # The first time the pack is read, too.
        point = DecisionPoint(world.services.db)
        point.advance(world.register)
        with counted(world.services.db.engine) as sent:
            assert point.decide(world.register, ask(teacher)).decision
    assert len([statement for statement in sent if "SELECT" in statement]) <= 3, sent
    with world.services.db.read(world.register) as reader:
        plain = Gatherer(reader).account(teacher.account, world.clock.now)
        assert Gatherer(AccountReader(reader)).account(teacher.account, world.clock.now) == plain


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> States:
    return States(tmp_path_factory.mktemp("ahead"))


@pytest.mark.parametrize("state", sorted(STATES))
def test_what_is_read_ahead_is_what_is_there(made: States, state: str, tmp_path: Path) -> None:
    world = made(state).open(tmp_path)
    delegation.suspend(
        world.services, world.admins[world.root], kind=SuspendableKind.UNIT, target=SCHOOL, reason="thử nghiệm"
    )
    now = world.clock.now
    with world.services.db.read(world.register) as reader:
        newest = world.revision
        for known_at in (None, newest // 2, newest):
            past = Reader(reader.connection, reader.register, known_at)
            for id_ in past.find_ids(Account):
                account = AccountId(id_)
                plain = Gatherer(past).account(account, now)
                assert Gatherer(AccountReader(past)).account(account, now) == plain
    world.services.db.close()
