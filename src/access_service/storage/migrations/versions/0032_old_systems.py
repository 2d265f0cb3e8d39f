"""Ids in other systems; exports of old systems, and what people decided about their rows.

Revision ID: 0032
"""

import sqlalchemy as sa
from alembic import op

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None


def _text(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.String(), nullable=False) for name in names]


def _instant(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def upgrade() -> None:
    op.create_table(
        "external_ids",
        *_text("register_id", "id"),
        sa.Column("from_rev", sa.BigInteger(), nullable=False),
        sa.Column("to_rev", sa.BigInteger(), nullable=True),
        _instant("valid_from"),
        _instant("valid_to", nullable=True),
        *_text("kind", "target", "unit", "system", "value"),
        sa.PrimaryKeyConstraint("register_id", "id", "from_rev", name="pk_external_ids"),
    )
    for column in ("unit", "target", "value"):
        op.create_index(f"ix_external_ids_{column}", "external_ids", ["register_id", column, "to_rev"])
    op.create_table(
        "old_exports",
        *_text("register_id", "unit"),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        *_text("changed_by"),
        _instant("changed_at"),
        sa.PrimaryKeyConstraint("register_id", "unit", name="pk_old_exports"),
    )
    op.create_table(
        "old_decisions",
        *_text("register_id", "unit", "key", "choice"),
        sa.Column("person", sa.String(), nullable=True),
        *_text("decided_by"),
        _instant("decided_at"),
        sa.PrimaryKeyConstraint("register_id", "unit", "key", name="pk_old_decisions"),
    )


def downgrade() -> None:
    raise RuntimeError("there is no way back from this schema; restore a backup")
