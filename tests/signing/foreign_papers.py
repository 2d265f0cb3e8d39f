"""A paper that went out, signed by two who do not exist, and what could be done to it on the way: built here."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache

import pikepdf
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.content import RawContent
from pyhanko.pdf_utils.generic import pdf_name
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.layout import BoxConstraints

from access_service.evidence.fonts import own_family
from access_service.evidence.layout import CONTENT_NAME
from access_service.evidence.render import render_pdf
from access_service.signing.pdf_check import GivenOut
from access_service.signing.pdf_fields import GIVER_FIELD, OFFICE_FIELD, RECEIVER_FIELD, FieldPlace, add_fields
from evidence.sample_papers import sample
from signing.pki import Authority, Leaf, sign_elsewhere

NOW = datetime(2026, 12, 1, 2, tzinfo=UTC)
PLACES = (
    FieldPlace(GIVER_FIELD, "Chữ ký số của bên giao", 0, *(90, 662, 190, 60)),
    FieldPlace(RECEIVER_FIELD, "Chữ ký số của bên nhận", 0, *(320, 662, 200, 60)),
    FieldPlace(OFFICE_FIELD, "Chữ ký số của cơ quan", 0, *(90, 582, 190, 60)),
)
Change = Callable[[IncrementalPdfFileWriter], None]


@dataclass(frozen=True)
class Sent:
    """What went out, and who signs."""

    authority: Authority
    giver: Leaf
    receiver: Leaf
    plain: bytes
    """As it was set, before it had places to sign."""
    given: GivenOut

    @property
    def form(self) -> bytes:
        return self.given.pdf

    def signed_by_giver(self, pdf: bytes | None = None) -> bytes:
        return sign_elsewhere(self.form if pdf is None else pdf, GIVER_FIELD, self.giver, self.authority.root)

    def signed_by_receiver(self, pdf: bytes) -> bytes:
        return sign_elsewhere(pdf, RECEIVER_FIELD, self.receiver, self.authority.root)

    def signed_twice(self, first: bytes | None = None) -> bytes:
        return self.signed_by_receiver(self.signed_by_giver(first))


@cache
def sent() -> Sent:
    """One paper for all tests of a process."""
    paper = sample("handover_minutes", stage="form")
    authority = Authority()
    plain = render_pdf(paper, own_family())
    given = GivenOut(
        pdf=add_fields(plain, PLACES),
        content=paper.content,
        content_name=CONTENT_NAME,
        fields=frozenset(place.name for place in PLACES),
    )
    return Sent(authority, authority.issue("Người Thử Giao"), authority.issue("Người Thử Nhận"), plain, given)


# -- what could be done on the way


def changed(pdf: bytes, change: Change) -> bytes:
    """The file with one more revision."""
    writer = IncrementalPdfFileWriter(io.BytesIO(pdf))
    change(writer)
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def page_of(writer: IncrementalPdfFileWriter) -> generic.DictionaryObject:
    """The first page, to be written again."""
    reference = writer.find_page_for_modification(0)[0]
    page = reference.get_object()
    writer.mark_update(reference)
    assert isinstance(page, generic.DictionaryObject)
    return page


def annotate(writer: IncrementalPdfFileWriter) -> None:
    """A note over the words: a box that covers them."""
    page = page_of(writer)
    box = [generic.NumberObject(n) for n in (60, 400, 540, 500)]
    look = RawContent(b"q 1 1 1 rg 0 0 480 100 re f Q", box=BoxConstraints(width=480, height=100)).as_form_xobject()
    note = generic.DictionaryObject(
        {
            pdf_name("/Type"): pdf_name("/Annot"),
            pdf_name("/Subtype"): pdf_name("/Stamp"),
            pdf_name("/Rect"): generic.ArrayObject(box),
            pdf_name("/F"): generic.NumberObject(4),
            pdf_name("/AP"): generic.DictionaryObject({pdf_name("/N"): writer.add_object(look)}),
        }
    )
    notes = page.get("/Annots", generic.ArrayObject())
    page[pdf_name("/Annots")] = generic.ArrayObject([*notes, writer.add_object(note)])
    writer.update_root()


def replace_contents(writer: IncrementalPdfFileWriter) -> None:
    """Other words on the page."""
    stream = generic.StreamObject(stream_data=b"BT ET")
    page_of(writer)[pdf_name("/Contents")] = writer.add_object(stream)


def hide_page_contents(writer: IncrementalPdfFileWriter) -> None:
    """An empty page where there were words."""
    page_of(writer)[pdf_name("/Contents")] = generic.ArrayObject()


def add_text_field(writer: IncrementalPdfFileWriter) -> None:
    """A field that anybody may fill in."""
    box = generic.ArrayObject(generic.NumberObject(n) for n in (60, 400, 540, 500))
    field = generic.DictionaryObject(
        {
            pdf_name("/FT"): pdf_name("/Tx"),
            pdf_name("/T"): generic.TextStringObject("ghi-chu"),
            pdf_name("/V"): generic.TextStringObject("khác"),
            pdf_name("/Type"): pdf_name("/Annot"),
            pdf_name("/Subtype"): pdf_name("/Widget"),
            pdf_name("/Rect"): box,
        }
    )
    reference = writer.add_object(field)
    fields = writer.root["/AcroForm"]["/Fields"]
    fields.append(reference)
    writer.update_container(fields)
    page = page_of(writer)
    page[pdf_name("/Annots")] = generic.ArrayObject([*page.get("/Annots", ()), reference])


def add_layer(writer: IncrementalPdfFileWriter) -> None:
    """A layer that can be switched off."""
    layer = writer.add_object(
        generic.DictionaryObject(
            {pdf_name("/Type"): pdf_name("/OCG"), pdf_name("/Name"): generic.TextStringObject("lớp")}
        )
    )
    writer.root[pdf_name("/OCProperties")] = generic.DictionaryObject(
        {
            pdf_name("/OCGs"): generic.ArrayObject([layer]),
            pdf_name("/D"): generic.DictionaryObject({pdf_name("/OFF"): generic.ArrayObject([layer])}),
        }
    )
    writer.update_root()


def run_script(writer: IncrementalPdfFileWriter) -> None:
    """A script that runs when the file is opened."""
    writer.root[pdf_name("/OpenAction")] = generic.DictionaryObject(
        {pdf_name("/S"): pdf_name("/JavaScript"), pdf_name("/JS"): generic.TextStringObject("app.alert(1)")}
    )
    writer.update_root()


def change_font(writer: IncrementalPdfFileWriter) -> None:
    """The same bytes, read as other letters."""
    fonts = page_of(writer)["/Resources"]["/Font"]
    name = next(iter(fonts))
    reference = fonts.raw_get(name)
    font = reference.get_object()
    font[pdf_name("/ToUnicode")] = writer.add_object(generic.StreamObject(stream_data=b"khong"))
    writer.mark_update(reference)


def widen_field(writer: IncrementalPdfFileWriter) -> None:
    """A signature's place that grew over the whole page."""
    for reference in writer.root["/AcroForm"]["/Fields"]:
        field = reference.get_object()
        if str(field["/T"]) == GIVER_FIELD:
            field[pdf_name("/Rect")] = generic.ArrayObject(generic.NumberObject(n) for n in (0, 0, 595, 842))
            writer.mark_update(reference)


