"""Papers as PDF, read back by other programs (PDFium, qpdf): words, claims, what travels inside, and mischief."""

import json
import re
import subprocess
import sys
import unicodedata
from importlib import util
from pathlib import Path

import pytest

from access_service.evidence import signs
from access_service.evidence.fonts import (
    ACCEPTED,
    PACKAGE,
    SYSTEM,
    FontError,
    FontFamily,
    _family_in,
    family_of,
    find_family,
    own_family,
)
from access_service.evidence.render import render_pdf
from evidence.pages_read import opened, pages_of, squeezed, texts_in, words_of
from evidence.sample_papers import PRINTS, base_print, handover, letter, report, sample, section, table_of

FAMILIES = {
    family.name: family for family in (own_family(), *(family_of(f) for f in SYSTEM if f.is_dir()), find_family())
}
KINDS = sorted(PRINTS)
OWN_HEAD = {"commitment", "software_report"}
"""A commitment is its person's own paper; the report's form names the unit alone."""


@pytest.fixture(params=sorted(FAMILIES))
def family(request: pytest.FixtureRequest) -> FontFamily:
    return FAMILIES[request.param]


@pytest.mark.parametrize("kind", KINDS)
def test_every_word_of_a_paper_stands_on_it_in_every_family_of_type(kind: str, family: FontFamily) -> None:
    paper = sample(kind)
    said = squeezed(words_of(render_pdf(paper, family)))
    assert said == unicodedata.normalize("NFC", said)
    words = {key: value for key, value in paper.print.items() if key != "letterhead" or kind not in OWN_HEAD}
    assert [text for text in texts_in(words) if squeezed(text) not in said] == []
    assert "CỘNGHÒAXÃHỘICHỦNGHĨAVIỆTNAM" in said
    assert "Độclập-Tựdo-Hạnhphúc" in said


@pytest.mark.parametrize("kind", KINDS)
def test_a_paper_claims_pdf_a_3a_and_ua_1_and_qpdf_finds_no_fault(kind: str) -> None:
    pdf = render_pdf(sample(kind), own_family())
    with opened(pdf) as document:
        assert document.check_pdf_syntax() == []
        meta = document.open_metadata()
        assert (meta["pdfaid:part"], meta["pdfaid:conformance"], meta["pdfuaid:part"]) == ("3", "A", "1")
        assert str(document.Root.Lang) == "vi-VN"
        assert document.Root.MarkInfo.Marked


def test_a_file_to_be_signed_elsewhere_claims_pdf_a_3a_alone() -> None:
    with opened(render_pdf(sample("handover_minutes", "form"), own_family())) as document:
        meta = document.open_metadata()
        assert meta["pdfaid:part"] == "3"
        assert "pdfuaid:part" not in meta


def test_what_was_signed_travels_inside_byte_for_byte() -> None:
    paper = sample("handover_minutes")
    with opened(render_pdf(paper, own_family())) as document:
        inside = {name: spec.get_file().read_bytes() for name, spec in document.attachments.items()}
        assert inside["noi-dung.json"] == paper.content
        assert json.loads(inside["phan-chu.json"]) == dict(paper.print)
        assert set(inside) == {"noi-dung.json", "phan-chu.json", "xac-nhan.json"}
        kinds = {str(spec.AFRelationship) for spec in document.Root.AF}
        assert kinds == {"/Source", "/Supplement"}


def test_an_attachment_that_is_no_text_travels_inside_unchanged() -> None:
    from dataclasses import replace

    from access_service.evidence.paper import Attachment

    octets = bytes(range(256))
    paper = replace(
        sample("commitment"), attachments=(Attachment("anh.bin", octets, "application/octet-stream", "data", "x"),)
    )
    with opened(render_pdf(paper, own_family())) as document:
        assert document.attachments["anh.bin"].get_file().read_bytes() == octets


