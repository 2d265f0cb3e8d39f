"""Rules 11 to 14: school years end, people leave, software needs approval, inspection is by decision."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

from access_service.domain.delegation import Authority, Grant, LeavingCase
from access_service.domain.documents import Document
from access_service.domain.names import ClassId, DocumentState, SuspendableKind
from access_service.domain.reasons import Reason, Refusal
from access_service.domain.scope import Scope
from access_service.domain.software import Software
from access_service.domain.time import start_of_day
from access_service.usecases.handover import delegation, inspection, returns
from access_service.usecases.handover.documents import EnteredLine, Prepared
from access_service.usecases.handover.inspection import Team
from access_service.usecases.organisation import leaving, org
from access_service.usecases.services import ReadView
from access_service.usecases.third_party import software
from software_world import approve, enter
from world import (
    CLASS_6A,
    CLASS_6B,
    LOWER,
    OFFICE,
    PRIMARY,
    SCHOOL,
    Someone,
    World,
    hire_homeroom,
    homeroom_line,
)

NEXT_YEAR = "2027-2028"


def homeroom(world: World) -> tuple[Someone, Grant]:
    teacher = hire_homeroom(world)
    return teacher, world.hand_over(SCHOOL, teacher, homeroom_line(world, teacher)).grants[0]


def test_school_years_end(school_world: World) -> None:
    """A class grant ends at 00:00 of the day its year closes; the new year brings proposals, not rights."""
    world = school_world
    teacher, _ = homeroom(world)
    closes = start_of_day(date(2027, 8, 1))
    assert world.ask(teacher, at=closes - timedelta(seconds=1))
    assert world.why(teacher, at=closes) is Reason.EXPIRED
    org.open_school_year(
        world.services,
        world.admins[world.root],
        id_=NEXT_YEAR,
        starts_on=date(2027, 8, 1),
        closes_on=date(2028, 8, 1),
    )
    world.clock.now = closes + timedelta(hours=1)
    org.create_class(
        world.services,
        world.admins[SCHOOL],
        school=SCHOOL,
        school_year=NEXT_YEAR,
        code="7A",
        name="7A",
        level=LOWER,
        grade="7",
    )
    new_class = ClassId(f"{SCHOOL}:{NEXT_YEAR}:7A")
    world.assign(teacher.person, SCHOOL, "homeroom", SCHOOL, classes=frozenset({(new_class, "")}))
    prepared = leaving.propose_for_year(
        world.services,
        world.admins[SCHOOL],
        unit=SCHOOL,
        school_year=NEXT_YEAR,
        number_prefix="BB-2027",
        dated=date(2027, 8, 1),
    )
    assert [isinstance(p, Prepared) for p in prepared] == [True]
    assert not world.ask(teacher, class_id=new_class)
    paper = prepared[0]
    assert isinstance(paper, Prepared)
    world.sign(world.people[f"head:{SCHOOL}"], paper.document.id)
    world.sign(teacher, paper.document.id)
    assert world.ask(teacher, class_id=new_class)
    assert not world.ask(teacher, class_id=CLASS_6A)


def test_closing_a_year_early_ends_its_class_grants(school_world: World) -> None:
    world = school_world
    teacher, _ = homeroom(world)
    before = world.clock.now
    world.clock.forward(days=250)
    world.close_year()
    assert world.why(teacher) is Reason.EXPIRED
    assert world.ask(teacher, at=before)
    with world.refuses(Refusal.CLOSED_YEAR):
        world.propose(SCHOOL, teacher, homeroom_line(world, teacher))


def test_homeroom_change_and_substitute(school_world: World) -> None:
    """The change ends the old grant on the decision's date; a substitution pauses it, and its end restores it."""
    world = school_world
    teacher, grant = homeroom(world)
    pair = frozenset({(CLASS_6A, "")})
    from_, to = world.clock.now + timedelta(days=10), world.clock.now + timedelta(days=20)
    stand_in = world.hire(
        "dạy thay",
        SCHOOL,
        "homeroom",
        SCHOOL,
        classes=pair,
        substitutes=teacher.duty,
        valid_from=from_,
        valid_to=to,
    )
    world.hand_over(
        SCHOOL,
        stand_in,
        EnteredLine("homeroom_teacher", stand_in.duty, Scope(unit=SCHOOL, classes=pair), from_, to),
    )
    moments = [from_ - timedelta(seconds=1), from_, to - timedelta(seconds=1), to]
    assert [bool(world.ask(teacher, at=at)) for at in moments] == [True, False, False, True]
    assert [bool(world.ask(stand_in, at=at)) for at in moments] == [False, True, True, False]
    assert world.why(teacher, at=from_) is Reason.GRANT_SUSPENDED
    changes = start_of_day(date(2026, 11, 1))
    successor = world.hire(
        "gvcn mới", SCHOOL, "homeroom", SCHOOL, classes=pair, valid_from=changes, replaces=teacher.duty
    )
    world.hand_over(
        SCHOOL,
        successor,
        EnteredLine("homeroom_teacher", successor.duty, Scope(unit=SCHOOL, classes=pair), changes),
    )
    assert world.get(Grant, grant.id).ended_at == changes
    assert world.ask(teacher, at=changes - timedelta(seconds=1))
    assert not world.ask(teacher, at=changes)
    assert world.ask(successor, at=changes)


