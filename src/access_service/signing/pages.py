"""Page tokens: where a search goes on, signed so that nobody can say otherwise, bound to the search it came from.

A token is one fixed layout, signed with Ed25519 (RFC 8032) and written in base64url without padding (RFC 4648
section 5). There is one spelling of each: what does not spell itself again when read and written is refused.

    version        1 byte
    search        32 bytes  SHA-256 over what was searched for, by whom, where: `domain.pages.search_digest`
    limit          2 bytes
    now            8 bytes  instant of the list, microseconds since 1970
    issued         8 bytes  instant of this token, likewise
    revision       1 byte length, then ASCII
    after          2 bytes length, then UTF-8
    signature     64 bytes  over everything before it
"""

import base64
import binascii
import struct
from datetime import UTC, datetime, timedelta
from pathlib import Path

from access_service.domain.errors import PageTokenError
from access_service.domain.pages import PageToken
from access_service.signing.keys import BadSignatureError, SealKey, load_or_create, temporary, verify

PAGE_KEY = "page.key"
"""File of the key in the folder of keys. Nodes that serve one register share it."""
PAGE_S = 60
"""How long a page's token lives."""
TOKEN_CHARACTERS = 2048
"""Longest token that is looked at."""
VERSION = 1
_HEAD = struct.Struct(">B32sHqqB")
_LENGTH = struct.Struct(">H")
_SIGNATURE = 64
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_SIGNED_AS = b"access-service page token\x00"
"""Begins what is signed: a signature of this key over anything else is none over a token."""


class PageKey:
    """Signs page tokens and reads them back."""

    def __init__(self, key: SealKey) -> None:
        """`key` signs nothing else."""
        self._key = key

    @classmethod
    def load(cls, folder: Path) -> "PageKey":
        """The key in a folder of keys, made with mode 0600 when there is none.

        Raises `UnavailableError` for a file that others may read, or that holds something else.
        """
        return cls(load_or_create(folder / PAGE_KEY))

    @classmethod
    def temporary(cls) -> "PageKey":
        """A key of this process alone: lists that were begun before it started cannot be continued."""
        return cls(temporary())

    def write(self, token: PageToken) -> str:
        """The token as text."""
        revision, after = token.revision.encode("ascii"), token.after.encode()
        head = _HEAD.pack(
            VERSION, token.search, token.limit, _microseconds(token.now), _microseconds(token.issued), len(revision)
        )
        said = head + revision + _LENGTH.pack(len(after)) + after
        return _text(said + bytes.fromhex(self._key.sign(_SIGNED_AS + said)))

    def read(self, text: str, search: bytes, present: datetime) -> PageToken:
        """What a token says that is ours, of this very search, and has not outlived its time at `present`.

        Raises `PageTokenError` for everything else.
        """
        said = self._signed(text)
        # (1) Ours: the layout below is what we wrote.
        version, found, limit, now, issued, length = _HEAD.unpack_from(said)
        if version != VERSION:
            raise PageTokenError("the page token is of another version")
        # (2) Of this search: kind, query, caller and place are those of the first page.
        if found != search:
            raise PageTokenError("the page token belongs to another search")
        revision = said[_HEAD.size : _HEAD.size + length].decode("ascii")
        after = said[_HEAD.size + length + _LENGTH.size :].decode()
        token = PageToken(search, limit, _instant(now), _instant(issued), revision, after)
        # (3) In its time. A clock that stepped back gives no token a longer life.
        if not timedelta(0) <= present - token.issued < timedelta(seconds=PAGE_S):
            raise PageTokenError("the page token has expired")
        return token

    def _signed(self, text: str) -> bytes:
        """The bytes that we signed. Nothing of them is looked at before the signature is."""
        if len(text) > TOKEN_CHARACTERS:
            raise PageTokenError("the page token is too long")
        try:
            raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        except (binascii.Error, ValueError):
            raise PageTokenError("the page token cannot be read") from None
        said, signature = raw[:-_SIGNATURE], raw[-_SIGNATURE:]
        if _text(raw) != text or len(said) < _HEAD.size + _LENGTH.size:
            raise PageTokenError("the page token cannot be read")
        try:
            verify(self._key.public_hex, signature.hex(), _SIGNED_AS + said)
        except BadSignatureError:
            raise PageTokenError("the page token was not issued here, or was altered") from None
        return said


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")


def _microseconds(instant: datetime) -> int:
    return (instant - _EPOCH) // _MICROSECOND


def _instant(microseconds: int) -> datetime:
    return _EPOCH + microseconds * _MICROSECOND
