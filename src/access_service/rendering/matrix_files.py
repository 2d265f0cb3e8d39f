"""A matrix as CSV or JSON, row by row, so that a province fits in little memory.

Text stays text: a cell that a spreadsheet would take for a formula stands behind an apostrophe. CSV is UTF-8 with a
byte order mark, lines end in CRLF (RFC 4180).
"""

import csv
import io
import json
from collections.abc import Callable, Iterator
from itertools import chain
from typing import IO, Any

from access_service.live.revisions import revision_text
from access_service.rendering.matrix_book import write_xlsx
from access_service.rendering.matrix_columns import guard_cell, row_state, scope_of, table_by, write_out
from access_service.rendering.matrix_pdf import write_pdf
from access_service.usecases.evidence.json_values import json_value
from access_service.usecases.evidence.matrix_shapes import list_by_category
from access_service.usecases.evidence.matrix_values import (
    AnomalyLine,
    CategoryLine,
    ChangeLine,
    Matrix,
    MatrixClass,
    MatrixHead,
    MatrixRow,
    MatrixShape,
)


def default_shape(matrix: Matrix) -> MatrixShape:
    """By person, or what changed where two instants are compared."""
    return MatrixShape.PERSON if matrix.differences is None else MatrixShape.CHANGE


def list_rows(matrix: Matrix, shape: MatrixShape) -> Iterator[Any]:
    """What stands in the table by that shape; by person the rows from above come last."""
    if shape is MatrixShape.CLASS:
        return (found for batch in matrix.batches for found in batch.classes())
    if shape is MatrixShape.CHANGE:
        return iter(matrix.differences.lines if matrix.differences else ())
    if shape is MatrixShape.ANOMALY:
        return (found for batch in matrix.batches for found in batch.anomalies)
    rows = chain(matrix.rows, matrix.above)
    return list_by_category(matrix.head, rows) if shape is MatrixShape.CATEGORY else rows


def write_csv(matrix: Matrix, stream: IO[bytes], by: MatrixShape | None = None) -> int:
    """The rows as CSV, without title lines, so that programs read it too. Returns how many."""
    shape = by or default_shape(matrix)
    table = table_by(shape, matrix.head)
    columns = (*table.columns, *table.ids)
    text = io.TextIOWrapper(stream, encoding="utf-8-sig", newline="", write_through=True)
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow([guard_cell(column.heading) for column in columns])
    count = 0
    for row in list_rows(matrix, shape):
        writer.writerow([guard_cell(write_out(column.text(row))) for column in columns])
        count += 1
    text.detach()
    return count


def write_json(matrix: Matrix, stream: IO[bytes], by: MatrixShape | None = None) -> int:
    """Head and rows as one JSON object, codes and words; instants ISO 8601 with offset. Returns how many rows."""
    shape = by or default_shape(matrix)
    opening = json.dumps({**head_json(matrix.head), "by": shape}, ensure_ascii=False, separators=(",", ":"))[:-1]
    stream.write(f"{opening},".encode())
    if matrix.differences is not None:
        found = matrix.differences
        sums = {"from": found.start, "to": found.end, "kinds": found.kinds, "units": found.units}
        stream.write(f'"sums":{json.dumps(json_value(sums), ensure_ascii=False, separators=(",", ":"))},'.encode())
    if shape is not MatrixShape.PERSON:
        count = _write_list(stream, "rows", list_rows(matrix, shape))
    else:
        count = _write_list(stream, "rows", matrix.rows)
        stream.write(b",\n")
        count += _write_list(stream, "above", iter(matrix.above))
    stream.write(b"}\n")
    return count


def _write_list(stream: IO[bytes], name: str, rows: Iterator[Any]) -> int:
    stream.write(f'"{name}":['.encode())
    count = 0
    for row in rows:
        line = json.dumps(row_json(row), ensure_ascii=False, separators=(",", ":"))
        stream.write((",\n" if count else "\n").encode() + line.encode())
        count += 1
    stream.write(b"\n]")
    return count


def head_json(head: MatrixHead) -> dict[str, Any]:
    """What the rows are about, as JSON; the revision is the opaque string of the wire."""
    return {**json_value(head), "revision": revision_text(head.revision)}


def row_json(row: MatrixRow | MatrixClass | CategoryLine | AnomalyLine | ChangeLine) -> dict[str, Any]:
    """One row as JSON: every code, with the Vietnamese of state and scope beside it."""
    if isinstance(row, AnomalyLine):
        found = dict(json_value(row))
        return {**found.pop("anomaly"), **found}
    if isinstance(row, MatrixClass | ChangeLine):
        return dict(json_value(row))
    if isinstance(row, CategoryLine):
        return {**json_value(row.right), "sensitive": row.sensitive, **_without_rights(row.row)}
    return {**json_value(row), "state_vi": row_state(row), "scope_vi": scope_of(row)}


def _without_rights(row: MatrixRow) -> dict[str, Any]:
    found = row_json(row)
    del found["rights"]
    return found


WRITERS: dict[str, tuple[Callable[[Matrix, IO[bytes], MatrixShape | None], int], str]] = {
    "json": (write_json, "application/json"),
    "csv": (write_csv, "text/csv; charset=utf-8"),
    "pdf": (write_pdf, "application/pdf"),
    "xlsx": (write_xlsx, "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
}
"""By format: the writer and the media type."""
