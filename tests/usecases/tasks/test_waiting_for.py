"""What waits for somebody: there when the fact is there, gone when it goes, and the same under both hats."""

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest

from access_service.domain.anomalies import AnomalySeverity
from access_service.domain.names import EducationLevel, UnitId
from access_service.domain.numbering import follow_cited
from access_service.domain.org import Unit
from access_service.domain.tasks import GROUPS, TaskGroup, TaskHat, TaskKind, in_order
from access_service.domain.tasks import Task as Waits
from access_service.domain.time import start_of_day
from access_service.usecases.evidence.anomaly_list import list_anomalies
from access_service.usecases.handover import documents
from access_service.usecases.organisation import org
from access_service.usecases.organisation.leaving import end_duty
from access_service.usecases.services import Caller
from access_service.usecases.tasks.units_below import remind
from access_service.usecases.tasks.waiting_for import tasks_of
from prepared import as_it_is, copied
from world import OFFICE, SCHOOL, World, hire_homeroom, homeroom_line


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    school, _ = copied(tmp_path, as_it_is)
    yield school
    school.services.db.close()


def kinds(world: World, caller: Caller) -> dict[TaskKind, Waits]:
    return {task.kind: task for task in tasks_of(world.services, caller).tasks}


def test_every_kind_stands_in_a_group() -> None:
    assert set(GROUPS) == set(TaskKind)


def test_a_paper_is_a_task_of_whoever_has_to_sign_it_and_of_nobody_else(world: World) -> None:
    teacher, head = hire_homeroom(world), world.head_of(SCHOOL)
    assert TaskKind.SIGN_AS_GIVER not in kinds(world, head.caller)
    prepared = world.propose(SCHOOL, teacher, homeroom_line(world, teacher))
    giver = kinds(world, head.caller)[TaskKind.SIGN_AS_GIVER]
    assert (giver.unit, giver.hat, giver.group) == (SCHOOL, TaskHat.PERSONAL, TaskGroup.SIGN)
    assert giver.names == ("Người Thử gvcn",)
    assert giver.until is not None
    assert giver.until > world.clock.now
    assert giver.leads_to == ("signing", SCHOOL)
    world.sign(head, prepared.document.id)
    assert TaskKind.SIGN_AS_GIVER not in kinds(world, head.caller)
    assert kinds(world, teacher.caller)[TaskKind.SIGN_AS_RECEIVER].count == 1 + (prepared.commitment is not None)
    world.sign(teacher, prepared.document.id)
    if prepared.commitment is not None:
        world.sign(teacher, prepared.commitment.id)
    assert TaskKind.SIGN_AS_RECEIVER not in kinds(world, teacher.caller)


def test_a_paper_that_waited_too_long_is_nobodys_task(world: World) -> None:
    teacher, head = hire_homeroom(world), world.head_of(SCHOOL)
    world.propose(SCHOOL, teacher, homeroom_line(world, teacher))
    until = kinds(world, head.caller)[TaskKind.SIGN_AS_GIVER].until
    assert until is not None
    world.clock.now = until
    assert TaskKind.SIGN_AS_GIVER not in kinds(world, world.enter(head.account))


def test_what_was_sent_back_waits_for_whoever_operates_the_admin_account(world: World) -> None:
    teacher, head = hire_homeroom(world), world.head_of(SCHOOL)
    prepared = world.propose(SCHOOL, teacher, homeroom_line(world, teacher))
    documents.return_document(world.services, head.caller, prepared.document.id, reason="ghi sai lớp")
    back = kinds(world, world.admins[SCHOOL])[TaskKind.RETURNED]
    assert (back.count, back.hat, back.leads_to) == (1, TaskHat.ADMIN, ("documents", SCHOOL))


def test_a_head_with_two_accounts_finds_the_same_tasks_under_both(world: World) -> None:
    teacher, head = hire_homeroom(world), world.head_of(SCHOOL)
    world.propose(SCHOOL, teacher, homeroom_line(world, teacher))
    world.hire("không quyền", SCHOOL, "academic_registrar", SCHOOL)
    admin = world.admins[SCHOOL]
    assert admin.person == head.person
    personal, other = tasks_of(world.services, head.caller), tasks_of(world.services, admin)
    assert personal.tasks == other.tasks
    assert (personal.led, personal.operated) == ((SCHOOL,), (SCHOOL,))
    assert {t.hat for t in personal.tasks} == {TaskHat.PERSONAL, TaskHat.ADMIN}


def test_whoever_serves_without_rights_is_told_to_the_head_and_not_to_the_teacher(world: World) -> None:
    teacher, head = hire_homeroom(world), world.head_of(SCHOOL)
    without = kinds(world, head.caller)[TaskKind.WITHOUT_RIGHTS]
    assert "Người Thử gvcn" in without.names
    assert TaskKind.WITHOUT_RIGHTS not in kinds(world, teacher.caller)
    assert tasks_of(world.services, teacher.caller).led == ()
    before = without.count
    world.hand_over(SCHOOL, teacher, homeroom_line(world, teacher))
    after = kinds(world, head.caller).get(TaskKind.WITHOUT_RIGHTS)
    assert (0 if after is None else after.count) == before - 1


