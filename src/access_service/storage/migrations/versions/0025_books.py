"""Papers are numbered in books, one a unit, year and type, and a unit's numbers bear its abbreviation.

Papers that were there keep the number that they bear; a book goes on from the highest of them.

Revision ID: 0025
"""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

OWN = sa.text("source = 'own' AND to_rev IS NULL")


def upgrade() -> None:
    moment = sa.DateTime(timezone=True)
    op.add_column("units", sa.Column("abbreviation", sa.String(), nullable=True))
    op.create_table(
        "document_numbers",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("register_id", sa.String(), nullable=False),
        sa.Column("from_rev", sa.BigInteger(), nullable=False),
        sa.Column("to_rev", sa.BigInteger(), nullable=True),
        sa.Column("valid_from", moment, nullable=False),
        sa.Column("valid_to", moment, nullable=True),
        *(
            sa.Column(name, sa.String(), nullable=False)
            for name in ("unit", "book", "symbol", "source", "document")
        ),
        *(sa.Column(name, sa.Integer(), nullable=False) for name in ("year", "n")),
        sa.Column("dated", sa.Date(), nullable=False),
        sa.Column("out_of_order", sa.Text(), nullable=True),
        sa.Column("void_because", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("register_id", "id", "from_rev", name="pk_document_numbers"),
    )
    op.create_index("ix_document_numbers_unit", "document_numbers", ["register_id", "unit", "year", "to_rev"])
    op.create_index("ix_document_numbers_document", "document_numbers", ["register_id", "document", "to_rev"])
    op.create_index(
        "uq_document_numbers_own",
        "document_numbers",
        ["register_id", "unit", "year", "symbol"],
        unique=True,
        sqlite_where=OWN,
        postgresql_where=OWN,
    )


def downgrade() -> None:
    raise RuntimeError("there is no way back from this schema; restore a backup")
