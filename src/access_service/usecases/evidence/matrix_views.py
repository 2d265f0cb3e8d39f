"""The matrix by class and by category of data on a screen, of as many units as somebody waits for."""

from dataclasses import dataclass
from datetime import datetime

from access_service.domain.audit import Doer
from access_service.domain.names import UnitId
from access_service.usecases.evidence.matrix import open_matrix
from access_service.usecases.evidence.matrix_shapes import list_by_category
from access_service.usecases.evidence.matrix_values import (
    EVERYTHING,
    CategoryLine,
    MatrixClass,
    MatrixFilters,
    MatrixHead,
    MatrixShape,
)
from access_service.usecases.looks import Look, hash_parameters
from access_service.usecases.services import Caller, Services

MOST_UNITS = 30
"""Units that are read while somebody waits; more is a workbook."""


@dataclass(frozen=True, slots=True)
class MatrixView:
    """Classes, or categories with their lines; of too many units neither."""

    head: MatrixHead
    is_too_large: bool
    classes: tuple[MatrixClass, ...] = ()
    lines: tuple[CategoryLine, ...] = ()


def show_matrix_view(
    services: Services,
    caller: Caller,
    unit: UnitId,
    by: MatrixShape,
    *,
    at: datetime | None = None,
    filters: MatrixFilters = EVERYTHING,
) -> MatrixView:
    """For whoever may have the matrix; the log counts that it was looked at."""
    classes: list[MatrixClass] = []
    lines: tuple[CategoryLine, ...] = ()
    with open_matrix(services, caller, unit, at=at, filters=filters) as matrix:
        head = matrix.head
        if head.units > MOST_UNITS:
            return MatrixView(head, is_too_large=True)
        if by is MatrixShape.CLASS:
            for batch in matrix.batches:
                classes += batch.classes()
        else:
            lines = tuple(list_by_category(head, [*matrix.rows, *matrix.above]))
    asked = hash_parameters(by=by, at=head.at, filters=filters, known_at=head.revision)
    doer = Doer(caller.account, caller.person, caller.unit)
    services.looks.count(Look(caller.register, doer, "matrix.read", unit, services.db.now(), unit, asked))
    if filters.category is not None:
        lines = tuple(line for line in lines if line.right.category == filters.category)
    return MatrixView(head, False, tuple(classes), lines)
