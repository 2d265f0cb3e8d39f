"""Exports of old systems that units have read, and what people said of their rows. None of it is a fact."""

import json
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, and_, delete, insert, select, update

from access_service.domain.names import AccountId, PersonId, RegisterId, UnitId
from access_service.domain.old_rows import OldChoice, OldDecision, OldExport, OldRow
from access_service.storage.codec import utc
from access_service.storage.tables import table
from access_service.storage.tables_taking import OldDecisionRow, OldExportRow

_exports = table(OldExportRow)
_decisions = table(OldDecisionRow)
_FIELDS = ("line", "account", "name", "born", "national", "unit", "homeroom", "teaching", "rights", "is_closed")


def _of(found: Table, register: RegisterId, unit: UnitId) -> ColumnElement[bool]:
    return and_(found.c.register_id == register, found.c.unit == unit)


def export_of(connection: Connection, register: RegisterId, unit: UnitId) -> OldExport | None:
    """What the unit has read of an old system."""
    row = connection.execute(select(_exports).where(_of(_exports, register, unit))).mappings().first()
    if row is None:
        return None
    body = json.loads(row["body"])
    return OldExport(
        unit=unit,
        system=body["system"],
        name=body["name"],
        sha256=body["sha256"],
        rows=tuple(map(_row, body["rows"])),
        skipped=tuple(body["skipped"]),
        elsewhere=body["elsewhere"],
        version=row["version"],
        read_by=AccountId(row["changed_by"]),
        read_at=utc(row["changed_at"]),
    )


def _row(said: list[Any]) -> OldRow:
    *values, others = said
    named = dict(zip(_FIELDS, values, strict=True))
    return OldRow(**named, other_names=tuple(others))


def put_export(
    connection: Connection, register: RegisterId, export: OldExport, by: AccountId, now: datetime
) -> OldExport:
    """Keep it in place of the one before."""
    body: dict[str, Any] = {
        "system": export.system,
        "name": export.name,
        "sha256": export.sha256,
        "skipped": list(export.skipped),
        "elsewhere": export.elsewhere,
        "rows": [[*(getattr(row, name) for name in _FIELDS), list(row.other_names)] for row in export.rows],
    }
    here = _of(_exports, register, export.unit)
    # On SQLite the write comes first, so that two readers at once are one after the other.
    connection.execute(update(_exports).where(here).values(version=_exports.c.version + 1))
    known = connection.execute(select(_exports.c.version).where(here)).scalar()
    values = {"body": json.dumps(body, ensure_ascii=False), "changed_by": by, "changed_at": now}
    if known is None:
        key = {"register_id": register, "unit": export.unit}
        connection.execute(insert(_exports).values(**key, version=1, **values))
    else:
        connection.execute(update(_exports).where(here).values(**values))
    return replace(export, version=known or 1, read_by=by, read_at=now)


def drop_export(connection: Connection, register: RegisterId, unit: UnitId) -> None:
    """Forget it: what people said of its rows stays, as a key and an id."""
    connection.execute(delete(_exports).where(_of(_exports, register, unit)))


def decisions_of(connection: Connection, register: RegisterId, unit: UnitId) -> dict[str, OldDecision]:
    """What was said of rows, by their keys."""
    rows = connection.execute(select(_decisions).where(_of(_decisions, register, unit))).mappings()
    return {
        row["key"]: OldDecision(
            key=row["key"],
            choice=OldChoice(row["choice"]),
            person=None if row["person"] is None else PersonId(row["person"]),
            by=AccountId(row["decided_by"]),
            at=utc(row["decided_at"]),
        )
        for row in rows
    }


def put_decision(connection: Connection, register: RegisterId, unit: UnitId, decision: OldDecision) -> None:
    """Keep what was said of a row in place of what was said before."""
    drop_decision(connection, register, unit, decision.key)
    connection.execute(
        insert(_decisions).values(
            register_id=register,
            unit=unit,
            key=decision.key,
            choice=str(decision.choice),
            person=decision.person,
            decided_by=decision.by,
            decided_at=decision.at,
        )
    )


def drop_decision(connection: Connection, register: RegisterId, unit: UnitId, key: str) -> None:
    """Nothing was said of that row."""
    connection.execute(delete(_decisions).where(_of(_decisions, register, unit), _decisions.c.key == key))
