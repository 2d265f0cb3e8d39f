"""Widening back brings nothing back: what a narrowing took is proposed and signed again (rule 3, ruling I)."""

from collections.abc import Sequence
from dataclasses import dataclass

from access_service.domain.delegation import Authority, Grant
from access_service.domain.facts import Ground
from access_service.domain.moves import box_of, left_of, lives
from access_service.domain.names import GrantEnd
from access_service.domain.org import Assignment
from access_service.domain.scope import Scope


@dataclass(frozen=True, slots=True)
class Regainable:
    """A line that a narrower authority took, and that the one in force would let be handed over again."""

    lost: Grant
    duty: Assignment
    stands: Grant | None
    """What was left of it, which the new line would replace."""


def regainable(ground: Ground, authority: Authority, chain: Sequence[Authority]) -> list[Regainable]:
    """What the unit had handed down, lost by a narrowing or withdrawal above, and could hand down again.

    `chain` is the authority with everything above it. Only a duty that goes on, only what lies within the authority
    today, and nothing that is held already; of several narrowings the widest line that fits.
    """
    facts, org, now = ground.facts, ground.org, ground.now
    box = box_of(org, chain, now)
    if box is None:
        return []

    def within(inner: Scope, outer: Scope) -> bool:
        return left_of(org, now, inner, outer) == inner

    found: dict[tuple[str, str], Regainable] = {}
    issued = facts.find(Grant, unit=authority.unit)
    for grant in sorted(issued, key=lambda g: (g.valid_from, g.id)):
        if grant.ended_as is not GrantEnd.AUTHORITY_WITHDRAWN or grant.activated_at is None or lives(grant, now):
            continue
        duty = facts.get(Assignment, grant.assignment) if grant.assignment else None
        key = (grant.assignment or "", grant.role)
        if duty is None or not _goes_on(duty, grant, ground) or key in found or not within(grant.scope, box):
            continue
        same = [g for g in issued if (g.assignment, g.role) == (grant.assignment, grant.role)]
        standing = [g for g in same if g.activated_at is not None and lives(g, now)]
        if any(within(grant.scope, g.scope) for g in standing):
            continue
        found[key] = Regainable(grant, duty, max(standing, key=lambda g: (g.valid_from, g.id), default=None))
    return list(found.values())


def _goes_on(duty: Assignment, grant: Grant, ground: Ground) -> bool:
    ends = (duty.valid_to, grant.valid_to)
    return all(end is None or end > ground.now for end in ends)
