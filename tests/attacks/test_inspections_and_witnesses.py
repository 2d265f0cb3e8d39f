"""Nobody is made unfit to inspect by a duty laid on them; nobody signs as a witness for another."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

from access_service.domain.delegation import LeavingCase
from access_service.domain.documents import Document
from access_service.domain.names import DocumentState, PersonId, UnitId
from access_service.domain.papers import InspectionBody, LeftOut, read
from access_service.domain.reasons import Refusal
from access_service.domain.scope import Scope
from access_service.usecases.evidence import reading_papers
from access_service.usecases.handover import documents, inspection, returns, signatures
from access_service.usecases.handover.documents import EnteredLine
from access_service.usecases.handover.inspection import Team
from access_service.usecases.organisation import leaving, org
from access_service.usecases.services import ReadView
from world import LOWER, OFFICE, SCHOOL, Someone, World, hire_homeroom, homeroom_line


def gone(world: World) -> tuple[Someone, LeavingCase]:
    """A teacher whose duty ends on 1 September and who cannot come."""
    teacher = hire_homeroom(world)
    world.hand_over(SCHOOL, teacher, homeroom_line(world, teacher))
    case = leaving.end_duty(
        world.services, world.admins[SCHOOL], teacher.duty, on=date(2026, 9, 1), decision_number="06/QĐ"
    )
    return teacher, case


def recorded(world: World, case: LeavingCase, witness: PersonId) -> signatures.Signed:
    head = world.people[f"head:{SCHOOL}"]
    minutes = returns.return_in_absence(world.services, head.caller, case.id, witness)
    return world.sign(head, minutes.id)


def test_a_head_does_not_make_the_witnesss_signature(school_world: World) -> None:
    """(A6) Once the head's password gave both signatures, and the witness heard nothing of it."""
    world = school_world
    teacher, case = gone(world)
    witness = world.hire("chứng", SCHOOL, "clerk", SCHOOL)
    minutes = recorded(world, case, witness.person).document
    assert minutes.state is DocumentState.AWAITING_RECEIVER
    assert world.ask(teacher)
    assert world.get(LeavingCase, case.id).valid_to is None
    for other in (teacher, world.people["director"]):
        with world.refuses(Refusal.FORBIDDEN):
            world.sign(other, minutes.id)
    with world.refuses(Refusal.DUPLICATE):
        recorded(world, case, witness.person)
    seen = reading_papers.read_document(world.services, witness.caller, minutes.id)
    assert seen.document.id == minutes.id
    assert world.sign(witness, minutes.id).document.state is DocumentState.SIGNED
    assert not world.ask(teacher)
    assert world.get(LeavingCase, case.id).document == minutes.id


def test_a_witness_may_refuse(school_world: World) -> None:
    world = school_world
    teacher, case = gone(world)
    witness = world.hire("chứng", SCHOOL, "clerk", SCHOOL)
    minutes = recorded(world, case, witness.person).document
    documents.decline(world.services, witness.caller, minutes.id, reason="tôi không có mặt")
    assert world.ask(teacher)
    recorded(world, case, witness.person)


def test_a_witness_without_an_account_is_refused_saying_so(school_world: World) -> None:
    """(A6) Such a return is made on paper."""
    world = school_world
    _, case = gone(world)
    person = org.add_person(world.services, world.admins[SCHOOL], name="Người Thử Không Tài Khoản").id
    world.assign(person, SCHOOL, "clerk", SCHOOL)
    with world.refuses(Refusal.ACCOUNT_NOT_ACTIVE):
        recorded(world, case, person)


# -- inspections


def team(world: World, *members: Someone, units: frozenset[UnitId] = frozenset({SCHOOL})) -> Team:
    return Team(
        number="",
        dated=date(2026, 8, 20),
        units=units,
        members=frozenset(m.person for m in members),
        content="Kiểm tra",
        valid_from=world.clock.now,
        valid_to=world.clock.now + timedelta(days=10),
    )


def inspector_of(world: World, key: str = "kiểm tra") -> Someone:
    return world.hire(key, OFFICE, "level_officer", OFFICE, levels=frozenset({LOWER}))


