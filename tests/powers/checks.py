"""What must hold whoever acted: of papers, signatures, chains, custody, and of what was taken back."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from access_service.domain.accounts import Custody, Suspension
from access_service.domain.custody import OFFICER
from access_service.domain.delegation import HEADS, Authority, Grant
from access_service.domain.documents import Document, Signature
from access_service.domain.errors import RefusedError
from access_service.domain.moves import AuthorityMove, as_hung, box_of, chain_at, rest_of_grant
from access_service.domain.names import (
    AccountId,
    AccountKind,
    AssignmentId,
    GrantEnd,
    Method,
    PersonId,
    Side,
    SuspendableKind,
    UnitId,
)
from access_service.domain.org import Assignment, ManagementEdge, is_below
from access_service.domain.policy import Pack
from access_service.domain.powers import Finding
from access_service.domain.scope import first_axis_outside
from access_service.domain.time import Interval
from powers.oracle import Seen

LEFT = "last duty ended"
"""Why the service itself suspends an account."""


@dataclass(frozen=True)
class Played:
    """One act: the register before and after, who did it, and who belongs to the coalition."""

    name: str
    before: Seen
    after: Seen
    account: AccountId
    inside: frozenset[PersonId]
    tainted: frozenset[AssignmentId]
    ended: frozenset[str]


def whoever_acted(played: Played) -> list[Finding]:
    """Every sentence that does not ask who it was."""
    return [
        *signed_by_themselves(played),
        *acts_in_office(played),
        *ends_only_excess(played),
        *prepared_and_signed(played),
        *issued_from_above(played),
        *whatever_happened(played),
    ]


def whatever_happened(played: Played) -> list[Finding]:
    """Every sentence about the register alone, whoever wrote into it, by whichever door."""
    return [
        *rests_on_paper(played),
        *one_custodian(played.after),
        *one_manager(played.after),
        *one_head(played.after),
        *within_chain(played.after),
        *stays_taken(played),
        *substitutes_within(played),
        *heads_receive_from_above(played),
        *ends_with_time(played),
    ]


def handed_in_writing(seen: Seen, inside: frozenset[PersonId]) -> frozenset[UnitId]:
    """Units whose admin account is operated by minutes that somebody outside signed for the giver."""
    givers: dict[str, set[PersonId]] = {}
    for s in seen.of(Signature):
        if s.side is Side.GIVER:
            givers.setdefault(s.document, set()).add(s.person)
    return frozenset(
        c.unit
        for c in seen.of(Custody)
        if seen.now in c.interval and c.document and givers.get(c.document) and not givers[c.document] & inside
    )


def rests_on_paper(played: Played) -> list[Finding]:
    """Signed for the giver by somebody outside, or by somebody inside who came to that office otherwise."""
    seen = played.after
    documents = {d.id: d for d in seen.of(Document)}
    found = []
    for id_, grant in seen.state.working.items():
        paper = documents.get(grant.document) if grant.document else None
        if paper is None:
            found.append(Finding("paper", id_, "it rests on no paper"))
        elif paper.method is not Method.ATTESTED:
            found += _signed_for_giver(played, grant, paper)
    return found


def _signed_for_giver(played: Played, grant: Grant, paper: Document) -> Iterable[Finding]:
    seen = played.after
    signatures = [s for s in seen.of(Signature) if s.document == paper.id and s.version == paper.version]
    givers = [s for s in signatures if s.side is Side.GIVER]
    if not givers:
        yield Finding("paper", grant.id, "nobody signed for the giver")
    for s in givers:
        office = [
            d
            for d in seen.of(Assignment)
            if d.person == s.person and d.unit == paper.unit and s.signed_at in d.interval
        ]
        if s.person in played.inside and office and all(d.id in played.tainted for d in office):
            yield Finding("paper", grant.id, f"{s.person} signed, put there by their own")
        if s.person == paper.receiver:
            yield Finding("paper", grant.id, "one person gave and received it")


def _kept_for_head(seen: Seen, paper: Document, person: PersonId) -> bool:
    """Did this person operate the admin account as an officer when the paper was prepared with it?"""
    account = seen.state.accounts.get(paper.prepared_by) if paper.prepared_by else None
    return (
        account is not None
        and account.kind is AccountKind.ADMIN
        and any(
            c.unit == account.unit and c.person == person and c.holder == OFFICER and paper.valid_from in c.interval
            for c in seen.of(Custody)
        )
    )


def prepared_and_signed(played: Played) -> list[Finding]:
    """Who prepared a paper for the head does not sign it for the head."""
    known = {s.id for s in played.before.of(Signature)}
    papers = {d.id: d for d in played.after.of(Document)}
    return [
        Finding("paper", s.document, f"{s.person} prepared it for the head and signed it for the head")
        for s in played.after.of(Signature)
        if s.id not in known and s.side is Side.GIVER and _kept_for_head(played.after, papers[s.document], s.person)
    ]


def signed_by_themselves(played: Played) -> list[Finding]:
    """A signature is made by the signer, with their own account; a witness's, too."""
    known = {s.id for s in played.before.of(Signature)}
    actor = played.after.state.accounts[played.account]
    return [
        Finding("signature", s.document, f"{s.person} never signed as {s.side}; {actor.person} did")
        for s in played.after.of(Signature)
        if s.id not in known and s.person != actor.person
    ]


