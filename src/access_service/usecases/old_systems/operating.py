"""What the operator reads of old systems at the command line: a list matched before anybody signs in, and ids."""

from dataclasses import replace

from access_service.domain.audit import Happening, Json
from access_service.domain.external_ids import ExternalId, ExternalKind, holding, only_one
from access_service.domain.names import RegisterId, UnitId
from access_service.domain.old_rows import OldExport, OldRow
from access_service.domain.org import Person, is_below
from access_service.storage import old_exports as stored
from access_service.storage.db import Database
from access_service.usecases.old_systems.old_exports import (
    OldExportSeen,
    keep_own,
    require_export,
    see_export,
    units_named,
)
from access_service.usecases.services import ReadView


def match_for_operator(db: Database, register: RegisterId, unit: UnitId, export: OldExport | None) -> OldExportSeen:
    """A list beside the register, that of a file or the one that the unit has read. Recorded: it names people."""
    with db.read(register) as reader:
        seen = ReadView(reader, None, db.now_in(reader.connection, register))
        seen.require_unit(unit)
        read = require_export(seen, unit) if export is None else keep_own(seen, export)
        found = see_export(seen, read, stored.decisions_of(reader.connection, register, unit))
    told: dict[str, Json] = {"system": read.system, "file": read.sha256, "rows": len(found.matches)}
    db.note(register, "operator", Happening("old_export.read", unit, details=told, unit=unit))
    return found


def match_below(
    db: Database, register: RegisterId, office: UnitId, export: OldExport
) -> tuple[list[OldExportSeen], int]:
    """A department's list, each row at the one unit below that it names; and how many name none, or several."""
    with db.read(register) as reader:
        seen = ReadView(reader, None, db.now_in(reader.connection, register))
        seen.require_unit(office)
        named = units_named(seen, export.rows)
        below = {
            text: [unit for unit in units if is_below(seen.org, unit, office, seen.now)]
            for text, units in named.items()
        }
        by_unit: dict[UnitId, list[OldRow]] = {}
        unplaced = 0
        for row in export.rows:
            meant = below.get(row.unit, [])
            if len(meant) == 1:
                by_unit.setdefault(meant[0], []).append(row)
            else:
                unplaced += 1
        found = [
            see_export(
                seen,
                replace(export, unit=unit, rows=tuple(rows)),
                stored.decisions_of(reader.connection, register, unit),
            )
            for unit, rows in sorted(by_unit.items())
        ]
    told: dict[str, Json] = {"system": export.system, "file": export.sha256, "rows": len(export.rows)}
    db.note(register, "operator", Happening("old_export.read", office, details=told, unit=office))
    return found, unplaced


def find_for_operator(
    db: Database, register: RegisterId, system: str, value: str, kind: ExternalKind | None
) -> tuple[ExternalId, str]:
    """Who or what is meant by an id of another system, with the name of a person."""
    with db.read(register) as reader:
        seen = ReadView(reader, None, db.now_in(reader.connection, register))
        found = only_one(holding(seen.ground, system, value, kind), system, value)
        person = reader.get(Person, found.target) if found.kind is ExternalKind.PERSON else None
        return found, "" if person is None else person.name
