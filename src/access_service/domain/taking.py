"""Authority and rights in force: who narrows, pauses, resumes, revokes, confirms them (rules 2, 3, 7 to 10).

What is given is judged by `delegation`; what takes it back is judged here. Each function looks at one act
over a `Ground`, raises `RefusedError`, and changes nothing.
"""

from collections.abc import Sequence, Sized
from datetime import datetime, timedelta

from access_service.domain import edges
from access_service.domain.accounts import Suspension
from access_service.domain.acting import check_not_oneself
from access_service.domain.custody import LAST_DUTY
from access_service.domain.delegation import HEADS, Authority, Confirmation, Grant, is_narrower
from access_service.domain.duties import is_successor
from access_service.domain.edges import Holder
from access_service.domain.errors import InvalidError, RefusedError
from access_service.domain.facts import Ground
from access_service.domain.names import AccountKind, AuthorityId, PersonId, SuspendableKind, UnitId
from access_service.domain.org import Assignment, manager_of
from access_service.domain.reasons import Refusal
from access_service.domain.scope import Scope

# -- which authority


def authorities_of(ground: Ground, unit: UnitId) -> list[Authority]:
    """What the unit may hand down now."""
    return [a for a in ground.facts.find(Authority, unit=unit) if ground.now in a.interval]


def own_authority(ground: Ground, unit: UnitId, id_: AuthorityId | None) -> Authority:
    """(3) The unit's authority with that id, or its only one in force."""
    held = authorities_of(ground, unit)
    if id_ is not None:
        held = [a for a in held if a.id == id_]
    if not held:
        raise RefusedError(Refusal.WIDER_THAN_AUTHORITY, f"`{unit}` holds no such authority now", unit=unit)
    if len(held) > 1:
        raise InvalidError(f"`{unit}` holds several authorities; name one", authorities=len(held))
    return held[0]


def check_term(start: datetime, end: datetime | None) -> None:
    """An authority ends after it begins."""
    if end is not None and end <= start:
        raise InvalidError("the authority ends before it begins")


def check_has_issuer(authority: Authority) -> None:
    """(3) What the register began with is nobody's in it to take."""
    if authority.parent is None:
        raise RefusedError(Refusal.FORBIDDEN, "the root's authority has no issuer in this register")


def check_authority_stands(ground: Ground, authority: Authority) -> None:
    """(10) What is over, or has not begun, is not withdrawn."""
    if ground.now not in authority.interval:
        raise RefusedError(Refusal.DOCUMENT_STATE, "the authority is not in force", authority=authority.id)


# -- narrowing


def check_authority_narrowed(ground: Ground, authority: Authority, scope: Scope, valid_to: datetime | None) -> None:
    """(3) Narrowing is one-sided; widening is a new authority, and ending it now a withdrawal."""
    if _is_later(authority.valid_to, valid_to) or not is_narrower(ground.org, ground.now, scope, authority.scope):
        raise RefusedError(
            Refusal.WIDER_THAN_AUTHORITY, "narrowing does not widen; give a new authority", authority=authority.id
        )
    if valid_to is not None and valid_to <= ground.now:
        raise InvalidError("to end it now, withdraw it")


def check_narrowable(grant: Grant) -> None:
    """(3) Only what both have signed, and is not over, is narrowed."""
    if grant.ended_at is not None:
        raise RefusedError(Refusal.GRANT_ENDED, "the grant is over", grant=grant.id)
    if grant.activated_at is None:
        raise RefusedError(Refusal.DOCUMENT_STATE, "not signed yet; cancel its minutes instead", grant=grant.id)


def check_grant_narrowed(ground: Ground, grant: Grant, scope: Scope, valid_to: datetime | None) -> None:
    """(3) Narrowing is one-sided; widening takes supplementary minutes, and ending it now a revocation."""
    if _is_later(grant.valid_to, valid_to) or not is_narrower(ground.org, ground.now, scope, grant.scope):
        raise RefusedError(Refusal.WIDER_THAN_AUTHORITY, "widening takes supplementary minutes", grant=grant.id)
    if valid_to is not None and valid_to <= max(ground.now, grant.valid_from):
        raise InvalidError("to end it now, revoke it")


