"""Inspection by decision: read-only access to dossiers and matrices of the units named (rule 14, #61, #114)."""

from dataclasses import dataclass, replace
from datetime import date, datetime

from access_service.domain import edges, inspecting
from access_service.domain.accounts import Account
from access_service.domain.delegation import Grant, Inspection, check_office, check_within
from access_service.domain.documents import Document
from access_service.domain.errors import NotFoundError
from access_service.domain.inspecting import External, pairs_to_inspect, ties_of
from access_service.domain.lookalikes import check_told_apart
from access_service.domain.names import (
    AccountId,
    AccountKind,
    AuthorityId,
    DocumentId,
    DocumentKind,
    DocumentState,
    GrantEnd,
    GrantId,
    PersonId,
    UnitId,
)
from access_service.domain.org import Person
from access_service.domain.papers import ExternalLine, InspectionBody, read
from access_service.domain.powers import Power, ends, power, powerless, yields
from access_service.domain.preparing import check_receiver
from access_service.domain.register import username_to_give
from access_service.domain.taking import own_authority
from access_service.domain.time import Interval
from access_service.domain.vietnamese import name_key
from access_service.storage import accounts as stored
from access_service.usecases.effects import close_document, end_grants
from access_service.usecases.handover.documents import new_document
from access_service.usecases.handover.numbering import Numbering
from access_service.usecases.identity.accounts import IssuedAccount, new_activation
from access_service.usecases.identity.usernames import usernames_in_use, usernames_taken
from access_service.usecases.services import Act, Caller, ReadView, Services, act, as_missing

ROLE = "inspector"
"""The role of `policy/base` that reads dossiers and matrices and no pupil's data."""


@dataclass(frozen=True, slots=True)
class ExternalMember:
    """Somebody from outside the register, as the custodian enters them (A4)."""

    name: str
    body: str
    """Công an, Sở KH&CN, Văn phòng UBND: who sends them."""
    decision: str
    """Number of the decision by which they are sent."""
    username: str
    """Of the account that they get once the head has signed."""


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
    period_from: datetime | None = None
    """From when the period runs that is inspected; left out, it begins with the inspection."""
    externals: tuple[ExternalMember, ...] = ()
    """Members without a duty in the register."""
    out_of_order: str | None = None
    """Why the decision bears an earlier day than the one numbered before it."""


@powerless("the head's signature puts it in force")
def propose_inspection(services: Services, caller: Caller, team: Team) -> Document:
    """Prepare the decision; the head's signature puts it in force.

    A unit that is a member's own, or was in the period, is left out for that member, and named; so is every
    one-sided duty, which makes nobody unfit (rule 7).
    """
    with act(services, caller, "inspection.propose", caller.unit) as doing:
        doing.as_custodian(caller.unit)
        term = Interval(team.valid_from, team.valid_to)
        inspecting.check_team(team.units, [*team.members, *team.externals], term, team.period_from)
        for unit in sorted(team.units):
            doing.check_visible(unit)
            inspecting.check_inspected(doing.ground, caller.unit, unit)
        for member in sorted(team.members):
            doing.tx.require(Person, member)
            check_receiver(caller, member)
            inspecting.account_of_member(doing.ground, member)
        externals = [_enter(doing, caller.unit, member, team) for member in team.externals]
        members = team.members | {external.person for external in externals}
        ties = ties_of(doing.ground, members, team.units, _period(team))
        pairs_to_inspect(members, team.units, ties)
        held = own_authority(doing.ground, caller.unit, team.authority)
        document = new_document(
            doing,
            kind=DocumentKind.INSPECTION_DECISION,
            unit=caller.unit,
            number=team.number,
            dated=team.dated,
            receiver=None,
            numbering=Numbering(out_of_order=team.out_of_order),
            body=InspectionBody(
                content=team.content,
                members=members,
                units=team.units,
                valid_from=team.valid_from,
                valid_to=team.valid_to,
                # Named on the decision where it was named: who signs reads which authority it rests on.
                authority=None if team.authority is None else held.id,
                period_from=team.period_from,
                left_out=ties.left_out,
                ignored=ties.ignored,
                externals=frozenset(ExternalLine(x.person, x.body, x.decision) for x in externals),
            ),
        )
        doing.tx.put(*(replace(external, document=document.id) for external in externals))
        return document


def _enter(doing: Act, unit: UnitId, member: ExternalMember, team: Team) -> External:
    """(A4) A person of whom the register knows the name alone; the account comes with the head's signature."""
    inspecting.check_external(member.name, member.body, member.decision)
    username = username_to_give(member.username, usernames_taken(doing, member.username))
    person = Person(PersonId(doing.new_id("per")), member.name, name_key(member.name))
    external = External(
        id=doing.new_id("ext"),
        person=person.id,
        document=DocumentId(""),
        unit=unit,
        body=member.body,
        decision=member.decision,
        username=username,
        valid_from=team.valid_from,
        valid_to=team.valid_to,
    )
    doing.tx.put(person, external)
    doing.tx.happened("person.add", person.id, unit=external.unit, external=external.id)
    return external