def within_chain(seen: Seen) -> list[Finding]:
    """Nothing that is in force is wider than what it rests on."""
    org, now = seen.ground.org, seen.now
    held = {a.id: a for a in seen.of(Authority)}

    def below(unit: Any, root: Any) -> bool:
        return is_below(org, unit, root, now)

    moves = seen.of(AuthorityMove)
    found = []
    for id_, grant in seen.state.working.items():
        box = box_of(org, chain_at(held.get, moves, grant.authority, now), now)
        if rest_of_grant(org, pack_in(seen, grant), now, grant, box, None) is not grant:
            found.append(Finding("chain", id_, "a grant outside its giver's authority"))
        elif box is None or not below(grant.scope.unit, box.unit):
            found.append(Finding("chain", id_, "a grant outside its giver's units"))
    for stored in held.values():
        a = as_hung(stored, moves, now)
        parent = held.get(a.parent) if a.parent else None
        if parent is None or now not in a.interval or a.parent != stored.parent:
            # One that was moved under another keeps its words; what is left of it is asked above, of every grant.
            continue
        axis = first_axis_outside(a.scope, parent.scope, is_below=below)
        if axis is not None:
            found.append(Finding("chain", a.id, f"an authority outside its giver's: {axis}"))
    return found


def pack_in(seen: Seen, grant: Grant) -> Pack | None:
    """The pack of the giving unit; None where none is in force."""
    return pack_of_unit(seen, grant.unit)


def pack_of_unit(seen: Seen, unit: UnitId) -> Pack | None:
    """The pack in force there, or None."""
    try:
        return seen.ground.pack_for(unit)
    except RefusedError:
        return None


def stays_taken(played: Played) -> list[Finding]:
    """What was taken back is not in force again."""
    return [
        Finding("taken back", g, "it is in force again") for g in played.after.state.working if g in played.ended
    ]


def one_custodian(seen: Seen) -> list[Finding]:
    """One custodian at a time."""
    custodies: list[Custody] = sorted(seen.of(Custody), key=lambda c: (c.unit, c.valid_from, c.id))
    pairs = [(a, b) for i, a in enumerate(custodies) for b in custodies[i + 1 :] if a.unit == b.unit]
    return [
        Finding("custody", a.unit, f"{a.person} and {b.person} at one time")
        for a, b in pairs
        if a.interval.overlaps(b.interval)
    ]


def one_manager(seen: Seen) -> list[Finding]:
    """One direct manager at a time."""
    edges: list[ManagementEdge] = sorted(seen.of(ManagementEdge), key=lambda e: (e.unit, e.id))
    pairs = [(a, b) for i, a in enumerate(edges) for b in edges[i + 1 :] if a.unit == b.unit]
    return [
        Finding("manager", a.unit, f"{a.manager} and {b.manager} manage it at one time")
        for a, b in pairs
        if Interval(a.valid_from, a.valid_to).overlaps(Interval(b.valid_from, b.valid_to))
    ]


def one_head(seen: Seen) -> list[Finding]:
    """One head at a time; a substitute stands beside."""
    heads: dict[UnitId, set[PersonId]] = {}
    for duty in seen.state.duties:
        if duty.substitutes is None and _heads(seen, duty):
            heads.setdefault(duty.unit, set()).add(duty.person)
    return [
        Finding("head", unit, f"{min(people)} and {max(people)} head it at one time")
        for unit, people in heads.items()
        if len(people) > 1
    ]


def substitutes_within(played: Played) -> list[Finding]:
    """A substitute's duty is the absent person's, of the same unit and classes, and lies within it in time."""
    known = {d.id for d in played.before.of(Assignment)}
    duties = {d.id: d for d in played.after.of(Assignment)}
    found = []
    for duty in duties.values():
        if duty.id in known or duty.substitutes is None:
            continue
        absent = duties[duty.substitutes]
        is_same = (duty.unit, duty.position) == (absent.unit, absent.position)
        is_more = not (duty.classes or frozenset()) <= (absent.classes or frozenset())
        is_longer = duty.valid_to is None or not Interval(duty.valid_from, duty.valid_to).within(absent.interval)
        if not is_same or is_more or is_longer:
            found.append(Finding("substitute", duty.id, f"more than {absent.id}, which it cites"))
    return found


