"""Searches over a register: who, which classes, what; page by page, whatever is recorded meanwhile."""

import shutil
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import event

from access_service.domain.access import AccessRequest
from access_service.domain.errors import NotFoundError, PolicyError, UnavailableError
from access_service.domain.names import AccountId, ClassId, RegisterId, SuspendableKind
from access_service.domain.scope import Scope
from access_service.live.accounts import weight
from access_service.live.feed import Feed
from access_service.live.search import SearchPoint, Wanted
from access_service.storage.db import Database
from access_service.storage.search import class_rows
from access_service.usecases.handover import delegation
from access_service.usecases.handover.documents import EnteredLine
from access_service.usecases.organisation import moving
from live.searched import CLASS_6C, Searching, add_class, classes_of, granted, health_record, of_6a, three_readers
from world import (
    CLASS_6A,
    CLASS_6B,
    LOWER,
    OFFICE,
    SCHOOL,
    YEAR,
    Clock,
    World,
    found,
    make_services,
    with_school,
)


@pytest.fixture
def searching(school_world: World) -> Searching:
    return Searching(school_world)


# -- which, who, what


def test_which_classes_a_teacher_may_read(searching: Searching) -> None:
    teacher, _ = granted(searching.world)
    assert searching.ids("resource", classes_of(teacher)) == (CLASS_6A,)
    assert searching.ids("resource", classes_of(teacher, grade="6", level="lower_secondary")) == (CLASS_6A,)
    assert searching.ids("resource", classes_of(teacher, grade="7")) == ()
    assert searching.ids("resource", classes_of(teacher, action="approve")) == ()


def test_which_classes_and_units_a_registrar_may_read(searching: Searching) -> None:
    registrar, _ = searching.world.hire_granted("giáo vụ")
    assert searching.ids("resource", classes_of(registrar)) == (CLASS_6A, CLASS_6B)
    assert searching.ids("resource", classes_of(registrar, unit=SCHOOL, school_year=YEAR)) == (CLASS_6A, CLASS_6B)
    assert searching.ids("resource", classes_of(registrar, unit=OFFICE)) == ()
    assert searching.ids("resource", classes_of(registrar, class_id=CLASS_6B)) == (CLASS_6B,)
    units = AccessRequest(registrar.account, "read", "unit", "", category="SCH")
    assert searching.ids("resource", units) == (SCHOOL,)
    assert searching.ids("resource", replace(units, unit=OFFICE)) == ()


def test_who_may_read_a_pupils_health_record(searching: Searching) -> None:
    world = searching.world
    teacher, _ = granted(world)
    other, _ = granted(world, "gvcn khác", CLASS_6B)
    page = searching.page("subject", health_record())
    assert page.ids == (teacher.account,)
    assert page.sensitive
    assert searching.ids("subject", health_record(class_id=CLASS_6B)) == (other.account,)
    assert searching.ids("subject", health_record(action="write")) == ()
    marks = searching.page("subject", health_record(category="CLS", resource_type="class", resource_id=CLASS_6A))
    assert (marks.ids, marks.sensitive) == ((teacher.account,), False)


def test_what_a_teacher_may_do_with_marks(searching: Searching) -> None:
    teacher, _ = granted(searching.world)
    about = health_record(account=teacher.account, action="", category="STU-ACA")
    assert searching.ids("action", about) == ("read", "write")
    assert searching.ids("action", replace(about, class_id=CLASS_6B)) == ()
    assert searching.ids("action", replace(about, resource_type="unit", resource_id=SCHOOL, class_id=None)) == ()


@pytest.mark.parametrize(
    ("wanted", "changes"),
    [
        ("resource", {"account": "acc_000"}),
        ("resource", {"category": None}),
        ("resource", {"category": "KHAC"}),
        ("resource", {"resource_type": "student"}),
        ("resource", {"resource_type": "staff", "unit": SCHOOL}),
        ("resource", {"class_id": "khong-co"}),
        ("resource", {"unit": "khong-co"}),
        ("subject", {"resource_type": "class", "resource_id": "khong-co"}),
        ("subject", {"resource_type": "unit", "resource_id": "khong-co"}),
        ("subject", {"resource_type": "student", "resource_id": "000-hs"}),
        ("subject", {"resource_type": "phi-thuyen", "resource_id": "1"}),
        ("action", {"account": "acc_000", "resource_id": CLASS_6A}),
        ("action", {"resource_id": "khong-co"}),
    ],
)
def test_what_is_unknown_finds_nothing(searching: Searching, wanted: Wanted, changes: dict[str, object]) -> None:
    registrar, _ = searching.world.hire_granted("giáo vụ")
    assert searching.ids(wanted, classes_of(registrar, **changes)) == ()


