"""Stories about custody and leaving: what the dates end, ends, and touches nobody else (rulings A5, A7, A8)."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from access_service.domain.accounts import Custody, Suspension
from access_service.domain.delegation import Grant, LeavingCase
from access_service.domain.documents import Document
from access_service.domain.errors import AccessServiceError, RefusedError
from access_service.domain.names import DocumentId, GrantEnd, GrantState, SuspendableKind, UnitId
from access_service.domain.org import Assignment
from access_service.domain.reasons import Reason, Refusal
from access_service.domain.scope import Scope
from access_service.domain.time import start_of_day
from access_service.usecases.evidence import reading
from access_service.usecases.handover import delegation, documents
from access_service.usecases.handover.documents import EnteredLine
from access_service.usecases.organisation import leaving, moving
from access_service.usecases.services import Caller
from world import CLASS_6A, CLASS_6B, LOWER, OFFICE, PASSWORD, SCHOOL, Someone, World, hire_homeroom, homeroom_line

OTHER = UnitId("00031002")


def custodies(world: World) -> list[Custody]:
    with world.services.db.read(world.register) as reader:
        return sorted(reader.find(Custody, unit=SCHOOL), key=lambda c: c.valid_from)


def officer_until(world: World, days: int) -> Someone:
    """An officer whose duty ends by its own date operates the school's admin account."""
    world.clock.forward(minutes=1)
    officer = world.hire(
        "cán bộ",
        SCHOOL,
        "officer_in_charge_of_admin_account",
        SCHOOL,
        valid_to=world.clock.now + timedelta(days=days),
    )
    world.hand_over_custody(SCHOOL, officer, SCHOOL)
    return officer


def may_not_enter(world: World, account: str) -> Refusal:
    with pytest.raises(RefusedError) as refused:
        world.enter(account)  # type: ignore[arg-type]
    return refused.value.code


def test_a_past_end_of_the_heads_duty_leaves_todays_officer_their_password(school_world: World) -> None:
    """(A5) It wiped what opens the account of the officer who is custodian today, and made two rows overlap."""
    world = school_world
    head = world.people[f"head:{SCHOOL}"]
    world.clock.forward(days=3)
    officer = world.hand_to_officer(SCHOOL)
    world.clock.forward(hours=1)
    leaving.end_duty(world.services, world.admins[OFFICE], head.duty, on=date(2026, 8, 21), decision_number="1/QĐ")
    credential = world.credentials(f"quantri.{SCHOOL}")
    assert credential is not None
    assert credential.password is not None
    assert world.enter(world.admins[SCHOOL].account).person == officer.person
    first, second = custodies(world)
    assert (first.valid_to, second.valid_from, second.valid_to) == (
        start_of_day(date(2026, 8, 21)),
        second.valid_from,
        None,
    )
    assert first.valid_to is not None
    assert first.valid_to <= second.valid_from


def test_a_past_end_moves_no_grants_end_before_its_activation(school_world: World) -> None:
    """(A5)"""
    world = school_world
    teacher = hire_homeroom(world)
    world.clock.forward(days=3)
    grant = world.hand_over(SCHOOL, teacher, homeroom_line(world, teacher)).grants[0]
    world.clock.forward(hours=1)
    leaving.end_duty(
        world.services, world.admins[SCHOOL], teacher.duty, on=date(2026, 8, 21), decision_number="1/QĐ"
    )
    ended = world.get(type(grant), grant.id)
    assert ended.ended_at == ended.activated_at
    assert world.why(teacher) is Reason.ACCOUNT_NOT_ACTIVE


