"""The first schema: bitemporal facts, the counter and the log, packs and keys, secrets.

Written out once and never edited: it says what a database made in that year looks like, whatever the tables of
today are called. Every later change is a migration of its own.

Revision ID: 0001
"""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy import Column

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    _organisation()
    _delegation()
    _papers()
    _log()
    _packs_and_secrets()


def downgrade() -> None:
    raise RuntimeError("there is no way back from the first schema; restore a backup")


def _word(name: str, *, null: bool = False) -> Column[Any]:
    return Column(name, sa.String(), nullable=null)


def _text(name: str, *, null: bool = False) -> Column[Any]:
    return Column(name, sa.Text(), nullable=null)


def _integer(name: str) -> Column[Any]:
    return Column(name, sa.Integer(), nullable=False)


def _big(name: str, *, null: bool = False) -> Column[Any]:
    return Column(name, sa.BigInteger(), nullable=null)


def _instant(name: str, *, null: bool = False) -> Column[Any]:
    return Column(name, sa.DateTime(timezone=True), nullable=null)


def _day(name: str) -> Column[Any]:
    return Column(name, sa.Date(), nullable=False)


def _key(table: str, *columns: str) -> sa.PrimaryKeyConstraint:
    return sa.PrimaryKeyConstraint(*columns, name=f"pk_{table}")


def _fact(table: str, *columns: Column[Any], by: tuple[str, ...] = ()) -> None:
    """A bitemporal table, and one index (register, column, to_rev) for each column it is looked up by."""
    op.create_table(
        table,
        _word("register_id"),
        _word("id"),
        _big("from_rev"),
        _big("to_rev", null=True),
        _instant("valid_from"),
        _instant("valid_to", null=True),
        *columns,
        _key(table, "register_id", "id", "from_rev"),
    )
    for column in by:
        op.create_index(f"ix_{table}_{column}", table, ["register_id", column, "to_rev"])


def _organisation() -> None:
    _fact(
        "units",
        _word("kind"),
        _text("name"),
        _word("levels"),
        by=("kind",),
    )
    _fact(
        "management_edges",
        _word("unit"),
        _word("manager"),
        _word("basis"),
        by=("unit", "manager"),
    )
    _fact(
        "successions",
        _word("predecessor"),
        _word("successor"),
        _word("basis"),
        by=("predecessor", "successor"),
    )
    _fact(
        "school_years",
        _instant("starts_at"),
        _instant("closes_at"),
    )
    _fact(
        "school_classes",
        _word("school"),
        _word("school_year"),
        _word("name"),
        _word("level"),
        _word("grade"),
        by=("school",),
    )
    _fact(
        "persons",
        _text("name"),
        _text("sort_key"),
    )
    _fact(
        "assignments",
        _word("person"),
        _word("unit"),
        _word("position"),
        _word("decision_number"),
        _day("decision_date"),
        _word("decision_sha256", null=True),
        _text("classes", null=True),
        _word("subjects", null=True),
        _word("levels", null=True),
        _word("substitutes", null=True),
        by=("person", "unit", "substitutes"),
    )


def _delegation() -> None:
    _fact(
        "accounts",
        _word("kind"),
        _word("unit"),
        _word("person", null=True),
        _word("username"),
        _instant("activated_at", null=True),
        by=("unit", "person", "username"),
    )
    _fact(
        "suspensions",
        _word("kind"),
        _word("target"),
        _word("unit"),
        _text("reason"),
        by=("target",),
    )
    _fact(
        "custodies",
        _word("unit"),
        _word("account"),
        _word("person"),
        _word("holder"),
        _word("document", null=True),
        by=("unit", "account", "person"),
    )
    _fact(
        "authorities",
        _word("unit"),
        _word("parent", null=True),
        _text("scope"),
        _word("basis"),
        _word("succeeds", null=True),
        by=("unit", "parent"),
    )
    _fact(
        "grants",
        _word("account"),
        _word("role"),
        _text("scope"),
        _word("unit"),
        _word("authority"),
        _word("assignment", null=True),
        _word("document", null=True),
        _word("replaces", null=True),
        _instant("activated_at", null=True),
        _instant("ended_at", null=True),
        _word("ended_as", null=True),
        by=("account", "unit", "authority", "assignment", "document"),
    )
    _fact(
        "confirmations",
        _word("unit"),
        _word("assignment"),
        by=("unit",),
    )
    _fact(
        "inspections",
        _word("document"),
        _word("unit"),
        _text("units"),
        _text("members"),
        _text("content"),
        by=("unit",),
    )
    _fact(
        "leaving_cases",
        _word("person"),
        _word("unit"),
        _word("assignment"),
        _word("document", null=True),
        by=("person", "unit", "document"),
    )