def test_an_unknown_register_is_not_found(searching: Searching) -> None:
    with pytest.raises(NotFoundError, match=r"^no register `khong-co`$"):
        searching.point.search(RegisterId("khong-co"), "resource", health_record(), limit=1)


# -- what is recorded is seen by the next search


def test_a_class_that_was_added_is_found(searching: Searching) -> None:
    """Nobody's decisions change by it, so no account and no epoch says that it is there."""
    registrar, _ = searching.world.hire_granted("giáo vụ")
    assert searching.ids("resource", classes_of(registrar)) == (CLASS_6A, CLASS_6B)
    assert add_class(searching.world, "6C") == CLASS_6C
    assert searching.ids("resource", classes_of(registrar)) == (CLASS_6A, CLASS_6B, CLASS_6C)


def test_a_school_is_found_below_whoever_manages_it_that_day(searching: Searching, clock: Clock) -> None:
    world = searching.world
    leader = world.hire("trưởng phòng", OFFICE, "culture_social_head", OFFICE)
    scope = Scope(unit=OFFICE, levels=frozenset({LOWER}))
    world.hand_over(OFFICE, leader, EnteredLine("office_leader", leader.duty, scope, clock.now))
    schools = AccessRequest(leader.account, "read", "unit", "", category="SCH")
    assert searching.ids("resource", schools) == (SCHOOL,)
    assert searching.ids("resource", classes_of(leader)) == (CLASS_6A, CLASS_6B)
    second = world.add_unit("0003102", "school", "Trường THCS Thử Hai", OFFICE, LOWER)
    assert searching.ids("resource", schools) == (SCHOOL, second)
    # Its edge to another manager begins tomorrow: nothing more is recorded when the day comes.
    tomorrow = clock.now.date() + timedelta(days=1)
    moving.change_manager(
        world.services, world.admins[world.root], unit=SCHOOL, manager=world.root, basis="QĐ", on=tomorrow
    )
    assert searching.ids("resource", schools) == (SCHOOL, second)
    clock.forward(days=1)
    assert searching.ids("resource", schools) == (second,)
    assert searching.ids("resource", classes_of(leader)) == ()


def test_a_right_that_was_taken_back_is_not_found(searching: Searching) -> None:
    world = searching.world
    teacher, grant = granted(world)
    assert searching.ids("subject", health_record()) == (teacher.account,)
    assert searching.ids("resource", classes_of(teacher)) == (CLASS_6A,)
    delegation.suspend(
        world.services, world.admins[SCHOOL], kind=SuspendableKind.GRANT, target=grant.id, reason="thử"
    )
    assert searching.ids("subject", health_record()) == ()
    assert searching.ids("resource", classes_of(teacher)) == ()
    delegation.resume(world.services, world.admins[SCHOOL], kind=SuspendableKind.GRANT, target=grant.id)
    assert searching.ids("subject", health_record()) == (teacher.account,)
    delegation.revoke_grant(world.services, world.admins[SCHOOL], grant.id, reason="thử")
    assert searching.ids("subject", health_record()) == ()
    assert searching.ids("resource", classes_of(teacher)) == ()


def test_a_right_ends_by_time_alone(searching: Searching, clock: Clock) -> None:
    teacher, _ = granted(searching.world)
    assert searching.ids("resource", classes_of(teacher)) == (CLASS_6A,)
    clock.forward(days=400)
    assert searching.ids("resource", classes_of(teacher)) == ()
    assert searching.ids("subject", health_record()) == ()


# -- pages


@pytest.fixture
def statements(searching: Searching) -> Iterator[list[str]]:
    sent: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_more: object) -> None:
        sent.append(statement)

    engine = searching.world.services.db.engine
    event.listen(engine, "before_cursor_execute", note)
    yield sent
    event.remove(engine, "before_cursor_execute", note)


def test_candidates_are_decided_without_a_question_each(searching: Searching, statements: list[str]) -> None:
    world = searching.world
    registrar, _ = world.hire_granted("giáo vụ")
    three_readers(world)
    for code in "CDEFGH":
        add_class(world, f"6{code}")
    assert len(searching.ids("resource", classes_of(registrar))) == 8
    statements.clear()
    assert len(searching.ids("resource", classes_of(registrar))) == 8
    warm = len(statements)
    assert warm <= 4
    add_class(world, "6I")
    statements.clear()
    assert len(searching.ids("resource", classes_of(registrar))) == 9
    assert len(statements) <= warm + 6
    assert len(searching.ids("subject", of_6a())) == 4
    statements.clear()
    assert len(searching.ids("subject", of_6a())) == 4
    # The counter, the revision twice, the unit and its packs, the candidates: none of it grows with the candidates.
    assert len(statements) <= 16