def test_people_leave(school_world: World) -> None:
    """Grants end at 00:00 of the day, the account with the last duty; the case closes with return minutes."""
    world = school_world
    teacher, _ = homeroom(world)
    midnight = start_of_day(date(2026, 9, 15))
    case = leaving.end_duty(
        world.services, world.admins[SCHOOL], teacher.duty, on=date(2026, 9, 15), decision_number="04/QĐ"
    )
    assert world.ask(teacher, at=midnight - timedelta(seconds=1))
    assert world.why(teacher, at=midnight) is Reason.ACCOUNT_NOT_ACTIVE
    minutes = returns.hand_back(world.services, teacher.caller, SCHOOL)
    world.sign(teacher, minutes.id)
    assert world.why(teacher) is Reason.GRANT_ENDED
    assert world.get(LeavingCase, case.id).valid_to is None
    world.clock.forward(hours=1)
    world.sign(world.people[f"head:{SCHOOL}"], minutes.id)
    closed = world.get(LeavingCase, case.id)
    assert (closed.valid_to, closed.document) == (world.clock.now, minutes.id)


def test_who_keeps_a_duty_keeps_the_account(school_world: World) -> None:
    world = school_world
    teacher, _ = homeroom(world)
    world.assign(teacher.person, SCHOOL, "clerk", SCHOOL)
    leaving.end_duty(
        world.services, world.admins[SCHOOL], teacher.duty, on=date(2026, 8, 20), decision_number="05/QĐ"
    )
    assert world.why(teacher) is Reason.ASSIGNMENT_ENDED
    assert world.enter(teacher.account).person == teacher.person


def test_a_return_in_absence_takes_a_witness(school_world: World) -> None:
    """The head and a third person of the unit record the return of somebody who cannot."""
    world = school_world
    teacher, _ = homeroom(world)
    witness = world.hire("chứng", SCHOOL, "clerk", SCHOOL)
    head = world.people[f"head:{SCHOOL}"]
    case = leaving.end_duty(
        world.services, world.admins[SCHOOL], teacher.duty, on=date(2026, 9, 1), decision_number="06/QĐ"
    )
    for wrong in (teacher.person, head.person, world.people["director"].person):
        with world.refuses(Refusal.SELF_SERVICE):
            returns.return_in_absence(world.services, head.caller, case.id, wrong)
    minutes = returns.return_in_absence(world.services, head.caller, case.id, witness.person)
    signed = world.sign(head, minutes.id)
    assert signed.document.state is DocumentState.AWAITING_RECEIVER
    assert world.get(LeavingCase, case.id).valid_to is None
    assert world.sign(witness, signed.document.id).document.state is DocumentState.SIGNED
    assert world.get(LeavingCase, case.id).valid_to == world.clock.now
    assert world.why(teacher) is Reason.GRANT_ENDED


def test_a_head_returns_to_the_direct_manager(school_world: World) -> None:
    world = school_world
    head = world.people[f"head:{SCHOOL}"]
    world.hand_over(OFFICE, head, EnteredLine("principal", head.duty, Scope(unit=SCHOOL), world.clock.now))
    case = leaving.end_duty(
        world.services, world.admins[OFFICE], head.duty, on=date(2026, 9, 1), decision_number="07/QĐ"
    )
    assert case.unit == OFFICE
    minutes = returns.hand_back(world.services, head.caller, OFFICE)
    world.sign(head, minutes.id)
    with world.refuses(Refusal.SIGNED_ALREADY):
        world.sign(head, minutes.id)
    world.sign(world.people[f"head:{OFFICE}"], minutes.id)
    assert world.get(LeavingCase, case.id).valid_to == world.clock.now


