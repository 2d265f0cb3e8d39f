"""The words of papers, and the books in which papers are numbered, as rows."""

from datetime import datetime

from sqlalchemy import Text
from sqlmodel import Field, SQLModel


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