def swap_attachment(writer: IncrementalPdfFileWriter) -> None:
    """Another content behind the same page."""
    node = writer.root["/Names"]["/EmbeddedFiles"]
    while "/Kids" in node:
        node = node["/Kids"][0]
    pairs = node["/Names"]
    for number in range(0, len(pairs), 2):
        if str(pairs[number]) == CONTENT_NAME:
            inside = pairs[number + 1]["/EF"]
            inside[pdf_name("/F")] = writer.add_object(generic.StreamObject(stream_data=b'{"kind":"khac"}'))
            writer.update_container(inside)


def add_page(writer: IncrementalPdfFileWriter) -> None:
    """One page more than was given."""
    pages = writer.root["/Pages"]
    leaf = generic.DictionaryObject(
        {
            pdf_name("/Type"): pdf_name("/Page"),
            pdf_name("/Parent"): writer.root.raw_get("/Pages"),
            pdf_name("/MediaBox"): generic.ArrayObject(generic.NumberObject(n) for n in (0, 0, 595, 842)),
        }
    )
    pages["/Kids"].append(writer.add_object(leaf))
    pages[pdf_name("/Count")] = generic.NumberObject(int(pages["/Count"]) + 1)
    writer.update_container(pages["/Kids"])
    writer.update_container(pages)


CHANGES: dict[str, Change] = {
    "a note over the words": annotate,
    "other words on the page": replace_contents,
    "an empty page": hide_page_contents,
    "a field to fill in": add_text_field,
    "a layer": add_layer,
    "a script": run_script,
    "another font": change_font,
    "a wider field": widen_field,
    "a page more": add_page,
}


def saved_again(pdf: bytes) -> bytes:
    """By a tool that writes files anew."""
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(pdf)) as opened:
        opened.save(out)
    return out.getvalue()


def hole_of(pdf: bytes, number: int = -1) -> tuple[int, int]:
    """Where the hexadecimal digits of a signature lie: the first digit, and behind the last one."""
    at = -1
    found = []
    while (at := pdf.find(b"/ByteRange", at + 1)) >= 0:
        numbers = pdf[at : pdf.index(b"]", at)].split(b"[")[1].split()
        found.append((int(numbers[1]) + 1, int(numbers[2]) - 1))
    return found[number]
