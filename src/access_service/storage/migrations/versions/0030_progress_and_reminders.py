"""Numbers of units kept by event, and reminders.

Revision ID: 0030
"""

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None


def upgrade() -> None:
    numbers = ("people", "with_rights", "awaiting_receiver", "awaiting_giver", "to_mend")
    instants = ("custody_since", "waiting_since", "holds_until")
    op.create_table(
        "unit_progress",
        sa.Column("register_id", sa.String(), nullable=False),
        sa.Column("unit", sa.String(), nullable=False),
        *(sa.Column(name, sa.BigInteger(), nullable=False) for name in numbers),
        sa.Column("custody", sa.String(), nullable=False),
        sa.Column("custodian", sa.String(), nullable=True),
        *(sa.Column(name, sa.DateTime(timezone=True), nullable=True) for name in instants),
        sa.PrimaryKeyConstraint("register_id", "unit", name="pk_unit_progress"),
    )
    op.create_index("ix_unit_progress_holds_until", "unit_progress", ["register_id", "holds_until"])
    op.create_table(
        "reminders",
        sa.Column("register_id", sa.String(), nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("from_rev", sa.BigInteger(), nullable=False),
        sa.Column("to_rev", sa.BigInteger(), nullable=True),
        sa.Column("valid_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("valid_to", sa.DateTime(timezone=True), nullable=True),
        sa.Column("unit", sa.String(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("person", sa.String(), nullable=False),
        sa.Column("about", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("register_id", "id", "from_rev", name="pk_reminders"),
    )
    op.create_index("ix_reminders_unit", "reminders", ["register_id", "unit", "to_rev"])


def downgrade() -> None:
    raise RuntimeError("there is no way back from this schema; restore a backup")
