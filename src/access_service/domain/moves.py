"""What is taken back, and what an act that moves an edge leaves of what was handed down (rules 2, 3, 4, 9).

Containment is one question, `box_of`: what all authorities from a grant's own up to the root have in common at an
instant. An act asks it when it narrows, withdraws, moves or dissolves; a decision asks it again on its own day, so
that an edge that takes effect later shuts what then lies outside without anybody having to be there. Nothing here
reads a clock or a database.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from access_service.domain.accounts import Account
from access_service.domain.delegation import Authority, Grant
from access_service.domain.errors import RefusedError
from access_service.domain.facts import Facts, Ground
from access_service.domain.names import AuthorityId, GrantEnd, UnitId
from access_service.domain.org import (
    Assignment,
    ManagementEdge,
    OrgView,
    Unit,
    common,
    is_below,
    manager_of,
)
from access_service.domain.policy import ANY, Pack
from access_service.domain.reasons import Refusal
from access_service.domain.scope import Scope, first_axis_outside
from access_service.domain.time import Interval


@dataclass(frozen=True, slots=True)
class AuthorityMove:
    """From `valid_from` an authority hangs under another: its unit has another manager, or that one a successor."""

    id: str
    authority: AuthorityId
    parent: AuthorityId
    basis: str
    """Number of the decision that moves it."""
    valid_from: datetime


def check_standing(target: Account | Authority | Grant | Unit, now: datetime) -> None:
    """(2) Only what still stands can be paused: a pause laid on what is over would say that it could come back."""
    over = target.valid_to is not None and target.valid_to <= now
    if isinstance(target, Grant):
        if over or (target.ended_at is not None and target.ended_at <= now):
            raise RefusedError(Refusal.GRANT_ENDED, "the grant is over", grant=target.id)
    elif over:
        raise RefusedError(Refusal.DOCUMENT_STATE, f"`{target.id}` is over", target=target.id)


def chain_at(
    get: Callable[[AuthorityId], Authority | None], moves: Sequence[AuthorityMove], id_: AuthorityId, at: datetime
) -> tuple[Authority, ...]:
    """An authority, what it hangs under at that instant, and so on up to the root.

    Before a succession stands the predecessor's authority, and before a move the former parent (rule 16).
    """
    chain: list[Authority] = []
    next_id: AuthorityId | None = id_
    while next_id is not None:
        found = get(next_id)
        while found is not None and found.succeeds is not None and at < found.valid_from:
            before = get(found.succeeds)
            if before is None:
                break
            found = before
        if found is None or any(found.id == link.id for link in chain):
            break
        found = as_hung(found, moves, at)
        chain.append(found)
        next_id = found.parent
    return tuple(chain)


def as_hung(authority: Authority, moves: Iterable[AuthorityMove], at: datetime) -> Authority:
    """The authority with the parent that it has at that instant."""
    mine = [m for m in moves if m.authority == authority.id and m.valid_from <= at]
    if not mine:
        return authority
    return replace(authority, parent=max(mine, key=lambda m: (m.valid_from, m.id)).parent)


def box_of(org: OrgView, chain: Sequence[Authority], at: datetime) -> Scope | None:
    """(3) What the whole chain has in common at that instant; None where a link is over, or nothing is left."""
    box: Scope | None = None
    for authority in chain:
        if authority.valid_to is not None and authority.valid_to <= at:
            return None
        box = authority.scope if box is None else left_of(org, at, box, authority.scope)
        if box is None:
            return None
    return box


def left_of(org: OrgView, at: datetime, inner: Scope, outer: Scope) -> Scope | None:
    """`inner` itself where it lies within `outer`, else what both have in common; None where that is nothing.

    A scope never grows upwards: where the outer one is about a unit below, only that unit is left.
    """
    outside = first_axis_outside(inner, outer, is_below=lambda unit, root: is_below(org, unit, root, at))
    return inner if outside is None else common(org, at, inner, outer)


def cells_of(pack: Pack, role: str, scope: Scope) -> frozenset[tuple[str, str]]:
    """The cells, category and action, that a grant of this role opens within this scope."""
    found = pack.cells.get(role, pack.cells[ANY])
    if scope.categories is None and scope.actions is None:
        return found
    return frozenset(
        (category, action)
        for category, action in found
        if (scope.categories is None or category in scope.categories)
        and (scope.actions is None or action in scope.actions)
    )


def rest_of_grant(
    org: OrgView, pack: Pack | None, at: datetime, grant: Grant, box: Scope | None, end: datetime | None
) -> Grant | None:
    """(3) What is left of a grant within a narrower authority, axis by axis, its time included.

    The very same grant where its role loses no cell by it: a category taken from a school is no reason to touch a
    teacher who never had a right in it. None where nothing is left. Without a pack every word counts as a cell.
    """
    if box is None:
        return None
    scope = left_of(org, at, grant.scope, box)
    place = left_of(org, at, _place(grant.scope), _place(box))
    valid_to = _earlier(grant.valid_to, end)
    same_place = place == _place(grant.scope) and valid_to == grant.valid_to
    before = None if pack is None else cells_of(pack, grant.role, grant.scope)
    if before == frozenset():
        # A role that opens no cell in these words has none to lose by words; a narrower place leaves it nothing.
        return grant if same_place else None
    if scope is None or (valid_to is not None and valid_to <= max(at, grant.valid_from)):
        return None
    after = None if pack is None else cells_of(pack, grant.role, scope)
    if after == frozenset():
        return None
    if same_place and (scope == grant.scope if pack is None else after == before):
        return grant
    return replace(grant, scope=scope, valid_to=valid_to)


def _place(scope: Scope) -> Scope:
    """Where a scope holds, whatever the words, categories and actions."""
    return replace(scope, categories=None, actions=None)


def rest_of_authority(
    org: OrgView, at: datetime, authority: Authority, box: Scope | None, end: datetime | None
) -> Authority | None:
    """What is left of an authority within a narrower one; the same where nothing is lost, None where all is."""
    scope = None if box is None else left_of(org, at, authority.scope, box)
    valid_to = _earlier(authority.valid_to, end)
    if scope is None or (valid_to is not None and valid_to <= max(at, authority.valid_from)):
        return None
    if scope == authority.scope and valid_to == authority.valid_to:
        return authority
    return replace(authority, scope=scope, valid_to=valid_to)


def _earlier(a: datetime | None, b: datetime | None) -> datetime | None:
    return min((t for t in (a, b) if t is not None), default=None)


def lives(held: Authority | Grant, at: datetime) -> bool:
    """Has the right not ended by that instant? One that begins later lives, too."""
    if isinstance(held, Grant) and held.ended_at is not None and held.ended_at <= at:
        return False
    return held.valid_to is None or held.valid_to > at


@dataclass(frozen=True, slots=True)
class Cut:
    """A grant that does not stay as it is: what is left of it from then on, or nothing."""

    grant: Grant
    rest: Grant | None
    how: GrantEnd = GrantEnd.AUTHORITY_WITHDRAWN


@dataclass(frozen=True, slots=True)
class Fate:
    """What an act that moves edges does to what was handed down, from its day."""

    moved: tuple[AuthorityMove, ...]
    """Authorities that pass: they hang under the new manager's."""
    ended: tuple[Authority, ...]
    """Authorities of which the new manager's leaves nothing."""
    cut: tuple[Cut, ...]


