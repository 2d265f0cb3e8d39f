"""What daily checks of the paths to power found.

Revision ID: 0037
"""

import sqlalchemy as sa
from alembic import op

revision = "0037"
down_revision = "0036"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "path_checks",
        sa.Column("register_id", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("found", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("register_id", "at", name="pk_path_checks"),
    )
    op.create_table(
        "path_findings",
        *(sa.Column(name, sa.String(), nullable=False) for name in ("register_id", "name", "unit")),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=True),
        *(sa.Column(name, sa.String(), nullable=False) for name in ("code", "severity")),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("vi", "en")),
        sa.Column("article", sa.String(), nullable=False),
        *(sa.Column(name, sa.String(), nullable=True) for name in ("person", "account", "grant_id", "document")),
        sa.PrimaryKeyConstraint("register_id", "name", "unit", "since", name="pk_path_findings"),
    )
    op.create_index("ix_path_findings_unit", "path_findings", ["register_id", "unit"])


def downgrade() -> None:
    raise RuntimeError("there is no way back from this schema; restore a backup")
