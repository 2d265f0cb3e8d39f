"""Authority and grants: what the acts record and answer."""

from __future__ import annotations

from datetime import timedelta

from access_service.domain.delegation import Authority, Grant
from access_service.domain.names import AuthorityId, GrantEnd, SuspendableKind
from access_service.domain.reasons import Refusal
from access_service.domain.scope import Scope
from access_service.usecases.handover import delegation
from world import LOWER, OFFICE, PRIMARY, SCHOOL, World, hire_homeroom, homeroom_line


def authority_of(world: World, grant: Grant) -> AuthorityId:
    return world.get(Authority, grant.authority).id


def test_narrowing_never_widens(school_world: World) -> None:
    world = school_world
    _, grant = world.hire_granted("giáo vụ")
    wide = Scope(unit=SCHOOL, levels=frozenset({LOWER, PRIMARY}))
    with world.refuses(Refusal.WIDER_THAN_AUTHORITY):
        delegation.narrow_authority(
            world.services, world.admins[OFFICE], authority_of(world, grant), scope=wide, valid_to=None
        )
    until = world.clock.now + timedelta(days=10)
    narrow = Scope(unit=SCHOOL, levels=frozenset({LOWER}), grades=frozenset({"6"}))
    narrowed = delegation.narrow_grant(world.services, world.admins[SCHOOL], grant.id, scope=narrow, valid_to=until)
    assert narrowed.replaces == grant.id
    with world.refuses(Refusal.WIDER_THAN_AUTHORITY):
        delegation.narrow_grant(world.services, world.admins[SCHOOL], narrowed.id, scope=narrow, valid_to=None)
    with world.refuses(Refusal.GRANT_ENDED):
        delegation.narrow_grant(world.services, world.admins[SCHOOL], grant.id, scope=narrow, valid_to=until)


def test_the_roots_authority_is_nobodys_to_take(school_world: World) -> None:
    world = school_world
    root = AuthorityId(world.root_authority)
    with world.refuses(Refusal.FORBIDDEN):
        delegation.withdraw_authority(world.services, world.admins[world.root], root)
    for kind, target in ((SuspendableKind.AUTHORITY, root), (SuspendableKind.UNIT, world.root)):
        with world.refuses(Refusal.FORBIDDEN):
            delegation.suspend(world.services, world.admins[world.root], kind=kind, target=target, reason="rà soát")


def test_a_unit_does_not_withdraw_what_it_holds(school_world: World) -> None:
    world = school_world
    _, grant = world.hire_granted("giáo vụ")
    with world.refuses(Refusal.FORBIDDEN):
        delegation.withdraw_authority(world.services, world.admins[SCHOOL], authority_of(world, grant))


def test_what_is_over_is_not_ended_again(school_world: World) -> None:
    world = school_world
    teacher = hire_homeroom(world)
    grant = world.hand_over(SCHOOL, teacher, homeroom_line(world, teacher)).grants[0]
    ended = delegation.revoke_grant(world.services, world.admins[SCHOOL], grant.id, reason="thu hồi")
    assert (ended.ended_at, ended.ended_as) == (world.clock.now, GrantEnd.REVOKED)
    with world.refuses(Refusal.GRANT_ENDED):
        delegation.revoke_grant(world.services, world.admins[OFFICE], grant.id, reason="thu hồi")
    with world.refuses(Refusal.DOCUMENT_STATE):
        delegation.resume(world.services, world.admins[SCHOOL], kind=SuspendableKind.GRANT, target=grant.id)
