"""Tables of what one person prepares and another confirms, and of the operators who do."""

from datetime import date, datetime

from sqlalchemy import Text
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
