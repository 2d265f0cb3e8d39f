"""What an officer prepares about somebody who signs is a decision that one of the leadership signs (A1)."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date

from access_service.domain.documents import Document, Signature
from access_service.domain.names import DocumentState, PersonId
from access_service.domain.org import Assignment
from access_service.domain.printing import Print
from access_service.domain.reasons import Refusal
from access_service.domain.waiting import Outcome, WaitingAct
from access_service.usecases.evidence import reading_papers
from access_service.usecases.handover import documents, naming
from access_service.usecases.handover.assignment_papers import decision_of
from access_service.usecases.organisation import leaving, org
from access_service.usecases.organisation.org import Duty
from access_service.usecases.second_person import confirming
from world import OFFICE, SCHOOL, World


def prepared(world: World) -> WaitingAct:
    """The commune's officer prepares a deputy of the school."""
    world.hand_to_officer(OFFICE)
    person = org.add_person(world.services, world.admins[OFFICE], name="Người Thử phó").id
    duty = Duty(
        person=person,
        unit=SCHOOL,
        position="vice_principal",
        decision_number="12/QĐ-UBND",
        decision_date=date(2026, 8, 18),
        valid_from=world.clock.now,
    )
    waits = org.assign_duty(world.services, world.admins[OFFICE], duty)
    assert isinstance(waits, WaitingAct)
    return waits


def words(world: World, waits: WaitingAct) -> Print:
    reader = world.head_of(OFFICE).caller
    printed = reading_papers.read_document(world.services, reader, decision_of(waits)).printed
    assert printed is not None
    assert printed.body is not None
    return Print.read(json.loads(printed.body))


def test_the_leadership_reads_the_decision_before_it_confirms(school_world: World) -> None:
    world = school_world
    waits = prepared(world)
    draft = world.get(Document, decision_of(waits))
    assert (draft.state, draft.number) == (DocumentState.DRAFT, "")
    printed = words(world, waits)
    assert printed.authority == "CHỦ TỊCH UBND XÃ THỬ"
    assert any("Quyết định số 12/QĐ-UBND ngày 18 tháng 8 năm 2026" in basis for basis in printed.bases)
    table = printed.sections[0].table
    assert table is not None
    assert table.rows[0][1:4] == ("Người Thử phó", "Phó Hiệu trưởng", "Trường THCS Thử")


def test_whoever_confirms_signs_it_and_the_duty_begins(school_world: World) -> None:
    world = school_world
    waits = prepared(world)
    head = world.head_of(OFFICE)
    done = confirming.confirm(world.services, head.caller, waits.id)
    signed = world.get(Document, decision_of(waits))
    assert signed.state is DocumentState.SIGNED
    assert signed.number.startswith("01/QĐ-")
    with world.services.db.read(world.register) as reader:
        [signature] = reader.find(Signature, document=signed.id)
        duty = reader.require(Assignment, done.result or "")
    assert (signature.person, signature.sha256) == (head.person, signed.sha256)
    assert json.loads(signed.content)["signer"] == head.person
    [line] = json.loads(signed.content)["duties"]
    assert (line["person"], line["position"]) == (duty.person, duty.position)
    assert words(world, waits).signers[0].over == ("CHỦ TỊCH",)


def test_a_session_of_before_the_appointment_confirms_nothing_without_a_factor(school_world: World) -> None:
    """(A8) The decision is signed for the office: a session opened now would ask for a second factor first."""
    world = school_world
    waits = prepared(world)
    deputy = world.hire("phó xã", OFFICE, "culture_social_head", OFFICE)
    session = world.sign_in("000.phó xã")
    assert session.due is None
    world.assign(deputy.person, OFFICE, "commune_deputy_chair", world.root)
    with world.refuses(Refusal.SECOND_FACTOR_DUE):
        confirming.confirm(world.services, session.caller, waits.id)
    confirming.confirm(world.services, world.enrol("000.phó xã").caller, waits.id)
    assert world.get(Document, decision_of(waits)).state is DocumentState.SIGNED


def test_what_was_declined_is_no_decision(school_world: World) -> None:
    world = school_world
    waits = prepared(world)
    confirming.decline(world.services, world.head_of(OFFICE).caller, waits.id)
    assert world.get(Document, decision_of(waits)).state is DocumentState.CANCELLED
    with world.refuses(Refusal.DOCUMENT_STATE):
        confirming.confirm(world.services, world.head_of(OFFICE).caller, waits.id)


def test_a_paper_that_is_signed_alone_appoints_nobody(school_world: World) -> None:
    world = school_world
    waits = prepared(world)
    person = PersonId(waits.person or "")
    with world.services.db.read(world.register) as reader:
        assert reader.find(Assignment, person=person) == []


