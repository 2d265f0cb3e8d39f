"""A school, its homeroom teacher and a decision point that hears of commits."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from access_service.domain.access import AccessRequest, Allow, Decision
from access_service.domain.names import ClassId, RegisterId, SuspendableKind
from access_service.engine.decide import as_decision
from access_service.live.decision_point import DecisionPoint
from access_service.usecases.handover import delegation
from prepared import copied, with_homeroom
from world import CLASS_6A, SCHOOL, Someone, World

School = tuple[World, Someone, DecisionPoint]


@contextmanager
def deciding(folder: Path) -> Iterator[School]:
    """The teacher of 6A holds a grant; a second has passed since."""
    world, teacher = copied(folder, with_homeroom)
    world.clock.forward(seconds=1)
    point = DecisionPoint(world.services.db)
    world.services.committed.append(point.committed)
    yield world, teacher, point
    point.close()
    world.services.db.close()


def ask(who: Someone, class_id: ClassId = CLASS_6A, **changes: Any) -> AccessRequest:
    request = AccessRequest(who.account, "read", "student", "000-hs-1", category="STU-ACA", class_id=class_id)
    return replace(request, **changes)


def suspend(world: World, who: Someone) -> None:
    """The school pauses the account."""
    admin = world.admins[SCHOOL]
    delegation.suspend(world.services, admin, kind=SuspendableKind.ACCOUNT, target=who.account, reason="thử nghiệm")


def from_memory(
    point: DecisionPoint, register: RegisterId, request: AccessRequest, *, at_least: int = 0
) -> Decision | None:
    """What memory alone says, or None."""
    moment = point.moment(register, None, at_least)
    answers = None if moment is None else moment.answers((request.ask,))
    return as_decision(answers[0]) if moment is not None and answers is not None and moment.holds() else None


def grant_of(world: World, point: DecisionPoint, who: Someone) -> str:
    decision = point.decide(world.register, ask(who)).decision
    assert isinstance(decision, Allow)
    return decision.grant
