"""Numbers of papers: one book a unit, year and type, in order of time, nothing left out, no number twice."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date

import pytest

from access_service.domain.documents import Document
from access_service.domain.names import DocumentKind, EducationLevel, UnitId
from access_service.domain.numbering import DocumentNumber, abbreviation_of, check_abbreviation
from access_service.domain.org import Unit
from access_service.domain.reasons import Refusal
from access_service.domain.scope import Scope
from access_service.usecases.evidence.register_book import COLUMNS, RegisterBook, register_book
from access_service.usecases.handover import documents
from access_service.usecases.handover.documents import EnteredLine, Prepared
from access_service.usecases.handover.numbering import Numbering
from access_service.usecases.organisation import org
from world import OFFICE, SCHOOL, START, Someone, World, hire_homeroom, homeroom_line

TODAY = date(2026, 8, 20)


def clerk_of(world: World, key: str) -> Someone:
    return world.hire(key, SCHOOL, "clerk", SCHOOL)


def prepared(world: World, who: str | Someone, number: str = "", dated: date = TODAY, **more: object) -> Prepared:
    clerk = clerk_of(world, who) if isinstance(who, str) else who
    return documents.propose_handover(
        world.services,
        world.admins[SCHOOL],
        unit=SCHOOL,
        receiver=clerk.person,
        number=number,
        dated=dated,
        lines=[EnteredLine("clerk", clerk.duty, Scope(unit=SCHOOL), world.clock.now)],
        **more,  # type: ignore[arg-type]
    )


def book(world: World, year: int = 2026) -> RegisterBook:
    return register_book(world.services, world.admins[SCHOOL], SCHOOL, year)


def notes(world: World) -> dict[str, str]:
    return {row.symbol: row.note for row in book(world).rows}


def test_each_unit_year_and_type_has_a_series_of_its_own(school_world: World) -> None:
    world = school_world
    assert prepared(world, "a").document.number == "01/BB-THCST"
    assert prepared(world, "b").document.number == "02/BB-THCST"
    assert prepared(world, "c", dated=date(2027, 1, 4)).document.number == "01/BB-THCST"
    own = [n for n in world_numbers(world) if n.unit == SCHOOL]
    assert [(n.year, n.n) for n in own] == [(2026, 1), (2026, 2), (2027, 1)]


def world_numbers(world: World) -> list[DocumentNumber]:
    with world.services.db.read(world.register) as reader:
        return sorted(reader.find(DocumentNumber), key=lambda n: (n.unit, n.year, n.n))


def test_a_draft_gets_its_number_when_it_goes_to_its_signer(school_world: World) -> None:
    world = school_world
    draft = prepared(world, "a", is_draft=True).document
    assert draft.number == ""
    assert prepared(world, "b").document.number == "01/BB-THCST"
    submitted = documents.submit(world.services, world.admins[SCHOOL], draft.id)
    assert submitted.number == "02/BB-THCST"
    # What is signed contains it.
    assert json.loads(submitted.content)["number"] == "02/BB-THCST"
    assert submitted.sha256 != draft.sha256


def test_the_number_of_a_paper_that_was_never_issued_stays_in_the_book(school_world: World) -> None:
    world = school_world
    declined = prepared(world, "a").document
    world.sign(world.head_of(SCHOOL), declined.id)
    documents.decline(world.services, world.people["a"].caller, declined.id, reason="sai nhiệm vụ")
    documents.cancel(world.services, world.admins[SCHOOL], prepared(world, "b").document.id, reason="lập nhầm")
    assert prepared(world, "c").document.number == "03/BB-THCST"
    found = notes(world)
    assert found["01/BB-THCST"] == "Không ban hành: bên nhận từ chối (sai nhiệm vụ)"
    assert found["02/BB-THCST"] == "Không ban hành: huỷ trước khi ký (lập nhầm)"
    assert found["03/BB-THCST"] == "Chờ ký"


def test_no_two_papers_of_a_year_have_one_number(school_world: World) -> None:
    world = school_world
    first = prepared(world, "a", "07/BB-CŨ").document
    documents.cancel(world.services, world.admins[SCHOOL], first.id, reason="lập nhầm")
    second = clerk_of(world, "b")
    # Also not that of a paper that was never issued; another year has another book.
    with world.refuses(Refusal.NUMBER_TAKEN):
        prepared(world, second, "07/BB-CŨ")
    assert prepared(world, "c", "07/BB-CŨ", date(2027, 1, 4)).document.number == "07/BB-CŨ"
    assert notes(world)["07/BB-CŨ"].endswith("Số do đơn vị cấp ngoài hệ thống")


def test_own_numbers_go_on_from_those_of_the_office(school_world: World) -> None:
    world = school_world
    prepared(world, "a", "41/BB-CŨ")
    assert prepared(world, "b").document.number == "42/BB-THCST"


def test_numbers_follow_time_or_say_why_not(school_world: World) -> None:
    world = school_world
    prepared(world, "a", dated=date(2026, 9, 1))
    second = clerk_of(world, "b")
    with world.refuses(Refusal.NUMBER_OUT_OF_ORDER):
        prepared(world, second)
    said = Numbering(out_of_order="ký ngày 20/8, vào sổ muộn")
    late = prepared(world, "c", numbering=said).document
    assert late.number == "02/BB-THCST"
    assert "Ngày trước số liền trước: ký ngày 20/8, vào sổ muộn" in notes(world)[late.number]


def test_a_new_version_keeps_its_number_and_another_number_voids_it(school_world: World) -> None:
    world = school_world
    admin, paper = world.admins[SCHOOL], prepared(world, "a").document
    world.sign(world.head_of(SCHOOL), paper.id)
    documents.return_document(world.services, world.people["a"].caller, paper.id, reason="sai ngày")
    kept = documents.revise(world.services, admin, paper.id, number="", dated=date(2026, 8, 21), version=1)
    assert kept.number == "01/BB-THCST"
    documents.return_document(world.services, world.head_of(SCHOOL).caller, paper.id, reason="sai số")
    other = documents.revise(world.services, admin, paper.id, number="09/BB-X", dated=TODAY, version=2)
    assert other.number == "09/BB-X"
    assert "Không ban hành: thay bằng số khác" in notes(world)["01/BB-THCST"]
    second = clerk_of(world, "b")
    with world.refuses(Refusal.NUMBER_TAKEN):
        prepared(world, second, "01/BB-THCST")


def test_a_number_on_earlier_paper_is_followed_and_reported_where_it_stands_twice(school_world: World) -> None:
    world = school_world
    teacher = hire_homeroom(world, "x")
    old = [written(world, f"doc_cu{i}", "12/BB-THCST", teacher) for i in (1, 2)]
    with world.services.db.write(world.register, "operator") as tx:
        tx.put(*old)
        tx.happened("import.commit", "cu")
    assert prepared(world, "a").document.number == "13/BB-THCST"
    rows = [row for row in book(world).rows if row.symbol == "12/BB-THCST"]
    assert len(rows) == 2
    assert all("Trùng số (number_duplicate)" in row.note for row in rows)


def written(world: World, id_: str, number: str, who: Someone) -> Document:
    with world.services.db.read(world.register) as reader:
        model = next(d for d in reader.find(Document) if d.kind is DocumentKind.CUSTODY_MINUTES)
    return replace(model, id=id_, unit=SCHOOL, number=number, receiver=who.person)  # type: ignore[arg-type]


def test_the_book_has_ten_columns_and_names_who_signed(school_world: World) -> None:
    world = school_world
    teacher = hire_homeroom(world)
    world.hand_over(SCHOOL, teacher, homeroom_line(world, teacher))
    assert len(COLUMNS) == 10
    [row] = book(world).rows
    assert len(row.cells()) == 10
    assert row.subject.startswith("Biên bản Bàn giao tài khoản và quyền truy cập")
    assert (row.signer, row.recipients) == (f"Người Thử head:{SCHOOL}", "Người Thử gvcn")
    assert (row.dated, row.sent, row.copies) == ("20/8/2026", "20/8/2026", "03")
    assert row.received == "Xác nhận của hệ thống 20/8/2026"
    # A commitment is a person's own paper and has no number.
    papers = [world.get(Document, number.document).kind for number in world_numbers(world)]
    assert DocumentKind.COMMITMENT not in papers


def test_a_book_is_read_by_those_who_act_for_the_unit(school_world: World) -> None:
    world = school_world
    teacher = hire_homeroom(world)
    register_book(world.services, world.admins[OFFICE], SCHOOL, 2026)
    with world.refuses(Refusal.NOT_FOUND):
        register_book(world.services, teacher.caller, SCHOOL, 2026)


def test_numbers_bear_the_abbreviation_that_the_unit_entered(school_world: World) -> None:
    world = school_world
    org.abbreviate_unit(world.services, world.admins[SCHOOL], SCHOOL, "THCSTHU")
    assert prepared(world, "a").document.number == "01/BB-THCSTHU"
    with world.refuses(Refusal.INVALID):
        org.abbreviate_unit(world.services, world.admins[SCHOOL], SCHOOL, "thcs thử")
    with world.refuses(Refusal.NOT_FOUND):
        org.abbreviate_unit(world.services, world.admins[SCHOOL], UnitId("000999"), "X")


@pytest.mark.parametrize(
    ("name", "short"),
    [
        ("Trường THCS An Hải", "THCSAH"),
        ("Sở Giáo dục và Đào tạo", "SGDĐT"),
        ("UBND phường An Hải", "UBNDPAH"),
        ("Trường Tiểu học Đoàn Thị Điểm", "THĐTĐ"),
    ],
)
def test_an_abbreviation_is_made_of_the_name_until_it_is_entered(name: str, short: str) -> None:
    unit = Unit(UnitId("000"), "school", name, frozenset({EducationLevel.PRIMARY}), START)
    assert abbreviation_of(unit) == short == check_abbreviation(short)
