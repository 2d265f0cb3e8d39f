"""Widening back brings nothing back: it lists proposals, which both sign again (ruling I)."""

from __future__ import annotations

from datetime import date

from access_service.domain.delegation import Authority, Grant
from access_service.domain.errors import RefusedError
from access_service.domain.names import AuthorityId
from access_service.domain.reasons import Refusal
from access_service.domain.scope import Scope
from access_service.usecases.handover import delegation, regaining
from access_service.usecases.handover.documents import Prepared
from access_service.usecases.organisation import leaving
from world import LOWER, OFFICE, SCHOOL, YEAR, Someone, World, hire_homeroom, homeroom_line

TODAY = date(2026, 8, 20)
READ = frozenset({"read"})


def taught(world: World) -> tuple[Someone, Grant]:
    teacher = hire_homeroom(world)
    grant = world.hand_over(SCHOOL, teacher, homeroom_line(world, teacher)).grants[0]
    world.clock.forward(minutes=1)
    return teacher, grant


def narrow(world: World, grant: Grant) -> None:
    scope = Scope(unit=SCHOOL, levels=frozenset({LOWER}), actions=READ)
    delegation.narrow_authority(world.services, world.admins[OFFICE], grant.authority, scope=scope, valid_to=None)


def widen(world: World) -> AuthorityId:
    """A new authority, as wide as the one of before."""
    return AuthorityId(world.give_authority(SCHOOL, OFFICE, levels=frozenset({LOWER})))


def listed(world: World, authority: AuthorityId) -> list[regaining.Proposal]:
    return regaining.read_regainable(world.services, world.admins[SCHOOL], authority)


def proposed(world: World, authority: AuthorityId) -> list[Prepared | RefusedError]:
    return regaining.propose_regained(
        world.services, world.admins[SCHOOL], authority, number_prefix="BB", dated=TODAY
    )


def live(world: World, who: Someone) -> list[Grant]:
    with world.services.db.read(world.register) as reader:
        return [g for g in reader.find(Grant, account=who.account) if g.ended_at is None]


def test_widening_back_brings_nothing_back_and_lists_what_was_taken(school_world: World) -> None:
    world = school_world
    teacher, grant = taught(world)
    narrow(world, grant)
    held = AuthorityId(grant.authority)
    assert listed(world, held) == []
    [rest] = live(world, teacher)
    wider = widen(world)
    assert live(world, teacher) == [rest]
    assert not world.ask(teacher, "write", category="STU-ACA")
    [found] = listed(world, wider)
    assert (found.lost.id, found.person, found.stands) == (grant.id, teacher.person, rest)


def test_what_was_taken_comes_back_when_both_have_signed_a_paper_that_says_so(school_world: World) -> None:
    world = school_world
    teacher, grant = taught(world)
    before = world.ask(teacher, "write")
    narrow(world, grant)
    wider = widen(world)
    [rest] = live(world, teacher)
    [made] = proposed(world, wider)
    assert isinstance(made, Prepared)
    assert made.taken_back == (grant.id,)
    assert f'"taken_back":["{grant.id}"]' in made.document.content
    assert (made.grants[0].replaces, made.grants[0].authority) == (rest.id, wider)
    assert world.ask(teacher)
    assert not world.ask(teacher, "write")
    world.sign(world.people[f"head:{SCHOOL}"], made.document.id)
    world.sign(teacher, made.document.id)
    assert bool(world.ask(teacher, "write")) == bool(before)
    assert live(world, teacher) == [world.get(Grant, made.grants[0].id)]
    # Proposed once: nothing is left to propose.
    assert listed(world, wider) == []


def test_what_a_withdrawal_took_is_proposed_and_what_the_school_took_is_not(school_world: World) -> None:
    """A right that the school itself revoked is no matter of its authority: `renewals` marks it."""
    world = school_world
    teacher, grant = taught(world)
    clerk, clerks = world.hire_granted("văn thư", "clerk")
    delegation.revoke_grant(world.services, world.admins[SCHOOL], clerks.id, reason="thu hồi")
    delegation.withdraw_authority(world.services, world.admins[OFFICE], grant.authority)
    assert not world.ask(teacher)
    again = widen(world)
    assert [(p.lost.id, p.stands) for p in listed(world, again)] == [(grant.id, None)]
    assert clerk.person not in {p.person for p in listed(world, again)}


def test_nothing_is_proposed_for_a_duty_that_is_over_or_beyond_the_new_authority(school_world: World) -> None:
    world = school_world
    teacher, grant = taught(world)
    narrow(world, grant)
    same = AuthorityId(world.give_authority(SCHOOL, OFFICE, levels=frozenset({LOWER}), actions=READ))
    assert listed(world, same) == []
    wider = widen(world)
    leaving.end_duty(world.services, world.admins[SCHOOL], teacher.duty, on=TODAY, decision_number="02/QĐ")
    assert listed(world, wider) == []


def test_only_the_unit_and_those_above_it_are_shown_what_could_be_proposed(school_world: World) -> None:
    world = school_world
    teacher, grant = taught(world)
    narrow(world, grant)
    wider = widen(world)
    assert len(regaining.read_regainable(world.services, world.admins[OFFICE], wider)) == 1
    with world.refuses(Refusal.NOT_CUSTODIAN):
        regaining.propose_regained(world.services, world.admins[OFFICE], wider, number_prefix="BB", dated=TODAY)
    assert world.get(Authority, wider).unit == SCHOOL
    assert teacher.person != world.admins[SCHOOL].person


# -- a new school year


def renewed(world: World) -> list[Prepared | RefusedError]:
    return leaving.propose_for_year(
        world.services, world.admins[SCHOOL], unit=SCHOOL, school_year=YEAR, number_prefix="", dated=TODAY
    )


def test_a_duty_whose_earlier_minutes_lapsed_is_proposed_again_without_a_mark(school_world: World) -> None:
    """(J) Nobody took it back: nobody signed it in time."""
    world = school_world
    teacher = hire_homeroom(world)
    first = world.propose(SCHOOL, teacher, homeroom_line(world, teacher))
    assert renewed(world) == []
    world.clock.forward(days=100)
    [again] = renewed(world)
    assert isinstance(again, Prepared)
    assert again.document.id != first.document.id
    assert again.taken_back == ()
    world.sign(world.people[f"head:{SCHOOL}"], again.document.id)
    world.sign(teacher, again.document.id)


def test_a_duty_whose_right_was_taken_back_is_proposed_again_with_a_mark(school_world: World) -> None:
    """(J) Also where the paper itself was withdrawn."""
    world = school_world
    _, grant = taught(world)
    delegation.revoke_grant(world.services, world.admins[SCHOOL], grant.id, reason="thu hồi")
    [again] = renewed(world)
    assert isinstance(again, Prepared)
    assert again.taken_back == (grant.id,)
