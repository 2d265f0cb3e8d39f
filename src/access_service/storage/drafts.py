"""Drafts of a unit's grid in the database. A row is changed only by whoever names the version that stands."""

import json
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, RowMapping, Table, and_, delete, insert, select, update

from access_service.domain.drafting import GridDraft, GridRow
from access_service.domain.drafting_kept import (
    draft_body,
    mapping_body,
    read_draft,
    read_mapping,
    read_row,
    row_body,
)
from access_service.domain.headings import SheetMapping
from access_service.domain.names import RegisterId, UnitId
from access_service.storage.codec import utc
from access_service.storage.tables import table
from access_service.storage.tables_drafts import GridDraftRow, GridRowRow, SheetMappingRow

Held = Connection
"""The open transaction in which drafts are changed, for whoever only hands it on."""
_drafts = table(GridDraftRow)
_rows = table(GridRowRow)
_mappings = table(SheetMappingRow)


def _json(body: Any) -> str:
    return json.dumps(body, ensure_ascii=False, sort_keys=True)


def _of(found: Table, register: RegisterId, unit: UnitId, year: str) -> ColumnElement[bool]:
    return and_(found.c.register_id == register, found.c.unit == unit, found.c.school_year == year)


def draft_of(connection: Connection, register: RegisterId, unit: UnitId, year: str) -> GridDraft | None:
    """A unit's draft for a school year."""
    row = connection.execute(select(_drafts).where(_of(_drafts, register, unit, year))).mappings().first()
    if row is None:
        return None
    return read_draft(unit, year, row["version"], json.loads(row["body"]), utc(row["changed_at"]))


def rows_of(connection: Connection, register: RegisterId, unit: UnitId, year: str) -> list[GridRow]:
    """The rows of a draft as they were read."""
    statement = select(_rows).where(_of(_rows, register, unit, year)).order_by(_rows.c.place, _rows.c.id)
    return [_row(row) for row in connection.execute(statement).mappings()]


def row_of(connection: Connection, register: RegisterId, unit: UnitId, year: str, id_: str) -> GridRow | None:
    """One row of a draft."""
    statement = select(_rows).where(_of(_rows, register, unit, year), _rows.c.id == id_)
    row = connection.execute(statement).mappings().first()
    return None if row is None else _row(row)


def _row(row: RowMapping) -> GridRow:
    at = None if row["changed_at"] is None else utc(row["changed_at"])
    return read_row(row["id"], row["place"], row["version"], json.loads(row["body"]), row["changed_by"], at)


def hold_drafts(connection: Connection) -> None:
    """On SQLite a statement that may write takes the lock before anything is read; PostgreSQL locks by row."""
    if connection.dialect.name == "sqlite":
        connection.execute(update(_drafts).where(_drafts.c.register_id == "").values(version=0))


def put_draft(connection: Connection, register: RegisterId, draft: GridDraft, now: datetime) -> bool:
    """Store a draft under its next version; False where another than the version it names stands."""
    values = {"version": draft.version + 1, "body": _json(draft_body(draft)), "changed_at": now}
    if draft.version == 0:
        if draft_of(connection, register, draft.unit, draft.school_year) is not None:
            return False
        key = {"register_id": register, "unit": draft.unit, "school_year": draft.school_year}
        connection.execute(insert(_drafts).values(**key, **values))
        return True
    stands = _of(_drafts, register, draft.unit, draft.school_year), _drafts.c.version == draft.version
    return connection.execute(update(_drafts).where(*stands).values(**values)).rowcount == 1


def put_row(connection: Connection, register: RegisterId, draft: GridDraft, row: GridRow) -> bool:
    """Store a row under its next version; False where another than the version it names stands."""
    values = {
        "place": row.place,
        "version": row.version + 1,
        "body": _json(row_body(row)),
        "changed_by": row.changed_by,
        "changed_at": row.changed_at,
    }
    if row.version == 0:
        key = {"register_id": register, "unit": draft.unit, "school_year": draft.school_year, "id": row.id}
        connection.execute(insert(_rows).values(**key, **values))
        return True
    stands = (
        _of(_rows, register, draft.unit, draft.school_year),
        _rows.c.id == row.id,
        _rows.c.version == row.version,
    )
    return connection.execute(update(_rows).where(*stands).values(**values)).rowcount == 1


def drop_rows(connection: Connection, register: RegisterId, draft: GridDraft, ids: Iterable[str]) -> None:
    """Forget rows of a draft."""
    here = _of(_rows, register, draft.unit, draft.school_year)
    for id_ in ids:
        connection.execute(delete(_rows).where(here, _rows.c.id == id_))


def mapping_of(connection: Connection, register: RegisterId, unit: UnitId, heading: str) -> SheetMapping | None:
    """How the unit read a sheet with that heading before."""
    statement = select(_mappings.c.body).where(_is_mapping(register, unit, heading))
    body = connection.execute(statement).scalar()
    return None if body is None else read_mapping(json.loads(body))


def keep_mapping(
    connection: Connection, register: RegisterId, unit: UnitId, heading: str, mapping: SheetMapping, now: datetime
) -> None:
    """Remember how the unit reads such a sheet."""
    connection.execute(delete(_mappings).where(_is_mapping(register, unit, heading)))
    key = {"register_id": register, "unit": unit, "heading_sha256": heading}
    connection.execute(insert(_mappings).values(**key, body=_json(mapping_body(mapping)), changed_at=now))


def _is_mapping(register: RegisterId, unit: UnitId, heading: str) -> ColumnElement[bool]:
    return and_(
        _mappings.c.register_id == register, _mappings.c.unit == unit, _mappings.c.heading_sha256 == heading
    )
