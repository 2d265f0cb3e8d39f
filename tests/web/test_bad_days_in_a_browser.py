"""Bad days in a real browser: a night, an end, a change or a second press between seeing and sending."""

from __future__ import annotations

import io
import unicodedata
import zipfile
from pathlib import Path
from typing import Any

from story import Story, telling, told

from access_service.domain.documents import Document, Signature
from access_service.domain.names import DocumentState
from access_service.domain.scope import Scope
from access_service.usecases.handover import documents
from access_service.usecases.handover.documents import EnteredLine
from access_service.usecases.handover.naming import name_signer
from prepared import as_it_is
from usecases.drafts.grids import HEAD as COLUMNS
from usecases.drafts.grids import workbook
from world import PASSWORD, SCHOOL, YEAR, World

HEAD, QUAN_TRI = f"000.head:{SCHOOL}", f"quantri.{SCHOOL}"
GRID = f"/don-vi/{SCHOOL}/phan-quyen"
DECIDED = ["(Kèm theo Quyết định số 41/QĐ-THCS ngày 20/08/2026)"]
ROWS = [DECIDED, COLUMNS, ["Dương Đức An", "", "Toán 6A"], ["Lý Minh Ân", "", "Tin 6A"]]


def with_grid(story: Story, folder: Path) -> None:
    """The custodian before a grid of two people."""
    file = folder / "PC.xlsx"
    file.write_bytes(workbook(ROWS))
    story.become(HEAD, QUAN_TRI)
    story.open(f"{GRID}/nhap?nam={YEAR}")
    story.choose("Chọn tệp…", file)
    story.click_unscripted("Đọc tệp")
    story.click("Dùng cách ghép này")
    story.sees("2 biên bản")


def with_thirteen(world: World) -> list[str]:
    """Minutes of thirteen clerks wait for the head."""
    found = []
    for number in range(13):
        clerk = world.hire(f"văn thư {number}", SCHOOL, "clerk", SCHOOL)
        line = EnteredLine("clerk", clerk.duty, Scope(unit=SCHOOL), world.clock.now)
        found.append(str(world.propose(SCHOOL, clerk, line).document.id))
    return found


def states(story: Story) -> list[DocumentState]:
    return [story.world.get(Document, id_).state for id_ in story.made]


def press(story: Story, name: str) -> None:
    """Press the button, and once more where a script names first what was not scrolled past."""
    button = story.page.get_by_role("button", name=name)
    button.click()
    if story.is_scripted and story.page.get_by_text("Chưa xem:").count():
        button.click()
    story.page.wait_for_load_state()


@told()
def test_two_people_edit_one_row(tmp_path: Path, way: str) -> None:
    """Whoever saves second sees both, and says which holds."""
    with telling(f"hai-nguoi-{way}", tmp_path, as_it_is, way) as story:
        with_grid(story, tmp_path)
        other = story.page.context.new_page()
        other.goto(f"{story.address}{GRID}?nam={YEAR}")
        other.get_by_label("Dạy môn, lớp, Dương Đức An").fill("Tin 6B")
        other.get_by_role("button", name="Lưu nháp").last.click()
        other.get_by_text("Giáo viên bộ môn Tin học 6B").first.wait_for()
        other.close()
        story.page.get_by_label("Dạy môn, lớp, Dương Đức An").fill("Văn 6B")
        story.page.get_by_role("button", name="Lưu nháp").last.click()
        story.sees("Người khác đã sửa trong khi chưa lưu")
        story.look("hai-ban")
        story.click("Dùng bản vừa gõ")
        story.sees("Giáo viên bộ môn Ngữ văn 6B")


@told("plain")
def test_the_admin_session_ends_in_the_middle_of_the_grid_and_nothing_is_lost(tmp_path: Path, way: str) -> None:
    with telling(f"het-phien-{way}", tmp_path, as_it_is, way) as story:
        with_grid(story, tmp_path)
        story.world.clock.forward(minutes=10)
        story.page.get_by_label("Dạy môn, lớp, Dương Đức An").fill("Văn 6B")
        story.page.get_by_label("Nhiệm vụ khác, Lý Minh Ân").fill("Thư viện")
        story.page.get_by_role("button", name="Lưu nháp").last.click()
        story.sees("Mật khẩu của tài khoản quản trị")
        story.look("dang-nhap-lai")
        form = story.page.locator('form[action="/quan-tri/dang-nhap"]')
        form.locator("[name=mat_khau]").fill(PASSWORD)
        story.world.clock.forward(seconds=30)
        form.locator("[name=ma]").fill(story.world.authenticators[QUAN_TRI].next(story.world.clock.now))
        form.get_by_role("button").first.click()
        story.sees("Gửi lại biểu mẫu")
        story.look("gui-lai")
        shown = story.page.locator("main").inner_text()
        assert "Văn 6B" in shown
        assert "row_" not in shown
        story.click("Gửi lại")
        story.sees("Giáo viên bộ môn Ngữ văn 6B")
        story.sees("Nhân viên thư viện")


