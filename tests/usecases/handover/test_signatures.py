"""Signing in a batch: one re-authentication, every document answered separately."""

from __future__ import annotations

from dataclasses import replace

import pytest

from access_service.domain import turns
from access_service.domain.errors import RefusedError
from access_service.domain.names import DocumentId, DocumentState
from access_service.domain.reasons import Refusal
from access_service.domain.scope import Scope
from access_service.signing.documents import confirm
from access_service.usecases.handover import signatures
from access_service.usecases.handover.documents import EnteredLine
from access_service.usecases.handover.signatures import Presented, Signed
from world import PASSWORD, SCHOOL, World, hire_homeroom, homeroom_line


def test_each_document_of_a_batch_is_answered_by_itself(school_world: World) -> None:
    world = school_world
    teachers = [world.hire(f"dạy {n}", SCHOOL, "clerk", SCHOOL) for n in range(3)]
    lines = [EnteredLine("clerk", who.duty, Scope(unit=SCHOOL), world.clock.now) for who in teachers]
    papers = [world.propose(SCHOOL, who, line).document for who, line in zip(teachers, lines, strict=True)]
    shown = [Presented(p.id, p.version, p.sha256) for p in papers]
    for paper in papers:
        world.show(world.head_of(SCHOOL), paper.id)
    shown[1] = replace(shown[1], sha256="0" * 64)
    before = world.revision
    answers = signatures.sign_batch(world.services, world.people[f"head:{SCHOOL}"].caller, PASSWORD, shown)
    assert [getattr(a, "code", None) for a in answers] == [None, Refusal.DOCUMENT_CHANGED, None]
    assert world.revision == before + 2


def test_a_wrong_password_signs_nothing(school_world: World) -> None:
    world = school_world
    teacher = hire_homeroom(world)
    paper = world.propose(SCHOOL, teacher, homeroom_line(world, teacher)).document
    caller = world.sign_in(f"000.head:{SCHOOL}").caller
    shown = [Presented(paper.id, paper.version, paper.sha256)]
    for _ in range(5):
        with pytest.raises(RefusedError) as refused:
            signatures.sign_batch(world.services, caller, "sai mật khẩu 000", shown)
        assert refused.value.code is Refusal.CREDENTIALS_WRONG
    # They count towards lockout as those at the door do, and the session that they came from is over.
    [answer] = signatures.sign_batch(world.services, caller, PASSWORD, shown)
    assert isinstance(answer, RefusedError)
    assert answer.code is Refusal.NOT_AUTHENTICATED
    assert world.get(type(paper), paper.id).state is DocumentState.AWAITING_GIVER


def test_a_batch_is_bounded(school_world: World) -> None:
    world = school_world
    head = world.people[f"head:{SCHOOL}"].caller
    shown = [Presented(DocumentId(f"doc_{n}"), 1, "") for n in range(turns.MOST_AT_ONCE + 1)]
    with world.refuses(Refusal.BATCH_TOO_LARGE):
        signatures.sign_batch(world.services, head, PASSWORD, shown)
    with world.refuses(Refusal.INVALID):
        signatures.sign_batch(world.services, head, PASSWORD, [])


def test_the_confirmation_is_over_what_was_signed(school_world: World) -> None:
    world = school_world
    teacher = hire_homeroom(world)
    paper = world.propose(SCHOOL, teacher, homeroom_line(world, teacher)).document
    signed = world.sign(world.people[f"head:{SCHOOL}"], paper.id)
    assert isinstance(signed, Signed)
    seal, signature = world.services.seal, signed.signature
    assert confirm(seal, world.register, signature) == signature.confirmation
    assert confirm(seal, world.register, replace(signature, sha256="0" * 64)) != signature.confirmation
