"""Attacks on papers and signatures: the legitimate step, the attack, the refusal."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from access_service.domain.delegation import Grant
from access_service.domain.documents import Document
from access_service.domain.errors import RefusedError
from access_service.domain.names import DocumentId, DocumentState, GrantEnd
from access_service.domain.reasons import Reason, Refusal
from access_service.domain.scope import Scope
from access_service.usecases.handover import delegation, documents, inspection, returns, signatures
from access_service.usecases.handover.documents import EnteredLine, Prepared
from access_service.usecases.handover.signatures import Presented
from access_service.usecases.organisation import leaving
from world import CLASS_6A, CLASS_6B, LOWER, OFFICE, PASSWORD, SCHOOL, Someone, World, hire_homeroom, homeroom_line


def present(world: World, who: Someone, paper: DocumentId, version: int, sha256: str) -> None:
    [answer] = signatures.sign_batch(world.services, who.caller, PASSWORD, [Presented(paper, version, sha256)])
    if isinstance(answer, RefusedError):
        raise answer


def proposed(world: World) -> tuple[Someone, Prepared]:
    teacher = hire_homeroom(world)
    return teacher, world.propose(SCHOOL, teacher, homeroom_line(world, teacher))


def test_a_signature_is_not_replayed_on_a_revised_version(school_world: World) -> None:
    world = school_world
    head = world.people[f"head:{SCHOOL}"]
    teacher, paper = proposed(world)
    old = paper.document
    world.sign(head, old.id)
    documents.return_document(world.services, teacher.caller, old.id, reason="sai ngày")
    new = documents.revise(
        world.services, world.admins[SCHOOL], old.id, number="02/BB-sửa", dated=date(2026, 8, 21), version=1
    )
    assert (new.version, new.state) == (2, DocumentState.AWAITING_GIVER)
    with world.refuses(Refusal.STALE_VERSION):
        present(world, teacher, old.id, 1, old.sha256)
    with world.refuses(Refusal.DOCUMENT_CHANGED):
        present(world, head, old.id, 2, old.sha256)
    # The head's first signature is void: the receiver's turn has not come.
    with world.refuses(Refusal.SELF_SERVICE):
        world.sign(teacher, old.id)
    assert world.sign(head, old.id).document.state is DocumentState.AWAITING_RECEIVER


def proposed_clerk(world: World) -> tuple[Someone, Prepared]:
    clerk = world.hire("văn thư", SCHOOL, "clerk", SCHOOL)
    return clerk, world.propose(
        SCHOOL, clerk, EnteredLine("clerk", clerk.duty, Scope(unit=SCHOOL), world.clock.now)
    )


def test_the_hash_of_another_document_signs_nothing(school_world: World) -> None:
    world = school_world
    _, paper = proposed(world)
    _, pending = proposed_clerk(world)
    other = pending.document
    with world.refuses(Refusal.DOCUMENT_CHANGED):
        present(world, world.people[f"head:{SCHOOL}"], paper.document.id, 1, other.sha256)


def test_a_deputy_whose_duty_ended_signs_nothing(school_world: World) -> None:
    world = school_world
    deputy = world.hire("phó", SCHOOL, "vice_principal", SCHOOL)
    world.assign(deputy.person, SCHOOL, "subject_teaching", SCHOOL, classes=frozenset({(CLASS_6B, "TOAN")}))
    _, paper = proposed(world)
    leaving.end_duty(
        world.services, world.admins[SCHOOL], deputy.duty, on=date(2026, 8, 20), decision_number="1/QĐ"
    )
    with world.refuses(Refusal.SIGNER_NOT_LEADER):
        world.sign(deputy, paper.document.id)


def test_an_admin_account_signs_nothing(school_world: World) -> None:
    world = school_world
    _, paper = proposed(world)
    with world.refuses(Refusal.FORBIDDEN):
        signatures.sign_batch(
            world.services,
            world.admins[SCHOOL],
            PASSWORD,
            [Presented(paper.document.id, 1, paper.document.sha256)],
        )


def test_nobody_signs_in_anothers_place(school_world: World) -> None:
    world = school_world
    _, paper = proposed(world)
    other = world.hire("văn thư", SCHOOL, "clerk", SCHOOL)
    world.sign(world.people[f"head:{SCHOOL}"], paper.document.id)
    for someone in (other, world.people[f"head:{OFFICE}"]):
        with world.refuses(Refusal.FORBIDDEN):
            world.sign(someone, paper.document.id)


def test_a_receiver_who_became_custodian_changes_nothing_and_gets_what_was_prepared(school_world: World) -> None:
    """(A8) Proposed while somebody else operated the account: the paper is that one's, and stays as it was."""
    world = school_world
    who = world.hire("giáo vụ", SCHOOL, "academic_registrar", SCHOOL)
    line = EnteredLine("academic_registrar", who.duty, Scope(unit=SCHOOL), world.clock.now)
    paper = world.propose(SCHOOL, who, line)
    assert paper.commitment is not None
    world.sign(world.people[f"head:{SCHOOL}"], paper.document.id)
    world.sign(who, paper.commitment.id)
    minutes = documents.propose_custody(
        world.services, world.admins[SCHOOL], unit=SCHOOL, receiver=who.person, number="", dated=date(2026, 8, 20)
    )
    world.sign(world.people[f"head:{SCHOOL}"], minutes.id)
    world.sign(who, minutes.id)
    returned = documents.return_document(world.services, who.caller, paper.document.id, reason="sai số")
    world.admins[SCHOOL] = world.enter(world.admins[SCHOOL].account)
    assert world.admins[SCHOOL].person == who.person
    with world.refuses(Refusal.SELF_SERVICE):
        documents.revise(
            world.services, world.admins[SCHOOL], returned.id, number="9", dated=date(2026, 8, 20), version=1
        )
    world.clock.forward(minutes=1)
    leaving.take_back_custody(world.services, world.people[f"head:{SCHOOL}"].caller, SCHOOL)
    issued = leaving.open_custody(world.services, world.people[f"head:{SCHOOL}"].caller, PASSWORD, SCHOOL)
    admin = world.enter(world.activate(issued.activation_code))
    again = documents.revise(world.services, admin, returned.id, number="9", dated=date(2026, 8, 20), version=1)
    world.sign(world.people[f"head:{SCHOOL}"], again.id)
    assert world.sign(who, again.id).activated == (paper.grants[0].id,)


