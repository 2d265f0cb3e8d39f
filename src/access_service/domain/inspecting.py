"""Whose own unit it is: what a person took up themselves, never what was laid on them (rules 7, 14; ruling A4)."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime

from access_service.domain.accounts import Account, Custody
from access_service.domain.delegation import Grant, Inspection
from access_service.domain.documents import Document, Signature
from access_service.domain.errors import InvalidError, NotFoundError, RefusedError
from access_service.domain.facts import Ground
from access_service.domain.names import (
    AccountKind,
    AssignmentId,
    DocumentId,
    DocumentKind,
    DocumentState,
    Method,
    PersonId,
    UnitId,
)
from access_service.domain.org import Assignment, is_below
from access_service.domain.papers import InspectionBody, LeftOut, read
from access_service.domain.preparing import use_account_of
from access_service.domain.reasons import Refusal
from access_service.domain.time import Interval, local

LONGEST_DAYS = 366
"""How long an inspection lasts at most."""


@dataclass(frozen=True, slots=True)
class External:
    """Thành viên ngoài ngành (Công an, Sở KH&CN, Văn phòng UBND): sent by a decision, without a duty here.

    Their account opens what is inspected from the first day to the last, and nothing else.
    """

    id: str
    person: PersonId
    document: DocumentId
    """The decision to inspect that names them."""
    unit: UnitId
    """The unit that decides: it gives them their account, and answers for it."""
    body: str
    decision: str
    """Number of the decision by which the body sends them."""
    username: str
    valid_from: datetime
    valid_to: datetime | None = None
    """When the inspection ends."""


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
    units: Collection[UnitId], members: Collection[object], term: Interval, period_from: datetime | None
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


def check_external(name: str, body: str, decision: str) -> None:
    """(A4) Somebody from outside is entered with the body that sends them and its decision."""
    if not (name and body and decision):
        raise InvalidError("a member from outside is named with the body that sends them and its decision")


def external_account(ground: Ground, external: External) -> Account:
    """(A4) The account with which a member from outside inspects: theirs alone, and over with the inspection."""
    found = ground.facts.find(Account, person=external.person, kind=str(AccountKind.INSPECTOR))
    if not found:
        raise RefusedError(Refusal.DOCUMENT_STATE, "the decision is not signed yet", document=external.document)
    return found[0]


def check_admitted(account: Account, now: datetime) -> None:
    """(A4) The code is given once, while the inspection lasts; whoever lost what opens it is recovered."""
    if account.activated_at is not None or (account.valid_to is not None and account.valid_to <= now):
        raise RefusedError(Refusal.DOCUMENT_STATE, "the account was opened, or is over", account=account.id)


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


def inspection_in_force(ground: Ground, named: DocumentId, unit: UnitId) -> Inspection:
    """(14) The inspection of that unit that the decision put in force; whatever else it may be is not found."""
    document = ground.facts.get(Document, named)
    if document is not None and document.state is DocumentState.SIGNED:
        for found in ground.facts.find(Inspection, document=named):
            covers = any(is_below(ground.org, unit, inspected, ground.now) for inspected in found.units)
            if covers and found.valid_from <= ground.now < found.valid_to:
                return found
    raise NotFoundError("decision to inspect this unit", named)


def first_day_inspected(ground: Ground, inspection: Inspection) -> date:
    """(14) From when on the team looks: the period's first day, or that of the inspection where none is named."""
    document = ground.facts.get(Document, inspection.document)
    period = None if document is None else read(document.content, InspectionBody).period_from
    return local(min(period or inspection.valid_from, inspection.valid_from)).date()


def check_days_inspected(ground: Ground, inspections: Collection[Inspection], first: date) -> None:
    """(14) A dossier made for an inspection is of the days that its decision names, and of none before."""
    if not any(first >= first_day_inspected(ground, inspection) for inspection in inspections):
        raise InvalidError("the decision to inspect names a period that begins later")


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
