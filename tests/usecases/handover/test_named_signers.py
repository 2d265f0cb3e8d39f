"""A paper names who signs it: the head, or whoever was named before anybody signed."""

from __future__ import annotations

import json
from datetime import date

import pytest

from access_service.domain import turns
from access_service.domain.documents import Document
from access_service.domain.names import Capacity, DocumentState
from access_service.domain.org import Person
from access_service.domain.printing import Print
from access_service.domain.reasons import Refusal
from access_service.usecases import paper_pages
from access_service.usecases.evidence import reading_papers
from access_service.usecases.handover import composing, naming, software_letters
from access_service.usecases.organisation import leaving
from world import OFFICE, SCHOOL, Someone, World, hire_homeroom, homeroom_line


def words(world: World, document: Document) -> Print:
    seen = reading_papers.read_document(world.services, world.admins[SCHOOL], document.id)
    assert seen.printed is not None
    assert seen.printed.body is not None
    return Print.read(json.loads(seen.printed.body))


def waiting(world: World) -> tuple[Someone, Someone, Document]:
    """A deputy, a teacher, and minutes that name the head."""
    deputy = world.hire("phó", SCHOOL, "vice_principal", SCHOOL)
    teacher = hire_homeroom(world)
    return deputy, teacher, world.propose(SCHOOL, teacher, homeroom_line(world, teacher)).document


def test_a_deputy_is_named_below_the_head_that_they_sign_for(school_world: World) -> None:
    world = school_world
    deputy, teacher, paper = waiting(world)
    named = naming.name_signer(world.services, world.admins[SCHOOL], paper.id, deputy.person)
    assert (named.version, named.number) == (2, paper.number)
    assert json.loads(named.content)["signer"] == deputy.person
    printed = words(world, named)
    assert printed.giver is not None
    assert (printed.giver.name, printed.giver.position) == ("Người Thử phó", "Phó Hiệu trưởng, ký thay Hiệu trưởng")
    assert printed.signers[0].over == ("KT. HIỆU TRƯỞNG", "PHÓ HIỆU TRƯỞNG")
    # What the head saw is no more what is signed.
    with world.refuses(Refusal.NOT_FOUND):
        naming.name_signer(world.services, teacher.caller, "doc_none", deputy.person)  # type: ignore[arg-type]
    world.sign(deputy, paper.id)


def test_nobody_signs_for_the_office_but_the_one_whom_the_paper_names(school_world: World) -> None:
    """A deputy signs what names the head no more: the office, or they themselves, name them on it first."""
    world = school_world
    deputy, _, paper = waiting(world)
    with world.refuses(Refusal.SIGNER_NOT_NAMED):
        world.sign(deputy, paper.id)
    assert world.get(Document, paper.id).state is DocumentState.AWAITING_GIVER
    naming.name_signer(world.services, deputy.caller, paper.id, deputy.person)
    with world.refuses(Refusal.SIGNER_NOT_NAMED):
        world.sign(world.head_of(SCHOOL), paper.id)
    assert world.sign(deputy, paper.id).signature.capacity is Capacity.DEPUTY


def test_a_paper_that_names_nobody_is_signed_by_nobody(
    school_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was composed on a day on which the office had no leader: whoever leads it now is named on it first."""
    world = school_world
    head, teacher = world.head_of(SCHOOL), hire_homeroom(world)
    with monkeypatch.context() as nobody_leads:
        nobody_leads.setattr(composing, "find_office_signer", lambda *_: None)
        paper = world.propose(SCHOOL, teacher, homeroom_line(world, teacher)).document
    with world.refuses(Refusal.SIGNER_NOT_NAMED):
        world.sign(head, paper.id)
    world.name(head, paper.id)
    world.sign(head, paper.id)


def test_whoever_signed_stands_below_their_signature_whom_the_paper_names(
    school_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before papers held signers to the name on them a deputy signed: the page does not say that the head did."""
    world = school_world
    deputy, teacher, paper = waiting(world)
    monkeypatch.setattr(turns, "check_named", lambda *_: None)
    monkeypatch.setattr(turns, "check_capacity_named", lambda *_: None)
    world.sign(deputy, paper.id)
    page = paper_pages.show_html(world.services, teacher.caller, paper.id)
    places = page[page.index('class="signers"') :]
    assert world.get(Person, deputy.person).name in places
    assert world.get(Person, world.head_of(SCHOOL).person).name not in places
    assert "(KT.)" in places


def test_a_signed_version_names_nobody_else(school_world: World) -> None:
    world = school_world
    deputy, _, paper = waiting(world)
    world.sign(world.head_of(SCHOOL), paper.id)
    with world.refuses(Refusal.DOCUMENT_STATE):
        naming.name_signer(world.services, world.admins[SCHOOL], paper.id, deputy.person)


def test_a_paper_names_nobody_who_could_not_sign_it(school_world: World) -> None:
    world = school_world
    _, teacher, paper = waiting(world)
    with world.refuses(Refusal.SIGNER_NOT_LEADER):
        naming.name_signer(world.services, world.admins[SCHOOL], paper.id, teacher.person)


def test_a_receiver_names_nobody(school_world: World) -> None:
    world = school_world
    deputy, teacher, paper = waiting(world)
    with world.refuses(Refusal.FORBIDDEN):
        naming.name_signer(world.services, teacher.caller, paper.id, deputy.person)


def test_a_deputy_who_heads_the_unit_by_now_is_named_anew(school_world: World) -> None:
    """The paper says KT.; what is signed would say that the head did."""
    world = school_world
    deputy, _, paper = waiting(world)
    world.name(deputy, paper.id)
    with world.refuses(Refusal.SIGNER_NO_CAPACITY):
        world.sign(deputy, paper.id, Capacity.HEAD)
    head = world.head_of(SCHOOL)
    leaving.end_duty(world.services, world.admins[OFFICE], head.duty, on=date(2026, 8, 20), decision_number="06/QĐ")
    world.assign(deputy.person, SCHOOL, "principal", OFFICE)
    with world.refuses(Refusal.SIGNER_NOT_NAMED):
        world.sign(deputy, paper.id)
    named = naming.name_signer(world.services, deputy.caller, paper.id, deputy.person)
    assert words(world, named).signers[0].over == ("HIỆU TRƯỞNG",)
    assert world.sign(deputy, paper.id).signature.capacity is Capacity.HEAD


def test_a_deputy_signs_the_form_that_prints_no_capacity(school_world: World) -> None:
    world = school_world
    deputy = world.hire("phó", SCHOOL, "vice_principal", SCHOOL)
    report = software_letters.propose_report(world.services, world.admins[SCHOOL], SCHOOL)
    world.name(deputy, report.id)
    assert world.sign(deputy, report.id).signature.capacity is Capacity.DEPUTY
