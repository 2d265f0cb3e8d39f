"""Statements of format 2: what a signature rests on, and what waits for a signer's answer.

Revision ID: 0028
"""

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("signatures", sa.Column("how", sa.String(), nullable=True))
    op.create_table(
        "ceremonies",
        *(
            sa.Column(name, sa.String(), nullable=False)
            for name in ("register_id", "id", "account", "session", "statements", "challenge")
        ),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("register_id", "id", name="pk_ceremonies"),
    )
    op.create_index("ix_ceremonies_account", "ceremonies", ["account"])


def downgrade() -> None:
    raise RuntimeError("there is no way back from this schema; restore a backup")
