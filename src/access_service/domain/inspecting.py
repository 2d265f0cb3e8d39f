"""Whose own unit it is: what a person took up themselves, never what was laid on them (rules 7, 14; ruling A4)."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

from access_service.domain.accounts import Account, Custody
from access_service.domain.delegation import Grant
from access_service.domain.documents import Document, Signature
from access_service.domain.errors import InvalidError, RefusedError
from access_service.domain.facts import Ground
from access_service.domain.names import AssignmentId, DocumentKind, DocumentState, Method, PersonId, UnitId
from access_service.domain.org import Assignment, is_below
from access_service.domain.papers import LeftOut
from access_service.domain.preparing import use_account_of
from access_service.domain.reasons import Refusal
from access_service.domain.time import Interval

LONGEST_DAYS = 366
"""How long an inspection lasts at most."""


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


def check_team(
    units: Collection[UnitId], members: Collection[PersonId], term: Interval, period_from: datetime | None
) -> None:
    """(14) A decision names whom it sends where, for at most a year, and for what period."""
    if not units or not members:
        raise InvalidError("a decision names the units and the members")
    if term.end is None or term.end <= term.start or (term.end - term.start).days > LONGEST_DAYS:
        raise InvalidError(f"an inspection has a beginning and an end, at most {LONGEST_DAYS} days apart")
    if period_from is not None and period_from > term.end:
        raise InvalidError("the period begins before the inspection ends")


def check_inspected(ground: Ground, deciding: UnitId, unit: UnitId) -> None:
    """(14) A unit inspects what is below it, never itself."""
    if unit == deciding or not is_below(ground.org, unit, deciding, ground.now):
        raise RefusedError(Refusal.NOT_DIRECT_MANAGER, f"`{unit}` is not below `{deciding}`", unit=unit)


def account_of_member(ground: Ground, member: PersonId) -> Account:
    """(14) Who is sent to inspect can open what they inspect."""
    account = use_account_of(ground, member)
    if account is None:
        raise RefusedError(Refusal.ACCOUNT_NOT_ACTIVE, "a member has no use account", member=member)
    return account


def check_inspects(document: Document) -> None:
    """(14) Only an inspection that a signed decision put in force is ended early."""
    if document.kind is not DocumentKind.INSPECTION_DECISION or document.state is not DocumentState.SIGNED:
        raise RefusedError(Refusal.DOCUMENT_STATE, "no inspection in force", document=document.id)


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
