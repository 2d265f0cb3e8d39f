"""Rule 10: taking back is immediate and reaches everything below."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

import pytest

from access_service.domain.access import AccessRequest
from access_service.domain.delegation import Authority
from access_service.domain.names import AuthorityId, DocumentId, SuspendableKind
from access_service.domain.scope import Scope
from access_service.live.decision_point import DecisionPoint
from access_service.usecases.handover import delegation, documents, returns
from access_service.usecases.handover.documents import Prepared
from access_service.usecases.organisation import leaving
from world import CLASS_6A, LOWER, OFFICE, SCHOOL, Someone, World, hire_homeroom, homeroom_line

Taking = Callable[[World, Someone, Prepared], object]


def _suspending(kind: SuspendableKind, target: Callable[[Someone, Prepared], str]) -> Taking:
    return lambda w, who, paper: delegation.suspend(
        w.services, w.admins[OFFICE], kind=kind, target=target(who, paper), reason="rà soát"
    )


def _commitment(paper: Prepared) -> DocumentId:
    assert paper.commitment is not None
    return paper.commitment.id


def _authority_above(world: World, paper: Prepared) -> AuthorityId:
    parent = world.get(Authority, paper.grants[0].authority).parent
    assert parent is not None
    return parent


TAKINGS: dict[str, Taking] = {
    "suspend the account": _suspending(SuspendableKind.ACCOUNT, lambda who, _: who.account),
    "suspend the unit": _suspending(SuspendableKind.UNIT, lambda _, __: SCHOOL),
    "suspend the authority": _suspending(SuspendableKind.AUTHORITY, lambda _, paper: paper.grants[0].authority),
    "suspend the grant": _suspending(SuspendableKind.GRANT, lambda _, paper: paper.grants[0].id),
    "revoke": lambda w, _, paper: delegation.revoke_grant(
        w.services, w.admins[SCHOOL], paper.grants[0].id, reason="thu hồi"
    ),
    "revoke from the root": lambda w, _, paper: delegation.revoke_grant(
        w.services, w.admins[w.root], paper.grants[0].id, reason="thu hồi"
    ),
    "withdraw the minutes": lambda w, _, paper: documents.withdraw(
        w.services, w.admins[SCHOOL], paper.document.id, reason="lập sai"
    ),
    "withdraw the commitment": lambda w, _, paper: documents.withdraw(
        w.services,
        w.admins[SCHOOL],
        paper.commitment.id if paper.commitment else paper.document.id,
        reason="vi phạm",
    ),
    "withdraw the authority above": lambda w, _, paper: delegation.withdraw_authority(
        w.services,
        w.admins[w.root],
        w.get(Authority, paper.grants[0].authority).parent or paper.grants[0].authority,
    ),
    "narrow the authority away": lambda w, _, paper: delegation.narrow_authority(
        w.services,
        w.admins[OFFICE],
        paper.grants[0].authority,
        scope=Scope(unit=SCHOOL, levels=frozenset({LOWER}), grades=frozenset({"9"})),
        valid_to=None,
    ),
    "end the duty": lambda w, who, _: leaving.end_duty(
        w.services, w.admins[SCHOOL], who.duty, on=date(2026, 8, 21), decision_number="03/QĐ"
    ),
    "close the school year": lambda w, _, __: w.close_year(),
    "hand back": lambda w, who, _: w.sign(who, returns.hand_back(w.services, who.caller, SCHOOL).id),
}


@pytest.mark.parametrize("taking", sorted(TAKINGS))
def test_taking_back_is_immediate(school_world: World, taking: str) -> None:
    """The next decision after the commit denies, on the node that did it and on one that had it in memory."""
    world = school_world
    teacher = hire_homeroom(world)
    paper = world.hand_over(SCHOOL, teacher, homeroom_line(world, teacher))
    here, elsewhere = DecisionPoint(world.services.db), DecisionPoint(world.services.db)
    world.services.committed.append(here.advance)
    asked = AccessRequest(teacher.account, "read", "class", CLASS_6A, category="STU-ID")
    assert here.decide(world.register, asked).decision
    assert elsewhere.decide(world.register, asked).decision
    world.clock.forward(days=1)
    TAKINGS[taking](world, teacher, paper)
    assert not here.decide(world.register, asked).decision
    assert not elsewhere.decide(world.register, asked, at_least=world.revision).decision
    assert not world.ask(teacher)
    # Nor does it take away what was: yesterday's answer is unchanged.
    assert world.ask(teacher, at=world.clock.now - timedelta(hours=9))
