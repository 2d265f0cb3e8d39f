"""Ids in other systems, as facts; exports of old systems and decisions about their rows, as work begun."""

from datetime import datetime

from sqlalchemy import Text
from sqlmodel import Field, SQLModel

from access_service.storage.tables import Fact, _by


class ExternalIdRow(Fact, table=True):  # noqa: D101
    __tablename__ = "external_ids"
    __table_args__ = _by("external_ids", "unit", "target", "value")
    kind: str
    target: str
    unit: str
    system: str
    value: str


class OldExportRow(SQLModel, table=True):
    """The newest export of one old system that a unit has read: its rows, not the file."""

    __tablename__ = "old_exports"
    register_id: str = Field(primary_key=True)
    unit: str = Field(primary_key=True)
    version: int
    body: str = Field(sa_type=Text)
    changed_by: str
    changed_at: datetime


class OldDecisionRow(SQLModel, table=True):
    """Whom somebody said that a row of an export is about; it outlives the export."""

    __tablename__ = "old_decisions"
    register_id: str = Field(primary_key=True)
    unit: str = Field(primary_key=True)
    key: str = Field(primary_key=True)
    """SHA-256 over the system and what tells the row apart."""
    choice: str
    person: str | None = None
    decided_by: str
    decided_at: datetime
