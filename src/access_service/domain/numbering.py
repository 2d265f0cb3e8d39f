"""Numbers of papers: one book a unit, year and type, in order of time, nothing left out (NĐ 30/2020 Đ15, Đ16).

A number is given when a paper goes to its first signer, because what is signed contains it. Whatever becomes of the
paper, its number stays in the book: what was declined, cancelled or lapsed stands there as not issued. An office
with another system of numbers enters its own; then the book only sees to it that no two papers have the same.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from itertools import pairwise

from access_service.domain.documents import Document
from access_service.domain.errors import InvalidError, RefusedError
from access_service.domain.facts import Ground
from access_service.domain.names import DocumentId, DocumentKind, UnitId
from access_service.domain.org import Unit
from access_service.domain.policy import ONE_BOOK
from access_service.domain.reasons import Refusal
from access_service.domain.words import line

MINUTES, DECISIONS, LETTERS = "BB", "QĐ", "CV"
BOOKS = {
    DocumentKind.HANDOVER_MINUTES: MINUTES,
    DocumentKind.SUPPLEMENTARY_MINUTES: MINUTES,
    DocumentKind.CUSTODY_MINUTES: MINUTES,
    DocumentKind.RETURN_MINUTES: MINUTES,
    DocumentKind.INSPECTION_DECISION: DECISIONS,
    DocumentKind.ASSIGNMENT_DECISION: DECISIONS,
    DocumentKind.APPROVAL_LETTER: LETTERS,
}
"""The type of each kind of paper that is numbered; commitments are people's own papers and have no number."""
WHOLE = ""
"""The book of a unit that has one for all types."""
LONGEST_ABBREVIATION = 30
_ABBREVIATION = re.compile(r"[A-ZĐÀ-Ỹ0-9]+(?:[.&-][A-ZĐÀ-Ỹ0-9]+)*")
_FIRST = re.compile(r"\s*0*([0-9]{1,6})(?![0-9])")
_GENERIC = frozenset({"trường", "và"})
"""Words of a unit's name that its abbreviation leaves out."""


class NumberSource(StrEnum):
    """Who gave a number."""

    OWN = "own"
    """This service, the next of the book."""
    EXTERNAL = "external"
    """The office, from another system of numbers."""


@dataclass(frozen=True, slots=True)
class DocumentNumber:
    """One number of one book: whose, of which year, which paper has it."""

    id: str
    unit: UnitId
    year: int
    book: str
    """`BB`, `QĐ`, `CV`, or empty where the unit has one book for all."""
    n: int
    symbol: str
    """Số, ký hiệu: `05/BB-THCSAH`."""
    source: NumberSource
    document: DocumentId
    dated: date
    valid_from: datetime
    """When it was given."""
    out_of_order: str | None = None
    """Why it bears an earlier day than the number before it."""
    void_because: str | None = None
    """Why its paper bears it no more; it is not given again."""


def abbreviation_of(unit: Unit) -> str:
    """What stands in the unit's numbers: as it was entered, or made of the letters of its name until then."""
    if unit.abbreviation:
        return unit.abbreviation
    words = [word for word in re.findall(r"\w+", unit.name) if word.lower() not in _GENERIC]
    letters = [word if word.isupper() else word[0] for word in words]
    return "".join(letters).upper()[:LONGEST_ABBREVIATION] or unit.id


def check_abbreviation(text: str) -> str:
    """An abbreviation is capital letters and digits, in parts joined by a dot, hyphen or ampersand."""
    found = line(text, LONGEST_ABBREVIATION)
    if _ABBREVIATION.fullmatch(found) is None:
        raise InvalidError("an abbreviation is capital letters and digits, as `THCSAH` or `SGDĐT-VP`")
    return found


def book_of(ground: Ground, unit: UnitId, kind: DocumentKind) -> str | None:
    """The book in which the unit numbers papers of that kind; None for kinds without a number."""
    if kind not in BOOKS:
        return None
    return WHOLE if ground.pack_for(unit).books == ONE_BOOK else BOOKS[kind]