def test_a_duty_that_ends_by_its_own_date_ends_custody_and_the_head_opens_it(school_world: World) -> None:
    """(A7) The officer's session and password open nothing from that instant; the head opens by an own act."""
    world = school_world
    head = world.people[f"head:{SCHOOL}"]
    officer_until(world, days=2)
    username = f"quantri.{SCHOOL}"
    world.enrol(username)
    world.clock.forward(days=2)
    assert may_not_enter(world, world.admins[SCHOOL].account) is Refusal.CUSTODY_VACANT
    with pytest.raises(RefusedError):
        world.sign_in(username)
    with world.refuses(Refusal.CUSTODY_TAKEN):
        hire_homeroom(world)
    deputy_opens = world.people[f"head:{OFFICE}"]
    with world.refuses(Refusal.CUSTODY_TAKEN):
        leaving.open_custody(world.services, deputy_opens.caller, PASSWORD, SCHOOL)
    issued = leaving.open_custody(world.services, head.caller, PASSWORD, SCHOOL)
    world.admins[SCHOOL] = world.enter(world.activate(issued.activation_code))
    assert world.admins[SCHOOL].person == head.person
    first, officers, back = custodies(world)
    assert first.person == back.person == head.person
    assert officers.valid_to == back.valid_from
    assert back.document is None
    with world.refuses(Refusal.DOCUMENT_STATE):
        leaving.open_custody(world.services, head.caller, PASSWORD, SCHOOL)


def test_a_last_duty_that_ends_by_its_own_date_suspends_the_account(school_world: World) -> None:
    """(A7) No act wrote it; every question hears it from that instant; resuming takes a new duty."""
    world = school_world
    clerk = world.hire("văn thư", SCHOOL, "clerk", SCHOOL, valid_to=world.clock.now + timedelta(days=2))
    world.clock.forward(days=2)
    assert world.why(clerk) is Reason.ACCOUNT_NOT_ACTIVE
    assert may_not_enter(world, clerk.account) is Refusal.CREDENTIALS_WRONG
    how = {"kind": SuspendableKind.ACCOUNT, "target": clerk.account}
    with world.refuses(Refusal.ASSIGNMENT_MISSING):
        delegation.resume(world.services, world.admins[OFFICE], **how)  # type: ignore[arg-type]
    world.clock.forward(days=2)
    world.assign(clerk.person, SCHOOL, "librarian", SCHOOL)
    with world.services.db.read(world.register) as reader:
        [case] = reader.find(LeavingCase, person=clerk.person)
        [row] = reader.find(Suspension, target=clerk.account)
    ended = world.get(Assignment, clerk.duty).valid_to
    assert (case.valid_from, row.valid_from) == (ended, ended)
    assert may_not_enter(world, clerk.account) is Refusal.CREDENTIALS_WRONG
    delegation.resume(world.services, world.admins[SCHOOL], **how)  # type: ignore[arg-type]
    assert world.enter(clerk.account).person == clerk.person


def test_a_leaver_is_not_resumed_without_a_duty(school_world: World) -> None:
    """(A7) `resume` reopened a leaver's account without any duty."""
    world = school_world
    clerk = world.hire("văn thư", SCHOOL, "clerk", SCHOOL)
    world.clock.forward(days=2)
    leaving.end_duty(world.services, world.admins[SCHOOL], clerk.duty, on=date(2026, 8, 22), decision_number="1/QĐ")
    how = {"kind": SuspendableKind.ACCOUNT, "target": clerk.account}
    with world.refuses(Refusal.ASSIGNMENT_MISSING):
        delegation.resume(world.services, world.admins[OFFICE], **how)  # type: ignore[arg-type]


def test_a_duty_that_begins_the_same_day_lifts_the_last_ones_suspension(school_world: World) -> None:
    """(A7, J)"""
    world = school_world
    clerk = world.hire("văn thư", SCHOOL, "clerk", SCHOOL)
    world.clock.forward(days=2)
    leaving.end_duty(world.services, world.admins[SCHOOL], clerk.duty, on=date(2026, 8, 22), decision_number="1/QĐ")
    assert may_not_enter(world, clerk.account) is Refusal.CREDENTIALS_WRONG
    world.clock.forward(minutes=5)
    world.assign(clerk.person, OFFICE, "level_officer", OFFICE, levels=frozenset({LOWER}))
    assert world.enter(clerk.account).person == clerk.person


