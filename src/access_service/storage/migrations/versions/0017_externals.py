"""Members of an inspection from outside the register: name, body, decision.

Revision ID: 0017
"""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "externals",
        sa.Column("register_id", sa.String(), nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("from_rev", sa.BigInteger(), nullable=False),
        sa.Column("to_rev", sa.BigInteger(), nullable=True),
        sa.Column("valid_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("valid_to", sa.DateTime(timezone=True), nullable=True),
        *(sa.Column(name, sa.String(), nullable=False) for name in ("person", "document", "unit", "username")),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("body", "decision")),
        sa.PrimaryKeyConstraint("register_id", "id", "from_rev", name="pk_externals"),
    )
    for column in ("document", "person"):
        op.create_index(f"ix_externals_{column}", "externals", ["register_id", column, "to_rev"])


def downgrade() -> None:
    raise RuntimeError("there is no way back from this schema; restore a backup")
