"""A COMMIT may have happened although its answer never came: a repeat with the same key acts once.

The key of a request is marked by the transaction that acts. So whether it was done is looked up before anything is
said, by whoever asked first or by a repeat, on this node or another, after whatever outage.
"""

from __future__ import annotations

import socket
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from managing import ADMIN, PRINCIPAL, Managed, managing
from sqlalchemy import func, select
from sqlalchemy.engine import URL, make_url

from access_service.domain.errors import UnavailableError
from access_service.domain.org import Person
from access_service.domain.scope import Scope
from access_service.storage import idempotency as stored
from access_service.storage.tables import IdempotencyRow, table
from access_service.usecases import idempotency
from access_service.usecases.handover.documents import EnteredLine
from access_service.usecases.organisation import org
from access_service.usecases.services import Services
from world import PASSWORD, SCHOOL

PERSON = {"name": "Người Thử Mất Lời"}
ACTS = b"INSERT INTO events"


@dataclass
class Proxy:
    """Between the application and PostgreSQL; once armed it passes an act's COMMIT on and swallows the answer."""

    server: URL
    armed: int = 0
    cut: int = 0
    skips: int = 0
    listening: socket.socket = field(default_factory=lambda: socket.create_server(("127.0.0.1", 0)))

    @property
    def url(self) -> str:
        rest = {name: value for name, value in self.server.query.items() if name != "host"}
        host, port = self.listening.getsockname()
        return self.server.set(host=host, port=port, query=rest).render_as_string(hide_password=False)

    def serve(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self.listening.accept()
                threading.Thread(target=self._between, args=(client,), daemon=True).start()

    def _reach(self) -> socket.socket:
        folder = self.server.query.get("host")
        if isinstance(folder, str) and folder.startswith("/"):
            found = socket.socket(socket.AF_UNIX)
            found.connect(f"{folder}/.s.PGSQL.{self.server.query.get('port', 5432)}")
            return found
        return socket.create_connection((self.server.host or "127.0.0.1", self.server.port or 5432))

    def _between(self, client: socket.socket) -> None:
        server, swallowing = self._reach(), threading.Event()

        def back() -> None:
            with suppress(OSError):
                while data := server.recv(65536):
                    if swallowing.is_set():
                        break
                    client.sendall(data)
            for end in (client, server):
                with suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)

        thread = threading.Thread(target=back, daemon=True)
        thread.start()
        acts, tail = False, b""
        with closing(client), closing(server), suppress(OSError):
            while data := client.recv(65536):
                seen, tail = tail + data, data[-32:]
                acts = acts or ACTS in seen
                if acts and b"COMMIT" in data:
                    acts = False
                    if self.armed and self.skips == 0:
                        self.armed, self.cut = self.armed - 1, self.cut + 1
                        swallowing.set()
                    self.skips = max(0, self.skips - 1)
                server.sendall(data)
            with suppress(OSError):
                server.shutdown(socket.SHUT_RDWR)
            thread.join()


@contextmanager
def proxied(server: URL) -> Iterator[Proxy]:
    made = Proxy(server)
    threading.Thread(target=made.serve, daemon=True).start()
    yield made
    # A close alone leaves `accept` waiting.
    with suppress(OSError):
        made.listening.shutdown(socket.SHUT_RDWR)
    made.listening.close()


@dataclass
class Breaking:
    """A served school whose database loses the answers to COMMIT."""

    managed: Managed
    proxy: Proxy | None
    patch: pytest.MonkeyPatch

    @property
    def services(self) -> Services:
        found: Services = self.managed.served.client.app.state.services  # type: ignore[attr-defined]
        return found

    def lose(self, *, skips: int = 0) -> None:
        """The next act's COMMIT (after so many) is carried out, and nobody is told."""
        if self.proxy is not None:
            self.proxy.armed, self.proxy.skips = 1, skips
            return
        self._at_commit(skips, is_done=True)

    def fail(self, *, skips: int = 0) -> None:
        """The next act's COMMIT (after so many) is not carried out."""
        self._at_commit(skips, is_done=False)

    def _at_commit(self, skips: int, *, is_done: bool) -> None:
        dialect = self.services.db.engine.dialect
        commit, execute = dialect.do_commit, dialect.do_execute
        left, acts = [skips], set[int]()

        def watching(cursor: Any, statement: str, parameters: Any, context: Any = None) -> None:
            if statement.startswith(ACTS.decode()):
                acts.add(threading.get_ident())
            execute(cursor, statement, parameters, context)

        def watching_many(cursor: Any, statement: str, parameters: Any, context: Any = None) -> None:
            if statement.startswith(ACTS.decode()):
                acts.add(threading.get_ident())
            cursor.executemany(statement, parameters)

        def once(connection: Any) -> None:
            if threading.get_ident() not in acts:
                commit(connection)
                return
            acts.clear()
            left[0] -= 1
            if left[0] >= 0:
                commit(connection)
                return
            self.patch.undo()
            if is_done:
                commit(connection)
            raise sqlite3.OperationalError("the connection was lost")

        self.patch.setattr(dialect, "do_execute", watching)
        self.patch.setattr(dialect, "do_executemany", watching_many)
        self.patch.setattr(dialect, "do_commit", once)

    def people(self) -> int:
        with self.managed.world.services.db.read(self.managed.world.register) as reader:
            return sum(person.name == PERSON["name"] for person in reader.find(Person))

    def rows(self) -> int:
        with self.managed.world.services.db.connect() as connection:
            return connection.execute(select(func.count()).select_from(table(IdempotencyRow))).scalar_one()


