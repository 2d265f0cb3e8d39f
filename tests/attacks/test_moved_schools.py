"""A school moves to another commune: the former keeps nothing, the new one answers for what remains (rule 4)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import pytest

from access_service.domain.delegation import Authority, Grant
from access_service.domain.moves import AuthorityMove
from access_service.domain.names import DocumentId, GrantEnd, SuspendableKind, UnitId
from access_service.domain.reasons import Reason, Refusal
from access_service.domain.scope import Scope
from access_service.domain.time import start_of_day
from access_service.usecases.handover import delegation, documents, inspection
from access_service.usecases.handover.documents import EnteredLine
from access_service.usecases.organisation import moving
from access_service.usecases.services import rehearse
from prepared import copied
from world import DEPARTMENT, LOWER, OFFICE, PRIMARY, SCHOOL, Someone, World, hire_homeroom, homeroom_line

OTHER = UnitId("00031002")
MOVES = date(2026, 9, 1)


@dataclass
class Moved:
    """A school that moves on 1 September, and who held what about it."""

    world: World
    teacher: Someone
    taught: Grant
    officer: Someone
    named: Grant
    principal: Someone
    headed: Grant

    def decide(self) -> None:
        moving.change_manager(
            self.world.services,
            self.world.admins[DEPARTMENT],
            unit=SCHOOL,
            manager=OTHER,
            basis="NQ 01/NQ",
            on=MOVES,
        )

    def after(self) -> None:
        """The day has come."""
        self.world.clock.now = start_of_day(MOVES)


@pytest.fixture
def moved(database_url: str, tmp_path: Path) -> Iterator[Moved]:
    world, about = copied(tmp_path / "keys", with_moving_school, database_url)
    yield about
    world.services.db.close()


def with_moving_school(world: World) -> Moved:
    world.add_unit(OTHER, "commune", "UBND phường Thử", world.root)
    world.give_authority(OTHER, world.root, levels=frozenset({PRIMARY, LOWER}))
    world.appoint_head(f"head:{OTHER}", OTHER, "commune_chair", world.root)
    teacher = hire_homeroom(world)
    taught = world.hand_over(SCHOOL, teacher, homeroom_line(world, teacher)).grants[0]
    officer = world.hire("phụ trách", OFFICE, "level_officer", OFFICE, levels=frozenset({LOWER}))
    line = EnteredLine(
        "level_officer", officer.duty, Scope(unit=SCHOOL, levels=frozenset({LOWER})), world.clock.now
    )
    named = world.hand_over(OFFICE, officer, line).grants[0]
    principal = world.people[f"head:{SCHOOL}"]
    headed = world.hand_over(
        OFFICE, principal, EnteredLine("principal", principal.duty, Scope(unit=SCHOOL), world.clock.now)
    ).grants[0]
    world.clock.forward(minutes=1)
    return Moved(world, teacher, taught, officer, named, principal, headed)


def test_the_former_communes_officer_whose_grant_names_the_school_no_longer_reads_it(moved: Moved) -> None:
    world = moved.world
    moved.decide()
    assert world.ask(moved.officer)
    assert world.ask(moved.officer, at=start_of_day(MOVES) - timedelta(seconds=1))
    moved.after()
    assert world.why(moved.officer) is Reason.GRANT_ENDED
    ended = world.get(Grant, moved.named.id)
    assert (ended.ended_at, ended.ended_as) == (start_of_day(MOVES), GrantEnd.UNIT_MOVED)


def test_a_grant_made_between_the_decision_and_its_day_is_shut_by_the_day_itself(moved: Moved) -> None:
    """Nobody has to be there: containment is asked again on the day of the question."""
    world = moved.world
    moved.decide()
    late = world.hire("phụ trách hai", OFFICE, "level_officer", OFFICE, levels=frozenset({LOWER}))
    line = EnteredLine("level_officer", late.duty, Scope(unit=SCHOOL, levels=frozenset({LOWER})), world.clock.now)
    made = world.hand_over(OFFICE, late, line).grants[0]
    assert world.ask(late)
    moved.after()
    assert world.get(Grant, made.id).ended_at is None
    assert world.why(late) is Reason.GRANT_ENDED


def test_the_schools_own_people_read_on_and_answer_to_the_new_commune(moved: Moved) -> None:
    world = moved.world
    moved.decide()
    moved.after()
    assert world.ask(moved.teacher)
    assert world.get(Grant, moved.taught.id).ended_at is None
    with world.services.db.read(world.register) as reader:
        [move] = reader.find(AuthorityMove, authority=moved.taught.authority)
    assert world.get(Authority, move.parent).unit == OTHER


def test_withdrawing_at_the_old_commune_no_longer_ends_the_moved_schools_grants(moved: Moved) -> None:
    world = moved.world
    [held] = authorities(world, OFFICE)
    moved.decide()
    moved.after()
    delegation.suspend(
        world.services,
        world.admins[world.root],
        kind=SuspendableKind.AUTHORITY,
        target=held.id,
        reason="rà soát",
    )
    assert world.ask(moved.teacher)
    delegation.withdraw_authority(world.services, world.admins[world.root], held.id)
    assert world.ask(moved.teacher)
    assert world.ask(moved.principal)
    [taker] = authorities(world, OTHER)
    delegation.withdraw_authority(world.services, world.admins[world.root], taker.id)
    assert world.why(moved.teacher) is Reason.GRANT_ENDED
    assert world.why(moved.principal) is Reason.GRANT_ENDED


def test_what_is_withdrawn_before_the_day_does_not_come_back_on_it(moved: Moved) -> None:
    world = moved.world
    moved.decide()
    [held] = authorities(world, OFFICE)
    delegation.withdraw_authority(world.services, world.admins[world.root], held.id)
    assert world.why(moved.teacher) is Reason.GRANT_ENDED
    moved.after()
    assert world.why(moved.teacher) is Reason.GRANT_ENDED


def test_a_taker_withdrawn_before_the_day_takes_nothing(moved: Moved) -> None:
    world = moved.world
    moved.decide()
    [taker] = authorities(world, OTHER)
    delegation.withdraw_authority(world.services, world.admins[world.root], taker.id)
    assert world.ask(moved.teacher)
    moved.after()
    assert world.why(moved.teacher) is Reason.GRANT_ENDED


def test_what_the_head_held_passes_to_the_new_manager_who_can_take_it_back(moved: Moved) -> None:
    world = moved.world
    moved.decide()
    moved.after()
    assert world.ask(moved.principal)
    [line] = [g for g in lines_of(world, moved.principal) if g.ended_at is None]
    assert (line.unit, line.replaces, line.document) == (OTHER, moved.headed.id, moved.headed.document)
    with world.refuses(Refusal.NOT_FOUND):
        delegation.revoke_grant(world.services, world.admins[OFFICE], line.id, reason="thu hồi")
    delegation.revoke_grant(world.services, world.admins[OTHER], line.id, reason="thu hồi")
    assert not world.ask(moved.principal)
    delegation.revoke_grant(world.services, world.admins[SCHOOL], moved.taught.id, reason="thu hồi")
    assert not world.ask(moved.teacher)


def test_the_former_manager_ends_nothing_by_withdrawing_the_paper_that_a_line_came_from(moved: Moved) -> None:
    """The head's line stands on the former commune's minutes, and is the new one's to take back."""
    world = moved.world
    moved.decide()
    moved.after()
    with world.refuses(Refusal.FORBIDDEN):
        documents.withdraw(
            world.services, world.admins[OFFICE], DocumentId(moved.headed.document or ""), reason="thu hồi"
        )
    assert world.ask(moved.principal)


