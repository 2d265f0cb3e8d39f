"""Counting what JSON holds before it is parsed: exact, and every byte looked at once."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from access_service.domain import words
from access_service.domain.errors import InvalidError
from access_service.domain.shape import is_within
from access_service.domain.vietnamese import sort_key

PIECES = st.sampled_from(["[", "]", "{", "}", ",", ":", '"', "\\", '\\"', "\\\\", "a", "1", " ", "ề", "\\u0022"])
TEXTS = st.lists(PIECES, max_size=60).map("".join)
VALUES: Any = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=30,
)


def by_hand(text: str) -> tuple[int, int]:
    """(strings, opening brackets and commas; depth) of JSON, one character after the other."""
    marks = depth = deepest = 0
    is_string = is_escaped = False
    for character in text:
        if is_string:
            is_string = is_escaped or character != '"'
            is_escaped = character == "\\" and not is_escaped
            continue
        marks += character in '"[{,'
        is_string = character == '"'
        depth += (character in "[{") - (character in "]}")
        deepest = max(deepest, depth)
    return marks, deepest


@given(VALUES, st.booleans())
def test_of_json_it_counts_exactly_what_stands_there(value: object, is_ascii: bool) -> None:
    text = json.dumps(value, ensure_ascii=is_ascii)
    body = text.encode("utf-8", "surrogatepass")
    marks, depth = by_hand(text)
    assert is_within(body, marks=marks, depth=depth)
    assert marks == 0 or not is_within(body, marks=marks - 1, depth=depth)
    assert depth == 0 or not is_within(body, marks=marks, depth=depth - 1)


@given(TEXTS)
@example('"\\"\\"\\"')
@example('"a\\\\" [[')
@example('\\" [[[[')
def test_a_parser_gets_through_nothing_that_was_not_counted(text: str) -> None:
    """Whatever the bytes are: what `json` reads of them before it finds the fault is within what was counted."""
    read = text
    try:
        json.loads(text)
    except json.JSONDecodeError as error:
        read = text[: error.pos]
    marks, depth = by_hand(read)
    # A string that never ends is found out at its beginning.
    assert marks <= 1 or not is_within(text.encode(), marks=marks - 2, depth=99)
    assert depth == 0 or not is_within(text.encode(), marks=999, depth=depth - 1)


class Watched(bytes):
    """Bytes that count how often they are gone through."""

    passes = 0

    def count(self, *args: Any) -> int:
        type(self).passes += 1
        return super().count(*args)

    def replace(self, *args: Any) -> Watched:
        type(self).passes += 1
        return Watched(super().replace(*args))


@pytest.mark.parametrize(
    "body",
    [
        b'"' + b'\\"' * 5000,
        b'"' * 9999,
        b"[" * 9999,
        b'{"a":' * 2000,
        b"\\" * 9999,
        b'["' + b"a" * 9999,
        b"]" * 9999,
    ],
    ids=lambda body: body[:6].decode(),
)
def test_the_number_of_passes_does_not_depend_on_the_bytes(body: bytes) -> None:
    Watched.passes = 0
    is_within(Watched(body), marks=20_000, depth=20_000)
    assert Watched.passes == 2
    assert not is_within(body, marks=20_000, depth=16) or body.count(b"[") + body.count(b"{") <= 16


# -- normalisation


@pytest.fixture
def normalised(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Lengths of what is normalised."""
    lengths: list[int] = []
    normalize = words.unicodedata.normalize

    def spy(form: Any, text: str) -> str:
        lengths.append(len(text))
        return normalize(form, text)

    monkeypatch.setattr("unicodedata.normalize", spy)
    return lengths


READERS = [words.line, words.prose, words.code, words.username, words.class_code, words.subject]
READERS += [words.school_year, words.compose_text, words.id_word, sort_key]


@pytest.mark.parametrize("read", READERS, ids=lambda read: read.__name__)
@pytest.mark.parametrize("text", ["e\u0301" * 40_000, "e" + "\u0301\u0323" * 30_000, " ề" * 40_000])
def test_length_is_looked_at_before_anything_is_composed(read: Any, text: str, normalised: list[int]) -> None:
    with pytest.raises(InvalidError, match=r"longer|no "):
        read(text)
    assert max(normalised, default=0) <= 4 * words.PROSE


@pytest.mark.parametrize("read", [words.line, words.prose, words.compose_text], ids=lambda read: read.__name__)
def test_marks_that_no_writing_has_are_refused_unsorted(read: Any, normalised: list[int]) -> None:
    with pytest.raises(InvalidError, match="marks"):
        read("e" + "\u0301\u0323" * 100)
    assert normalised == []
    assert read("e\u0323\u0302" * 60) == "ệ" * 60


@given(st.text(alphabet="aeđ\u0301\u0323\u0302\u0308 ề", max_size=200))
def test_what_is_refused_for_its_marks_has_more_than_thirty_in_a_row(text: str) -> None:
    marks = longest = 0
    for character in text:
        marks = marks + 1 if words.unicodedata.combining(character) else 0
        longest = max(longest, marks)
    try:
        words.normalise_text(text, 1000)
    except InvalidError:
        assert longest > words.MARKS_IN_A_ROW
    else:
        assert longest <= words.MARKS_IN_A_ROW or len(text) <= words.MARKS_IN_A_ROW


def test_nothing_else_of_the_program_normalises() -> None:
    from pathlib import Path

    source = Path(words.__file__).parents[1]
    found = {path.name for path in source.rglob("*.py") if "unicodedata.normalize(" in path.read_text("utf-8")}
    # One character at a time there.
    assert found == {"words.py", "vietnamese.py"}
    assert (source / "domain" / "vietnamese.py").read_text("utf-8").count("unicodedata.normalize(") == 1
