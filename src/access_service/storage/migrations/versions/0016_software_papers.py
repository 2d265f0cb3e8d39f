"""What the department confirms of software, what an approval names, and what is owed after it.

A security level or a connection to the axis that a unit has only stated counts as not confirmed from here on: nothing
is written for it. Every approval leaves the obligation to confirm the deletion, open where the approval is over.

Revision ID: 0016
"""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy import Column

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for name, kind in (
        ("purpose", sa.Text()),
        ("agreement_number", sa.String()),
        ("agreement_dated", sa.Date()),
        ("agreement_sha256", sa.String()),
        ("receiver_role", sa.String()),
        ("retention", sa.Text()),
        ("deletion", sa.Text()),
    ):
        op.add_column("approvals", Column(name, kind, nullable=True))
    _fact(
        "software_confirmations",
        *(Column(name, sa.String(), nullable=False) for name in ("software", "subject")),
        Column("level", sa.Integer(), nullable=True),
        Column("number", sa.String(), nullable=False),
        Column("dated", sa.Date(), nullable=False),
        *(Column(name, sa.String(), nullable=False) for name in ("issuer", "sha256")),
        Column("withdrawn_because", sa.Text(), nullable=True),
        indexes=("software",),
    )
    _fact(
        "obligations",
        *(Column(name, sa.String(), nullable=False) for name in ("kind", "approval", "software", "unit")),
        Column("number", sa.String(), nullable=True),
        Column("dated", sa.Date(), nullable=True),
        *(Column(name, sa.String(), nullable=True) for name in ("sha256", "confirmed_by")),
        indexes=("approval", "software"),
    )
    op.execute(OWED)


def downgrade() -> None:
    raise RuntimeError("there is no way back from this schema; restore a backup")


def _fact(table: str, *columns: Column[Any], indexes: tuple[str, ...]) -> None:
    moment = sa.DateTime(timezone=True)
    op.create_table(
        table,
        Column("register_id", sa.String(), nullable=False),
        Column("id", sa.String(), nullable=False),
        Column("from_rev", sa.BigInteger(), nullable=False),
        Column("to_rev", sa.BigInteger(), nullable=True),
        Column("valid_from", moment, nullable=False),
        Column("valid_to", moment, nullable=True),
        *columns,
        sa.PrimaryKeyConstraint("register_id", "id", "from_rev", name=f"pk_{table}"),
    )
    for column in indexes:
        op.create_index(f"ix_{table}_{column}", table, ["register_id", column, "to_rev"])


OWED = """
INSERT INTO obligations (register_id, id, from_rev, to_rev, valid_from, valid_to, kind, approval, software, unit)
SELECT a.register_id, 'obl_' || a.id, a.from_rev, NULL,
    CASE WHEN s.valid_to IS NOT NULL AND s.valid_to < COALESCE(a.withdrawn_at, a.valid_to) THEN s.valid_to
         WHEN a.withdrawn_at IS NOT NULL AND a.withdrawn_at < a.valid_to THEN a.withdrawn_at
         ELSE a.valid_to END,
    NULL, 'delete_data', a.id, a.software, s.unit
FROM approvals a
JOIN software s ON s.register_id = a.register_id AND s.id = a.software AND s.to_rev IS NULL
WHERE a.to_rev IS NULL
"""
"""It opens when the approval ended or will end: by its term, by being taken back, or with the software."""