def test_a_head_whose_own_account_is_suspended_operates_nothing(school_world: World) -> None:
    """(A7) A suspension stops the person everywhere; a lock-out only its own account."""
    world = school_world
    head = world.people[f"head:{SCHOOL}"]
    how = {"kind": SuspendableKind.ACCOUNT, "target": head.account}
    delegation.suspend(world.services, world.admins[OFFICE], reason="khoá", **how)  # type: ignore[arg-type]
    assert may_not_enter(world, world.admins[SCHOOL].account) is Refusal.CREDENTIALS_WRONG
    with pytest.raises(RefusedError):
        world.sign_in(f"quantri.{SCHOOL}")
    with world.refuses(Refusal.ACCOUNT_NOT_ACTIVE):
        hire_homeroom(world)
    delegation.resume(world.services, world.admins[OFFICE], **how)  # type: ignore[arg-type]
    assert world.enter(world.admins[SCHOOL].account).person == head.person
    for _ in range(6):
        with pytest.raises(RefusedError):
            world.sign_in(head_username(), "sai mật khẩu 000")
    assert world.enter(world.admins[SCHOOL].account).person == head.person


def head_username() -> str:
    return f"000.head:{SCHOOL}"


def test_a_deputy_takes_no_custody_back_by_way_of_the_officers_duty(school_world: World) -> None:
    """(A7) The duty by which an officer keeps the account is ended, or replaced, by whoever may take that back."""
    world = school_world
    deputy, head = world.hire("phó", SCHOOL, "vice_principal", SCHOOL), world.people[f"head:{SCHOOL}"]
    clerk = world.hire("văn thư", SCHOOL, "clerk", SCHOOL)
    officer = world.hand_to_officer(SCHOOL)
    tomorrow = (world.clock.now + timedelta(days=1)).date()
    how = {"on": tomorrow, "decision_number": "1/QĐ"}
    before = custodies(world)
    with world.refuses(Refusal.FORBIDDEN):
        leaving.end_duty(world.services, deputy.caller, officer.duty, **how)  # type: ignore[arg-type]
    assert custodies(world) == before
    # A duty that carries no custody is the deputy's to end, and the head ends this one.
    leaving.end_duty(world.services, deputy.caller, clerk.duty, **how)  # type: ignore[arg-type]
    leaving.end_duty(world.services, head.caller, officer.duty, **how)  # type: ignore[arg-type]


def test_a_deputy_takes_no_custody_back_and_the_head_does(school_world: World) -> None:
    """(A7) From an officer it goes back to the head, who opens it."""
    world = school_world
    deputy, head = world.hire("phó", SCHOOL, "vice_principal", SCHOOL), world.people[f"head:{SCHOOL}"]
    world.clock.forward(minutes=1)
    world.hand_to_officer(SCHOOL)
    world.clock.forward(minutes=1)
    with world.refuses(Refusal.FORBIDDEN):
        leaving.take_back_custody(world.services, deputy.caller, SCHOOL)
    leaving.take_back_custody(world.services, head.caller, SCHOOL)
    assert leaving.open_custody(world.services, head.caller, PASSWORD, SCHOOL).activation_code


def test_where_the_account_is_vacant_or_taken_that_is_what_is_said(school_world: World) -> None:
    """(K) `not_custodian` said neither."""
    world = school_world
    head = world.people[f"head:{SCHOOL}"]
    teacher = hire_homeroom(world)
    admin = world.admins[SCHOOL]
    world.clock.forward(minutes=1)
    world.hand_to_officer(SCHOOL)
    for caller in (head.caller, admin):
        world.admins[SCHOOL] = caller
        with world.refuses(Refusal.CUSTODY_TAKEN):
            world.propose(SCHOOL, teacher, homeroom_line(world, teacher))
    world.clock.forward(minutes=1)
    leaving.take_back_custody(world.services, world.admins[OFFICE], SCHOOL)
    world.clock.forward(minutes=1)
    leaving.take_back_custody(world.services, world.admins[OFFICE], SCHOOL)
    world.admins[SCHOOL] = head.caller
    with world.refuses(Refusal.CUSTODY_VACANT):
        world.propose(SCHOOL, teacher, homeroom_line(world, teacher))


def line_for(world: World, who: Someone, role: str = "academic_registrar") -> EnteredLine:
    return EnteredLine(role, who.duty, Scope(unit=SCHOOL), world.clock.now)