def _is_later(old: datetime | None, new: datetime | None) -> bool:
    return old is not None and (new is None or new > old)


# -- pausing


def unit_above(ground: Ground, unit: UnitId) -> UnitId:
    """(2) A unit is stopped from above; nobody in the register is above its root."""
    manager = manager_of(ground.org, unit, ground.now)
    if manager is None:
        raise RefusedError(Refusal.FORBIDDEN, "nobody is above the root")
    return manager


def in_force(ground: Ground, kind: SuspendableKind, target: str) -> list[Suspension]:
    """Suspensions that hold. A unit above lays its own beside one from below, and only it lifts that."""
    found = ground.facts.find(Suspension, kind=str(kind), target=target)
    return [s for s in found if ground.now in s.interval]


def check_not_suspended(ground: Ground, kind: SuspendableKind, target: str, unit: UnitId) -> None:
    """(2) What this unit, or one above it, has stopped is not stopped again from here."""
    chain = edges.office_chain(ground, unit)
    if any(s.unit in chain for s in in_force(ground, kind, target)):
        raise RefusedError(Refusal.DOCUMENT_STATE, f"`{target}` is suspended already", target=target)


def check_suspended(found: Sized, target: str, *, has_left: bool) -> None:
    """(2) Only what is stopped is resumed; whoever left is, although no act stopped them."""
    if not found and not has_left:
        raise RefusedError(Refusal.DOCUMENT_STATE, f"`{target}` is not suspended", target=target)


def own_to_lift(ground: Ground, found: Sequence[Suspension], target: str, unit: UnitId) -> list[Suspension]:
    """(2, 3) What this unit may lift: its own, those from below, and a former manager's, who has no say now."""
    above = edges.office_chain(ground, unit)
    own = [
        s
        for s in found
        if s.reason == LAST_DUTY or unit in edges.office_chain(ground, s.unit) or s.unit not in above
    ]
    if not own:
        raise RefusedError(Refusal.FORBIDDEN, "a unit above ordered it; that unit resumes", target=target)
    return own


# -- revoking


def check_revoked_for(reason: str) -> None:
    """(G) A right is taken back for a reason that somebody can read."""
    if not reason.strip():
        raise InvalidError("a right is taken back with a reason")


def check_ended(ended: Sized, grant: Grant) -> None:
    """(10) What is over is not taken back again."""
    if not ended:
        raise RefusedError(Refusal.GRANT_ENDED, "the grant is over", grant=grant.id)


def check_not_own_grant(holder: Holder, grant: Grant, person: PersonId | None) -> None:
    """(7) One's own right is handed back, before a countersignature, not taken back."""
    check_not_oneself(holder, person, "hand it back instead", grant=grant.id)


# -- confirming


def headship_to_confirm(ground: Ground, holder: Holder, unit: UnitId) -> Assignment:
    """(9) The headship by which somebody confirms, in their own session, in time, and once."""
    pack = ground.pack_for(unit)
    held = [
        a
        for a in ground.facts.find(Assignment, unit=unit, person=holder.person)
        if ground.now in a.interval and a.position in pack.positions and pack.positions[a.position].rank in HEADS
    ]
    if holder.kind is not AccountKind.USE or not held:
        raise RefusedError(Refusal.SIGNER_NOT_LEADER, f"only the head of `{unit}` confirms", unit=unit)
    headship = held[0]
    limit = headship.valid_from + timedelta(days=pack.number("confirmation_days"))
    lapses = is_successor(pack, headship) and pack.choice("confirmation_silence") == "lapse"
    if lapses and ground.now >= limit:
        # Silence has ended those grants: a late word must not make past refusals right.
        raise RefusedError(Refusal.DOCUMENT_STATE, "the time to confirm is over", unit=unit)
    if any(c.assignment == headship.id for c in ground.facts.find(Confirmation, unit=unit)):
        raise RefusedError(Refusal.DUPLICATE, "confirmed already", unit=unit)
    return headship
