"""Usernames folded and by what is left to see of them; those that fold alike go on, each as it was given.

Revision ID: 0019
"""

import sqlalchemy as sa
from alembic import op

from access_service.domain.lookalikes import fold, skeleton

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

_COLUMNS = ("folded", "skeleton")


def upgrade() -> None:
    for column in _COLUMNS:
        op.add_column("credentials", sa.Column(column, sa.String(), nullable=True))
    here = op.get_bind()
    found = here.execute(sa.text("SELECT register_id, account, username FROM credentials")).all()
    rows = [
        {"register": register, "account": account, "folded": fold(username), "skeleton": skeleton(username)}
        for register, account, username in found
    ]
    if rows:
        here.execute(
            sa.text(
                "UPDATE credentials SET folded = :folded, skeleton = :skeleton "
                "WHERE register_id = :register AND account = :account"
            ),
            rows,
        )
    for column in _COLUMNS:
        op.create_index(f"ix_credentials_{column}", "credentials", ["register_id", column])


def downgrade() -> None:
    raise RuntimeError("there is no way back from this schema; restore a backup")
