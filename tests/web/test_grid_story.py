"""A custodian in a browser: sixty people from Excel to minutes, counted; and the grid by keyboard and paste."""

from __future__ import annotations

from pathlib import Path

from story import telling, told

from prepared import with_homeroom
from usecases.drafts.grids import HEAD, workbook
from world import PASSWORD, SCHOOL, YEAR

AT = f"/don-vi/{SCHOOL}/phan-quyen"
HEAD_NAME, QUAN_TRI = f"000.head:{SCHOOL}", f"quantri.{SCHOOL}"
FAMILIES = ("Nguyễn", "Trần", "Lê", "Phạm", "Hoàng", "Vũ", "Đặng", "Bùi", "Đỗ", "Ngô")
MIDDLE = ("Thị", "Văn", "Minh", "Thu", "Ngọc", "Hữu")
GIVEN = ("An", "Ánh", "Bình", "Chi", "Dung", "Đức")
SUBJECTS = ("Toán", "Ngữ văn", "Tiếng Anh", "KHTN", "LS&ĐL", "Tin học")


def sixty() -> bytes:
    """A school's own sheet: a title, a decision, sixty people, two of whom cannot be right."""
    rows: list[list[str | None]] = [
        ["TRƯỜNG THCS THỬ"],
        ["(Kèm theo Quyết định số 41/QĐ-THCS ngày 20/08/2026 của Hiệu trưởng)"],
        ["STT", *HEAD, "Số tiết"],
    ]
    for number in range(60):
        name = f"{FAMILIES[number % 10]} {MIDDLE[number // 10]} {GIVEN[number % 6]}"
        taught = f"{SUBJECTS[number % 6]} 6A, 6B"
        rows.append([str(number + 1), name, None, taught, "Thư viện" if number == 7 else None, "17"])
    rows[5][2] = rows[9][2] = "6B"
    rows[12][3] = "Toán 6X"
    return workbook(rows)


@told("plain")
def test_a_head_delegates_sixty_people_from_excel_in_seven_interactions(tmp_path: Path, way: str) -> None:
    file = tmp_path / "Phân công HKI.xlsx"
    file.write_bytes(sixty())
    with telling(f"bang-{way}", tmp_path, with_homeroom, way, job_workers=1) as story:
        for name in (HEAD_NAME, QUAN_TRI):
            story.world.enrol(name)
        story.sign_in(HEAD_NAME)
        story.put_on(QUAN_TRI)
        story.open(AT)
        story.look("trong")
        story.interactions = 0
        story.choose("Chọn tệp…", file)
        story.click_unscripted("Đọc tệp")
        story.page.wait_for_url("**/ghep-cot**")
        story.look("ghep-cot")
        story.click("Dùng cách ghép này")
        story.sees("2 dòng cần sửa.")
        story.look("bang")
        story.click("không chủ nhiệm 6B")
        story.click("Đổi thành 6A" if way == "phone" else "Đổi thành 6B")
        story.click("Lập 60 biên bản")
        story.page.wait_for_url("**/ky", timeout=300_000)
        if story.is_scripted:  # what was not scrolled past would be named once
            for last in story.page.locator("article.paper > :last-child").all():
                last.scroll_into_view_if_needed()
            story.page.get_by_text("đã xem").nth(59).wait_for()
        story.fill("Mật khẩu", PASSWORD)
        story.click("Ký 60 văn bản bằng mật khẩu")
        story.sees("Đã ký 60 văn bản.")
        assert story.interactions == (7 if story.is_scripted else 8)
        story.open(f"/don-vi/{SCHOOL}/nam-hoc?nam={YEAR}")
        story.look("nam-hoc")
        story.open(f"/don-vi/{SCHOOL}/phieu-kich-hoat")
        story.look("phieu")


def test_the_grid_saves_by_itself_and_takes_a_block_from_excel(tmp_path: Path) -> None:
    file = tmp_path / "PC.xlsx"
    file.write_bytes(workbook([HEAD, ["Dương Đức An", "", "Toán 6A"], ["Lý Minh Ân", "", "Tin 6A"]]))
    with telling("bang-go", tmp_path, with_homeroom) as story:
        for name in (HEAD_NAME, QUAN_TRI):
            story.world.enrol(name)
        story.sign_in(HEAD_NAME)
        story.put_on(QUAN_TRI)
        story.open(f"{AT}/nhap")
        story.choose("Chọn tệp…", file)
        story.page.wait_for_url("**/ghep-cot**")
        story.click("Dùng cách ghép này")
        page = story.page
        cell = page.get_by_label("Dạy môn, lớp, Dương Đức An")
        cell.fill("Văn 6B")
        page.get_by_text("Giáo viên bộ môn Ngữ văn 6B").wait_for()
        cell.press("ArrowDown")
        assert page.evaluate("document.activeElement.getAttribute('aria-label')") == "Dạy môn, lớp, Lý Minh Ân"
        cell.focus()
        page.evaluate(
            """(text) => {
                const data = new DataTransfer();
                data.setData("text", text);
                document.activeElement.dispatchEvent(
                    new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }));
            }""",
            "Sử 6A\tKế toán\nĐịa 6B\tVăn thư\n",
        )
        page.get_by_text("Giáo viên bộ môn Địa lí 6B; Nhân viên văn thư").wait_for()
        page.reload()
        assert page.get_by_label("Nhiệm vụ khác, Dương Đức An").input_value() == "Kế toán"
        cell.fill("Đan 6A")
        page.get_by_text("Không có môn học “Đan”").wait_for()
        story.look("sua")
        page.get_by_label("Chọn Lý Minh Ân").uncheck()
        page.get_by_text("Chưa có dòng nào để lập biên bản.").wait_for()
