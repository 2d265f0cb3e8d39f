"""What a unit only states counts for nothing, and what an approval leaves to be done is done (rule 13)."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from access_service.domain.access import AccessRequest, Deny
from access_service.domain.names import Confirmable
from access_service.domain.reasons import Reason, Refusal
from access_service.domain.software import Software
from access_service.domain.time import local
from access_service.live.decision_point import DecisionPoint
from access_service.usecases.evidence import software_seen
from access_service.usecases.services import Services
from access_service.usecases.third_party import software, software_papers
from access_service.usecases.third_party.software import Changes
from software_world import TERMS, approve, confirm, delete, enter
from world import CLASS_6A, DEPARTMENT, OFFICE, SCHOOL, Clock, World, found, with_school


@pytest.fixture
def city(services: Services, clock: Clock) -> World:
    """A school under the city's pack: level 3, the axis, no raw files."""
    return with_school(found(services, clock, pack="ho-chi-minh"))


READY = {"security_level": 3, "security_standard": "TCVN 11930:2017", "on_axis": True}


def test_what_a_unit_only_states_of_its_software_counts_for_nothing(city: World) -> None:
    """The school writes level 5 and `on the axis` into its own entry, and confirms it itself."""
    world = city
    used = enter(world, **{**READY, "security_level": 5})
    with world.refuses(Refusal.PRECONDITION_MISSING):
        approve(world, used)
    for by in (world.admins[SCHOOL], world.admins[OFFICE], world.people["director"].caller):
        with world.refuses(Refusal.FORBIDDEN):
            confirm(world, used, Confirmable.SECURITY_LEVEL, 3, by=by)
    # The department says 2: what counts is the lower of what is stated and what is confirmed.
    confirm(world, used, Confirmable.SECURITY_LEVEL, 2)
    confirm(world, used, Confirmable.DATA_AXIS)
    with world.refuses(Refusal.PRECONDITION_MISSING):
        approve(world, used)
    confirm(world, used, Confirmable.SECURITY_LEVEL, 3)
    one = approve(world, used)
    assert world.ask(used.account)
    assert in_force(world, used) == [one.id]
    software.change_software(world.services, world.admins[SCHOOL], used.id, Changes(security_level=2))
    assert world.why(used.account) is Reason.APPROVAL_MISSING
    # No token rests on it either.
    assert in_force(world, used) == []


def in_force(world: World, used: Software) -> list[str]:
    with world.services.db.read(world.register) as reader:
        return [e.approval.id for e in software.effective_approvals(reader, used.id, world.clock.now)]


def test_a_confirmation_counts_from_its_day_until_its_end_and_never_before(city: World) -> None:
    """Recorded on the 20th, it makes nothing of the 19th right; the day it ends, decisions in memory end too."""
    world = city
    used, before = enter(world, **READY), world.clock.now
    world.clock.forward(days=1)
    ends = world.clock.now + timedelta(days=10)
    confirm(world, used, Confirmable.SECURITY_LEVEL, 3, valid_to=ends)
    confirm(world, used, Confirmable.DATA_AXIS)
    approve(world, used, valid_from=before)
    point = DecisionPoint(world.services.db)
    asked = AccessRequest(used.account, "read", "class", CLASS_6A, category="STU-ID")
    assert point.decide(world.register, asked).decision
    assert world.why(used.account, at=before) is Reason.APPROVAL_MISSING
    world.clock.now = ends
    denied = point.decide(world.register, asked).decision
    assert isinstance(denied, Deny)
    assert denied.reason is Reason.APPROVAL_MISSING
    confirm(world, used, Confirmable.SECURITY_LEVEL, 3)
    assert world.ask(used.account)
    point.close()


def test_a_confirmation_taken_back_stops_what_rests_on_it(city: World) -> None:
    world = city
    used = enter(world, **READY)
    confirm(world, used, Confirmable.SECURITY_LEVEL, 4)
    axis = confirm(world, used, Confirmable.DATA_AXIS)
    approve(world, used)
    assert world.ask(used.account)
    with world.refuses(Refusal.FORBIDDEN):
        software_papers.withdraw_confirmation(world.services, world.admins[SCHOOL], axis.id, reason="")
    root = world.admins[DEPARTMENT]
    gone = software_papers.withdraw_confirmation(world.services, root, axis.id, reason="mất kết nối")
    assert (gone.valid_to, gone.withdrawn_because) == (world.clock.now, "mất kết nối")
    assert world.why(used.account) is Reason.APPROVAL_MISSING
    with world.refuses(Refusal.DOCUMENT_STATE):
        software_papers.withdraw_confirmation(world.services, root, axis.id, reason="")


