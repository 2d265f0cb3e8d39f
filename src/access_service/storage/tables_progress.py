"""Numbers of units as the newest event left them, and reminders from above."""

from datetime import datetime

from sqlalchemy import BigInteger, Index, Text
from sqlmodel import Field, SQLModel

from access_service.storage.tables import Fact, _by


class ProgressRow(SQLModel, table=True):
    """No fact: it is counted from facts, and counted again where it is missing or its time is over."""

    __tablename__ = "unit_progress"
    __table_args__ = (Index("ix_unit_progress_holds_until", "register_id", "holds_until"),)
    register_id: str = Field(primary_key=True)
    unit: str = Field(primary_key=True)
    people: int = Field(sa_type=BigInteger)
    with_rights: int = Field(sa_type=BigInteger)
    awaiting_receiver: int = Field(sa_type=BigInteger)
    awaiting_giver: int = Field(sa_type=BigInteger)
    to_mend: int = Field(sa_type=BigInteger)
    custody: str
    custodian: str | None = None
    custody_since: datetime | None = None
    waiting_since: datetime | None = None
    holds_until: datetime | None = None


class ReminderRow(Fact, table=True):  # noqa: D101
    __tablename__ = "reminders"
    __table_args__ = _by("reminders", "unit")
    unit: str
    by: str
    person: str
    about: str = Field(sa_type=Text)
