"""Codes, their sentences and `docs/reasons.md` say the same."""

import re
import tomllib
import unicodedata
from collections.abc import Mapping
from pathlib import Path

import pytest

from access_service.api.http.errors import EDGE_TEXT
from access_service.domain.reasons import Reason, Refusal
from access_service.domain.remedies import REASON_REMEDY, REFUSAL_REMEDY
from access_service.domain.text import REASON_TEXT, REFUSAL_TEXT, Text

ROOT = Path(__file__).parents[2]
LISTS = [
    pytest.param("Why a decision denies", Reason, REASON_TEXT, id="reasons"),
    pytest.param("Why an act is refused", Refusal, REFUSAL_TEXT, id="refusals"),
]


def documented(heading: str) -> list[list[str]]:
    """The rows of the table under one heading: code, when, vi, en, article."""
    page = (ROOT / "docs" / "reasons.md").read_text(encoding="utf-8")
    section = page.split(f"## {heading}\n")[1].split("\n## ")[0]
    rows = [line.strip("|").split("|") for line in section.splitlines() if line.startswith("| `")]
    return [[cell.strip() for cell in row] for row in rows]


@pytest.mark.parametrize(("heading", "codes", "texts"), LISTS)
def test_the_page_lists_every_code_once_in_order_with_its_sentences(
    heading: str, codes: type[Reason | Refusal], texts: Mapping[Reason | Refusal, Text]
) -> None:
    expected = [(f"`{code.value}`", texts[code].vi, texts[code].en) for code in codes]
    assert [(row[0], row[2], row[3]) for row in documented(heading)] == expected


@pytest.mark.parametrize(("heading", "codes", "texts"), LISTS)
def test_every_code_has_sentences_and_every_sentence_a_code(
    heading: str, codes: type[Reason | Refusal], texts: Mapping[Reason | Refusal, Text]
) -> None:
    assert set(texts) == set(codes), heading
    for code, text in texts.items():
        for sentence in (text.vi, text.en):
            assert sentence, code
            assert sentence == unicodedata.normalize("NFC", sentence).strip(), code
            assert not sentence.endswith("."), code
            assert sentence[0].isupper(), code
            assert "|" not in sentence, code


@pytest.mark.parametrize(("heading", "codes", "texts"), LISTS)
def test_every_row_says_when_it_happens(
    heading: str, codes: type[Reason | Refusal], texts: Mapping[Reason | Refusal, Text]
) -> None:
    assert len(codes) == len(texts)
    for row in documented(heading):
        assert len(row) == 6, row
        assert len(row[1]) > 10, row


@pytest.mark.parametrize(
    ("heading", "codes", "remedies"),
    [(LISTS[0].values[0], Reason, REASON_REMEDY), (LISTS[1].values[0], Refusal, REFUSAL_REMEDY)],
)
def test_every_code_has_one_remedy_that_the_page_repeats(
    heading: str, codes: type[Reason | Refusal], remedies: Mapping[Reason | Refusal, Text]
) -> None:
    """A refusal without a way on is a wall; a remedy that only repeats the refusal is none."""
    said = {**REASON_TEXT, **REFUSAL_TEXT}
    assert set(remedies) == set(codes)
    for code, remedy in remedies.items():
        for sentence in (remedy.vi, remedy.en):
            assert len(sentence) > 12, code
            assert sentence == unicodedata.normalize("NFC", sentence).strip(), code
            assert not sentence.endswith("."), code
            assert sentence[0].isupper(), code
            assert "|" not in sentence, code
            assert " / " not in sentence, code
        assert remedy.vi not in {text.vi for text in said.values()}, code
    expected = [(f"`{code.value}`", f"{remedies[code].vi} / {remedies[code].en}") for code in codes]
    assert [(row[0], row[4]) for row in documented(heading)] == expected


def test_the_codes_of_the_interface_are_listed_with_their_sentences() -> None:
    expected = [(f"`{code}`", text.vi, text.en) for code, text in EDGE_TEXT.items()]
    assert [(row[0], row[2], row[3]) for row in documented("Codes of the interface alone")] == expected


def test_two_reasons_never_read_the_same() -> None:
    for texts in (REASON_TEXT, REFUSAL_TEXT):
        assert len({text.vi for text in texts.values()}) == len(texts)
        assert len({text.en for text in texts.values()}) == len(texts)


def test_a_code_in_both_lists_reads_the_same_where_it_means_the_same() -> None:
    shared = {reason.value for reason in Reason} & {refusal.value for refusal in Refusal}
    assert shared == {"account_not_active", "approval_missing", "grant_ended", "grant_suspended", "no_policy"}
    assert all(REASON_TEXT[Reason(code)] == REFUSAL_TEXT[Refusal(code)] for code in shared)


def test_the_articles_named_exist_in_their_packs() -> None:
    page = (ROOT / "docs" / "reasons.md").read_text(encoding="utf-8")
    cited = re.findall(r"`([a-z0-9-]+):([a-z0-9-]+)`", page)
    assert cited
    for pack, article in cited:
        toml = tomllib.loads((ROOT / "policy" / pack / "pack.toml").read_text(encoding="utf-8"))
        assert article in toml["articles"], (pack, article)
