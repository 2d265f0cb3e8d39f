"""Lists of people and accounts as a class register has them, one field that finds, what may be done with each."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from access_service.domain.errors import NotFoundError
from access_service.domain.names import AccountState, DocumentState, UnitId
from access_service.usecases.evidence.finding import find_named
from access_service.usecases.evidence.people import PAGE, ListPage, PersonLine, accounts_of, people_of, see_person
from access_service.usecases.evidence.reading import read_unit
from access_service.usecases.evidence.reading_papers import read_document, read_grant
from access_service.usecases.handover import delegation
from access_service.usecases.organisation import org
from access_service.usecases.services import Caller
from prepared import as_it_is, copied
from world import CLASS_6A, DEPARTMENT, OFFICE, SCHOOL, World, hire_homeroom, homeroom_line


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    school, _ = copied(tmp_path, as_it_is)
    yield school
    school.services.db.close()


def custodian(world: World, unit: UnitId = SCHOOL) -> Caller:
    return world.admins[unit]


def listed(*asked: Any, **filters: Any) -> ListPage[PersonLine]:
    return people_of(*asked, **filters).listed


def named(world: World, *names: str) -> None:
    for name in names:
        person = org.add_person(world.services, custodian(world), name=name)
        world.assign(person.id, SCHOOL, "academic_registrar", SCHOOL)


def test_people_are_listed_by_given_name_and_found_however_they_were_typed(world: World) -> None:
    named(world, "Trần Văn Ơn", "Nguyễn Thị Ánh", "Lê An", "Phạm Hoà", "Đỗ Văn An")
    page = listed(world.services, custodian(world), SCHOOL)
    ours = [
        line.name
        for line in page.items
        if line.name in ("Trần Văn Ơn", "Nguyễn Thị Ánh", "Lê An", "Phạm Hoà", "Đỗ Văn An")
    ]
    assert ours == ["Đỗ Văn An", "Lê An", "Nguyễn Thị Ánh", "Phạm Hoà", "Trần Văn Ơn"]
    assert page.total == len(page.items)
    for query in ("hòa", "Pham HOA", "hoa pham"):
        found = listed(world.services, custodian(world), SCHOOL, query=query)
        assert [line.name for line in found.items] == ["Phạm Hoà"], query
    # Marks decide which comes first, never which is found.
    found = listed(world.services, custodian(world), SCHOOL, query="anh")
    assert found.items[0].name == "Nguyễn Thị Ánh"


def test_pages_have_fifty_lines_and_an_exact_total(world: World) -> None:
    before = listed(world.services, custodian(world), SCHOOL).total
    named(world, *(f"Người Thứ {n}" for n in range(PAGE)))
    first = listed(world.services, custodian(world), SCHOOL)
    second = listed(world.services, custodian(world), SCHOOL, start=PAGE)
    assert (first.total, len(first.items), len(second.items)) == (before + PAGE, PAGE, before)
    assert not {x.person for x in first.items} & {x.person for x in second.items}


def test_a_teacher_finds_only_themselves_and_a_stranger_no_such_unit(world: World) -> None:
    teacher = hire_homeroom(world)
    own = listed(world.services, teacher.caller, SCHOOL)
    assert ([line.person for line in own.items], own.total) == ([teacher.person], 1)
    assert accounts_of(world.services, teacher.caller, SCHOOL).total == 1
    assert find_named(world.services, teacher.caller, "a").people == []
    with pytest.raises(NotFoundError):
        listed(world.services, teacher.caller, UnitId("0009999"))


def test_accounts_are_listed_with_the_unit_s_own_first_and_by_state(world: World) -> None:
    teacher = hire_homeroom(world)
    page = accounts_of(world.services, custodian(world), SCHOOL)
    assert page.items[0].account.id == custodian(world).account
    assert page.items[0].name
    assert teacher.account in {line.account.id for line in page.items}
    active = accounts_of(world.services, custodian(world), SCHOOL, state=AccountState.ACTIVE)
    assert {line.state for line in active.items} == {AccountState.ACTIVE}
    assert accounts_of(world.services, custodian(world), SCHOOL, state=AccountState.CLOSED).total == 0


def test_one_field_finds_what_lies_below_and_nothing_beside(world: World) -> None:
    teacher = hire_homeroom(world)
    line = homeroom_line(world, teacher)
    prepared = world.hand_over(SCHOOL, teacher, line)
    name = see_person(world.services, teacher.caller, teacher.person).person.name
    for unit in (SCHOOL, OFFICE, DEPARTMENT):
        found = find_named(world.services, custodian(world, unit), name)
        assert teacher.person in {p.person for p in found.people}
        assert prepared.document.id in {n.id for n in found.documents}
    by_number = find_named(world.services, custodian(world), "01/BB-THCST")
    assert prepared.document.id in {n.id for n in by_number.documents}
    assert CLASS_6A in {n.id for n in find_named(world.services, custodian(world), "6a").classes}
    assert SCHOOL in {n.id for n in find_named(world.services, custodian(world), SCHOOL).units}
    assert find_named(world.services, custodian(world), "  ").units == ()
    for wildcard in ("%", "_", "100%"):
        assert not find_named(world.services, custodian(world), wildcard).people


def test_a_page_offers_exactly_what_the_act_would_let_through(world: World) -> None:
    teacher, head = hire_homeroom(world), world.head_of(SCHOOL)
    prepared = world.propose(SCHOOL, teacher, homeroom_line(world, teacher))
    id_ = prepared.document.id
    assert {"sign", "send_back"} <= read_document(world.services, head.caller, id_).can
    assert "sign" not in read_document(world.services, teacher.caller, id_).can
    assert "sign" not in read_document(world.services, custodian(world), id_).can
    world.sign(head, id_)
    assert {"sign", "decline", "send_back"} <= read_document(world.services, teacher.caller, id_).can
    assert "sign" not in read_document(world.services, head.caller, id_).can
    for paper in (id_, prepared.commitment.id if prepared.commitment else None):
        if paper:
            world.sign(teacher, paper)
    read = read_document(world.services, head.caller, id_)
    assert read.state is DocumentState.SIGNED
    assert "withdraw" in read.can
    assert "withdraw" not in read_document(world.services, teacher.caller, id_).can
    grant = prepared.grants[0].id
    assert "revoke" in read_grant(world.services, head.caller, grant).can
    assert read_grant(world.services, teacher.caller, grant).can == {"hand_back"}
    delegation.revoke_grant(world.services, head.caller, grant, reason="thử")
    assert read_grant(world.services, head.caller, grant).can == frozenset()


def test_a_unit_says_who_may_stop_remind_and_hand_on(world: World) -> None:
    teacher = hire_homeroom(world)
    assert read_unit(world.services, teacher.caller, SCHOOL).can == frozenset()
    assert {"see_people", "prepare"} <= read_unit(world.services, custodian(world), SCHOOL).can
    assert "suspend" not in read_unit(world.services, custodian(world), SCHOOL).can
    assert {"see_people", "suspend", "remind"} <= read_unit(world.services, custodian(world, OFFICE), SCHOOL).can


def test_a_person_s_page_has_duties_account_and_rights_for_whoever_acts_for_the_unit(world: World) -> None:
    teacher = hire_homeroom(world)
    world.hand_over(SCHOOL, teacher, homeroom_line(world, teacher))
    seen = see_person(world.services, world.head_of(SCHOOL).caller, teacher.person)
    assert [d.id for d in seen.duties] == [teacher.duty]
    assert seen.account is not None
    assert len(seen.grants) == 1
    assert "suspend" in seen.can
    assert seen.can_with[teacher.duty] == {"end_duty"}
    own = see_person(world.services, teacher.caller, teacher.person)
    assert (own.can, own.can_with[teacher.duty]) == (frozenset(), frozenset())