def test_widening_takes_the_givers_signature(school_world: World) -> None:
    """One-sided widening is refused; supplementary minutes bind when both have signed, and the old line holds."""
    world = school_world
    teacher = world.hire("gvcn", SCHOOL, "homeroom", SCHOOL, classes=frozenset({(CLASS_6A, ""), (CLASS_6B, "")}))
    old = world.hand_over(SCHOOL, teacher, homeroom_line(world, teacher)).grants[0]
    both = Scope(unit=SCHOOL, classes=frozenset({(CLASS_6A, ""), (CLASS_6B, "")}))
    with world.refuses(Refusal.WIDER_THAN_AUTHORITY):
        delegation.narrow_grant(world.services, world.admins[SCHOOL], old.id, scope=both, valid_to=old.valid_to)
    line = replace(homeroom_line(world, teacher), scope=both, replaces=old.id)
    paper = world.propose(SCHOOL, teacher, line).document
    assert paper.supersedes == old.document
    with world.refuses(Refusal.SELF_SERVICE):
        world.sign(teacher, paper.id)
    world.sign(world.people[f"head:{SCHOOL}"], paper.id)
    assert world.ask(teacher, class_id=CLASS_6A)
    assert not world.ask(teacher, class_id=CLASS_6B)
    world.sign(teacher, paper.id)
    assert world.ask(teacher, class_id=CLASS_6B)
    assert world.get(Grant, old.id).ended_as is GrantEnd.SUPERSEDED


def test_a_line_that_replaces_a_revoked_grant_brings_nothing_back(school_world: World) -> None:
    """The office revokes while supplementary minutes wait; their last signature would undo it."""
    world = school_world
    teacher = hire_homeroom(world)
    old = world.hand_over(SCHOOL, teacher, homeroom_line(world, teacher)).grants[0]
    paper = world.propose(SCHOOL, teacher, replace(homeroom_line(world, teacher), replaces=old.id)).document
    world.sign(world.people[f"head:{SCHOOL}"], paper.id)
    delegation.revoke_grant(world.services, world.admins[OFFICE], old.id, reason="thu hồi")
    with world.refuses(Refusal.GRANT_ENDED):
        world.sign(teacher, paper.id)


def test_two_lines_do_not_replace_one_grant_in_turn(school_world: World) -> None:
    world = school_world
    teacher = hire_homeroom(world)
    old = world.hand_over(SCHOOL, teacher, homeroom_line(world, teacher)).grants[0]
    line = replace(homeroom_line(world, teacher), replaces=old.id)
    first = world.propose(SCHOOL, teacher, line).document
    with world.refuses(Refusal.DUPLICATE):
        world.propose(SCHOOL, teacher, line)
    world.sign(world.people[f"head:{SCHOOL}"], first.id)
    assert world.sign(teacher, first.id).activated
    with world.refuses(Refusal.GRANT_ENDED):
        world.propose(SCHOOL, teacher, line)


