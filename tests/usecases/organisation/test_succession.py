"""A dissolved office: everything has one successor, and nobody gets what another commune manages (rule 9)."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from access_service.domain.access import AccessRequest
from access_service.domain.delegation import Authority, Grant, LeavingCase
from access_service.domain.documents import Document
from access_service.domain.errors import RefusedError
from access_service.domain.names import DocumentKind, DocumentState, SuspendableKind, UnitId
from access_service.domain.org import Succession
from access_service.domain.reasons import Refusal
from access_service.domain.scope import Scope
from access_service.domain.time import start_of_day
from access_service.storage.standing import Gatherer
from access_service.usecases.evidence import reading_papers
from access_service.usecases.handover import delegation, documents, inspection, returns
from access_service.usecases.handover.documents import EnteredLine, Prepared
from access_service.usecases.organisation import leaving, moving, succession
from access_service.usecases.services import rehearse
from world import DEPARTMENT, LOWER, OFFICE, PRIMARY, SCHOOL, Someone, World, hire_homeroom, homeroom_line

SECOND, THIRD = UnitId("00031002"), UnitId("00031003")
PARTED: dict[str, Any] = {"schools": {SCHOOL: THIRD}, "archive": SECOND}
"""The office's one school goes to the third commune, everything else to the second."""


def commune(world: World, id_: UnitId) -> UnitId:
    world.add_unit(id_, "commune", f"UBND xã {id_[-1]}", world.root)
    world.give_authority(id_, world.root, levels=frozenset({PRIMARY, LOWER}))
    world.appoint_head(f"head:{id_}", id_, "commune_chair", world.root)
    return id_


@pytest.fixture
def three(school_world: World) -> tuple[World, Someone, Grant]:
    """Two more communes, and a teacher of the first one's school."""
    world = school_world
    commune(world, SECOND)
    commune(world, THIRD)
    teacher = hire_homeroom(world)
    grant = world.hand_over(SCHOOL, teacher, homeroom_line(world, teacher)).grants[0]
    world.clock.forward(minutes=1)
    return world, teacher, grant


def dissolve(world: World, **more: Any) -> Succession:
    return succession.succeed_unit(
        world.services,
        world.admins[DEPARTMENT],
        predecessor=OFFICE,
        successor=SECOND,
        basis="NQ 02/NQ",
        on=world.clock.now.date(),
        **more,
    )


@pytest.mark.parametrize("position", ["commune_chair", "level_officer"])
def test_people_of_a_dissolved_office_are_given_duties_elsewhere(
    three: tuple[World, Someone, Grant], position: str
) -> None:
    """What the end of their last duty leaves behind, its successor has by now."""
    world = three[0]
    officer = world.hire("xã", OFFICE, "level_officer", OFFICE, levels=frozenset({LOWER}))
    world.clock.forward(minutes=1)
    dissolve(world)
    world.clock.forward(days=1)
    who = officer if position == "level_officer" else world.people[f"head:{OFFICE}"]
    world.assign(who.person, SCHOOL, "clerk", SCHOOL)
    with world.services.db.read(world.register) as reader:
        [case] = reader.find(LeavingCase, person=who.person)
    assert case.unit == (SECOND if position == "level_officer" else world.root)


def manager_of_authority(world: World, id_: str) -> UnitId:
    with world.services.db.read(world.register) as reader:
        chain = Gatherer(reader).chain_of_authority(world.get(Authority, id_).id, world.clock.now)
    return chain[1].unit


def held_by(world: World, unit: UnitId) -> Authority:
    with world.services.db.read(world.register) as reader:
        return max(reader.find(Authority, unit=unit), key=lambda a: a.valid_from)


def test_a_successor_does_not_receive_schools_that_another_commune_manages(
    three: tuple[World, Someone, Grant],
) -> None:
    """The school moved to the third commune; then its old one is dissolved into the second."""
    world, teacher, grant = three
    moving.change_manager(
        world.services, world.admins[DEPARTMENT], unit=SCHOOL, manager=THIRD, basis="NQ 01/NQ", on=date(2026, 9, 1)
    )
    world.clock.now = start_of_day(date(2026, 9, 1)) + timedelta(hours=9)
    dissolve(world)
    assert manager_of_authority(world, grant.authority) == THIRD
    heir = held_by(world, SECOND)
    delegation.suspend(
        world.services,
        world.admins[DEPARTMENT],
        kind=SuspendableKind.AUTHORITY,
        target=heir.id,
        reason="rà soát",
    )
    assert world.ask(teacher)
    delegation.withdraw_authority(world.services, world.admins[DEPARTMENT], heir.id)
    assert world.ask(teacher)
    with world.refuses(Refusal.NOT_FOUND):
        delegation.revoke_grant(world.services, world.admins[SECOND], grant.id, reason="thu hồi")


