"""What a later revision recorded of persons, duties, accounts and rights is found by an index.

Revision ID: 0035
"""

from alembic import op

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for table in ("persons", "assignments", "accounts", "grants"):
        op.create_index(f"ix_{table}_from_rev", table, ["register_id", "from_rev"])


def downgrade() -> None:
    raise RuntimeError("there is no way back from this schema; restore a backup")