def decided(world: World, what: Team) -> Document:
    document = inspection.propose_inspection(world.services, world.admins[OFFICE], what)
    return world.sign(world.people[f"head:{OFFICE}"], document.id).document


def body_of(document: Document) -> InspectionBody:
    return read(document.content, InspectionBody)


def sees(world: World, who: Someone, unit: UnitId = SCHOOL) -> bool:
    with world.services.db.read(world.register) as reader:
        by_matrix = inspection.inspects(ReadView(reader, who.caller, world.clock.now), who.person, unit)
    by_right = bool(world.ask(who, class_id=None, unit=unit, category="ACC"))
    assert by_matrix is by_right
    return by_right


def test_the_inspected_does_not_end_the_inspection_by_laying_a_duty(school_world: World) -> None:
    """(A4) Once a clerk's duty, written by the inspected school alone, ended it at once."""
    world = school_world
    inspector = inspector_of(world)
    decided(world, team(world, inspector))
    assert sees(world, inspector)
    world.assign(inspector.person, SCHOOL, "clerk", SCHOOL)
    assert sees(world, inspector)


def test_duties_laid_on_every_inspector_before_the_decision_make_nobody_unfit(school_world: World) -> None:
    """(A4) They are ignored, and the decision names them."""
    world = school_world
    inspectors = [inspector_of(world, "một"), inspector_of(world, "hai")]
    laid = {world.assign(i.person, SCHOOL, "clerk", SCHOOL) for i in inspectors}
    document = decided(world, team(world, *inspectors))
    assert body_of(document).ignored == laid
    assert body_of(document).left_out == frozenset()
    assert all(sees(world, i) for i in inspectors)


def second_school(world: World) -> UnitId:
    other = world.add_unit("0003102", "school", "Trường THCS Thử Hai", OFFICE, LOWER)
    world.give_authority(other, OFFICE, levels=frozenset({LOWER}))
    return other


def test_a_members_own_unit_is_left_out_and_the_decision_stands(school_world: World) -> None:
    """(A4) A teacher of the school inspects the other one; the officer inspects both."""
    world = school_world
    other = second_school(world)
    teacher = hire_homeroom(world)
    world.hand_over(SCHOOL, teacher, homeroom_line(world, teacher))
    officer = inspector_of(world)
    document = decided(world, team(world, teacher, officer, units=frozenset({SCHOOL, other})))
    assert body_of(document).left_out == {LeftOut(teacher.person, SCHOOL)}
    assert not sees(world, teacher)
    assert sees(world, teacher, other)
    assert sees(world, officer)
    assert sees(world, officer, other)


def test_whoever_served_in_the_period_does_not_inspect_it(school_world: World) -> None:
    """(A4) The duty is over; the period that is inspected is not."""
    world = school_world
    moved, _ = world.hire_granted("chuyển")
    began = world.clock.now
    leaving.end_duty(
        world.services, world.admins[SCHOOL], moved.duty, on=date(2026, 8, 25), decision_number="06/QĐ"
    )
    world.assign(moved.person, OFFICE, "level_officer", OFFICE, levels=frozenset({LOWER}))
    world.clock.now = began + timedelta(days=30)
    decided_now = replace(team(world, moved), period_from=began)
    with world.refuses(Refusal.SELF_SERVICE):
        inspection.propose_inspection(world.services, world.admins[OFFICE], decided_now)
    inspection.propose_inspection(world.services, world.admins[OFFICE], team(world, moved))


def test_an_inspector_who_takes_up_a_duty_there_leaves_that_unit_only(school_world: World) -> None:
    """(7) Their own signature makes it theirs."""
    world = school_world
    other = second_school(world)
    inspector = inspector_of(world)
    decided(world, team(world, inspector, units=frozenset({SCHOOL, other})))
    duty = world.assign(inspector.person, SCHOOL, "clerk", SCHOOL)
    line = EnteredLine("clerk", duty, Scope(unit=SCHOOL), world.clock.now)
    minutes = world.propose(SCHOOL, inspector, line)
    assert sees(world, inspector)
    world.sign(world.people[f"head:{SCHOOL}"], minutes.document.id)
    assert sees(world, inspector)
    world.sign(inspector, minutes.document.id)
    assert not sees(world, inspector)
    assert sees(world, inspector, other)