def test_a_divided_office_passes_each_school_to_the_one_that_is_named(three: tuple[World, Someone, Grant]) -> None:
    world, teacher, grant = three
    dissolve(world, **PARTED)
    assert manager_of_authority(world, grant.authority) == THIRD
    assert world.ask(teacher)
    with world.refuses(Refusal.NOT_FOUND):
        delegation.withdraw_authority(world.services, world.admins[SECOND], grant.authority)
    delegation.withdraw_authority(world.services, world.admins[THIRD], grant.authority)
    assert not world.ask(teacher)


def test_what_has_no_one_successor_is_listed_and_nothing_happens(three: tuple[World, Someone, Grant]) -> None:
    """A school that the office does not manage; and a school's classes of a level that its successor lacks."""
    world, _, _ = three
    stranger = world.add_unit("0003109", "school", "Trường Tiểu học Thử", THIRD, PRIMARY)
    with world.refuses(Refusal.SUCCESSOR_MISSING):
        dissolve(world, schools={stranger: THIRD}, archive=SECOND)
    other = world.add_unit("0003108", "school", "Trường Tiểu học Hai", OFFICE, PRIMARY)
    with world.refuses(Refusal.SUCCESSOR_MISSING):
        succession.succeed_unit(
            world.services,
            world.admins[OFFICE],
            predecessor=SCHOOL,
            successor=other,
            basis="NQ 02/NQ",
            on=world.clock.now.date(),
        )


def test_it_is_asked_first_what_a_succession_would_end(three: tuple[World, Someone, Grant]) -> None:
    world, _, _ = three
    officer = world.hire("phụ trách", OFFICE, "level_officer", OFFICE, levels=frozenset({LOWER}))
    line = EnteredLine(
        "level_officer", officer.duty, Scope(unit=OFFICE, levels=frozenset({LOWER})), world.clock.now
    )
    staff = world.hand_over(OFFICE, officer, line).grants[0]
    told = rehearse(
        world.services,
        lambda s: succession.succeed_unit(
            s,
            world.admins[DEPARTMENT],
            predecessor=OFFICE,
            successor=SECOND,
            basis="NQ 02/NQ",
            on=world.clock.now.date(),
        ),
    )
    assert staff.id in told.ending("grant.end")
    assert world.ask(officer)


def waiting_minutes(world: World) -> Document:
    """The office hands the school's head a right, and has signed; the head has not."""
    principal = world.people[f"head:{SCHOOL}"]
    line = EnteredLine("principal", principal.duty, Scope(unit=SCHOOL), world.clock.now)
    document = world.propose(OFFICE, principal, line).document
    return world.sign(world.people[f"head:{OFFICE}"], document.id).document


def lines(world: World, document: str) -> list[Grant]:
    with world.services.db.read(world.register) as reader:
        return reader.find(Grant, document=document)


def unsigned_commitments(world: World, who: Someone, unit: UnitId) -> list[Document]:
    """What the person still has to promise to that unit."""
    with world.services.db.read(world.register) as reader:
        held = reader.find(Document, receiver=who.person, unit=unit, kind=str(DocumentKind.COMMITMENT))
    return [d for d in held if d.state is DocumentState.AWAITING_RECEIVER]


@pytest.mark.parametrize("heir", [SECOND, THIRD])
def test_an_open_paper_passes_to_the_unit_that_manages_the_school_from_that_day(
    three: tuple[World, Someone, Grant], heir: UnitId
) -> None:
    """As a draft in the heir's name, that nobody has signed; what both then sign there is in force."""
    world, _, _ = three
    waiting = waiting_minutes(world)
    dissolve(world, **({} if heir == SECOND else PARTED))
    passed = world.get(Document, waiting.id)
    assert (passed.unit, passed.state, passed.version) == (heir, DocumentState.DRAFT, waiting.version + 1)
    assert f'"unit":"{heir}"' in passed.content
    [line] = lines(world, waiting.id)
    assert (line.unit, world.get(Authority, line.authority).unit, line.ended_at) == (heir, heir, None)
    with world.refuses(Refusal.NOT_FOUND):
        documents.submit(world.services, world.admins[THIRD if heir == SECOND else SECOND], waiting.id)
    principal = world.people[f"head:{SCHOOL}"]
    documents.submit(world.services, world.admins[heir], waiting.id)
    world.sign(world.people[f"head:{heir}"], waiting.id)
    world.sign(principal, waiting.id)
    for paper in unsigned_commitments(world, principal, heir):
        world.sign(principal, paper.id)
    assert world.get(Grant, line.id).activated_at is not None
    world.clock.forward(minutes=1)
    assert world.ask(principal, category="CLS")


