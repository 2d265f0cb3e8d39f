"""Which rows of a matrix somebody wants to see."""

from access_service.domain.names import UnitId
from access_service.domain.vietnamese import without_marks
from access_service.storage.standing import Gatherer
from access_service.usecases.evidence.matrix_values import MatrixFilters, MatrixHead, MatrixRow


class RowFilter:
    """Does a row fit every filter that the question gave?"""

    def __init__(self, head: MatrixHead, gather: Gatherer) -> None:
        """The head says which categories are sensitive; the gatherer knows the kinds of units."""
        self._filters = head.filters
        self._sensitive = head.sensitive
        self._org = gather.org
        self._is_open = head.filters == MatrixFilters()

    def __call__(self, row: MatrixRow) -> bool:
        """Whether the row is wanted."""
        wanted = self._filters
        return self._is_open or (
            wanted.role in (None, row.role)
            and wanted.kind in (None, row.account_kind)
            and (wanted.state is None or wanted.state in (row.state, row.account_state))
            and (wanted.category is None or any(right.category == wanted.category for right in row.rights))
            and wanted.sensitive in (None, any(right.category in self._sensitive for right in row.rights))
            and (wanted.unit_kind is None or self._kind_of(row.unit) == wanted.unit_kind)
            and (wanted.person is None or _is_called(row, wanted.person))
        )

    def _kind_of(self, unit: UnitId) -> str:
        found = self._org.unit(unit)
        return found.kind if found else ""


def _is_called(row: MatrixRow, asked: str) -> bool:
    """By id, by username, or by a part of the name, whether or not its marks are written."""
    if asked in (row.person, row.username, row.account):
        return True
    return without_marks(asked) in without_marks(row.person_name)
