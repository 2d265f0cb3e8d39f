"""Reading leaves an event: a paper of somebody else one of its own, pages of ten minutes one together."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from access_service.domain.audit import Doer, Event
from access_service.domain.errors import UnavailableError
from access_service.storage.db import Database
from access_service.usecases import looks as looks_module
from access_service.usecases.evidence.log_reading import LogQuestion, read_events
from access_service.usecases.evidence.reading_papers import read_document
from access_service.usecases.looks import WINDOW, Look, Looks, hash_parameters
from access_service.usecases.services import Caller
from access_service.usecases.upkeep.verifying import verify_register
from access_service.usecases.upkeep.writing_looks import LookWriter, write_looks
from world import REGISTER, SCHOOL, World, hire_homeroom, homeroom_line


def told(world: World, after: int) -> list[Event]:
    reads = ("document.read", "log.read", "matrix.read", "explain", "read.lost")
    return [e for e in world.log(after) if e.happening.action in reads]


@pytest.fixture
def papers(school_world: World) -> tuple[World, str, Caller, Caller]:
    """A world, minutes that were signed, their receiver, and the school's officer who has no part in them."""
    teacher = hire_homeroom(school_world)
    minutes = school_world.hand_over(SCHOOL, teacher, homeroom_line(school_world, teacher)).document.id
    return school_world, minutes, teacher.caller, school_world.admins[school_world.root]


def test_who_reads_somebody_elses_paper_stands_in_the_log_once_for_each_time(
    papers: tuple[World, str, Caller, Caller],
) -> None:
    world, minutes, _, above = papers
    seq = len(world.log())
    for _ in range(2):
        read_document(world.services, above, minutes)  # type: ignore[arg-type]
    assert told(world, seq) == [], "nobody waited for the register"
    assert write_looks(world.services.db, world.services.looks) == 2
    first, second = told(world, seq)
    assert (first.actor, first.person) == (above.account, above.person)
    assert (first.happening.target, first.happening.unit) == (minutes, SCHOOL)
    assert first.happening.details == {
        "at": "2026-08-20T01:00:00.000000Z",
        "parameters": hash_parameters(document=minutes, version=1),
    }
    assert second.unit_seq == first.unit_seq + 1
    assert verify_register(world.services.db, REGISTER).findings == ()


def test_the_parties_of_a_paper_read_it_and_nobody_writes_that_down(
    papers: tuple[World, str, Caller, Caller],
) -> None:
    world, minutes, receiver, _ = papers
    for party in (receiver, world.head_of(SCHOOL).caller, world.admins[SCHOOL]):
        read_document(world.services, party, minutes)  # type: ignore[arg-type]
    assert write_looks(world.services.db, world.services.looks, everything=True) == 0


def test_what_cannot_be_read_is_not_said_to_have_been(papers: tuple[World, str, Caller, Caller]) -> None:
    world, minutes, _, _ = papers
    stranger = world.hire("khác", SCHOOL, "clerk", SCHOOL)
    with pytest.raises(Exception, match="document"):
        read_document(world.services, stranger.caller, minutes)  # type: ignore[arg-type]
    assert write_looks(world.services.db, world.services.looks, everything=True) == 0


def test_pages_of_ten_minutes_are_one_event_a_reader_and_unit(school_world: World) -> None:
    world, reader = school_world, school_world.admins[school_world.root]
    seq = len(world.log())
    for after in range(5):
        read_events(world.services, reader, LogQuestion(), after=after, limit=1)
    read_events(world.services, reader, LogQuestion(unit=SCHOOL), after=0, limit=1)
    world.clock.now += WINDOW - timedelta(seconds=1)
    assert write_looks(world.services.db, world.services.looks) == 0
    world.clock.now += timedelta(seconds=1)
    assert write_looks(world.services.db, world.services.looks) == 2
    counted = {e.happening.unit: e.happening.details for e in told(world, seq)}
    assert {unit: said["views"] for unit, said in counted.items()} == {world.root: 5, SCHOOL: 1}  # type: ignore[index]
    assert counted[SCHOOL]["of"] == [world.root]  # type: ignore[index]
    assert len(counted[world.root]["parameters"]) == 6  # type: ignore[index, arg-type]
    read_events(world.services, reader, LogQuestion(), after=0, limit=1)
    assert write_looks(world.services.db, world.services.looks) == 0, "a new window has begun"


def look(target: str, minute: int, world: World, *, unit: str = SCHOOL) -> Look:
    at = world.clock.now + timedelta(minutes=minute)
    return Look(world.register, Doer("acc_x", "per_x", SCHOOL), "matrix.read", target, at, unit)


def test_nothing_is_lost_at_a_normal_stop(school_world: World) -> None:
    world, said = school_world, list[str]()
    writer = LookWriter(world.services.db, world.services.looks, said.append, every_s=3600)
    writer.start()
    seq = len(world.log())
    for n in range(250):
        world.services.looks.tell(look(f"doc_{n}", 0, world))
        world.services.looks.count(look(f"u{n}", 0, world))
    writer.close()
    found = told(world, seq)
    assert [e.happening.target for e in found[:250]] == [f"doc_{n}" for n in range(250)]
    [window] = found[250:]
    assert (window.happening.details or {})["views"] == 250
    assert (window.happening.details or {})["targets"] == 250
    assert said == []


def test_what_could_not_be_written_waits_for_the_next_round(
    school_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world, said = school_world, list[str]()
    writer = LookWriter(world.services.db, world.services.looks, said.append)
    world.services.looks.tell(look("doc_1", 0, world))
    world.services.looks.count(look("u1", -10, world))
    seq = len(world.log())

    def unreachable(*_: object) -> None:
        raise UnavailableError("the database cannot be written now")

    with monkeypatch.context() as broken:
        broken.setattr(Database, "noting", unreachable)
        writer.round()
    assert said == ["the database cannot be written now"]
    assert told(world, seq) == []
    world.services.looks.count(look("u1", -9, world))
    writer.round()
    one, window = told(world, seq)
    assert (one.happening.target, (window.happening.details or {})["views"]) == ("doc_1", 2)


def test_more_than_fits_into_memory_is_counted_and_said(
    school_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = school_world
    monkeypatch.setattr(looks_module, "MOST", 3)
    for n in range(5):
        world.services.looks.tell(look(f"doc_{n}", 0, world))
    seq = len(world.log())
    write_looks(world.services.db, world.services.looks, everything=True)
    assert [e.happening.action for e in told(world, seq)] == ["matrix.read"] * 3 + ["read.lost"]
    assert told(world, seq)[-1].happening.details == {"views": 2}


@pytest.mark.parametrize("remember", [Looks.tell, Looks.count])
def test_a_look_of_a_register_that_is_gone_stops_no_other(
    school_world: World, remember: Callable[[Looks, Look], None]
) -> None:
    world, seq = school_world, len(school_world.log())
    gone = look("doc_1", 0, world)
    remember(world.services.looks, Look("a-register-gone", gone.reader, "document.read", "doc_1", gone.at))  # type: ignore[arg-type]
    remember(world.services.looks, gone)
    assert write_looks(world.services.db, world.services.looks, everything=True) == 1
    assert len(told(world, seq)) == 1
