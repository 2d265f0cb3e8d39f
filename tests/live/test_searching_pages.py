"""Pages of a search are one list, whatever is recorded meanwhile, or the list ends with a word."""

from dataclasses import replace

import pytest

from access_service.domain.delegation import Grant
from access_service.domain.errors import RestartError
from access_service.domain.names import SuspendableKind
from access_service.live.search import SearchPage
from access_service.usecases.handover import delegation
from live.searched import Searching, add_class, classes_of, granted, health_record, of_6a, three_readers
from world import (
    CLASS_6A,
    CLASS_6B,
    LOWER,
    OFFICE,
    SCHOOL,
    Clock,
    World,
)


@pytest.fixture
def searching(school_world: World) -> Searching:
    return Searching(school_world)


def test_pages_are_one_list(searching: Searching) -> None:
    world = searching.world
    registrar, _ = world.hire_granted("giáo vụ")
    for code in ("6C", "6D", "7A"):
        add_class(world, code)
    everything = searching.ids("resource", classes_of(registrar))
    assert len(everything) == 5
    first = searching.page("resource", classes_of(registrar), 2)
    second = searching.page("resource", classes_of(registrar), 2, first)
    third = searching.page("resource", classes_of(registrar), 2, second)
    assert (*first.ids, *second.ids, *third.ids) == everything
    assert (first.after, second.after, third.after) == (everything[1], everything[3], None)
    assert len({(page.revision, page.now) for page in (first, second, third)}) == 1


def test_a_page_that_holds_just_all_of_it_is_the_last(searching: Searching) -> None:
    registrar, _ = searching.world.hire_granted("giáo vụ")
    page = searching.page("resource", classes_of(registrar), 2)
    assert (len(page.ids), page.after) == (2, None)


def test_what_concerns_somebody_else_breaks_no_list(searching: Searching, clock: Clock) -> None:
    world = searching.world
    registrar, _ = world.hire_granted("giáo vụ")
    first = searching.page("resource", classes_of(registrar), 1)
    granted(world)
    clock.forward(seconds=5)
    second = searching.page("resource", classes_of(registrar), 1, first)
    assert (*first.ids, *second.ids) == (CLASS_6A, CLASS_6B)
    assert (second.revision, second.now) == (first.revision, first.now)
    assert world.revision > second.revision


def test_a_class_that_was_added_meanwhile_is_no_part_of_the_list(searching: Searching) -> None:
    registrar, _ = searching.world.hire_granted("giáo vụ")
    first = searching.page("resource", classes_of(registrar), 1)
    add_class(searching.world, "6C")
    assert searching.page("resource", classes_of(registrar), 1, first) == SearchPage(
        (CLASS_6B,), None, first.revision, first.now
    )


def test_a_list_about_an_account_ends_when_the_account_changes(searching: Searching) -> None:
    world = searching.world
    registrar, grant = world.hire_granted("giáo vụ")
    first = searching.page("resource", classes_of(registrar), 1)
    actions = health_record(account=registrar.account, category="CLS", action="")
    begun = searching.page(
        "action", replace(actions, resource_type="class", resource_id=CLASS_6A, class_id=None), 1
    )
    assert begun.after is not None
    delegation.revoke_grant(world.services, world.admins[SCHOOL], grant.id, reason="thử")
    with pytest.raises(RestartError, match=r"^what the list rests on has changed; begin it again$"):
        searching.page("resource", classes_of(registrar), 1, first)
    with pytest.raises(RestartError):
        searching.page(
            "action", replace(actions, resource_type="class", resource_id=CLASS_6A, class_id=None), 1, begun
        )


def test_a_list_of_accounts_ends_when_one_of_them_changes(searching: Searching) -> None:
    """Given out already, or still to come: the list is over."""
    world = searching.world
    readers = three_readers(world)
    everybody = [who.account for who in readers]
    for who in (readers[0], readers[2]):
        first = searching.page("subject", of_6a(), 1)
        assert list(first.ids) == everybody[:1]
        delegation.suspend(
            world.services, world.admins[SCHOOL], kind=SuspendableKind.ACCOUNT, target=who.account, reason="thử"
        )
        with pytest.raises(RestartError):
            searching.page("subject", of_6a(), 1, first)
        delegation.resume(world.services, world.admins[SCHOOL], kind=SuspendableKind.ACCOUNT, target=who.account)


def test_a_list_of_accounts_ends_when_one_is_gone_from_it(searching: Searching, clock: Clock) -> None:
    """Whose last grant there has ended is not even a candidate any more."""
    world = searching.world
    readers = three_readers(world)
    first = searching.page("subject", of_6a(), 1)
    with world.services.db.read(world.register) as reader:
        [grant] = reader.find(Grant, account=readers[0].account)
    delegation.revoke_grant(world.services, world.admins[SCHOOL], grant.id, reason="thử")
    clock.forward(seconds=1)
    with pytest.raises(RestartError):
        searching.page("subject", of_6a(), 1, first)


def test_accounts_that_were_no_candidates_break_no_list(searching: Searching) -> None:
    world = searching.world
    everybody = [who.account for who in three_readers(world)]
    first = searching.page("subject", of_6a(), 2)
    granted(world, "của lớp khác", CLASS_6B)
    with pytest.raises(RestartError):
        # A homeroom teacher of the same school is a candidate: which class it is, only the decision says.
        searching.page("subject", of_6a(), 2, first)
    first = searching.page("subject", of_6a(), 2)
    world.hire("không quyền", SCHOOL, "librarian", SCHOOL)
    last = searching.page("subject", of_6a(), 2, first)
    assert [*first.ids, *last.ids] == everybody


def test_every_list_ends_when_the_organisation_changes(searching: Searching) -> None:
    world = searching.world
    registrar, _ = world.hire_granted("giáo vụ")
    three_readers(world)
    lists = [("resource", classes_of(registrar)), ("subject", of_6a())]
    begun = [(wanted, asked, searching.page(wanted, asked, 1)) for wanted, asked in lists]
    world.add_unit("0003102", "school", "Trường THCS Thử Hai", OFFICE, LOWER)
    for wanted, asked, first in begun:
        with pytest.raises(
            RestartError, match=r"^the organisation has changed since the list was begun; begin it ag"
        ):
            searching.page(wanted, asked, 1, first)


def test_a_right_that_ended_by_time_meanwhile_is_not_listed(searching: Searching, clock: Clock) -> None:
    """Nothing is recorded when a right expires, and the list is of an instant at which it held."""
    world = searching.world
    registrar, _ = world.hire_granted("giáo vụ")
    with world.services.db.write(world.register, "thu") as tx:
        [grant] = tx.find(Grant, account=registrar.account)
        tx.put(replace(grant, valid_to=clock.now.replace(year=2027)))
        tx.touches(registrar.account)
        tx.happened("thu", grant.id)
    first = searching.page("resource", classes_of(registrar), 1)
    clock.now = clock.now.replace(year=2027)
    with pytest.raises(RestartError, match=r"^a right has ended since the list was begun; begin it again$"):
        searching.page("resource", classes_of(registrar), 1, first)


def test_a_revision_that_is_not_there_yet_continues_nothing(searching: Searching) -> None:
    registrar, _ = searching.world.hire_granted("giáo vụ")
    first = searching.page("resource", classes_of(registrar), 1)
    with pytest.raises(RestartError):
        searching.page("resource", classes_of(registrar), 1, first._replace(revision=first.revision + 1))


# -- what it costs, and what it is kept in
