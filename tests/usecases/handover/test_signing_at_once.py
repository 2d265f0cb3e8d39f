"""Signatures are prepared beside and written under the lock: what others wrote meanwhile counts, nothing twice."""

from __future__ import annotations

import random
from collections.abc import Callable
from threading import Barrier, Thread
from typing import Any

import pytest
from sqlalchemy import insert, text

from access_service.domain.documents import Document, Signature
from access_service.domain.errors import RefusedError, UnavailableError
from access_service.domain.names import DocumentState
from access_service.domain.org import Person
from access_service.domain.reasons import Refusal
from access_service.domain.scope import Scope
from access_service.storage import accounts as stored
from access_service.storage import audit
from access_service.storage.prepared import NotPreparedError, PreparedTransaction, snapshot
from access_service.storage.tables import CounterRow, table
from access_service.usecases import performing
from access_service.usecases.handover import documents, signatures
from access_service.usecases.handover.documents import EnteredLine
from access_service.usecases.handover.signatures import Presented, Signed
from access_service.usecases.upkeep.verifying import verify_register
from sampled import times
from world import PASSWORD, SCHOOL, Someone, World


def hire(world: World, key: str) -> Someone:
    return world.hire(key, SCHOOL, "clerk", SCHOOL)


def paper_for(world: World, who: Someone) -> Document:
    line = EnteredLine("clerk", who.duty, Scope(unit=SCHOOL), world.clock.now)
    document = world.propose(SCHOOL, who, line).document
    for one in (world.head_of(SCHOOL), who):
        world.show(one, document.id)
    return document


def presented(document: Document) -> Presented:
    return Presented(document.id, document.version, document.sha256)


class Meanwhile:
    """Something that happens between the preparing of a signature and its lock; how often each was written."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, happens: Callable[[], object]) -> None:
        self.tried = self.prepared = 0
        self._happens: Callable[[], object] | None = happens
        write, prepare = performing.write_prepared, performing.Performance._prepare_one

        def write_later(*given: Any) -> None:
            self.tried += 1
            happens, self._happens = self._happens, None
            if happens is not None:
                happens()
            write(*given)

        def count(*given: Any) -> Any:
            self.prepared += 1
            return prepare(*given)

        monkeypatch.setattr(performing, "write_prepared", write_later)
        monkeypatch.setattr(performing.Performance, "_prepare_one", count)


def sign(world: World, who: Someone, *papers: Document) -> list[signatures.BatchAnswer]:
    return signatures.sign_batch(world.services, who.caller, PASSWORD, [presented(p) for p in papers])


def test_what_others_wrote_elsewhere_leaves_a_prepared_signature_as_it_is(
    school_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = school_world
    clerk, other = hire(world, "văn thư"), hire(world, "văn thư hai")
    paper = paper_for(world, clerk)
    meanwhile = Meanwhile(monkeypatch, lambda: paper_for(world, other))
    before = world.revision
    [answer] = sign(world, world.head_of(SCHOOL), paper)
    assert isinstance(answer, Signed)
    assert (meanwhile.prepared, meanwhile.tried) == (1, 1)
    assert world.get(Document, paper.id).state is DocumentState.AWAITING_RECEIVER
    assert world.revision == before + 2
    assert verify_register(world.services.db, world.register).findings == ()


def test_a_paper_that_is_taken_back_meanwhile_is_not_signed(
    school_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = school_world
    paper = paper_for(world, hire(world, "văn thư"))
    admin = world.admins[SCHOOL]
    meanwhile = Meanwhile(monkeypatch, lambda: documents.cancel(world.services, admin, paper.id, reason="thử"))
    [answer] = sign(world, world.head_of(SCHOOL), paper)
    assert isinstance(answer, RefusedError)
    assert meanwhile.tried == 1
    assert world.get(Document, paper.id).state is DocumentState.CANCELLED
    assert world.log()[-1].happening.outcome == "refused"


def test_who_signs_twice_at_once_has_signed_once(school_world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world = school_world
    paper, head = paper_for(world, hire(world, "văn thư")), world.head_of(SCHOOL)
    first: list[signatures.BatchAnswer] = []
    Meanwhile(monkeypatch, lambda: first.extend(sign(world, head, paper)))
    [second] = sign(world, head, paper)
    assert isinstance(first[0], Signed)
    assert isinstance(second, RefusedError)
    with world.services.db.read(world.register) as reader:
        assert len(reader.find(Signature, document=paper.id)) == 1


def test_a_session_that_ends_meanwhile_signs_nothing(school_world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """It makes no revision and writes no fact: what is asked beside the facts is asked again."""
    world = school_world
    clerk = hire(world, "vt")
    paper = paper_for(world, clerk)
    sign(world, world.head_of(SCHOOL), paper)
    caller = world.sign_in("000.vt").caller

    def leave() -> None:
        with world.services.db.aside() as connection:
            stored.end_session(connection, caller.session)

    meanwhile = Meanwhile(monkeypatch, leave)
    [answer] = signatures.sign_batch(world.services, caller, PASSWORD, [presented(paper)])
    assert isinstance(answer, RefusedError)
    assert answer.code is Refusal.NOT_AUTHENTICATED
    assert meanwhile.tried == 1


@pytest.mark.parametrize("how", ["older", "restored", "late"])
def test_what_cannot_be_compared_is_prepared_again(
    school_world: World, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    """A revision of an older version beside says nothing of what it wrote; a restored one has another head."""
    world = school_world
    clerk, other = hire(world, "văn thư"), hire(world, "văn thư hai")
    paper = paper_for(world, clerk)

    def happens() -> None:
        known = world.revision
        if how == "late":
            world.clock.forward(seconds=6)
            return
        paper_for(world, other)
        said = {"older": "wrote = NULL WHERE n > :n", "restored": "head = 'other' WHERE n = :n"}[how]
        with world.services.db.aside() as connection:
            connection.execute(text(f"UPDATE revisions SET {said}"), {"n": known})  # noqa: S608

    meanwhile = Meanwhile(monkeypatch, happens)
    [answer] = sign(world, world.head_of(SCHOOL), paper)
    assert isinstance(answer, Signed)
    assert (meanwhile.prepared, meanwhile.tried) == (2, 2)


def test_the_rest_of_a_batch_sees_what_its_first_papers_did(school_world: World) -> None:
    """Prepared together: the second paper of one person rests on what the first one's signature wrote."""
    world = school_world
    clerk = hire(world, "văn thư")
    papers = [paper_for(world, clerk), paper_for(world, hire(world, "văn thư hai"))]
    head = world.head_of(SCHOOL)
    answers = sign(world, head, *papers, papers[0])
    assert [type(a) for a in answers] == [Signed, Signed, RefusedError]
    [answer] = sign(world, clerk, papers[0])
    assert isinstance(answer, Signed)
    assert answer.document.state is DocumentState.SIGNED


