"""Rules 15 to 17: one instant; what was true stays answerable; order does not matter."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import count

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from access_service.domain.access import AccessRequest, Decision
from access_service.domain.delegation import Grant
from access_service.domain.documents import Document, Signature
from access_service.domain.errors import RefusedError
from access_service.domain.names import RegisterId, SuspendableKind
from access_service.domain.standing import AccountFacts, standing
from access_service.engine.decide import decide
from access_service.live.decision_point import DecisionPoint
from access_service.live.gathered import LockIndex, Reading
from access_service.storage.standing import Gatherer
from access_service.usecases.handover import delegation, documents
from access_service.usecases.handover.documents import EnteredLine
from access_service.usecases.organisation import leaving
from remembered import flatten
from sampled import times
from world import (
    CLASS_6A,
    CLASS_6B,
    OFFICE,
    SCHOOL,
    Someone,
    World,
    found,
    hire_homeroom,
    homeroom_line,
    with_school,
)


def test_one_instant(school_world: World) -> None:
    """A signature, what it activates and the events that record it bear one revision and one `now`."""
    world = school_world
    teacher = hire_homeroom(world)
    prepared = world.propose(SCHOOL, teacher, homeroom_line(world, teacher))
    assert prepared.commitment is not None
    world.sign(world.people[f"head:{SCHOOL}"], prepared.document.id)
    world.sign(teacher, prepared.commitment.id)
    world.clock.forward(minutes=7)
    seq, before = len(world.log()), world.revision
    signed = world.sign(teacher, prepared.document.id)
    grant, document = world.get(Grant, prepared.grants[0].id), world.get(Document, prepared.document.id)
    instants = {signed.signature.signed_at, document.signed_at, document.state_since, grant.activated_at}
    recorded = world.log(seq)
    assert instants | {e.recorded_at for e in recorded} == {world.clock.now}
    assert {e.revision for e in recorded} == {before + 1} == {world.revision}
    with world.services.db.read(world.register) as reader:
        for value_type, id_ in ((Grant, grant.id), (Document, document.id), (Signature, signed.signature.id)):
            assert reader.history(value_type, id_)[-1][0] == world.revision


def test_a_decision_and_its_explanation_see_one_revision(school_world: World) -> None:
    world = school_world
    teacher = hire_homeroom(world)
    world.hand_over(SCHOOL, teacher, homeroom_line(world, teacher))
    point = DecisionPoint(world.services.db)
    asked = AccessRequest(teacher.account, "read", "class", CLASS_6A, category="STU-ID")
    first = point.decide(world.register, asked)
    world.clock.forward(minutes=1)
    delegation.suspend(
        world.services, world.admins[OFFICE], kind=SuspendableKind.UNIT, target=SCHOOL, reason="rà soát"
    )
    then = point.decide_at(world.register, asked, at=first.now, known_at=first.revision)
    assert (then.decision, then.revision, then.now) == (first.decision, first.revision, first.now)


class Province:
    """A school of two teachers to which random acts happen; refused ones change nothing."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.people = [hire_homeroom(world, "gvcn 6A", CLASS_6A), hire_homeroom(world, "gvcn 6B", CLASS_6B)]
        self.grants: list[Grant] = []
        self.papers: list[Document] = []

    def grant(self, n: int) -> Grant:
        return self.grants[n % len(self.grants)]

    def someone(self, n: int) -> Someone:
        return self.people[n % 2]

    def hand_over(self, n: int) -> None:
        who = self.someone(n)
        line = homeroom_line(self.world, who, (CLASS_6A, CLASS_6B)[n % 2])
        later = self.world.clock.now + timedelta(hours=n % 3)
        prepared = self.world.hand_over(SCHOOL, who, EnteredLine(line.role, line.assignment, line.scope, later))
        self.grants += prepared.grants
        self.papers += [p for p in (prepared.document, prepared.commitment) if p is not None]

    def suspend(self, n: int) -> None:
        kind, target = self.target(n)
        delegation.suspend(
            self.world.services, self.world.admins[OFFICE], kind=kind, target=target, reason="rà soát"
        )

    def resume(self, n: int) -> None:
        kind, target = self.target(n)
        delegation.resume(self.world.services, self.world.admins[OFFICE], kind=kind, target=target)

    def target(self, n: int) -> tuple[SuspendableKind, str]:
        grant = self.grant(n // 4)
        return (
            (SuspendableKind.ACCOUNT, grant.account),
            (SuspendableKind.UNIT, SCHOOL),
            (SuspendableKind.AUTHORITY, grant.authority),
            (SuspendableKind.GRANT, grant.id),
        )[n % 4]

    def revoke(self, n: int) -> None:
        delegation.revoke_grant(self.world.services, self.world.admins[SCHOOL], self.grant(n).id, reason="thu hồi")

    def withdraw(self, n: int) -> None:
        paper = self.papers[n % len(self.papers)]
        documents.withdraw(self.world.services, self.world.admins[SCHOOL], paper.id, reason="lập sai")

    def end_duty(self, n: int) -> None:
        day = (self.world.clock.now + timedelta(days=n % 3)).date()
        duty = self.someone(n).duty
        leaving.end_duty(self.world.services, self.world.admins[SCHOOL], duty, on=day, decision_number="01/QĐ")

    def answers(self, at: datetime, known_at: int | None = None) -> list[Decision]:
        return [
            self.world.ask(who, action, class_id, at=at, known_at=known_at)
            for who in self.people
            for action in ("read",)
            for class_id in (CLASS_6A, CLASS_6B)
        ]


ACTS: dict[str, Callable[[Province, int], None]] = {
    "hand over": Province.hand_over,
    "suspend": Province.suspend,
    "resume": Province.resume,
    "revoke": Province.revoke,
    "withdraw": Province.withdraw,
    "end a duty": Province.end_duty,
}
names = count()


@settings(max_examples=times(4), suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(acts=st.lists(st.tuples(st.sampled_from(sorted(ACTS)), st.integers(0, 40)), min_size=3, max_size=7))
def test_what_was_true_stays_answerable(world: World, acts: list[tuple[str, int]]) -> None:
    """Whatever happened since: at D, known at R, repeats exactly what was answered then.

    And what is recorded later never makes a past answer allowed that was denied then (rule 5).
    """
    fresh = found(world.services, world.clock, name=f"tinh-{next(names)}")
    assert fresh.register != RegisterId("thu-nghiem")
    province = Province(with_school(fresh))
    province.hand_over(0)
    province.hand_over(1)
    kept: list[tuple[int, datetime, list[Decision]]] = []
    for act, n in acts:
        fresh.clock.forward(hours=7)
        before = fresh.revision
        try:
            ACTS[act](province, n)
        except RefusedError:
            assert fresh.revision >= before
        kept.append((fresh.revision, fresh.clock.now, province.answers(fresh.clock.now)))
    for revision, at, answers in kept:
        assert province.answers(at, revision) == answers
        known_now = province.answers(at)
        assert all(then or not now for then, now in zip(answers, known_now, strict=True))


@given(data=st.data(), doubled=st.booleans())
@settings(max_examples=times(15), suppress_health_check=[HealthCheck.function_scoped_fixture])
@pytest.mark.backends("sqlite")
def test_order_does_not_matter(school_world: World, data: st.DataObject, doubled: bool) -> None:
    """Facts gathered in another order, or twice, give the same decision and the same reason."""
    world = school_world
    if "gvcn" not in world.people:
        teacher = hire_homeroom(world)
        for _ in range(2):
            world.hand_over(SCHOOL, teacher, homeroom_line(world, teacher))
        second = world.hand_over(SCHOOL, teacher, homeroom_line(world, teacher)).grants[0]
        delegation.revoke_grant(world.services, world.admins[SCHOOL], second.id, reason="thu hồi")
        world.clock.forward(minutes=1)
    teacher = world.people["gvcn"]
    with world.services.db.read(world.register) as reader:
        facts = Gatherer(reader).account(teacher.account, world.clock.now)
        assert facts is not None
        grants = [*facts.grants, *(facts.grants if doubled else ())]
        grants = data.draw(st.permutations(grants))
        other = AccountFacts(facts.account, tuple(reversed(facts.suspensions)), tuple(grants))
        reading = Reading(reader, world.clock.now, LockIndex())
        for action, class_id, category in (
            ("read", CLASS_6A, "STU-ID"),
            ("read", CLASS_6B, "STU-ID"),
            ("export", CLASS_6A, "STU-ID"),
            ("write", CLASS_6A, "STU-ETH"),
        ):
            asked = AccessRequest(teacher.account, action, "class", class_id, category=category)
            one, two = (
                decide(asked, flatten(standing(f, world.clock.now)), reading, world.clock.now)
                for f in (facts, other)
            )
            assert one == two