def symbol_of(kind: DocumentKind, n: int, suffix: str) -> str:
    """`05/BB-THCSAH`; a letter has no type in its symbol."""
    type_ = BOOKS[kind]
    return f"{n:02}/{suffix}" if type_ == LETTERS else f"{n:02}/{type_}-{suffix}"


def next_number(
    ground: Ground, document: Document, *, id_: str, because: str | None, suffix: str | None = None
) -> DocumentNumber:
    """The next number of the book for a paper; `suffix` stands after the number in place of type and abbreviation.

    A paper that is dated before the number before it says why, for numbers follow time.
    """
    unit, year = document.office, document.dated.year
    book = book_of(ground, unit, document.kind)
    office = ground.org.unit(unit) or ground.facts.get(Unit, unit)
    if book is None or office is None:
        raise RuntimeError("a paper without a book, or of no unit")
    given = ground.facts.find(DocumentNumber, unit=unit, year=year, book=book)
    last = max(given, key=lambda found: found.n, default=None)
    latest = max((found.dated for found in given if found.source is NumberSource.OWN), default=None)
    if latest is not None and document.dated < latest and not because:
        raise RefusedError(
            Refusal.NUMBER_OUT_OF_ORDER,
            "a later number bears an earlier day: say why",
            unit=unit,
            last=latest.isoformat(),
        )
    n = _last_of_papers(ground, document, book) if last is None else last.n
    while True:
        n += 1
        symbol = f"{n:02}/{suffix}" if suffix else symbol_of(document.kind, n, abbreviation_of(office))
        if not _holders(ground, unit, year, symbol):
            break
    is_early = latest is not None and document.dated < latest
    return DocumentNumber(
        id=id_,
        unit=unit,
        year=year,
        book=book,
        n=n,
        symbol=symbol,
        source=NumberSource.OWN,
        document=document.id,
        dated=document.dated,
        valid_from=ground.now,
        out_of_order=because if is_early else None,
    )


def follow_cited(cited: Iterable[tuple[str, date]], year: int) -> str:
    """The number after the highest that a unit's duties cite of a year, in the symbol that most of them bear.

    A proposal for whoever names the unit's next decision; empty where no decision of the year is known.
    """
    known: dict[str, set[int]] = {}
    for text, dated in cited:
        found = _FIRST.match(text)
        if found is not None and dated.year == year:
            known.setdefault(text[found.end() :].strip(), set()).add(int(found[1]))
    if not known:
        return ""
    symbol, numbers = max(known.items(), key=lambda item: (len(item[1]), max(item[1]), item[0]))
    return f"{max(numbers) + 1:02}{symbol}"


def enter_number(ground: Ground, document: Document, symbol: str, *, id_: str) -> DocumentNumber:
    """A number from another system of the office: kept as it is entered, and never for two papers of a year."""
    unit, year = document.office, document.dated.year
    book = book_of(ground, unit, document.kind)
    if book is None:
        raise RuntimeError("a paper without a book")
    holders = _holders(ground, unit, year, symbol) - {document.id}
    if holders:
        raise RefusedError(Refusal.NUMBER_TAKEN, "another paper of that year has this number", unit=unit)
    return DocumentNumber(
        id=id_,
        unit=unit,
        year=year,
        book=book,
        n=first_number(symbol),
        symbol=symbol,
        source=NumberSource.EXTERNAL,
        document=document.id,
        dated=document.dated,
        valid_from=ground.now,
    )


@dataclass(frozen=True, slots=True)
class BookedNumber:
    """A number as it stands on a paper, whoever gave it: what a book is examined by."""

    unit: UnitId
    year: int
    book: str
    symbol: str
    document: DocumentId
    dated: date
    is_own: bool = False
    """Did this service give it?"""
    is_void: bool = False
    """Does its paper bear it no more?"""

    @property
    def n(self) -> int:
        """The number itself; 0 where the symbol begins with none."""
        return first_number(self.symbol)


