"""People come and go, in a real browser: a first sign-in, a teacher who leaves, a deputy in charge, a new year."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from story import Story, telling, told

from access_service.domain.delegation import Grant
from access_service.domain.documents import Document
from access_service.domain.names import AccountKind, DocumentState
from access_service.domain.scope import Scope
from access_service.usecases.handover import documents
from access_service.usecases.handover.documents import EnteredLine
from access_service.usecases.identity import accounts
from access_service.usecases.organisation import leaving, org
from prepared import with_homeroom
from usecases.drafts.grids import HEAD as COLUMNS
from usecases.drafts.grids import workbook
from world import OFFICE, PASSWORD, SCHOOL, World, hire_homeroom, homeroom_line

HEAD, QUAN_TRI, CHAIR = f"000.head:{SCHOOL}", f"quantri.{SCHOOL}", f"000.head:{OFFICE}"
NEW = "Mật khẩu mới 000"


def sign_all(story: Story, number: int) -> None:
    """The password, and the button: what is before the signer is signed."""
    story.fill("Mật khẩu", PASSWORD)
    story.click(f"Ký {number} văn bản bằng mật khẩu")
    story.sees(f"Đã ký {number} văn bản.")


def with_invited(world: World) -> tuple[str, str]:
    """A clerk whose minutes the head has signed, and whose account nobody has opened: code and minutes."""
    person = org.add_person(world.services, world.admins[SCHOOL], name="Người Thử An Nhiên").id
    duty = world.assign(person, SCHOOL, "clerk", SCHOOL)
    issued = accounts.issue_account(
        world.services, world.admins[SCHOOL], unit=SCHOOL, kind=AccountKind.USE, person=person, username="000.nhien"
    )
    made = documents.propose_handover(
        world.services,
        world.admins[SCHOOL],
        unit=SCHOOL,
        receiver=person,
        number="",
        dated=date(2026, 8, 20),
        lines=[EnteredLine("clerk", duty, Scope(unit=SCHOOL), world.clock.now)],
    )
    world.sign(world.head_of(SCHOOL), made.document.id)
    return issued.activation_code, made.document.id


@told("plain")
def test_a_teacher_activates_and_signs_on_a_phone(tmp_path: Path, way: str) -> None:
    """Five interactions from the slip to the right; whoever types the code instead of scanning has two more."""
    with telling(f"lan-dau-{way}", tmp_path, with_invited, way) as story:
        code, minutes = story.made
        if story.is_scripted:
            story.open(f"/activate#code={code}")
        else:
            story.open("/activate")
            story.fill("Mã kích hoạt", code)
            story.click("Tiếp tục")
        story.look("dat-mat-khau")
        story.fill("Mật khẩu mới", NEW)
        story.fill("Nhập lại mật khẩu mới", NEW)
        story.click("Đặt mật khẩu")
        story.page.wait_for_url("**/ky")
        story.look("nhan")
        story.fill("Mật khẩu", NEW)
        story.click("Ký 2 văn bản bằng mật khẩu")
        story.sees("Đã ký 2 văn bản.")
        story.look("da-nhan")
        assert story.interactions == (5 if story.is_scripted else 7)
        assert story.world.get(Document, minutes).state is DocumentState.SIGNED


@told("plain")
def test_a_teacher_leaves_and_hands_back(tmp_path: Path, way: str) -> None:
    """The head says so, the teacher signs what is handed back, the head takes it."""
    with telling(f"thoi-viec-{way}", tmp_path, with_homeroom, way) as story:
        story.become(HEAD)
        story.open(f"/don-vi/{SCHOOL}/nguoi")
        story.page.get_by_label("Tìm").first.fill("gvcn")
        story.page.keyboard.press("Enter")
        story.interactions += 1
        story.click("Người Thử gvcn", "link")
        story.click("Thôi nhiệm vụ", "link")
        story.fill("Số quyết định", "12/QĐ-THCS")
        story.fill("Từ ngày", f"{story.world.clock.now:%d/%m/%Y}")
        story.look("dieu-se-xay-ra")
        story.click("Thôi nhiệm vụ")
        story.sees("Đã ghi nhận thôi nhiệm vụ.")
        assert story.interactions <= 6
        story.become("000.gvcn")
        story.interactions = 0
        story.look("thoi-nhiem-vu")
        story.click("Lập biên bản bàn giao lại")
        sign_all(story, 1)
        story.look("da-ban-giao")
        assert story.interactions <= 3
        story.become(HEAD)
        story.interactions = 0
        story.click("Xem và ký 1 văn bản", "link")
        sign_all(story, 1)
        story.look("da-nhan-lai")
        assert story.interactions == 3
        with story.world.services.db.read(story.world.register) as reader:
            [grant] = reader.find(Grant, account=story.made.account)
        assert grant.ended_at is not None


def with_deputy_in_charge(world: World) -> None:
    """The head is gone, a deputy is in charge, and an officer operates the commune's admin account."""
    world.clock.forward(days=1)
    world.admins[OFFICE] = world.enter(world.admins[OFFICE].account)
    old, today = world.head_of(SCHOOL), world.clock.now.date()
    leaving.end_duty(world.services, world.admins[OFFICE], old.duty, on=today, decision_number="7/QĐ-UBND")
    world.hire("phụ trách", SCHOOL, "vice_principal_in_charge", OFFICE)
    world.hand_to_officer(OFFICE)
    for name in ("000.phụ trách", "000.cán bộ"):
        world.enrol(name)
    world.clock.forward(days=8)


