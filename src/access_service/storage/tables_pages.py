"""Pages of papers as rows: the files that were made of them, and who was shown which."""

from datetime import datetime

from sqlmodel import Field, Index, SQLModel


class DocumentFileRow(SQLModel, table=True):
    """A file that belongs to a version of a document; its bytes lie in the folder of files, by their hash."""

    __tablename__ = "document_files"
    __table_args__ = (Index("ix_document_files_document", "register_id", "document"),)
    register_id: str = Field(primary_key=True)
    sha256: str = Field(primary_key=True)
    document: str
    version: int
    kind: str
    media_type: str
    size: int
    made_at: datetime
    erased_at: datetime | None = None


class ShownRow(SQLModel, table=True):
    """That a version of a document was first sent to an account as a page that a person can read."""

    __tablename__ = "shown"
    register_id: str = Field(primary_key=True)
    document: str = Field(primary_key=True)
    version: int = Field(primary_key=True)
    account: str = Field(primary_key=True)
    at: datetime


class CeremonyRow(SQLModel, table=True):
    """Statements that were put before a signer and wait for the answer, in one session, for some minutes."""

    __tablename__ = "ceremonies"
    register_id: str = Field(primary_key=True)
    id: str = Field(primary_key=True)
    account: str = Field(index=True)
    session: str
    statements: str
    challenge: str
    expires_at: datetime
