"""A page of the matrix: the lines of the workbook, fifty at a time, with exact totals; nothing is read twice."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from access_service.domain.errors import InvalidError, NotFoundError, RefusedError
from access_service.domain.names import AccountKind, ClassId, SuspendableKind, UnitId
from access_service.domain.org import Person
from access_service.domain.reasons import Refusal
from access_service.usecases.evidence import rights_index
from access_service.usecases.evidence.matrix import read_matrix
from access_service.usecases.evidence.matrix_paging import show_matrix_page
from access_service.usecases.evidence.matrix_questions import (
    PAGE,
    MatrixLineChange,
    MatrixOrder,
    MatrixPage,
    PageQuestion,
)
from access_service.usecases.evidence.matrix_values import MatrixFilters, MatrixRow
from access_service.usecases.evidence.rights_index import RightsIndex, indexes_of
from access_service.usecases.handover import delegation
from access_service.usecases.organisation.leaving import end_duty
from access_service.usecases.upkeep.writing_looks import write_looks
from prepared import as_it_is, copied
from software_world import approve, enter
from world import CLASS_6A, CLASS_6B, OFFICE, SCHOOL, Someone, World, hire_homeroom, homeroom_line

ROOT = UnitId("00031")


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    school, _ = copied(tmp_path, as_it_is)
    for key, class_id in (("lan", CLASS_6A), ("kip", CLASS_6B)):
        teacher = hire_homeroom(school, key, class_id)
        school.hand_over(SCHOOL, teacher, homeroom_line(school, teacher, class_id))
    for number in range(3):
        school.hire_granted(f"giáo vụ {number}")
    approve(school, enter(school))
    yield school
    school.services.db.close()


def page(world: World, unit: UnitId = SCHOOL, caller: UnitId | None = None, **asked: object) -> MatrixPage:
    outer = {name: asked.pop(name) for name in ("at", "known_at") if name in asked}
    question = PageQuestion(**asked)  # type: ignore[arg-type]
    return show_matrix_page(world.services, world.admins[caller or unit], unit, question, **outer)  # type: ignore[arg-type]


def rows(found: MatrixPage) -> list[MatrixRow]:
    return [replace(line.row, anomalies=(), last_used=None) for line in found.lines]


def whole(world: World, unit: UnitId = SCHOOL, **asked: object) -> list[MatrixRow]:
    with read_matrix(world.services.db, world.register, unit, **asked) as matrix:  # type: ignore[arg-type]
        found = [*matrix.rows, *matrix.above]
    return [replace(row, anomalies=(), last_used=None) for row in found]


@pytest.mark.parametrize("unit", [SCHOOL, OFFICE, ROOT])
def test_a_page_says_what_the_workbook_says_in_the_same_order(world: World, unit: UnitId) -> None:
    found = page(world, unit)
    assert rows(found) == whole(world, unit)
    assert (found.total, found.pages, found.first, found.last) == (len(found.lines), 1, 1, len(found.lines))


@pytest.mark.parametrize(
    ("asked", "filters"),
    [
        ({"role": "homeroom_teacher"}, MatrixFilters(role="homeroom_teacher")),
        ({"category": "STU-HEA"}, MatrixFilters(category="STU-HEA")),
        ({"sensitive": True}, MatrixFilters(sensitive=True)),
        ({"kind": AccountKind.ADMIN}, MatrixFilters(kind=AccountKind.ADMIN)),
        ({"kind": AccountKind.SERVICE}, MatrixFilters(kind=AccountKind.SERVICE)),
        ({"unit_kind": "school"}, MatrixFilters(unit_kind="school")),
        ({"person": "GIAO VU"}, MatrixFilters(person="giáo vụ")),
    ],
)
def test_each_filter_is_the_workbooks(world: World, asked: dict[str, object], filters: MatrixFilters) -> None:
    found = page(world, OFFICE, **asked)
    assert rows(found) == whole(world, OFFICE, filters=filters)
    assert found.total == len(found.lines) > 0


def test_pages_are_the_list_and_the_total_is_of_all(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    everything = rows(page(world))
    monkeypatch.setattr("access_service.usecases.evidence.matrix_paging.PAGE", 3)
    found = [page(world, page=n) for n in (1, 2, 3)]
    assert [row for each in found for row in rows(each)] == everything[:9]
    assert {(each.total, each.people) for each in found} == {(len(everything), len(everything))}
    assert rows(page(world, page=99)) == []
    assert PAGE == 50


def test_who_reaches_a_class_is_everybody_but_the_others_class_teacher(world: World) -> None:
    names = {row.person_name for row in rows(page(world, class_id=CLASS_6A, category="STU-HEA"))}
    assert "Người Thử lan" in names
    assert "Người Thử kip" not in names
    assert page(world, class_id=CLASS_6A).class_name == "6A"
    with pytest.raises(NotFoundError):
        page(world, class_id=ClassId("0003101:2026-2027:9Z"))


def test_against_another_day_what_is_new_and_what_is_gone(world: World) -> None:
    before = world.clock.now
    world.clock.forward(days=10)
    world.hire_granted("tổ trưởng mới")
    lost = next(row for row in whole(world) if row.person_name == "Người Thử kip")
    delegation.revoke_grant(world.services, world.admins[SCHOOL], lost.grant, reason="thử")  # type: ignore[arg-type]
    found = page(world, diff=before)
    assert (found.added, found.gone) == (1, 1)
    changes = {
        line.row.person_name: line.change for line in found.lines if line.change is not MatrixLineChange.SAME
    }
    assert changes == {"Người Thử tổ trưởng mới": MatrixLineChange.NEW, "Người Thử kip": MatrixLineChange.GONE}
    assert found.total == len(whole(world)), "what is gone is no line of today"
    [gone] = [line.row for line in found.lines if line.change is MatrixLineChange.GONE]
    assert gone.state == "effective", "as it was on that day"


def test_of_a_past_day_nothing_that_began_later(world: World) -> None:
    at = world.clock.now
    lines = rows(page(world))
    world.clock.forward(days=10)
    world.hire_granted("người mới")
    assert {row.grant for row in rows(page(world, at=at))} == {row.grant for row in lines}
    assert rows(page(world, at=at, known_at="then")) == lines


def test_nobody_before_there_was_a_register_and_who_could_the_day_before(world: World) -> None:
    assert page(world, at=world.clock.now - timedelta(days=900)).total == 0
    teacher = next(row for row in whole(world) if row.person_name == "Người Thử kip")
    world.clock.forward(hours=1)
    delegation.revoke_grant(world.services, world.admins[SCHOOL], teacher.grant, reason="thử")  # type: ignore[arg-type]
    world.clock.forward(days=1, hours=-1)
    asked = {"person": "kip", "at": world.clock.now}
    found = page(world, **asked)
    assert (found.total, found.day_before) == (0, 1)


@pytest.mark.parametrize("order", list(MatrixOrder))
def test_every_order_has_the_same_lines(world: World, order: MatrixOrder) -> None:
    everything = rows(page(world, order=order))
    assert sorted(row.account + (row.grant or "") for row in everything) == sorted(
        row.account + (row.grant or "") for row in whole(world)
    )
    if order is MatrixOrder.NAME:
        named = [row.person_name for row in everything if row.account_kind is AccountKind.USE]
        assert named == [row.person_name for row in whole(world) if row.account_kind is AccountKind.USE]


# -- what is kept


def test_what_is_recorded_is_on_the_next_page_and_no_index_is_read_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    page(world)
    monkeypatch.setattr(RightsIndex, "read", classmethod(lambda *_: pytest.fail("everything was read again")))
    new, grant = world.hire_granted("người mới")
    assert rows(page(world)) == whole(world)
    delegation.suspend(
        world.services, world.admins[SCHOOL], kind=SuspendableKind.GRANT, target=grant.id, reason="thử"
    )
    assert rows(page(world)) == whole(world)
    with world.services.db.write(world.register, "operator") as tx:
        tx.put(replace(tx.require(Person, new.person), name="Đặng Thử Đổi", sort_key="0"))
        tx.happened("test", new.person)
    assert rows(page(world)) == whole(world)
    assert [row.person_name for row in rows(page(world, person="dang thu"))] == ["Đặng Thử Đổi"]
    end_duty(world.services, world.admins[SCHOOL], new.duty, on=date(2026, 8, 21), decision_number="1/QĐ-X")
    world.clock.forward(days=2)
    assert rows(page(world)) == whole(world)


def test_the_index_brought_on_is_the_index_read_anew(world: World) -> None:
    def index() -> RightsIndex:
        with world.services.db.read(world.register) as reader:
            return indexes_of(world.services.db).at(reader)

    first = index()
    world.hire_granted("người mới")
    approve(world, enter(world, name="Phần mềm khác"))
    second = index()
    assert second.revision > first.revision
    rights_index._indexes.clear()
    anew = index()
    assert (anew.by_unit, anew.elsewhere) == (second.by_unit, second.elsewhere)


# -- for whom


def test_a_page_is_for_those_who_may_have_the_matrix_and_is_counted(world: World) -> None:
    teacher: Someone = world.people["lan"]
    with pytest.raises(RefusedError) as refused:
        show_matrix_page(world.services, teacher.caller, SCHOOL, PageQuestion())
    assert refused.value.code is Refusal.FORBIDDEN
    with world.refuses(Refusal.NOT_FOUND):
        show_matrix_page(world.services, world.admins[SCHOOL], UnitId("000999"), PageQuestion())
    seq = len(world.log())
    for number in (1, 2):
        page(world, page=number)
    write_looks(world.services.db, world.services.looks, everything=True)
    [event] = world.log(seq)
    assert (event.happening.action, event.happening.unit) == ("matrix.read", SCHOOL)
    assert event.happening.details is not None
    assert (event.happening.details["views"], len(event.happening.details["parameters"])) == (2, 2)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "asked", [{"page": 0}, {"page": 10_001}, {"category": "khong-co"}, {"role": "khong-co"}, {"action": "khong-co"}]
)
def test_what_there_is_not_is_refused(world: World, asked: dict[str, object]) -> None:
    with pytest.raises(InvalidError):
        page(world, **asked)
