"""Who was shown the code of somebody's account; which operator asked for a recovery.

What the log names of first codes since they are named there (`shown_to`) is brought over: until the holder confirms,
the papers between the two are marked.

Revision ID: 0012
"""

import json

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_moment = sa.DateTime(timezone=True)
_SHOWN = ("register_id", "id", "from_rev", "account", "holder", "shown_to")


def upgrade() -> None:
    op.create_table(
        "codes_shown",
        sa.Column("register_id", sa.String(), nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("from_rev", sa.BigInteger(), nullable=False),
        sa.Column("to_rev", sa.BigInteger(), nullable=True),
        sa.Column("valid_from", _moment, nullable=False),
        sa.Column("valid_to", _moment, nullable=True),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("holder", sa.String(), nullable=False),
        sa.Column("shown_to", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("register_id", "id", "from_rev", name="pk_codes_shown"),
    )
    for column in ("account", "holder"):
        op.create_index(f"ix_codes_shown_{column}", "codes_shown", ["register_id", column, "to_rev"])
    op.add_column("recoveries", sa.Column("operator", sa.String(), nullable=True))
    _bring_over(op.get_bind())


def _bring_over(connection: sa.Connection) -> None:
    events = sa.table(
        "events",
        *map(sa.column, ("register_id", "revision", "action", "target", "outcome", "details")),
        sa.column("recorded_at", _moment),
    )
    accounts = sa.table("accounts", *map(sa.column, ("register_id", "id", "to_rev", "kind", "person")))
    shown = sa.table("codes_shown", *map(sa.column, _SHOWN), sa.column("valid_from", _moment))
    holders = {
        (found.register_id, found.id): found.person
        for found in connection.execute(
            sa.select(accounts).where(accounts.c.to_rev.is_(None), accounts.c.kind == "use")
        )
    }
    issued = sa.select(events).where(events.c.action == "account.issue", events.c.details.like('%"shown_to"%'))
    rows = []
    for event in connection.execute(issued):
        holder = holders.get((event.register_id, event.target))
        to = json.loads(event.details).get("shown_to")
        if event.outcome == "done" and holder is not None and to not in (None, "operator", holder):
            rows.append(
                {
                    "register_id": event.register_id,
                    "id": f"cod_{event.target}",
                    "from_rev": event.revision,
                    "valid_from": event.recorded_at,
                    "account": event.target,
                    "holder": holder,
                    "shown_to": to,
                }
            )
    if rows:
        connection.execute(sa.insert(shown), rows)


def downgrade() -> None:
    raise RuntimeError("there is no way back from this schema; restore a backup")
