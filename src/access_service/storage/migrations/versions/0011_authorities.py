"""Where authorities hang from a day on; schools that have moved before hang under their present manager's.

Revision ID: 0011
"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "authority_moves",
        sa.Column("register_id", sa.String(), nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("from_rev", sa.BigInteger(), nullable=False),
        sa.Column("to_rev", sa.BigInteger(), nullable=True),
        sa.Column("valid_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("valid_to", sa.DateTime(timezone=True), nullable=True),
        sa.Column("authority", sa.String(), nullable=False),
        sa.Column("parent", sa.String(), nullable=False),
        sa.Column("basis", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("register_id", "id", "from_rev", name="pk_authority_moves"),
    )
    for column in ("authority", "parent"):
        op.create_index(f"ix_authority_moves_{column}", "authority_moves", ["register_id", column, "to_rev"])
    op.execute(PASSED)


def downgrade() -> None:
    raise RuntimeError("there is no way back from this schema; restore a backup")


PASSED = """
INSERT INTO authority_moves (register_id, id, from_rev, to_rev, valid_from, valid_to, authority, parent, basis)
SELECT a.register_id, 'amv_' || a.id, e.from_rev, NULL, e.valid_from, NULL, a.id, MIN(n.id), e.basis
FROM authorities a
JOIN authorities p ON p.register_id = a.register_id AND p.id = a.parent AND p.to_rev IS NULL
JOIN management_edges e ON e.register_id = a.register_id AND e.unit = a.unit AND e.to_rev IS NULL
    AND e.valid_to IS NULL AND e.manager <> p.unit
JOIN authorities n ON n.register_id = a.register_id AND n.unit = e.manager AND n.to_rev IS NULL
    AND n.valid_to IS NULL
WHERE a.to_rev IS NULL AND a.valid_to IS NULL
GROUP BY a.register_id, a.id, e.from_rev, e.valid_from, e.basis
"""
"""An authority whose unit has another manager than it hangs under: the present manager's takes it, from that edge."""
