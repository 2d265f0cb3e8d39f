"""A revision says which units, authorities and school years it moved, not only which accounts.

Revision ID: 0036
"""

import sqlalchemy as sa
from alembic import op

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # NULL: `accounts` says everything, as in the rows of before; an older version beside reads that column alone.
    op.add_column("revisions", sa.Column("moved", sa.Text(), nullable=True))


def downgrade() -> None:
    raise RuntimeError("there is no way back from this schema; restore a backup")
