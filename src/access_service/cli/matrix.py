"""`matrix`: the access matrix of a unit into a file, or to standard output."""

import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import IO

import typer

from access_service.cli.errors import UsageError
from access_service.cli.opening import open_database, register_of, settings_for
from access_service.domain import words
from access_service.domain.names import UnitId
from access_service.live.revisions import parse_revision
from access_service.rendering.matrix_files import WRITERS
from access_service.storage.connecting import open_new
from access_service.storage.db import Database
from access_service.usecases.evidence.matrix import file_sha256, read_matrix, record_matrix
from access_service.usecases.evidence.matrix_values import EVERYTHING, MatrixFilters, MatrixHead, MatrixShape

IN_MEMORY = 1 << 20
"""Bytes kept in memory on the way to standard output; more go to a temporary file."""


def run_matrix(
    unit: str,
    *,
    database: str | None,
    register: str | None,
    at: str | None,
    known_at: str | None,
    format_: str | None,
    output: Path | None,
    include_ended: bool,
    by: str | None = None,
    filters: MatrixFilters = EVERYTHING,
    diff: str | None = None,
) -> None:
    """Write the matrix; the format is that of the file's name when none is given."""
    if by is not None and by not in tuple(MatrixShape):
        raise UsageError(f"no shape `{by}`; there are {', '.join(MatrixShape)}")
    shape = None if by is None else MatrixShape(by)
    form = format_
    if form is None:
        form = "csv" if output is None else output.suffix.lower().lstrip(".")
    if form not in WRITERS:
        raise UsageError(f"no format `{form}`; there are {', '.join(WRITERS)}")
    if output is None and form in ("xlsx", "pdf") and sys.stdout.isatty():
        raise UsageError("a workbook is not for a terminal; name a file with --output")
    instant = None if at is None else words.instant(at)
    revision = None if known_at is None else parse_revision(known_at)
    with open_database(settings_for(database)) as db:
        matrix = read_matrix(
            db,
            register_of(db, register),
            UnitId(unit),
            at=instant,
            known_at=revision,
            include_ended=include_ended,
            filters=filters,
            diff=None if diff is None else words.instant(diff),
            tells_paths=True,
        )
        if output is None:
            with tempfile.SpooledTemporaryFile(IN_MEMORY) as stream:
                with matrix as found:
                    count = WRITERS[form][0](found, stream, shape)
                _record(db, found.head, form, count, stream, shape)
                shutil.copyfileobj(stream, sys.stdout.buffer)
            return
        # Beside the target first: a file that is there is whole, and stands in the log.
        part = output.with_name(f".{output.name}.part")
        try:
            # Who may do what, with everybody's name: nobody else's to read.
            part.unlink(missing_ok=True)
            with os.fdopen(open_new(part), "wb") as stream, matrix as found:
                count = WRITERS[form][0](found, stream, shape)
            with part.open("rb") as written:
                _record(db, found.head, form, count, written, shape)
            part.replace(output)
        finally:
            part.unlink(missing_ok=True)
        typer.echo(f"{output}: {count} dòng / rows", err=True)


def _record(
    db: Database, head: MatrixHead, form: str, rows: int, stream: IO[bytes], by: MatrixShape | None
) -> None:
    record_matrix(db, head, "operator", form=form, rows=rows, sha256=file_sha256(stream), by=by)
