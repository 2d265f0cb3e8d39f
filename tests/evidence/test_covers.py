"""The cover of a dossier, the list of papers and the matrix as PDF, from words that no print holds."""

from datetime import UTC, date, datetime

import pytest

from access_service.evidence.covers import (
    ACCESS_MATRIX,
    MOST_ROWS,
    PAPER_LIST,
    DossierCover,
    IssuedBy,
    PaperSheet,
    SelfCheck,
    SignerPlace,
    render_cover,
    render_sheet,
)
from access_service.evidence.fonts import find_family, own_family
from access_service.evidence.paper import Attachment
from evidence.pages_read import opened, pages_of, words_of

AT = datetime(2026, 10, 15, 1, 2, 31, tzinfo=UTC)
BY = IssuedBy(
    "UBND PHƯỜNG AN HẢI", "TRƯỜNG THCS AN HẢI", "An Hải", date(2026, 10, 15), "03.CĐS", "Số và ký hiệu hồ sơ:"
)
SUBJECT = ("Công tác phân quyền truy cập Hệ thống cơ sở dữ liệu", "ngành Giáo dục và Đào tạo, năm học 2026-2027")


def cover() -> DossierCover:
    return DossierCover(
        issued_by=BY,
        subject=SUBJECT,
        facts=(("Phục vụ:", "Đoàn kiểm tra theo Quyết định số 000112/QĐ-SGDĐT"), ("Phạm vi:", "1 đơn vị, 31 lớp")),
        checks=(
            SelfCheck("Xác nhận của 128 văn bản khớp nội dung", is_good=True, result="Đạt", file="van-ban/"),
            SelfCheck("Mỗi quyền có biên bản", is_good=False, result="2 điểm cần xem", file="bat-thuong.xlsx"),
        ),
        figures=(("64", "tài khoản"), ("97", "quyền đang hiệu lực"), ("128", "văn bản đã ký"), ("2", "bất thường")),
        contents=(
            ("Ma trận phân quyền đầu kỳ, cuối kỳ", "3", "ma-tran/"),
            ("Bản cam kết", "61", "van-ban/cam-ket/"),
        ),
        marks=(
            ("Mã băm gốc của nhật ký:", "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I="),
            ("Khoá nhật ký:", "000.example.vn/haiphong+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"),
        ),
        steps=("Đối chiếu khoá nhật ký ở mục IV.", "Chạy “python3 verify.py” trong thư mục đã giải nén."),
        signers=(
            SignerPlace("maker", ("NGƯỜI LẬP HỒ SƠ", "(Cán bộ phụ trách tài khoản quản trị)"), "Lê Thị Thử Nghiệm"),
            SignerPlace("head", ("HIỆU TRƯỞNG",), "Phạm Văn Giả Định"),
        ),
        manifest_sha256="ab" * 32,
        made_at=AT,
        attachments=(Attachment("ban-ke.json", b"{}", "application/json", "source", "Bản kê tệp"),),
        qr="https://000.example.vn/k/unt_000.1",
    )


def sheet(columns: tuple[tuple[str, int], ...], rows: int) -> PaperSheet:
    cells = [[str(n), *(f"{heading} {n}" for heading, _ in columns[1:])] for n in range(1, rows + 1)]
    return PaperSheet(BY, "MA TRẬN PHÂN QUYỀN", SUBJECT, columns, cells, AT, after=("Ghi nhận lúc 08:02.",))


@pytest.mark.parametrize(
    "family", {f.name: f for f in (find_family(), own_family())}.values(), ids=lambda f: f.name
)
def test_a_cover_names_what_was_checked_and_carries_the_list_of_files(family) -> None:
    pdf = render_cover(cover(), family)
    said = words_of(pdf)
    for text in (
        "HỒ SƠ KIỂM TRA",
        "2 điểm cần xem",
        "128",
        "van-ban/cam-ket/",
        "V. Cách kiểm tra hồ sơ",
        "abab" * 8,
    ):
        assert text in said
    with opened(pdf) as document:
        assert document.check_pdf_syntax() == []
        assert document.attachments["ban-ke.json"].get_file().read_bytes() == b"{}"


@pytest.mark.parametrize("columns", [ACCESS_MATRIX, PAPER_LIST], ids=["matrix", "list of papers"])
def test_a_sheet_has_its_columns_on_every_page(columns: tuple[tuple[str, int], ...]) -> None:
    pdf = render_sheet(sheet(columns, 60), own_family())
    assert pages_of(pdf) > 1
    said = words_of(pdf)
    assert said.count(columns[1][0]) >= pages_of(pdf) + 60
    assert "Ghi nhận lúc 08:02." in said
    with opened(pdf) as document:
        assert document.check_pdf_syntax() == []


def test_a_sheet_that_nobody_would_turn_over_is_refused() -> None:
    with pytest.raises(ValueError, match="1000 rows"):
        render_sheet(sheet(PAPER_LIST, MOST_ROWS + 1), own_family())


def test_a_row_that_does_not_fit_its_table_is_refused() -> None:
    with pytest.raises(ValueError, match="cells"):
        render_sheet(PaperSheet(BY, "X", SUBJECT, PAPER_LIST, [["1"]], AT), own_family())


def test_large_sheets_are_set_one_after_the_other_and_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    import typst

    from access_service.evidence import render

    empty: list[bytes] = []
    monkeypatch.setattr(render, "LARGE", 10_000)
    monkeypatch.setattr(typst, "compile", lambda source, **_: empty.append(source))
    render_sheet(sheet(PAPER_LIST, 3), own_family())
    assert empty == []
    render_sheet(sheet(PAPER_LIST, 100), own_family())
    assert empty == [b""] * render.FORGOTTEN_AFTER
    assert not render._one_at_a_time.locked()