def test_nobody_hands_back_somebody_elses_grant(school_world: World) -> None:
    world = school_world
    teacher = hire_homeroom(world)
    world.hand_over(SCHOOL, teacher, homeroom_line(world, teacher))
    other = world.hire("văn thư", SCHOOL, "clerk", SCHOOL)
    with world.refuses(Refusal.NOT_FOUND):
        returns.hand_back(world.services, other.caller, SCHOOL)
    minutes = returns.hand_back(world.services, teacher.caller, SCHOOL)
    with world.refuses(Refusal.FORBIDDEN):
        world.sign(other, minutes.id)
    assert world.ask(teacher)


def test_a_return_that_races_a_revocation_changes_nothing(school_world: World) -> None:
    world = school_world
    teacher = hire_homeroom(world)
    grant = world.hand_over(SCHOOL, teacher, homeroom_line(world, teacher)).grants[0]
    minutes = returns.hand_back(world.services, teacher.caller, SCHOOL)
    delegation.revoke_grant(world.services, world.admins[SCHOOL], grant.id, reason="thu hồi")
    revoked = world.get(Grant, grant.id)
    world.clock.forward(minutes=1)
    world.sign(teacher, minutes.id)
    assert world.get(Grant, grant.id) == revoked


def test_a_return_that_was_sent_back_still_lists_what_it_returns(school_world: World) -> None:
    world = school_world
    teacher = hire_homeroom(world)
    world.hand_over(SCHOOL, teacher, homeroom_line(world, teacher))
    minutes = returns.hand_back(world.services, teacher.caller, SCHOOL)
    documents.return_document(world.services, teacher.caller, minutes.id, reason="sai số")
    documents.revise(
        world.services, world.admins[SCHOOL], minutes.id, number="05/BB", dated=date(2026, 8, 20), version=1
    )
    world.sign(teacher, minutes.id)
    assert world.why(teacher) is Reason.GRANT_ENDED
    assert '"lines":[{' in world.get(Document, minutes.id).content


def test_a_grant_proposed_before_its_authority_was_narrowed_never_begins(school_world: World) -> None:
    world = school_world
    teacher, paper = proposed(world)
    assert paper.commitment is not None
    world.sign(world.people[f"head:{SCHOOL}"], paper.document.id)
    world.sign(teacher, paper.commitment.id)
    delegation.narrow_authority(
        world.services,
        world.admins[OFFICE],
        paper.grants[0].authority,
        scope=Scope(unit=SCHOOL, levels=frozenset({LOWER}), grades=frozenset({"9"})),
        valid_to=None,
    )
    # Nothing of the line was left: it was cancelled with its paper.
    with world.refuses(Refusal.DOCUMENT_STATE):
        world.sign(teacher, paper.document.id)
    assert not world.ask(teacher)


def test_last_years_line_does_not_keep_anybody_from_committing(school_world: World) -> None:
    """Minutes signed, commitment forgotten, year closed: the commitment is signed and the stale line stays out."""
    world = school_world
    teacher, paper = proposed(world)
    assert paper.commitment is not None
    world.sign(world.people[f"head:{SCHOOL}"], paper.document.id)
    world.sign(teacher, paper.document.id)
    world.clock.forward(days=1)
    world.close_year()
    assert world.sign(teacher, paper.commitment.id).activated == ()
    assert world.log()[-1].happening.details == {"code": "closed_year"}
    assert not world.ask(teacher)


def test_a_head_receives_nothing_from_their_own_unit_by_a_second_duty(school_world: World) -> None:
    """Self-dealing through two assignments: a deputy would sign KT. the head for the head."""
    world = school_world
    head = world.people[f"head:{SCHOOL}"]
    world.hand_to_officer(SCHOOL)
    second = world.assign(head.person, SCHOOL, "academic_registrar", SCHOOL)
    with world.refuses(Refusal.SELF_SERVICE):
        world.propose(SCHOOL, head, EnteredLine("academic_registrar", second, Scope(unit=SCHOOL), world.clock.now))


@pytest.mark.parametrize("door", ["prepare", "sign"])
def test_nobody_sends_themselves_to_inspect(school_world: World, door: str) -> None:
    world = school_world
    head = world.people[f"head:{OFFICE}"]
    if door == "sign":
        world.hand_to_officer(OFFICE)
    team = inspection.Team(
        number="",
        dated=date(2026, 8, 20),
        units=frozenset({SCHOOL}),
        members=frozenset({head.person}),
        content="Kiểm tra",
        valid_from=world.clock.now,
        valid_to=world.clock.now + timedelta(days=3),
    )
    if door == "prepare":
        with world.refuses(Refusal.SELF_SERVICE):
            inspection.propose_inspection(world.services, world.admins[OFFICE], team)
        return
    decision = inspection.propose_inspection(world.services, world.admins[OFFICE], team)
    with world.refuses(Refusal.SELF_SERVICE):
        world.sign(head, decision.id)
