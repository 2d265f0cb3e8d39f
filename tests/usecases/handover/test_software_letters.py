"""The letter that agrees to sharing is the approval once it is signed; the report has the form's eight columns."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date

from access_service.domain.documents import Document
from access_service.domain.printing import Print
from access_service.domain.reasons import Refusal
from access_service.domain.software import Approval
from access_service.usecases.evidence import reading_papers
from access_service.usecases.handover import software_letters
from access_service.usecases.handover.software_letters import Request
from access_service.usecases.third_party import software
from software_world import enter, paper
from world import OFFICE, SCHOOL, World

COLUMNS = (
    "Stt",
    "Phần mềm",
    "Đơn vị cung cấp",
    "Diễn tả quy mô dữ liệu cần chia sẻ (Chi tiết các trường dữ liệu, phạm vi: khối, lớp...)",
    "Tần suất lấy dữ liệu",
    "Hình thức lấy dữ liệu",
    "Chi phí sử dụng phần mềm",
    "Tính pháp lý của phần mềm",
)


def words(world: World, document: Document) -> Print:
    by = world.admins[document.unit]
    printed = reading_papers.read_document(world.services, by, document.id).printed
    assert printed is not None
    assert printed.body is not None
    return Print.read(json.loads(printed.body))


def proposed(world: World, request: Request | None = None) -> Document:
    terms = paper(world, enter(world), number="", sha256="")
    return software_letters.propose_approval(world.services, world.admins[world.root], terms, request)


def approvals(world: World) -> list[Approval]:
    with world.services.db.read(world.register) as reader:
        return reader.find(Approval)


def test_a_signed_letter_is_the_approval(school_world: World) -> None:
    world = school_world
    letter = proposed(world)
    assert approvals(world) == []
    world.sign(world.people["director"], letter.id)
    [approval] = approvals(world)
    signed = world.get(Document, letter.id)
    assert (approval.number, approval.dated, approval.sha256) == (signed.number, signed.dated, signed.sha256)
    assert approval.purpose == "Nhắn tin cho phụ huynh"
    assert approval.recorded_at == world.clock.now
    assert json.loads(signed.content)["approval"] == approval.id


def test_the_letter_says_what_is_shared_for_what_and_how_long(school_world: World) -> None:
    world = school_world
    printed = words(world, proposed(world, Request("12/THCS", date(2026, 8, 10))))
    assert (printed.type_line, printed.bases) == ("", ())
    assert printed.to == ("Trường THCS Thử",)
    assert printed.subject[0].startswith("V/v đồng ý chia sẻ dữ liệu")
    [said] = printed.sections
    assert said.paragraphs[0].startswith("Trả lời Công văn số 12/THCS ngày 10 tháng 8 năm 2026 của Trường THCS Thử")
    assert len(said.paragraphs) == 4
    for part in (
        "Công ty A",
        "Họ và tên, lớp",
        "liên tục",
        "Nhắn tin cho phụ huynh",
        "bên xử lý dữ liệu",
        "01/HĐ-A",
    ):
        assert part in said.paragraphs[1]
    assert "Đến hết năm học" in said.paragraphs[2]
    assert printed.signers[0].over == ("GIÁM ĐỐC",)


def test_only_whoever_approves_prepares_the_letter(school_world: World) -> None:
    world = school_world
    terms = paper(world, enter(world), number="", sha256="")
    with world.refuses(Refusal.FORBIDDEN):
        software_letters.propose_approval(world.services, world.admins[SCHOOL], terms)


def test_rules_that_stopped_holding_stop_the_signature(school_world: World) -> None:
    world = school_world
    letter = proposed(world)
    software.end_software(world.services, world.admins[SCHOOL], json.loads(letter.content)["software"])
    with world.refuses(Refusal.DOCUMENT_STATE):
        world.sign(world.people["director"], letter.id)
    assert approvals(world) == []


def test_an_office_that_approves_no_more_signs_nothing(school_world: World) -> None:
    world = school_world
    letter = proposed(world)
    with world.services.db.write(world.register, "operator") as tx:
        stored = tx.require(Document, letter.id)
        tx.put(replace(stored, kept_by=OFFICE))
        tx.happened("documents.keep", letter.id)
    world.name(world.head_of(OFFICE), letter.id)
    with world.refuses(Refusal.FORBIDDEN):
        world.sign(world.head_of(OFFICE), letter.id)


def test_the_report_has_exactly_the_columns_of_the_form(school_world: World) -> None:
    world = school_world
    enter(world, name="Quản lý thư viện")
    enter(world, security_level=3, security_standard="QĐ 01", on_axis=True)
    report = software_letters.propose_report(world.services, world.admins[SCHOOL], SCHOOL)
    printed = words(world, report)
    assert (printed.number, printed.recipients, printed.closing, printed.bases) == ("", (), "", ())
    assert printed.landscape
    assert printed.letterhead.name == "ĐƠN VỊ TRƯỜNG THCS THỬ"
    [section] = printed.sections
    assert section.table is not None
    assert section.table.columns == COLUMNS
    # Numbered by name.
    assert [row[:2] for row in section.table.rows] == [("1", "Phần mềm nhắn tin thử"), ("2", "Quản lý thư viện")]
    assert section.paragraphs == ()
    assert printed.annex is not None
    assert printed.annex.table.rows[0][2:5] == ("Cấp độ 3", "QĐ 01", "Đã kết nối")
    assert (printed.signers[0].title, printed.signers[0].over) == ("Thủ trưởng đơn vị", ("(Ký tên và đóng dấu)",))
    world.sign(world.head_of(SCHOOL), report.id)


def test_a_report_of_nothing_is_a_report(school_world: World) -> None:
    world = school_world
    report = software_letters.propose_report(world.services, world.admins[SCHOOL], SCHOOL)
    printed = words(world, report)
    [section] = printed.sections
    assert section.paragraphs == ("Đơn vị không sử dụng phần mềm nào khai thác dữ liệu từ CSDL ngành.",)
    assert section.table is None
    assert printed.annex is None
    assert world.sign(world.head_of(SCHOOL), report.id).document.state == "signed"


def test_a_report_is_frozen(school_world: World) -> None:
    world = school_world
    found = enter(world)
    report = software_letters.propose_report(world.services, world.admins[SCHOOL], SCHOOL)
    software.end_software(world.services, world.admins[SCHOOL], found.id)
    assert len(json.loads(world.get(Document, report.id).content)["rows"]) == 1


def test_the_unit_to_which_a_letter_goes_reads_it_once_it_is_signed(school_world: World) -> None:
    world = school_world
    letter = proposed(world)
    with world.refuses(Refusal.NOT_FOUND):
        reading_papers.read_document(world.services, world.admins[SCHOOL], letter.id)
    world.sign(world.people["director"], letter.id)
    assert reading_papers.read_document(world.services, world.admins[SCHOOL], letter.id).printed is not None
