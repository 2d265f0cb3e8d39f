"""A paper that goes to its first signer gets its number, or its office's own is entered in the book."""

from dataclasses import dataclass, replace

from access_service.domain.documents import Document
from access_service.domain.names import DocumentState
from access_service.domain.numbering import BOOKS, DocumentNumber, enter_number, next_number
from access_service.usecases.services import Act

REPLACED = "thay bằng số khác"
"""Why a number is void whose paper got another one."""
PASSED = "văn bản chuyển sang đơn vị kế thừa"
"""Why a number is void whose paper passed to another office."""


@dataclass(frozen=True, slots=True)
class Numbering:
    """What is said of a paper's number when it is prepared, revised or put before its first signer."""

    out_of_order: str | None = None
    """Why it bears an earlier day than the number before it."""
    suffix: str | None = None
    """What stands after the number, in place of the type and the unit's abbreviation."""


PLAIN = Numbering()


def number_paper(doing: Act, document: Document, said: Numbering = PLAIN) -> Document:
    """The paper with a number that stands in the book; kinds without one, and drafts, as they are.

    Called under the register's lock, so that the next number is the next one. A paper that has a number already
    keeps it; one that is given another leaves the old one in the book as void.
    """
    if document.kind not in BOOKS or document.state is DocumentState.DRAFT:
        return document
    held = [
        found
        for found in doing.tx.find(DocumentNumber, document=document.id)
        if found.void_because is None and found.unit == document.office
    ]
    kept = next((found for found in held if document.number in ("", found.symbol)), None)
    if kept is not None and kept.year == document.dated.year:
        if kept.dated != document.dated:
            doing.tx.put(replace(kept, dated=document.dated))
        return replace(document, number=kept.symbol)
    doing.tx.put(*(replace(found, void_because=REPLACED) for found in held))
    id_ = doing.new_id("num")
    if document.number and kept is None:
        given = enter_number(doing.ground, document, document.number, id_=id_)
    else:
        blank = replace(document, number="")
        given = next_number(doing.ground, blank, id_=id_, because=said.out_of_order, suffix=said.suffix)
    doing.tx.put(given)
    doing.tx.happened(
        "number.give",
        given.id,
        unit=given.unit,
        document=document.id,
        symbol=given.symbol,
        source=str(given.source),
    )
    return replace(document, number=given.symbol)


def void_numbers(doing: Act, document: Document, because: str) -> None:
    """What a paper was numbered as, it is no more: the number stays in the book and is not given again."""
    held = doing.tx.find(DocumentNumber, document=document.id)
    doing.tx.put(*(replace(found, void_because=because) for found in held if found.void_because is None))
