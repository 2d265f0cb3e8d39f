"""Room for signatures in a PDF that goes out to be signed elsewhere (evidence.md 3.3).

What whoever signs elsewhere adds is compared with the file that went out. `/SigFlags` is therefore set by us: a
first signer who had to raise it would have changed the form.
"""
# ruff: noqa: PLC0415
# pyHanko is heavy; only whoever gives out a form waits for it.

import hashlib
import io
from collections.abc import Sequence
from dataclasses import dataclass

GIVER_FIELD, RECEIVER_FIELD, OFFICE_FIELD = "ben-giao", "ben-nhan", "co-quan"
"""Fields of the two sides, and of the organisation's own digital signature."""


@dataclass(frozen=True, slots=True)
class FieldPlace:
    """Where a field stands: page from 0, box in points from the page's lower left corner."""

    name: str
    label: str
    """What a reader's screen says: `Chữ ký số của bên giao`."""
    page: int
    box: tuple[int, int, int, int]


def add_fields(pdf: bytes, places: Sequence[FieldPlace]) -> bytes:
    """The file with empty fields, behind the bytes that it has. The same input gives the same bytes."""
    from pyhanko.pdf_utils.generic import ByteStringObject
    from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
    from pyhanko.sign.fields import SigFieldSpec, append_signature_field, ensure_sig_flags

    writer = IncrementalPdfFileWriter(io.BytesIO(pdf))
    for place in places:
        spec = SigFieldSpec(place.name, on_page=place.page, box=place.box, readable_field_name=place.label)
        append_signature_field(writer, spec)
    ensure_sig_flags(writer, lock_sig_flags=True)
    # A file's second name is what it is made of: the library would take one by chance.
    writer._document_id[1] = ByteStringObject(hashlib.sha256(pdf).digest()[:16])  # noqa: SLF001
    written = io.BytesIO()
    writer.write(written)  # type: ignore[no-untyped-call]
    return written.getvalue()
