"""Long work that an account asked for.

Revision ID: 0024
"""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

_TEXTS = ("kind", "owner", "person", "session", "unit")
_LATER = ("code", "leased_by", "file", "sha256", "media_type")
_INSTANTS = ("started_at", "finished_at", "lease_until")


def upgrade() -> None:
    op.create_table(
        "jobs",
        sa.Column("register_id", sa.String(), nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        *(sa.Column(name, sa.String(), nullable=False) for name in _TEXTS),
        sa.Column("parameters", sa.Text(), nullable=False),
        *(sa.Column(name, sa.DateTime(timezone=True), nullable=False) for name in ("created_at", "expires_at")),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("done", sa.BigInteger(), nullable=False),
        sa.Column("of", sa.BigInteger(), nullable=True),
        *(sa.Column(name, sa.String(), nullable=True) for name in _LATER),
        *(sa.Column(name, sa.DateTime(timezone=True), nullable=True) for name in _INSTANTS),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=True),
        sa.Column("name", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("register_id", "id", name="pk_jobs"),
    )
    op.create_index("ix_jobs_owner", "jobs", ["register_id", "owner"])
    op.create_index("ix_jobs_state", "jobs", ["state", "created_at"])
    op.create_index("ix_jobs_expires_at", "jobs", ["expires_at"])


def downgrade() -> None:
    raise RuntimeError("there is no way back from this schema; restore a backup")
