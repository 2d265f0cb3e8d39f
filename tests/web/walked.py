"""Every page there is, walked from the table of routes, with ids that exist for whoever may see them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from sqlalchemy import select
from starlette.routing import Route
from visiting import Visitor

from access_service import web
from access_service.domain.delegation import Authority, Grant
from access_service.storage.facts import Reader
from access_service.storage.tables import DocumentRow, table
from world import CLASS_6A, OFFICE, SCHOOL, World

PLACES = re.compile(r"{(\w+)}")
NOT_A_PAGE = {"/static/{sha256}/{name}"}
FOR_ANYBODY = {
    "/oauth2/authorize/host",
    "/oauth2/authorize",
    "/oauth2/logout",
    "/",
    "/dang-nhap",
    "/activate",
    "/kich-hoat",
    "/k/{name}",
    "/ngon-ngu",
    "/nen",
    "/tro-giup",
    "/tro-giup/{ten}",
    "/tro-giup/tep/{ten}",
}
"""Pages and forms before which nobody has to sign in."""


def routes() -> list[tuple[str, str]]:
    """Method and path of each page, forms too."""
    found = []
    for module in web.modules():
        for route in module.router.routes:
            if isinstance(route, Route) and route.path not in NOT_A_PAGE:
                method = "POST" if "POST" in (route.methods or ()) else "GET"
                found.append((method, route.path))
    return sorted(set(found))


@dataclass
class Ids:
    """What stands in the places of addresses: of the school, and of nothing."""

    world: World

    def of_school(self, path: str) -> str:
        """The address with ids of the school; a kind of address that has none here gets an id of nothing."""
        with self.world.services.db.read(self.world.register) as reader:
            return PLACES.sub(lambda place: self._find(reader, path, place[1]), path)

    def of_nothing(self, path: str) -> str:
        """The same with ids that nobody has."""
        return PLACES.sub(lambda place: f"khong-co-{place[1]}", path)

    def _find(self, reader: Reader, path: str, place: str) -> str:
        if place == "dv":
            return SCHOOL
        for prefix, find in FOUND_BY.items():
            if path.startswith(prefix):
                return find(self.world, reader)
        return f"khong-co-{place}"


def _document(world: World, _: Reader) -> str:
    rows = table(DocumentRow)
    with world.services.db.connect() as connection:
        return str(connection.execute(select(rows.c.id).where(rows.c.unit == SCHOOL).limit(1)).scalar_one())


def _grant(world: World, reader: Reader) -> str:
    return next(g.id for g in reader.find(Grant) if g.scope.unit == SCHOOL)


FOUND_BY: dict[str, Callable[[World, Reader], str]] = {
    "/tro-giup/tep/": lambda *_: "phan-cong-mau.csv",
    "/tro-giup/": lambda *_: "hieu-truong",
    "/nguoi/": lambda world, _: world.people["gvcn"].person,
    "/tai-khoan/": lambda world, _: world.people["gvcn"].account,
    "/van-ban/": _document,
    "/ky/van-ban/": _document,
    "/quyen/": _grant,
    "/don-vi/{dv}/lop/": lambda *_: CLASS_6A,
    "/don-vi/{dv}/tham-quyen/": lambda _, reader: next(a.id for a in reader.find(Authority) if a.unit == SCHOOL),
    "/tham-quyen/": lambda _, reader: next(a.id for a in reader.find(Authority) if a.unit == SCHOOL),
    "/phan-cong/": lambda world, _: world.people["gvcn"].duty,
    "/k/": lambda world, reader: f"{_document(world, reader)}.1",
}


def roles(service: Visitor) -> Iterator[tuple[str, Visitor]]:
    """Everybody in a browser of their own."""
    teacher = service.other()
    teacher.sign_in("000.gvcn")
    yield "teacher", teacher
    yield "head", service.other().as_head()
    yield "custodian", service.other().as_custodian()
    above = service.other()
    above.sign_in(above.enrolled(f"000.head:{OFFICE}"))
    yield "office", above
