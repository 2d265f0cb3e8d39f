"""Revisions, snapshots, the record's clock, and processes that die (architecture section 6)."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from samples import open_register, person, put, write
from sqlalchemy import func, select

from access_service.domain.audit import Happening
from access_service.domain.errors import UnavailableError
from access_service.domain.names import AccountId, RegisterId
from access_service.domain.org import Person
from access_service.storage import audit
from access_service.storage.db import Counter, Database
from access_service.storage.keys import StoredPublicKey, keep_public_key, public_key
from access_service.storage.tables import EventRow, RevisionRow, table
from access_service.usecases.services import Services
from world import START, Clock

HERE = RegisterId("thu-nghiem")
REVISIONS, EVENTS = table(RevisionRow).c, table(EventRow).c
WRITERS, WRITES = 4, 8


@pytest.fixture
def opened(services: Services) -> Services:
    """A register with one person in it, at revision 1."""
    open_register(services.db, HERE)
    return services


def _counter(services: Services) -> Counter:
    counter = services.db.counter(HERE)
    assert counter is not None
    return counter


def _revisions(services: Services) -> list[int]:
    with services.db.connect() as connection:
        return list(
            connection.scalars(select(REVISIONS.n).where(REVISIONS.register_id == HERE).order_by(REVISIONS.n))
        )


def test_revisions_are_dense_and_in_commit_order(opened: Services) -> None:
    taken: list[int] = []
    failed: list[str] = []
    done = threading.Event()

    def work(name: int) -> None:
        try:
            for step in range(WRITES):
                revision = write(opened, HERE, person(f"w{name}.{step}"))
                # Committed before it is told: whoever hears of a revision can read it and all before it.
                seen = _revisions(opened)
                if seen != list(range(1, len(seen) + 1)) or revision > len(seen):
                    failed.append(f"revision {revision}: {seen}")
                taken.append(revision)
        except Exception as error:  # noqa: BLE001 whatever it was, the test shows it
            failed.append(repr(error))

    def watch() -> None:
        last = 0
        while not done.is_set():
            with opened.db.connect() as connection:
                count, newest = connection.execute(
                    select(func.count(), func.max(REVISIONS.n)).where(REVISIONS.register_id == HERE)
                ).one()
            if count != newest or newest < last:
                failed.append(f"{count} revisions, the newest {newest} after {last}")
            last = newest

    threads = [threading.Thread(target=work, args=(n,)) for n in range(WRITERS)]
    watcher = threading.Thread(target=watch)
    for thread in (*threads, watcher):
        thread.start()
    for thread in threads:
        thread.join()
    done.set()
    watcher.join()
    assert failed == []
    assert sorted(taken) == list(range(2, 2 + WRITERS * WRITES))
    with opened.db.connect() as connection:
        logged = list(audit.events(connection, HERE, limit=1000))
    assert [e.seq for e in logged] == list(range(1, len(logged) + 1))
    assert [e.revision for e in logged] == sorted(e.revision for e in logged)
    assert [e.recorded_at for e in logged] == sorted(e.recorded_at for e in logged)


def test_reads_see_one_snapshot(opened: Services) -> None:
    with opened.db.read(HERE) as reader:
        before = reader.find(Person)
        revision = write(opened, HERE, person("p1", "Hai"), person("p2"))
        assert reader.find(Person) == before
        assert reader.get(Person, "p2") is None
        assert reader.connection.scalar(select(func.max(REVISIONS.n))) == revision - 1
    with opened.db.read(HERE) as reader:
        assert [p.name for p in reader.find(Person)] == ["Hai", "Người Thử"]


def test_a_change_that_is_not_committed_is_seen_by_nobody(opened: Services) -> None:
    with opened.db.write(HERE, "acc_1") as tx:
        put(tx, person("p2"))
        with opened.db.read(HERE) as reader:
            assert reader.get(Person, "p2") is None
    with opened.db.read(HERE) as reader:
        assert reader.get(Person, "p2") == person("p2")


def test_an_error_leaves_nothing(opened: Services) -> None:
    before = _counter(opened)

    def fail() -> None:
        with opened.db.write(HERE, "acc_1") as tx:
            put(tx, person("p2"))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert _counter(opened) == before
    with opened.db.read(HERE) as reader:
        assert reader.get(Person, "p2") is None


def test_a_change_without_an_event_is_a_programming_error(opened: Services) -> None:
    before = _counter(opened)
    with pytest.raises(RuntimeError, match=r"^a change without an audit event$"), opened.db.write(HERE, "a") as tx:
        tx.put(person("p2"))
    assert _counter(opened) == before


def test_a_refusal_makes_no_revision_but_an_event(opened: Services) -> None:
    before = _counter(opened)
    opened.db.note(HERE, "acc_1", Happening("grant.propose", "g1", "refused", "not_custodian", {"unit": "u"}), "d")
    after = _counter(opened)
    assert (after.revision, after.seq) == (before.revision, before.seq + 1)
    assert _revisions(opened) == [1]
    with opened.db.connect() as connection:
        [event] = audit.events(connection, HERE, after=before.seq)
    assert (event.revision, event.actor, event.policy) == (before.revision, "acc_1", "d")
    assert (event.happening.outcome, event.happening.code) == ("refused", "not_custodian")
    assert write(opened, HERE, person("p2")) == before.revision + 1


def test_the_clock_may_step_back_the_record_may_not(opened: Services, clock: Clock) -> None:
    clock.forward(hours=1)
    second = write(opened, HERE, person("p2"))
    clock.forward(hours=-3)
    third = write(opened, HERE, person("p3"))
    opened.db.note(HERE, "acc_1", Happening("person.put", "p4", "refused", "forbidden"))
    clock.forward(hours=3, seconds=1)
    fourth = write(opened, HERE, person("p4"))
    with opened.db.connect() as connection:
        told = [audit.recorded_at(connection, HERE, n) for n in (second, third, fourth)]
        instants = [e.recorded_at for e in audit.events(connection, HERE)]
        assert audit.recorded_at(connection, HERE, 99) is None
    later = START + timedelta(hours=1)
    assert told == [later, later, later + timedelta(seconds=1)]
    assert instants == sorted(instants)


def test_what_was_known_at_an_instant_is_a_revision(opened: Services, clock: Clock) -> None:
    clock.forward(minutes=1)
    second = write(opened, HERE, person("p2"))
    third = write(opened, HERE, person("p3"))
    assert third == second + 1
    with opened.db.connect() as connection:
        assert audit.revision_at(connection, HERE, START - timedelta(seconds=1)) == 0
        assert audit.revision_at(connection, HERE, START) == 1
        assert audit.revision_at(connection, HERE, START + timedelta(minutes=1)) == third


def test_a_node_hears_whose_decisions_changed(opened: Services) -> None:
    with opened.db.write(HERE, "acc_1") as tx:
        put(tx, person("p2"))
        tx.touches(AccountId("a2"), AccountId("a1"))
    with opened.db.write(HERE, "acc_1") as tx:
        put(tx, person("p3"))
        tx.touches(AccountId("a3"))
    assert _since(opened, 1) == (3, frozenset({"a1", "a2", "a3"}), True)
    assert _since(opened, 2) == (3, frozenset({"a3"}), True)
    assert _since(opened, 3) == (3, frozenset(), True)
    with opened.db.write(HERE, "acc_1") as tx:
        put(tx, person("p4"))
        tx.touches_everybody()
        tx.touches(AccountId("a4"))
    assert _since(opened, 1) == (4, None, True)


def test_a_revision_is_the_same_only_with_the_events_that_it_had(opened: Services) -> None:
    """A refused act moves the chain's head and no revision; another database has other heads under the numbers."""
    second = write(opened, HERE, person("p2"))
    opened.db.note(HERE, "acc_1", Happening("person.put", "p3", "refused", "forbidden"))
    assert _since(opened, second) == (second, frozenset(), True)
    assert _since(opened, second, "0" * 64) == (second, None, False)
    assert _since(opened, 9) == (second, None, False)