def _open_account(doing: Act, external: External, end: datetime) -> Account:
    """(A4) The account of a member from outside, over with the inspection; `admit_external` gives its code."""
    account = Account(
        id=AccountId(doing.new_id("acc")),
        kind=AccountKind.INSPECTOR,
        unit=external.unit,
        person=external.person,
        username=external.username,
        valid_from=doing.now,
        valid_to=end,
    )
    doing.tx.put(account)
    doing.tx.happened("account.issue", account.id, unit=external.unit, kind=str(account.kind))
    doing.tx.touches(account.id)
    return account


@power(yields(Power.ACCOUNT))
def admit_external(services: Services, caller: Caller, document_id: DocumentId, person: PersonId) -> IssuedAccount:
    """The code with which a member from outside opens their account: for the deciding unit's custodian."""
    with act(services, caller, "inspection.admit", document_id) as doing:
        document = doing.tx.require(Document, document_id)
        with as_missing("document", document_id):
            doing.as_custodian(document.unit)
        external = doing.tx.first(External, document=document_id, person=person)
        if external is None:
            raise NotFoundError("person", person)
        inspecting.check_inspects(document)
        account = inspecting.external_account(doing.ground, external)
        inspecting.check_admitted(account, doing.now)
        credential = stored.credential_of(doing.tx.connection, doing.tx.register, account.id)
        if credential is None:
            check_told_apart("username", account.username, usernames_in_use(doing, account.username))
        issued = new_activation(doing, account, is_new_holder=True)
        doing.tx.happened(
            "account.codes", account.id, unit=account.unit, document=document_id, shown_to=caller.person
        )
        doing.tx.touches()
        return issued


def _period(body: Team | InspectionBody) -> Interval:
    """The time in which a member's service in an inspected unit counts."""
    return Interval(min(body.period_from or body.valid_from, body.valid_from), body.valid_to)


def begin_inspection(doing: Act, document: Document) -> list[GrantId]:
    """The signed decision stands in place of minutes: a read-only grant a member and unit, with its dates."""
    body = read(document.content, InspectionBody)
    start, end, units = body.valid_from, body.valid_to, body.units
    # Asked again: whoever took up a duty there since the decision was prepared does not inspect it.
    ties = ties_of(doing.ground, body.members, units, _period(body))
    pairs = pairs_to_inspect(body.members, units, ties)
    inspection = Inspection(
        id=doing.new_id("ins"),
        document=document.id,
        unit=document.unit,
        units=units,
        members=frozenset(member for member, _ in pairs),
        content=body.content,
        valid_from=max(start, doing.now),
        valid_to=end,
    )
    held = own_authority(doing.ground, document.unit, body.authority)
    office = doing.office(document.unit, held)
    check_office(office)
    # (3) Within the deciding unit's authority on every axis: an office of two levels inspects those two.
    scopes = {unit: replace(held.scope, unit=unit) for unit in sorted(units)}
    for scope in scopes.values():
        check_within(office, scope, Interval(start, end))
    doing.tx.put(inspection)
    left_out = sorted(f"{x.member} {x.unit}" for x in ties.left_out)
    doing.tx.happened(
        "inspection.begin",
        inspection.id,
        unit=document.unit,
        document=document.id,
        **({"left_out": left_out} if left_out else {}),
    )
    made = []
    outside = {x.person: x for x in doing.tx.find(External, document=document.id)}
    opened = {person: _open_account(doing, external, end) for person, external in outside.items()}
    for member, unit in pairs:
        account = opened.get(member) or inspecting.account_of_member(doing.ground, member)
        grant = Grant(
            id=GrantId(doing.new_id("grn")),
            account=account.id,
            role=ROLE,
            scope=scopes[unit],
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
            doing.as_above(document.office)
        inspecting.check_inspects(document)
        end_grants(doing, doing.tx.find(Grant, document=document_id), GrantEnd.INSPECTION_ENDED)
        return close_document(doing, document, DocumentState.WITHDRAWN, reason)


def inspects(doing: ReadView, person: PersonId, unit: UnitId) -> bool:
    """Is the person a member of an inspection of this unit, or one above it, now, and not left out of it?"""
    return edges.inspects(doing.ground, person, unit)


def leave_own_inspections(doing: Act, person: PersonId) -> None:
    """(7) Whoever took up a duty in an inspected unit, by an act of their own, no longer inspects that unit."""
    found = [i for i in doing.tx.find(Inspection) if person in i.members and i.valid_from <= doing.now < i.valid_to]
    for inspection in found:
        ties = ties_of(doing.ground, [person], inspection.units, Interval(doing.now, inspection.valid_to))
        own = {x.unit for x in ties.left_out}
        accounts = [a.id for a in doing.tx.find(Account, person=person)]
        lines = doing.tx.find(Grant, document=inspection.document, account=accounts)
        live = [g for g in lines if g.ended_at is None or g.ended_at > doing.now]
        ended = [g for g in live if g.scope.unit in own]
        if not ended:
            continue
        end_grants(doing, ended, GrantEnd.INSPECTION_ENDED)
        if len(ended) == len(live):
            doing.tx.put(replace(inspection, members=inspection.members - {person}))
        doing.tx.happened("inspection.leave", inspection.id, unit=inspection.unit, person=person)
