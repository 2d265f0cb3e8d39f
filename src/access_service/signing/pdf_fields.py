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
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter

GIVER_FIELD, RECEIVER_FIELD, OFFICE_FIELD = "ben-giao", "ben-nhan", "co-quan"
"""Fields of the two sides, and of the organisation's own digital signature."""
HOLDER_FIELD = "nguoi-dang-ky"
"""The field of a page with which somebody shows that a certificate is theirs."""


@dataclass(frozen=True, slots=True)
class FieldPlace:
    """Where a field stands: page from 0, in points from the page's upper left corner."""

    name: str
    label: str
    """What a reader's screen says: `Chữ ký số của bên giao`."""
    page: int
    left: float
    top: float
    width: float
    height: float


def add_fields(pdf: bytes, places: Sequence[FieldPlace]) -> bytes:
    """The file with empty fields, behind the bytes that it has. The same input gives the same bytes."""
    from pyhanko.pdf_utils.generic import ByteStringObject
    from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
    from pyhanko.sign.fields import SigFieldSpec, append_signature_field, ensure_sig_flags

    writer = IncrementalPdfFileWriter(io.BytesIO(pdf))
    for place in places:
        box = _box(writer, place)
        spec = SigFieldSpec(place.name, on_page=place.page, box=box, readable_field_name=place.label)
        append_signature_field(writer, spec)
    ensure_sig_flags(writer, lock_sig_flags=True)
    # A file is named by what it is made of, and its day is the paper's: the library takes chance, and now.
    writer._update_meta = lambda: None  # type: ignore[method-assign]  # noqa: SLF001
    writer._document_id[1] = ByteStringObject(hashlib.sha256(pdf).digest()[:16])  # noqa: SLF001
    written = io.BytesIO()
    writer.write(written)  # type: ignore[no-untyped-call]
    return written.getvalue()


def _box(writer: "IncrementalPdfFileWriter", place: FieldPlace) -> tuple[int, int, int, int]:
    """In points from the page's lower left corner, as PDF has it."""
    page = writer.find_page_for_modification(place.page)[0].get_object()  # type: ignore[no-untyped-call]
    box = page.get_value_from_parent("/MediaBox") if "/MediaBox" not in page else page["/MediaBox"]
    height = float(box[3])
    left, bottom = round(place.left), round(height - place.top - place.height)
    return left, bottom, left + round(place.width), bottom + round(place.height)
