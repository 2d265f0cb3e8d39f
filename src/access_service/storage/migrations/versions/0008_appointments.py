"""Appointments of those who sign wait for a confirmation.

Revision ID: 0008
"""

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    raise RuntimeError("there is no way back from this schema; restore a backup")
