"""What stands on paper reads back as it was frozen, and nothing that a reader could not see gets onto it."""

import json
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from access_service.domain.errors import InvalidError, RefusedError
from access_service.domain.names import DocumentId, DocumentKind, Side
from access_service.domain.printing import (
    MOST_CHARACTERS,
    MOST_LINES,
    Annex,
    Letterhead,
    Print,
    PrintedLine,
    PrintedParty,
    PrintedRight,
    PrintedSection,
    PrintedSigner,
    PrintedTable,
    begin_day,
    check_print,
    cite_bases,
    last_day,
    long_date,
    short_date,
)
from access_service.domain.reasons import Refusal
from access_service.signing.canonical import canonical

LINE = PrintedLine(
    grant="grn_0001",
    username="000.gv",
    account_kind="Tài khoản khai thác sử dụng",
    role="Giáo viên chủ nhiệm",
    duty="Quyết định số 000/QĐ ngày 01/8/2026",
    scope="Lớp 6A, năm học 2026-2027",
    begins="05/9/2026",
    ends="31/5/2027",
    rights=(PrintedRight("Kết quả học tập", "xem, sửa", False), PrintedRight("Sức khoẻ", "xem", True)),
)
TABLE = PrintedTable(("TT", "Quyền cũ"), (10, 90), (("1", "Giáo vụ"),), "")
PRINTED = Print(
    salt="A" * 43,
    document=DocumentId("doc_0001"),
    version=1,
    template="handover_minutes/1",
    kind=DocumentKind.HANDOVER_MINUTES,
    letterhead=Letterhead("UBND PHƯỜNG AN THỬ", "TRƯỜNG THCS AN THỬ", "An Thử"),
    dated="2026-09-05",
    number="01/BB-THCSAT",
    type_line="BIÊN BẢN",
    subject=("Bàn giao tài khoản và quyền truy cập",),
    bases=("Căn cứ Luật Bảo vệ dữ liệu cá nhân.",),
    giver=PrintedParty("I. BÊN GIAO", "Trần Thị Mẫu", "Hiệu trưởng", "000/QĐ", "0003101", "Trường THCS An Thử"),
    receiver=PrintedParty(
        "II. BÊN NHẬN", "Nguyễn Ví Dụ", "Giáo viên", "", "0003101", "Trường THCS An Thử", "000123"
    ),
    sections=(PrintedSection("III. NỘI DUNG", ("Bên giao bàn giao.",), TABLE),),
    lines=(LINE,),
    closing="Các bản có giá trị như nhau./.",
    recipients=("Bên giao, Bên nhận;",),
    signers=(
        PrintedSigner(Side.GIVER, ("KT. HIỆU TRƯỞNG", "PHÓ HIỆU TRƯỞNG"), "ĐẠI DIỆN BÊN GIAO", "Trần Thị Mẫu"),
    ),
    annex=Annex("PHỤ LỤC", TABLE),
)


def test_a_print_reads_back_as_the_same_bytes() -> None:
    frozen = canonical(PRINTED.json())
    again = Print.read(json.loads(frozen))
    assert again == PRINTED
    assert canonical(again.json()) == frozen


def test_what_is_no_print_is_not_read() -> None:
    found = json.loads(canonical(PRINTED.json()))
    for name in found:
        with pytest.raises(InvalidError):
            Print.read({k: v for k, v in found.items() if k != name})
    for wrong in (found | {"format": 2}, found | {"password": "000"}, found | {"lang": "en"}):
        with pytest.raises(InvalidError):
            Print.read(wrong)


@pytest.mark.parametrize("text", ["Tra\u0302\u0300n", "Mẫu\u202eeulB", "dòng\nhai", "x" * (MOST_CHARACTERS + 1)])
def test_no_text_stands_on_paper_that_a_reader_could_not_see(text: str) -> None:
    check_print(PRINTED)
    with pytest.raises(InvalidError):
        check_print(replace(PRINTED, closing=text))


def test_a_paper_has_an_end() -> None:
    check_print(replace(PRINTED, lines=(LINE,) * MOST_LINES))
    with pytest.raises(RefusedError) as refused:
        check_print(replace(PRINTED, lines=(LINE,) * (MOST_LINES + 1)))
    assert refused.value.code is Refusal.BATCH_TOO_LARGE


def test_days_are_written_as_decree_30_writes_them() -> None:
    assert long_date(date(2026, 9, 5)) == "ngày 05 tháng 9 năm 2026"
    assert long_date(date(2027, 2, 15)) == "ngày 15 tháng 02 năm 2027"
    assert short_date(date(2026, 1, 5)) == "05/01/2026"


def test_days_on_paper_are_days_of_vietnam_and_an_end_names_its_last_day() -> None:
    assert begin_day(datetime(2026, 9, 4, 17, tzinfo=UTC)) == "05/9/2026"
    assert last_day(datetime(2027, 5, 31, 17, tzinfo=UTC)) == "31/5/2027"
    assert last_day(datetime(2027, 5, 31, 18, tzinfo=UTC)) == "01/6/2027"


def test_the_last_legal_basis_ends_the_list() -> None:
    assert cite_bases(["Luật A", "Nghị định B"]) == ("Căn cứ Luật A;", "Căn cứ Nghị định B.")
