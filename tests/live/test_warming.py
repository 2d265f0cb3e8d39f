"""After the start a province is in memory, and nobody who asks pays for reading it."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from access_service.domain.accounts import Account
from access_service.domain.errors import UnavailableError
from access_service.domain.names import AccountId, SuspendableKind
from access_service.engine.snapshots import Snapshot
from access_service.live.decision_point import DecisionPoint
from access_service.live.gathered import LockIndex, Reading
from access_service.live.warming import Warming, count_kept
from access_service.storage.facts import Reader
from access_service.storage.many_accounts import ManyAccountsReader
from access_service.storage.standing import Gatherer
from access_service.usecases.handover import delegation
from live.test_decision_point import beside, until
from powers.states import STATES, States
from storage.test_account_facts import counted
from usecases.deciding import School, ask, deciding, from_memory, suspend
from warmth import Warm
from world import CLASS_6B, SCHOOL, World


@pytest.fixture
def school(tmp_path: Path) -> Iterator[School]:
    with deciding(tmp_path) as made:
        yield made


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> States:
    return States(tmp_path_factory.mktemp("warmed"))


def test_after_it_no_question_takes_the_database(school: School) -> None:
    world, teacher, point = school
    every = _accounts(world)
    assert point.warming.warm(world.register) == len(every)
    with counted(world.services.db.engine) as sent:
        assert from_memory(point, world.register, ask(teacher)) is not None
        assert point.decide(world.register, ask(teacher)).decision
        assert not point.decide(world.register, ask(teacher, CLASS_6B)).decision
        for other in every:
            assert not point.decide(world.register, ask(teacher, CLASS_6B, account=other)).decision
    assert not sent


@pytest.mark.parametrize("state", sorted(STATES))
def test_what_is_read_in_bulk_is_what_is_read_one_by_one(made: States, state: str, tmp_path: Path) -> None:
    world = made(state).open(tmp_path)
    delegation.suspend(
        world.services, world.admins[world.root], kind=SuspendableKind.UNIT, target=SCHOOL, reason="thử nghiệm"
    )
    warm = Warm(world)
    warm.point = DecisionPoint(world.services.db)
    warm.point.warming.warm(world.register)
    assert warm.kept() == set(_accounts(world))
    assert not warm.differences()
    now = world.clock.now
    with world.services.db.read(world.register) as reader:
        for known_at in (None, world.revision // 2, world.revision):
            past = Reader(reader.connection, reader.register, known_at)
            many, every = ManyAccountsReader(past), [AccountId(id_) for id_ in past.find_ids(Account)]
            for batch in (every[::2], every[1::2]):
                many.load(batch)
                for account in every:
                    # Also those that are in no batch: what is not held is asked.
                    assert Gatherer(many).account(account, now) == Gatherer(past).account(account, now)
    world.services.db.close()


def test_nothing_is_kept_that_an_act_took_back_meanwhile(school: School, monkeypatch: pytest.MonkeyPatch) -> None:
    world, teacher, point = school
    load = ManyAccountsReader.load

    def load_while_somebody_acts(many: ManyAccountsReader, accounts: Sequence[AccountId]) -> object:
        found = load(many, accounts)
        suspend(world, teacher)
        return found

    monkeypatch.setattr(ManyAccountsReader, "load", load_while_somebody_acts)
    with beside(world):
        point.warming.warm(world.register)
    view = point.feed.view(world.register)
    point.advance(world.register)
    assert teacher.account not in view.accounts
    assert not point.decide(world.register, ask(teacher)).decision


def test_a_small_memory_takes_what_fits_and_drops_nothing_for_it(school: School) -> None:
    world, teacher, _ = school
    point = DecisionPoint(world.services.db, cache_mib=0)
    assert point.warming.warm(world.register) == 0
    assert point.decide(world.register, ask(teacher)).decision
    point.close()


def test_an_account_that_contradicts_itself_keeps_no_other_from_memory(
    school: School, monkeypatch: pytest.MonkeyPatch
) -> None:
    world, teacher, point = school
    others = [account for account in _accounts(world) if account != teacher.account]
    snapshot = Reading.snapshot

    def refuse_one(reading: Reading, account: AccountId) -> Snapshot | None:
        if account == teacher.account:
            raise UnavailableError("the facts behind the account cannot be read")
        return snapshot(reading, account)

    monkeypatch.setattr(Reading, "snapshot", refuse_one)
    assert point.warming.warm(world.register) == len(others)


def test_a_history_that_is_gone_is_read_again_in_bulk(school: School) -> None:
    world, _, point = school
    warming = Warming(point.feed, LockIndex(), much=1)
    warming.start()
    try:
        assert warming.wait(60)
        view = point.feed.view(world.register)
        whole = count_kept(view)
        with view.lock:
            view.start_again(world.clock.now.timestamp())
        assert until(lambda: count_kept(view) == whole, 60)
        point.feed.views.clear()
        point.feed.view(world.register)
        assert until(lambda: count_kept(point.feed.view(world.register)) == whole, 60)
    finally:
        warming.close()


def test_a_few_who_are_dropped_begin_no_round(school: School) -> None:
    world, teacher, point = school
    point.warming.warm(world.register)
    suspend(world, teacher)
    assert point.warming.find_cooled() == []


def test_readiness_waits_for_the_first_round_and_not_for_ever(
    school: School, monkeypatch: pytest.MonkeyPatch
) -> None:
    world, _, point = school
    goes_on, clock = threading.Event(), [0.0]
    monkeypatch.setattr("access_service.live.warming.PATIENT_S", 0)
    warming = Warming(point.feed, LockIndex(), monotonic=lambda: clock[0])
    warming.check()
    monkeypatch.setattr(warming, "warm", lambda _register: goes_on.wait(60))
    warming.start()
    with pytest.raises(UnavailableError, match="into memory"):
        warming.check()
    clock[0] = 60.0
    warming.check()
    clock[0] = 0.0
    goes_on.set()
    assert warming.wait(60)
    warming.check()
    warming.close()
    assert world.revision


def test_a_round_that_fails_is_said_and_holds_up_nothing(school: School, monkeypatch: pytest.MonkeyPatch) -> None:
    world, _, point = school
    heard: list[str] = []
    warming = Warming(point.feed, LockIndex())
    warm, broken = warming.warm, [True]

    def fail_once(register: object) -> int:
        if broken.pop() if broken else False:
            raise UnavailableError("the database is away")
        return warm(world.register if register is None else register)  # type: ignore[arg-type]

    monkeypatch.setattr(warming, "warm", fail_once)
    warming.start(heard.append)
    assert warming.wait(60)
    assert until(lambda: count_kept(point.feed.view(world.register)) == len(_accounts(world)), 60)
    warming.close()
    assert heard == ["the database is away"]


def _accounts(world: World) -> list[AccountId]:
    with world.services.db.read(world.register) as reader:
        return [AccountId(id_) for id_ in reader.find_ids(Account)]
