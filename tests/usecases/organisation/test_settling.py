"""What dates did is written down by a step of its own, too, and changes no answer (rulings A7, A8)."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from access_service.domain.accounts import Custody, Suspension
from access_service.domain.custody import LAST_DUTY
from access_service.domain.delegation import Grant, LeavingCase
from access_service.domain.errors import NotFoundError, UnavailableError
from access_service.domain.names import GrantEnd, GrantState, RegisterId
from access_service.domain.org import Assignment
from access_service.domain.reasons import Reason, Refusal
from access_service.usecases.evidence import reading
from access_service.usecases.handover.documents import Prepared
from access_service.usecases.organisation import leaving, settling
from access_service.usecases.organisation.settling import Settled, Settling, list_unsettled, settle
from world import CLASS_6A, OFFICE, PASSWORD, SCHOOL, Someone, World, hire_homeroom, homeroom_line


def facts(world: World, value_type: type[Any], **equals: object) -> list[Any]:
    with world.services.db.read(world.register) as reader:
        return reader.find(value_type, **equals)


def teacher_until(world: World, days: int) -> Someone:
    until = world.clock.now + timedelta(days=days)
    return world.hire("gvcn", SCHOOL, "homeroom", SCHOOL, classes=frozenset({(CLASS_6A, "")}), valid_to=until)


def test_a_last_duty_that_ended_by_its_date_gets_its_case_and_standstill_dated_with_the_duty(
    school_world: World,
) -> None:
    world = school_world
    teacher = teacher_until(world, days=3)
    until = world.get(Assignment, teacher.duty).valid_to
    world.hand_over(SCHOOL, teacher, replace(homeroom_line(world, teacher), valid_to=until))
    assert settle(world.services, world.register) == Settled()
    world.clock.forward(days=10)
    before = (world.why(teacher), world.why(teacher, at=world.clock.now - timedelta(days=7)))
    revision = world.revision
    done = settle(world.services, world.register)
    assert done.events == {"duty.lapse": 1, "account.suspend": 1}
    assert world.revision == revision + 1
    duty = world.get(Assignment, teacher.duty)
    [case] = facts(world, LeavingCase, person=teacher.person)
    [suspension] = facts(world, Suspension, target=teacher.account)
    assert (case.valid_from, case.assignment) == (duty.valid_to, duty.id)
    assert (suspension.valid_from, suspension.reason) == (duty.valid_to, LAST_DUTY)
    assert (world.why(teacher), world.why(teacher, at=world.clock.now - timedelta(days=7))) == before
    assert [e.actor for e in world.log()[-2:]] == ["service", "service"]
    # What is written is written once.
    assert settle(world.services, world.register) == Settled()
    assert world.revision == revision + 1


def test_an_officers_custody_that_ended_by_its_date_is_returned_to_the_head(school_world: World) -> None:
    world = school_world
    world.clock.forward(minutes=1)
    until = world.clock.now + timedelta(days=2)
    officer = world.hire("cán bộ", SCHOOL, "officer_in_charge_of_admin_account", SCHOOL, valid_to=until)
    world.hand_over_custody(SCHOOL, officer, SCHOOL)
    world.clock.forward(days=5)
    done = settle(world.services, world.register, "operator")
    assert {"custody.end", "custody.return"} <= set(done.events)
    custodies = sorted(facts(world, Custody, unit=SCHOOL), key=lambda c: c.valid_from)
    assert [(c.person, c.valid_to) for c in custodies[1:]] == [
        (officer.person, until),
        (world.people[f"head:{SCHOOL}"].person, None),
    ]
    assert custodies[-1].valid_from == until
    issued = leaving.open_custody(world.services, world.people[f"head:{SCHOOL}"].caller, PASSWORD, SCHOOL)
    assert world.enter(world.activate(issued.activation_code)).unit == SCHOOL


def refused_paper(world: World) -> tuple[Someone, Prepared]:
    """All have signed, and the line was refused: nobody operated the account."""
    teacher = hire_homeroom(world)
    prepared = world.propose(SCHOOL, teacher, homeroom_line(world, teacher))
    world.sign(world.head_of(SCHOOL), prepared.document.id)
    world.sign(teacher, prepared.document.id)
    world.clock.forward(minutes=1)
    leaving.take_back_custody(world.services, world.admins[OFFICE], SCHOOL)
    assert prepared.commitment is not None
    assert world.sign(teacher, prepared.commitment.id).refused
    return teacher, prepared


def test_a_refused_line_has_lapsed_after_its_days_though_nobody_tried_it_again(school_world: World) -> None:
    world = school_world
    teacher, prepared = refused_paper(world)
    signed_at = world.get(type(prepared.document), prepared.document.id).signed_at
    assert signed_at is not None
    world.clock.now = signed_at + timedelta(days=30) - timedelta(seconds=1)
    [seen] = reading.read_me(world.services, teacher.caller).grants
    assert (seen.state, seen.missing) == (GrantState.PENDING, Refusal.CUSTODY_VACANT)
    world.clock.forward(seconds=1)
    [seen] = reading.read_me(world.services, teacher.caller).grants
    assert (seen.state, seen.grant.ended_as, seen.grant.ended_at) == (
        GrantState.ENDED,
        GrantEnd.LAPSED,
        world.clock.now,
    )
    assert world.why(teacher) is Reason.GRANT_ENDED
    assert facts(world, Grant, account=teacher.account)[0].ended_as is None, "nobody has written it"
    world.clock.forward(days=5)
    assert settle(world.services, world.register).events == {"grant.end": 1}
    [written] = facts(world, Grant, account=teacher.account)
    assert (written.ended_as, written.ended_at) == (GrantEnd.LAPSED, signed_at + timedelta(days=30))


def test_a_refused_line_is_tried_again_by_the_step(school_world: World) -> None:
    """The obstacle goes by its own date, by no act about the unit: custody is on file again from an hour on."""
    world = school_world
    teacher, prepared = refused_paper(world)
    assert settle(world.services, world.register) == Settled(), "it is still vacant"
    head = world.people[f"head:{SCHOOL}"]
    with world.services.db.write(world.register, "test") as tx:
        [custody] = tx.find(Custody, unit=SCHOOL)
        tx.put(Custody("cus_again", SCHOOL, custody.account, head.person, "head", None, world.clock.now))
        tx.happened("test", SCHOOL)
        tx.touches_everybody()
    assert settle(world.services, world.register).events == {"grant.activate": 1}
    assert world.ask(teacher)
    assert world.get(Grant, prepared.grants[0].id).refused is None


def test_nothing_is_written_where_another_wrote_it_meanwhile(
    school_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = school_world
    teacher = teacher_until(world, days=1)
    world.clock.forward(days=2)
    with world.services.db.read(world.register) as reader:
        found = list_unsettled(reader, world.clock.now)
    assert found.people == [teacher.person]
    assert settle(world.services, world.register).events
    revision = world.revision
    monkeypatch.setattr(settling, "list_unsettled", lambda *_: found)
    assert settle(world.services, world.register) == Settled()
    assert world.revision == revision
    with pytest.raises(NotFoundError):
        settle(world.services, RegisterId("khac"))


def test_the_server_does_it_every_so_often_until_it_stops(
    school_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world, failed, tried = school_world, list[str](), threading.Event()
    teacher_until(world, days=1)
    world.clock.forward(days=2)
    rounds = Settling(world.services, 0.01, failed.append)
    rounds.close()
    rounds = Settling(world.services, 0.01, failed.append)
    real = settling.settle

    def watched(*arguments: Any) -> Settled:
        try:
            return real(*arguments)
        finally:
            tried.set()

    monkeypatch.setattr(settling, "settle", watched)
    rounds.start()
    assert tried.wait(60)
    rounds.close()
    assert len(facts(world, LeavingCase)) == 1
    assert failed == []

    def broken(*_: Any) -> Settled:
        raise UnavailableError("the database cannot be reached")

    monkeypatch.setattr(settling, "settle", broken)
    rounds.round()
    assert failed == ["the database cannot be reached"]
