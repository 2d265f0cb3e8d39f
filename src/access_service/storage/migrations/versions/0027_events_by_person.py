"""The log is asked what one person did by whichever account: without an index each time all of it is read.

Revision ID: 0027
"""

from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_events_person", "events", ["register_id", "person", "seq"])


def downgrade() -> None:
    raise RuntimeError("there is no way back from this schema; restore a backup")