def test_the_same_paper_has_the_same_bytes_also_in_another_process() -> None:
    paper = sample("handover_minutes")
    here = render_pdf(paper, own_family())
    assert here == render_pdf(paper, own_family())
    program = (
        "import sys, hashlib; sys.path[:0] = sys.argv[1:]\n"
        "from evidence.sample_papers import sample\n"
        "from access_service.evidence.render import render_pdf\n"
        "from access_service.evidence.fonts import own_family\n"
        "sys.stdout.buffer.write(render_pdf(sample('handover_minutes'), own_family()))\n"
    )
    tests = Path(__file__).parents[1]
    paths = [str(tests), str(tests.parent / "src")]
    there = subprocess.run([sys.executable, "-c", program, *paths], capture_output=True, check=True)
    assert there.stdout == here


def test_stages_say_what_they_are() -> None:
    draft, form, final = (
        words_of(render_pdf(sample("commitment", stage), own_family())) for stage in ("draft", "form", "final")
    )
    assert "DỰ THẢO" in draft
    assert "Bản dự thảo" in draft
    assert "DỰ THẢO" not in form + final
    assert "XÁC NHẬN CỦA HỆ THỐNG" in final
    assert "08:42:09 ngày 05/9/2026 (UTC+07:00)" in final
    assert "không phải chữ ký điện tử" in final
    assert "XÁC NHẬN CỦA HỆ THỐNG" not in draft + form


HOSTILE = [
    '#set text(red) *đậm* _nghiêng_ $x^2$ `mã` <nhãn> @tham #panic("x")',
    '\\u{41} \\ /* chú thích */ // dòng ]] }} #import "nd30.typ"',
    "<script>alert(1)</script> & &amp; \"'",
]


@pytest.mark.parametrize("name", HOSTILE)
def test_source_of_typst_in_a_name_is_printed_as_it_was_written(name: str) -> None:
    words = handover()
    words["receiver"] = words["receiver"] | {"name": name}
    words["lines"][0]["role"] = name
    said = squeezed(words_of(render_pdf(sample("handover_minutes", words=words), own_family())))
    assert said.count(squeezed(name)) >= 2


@pytest.mark.parametrize("mark", ["\u202e", "\u200f", "\u2066", "\u200b", "\ufeff", "\u00ad", "\u0000", "漢", "🖋"])
def test_a_sign_that_cannot_be_seen_or_set_is_shown_by_its_number(mark: str) -> None:
    words = handover()
    words["receiver"] = words["receiver"] | {"name": f"Nguyễn{mark}Văn"}
    said = words_of(render_pdf(sample("handover_minutes", words=words), own_family()))
    assert f"Nguyễn[U+{ord(mark):04X}]Văn" in said


def test_marks_that_pile_up_are_shown_by_their_number() -> None:
    assert signs.show("a" + "\u0301\u0323" * 3) == "ạ" + "\u0323\u0323\u0301\u0301" + "[U+0301]"


@pytest.mark.parametrize(("word", "times"), [("Nguyễn ", 285), ("ư", 2000)], ids=["words", "one word"])
def test_two_thousand_letters_stay_within_the_page(word: str, times: int) -> None:
    words = handover()
    words["receiver"] = words["receiver"] | {"name": word * times}
    words["lines"][0]["scope"] = word * times
    pdf = render_pdf(sample("handover_minutes", words=words), own_family())
    assert squeezed(words_of(pdf)).count(squeezed(word)) >= 2 * times
    with opened(pdf) as document:
        width = float(document.pages[0].mediabox[2])
    import pypdfium2

    read = pypdfium2.PdfDocument(pdf)
    for page in read:
        found = page.get_textpage()
        boxes = [found.get_charbox(n) for n in range(0, found.count_chars(), 7)]
        assert max(box[2] for box in boxes) <= width - 36  # the margin of 15 mm, and a blank that hangs over it
    read.close()


