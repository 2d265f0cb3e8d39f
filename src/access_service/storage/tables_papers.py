"""The words of papers, and the books in which papers are numbered, as rows."""

from datetime import date, datetime

from sqlalchemy import Index, Text, text
from sqlmodel import Field, SQLModel

from access_service.storage.tables import Fact

_OWN = text("source = 'own' AND to_rev IS NULL")


class DocumentPrintRow(SQLModel, table=True):
    """The words of one version of a document: no fact, for it is the one thing that may be emptied one day."""

    __tablename__ = "document_prints"
    register_id: str = Field(primary_key=True)
    document: str = Field(primary_key=True)
    version: int = Field(primary_key=True)
    sha256: str
    body: str | None = Field(default=None, sa_type=Text)
    erased_at: datetime | None = None
    erased_basis: str | None = Field(default=None, sa_type=Text)


class DocumentNumberRow(Fact, table=True):  # noqa: D101
    __tablename__ = "document_numbers"
    __table_args__ = (
        Index("ix_document_numbers_unit", "register_id", "unit", "year", "to_rev"),
        Index("ix_document_numbers_document", "register_id", "document", "to_rev"),
        Index(
            "uq_document_numbers_own",
            *("register_id", "unit", "year", "symbol"),
            unique=True,
            sqlite_where=_OWN,
            postgresql_where=_OWN,
        ),
    )
    unit: str
    year: int
    book: str
    n: int
    symbol: str
    source: str
    document: str
    dated: date
    out_of_order: str | None = Field(default=None, sa_type=Text)
    void_because: str | None = Field(default=None, sa_type=Text)
