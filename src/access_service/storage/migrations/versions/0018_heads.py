"""A revision knows the head of the event chain, so that a restored database is told from the one before.

Those that were there get the head after the last event that names them: any mark that stays will do.

Revision ID: 0018
"""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

LINKED = """
UPDATE revisions SET head = link.head FROM (
  SELECT own.register_id AS register_id, own.revision AS n, later.previous AS head
  FROM events AS own JOIN events AS later ON later.register_id = own.register_id AND later.seq = own.seq + 1
  WHERE later.revision > own.revision
) AS link WHERE revisions.register_id = link.register_id AND revisions.n = link.n
"""
NEWEST = """
UPDATE revisions SET head = counters.head FROM counters
WHERE revisions.register_id = counters.register_id AND revisions.n = counters.n
"""


def upgrade() -> None:
    op.add_column("revisions", sa.Column("head", sa.String(), nullable=False, server_default=sa.text("''")))
    op.execute(LINKED)
    op.execute(NEWEST)


def downgrade() -> None:
    raise RuntimeError("there is no way back from this schema; restore a backup")
