"""Members of an inspection without a duty in the register: their account inspects, and nothing else (ruling A4)."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from access_service.domain.access import AccessRequest
from access_service.domain.accounts import Account
from access_service.domain.delegation import Grant
from access_service.domain.documents import Document
from access_service.domain.errors import NotFoundError, RefusedError
from access_service.domain.inspecting import External
from access_service.domain.names import AccountId, AccountKind, DocumentId, DocumentState, PersonId, SuspendableKind
from access_service.domain.org import Person
from access_service.domain.papers import InspectionBody, read
from access_service.domain.reasons import Reason, Refusal
from access_service.live.decision_point import DecisionPoint
from access_service.rendering.sheets import NOTES
from access_service.usecases.evidence import reading, reading_papers
from access_service.usecases.evidence.explain import explain
from access_service.usecases.evidence.matrix import open_matrix, read_matrix
from access_service.usecases.evidence.matrix_values import Note
from access_service.usecases.handover import delegation, documents, inspection, returns, signatures
from access_service.usecases.handover.inspection import ExternalMember, Team
from access_service.usecases.identity import accounts, codes, recoveries, second_factor, sign_in
from access_service.usecases.organisation import leaving, org
from access_service.usecases.services import Caller
from world import LOWER, OFFICE, PASSWORD, SCHOOL, World, hire_homeroom, homeroom_line

POLICE = ExternalMember("Người Thử Công An", "Công an tỉnh thử nghiệm", "15/QĐ-CAT", "000.congan")


def team(world: World, *externals: ExternalMember, days: int = 10, **changes: object) -> Team:
    made = Team(
        number="",
        dated=date(2026, 8, 20),
        units=frozenset({SCHOOL}),
        members=frozenset(),
        content="Kiểm tra",
        valid_from=world.clock.now,
        valid_to=world.clock.now + timedelta(days=days),
        externals=externals or (POLICE,),
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def decided(world: World, wanted: Team) -> Document:
    document = inspection.propose_inspection(world.services, world.admins[OFFICE], wanted)
    world.sign(world.people[f"head:{OFFICE}"], document.id)
    return world.get(Document, document.id)


def external_of(document: Document) -> PersonId:
    [line] = read(document.content, InspectionBody).externals
    return line.member


def admitted(world: World, document: Document) -> Caller:
    person = external_of(document)
    issued = inspection.admit_external(world.services, world.admins[OFFICE], document.id, person)
    return world.enter(world.activate(issued.activation_code))


@pytest.fixture
def inspector(school_world: World) -> Caller:
    return admitted(school_world, decided(school_world, team(school_world)))


def test_a_member_from_outside_is_named_with_body_and_decision_and_reads_what_is_inspected(
    school_world: World,
) -> None:
    world = school_world
    document = decided(world, team(world))
    person = external_of(document)
    [line] = read(document.content, InspectionBody).externals
    assert (line.body, line.decision) == (POLICE.body, POLICE.decision)
    assert POLICE.name not in document.content, "ids and offices, no names"
    caller = admitted(world, document)
    assert (caller.kind, caller.person, caller.unit) == (AccountKind.INSPECTOR, person, OFFICE)
    question = AccessRequest(caller.account, "read", "unit", SCHOOL, category="ACC", unit=SCHOOL)
    point = DecisionPoint(world.services.db)
    explained = explain(point, world.register, question)
    assert explained.allowed
    assert explained.holder is not None
    assert explained.holder.name == POLICE.name
    assert explained.external is not None
    assert (explained.external.body, explained.external.decision) == (POLICE.body, POLICE.decision)
    assert world.why(caller.account) is Reason.ACTION_NOT_IN_ROLE or not world.ask(caller.account)
    with open_matrix(world.services, caller, SCHOOL) as matrix:
        [row] = [row for row in matrix.rows if row.account == caller.account]
    assert (row.person_name, row.account_kind) == (POLICE.name, AccountKind.INSPECTOR)
    assert row.position_vi == f"{POLICE.body}, {POLICE.decision}"
    assert Note.EXTERNAL in row.notes
    assert NOTES[Note.EXTERNAL]


def test_the_account_does_nothing_but_inspect(school_world: World, inspector: Caller) -> None:
    """Whatever act of the product it tries, and whatever it would read beyond what is inspected."""
    world, s = school_world, school_world.services
    teacher = hire_homeroom(world)
    minutes = world.propose(SCHOOL, teacher, homeroom_line(world, teacher)).document
    tries = [
        lambda: org.add_person(s, inspector, name="Người Thử"),
        lambda: documents.prepare_commitment(s, inspector, SCHOOL),
        lambda: documents.cancel(s, inspector, minutes.id, reason="x"),
        lambda: delegation.confirm_grants(s, inspector, SCHOOL),
        lambda: leaving.take_back_custody(s, inspector, SCHOOL),
        lambda: returns.hand_back(s, inspector, OFFICE, number="1", dated=date(2026, 8, 20)),
        lambda: inspection.propose_inspection(s, inspector, team(world)),
        lambda: recoveries.ask_recovery(s, inspector, teacher.account, password=PASSWORD),
        lambda: signatures.sign_batch(
            s, inspector, PASSWORD, [signatures.Presented(minutes.id, minutes.version, minutes.sha256)]
        ),
        lambda: codes.confirm_account(s, inspector, PASSWORD),
        lambda: accounts.issue_account(
            s, inspector, unit=SCHOOL, kind=AccountKind.USE, person=teacher.person, username="000.khác"
        ),
    ]
    for number, attempt in enumerate(tries):
        revision = world.revision
        with pytest.raises(RefusedError) as refused:
            attempt()
        assert refused.value.code in (Refusal.FORBIDDEN, Refusal.NOT_FOUND, Refusal.SECOND_FACTOR_DUE), number
        assert world.revision == revision
    for unit in (OFFICE, world.root):
        with pytest.raises((NotFoundError, RefusedError)), open_matrix(s, inspector, unit):
            pass
        with pytest.raises(NotFoundError):
            reading.read_unit(s, inspector, unit)
    with pytest.raises(NotFoundError):
        reading.read_account(s, inspector, teacher.account)
    # What is inspected is read, papers too; and the account is opened and closed by its holder.
    assert reading.read_unit(s, inspector, SCHOOL).unit.id == SCHOOL
    assert reading_papers.read_document(s, inspector, minutes.id).document.id == minutes.id
    assert reading.read_me(s, inspector).account.kind is AccountKind.INSPECTOR
    session = sign_in.sign_in(s, world.register, POLICE.username, PASSWORD, None).caller
    secret = second_factor.begin_totp(s, session, PASSWORD).secret
    assert secret
    sign_in.sign_out(s, session)


def test_the_account_lasts_from_the_first_day_to_the_last(school_world: World) -> None:
    world = school_world
    begins = world.clock.now + timedelta(days=2)
    caller = admitted(world, decided(world, team(world, valid_from=begins)))
    with pytest.raises((NotFoundError, RefusedError)), open_matrix(world.services, caller, SCHOOL):
        pass
    world.clock.now = begins
    with open_matrix(world.services, caller, SCHOOL) as matrix:
        assert list(matrix.rows)
    world.clock.now = begins + timedelta(days=8) - timedelta(seconds=1)
    assert world.enter(caller.account)
    world.clock.forward(seconds=1)
    with pytest.raises(RefusedError):
        world.enter(caller.account)
    with pytest.raises(RefusedError):
        world.sign_in(POLICE.username)
    with read_matrix(world.services.db, world.register, SCHOOL, at=begins) as matrix:
        assert [row.account for row in matrix.rows if Note.EXTERNAL in row.notes] == [caller.account]


def test_ending_the_inspection_closes_the_account(school_world: World) -> None:
    world = school_world
    document = decided(world, team(world))
    caller = admitted(world, document)
    world.clock.forward(hours=1)
    inspection.end_inspection(world.services, world.admins[OFFICE], document.id, reason="xong")
    assert world.get(Account, caller.account).valid_to == world.clock.now
    with pytest.raises(RefusedError):
        world.enter(caller.account)
    with world.refuses(Refusal.DOCUMENT_STATE):
        inspection.admit_external(world.services, world.admins[OFFICE], document.id, caller.person)


def test_the_code_is_the_deciding_units_to_give_once_the_head_has_signed(school_world: World) -> None:
    world = school_world
    document = inspection.propose_inspection(world.services, world.admins[OFFICE], team(world))
    person = external_of(document)
    assert document.state is DocumentState.AWAITING_GIVER

    def admit(by: Caller, id_: DocumentId = document.id, who: PersonId = person) -> AccountId:
        return inspection.admit_external(world.services, by, id_, who).account.id

    with world.refuses(Refusal.DOCUMENT_STATE):
        admit(world.admins[OFFICE])
    with world.services.db.read(world.register) as reader:
        assert reader.find(Account, person=person) == []
    world.sign(world.people[f"head:{OFFICE}"], document.id)
    for by in (world.admins[SCHOOL], world.people[f"head:{OFFICE}"].caller, world.admins[world.root]):
        with pytest.raises(RefusedError):
            admit(by)
    with world.refuses(Refusal.NOT_FOUND):
        admit(world.admins[OFFICE], who=PersonId("per_khác"))
    first = admit(world.admins[OFFICE])
    # Until it was used another one may be given; then never.
    issued = inspection.admit_external(world.services, world.admins[OFFICE], document.id, person)
    assert issued.account.id == first
    world.activate(issued.activation_code)
    with world.refuses(Refusal.DOCUMENT_STATE):
        admit(world.admins[OFFICE])


def test_a_member_from_outside_is_entered_whole_and_under_a_name_of_their_own(school_world: World) -> None:
    world = school_world

    def propose(*externals: ExternalMember) -> None:
        inspection.propose_inspection(world.services, world.admins[OFFICE], team(world, *externals))

    for wrong in (replace(POLICE, body=""), replace(POLICE, decision=""), replace(POLICE, username="a b\n")):
        with world.refuses(Refusal.INVALID):
            propose(wrong)
    for username in ("director.00031", "000.congan"):
        with world.refuses(Refusal.DUPLICATE):
            propose(POLICE, replace(POLICE, username=username))
    with world.refuses(Refusal.INVALID):
        inspection.propose_inspection(world.services, world.admins[OFFICE], team(world, externals=()))


def test_members_of_the_register_and_from_outside_inspect_together(school_world: World) -> None:
    """What the register's own members may not inspect is asked of them alone."""
    world = school_world
    officer = world.hire("kiểm tra", OFFICE, "level_officer", OFFICE, levels=frozenset({LOWER}))
    document = decided(world, team(world, members=frozenset({officer.person})))
    with world.services.db.read(world.register) as reader:
        held = {reader.require(Account, g.account).kind for g in reader.find(Grant, document=document.id)}
        [external] = reader.find(External, document=document.id)
        assert reader.require(Person, external.person).name == POLICE.name
    assert held == {AccountKind.USE, AccountKind.INSPECTOR}


def test_a_school_makes_no_member_unfit_and_gains_nothing_over_their_account(
    school_world: World, inspector: Caller
) -> None:
    """(A4) The inspected school gives the inspector a clerk's duty, and stops or recovers their account."""
    world = school_world
    world.assign(inspector.person, SCHOOL, "clerk", SCHOOL)
    with open_matrix(world.services, inspector, SCHOOL) as matrix:
        assert [row for row in matrix.rows if row.account == inspector.account and row.grant]
    with pytest.raises(RefusedError):
        delegation.suspend(
            world.services,
            world.admins[SCHOOL],
            kind=SuspendableKind.ACCOUNT,
            target=inspector.account,
            reason="x",
        )
    with pytest.raises(RefusedError):
        world.ask_recovery(world.admins[SCHOOL], inspector.account)
    asked = world.ask_recovery(world.admins[OFFICE], inspector.account)
    recoveries.approve_recovery(
        world.services, world.people["director"].caller, asked.recovery.id, password=PASSWORD
    )
    assert accounts.activate(world.services, asked.activation_code, "Mật khẩu khôi phục 1") == inspector.account
