"""*Lập*: every ticked row becomes papers by itself, once, and the codes are drawn when they are handed out."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest

from access_service.domain.accounts import Account
from access_service.domain.delegation import Grant
from access_service.domain.documents import Document
from access_service.domain.drafting_ground import GridRowState
from access_service.domain.errors import NotFoundError, RefusedError
from access_service.domain.names import AccountKind, ClassId, DocumentState
from access_service.domain.org import Assignment, Person
from access_service.domain.reasons import Refusal
from access_service.usecases.drafts import keeping, propose_many, slips
from access_service.usecases.identity import accounts
from access_service.usecases.jobs import asking
from access_service.usecases.organisation import org
from usecases.drafts.grids import HEAD, admin, propose_all, read, row_of, seen
from world import CLASS_6A, OFFICE, SCHOOL, YEAR, World, hire_homeroom, homeroom_line

NEW = "Dương Đức An"
sqlite = pytest.mark.backends("sqlite")


def test_persons_duties_accounts_classes_and_papers_come_of_one_press(school_world: World, tmp_path: Path) -> None:
    world = school_world
    rows = [
        HEAD,
        [NEW, "6C", "Toán 6A, 6C", "Tổ trưởng"],
        ["Lý Minh Ân", "", "", "Nhân viên y tế"],
        ["Vũ Thị Ơn", "6A", "Văn 6A", "Việc lạ"],
    ]
    grid = read(world, rows)
    row = row_of(grid, NEW).row
    keeping.mend_row(world.services, admin(world), SCHOOL, YEAR, row.id, row.version, "new-class:6C")
    propose_all(world, tmp_path)
    grid = seen(world)
    made = row_of(grid, NEW).row.made
    assert made is not None
    assert made.document is not None
    assert world.get(Document, made.document).state is DocumentState.AWAITING_GIVER
    assert made.commitment is not None
    assert world.get(Person, made.person).name == NEW
    assert made.account is not None
    assert world.get(Account, made.account).username == f"andd.{SCHOOL}"
    with world.services.db.read(world.register) as reader:
        grants = reader.find(Grant, document=made.document)
        duties = reader.find(Assignment, person=made.person)
    assert sorted(grant.role for grant in grants) == ["homeroom_teacher", "subject_group_leader", "subject_teacher"]
    assert {duty.decision_number for duty in duties} == {"41/QĐ"}
    class_6c = ClassId(f"{SCHOOL}:{YEAR}:6C")
    assert {pair for duty in duties for pair in duty.classes or ()} == {
        (class_6c, ""),
        (class_6c, "TOAN"),
        (CLASS_6A, "TOAN"),
    }
    states = {meant.name: meant.state for meant in grid.rows}
    assert states == {
        NEW: GridRowState.MADE,
        "Lý Minh Ân": GridRowState.MADE,
        "Vũ Thị Ơn": GridRowState.TO_MEND,
    }
    counts = len(world.log())
    propose_all(world, tmp_path)
    assert [e for e in world.log(counts) if e.happening.action.startswith("document")] == []


@sqlite
def test_the_result_says_of_each_row_what_became_of_it_and_names_nobody(
    school_world: World, tmp_path: Path
) -> None:
    world = school_world
    read(world, [HEAD, [NEW, "6A", ""]])
    propose_all(world, tmp_path)
    caller = world.sign_in(f"quantri.{SCHOOL}").caller
    [job] = asking.list_jobs(world.services, caller)
    assert (job.done, job.of) == (1, 1)
    assert job.output is not None
    [written] = (tmp_path / "files").rglob(job.output.file)
    text = written.read_text("utf-8")
    [row] = json.loads(text)["rows"]
    assert row["refused"] is None
    assert row["account"]
    assert NEW not in text


@sqlite
def test_a_person_whom_one_row_makes_is_not_near_to_the_next(school_world: World, tmp_path: Path) -> None:
    world = school_world
    read(world, [HEAD, ["Bùi Thu An", "", "Toán 6A", ""], ["Bùi Thị An", "", "Toán 6B", ""]])
    propose_all(world, tmp_path)
    assert {meant.state for meant in seen(world).rows} == {GridRowState.MADE}


@sqlite
def test_a_row_pressed_twice_is_made_once(school_world: World) -> None:
    world = school_world
    row = row_of(read(world, [HEAD, [NEW, "6A", ""]]), NEW).row
    first = propose_many.propose_row(world.services, admin(world), SCHOOL, YEAR, row.id)
    assert propose_many.propose_row(world.services, admin(world), SCHOOL, YEAR, row.id) == first
    with pytest.raises(RefusedError) as refused:
        keeping.undo_row(world.services, admin(world), SCHOOL, YEAR, row.id, row.version + 1)
    assert refused.value.code is Refusal.DUPLICATE


@sqlite
def test_a_row_that_a_rule_refuses_leaves_nothing_behind_and_stops_no_other(
    school_world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = school_world
    read(world, [HEAD, [NEW, "6A", ""], ["Lý Minh Ân", "", "", "Kế toán"]])
    prepare = propose_many.prepare_handover

    def refuses(doing: object, **said: object) -> object:
        if [line.role for line in said["lines"]] == ["accountant"]:  # type: ignore[attr-defined]
            raise RefusedError(Refusal.SUSPENDED, "suspended meanwhile")
        return prepare(doing, **said)  # type: ignore[arg-type]

    monkeypatch.setattr(propose_many, "prepare_handover", refuses)
    propose_all(world, tmp_path)
    row = row_of(seen(world), "Lý Minh Ân")
    assert (row.row.made, row.row.refused, row.makes_person) == (None, "suspended", True)
    with world.services.db.read(world.register) as reader:
        assert "Lý Minh Ân" not in {p.name for p in reader.find(Person)}
    assert row_of(seen(world), NEW).state is GridRowState.MADE


@sqlite
def test_a_change_of_homeroom_ends_the_former_ones_right_with_the_decision(
    school_world: World, tmp_path: Path
) -> None:
    world = school_world
    teacher = hire_homeroom(world)
    held = world.hand_over(SCHOOL, teacher, homeroom_line(world, teacher)).grants[0]
    read(world, [HEAD, [NEW, "6A", ""], ["Người Thử gvcn", "6B", ""]])
    propose_all(world, tmp_path)
    assert world.get(Assignment, teacher.duty).valid_to == world.clock.now
    assert world.get(Grant, held.id).ended_at is not None
    assert {meant.state for meant in seen(world).rows} == {GridRowState.MADE}


@sqlite
def test_a_deputy_entered_by_an_officer_waits_for_the_leadership(school_world: World, tmp_path: Path) -> None:
    world = school_world
    world.hand_to_officer(SCHOOL)
    read(world, [HEAD, [NEW, "", "Toán 6A", "Phó thủ trưởng phụ trách chuyên môn"]])
    propose_all(world, tmp_path)
    made = row_of(seen(world), NEW).row.made
    assert made is not None
    assert len(made.waiting) == 1
    with world.services.db.read(world.register) as reader:
        assert [g.role for g in reader.find(Grant, document=made.document)] == ["subject_teacher"]


@sqlite
def test_without_a_decision_nothing_is_made(school_world: World) -> None:
    world = school_world
    row = keeping.add_row(world.services, admin(world), SCHOOL, YEAR, keeping.GridCells(NEW, homeroom="6A"))
    with pytest.raises(RefusedError) as refused:
        propose_many.propose_row(world.services, admin(world), SCHOOL, YEAR, row.id)
    assert refused.value.code is Refusal.INVALID


# -- slips


def test_slips_are_drawn_on_the_day_they_are_handed_out_and_open_the_account(
    school_world: World, tmp_path: Path
) -> None:
    world = school_world
    read(world, [HEAD, [NEW, "6A", ""], ["Lý Minh Ân", "", "", "Kế toán"]])
    propose_all(world, tmp_path)
    world.clock.forward(days=9)
    who = world.enter(admin(world).account)
    assert [slip.name for slip in slips.list_waiting_slips(world.services, who, SCHOOL)] == [NEW, "Lý Minh Ân"]
    first, second = slips.draw_slips(world.services, who, SCHOOL)
    assert (first.username, second.username) == (f"andd.{SCHOOL}", f"anlm.{SCHOOL}")
    assert first.valid_until - world.clock.now > timedelta(hours=1)
    assert world.activate(first.code) == first.account
    assert [slip.name for slip in slips.list_waiting_slips(world.services, who, SCHOOL)] == ["Lý Minh Ân"]
    with pytest.raises(NotFoundError):
        slips.draw_slips(world.services, who, SCHOOL, [first.account])
    [event] = [e for e in world.log() if e.happening.action == "account.codes"]
    assert event.happening.details["shown_to"] == who.person
    assert first.code not in str(world.log())


@sqlite
def test_an_officer_draws_no_code_for_a_head_who_has_not_opened_the_account_yet(school_world: World) -> None:
    """Attack: whoever operates the account prints a slip for the new head, and signs as the head."""
    world = school_world
    world.hand_to_officer(SCHOOL)
    person = org.add_person(world.services, world.admins[OFFICE], name="Hiệu trưởng mới").id
    head = world.people[f"head:{SCHOOL}"]
    world.assign(person, SCHOOL, "principal", OFFICE, replaces=head.duty)
    issued = accounts.issue_account(
        world.services,
        world.admins[OFFICE],
        unit=SCHOOL,
        kind=AccountKind.USE,
        person=person,
        username="000.moi",
    )
    officer = world.enter(admin(world).account)
    assert slips.list_waiting_slips(world.services, officer, SCHOOL) == []
    with pytest.raises(NotFoundError):
        slips.draw_slips(world.services, officer, SCHOOL, [issued.account.id])