def test_a_host_school_ends_only_its_own(school_world: World) -> None:
    """A teacher of two schools: the host revokes and releases what is its own, and sees nothing of the home's."""
    world = school_world
    host = world.add_unit("0003102", "school", "Trường THCS Thử Hai", OFFICE, LOWER)
    world.give_authority(host, OFFICE, levels=frozenset({LOWER}))
    world.appoint_head(f"head:{host}", host, "principal", OFFICE)
    teacher, grant = homeroom(world)
    second = world.assign(teacher.person, host, "clerk", host)
    guest = world.hand_over(host, teacher, EnteredLine("clerk", second, Scope(unit=host), world.clock.now)).grants[
        0
    ]
    with world.refuses(Refusal.NOT_FOUND):
        delegation.revoke_grant(world.services, world.admins[host], grant.id, reason="thu hồi")
    with world.refuses(Refusal.NOT_FOUND):
        delegation.suspend(
            world.services, world.admins[host], kind=SuspendableKind.ACCOUNT, target=teacher.account, reason="khoá"
        )
    leaving.end_duty(world.services, world.admins[host], second, on=date(2026, 8, 20), decision_number="08/QĐ")
    assert world.get(Grant, guest.id).ended_at is not None
    assert world.ask(teacher)


def test_leave_suspends_without_return_minutes(school_world: World) -> None:
    world = school_world
    teacher, _ = homeroom(world)
    how = {"kind": SuspendableKind.ACCOUNT, "target": teacher.account}
    delegation.suspend(world.services, world.admins[SCHOOL], reason="nghỉ thai sản", **how)  # type: ignore[arg-type]
    world.clock.forward(days=90)
    assert world.why(teacher) is Reason.ACCOUNT_NOT_ACTIVE
    delegation.resume(world.services, world.admins[SCHOOL], **how)  # type: ignore[arg-type]
    assert world.ask(teacher)


def drawn(world: World, used: Software) -> dict[tuple[str, str, ClassId], Reason | None]:
    """The answer to every question about the school's classes: None is allow."""
    found: dict[tuple[str, str, ClassId], Reason | None] = {}
    for category in ("STU-ID", "STU-CON", "STU-ACA", "STU-HEA", "STU-VIO", "CLS"):
        for action in ("read", "write", "export", "export_raw"):
            for class_id in (CLASS_6A, CLASS_6B):
                decision = world.ask(used.account, action, class_id, category)
                found[category, action, class_id] = None if decision else decision.reason
    return found


def test_software_needs_approval(school_world: World) -> None:
    """A service account draws what the department's signed approval names, in its term, and nothing more.

    Never wider than the contracting unit's authority, at the recording and at every decision afterwards.
    """
    world, here = school_world, school_world.services
    used = enter(world)
    assert set(drawn(world, used).values()) == {Reason.APPROVAL_MISSING}
    with world.refuses(Refusal.WIDER_THAN_AUTHORITY):
        approve(world, used, unit=OFFICE)
    with world.refuses(Refusal.WIDER_THAN_AUTHORITY):
        approve(world, used, levels=frozenset({PRIMARY}))
    world.clock.forward(hours=1)
    one = approve(world, used, classes=frozenset({(CLASS_6A, "")}), categories=frozenset({"STU-ID", "STU-CON"}))
    allowed = {("STU-ID", "read", CLASS_6A), ("STU-CON", "read", CLASS_6A)}
    answers = drawn(world, used)
    assert {asked for asked, why in answers.items() if why is None} == allowed
    assert {why for why in answers.values() if why is not None} == {Reason.OUTSIDE_APPROVAL}
    # Half-open term: from its first instant, up to its last.
    end = one.valid_to
    assert world.ask(used.account, at=end - timedelta(microseconds=1))
    assert world.why(used.account, at=end) is Reason.APPROVAL_MISSING
    assert world.why(used.account, at=one.valid_from - timedelta(microseconds=1)) is Reason.APPROVAL_MISSING
    # What the unit may no longer hand down, its software no longer draws.
    with here.db.read(world.register) as reader:
        [own] = [a for a in reader.find(Authority, unit=SCHOOL) if world.clock.now in a.interval]
    world.clock.forward(hours=1)
    narrower = replace(own.scope, categories=frozenset({"STU-CON"}))
    delegation.narrow_authority(here, world.admins[OFFICE], own.id, scope=narrower, valid_to=None)
    assert world.why(used.account) is Reason.OUTSIDE_APPROVAL
    assert world.ask(used.account, category="STU-CON")
    delegation.suspend(here, world.admins[OFFICE], kind=SuspendableKind.AUTHORITY, target=own.id, reason="")
    assert world.why(used.account, category="STU-CON") is Reason.AUTHORITY_SUSPENDED
    delegation.resume(here, world.admins[OFFICE], kind=SuspendableKind.AUTHORITY, target=own.id)
    assert world.ask(used.account, category="STU-CON")
    software.withdraw_approval(here, world.admins[world.root], one.id, reason="")
    assert set(drawn(world, used).values()) == {Reason.APPROVAL_MISSING}
    # What was true stays answerable.
    assert world.ask(used.account, at=world.clock.now - timedelta(minutes=30), category="STU-CON")


