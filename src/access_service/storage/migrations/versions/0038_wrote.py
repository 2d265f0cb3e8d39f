"""A revision says which facts it wrote, so that an act that was prepared beside knows whether it still holds.

Revision ID: 0038
"""

import sqlalchemy as sa
from alembic import op

revision = "0038"
down_revision = "0037"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # NULL: it may have written anything, as the rows of before and those of an older version beside.
    op.add_column("revisions", sa.Column("wrote", sa.Text(), nullable=True))


def downgrade() -> None:
    raise RuntimeError("there is no way back from this schema; restore a backup")
