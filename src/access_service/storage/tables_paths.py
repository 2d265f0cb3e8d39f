"""What daily checks of the paths to power found, as rows that are no facts."""

from datetime import datetime

from sqlalchemy import BigInteger, Index, Text
from sqlmodel import Field, SQLModel


class PathCheckRow(SQLModel, table=True):
    """One check of a whole register."""

    __tablename__ = "path_checks"
    register_id: str = Field(primary_key=True)
    at: datetime = Field(primary_key=True)
    revision: int = Field(sa_type=BigInteger)
    found: int = Field(sa_type=BigInteger)


class PathFindingRow(SQLModel, table=True):
    """A finding as told to one unit: from the check that found it until the one that found it no more."""

    __tablename__ = "path_findings"
    __table_args__ = (Index("ix_path_findings_unit", "register_id", "unit"),)
    register_id: str = Field(primary_key=True)
    name: str = Field(primary_key=True)
    unit: str = Field(primary_key=True)
    since: datetime = Field(primary_key=True)
    until: datetime | None = None
    code: str
    severity: str
    vi: str = Field(sa_type=Text)
    en: str = Field(sa_type=Text)
    article: str
    person: str | None = None
    account: str | None = None
    grant_id: str | None = None
    document: str | None = None