@told()
def test_a_page_left_open_overnight(tmp_path: Path, way: str) -> None:
    """In the morning the papers are still to be signed: the sign-in signs nothing, and no password is kept."""
    with telling(f"qua-dem-{way}", tmp_path, with_thirteen, way) as story:
        story.become(HEAD)
        story.open("/ky")
        story.page.get_by_label("Ký văn bản này").nth(2).uncheck()
        story.world.clock.forward(hours=13)
        story.page.get_by_label("Mật khẩu").fill(PASSWORD)
        press(story, "Ký 13 văn bản bằng mật khẩu")
        story.sees("Đăng nhập")
        assert set(states(story)) == {DocumentState.AWAITING_GIVER}
        story.look("dang-nhap")
        form = story.page.locator('form[action="/dang-nhap"]')
        form.locator("[name=ten]").fill(HEAD)
        form.locator("[name=mat_khau]").fill(PASSWORD)
        story.world.clock.forward(seconds=30)
        form.locator("[name=ma]").fill(story.world.authenticators[HEAD].next(story.world.clock.now))
        form.get_by_role("button").first.click()
        story.page.wait_for_load_state()
        story.look("sang-hom-sau")
        assert PASSWORD not in story.page.content()
        assert set(states(story)) == {DocumentState.AWAITING_GIVER}


@told("plain")
def test_a_document_changes_while_it_is_read(tmp_path: Path, way: str) -> None:
    """One of thirteen changes between reading and signing: twelve are signed, and what changed is shown."""
    with telling(f"van-ban-doi-{way}", tmp_path, with_thirteen, way) as story:
        story.become(HEAD)
        story.open("/ky")
        world = story.world
        name_signer(world.services, world.admins[SCHOOL], story.made[4], world.head_of(SCHOOL).person)
        story.fill("Mật khẩu", PASSWORD)
        press(story, "Ký 13 văn bản bằng mật khẩu")
        story.sees("Đã ký 12 văn bản. 1 văn bản chưa ký được.")
        story.look("mot-van-ban-doi")
        found = states(story)
        assert found[4] is DocumentState.AWAITING_GIVER
        assert found.count(DocumentState.AWAITING_RECEIVER) == 12
        story.click("Xem chỗ đã thay đổi", "link")
        story.look("so-sanh")


@told()
def test_one_of_thirteen_is_refused_and_twelve_are_signed(tmp_path: Path, way: str) -> None:
    with telling(f"muoi-ba-{way}", tmp_path, with_thirteen, way) as story:
        story.become(HEAD)
        story.open("/ky")
        documents.cancel(story.world.services, story.world.admins[SCHOOL], story.made[0], reason="lập nhầm")
        story.fill("Mật khẩu", PASSWORD)
        press(story, "Ký 13 văn bản bằng mật khẩu")
        story.sees("Đã ký 12 văn bản. 1 văn bản chưa ký được.")
        story.look("mot-khong-ky-duoc")
        assert states(story).count(DocumentState.AWAITING_RECEIVER) == 12


@told()
def test_a_double_press_signs_once(tmp_path: Path, way: str) -> None:
    """A second press, and the form sent again from the page before, sign nothing twice."""
    with telling(f"hai-lan-{way}", tmp_path, with_thirteen, way) as story:
        story.become(HEAD)
        story.open("/ky")
        story.fill("Mật khẩu", PASSWORD)
        button = story.page.get_by_role("button", name="Ký 13 văn bản bằng mật khẩu")
        if story.is_scripted:
            button.click()
        button.dblclick()
        story.sees("Đã ký 13 văn bản.")
        with story.world.services.db.read(story.world.register) as reader:
            assert len(reader.find(Signature, person=story.world.head_of(SCHOOL).person)) == 13 + before(story)
        story.look("da-ky")


def before(story: Story) -> int:
    """Signatures of the head on papers that are none of the thirteen."""
    with story.world.services.db.read(story.world.register) as reader:
        given = reader.find(Signature, person=story.world.head_of(SCHOOL).person)
    return sum(s.document not in story.made for s in given)


