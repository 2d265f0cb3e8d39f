"""Who keeps the papers of a unit that was dissolved, and who may read them.

Of units that were dissolved before, the successor keeps them, as the act that dissolved them said.

Revision ID: 0015
"""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

DEPTH = 16
"""How often a successor may have been succeeded itself."""


def upgrade() -> None:
    op.add_column("successions", sa.Column("archive", sa.String(), nullable=True))
    op.add_column("successions", sa.Column("heirs", sa.Text(), nullable=True))
    op.add_column("documents", sa.Column("kept_by", sa.String(), nullable=True))
    op.create_index("ix_documents_kept_by", "documents", ["register_id", "kept_by", "to_rev"])
    for _ in range(DEPTH):
        op.execute(KEPT)


def downgrade() -> None:
    raise RuntimeError("there is no way back from this schema; restore a backup")


KEPT = """
UPDATE documents SET kept_by = (
    SELECT MIN(s.successor) FROM successions s
    WHERE s.register_id = documents.register_id AND s.to_rev IS NULL
        AND s.predecessor = COALESCE(documents.kept_by, documents.unit)
)
WHERE to_rev IS NULL AND EXISTS (
    SELECT 1 FROM successions s
    WHERE s.register_id = documents.register_id AND s.to_rev IS NULL
        AND s.predecessor = COALESCE(documents.kept_by, documents.unit)
)
"""
"""One step: from a unit that is over to the one that took its office."""
