"""How far the units below have come: what is kept is what a full count finds, and the worst come first."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from access_service.domain.accounts import Account
from access_service.domain.delegation import Grant
from access_service.domain.documents import Document
from access_service.domain.errors import InvalidError, NotFoundError, RefusedError
from access_service.domain.names import GrantState, UnitId
from access_service.domain.org import Assignment, Unit
from access_service.domain.progress import CustodyMark, UnitProgress
from access_service.domain.reasons import Refusal
from access_service.domain.reminding import MOST_REMINDED
from access_service.domain.standing import grant_state
from access_service.storage.progress import _kept, count_units, read_progress
from access_service.storage.standing import Gatherer
from access_service.usecases.handover import documents
from access_service.usecases.organisation.leaving import end_duty
from access_service.usecases.tasks.units_below import Showing, progress_of, remind, units_below
from access_service.usecases.upkeep.keeping_progress import keep_all
from prepared import as_it_is, copied
from world import CLASS_6B, DEPARTMENT, OFFICE, SCHOOL, World, hire_homeroom, homeroom_line


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    school, _ = copied(tmp_path, as_it_is)
    yield school
    school.services.db.close()


def kept(world: World) -> dict[UnitId, UnitProgress]:
    with world.services.db.read(world.register) as reader:
        return {p.unit: p for p in _kept(reader) if p.holds(world.clock.now)}


def counted(world: World) -> dict[UnitId, UnitProgress]:
    with world.services.db.read(world.register) as reader:
        return {p.unit: p for p in count_units(reader, [u.id for u in reader.find(Unit)], world.clock.now)}


def of_school(world: World) -> UnitProgress:
    return progress_of(world.services, world.admins[SCHOOL], SCHOOL)


def effective_people(world: World, unit: UnitId) -> set[str]:
    """Whose rights are in force by the rules themselves, asked of each grant."""
    with world.services.db.read(world.register) as reader:
        serving = {d.id: d.person for d in reader.find(Assignment, unit=unit) if world.clock.now in d.interval}
        grants = [g for g in reader.find(Grant) if g.assignment in serving]
        facts = Gatherer(reader).grants(grants, world.clock.now)
        holders = {a.id: a.person for a in reader.find(Account)}
        states = {f.grant.account: grant_state(f, world.clock.now) for f in facts}
    return {str(holders[account]) for account, state in states.items() if state is GrantState.EFFECTIVE}


def check(world: World) -> None:
    """What is kept is what a full count finds; what is not kept is counted by the reader, to the same."""
    full = counted(world)
    for unit, progress in kept(world).items():
        assert progress == full[unit]
    with world.services.db.read(world.register) as reader:
        assert read_progress(reader, full.keys(), world.clock.now) == full


def test_a_person_is_counted_once_from_the_first_duty_to_the_last(world: World) -> None:
    before = of_school(world)
    teacher = hire_homeroom(world)
    assert of_school(world).people == before.people + 1
    assert of_school(world).without_rights == before.without_rights + 1
    prepared = world.propose(SCHOOL, teacher, homeroom_line(world, teacher))
    assert of_school(world).awaiting_giver == before.awaiting_giver + 1
    documents.return_document(
        world.services, world.head_of(SCHOOL).caller, prepared.document.id, reason="ghi sai lớp"
    )
    assert of_school(world).to_mend == before.to_mend + 1
    paper = world.get(Document, prepared.document.id)
    documents.revise(
        world.services,
        world.admins[SCHOOL],
        paper.id,
        number=paper.number,
        dated=paper.dated,
        version=paper.version,
    )
    assert (of_school(world).to_mend, of_school(world).awaiting_giver) == (
        before.to_mend,
        before.awaiting_giver + 1,
    )
    world.sign(world.head_of(SCHOOL), paper.id)
    assert of_school(world).awaiting_receiver == before.awaiting_receiver + 1
    world.sign(teacher, paper.id)
    if prepared.commitment is not None:
        world.sign(teacher, prepared.commitment.id)
    assert of_school(world).with_rights == before.with_rights + 1
    assert teacher.person in effective_people(world, SCHOOL)
    check(world)
    end_duty(world.services, world.admins[SCHOOL], teacher.duty, on=world.clock.now.date(), decision_number="9/QĐ")
    world.clock.forward(days=1)
    assert of_school(world).people == before.people
    check(world)


def test_what_time_alone_changes_is_right_before_anybody_counts_it_again(world: World) -> None:
    teacher = hire_homeroom(world)
    world.propose(SCHOOL, teacher, homeroom_line(world, teacher))
    late = hire_homeroom(world, "gvcn hai", CLASS_6B)
    world.hand_over(SCHOOL, late, homeroom_line(world, late, CLASS_6B))
    assert (of_school(world).awaiting_giver, of_school(world).with_rights) >= (1, 1)
    until = of_school(world).holds_until
    assert until is not None
    world.clock.now = until
    # The paper has waited too long, so its receiver has nothing under way any more.
    assert of_school(world).awaiting_giver == 0
    check(world)
    assert SCHOOL not in kept(world)
    keep_all(world.services.db)
    assert kept(world).keys() >= {SCHOOL, OFFICE, DEPARTMENT}
    world.clock.forward(days=400)
    assert of_school(world).with_rights == 0
    check(world)


def test_a_unit_whose_account_nobody_operates_comes_first_and_one_that_waits_next(world: World) -> None:
    other = world.add_unit("0003109", "school", "Trường Tiểu học Số 9", OFFICE, *world.get(Unit, SCHOOL).levels)
    teacher = hire_homeroom(world)
    world.propose(SCHOOL, teacher, homeroom_line(world, teacher))
    page = units_below(world.services, world.admins[OFFICE], OFFICE)
    assert page.items[0].unit.id == other
    assert page.items[0].progress.custody is CustodyMark.VACANT
    assert page.total == page.sums.units == len(page.items)
    assert page.sums.people == sum(line.progress.people for line in page.items)
    assert [x.unit.id for x in units_below(world.services, world.admins[OFFICE], OFFICE, query="so 9").items] == [
        other
    ]
    vacant = units_below(world.services, world.admins[OFFICE], OFFICE, showing=Showing.VACANT)
    assert (set(vacant.chosen), vacant.sums.units) == ({other}, page.sums.units)
    assert SCHOOL not in units_below(world.services, world.admins[OFFICE], OFFICE, showing=Showing.LATE).chosen
    world.clock.forward(days=8)
    assert SCHOOL in units_below(world.services, world.admins[OFFICE], OFFICE, showing=Showing.LATE).chosen
    everything = units_below(world.services, world.admins[DEPARTMENT], DEPARTMENT)
    assert {other, SCHOOL, OFFICE} <= set(everything.chosen)


def test_neither_a_teacher_nor_the_school_beside_sees_the_numbers(world: World) -> None:
    teacher = hire_homeroom(world)
    for caller, unit in ((teacher.caller, SCHOOL), (world.admins[SCHOOL], OFFICE)):
        with pytest.raises(NotFoundError):
            progress_of(world.services, caller, unit)
        with pytest.raises(NotFoundError):
            units_below(world.services, caller, unit)


def test_only_a_unit_above_reminds_and_every_unit_finds_it_in_its_own_log(world: World) -> None:
    services, above = world.services, world.admins[OFFICE]
    done = remind(services, above, [SCHOOL], "Bàn giao quyền trước khai giảng")
    (reminder,) = done.reminders
    assert (reminder.unit, reminder.by, reminder.about) == (SCHOOL, OFFICE, "Bàn giao quyền trước khai giảng")
    event = world.log()[-1]
    assert (event.happening.action, event.happening.unit) == ("unit.remind", SCHOOL)
    again = remind(services, above, [SCHOOL])
    assert (again.reminders, again.already) == ((), (SCHOOL,))
    line = next(x for x in units_below(services, above, OFFICE).items if x.unit.id == SCHOOL)
    assert line.reminded == reminder
    world.clock.forward(days=31)
    above = world.enter(above.account)
    line = next(x for x in units_below(services, above, OFFICE).items if x.unit.id == SCHOOL)
    assert line.reminded is None
    school = world.enter(world.admins[SCHOOL].account)
    for caller, units in ((school, [SCHOOL]), (school, [OFFICE]), (above, [SCHOOL, DEPARTMENT])):
        with pytest.raises(RefusedError) as refused:
            remind(services, caller, units)
        assert refused.value.code is Refusal.NOT_DIRECT_MANAGER


def test_a_reminder_names_some_units_and_never_too_many(world: World) -> None:
    services, above = world.services, world.admins[OFFICE]
    before = world.log()[-1]
    with pytest.raises(InvalidError):
        remind(services, above, [])
    with pytest.raises(RefusedError) as refused:
        remind(services, above, [UnitId(f"000{number}") for number in range(MOST_REMINDED + 1)])
    assert refused.value.code is Refusal.BATCH_TOO_LARGE
    assert world.log()[-1] == before
