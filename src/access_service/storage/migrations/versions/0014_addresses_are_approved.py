"""A session that was opened for a service names the one it was opened in; addresses wait for the department.

Addresses that were named before wait, too: nobody had looked whose they are.

Revision ID: 0014
"""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("sessions", sa.Column("parent", sa.String(), nullable=True))
    op.create_index("ix_sessions_parent", "sessions", ["parent"])
    op.add_column("clients", sa.Column("serves_approved_at", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    raise RuntimeError("there is no way back from this schema; restore a backup")
