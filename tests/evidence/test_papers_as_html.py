"""Papers as the page that whoever signs is shown: the PDF's words, escaped, without script."""

import re
from html.parser import HTMLParser

import pytest

from access_service.evidence.html import STYLE_POLICY, render_html
from evidence.pages_read import squeezed, texts_in
from evidence.sample_papers import PRINTS, handover, sample
from evidence.test_papers_as_pdf import HOSTILE, KINDS, OWN_HEAD

VOID = {"meta", "br", "path"}


class Page(HTMLParser):
    """Words and tags of a page; fails where tags do not close in their order."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.words: list[str] = []
        self.tags: list[str] = []
        self.attributes: set[str] = set()
        self._open: list[str] = []
        self.feed(page)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes |= {name for name, _ in attrs}
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, _attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self._open:
            self.words.append(data)

    @property
    def said(self) -> str:
        return squeezed("".join(self.words))


@pytest.mark.parametrize("kind", KINDS)
def test_every_word_of_a_paper_stands_on_its_page(kind: str) -> None:
    paper = sample(kind)
    page = Page(render_html(paper))
    words = {key: value for key, value in paper.print.items() if key != "letterhead" or kind not in OWN_HEAD}
    assert [text for text in texts_in(words) if squeezed(text) not in page.said] == []


@pytest.mark.parametrize("stage", ["draft", "form", "final"])
def test_a_page_has_no_script_no_address_and_no_style_but_the_one_that_its_policy_names(stage: str) -> None:
    page = Page(render_html(sample("handover_minutes", stage)))
    assert not {"script", "link", "img", "iframe", "a", "form"} & set(page.tags)
    assert not {name for name in page.attributes if name.startswith("on") or name in {"style", "href", "src"}}
    assert re.fullmatch(r"'sha256-[A-Za-z0-9+/]{43}='", STYLE_POLICY)


@pytest.mark.parametrize("name", [*HOSTILE, "</title><svg onload=alert(1)>", '" onmouseover="x'])
def test_markup_in_a_name_is_shown_as_it_was_written(name: str) -> None:
    words = handover()
    words["receiver"] = words["receiver"] | {"name": name}
    words["subject"] = [name]
    words["signers"][0]["name"] = name
    plain, page = (
        Page(render_html(sample("handover_minutes"))),
        Page(render_html(sample("handover_minutes", words=words))),
    )
    assert page.said.count(squeezed(name)) >= 3
    assert page.attributes == plain.attributes
    assert set(page.tags) == set(plain.tags)


def test_a_mark_that_turns_the_line_round_is_shown_by_its_number() -> None:
    words = handover()
    words["receiver"] = words["receiver"] | {"name": "Nguyễn\u202eVăn"}
    page = render_html(sample("handover_minutes", words=words))
    assert "\u202e" not in page
    assert "Nguyễn[U+202E]Văn" in page


def test_a_draft_says_so_on_its_page() -> None:
    assert "DỰ THẢO" in render_html(sample("commitment", "draft"))
    assert "DỰ THẢO" not in render_html(sample("commitment", "final"))
    assert set(PRINTS) == set(KINDS)
