"""The software that uses a school's data: found, entered, and stopped with what falls shown before."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from visiting import Visitor, visiting

from access_service.domain.software import Software
from software_world import approve, enter
from world import OFFICE, SCHOOL, World

AT = f"/don-vi/{SCHOOL}/phan-mem"


def furnish(world: World) -> Software:
    """One piece with an approval, one without."""
    made = enter(world)
    approve(world, made)
    enter(world, name="Sổ liên lạc thử")
    return made


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Visitor]:
    with visiting(tmp_path_factory.mktemp("phan-mem"), furnish=furnish) as found:
        yield found


def test_software_is_found_by_name_without_marks_what_lacks_an_approval_first(service: Visitor) -> None:
    visitor = service.other().as_head()
    page = visitor.get(AT)
    assert page.words.index("Sổ liên lạc thử") < page.words.index("Phần mềm nhắn tin thử")
    page = visitor.get(f"{AT}?q=nhan+tin")
    assert "Phần mềm nhắn tin thử" in page.words
    assert "Sổ liên lạc thử" not in page.words
    page = visitor.get(f"{AT}?chi=missing")
    assert "Sổ liên lạc thử" in page.words
    assert "Khai phần mềm" not in page.words


def test_the_commune_sees_what_its_schools_use_and_a_stranger_nothing(service: Visitor) -> None:
    office = service.other()
    office.sign_in(office.enrolled(f"000.head:{OFFICE}"))
    assert "Phần mềm nhắn tin thử" in office.get(f"/don-vi/{OFFICE}/phan-mem").words
    page = office.get(f"/phan-mem/{service.made.id}")
    assert "Công ty A" in page.words
    assert "Thu hồi văn bản đồng ý" not in page.words
    assert office.get("/phan-mem/sof_0").status == 404
    assert office.get("/dong-y/apv_0").status == 404


def test_an_entry_keeps_what_was_typed_and_is_stopped_with_its_consequences(service: Visitor) -> None:
    visitor = service.other().as_custodian()
    page = visitor.get(f"{AT}/khai")
    typed = {
        "ten": "Điểm danh thử",
        "nha_cung_cap": "Công ty B",
        "du_lieu": "Họ tên",
        "pham_vi": "Khối 6",
        "tan_suat": "Mỗi ngày",
        "hinh_thuc": "Trục",
        "chi_phi": "Không",
    }
    page = visitor.send(page, f"{AT}/khai", **typed, phap_ly="")
    assert page.status == 422
    assert 'value="Điểm danh thử"' in page.html
    page = visitor.send(page, f"{AT}/khai", phap_ly="Hợp đồng 01")
    assert "Đã khai phần mềm." in page.words
    path = f"{page.address}/cham-dut"
    page = visitor.get(path)
    assert "1 phần mềm chấm dứt" in page.words
    page = visitor.send(page, path)
    assert "Đã ngừng dùng" in page.words
