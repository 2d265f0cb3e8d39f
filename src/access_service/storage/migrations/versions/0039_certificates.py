"""Certificates whose holder the register knows: whose signature it is that came on a file from elsewhere.

Revision ID: 0039
"""

import sqlalchemy as sa
from alembic import op

revision = "0039"
down_revision = "0038"
branch_labels = None
depends_on = None


def _text(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.String(), nullable=False) for name in names]


def _instant(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def upgrade() -> None:
    op.create_table(
        "certificates",
        *_text("register_id", "id"),
        sa.Column("from_rev", sa.BigInteger(), nullable=False),
        sa.Column("to_rev", sa.BigInteger(), nullable=True),
        _instant("valid_from"),
        _instant("valid_to", nullable=True),
        sa.Column("person", sa.String(), nullable=True),
        *_text("unit"),
        sa.Column("is_of_unit", sa.Boolean(), nullable=False),
        *_text("sha256"),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("issuer", sa.Text(), nullable=False),
        *_text("serial"),
        _instant("not_before"),
        _instant("not_after"),
        sa.Column("basis", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("register_id", "id", "from_rev", name="pk_certificates"),
    )
    for column in ("person", "unit", "sha256"):
        op.create_index(f"ix_certificates_{column}", "certificates", ["register_id", column, "to_rev"])


def downgrade() -> None:
    raise RuntimeError("there is no way back from this schema; restore a backup")