def _papers() -> None:
    _fact(
        "documents",
        _word("kind"),
        _word("unit"),
        _word("number"),
        _day("dated"),
        _integer("version"),
        _word("state"),
        _word("receiver", null=True),
        _word("prepared_by", null=True),
        _text("content"),
        _word("sha256"),
        _word("method"),
        _instant("state_since"),
        _word("text_version", null=True),
        _word("supersedes", null=True),
        _text("reference", null=True),
        _text("reason", null=True),
        _instant("signed_at", null=True),
        _instant("ended_at", null=True),
        by=("unit", "receiver", "supersedes"),
    )
    _fact(
        "signatures",
        _word("document"),
        _integer("version"),
        _word("sha256"),
        _word("side"),
        _word("person"),
        _word("account", null=True),
        _word("capacity"),
        _word("capacity_basis", null=True),
        _word("method"),
        _instant("signed_at"),
        _word("key"),
        _word("confirmation"),
        by=("document", "person"),
    )
    _fact(
        "pack_bindings",
        _word("unit"),
        _word("pack"),
        _word("digest"),
        by=("unit",),
    )


def _log() -> None:
    op.create_table(
        "registers",
        _word("id"),
        _word("root"),
        _instant("created_at"),
        Column("demo", sa.Boolean(), nullable=False),
        _key("registers", "id"),
    )
    op.create_table(
        "counters",
        _word("register_id"),
        _big("n"),
        _big("seq"),
        _word("head"),
        _instant("recorded_at"),
        _key("counters", "register_id"),
    )
    op.create_table(
        "revisions",
        _word("register_id"),
        _big("n"),
        _instant("recorded_at"),
        _text("accounts", null=True),
        _key("revisions", "register_id", "n"),
    )
    op.create_table(
        "events",
        _word("register_id"),
        _big("seq"),
        _big("revision"),
        _instant("recorded_at"),
        _word("actor"),
        _word("action"),
        _word("target"),
        _word("outcome"),
        _word("code", null=True),
        _text("details"),
        _word("policy"),
        _word("previous"),
        _word("leaf"),
        _key("events", "register_id", "seq"),
    )
    op.create_index("ix_events_target", "events", ["register_id", "target"])


def _packs_and_secrets() -> None:
    op.create_table(
        "packs",
        _word("digest"),
        _word("name"),
        _word("version"),
        Column("archive", sa.LargeBinary(), nullable=False),
        _key("packs", "digest"),
    )
    op.create_table(
        "public_keys",
        _word("id"),
        _word("purpose"),
        _word("public"),
        _instant("valid_from"),
        _instant("valid_to", null=True),
        _key("public_keys", "id"),
    )
    op.create_table(
        "credentials",
        _word("register_id"),
        _word("account"),
        _word("username"),
        _text("password", null=True),
        _word("activation_sha256", null=True),
        _instant("activation_until", null=True),
        _integer("failed"),
        _instant("locked_until", null=True),
        _key("credentials", "register_id", "account"),
    )
    op.create_index("ix_credentials_username", "credentials", ["register_id", "username"], unique=True)
    op.create_index("ix_credentials_activation_sha256", "credentials", ["activation_sha256"])
    op.create_table(
        "sessions",
        _word("token_sha256"),
        _word("register_id"),
        _word("account"),
        _word("person"),
        _instant("created_at"),
        _instant("expires_at"),
        _key("sessions", "token_sha256"),
    )
    op.create_index("ix_sessions_account", "sessions", ["register_id", "account"])
    op.create_table(
        "idempotency_keys",
        _word("register_id"),
        _word("account"),
        _word("key"),
        _word("request_sha256"),
        _integer("status"),
        _text("body"),
        _instant("created_at"),
        _key("idempotency_keys", "register_id", "account", "key"),
    )