@told()
def test_a_deputy_in_charge_receives_the_admin_account(tmp_path: Path, way: str) -> None:
    """The officer prepares the minutes, the chair signs, the deputy signs and opens the account with the code."""
    with telling(f"phu-trach-{way}", tmp_path, with_deputy_in_charge, way) as story:
        officer, deputy = "000.cán bộ", "000.phụ trách"
        story.become(officer, f"quantri.{OFFICE}")
        story.interactions = 0
        story.look("viec-can-bo")
        story.click("Xem 1 đơn vị", "link")
        story.click("Trường THCS Thử", "link")
        story.look("mot-don-vi")
        story.open(f"/don-vi/{SCHOOL}/tai-khoan-quan-tri")
        story.page.get_by_label("Giao cho").select_option(index=1)
        story.interactions += 1
        story.click("Lập biên bản giao")
        story.sees("Đã lập biên bản giao tài khoản quản trị")
        story.look("da-lap")
        assert story.interactions <= 5
        for name, what in ((CHAIR, "chu-tich"), (deputy, "phu-trach")):
            story.become(name)
            story.interactions = 0
            story.click("Xem và ký 1 văn bản", "link")
            sign_all(story, 1)
            story.look(f"{what}-da-ky")
            assert story.interactions == 3
        code = story.page.locator(".note code").inner_text()
        story.open("/activate")
        story.fill("Mã kích hoạt", code)
        story.click("Tiếp tục")
        story.fill("Mật khẩu mới", NEW)
        story.fill("Nhập lại mật khẩu mới", NEW)
        story.click("Đặt mật khẩu")
        story.look("tai-khoan-quan-tri")


@told()
def test_an_officer_prepares_and_the_head_signs_in_three(tmp_path: Path, way: str) -> None:
    file = tmp_path / "PC.xlsx"
    decided = ["(Kèm theo Quyết định số 41/QĐ-THCS ngày 20/08/2026)"]
    file.write_bytes(workbook([decided, COLUMNS, ["Dương Đức An", "", "Toán 6A"], ["Lý Minh Ân", "", "Tin 6A"]]))
    with telling(f"can-bo-{way}", tmp_path, with_officer, way, job_workers=1) as story:
        story.become("000.cán bộ", QUAN_TRI)
        story.open(f"/don-vi/{SCHOOL}/phan-quyen")
        story.choose("Chọn tệp…", file)
        story.click_unscripted("Đọc tệp")
        story.click("Dùng cách ghép này")
        story.click("Lập 2 biên bản")
        story.page.wait_for_url(lambda url: "/cong-viec/" not in url)
        story.look("da-lap")
        story.become(HEAD)
        story.interactions = 0
        story.click("Xem và ký 2 văn bản", "link")
        sign_all(story, 2)
        assert story.interactions == 3


def with_officer(world: World) -> None:
    """An officer operates the school's admin account for its head."""
    world.hand_to_officer(SCHOOL)
    world.enrol("000.cán bộ")


def with_next_year(world: World) -> None:
    """A school whose rights of this year stand, and the next year is open."""
    with_homeroom(world)
    root = world.admins[world.root]
    days = {"starts_on": date(2027, 8, 1), "closes_on": date(2028, 8, 1)}
    org.open_school_year(world.services, root, id_="2027-2028", **days)


@told()
def test_the_school_year_is_renewed(tmp_path: Path, way: str) -> None:
    """What stood at the end of last year is shown, mended where it changed, and its papers are made and signed."""
    with telling(f"nam-moi-{way}", tmp_path, with_next_year, way, job_workers=1) as story:
        story.become(HEAD, QUAN_TRI)
        story.open(f"/don-vi/{SCHOOL}/nam-hoc?nam=2027-2028")
        story.look("nam-truoc")
        # One click led here; number and day of the decision are proposed from those that the register knows.
        story.interactions = 1
        story.click("Lập 1 biên bản")
        story.page.wait_for_url("**/ky")
        story.look("cho-ky")
        sign_all(story, 1)
        story.look("da-ky")
        assert story.interactions == 4


def with_paper(world: World) -> str:
    """Minutes of a homeroom teacher wait for the head."""
    teacher = hire_homeroom(world)
    return str(world.propose(SCHOOL, teacher, homeroom_line(world, teacher)).document.id)


@told("plain")
def test_a_returned_document_is_mended_and_signed_again(tmp_path: Path, way: str) -> None:
    """The receiver sends it back, the custodian makes a new version, and both sign that one."""
    with telling(f"sua-lai-{way}", tmp_path, with_paper, way) as story:
        world = story.world
        world.sign(world.head_of(SCHOOL), story.made)
        story.become("000.gvcn")
        story.open("/ky")
        story.click("Trả lại để sửa", "link")
        story.page.get_by_label("Sai thời hạn").check()
        story.click("Trả lại để sửa")
        story.sees("Đã trả lại văn bản để sửa.")
        story.become(HEAD, QUAN_TRI)
        story.click("Xem 1 văn bản", "link")
        story.look("bi-tra-lai")
        story.click("01/BB-", "link")
        story.look("van-ban-bi-tra-lai")
        story.interactions = 0
        story.fill("Ngày văn bản", "21/08/2026")
        story.click("Lập bản mới")
        story.sees("Đã lập bản mới")
        story.look("ban-moi")
        story.open("/ky")
        story.look("cho-ky")
        sign_all(story, 1)
        story.become("000.gvcn")
        story.click("Xem và ký 2 văn bản", "link")
        sign_all(story, 2)
        assert world.get(Document, story.made).state is DocumentState.SIGNED
