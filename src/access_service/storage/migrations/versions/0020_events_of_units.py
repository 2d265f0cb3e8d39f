"""Events have a second format: who acted, whose dossier it is, and a dense chain for each unit.

What was recorded stays as it is: format 1, in no unit's chain. Every passkey that is in use is written down with the
hash of its key (`factor.known`, the first events of their units' chains), and its public half is kept for ever, so
that what it signed can be checked when the account no longer has it.

Revision ID: 0020
"""

import base64
import hashlib
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from alembic import op

from access_service.domain.audit import GENESIS, Event, Happening, details_text

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

_FORMAT = 2
_moment = sa.DateTime(timezone=True)


def _table(name: str, *columns: str, moments: tuple[str, ...] = ()) -> sa.TableClause:
    return sa.table(name, *map(sa.column, columns), *(sa.column(moment, _moment) for moment in moments))


_events = _table(
    "events",
    *("register_id", "seq", "revision", "actor", "action", "target", "outcome", "details", "policy", "previous"),
    *("leaf", "format", "unit", "unit_seq", "unit_previous"),
    moments=("recorded_at",),
)
_counters = _table("counters", "register_id", "n", "seq", "head", moments=("recorded_at",))
_chains = _table("unit_chains", "register_id", "unit", "n", "head")
_accounts = _table("accounts", "register_id", "id", "to_rev", "unit")
_factors = _table(
    "second_factors", "register_id", "id", "account", "kind", "secret", "credential", moments=("confirmed_at",)
)
_keys = _table("public_keys", "id", "purpose", "public", moments=("valid_from",))


def upgrade() -> None:
    op.add_column("events", sa.Column("format", sa.Integer(), nullable=False, server_default=sa.text("1")))
    op.add_column("events", sa.Column("person", sa.String(), nullable=True))
    op.add_column("events", sa.Column("unit", sa.String(), nullable=True))
    op.add_column("events", sa.Column("unit_seq", sa.BigInteger(), nullable=True))
    op.add_column("events", sa.Column("unit_previous", sa.String(), nullable=True))
    op.create_index("ix_events_unit", "events", ["register_id", "unit", "unit_seq"], unique=True)
    op.create_index("ix_events_actor", "events", ["register_id", "actor", "seq"])
    op.create_index("ix_events_recorded_at", "events", ["register_id", "recorded_at"])
    op.create_table(
        "event_details",
        sa.Column("register_id", sa.String(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("details", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("register_id", "sha256", name="pk_event_details"),
    )
    op.create_table(
        "unit_chains",
        sa.Column("register_id", sa.String(), nullable=False),
        sa.Column("unit", sa.String(), nullable=False),
        sa.Column("n", sa.BigInteger(), nullable=False),
        sa.Column("head", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("register_id", "unit", name="pk_unit_chains"),
    )
    connection = op.get_bind()
    for counter in connection.execute(sa.select(_counters)).mappings().all():
        _write_passkeys(connection, dict(counter))


def _utc(value: datetime) -> datetime:
    return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def _write_passkeys(connection: sa.Connection, counter: dict[str, Any]) -> None:
    register = counter["register_id"]
    [today] = connection.execute(sa.select(sa.func.current_timestamp(type_=_moment))).scalars()
    now = max(_utc(today), _utc(counter["recorded_at"]))
    held = sa.select(_factors, _accounts.c.unit).where(
        _factors.c.register_id == register,
        _factors.c.kind == "passkey",
        _factors.c.confirmed_at.is_not(None),
        _accounts.c.register_id == register,
        _accounts.c.id == _factors.c.account,
        _accounts.c.to_rev.is_(None),
    )
    seq, head, chains = counter["seq"], counter["head"], dict[str, tuple[int, str]]()
    for factor in connection.execute(held.order_by(_factors.c.account, _factors.c.id)).mappings().all():
        key = base64.urlsafe_b64decode(factor["secret"] + "=" * (-len(factor["secret"]) % 4))
        key_sha256 = hashlib.sha256(key).hexdigest()
        n, before = chains.get(factor["unit"], (0, GENESIS))
        seq += 1
        said = {"factor": factor["id"], "credential": factor["credential"], "key_sha256": key_sha256}
        happening = Happening("factor.known", factor["account"], details=said, unit=factor["unit"])
        event = Event(
            *(register, seq, counter["n"], now, "operator", happening, "", head),
            unit_seq=n + 1,
            unit_previous=before,
            format=_FORMAT,
        )
        _insert(connection, event)
        head = event.hash
        chains[factor["unit"]] = (n + 1, head)
        if connection.execute(sa.select(_keys.c.id).where(_keys.c.id == key_sha256)).first() is None:
            kept = {
                "id": key_sha256,
                "purpose": "passkey",
                "public": key.hex(),
                "valid_from": factor["confirmed_at"],
            }
            connection.execute(sa.insert(_keys).values(kept))
    if not chains:
        return
    rows = [{"register_id": register, "unit": unit, "n": n, "head": at} for unit, (n, at) in chains.items()]
    connection.execute(sa.insert(_chains), rows)
    connection.execute(
        sa.update(_counters).where(_counters.c.register_id == register).values(seq=seq, head=head, recorded_at=now)
    )


def _insert(connection: sa.Connection, event: Event) -> None:
    happening = event.happening
    connection.execute(
        sa.insert(_events).values(
            register_id=event.register,
            seq=event.seq,
            revision=event.revision,
            recorded_at=event.recorded_at,
            actor=event.actor,
            action=happening.action,
            target=happening.target,
            outcome=happening.outcome,
            details=details_text(happening),
            policy=event.policy,
            previous=event.previous,
            leaf=event.leaf,
            format=event.format,
            unit=happening.unit,
            unit_seq=event.unit_seq,
            unit_previous=event.unit_previous,
        )
    )


def downgrade() -> None:
    raise RuntimeError("there is no way back from this schema; restore a backup")
