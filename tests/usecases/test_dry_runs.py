"""Asked first: every act that takes back says what it would end, and ends nothing (rule 3)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta

import pytest

from access_service.domain.delegation import Grant
from access_service.domain.errors import InvalidError
from access_service.domain.names import AuthorityId, SuspendableKind, UnitId
from access_service.domain.reasons import Refusal
from access_service.domain.scope import Scope
from access_service.usecases.handover import delegation, documents, inspection
from access_service.usecases.organisation import leaving, moving, succession
from access_service.usecases.services import Services, rehearse
from world import DEPARTMENT, LOWER, OFFICE, PRIMARY, SCHOOL, YEAR, Someone, World, hire_homeroom, homeroom_line

Act = Callable[[World, Services, Someone, Grant], object]
OTHER = UnitId("00031002")
TODAY, LATER = date(2026, 8, 20), date(2026, 9, 1)


def _narrowed(grant: Grant) -> Scope:
    return Scope(unit=SCHOOL, classes=grant.scope.classes, actions=frozenset({"read"}))


TAKING_BACK: dict[str, tuple[str, Act]] = {
    "narrow an authority": (
        "grant.end",
        lambda w, s, _, g: delegation.narrow_authority(
            s, w.admins[OFFICE], g.authority, scope=Scope(unit=SCHOOL, actions=frozenset({"read"})), valid_to=None
        ),
    ),
    "withdraw an authority": (
        "grant.end",
        lambda w, s, _, g: delegation.withdraw_authority(s, w.admins[OFFICE], g.authority),
    ),
    "narrow a grant": (
        "grant.end",
        lambda w, s, _, g: delegation.narrow_grant(
            s, w.admins[SCHOOL], g.id, scope=_narrowed(g), valid_to=g.valid_to
        ),
    ),
    "revoke a grant": (
        "grant.end",
        lambda w, s, _, g: delegation.revoke_grant(s, w.admins[SCHOOL], g.id, reason="thu hồi"),
    ),
    "suspend an account": (
        "account.suspend",
        lambda w, s, who, _: delegation.suspend(
            s, w.admins[SCHOOL], kind=SuspendableKind.ACCOUNT, target=who.account, reason="rà soát"
        ),
    ),
    "suspend a unit": (
        "unit.suspend",
        lambda w, s, *_: delegation.suspend(
            s, w.admins[OFFICE], kind=SuspendableKind.UNIT, target=SCHOOL, reason="rà soát"
        ),
    ),
    "end a duty": (
        "grant.end",
        lambda w, s, who, _: leaving.end_duty(s, w.admins[SCHOOL], who.duty, on=TODAY, decision_number="02/QĐ"),
    ),
    "take custody back": (
        "custody.end",
        lambda w, s, *_: leaving.take_back_custody(s, w.admins[OFFICE], SCHOOL),
    ),
    "withdraw a document": (
        "grant.end",
        lambda w, s, _, g: documents.withdraw(s, w.admins[SCHOOL], g.document or "", reason="sai"),  # type: ignore[arg-type]
    ),
    "change a manager": (
        "unit.change_manager",
        lambda w, s, *_: moving.change_manager(
            s, w.admins[DEPARTMENT], unit=SCHOOL, manager=OTHER, basis="NQ 01/NQ", on=LATER
        ),
    ),
    "succeed a unit": (
        "unit.succeed",
        lambda w, s, *_: succession.succeed_unit(
            s, w.admins[DEPARTMENT], predecessor=OFFICE, successor=OTHER, basis="NQ 02/NQ", on=TODAY
        ),
    ),
}


@pytest.fixture
def granted(school_world: World) -> tuple[World, Someone, Grant]:
    """A teacher with an effective grant, and a second commune."""
    world = school_world
    world.add_unit(OTHER, "commune", "UBND phường Thử", world.root)
    world.give_authority(OTHER, world.root, levels=frozenset({PRIMARY, LOWER}))
    world.appoint_head(f"head:{OTHER}", OTHER, "commune_chair", world.root)
    teacher = hire_homeroom(world)
    grant = world.hand_over(SCHOOL, teacher, homeroom_line(world, teacher)).grants[0]
    world.clock.forward(minutes=1)
    return world, teacher, grant


@pytest.mark.parametrize("name", TAKING_BACK)
def test_what_is_asked_first_is_what_is_done_afterwards(granted: tuple[World, Someone, Grant], name: str) -> None:
    """The rehearsal leaves revision, log and sessions as they were, and tells the events of the act itself."""
    world, teacher, grant = granted
    action, run = TAKING_BACK[name]
    before, seq = world.revision, len(world.log())
    told = rehearse(world.services, lambda s: run(world, s, teacher, grant))
    assert (world.revision, len(world.log())) == (before, seq)
    assert world.ask(teacher)
    run(world, world.services, teacher, grant)
    done = [e.happening for e in world.log(seq)]
    # Ids that the act made are new each time; what it acts on is not.
    assert [h.action for h in told.happenings] == [h.action for h in done]
    assert told.ending("grant.end") == [h.target for h in done if h.action == "grant.end"]
    assert told.ending(action)


def test_a_rehearsal_meets_the_refusals_of_the_act(granted: tuple[World, Someone, Grant]) -> None:
    """And leaves them in the log: nobody probes unseen."""
    world, _, grant = granted
    with world.refuses(Refusal.FORBIDDEN):
        rehearse(
            world.services,
            lambda s: delegation.withdraw_authority(s, world.admins[SCHOOL], grant.authority),
        )


def test_what_has_ended_is_not_suspended(granted: tuple[World, Someone, Grant]) -> None:
    world, _, grant = granted
    admin = world.admins[SCHOOL]
    delegation.revoke_grant(world.services, admin, grant.id, reason="thu hồi")
    with world.refuses(Refusal.GRANT_ENDED):
        delegation.suspend(world.services, admin, kind=SuspendableKind.GRANT, target=grant.id, reason="rà soát")
    delegation.withdraw_authority(world.services, world.admins[OFFICE], grant.authority)
    with world.refuses(Refusal.DOCUMENT_STATE):
        delegation.suspend(
            world.services,
            world.admins[OFFICE],
            kind=SuspendableKind.AUTHORITY,
            target=grant.authority,
            reason="rà soát",
        )


def test_revoking_takes_a_reason(granted: tuple[World, Someone, Grant]) -> None:
    world, teacher, grant = granted
    for reason in ("", "  \n"):
        with world.refuses(Refusal.INVALID):
            delegation.revoke_grant(world.services, world.admins[SCHOOL], grant.id, reason=reason)
    assert world.ask(teacher)


def test_a_right_taken_back_is_proposed_again_with_a_mark(granted: tuple[World, Someone, Grant]) -> None:
    """Whoever signs the renewal reads, on the paper itself, that somebody had taken it back."""
    world, _, grant = granted
    delegation.revoke_grant(world.services, world.admins[SCHOOL], grant.id, reason="thu hồi")
    [again] = leaving.propose_for_year(
        world.services,
        world.admins[SCHOOL],
        unit=SCHOOL,
        school_year=YEAR,
        number_prefix="",
        dated=TODAY,
    )
    assert isinstance(again, documents.Prepared)
    assert again.taken_back == (grant.id,)
    assert f'"taken_back":["{grant.id}"]' in again.document.content


def test_a_unit_with_two_authorities_names_one_to_inspect_and_to_renew(school_world: World) -> None:
    world = school_world
    second = world.give_authority(OFFICE, world.root, levels=frozenset({LOWER}))
    inspector = world.hire("kiểm tra", OFFICE, "level_officer", OFFICE, levels=frozenset({LOWER}))
    team = inspection.Team(
        number="",
        dated=TODAY,
        units=frozenset({SCHOOL}),
        members=frozenset({inspector.person}),
        content="Kiểm tra",
        valid_from=world.clock.now,
        valid_to=world.clock.now + timedelta(days=10),
    )
    with world.refuses(Refusal.INVALID):
        inspection.propose_inspection(world.services, world.admins[OFFICE], team)
    named = replace(team, authority=AuthorityId(second))
    decision = inspection.propose_inspection(world.services, world.admins[OFFICE], named)
    world.sign(world.people[f"head:{OFFICE}"], decision.id)
    with world.services.db.read(world.register) as reader:
        [line] = reader.find(Grant, document=decision.id)
    assert line.authority == second
    held = delegation.give_authority(
        world.services,
        world.admins[OFFICE],
        unit=SCHOOL,
        scope=Scope(unit=SCHOOL),
        basis="QĐ 03/QĐ",
        parent=AuthorityId(second),
    )
    hire_homeroom(world)
    how = {"unit": SCHOOL, "school_year": YEAR, "number_prefix": "", "dated": TODAY}
    [refused] = leaving.propose_for_year(world.services, world.admins[SCHOOL], **how)  # type: ignore[arg-type]
    assert isinstance(refused, InvalidError)
    [made] = leaving.propose_for_year(world.services, world.admins[SCHOOL], authority=held.id, **how)  # type: ignore[arg-type]
    assert isinstance(made, documents.Prepared)
    assert made.grants[0].authority == held.id
