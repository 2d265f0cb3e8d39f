"""A door of the province observes at a school: the department looks at what differs and cuts the school over."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from story import telling, told
from visiting import Visitor, visiting

from access_service.domain.names import UnitId
from access_service.domain.observing import ObservedAnswer, OldAnswer
from access_service.domain.software import Software
from access_service.storage.observed_answers import add_observed
from access_service.usecases.third_party import clients
from access_service.usecases.third_party.clients import NewClient
from access_service.usecases.third_party.cutting_over import begin_observing
from access_service.usecases.third_party.software import register_software
from prepared import with_homeroom
from software_world import ENTRY
from world import SCHOOL, World


def furnish(world: World) -> Software:
    """The department's door, which asked a thousand times at the school and differed at thirty."""
    with_homeroom(world)
    root = world.admins[world.root]
    entry = replace(ENTRY, unit=world.root, name="Cổng sổ điểm thử", is_enforcement_point=True)
    door = register_software(world.services, root, entry)
    wanted = NewClient(door.id, frozenset({"evaluate"}), frozenset({"class", "student"}))
    client = clients.create_client(world.services, root, wanted).client.id
    until = world.clock.now + timedelta(days=60)
    begin_observing(world.services, root, client, frozenset({UnitId(SCHOOL)}), until)

    def seen(old: OldAnswer, *, is_allowed: bool, reason: str = "") -> ObservedAnswer:
        return ObservedAnswer(client, SCHOOL, "STU-ACA", "read", old, is_allowed, reason)

    counts = {
        seen(OldAnswer.ALLOW, is_allowed=True): 970,
        seen(OldAnswer.ALLOW, is_allowed=False, reason="outside_class"): 25,
        seen(OldAnswer.DENY, is_allowed=True): 5,
    }
    with world.services.db.aside() as connection:
        add_observed(connection, world.register, counts, world.clock.now.date())
    return door


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Visitor]:
    with visiting(tmp_path_factory.mktemp("quan-sat"), furnish=furnish) as found:
        yield found


def test_the_department_sees_what_differs_cuts_a_school_over_and_finds_the_way_back(service: Visitor) -> None:
    at = f"/phan-mem/{service.made.id}/quan-sat"
    visitor = service.other()
    visitor.sign_in(visitor.enrolled("director.00031"))
    page = visitor.get(f"/phan-mem/{service.made.id}")
    assert f'href="{at}"' in page.html
    page = visitor.get(at)
    assert "970" in page.words
    assert "Hệ thống cũ cho phép, nay sẽ bị từ chối" in page.words
    assert "Chuyển sang áp dụng" not in page.words
    visitor.put_on(visitor.enrolled("admin.00031"))
    page = visitor.send(visitor.get(at), at, press=("viec", "ap-dung"))
    assert "sang áp dụng." in page.words
    assert "Đang áp dụng" in page.words
    page = visitor.send(page, at, press=("viec", "quan-sat"))
    assert "Đã quay lại quan sát ở" in page.words
    page = visitor.send(page, at, press=("viec", "ap-dung"), don_vi="khong-co")
    assert page.status == 404


def test_a_school_neither_sees_nor_changes_what_is_observed_there(service: Visitor) -> None:
    at = f"/phan-mem/{service.made.id}/quan-sat"
    page = service.other().as_custodian().get(at)
    assert page.status in (403, 404)


@told("phone")
def test_the_table_is_read_and_the_button_pressed(tmp_path: Path, way: str) -> None:
    with telling(f"quan-sat-{way}", tmp_path, furnish, way=way) as story:
        for name in ("director.00031", "admin.00031"):
            story.world.enrol(name)
        story.sign_in("director.00031")
        story.put_on("admin.00031")
        story.open(f"/phan-mem/{story.made.id}/quan-sat")
        story.look("bang")
        story.page.get_by_text("Khác ở đâu").click()
        story.look("khac-o-dau")
        story.click("Chuyển sang áp dụng")
        story.sees("sang áp dụng.")
        assert story.interactions == 1
