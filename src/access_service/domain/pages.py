"""Where a list goes on: what a page's token says, and which search it is bound to."""

import hashlib
import struct
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class PageToken:
    """What a token says."""

    search: bytes
    """`search_digest` of the search that the list is of."""
    limit: int
    """Results a page: the same for every page of a list."""
    now: datetime
    """The instant of the list."""
    issued: datetime
    revision: str
    """As it stands on the wire."""
    after: str
    """The last id that was handed out."""


def search_digest(*parts: bytes) -> bytes:
    """SHA-256 over the parts, each with its length before it: no two lists of parts have the same bytes."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(struct.pack(">Q", len(part)) + part)
    return digest.digest()
