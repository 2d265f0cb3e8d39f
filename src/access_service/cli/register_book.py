"""`register-book`: sổ đăng ký văn bản đi of a unit and year, as text or CSV with the ten columns of Decree 30."""

import csv
import sys
from collections.abc import Iterable

import typer

from access_service.cli.errors import UsageError
from access_service.cli.opening import open_database, register_of, say_json, settings_for
from access_service.domain.names import UnitId
from access_service.rendering.matrix_columns import guard_cell
from access_service.usecases.evidence.register_book import COLUMNS, RegisterBook, open_book

TEXT, CSV = "text", "csv"
FORMATS = (TEXT, CSV)
YEARS = range(1900, 2201)


def run_register_book(
    unit: str, year: int, *, format_: str, database: str | None, register: str | None, as_json: bool
) -> None:
    """Print the book."""
    if format_ not in FORMATS:
        raise UsageError(f"no format `{format_}`; there are {', '.join(FORMATS)}")
    if year not in YEARS:
        raise UsageError(f"no year `{year}`")
    with (
        open_database(settings_for(database)) as db,
        open_book(db, register_of(db, register), UnitId(unit), year) as book,
    ):
        if as_json:
            rows = [dict(zip(COLUMNS, row.cells(), strict=True)) for row in book.rows]
            say_json({"unit": book.unit, "unit_name": book.unit_name, "year": book.year, "rows": rows})
        elif format_ == CSV:
            writer = csv.writer(sys.stdout, lineterminator="\n")
            writer.writerow(COLUMNS)
            writer.writerows([[guard_cell(cell) for cell in row.cells()] for row in book.rows])
        else:
            for line in _told(book):
                typer.echo(line)


def _told(book: RegisterBook) -> Iterable[str]:
    """One paper after the other: ten columns are wider than a terminal."""
    yield f"SỔ ĐĂNG KÝ VĂN BẢN ĐI năm {book.year}, {book.unit_name}"
    for row in book.rows:
        yield ""
        for name, cell in zip(COLUMNS, row.cells(), strict=True):
            if cell:
                yield f"{name}: {cell}"
    if not book.rows:
        yield "Không có văn bản nào lấy số trong năm."