def test_a_new_manager_without_authority_takes_nothing_and_the_act_says_so_first(moved: Moved) -> None:
    world = moved.world
    bare = world.add_unit("00031003", "commune", "UBND xã Ba", world.root)
    told = rehearse(
        world.services,
        lambda s: moving.change_manager(
            s, world.admins[DEPARTMENT], unit=SCHOOL, manager=bare, basis="NQ 01/NQ", on=MOVES
        ),
    )
    assert {moved.taught.id, moved.named.id, moved.headed.id} <= set(told.ending("grant.end"))
    assert moved.taught.authority in told.ending("authority.end")
    assert world.ask(moved.teacher, at=start_of_day(MOVES))


def test_a_narrower_new_manager_leaves_what_lies_within(moved: Moved) -> None:
    """The new commune may not hand down writing: the teacher reads on, on a new line of the same paper."""
    world = moved.world
    [taker] = authorities(world, OTHER)
    narrow = Scope(unit=OTHER, levels=frozenset({LOWER}), actions=frozenset({"read"}))
    delegation.narrow_authority(world.services, world.admins[world.root], taker.id, scope=narrow, valid_to=None)
    moved.decide()
    assert world.ask(moved.teacher, "write", category="STU-ATT")
    moved.after()
    assert world.ask(moved.teacher)
    assert not world.ask(moved.teacher, "write", category="STU-ATT")
    [line] = [g for g in lines_of(world, moved.teacher) if g.ended_at is None]
    assert (line.replaces, line.document) == (moved.taught.id, moved.taught.document)


def test_an_inspector_of_the_former_commune_sees_the_school_no_more(moved: Moved) -> None:
    world = moved.world
    team = inspection.Team(
        number="",
        dated=date(2026, 8, 20),
        units=frozenset({SCHOOL}),
        members=frozenset({moved.officer.person}),
        content="Kiểm tra",
        valid_from=world.clock.now,
        valid_to=world.clock.now + timedelta(days=60),
    )
    decision = inspection.propose_inspection(world.services, world.admins[OFFICE], team)
    world.sign(world.people[f"head:{OFFICE}"], decision.id)
    moved.decide()
    moved.after()
    with world.services.db.read(world.register) as reader:
        [line] = reader.find(Grant, document=decision.id)
    assert line.ended_as is GrantEnd.UNIT_MOVED


def authorities(world: World, unit: UnitId) -> list[Authority]:
    with world.services.db.read(world.register) as reader:
        return [a for a in reader.find(Authority, unit=unit) if a.valid_to is None]


def lines_of(world: World, who: Someone) -> list[Grant]:
    with world.services.db.read(world.register) as reader:
        return reader.find(Grant, account=who.account)