def _since(services: Services, revision: int, head: str | None = None) -> tuple[int, object, bool]:
    with services.db.connect() as connection:
        known = audit.head_of(connection, HERE, revision) if head is None else head
        stands = audit.stands_since(connection, HERE, revision, known or "")
        assert stands is not None
        assert stands.head == audit.head_of(connection, HERE, stands.revision)
    return stands.revision, stands.touched, stands.is_same


@contextmanager
def _victim(url: str, how: str) -> Iterator["subprocess.Popen[str]"]:
    script = Path(__file__).parent / "victim.py"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}
    with subprocess.Popen(
        [sys.executable, script, url, HERE, how], stdout=subprocess.PIPE, text=True, env=environment
    ) as process:
        try:
            yield process
        finally:
            process.send_signal(signal.SIGKILL)
            process.wait()


def test_a_killed_process_loses_no_committed_change(opened: Services, database_url: str) -> None:
    with _victim(database_url, "commit") as process:
        assert process.stdout is not None
        told = [int(process.stdout.readline()) for _ in range(5)]
        process.send_signal(signal.SIGKILL)
        told += [int(line) for line in process.stdout]
    revisions = _revisions(opened)
    assert told == list(range(2, 2 + len(told)))
    # The last may have been committed and not yet told.
    assert revisions in (list(range(1, len(told) + 2)), list(range(1, len(told) + 3)))
    with opened.db.read(HERE) as reader:
        assert {p.id for p in reader.find(Person)} == {"p1", *(f"v{n}" for n in range(1, len(revisions)))}
    assert write(opened, HERE, person("p2")) == len(revisions) + 1


