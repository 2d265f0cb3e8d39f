"""Attacks on duties, suspensions and foreign ids: the legitimate step, the attack, the refusal."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

import pytest

from access_service.domain.delegation import Grant
from access_service.domain.names import AccountId, AssignmentId, DocumentId, GrantId, SuspendableKind
from access_service.domain.org import Assignment
from access_service.domain.reasons import Reason, Refusal
from access_service.usecases.handover import delegation, documents
from access_service.usecases.handover.documents import Prepared
from access_service.usecases.identity.second_factor import Second
from access_service.usecases.organisation import leaving
from world import (
    CLASS_6A,
    CLASS_6B,
    OFFICE,
    SCHOOL,
    Someone,
    World,
    found,
    hire_homeroom,
    homeroom_line,
    with_school,
)

PAIR_A, PAIR_B = frozenset({(CLASS_6A, "")}), frozenset({(CLASS_6B, "")})


def test_a_school_does_not_end_the_duty_of_its_manager(school_world: World) -> None:
    world = school_world
    for key in (f"head:{OFFICE}", f"head:{SCHOOL}"):
        with world.refuses(Refusal.FORBIDDEN):
            leaving.end_duty(
                world.services,
                world.admins[SCHOOL],
                world.people[key].duty,
                on=date(2026, 9, 1),
                decision_number="1/QĐ",
            )


def test_a_duty_that_replaces_the_heads_does_not_remove_the_head(school_world: World) -> None:
    """A clerk's new decision that `replaces` the principal's appointment would end it from below."""
    world = school_world
    head = world.people[f"head:{SCHOOL}"]
    clerk = world.hire("văn thư", SCHOOL, "clerk", SCHOOL)
    assert world.assign(clerk.person, SCHOOL, "librarian", SCHOOL, replaces=clerk.duty)
    # By the head themselves, and by an officer who operates the account for them.
    with world.refuses(Refusal.SELF_SERVICE):
        world.assign(clerk.person, SCHOOL, "clerk", SCHOOL, replaces=head.duty)
    world.hand_to_officer(SCHOOL)
    with world.refuses(Refusal.NOT_DIRECT_MANAGER):
        world.assign(clerk.person, SCHOOL, "clerk", SCHOOL, replaces=head.duty)
    assert world.get(Assignment, head.duty).valid_to is None


def test_who_is_replaced_in_the_last_duty_is_suspended(school_world: World) -> None:
    world = school_world
    teacher = hire_homeroom(world)
    world.hand_over(SCHOOL, teacher, homeroom_line(world, teacher))
    world.clock.forward(minutes=1)
    world.hire("mới", SCHOOL, "homeroom", SCHOOL, classes=PAIR_A, replaces=teacher.duty)
    assert world.why(teacher) is Reason.ACCOUNT_NOT_ACTIVE


def test_a_substitute_takes_the_duty_cited_and_no_more(school_world: World) -> None:
    """Citing an absence of 6A would let a second teacher hold 6B, or never end, or stand in for a stand-in."""
    world = school_world
    a, b = hire_homeroom(world, "6A", CLASS_6A), hire_homeroom(world, "6B", CLASS_6B)
    soon, later = world.clock.now + timedelta(days=1), world.clock.now + timedelta(days=9)
    person = world.hire("thay", SCHOOL, "clerk", SCHOOL).person
    with world.refuses(Refusal.DUPLICATE):
        world.assign(person, SCHOOL, "homeroom", SCHOOL, classes=PAIR_B)
    for wrong in (
        {"classes": PAIR_B, "valid_to": later},
        {"classes": PAIR_A},
        {"classes": PAIR_A | PAIR_B, "valid_to": later},
    ):
        with world.refuses(Refusal.INVALID):
            world.assign(person, SCHOOL, "homeroom", SCHOOL, substitutes=a.duty, valid_from=soon, **wrong)
    first = world.assign(
        person, SCHOOL, "homeroom", SCHOOL, substitutes=a.duty, classes=PAIR_A, valid_from=soon, valid_to=later
    )
    with world.refuses(Refusal.INVALID):
        world.assign(
            b.person, SCHOOL, "homeroom", SCHOOL, substitutes=first, classes=PAIR_A, valid_from=soon, valid_to=later
        )


@pytest.mark.parametrize("kind", [SuspendableKind.GRANT, SuspendableKind.ACCOUNT])
def test_nobody_resumes_what_a_unit_above_suspended(school_world: World, kind: SuspendableKind) -> None:
    """Nor forestalls it: a suspension of the school's own, laid on first, does not keep the office's away."""
    world = school_world
    who, grant = world.hire_granted("giáo vụ")
    how = {"kind": kind, "target": grant.id if kind is SuspendableKind.GRANT else who.account}
    services = world.services
    delegation.suspend(services, world.admins[SCHOOL], reason="tự khoá trước", **how)  # type: ignore[arg-type]
    delegation.suspend(services, world.admins[OFFICE], reason="rà soát", **how)  # type: ignore[arg-type]
    with world.refuses(Refusal.DOCUMENT_STATE):
        delegation.suspend(services, world.admins[SCHOOL], reason="lần nữa", **how)  # type: ignore[arg-type]
    delegation.resume(services, world.admins[SCHOOL], **how)  # type: ignore[arg-type]
    assert not world.ask(who)
    with world.refuses(Refusal.FORBIDDEN):
        delegation.resume(services, world.admins[SCHOOL], **how)  # type: ignore[arg-type]
    delegation.resume(services, world.admins[OFFICE], **how)  # type: ignore[arg-type]
    assert world.ask(who)


def test_a_person_acts_for_the_unit_they_lead_now(school_world: World) -> None:
    """An office deputy whose account a school issued suspends: the school does not lift it as its own."""
    world = school_world
    promoted = world.hire("chuyển lên", SCHOOL, "clerk", SCHOOL)
    world.assign(promoted.person, OFFICE, "commune_deputy_chair", OFFICE)
    _, grant = world.hire_granted("giáo vụ")
    how = {"kind": SuspendableKind.GRANT, "target": grant.id}
    ordered = delegation.suspend(world.services, promoted.caller, reason="rà soát", **how)  # type: ignore[arg-type]
    assert ordered.unit == OFFICE
    with world.refuses(Refusal.FORBIDDEN):
        delegation.resume(world.services, world.admins[SCHOOL], **how)  # type: ignore[arg-type]


Foreign = Callable[[World, Someone, Prepared, Someone], object]
ANY_CODE = Second(totp="000000")
FOREIGN: dict[str, Foreign] = {
    "revoke": lambda w, _, paper, __: delegation.revoke_grant(
        w.services, w.admins[SCHOOL], paper.grants[0].id, reason="thu hồi"
    ),
    "suspend": lambda w, who, _, __: delegation.suspend(
        w.services, w.admins[w.root], kind=SuspendableKind.ACCOUNT, target=who.account, reason="khoá"
    ),
    "recover": lambda w, who, _, __: w.ask_recovery(w.admins[w.root], who.account, second=ANY_CODE),
    "end the duty": lambda w, who, _, __: leaving.end_duty(
        w.services, w.admins[SCHOOL], who.duty, on=date(2026, 9, 1), decision_number="1/QĐ"
    ),
    "withdraw": lambda w, _, paper, __: documents.withdraw(
        w.services, w.admins[SCHOOL], paper.document.id, reason="lập sai"
    ),
    "propose to": lambda w, who, _, __: w.propose(SCHOOL, who, homeroom_line(w, who)),
    "replace": lambda w, who, _, mine: w.assign(mine.person, SCHOOL, "homeroom", SCHOOL, replaces=who.duty),
    "narrow": lambda w, _, paper, __: delegation.narrow_grant(
        w.services, w.admins[SCHOOL], paper.grants[0].id, scope=paper.grants[0].scope, valid_to=None
    ),
    "withdraw the authority": lambda w, _, paper, __: delegation.withdraw_authority(
        w.services, w.admins[w.root], paper.grants[0].authority
    ),
}


@pytest.mark.parametrize("door", sorted(FOREIGN))
def test_foreign_ids_are_as_good_as_none(school_world: World, door: str) -> None:
    """Ids of another register's people and papers, where unit codes are even the same, name nothing here."""
    theirs = with_school(found(school_world.services, school_world.clock, name="tinh-khac"))
    stranger = hire_homeroom(theirs)
    paper = theirs.hand_over(SCHOOL, stranger, homeroom_line(theirs, stranger))
    mine = hire_homeroom(school_world)
    before = theirs.revision
    with school_world.refuses(Refusal.NOT_FOUND):
        FOREIGN[door](school_world, stranger, paper, mine)
    assert theirs.revision == before
    assert theirs.ask(stranger)
    assert not school_world.ask(stranger.account)


@pytest.mark.parametrize("made_up", ["", "grn_0", "' OR 1=1 --"])
def test_ids_that_name_nothing(school_world: World, made_up: str) -> None:
    world, admin = school_world, school_world.admins[SCHOOL]
    for act in (
        lambda: delegation.revoke_grant(world.services, admin, GrantId(made_up), reason=""),
        lambda: world.ask_recovery(admin, AccountId(made_up), second=ANY_CODE),
        lambda: documents.withdraw(world.services, admin, DocumentId(made_up), reason=""),
        lambda: leaving.end_duty(
            world.services, admin, AssignmentId(made_up), on=date(2026, 9, 1), decision_number=""
        ),
    ):
        with world.refuses(Refusal.NOT_FOUND):
            act()
    with world.services.db.read(world.register) as reader:
        assert reader.find(Grant) == []
