"""A school's own notation: subjects, classes and duties as schools write them, and nothing guessed."""

from __future__ import annotations

from datetime import date

import pytest

from access_service.domain.headings import (
    OF_SUBJECT,
    SheetField,
    SheetLayout,
    field_of_heading,
    find_decision,
    recognise,
)
from access_service.domain.notation import distance, fold, nearest, read_teaching, split_classes


@pytest.mark.parametrize(
    ("cell", "means"),
    [
        ("Ngữ văn 6A1, 6A2; GDĐP 6A1", [("NGUVAN", "6A1 6A2"), ("GDDP", "6A1")]),
        ("Toán 7A1, 7A2, 8A3", [("TOAN", "7A1 7A2 8A3")]),
        ("Toán: 7A1,2,3", [("TOAN", "7A1 7A2 7A3")]),
        ("Toán (7A1, 7A2) Tin 8a1", [("TOAN", "7A1 7A2"), ("TINHOC", "8A1")]),
        ("Văn 6A1 (4), 6A2(4t) + CN 6A1", [("NGUVAN", "6A1 6A2"), ("CONGNGHE", "6A1")]),
        ("LS&ĐL 6/1; HĐTN,HN 6/1", [("LSDL", "6/1"), ("HDTN", "6/1")]),
        ("T.Anh lớp 9A1\n9A2", [("NGOAINGU", "9A1 9A2")]),
        ("Khoa học tự nhiên 6A 6B", [("KHTN", "6A 6B")]),
        ("GDCD 6A1–6A4; Tin 7A1-3", [("GDCD", "6A1 6A2 6A3 6A4"), ("TINHOC", "7A1 7A2 7A3")]),
        ("Bay 6A1", [(None, "6A1")]),
        ("6A1, 6A2", [(None, "6A1 6A2")]),
        ("", []),
    ],
)
def test_a_teachers_cell_is_subjects_and_their_classes(cell: str, means: list[tuple[str | None, str]]) -> None:
    assert [(t.subject, " ".join(t.classes)) for t in read_teaching(cell)] == means


def test_a_class_of_the_school_is_known_whatever_it_looks_like() -> None:
    assert split_classes("Lá 1; chồi a", ["Lá1", "CHỒIA"]) == ("Lá1", "CHỒIA")
    assert split_classes("7A1,2; 8a3") == ("7A1", "7A2", "8A3")


def test_the_nearest_name_is_one_that_begins_alike_or_differs_by_a_letter() -> None:
    names = [("1", "Nguyễn Thị Hạnh"), ("2", "Nguyễn Thuý Hạnh"), ("3", "Trần Văn Bốn"), ("4", "Lê Thu")]
    assert nearest("Ng. Thị Hạnh", names, most=2)[0] == "1"
    assert nearest("Trần Văn Bôn", names, most=2) == ["3"]
    assert nearest("Phạm Quang Dũng", names, most=2) == []
    assert distance("toan", "toan", 2) == 0
    assert distance("toan", "van", 9) == 2


@pytest.mark.parametrize(
    ("heading", "field"),
    [
        ("Họ và tên (*)", SheetField.NAME),
        ("HỌ TÊN GV", SheetField.NAME),
        ("Mã định danh Bộ GD&ĐT", SheetField.CODE),
        ("CN lớp", SheetField.HOMEROOM),
        ("GVCN", SheetField.TEACHER),
        ("Phân công giảng dạy", SheetField.TEACHING),
        ("Vị trí việc làm", SheetField.OTHER),
        ("Ngữ văn", f"{OF_SUBJECT}NGUVAN"),
        ("Số tiết", SheetField.UNUSED),
    ],
)
def test_a_heading_is_known_however_it_is_written(heading: str, field: str) -> None:
    assert field_of_heading(heading) == field


PERSONS = [
    ["TRƯỜNG THCS THỬ", "", "", ""],
    ["BẢNG PHÂN CÔNG CHUYÊN MÔN"],
    ["STT", "Họ và tên", "Dạy", "CN", "Số tiết"],
    ["1", "Dương Đức An", "Toán 7A1, 7A2", "7A1", "17"],
    ["2", "Đặng Ngọc Ánh", "Văn 6A1", "6A1", "19"],
]


def test_the_heading_is_found_under_the_title_and_a_line_is_a_teacher() -> None:
    found = recognise("PCCM", PERSONS)
    assert found is not None
    assert (found.heading, found.layout) == (2, SheetLayout.BY_PERSON)
    assert found.fields == ("unused", "name", "teaching", "homeroom", "unused")


def test_a_line_a_class_and_a_column_a_subject_is_the_other_layout() -> None:
    found = recognise("x", [["Lớp", "GVCN", "Toán", "Ngữ văn"], ["6A1", "An", "An", "Bình"]])
    assert found is not None
    assert (found.layout, found.fields) == (
        SheetLayout.BY_CLASS,
        ("class", "teacher", "subject:TOAN", "subject:NGUVAN"),
    )


def test_a_column_without_a_heading_is_known_by_what_stands_in_it() -> None:
    rows = [["Họ và tên", "", "Mã", ""], ["An", "Toán 7A1", "1", "7A1"], ["Bình", "Văn 6A1; Sử 6A2", "2", "6A1"]]
    found = recognise("x", rows)
    assert found is not None
    assert found.fields == ("name", "teaching", "code", "homeroom")


def test_a_list_of_classes_and_a_list_of_staff_are_read_by_heading() -> None:
    classes = recognise("DS lớp", [["STT", "Khối", "Tên lớp", "Giáo viên chủ nhiệm", "Sĩ số"]])
    staff = recognise("DS", [["STT", "Mã định danh", "Họ và tên", "Ngày sinh", "Vị trí việc làm"]])
    assert classes is not None
    assert classes.fields == ("unused", "grade", "class", "teacher", "unused")
    assert staff is not None
    assert staff.fields == ("unused", "code", "name", "unused", "other")


@pytest.mark.parametrize(
    "said",
    [
        "(Kèm theo Quyết định số 41/QĐ-THCSLC ngày 20/08/2026 của Hiệu trưởng)",
        "Ban hành kèm theo quyết định số: 41/QĐ-THCSLC, ngày 20 tháng 8 năm 2026",
    ],
)
def test_the_decision_is_read_above_the_heading(said: str) -> None:
    rows = [["TRƯỜNG"], ["", said], ["Họ và tên", "CN"]]
    assert find_decision(rows, 2) == ("41/QĐ-THCSLC", date(2026, 8, 20))
    assert find_decision(rows, 1) is None
    assert find_decision([["Quyết định số 1/QĐ ngày 31/2/2026"]], 1) is None


def test_a_page_without_people_or_classes_has_no_heading() -> None:
    assert recognise("x", [["Ngày", "Nội dung"], ["1/9", "Khai giảng"]]) is None


def test_folding_is_short_and_knows_no_marks() -> None:
    assert fold("  LS & ĐL ") == "ls dl"
    assert len(fold("a" * 100_000)) == 1_000
