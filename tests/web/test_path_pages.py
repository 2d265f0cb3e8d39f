"""Who could, on a page: whom it is for, what it lists, and what every view leaves in the log."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from visiting import Visitor, visiting

from access_service.domain.names import UnitId
from access_service.storage.audit import events
from access_service.usecases.evidence.paths import read_paths_to
from access_service.web.path_picture import MOST_BOXES, draw_paths
from prepared import with_homeroom
from world import LOWER, OFFICE, SCHOOL, World

ADDRESS = f"/don-vi/{SCHOOL}/ai-co-the"
KINDS = ("khoi-phuc", "bien-ban", "bo-nhiem", "chuyen-don-vi", "lam-chung")
EDGES = tuple(f"{ADDRESS}/{kind}" for kind in KINDS)
BESIDE = UnitId("0003102")


def furnished(world: World) -> object:
    """A homeroom teacher who reads health data, a nurse without rights, and another school with a head."""
    made = with_homeroom(world)
    world.hire("y tế", SCHOOL, "school_health", SCHOOL)
    world.add_unit(BESIDE, "school", "Trường THCS Thử Hai", OFFICE, LOWER)
    world.hire("bên cạnh", BESIDE, "principal", OFFICE)
    return made


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Visitor]:
    with visiting(tmp_path_factory.mktemp("duong"), furnish=furnished) as found:
        yield found


@pytest.fixture(scope="module")
def head(service: Visitor) -> Visitor:
    return service.other().as_head()


def asked(service: Visitor) -> int:
    with service.world.services.db.connect() as connection:
        kept = list(events(connection, service.world.register, after=0, limit=100_000))
    return sum(e.happening.action == "paths.read" for e in kept)


def test_the_list_has_every_way_and_every_holder(service: Visitor, head: Visitor) -> None:
    found = read_paths_to(service.world.services.db, service.world.register, SCHOOL, "STU-HEA", accomplices=2)
    page = head.get(f"{ADDRESS}?cung=2")
    assert page.status == 200
    assert len(found.ways.paths) >= 3
    chokes, *lists = [part.partition("</ol>")[0] for part in page.html.split('<ol class="ways gap">')[1:]]
    assert 1 <= chokes.count("<li>") <= 5
    holders = len({h.account for h in found.ways.held})
    assert [part.count("<li>") for part in lists] == [
        len(found.ways.paths),
        len(found.ways.coalitions),
        len(found.joint),
        holders,
    ]
    for act in found.joint:
        assert found.accounts[act.prepares].username in lists[2]
    for path in found.ways.paths:
        assert found.accounts[path.start].username in lists[0]
    for name in found.people.values():
        assert name in lists[1]


def test_the_picture_has_at_most_twelve_boxes_and_an_arrow_from_each_that_could(service: Visitor) -> None:
    found = read_paths_to(service.world.services.db, service.world.register, SCHOOL, "STU-HEA")
    picture = draw_paths(found)
    assert picture is not None
    assert 2 <= len(picture.boxes) <= MOST_BOXES
    assert len(picture.arrows) == sum(not box.is_held for box in picture.boxes)
    assert all(box.x >= 0 and box.x + 216 <= picture.width for box in picture.boxes)
    assert all(box.y >= 0 and box.y + 66 <= picture.height for box in picture.boxes)


def test_each_way_says_its_rule_its_paper_who_is_told_its_wait_and_what_closes_it(head: Visitor) -> None:
    words = head.get(f"{ADDRESS}?cung=1").words
    for said in ("Quy tắc 4", "Quy tắc 5 và 7", "Giấy tờ", "Ai được báo", "24 giờ", "Cách đóng: "):
        assert said in words
    assert words.index("Chặn ở đây") < words.index("Các đường đi") < words.index("Một mình, bằng khôi phục")


def test_the_page_begins_with_health_data_and_shows_another_category_and_day(head: Visitor) -> None:
    assert "STU-HEA" in re.findall(r'<option value="([^"]+)" selected', head.get(ADDRESS).html)
    other = head.get(f"{ADDRESS}?loai=STU-ACA&ngay=1/8/2000")
    assert other.status in (404, 422)
    assert "STU-ACA" in re.findall(r'<option value="([^"]+)" selected', head.get(f"{ADDRESS}?loai=STU-ACA").html)
    assert head.get(f"{ADDRESS}?loai=KHONG-CO").status == 422


@pytest.mark.parametrize("address", [ADDRESS, *EDGES])
def test_the_head_and_the_unit_above_see_it_and_nobody_else(service: Visitor, head: Visitor, address: str) -> None:
    assert head.get(address).status == 200
    above = service.other()
    above.sign_in(above.enrolled(f"000.head:{OFFICE}"))
    assert above.get(address).status == 200
    before = asked(service)
    for name in ("000.gvcn", "000.y tế", "000.bên cạnh"):
        stranger = service.other()
        stranger.sign_in(stranger.enrolled(name))
        page = stranger.get(address)
        nowhere = stranger.get(address.replace(SCHOOL, "0009999"))
        assert (page.status, page.words) == (404, nowhere.words), name
    assert asked(service) == before


def test_every_view_is_an_event(service: Visitor, head: Visitor) -> None:
    before = asked(service)
    head.get(ADDRESS)
    head.get(f"{ADDRESS}?loai=STU-ID")
    assert asked(service) == before + 2


def test_the_page_is_linked_from_the_unit_and_from_what_looks_wrong(service: Visitor, head: Visitor) -> None:
    for page in (f"/don-vi/{SCHOOL}", f"/don-vi/{SCHOOL}/bat-thuong"):
        assert f'href="{ADDRESS}"' in head.get(page).html
    teacher = service.other()
    teacher.sign_in("000.gvcn")
    assert f'href="{ADDRESS}"' not in teacher.get(f"/don-vi/{SCHOOL}").html
