"""What a person may do is said in sentences, with who allowed it, on which paper, and where it stands."""

from __future__ import annotations

import pytest

from access_service.domain.delegation import Grant
from access_service.domain.names import SuspendableKind
from access_service.domain.reasons import Refusal
from access_service.domain.rights_said import place_of, say_rights
from access_service.domain.scope import Scope
from access_service.usecases.evidence.rights import rights_of
from access_service.usecases.handover import delegation
from world import SCHOOL, Someone, World, hire_homeroom, homeroom_line


@pytest.fixture
def granted(school_world: World) -> tuple[World, Someone, Grant]:
    world = school_world
    teacher = hire_homeroom(world)
    grant = world.hand_over(SCHOOL, teacher, homeroom_line(world, teacher)).grants[0]
    world.clock.forward(minutes=1)
    return world, teacher, grant


def test_ones_own_rights_are_said_by_place_with_paper_and_signer(granted: tuple[World, Someone, Grant]) -> None:
    world, teacher, grant = granted
    found = rights_of(world.services, teacher.caller, teacher.person)
    [right] = found.rights
    assert (right.row.grant, right.row.state, right.place) == (grant.id, "effective", "Lớp 6A")
    assert all(said.text.startswith("Lớp 6A: ") for said in right.said)
    assert right.row.signer_name == "Người Thử head:00031001" or right.row.signer_name
    assert right.row.document == grant.document
    assert world.services.looks.take(None).looks == []


def test_every_sentence_is_what_a_decision_allows(granted: tuple[World, Someone, Grant]) -> None:
    """No second list of rights: what is said can be done, and what can be done is said."""
    world, teacher, _ = granted
    [right] = rights_of(world.services, teacher.caller, teacher.person).rights
    cells = {(r.category, a) for r in right.row.rights for a in r.actions}
    said = {(c, a) for s in right.said for c in s.categories for a in s.actions}
    assert len(said) == len(cells)
    allowed = {(c, a) for c, a in cells if world.ask(teacher, a, category=c)}
    assert ("STU-ID", "read") in allowed


def test_who_acts_for_the_unit_reads_them_and_the_log_says_so(granted: tuple[World, Someone, Grant]) -> None:
    world, teacher, _ = granted
    head = world.people[f"head:{SCHOOL}"]
    found = rights_of(world.services, head.caller, teacher.person)
    assert len(found.rights) == 1
    [look] = world.services.looks.take(None).looks
    assert (look.action, look.target, look.unit) == ("rights.read", teacher.person, SCHOOL)
    other = world.hire("nguoi khac", SCHOOL, "academic_registrar", SCHOOL)
    with world.refuses(Refusal.NOT_FOUND):
        rights_of(world.services, other.caller, teacher.person)


def test_a_past_day_and_what_was_known_then_are_asked_alike(granted: tuple[World, Someone, Grant]) -> None:
    world, teacher, grant = granted
    before, revision = world.clock.now, world.revision
    world.clock.forward(days=1)
    delegation.revoke_grant(world.services, world.admins[SCHOOL], grant.id, reason="thôi")
    assert rights_of(world.services, teacher.caller, teacher.person).rights == ()
    [ended] = rights_of(world.services, teacher.caller, teacher.person, include_ended=True).rights
    assert ended.row.state == "ended"
    assert len(rights_of(world.services, teacher.caller, teacher.person, at=before).rights) == 1
    assert len(rights_of(world.services, teacher.caller, teacher.person, known_at=revision).rights) == 1


def test_a_suspended_right_says_so(granted: tuple[World, Someone, Grant]) -> None:
    world, teacher, grant = granted
    delegation.suspend(
        world.services, world.admins[SCHOOL], kind=SuspendableKind.GRANT, target=grant.id, reason="rà soát"
    )
    [right] = rights_of(world.services, teacher.caller, teacher.person).rights
    assert right.row.state == "suspended"


def test_places_and_sentences_read_as_an_official_writes_them() -> None:
    scope = Scope(unit=SCHOOL)
    assert place_of(scope, "Trường THCS Thử", ("6A1", "6A2 (Ngữ văn)"), ()) == "Lớp 6A1, 6A2 (Ngữ văn)"
    assert place_of(scope, "Trường THCS Thử", (), ("Tiểu học",)) == "Trường THCS Thử, cấp Tiểu học"
    grades = Scope(unit=SCHOOL, grades=frozenset({"10", "9"}))
    assert place_of(grades, "Trường Thử", (), ()) == "Khối 9, 10, Trường Thử"
    lines = [("Sức khoẻ", ("Xem",)), ("Kết quả học tập", ("Xem", "Sửa")), ("Chuyên cần", ("Xem", "Sửa"))]
    said = say_rights("Lớp 6A1", lines, frozenset({"Sức khoẻ"}))
    assert [s.text for s in said] == [
        "Lớp 6A1: xem, sửa kết quả học tập, chuyên cần",
        "Lớp 6A1: xem sức khoẻ",
    ]
    assert [s.sensitive for s in said] == [(), ("Sức khoẻ",)]
