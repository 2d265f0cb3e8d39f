"""Tables of what one person prepares and another confirms, of the operators who do, and of long work."""

from datetime import date, datetime

from sqlalchemy import BigInteger, Index, Text
from sqlmodel import Field, SQLModel

from access_service.storage.tables import Fact, _by


class WaitingActRow(Fact, table=True):  # noqa: D101
    __tablename__ = "waiting_acts"
    __table_args__ = _by("waiting_acts", "office", "target")
    kind: str
    target: str
    unit: str
    office: str
    body: str = Field(sa_type=Text)
    person: str | None = None
    decision_number: str
    decision_date: date | None = None
    issuer: str | None = Field(default=None, sa_type=Text)
    decision_sha256: str | None = None
    reason: str | None = Field(default=None, sa_type=Text)
    prepared_by: str | None = None
    operator: str | None = None
    lapses_at: datetime
    outcome: str | None = None
    ended_by: str | None = None
    result: str | None = None


class OperatorRow(SQLModel, table=True):
    """Operators by name; of the secret only its SHA-256 (it has 256 random bits)."""

    __tablename__ = "operators"
    register_id: str = Field(primary_key=True)
    name: str = Field(primary_key=True)
    secret_sha256: str
    created_at: datetime


class JobRow(SQLModel, table=True):
    """Long work, from asking to a week after; its worker overwrites it."""

    __tablename__ = "jobs"
    __table_args__ = (
        Index("ix_jobs_owner", "register_id", "owner"),
        Index("ix_jobs_state", "state", "created_at"),
    )
    register_id: str = Field(primary_key=True)
    id: str = Field(primary_key=True)
    kind: str
    owner: str
    person: str
    session: str
    unit: str
    parameters: str = Field(sa_type=Text)
    created_at: datetime
    expires_at: datetime = Field(index=True)
    state: str
    done: int = Field(sa_type=BigInteger)
    of: int | None = Field(default=None, sa_type=BigInteger)
    code: str | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None
    lease_until: datetime | None = None
    leased_by: str | None = None
    attempts: int
    file: str | None = None
    sha256: str | None = None
    size: int | None = Field(default=None, sa_type=BigInteger)
    media_type: str | None = None
    name: str | None = Field(default=None, sa_type=Text)
