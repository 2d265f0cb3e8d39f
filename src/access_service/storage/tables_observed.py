"""Tables of observing: which client observes where, and what its answers would have been."""

from datetime import date

from sqlalchemy import BigInteger, Boolean
from sqlmodel import Field, SQLModel

from access_service.storage.tables import Fact, _by


class ObservationRow(Fact, table=True):
    """A client observes at a unit until `valid_to`."""

    __tablename__ = "observations"
    __table_args__ = _by("observations", "client", "software")
    client: str
    software: str
    unit: str


class ObservedAnswerRow(SQLModel, table=True):
    """How often an answer of one kind was not enforced on one day; no fact."""

    __tablename__ = "observed_answers"
    register_id: str = Field(primary_key=True)
    client: str = Field(primary_key=True)
    day: date = Field(primary_key=True)
    unit: str = Field(primary_key=True)
    category: str = Field(primary_key=True)
    action: str = Field(primary_key=True)
    old: str = Field(primary_key=True)
    is_allowed: bool = Field(primary_key=True, sa_type=Boolean)
    reason: str = Field(primary_key=True)
    number: int = Field(sa_type=BigInteger)