@pytest.fixture
def broken(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Breaking]:
    """On SQLite the driver says that the connection was lost; on PostgreSQL it really is."""
    with ExitStack() as stack:
        proxy, changes = None, {}
        if database_url.startswith("postgresql"):
            proxy = stack.enter_context(proxied(make_url(database_url)))
            changes = {"database_url": proxy.url}
        else:
            changes = {"database_url": database_url}
        managed = stack.enter_context(managing(tmp_path, world_url=database_url, **changes))
        for who in (ADMIN, PRINCIPAL):
            managed.bearer(who)
        patch = stack.enter_context(pytest.MonkeyPatch.context())
        yield Breaking(managed, proxy, patch)


def test_a_write_whose_commit_was_not_answered_is_done_once(broken: Breaking) -> None:
    managed, revision = broken.managed, broken.managed.revision()
    broken.lose()
    first = managed.post(ADMIN, "persons", PERSON, key="k")
    again = managed.post(ADMIN, "persons", PERSON, key="k")
    assert broken.proxy is None or broken.proxy.cut == 1
    assert (managed.revision(), broken.people()) == (revision + 1, 1)
    # Whoever asked first is told as well: it was looked up before anything was said.
    assert [a.status_code for a in (first, again)] == [200, 200]
    assert first.json() == again.json()
    assert [done["action"] for done in first.json()["done"]] == ["person.add"]
    assert first.json()["done"][0]["target"].startswith("per_")
    assert again.headers["Idempotency-Replayed"] == "true"


def test_a_write_that_was_not_committed_leaves_its_key_free(broken: Breaking) -> None:
    if broken.proxy is not None:
        pytest.skip("PostgreSQL rolls back what it was not told to commit")
    broken.fail()
    assert broken.managed.post(ADMIN, "persons", PERSON, key="k").status_code == 503
    assert (broken.rows(), broken.people()) == (0, 0)
    assert broken.managed.post(ADMIN, "persons", PERSON, key="k").status_code == 201
    assert broken.people() == 1


