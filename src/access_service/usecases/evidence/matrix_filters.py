"""Which rows of a matrix somebody wants to see."""

from collections.abc import Collection

from access_service.domain.names import UnitId
from access_service.domain.org import SchoolClass, chain_of
from access_service.domain.vietnamese import without_marks
from access_service.storage.standing import Gatherer
from access_service.usecases.evidence.matrix_classes import reaches_class
from access_service.usecases.evidence.matrix_values import MatrixFilters, MatrixHead, MatrixRow

RowKey = tuple[str, str]
"""A row by its grant, empty for an admin account, and its account."""


class RowFilter:
    """Does a row fit every filter that the question gave?"""

    def __init__(self, head: MatrixHead, gather: Gatherer, only: Collection[RowKey] | None = None) -> None:
        """The head says which categories are sensitive; the gatherer knows units and classes.

        `only`: the rows that another list has, and no others; the filters then say by what they were found.
        """
        self._filters = head.filters
        self._sensitive = head.sensitive
        self._org = gather.org
        self._only = only
        self.is_open = head.filters == MatrixFilters() and only is None
        """Is every row wanted?"""
        wanted = head.filters.class_id
        self._class = None if wanted is None else gather.reader.require(SchoolClass, wanted)
        self._chain = frozenset(() if self._class is None else chain_of(gather.org, self._class.school, head.at))

    def __call__(self, row: MatrixRow) -> bool:
        """Whether the row is wanted."""
        wanted = self._filters
        if self.is_open:
            return True
        if self._only is not None:
            return (row.grant or "", row.account) in self._only
        return (
            wanted.role in (None, row.role)
            and wanted.kind in (None, row.account_kind)
            and (wanted.state is None or is_in_state(row, wanted.state))
            and self._permits(row)
            and (self._class is None or self._reaches(row, self._class))
            and wanted.sensitive in (None, any(right.category in self._sensitive for right in row.rights))
            and (wanted.unit_kind is None or self._kind_of(row.unit) == wanted.unit_kind)
            and (wanted.person is None or _is_called(row, wanted.person))
        )

    def _permits(self, row: MatrixRow) -> bool:
        category, action = self._filters.category, self._filters.action
        if category is None and action is None:
            return True
        return any(
            category in (None, right.category) and (action is None or action in right.actions)
            for right in row.rights
        )

    def _reaches(self, row: MatrixRow, found: SchoolClass) -> bool:
        return row.scope is not None and row.scope.unit in self._chain and reaches_class(row.scope, found)

    def _kind_of(self, unit: UnitId) -> str:
        found = self._org.unit(unit)
        return found.kind if found else ""


def is_in_state(row: MatrixRow, state: str) -> bool:
    """Is the right, or its account, in that state?"""
    return state in (row.state, row.account_state)


def _is_called(row: MatrixRow, asked: str) -> bool:
    """By id, by username, or by a part of the name, whether or not its marks are written."""
    if asked in (row.person, row.username, row.account):
        return True
    return without_marks(asked) in without_marks(row.person_name)