def staff_minutes(world: World) -> Prepared:
    """The office's own officer is to be handed a right."""
    officer = world.hire("phụ trách", OFFICE, "level_officer", OFFICE, levels=frozenset({LOWER}))
    line = EnteredLine(
        "level_officer", officer.duty, Scope(unit=OFFICE, levels=frozenset({LOWER})), world.clock.now
    )
    return world.propose(OFFICE, officer, line)


def test_an_open_paper_about_the_offices_own_staff_is_over_with_their_duties(
    three: tuple[World, Someone, Grant],
) -> None:
    world, _, _ = three
    waiting = staff_minutes(world).document
    dissolve(world)
    paper = world.get(Document, waiting.id)
    assert (paper.state, paper.kept_by) == (DocumentState.CANCELLED, SECOND)


def test_an_open_paper_that_would_have_two_heirs_is_listed_and_nothing_happens(
    three: tuple[World, Someone, Grant],
) -> None:
    """An inspection of two schools that part: nobody is above both any more. Asked first, it is the same."""
    world, _, _ = three
    stays = world.add_unit("0003108", "school", "Trường Tiểu học Hai", OFFICE, PRIMARY)
    inspector = world.hire("kiểm tra", OFFICE, "level_officer", OFFICE, levels=frozenset({LOWER}))
    team = inspection.Team(
        number="",
        dated=world.clock.now.date(),
        units=frozenset({SCHOOL, stays}),
        members=frozenset({inspector.person}),
        content="Kiểm tra",
        valid_from=world.clock.now,
        valid_to=world.clock.now + timedelta(days=10),
    )
    decision = inspection.propose_inspection(world.services, world.admins[OFFICE], team)
    for act in (
        lambda: dissolve(world, **PARTED),
        lambda: rehearse(world.services, lambda s: dissolve(replace(world, services=s), **PARTED)),
    ):
        with pytest.raises(RefusedError) as refused:
            act()
        assert refused.value.code is Refusal.SUCCESSOR_MISSING
        assert refused.value.details["missing"] == [f"paper {decision.id}"]
    dissolve(world)
    assert world.get(Document, decision.id).unit == SECOND


def test_a_divided_office_names_who_keeps_the_archive(three: tuple[World, Someone, Grant]) -> None:
    """(H) Papers of one unit go with it; the rest to the one that is named; the others read and touch nothing."""
    world, _, _ = three
    officer = world.hire("phụ trách", OFFICE, "level_officer", OFFICE, levels=frozenset({LOWER}))
    line = EnteredLine(
        "level_officer", officer.duty, Scope(unit=OFFICE, levels=frozenset({LOWER})), world.clock.now
    )
    staff = world.hand_over(OFFICE, officer, line).document
    principal = world.people[f"head:{SCHOOL}"]
    given = EnteredLine("principal", principal.duty, Scope(unit=SCHOOL), world.clock.now)
    head = world.hand_over(OFFICE, principal, given).document
    with pytest.raises(RefusedError) as refused:
        dissolve(world, schools={SCHOOL: THIRD})
    assert refused.value.details["missing"] == ["archive"]
    with world.refuses(Refusal.INVALID):
        dissolve(world, schools={SCHOOL: THIRD}, archive=SCHOOL)
    world.clock.forward(minutes=1)
    dissolve(world, **PARTED)
    assert world.get(Document, staff.id).kept_by == SECOND
    assert world.get(Document, head.id).kept_by == THIRD
    for heir in (SECOND, THIRD):
        for paper in (staff, head):
            assert (
                reading_papers.read_document(world.services, world.admins[heir], paper.id).document.id == paper.id
            )
        listed = reading_papers.documents_of(world.services, world.admins[heir], OFFICE, None)
        assert {staff.id, head.id} <= {d.id for d, _ in listed}
    with world.refuses(Refusal.NOT_FOUND):
        reading_papers.read_document(world.services, world.admins[SCHOOL], staff.id)
    for reader, paper in ((SECOND, head), (THIRD, staff)):
        with pytest.raises(RefusedError):
            documents.withdraw(world.services, world.admins[reader], paper.id, reason="thu hồi")
    assert world.ask(principal, category="CLS")
    documents.withdraw(world.services, world.admins[THIRD], head.id, reason="thu hồi")
    assert not world.ask(principal, category="CLS")