@pytest.mark.parametrize("is_done", [True, False])
def test_no_key_sticks_after_an_outage(broken: Breaking, is_done: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody could look while the database was away: the repeat does."""

    def away(*_: object) -> bool:
        raise UnavailableError("away")

    if broken.proxy is not None and not is_done:
        pytest.skip("PostgreSQL rolls back what it was not told to commit")
    (broken.lose if is_done else broken.fail)()
    with monkeypatch.context() as patch:
        patch.setattr(stored, "drop", away)
        assert broken.managed.post(ADMIN, "persons", PERSON, key="k").status_code == 503
    assert broken.rows() == 1
    assert broken.managed.post(ADMIN, "persons", PERSON, key="k").status_code == (200 if is_done else 201)
    assert broken.people() == 1


def test_an_answer_that_could_not_be_kept_is_given_all_the_same(
    broken: Breaking, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object, **__: object) -> None:
        raise UnavailableError("away")

    with monkeypatch.context() as patch:
        patch.setattr(stored, "settle", away)
        first = broken.managed.post(ADMIN, "persons", PERSON, key="k")
    assert first.status_code == 201
    again = broken.managed.post(ADMIN, "persons", PERSON, key="k")
    assert [done["target"] for done in again.json()["done"]] == [first.json()["id"]]
    assert broken.people() == 1


def test_whoever_is_thought_to_be_gone_and_is_not_does_nothing(
    broken: Breaking, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another node's request hangs for longer than anybody waits, and goes on after the repeat has acted."""
    monkeypatch.setattr("access_service.api.manage.idempotency.WAIT_S", 0.1)
    managed = broken.managed
    monkeypatch.setattr(idempotency, "_node", "other")
    other = idempotency.take_key(managed.world.services, managed.world.admins[SCHOOL], "k", _sha(broken))
    assert isinstance(other, stored.Taken)
    monkeypatch.undo()
    monkeypatch.setattr("access_service.api.manage.idempotency.WAIT_S", 0.1)
    assert managed.post(ADMIN, "persons", PERSON, key="k").json()["code"] == "duplicate"
    managed.world.clock.forward(seconds=61)
    assert managed.post(ADMIN, "persons", PERSON, key="k").status_code == 201
    with stored.under(other), pytest.raises(UnavailableError, match="taken its key"):
        org.add_person(managed.world.services, managed.world.admins[SCHOOL], name=PERSON["name"])
    assert broken.people() == 1


def test_what_another_node_did_before_it_died_is_told(broken: Breaking, monkeypatch: pytest.MonkeyPatch) -> None:
    managed = broken.managed
    with monkeypatch.context() as patch:
        patch.setattr(idempotency, "_node", "other")
        other = idempotency.take_key(managed.world.services, managed.world.admins[SCHOOL], "k", _sha(broken))
    assert isinstance(other, stored.Taken)
    with stored.under(other):
        made = org.add_person(managed.world.services, managed.world.admins[SCHOOL], name=PERSON["name"])
    managed.world.clock.forward(seconds=61)
    again = managed.post(ADMIN, "persons", PERSON, key="k")
    assert [done["target"] for done in again.json()["done"]] == [made.id]
    assert broken.people() == 1


def _sha(broken: Breaking) -> str:
    """What a request to add the person is compared by."""
    found: list[str] = []
    real = idempotency.take_key

    def looking(services: Any, caller: Any, key: str, sha256: str) -> Any:
        found.append(sha256)
        raise UnavailableError("only looking")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("access_service.api.manage.idempotency.take_key", looking)
        assert broken.managed.post(ADMIN, "persons", PERSON, key="k").status_code == 503
    assert idempotency.take_key is real
    return found[0]


def _papers(broken: Breaking) -> list[dict[str, Any]]:
    world = broken.managed.world
    teachers = [world.hire(f"dạy {n}", SCHOOL, "clerk", SCHOOL) for n in range(4)]
    lines = [EnteredLine("clerk", who.duty, Scope(unit=SCHOOL), world.clock.now) for who in teachers]
    papers = [world.propose(SCHOOL, who, line).document for who, line in zip(teachers, lines, strict=True)]
    for paper in papers:
        world.show(world.head_of(SCHOOL), paper.id)
    return [{"document": p.id, "version": p.version, "sha256": p.sha256} for p in papers]


@pytest.mark.parametrize("is_done", [True, False])
@pytest.mark.parametrize("key", ["k", None])
def test_a_batch_that_breaks_off_says_of_each_paper_whether_it_is_signed(
    broken: Breaking, is_done: bool, key: str | None
) -> None:
    if broken.proxy is not None and not is_done:
        pytest.skip("PostgreSQL rolls back what it was not told to commit")
    papers, managed = _papers(broken), broken.managed
    body = {"password": PASSWORD, "documents": papers}
    revision = managed.revision()
    (broken.lose if is_done else broken.fail)(skips=1)
    answer = managed.post(PRINCIPAL, "signatures", body, key=key)
    assert answer.status_code == 200
    results = answer.json()["results"]
    assert [r["signed"] for r in results] == [True, is_done, False, False]
    assert [r["document"] for r in results] == [p["document"] for p in papers]
    assert {r["problem"]["code"] for r in results if not r["signed"]} == {"unavailable"}
    assert managed.revision() == revision + 1 + is_done
    if key is not None:
        assert managed.post(PRINCIPAL, "signatures", body, key=key).json() == answer.json()
    # The rest, once more: what is signed already is refused by itself.
    rest = managed.made(PRINCIPAL, "signatures", body)["results"]
    assert [r["signed"] for r in rest] == [False, not is_done, True, True]


def test_a_batch_whose_first_commit_was_not_answered_says_that_it_is_signed(broken: Breaking) -> None:
    papers = _papers(broken)
    broken.lose()
    results = broken.managed.made(PRINCIPAL, "signatures", {"password": PASSWORD, "documents": papers})["results"]
    assert [r["signed"] for r in results] == [True, False, False, False]
