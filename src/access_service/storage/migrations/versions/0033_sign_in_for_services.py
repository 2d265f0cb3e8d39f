"""Signing in to other services: codes and refresh tokens, addresses of clients, by what a session was opened.

Revision ID: 0033
"""

import sqlalchemy as sa
from alembic import op

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None

_moment = sa.DateTime(timezone=True)


def _text(*names: str, kind: type = sa.String, nullable: bool = False) -> list[sa.Column[str]]:
    return [sa.Column(name, kind(), nullable=nullable) for name in names]


def upgrade() -> None:
    op.add_column("sessions", sa.Column("methods", sa.String(), nullable=True))
    for name in ("redirect_uris", "post_logout_uris"):
        op.add_column("clients", sa.Column(name, sa.Text(), nullable=False, server_default="[]"))
    op.create_table(
        "service_sign_ins",
        sa.Column("id", sa.String(), primary_key=True),
        *_text("register_id", "account", "person", "scope", "challenge", "code_sha256", "parent", "methods"),
        *_text("audience", "redirect_uri", "resources", kind=sa.Text),
        *_text("nonce", kind=sa.Text, nullable=True),
        *_text("session_sha256", "refresh_sha256", nullable=True),
        *(sa.Column(name, _moment, nullable=False) for name in ("code_until", "signed_in_at", "expires_at")),
        sa.Column("redeemed_at", _moment, nullable=True),
        sa.UniqueConstraint("code_sha256", name="uq_service_sign_ins_code_sha256"),
    )
    op.create_index("ix_service_sign_ins_expires_at", "service_sign_ins", ["expires_at"])
    op.create_table(
        "told_services",
        *_text("register_id", "account", "audience", "scope"),
        sa.Column("told_at", _moment, nullable=False),
        sa.PrimaryKeyConstraint("register_id", "account", "audience", name="pk_told_services"),
    )


def downgrade() -> None:
    raise RuntimeError("there is no way back from this schema; restore a backup")
