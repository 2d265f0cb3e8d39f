"""Custody names the duty that it rests on, as its minutes do; a grant says why it was refused.

Revision ID: 0009
"""

import json

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("custodies", sa.Column("assignment", sa.String(), nullable=True))
    op.add_column("grants", sa.Column("refused", sa.String(), nullable=True))
    connection = op.get_bind()
    custodies = sa.table("custodies", *(sa.column(n) for n in ("register_id", "document", "assignment")))
    documents = sa.table("documents", *(sa.column(n) for n in ("register_id", "id", "kind", "content", "to_rev")))
    papers = connection.execute(
        sa.select(documents.c.register_id, documents.c.id, documents.c.content).where(
            documents.c.kind == "custody_minutes", documents.c.to_rev.is_(None)
        )
    )
    for register, document, content in papers.all():
        duty = json.loads(content).get("assignment")
        if isinstance(duty, str):
            is_this = (custodies.c.register_id == register) & (custodies.c.document == document)
            connection.execute(sa.update(custodies).where(is_this).values(assignment=duty))


def downgrade() -> None:
    raise RuntimeError("there is no way back from this schema; restore a backup")