def _begun(played: Played) -> list[Grant]:
    """Grants that were not known, or not in force, before."""
    state = played.after.state
    return [g for id_, g in sorted(state.working.items()) if id_ not in played.before.state.working]


def heads_receive_from_above(played: Played) -> list[Finding]:
    """A head is given nothing by the unit that they head: who signs KT. there signs in their place."""
    state = played.after.state
    return [
        Finding("receiver", g.id, f"the head of {g.unit} received it from {g.unit}")
        for g in _begun(played)
        if state.accounts[g.account].person in state.heads.get(g.unit, frozenset())
    ]


def ends_with_time(played: Played) -> list[Finding]:
    """No right is handed down without an end."""
    return [Finding("end", g.id, "it never ends") for g in _begun(played) if g.valid_to is None]


def issued_from_above(played: Played) -> list[Finding]:
    """A head's account is issued by the direct manager: the own school would issue a head of its own."""
    actor = played.before.state.accounts.get(played.account)
    if actor is None or played.name != "accounts.issue_account":
        return []
    state, now = played.after.state, played.after.now
    new = [a for id_, a in state.accounts.items() if id_ not in played.before.state.accounts]
    heads = {
        (d.person, d.unit)
        for d in played.after.of(Assignment)
        if (d.valid_to is None or d.valid_to > now) and _heads(played.after, d)
    }
    return [
        Finding("issuer", a.id, f"the account of who heads {actor.unit} was issued there")
        for a in new
        if (a.person, actor.unit) in heads and len(state.chains[actor.unit]) > 1
    ]


def _heads(seen: Seen, duty: Assignment) -> bool:
    pack = pack_of_unit(seen, duty.unit)
    position = None if pack is None else pack.positions.get(duty.position)
    return position is not None and position.rank in HEADS


def acts_in_office(played: Played) -> list[Finding]:
    """Whoever operates an admin account has a duty in the unit, and nobody stopped them; nobody left acts again."""
    before = played.before
    account = before.state.accounts.get(played.account)
    if account is None:
        return []
    found = []
    if account.kind is AccountKind.ADMIN:
        person = before.state.custody.get(account.unit)
        if not any(d.person == person and d.unit == account.unit for d in before.state.duties):
            found.append(Finding("custody", account.unit, f"{person} operates it without a duty there"))
        own = {a.id for a in before.state.accounts.values() if a.person == person and person is not None}
        stopped = [
            s
            for s in before.of(Suspension)
            if s.kind is SuspendableKind.ACCOUNT
            and s.target in own
            and s.reason != LEFT
            and before.now in s.interval
        ]
        if stopped:
            found.append(Finding("custody", account.unit, f"{person} operates it while stopped"))
    if played.name == "delegation.resume":
        opened = _ended_suspensions(played)
        for id_ in sorted(opened):
            holder = played.after.state.accounts[id_].person  # type: ignore[index]
            duties = [d for d in played.after.of(Assignment) if d.person == holder]
            if holder and not any(d.valid_to is None or d.valid_to > played.after.now for d in duties):
                found.append(Finding("custody", str(id_), f"{holder} left and is let in again"))
    return found


def _ended_suspensions(played: Played) -> set[str]:
    now = played.after.now
    open_before = {s.id for s in played.before.of(Suspension) if now in s.interval}
    return {
        s.target
        for s in played.after.of(Suspension)
        if s.id in open_before and now not in s.interval and s.kind is SuspendableKind.ACCOUNT
    }


def ends_only_excess(played: Played) -> list[Finding]:
    """Narrowing an authority ends for good what exceeds it, and leaves what is left of a grant (ruling I)."""
    if played.name != "delegation.narrow_authority":
        return []
    after, now = played.after, played.after.now
    held = {a.id: a for a in after.of(Authority)}
    lines = list(after.of(Grant))
    found = []
    for grant in lines:
        was = played.before.state.working.get(grant.id)
        if was is None or grant.ended_as is not GrantEnd.AUTHORITY_WITHDRAWN or grant.ended_at != now:
            continue
        authority = held[grant.authority]
        if now not in authority.interval:
            continue
        rest = rest_of_grant(after.ground.org, pack_in(after, grant), now, was, authority.scope, authority.valid_to)
        if rest is not None and not any(g.replaces == grant.id for g in lines):
            found.append(Finding("narrowing", grant.id, "it ended though a part of it stands within the authority"))
    return found
