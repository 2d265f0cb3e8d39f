"""Sign-in: when a password was set and an account last seen, second factors, sessions that end when unused.

Sessions opened under the first schema end with it: they say nothing of when they were used. Accounts count as seen,
and passwords as set, on the day of this migration.

Revision ID: 0003
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("credentials", sa.Column("password_set_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("credentials", sa.Column("seen_at", sa.DateTime(timezone=True), nullable=True))
    op.execute(
        "UPDATE credentials SET password_set_at = CURRENT_TIMESTAMP, seen_at = CURRENT_TIMESTAMP "
        "WHERE password IS NOT NULL"
    )
    op.execute("DELETE FROM sessions")
    with op.batch_alter_table("sessions") as sessions:
        sessions.add_column(sa.Column("used_at", sa.DateTime(timezone=True), nullable=False))
        sessions.add_column(sa.Column("idle_s", sa.Integer(), nullable=False))
        sessions.add_column(sa.Column("due", sa.String(), nullable=True))
    op.create_table(
        "second_factors",
        sa.Column("register_id", sa.String(), nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("secret", sa.Text(), nullable=False),
        sa.Column("credential", sa.Text(), nullable=True),
        sa.Column("counter", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("register_id", "id", name="pk_second_factors"),
    )
    op.create_index("ix_second_factors_account", "second_factors", ["register_id", "account"])
    op.create_index("ix_second_factors_credential", "second_factors", ["register_id", "credential"], unique=True)
    op.create_table(
        "challenges",
        sa.Column("challenge", sa.String(), nullable=False),
        sa.Column("register_id", sa.String(), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("purpose", sa.String(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("challenge", name="pk_challenges"),
    )
    op.create_index("ix_challenges_account", "challenges", ["register_id", "account"])
    op.create_table(
        "password_history",
        sa.Column("register_id", sa.String(), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("password", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("register_id", "account", "revision", name="pk_password_history"),
    )


def downgrade() -> None:
    raise RuntimeError("there is no way back from this schema; restore a backup")