def test_a_process_killed_before_its_commit_leaves_nothing(opened: Services, database_url: str) -> None:
    before = _counter(opened)
    with _victim(database_url, "hold") as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "holding\n"
    assert _counter(opened) == before
    with opened.db.read(HERE) as reader:
        assert [p.id for p in reader.find(Person)] == ["p1"]
    # Nor does it leave a lock.
    assert write(opened, HERE, person("p2")) == before.revision + 1


def test_a_database_that_cannot_be_reached_says_so(tmp_path: Path, clock: Clock) -> None:
    (tmp_path / "folder.db").mkdir()
    db = Database(f"sqlite:///{tmp_path / 'folder.db'}", clock)
    with pytest.raises(UnavailableError, match=r"^the database cannot be reached$"):
        db.ping()
    with pytest.raises(UnavailableError, match=r"^the database cannot be written now$"), db.write(HERE, "acc_1"):
        pytest.fail("there is no database")
    db.close()


def test_registers_are_listed(opened: Services) -> None:
    open_register(opened.db, "an-toan")
    opened.db.ping()
    assert [(r["id"], r["root"], r["demo"]) for r in opened.db.registers()] == [
        ("an-toan", "00031", False),
        (HERE, "00031", False),
    ]
    assert opened.db.counter(RegisterId("khong-co")) is None


def test_nodes_that_start_together_keep_one_public_key(services: Services) -> None:
    key = StoredPublicKey("k1", "seal", "00" * 32, START)
    together = threading.Barrier(4)
    failed: list[str] = []

    def start() -> None:
        try:
            together.wait()
            with services.db.engine.begin() as connection:
                keep_public_key(connection, key)
        except Exception as error:  # noqa: BLE001 whatever it was, the test shows it
            failed.append(repr(error))

    nodes = [threading.Thread(target=start) for _ in range(4)]
    for node in nodes:
        node.start()
    for node in nodes:
        node.join()
    assert failed == []
    with services.db.engine.begin() as connection:
        # Kept for ever as it first stood.
        keep_public_key(connection, StoredPublicKey("k1", "other", "11" * 32, START))
        assert public_key(connection, "k1") == key
        assert public_key(connection, "k2") is None