@dataclass(frozen=True, slots=True)
class NumberTwice:
    """Several papers of a year that bear one number (number_duplicate)."""

    unit: UnitId
    year: int
    symbol: str
    papers: tuple[BookedNumber, ...]
    """By their days."""


@dataclass(frozen=True, slots=True)
class NumberGap:
    """Numbers of a book that stand on no paper (number_gap)."""

    unit: UnitId
    year: int
    book: str
    first: int
    last: int
    after: BookedNumber
    """The paper with the number before."""

    @property
    def span(self) -> str:
        """`06` or `06–09`."""
        return f"{self.first:02}" if self.first == self.last else f"{self.first:02}–{self.last:02}"


def first_number(symbol: str) -> int:
    """The number that a symbol begins with; 0 for none."""
    found = _FIRST.match(symbol)
    return 0 if found is None else int(found[1])


def find_twice(numbers: Iterable[BookedNumber]) -> list[NumberTwice]:
    """(NĐ 30/2020 Đ15) Numbers of a unit and year that stand on several papers; void ones stand on none."""
    holders: dict[tuple[UnitId, int, str], dict[DocumentId, BookedNumber]] = {}
    for number in numbers:
        if not number.is_void:
            holders.setdefault((number.unit, number.year, number.symbol), {})[number.document] = number
    return [
        NumberTwice(*key, tuple(sorted(held.values(), key=lambda n: (n.dated, n.document))))
        for key, held in sorted(holders.items())
        if len(held) > 1
    ]


def find_gaps(numbers: Iterable[BookedNumber], *, own_only: bool) -> list[NumberGap]:
    """(NĐ 30/2020 Đ15) Holes between the numbers of each book, from its first one on; a void number is no hole.

    With `own_only`, from the first number on that this service gave: before, the office's book lies elsewhere, and
    holds papers that nobody enters here.
    """
    books: dict[tuple[UnitId, int, str], dict[int, BookedNumber]] = {}
    for number in numbers:
        if number.n:
            held = books.setdefault((number.unit, number.year, number.book), {})
            held[number.n] = number if number.is_own else held.get(number.n, number)
    found = []
    for key, held in sorted(books.items()):
        own = [n for n, number in held.items() if number.is_own]
        if own_only and not own:
            continue
        start = min(own) if own_only else min(held)
        ns = sorted(n for n in held if n >= start)
        found += [
            NumberGap(*key, before + 1, after - 1, held[before])
            for before, after in pairwise(ns)
            if after - before > 1
        ]
    return found


def numbered_papers(papers: Iterable[Document], year: int) -> list[Document]:
    """Papers that bear a number of that year, whoever gave it: imported ones, and those before there was a book."""
    return [paper for paper in papers if paper.number and paper.dated.year == year and paper.kind in BOOKS]


def _holders(ground: Ground, unit: UnitId, year: int, symbol: str) -> set[DocumentId]:
    """Which papers have, or had, that number of that year."""
    given = ground.facts.find(DocumentNumber, unit=unit, year=year, symbol=symbol)
    papers = numbered_papers(ground.facts.find(Document, unit=unit, number=symbol), year)
    drafts = {paper.id for paper in papers if paper.is_draft}
    return {found.document for found in given} | ({paper.id for paper in papers} - drafts)


def _last_of_papers(ground: Ground, document: Document, book: str) -> int:
    """The highest number of the year on papers that came before the book: it goes on from there."""
    papers = numbered_papers(ground.facts.find(Document, unit=document.office), document.dated.year)
    same = [p for p in papers if p.id != document.id and not p.is_draft and book in (WHOLE, BOOKS[p.kind])]
    return max((first_number(p.number) for p in same), default=0)
