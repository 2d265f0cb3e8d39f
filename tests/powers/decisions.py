"""Decisions before and after an act that takes something: nothing is allowed that was not (ruling I)."""

from __future__ import annotations

from access_service.domain.access import AccessRequest, Allow
from access_service.domain.delegation import Grant
from access_service.domain.errors import RefusedError
from access_service.domain.names import AccountId, GrantId
from access_service.domain.org import SchoolClass
from access_service.domain.powers import Finding
from access_service.engine import decide
from access_service.live.gathered import LockIndex, Reading
from powers.checks import Played
from powers.oracle import Seen
from world import World

TAKING = frozenset(
    {
        "delegation.narrow_authority",
        "delegation.narrow_grant",
        "delegation.revoke_grant",
        "delegation.suspend",
        "delegation.withdraw_authority",
    }
)
Cell = tuple[str, str, str]


def widened(world: World, played: Played) -> list[Finding]:
    """What somebody may do now and could not before something of theirs was taken."""
    counter = world.services.db.counter(world.register)
    if played.name not in TAKING or counter is None:
        return []
    was, now = _by_account(played.before), _by_account(played.after)
    found = []
    for account in sorted(was):
        if was[account] == now.get(account):
            continue
        new = allowed(world, played.after, account, None) - allowed(
            world, played.after, account, counter.revision - 1
        )
        if new:
            found.append(Finding("widening", account, f"now allowed: {sorted(new)[:3]}"))
    return found


def _by_account(seen: Seen) -> dict[AccountId, dict[GrantId, Grant]]:
    found: dict[AccountId, dict[GrantId, Grant]] = {}
    for id_, grant in seen.state.working.items():
        found.setdefault(grant.account, {})[id_] = grant
    return found


def allowed(world: World, seen: Seen, account: AccountId, known_at: int | None) -> set[Cell]:
    """Every class, category and action that the account is allowed, as known at a revision."""
    found: set[Cell] = set()
    with world.services.db.read(world.register, known_at) as reader:
        reading = Reading(reader, seen.now, LockIndex())
        snapshot = reading.snapshot(account)
        for school_class in seen.of(SchoolClass):
            try:
                categories = seen.ground.pack_for(school_class.school).categories
            except RefusedError:
                continue
            for category in categories:
                for action in ("read", "write"):
                    request = AccessRequest(
                        account=account,
                        action=action,
                        resource_type="class",
                        resource_id=school_class.id,
                        category=category,
                    )
                    if isinstance(decide.decide(request, snapshot, reading, seen.now), Allow):
                        found.add((school_class.id, category, action))
    return found
