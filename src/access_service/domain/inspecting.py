"""Whose own unit it is: what a person took up themselves, never what was laid on them (rules 7, 14; ruling A4)."""

from collections.abc import Iterable
from dataclasses import dataclass

from access_service.domain.accounts import Account, Custody
from access_service.domain.delegation import Grant
from access_service.domain.documents import Document, Signature
from access_service.domain.errors import RefusedError
from access_service.domain.facts import Ground
from access_service.domain.names import AssignmentId, Method, PersonId, UnitId
from access_service.domain.org import Assignment, is_below
from access_service.domain.papers import LeftOut
from access_service.domain.reasons import Refusal
from access_service.domain.time import Interval


def took_up(ground: Ground, duty: Assignment) -> bool:
    """Did the holder take the duty up: sign a paper of its unit, hold its custody, or hold a right from it?

    A duty alone proves nothing about its holder: the unit that assigns it writes it without them.
    """
    facts, person, unit = ground.facts, duty.person, duty.unit
    if facts.find(Custody, person=person, unit=unit):
        return True
    received = facts.find(Document, receiver=person, unit=unit)
    if any(d.method is Method.ATTESTED and d.signed_at is not None for d in received):
        return True
    signed = {s.document for s in facts.find(Signature, person=person)}
    if signed and facts.find(Document, id=sorted(signed), unit=unit):
        return True
    accounts = [a.id for a in facts.find(Account, person=person)]
    rights = facts.find(Grant, account=accounts, unit=unit) + facts.find(Grant, assignment=duty.id)
    return any(g.activated_at is not None for g in rights)


@dataclass(frozen=True, slots=True)
class Ties:
    """What binds the members of an inspection to what they inspect."""

    left_out: frozenset[LeftOut] = frozenset()
    ignored: frozenset[AssignmentId] = frozenset()
    """One-sided duties: they bind nobody and are named in the decision."""


def ties_of(ground: Ground, members: Iterable[PersonId], units: frozenset[UnitId], period: Interval) -> Ties:
    """The inspected units that are members' own, or were in the period, and the duties that do not count."""
    left_out, ignored = set[LeftOut](), set[AssignmentId]()
    for member in sorted(members):
        for duty in ground.facts.find(Assignment, person=member):
            within = [unit for unit in units if is_below(ground.org, duty.unit, unit, ground.now)]
            if not within or not (duty.interval.overlaps(period) or ground.now in duty.interval):
                continue
            if took_up(ground, duty):
                left_out.update(LeftOut(member, unit) for unit in within)
            else:
                ignored.add(duty.id)
    return Ties(frozenset(left_out), frozenset(ignored))


def pairs_to_inspect(
    members: frozenset[PersonId], units: frozenset[UnitId], ties: Ties
) -> list[tuple[PersonId, UnitId]]:
    """Who inspects what: everybody everything but their own; `RefusedError(self_service)` where nothing is left."""
    pairs = [(m, u) for m in sorted(members) for u in sorted(units) if LeftOut(m, u) not in ties.left_out]
    if not pairs:
        raise RefusedError(
            Refusal.SELF_SERVICE, "nobody inspects their own unit", members=sorted(members), units=sorted(units)
        )
    return pairs