def fate_of(ground: Ground, unit: UnitId, at: datetime, *, basis: str, new_id: Callable[[str], str]) -> Fate:
    """(3), (4) `unit` has another direct manager from `at`: what then lies outside its giver's authority.

    The unit's own authority passes under the new manager's. What the former one handed to the unit's head passes,
    too, as far as the new one's authority reaches. Everything else that reaches into the moved unit from outside
    ends that day. `ground.org` knows the new edges already.
    """
    facts, org = ground.facts, ground.org
    known = facts.find(AuthorityMove)
    manager = manager_of(org, unit, at)
    offers = _offers(facts, org, known, manager, at)
    moved: list[AuthorityMove] = []
    ended: list[Authority] = []
    for authority in facts.find(Authority, unit=unit):
        if authority.parent is None or not lives(authority, at):
            continue
        taker = _taker(org, at, authority.scope, offers)
        if taker is None:
            ended.append(authority)
        else:
            moved.append(AuthorityMove(new_id("amv"), authority.id, taker.id, basis, at))
    over = {a.id for a in ended}

    def get(id_: AuthorityId) -> Authority | None:
        found = facts.get(Authority, id_)
        return replace(found, valid_to=at) if found is not None and id_ in over else found

    hung = [*known, *moved]
    cut = []
    for grant in _reaching(facts, units_below(facts, unit, at), at):
        found = _fate_of_grant(ground, unit, at, grant, chain_at(get, hung, grant.authority, at), offers)
        if found is not None:
            cut.append(found)
    return Fate(tuple(moved), tuple(ended), tuple(cut))


Offer = tuple[Authority, Scope]
"""An authority of the new manager, and what its chain leaves of it."""


