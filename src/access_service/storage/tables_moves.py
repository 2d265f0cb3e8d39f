"""Where authorities hang from a day on, as rows."""

from sqlalchemy import Index

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
