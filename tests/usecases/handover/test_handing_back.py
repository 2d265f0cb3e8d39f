"""Handing back: early, with the day named; late, when the last duty is over; what was signed before stands."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from access_service.domain.delegation import Grant, LeavingCase
from access_service.domain.documents import Document
from access_service.domain.errors import RefusedError
from access_service.domain.names import DocumentState, GrantEnd, SuspendableKind
from access_service.domain.papers import HandoverBody, ReturnBody, read
from access_service.domain.reasons import Reason, Refusal
from access_service.domain.scope import Scope
from access_service.domain.sign_in import Due
from access_service.domain.time import start_of_day
from access_service.usecases.evidence import matrix
from access_service.usecases.evidence.matrix_values import Note
from access_service.usecases.handover import delegation, documents, returns
from access_service.usecases.handover.documents import EnteredLine
from access_service.usecases.identity import open_sessions
from access_service.usecases.organisation import leaving
from world import OFFICE, SCHOOL, Someone, World, hire_homeroom, homeroom_line

MONDAY = start_of_day(date(2026, 8, 24))


def test_what_is_handed_back_on_friday_for_monday_ends_on_monday(school_world: World) -> None:
    """(J) Once the rights ended at the declaration, and the last marks could not be entered."""
    world = school_world
    teacher = hire_homeroom(world)
    made = world.hand_over(SCHOOL, teacher, homeroom_line(world, teacher))
    minutes = returns.hand_back(world.services, teacher.caller, SCHOOL, ends_at=MONDAY)
    assert read(minutes.content, ReturnBody).ends_at == MONDAY
    world.sign(teacher, minutes.id)
    world.sign(world.people[f"head:{SCHOOL}"], minutes.id)
    assert world.ask(teacher)
    world.clock.now = MONDAY - timedelta(microseconds=1)
    assert world.ask(teacher)
    world.clock.now = MONDAY
    assert world.why(teacher) is Reason.GRANT_ENDED
    [grant] = made.grants
    assert world.get(Grant, grant.id).ended_as is GrantEnd.RETURNED
    handed_back = world.get(Document, made.document.id)
    assert (handed_back.state, handed_back.ended_at) == (DocumentState.HANDED_BACK, MONDAY)


def test_rights_that_are_handed_back_end_with_the_duty_at_the_latest(school_world: World) -> None:
    world = school_world
    teacher = hire_homeroom(world)
    world.hand_over(SCHOOL, teacher, homeroom_line(world, teacher))
    case = leaving.end_duty(
        world.services, world.admins[SCHOOL], teacher.duty, on=date(2026, 8, 24), decision_number="06/QĐ"
    )
    minutes = returns.hand_back(world.services, teacher.caller, SCHOOL, ends_at=MONDAY + timedelta(days=30))
    world.sign(teacher, minutes.id)
    assert world.ask(teacher)
    world.sign(world.people[f"head:{SCHOOL}"], minutes.id)
    assert world.get(LeavingCase, case.id).document == minutes.id
    world.clock.now = MONDAY
    assert world.why(teacher) is not None


def test_rights_without_a_day_end_at_the_declaration_and_none_end_in_the_past(school_world: World) -> None:
    world = school_world
    teacher = hire_homeroom(world)
    world.hand_over(SCHOOL, teacher, homeroom_line(world, teacher))
    with world.refuses(Refusal.INVALID):
        returns.hand_back(world.services, teacher.caller, SCHOOL, ends_at=world.clock.now)
    minutes = returns.hand_back(world.services, teacher.caller, SCHOOL)
    world.sign(teacher, minutes.id)
    assert world.why(teacher) is Reason.GRANT_ENDED


def test_a_signature_made_before_the_end_was_recorded_stands(school_world: World) -> None:
    """(J) Also on the day of the decision: what was signed in the morning is signed."""
    world = school_world
    teacher = hire_homeroom(world)
    deputy = world.hire("phó", SCHOOL, "vice_principal", SCHOOL)
    prepared = world.propose(SCHOOL, teacher, homeroom_line(world, teacher))
    world.name(deputy, prepared.document.id)
    world.sign(deputy, prepared.document.id)
    world.clock.forward(hours=1)
    leaving.end_duty(
        world.services, world.admins[SCHOOL], deputy.duty, on=date(2026, 8, 20), decision_number="06/QĐ"
    )
    assert world.sign(teacher, prepared.document.id).document.state is DocumentState.SIGNED


# -- papers that are handed back one day: one at a time, and with an end


def test_six_open_minutes_for_one_duty_are_one(school_world: World) -> None:
    """(B) The second is refused and names the first, until that was cancelled or lapsed."""
    world = school_world
    clerk = world.hire("văn thư", SCHOOL, "clerk", SCHOOL)
    line = EnteredLine("clerk", clerk.duty, Scope(unit=SCHOOL), world.clock.now)
    first = world.propose(SCHOOL, clerk, line)
    for _ in range(5):
        with world.refuses(Refusal.DUPLICATE):
            world.propose(SCHOOL, clerk, line)
    documents.cancel(world.services, world.admins[SCHOOL], first.document.id, reason="lập lại")
    again = world.propose(SCHOOL, clerk, line)
    world.clock.forward(days=100)
    world.propose(SCHOOL, clerk, line)
    assert again.document.id != first.document.id


def test_a_function_grant_without_an_end_gets_the_latest_that_is_allowed_on_its_paper(school_world: World) -> None:
    """(B) Once `grant_days_max` held only where an end was named."""
    world = school_world
    clerk, grant = world.hire_granted("văn thư", "clerk")
    assert grant.valid_to is not None
    minutes = world.get(Document, grant.document or "")
    [line] = read(minutes.content, HandoverBody).lines
    assert line.valid_to == grant.valid_to
    short = world.hire("ngắn", SCHOOL, "clerk", SCHOOL, valid_to=MONDAY)
    made = world.hand_over(SCHOOL, short, EnteredLine("clerk", short.duty, Scope(unit=SCHOOL), world.clock.now))
    assert made.grants[0].valid_to == MONDAY
    assert clerk.duty != short.duty


def test_a_grant_that_has_no_end_keeps_none_and_is_noted(school_world: World) -> None:
    """(B) As those of before: the paper that both signed says nothing of an end."""
    world = school_world
    _, grant = world.hire_granted("văn thư", "clerk")
    with world.services.db.write(world.register, "operator") as tx:
        tx.put(replace(grant, valid_to=None, activated_at=world.clock.now))
        tx.happened("grant.endless", grant.id)
    head = world.people[f"head:{SCHOOL}"].caller
    with matrix.open_matrix(world.services, head, SCHOOL) as found:
        [row] = [r for r in found.rows if r.grant == grant.id]
    assert Note.NO_END in row.notes


# -- late


def left(world: World) -> tuple[Someone, LeavingCase]:
    """A teacher whose last duty ended an hour ago, with rights not handed back."""
    teacher = hire_homeroom(world)
    world.hand_over(SCHOOL, teacher, homeroom_line(world, teacher))
    case = leaving.end_duty(
        world.services, world.admins[SCHOOL], teacher.duty, on=date(2026, 8, 24), decision_number="06/QĐ"
    )
    world.clock.now = MONDAY + timedelta(hours=1)
    return teacher, case


def test_whoever_left_still_hands_back_and_does_nothing_else(school_world: World) -> None:
    """(J) The account stands still since 00:00; the return minutes are signed by their holder all the same."""
    world = school_world
    teacher, case = left(world)
    signed_in = world.sign_in("000.gvcn")
    assert signed_in.due is Due.HAND_BACK
    with pytest.raises(RefusedError) as refused:
        open_sessions.caller_from_token(world.services, signed_in.token)
    assert refused.value.code is Refusal.HAND_BACK_DUE
    with pytest.raises(RefusedError) as refused:
        open_sessions.caller_from_token(world.services, signed_in.token, even_if_due=True)
    assert refused.value.code is Refusal.HAND_BACK_DUE
    caller = open_sessions.caller_from_token(world.services, signed_in.token, to_hand_back=True)
    assert caller.leaving
    with world.refuses(Refusal.ACCOUNT_NOT_ACTIVE):
        documents.prepare_commitment(world.services, caller, SCHOOL)
    minutes = returns.hand_back(world.services, caller, SCHOOL)
    world.sign(replace(teacher, caller=caller), minutes.id)
    world.sign(world.people[f"head:{SCHOOL}"], minutes.id)
    assert world.get(LeavingCase, case.id).document == minutes.id
    # With the case closed there is nothing left to sign in for.
    with pytest.raises(RefusedError):
        world.sign_in("000.gvcn")


def test_whoever_left_signs_no_other_paper(school_world: World) -> None:
    world = school_world
    teacher = hire_homeroom(world)
    pending = world.propose(SCHOOL, teacher, homeroom_line(world, teacher)).document
    world.sign(world.people[f"head:{SCHOOL}"], pending.id)
    leaving.end_duty(
        world.services, world.admins[SCHOOL], teacher.duty, on=date(2026, 8, 24), decision_number="06/QĐ"
    )
    world.clock.now = MONDAY
    token = world.sign_in("000.gvcn").token
    caller = open_sessions.caller_from_token(world.services, token, to_hand_back=True)
    with world.refuses(Refusal.HAND_BACK_DUE):
        world.sign(replace(teacher, caller=caller), pending.id)


def test_whom_an_act_suspended_does_not_sign_in_to_hand_back(school_world: World) -> None:
    """(J) Only where the last duty ended, never one suspended by an act."""
    world = school_world
    teacher, _ = left(world)
    delegation.suspend(
        world.services, world.admins[OFFICE], kind=SuspendableKind.ACCOUNT, target=teacher.account, reason="kỷ luật"
    )
    with pytest.raises(RefusedError) as refused:
        world.sign_in("000.gvcn")
    assert refused.value.code is Refusal.CREDENTIALS_WRONG


def test_the_witness_does_not_sign_for_the_office(school_world: World) -> None:
    """(A6) They sign once: as giver they would leave the minutes without a witness for ever."""
    world = school_world
    teacher = hire_homeroom(world)
    world.hand_over(SCHOOL, teacher, homeroom_line(world, teacher))
    deputy = world.hire("phó", SCHOOL, "vice_principal", SCHOOL)
    leaving.end_duty(
        world.services, world.admins[SCHOOL], teacher.duty, on=date(2026, 8, 20), decision_number="06/QĐ"
    )
    with world.services.db.read(world.register) as reader:
        [case] = reader.find(LeavingCase, unit=SCHOOL)
    head = world.head_of(SCHOOL)
    minutes = returns.return_in_absence(world.services, head.caller, case.id, deputy.person, because="ốm")
    with world.refuses(Refusal.SELF_SERVICE):
        world.sign(deputy, minutes.id)
    world.sign(head, minutes.id)
    world.sign(deputy, minutes.id)
    assert world.get(Document, minutes.id).state is DocumentState.SIGNED
