"""A pack writes what papers say; a field that no paper has, or an unknown way of signing, refuses the pack."""

import pytest

from access_service.domain.names import DocumentKind, Side
from access_service.domain.templates import Extra, TableKind, fill
from engine.small_packs import LEAF, ROOT, edited, faults_of, parsed

TOML = "root/pack.toml"
MINUTES = """
[templates.handover_minutes]
version = "7"
type_line = "BIÊN BẢN"
subject = ["Bàn giao tại {unit_name}"]
bases = ["Luật Thử"]
intro = "Hôm nay, {long_date}:"
effect = "Hết./."
recipients = ["Lưu: VT."]
article = "default"

[[templates.handover_minutes.sections]]
title = "III. Nội dung"
paragraphs = ["Như sau:"]
table = "replaced"
extra = "articles"

[signatures.handover_minutes]
giver = ["passkey", "pades"]
seal = "required"
article = "thu-1"

[letterhead]
parent = "UBND tỉnh Thử"
place = "Thử"
article = "default"

[numbering]
books = "one"
article = "default"
"""


def with_papers(text: str) -> dict[str, str]:
    return ROOT | {TOML: ROOT[TOML] + text}


def test_the_text_of_a_paper_is_read_as_it_is_written() -> None:
    pack = parsed(with_papers(MINUTES))
    template = pack.templates[DocumentKind.HANDOVER_MINUTES]
    assert (template.id, template.type_line, template.closing) == ("handover_minutes/7", "BIÊN BẢN", "Hết./.")
    [section] = template.sections
    assert (section.table, section.extra) == (TableKind.REPLACED, Extra.ARTICLES)
    strengths = pack.strengths[DocumentKind.HANDOVER_MINUTES]
    assert strengths.methods == {Side.GIVER: frozenset({"passkey", "pades"})}
    assert (strengths.seal, strengths.timestamp) == ("required", "optional")
    assert (pack.letterhead.parent, pack.letterhead.place, pack.books) == ("UBND tỉnh Thử", "Thử", "one")


def test_a_pack_without_text_for_papers_is_a_pack() -> None:
    pack = parsed(ROOT)
    assert not pack.templates
    assert pack.books == "by_type"


def test_a_text_takes_the_place_of_the_inherited_one_whole() -> None:
    text = MINUTES.replace('version = "7"', 'version = "8"').replace('bases = ["Luật Thử"]\n', "")
    leaf = LEAF | {TOML: ROOT[TOML] + MINUTES, "leaf/pack.toml": LEAF["leaf/pack.toml"] + text}
    template = parsed(leaf, "leaf").templates[DocumentKind.HANDOVER_MINUTES]
    assert (template.version, template.bases) == ("8", ())


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("{unit_name}", "{unit_nam}", "unknown field `{unit_nam}`"),
        ("{unit_name}", "{witness_name}", "unknown field `{witness_name}`"),
        ("Như sau:", "Như {sau", "a brace without a field in `Như {sau`"),
        ("Như sau:", "Như {Sau}", "a brace without a field in `Như {Sau}`"),
        ("templates.handover_minutes]\nversion", "templates.minutes]\nversion", "unknown kind of paper `minutes`"),
        ('"replaced"', '"grants"', "unknown table of a paper `grants`"),
        ('"passkey"', '"fax"', "unknown way of signing `fax`"),
        ('seal = "required"', 'seal = "wax"', "unknown demand `wax`"),
        ('books = "one"', 'books = "two"', "unknown choice of books `two`"),
        ('type_line = "BIÊN BẢN"', 'typ_line = "BIÊN BẢN"', "unknown key `typ_line`"),
        ('recipients = ["Lưu: VT."]', 'recipients = "Lưu: VT."', "`recipients` must be a list of strings"),
    ],
)
def test_what_no_paper_has_refuses_the_pack(old: str, new: str, message: str) -> None:
    found = [fault.message for fault in faults_of(edited(with_papers(MINUTES), TOML, old, new))]
    assert any(message in said for said in found), found


def test_a_commitment_is_written_as_one_text_or_promise_by_promise() -> None:
    block = ROOT[TOML][ROOT[TOML].index("[[commitments]]") : ROOT[TOML].index("[signing]")]
    vi = block[block.index("vi = ") : block.index("\narticle")]
    items = edited(ROOT, TOML, f"{vi}\n", 'items = ["giữ bí mật", "báo ngay sự cố"]\n')
    [text] = parsed(items).commitments
    assert text.vi == "Tôi cam kết: (1) giữ bí mật; (2) báo ngay sự cố."
    assert text.items == ("giữ bí mật", "báo ngay sự cố")
    both = edited(ROOT, TOML, f"{vi}\n", f'{vi}\nitems = ["giữ bí mật"]\n')
    assert "`vi` stands beside `items`" in [fault.message for fault in faults_of(both)]


def test_a_paragraph_with_an_empty_field_is_left_out() -> None:
    assert fill("Trước {witness_name}.", {"witness_name": ""}) == ""
    assert fill("Trước {witness_name}.", {"witness_name": "Người Thử"}) == "Trước Người Thử."
    # A value is text, never a field.
    assert fill("{unit_name}", {"unit_name": "{number}"}) == "{number}"