def test_a_table_of_many_lines_repeats_its_head_on_every_page() -> None:
    words = handover()
    words["lines"] = words["lines"] * 30
    pdf = render_pdf(sample("handover_minutes", words=words), own_family())
    assert pages_of(pdf) > 4
    assert words_of(pdf).count("Nhóm dữ liệu") >= 3


def test_rights_that_go_on_on_the_next_page_say_there_whose_line_they_are_of() -> None:
    words = handover()
    words["lines"] = [{**words["lines"][0], "rights": [[f"Nhóm {n}", "xem", False] for n in range(60)]}]
    import pypdfium2

    read = pypdfium2.PdfDocument(render_pdf(sample("handover_minutes", words=words), own_family()))
    pages = [page.get_textpage().get_text_bounded() for page in read]
    read.close()
    with_rights = [text for text in pages if re.search(r"Nhóm \d", text)]
    assert len(with_rights) > 1
    assert all("1. Giáo viên chủ nhiệm" in text for text in with_rights)


def test_the_report_on_software_has_eight_columns_and_nothing_below_them_on_its_page() -> None:
    import pypdfium2

    for words in (report(), report(is_nil=True)):
        pdf = render_pdf(sample("software_report", words=words), own_family())
        document = pypdfium2.PdfDocument(pdf)
        first = " ".join(document[0].get_textpage().get_text_range().split())
        last = " ".join(document[len(document) - 1].get_textpage().get_text_range().split())
        assert document[0].get_width() > document[0].get_height()
        document.close()
        assert "Số:" not in first
        assert "Nơi nhận" not in first
        assert "noi-dung.json" not in first
        assert "noi-dung.json" in last
        assert "(Ký tên và đóng dấu)" in first


def test_the_last_article_of_a_decision_is_what_it_closes_with() -> None:
    said = words_of(render_pdf(sample("assignment_decision"), own_family()))
    assert "Điều 4. Các ông (bà) có tên tại Điều 1" in said
    assert said.count("thi hành Quyết định này./.") == 1


def test_a_letter_has_its_subject_under_the_number_and_no_type_line() -> None:
    said = words_of(render_pdf(sample("approval_letter", words=letter()), own_family()))
    assert said.index("00345/SGDĐT-CĐS") < said.index("V/v đồng ý") < said.index("Kính gửi")


def test_a_folder_without_a_fit_family_is_an_error_and_no_silent_other_choice(tmp_path: Path) -> None:
    with pytest.raises(FontError, match="prints Vietnamese"):
        family_of(tmp_path)


def test_a_family_in_the_package_whose_files_are_not_those_we_know_is_passed_over(tmp_path: Path) -> None:
    for folder in SYSTEM:
        if folder.is_dir():
            assert _family_in(folder, ACCEPTED) is None


@pytest.mark.skipif(util.find_spec(PACKAGE) is None, reason="pdfboss-fonts needs Python 3.12: not looked at here")
def test_the_files_of_the_package_are_those_that_we_know() -> None:
    found = util.find_spec(PACKAGE)
    assert found is not None
    family = _family_in(Path(str(found.origin)).parent / "fonts", ACCEPTED)
    assert family is not None
    assert family.name == "Tinos"


def test_vietnamese_has_134_letters_and_each_is_printed() -> None:
    assert len(set(signs.VIETNAMESE)) == 134
    assert signs.show(signs.VIETNAMESE) == signs.VIETNAMESE


def test_every_sign_that_we_print_is_in_every_family_or_in_typsts_own(family: FontFamily) -> None:
    every = [chr(code) for code in range(0x20, 0x2600) if signs.is_printed(chr(code))]
    rows = ["".join(every[n : n + 60]) for n in range(0, len(every), 60)]
    words = base_print("handover_minutes", sections=[section("", *rows, table=table_of(["A"], [["a"]]))])
    assert render_pdf(sample("handover_minutes", words=words), family).startswith(b"%PDF-1.7")
