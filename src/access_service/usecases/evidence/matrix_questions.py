"""What a page of the matrix is asked, and what it answers, as values."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from access_service.domain.names import AccountKind, ClassId
from access_service.usecases.evidence.matrix_values import MatrixHead, MatrixRow

PAGE = 50
"""Lines of a page."""
MOST_UNITS_BY_STATE = 30
"""A state is read line by line, from everything above a right; of more units it is a workbook's."""
FURTHEST = 10_000
"""The last page that may be asked for."""


class MatrixOrder(StrEnum):
    """In which order lines stand."""

    UNIT = "unit"
    """As in the workbook: units from the top, each one's people by name."""
    NAME = "name"
    ROLE = "role"
    END = "end"
    """What ends first."""


class MatrixLineChange(StrEnum):
    """What a line is, against another day."""

    SAME = "same"
    NEW = "new"
    """It was not there on the other day."""
    GONE = "gone"
    """It was there on the other day, and is not now."""


@dataclass(frozen=True, slots=True)
class PageQuestion:
    """Which lines are wanted; None: whatever it is. Every filter that is given must fit."""

    category: str | None = None
    action: str | None = None
    sensitive: bool | None = None
    role: str | None = None
    class_id: ClassId | None = None
    """Lines that reach this class."""
    person: str | None = None
    """A part of the name or username, with or without its marks, or an id."""
    kind: AccountKind | None = None
    unit_kind: str | None = None
    state: str | None = None
    """Lines whose right, or account, is in that state: of at most `MOST_UNITS_BY_STATE` units."""
    include_ended: bool = False
    order: MatrixOrder = MatrixOrder.UNIT
    page: int = 1
    diff: datetime | None = None
    """Another instant, compared line by line."""


@dataclass(frozen=True, slots=True)
class PageLine:
    """One line, and what it was on the other day."""

    row: MatrixRow
    change: MatrixLineChange


@dataclass(frozen=True, slots=True)
class MatrixPage:
    """Some lines, of how many."""

    head: MatrixHead
    question: PageQuestion
    total: int
    """Lines that fit, on all pages."""
    people: int
    """People, software and admin accounts that they are about."""
    added: int
    """Lines that the other day had not."""
    gone: int
    """Lines that only the other day had."""
    pages: int
    lines: tuple[PageLine, ...]
    class_name: str = ""
    inspected_until: datetime | None = None
    """For a member of an inspection: when the decision's term ends."""
    day_before: int = 0
    """Where nobody fits: how many did the day before."""

    @property
    def first(self) -> int:
        """Number of the first line of the page; 0 where there is none."""
        return (self.question.page - 1) * PAGE + 1 if self.lines else 0

    @property
    def last(self) -> int:
        """Number of its last line."""
        return (self.question.page - 1) * PAGE + len(self.lines)
