"""Drafts of a unit's grid, as rows that are no facts: they are overwritten, and nobody has a right by them."""

from datetime import datetime

from sqlalchemy import Text
from sqlmodel import Field, SQLModel


class GridDraftRow(SQLModel, table=True):
    """One unit's draft for one school year."""

    __tablename__ = "grid_drafts"
    register_id: str = Field(primary_key=True)
    unit: str = Field(primary_key=True)
    school_year: str = Field(primary_key=True)
    version: int
    body: str = Field(sa_type=Text)
    changed_at: datetime


class GridRowRow(SQLModel, table=True):
    """One person's row of a draft; `version` is raised by whoever changes it."""

    __tablename__ = "grid_rows"
    register_id: str = Field(primary_key=True)
    unit: str = Field(primary_key=True)
    school_year: str = Field(primary_key=True)
    id: str = Field(primary_key=True)
    place: int
    version: int
    body: str = Field(sa_type=Text)
    changed_by: str | None = None
    changed_at: datetime | None = None


class SheetMappingRow(SQLModel, table=True):
    """How a unit reads sheets with that heading."""

    __tablename__ = "sheet_mappings"
    register_id: str = Field(primary_key=True)
    unit: str = Field(primary_key=True)
    heading_sha256: str = Field(primary_key=True)
    body: str = Field(sa_type=Text)
    changed_at: datetime
