"""Clients of software and what it is allowed to draw, through the pages: made, changed, stopped, side by side."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from test_correcting_pages import as_root
from visiting import Shown, Visitor, visiting

from access_service.domain.software import Approval, Client, Software
from access_service.signing.passwords import digest
from software_world import approve, enter
from world import CLASS_6A, CLASS_6B, OFFICE, SCHOOL, World

AT = f"/don-vi/{SCHOOL}/dong-y"


def furnish(world: World) -> tuple[Software, Approval]:
    """Software of the school with an approval about 6A."""
    made = enter(world)
    agreed = approve(
        world, made, classes=frozenset({(CLASS_6A, "")}), school_year="2026-2027", levels=None, grades=None
    )
    return made, agreed


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Visitor]:
    with visiting(tmp_path_factory.mktemp("may-khach"), furnish=furnish) as found:
        yield found


@pytest.fixture(scope="module")
def custodian(service: Visitor) -> Visitor:
    return service.other().as_custodian()


def clients_in(service: Visitor) -> list[Client]:
    with service.world.services.db.read(service.world.register) as reader:
        return reader.find(Client)


def secret_in(page: Shown) -> str:
    found = re.findall(r'<code class="num long">([^<]+)</code>', page.html)
    assert len(found) == 2, page.words
    return found[1]


def test_a_client_is_made_rotated_and_stopped_and_its_secret_is_shown_once(
    service: Visitor, custodian: Visitor
) -> None:
    software, _ = service.made
    path = f"/phan-mem/{software.id}/may-khach"
    page = custodian.get(path)
    wrong = custodian.send(page, path, goi_den="http://khong-an-toan.example", ve="https://so.example/ve")
    assert (wrong.status, "https://so.example/ve" in wrong.html) == (422, True)
    page = custodian.send(wrong, path, goi_den="https://du-lieu.example", ve="https://so.example/ve\n")
    first = secret_in(page)
    [client] = clients_in(service)
    assert client.secret_sha256 == digest(first)
    assert client.redirect_uris == {"https://so.example/ve"}
    one = f"/may-khach/{client.id}"
    page = custodian.get(one)
    assert first not in page.html
    assert "https://so.example/ve" in page.html
    page = custodian.send(page, f"{one}/doi-ma")
    assert secret_in(page) != first
    assert "Mã cũ dùng được đến" in page.words
    page = custodian.send(custodian.get(one), f"{one}/doi-ma", lo="1")
    assert "Mã cũ dùng được đến" not in page.words
    page = custodian.send(custodian.get(one), f"{one}/khoa-cong-khai", khoa_cong_khai="{không phải JSON")
    assert page.status == 422
    page = custodian.send(custodian.get(one), f"{one}/dia-chi-ve", ve="https://so.example/moi", ra="")
    assert "Đã thay địa chỉ đăng nhập." in page.words
    page = custodian.get(f"{one}/ngung")
    assert "1 máy khách của phần mềm" in page.words
    page = custodian.send(page, f"{one}/ngung")
    assert "Đã ngừng máy khách." in page.words
    assert "Đổi mã bí mật" not in page.words
    [client] = clients_in(service)
    assert client.disabled_at is not None
    assert client.redirect_uris == {"https://so.example/moi"}


def test_an_address_counts_once_the_department_has_confirmed_it(service: Visitor, custodian: Visitor) -> None:
    software, _ = service.made
    path = f"/phan-mem/{software.id}/may-khach"
    custodian.send(custodian.get(path), path, duoc_goi="https://phan-mem.example")
    client = next(c for c in clients_in(service) if c.serves)
    one = f"/may-khach/{client.id}"
    page = custodian.get(one)
    assert "Sở chưa xác nhận" in page.words
    assert "duyet-dia-chi" not in page.html
    department = as_root(service.other())
    page = department.send(department.get(one), f"{one}/duyet-dia-chi")
    assert "Sở xác nhận lúc" in page.words
    page = department.send(department.get(f"{one}/thu-hoi-dia-chi"), f"{one}/thu-hoi-dia-chi")
    assert "Sở chưa xác nhận" in page.words


def test_nobody_else_sees_a_client_or_changes_it(service: Visitor) -> None:
    client = clients_in(service)[0]
    office = service.other()
    office.sign_in(office.enrolled(f"000.head:{OFFICE}"))
    page = office.get(f"/may-khach/{client.id}")
    assert page.status == 200
    assert "doi-ma" not in page.html
    assert office.get("/may-khach/cli_0").status == 404
    assert office.get("/dong-y/apv_0").status == 404


def test_an_approval_stands_beside_what_was_asked(service: Visitor, custodian: Visitor) -> None:
    software, agreed = service.made
    page = custodian.get(f"/phan-mem/{software.id}")
    assert f'href="/dong-y/{agreed.id}"' in page.html
    page = custodian.get(f"/dong-y/{agreed.id}")
    for said in ("Học sinh khối 6", "Lớp 6A", "Nhắn tin cho phụ huynh", "bên xử lý dữ liệu", "01/HĐ-A"):
        assert said in page.words
    assert "Thu hồi văn bản đồng ý" not in page.words
    assert "Thu hồi văn bản đồng ý" in as_root(service.other()).get(f"/dong-y/{agreed.id}").words
    assert agreed.number in custodian.get(AT).words
    assert agreed.number in custodian.get(f"{AT}?lop={CLASS_6A}").words
    assert agreed.number not in custodian.get(f"{AT}?lop={CLASS_6B}").words
    assert custodian.get(f"{AT}?lop=khong-co").status == 404


def test_the_department_records_an_approval_and_loses_nothing_that_it_typed(service: Visitor) -> None:
    software, _ = service.made
    department, path = as_root(service.other()), f"/phan-mem/{service.made[0].id}/dong-y"
    page = department.get(path)
    typed = {
        "so": "812/SGDĐT-VP",
        "ngay": "20/08/2026",
        "nhom": ["STU-ID"],
        "khoi": "6",
        "tan_suat": "once_a_day",
        "hinh_thuc": "api",
        "tu_ngay": "20/08/2026",
        "den_ngay": "ngày mai",
        "muc_dich": "Điểm danh",
        "so_hop_dong": "02/HĐ-A",
        "ngay_hop_dong": "01/08/2026",
        "vai_tro": "processor",
        "luu_giu": "Đến hết năm học",
        "xoa": "Có biên bản",
    }
    files = {"tep": ("dong-y.pdf", b"000"), "tep_hop_dong": ("hop-dong.pdf", b"111")}
    page = department.send(page, path, files=files, **typed)
    assert page.status == 422
    assert "812/SGDĐT-VP" in page.html
    # The files are not chosen twice: their hashes stand in the form.
    page = department.send(page, path, den_ngay="30/09/2026")
    assert "Đã ghi văn bản đồng ý." in page.words
    assert "Khối 6" in page.words
    with service.world.services.db.read(service.world.register) as reader:
        [made] = [a for a in reader.find(Approval, software=software.id) if a.number == "812/SGDĐT-VP"]
    assert made.scope.grades == {"6"}
    page = department.send(
        department.get(f"/dong-y/{made.id}/thu-hoi"), f"/dong-y/{made.id}/thu-hoi", ly_do="hết hợp đồng"
    )
    assert "Thu hồi lúc" in page.words
    custodian = service.other().as_custodian()
    deletion = f"/dong-y/{made.id}/xoa-du-lieu"
    page = custodian.send(
        custodian.get(f"/dong-y/{made.id}"),
        deletion,
        files={"tep": ("xoa.pdf", b"2")},
        so="03/BB-A",
        ngay="20/08/2026",
    )
    assert "Đã ghi xác nhận xoá, huỷ dữ liệu." in page.words
    assert custodian.get(path).status == 403
