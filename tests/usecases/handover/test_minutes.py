"""Minutes: draft, submit, return, decline, cancel; what each leaves behind."""

from __future__ import annotations

from datetime import date

from access_service.domain.delegation import Grant
from access_service.domain.documents import Document
from access_service.domain.errors import RefusedError
from access_service.domain.names import DocumentState, GrantEnd
from access_service.domain.reasons import Refusal
from access_service.signing.canonical import sha256_hex
from access_service.usecases import paper_pages
from access_service.usecases.handover import documents, signatures
from access_service.usecases.handover.signatures import Presented
from world import PASSWORD, SCHOOL, Someone, World, hire_homeroom, homeroom_line


def draft(world: World) -> tuple[Someone, Document]:
    teacher = hire_homeroom(world)
    prepared = documents.propose_handover(
        world.services,
        world.admins[SCHOOL],
        unit=SCHOOL,
        receiver=teacher.person,
        number="",
        dated=date(2026, 8, 20),
        lines=[homeroom_line(world, teacher)],
        is_draft=True,
    )
    return teacher, prepared.document


def test_a_draft_waits_for_nobody_until_it_is_submitted(school_world: World) -> None:
    world = school_world
    _, document = draft(world)
    head = world.people[f"head:{SCHOOL}"]
    with world.refuses(Refusal.DOCUMENT_STATE):
        world.sign(head, document.id)
    submitted = documents.submit(world.services, world.admins[SCHOOL], document.id)
    assert submitted.state is DocumentState.AWAITING_GIVER
    with world.refuses(Refusal.DOCUMENT_STATE):
        documents.submit(world.services, world.admins[SCHOOL], document.id)


def test_who_was_shown_the_draft_has_not_seen_what_was_submitted(school_world: World) -> None:
    """(5) The number, and whatever changed in the register since, stand in words that nobody has read yet."""
    world = school_world
    _, document = draft(world)
    head = world.people[f"head:{SCHOOL}"]
    paper_pages.show_html(world.services, head.caller, document.id)
    submitted = documents.submit(world.services, world.admins[SCHOOL], document.id)
    assert submitted.sha256 != document.sha256
    item = Presented(submitted.id, submitted.version, submitted.sha256)
    [answer] = signatures.sign_batch(world.services, head.caller, PASSWORD, [item])
    assert isinstance(answer, RefusedError)
    assert answer.code is Refusal.NOT_SHOWN


def test_the_hash_is_that_of_the_content_and_the_content_names_no_one(school_world: World) -> None:
    world = school_world
    _, document = draft(world)
    assert sha256_hex(document.content.encode()) == document.sha256
    assert "Người Thử" not in document.content


def test_a_declined_document_is_final(school_world: World) -> None:
    world = school_world
    teacher = hire_homeroom(world)
    prepared = world.propose(SCHOOL, teacher, homeroom_line(world, teacher))
    with world.refuses(Refusal.DOCUMENT_STATE):
        documents.decline(world.services, teacher.caller, prepared.document.id, reason="chưa tới lượt")
    world.sign(world.people[f"head:{SCHOOL}"], prepared.document.id)
    documents.decline(world.services, teacher.caller, prepared.document.id, reason="không nhận")
    assert world.get(Grant, prepared.grants[0].id).ended_as is GrantEnd.CANCELLED
    with world.refuses(Refusal.DOCUMENT_STATE):
        world.sign(teacher, prepared.document.id)


def test_only_the_givers_office_cancels(school_world: World) -> None:
    world = school_world
    teacher = hire_homeroom(world)
    prepared = world.propose(SCHOOL, teacher, homeroom_line(world, teacher))
    with world.refuses(Refusal.FORBIDDEN):
        documents.cancel(world.services, teacher.caller, prepared.document.id, reason="thôi")
    cancelled = documents.cancel(world.services, world.admins[SCHOOL], prepared.document.id, reason="lập sai")
    assert cancelled.state is DocumentState.CANCELLED
    assert world.get(Grant, prepared.grants[0].id).ended_at == world.clock.now


def test_a_second_commitment_is_not_prepared_while_one_waits(school_world: World) -> None:
    world = school_world
    teacher = hire_homeroom(world)
    assert documents.prepare_commitment(world.services, teacher.caller, SCHOOL).receiver == teacher.person
    with world.refuses(Refusal.DUPLICATE):
        documents.prepare_commitment(world.services, teacher.caller, SCHOOL)
