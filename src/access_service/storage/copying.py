"""Every row out of one snapshot, and every row into an empty database: a text of our own that both databases read.

The text is lines of JSON in gzip: of each table a line that names it and its columns, a line a row, and a line with
the number and SHA-256 of the rows. Instants stand in UTC, bytes in base64. So a backup of SQLite is restored into
PostgreSQL and the other way round, and one of an older schema into that schema, before it is migrated.
"""

import base64
import gzip
import hashlib
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime
from typing import Any, BinaryIO

import msgspec
from sqlalchemy import Connection, MetaData, Table, insert, select

from access_service.domain.backups import AGAIN, BackupError, CopiedRegister, CopiedTable, check_table
from access_service.storage.codec import utc
from access_service.storage.schema import metadata
from access_service.storage.tables import CounterRow, RegisterRow, table

CHUNK = 1000
"""Rows at once."""
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder().decode


def registers_in(connection: Connection) -> tuple[CopiedRegister, ...]:
    """Where every register stands in this snapshot."""
    registers, counters = table(RegisterRow), table(CounterRow)
    rows = connection.execute(
        select(counters, registers.c.demo)
        .join(registers, registers.c.id == counters.c.register_id)
        .order_by(registers.c.id)
    ).mappings()
    return tuple(
        CopiedRegister(
            row["register_id"], row["n"], row["seq"], row["head"], utc(row["recorded_at"]), bool(row["demo"])
        )
        for row in rows
    )


def rows_out(connection: Connection, to: BinaryIO) -> tuple[CopiedTable, ...]:
    """Write every table of the snapshot."""
    copied = []
    with gzip.GzipFile(fileobj=to, mode="wb", compresslevel=1, mtime=0) as packed:
        for name, source in sorted(metadata.tables.items()):
            columns = [str(column.name) for column in source.columns]
            packed.write(_encode({"table": str(name), "columns": columns}) + b"\n")
            count, sha256 = 0, hashlib.sha256()
            for lines, number in _lines(connection, source):
                packed.write(lines)
                sha256.update(lines)
                count += number
            copied.append(CopiedTable(str(name), count, sha256.hexdigest()))
            packed.write(_encode({"rows": count, "sha256": sha256.hexdigest()}) + b"\n")
    return tuple(copied)


def _lines(connection: Connection, source: Table) -> Iterator[tuple[bytes, int]]:
    instants = [i for i, column in enumerate(source.columns) if column.type.python_type is datetime]
    found = connection.execution_options(yield_per=CHUNK).execute(select(source))
    for chunk in found.partitions():
        lines = []
        for row in chunk:
            values = list(row)
            for place in instants:
                value = values[place]
                if value is not None:
                    # Both databases mean UTC; one hands it out without saying so, the other in the session's zone.
                    values[place] = value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
            lines.append(_encode(values))
        yield b"\n".join(lines) + b"\n", len(lines)


Take = Callable[[Connection, Table, Sequence[str], list[list[Any]]], None]


def rows_in(connection: Connection, source: BinaryIO, said: Sequence[CopiedTable]) -> None:
    """Insert every row into tables that stand empty. `BackupError` where the rows are not those of the manifest."""
    found = MetaData()
    expected = {each.name: each for each in said}
    found.reflect(connection, only=lambda name, _: name in expected)
    take: Take = _copy_in if connection.dialect.name == "postgresql" else _insert
    for name, columns, chunks in _tables(source):
        target = found.tables.get(name)
        if target is None or name not in expected:
            raise BackupError(f"the backup has a table `{name}` that its schema lacks; {AGAIN}")
        if set(columns) != set(target.columns.keys()):
            raise BackupError(f"table `{name}` has other columns than its schema; {AGAIN}")
        convert = [(i, made) for i, c in enumerate(columns) if (made := _converter(target.columns[c]))]
        count, sha256 = 0, hashlib.sha256()
        for lines in chunks:
            sha256.update(b"".join(lines))
            rows = [_decode(line) for line in lines]
            for row in rows:
                for place, made in convert:
                    if row[place] is not None:
                        row[place] = made(row[place])
            take(connection, target, columns, rows)
            count += len(rows)
        check_table(expected.pop(name), count, sha256.hexdigest())
    if expected:
        raise BackupError(f"table `{min(expected)}` is missing in the backup; {AGAIN}")


def count_rows(source: BinaryIO, said: Sequence[CopiedTable]) -> None:
    """Read everything and store nothing: is it what the manifest says?"""
    expected = {each.name: each for each in said}
    for name, _, chunks in _tables(source):
        count, sha256 = 0, hashlib.sha256()
        for lines in chunks:
            sha256.update(b"".join(lines))
            count += len(lines)
        if name not in expected:
            raise BackupError(f"the backup has a table `{name}` that its manifest lacks; {AGAIN}")
        check_table(expected.pop(name), count, sha256.hexdigest())
    if expected:
        raise BackupError(f"table `{min(expected)}` is missing in the backup; {AGAIN}")


def _tables(source: BinaryIO) -> Iterator[tuple[str, list[str], Iterator[list[bytes]]]]:
    """(name, columns, chunks of lines) of each table; the chunks are read before the next table."""
    try:
        with gzip.GzipFile(fileobj=source, mode="rb") as packed:
            for line in packed:
                begun = _decode(line)
                yield begun["table"], begun["columns"], _chunks(packed)
    except (EOFError, gzip.BadGzipFile, msgspec.DecodeError, KeyError, TypeError) as error:
        raise BackupError(f"the rows of the backup cannot be read; {AGAIN}") from error


def _chunks(packed: gzip.GzipFile) -> Iterator[list[bytes]]:
    lines: list[bytes] = []
    for line in packed:
        if line.startswith(b"{"):
            break
        lines.append(line)
        if len(lines) == CHUNK:
            yield lines
            lines = []
    if lines:
        yield lines


def _converter(column: Any) -> Callable[[Any], Any] | None:
    kind = column.type.python_type
    if kind is datetime:
        return datetime.fromisoformat
    if kind is date:
        return date.fromisoformat
    return base64.b64decode if kind is bytes else None


def _insert(connection: Connection, target: Table, columns: Sequence[str], rows: list[list[Any]]) -> None:
    connection.execute(insert(target), [dict(zip(columns, row, strict=True)) for row in rows])


def _copy_in(connection: Connection, target: Table, columns: Sequence[str], rows: list[list[Any]]) -> None:
    """By COPY, in the same transaction: five times as fast as statements."""
    from psycopg import sql  # noqa: PLC0415 only PostgreSQL pays for the driver

    raw: Any = connection.connection.driver_connection
    into = sql.SQL("COPY {} ({}) FROM STDIN").format(
        sql.Identifier(target.name), sql.SQL(", ").join(map(sql.Identifier, columns))
    )
    with raw.cursor() as cursor, cursor.copy(into) as copy:
        for row in rows:
            copy.write_row(row)
