"""What a paper is made of: the print, who has signed, what travels inside the file."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

Stage = Literal["draft", "form", "final"]
"""`draft` says so across the page, `form` leaves room for ink or a certificate, `final` shows who has confirmed."""

Relationship = Literal["source", "data", "alternative", "supplement"]


@dataclass(frozen=True, slots=True)
class SignedBlock:
    """What stands where ink would stand."""

    side: str
    label: str
    """What kind of signature this is, in capitals: `XÁC NHẬN CỦA HỆ THỐNG`."""
    at: str
    """ISO 8601 with its offset."""
    how: str
    id: str
    name: str
    """Who signed; empty where the words at that place name them."""


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file inside the file (PDF/A-3)."""

    name: str
    data: bytes
    media_type: str
    relationship: Relationship
    description: str


@dataclass(frozen=True, slots=True)
class PrintedPaper:
    """A paper, ready to become pages."""

    kind: str
    stage: Stage
    print: Mapping[str, Any]
    """The words, as `domain.printing` wrote them."""
    content: bytes
    """What is hashed and signed; it travels inside as `noi-dung.json`."""
    signatures: tuple[SignedBlock, ...] = ()
    qr: str | None = None
    """What the square says."""
    attachments: tuple[Attachment, ...] = ()
    policy: str = ""
    policy_digest: str = ""
    remark: str = ""
    """A sentence more at the foot, for instance that the words are not part of what was signed."""
