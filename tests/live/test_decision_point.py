"""The decision point keeps what it may and never more: memory, database and the past give one answer."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import delete, select, update

from access_service.domain.access import Deny
from access_service.domain.errors import (
    InvalidError,
    NotFoundError,
    PolicyError,
    StaleRevisionError,
    UnavailableError,
)
from access_service.domain.names import AccountId, ClassId, EducationLevel, RegisterId, SuspendableKind, UnitId
from access_service.domain.policy import PackBinding
from access_service.domain.reasons import Reason
from access_service.engine.packs.load import read_pack_files
from access_service.live.decision_point import DecisionPoint, check
from access_service.live.gathered import LockIndex
from access_service.live.revisions import parse_revision, revision_text
from access_service.storage.db import Database
from access_service.storage.policy import store_pack
from access_service.storage.tables import CounterRow, RevisionRow, table
from access_service.usecases.evidence.explain import explain
from access_service.usecases.handover import delegation
from access_service.usecases.organisation import org
from usecases.deciding import School, ask, deciding, from_memory, grant_of, suspend
from world import (
    CLASS_6A,
    CLASS_6B,
    ROOT,
    SCHOOL,
    Someone,
    World,
    found,
)


@pytest.fixture
def school(tmp_path: Path) -> Iterator[School]:
    with deciding(tmp_path) as made:
        yield made


def resume(world: World, who: Someone) -> None:
    delegation.resume(world.services, world.admins[SCHOOL], kind=SuspendableKind.ACCOUNT, target=who.account)


@contextmanager
def beside(world: World) -> Iterator[World]:
    """Another process on the same database: nobody here hears of its commits."""
    listeners = list(world.services.committed)
    world.services.committed.clear()
    try:
        yield world
    finally:
        world.services.committed.extend(listeners)


def until(condition: Callable[[], bool], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.005)
    return True


# -- one answer


def test_memory_database_and_the_record_of_the_past_agree(school: School) -> None:
    world, teacher, point = school
    requests = [
        ask(teacher),
        ask(teacher, CLASS_6B),
        ask(teacher, action="approve"),
        ask(teacher, action="fly"),
        ask(teacher, category="FIN"),
        ask(teacher, class_id=None),
        ask(teacher, account=AccountId("acc_000")),
        ask(teacher, level="primary"),
        ask(teacher, resource_type="unit", resource_id="00031", class_id=None, category="SCH"),
    ]
    for request in requests:
        cold = point.decide(world.register, request)
        again = point.decide(world.register, request)
        past = point.decide_at(world.register, request, at=cold.now, known_at=cold.revision)
        answers = [(found.decision, found.revision, found.instant) for found in (cold, again, past)]
        assert answers[0] == answers[1] == answers[2]
    assert [bool(point.decide(world.register, r).decision) for r in requests] == [True] + [False] * 8
    reasons = [d.reason for r in requests[1:] if isinstance(d := point.decide(world.register, r).decision, Deny)]
    assert reasons[:3] == [Reason.OUTSIDE_CLASS, Reason.ACTION_NOT_IN_ROLE, Reason.UNKNOWN_ACTION]
    assert Reason.ACCOUNT_UNKNOWN in reasons


def test_a_batch_sees_one_revision_and_one_instant(school: School) -> None:
    world, teacher, point = school
    items = [ask(teacher).ask, Reason.RESOURCE_INCOMPLETE, ask(teacher, CLASS_6B).ask, ask(teacher).ask]
    cold = point.decide_all(world.register, items)
    assert [bool(d) for d in cold.decisions] == [True, False, False, True]
    moment = point.moment(world.register)
    assert moment is not None
    assert moment.answers(items)
    assert moment.holds()
    warm = point.decide_all(world.register, items)
    assert (warm.decisions, warm.revision, warm.instant) == (cold.decisions, cold.revision, cold.instant)
    assert len(point.decide_all(world.register, items, stop_at=False).decisions) == 2
    assert len(point.decide_all(world.register, items, stop_at=True).decisions) == 1
    suspend(world, teacher)
    assert not moment.holds()


def test_check_asks_now_or_then(school: School) -> None:
    world, teacher, point = school
    decided = check(point, world.register, ask(teacher))
    assert decided.decision
    before = check(point, world.register, ask(teacher), at=datetime(2026, 8, 1, tzinfo=UTC))
    assert isinstance(before.decision, Deny)
    assert before.now == datetime(2026, 8, 1, tzinfo=UTC)
    first = check(point, world.register, ask(teacher), known_at=1)
    assert (first.decision, first.revision) == (Deny(Reason.RESOURCE_CONTRADICTORY), 1)


# -- what a commit changes


def test_taking_back_is_immediate(school: School) -> None:
    world, teacher, point = school
    grant = grant_of(world, point, teacher)
    before = point.decide(world.register, ask(teacher))
    delegation.revoke_grant(world.services, world.admins[SCHOOL], grant, reason="thử")  # type: ignore[arg-type]
    after = point.decide(world.register, ask(teacher))
    assert after.decision == Deny(Reason.GRANT_ENDED, grant)  # type: ignore[arg-type]
    assert after.revision == before.revision + 1
    assert point.decide_at(world.register, ask(teacher), at=before.now, known_at=before.revision) == before


def test_a_clock_that_steps_back_brings_no_right_back(school: School) -> None:
    world, teacher, point = school
    grant = grant_of(world, point, teacher)
    delegation.revoke_grant(world.services, world.admins[SCHOOL], grant, reason="thử")  # type: ignore[arg-type]
    revoked_at = world.clock.now
    world.clock.forward(seconds=-0.5)
    for _ in range(2):
        decided = point.decide(world.register, ask(teacher))
        assert isinstance(decided.decision, Deny)
        assert decided.now == revoked_at


def test_only_the_accounts_touched_are_loaded_again(school: School) -> None:
    world, teacher, point = school
    head = world.people[f"head:{SCHOOL}"]
    for who in (teacher, head):
        point.decide(world.register, ask(who))
    suspend(world, teacher)
    assert from_memory(point, world.register, ask(teacher)) is None
    assert from_memory(point, world.register, ask(head)) is not None
    assert point.decide(world.register, ask(teacher)).decision == Deny(Reason.ACCOUNT_NOT_ACTIVE)


def test_a_new_unit_changes_nobodys_answer(school: School) -> None:
    world, teacher, point = school
    point.decide(world.register, ask(teacher))
    world.add_unit("0003102", "school", "Trường Thử Hai", UnitId("00031001"))
    assert from_memory(point, world.register, ask(teacher)) is not None


def test_a_load_that_raced_a_commit_is_not_kept(school: School) -> None:
    world, teacher, point = school
    point.advance(world.register)
    calls, raced = [], []

    def clock() -> datetime:
        # First asked for the look in memory, then inside the transaction: commit behind its back.
        calls.append(1)
        if len(calls) == 2:
            raced.append(point.revision(world.register))
            suspend(world, teacher)
        return world.clock.now

    point._db = point.feed.db = Database(str(world.services.db.url), clock)
    point._timestamp = lambda: clock().timestamp()
    decided = point.decide(world.register, ask(teacher))
    assert decided.decision
    assert decided.revision == raced[0] < point.revision(world.register)
    assert from_memory(point, world.register, ask(teacher)) is None
    assert point.decide(world.register, ask(teacher)).decision == Deny(Reason.ACCOUNT_NOT_ACTIVE)
    point._db.close()


def test_no_decision_mixes_two_revisions(school: School) -> None:
    world, teacher, point = school
    seen: dict[tuple[int, datetime], set[bool]] = {}
    stop, lock, faults = threading.Event(), threading.Lock(), []

    def decide() -> None:
        try:
            while not stop.is_set():
                decided = point.decide(world.register, ask(teacher))
                with lock:
                    seen.setdefault((decided.revision, decided.now), set()).add(bool(decided.decision))
        except Exception as error:  # noqa: BLE001 reported below
            faults.append(error)

    threads = [threading.Thread(target=decide) for _ in range(3)]
    for thread in threads:
        thread.start()
    for turn in range(30):
        world.clock.forward(milliseconds=1)
        (resume if turn % 2 else suspend)(world, teacher)
        time.sleep(0.003)
    stop.set()
    for thread in threads:
        thread.join()
    assert not faults
    assert len({revision for revision, _ in seen}) > 10
    for (revision, now), answers in seen.items():
        past = point.decide_at(world.register, ask(teacher), at=now, known_at=revision)
        assert answers == {bool(past.decision)}, revision


# -- what time alone changes


def test_a_grant_expires_without_a_commit(school: School) -> None:
    world, teacher, point = school
    assert point.decide(world.register, ask(teacher)).decision
    world.clock.now = datetime(2027, 7, 31, 17, 0, tzinfo=UTC) - timedelta(microseconds=1)
    assert point.decide(world.register, ask(teacher)).decision
    world.clock.forward(microseconds=1)
    decided = point.decide(world.register, ask(teacher)).decision
    assert isinstance(decided, Deny)
    assert decided.reason is Reason.EXPIRED


def test_another_pack_takes_over_at_its_date_without_a_commit(school: School) -> None:
    world, teacher, point = school
    at = world.clock.now + timedelta(days=1)
    with world.services.db.write(world.register, "operator") as tx:
        tables = store_pack(tx.connection, read_pack_files(ROOT / "policy", "hai-phong", ROOT / "models"))
        tx.put(PackBinding("bin_000", SCHOOL, "hai-phong", tables.pack.digest, at))
        tx.happened("pack.bind", SCHOOL)
        tx.touches_everybody()
    point.committed(world.register)
    pupil = ask(teacher)
    assert point.decide(world.register, pupil).decision
    explained = explain(point, world.register, pupil)
    assert explained.pack is not None
    assert explained.pack.name == "base"
    view = point._views[world.register]
    assert view.places.until == at.timestamp()
    assert view.accounts[teacher.account].until <= at.timestamp()
    world.clock.now = at
    assert from_memory(point, world.register, pupil) is None
    point.decide(world.register, pupil)
    tables_now = view.units[SCHOOL].tables
    assert tables_now is not None
    assert tables_now.pack.name == "hai-phong"


def test_locks_are_indexed_for_the_kind_of_unit(school: School) -> None:
    world, _, _ = school
    with world.services.db.write(world.register, "operator") as tx:
        tables = store_pack(tx.connection, read_pack_files(ROOT / "policy", "hai-phong", ROOT / "models"))
        tx.happened("pack.store", "hai-phong")
    index = LockIndex()
    of_school = index.of(tables, "school")
    assert index.of(tables, "school") is of_school
    assert index.of(None, "school") == {}
    expected = {
        (category, action): tuple(
            lock
            for lock in tables.pack.locks
            if "school" in lock.unit_kinds and category in lock.categories and action in lock.actions
        )
        for lock in tables.pack.locks
        for category in lock.categories
        for action in lock.actions
    }
    assert of_school
    assert dict(of_school) == {cell: locks for cell, locks in expected.items() if locks}


# -- other processes, and databases that go away


def test_writes_of_another_process_are_seen_by_looking_every_tenth_of_a_second(school: School) -> None:
    """The interval is promised; how soon an answer comes of it on a quiet machine the benchmarks measure."""
    world, teacher, point = school
    assert point.feed.poll_s <= 0.1
    assert point.decide(world.register, ask(teacher)).decision
    point.watch()
    point.watch()  # watching twice is watching once
    with beside(world):
        suspend(world, teacher)
    assert until(lambda: not point.decide(world.register, ask(teacher)).decision, 60)


def test_an_answer_from_the_past_is_refused(school: School, monkeypatch: pytest.MonkeyPatch) -> None:
    world, teacher, _ = school
    now = [100.0]
    point = DecisionPoint(world.services.db, poll_s=0.01, staleness_s=2.0, monotonic=lambda: now[0])
    assert point.decide(world.register, ask(teacher)).decision
    point.watch()

    def unreachable(_register: RegisterId) -> None:
        raise UnavailableError("the database cannot be reached")

    monkeypatch.setattr(world.services.db, "counter", unreachable)
    now[0] += 1.9
    assert point.decide(world.register, ask(teacher)).decision
    now[0] += 1.0
    assert not point.is_fresh()
    for question in (point.decide, lambda register, request: point.at_once(register, request.ask)):
        with pytest.raises(UnavailableError, match="not been seen for too long"):
            question(world.register, ask(teacher))
    with pytest.raises(UnavailableError, match="not been seen for too long"):
        point.decide_all(world.register, [ask(teacher)])
    monkeypatch.undo()
    assert until(point.is_fresh, 60)
    assert point.decide(world.register, ask(teacher)).decision
    point.close()
    now[0] += 100
    assert point.is_fresh()


def test_a_commit_that_cannot_be_looked_at_empties_the_view(
    school: School, monkeypatch: pytest.MonkeyPatch
) -> None:
    world, teacher, point = school
    assert point.decide(world.register, ask(teacher)).decision

    def unreachable(_register: RegisterId) -> None:
        raise UnavailableError("the database cannot be reached")

    monkeypatch.setattr(world.services.db, "counter", unreachable)
    suspend(world, teacher)  # committed; that nobody could look is not its failure
    with pytest.raises(UnavailableError):
        point.decide(world.register, ask(teacher))
    monkeypatch.undo()
    assert not point.decide(world.register, ask(teacher)).decision


def test_a_restored_backup_empties_the_view(school: School) -> None:
    world, teacher, point = school
    decided = point.decide(world.register, ask(teacher))
    _lose_the_newest_revision(world)
    assert point.advance(world.register) == decided.revision - 1
    assert from_memory(point, world.register, ask(teacher)) is None


def test_a_restored_backup_that_grew_again_empties_the_view(school: School) -> None:
    """The number is the one that was known, the facts are others: the head of the chain tells (rule 15)."""
    world, teacher, point = school
    decided = point.decide(world.register, ask(teacher))
    _lose_the_newest_revision(world)
    with world.services.db.write(world.register, "operator") as tx:
        tx.happened("person.put", "khac")
        tx.touches()
    assert from_memory(point, world.register, ask(teacher)) is not None
    assert point.advance(world.register) == decided.revision
    assert from_memory(point, world.register, ask(teacher)) is None


def _lose_the_newest_revision(world: World) -> None:
    counters, revisions = table(CounterRow), table(RevisionRow)
    with world.services.db.engine.begin() as connection:
        newest = connection.execute(select(revisions.c.n).order_by(revisions.c.n.desc()).limit(1)).scalar_one()
        connection.execute(delete(revisions).where(revisions.c.n == newest))
        head = connection.execute(select(revisions.c.head).where(revisions.c.n == newest - 1)).scalar_one()
        connection.execute(update(counters).values(n=newest - 1, head=head))


def test_a_revision_not_seen_yet_is_waited_for_and_then_refused(school: School) -> None:
    world, teacher, point = school
    revision = point.decide(world.register, ask(teacher)).revision
    with beside(world):
        suspend(world, teacher)
    assert from_memory(point, world.register, ask(teacher), at_least=revision + 1) is None
    decided = point.decide(world.register, ask(teacher), at_least=revision + 1)
    assert (decided.revision, bool(decided.decision)) == (revision + 1, False)
    with pytest.raises(StaleRevisionError, match="has not seen that revision"):
        point.catch_up(world.register, revision + 2, wait_s=0.05)


def test_a_stored_pack_that_cannot_be_read_is_our_failure(school: School, monkeypatch: pytest.MonkeyPatch) -> None:
    world, teacher, point = school

    def unreadable(*_args: object) -> None:
        raise PolicyError(())

    monkeypatch.setattr("access_service.storage.standing.load_tables", unreadable)
    with pytest.raises(UnavailableError, match="stored pack"):
        point.decide(world.register, ask(teacher))


# -- bounds and tenancy


def test_unknown_ids_fill_no_memory_and_are_asked_for_once(school: School, monkeypatch: pytest.MonkeyPatch) -> None:
    world, teacher, _ = school
    point = DecisionPoint(world.services.db)
    for someone in world.people.values():
        point.decide(world.register, ask(someone))
    invented = [ask(teacher, account=AccountId(f"acc_{n}"), class_id=ClassId(f"c{n}")) for n in range(20)]
    cold = [point.decide(world.register, request).decision for request in invented]
    view = point._views[world.register]
    assert set(view.accounts) == {someone.account for someone in world.people.values()}
    assert set(view.units) <= {SCHOOL}
    assert set(view.sites) <= {CLASS_6A}
    assert [from_memory(point, world.register, request) for request in invented] == cold
    nobody = ask(teacher, account=AccountId("acc_000"))
    assert point.decide(world.register, nobody).decision == Deny(Reason.ACCOUNT_UNKNOWN)
    monkeypatch.setattr("access_service.live.keeper.ABSENT_KEPT", 5)
    for n in range(50):
        point.decide(world.register, ask(teacher, account=AccountId(f"acx_{n}")))
        assert len(view.accounts.absent) <= 25


def test_what_did_not_exist_may_exist_after_a_commit(school: School) -> None:
    world, teacher, point = school
    code = "9Z"
    missing = ask(teacher, class_id=ClassId(f"{SCHOOL}:2026-2027:{code}"))
    for _ in range(2):
        assert point.decide(world.register, missing).decision == Deny(Reason.RESOURCE_CONTRADICTORY)
    org.create_class(
        world.services,
        world.admins[SCHOOL],
        school=SCHOOL,
        school_year="2026-2027",
        code=code,
        name="9Z",
        level=EducationLevel.LOWER_SECONDARY,
        grade="9",
    )
    decision = point.decide(world.register, missing).decision
    assert isinstance(decision, Deny)
    assert decision.reason is Reason.OUTSIDE_CLASS


def test_registers_on_one_database_never_meet(school: School) -> None:
    world, teacher, point = school
    other = found(world.services, world.clock, name="thu-nghiem-hai")
    assert point.decide(world.register, ask(teacher)).decision
    foreign = point.decide(other.register, ask(teacher, class_id=None, unit=other.root, resource_type="staff"))
    assert isinstance(foreign.decision, Deny)
    assert len(point._views[other.register].accounts) == 0
    with pytest.raises(NotFoundError, match="no register `không`"):
        point.decide(RegisterId("không"), ask(teacher))
    with pytest.raises(NotFoundError, match="no register `không`"):
        point.decide_at(RegisterId("không"), ask(teacher), at=world.clock.now)


@pytest.mark.parametrize("known_at", [0, -1, 10**9, 10**30])
def test_a_revision_that_never_was_is_refused(school: School, known_at: int) -> None:
    world, teacher, point = school
    with pytest.raises(InvalidError, match="no revision"):
        point.decide_at(world.register, ask(teacher), at=world.clock.now, known_at=known_at)


@given(st.integers(min_value=0, max_value=2**61))
def test_revisions_read_back_as_written(revision: int) -> None:
    assert parse_revision(revision_text(revision)) == revision


@pytest.mark.parametrize("text", ["", "r", "12", "R1", "r01", "r-1", "r1 ", " r1", "r1\n", "r１", "r" + "z" * 13])
def test_nothing_else_is_a_revision(text: str) -> None:
    with pytest.raises(InvalidError, match="is no revision"):
        parse_revision(text)
