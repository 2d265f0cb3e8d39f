"""More tables of facts about accounts: the columns are those of the domain's values."""

from sqlalchemy import Text
from sqlmodel import Field

from access_service.storage.tables import Fact, _by


class HomeRow(Fact, table=True):  # noqa: D101
    __tablename__ = "homes"
    __table_args__ = _by("homes", "account", "unit")
    account: str
    unit: str
    how: str
    basis: str = Field(sa_type=Text)
