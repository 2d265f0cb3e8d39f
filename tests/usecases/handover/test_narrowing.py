"""Narrowing an authority ends the excess below it, for good, and only the excess (rule 3)."""

from __future__ import annotations

from datetime import timedelta

from access_service.domain.delegation import Authority, Grant
from access_service.domain.documents import Document
from access_service.domain.names import DocumentState, GrantEnd, SuspendableKind
from access_service.domain.reasons import Reason, Refusal
from access_service.domain.scope import Scope
from access_service.storage.standing import Gatherer
from access_service.usecases.handover import delegation
from world import CLASS_6A, LOWER, OFFICE, SCHOOL, Someone, World, hire_homeroom, homeroom_line


def all_but(world: World, *taken: str) -> frozenset[str]:
    """Every category of the pack but these."""
    with world.services.db.read(world.register) as reader:
        tables = Gatherer(reader).tables_for(SCHOOL, world.clock.now)
    assert tables is not None
    return frozenset(tables.pack.categories) - set(taken)


def narrow(world: World, grant: Grant, **axes: object) -> Authority:
    scope = Scope(unit=SCHOOL, levels=frozenset({LOWER}), **axes)  # type: ignore[arg-type]
    return delegation.narrow_authority(
        world.services, world.admins[OFFICE], grant.authority, scope=scope, valid_to=None
    )


def taught(world: World) -> tuple[Someone, Grant]:
    teacher = hire_homeroom(world)
    return teacher, world.hand_over(SCHOOL, teacher, homeroom_line(world, teacher)).grants[0]


def test_a_category_that_the_role_never_opened_ends_nobodys_grant(school_world: World) -> None:
    """A teacher's grant names no category; health data taken from the school is none of the teacher's."""
    world = school_world
    teacher, grant = taught(world)
    world.clock.forward(minutes=1)
    before = world.ask(teacher)
    seq = len(world.log())
    narrow(world, grant, categories=all_but(world, "ACC"))
    assert world.get(Grant, grant.id).ended_at is None
    assert world.ask(teacher) == before
    assert "grant.end" not in [e.happening.action for e in world.log(seq)]


def test_the_rest_stands_as_a_new_line_on_the_same_paper_and_is_told(school_world: World) -> None:
    world = school_world
    teacher, grant = taught(world)
    world.clock.forward(minutes=1)
    seq = len(world.log())
    narrow(world, grant, actions=frozenset({"read"}))
    old = world.get(Grant, grant.id)
    assert (old.ended_at, old.ended_as) == (world.clock.now, GrantEnd.AUTHORITY_WITHDRAWN)
    [line] = live(world, teacher)
    assert (line.replaces, line.document, line.assignment) == (grant.id, grant.document, grant.assignment)
    assert line.scope.actions == frozenset({"read"})
    assert world.ask(teacher)
    assert world.why(teacher, "write", category="STU-ATT") is Reason.ACTION_NOT_IN_ROLE
    [told] = [e.happening for e in world.log(seq) if e.happening.action == "grant.tell"]
    assert told.details is not None
    assert told.details["left"] == line.id
    assert told.details["to"] == sorted([teacher.person, world.people[f"head:{SCHOOL}"].person])


def test_a_grant_ends_when_nothing_is_left(school_world: World) -> None:
    world = school_world
    teacher, grant = taught(world)
    narrow(world, grant, grades=frozenset({"9"}))
    assert live(world, teacher) == []
    assert world.why(teacher) is Reason.GRANT_ENDED


def test_an_end_of_the_authority_shortens_the_grants_below(school_world: World) -> None:
    world = school_world
    teacher, grant = taught(world)
    world.clock.forward(minutes=1)
    until = world.clock.now + timedelta(days=10)
    held = world.get(Authority, grant.authority)
    delegation.narrow_authority(world.services, world.admins[OFFICE], held.id, scope=held.scope, valid_to=until)
    [line] = live(world, teacher)
    assert line.valid_to == until
    assert world.ask(teacher, at=until - timedelta(seconds=1))
    assert not world.ask(teacher, at=until)


def test_a_line_not_yet_signed_by_all_is_cancelled_with_its_paper(school_world: World) -> None:
    world = school_world
    teacher = hire_homeroom(world)
    prepared = world.propose(SCHOOL, teacher, homeroom_line(world, teacher))
    narrow(world, prepared.grants[0], actions=frozenset({"read"}))
    assert world.get(Document, prepared.document.id).state is DocumentState.CANCELLED
    assert world.get(Grant, prepared.grants[0].id).ended_as is GrantEnd.CANCELLED
    with world.refuses(Refusal.DOCUMENT_STATE):
        world.sign(world.people[f"head:{SCHOOL}"], prepared.document.id)


def test_an_open_line_that_loses_nothing_waits_on(school_world: World) -> None:
    world = school_world
    teacher = hire_homeroom(world)
    prepared = world.propose(SCHOOL, teacher, homeroom_line(world, teacher))
    narrow(world, prepared.grants[0], categories=all_but(world, "ACC"))
    assert world.get(Document, prepared.document.id).state is DocumentState.AWAITING_GIVER


def test_an_authority_below_keeps_what_lies_within(school_world: World) -> None:
    """The department takes writing from the commune: the school's authority is narrowed, not ended."""
    world = school_world
    teacher, grant = taught(world)
    above = world.get(Authority, world.get(Authority, grant.authority).parent or "")
    scope = Scope(unit=OFFICE, levels=above.scope.levels, actions=frozenset({"read"}))
    delegation.narrow_authority(world.services, world.admins[world.root], above.id, scope=scope, valid_to=None)
    below = world.get(Authority, grant.authority)
    assert (below.valid_to, below.scope.actions) == (None, frozenset({"read"}))
    assert world.ask(teacher)
    assert not world.ask(teacher, "write", category="STU-ATT")


def test_a_paused_grant_stays_paused_when_its_authority_is_narrowed(school_world: World) -> None:
    world = school_world
    teacher, grant = taught(world)
    delegation.suspend(
        world.services, world.admins[SCHOOL], kind=SuspendableKind.GRANT, target=grant.id, reason="rà soát"
    )
    narrow(world, grant, actions=frozenset({"read"}))
    assert not world.ask(teacher)
    delegation.resume(
        world.services, world.admins[SCHOOL], kind=SuspendableKind.GRANT, target=live(world, teacher)[0].id
    )
    assert world.ask(teacher)


def test_a_narrowed_word_does_not_come_back_with_a_later_pack(school_world: World) -> None:
    """A grant with open categories never opens one that its authority lacks, whatever a later pack adds."""
    world = school_world
    _, grant = taught(world)
    narrow(world, grant, categories=all_but(world, "ACC"))
    with world.services.db.read(world.register) as reader:
        [facts] = Gatherer(reader).grants([reader.require(Grant, grant.id)], world.clock.now)
    assert facts.grant.scope.categories is not None
    assert "ACC" not in facts.grant.scope.categories


def live(world: World, who: Someone) -> list[Grant]:
    with world.services.db.read(world.register) as reader:
        return [g for g in reader.find(Grant, account=who.account) if g.ended_at is None]


def test_class_rights_are_cut_class_by_class(school_world: World) -> None:
    world = school_world
    who, grant = taught(world)
    narrow(world, grant, classes=frozenset({(CLASS_6A, "")}), school_year="2026-2027")
    assert live(world, who)[0].id == grant.id
