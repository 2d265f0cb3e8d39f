"""When rights were last used, as rows that are no facts."""

from sqlalchemy import BigInteger
from sqlmodel import Field, SQLModel


class GrantUseRow(SQLModel, table=True):
    """On which days of a month the service allowed something by a right: at most twelve rows a right and year."""

    __tablename__ = "grant_uses"
    register_id: str = Field(primary_key=True)
    grant_id: str = Field(primary_key=True)
    month: int = Field(primary_key=True)
    """`202609` for September 2026, on a Vietnamese clock."""
    days: int = Field(sa_type=BigInteger)
    """Bit 1 for the first of the month, and so on."""