def test_a_confirmation_that_says_too_little_is_none(city: World) -> None:
    world = city
    used = enter(world, **READY)
    for subject, level, more in (
        (Confirmable.SECURITY_LEVEL, None, {}),
        (Confirmable.SECURITY_LEVEL, 6, {}),
        (Confirmable.DATA_AXIS, 3, {}),
        (Confirmable.DATA_AXIS, None, {"valid_to": world.clock.now}),
        (Confirmable.DATA_AXIS, None, {"dated": date(2030, 1, 1)}),
    ):
        with world.refuses(Refusal.INVALID):
            confirm(world, used, subject, level, **more)
    software.end_software(world.services, world.admins[SCHOOL], used.id)
    with world.refuses(Refusal.DOCUMENT_STATE):
        confirm(world, used, Confirmable.DATA_AXIS)


@pytest.mark.parametrize("term", sorted(TERMS))
def test_an_approval_names_purpose_agreement_role_retention_and_deletion(school_world: World, term: str) -> None:
    world = school_world
    used = enter(world)
    with world.refuses(Refusal.INVALID):
        approve(world, used, **{term: None})
    one = approve(world, used)
    assert {name: getattr(one, name) for name in TERMS} == TERMS


def owed(world: World, used: Software) -> list[str]:
    seen = software_seen.read_software(world.services, world.admins[SCHOOL], used.id)
    return [str(state) for _, state in seen.obligations]


def test_an_ended_approval_leaves_the_duty_to_confirm_that_the_data_is_deleted(school_world: World) -> None:
    """Withdrawn, over by its term, or ended with the software: it opens; a paper of a right day closes it."""
    world = school_world
    used = enter(world)
    one = approve(world, used)
    assert owed(world, used) == ["later"]
    with world.refuses(Refusal.DOCUMENT_STATE):
        delete(world, one.id)
    world.clock.forward(days=1)
    software.withdraw_approval(world.services, world.admins[DEPARTMENT], one.id, reason="hết hợp đồng")
    assert owed(world, used) == ["open"]
    assert "obligation.open" in [event.happening.action for event in world.log()]
    for wrong in (date(2026, 1, 1), date(2030, 1, 1)):
        with world.refuses(Refusal.INVALID):
            delete(world, one.id, dated=wrong)
    with world.refuses(Refusal.NOT_CUSTODIAN):
        delete(world, one.id, by=OFFICE)
    today = local(world.clock.now).date()
    closed = delete(world, one.id, dated=today)
    assert (closed.number, closed.dated, closed.confirmed_by) == ("02/BB-A", today, world.admins[SCHOOL].account)
    assert owed(world, used) == ["confirmed"]
    with world.refuses(Refusal.DOCUMENT_STATE):
        delete(world, one.id, dated=today)


def test_by_time_alone_and_with_the_software_the_duty_opens_too(school_world: World) -> None:
    world = school_world
    used, other = enter(world), enter(world, name="Phần mềm thử hai")
    approve(world, used)
    two = approve(world, other)
    world.clock.forward(days=10)
    software.end_software(world.services, world.admins[SCHOOL], other.id)
    assert (owed(world, used), owed(world, other)) == (["later"], ["open"])
    # Its unit still answers for software whose use is over.
    delete(world, two.id, dated=local(world.clock.now).date())
    world.clock.forward(days=20)
    assert (owed(world, used), owed(world, other)) == (["open"], ["confirmed"])


def test_a_renewal_of_the_same_data_puts_deletion_off(school_world: World) -> None:
    world = school_world
    used = enter(world)
    approve(world, used, categories=frozenset({"STU-ID", "STU-CON"}))
    narrower = approve(world, used, valid_to=world.clock.now + timedelta(days=90))
    world.clock.forward(days=31)
    assert sorted(owed(world, used)) == ["later", "open"]
    approve(world, used, categories=frozenset({"STU-ID", "STU-CON"}))
    assert sorted(owed(world, used)) == ["carried_on", "later", "later"]
    software.withdraw_approval(world.services, world.admins[DEPARTMENT], narrower.id, reason="")
    assert sorted(owed(world, used)) == ["carried_on", "carried_on", "later"]
