"""Whoever issues an account is shown its first code, and could sign for both sides (ruling A3)."""

from __future__ import annotations

import pytest

from access_service.domain.access import AccessRequest
from access_service.domain.codes import CodeShown
from access_service.domain.errors import RefusedError
from access_service.domain.names import AccountId
from access_service.domain.reasons import Refusal
from access_service.domain.recovery import RecoveryState, state_at
from access_service.live.decision_point import DecisionPoint
from access_service.usecases.evidence.explain import explain
from access_service.usecases.evidence.matrix import read_matrix
from access_service.usecases.evidence.matrix_values import Note
from access_service.usecases.evidence.reading_papers import read_document
from access_service.usecases.identity import codes, recoveries, sign_in
from access_service.usecases.identity.recoveries import AskedRecovery
from access_service.usecases.operators import OperatorKey
from world import CLASS_6A, OFFICE, PASSWORD, SCHOOL, World, hire_homeroom, homeroom_line


def marked(world: World, account: AccountId, document: str, **asked: object) -> set[bool]:
    """What explanation, matrix and the paper's answer say; they agree."""
    question = AccessRequest(
        account=account, action="read", resource_type="class", resource_id=CLASS_6A, category="STU-ID"
    )
    point = DecisionPoint(world.services.db)
    explained = explain(point, world.register, question, **asked)  # type: ignore[arg-type]
    found = {d.code_seen_by_giver for d in explained.documents if d.id == document}
    with read_matrix(world.services.db, world.register, SCHOOL, **asked) as matrix:  # type: ignore[arg-type]
        found |= {Note.CODE_SEEN in row.notes for row in matrix.rows if row.document == document}
    if not asked:
        seen = read_document(world.services, world.people[f"head:{SCHOOL}"].caller, document)  # type: ignore[arg-type]
        found.add(seen.code_seen_by_giver)
    return found


def test_a_paper_whose_giver_saw_the_receivers_code_says_so_until_the_receiver_confirms(
    school_world: World,
) -> None:
    """The head operates the account: issues the teacher's, is shown the code, and signs the minutes as giver."""
    world, teacher = school_world, hire_homeroom(school_world)
    minutes = world.hand_over(SCHOOL, teacher, homeroom_line(world, teacher)).document.id
    assert marked(world, teacher.account, minutes) == {True}
    # A factor alone is not enough, a confirmation without one is refused, and nobody confirms for another.
    with world.refuses(Refusal.SECOND_FACTOR_DUE):
        codes.confirm_account(world.services, teacher.caller, PASSWORD)
    with world.refuses(Refusal.FORBIDDEN):
        codes.confirm_account(world.services, world.admins[SCHOOL], PASSWORD)
    proof = world.proof(teacher.caller)
    assert marked(world, teacher.account, minutes) == {True}
    with pytest.raises(RefusedError) as asked:
        codes.confirm_account(world.services, teacher.caller, PASSWORD)
    assert asked.value.code is Refusal.SECOND_FACTOR_REQUIRED
    before = world.clock.now
    world.clock.forward(hours=1)
    proof = world.proof(teacher.caller)
    done = codes.confirm_account(world.services, teacher.caller, PASSWORD, proof)
    assert [c.shown_to for c in done] == [world.people[f"head:{SCHOOL}"].person]
    assert marked(world, teacher.account, minutes) == {False}
    assert marked(world, teacher.account, minutes, at=before) == {True}, "of that instant it stays said"


def test_a_paper_signed_for_by_somebody_who_saw_no_code_is_not_marked(school_world: World) -> None:
    """An officer keeps the account and is shown the code; the head, who signs, was not."""
    world = school_world
    world.hand_to_officer(SCHOOL)
    teacher = hire_homeroom(world)
    minutes = world.hand_over(SCHOOL, teacher, homeroom_line(world, teacher)).document.id
    assert marked(world, teacher.account, minutes) == {False}


def test_a_recovered_code_marks_what_is_signed_after_it_and_nothing_before(school_world: World) -> None:
    world, teacher = school_world, hire_homeroom(school_world)
    codes.confirm_account(world.services, teacher.caller, PASSWORD, world.proof(teacher.caller))
    world.clock.forward(minutes=5)
    early = world.hand_over(SCHOOL, teacher, homeroom_line(world, teacher)).document.id
    assert marked(world, teacher.account, early) == {False}
    world.clock.forward(minutes=5)
    world.renew(world.admins[SCHOOL], teacher.account)
    assert marked(world, teacher.account, early) == {False}, "the teacher had signed before"
    with world.services.db.read(world.register) as reader:
        [shown] = [c for c in reader.find(CodeShown, account=teacher.account) if c.valid_to is None]
    assert shown.shown_to == world.people[f"head:{SCHOOL}"].person


# -- recovery at the root


def ask(world: World, username: str, key: OperatorKey | None) -> AskedRecovery:
    asked = sign_in.unlock(world.services, world.register, username, with_code=True, operator=key)
    assert asked is not None
    return asked


def approve(world: World, asked: AskedRecovery, key: OperatorKey) -> None:
    recoveries.approve_as_operator(world.services, world.register, asked.recovery.id, key)


def test_at_the_root_a_recovery_takes_two_operators_who_both_show_who_they_are(school_world: World) -> None:
    world = school_world
    first, second = world.operators
    asked = ask(world, "director.00031", first)
    for key, code in (
        (first, Refusal.SELF_SERVICE),
        (OperatorKey(second.name, "đoán"), Refusal.CREDENTIALS_WRONG),
        (OperatorKey("người lạ", second.secret), Refusal.CREDENTIALS_WRONG),
    ):
        with pytest.raises(RefusedError) as refused:
            approve(world, asked, key)
        assert refused.value.code is code
    approve(world, asked, second)
    done = world.get(type(asked.recovery), asked.recovery.id)
    assert (done.operator, done.approved_by) == (first.name, f"operator:{second.name}")
    assert state_at(done, world.clock.now) is RecoveryState.OPEN
    with pytest.raises(RefusedError) as twice:
        approve(world, asked, second)
    assert twice.value.code is Refusal.DOCUMENT_STATE


def test_an_operator_who_did_not_show_who_they_are_is_confirmed_by_the_leadership_alone(
    school_world: World,
) -> None:
    world = school_world
    deputy = world.root_signer("phó", "deputy_director")
    asked = ask(world, "director.00031", None)
    with pytest.raises(RefusedError) as refused:
        approve(world, asked, world.operators[1])
    assert refused.value.code is Refusal.SELF_SERVICE
    recoveries.approve_recovery(world.services, deputy.caller, asked.recovery.id, password=PASSWORD)


def test_where_somebody_is_above_two_operators_open_nothing(school_world: World) -> None:
    world = school_world
    first, second = world.operators
    for username in (f"000.head:{SCHOOL}", f"quantri.{OFFICE}"):
        asked = ask(world, username, first)
        with pytest.raises(RefusedError) as refused:
            approve(world, asked, second)
        assert refused.value.code is Refusal.SIGNER_NOT_LEADER