def bomb() -> bytes:
    """A part of a workbook that opens to a thousand times its size."""
    target = io.BytesIO()
    with (
        zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as book,
        zipfile.ZipFile(io.BytesIO(workbook(ROWS))) as old,
    ):
        for name in old.namelist():
            data = old.read(name)
            if name.endswith("sheet1.xml"):
                data = data.replace(b"</sheetData>", b" " * 60_000_000 + b"</sheetData>")
            book.writestr(name, data)
    return target.getvalue()


def macros() -> bytes:
    """A workbook that says of itself that it runs programs."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as book, zipfile.ZipFile(io.BytesIO(workbook(ROWS))) as old:
        for name in old.namelist():
            data = old.read(name)
            if name == "[Content_Types].xml":
                data = data.replace(b"spreadsheetml.sheet.main", b"x").replace(
                    b"application/vnd.openxmlformats-officedocument.x+xml",
                    b"application/vnd.ms-excel.sheet.macroEnabled.main+xml",
                )
            book.writestr(name, data)
        book.writestr("xl/vbaProject.bin", b"\0" * 512)
    return target.getvalue()


def formula(_: Any, sheet: Any) -> None:
    sheet.write_formula(2, 2, "=1+1", None, "")


BAD = {
    "PC.xlsm": macros,
    "PC.xlsx": bomb,
    "trieu-dong.csv": lambda: b"a,b\n" * 1_000_000,
    "cu.xls": lambda: bytes.fromhex("d0cf11e0a1b11ae1") + b"\0" * 600,
    "cong-thuc.xlsx": lambda: workbook(ROWS, formula),
    "nam-muoi-MB.csv": lambda: b"\0" * 50_000_000,
}


@told()
def test_a_file_that_cannot_be_read_leaves_the_grid_as_it_was(tmp_path: Path, way: str) -> None:
    """Each says what to do; what stood in the grid stands there afterwards."""
    with telling(f"tep-hong-{way}", tmp_path, as_it_is, way) as story:
        with_grid(story, tmp_path)
        for name, made in BAD.items():
            file = tmp_path / name
            file.write_bytes(made())
            story.open(f"{GRID}/nhap?nam={YEAR}")
            story.page.get_by_label("Chọn tệp…").set_input_files(file)
            story.click_unscripted("Đọc tệp")
            story.page.locator("#loi").wait_for()
            story.look(name)
        story.open(f"{GRID}?nam={YEAR}")
        story.sees("2 biên bản")


def merged(_: Any, sheet: Any) -> None:
    sheet.merge_range(2, 3, 3, 3, "Thư viện")


@told()
def test_files_as_schools_have_them(tmp_path: Path, way: str) -> None:
    """Joined cells, names in another form of Unicode, markup in a name, two namesakes, and a line a class."""
    rows = [
        DECIDED,
        COLUMNS,
        [unicodedata.normalize("NFD", "Dương Đức An"), "", "Toán 6A", ""],
        ["Lý <b>Minh</b> Ân", "", "Tin 6A", ""],
        ["Trần Thị Bích", "", "Văn 6A", ""],
        ["Trần Thị Bích", "", "Văn 6B", ""],
    ]
    by_class = [DECIDED, ["Lớp", "GVCN", "Toán", "Ngữ văn"], ["6A", "Dương Đức An", "Dương Đức An", "Lý Minh Ân"]]
    with telling(f"tep-truong-{way}", tmp_path, as_it_is, way) as story:
        with_grid(story, tmp_path)
        for name, content in (("nguoi.xlsx", workbook(rows, merged)), ("lop.xlsx", workbook(by_class))):
            (tmp_path / name).write_bytes(content)
            story.open(f"{GRID}/nhap?nam={YEAR}&ghep=1")
            story.page.get_by_label("Chọn tệp…").set_input_files(tmp_path / name)
            story.click_unscripted("Đọc tệp")
            story.page.wait_for_url("**/ghep-cot**")
            story.click("Dùng cách ghép này")
            story.look(name)
            names = story.page.locator('[name^="ten."]').evaluate_all("all => all.map((one) => one.value)")
            assert "Dương Đức An" in names
            if name == "nguoi.xlsx":
                assert "Lý <b>Minh</b> Ân" in names
                story.sees("ô gộp")
                story.sees("Trần Thị Bích đã có một dòng khác")
                assert story.page.get_by_text("Nhân viên thư viện").count() == 2
