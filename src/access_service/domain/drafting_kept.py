"""Drafts and their rows as they are kept: JSON, read back strictly."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from access_service.domain.drafting import (
    GridCells,
    GridDraft,
    GridRow,
    PendingSheets,
    ReadSheet,
    RowMade,
    SheetSource,
)
from access_service.domain.headings import SheetLayout, SheetMapping
from access_service.domain.names import AccountId, AssignmentId, PersonId, UnitId


def row_body(row: GridRow) -> dict[str, Any]:
    """A row's content as JSON, without what stands in columns of its own."""
    made = None
    if row.made is not None:
        m = row.made
        made = {
            "person": m.person,
            "account": m.account,
            "is_new_account": m.is_new_account,
            "duties": list(m.duties),
            "document": m.document,
            "commitment": m.commitment,
            "waiting": list(m.waiting),
        }
    return {
        "cells": list(row.cells.texts()),
        "original": list(row.original.texts()),
        "line": row.line,
        "person": row.person,
        "is_new_person": row.is_new_person,
        "takes": list(row.takes),
        "is_left_out": row.is_left_out,
        "ticked": row.ticked,
        "is_merged": row.is_merged,
        "made": made,
        "refused": row.refused,
    }


def read_row(
    id_: str, place: int, version: int, body: Mapping[str, Any], by: str | None, at: datetime | None
) -> GridRow:
    """A row as it was kept."""
    made = body["made"]
    return GridRow(
        id=id_,
        place=place,
        version=version,
        cells=GridCells(*body["cells"]),
        original=GridCells(*body["original"]),
        line=body["line"],
        person=None if body["person"] is None else PersonId(body["person"]),
        is_new_person=body["is_new_person"],
        takes=tuple(body["takes"]),
        is_left_out=body["is_left_out"],
        ticked=body["ticked"],
        is_merged=body["is_merged"],
        made=None
        if made is None
        else RowMade(
            person=PersonId(made["person"]),
            account=made["account"],
            is_new_account=made["is_new_account"],
            duties=tuple(map(AssignmentId, made["duties"])),
            document=made["document"],
            commitment=made["commitment"],
            waiting=tuple(made["waiting"]),
        ),
        refused=body["refused"],
        changed_by=None if by is None else AccountId(by),
        changed_at=at,
    )


def draft_body(draft: GridDraft) -> dict[str, Any]:
    """A draft's content as JSON."""
    source, pending = draft.source, draft.pending
    return {
        "decision_number": draft.decision_number,
        "decision_date": None if draft.decision_date is None else draft.decision_date.isoformat(),
        "source": None if source is None else [source.name, source.sha256, source.rows, source.fields],
        "new_classes": list(draft.new_classes),
        "mapping": None if draft.mapping is None else mapping_body(draft.mapping),
        "pending": None
        if pending is None
        else {
            "name": pending.name,
            "sha256": pending.sha256,
            "sheets": [[s.name, list(map(list, s.rows)), list(s.lines), sorted(s.merged)] for s in pending.sheets],
        },
    }


def read_draft(unit: UnitId, year: str, version: int, body: Mapping[str, Any], at: datetime | None) -> GridDraft:
    """A draft as it was kept."""
    source, pending, day, mapping = body["source"], body["pending"], body["decision_date"], body["mapping"]
    return GridDraft(
        unit=unit,
        school_year=year,
        version=version,
        decision_number=body["decision_number"],
        decision_date=None if day is None else date.fromisoformat(day),
        source=None if source is None else SheetSource(*source),
        new_classes=tuple(body["new_classes"]),
        pending=None
        if pending is None
        else PendingSheets(
            pending["name"],
            pending["sha256"],
            tuple(
                ReadSheet(name, tuple(map(tuple, rows)), tuple(lines), frozenset(merged))
                for name, rows, lines, merged in pending["sheets"]
            ),
        ),
        changed_at=at,
        mapping=None if mapping is None else read_mapping(mapping),
    )


def mapping_body(mapping: SheetMapping) -> dict[str, Any]:
    """A mapping as JSON."""
    return {
        "sheet": mapping.sheet,
        "heading": mapping.heading,
        "layout": str(mapping.layout),
        "fields": list(map(str, mapping.fields)),
    }


def read_mapping(body: Mapping[str, Any]) -> SheetMapping:
    """A mapping as it was kept."""
    return SheetMapping(body["sheet"], body["heading"], SheetLayout(body["layout"]), tuple(body["fields"]))
