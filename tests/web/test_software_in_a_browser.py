"""In a real browser: software is declared, approved, draws what it may and no more, and is stopped."""

from __future__ import annotations

from base64 import b64encode
from pathlib import Path

from story import Story, telling, told
from test_correcting_pages import names_of_root
from test_software_pages import AT, furnish

from prepared import with_homeroom
from software_world import ENTRY
from world import SCHOOL


@told("phone", "plain")
def test_software_is_stopped_after_what_falls_was_shown(tmp_path: Path, way: str) -> None:
    with telling(f"phan-mem-{way}", tmp_path, furnish, way=way) as story:
        for name in (f"000.head:{SCHOOL}", f"quantri.{SCHOOL}"):
            story.world.enrol(name)
        story.sign_in(f"000.head:{SCHOOL}")
        story.put_on(f"quantri.{SCHOOL}")
        story.open(f"{AT}/khai")
        story.look("khai")
        story.open(AT)
        story.look("danh-sach")
        story.click("Phần mềm nhắn tin thử", role="link")
        story.look("mot-phan-mem")
        story.click("Chấm dứt sử dụng", role="link")
        story.look("dieu-se-xay-ra")
        story.click("Chấm dứt sử dụng")
        story.sees("Đã chấm dứt sử dụng phần mềm.")
        assert story.interactions == 3


HEAD, QUAN_TRI = f"000.head:{SCHOOL}", f"quantri.{SCHOOL}"
DECLARED = {
    "Tên phần mềm": ENTRY.name,
    "Đơn vị cung cấp": ENTRY.supplier,
    "Các trường dữ liệu": ENTRY.data_fields,
    "Phạm vi dữ liệu": ENTRY.data_scope,
    "Tần suất lấy dữ liệu": ENTRY.frequency,
    "Hình thức lấy dữ liệu": ENTRY.method,
    "Chi phí sử dụng": ENTRY.cost,
    "Tính pháp lý": ENTRY.legal_standing,
}
AGREED = {
    "Số văn bản": "77/SGDĐT-VP",
    "Ngày văn bản": "19/08/2026",
    "Từ ngày": "20/08/2026",
    "Đến hết ngày": "31/12/2026",
    "Mục đích": "Nhắn tin cho phụ huynh",
    "Số thoả thuận": "01/HĐ-A",
    "Ngày thoả thuận": "01/08/2026",
    "Lưu giữ": "Đến hết năm học",
    "Xoá, huỷ dữ liệu": "Xoá khỏi máy chủ, có biên bản",
}
CHOSEN = {
    "Tần suất lấy dữ liệu": "mỗi ngày một lần",
    "Hình thức lấy dữ liệu": "tự động lấy dữ liệu",
    "Vai trò của bên nhận dữ liệu": "bên xử lý dữ liệu",
}


def asks(story: Story, client: str, secret: str) -> tuple[int, str]:
    """The software asks for a token: the status, and why not."""
    basic = {"Authorization": "Basic " + b64encode(f"{client}:{secret}".encode()).decode()}
    form = {"grant_type": "client_credentials"}
    answer = story.page.request.post(f"{story.address}/oauth2/token", form=form, headers=basic)
    return answer.status, answer.json().get("error_description", "")


@told("plain")
def test_software_is_declared_approved_draws_and_is_stopped(tmp_path: Path, way: str) -> None:
    with telling(f"vong-doi-{way}", tmp_path, with_homeroom, way) as story:
        story.become(HEAD, QUAN_TRI)
        story.open(AT)
        story.click("Khai phần mềm", "link")
        for label, said in DECLARED.items():
            story.fill(label, said)
        story.click("Khai phần mềm")
        story.sees("Đã khai phần mềm.")
        place = story.page.url.removeprefix(story.address)
        story.click("Tạo máy khách", "link")
        story.fill("Địa chỉ máy chủ dữ liệu mà phần mềm gọi đến", "https://so-diem.example")
        story.click("Tạo máy khách")
        story.look("ma-bi-mat")
        client, secret = story.page.locator("code.num.long").all_inner_texts()
        assert asks(story, client, secret)[0] == 400

        story.become(*names_of_root(story.world))
        story.open(place)
        story.click("Ghi văn bản đồng ý", "link")
        for label, said in AGREED.items():
            story.fill(label, said)
        for label, said in CHOSEN.items():
            story.page.get_by_label(label, exact=True).select_option(label=said)
        story.page.get_by_label("Định danh học sinh").check()
        for number, field in enumerate(story.page.get_by_label("hoặc mã SHA-256").all()):
            field.fill(f"{number}" * 64)
        story.look("ghi-van-ban")
        story.click("Ghi văn bản đồng ý")
        story.look("da-dong-y")

        assert asks(story, client, secret)[0] == 200
        assert asks(story, client, secret)[1].startswith("drawn already in the period")
        story.become(HEAD, QUAN_TRI)
        story.open(place)
        story.sees("1 lần được đếm")
        story.look("da-lay")
        story.click("Chấm dứt sử dụng", "link")
        story.click("Chấm dứt sử dụng")
        story.sees("Đã chấm dứt sử dụng phần mềm.")
        story.world.clock.forward(days=1)
        assert asks(story, client, secret)[0] in (400, 401)
