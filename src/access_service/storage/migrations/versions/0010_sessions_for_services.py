"""Sessions name what they are good for; recoveries wait; where somebody signed in from.

Sessions that are open stay what they are: for this service.

Revision ID: 0010
"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_moment = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.add_column("sessions", sa.Column("audience", sa.String(), nullable=True))
    op.create_table(
        "recoveries",
        sa.Column("register_id", sa.String(), nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("from_rev", sa.BigInteger(), nullable=False),
        sa.Column("to_rev", sa.BigInteger(), nullable=True),
        sa.Column("valid_from", _moment, nullable=False),
        sa.Column("valid_to", _moment, nullable=True),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("asked_by", sa.String(), nullable=False),
        sa.Column("asker", sa.String(), nullable=False),
        sa.Column("code_sha256", sa.String(), nullable=False),
        sa.Column("code_hours", sa.Integer(), nullable=False),
        sa.Column("resets_factor", sa.Boolean(), nullable=False),
        sa.Column("opens_at", _moment, nullable=False),
        sa.Column("approved_by", sa.String(), nullable=True),
        sa.Column("approved_at", _moment, nullable=True),
        sa.Column("slip", sa.String(), nullable=True),
        sa.Column("slip_sha256", sa.String(), nullable=True),
        sa.Column("stopped_by", sa.String(), nullable=True),
        sa.Column("stopped_because", sa.Text(), nullable=True),
        sa.Column("used_at", _moment, nullable=True),
        sa.PrimaryKeyConstraint("register_id", "id", "from_rev", name="pk_recoveries"),
    )
    op.create_index("ix_recoveries_account", "recoveries", ["register_id", "account", "to_rev"])
    op.create_index("ix_recoveries_code", "recoveries", ["code_sha256", "to_rev"])
    op.create_table(
        "known_sources",
        sa.Column("register_id", sa.String(), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("seen_at", _moment, nullable=False),
        sa.PrimaryKeyConstraint("register_id", "account", "source", name="pk_known_sources"),
    )


def downgrade() -> None:
    raise RuntimeError("there is no way back from this schema; restore a backup")
