"""A signer signs what is readable: names, categories, actions and days in Vietnamese, tied to what is hashed."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from access_service.domain.delegation import Grant
from access_service.domain.documents import Document
from access_service.domain.names import DocumentId, UnitId
from access_service.domain.org import Person
from access_service.domain.printing import Print
from access_service.domain.reasons import Refusal
from access_service.domain.time import local
from access_service.evidence.fonts import find_family
from access_service.evidence.paper import PrintedPaper
from access_service.evidence.render import render_pdf
from access_service.signing.canonical import canonical, sha256_hex
from access_service.usecases.evidence import reading_papers
from access_service.usecases.handover import documents, inspection, returns
from access_service.usecases.handover.documents import EnteredLine
from access_service.usecases.handover.inspection import Team
from access_service.usecases.organisation import leaving
from world import OFFICE, SCHOOL, World, hire_homeroom, homeroom_line


def content_of(world: World, document: DocumentId) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(world.get(Document, document).content)
    return found


def words(world: World, document: DocumentId, by: UnitId = SCHOOL) -> Print:
    """The print as a reader gets it; its bytes are those whose hash the content names."""
    seen = reading_papers.read_document(world.services, world.admins[by], document)
    assert seen.printed is not None
    assert seen.printed.body is not None
    content = json.loads(seen.document.content)
    assert content["format"] == 2
    assert content["print_sha256"] == seen.printed.sha256 == sha256_hex(seen.printed.body.encode())
    printed = Print.read(json.loads(seen.printed.body))
    assert canonical(printed.json()).decode() == seen.printed.body
    assert (printed.template, printed.document, printed.version) == (
        content["template"],
        content["document"],
        content["version"],
    )
    return printed


def test_minutes_say_in_words_what_their_content_says_in_ids(school_world: World) -> None:
    world = school_world
    teacher = hire_homeroom(world)
    document = world.propose(SCHOOL, teacher, homeroom_line(world, teacher)).document
    printed = words(world, document.id)
    assert (printed.type_line, printed.number, printed.dated) == ("BIÊN BẢN", "01/BB-THCST", "2026-08-20")
    assert printed.letterhead.parent == "UBND XÃ THỬ"
    assert printed.letterhead.place == "Thử"
    assert printed.intro == "Hôm nay, ngày 20 tháng 8 năm 2026, tại Trường THCS Thử, chúng tôi gồm:"
    assert printed.giver is not None
    assert printed.receiver is not None
    assert (printed.giver.name, printed.giver.position) == (f"Người Thử head:{SCHOOL}", "Hiệu trưởng")
    assert printed.giver.basis == "Quyết định số 000/QĐ ngày 01 tháng 8 năm 2026"
    assert (printed.receiver.name, printed.receiver.username) == ("Người Thử gvcn", "000.gvcn")
    [line] = printed.lines
    assert (line.role, line.scope) == ("Giáo viên chủ nhiệm", "Lớp 6A; năm học 2026-2027")
    assert (line.begins, line.ends) == ("20/8/2026", "31/7/2027")
    said = {right.category: (right.actions, right.is_sensitive) for right in line.rights}
    assert said["Kết quả học tập, rèn luyện"] == ("xem, sửa", False)
    assert said["Sức khoẻ, y tế học đường, khuyết tật"] == ("xem", True)
    over = [(signer.title, signer.over, signer.name) for signer in printed.signers]
    assert over == [
        ("ĐẠI DIỆN BÊN GIAO", ("HIỆU TRƯỞNG",), f"Người Thử head:{SCHOOL}"),
        ("BÊN NHẬN", (), "Người Thử gvcn"),
    ]
    assert printed.closing.endswith("./.")
    # Ids stay in the content, names on the paper.
    assert "Người Thử" not in world.get(Document, document.id).content


def test_every_right_on_paper_is_one_that_the_service_allows(school_world: World) -> None:
    world = school_world
    teacher = hire_homeroom(world)
    prepared = world.hand_over(SCHOOL, teacher, homeroom_line(world, teacher))
    [line] = words(world, prepared.document.id).lines
    [grant] = prepared.grants
    with world.services.db.read(world.register) as reader:
        assert reader.require(Grant, grant.id).activated_at is not None
    for category, vi in (("STU-ACA", "Kết quả học tập, rèn luyện"), ("FIN", "Tài chính, khoản thu")):
        printed = [right for right in line.rights if right.category == vi]
        is_open = type(world.ask(teacher, "read", category=category)).__name__ == "Allow"
        assert bool(printed) is is_open


def test_a_new_version_has_other_words_and_another_salt(school_world: World) -> None:
    world = school_world
    teacher = hire_homeroom(world)
    document = world.propose(SCHOOL, teacher, homeroom_line(world, teacher)).document
    first = words(world, document.id)
    world.sign(world.head_of(SCHOOL), document.id)
    documents.return_document(world.services, teacher.caller, document.id, reason="sai ngày")
    documents.revise(
        world.services, world.admins[SCHOOL], document.id, number="03/BB", dated=date(2026, 9, 5), version=1
    )
    second = words(world, document.id)
    assert (second.version, second.number, second.dated) == (2, "03/BB", "2026-09-05")
    assert second.salt != first.salt


def test_a_paper_keeps_the_name_that_stood_on_it(school_world: World) -> None:
    world = school_world
    teacher = hire_homeroom(world)
    document = world.propose(SCHOOL, teacher, homeroom_line(world, teacher)).document
    with world.services.db.write(world.register, "operator") as tx:
        tx.put(replace(tx.require(Person, teacher.person), name="Người Thử Khác"))
        tx.happened("person.change", teacher.person)
    receiver = words(world, document.id).receiver
    assert receiver is not None
    assert receiver.name == "Người Thử gvcn"


def test_a_commitment_is_dated_the_day_it_is_signed(school_world: World) -> None:
    world = school_world
    teacher = hire_homeroom(world)
    prepared = world.propose(SCHOOL, teacher, homeroom_line(world, teacher))
    assert prepared.commitment is not None
    paper = prepared.commitment.id
    assert content_of(world, paper)["dated"] is None
    printed = words(world, paper)
    assert (printed.dated, printed.number) == ("", "")
    assert printed.to == ("Hiệu trưởng Trường THCS Thử",)
    [promises] = printed.sections
    assert len(promises.paragraphs) == 8
    assert promises.paragraphs[1].startswith("1. Chỉ dùng tài khoản")
    world.clock.forward(days=3)
    signed = world.sign(teacher, paper).document
    assert signed.dated == local(world.clock.now).date() == date(2026, 8, 23)
    assert signed.sha256 == prepared.commitment.sha256


def test_supplementary_minutes_show_the_old_right_beside_the_new_one(school_world: World) -> None:
    world = school_world
    teacher = hire_homeroom(world)
    old = world.hand_over(SCHOOL, teacher, homeroom_line(world, teacher))
    line = replace(homeroom_line(world, teacher), replaces=old.grants[0].id)
    printed = words(world, world.propose(SCHOOL, teacher, line).document.id)
    said = [p for section in printed.sections for p in section.paragraphs]
    assert (
        "Biên bản này bổ sung Biên bản số 01/BB-THCST ngày 20 tháng 8 năm 2026; nội dung khác giữ nguyên." in said
    )
    [table] = [section.table for section in printed.sections if section.table is not None]
    assert table.columns == ("TT", "Quyền cũ", "Quyền mới", "Lý do")
    assert table.rows[0][1] == table.rows[0][2] == "Giáo viên chủ nhiệm: Lớp 6A; năm học 2026-2027"


def test_custody_minutes_say_for_whom_the_account_is_operated(school_world: World) -> None:
    world = school_world
    officer = world.hire("cán bộ", SCHOOL, "officer_in_charge_of_admin_account", SCHOOL)
    paper = documents.propose_custody(
        world.services,
        world.admins[SCHOOL],
        unit=SCHOOL,
        receiver=officer.person,
        number="04/BB",
        dated=date(2026, 8, 20),
    )
    printed = words(world, paper.id)
    [what] = printed.sections
    assert what.paragraphs[0].startswith("1. Bên nhận thay mặt Thủ trưởng đơn vị quản lý tài khoản quản trị")
    assert what.paragraphs[1] == "2. Việc quản lý tài khoản quản trị không làm phát sinh quyền khai thác dữ liệu."
    assert [signer.title for signer in printed.signers] == ["ĐẠI DIỆN BÊN GIAO", "BÊN NHẬN"]


def test_a_unit_that_receives_its_account_is_represented(school_world: World) -> None:
    world = school_world
    [minutes] = [
        document
        for document, _ in reading_papers.documents_of(world.services, world.admins[OFFICE], OFFICE, None)
        if document.receiver == world.head_of(SCHOOL).person and document.kind == "custody_minutes"
    ]
    printed = words(world, minutes.id, OFFICE)
    assert printed.receiver is not None
    assert (printed.receiver.unit, printed.receiver.position) == (SCHOOL, "Hiệu trưởng")
    assert printed.signers[0].over == ("CHỦ TỊCH",)
    assert printed.signers[1].title == "ĐẠI DIỆN BÊN NHẬN"


def test_who_hands_back_is_the_giver_of_return_minutes(school_world: World) -> None:
    world = school_world
    teacher = hire_homeroom(world)
    world.hand_over(SCHOOL, teacher, homeroom_line(world, teacher))
    paper = returns.hand_back(
        world.services,
        teacher.caller,
        SCHOOL,
        ends_at=world.clock.now + timedelta(days=4),
        state_of_work="điểm giữa kỳ của lớp 6A chưa nhập xong",
        files_left="không còn",
    )
    printed = words(world, paper.id)
    assert printed.giver is not None
    assert printed.receiver is not None
    assert (printed.giver.name, printed.receiver.name) == ("Người Thử gvcn", f"Người Thử head:{SCHOOL}")
    assert [(s.title, s.over) for s in printed.signers] == [("NGƯỜI BÀN GIAO", ()), ("BÊN NHẬN", ("HIỆU TRƯỞNG",))]
    said = [p for section in printed.sections for p in section.paragraphs]
    assert "Dữ liệu đang xử lý, việc dở dang: điểm giữa kỳ của lớp 6A chưa nhập xong." in said
    assert "Tệp đã trích xuất: không còn." in said
    assert not [p for p in said if "không thể trực tiếp" in p]
    assert printed.lines[0].ends == "24/8/2026"


def test_an_absent_holder_is_named_with_the_reason_and_the_witness(school_world: World) -> None:
    world = school_world
    teacher, witness = hire_homeroom(world), world.hire("chứng", SCHOOL, "clerk", SCHOOL)
    world.hand_over(SCHOOL, teacher, homeroom_line(world, teacher))
    case = leaving.end_duty(
        world.services, world.admins[SCHOOL], teacher.duty, on=date(2026, 8, 20), decision_number="000/QĐ"
    )
    done = returns.return_in_absence(
        world.services,
        world.head_of(SCHOOL).caller,
        case.id,
        witness.person,
        because="đang điều trị tại bệnh viện",
    )
    printed = words(world, done.id)
    said = [p for section in printed.sections for p in section.paragraphs]
    assert any(
        p == "Ông (bà) Người Thử gvcn không thể trực tiếp bàn giao vì đang điều trị tại bệnh viện; Thủ trưởng lập "
        "biên bản với sự chứng kiến của ông (bà) Người Thử chứng."
        for p in said
    )
    assert printed.signers[0].title == "NGƯỜI LÀM CHỨNG"


def test_a_decision_to_inspect_names_its_members(school_world: World) -> None:
    world = school_world
    inspector = world.hire("thanh tra", world.root, "it_officer", world.root)
    team = Team(
        number="01/QĐ",
        dated=date(2026, 8, 20),
        units=frozenset({SCHOOL}),
        members=frozenset({inspector.person}),
        content="Kiểm tra việc phân quyền",
        valid_from=world.clock.now,
        valid_to=world.clock.now + timedelta(days=10),
    )
    paper = inspection.propose_inspection(world.services, world.admins[world.root], team)
    printed = words(world, paper.id, world.root)
    assert printed.authority.startswith("GIÁM ĐỐC SỞ ")
    assert "SỞ SỞ" not in printed.authority
    assert printed.sections[0].table is not None
    assert printed.sections[0].table.rows[0][1] == "Người Thử thanh tra"
    assert printed.signers[0].over == ("GIÁM ĐỐC",)
    assert printed.recipients == ("Như Điều 4;", "Lưu: VT.")


@pytest.mark.parametrize("name", ["Nguyễn\u200bVăn", "x" * 3000])
def test_a_name_of_an_old_register_keeps_no_paper_from_being_made(school_world: World, name: str) -> None:
    world = school_world
    teacher = hire_homeroom(world)
    with world.services.db.write(world.register, "operator") as tx:
        tx.put(replace(tx.require(Person, teacher.person), name=name))
        tx.happened("person.change", teacher.person)
    printed = words(world, world.propose(SCHOOL, teacher, homeroom_line(world, teacher)).document.id)
    assert printed.receiver is not None
    assert "\u200b" not in printed.receiver.name
    assert len(printed.receiver.name) <= 2000


def test_more_lines_than_a_paper_holds_are_refused(school_world: World) -> None:
    world = school_world
    clerk = world.hire("văn thư", SCHOOL, "clerk", SCHOOL)
    line = EnteredLine("clerk", clerk.duty, homeroom_line(world, clerk).scope, world.clock.now)
    line = replace(line, scope=replace(line.scope, classes=None))
    with world.refuses(Refusal.BATCH_TOO_LARGE):
        world.propose(SCHOOL, clerk, *[line] * 201)


def test_a_promise_that_nobody_has_made_yet_can_be_read_as_a_page(school_world: World) -> None:
    world = school_world
    teacher = hire_homeroom(world)
    paper = world.propose(SCHOOL, teacher, homeroom_line(world, teacher)).commitment
    assert paper is not None
    printed = words(world, paper.id)
    page = PrintedPaper(str(printed.kind), "draft", printed.json(), paper.content.encode())
    assert render_pdf(page, find_family()).startswith(b"%PDF-")