def test_the_unit_above_finds_the_vacant_account_and_who_is_late(world: World) -> None:
    above = world.admins[OFFICE]
    other = world.add_unit("0003109", "school", "Trường Số 9", OFFICE, *world.get(Unit, SCHOOL).levels)
    vacant = kinds(world, above)[TaskKind.CUSTODY_VACANT]
    assert (vacant.count, vacant.names, vacant.leads_to) == (1, ("Trường Số 9",), ("units_below", OFFICE))
    assert other == UnitId("0003109")
    hire_homeroom(world)
    world.clock.forward(days=8)
    late = kinds(world, world.enter(above.account))[TaskKind.UNITS_LATE]
    assert late.unit == OFFICE


def test_a_reminder_is_a_task_until_nothing_is_left_to_do_or_a_month_is_over(world: World) -> None:
    hire_homeroom(world)
    remind(world.services, world.admins[OFFICE], [SCHOOL], "Xong trước khai giảng")
    head = world.head_of(SCHOOL)
    told = kinds(world, head.caller)[TaskKind.REMINDED]
    assert (told.said, told.group) == ("Xong trước khai giảng", TaskGroup.DUE)
    assert told.names == (world.get(Unit, OFFICE).name,)
    world.clock.forward(days=31)
    assert TaskKind.REMINDED not in kinds(world, world.enter(head.account))


def test_an_account_that_nobody_opened_and_a_code_that_was_seen_are_tasks(world: World) -> None:
    teacher = hire_homeroom(world)
    assert kinds(world, teacher.caller)[TaskKind.CODE_SEEN].leads_to == ("security", teacher.account)


def test_whoever_has_left_finds_return_minutes_alone(world: World) -> None:
    teacher = hire_homeroom(world)
    world.hand_over(SCHOOL, teacher, homeroom_line(world, teacher))
    end_duty(world.services, world.admins[SCHOOL], teacher.duty, on=world.clock.now.date(), decision_number="9/QĐ")
    assert kinds(world, world.head_of(SCHOOL).caller)[TaskKind.LEAVING_OPEN].names == ("Người Thử gvcn",)
    signed = world.sign_in("000.gvcn")
    assert signed.caller.leaving
    assert tasks_of(world.services, signed.caller).tasks == ()


def test_what_is_due_first_stands_first_in_its_group(world: World) -> None:
    now, day = world.clock.now, timedelta(days=1)

    def task(kind: TaskKind, until: timedelta | None) -> Waits:
        end = None if until is None else now + until
        return Waits(kind, TaskHat.PERSONAL, SCHOOL, 1, (), now, end, "default", ("unit", SCHOOL))

    sign, later = task(TaskKind.SIGN_AS_RECEIVER, day), task(TaskKind.SIGN_AS_GIVER, 2 * day)
    never, know = task(TaskKind.DRAFTS, None), task(TaskKind.NEW_FACTOR, day)
    confirm = task(TaskKind.CONFIRM_ACTS, 9 * day)
    assert in_order([know, never, later, confirm, sign]) == [sign, later, confirm, never, know]


def test_what_looks_wrong_is_counted_and_counted_again_after_some_minutes(world: World) -> None:
    head = world.head_of(SCHOOL)
    wrong = kinds(world, head.caller)[TaskKind.ANOMALIES]
    listed = list_anomalies(world.services, head.caller, SCHOOL).lines
    assert wrong.count == sum(line.anomaly.severity is not AnomalySeverity.INFO for line in listed)
    assert wrong.leads_to == ("anomalies", SCHOOL)
    remembered = world.services.counts
    assert remembered.get(world.register, SCHOOL, world.clock.now, lambda: 99) == wrong.count
    world.clock.forward(minutes=10)
    assert remembered.get(world.register, SCHOOL, world.clock.now, lambda: 99) == 99


def test_a_school_year_that_begins_is_renewed_until_somebody_is_assigned_to_its_classes(world: World) -> None:
    teacher = hire_homeroom(world)
    days = {"starts_on": date(2027, 8, 1), "closes_on": date(2028, 8, 1)}
    org.open_school_year(world.services, world.admins[world.root], id_="2027-2028", **days)
    custodian = world.admins[SCHOOL]
    assert TaskKind.YEAR_TO_RENEW not in kinds(world, custodian)
    world.clock.forward(days=310)
    found = kinds(world, custodian)[TaskKind.YEAR_TO_RENEW]
    assert (found.count, found.names, found.leads_to) == (1, ("Người Thử gvcn",), ("school_year", "2027-2028"))
    made = org.create_class(
        world.services,
        custodian,
        school=SCHOOL,
        school_year="2027-2028",
        code="7A",
        name="7A",
        level=EducationLevel.LOWER_SECONDARY,
        grade="7",
    )
    starts = start_of_day(date(2027, 8, 1))
    world.assign(teacher.person, SCHOOL, "homeroom", SCHOOL, classes=frozenset({(made.id, "")}), valid_from=starts)
    assert TaskKind.YEAR_TO_RENEW not in kinds(world, custodian)


def test_the_number_of_the_next_decision_follows_those_that_duties_cite() -> None:
    cited = [("09/QĐ-THCS", date(2026, 8, 1)), ("41/QĐ-THCS", date(2026, 8, 20)), ("77/QĐ-UBND", date(2026, 1, 2))]
    assert follow_cited(cited, 2026) == "42/QĐ-THCS"
    assert follow_cited([("000/QĐ", date(2026, 8, 1)), ("không số", date(2026, 8, 1))], 2026) == "01/QĐ"
    assert follow_cited(cited, 2027) == ""
