"""Files of papers, by hash, and which page was shown to whom.

Revision ID: 0022
"""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "document_files",
        *(sa.Column(name, sa.String(), nullable=False) for name in ("register_id", "sha256", "document")),
        sa.Column("version", sa.Integer(), nullable=False),
        *(sa.Column(name, sa.String(), nullable=False) for name in ("kind", "media_type")),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("erased_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("register_id", "sha256", name="pk_document_files"),
    )
    op.create_index("ix_document_files_document", "document_files", ["register_id", "document"])
    op.create_table(
        "shown",
        *(sa.Column(name, sa.String(), nullable=False) for name in ("register_id", "document")),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("register_id", "document", "version", "account", name="pk_shown"),
    )


def downgrade() -> None:
    raise RuntimeError("there is no way back from this schema; restore a backup")