def test_the_decision_that_waits_moves_only_with_its_act(school_world: World) -> None:
    world = school_world
    waits = prepared(world)
    draft, officer = decision_of(waits), world.admins[OFFICE]
    with world.refuses(Refusal.DOCUMENT_STATE):
        documents.cancel(world.services, officer, draft, reason="thôi")
    with world.refuses(Refusal.DOCUMENT_STATE):
        documents.revise(world.services, officer, draft, number="", dated=date(2026, 8, 20), version=1)
    submitted = documents.submit(world.services, officer, draft)
    with world.refuses(Refusal.DOCUMENT_STATE):
        documents.cancel(world.services, officer, draft, reason="thôi")
    with world.refuses(Refusal.DOCUMENT_STATE):
        documents.return_document(world.services, world.head_of(OFFICE).caller, draft, reason="thôi")
    confirming.decline(world.services, world.head_of(OFFICE).caller, waits.id)
    stands = world.get(Document, draft)
    assert (stands.state, stands.number) == (DocumentState.CANCELLED, submitted.number)


def test_whoever_signs_the_decision_as_any_paper_confirms_the_act(school_world: World) -> None:
    world = school_world
    waits = prepared(world)
    head, draft = world.head_of(OFFICE), decision_of(waits)
    submitted = documents.submit(world.services, world.admins[OFFICE], draft)
    assert (submitted.version, submitted.state) == (2, DocumentState.AWAITING_GIVER)
    assert submitted.number.startswith("01/QĐ-")
    with world.refuses(Refusal.NOT_SHOWN):
        confirming.confirm(world.services, head.caller, waits.id)
    signed = world.sign(head, draft)
    assert signed.document.state is DocumentState.SIGNED
    done = world.get(WaitingAct, waits.id)
    assert (done.outcome, done.ended_by) == (Outcome.CONFIRMED, head.person)
    assert world.get(Assignment, done.result or "").position == "vice_principal"
    with world.refuses(Refusal.DOCUMENT_STATE):
        confirming.confirm(world.services, head.caller, waits.id)


def test_a_decision_that_was_shown_is_signed_by_confirming_too(school_world: World) -> None:
    world = school_world
    waits = prepared(world)
    head, draft = world.head_of(OFFICE), decision_of(waits)
    documents.submit(world.services, head.caller, draft)
    world.show(head, draft)
    assert confirming.confirm(world.services, head.caller, waits.id).outcome is Outcome.CONFIRMED
    with world.services.db.read(world.register) as reader:
        [signature] = reader.find(Signature, document=draft)
    assert signature.how is not None
    assert (signature.how.auth, signature.version) == ("session", 2)
    assert signature.how.shown_at is not None


def test_nobody_signs_the_decision_that_they_prepared(school_world: World) -> None:
    """An officer who leads now signs it as little as they confirm it."""
    world = school_world
    waits = prepared(world)
    draft = decision_of(waits)
    documents.submit(world.services, world.admins[OFFICE], draft)
    officer = next(w for w in world.people.values() if w.person == waits.prepared_by)
    world.assign(officer.person, OFFICE, "commune_deputy_chair", world.root)
    naming.name_signer(world.services, world.head_of(OFFICE).caller, draft, officer.person)
    with world.refuses(Refusal.SELF_SERVICE):
        world.sign(officer, draft)


def test_a_decision_that_has_waited_too_long_appoints_nobody(school_world: World) -> None:
    world = school_world
    waits = prepared(world)
    world.clock.forward(days=20)
    documents.submit(world.services, world.head_of(OFFICE).caller, decision_of(waits))
    world.clock.now = waits.lapses_at
    head = replace(world.head_of(OFFICE), caller=world.enter(world.head_of(OFFICE).account))
    with world.refuses(Refusal.DOCUMENT_STATE):
        world.sign(head, decision_of(waits))


def test_a_release_that_an_officer_prepared_is_a_decision_too(school_world: World) -> None:
    world = school_world
    world.hand_to_officer(OFFICE)
    deputy = world.hire("phó", SCHOOL, "vice_principal", SCHOOL)
    waits = leaving.end_duty(
        world.services,
        world.admins[OFFICE],
        world.head_of(SCHOOL).duty,
        on=date(2026, 9, 1),
        decision_number="06/QĐ",
    )
    assert isinstance(waits, WaitingAct)
    draft = world.get(Document, decision_of(waits))
    printed = words(world, waits)
    assert printed.subject[0] == "Về việc thôi phân công phụ trách, quản lý, khai thác tài khoản"
    assert any("Quyết định số 06/QĐ" in basis for basis in printed.bases)
    assert "kể từ ngày 01/9/2026" in printed.sections[0].paragraphs[0]
    done = confirming.confirm(world.services, world.head_of(OFFICE).caller, waits.id)
    assert done.outcome is Outcome.CONFIRMED
    signed = world.get(Document, draft.id)
    assert (signed.state, signed.version) == (DocumentState.SIGNED, 2)
    [line] = json.loads(signed.content)["released"]
    assert (line["person"], line["valid_to"]) == (world.head_of(SCHOOL).person, "2026-09-01")
    assert world.get(Assignment, world.head_of(SCHOOL).duty).valid_to is not None
    assert deputy.person != line["person"]
