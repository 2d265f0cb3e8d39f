"""Inspection by decision: read-only access to dossiers and matrices of the units named (rule 14, #61, #114)."""

from dataclasses import dataclass, replace
from datetime import date, datetime

from access_service.domain.delegation import Grant, Inspection, check_office, check_within
from access_service.domain.documents import Document
from access_service.domain.errors import InvalidError, RefusedError
from access_service.domain.names import (
    AuthorityId,
    DocumentId,
    DocumentKind,
    DocumentState,
    GrantEnd,
    GrantId,
    PersonId,
    UnitId,
)
from access_service.domain.org import Assignment, Person, is_below
from access_service.domain.papers import InspectionBody, read
from access_service.domain.powers import Power, ends, power, powerless
from access_service.domain.reasons import Refusal
from access_service.domain.time import Interval
from access_service.usecases.delegation import own_authority
from access_service.usecases.documents import new_document
from access_service.usecases.effects import close_document, end_grants
from access_service.usecases.services import Act, Caller, Services, View, act, as_missing

ROLE = "inspector"
"""The role of `policy/base` that reads dossiers and matrices and no pupil's data."""
LONGEST_DAYS = 366


@dataclass(frozen=True, slots=True)
class Team:
    """A decision to inspect, as the custodian enters it."""

    number: str
    dated: date
    units: frozenset[UnitId]
    members: frozenset[PersonId]
    content: str
    valid_from: datetime
    valid_to: datetime
    authority: AuthorityId | None = None
    """Which authority of the deciding unit; may be left out where it holds one."""


@powerless("the head's signature puts it in force")
def propose_inspection(services: Services, caller: Caller, team: Team) -> Document:
    """Prepare the decision; the head's signature puts it in force. Nobody inspects their own unit (rule 7)."""
    with act(services, caller, "inspection.propose", caller.unit) as doing:
        doing.as_custodian(caller.unit)
        if not team.units or not team.members:
            raise InvalidError("a decision names the units and the members")
        if team.valid_to <= team.valid_from or (team.valid_to - team.valid_from).days > LONGEST_DAYS:
            raise InvalidError(f"an inspection has a beginning and an end, at most {LONGEST_DAYS} days apart")
        for unit in sorted(team.units):
            doing.check_visible(unit)
            if unit == caller.unit or not is_below(doing.org, unit, caller.unit, doing.now):
                raise RefusedError(Refusal.NOT_DIRECT_MANAGER, f"`{unit}` is not below `{caller.unit}`", unit=unit)
        for member in sorted(team.members):
            doing.tx.require(Person, member)
            if member == caller.person:
                raise RefusedError(Refusal.SELF_SERVICE, "a custodian prepares nothing for themselves")
            _check_outsider(doing, member, team.units)
        held = own_authority(doing, caller.unit, team.authority)
        return new_document(
            doing,
            kind=DocumentKind.INSPECTION_DECISION,
            unit=caller.unit,
            number=team.number,
            dated=team.dated,
            receiver=None,
            body=InspectionBody(
                content=team.content,
                members=team.members,
                units=team.units,
                valid_from=team.valid_from,
                valid_to=team.valid_to,
                # Named on the decision where it was named: who signs reads which authority it rests on.
                authority=None if team.authority is None else held.id,
            ),
        )


def _check_outsider(doing: Act, member: PersonId, units: frozenset[UnitId]) -> None:
    for duty in doing.tx.find(Assignment, person=member):
        if doing.now in duty.interval and any(is_below(doing.org, duty.unit, u, doing.now) for u in units):
            raise RefusedError(
                Refusal.SELF_SERVICE, "nobody inspects their own unit", unit=duty.unit, member=member
            )
    if doing.use_account_of(member) is None:
        raise RefusedError(Refusal.ACCOUNT_NOT_ACTIVE, "a member has no use account", member=member)


def begin_inspection(doing: Act, document: Document) -> list[GrantId]:
    """The signed decision stands in place of minutes: a read-only grant a member and unit, with its dates."""
    body = read(document.content, InspectionBody)
    start, end, units, members = body.valid_from, body.valid_to, body.units, body.members
    inspection = Inspection(
        id=doing.new_id("ins"),
        document=document.id,
        unit=document.unit,
        units=units,
        members=members,
        content=body.content,
        valid_from=max(start, doing.now),
        valid_to=end,
    )
    held = own_authority(doing, document.unit, body.authority)
    office = doing.office(document.unit, held)
    check_office(office)
    # (3) Within the deciding unit's authority on every axis: an office of two levels inspects those two.
    scopes = [replace(held.scope, unit=unit) for unit in sorted(units)]
    for scope in scopes:
        check_within(office, scope, Interval(start, end))
    doing.tx.put(inspection)
    doing.tx.happened("inspection.begin", inspection.id, document=document.id)
    made = []
    for member in sorted(members):
        _check_outsider(doing, member, units)
        account = doing.use_account_of(member)
        if account is None:
            raise RuntimeError("a member whose account went away")
        for scope in scopes:
            grant = Grant(
                id=GrantId(doing.new_id("grn")),
                account=account.id,
                role=ROLE,
                scope=scope,
                unit=document.unit,
                authority=held.id,
                assignment=None,
                document=document.id,
                valid_from=start,
                valid_to=end,
                activated_at=doing.now,
            )
            doing.tx.put(grant)
            doing.tx.touches(account.id)
            made.append(grant.id)
    return made


@power(ends(Power.GRANT, Power.PAPER, Power.CUSTODY))
def end_inspection(services: Services, caller: Caller, document_id: DocumentId, *, reason: str) -> Document:
    """The deciding unit, or one above it, ends it early; the inspected unit cannot (rule 14)."""
    with act(services, caller, "inspection.end", document_id) as doing:
        document = doing.tx.require(Document, document_id)
        with as_missing("document", document_id):
            doing.as_above(document.unit)
        if document.kind is not DocumentKind.INSPECTION_DECISION or document.state is not DocumentState.SIGNED:
            raise RefusedError(Refusal.DOCUMENT_STATE, "no inspection in force", document=document_id)
        end_grants(doing, doing.tx.find(Grant, document=document_id), GrantEnd.INSPECTION_ENDED)
        return close_document(doing, document, DocumentState.WITHDRAWN, reason)


def inspects(doing: View, person: PersonId, unit: UnitId) -> bool:
    """Is the person a member of an inspection of this unit, or one above it, now?"""
    return any(
        person in i.members
        and i.valid_from <= doing.now < i.valid_to
        and any(
            is_below(doing.org, unit, u, doing.now)
            # A unit that has moved away is none of the deciding unit's any more.
            and is_below(doing.org, u, i.unit, doing.now)
            for u in i.units
        )
        for i in doing.reader.find(Inspection)
    )
