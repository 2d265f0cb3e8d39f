"""What changed at the school since the last visit: each change with its cause, who did it, whether it came late."""

import csv
import io
import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
from python_calamine import CalamineWorkbook

from access_service.domain import words
from access_service.domain.difference import ChangeKind
from access_service.domain.names import SuspendableKind
from access_service.domain.scope import Scope
from access_service.rendering.matrix_book import write_xlsx
from access_service.rendering.matrix_columns import CAUSES, CHANGES
from access_service.rendering.matrix_files import write_csv, write_json
from access_service.usecases.evidence.matrix import read_matrix
from access_service.usecases.evidence.matrix_values import ChangeLine, Differences, MatrixFilters
from access_service.usecases.handover import delegation
from access_service.usecases.organisation.leaving import end_duty
from prepared import as_it_is, copied
from world import CLASS_6A, CLASS_6B, SCHOOL, YEAR, World, hire_homeroom, homeroom_line


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    school, _ = copied(tmp_path, as_it_is)
    yield school
    school.services.db.close()


def between(world: World, start: datetime, end: datetime, filters: MatrixFilters | None = None) -> Differences:
    asked = {} if filters is None else {"filters": filters}
    with read_matrix(world.services.db, world.register, SCHOOL, at=end, diff=start, **asked) as matrix:
        assert matrix.differences is not None
        return matrix.differences


def only(world: World, start: datetime, end: datetime) -> ChangeLine:
    [line] = between(world, start, end).lines
    return line


def test_a_right_that_was_given_names_its_paper_and_signer(world: World) -> None:
    start = world.clock.now
    world.clock.forward(days=1)
    teacher = hire_homeroom(world)
    prepared = world.hand_over(SCHOOL, teacher, homeroom_line(world, teacher))
    line = only(world, start, world.clock.now)
    assert (line.kind, line.grant_before, line.grant_after) == (ChangeKind.GRANTED, None, prepared.grants[0].id)
    assert (line.cause.type, line.cause.id) == ("document", prepared.document.id)
    assert (line.person, line.signer, line.late) == (teacher.person, world.head_of(SCHOOL).person, False)
    assert line.seq is not None
    assert ("STU-ACA", "read") in line.added
    assert not line.removed


def test_the_order_of_the_two_days_makes_no_difference(world: World) -> None:
    start = world.clock.now
    world.clock.forward(days=1)
    teacher = hire_homeroom(world)
    world.hand_over(SCHOOL, teacher, homeroom_line(world, teacher))
    assert between(world, start, world.clock.now) == between(world, world.clock.now, start)
    assert not between(world, world.clock.now, world.clock.now).lines


def test_a_right_that_was_revoked_says_by_whom_and_why(world: World) -> None:
    teacher = hire_homeroom(world)
    grant = world.hand_over(SCHOOL, teacher, homeroom_line(world, teacher)).grants[0].id
    start = world.clock.now
    world.clock.forward(days=3)
    delegation.revoke_grant(world.services, world.admins[SCHOOL], grant, reason="đổi việc")
    line = only(world, start, world.clock.now)
    assert (line.kind, line.cause.type, line.reason) == (ChangeKind.REVOKED, "act", "đổi việc")
    assert (line.actor, line.actor_person) == (world.admins[SCHOOL].account, world.head_of(SCHOOL).person)
    assert line.at == world.clock.now


def test_a_duty_that_ended_last_week_and_was_entered_today_is_late(world: World) -> None:
    teacher = hire_homeroom(world)
    world.hand_over(SCHOOL, teacher, homeroom_line(world, teacher))
    start = world.clock.now
    world.clock.forward(days=20)
    end_duty(world.services, world.admins[SCHOOL], teacher.duty, on=words.day("02/09/2026"), decision_number="9/QĐ")
    line = only(world, start, world.clock.now)
    assert (line.kind, line.cause.type, line.cause.id) == (ChangeKind.REVOKED, "assignment", teacher.duty)
    assert (line.late, line.reason) == (True, "9/QĐ")


def test_a_right_whose_time_ran_out_was_ended_by_nobody(world: World) -> None:
    teacher = hire_homeroom(world)
    world.hand_over(SCHOOL, teacher, homeroom_line(world, teacher))
    line = only(world, world.clock.now, words.instant("02/08/2027"))
    assert (line.kind, line.cause.type, line.actor) == (ChangeKind.EXPIRED, "expiry", None)


def test_a_narrowed_right_shows_both_extents(world: World) -> None:
    classes = frozenset({(CLASS_6A, ""), (CLASS_6B, "")})
    teacher = world.hire("gvcn", SCHOOL, "homeroom", SCHOOL, classes=classes)
    line = homeroom_line(world, teacher)
    wide = type(line)(line.role, line.assignment, Scope(SCHOOL, classes=classes), line.valid_from)
    grant = world.hand_over(SCHOOL, teacher, wide).grants[0]
    start = world.clock.now
    world.clock.forward(days=1)
    rest = Scope(unit=SCHOOL, classes=frozenset({(CLASS_6B, "")}), school_year=YEAR)
    delegation.narrow_grant(world.services, world.admins[SCHOOL], grant.id, scope=rest, valid_to=grant.valid_to)
    found = only(world, start, world.clock.now)
    assert found.kind is ChangeKind.NARROWED
    assert found.scope_before is not None
    assert found.scope_after is not None
    assert found.scope_before.class_ids - found.scope_after.class_ids == {CLASS_6A}


def test_a_suspended_account_and_its_return(world: World) -> None:
    teacher = hire_homeroom(world)
    world.hand_over(SCHOOL, teacher, homeroom_line(world, teacher))
    before = world.clock.now
    world.clock.forward(days=1)
    delegation.suspend(
        world.services, world.admins[SCHOOL], kind=SuspendableKind.ACCOUNT, target=teacher.account, reason="nghỉ"
    )
    during = world.clock.now
    found = only(world, before, during)
    assert (found.kind, found.cause.type, found.reason) == (ChangeKind.SUSPENDED, "act", "nghỉ")
    assert found.actor == world.admins[SCHOOL].account


def test_in_every_form_and_with_filters(world: World) -> None:
    start = world.clock.now
    world.clock.forward(days=1)
    teacher = hire_homeroom(world)
    world.hand_over(SCHOOL, teacher, homeroom_line(world, teacher))
    assert not between(world, start, world.clock.now, MatrixFilters(role="principal")).lines

    def written(write: object) -> bytes:
        stream = io.BytesIO()
        with read_matrix(world.services.db, world.register, SCHOOL, diff=start) as matrix:
            write(matrix, stream)  # type: ignore[operator]
        return stream.getvalue()

    body = json.loads(written(write_json))
    assert (body["by"], body["sums"]["kinds"], body["sums"]["units"]) == (
        "change",
        {"granted": 1},
        {SCHOOL: {"granted": 1}},
    )
    assert body["rows"][0]["cause"]["type"] == "document"
    [row] = csv.DictReader(io.StringIO(written(write_csv).decode("utf-8-sig")))
    assert (row["Thay đổi"], row["Họ và tên"]) == ("Giao mới", "Người Thử gvcn")
    assert "Kết quả học tập, rèn luyện: X" in row["Thêm"]
    book = CalamineWorkbook.from_filelike(io.BytesIO(written(write_xlsx)))
    assert "Thay đổi" in book.sheet_names
    assert set(CHANGES) == set(ChangeKind)
    assert set(CAUSES) == {"document", "act", "expiry", "pack", "year_end", "assignment"}