def registrar_who_is_custodian(world: World) -> Someone:
    """A registrar of the school, by a duty of that name, operates the admin account for the head."""
    world.clock.forward(minutes=1)
    who = world.hire("giáo vụ", SCHOOL, "academic_registrar", SCHOOL)
    world.hand_over_custody(SCHOOL, who, SCHOOL)
    world.clock.forward(minutes=1)
    return who


def test_the_head_prepares_for_the_officer_who_is_custodian(school_world: World) -> None:
    """(A8) Nobody could give the custodian a right: the head heard `not_custodian`."""
    world = school_world
    head, officer = world.people[f"head:{SCHOOL}"], registrar_who_is_custodian(world)
    with world.refuses(Refusal.SELF_SERVICE):
        world.propose(SCHOOL, officer, line_for(world, officer))
    deputy = world.people[f"head:{OFFICE}"]
    for caller, code in ((deputy.caller, Refusal.NOT_CUSTODIAN), (world.admins[OFFICE], Refusal.NOT_CUSTODIAN)):
        world.admins[SCHOOL] = caller
        with world.refuses(code):
            world.propose(SCHOOL, officer, line_for(world, officer))
    world.admins[SCHOOL] = head.caller
    with world.refuses(Refusal.SECOND_FACTOR_DUE):
        world.propose(SCHOOL, officer, line_for(world, officer))
    head.caller = world.enrol(head_username()).caller
    world.admins[SCHOOL] = head.caller
    prepared = world.hand_over(SCHOOL, officer, line_for(world, officer))
    assert world.get(Grant, prepared.grants[0].id).activated_at is not None
    teacher = world.people["head:" + SCHOOL]
    assert teacher is head


def test_the_head_prepares_for_nobody_else_in_the_personal_session(school_world: World) -> None:
    """(A8) Whoever is not custodian receives from the custodian's desk."""
    world = school_world
    head, teacher = world.people[f"head:{SCHOOL}"], hire_homeroom(world)
    registrar_who_is_custodian(world)
    world.admins[SCHOOL] = world.enrol(head_username()).caller
    with world.refuses(Refusal.CUSTODY_TAKEN):
        world.propose(SCHOOL, teacher, homeroom_line(world, teacher))
    assert head.person != teacher.person


def test_a_deputy_who_is_custodian_signs_nothing_that_they_prepared(school_world: World) -> None:
    """(A8) A deputy operated the account, prepared a paper and signed it KT."""
    world = school_world
    head = world.people[f"head:{SCHOOL}"]
    deputy, clerk = (
        world.hire("phó", SCHOOL, "vice_principal", SCHOOL),
        world.hire("văn thư", SCHOOL, "clerk", SCHOOL),
    )
    before = world.propose(SCHOOL, clerk, EnteredLine("clerk", clerk.duty, Scope(unit=SCHOOL), world.clock.now))
    world.clock.forward(minutes=1)
    world.hand_over_custody(SCHOOL, deputy, SCHOOL)
    late = hire_homeroom(world, "gvcn 6B", CLASS_6B)
    prepared = world.propose(SCHOOL, late, homeroom_line(world, late, CLASS_6B))
    with world.refuses(Refusal.SIGNER_NOT_NAMED):
        world.sign(deputy, prepared.document.id)
    world.name(deputy, prepared.document.id)
    with world.refuses(Refusal.SELF_SERVICE):
        world.sign(deputy, prepared.document.id)
    world.name(head, prepared.document.id)
    assert world.sign(head, prepared.document.id)
    world.name(deputy, before.document.id)
    assert world.sign(deputy, before.document.id)


