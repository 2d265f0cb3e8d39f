"""Rule 5: paper first."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from access_service.domain.delegation import Grant
from access_service.domain.documents import Document
from access_service.domain.names import Capacity, DocumentKind, DocumentState, SuspendableKind
from access_service.domain.reasons import Reason, Refusal
from access_service.usecases.handover import delegation, documents
from access_service.usecases.services import Services
from world import (
    CLASS_6A,
    OFFICE,
    SCHOOL,
    Clock,
    World,
    found,
    hire_homeroom,
    homeroom_line,
    pack_variant,
    with_school,
)

NEW_TEXT = datetime(2026, 10, 1, tzinfo=UTC) - timedelta(hours=7)
TWO_TEXTS = """
[signing]
capacities = ["head", "Q.", "KT."]
article = "default"

[[commitments]]
version = "2"
effective_from = 2026-10-01T00:00:00+07:00
resign_within_days = 10
vi = "Tôi cam kết giữ bí mật dữ liệu (bản 2)."
article = "default"
"""


@pytest.fixture
def two_texts(services: Services, clock: Clock, tmp_path: Path) -> World:
    """A world whose pack has a second commitment text from 1 October 2026, to be signed again within ten days."""
    policy = pack_variant(tmp_path, "thu", TWO_TEXTS)
    return with_school(found(services, clock, pack="thu", policy=policy))


def test_paper_first(school_world: World) -> None:
    """Each missing paper names its reason; with the last signature, and not before, the grant is effective."""
    world = school_world
    teacher = hire_homeroom(world)
    prepared = world.propose(SCHOOL, teacher, homeroom_line(world, teacher))
    assert prepared.commitment is not None
    assert world.why(teacher) is Reason.MINUTES_UNSIGNED
    world.sign(world.people[f"head:{SCHOOL}"], prepared.document.id)
    assert world.why(teacher) is Reason.MINUTES_UNSIGNED
    assert world.sign(teacher, prepared.document.id).activated == ()
    assert world.why(teacher) is Reason.COMMITMENT_MISSING
    world.clock.forward(minutes=3)
    assert world.sign(teacher, prepared.commitment.id).activated == (prepared.grants[0].id,)
    assert world.ask(teacher)
    assert world.get(Grant, prepared.grants[0].id).activated_at == world.clock.now


def test_the_order_of_signatures_is_that_of_the_paper(school_world: World) -> None:
    world = school_world
    teacher = hire_homeroom(world)
    prepared = world.propose(SCHOOL, teacher, homeroom_line(world, teacher))
    with world.refuses(Refusal.SELF_SERVICE):
        world.sign(teacher, prepared.document.id)
    world.sign(world.people[f"head:{SCHOOL}"], prepared.document.id)
    with world.refuses(Refusal.SIGNED_ALREADY):
        world.sign(world.people[f"head:{SCHOOL}"], prepared.document.id)


def test_a_grant_begins_with_the_latest_of_start_signature_and_record(school_world: World) -> None:
    world = school_world
    early, late = hire_homeroom(world), world.clock.now + timedelta(days=5)
    line = homeroom_line(world, early)
    world.hand_over(SCHOOL, early, documents.EnteredLine(line.role, line.assignment, line.scope, late))
    assert world.why(early) is Reason.NOT_YET_VALID
    assert world.why(early, at=late - timedelta(seconds=1)) is Reason.NOT_YET_VALID
    assert world.ask(early, at=late)


def test_recording_late_never_makes_a_past_decision_allowed(school_world: World) -> None:
    """Minutes that claim to begin last week bind from their last signature."""
    world = school_world
    week_ago = world.clock.now
    world.clock.forward(days=7)
    teacher = world.hire(
        "gvcn", SCHOOL, "homeroom", SCHOOL, classes=frozenset({(CLASS_6A, "")}), valid_from=week_ago
    )
    line = homeroom_line(world, teacher)
    world.hand_over(SCHOOL, teacher, documents.EnteredLine(line.role, line.assignment, line.scope, week_ago))
    for back in (timedelta(seconds=1), timedelta(days=3), timedelta(days=7)):
        assert not world.ask(teacher, at=world.clock.now - back)
    assert world.ask(teacher)


def test_withdrawn_minutes_stop_the_grant(school_world: World) -> None:
    world = school_world
    teacher = hire_homeroom(world)
    minutes = world.hand_over(SCHOOL, teacher, homeroom_line(world, teacher)).document
    before = world.clock.now
    world.clock.forward(minutes=1)
    documents.withdraw(world.services, world.admins[SCHOOL], minutes.id, reason="lập sai")
    assert world.why(teacher) is Reason.GRANT_ENDED
    assert world.ask(teacher, at=before)


def test_a_withdrawn_commitment_stops_every_grant_of_the_unit(school_world: World) -> None:
    """Without it the grants wait; a new commitment is due with the next minutes, and brings them back."""
    world = school_world
    teacher = hire_homeroom(world)
    commitment = world.hand_over(SCHOOL, teacher, homeroom_line(world, teacher)).commitment
    assert commitment is not None
    documents.withdraw(world.services, world.admins[OFFICE], commitment.id, reason="vi phạm cam kết")
    assert world.why(teacher) is Reason.COMMITMENT_MISSING
    again = world.propose(SCHOOL, teacher, homeroom_line(world, teacher))
    assert again.commitment is not None
    assert again.commitment.id != commitment.id
    with world.refuses(Refusal.FORBIDDEN):
        documents.withdraw(world.services, teacher.caller, again.commitment.id, reason="thôi")


def test_a_new_text_binds_new_grants_at_once_and_old_ones_after_the_period(two_texts: World) -> None:
    world = two_texts
    old, new = hire_homeroom(world), world.hire("giáo vụ", SCHOOL, "academic_registrar", SCHOOL)
    world.hand_over(SCHOOL, old, homeroom_line(world, old))
    first = documents.prepare_commitment(world.services, new.caller, SCHOOL)
    world.sign(new, first.id)
    assert world.ask(old, at=NEW_TEXT)
    assert world.ask(old, at=NEW_TEXT + timedelta(days=10, seconds=-1))
    assert world.why(old, at=NEW_TEXT + timedelta(days=10)) is Reason.COMMITMENT_OUTDATED
    # A grant that is signed after the new text took effect needs it at once.
    world.clock.now = NEW_TEXT + timedelta(hours=1)
    line = documents.EnteredLine("academic_registrar", new.duty, homeroom_line(world, old).scope, world.clock.now)
    prepared = world.propose(SCHOOL, new, line)
    assert prepared.commitment is not None
    assert prepared.commitment.text_version == "2"
    world.sign(world.people[f"head:{SCHOOL}"], prepared.document.id)
    world.sign(new, prepared.document.id)
    assert world.why(new) is Reason.COMMITMENT_OUTDATED
    world.sign(new, prepared.commitment.id)
    assert world.ask(new)
    again = documents.prepare_commitment(world.services, old.caller, SCHOOL)
    world.sign(old, again.id)
    assert world.ask(old, at=NEW_TEXT + timedelta(days=11))


@pytest.mark.parametrize(
    ("position", "capacity", "refusal"),
    [
        ("vice_principal", Capacity.DEPUTY, None),
        ("vice_principal", Capacity.HEAD, Refusal.SIGNER_NO_CAPACITY),
        ("vice_principal", Capacity.BY_ORDER, Refusal.SIGNER_NO_CAPACITY),
        ("clerk", None, Refusal.SIGNER_NOT_LEADER),
    ],
)
def test_the_giver_signs_in_a_capacity_on_file(
    school_world: World, position: str, capacity: Capacity | None, refusal: Refusal | None
) -> None:
    """KT. by a deputy with that assignment; nobody signs as what they are not."""
    world = school_world
    signer, teacher = world.hire("ký thay", SCHOOL, position, SCHOOL), hire_homeroom(world)
    document = world.propose(SCHOOL, teacher, homeroom_line(world, teacher)).document
    if refusal is not None:
        with world.refuses(refusal):
            world.sign(signer, document.id, capacity)
        return
    world.name(signer, document.id)
    signed = world.sign(signer, document.id, capacity)
    assert signed.signature.capacity is Capacity.DEPUTY
    assert signer.duty in (signed.signature.capacity_basis or "")
    assert signed.document.state is DocumentState.AWAITING_RECEIVER
    with world.services.db.read(world.register) as reader:
        assert reader.require(Document, document.id).kind is DocumentKind.HANDOVER_MINUTES


def test_every_condition_is_checked_again_at_activation(school_world: World) -> None:
    """The authority is suspended between the proposal and the last signature: nothing comes into force."""
    world = school_world
    teacher = hire_homeroom(world)
    prepared = world.propose(SCHOOL, teacher, homeroom_line(world, teacher))
    assert prepared.commitment is not None
    world.sign(world.people[f"head:{SCHOOL}"], prepared.document.id)
    world.sign(teacher, prepared.commitment.id)
    how = {"kind": SuspendableKind.AUTHORITY, "target": prepared.grants[0].authority}
    delegation.suspend(world.services, world.admins[OFFICE], reason="rà soát", **how)  # type: ignore[arg-type]
    with world.refuses(Refusal.SUSPENDED):
        world.sign(teacher, prepared.document.id)
    delegation.resume(world.services, world.admins[OFFICE], **how)  # type: ignore[arg-type]
    assert world.sign(teacher, prepared.document.id).activated


def test_an_unsigned_document_lapses(school_world: World) -> None:
    world = school_world
    teacher = hire_homeroom(world)
    document = world.propose(SCHOOL, teacher, homeroom_line(world, teacher)).document
    world.clock.forward(days=30, seconds=-1)
    world.sign(world.people[f"head:{SCHOOL}"], document.id)
    world.clock.forward(days=30)
    with world.refuses(Refusal.DOCUMENT_STATE):
        world.sign(teacher, document.id)
