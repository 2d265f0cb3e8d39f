"""Tokens write no row when they are issued: only what was revoked before its time, and assertions that were used.

A client may also say as which audience it is called itself: it may exchange what was addressed to it. And it keeps
the instant at which a leaked secret was replaced at once: what was issued before is worth nothing.

Revision ID: 0005
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "denied_tokens",
        sa.Column("register_id", sa.String(), nullable=False),
        sa.Column("jti", sa.String(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("register_id", "jti", name="pk_denied_tokens"),
    )
    op.create_index("ix_denied_tokens_expires_at", "denied_tokens", ["expires_at"])
    op.create_table(
        "used_assertions",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_used_assertions"),
    )
    op.create_index("ix_used_assertions_expires_at", "used_assertions", ["expires_at"])
    op.add_column("clients", sa.Column("serves", sa.Text(), nullable=True))
    op.add_column("clients", sa.Column("revoked_before", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    raise RuntimeError("there is no way back from this schema; restore a backup")
