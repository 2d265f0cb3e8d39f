"""Searches as of an instant: what was allowed then, by what is known now."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from access_service.domain.access import AccessRequest
from access_service.domain.delegation import Grant
from access_service.domain.errors import RestartError
from access_service.domain.names import AccountId
from access_service.live.decision_point import DecisionPoint
from access_service.live.feed import Feed
from access_service.live.search import PageStart, SearchPage, SearchPoint, Wanted
from access_service.usecases.handover import delegation
from access_service.usecases.organisation import org
from world import CLASS_6A, LOWER, REGISTER, SCHOOL, YEAR, Clock, Someone, World, hire_homeroom, homeroom_line


def page(
    point: SearchPoint,
    wanted: Wanted,
    request: AccessRequest,
    limit: int = 1000,
    after: SearchPage | None = None,
    at: datetime | None = None,
) -> SearchPage:
    since = None if after is None else PageStart(after.after or "", after.revision, after.now)
    return point.search(REGISTER, wanted, request, limit=limit, since=since, at=at)


def ids(point: SearchPoint, wanted: Wanted, request: AccessRequest, at: datetime | None = None) -> tuple[str, ...]:
    found = page(point, wanted, request, at=at)
    assert found.after is None
    return found.ids


def classes_of(who: Someone) -> AccessRequest:
    return AccessRequest(who.account, "read", "class", "", category="CLS")


def health_record(account: str = "") -> AccessRequest:
    asked = AccessRequest(AccountId(account), "read", "student", "000-hs-1", category="STU-HEA")
    return replace(asked, class_id=CLASS_6A)


def granted(world: World) -> tuple[Someone, Grant]:
    teacher = hire_homeroom(world)
    return teacher, world.hand_over(SCHOOL, teacher, homeroom_line(world, teacher)).grants[0]


def add_class(world: World, code: str) -> None:
    said = {"school": SCHOOL, "school_year": YEAR, "code": code, "name": code, "level": LOWER, "grade": "6"}
    org.create_class(world.services, world.admins[SCHOOL], **said)  # type: ignore[arg-type]


def test_at_an_instant_the_three_searches_find_what_was_allowed_then(school_world: World, clock: Clock) -> None:
    world, point = school_world, SearchPoint(Feed(school_world.services.db))
    before = clock.now - timedelta(seconds=1)
    teacher, grant = granted(world)
    then = clock.now
    may = AccessRequest(teacher.account, "", "class", CLASS_6A, category="CLS")
    allowed = ids(point, "action", may)
    assert "read" in allowed
    clock.forward(days=3)
    delegation.revoke_grant(world.services, world.admins[SCHOOL], grant.id, reason="thử")
    for at, accounts, classes, actions in (
        (before, (), (), ()),
        (then, (teacher.account,), (CLASS_6A,), allowed),
        (clock.now, (), (), ()),
        (None, (), (), ()),
        (then, (teacher.account,), (CLASS_6A,), allowed),
    ):
        assert ids(point, "subject", health_record(), at) == accounts
        assert ids(point, "resource", classes_of(teacher), at) == classes
        assert ids(point, "action", may, at) == actions


def test_every_answer_at_an_instant_is_that_of_a_decision_of_that_instant(
    school_world: World, clock: Clock
) -> None:
    world, point = school_world, SearchPoint(Feed(school_world.services.db))
    people = [granted(world)[0]] + [world.hire_granted(f"giáo vụ {n}")[0] for n in (1, 2)]
    instants = [clock.now]
    for days in (1, 200, 400):
        clock.forward(days=days)
        instants.append(clock.now)
    decisions = DecisionPoint(world.services.db)
    for at in instants:
        wanted = [
            who.account
            for who in people
            if decisions.decide_at(world.register, health_record(account=who.account), at=at).decision
        ]
        assert ids(point, "subject", health_record(), at) == tuple(sorted(wanted))


def test_pages_of_an_instant_are_one_list_that_ends_when_an_account_changes(
    school_world: World, clock: Clock
) -> None:
    world, point = school_world, SearchPoint(Feed(school_world.services.db))
    registrar, grant = world.hire_granted("giáo vụ")
    for code in ("6C", "6D"):
        add_class(world, code)
    at = clock.now
    everything = ids(point, "resource", classes_of(registrar), at)
    clock.forward(days=30)
    first = page(point, "resource", classes_of(registrar), 2, at=at)
    second = page(point, "resource", classes_of(registrar), 2, first, at=at)
    assert ((*first.ids, *second.ids), first.now) == (everything, at)
    delegation.revoke_grant(world.services, world.admins[SCHOOL], grant.id, reason="thử")
    with pytest.raises(RestartError):
        page(point, "resource", classes_of(registrar), 2, first, at=at)
    assert ids(point, "resource", classes_of(registrar), at) == everything, "as of then, she was allowed"