def _offers(
    facts: Facts, org: OrgView, known: Sequence[AuthorityMove], manager: UnitId | None, at: datetime
) -> list[Offer]:
    if manager is None:
        return []
    found = []
    for authority in facts.find(Authority, unit=manager):
        if authority.valid_from > at or not lives(authority, at):
            continue
        box = box_of(org, chain_at(lambda id_: facts.get(Authority, id_), known, authority.id, at), at)
        if box is not None:
            found.append((authority, box))
    return found


def _taker(org: OrgView, at: datetime, scope: Scope, offers: Sequence[Offer]) -> Authority | None:
    """The authority under which something goes on: one that holds all of it, else one that holds some."""
    some = None
    for authority, box in offers:
        left = left_of(org, at, scope, box)
        if left == scope:
            return authority
        if left is not None and some is None:
            some = authority
    return some


def taker_of(ground: Ground, unit: UnitId, scope: Scope) -> Authority | None:
    """The authority of a unit that holds all of it today, as far as its chain leaves it; None where none does."""
    facts, org, at = ground.facts, ground.org, ground.now
    offers = _offers(facts, org, facts.find(AuthorityMove), unit, at)
    return next((a for a, box in offers if left_of(org, at, scope, box) == scope), None)


def _fate_of_grant(
    ground: Ground, unit: UnitId, at: datetime, grant: Grant, chain: Sequence[Authority], offers: Sequence[Offer]
) -> Cut | None:
    """None where the grant stays as it is."""
    org, pack = ground.org, _pack(ground, grant.unit)
    duty = ground.facts.get(Assignment, grant.assignment) if grant.assignment else None
    former = chain[0].unit if chain else grant.unit
    manager = manager_of(org, unit, at)
    if duty is not None and duty.unit == unit and former not in (unit, manager) and manager is not None:
        # What the direct manager gave to the head of the unit: the office that has that duty now goes on with it.
        taker = _taker(org, at, grant.scope, offers)
        if taker is None:
            return Cut(grant, None, GrantEnd.UNIT_MOVED)
        box = next(box for authority, box in offers if authority == taker)
        rest = rest_of_grant(org, pack, at, grant, box, taker.valid_to)
        if rest is not None:
            rest = replace(rest, unit=manager, authority=taker.id)
        return Cut(grant, rest, GrantEnd.UNIT_MOVED)
    box_now = box_of(org, chain, at)
    rest = rest_of_grant(org, pack, at, grant, box_now, None)
    return None if rest is grant else Cut(grant, rest, GrantEnd.UNIT_MOVED)


def _pack(ground: Ground, unit: UnitId) -> Pack | None:
    try:
        return ground.pack_for(unit)
    except RefusedError:
        return None


def units_below(facts: Facts, unit: UnitId, at: datetime) -> frozenset[UnitId]:
    """The unit and everything below it at that instant."""
    found: set[UnitId] = set()
    todo = [unit]
    while todo:
        here = todo.pop()
        if here not in found:
            found.add(here)
            todo += [
                e.unit for e in facts.find(ManagementEdge, manager=here) if at in Interval(e.valid_from, e.valid_to)
            ]
    return frozenset(found)


def _reaching(facts: Facts, units: frozenset[UnitId], at: datetime) -> list[Grant]:
    """What lives then and is about one of these units."""
    return [g for g in facts.find(Grant, scope_unit=units) if lives(g, at)]


def children_of(facts: Facts, authority: AuthorityId, at: datetime) -> list[Authority]:
    """What hangs under an authority at that instant and has not ended."""
    moves = facts.find(AuthorityMove)
    ids = {m.authority for m in moves if m.parent == authority}
    found = {a.id: a for a in (*facts.find(Authority, parent=authority), *facts.find(Authority, id=ids))}
    return [a for _, a in sorted(found.items()) if lives(a, at) and as_hung(a, moves, at).parent == authority]


def cuts_below(ground: Ground, authority: Authority) -> tuple[list[tuple[Authority, Authority | None]], list[Cut]]:
    """(3) What stands directly under a narrowed authority and does not stay as it is, with what is left of it."""
    org, now = ground.org, ground.now
    children = []
    for child in children_of(ground.facts, authority.id, now):
        rest = rest_of_authority(org, now, child, authority.scope, authority.valid_to)
        if rest is not child:
            children.append((child, rest))
    cut = []
    for grant in ground.facts.find(Grant, authority=authority.id):
        if lives(grant, now):
            left = rest_of_grant(org, _pack(ground, grant.unit), now, grant, authority.scope, authority.valid_to)
            if left is not grant:
                cut.append(Cut(grant, left))
    return children, cut
