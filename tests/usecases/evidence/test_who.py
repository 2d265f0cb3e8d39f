"""Who could read that class's marks that day, and on whose signature: as known now, or as known then."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from access_service.cli.who import write_answer
from access_service.domain import words
from access_service.domain.errors import InvalidError, NotFoundError, RefusedError
from access_service.domain.names import ClassId, UnitId
from access_service.domain.reasons import Refusal
from access_service.domain.scope import Scope
from access_service.usecases.evidence.who import WhoAnswer, WhoQuestion, ask_who, is_commitment, read_who
from access_service.usecases.handover import delegation
from access_service.usecases.handover.documents import EnteredLine
from access_service.usecases.organisation.leaving import end_duty
from prepared import as_it_is, copied
from software_world import approve, enter
from world import CLASS_6A, CLASS_6B, LOWER, OFFICE, SCHOOL, Someone, World, hire_homeroom, homeroom_line

READ = WhoQuestion("read", "STU-ACA", class_id=CLASS_6A)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    school, _ = copied(tmp_path, as_it_is)
    yield school
    school.services.db.close()


def ask(world: World, question: WhoQuestion = READ, **when: Any) -> WhoAnswer:
    return read_who(world.services.db, world.register, question, **when)


def accounts(answer: WhoAnswer) -> set[str]:
    return {may.account for may in answer.people}


def a_teacher(world: World) -> Someone:
    teacher = hire_homeroom(world)
    world.hand_over(SCHOOL, teacher, homeroom_line(world, teacher))
    return teacher


def an_officer(world: World) -> Someone:
    officer = world.hire("cbthcs", OFFICE, "level_officer", OFFICE, levels=frozenset({LOWER}))
    line = EnteredLine("level_officer", officer.duty, Scope(OFFICE, levels=frozenset({LOWER})), world.clock.now)
    world.hand_over(OFFICE, officer, line)
    return officer


def test_everybody_is_named_with_paper_and_signer(world: World) -> None:
    teacher, officer = a_teacher(world), an_officer(world)
    answer = ask(world)
    assert accounts(answer) == {teacher.account, officer.account}
    may = next(m for m in answer.people if m.account == teacher.account)
    assert (may.person, may.role, may.issuer) == (teacher.person, "homeroom_teacher", SCHOOL)
    paper, commitment = may.papers
    assert (paper.number, paper.signer, paper.capacity) == ("01/BB-THCST", world.head_of(SCHOOL).person, "head")
    assert is_commitment(commitment)
    assert commitment.signer == teacher.person
    assert may.article


def test_the_list_is_what_decisions_answer_for_everybody_there_is(world: World) -> None:
    people = [
        a_teacher(world),
        an_officer(world),
        hire_homeroom(world, "gvcn hai", CLASS_6B),
        *world.people.values(),
    ]
    for category in ("STU-ACA", "STU-HEA", "STU-ID"):
        for action in ("read", "write"):
            let_in = {p.account for p in people if world.ask(p, action, CLASS_6A, category)}
            assert accounts(ask(world, WhoQuestion(action, category, class_id=CLASS_6A))) == let_in


def test_who_left_since_is_listed_on_the_day_and_not_today(world: World) -> None:
    teacher = a_teacher(world)
    during = world.clock.now + timedelta(days=5)
    world.clock.forward(days=30)
    delegation.revoke_grant(world.services, world.admins[SCHOOL], ask(world).people[0].grant, reason="thử")
    assert not accounts(ask(world))
    assert accounts(ask(world, at=during)) == {teacher.account}


def test_what_was_entered_later_is_known_now_and_was_not_then(world: World) -> None:
    """A duty that is said to have ended on the 5th, on the 20th: of the 10th there are two answers."""
    teacher = a_teacher(world)
    world.clock.forward(days=30)
    end_duty(
        world.services,
        world.admins[SCHOOL],
        teacher.duty,
        on=words.day("05/09/2026"),
        decision_number="9/QĐ",
    )
    tenth = words.instant("10/09/2026 08:00")
    assert accounts(ask(world, at=tenth, known_at="then")) == {teacher.account}
    assert not accounts(ask(world, at=tenth))


def test_what_was_signed_later_was_not_answered_then_either(world: World) -> None:
    teacher = hire_homeroom(world)
    before = world.clock.now + timedelta(hours=1)
    world.clock.forward(days=2)
    world.hand_over(SCHOOL, teacher, homeroom_line(world, teacher))
    assert not accounts(ask(world, at=before))
    assert not accounts(ask(world, at=before, known_at="then"))


def test_software_stands_among_them(world: World) -> None:
    used = enter(world)
    approve(world, used)
    [may] = ask(world, WhoQuestion("read", "STU-ID", class_id=CLASS_6A)).people
    assert (may.account, may.person, may.name) == (used.account, None, used.name)
    assert may.papers[0].kind == "approval"


def test_of_a_unit_as_of_a_class(world: World) -> None:
    registrar, _ = world.hire_granted("giaovu")
    found = accounts(ask(world, WhoQuestion("read", "CLS", unit=SCHOOL)))
    assert (registrar.account in found) is bool(world.ask(registrar, "read", None, "CLS", unit=SCHOOL))
    assert found


@pytest.mark.parametrize(
    "question",
    [
        WhoQuestion("read", "STU-ACA"),
        WhoQuestion("read", "STU-ACA", class_id=CLASS_6A, unit=SCHOOL),
        WhoQuestion("read", "khong-co", class_id=CLASS_6A),
        WhoQuestion("khong-co", "STU-ACA", class_id=CLASS_6A),
    ],
)
def test_a_question_that_cannot_be_understood_is_no_empty_list(world: World, question: WhoQuestion) -> None:
    with pytest.raises(InvalidError):
        ask(world, question)


def test_only_those_who_may_see_the_matrix_may_ask_and_the_log_says_who_did(world: World) -> None:
    teacher = a_teacher(world)
    seq = len(world.log())
    for caller in (world.head_of(SCHOOL).caller, world.admins[OFFICE], world.people["director"].caller):
        assert accounts(ask_who(world.services, caller, READ)) == {teacher.account}
    told = [e for e in world.log(seq) if e.happening.action == "who.read"]
    assert [e.happening.target for e in told] == [SCHOOL] * 3
    with pytest.raises(RefusedError) as refused:
        ask_who(world.services, teacher.caller, READ)
    assert refused.value.code is Refusal.FORBIDDEN
    other = world.add_unit("00031002", "commune", "UBND xã Khác", world.root)
    stranger = world.appoint_head("head:00031002", other, "commune_chair", world.root)
    for question in (READ, WhoQuestion("read", "STU-ACA", class_id=ClassId("khong:co:6A"))):
        with pytest.raises(NotFoundError):
            ask_who(world.services, stranger.caller, question)


def test_in_words_it_says_what_whose_and_when(world: World) -> None:
    a_teacher(world)
    lines = list(write_answer(ask(world)))
    assert lines[0] == "1 tài khoản được xem – Kết quả học tập, rèn luyện của lớp 6A, Trường THCS Thử"
    assert any("Người ký bên giao: Người Thử head:0003101 (HIỆU TRƯỞNG)" in line for line in lines)
    nobody = list(write_answer(ask(world, WhoQuestion("read", "STU-ACA", class_id=CLASS_6B))))
    assert nobody[0].startswith("Không ai được xem")
    assert UnitId(SCHOOL) == ask(world).unit
