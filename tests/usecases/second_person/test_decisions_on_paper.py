"""What an officer prepares about somebody who signs is a decision that one of the leadership signs (A1)."""

from __future__ import annotations

import json
from datetime import date

from access_service.domain.documents import Document, Signature
from access_service.domain.names import DocumentState, PersonId
from access_service.domain.org import Assignment
from access_service.domain.printing import Print
from access_service.domain.reasons import Refusal
from access_service.domain.waiting import WaitingAct
from access_service.usecases.evidence import reading_papers
from access_service.usecases.handover import documents
from access_service.usecases.handover.assignment_papers import decision_of
from access_service.usecases.organisation import org
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
        documents.submit(world.services, officer, draft)
    with world.refuses(Refusal.DOCUMENT_STATE):
        documents.cancel(world.services, officer, draft, reason="thôi")
    with world.refuses(Refusal.DOCUMENT_STATE):
        documents.revise(world.services, officer, draft, number="", dated=date(2026, 8, 20), version=1)
    confirming.confirm(world.services, world.head_of(OFFICE).caller, waits.id)
    assert world.get(Document, draft).state is DocumentState.SIGNED