def test_papers_signed_while_the_account_is_vacant_say_why_they_wait(school_world: World) -> None:
    """(A8) They stayed `pending, missing: null` for ever; they are tried again, and lapse in the end."""
    world = school_world
    teacher = hire_homeroom(world)
    late = hire_homeroom(world, "gvcn 6B", CLASS_6B)
    papers = {}
    for who, class_id in ((teacher, CLASS_6A), (late, CLASS_6B)):
        papers[who.account] = world.propose(SCHOOL, who, homeroom_line(world, who, class_id))
        world.sign(world.head_of(SCHOOL), papers[who.account].document.id)
        world.sign(who, papers[who.account].document.id)
    world.clock.forward(minutes=1)
    leaving.take_back_custody(world.services, world.admins[OFFICE], SCHOOL)
    for who in (teacher, late):
        commitment, [grant] = papers[who.account].commitment, papers[who.account].grants
        assert commitment is not None
        signed = world.sign(who, commitment.id)
        assert (signed.activated, signed.refused) == ((), ((grant.id, "custody_vacant"),))
        [seen] = reading.read_me(world.services, who.caller).grants
        assert (seen.state, seen.missing) == (GrantState.PENDING, Refusal.CUSTODY_VACANT)
    world.hand_over_custody(SCHOOL, world.people[f"head:{SCHOOL}"], OFFICE)
    assert world.ask(teacher)
    assert world.ask(late, class_id=CLASS_6B)


def test_what_was_refused_at_activation_lapses_in_the_end(school_world: World) -> None:
    """(A8) After the days in which an unsigned paper lapses the line is over, whoever operates the account then."""
    world = school_world
    teacher = hire_homeroom(world)
    prepared = world.propose(SCHOOL, teacher, homeroom_line(world, teacher))
    world.sign(world.head_of(SCHOOL), prepared.document.id)
    world.sign(teacher, prepared.document.id)
    world.clock.forward(minutes=1)
    leaving.take_back_custody(world.services, world.admins[OFFICE], SCHOOL)
    assert prepared.commitment is not None
    assert world.sign(teacher, prepared.commitment.id).refused
    world.clock.forward(days=61)
    world.hand_over_custody(SCHOOL, world.people[f"head:{SCHOOL}"], OFFICE)
    grant = world.get(Grant, prepared.grants[0].id)
    assert (grant.activated_at, grant.ended_as) == (None, GrantEnd.LAPSED)


def minutes_now(world: World) -> str:
    """The paper on which the custody of the school's admin account rests."""
    document = custodies(world)[-1].document
    assert document is not None
    return document


def withdraw(world: World, caller: Caller) -> Document:
    id_ = DocumentId(minutes_now(world))
    return documents.withdraw(world.services, caller, id_, reason="thu hồi")


def test_a_deputy_withdraws_no_custody_minutes_and_the_head_does(school_world: World) -> None:
    """(A7) The paper was another door to what `take_back_custody` refused."""
    world = school_world
    deputy, head = world.hire("phó", SCHOOL, "vice_principal", SCHOOL), world.people[f"head:{SCHOOL}"]
    world.clock.forward(minutes=1)
    officer = world.hand_to_officer(SCHOOL)
    world.clock.forward(minutes=1)
    with world.refuses(Refusal.FORBIDDEN):
        withdraw(world, deputy.caller)
    assert world.enter(world.admins[SCHOOL].account).person == officer.person
    withdraw(world, head.caller)
    assert may_not_enter(world, world.admins[SCHOOL].account) is Refusal.CUSTODY_VACANT


def test_a_former_manager_withdraws_no_custody_minutes_of_a_moved_school(school_world: World) -> None:
    """(6, I4) The office that once signed ended the custody of a school that it no longer manages."""
    world = school_world
    head, former = world.people[f"head:{SCHOOL}"], world.people[f"head:{OFFICE}"]
    world.add_unit(OTHER, "commune", "UBND phường Thử", world.root)
    world.give_authority(OTHER, world.root, levels=frozenset({LOWER}))
    world.appoint_head(f"head:{OTHER}", OTHER, "commune_chair", world.root)
    world.clock.forward(minutes=1)
    on = date(2026, 9, 1)
    moving.change_manager(
        world.services, world.admins[world.root], unit=SCHOOL, manager=OTHER, basis="NQ 01/NQ", on=on
    )
    world.clock.now = start_of_day(on)
    for caller in (former.caller, world.admins[OFFICE]):
        with pytest.raises(AccessServiceError):
            withdraw(world, caller)
    assert world.enter(world.admins[SCHOOL].account).person == head.person