def test_software_stops_with_account_entry_and_unit(school_world: World) -> None:
    """Suspended account or unit, ended software: the next decision says so, and a resumed one draws again."""
    world, here = school_world, school_world.services
    used = enter(world)
    approve(world, used)
    for kind, target, by, why in (
        (SuspendableKind.ACCOUNT, used.account, SCHOOL, Reason.ACCOUNT_NOT_ACTIVE),
        (SuspendableKind.UNIT, SCHOOL, OFFICE, Reason.UNIT_SUSPENDED),
    ):
        assert world.ask(used.account)
        delegation.suspend(here, world.admins[by], kind=kind, target=target, reason="sự cố")
        assert world.why(used.account) is why
        delegation.resume(here, world.admins[by], kind=kind, target=target)
    assert world.ask(used.account)
    software.end_software(here, world.admins[SCHOOL], used.id)
    assert world.why(used.account) is Reason.ACCOUNT_NOT_ACTIVE
    with world.refuses(Refusal.DOCUMENT_STATE):
        approve(world, used)


def test_an_approval_of_classes_ends_with_their_school_year(school_world: World) -> None:
    world = school_world
    used = enter(world)
    approve(world, used, classes=frozenset({(CLASS_6A, "")}), valid_to=start_of_day(date(2028, 1, 1)))
    closes = start_of_day(date(2027, 8, 1))
    assert world.ask(used.account, at=closes - timedelta(microseconds=1))
    assert world.why(used.account, at=closes) is Reason.APPROVAL_MISSING


def decide_inspection(world: World) -> tuple[Someone, Document]:
    """An officer of the commune inspects the school for ten days, by the signed decision of its head."""
    inspector = world.hire("kiểm tra", OFFICE, "level_officer", OFFICE, levels=frozenset({LOWER}))
    team = Team(
        number="",
        dated=date(2026, 8, 20),
        units=frozenset({SCHOOL}),
        members=frozenset({inspector.person}),
        content="Kiểm tra hồ sơ phân quyền",
        valid_from=world.clock.now,
        valid_to=world.clock.now + timedelta(days=10),
    )
    document = inspection.propose_inspection(world.services, world.admins[OFFICE], team)
    assert not world.ask(inspector, class_id=None, unit=SCHOOL, category="ACC")
    world.sign(world.people[f"head:{OFFICE}"], document.id)
    return inspector, document


def test_inspection_is_by_decision(school_world: World) -> None:
    """Read-only, dossiers and no pupil's data, for its days; the inspected cannot stop it."""
    world = school_world
    inspector, document = decide_inspection(world)
    here = {"class_id": None, "unit": SCHOOL, "category": "ACC"}
    assert world.ask(inspector, **here)  # type: ignore[arg-type]
    for action in ("write", "approve", "export", "submit"):
        assert not world.ask(inspector, action, **here)  # type: ignore[arg-type]
    for category in ("STU-ID", "STU-HEA", "STU-ACA"):
        assert not world.ask(inspector, category=category)
    with world.services.db.read(world.register) as reader:
        [grant] = reader.find(Grant, document=document.id)
    with world.refuses(Refusal.FORBIDDEN):
        delegation.revoke_grant(world.services, world.admins[SCHOOL], grant.id, reason="từ chối")
    with world.refuses(Refusal.FORBIDDEN):
        inspection.end_inspection(world.services, world.admins[SCHOOL], document.id, reason="từ chối")
    assert not world.ask(inspector, at=world.clock.now + timedelta(days=10), **here)  # type: ignore[arg-type]
    world.clock.forward(days=1)
    inspection.end_inspection(world.services, world.admins[OFFICE], document.id, reason="kết thúc sớm")
    assert not world.ask(inspector, **here)  # type: ignore[arg-type]
    with world.services.db.read(world.register) as reader:
        assert not inspection.inspects(
            ReadView(reader, inspector.caller, world.clock.now), inspector.person, SCHOOL
        )
