"""Who answers for an account is a stored fact.

For every use account of a person today's answer is written once: the unit that issued it, or, where no duty of its
holder was left there, the unit of the duty held longest. Each register gets one revision and one event for it
(`home.upgrade`), chained as every event is, so that the log says since when the answer is a fact.

Revision ID: 0006
"""

import json
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from alembic import op

from access_service.domain.audit import FIRST_FORMAT, Event, Happening

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_moment = sa.DateTime(timezone=True)


def _table(name: str, *columns: str, moments: tuple[str, ...] = ()) -> sa.TableClause:
    return sa.table(name, *map(sa.column, columns), *(sa.column(moment, _moment) for moment in moments))


_counters = _table("counters", "register_id", "n", "seq", "head", moments=("recorded_at",))
_accounts = _table("accounts", "register_id", "id", "to_rev", "kind", "unit", "person")
_duties = _table("assignments", "register_id", "id", "to_rev", "person", "unit", moments=("valid_from", "valid_to"))
_homes = _table(
    "homes", "register_id", "id", "from_rev", "account", "unit", "how", "basis", moments=("valid_from",)
)
_events = _table(
    "events",
    *("register_id", "seq", "revision", "actor", "action", "target", "outcome", "details", "policy", "previous"),
    "leaf",
    moments=("recorded_at",),
)
_revisions = _table("revisions", "register_id", "n", moments=("recorded_at",))


def upgrade() -> None:
    op.create_table(
        "homes",
        sa.Column("register_id", sa.String(), nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("from_rev", sa.BigInteger(), nullable=False),
        sa.Column("to_rev", sa.BigInteger(), nullable=True),
        sa.Column("valid_from", _moment, nullable=False),
        sa.Column("valid_to", _moment, nullable=True),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("unit", sa.String(), nullable=False),
        sa.Column("how", sa.String(), nullable=False),
        sa.Column("basis", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("register_id", "id", "from_rev", name="pk_homes"),
    )
    op.create_index("ix_homes_account", "homes", ["register_id", "account", "to_rev"])
    op.create_index("ix_homes_unit", "homes", ["register_id", "unit", "to_rev"])
    connection = op.get_bind()
    for counter in connection.execute(sa.select(_counters)).mappings().all():
        _write_homes(connection, dict(counter))


def _utc(value: datetime) -> datetime:
    return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def _write_homes(connection: sa.Connection, counter: dict[str, Any]) -> None:
    register = counter["register_id"]
    [today] = connection.execute(sa.select(sa.func.current_timestamp(type_=_moment))).scalars()
    now = max(_utc(today), _utc(counter["recorded_at"]))
    duties: dict[str, list[tuple[datetime, str, str]]] = {}
    here = _duties.c.register_id == register, _duties.c.to_rev.is_(None)
    for duty in connection.execute(sa.select(_duties).where(*here)):
        begins, ends = _utc(duty.valid_from), None if duty.valid_to is None else _utc(duty.valid_to)
        if begins <= now and (ends is None or now < ends):
            duties.setdefault(duty.person, []).append((begins, duty.id, duty.unit))
    rows = []
    mine = _accounts.c.register_id == register, _accounts.c.to_rev.is_(None), _accounts.c.kind == "use"
    for account in connection.execute(sa.select(_accounts).where(*mine).order_by(_accounts.c.id)):
        held = duties.get(account.person or "", [])
        is_there = not held or any(unit == account.unit for _, _, unit in held)
        rows.append(
            {
                "register_id": register,
                "id": f"hom_{account.id}",
                "from_rev": counter["n"] + 1,
                "valid_from": now,
                "account": account.id,
                "unit": account.unit if is_there else min(held)[2],
                "how": "upgrade",
                "basis": "",
            }
        )
    if rows:
        connection.execute(sa.insert(_homes), rows)
        _write_event(connection, counter, now, len(rows))


def _write_event(connection: sa.Connection, counter: dict[str, Any], now: datetime, homes: int) -> None:
    register, revision_made, seq = counter["register_id"], counter["n"] + 1, counter["seq"] + 1
    happening = Happening("home.upgrade", register, details={"homes": homes})
    event = Event(
        register, seq, revision_made, now, "operator", happening, "", counter["head"], format=FIRST_FORMAT
    )
    connection.execute(
        sa.insert(_events).values(
            register_id=register,
            seq=seq,
            revision=revision_made,
            recorded_at=now,
            actor=event.actor,
            action=happening.action,
            target=register,
            outcome=happening.outcome,
            details=json.dumps(dict(happening.details or {}), sort_keys=True, separators=(",", ":")),
            policy="",
            previous=event.previous,
            leaf=event.leaf,
        )
    )
    connection.execute(sa.insert(_revisions).values(register_id=register, n=revision_made, recorded_at=now))
    connection.execute(
        sa.update(_counters)
        .where(_counters.c.register_id == register)
        .values(n=revision_made, seq=seq, head=event.hash, recorded_at=now)
    )


def downgrade() -> None:
    raise RuntimeError("there is no way back from this schema; restore a backup")
