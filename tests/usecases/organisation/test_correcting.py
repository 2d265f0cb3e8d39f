"""What was recorded wrongly is set right, and what was known until then stays known (rule 16)."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from access_service.domain.accounts import Account
from access_service.domain.correcting import DutyChanges, read_charge, read_subjects
from access_service.domain.delegation import Grant
from access_service.domain.documents import Document
from access_service.domain.errors import InvalidError
from access_service.domain.names import AccountKind, ClassId, EducationLevel
from access_service.domain.org import Assignment, Person, SchoolClass, SchoolYear
from access_service.domain.reasons import Refusal
from access_service.domain.time import start_of_day
from access_service.domain.waiting import WaitingAct
from access_service.usecases.handover import returns
from access_service.usecases.identity import accounts, closing
from access_service.usecases.organisation import correcting, leaving, org
from access_service.usecases.organisation.org import Duty
from access_service.usecases.second_person import confirming
from world import CLASS_6A, CLASS_6B, OFFICE, SCHOOL, YEAR, Someone, World, hire_homeroom, homeroom_line

WHY = "ghi nhầm"


@pytest.fixture
def granted(school_world: World) -> tuple[World, Someone, Grant]:
    world = school_world
    teacher = hire_homeroom(world)
    grant = world.hand_over(SCHOOL, teacher, homeroom_line(world, teacher)).grants[0]
    world.clock.forward(minutes=1)
    return world, teacher, grant


def test_a_corrected_name_is_another_version_and_papers_keep_theirs(granted: tuple[World, Someone, Grant]) -> None:
    world, teacher, grant = granted
    paper = world.get(Document, grant.document or "")
    before = world.revision
    done = correcting.correct_name(
        world.services, world.admins[SCHOOL], teacher.person, name="Người Thử Đặng Ngọc Ánh", reason=WHY
    )
    assert world.get(Person, teacher.person) == done
    assert done.sort_key != world.get(Person, world.people["director"].person).sort_key
    with world.services.db.read(world.register, before) as reader:
        assert reader.require(Person, teacher.person).name == "Người Thử gvcn"
    assert world.get(Document, paper.id) == paper
    [event] = [e.happening for e in world.log() if e.happening.action == "person.correct"]
    assert dict(event.details or {}) == {"reason": WHY}
    assert world.ask(teacher)


def test_a_name_is_corrected_by_who_keeps_the_person_and_never_by_themselves(
    granted: tuple[World, Someone, Grant],
) -> None:
    world, teacher, _ = granted
    head = world.people[f"head:{SCHOOL}"]
    with world.refuses(Refusal.SELF_SERVICE):
        correcting.correct_name(world.services, world.admins[SCHOOL], head.person, name="Tên Khác", reason=WHY)
    with world.refuses(Refusal.FORBIDDEN):
        correcting.correct_name(world.services, teacher.caller, head.person, name="Tên Khác", reason=WHY)
    for name, reason in (("Người Thử gvcn", WHY), ("\u202eẩn", WHY), ("Tên Khác", " ")):
        with world.refuses(Refusal.INVALID):
            correcting.correct_name(world.services, world.admins[SCHOOL], teacher.person, name=name, reason=reason)


def test_a_class_keeps_level_and_grade_while_rights_rest_on_it(granted: tuple[World, Someone, Grant]) -> None:
    world, teacher, _ = granted
    admin = world.admins[SCHOOL]
    named = correcting.correct_class(world.services, admin, CLASS_6A, name="6A chuyên", reason=WHY)
    assert world.get(SchoolClass, CLASS_6A) == named
    assert world.ask(teacher)
    with world.refuses(Refusal.DOCUMENT_STATE):
        correcting.correct_class(world.services, admin, CLASS_6A, grade="7", reason=WHY)
    free = org.create_class(
        world.services,
        admin,
        school=SCHOOL,
        school_year=YEAR,
        code="9Z",
        name="9Z",
        level=EducationLevel.LOWER_SECONDARY,
        grade="8",
    )
    assert correcting.correct_class(world.services, admin, free.id, grade="9", reason=WHY).grade == "9"
    with world.refuses(Refusal.INVALID):
        correcting.correct_class(world.services, admin, free.id, grade="19", reason=WHY)
    with world.refuses(Refusal.NOT_CUSTODIAN):
        correcting.correct_class(world.services, teacher.caller, free.id, name="9Y", reason=WHY)


def test_a_school_year_is_corrected_by_two_and_never_closed_by_it(granted: tuple[World, Someone, Grant]) -> None:
    world, teacher, _ = granted
    year = world.get(SchoolYear, YEAR)
    root = world.admins[world.root]
    waits = correcting.correct_school_year(
        world.services, root, YEAR, starts_on=date(2026, 8, 16), closes_on=date(2027, 8, 20), reason=WHY
    )
    assert world.get(SchoolYear, YEAR) == year
    deputy = world.root_signer("deputy", "deputy_director")
    confirming.confirm(world.services, deputy.caller, waits.id)
    corrected = world.get(SchoolYear, YEAR)
    assert (corrected.starts_at, corrected.closes_at) == (
        start_of_day(date(2026, 8, 16)),
        start_of_day(date(2027, 8, 20)),
    )
    assert world.ask(teacher)
    with world.refuses(Refusal.INVALID):
        correcting.correct_school_year(
            world.services, root, YEAR, starts_on=date(2026, 8, 1), closes_on=date(2026, 8, 2), reason=WHY
        )
    world.clock.forward(days=400)
    with world.refuses(Refusal.CLOSED_YEAR):
        correcting.correct_school_year(
            world.services, root, YEAR, starts_on=date(2026, 8, 1), closes_on=date(2027, 12, 1), reason=WHY
        )


def test_the_number_of_a_decision_is_corrected_and_no_right_moves(granted: tuple[World, Someone, Grant]) -> None:
    world, teacher, grant = granted
    changes = DutyChanges(decision_number="41/QĐ-THCS", decision_date=date(2026, 8, 2))
    done = correcting.correct_duty(world.services, world.admins[SCHOOL], teacher.duty, changes, reason=WHY)
    assert isinstance(done, Assignment)
    assert (done.decision_number, done.id) == ("41/QĐ-THCS", teacher.duty)
    assert world.get(Grant, grant.id).ended_at is None
    assert world.ask(teacher)


def test_rights_that_a_corrected_duty_does_not_bear_end(granted: tuple[World, Someone, Grant]) -> None:
    world, teacher, grant = granted
    other = org.create_class(
        world.services,
        world.admins[SCHOOL],
        school=SCHOOL,
        school_year=YEAR,
        code="6Z",
        name="6Z",
        level=EducationLevel.LOWER_SECONDARY,
        grade="6",
    )
    changes = DutyChanges(classes=frozenset({(ClassId(other.id), "")}))
    correcting.correct_duty(world.services, world.admins[SCHOOL], teacher.duty, changes, reason=WHY)
    assert world.get(Grant, grant.id).ended_at == world.clock.now
    assert not world.ask(teacher)


def test_the_day_a_duty_began_stays_once_something_was_signed(granted: tuple[World, Someone, Grant]) -> None:
    world, teacher, _ = granted
    later = DutyChanges(valid_from=world.clock.now + timedelta(days=3))
    with world.refuses(Refusal.DOCUMENT_STATE):
        correcting.correct_duty(world.services, world.admins[SCHOOL], teacher.duty, later, reason=WHY)
    head = world.people[f"head:{SCHOOL}"]
    with world.refuses(Refusal.DOCUMENT_STATE):
        correcting.correct_duty(world.services, world.admins[OFFICE], head.duty, later, reason=WHY)


def test_what_somebody_stands_in_for_stays_in_the_duty(granted: tuple[World, Someone, Grant]) -> None:
    world, teacher, _ = granted
    duty = world.get(Assignment, teacher.duty)
    world.hire(
        "day thay",
        SCHOOL,
        duty.position,
        SCHOOL,
        classes=duty.classes,
        substitutes=duty.id,
        valid_to=world.clock.now + timedelta(days=20),
    )
    other = org.create_class(
        world.services,
        world.admins[SCHOOL],
        school=SCHOOL,
        school_year=YEAR,
        code="6Y",
        name="6Y",
        level=EducationLevel.LOWER_SECONDARY,
        grade="6",
    )
    changes = DutyChanges(classes=frozenset({(ClassId(other.id), "")}))
    with world.refuses(Refusal.DOCUMENT_STATE):
        correcting.correct_duty(world.services, world.admins[SCHOOL], duty.id, changes, reason=WHY)


def test_a_duty_that_is_over_is_not_corrected(granted: tuple[World, Someone, Grant]) -> None:
    world, teacher, _ = granted
    leaving.end_duty(
        world.services, world.admins[SCHOOL], teacher.duty, on=date(2026, 8, 20), decision_number="9/QĐ"
    )
    world.clock.forward(days=1)
    with world.refuses(Refusal.DOCUMENT_STATE):
        correcting.correct_duty(
            world.services, world.admins[SCHOOL], teacher.duty, DutyChanges(decision_number="8/QĐ"), reason=WHY
        )


def test_an_officer_only_prepares_what_is_about_somebody_who_signs(granted: tuple[World, Someone, Grant]) -> None:
    world, _, _ = granted
    world.hand_to_officer(SCHOOL)
    asked = org.assign_duty(
        world.services,
        world.admins[SCHOOL],
        Duty(
            person=world.people["gvcn"].person,
            unit=SCHOOL,
            position="vice_principal",
            decision_number="000/QĐ",
            decision_date=date(2026, 8, 1),
            valid_from=world.clock.now,
        ),
    )
    assert isinstance(asked, WaitingAct)
    head = world.people[f"head:{SCHOOL}"]
    deputy = confirming.confirm(world.services, head.caller, asked.id).result or ""
    waits = correcting.correct_duty(
        world.services,
        world.admins[SCHOOL],
        deputy,  # type: ignore[arg-type]
        DutyChanges(decision_number="02/QĐ-UBND"),
        reason=WHY,
    )
    assert isinstance(waits, WaitingAct)
    assert world.get(Assignment, deputy).decision_number == "000/QĐ"
    confirming.confirm(world.services, head.caller, waits.id)
    assert world.get(Assignment, deputy).decision_number == "02/QĐ-UBND"


def test_an_account_is_closed_once_its_holder_has_left_and_handed_back(
    granted: tuple[World, Someone, Grant],
) -> None:
    world, teacher, _ = granted
    admin = world.admins[SCHOOL]
    with world.refuses(Refusal.DOCUMENT_STATE):
        closing.close_account(world.services, admin, teacher.account, reason=WHY)
    leaving.end_duty(world.services, admin, teacher.duty, on=date(2026, 8, 24), decision_number="9/QĐ")
    minutes = returns.hand_back(world.services, teacher.caller, SCHOOL)
    world.sign(teacher, minutes.id)
    world.clock.forward(days=5)
    with world.refuses(Refusal.DOCUMENT_STATE):
        closing.close_account(world.services, admin, teacher.account, reason=WHY)
    world.sign(world.people[f"head:{SCHOOL}"], minutes.id)
    with world.refuses(Refusal.INVALID):
        closing.close_account(world.services, admin, teacher.account, reason=" ")
    done = closing.close_account(world.services, admin, teacher.account, reason="đã nghỉ hưu")
    assert done.valid_to == world.clock.now
    with world.refuses(Refusal.DOCUMENT_STATE):
        closing.close_account(world.services, admin, teacher.account, reason=WHY)
    world.assign(teacher.person, SCHOOL, "academic_registrar", SCHOOL)
    again = accounts.issue_account(
        world.services, admin, unit=SCHOOL, kind=AccountKind.USE, person=teacher.person, username="000.tro-lai"
    )
    assert again.account.id != teacher.account


def test_a_units_account_is_not_closed_so(granted: tuple[World, Someone, Grant]) -> None:
    world, _, _ = granted
    with world.refuses(Refusal.INVALID):
        closing.close_account(world.services, world.admins[OFFICE], world.admins[SCHOOL].account, reason="đóng")
    assert world.get(Account, world.admins[SCHOOL].account).valid_to is None


def test_classes_and_subjects_are_read_as_schools_write_them(school_world: World) -> None:
    with school_world.services.db.read(school_world.register) as reader:
        known = reader.find(SchoolClass, school=SCHOOL)
    assert read_charge("6a", "Văn 6A, 6B; Toán 6B", known) == {
        (CLASS_6A, ""),
        (CLASS_6A, "NGUVAN"),
        (CLASS_6B, "NGUVAN"),
        (CLASS_6B, "TOAN"),
    }
    assert read_charge(" ", "", known) == frozenset()
    assert read_subjects("Toán, tin học;") == {"TOAN", "TINHOC"}
    for homeroom, teaching in (("9Z", ""), ("", "Văn 9Z"), ("", "Chiêm tinh 6A"), ("", "Văn")):
        with pytest.raises(InvalidError):
            read_charge(homeroom, teaching, known)
    with pytest.raises(InvalidError, match="chiêm tinh"):
        read_subjects("Toán, chiêm tinh")
