"""On which days a right was used.

Revision ID: 0026
"""

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "grant_uses",
        *(sa.Column(name, sa.String(), nullable=False) for name in ("register_id", "grant_id")),
        sa.Column("month", sa.Integer(), nullable=False),
        sa.Column("days", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("register_id", "grant_id", "month", name="pk_grant_uses"),
    )


def downgrade() -> None:
    raise RuntimeError("there is no way back from this schema; restore a backup")
