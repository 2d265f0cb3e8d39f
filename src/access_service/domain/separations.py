"""Duties that should not meet (tách biệt nhiệm vụ): a pack names pairs, says where they meet, and what follows.

A separation is by person: it never takes a right from anybody's other duties, as a deny row of one role once did to
the whole account. It is shown to whoever reviews, and refused only where the pack says `refuse = true`.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from access_service.domain.delegation import Grant
from access_service.domain.errors import RefusedError
from access_service.domain.facts import Ground
from access_service.domain.names import AccountId
from access_service.domain.policy import ONE_ROLE, Pack, Separation
from access_service.domain.reasons import Refusal


class Meeting(NamedTuple):
    """A separation, and the roles in which both of its sides are held."""

    separation: Separation
    roles: str
    """`clerk`, or `account_officer+homeroom_teacher`."""


def meetings(pack: Pack, roles: Iterable[str], *, accepting: bool = True) -> tuple[Meeting, ...]:
    """Where the roles, held by one person, meet against a separation that the pack has not accepted for them.

    A role that is accepted although it has both sides by itself gains nothing by a second one, so that no pair with
    it is shown. With `accepting=False` everything that meets.
    """
    held = sorted({role for role in roles if role in pack.cells})
    found: dict[Meeting, None] = {}
    for separation in pack.separations:
        one, other = separation.pair
        firsts = [role for role in held if one in pack.cells[role]]
        seconds = [role for role in held if other in pack.cells[role]]
        both = separation.accept.intersection(firsts).intersection(seconds) if accepting else frozenset[str]()
        for first in firsts:
            for second in seconds:
                if (separation.within == ONE_ROLE and first != second) or not both.isdisjoint((first, second)):
                    continue
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
