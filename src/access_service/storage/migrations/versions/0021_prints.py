"""The words of papers stand beside their content, whose hash of them the content names.

Papers that were there have none: they stay of format 1.

Revision ID: 0021
"""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "document_prints",
        sa.Column("register_id", sa.String(), nullable=False),
        sa.Column("document", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("body", sa.Text(), nullable=True),
        sa.Column("erased_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("erased_basis", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("register_id", "document", "version", name="pk_document_prints"),
    )


def downgrade() -> None:
    raise RuntimeError("there is no way back from this schema; restore a backup")