def test_what_a_dissolved_office_handed_over_is_handed_back_to_its_successor(
    three: tuple[World, Someone, Grant],
) -> None:
    """(12) Whoever has to hand back is not left with an office that is over."""
    world, _, _ = three
    principal = world.people[f"head:{SCHOOL}"]
    given = EnteredLine("principal", principal.duty, Scope(unit=SCHOOL), world.clock.now)
    handed = world.hand_over(OFFICE, principal, given).document
    world.clock.forward(minutes=1)
    dissolve(world)
    minutes = returns.hand_back(world.services, principal.caller, OFFICE)
    assert (minutes.unit, minutes.kept_by) == (OFFICE, SECOND)
    world.sign(principal, minutes.id)
    world.sign(world.people[f"head:{SECOND}"], minutes.id)
    assert world.get(Document, minutes.id).state is DocumentState.SIGNED
    assert world.get(Document, handed.id).state is DocumentState.HANDED_BACK


@pytest.mark.parametrize("heir", [SECOND, THIRD])
def test_an_open_return_and_its_case_pass_to_the_heir_of_the_school(
    three: tuple[World, Someone, Grant], heir: UnitId
) -> None:
    world, _, _ = three
    principal = world.people[f"head:{SCHOOL}"]
    given = EnteredLine("principal", principal.duty, Scope(unit=SCHOOL), world.clock.now)
    world.hand_over(OFFICE, principal, given)
    world.clock.forward(minutes=1)
    tomorrow = world.clock.now.date() + timedelta(days=1)
    case = leaving.end_duty(
        world.services, world.admins[OFFICE], principal.duty, on=tomorrow, decision_number="06/QĐ"
    )
    minutes = returns.hand_back(world.services, principal.caller, OFFICE)
    dissolve(world, **({} if heir == SECOND else PARTED))
    assert world.get(Document, minutes.id).unit == heir
    world.sign(principal, minutes.id)
    world.sign(world.people[f"head:{heir}"], minutes.id)
    closed = world.get(LeavingCase, case.id)
    assert (closed.unit, closed.document) == (heir, minutes.id)


def test_the_archive_passes_on_when_its_keeper_is_dissolved_too(three: tuple[World, Someone, Grant]) -> None:
    world, _, _ = three
    staff = staff_minutes(world).document
    dissolve(world)
    world.clock.forward(days=1)
    succession.succeed_unit(
        world.services,
        world.admins[DEPARTMENT],
        predecessor=SECOND,
        successor=THIRD,
        basis="NQ 03/NQ",
        on=world.clock.now.date(),
    )
    assert world.get(Document, staff.id).kept_by == THIRD
    read = reading_papers.read_document(world.services, world.admins[THIRD], staff.id)
    assert read.document.id == staff.id


@pytest.mark.parametrize("heir", [SECOND, THIRD])
def test_an_explanation_names_the_old_unit_the_new_one_and_the_paper(
    three: tuple[World, Someone, Grant], heir: UnitId
) -> None:
    """Also where the school went to another unit than the office's successor."""
    from access_service.live.gathered import LockIndex, Reading
    from access_service.usecases.evidence.explain import explain_decision

    world, teacher, grant = three
    dissolve(world, **({} if heir == SECOND else PARTED))
    decision = world.ask(teacher)
    request = AccessRequest(
        account=teacher.account,
        action="read",
        resource_type="class",
        resource_id="0003101:2026-2027:6A",
        category="STU-ID",
    )
    with world.services.db.read(world.register) as reader:
        reading = Reading(reader, world.clock.now, LockIndex())
        found = explain_decision(reading, request, decision, revision=world.revision, at=None)
    passages = {(p.from_unit, p.to_unit, p.basis) for a in found.authorities for p in a.passed}
    assert passages == {(OFFICE, heir, "NQ 02/NQ")}
    assert [a.unit for a in found.authorities] == [SCHOOL, heir, DEPARTMENT]
    assert grant.authority == found.authorities[0].id
