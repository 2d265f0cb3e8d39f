"""Recoveries that no wait opens: an officer asked for the account of somebody who signs. Those that wait keep theirs.

Revision ID: 0013
"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("recoveries", sa.Column("needs_second", sa.Boolean(), nullable=False, server_default=sa.false()))


def downgrade() -> None:
    raise RuntimeError("there is no way back from this schema; restore a backup")
