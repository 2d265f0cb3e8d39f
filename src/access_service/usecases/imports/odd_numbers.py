"""What an import tells about the numbers of its papers: twice given, or missing between others.

Paper is as it is: an office that gave one number twice in 2019 cannot be made not to have. It is taken and told, in
the report, in the event and as anomalies (`number_duplicate`), so that nobody finds it first.
"""

from dataclasses import dataclass

from access_service.domain.names import DocumentId
from access_service.domain.numbering import (
    BOOKS,
    WHOLE,
    BookedNumber,
    NumberGap,
    NumberTwice,
    find_gaps,
    find_twice,
)
from access_service.domain.policy import ONE_BOOK
from access_service.usecases.imports.code_index import CodeIndex, ImportedPaper

MOST_TOLD = 1_000
"""Most lines of a report; all are counted."""


@dataclass(frozen=True, slots=True)
class NumberReport:
    """What is odd about the numbers, by unit, year and number."""

    twice: tuple[NumberTwice, ...] = ()
    """Numbers on several papers, of the files or of the register (`number_duplicate`)."""
    gaps: tuple[NumberGap, ...] = ()
    """Numbers of a book that stand on no paper (`number_gap`)."""

    def __bool__(self) -> bool:
        """Is there anything to tell?"""
        return bool(self.twice or self.gaps)

    def counts(self) -> dict[str, int]:
        """By code."""
        return {"number_duplicate": len(self.twice), "number_gap": len(self.gaps)}

    def lines(self) -> list[str]:
        """In words, at most `MOST_TOLD` of them."""
        said = [
            f"{t.unit}: số {t.symbol} năm {t.year} đứng trên {len(t.papers)} văn bản: "
            f"{', '.join(paper.document for paper in t.papers)}"
            for t in self.twice
        ]
        said += [f"{g.unit}: sổ {g.book or 'văn bản đi'} năm {g.year} thiếu số {g.span}" for g in self.gaps]
        left = len(said) - MOST_TOLD
        return said if left <= 0 else [*said[:MOST_TOLD], f"… và {left} dòng nữa"]


def report_numbers(index: CodeIndex) -> NumberReport:
    """What the new papers make odd: numbers that one of them bears, holes in books that one of them stands in."""
    papers: list[ImportedPaper] = index.new.get(ImportedPaper, [])
    new = [
        BookedNumber(
            unit=paper.unit,
            year=paper.dated.year,
            book=WHOLE if index.pack_for(paper.unit).books == ONE_BOOK else BOOKS[paper.kind],
            symbol=paper.number,
            document=DocumentId(paper.id),
            dated=paper.dated,
        )
        for paper in papers
        if paper.number and paper.kind in BOOKS
    ]
    touched = {(number.unit, number.year) for number in new}
    before = [n for held in index.booked.values() for n in held if (n.unit, n.year) in touched]
    numbers = [*before, *new]
    symbols = {(n.unit, n.year, n.symbol) for n in new}
    books = {(n.unit, n.year, n.book) for n in new}
    twice = [t for t in find_twice(numbers) if (t.unit, t.year, t.symbol) in symbols]
    gaps = [g for g in find_gaps(numbers, own_only=False) if (g.unit, g.year, g.book) in books]
    return NumberReport(tuple(twice), tuple(gaps))