def test_an_act_that_goes_around_the_facts_is_not_prepared(school_world: World) -> None:
    world = school_world
    caller = world.head_of(SCHOOL).caller
    with snapshot(world.services.db, world.register) as at:
        prepared = PreparedTransaction(at, caller.doer)
        assert prepared.find(Person, id=[caller.person])
        tries: list[Callable[[], object]] = [
            lambda: prepared.connection.execute(text("SELECT 1")),
            lambda: prepared.connection.execute(insert(table(CounterRow)), {"register_id": "x", "n": 0}),
            lambda: prepared.has_any(Person),
            lambda: prepared.revision,
            prepared.finish,
            lambda: prepared.append([], 1),
        ]
        for attempt in tries:
            with pytest.raises(NotPreparedError):
                attempt()
    with world.services.db.read(world.register) as reader:
        person = reader.require(Person, caller.person)
    with snapshot(world.services.db, world.register) as at:
        prepared = PreparedTransaction(at, caller.doer)
        prepared.put(person)
        assert prepared.find(Person, id=caller.person) == [person]
        assert prepared.find_ids(Person, id=caller.person) == [caller.person]
        with pytest.raises(NotPreparedError):
            prepared.find(Person, folded="x")


@pytest.mark.parametrize("seed", range(times(2)))
def test_signers_at_once_leave_one_chain_dense_revisions_and_one_signature_a_side(
    school_world: World, seed: int
) -> None:
    world, draw = school_world, random.Random(seed)  # noqa: S311
    clerks = [hire(world, f"văn thư {n}") for n in range(4)]
    papers = [paper_for(world, clerk) for clerk in clerks]
    head, together, failed = world.head_of(SCHOOL), Barrier(7), list[BaseException]()
    answers: list[signatures.BatchAnswer] = []

    def run(work: Callable[[], object]) -> None:
        together.wait()
        try:
            work()
        except BaseException as error:  # noqa: BLE001 told below
            failed.append(error)

    def batch(chosen: list[Document]) -> Callable[[], object]:
        return lambda: answers.extend(sign(world, head, *chosen))

    def receive(clerk: Someone, paper: Document) -> Callable[[], object]:
        return lambda: [answers.extend(sign(world, clerk, paper)) for _ in range(3)]

    taken_back = draw.choice(papers)
    work = [batch(draw.sample(papers, 4)), batch(draw.sample(papers, 4))]
    work += [receive(clerk, paper) for clerk, paper in zip(clerks, papers, strict=True)]
    work.append(lambda: documents.cancel(world.services, world.admins[SCHOOL], taken_back.id, reason="thử"))
    threads = [Thread(target=run, args=(one,)) for one in work]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [error for error in failed if not isinstance(error, RefusedError)] == []
    assert [a for a in answers if isinstance(a, UnavailableError)] == []
    done = {a.signature.id for a in answers if isinstance(a, Signed)}
    assert len(done) == sum(isinstance(a, Signed) for a in answers)
    with world.services.db.read(world.register) as reader:
        found = [s for paper in papers for s in reader.find(Signature, document=paper.id)]
        logged = list(audit.events(reader.connection, world.register, limit=10_000))
    assert {s.id for s in found} == done
    assert len({(s.document, s.side) for s in found}) == len(found) >= 3
    assert [e.seq for e in logged] == list(range(1, len(logged) + 1))
    assert sorted({e.revision for e in logged}) == list(range(1, world.revision + 1))
    assert verify_register(world.services.db, world.register).findings == ()
