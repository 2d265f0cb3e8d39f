"""Where authorities hang from a day on, and which unit took which office, as rows."""

from sqlalchemy import Index, Text
from sqlmodel import Field

from access_service.storage.tables import Fact


class AuthorityMoveRow(Fact, table=True):  # noqa: D101
    __tablename__ = "authority_moves"
    __table_args__ = (
        Index("ix_authority_moves_authority", "register_id", "authority", "to_rev"),
        Index("ix_authority_moves_parent", "register_id", "parent", "to_rev"),
    )
    authority: str
    parent: str
    basis: str


class SuccessionRow(Fact, table=True):  # noqa: D101
    __tablename__ = "successions"
    __table_args__ = (
        Index("ix_successions_predecessor", "register_id", "predecessor", "to_rev"),
        Index("ix_successions_successor", "register_id", "successor", "to_rev"),
    )
    predecessor: str
    successor: str
    basis: str
    archive: str | None = None
    heirs: str | None = Field(default=None, sa_type=Text)
