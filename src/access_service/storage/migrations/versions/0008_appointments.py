"""Acts that wait for a second person, and operators with a credential of their own.

Revision ID: 0008
"""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy import Column

revision = "0008"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "waiting_acts",
        _word("register_id"),
        _word("id"),
        Column("from_rev", sa.BigInteger(), nullable=False),
        Column("to_rev", sa.BigInteger(), nullable=True),
        _instant("valid_from"),
        Column("valid_to", sa.DateTime(timezone=True), nullable=True),
        *(_word(name) for name in ("kind", "target", "unit", "office", "decision_number")),
        Column("body", sa.Text(), nullable=False),
        *(_word(name, null=True) for name in ("person", "decision_sha256", "prepared_by", "operator")),
        *(_word(name, null=True) for name in ("outcome", "ended_by", "result")),
        *(Column(name, sa.Text(), nullable=True) for name in ("issuer", "reason")),
        Column("decision_date", sa.Date(), nullable=True),
        _instant("lapses_at"),
        sa.PrimaryKeyConstraint("register_id", "id", "from_rev", name="pk_waiting_acts"),
    )
    for column in ("office", "target"):
        op.create_index(f"ix_waiting_acts_{column}", "waiting_acts", ["register_id", column, "to_rev"])
    op.add_column("assignments", Column("leads", sa.Boolean(), nullable=True))
    op.create_table(
        "operators",
        *(_word(name) for name in ("register_id", "name", "secret_sha256")),
        _instant("created_at"),
        sa.PrimaryKeyConstraint("register_id", "name", name="pk_operators"),
    )


def downgrade() -> None:
    raise RuntimeError("there is no way back from this schema; restore a backup")


def _word(name: str, *, null: bool = False) -> Column[Any]:
    return Column(name, sa.String(), nullable=null)


def _instant(name: str) -> Column[Any]:
    return Column(name, sa.DateTime(timezone=True), nullable=False)