def test_what_is_kept_is_bounded_and_the_same_that_decisions_keep(searching: Searching) -> None:
    searching.feed.budget.limit_bytes = 1_000
    everybody = tuple(who.account for who in three_readers(searching.world))
    assert searching.ids("subject", of_6a()) == everybody
    [view] = searching.feed.views.values()
    assert sum(map(weight, [*view.accounts.values(), *view.accounts.old.values()])) <= 1_000
    assert searching.ids("subject", of_6a()) == everybody


def test_threads_never_mix_two_revisions(searching: Searching) -> None:
    """Whatever is kept between them: each page is right at the revision that it names."""
    world = searching.world
    registrar, grant = world.hire_granted("giáo vụ")
    asked = classes_of(registrar)
    stop, seen = threading.Event(), dict[int, set[tuple[str, ...]]]()

    def ask() -> None:
        while not stop.is_set():
            page = searching.page("resource", asked)
            seen.setdefault(page.revision, set()).add(page.ids)

    with ThreadPoolExecutor(3) as pool:
        asking = [pool.submit(ask) for _ in range(3)]
        for n in range(12):
            act = delegation.resume if n % 2 else partial(delegation.suspend, reason="thử")
            act(world.services, world.admins[SCHOOL], kind=SuspendableKind.GRANT, target=grant.id)
            if n % 4 == 0:
                add_class(world, f"6X{n}")
        stop.set()
        for one in asking:
            one.result()
    for revision, answers in seen.items():
        assert len(answers) == 1, revision
        [ids] = answers
        assert bool(ids) == bool(world.ask(registrar, category="CLS", known_at=revision)), revision
        assert not ids or len(ids) == 2 + len([c for c in added(world) if c <= revision])


def added(world: World) -> list[int]:
    """The revisions that recorded a class, but for the two that were there."""
    with world.services.db.read(world.register) as reader:
        return sorted(row.known_from for row in class_rows(reader))[2:]


def test_a_stored_pack_that_cannot_be_read_is_our_failure(
    searching: Searching, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise PolicyError(())

    monkeypatch.setattr("access_service.live.search.load_tables", broken)
    registrar, _ = searching.world.hire_granted("giáo vụ")
    with pytest.raises(UnavailableError, match=r"^a stored pack cannot be read by this version$"):
        searching.ids("resource", classes_of(registrar))


def test_a_register_restored_from_a_backup_is_read_anew(tmp_path: Path) -> None:
    """The numbers of its revisions come again and mean something else."""
    services = make_services(f"sqlite:///{tmp_path}/thu.db", tmp_path, clock := Clock())
    world = with_school(found(services, clock))
    registrar, _ = world.hire_granted("giáo vụ")
    services.db.checkpoint()
    shutil.copyfile(tmp_path / "thu.db", tmp_path / "backup.db")
    searching = Searching(world)
    add_class(world, "6C")
    assert searching.ids("resource", classes_of(registrar)) == (CLASS_6A, CLASS_6B, CLASS_6C)
    was = world.revision
    services.db.close()
    for leftover in tmp_path.glob("thu.db*"):
        leftover.unlink()
    shutil.copyfile(tmp_path / "backup.db", tmp_path / "thu.db")
    clock.forward(minutes=1)
    other = Database(f"sqlite:///{tmp_path}/thu.db", clock)
    world.services = replace(services, db=other)
    searching.feed.db = other
    add_class(world, "6D")
    assert world.revision == was
    assert searching.ids("resource", classes_of(registrar)) == (CLASS_6A, CLASS_6B, ClassId("0003101:2026-2027:6D"))
    other.close()


# -- a register too large to be kept


def test_a_register_too_large_to_be_kept_is_searched_in_part(
    searching: Searching, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = searching.world
    teacher, _ = granted(world)
    registrar, _ = world.hire_granted("giáo vụ")
    add_class(world, "6D")
    asked = [
        classes_of(teacher),
        classes_of(registrar),
        classes_of(registrar, class_id=CLASS_6B),
        classes_of(registrar, unit=SCHOOL, school_year=YEAR),
        AccessRequest(registrar.account, "read", "unit", "", category="SCH"),
        AccessRequest(AccountId("không có ai"), "read", "class", "", category="CLS"),
    ]
    whole = [searching.ids("resource", request) for request in asked]
    assert len(whole[1]) == 3
    small = Searching(world)
    small.feed = Feed(world.services.db, cache_mib=0)
    small.point = SearchPoint(small.feed)
    monkeypatch.setattr("access_service.live.org.class_rows", _nothing_else)
    assert [small.ids("resource", request) for request in asked] == whole
    first = small.page("resource", asked[1], limit=2)
    assert (first.ids, small.page("resource", asked[1], after=first).ids) == (whole[1][:2], whole[1][2:])


def _nothing_else(*_: object, **__: object) -> None:
    raise AssertionError("every class of the register was read")
