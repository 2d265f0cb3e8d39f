"""Software, the department's approvals, counted draws, and the clients of software.

Revision ID: 0004
"""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy import Column

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _fact(
        "software",
        *(_word(name) for name in ("unit", "account")),
        *(
            _text(name)
            for name in (
                "name",
                "supplier",
                "data_fields",
                "data_scope",
                "frequency",
                "method",
                "cost",
                "legal_standing",
            )
        ),
        Column("security_level", sa.Integer(), nullable=True),
        _text("security_standard", null=True),
        *(Column(name, sa.Boolean(), nullable=False) for name in ("on_axis", "is_enforcement_point")),
        indexes=("unit", "account"),
    )
    _fact(
        "approvals",
        *(_word(name) for name in ("software", "number", "sha256", "scope_unit", "frequency", "method")),
        Column("dated", sa.Date(), nullable=False),
        _text("scope"),
        _instant("recorded_at"),
        _instant("withdrawn_at", null=True),
        _text("withdrawn_because", null=True),
        indexes=("software", "scope_unit"),
    )
    _fact("draws", *(_word(name) for name in ("software", "approval", "period")), indexes=("software", "approval"))
    _fact(
        "clients",
        *(_word(name) for name in ("register", "software", "pep_scopes", "resource_types")),
        *(_word(name, null=True) for name in ("secret_sha256", "old_secret_sha256")),
        _instant("old_secret_until", null=True),
        _text("jwks", null=True),
        _text("resource", null=True),
        _instant("created_at"),
        _instant("disabled_at", null=True),
        indexes=("software",),
    )
    op.create_index("ix_clients_id", "clients", ["id", "to_rev"])


def downgrade() -> None:
    raise RuntimeError("there is no way back from this schema; restore a backup")


def _fact(table: str, *columns: Column[Any], indexes: tuple[str, ...]) -> None:
    """A bitemporal table, with one index (register, column, to_rev) for each column it is looked up by."""
    op.create_table(
        table,
        _word("register_id"),
        _word("id"),
        Column("from_rev", sa.BigInteger(), nullable=False),
        Column("to_rev", sa.BigInteger(), nullable=True),
        _instant("valid_from"),
        _instant("valid_to", null=True),
        *columns,
        sa.PrimaryKeyConstraint("register_id", "id", "from_rev", name=f"pk_{table}"),
    )
    for column in indexes:
        op.create_index(f"ix_{table}_{column}", table, ["register_id", column, "to_rev"])


def _word(name: str, *, null: bool = False) -> Column[Any]:
    return Column(name, sa.String(), nullable=null)


def _text(name: str, *, null: bool = False) -> Column[Any]:
    return Column(name, sa.Text(), nullable=null)


def _instant(name: str, *, null: bool = False) -> Column[Any]:
    return Column(name, sa.DateTime(timezone=True), nullable=null)
