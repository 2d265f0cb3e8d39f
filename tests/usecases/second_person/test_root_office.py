"""Who signs for the root is the operator's, by a decision, and waits for a second person (ruling A1)."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from access_service.domain.delegation import LeavingCase
from access_service.domain.errors import InvalidError, NotFoundError, RefusedError
from access_service.domain.names import RegisterId
from access_service.domain.org import Assignment
from access_service.domain.reasons import Refusal
from access_service.domain.waiting import Outcome, WaitingAct
from access_service.usecases import operators
from access_service.usecases.operators import OperatorKey
from access_service.usecases.second_person import confirming, root_office
from access_service.usecases.second_person.root_office import Appointment
from second_person import DECISION
from world import OFFICE, World

NEW = Appointment("director", DECISION, name="Người Thử Giám Đốc Mới")


def test_a_new_director_operates_and_signs_and_nothing_granted_moves(school_world: World) -> None:
    world = school_world
    teacher, _ = world.hire_granted("giáo vụ")
    before = world.ask(teacher, category="STU-ID")
    old_admin, old_director = world.admins[world.root], world.people["director"]
    world.clock.forward(days=1)
    world.root_signer("director", "director")
    assert world.ask(teacher, category="STU-ID") == before
    with pytest.raises(RefusedError):
        world.enter(old_director.account)
    new_admin = world.admins[world.root]
    assert (new_admin.account, new_admin.person) == (old_admin.account, world.people["director"].person)
    world.admins[world.root] = old_admin
    with pytest.raises(RefusedError, match=r"stopped meanwhile|somebody else"):
        world.add_unit("00031099", "commune", "UBND xã Khác", world.root)
    world.admins[world.root] = new_admin
    office = world.add_unit("00031099", "commune", "UBND xã Khác", world.root)
    world.give_authority(office, world.root)
    world.appoint_head(f"head:{office}", office, "commune_chair", world.root)
    assert office != OFFICE


def test_an_appointment_does_nothing_until_a_second_person_confirms_it(world: World) -> None:
    first, second = world.operators
    director = world.people["director"]
    waits = root_office.prepare_appointment(world.services, world.register, NEW, first)
    assert world.enter(director.account).person == director.person
    with pytest.raises(RefusedError) as same:
        confirming.confirm_as_operator(world.services, world.register, waits.id, first)
    assert same.value.code is Refusal.SELF_SERVICE
    with pytest.raises(RefusedError) as wrong:
        confirming.confirm_as_operator(world.services, world.register, waits.id, OperatorKey(second.name, "đoán"))
    assert wrong.value.code is Refusal.CREDENTIALS_WRONG
    with pytest.raises(RefusedError) as early:
        root_office.codes_for(world.services, world.register, waits.id, first)
    assert early.value.code is Refusal.DOCUMENT_STATE
    # Every leader at the root is told, and finds it listed.
    told = [e.happening.details["told"] for e in world.log() if e.happening.action == "waiting.prepare"]  # type: ignore[index]
    assert told == [[director.person]]
    assert [a.id for a in confirming.waiting_acts(world.services, director.caller)] == [waits.id]
    done = confirming.confirm_as_operator(world.services, world.register, waits.id, second)
    assert (done.outcome, done.ended_by) == (Outcome.CONFIRMED, second.name)
    with pytest.raises(RefusedError) as twice:
        confirming.confirm_as_operator(world.services, world.register, waits.id, second)
    assert twice.value.code is Refusal.DOCUMENT_STATE


def test_one_of_the_sitting_leadership_confirms_in_a_personal_session_and_sees_no_code(world: World) -> None:
    first, _ = world.operators
    director = world.people["director"]
    wanted = replace(NEW, position="deputy_director")
    waits = root_office.prepare_appointment(world.services, world.register, wanted, first)
    with world.refuses(Refusal.SIGNER_NOT_LEADER):
        confirming.confirm(world.services, world.admins[world.root], waits.id)
    with world.refuses(Refusal.SIGNER_NOT_LEADER):
        confirming.confirm(world.services, world.people["focal"].caller, waits.id)
    done = confirming.confirm(world.services, director.caller, waits.id)
    assert world.get(Assignment, done.result or "").position == "deputy_director"
    [code] = root_office.codes_for(world.services, world.register, waits.id, first)
    account = world.activate(code.activation_code)
    assert root_office.codes_for(world.services, world.register, waits.id, first) == []
    assert world.enter(account).person == waits.person


def test_what_nobody_confirms_lapses(world: World) -> None:
    first, second = world.operators
    waits = root_office.prepare_appointment(world.services, world.register, NEW, first)
    world.clock.forward(days=400)
    with pytest.raises(RefusedError) as late:
        confirming.confirm_as_operator(world.services, world.register, waits.id, second)
    assert late.value.code is Refusal.DOCUMENT_STATE
    assert world.get(WaitingAct, waits.id).outcome is None


def test_a_deputy_is_released_by_two_operators_and_may_not_confirm_it(world: World) -> None:
    deputy = world.root_signer("phó", "deputy_director")
    first, second = world.operators
    waits = root_office.prepare_release(
        world.services, world.register, position="deputy_director", decision=DECISION, operator=first
    )
    with world.refuses(Refusal.SELF_SERVICE):
        confirming.confirm(world.services, deputy.caller, waits.id)
    done = confirming.confirm_as_operator(world.services, world.register, waits.id, second)
    assert world.get(LeavingCase, done.result or "").person == deputy.person
    with pytest.raises(RefusedError):
        world.enter(deputy.account)


def test_the_decision_is_whole_and_not_of_the_future_and_the_register_exists(world: World) -> None:
    first, _ = world.operators
    tomorrow = replace(DECISION, dated=world.clock.now.date() + timedelta(days=3))
    for wrong in (tomorrow, replace(DECISION, sha256=None), replace(DECISION, issuer=None)):
        with pytest.raises(InvalidError):
            root_office.prepare_appointment(world.services, world.register, replace(NEW, decision=wrong), first)
    with pytest.raises(NotFoundError):
        root_office.prepare_appointment(world.services, RegisterId("khac"), NEW, first)
    with pytest.raises(NotFoundError):
        root_office.prepare_release(
            world.services, world.register, position="acting_director", decision=DECISION, operator=first
        )
    with pytest.raises(RefusedError) as staff:
        root_office.prepare_appointment(world.services, world.register, replace(NEW, position="it_officer"), first)
    assert staff.value.code is Refusal.NOT_CUSTODIAN


def test_a_third_operator_is_let_in_by_one_who_is_known_or_by_the_leadership(world: World) -> None:
    first, _ = world.operators
    added = operators.add_operator(world.services, world.register, "người vận hành 3")
    assert added.waiting is not None
    stranger = OperatorKey(added.name, added.secret)
    with pytest.raises(RefusedError) as unknown:
        root_office.prepare_appointment(world.services, world.register, NEW, stranger)
    assert unknown.value.code is Refusal.CREDENTIALS_WRONG
    with pytest.raises(RefusedError) as operator:
        confirming.confirm_as_operator(world.services, world.register, added.waiting.id, first)
    assert operator.value.code is Refusal.SIGNER_NOT_LEADER
    confirming.confirm(world.services, world.people["director"].caller, added.waiting.id)
    assert root_office.prepare_appointment(world.services, world.register, NEW, stranger)
    with pytest.raises(RefusedError) as twice:
        operators.add_operator(world.services, world.register, added.name, first)
    assert twice.value.code is Refusal.DUPLICATE
    assert date(2026, 8, 1) == DECISION.dated
