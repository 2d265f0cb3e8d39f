"""Grants can be found by the unit of their scope: who may see a record is asked from the record's side.

Revision ID: 0002
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("grants", sa.Column("scope_unit", sa.String(), nullable=True))
    if op.get_bind().dialect.name == "sqlite":
        op.execute("UPDATE grants SET scope_unit = json_extract(scope, '$.unit')")
    else:
        op.execute("UPDATE grants SET scope_unit = scope::json ->> 'unit'")
    with op.batch_alter_table("grants") as grants:
        grants.alter_column("scope_unit", existing_type=sa.String(), nullable=False)
    op.create_index("ix_grants_scope_unit", "grants", ["register_id", "scope_unit", "to_rev"])


def downgrade() -> None:
    raise RuntimeError("there is no way back from this schema; restore a backup")
