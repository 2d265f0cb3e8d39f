"""Searches of a school, for the tests of searching."""

from dataclasses import replace

from access_service.domain.access import AccessRequest
from access_service.domain.delegation import Grant
from access_service.domain.names import AccountId, ClassId, UnitId
from access_service.live.feed import Feed
from access_service.live.search import PageStart, SearchPage, SearchPoint, Wanted
from access_service.usecases.organisation import org
from world import (
    CLASS_6A,
    LOWER,
    SCHOOL,
    YEAR,
    Someone,
    World,
    hire_homeroom,
    homeroom_line,
)

CLASS_6C = ClassId("0003101:2026-2027:6C")
NOBODY = AccountId("")


def classes_of(who: Someone, category: str | None = "CLS", **more: object) -> AccessRequest:
    return replace(AccessRequest(who.account, "read", "class", "", category=category), **more)


def health_record(**more: object) -> AccessRequest:
    return replace(
        AccessRequest(NOBODY, "read", "student", "000-hs-1", category="STU-HEA", class_id=CLASS_6A), **more
    )


def add_class(world: World, code: str, school: UnitId = SCHOOL) -> ClassId:
    made = org.create_class(
        world.services,
        world.admins[school],
        school=school,
        school_year=YEAR,
        code=code,
        name=code,
        level=LOWER,
        grade="6",
    )
    return made.id


class Searching:
    """A search point that remembers nothing but what it should, and the pages of a list."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.feed = Feed(world.services.db)
        self.point = SearchPoint(self.feed)

    def page(
        self, wanted: Wanted, request: AccessRequest, limit: int = 1000, after: SearchPage | None = None
    ) -> SearchPage:
        since = None if after is None else PageStart(after.after or "", after.revision, after.now)
        return self.point.search(self.world.register, wanted, request, limit=limit, since=since)

    def ids(self, wanted: Wanted, request: AccessRequest) -> tuple[str, ...]:
        page = self.page(wanted, request)
        assert page.after is None
        return page.ids


def granted(world: World, key: str = "gvcn", class_id: ClassId = CLASS_6A) -> tuple[Someone, Grant]:
    teacher = hire_homeroom(world, key, class_id)
    return teacher, world.hand_over(SCHOOL, teacher, homeroom_line(world, teacher, class_id)).grants[0]


def three_readers(world: World) -> list[Someone]:
    """Three accounts that may read the class 6A, in the order of their ids."""
    readers = [granted(world)[0], *(world.hire_granted(f"giáo vụ {n}")[0] for n in (1, 2))]
    return sorted(readers, key=lambda who: who.account)


def of_6a() -> AccessRequest:
    return AccessRequest(NOBODY, "read", "class", CLASS_6A, category="CLS")
