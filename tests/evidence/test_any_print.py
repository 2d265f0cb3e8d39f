"""Whatever words a print holds, it becomes a page and a PDF that says every one of them."""

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import sampled
from access_service.domain.printing import Print
from access_service.evidence.fonts import own_family
from access_service.evidence.html import render_html
from access_service.evidence.render import render_pdf
from access_service.evidence.signs import show
from evidence.pages_read import opened, squeezed, words_of
from evidence.sample_papers import PRINTS, base_print, sample

TEXT = st.one_of(
    st.text(max_size=60),
    st.text(alphabet="#*_`$<>@\\/=-+~[]{}()\"'&;:, \n\tĐđàằữ\u0301\u0323\u202e\u200b漢", max_size=40),
    st.sampled_from(["", " ", "Nguyễn Văn Ví Dụ", "1. Điều này", "ư" * 200]),
)
TEXTS = st.lists(TEXT, max_size=3)


def tables() -> st.SearchStrategy[dict[str, Any] | None]:
    made = st.integers(1, 4).flatmap(
        lambda n: st.fixed_dictionaries(
            {
                "columns": st.lists(TEXT, min_size=n, max_size=n),
                "widths": st.lists(st.integers(-2, 90), max_size=n),
                "rows": st.lists(st.lists(TEXT, max_size=n), max_size=3),
                "note": TEXT,
            }
        )
    )
    return st.none() | made


PARTY = st.none() | st.fixed_dictionaries(dict.fromkeys(("title", "name", "position", "basis", "unit_name"), TEXT))
SECTION = st.fixed_dictionaries({"title": TEXT, "paragraphs": TEXTS, "table": tables()})
LINE = st.fixed_dictionaries(
    {
        **dict.fromkeys(("username", "account_kind", "role", "duty", "scope", "from", "to"), TEXT),
        "rights": st.lists(st.tuples(TEXT, TEXT, st.booleans()).map(list), max_size=2),
    }
)
SIGNER = st.fixed_dictionaries(
    {"side": st.sampled_from(["giver", "receiver"]), "over": TEXTS, "title": TEXT, "name": TEXT}
)


@st.composite
def prints(draw: st.DrawFn) -> dict[str, Any]:
    kind = draw(st.sampled_from(sorted(PRINTS)))
    words = {
        "type_line": draw(TEXT),
        "number": draw(TEXT),
        "dated": draw(st.sampled_from(["", "2026-01-05"])),
        "letterhead": draw(st.fixed_dictionaries(dict.fromkeys(("parent", "name", "place"), TEXT))),
        "authority": draw(TEXT),
        "intro": draw(TEXT),
        "closing": draw(TEXT),
        "giver": draw(PARTY),
        "receiver": draw(PARTY),
        "sections": draw(st.lists(SECTION, max_size=2)),
        "lines": draw(st.lists(LINE, max_size=2)),
        "signers": draw(st.lists(SIGNER, max_size=2)),
        "landscape": draw(st.booleans()),
        "annex": draw(st.none() | st.fixed_dictionaries({"title": TEXT, "table": tables()})),
        **{key: draw(TEXTS) for key in ("subject", "bases", "to", "recipients")},
    }
    return base_print(kind, **words)


@settings(max_examples=sampled.times(12), suppress_health_check=list(HealthCheck))
@given(words=prints(), stage=st.sampled_from(["draft", "form", "final"]))
def test_any_words_become_a_page_and_a_sound_file(words: dict[str, Any], stage: Any) -> None:
    paper = sample(words["kind"], stage, words)
    pdf = render_pdf(paper, own_family())
    with opened(pdf) as document:
        assert document.check_pdf_syntax() == []
    said, page = squeezed(words_of(pdf)), render_html(paper)
    for text in (words["intro"], *(t for s in words["sections"] for t in s["paragraphs"])):
        for word in show(text).split():
            if word.isalnum() and word.isascii():
                assert word in said
                assert word in page
    assert "<script" not in page.replace("&lt;script", "")


def test_the_prints_drawn_here_are_of_the_kinds_that_there_are() -> None:
    assert Print.read(base_print("commitment", giver=None)).kind == "commitment"


def test_a_text_that_is_passed_whole_is_what_each_of_its_signs_would_have_become() -> None:
    """`show` looks at a plain text once; with a sign beside it that is not, it looks at each."""
    strange = "\u202e"
    for first in (0x20, 0x340, 0x384, 0x387, 0x401, 0x1E00, 0x2010, 0x2126):
        for code in range(first, first + 128):
            text = f"a{chr(code)}b"
            assert show(text) == show(strange + text)[len("[U+202E]") :], hex(code)
