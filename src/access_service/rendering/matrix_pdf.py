"""A matrix on paper: landscape, ten columns, as many rows as somebody turns over."""

from itertools import chain
from typing import IO, Any

from access_service.domain.errors import InvalidError
from access_service.domain.time import local
from access_service.evidence.covers import ACCESS_MATRIX, MOST_ROWS, IssuedBy, PaperSheet, render_sheet
from access_service.evidence.fonts import find_family
from access_service.rendering.matrix_columns import (
    CUSTODY_ROLE,
    PARTS,
    TITLES,
    minutes_of,
    position_of,
    rights_parts,
    row_state,
    scope_of,
    signer_of,
    table_by,
    title_lines,
    write_out,
)
from access_service.rendering.sheets import day_text
from access_service.usecases.evidence.matrix_shapes import list_by_category
from access_service.usecases.evidence.matrix_values import Matrix, MatrixHead, MatrixPart, MatrixRow, MatrixShape


def write_pdf(matrix: Matrix, stream: IO[bytes], by: MatrixShape | None = None) -> int:
    """The matrix as PDF/A-3; `InvalidError` for one that nobody turns over. Returns how many rows."""
    shape, head = by or MatrixShape.PERSON, matrix.head
    is_person = shape is MatrixShape.PERSON
    columns, rows = _person_rows(matrix) if is_person else _table_rows(matrix, shape)
    title, *told = title_lines(head, TITLES[shape])
    sheet = PaperSheet(
        issued_by=IssuedBy("", head.unit_name.upper(), "", local(head.at).date(), number_label=""),
        type_line=title,
        subject=(),
        columns=columns,
        rows=rows,
        made_at=head.at,
        before=tuple(told),
    )
    stream.write(render_sheet(sheet, find_family()))
    return len(rows)


Columns = tuple[tuple[str, int], ...]
"""Heading and share of the line."""


def _person_rows(matrix: Matrix) -> tuple[Columns, list[list[str]]]:
    rows = [_row(matrix.head, row) for row in _few(chain(matrix.rows, matrix.above))]
    return ACCESS_MATRIX, [[str(number), *row] for number, row in enumerate(rows, 1)]


def _few(found: Any) -> Any:
    """The rows, as long as they are few."""
    for number, row in enumerate(found):
        if number >= MOST_ROWS:
            raise InvalidError(
                f"a matrix on paper has at most {MOST_ROWS} rows: ask for a smaller unit, or for xlsx or csv"
            )
        yield row


def _row(head: MatrixHead, row: MatrixRow) -> list[str]:
    where = row.unit_name if row.unit != head.unit else ""
    above = PARTS[row.part] if row.part is MatrixPart.ABOVE else ""
    since, until = (day_text(None if t is None else local(t).date()) for t in (row.starts_at, row.ends_at))
    return [
        row.person_name,
        "; ".join(filter(None, (position_of(row), where, above))),
        row.username,
        CUSTODY_ROLE if row.grant is None else row.role_vi,
        scope_of(row),
        "".join(text for text, _ in rights_parts(row.rights, head.sensitive)),
        f"{since}\nđến\n{until}" if until else since,
        row_state(row),
        "; ".join(filter(None, (minutes_of(row), signer_of(row)))),
    ]


def _table_rows(matrix: Matrix, shape: MatrixShape) -> tuple[Columns, list[list[str]]]:
    """A table of any other shape as it stands on its sheet."""
    table = table_by(shape, matrix.head)
    if shape is MatrixShape.CLASS:
        found: Any = (row for batch in matrix.batches for row in batch.classes())
    elif shape is MatrixShape.ANOMALY:
        found = (line for batch in matrix.batches for line in batch.anomalies)
    elif shape is MatrixShape.CHANGE:
        found = matrix.differences.lines if matrix.differences is not None else ()
    else:
        found = list_by_category(matrix.head, chain(matrix.rows, matrix.above))
    columns = tuple((column.heading, max(6, column.width)) for column in table.columns)
    return columns, [[write_out(column.text(row)) for column in table.columns] for row in _few(found)]
