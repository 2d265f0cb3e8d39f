"""Nobody is made unfit to inspect by a duty laid on them; nobody signs as a witness for another."""

from __future__ import annotations

from datetime import date

from access_service.domain.delegation import LeavingCase
from access_service.domain.names import DocumentState, PersonId
from access_service.domain.reasons import Refusal
from access_service.usecases import documents, leaving, org, reading_papers, signatures
from world import PASSWORD, SCHOOL, Someone, World, hire_homeroom, homeroom_line


def gone(world: World) -> tuple[Someone, LeavingCase]:
    """A teacher whose duty ends on 1 September and who cannot come."""
    teacher = hire_homeroom(world)
    world.hand_over(SCHOOL, teacher, homeroom_line(world, teacher))
    case = leaving.end_duty(
        world.services, world.admins[SCHOOL], teacher.duty, on=date(2026, 9, 1), decision_number="06/QĐ"
    )
    return teacher, case


def recorded(world: World, case: LeavingCase, witness: PersonId) -> signatures.Signed:
    head = world.people[f"head:{SCHOOL}"].caller
    return signatures.return_in_absence(world.services, head, PASSWORD, case.id, witness)


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
