"""Duties that should not meet (tách biệt nhiệm vụ): a pack names pairs, says where they meet, and what follows.

A separation is by person: it never takes a right from anybody's other duties, as a deny row of one role once did to
the whole account. It is shown to whoever reviews, and refused only where the pack says `refuse = true`.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import NamedTuple

from access_service.domain.delegation import Grant
from access_service.domain.errors import RefusedError
from access_service.domain.facts import Ground
from access_service.domain.names import AccountId
from access_service.domain.policy import ANY, ONE_ROLE, Pack, Separation
from access_service.domain.reasons import Refusal

Cells = Mapping[str, frozenset[tuple[str, str]]]
"""Role to what it permits, as (category, action)."""


class Meeting(NamedTuple):
    """A separation, and the roles in which both of its sides are held."""

    separation: Separation
    roles: str
    """`clerk`, or `account_officer+homeroom_teacher`."""


def cells_by_role(pack: Pack) -> Cells:
    """What each role of the pack permits: its allow rows less its deny rows and those of everybody."""
    allowed: dict[str, set[tuple[str, str]]] = {role: set() for role in pack.roles}
    denied: dict[str, set[tuple[str, str]]] = {}
    for rule in pack.rules:
        (allowed if rule.allow else denied).setdefault(rule.role, set()).add((rule.category, rule.action))
    everybody = denied.get(ANY, set())
    return {role: frozenset(cells - everybody - denied.get(role, set())) for role, cells in allowed.items()}


def meetings(
    pack: Pack, roles: Iterable[str], cells: Cells | None = None, *, accepting: bool = True
) -> tuple[Meeting, ...]:
    """Where the roles, held by one person, meet against a separation that the pack has not accepted for them.

    With `accepting=False` also where it has.
    """
    if not pack.separations:
        return ()
    permits = cells_by_role(pack) if cells is None else cells
    held = sorted({role for role in roles if role in permits})
    found: dict[Meeting, None] = {}
    for separation in pack.separations:
        one, other = separation.pair
        for first in held:
            for second in held:
                if separation.within == ONE_ROLE and first != second:
                    continue
                if one in permits[first] and other in permits[second]:
                    name = "+".join(sorted({first, second}))
                    if not accepting or name not in separation.accept:
                        found[Meeting(separation, name)] = None
    return tuple(found)


def roles_held(grants: Iterable[Grant], now: datetime) -> frozenset[str]:
    """The roles of the grants that are not over."""
    return frozenset(
        g.role
        for g in grants
        if (g.ended_at is None or g.ended_at > now) and (g.valid_to is None or g.valid_to > now)
    )


def check_separated(pack: Pack, held: frozenset[str], new: frozenset[str]) -> None:
    """Roles are not handed to somebody in whom duties would meet that the pack keeps apart by refusing."""
    before = set(meetings(pack, held - new))
    for meeting in meetings(pack, held | new):
        if meeting.separation.refuse and meeting not in before:
            raise RefusedError(
                Refusal.DUTIES_SEPARATED,
                f"`{meeting.roles}` may not meet in one person",
                separation=meeting.separation.id,
                article=meeting.separation.article,
            )


def check_separations(ground: Ground, pack: Pack, account: AccountId, roles: Iterable[str]) -> None:
    """The same, of the roles that an account holds."""
    if any(separation.refuse for separation in pack.separations):
        held = roles_held(ground.facts.find(Grant, account=account), ground.now)
        check_separated(pack, held, frozenset(roles))
