"""Drafts of a unit's grid: work begun, no facts.

Revision ID: 0031
"""

import sqlalchemy as sa
from alembic import op

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None


def _text(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.String(), nullable=False) for name in names]


def upgrade() -> None:
    op.create_table(
        "grid_drafts",
        *_text("register_id", "unit", "school_year"),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("register_id", "unit", "school_year", name="pk_grid_drafts"),
    )
    op.create_table(
        "grid_rows",
        *_text("register_id", "unit", "school_year", "id"),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("changed_by", sa.String(), nullable=True),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("register_id", "unit", "school_year", "id", name="pk_grid_rows"),
    )
    op.create_table(
        "sheet_mappings",
        *_text("register_id", "unit", "heading_sha256"),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("register_id", "unit", "heading_sha256", name="pk_sheet_mappings"),
    )


def downgrade() -> None:
    raise RuntimeError("there is no way back from this schema; restore a backup")
