"""Numbers of papers as their books have them, a few columns of each: a province has fifty thousand papers."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import select

from access_service.domain.documents import Document
from access_service.domain.names import DocumentId, DocumentKind, DocumentState, UnitId
from access_service.domain.numbering import BOOKS, WHOLE, BookedNumber, DocumentNumber, NumberSource
from access_service.domain.time import start_of_day
from access_service.storage.facts import CODECS, Reader

IDS_AT_ONCE = 500
"""Units in one query."""


def read_booked(reader: Reader, units: Iterable[UnitId], at: datetime) -> dict[UnitId, list[BookedNumber]]:
    """The numbers that stand in each unit's books by an instant, those on imported and earlier papers too."""
    found: dict[UnitId, list[BookedNumber]] = {}
    wanted = sorted(set(units))
    for start in range(0, len(wanted), IDS_AT_ONCE):
        some = wanted[start : start + IDS_AT_ONCE]
        booked = set[tuple[DocumentId, str]]()
        whole = set[tuple[UnitId, int]]()
        for given in reader.find(DocumentNumber, unit=some):
            booked.add((given.document, given.symbol))
            if given.book == WHOLE:
                whole.add((given.unit, given.year))
            if given.valid_from <= at:
                found.setdefault(given.unit, []).append(
                    BookedNumber(
                        unit=given.unit,
                        year=given.year,
                        book=given.book,
                        symbol=given.symbol,
                        document=given.document,
                        dated=given.dated,
                        is_own=given.source is NumberSource.OWN,
                        is_void=given.void_because is not None,
                    )
                )
        for number in _on_papers(reader, some, at, whole):
            if (number.document, number.symbol) not in booked:
                found.setdefault(number.unit, []).append(number)
    return found


def _on_papers(
    reader: Reader, units: list[UnitId], at: datetime, whole: set[tuple[UnitId, int]]
) -> Iterable[BookedNumber]:
    """The numbers that papers bear; `whole` are the units and years with one book for all kinds."""
    columns = CODECS[Document].table.c
    statement = select(columns.id, columns.unit, columns.kind, columns.number, columns.dated).where(
        reader.visible(Document, unit=units),
        columns.unit.in_(units),
        columns.kind.in_([str(kind) for kind in BOOKS]),
        columns.number != "",
        columns.state != str(DocumentState.DRAFT),
        # What passed to another office has another number there, or none.
        columns.kept_by.is_(None),
    )
    for id_, unit, kind, number, dated in reader.connection.execute(statement):
        if start_of_day(dated) <= at:
            book = WHOLE if (unit, dated.year) in whole else BOOKS[DocumentKind(kind)]
            yield BookedNumber(UnitId(unit), dated.year, book, number, DocumentId(id_), dated)
