"""Page tokens: whatever is changed, borrowed, kept too long or made up is refused, and tells nothing."""

import base64
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from access_service.domain.errors import PageTokenError, UnavailableError
from access_service.domain.pages import PageToken, search_digest
from access_service.signing.keys import SEAL_KEY, load_or_create, temporary
from access_service.signing.pages import (
    _SIGNED_AS,
    PAGE_KEY,
    TOKEN_CHARACTERS,
    PageKey,
)

NOW = datetime(2026, 9, 1, 2, 3, 4, 567890, tzinfo=UTC)
SEARCH = search_digest(b"resource", b"thu-nghiem", b"key", b"{}")
TOKEN = PageToken(SEARCH, 1000, NOW - timedelta(seconds=30), NOW, "r1z", "0003101:2026-2027:6A")
KEY = PageKey(temporary())
ALTERED = r"^the page token was not issued here, or was altered$"
UNREADABLE = r"^the page token cannot be read$"


def raw(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def spelled(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


# -- what is ours comes back


@given(
    limit=st.integers(1, 1000),
    after=st.text(st.characters(exclude_categories=("Cs",)), max_size=64),
    micros=st.integers(0, 10**15),
)
def test_a_token_says_what_was_written(limit: int, after: str, micros: int) -> None:
    token = replace(TOKEN, limit=limit, after=after, now=NOW + timedelta(microseconds=micros))
    text = KEY.write(token)
    assert KEY.read(text, SEARCH, NOW) == token
    assert KEY.write(token) == text
    assert len(text) <= TOKEN_CHARACTERS


def test_the_longest_id_there_is_fits() -> None:
    token = replace(TOKEN, after="ữ" * 256, revision="r" + "z" * 12)
    assert KEY.read(KEY.write(token), SEARCH, NOW) == token


# -- altered


def test_a_token_with_any_byte_altered_is_refused() -> None:
    data = raw(KEY.write(TOKEN))
    for place in range(len(data)):
        for bit in (0x01, 0x80):
            forged = bytearray(data)
            forged[place] ^= bit
            with pytest.raises(PageTokenError, match=ALTERED):
                KEY.read(spelled(bytes(forged)), SEARCH, NOW)


def test_a_token_cut_short_or_made_longer_is_refused() -> None:
    data = raw(KEY.write(TOKEN))
    for length in range(len(data)):
        with pytest.raises(PageTokenError):
            KEY.read(spelled(data[:length]), SEARCH, NOW)
    for extra in (b"\x00", b"0003101", data):
        with pytest.raises(PageTokenError):
            KEY.read(spelled(data + extra), SEARCH, NOW)


def test_another_spelling_of_the_same_bytes_is_refused() -> None:
    text = KEY.write(TOKEN)
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    others = [
        text + "=",
        text + "==",
        text + "\n",
        " " + text,
        text[:9] + "\n" + text[9:],
        text[:9] + "!" + text[9:],
    ]
    others += [text.replace("-", "+").replace("_", "/")] if set(text) & {"-", "_"} else []
    if len(text) % 4:
        # The last letter of an uneven text holds bits that mean nothing.
        others += [
            text[:-1] + letter for letter in letters if letter != text[-1] and raw(text[:-1] + letter) == raw(text)
        ]
    assert len(others) > 6
    for other in others:
        with pytest.raises(PageTokenError, match=UNREADABLE):
            KEY.read(other, SEARCH, NOW)


# -- borrowed


@pytest.mark.parametrize(
    "parts",
    [
        (b"subject", b"thu-nghiem", b"key", b"{}"),
        (b"resource", b"tinh-khac", b"key", b"{}"),
        (b"resource", b"thu-nghiem", b"khac", b"{}"),
        (b"resource", b"thu-nghiem", b"key", b'{"a":1}'),
        (b"resource", b"thu-nghiem", b"key{}", b""),
        (b"resourcethu-nghiem", b"key", b"{}"),
    ],
)
def test_a_token_of_another_search_is_refused(parts: tuple[bytes, ...]) -> None:
    """Kind, register, caller, query: and none of them can be moved into its neighbour."""
    with pytest.raises(PageTokenError, match=r"^the page token belongs to another search$"):
        KEY.read(KEY.write(TOKEN), search_digest(*parts), NOW)


def test_a_token_of_another_key_is_refused(tmp_path: Path) -> None:
    for other in (PageKey.temporary(), PageKey.load(tmp_path)):
        with pytest.raises(PageTokenError, match=ALTERED):
            KEY.read(other.write(TOKEN), SEARCH, NOW)


def test_what_the_key_signed_elsewhere_is_no_token() -> None:
    key = temporary()
    said = raw(PageKey(key).write(TOKEN))[:-64]
    assert PageKey(key).read(spelled(said + bytes.fromhex(key.sign(_SIGNED_AS + said))), SEARCH, NOW) == TOKEN
    with pytest.raises(PageTokenError, match=ALTERED):
        PageKey(key).read(spelled(said + bytes.fromhex(key.sign(said))), SEARCH, NOW)


def test_the_key_is_a_file_of_its_own_that_nobody_else_reads(tmp_path: Path) -> None:
    seal = load_or_create(tmp_path / SEAL_KEY)
    text = PageKey.load(tmp_path).write(TOKEN)
    path = tmp_path / PAGE_KEY
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.read_bytes() != (tmp_path / SEAL_KEY).read_bytes()
    # After a restart the same key reads what it wrote, and the seal key does not.
    assert PageKey.load(tmp_path).read(text, SEARCH, NOW) == TOKEN
    with pytest.raises(PageTokenError, match=ALTERED):
        PageKey(seal).read(text, SEARCH, NOW)
    path.chmod(0o640)
    with pytest.raises(UnavailableError, match="can be read by others"):
        PageKey.load(tmp_path)


# -- kept too long


@pytest.mark.parametrize("seconds", [60, 60.000001, 3600, -0.000001, -3600])
def test_a_token_lives_for_a_minute_and_not_before_it_was_issued(seconds: float) -> None:
    text = KEY.write(TOKEN)
    for fresh in (0, 59.999999):
        assert KEY.read(text, SEARCH, NOW + timedelta(seconds=fresh)) == TOKEN
    with pytest.raises(PageTokenError, match=r"^the page token has expired$"):
        KEY.read(text, SEARCH, NOW + timedelta(seconds=seconds))


# -- made up


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "none",
        "' OR 1=1 --",
        "'; DROP TABLE grants; --",
        "../../keys/seal.key",
        "\x00",
        "\ud800",
        "ữ" * 100,
        "A" * 88,
        "A" * 300,
        spelled(json.dumps({"after": "", "revision": "r1"}).encode()),
        spelled(b"\x01" + b"\x00" * 60 + b"\x00" * 64),
        spelled(b"\xff" * 500),
        "eyJhbGciOiJub25lIn0.eyJhZnRlciI6IiJ9.",
    ],
)
def test_what_we_never_wrote_is_refused(text: str) -> None:
    with pytest.raises(PageTokenError):
        KEY.read(text, SEARCH, NOW)


@given(st.binary(max_size=400))
def test_no_bytes_but_ours_are_a_token(data: bytes) -> None:
    with pytest.raises(PageTokenError):
        KEY.read(spelled(data), SEARCH, NOW)


def test_a_huge_token_is_not_even_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(base64, "urlsafe_b64decode", None)
    for length in (TOKEN_CHARACTERS + 1, 1_000_000):
        with pytest.raises(PageTokenError, match=r"^the page token is too long$"):
            KEY.read("A" * length, SEARCH, NOW)
