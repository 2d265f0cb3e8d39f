"""Which client observes where, and what its answers would have been.

Revision ID: 0034
"""

import sqlalchemy as sa
from alembic import op

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None


def upgrade() -> None:
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "observations",
        *(sa.Column(name, sa.String(), nullable=False) for name in ("register_id", "id")),
        sa.Column("from_rev", sa.BigInteger(), nullable=False),
        sa.Column("to_rev", sa.BigInteger(), nullable=True),
        sa.Column("valid_from", moment, nullable=False),
        sa.Column("valid_to", moment, nullable=True),
        *(sa.Column(name, sa.String(), nullable=False) for name in ("client", "software", "unit")),
        sa.PrimaryKeyConstraint("register_id", "id", "from_rev", name="pk_observations"),
    )
    for column in ("client", "software"):
        op.create_index(f"ix_observations_{column}", "observations", ["register_id", column, "to_rev"])
    op.create_table(
        "observed_answers",
        *(sa.Column(name, sa.String(), nullable=False) for name in ("register_id", "client")),
        sa.Column("day", sa.Date(), nullable=False),
        *(sa.Column(name, sa.String(), nullable=False) for name in ("unit", "category", "action", "old")),
        sa.Column("is_allowed", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint(
            *("register_id", "client", "day", "unit", "category", "action", "old", "is_allowed", "reason"),
            name="pk_observed_answers",
        ),
    )


def downgrade() -> None:
    raise RuntimeError("there is no way back from this schema; restore a backup")
