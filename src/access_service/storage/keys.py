"""Public halves of the service's keys, kept for ever with the interval in which each signed."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, RowMapping, or_, select, update

from access_service.storage.codec import utc
from access_service.storage.tables import PublicKeyRow, insert_once, table

_keys = table(PublicKeyRow)

PASSKEY_KEYS = "passkey"
"""Purpose of the public halves of passkeys: people's keys, not the service's."""

KeysConnection = Connection
"""A connection that a use case hands on, and asks nothing itself."""


@dataclass(frozen=True, slots=True)
class StoredPublicKey:
    """One public key."""

    id: str
    purpose: str
    """`seal`, `log`, `token`, `page`, `factors` or `passkey`."""
    public_hex: str
    """Hexadecimal digits: of a seal's, log's or page's key the 32 bytes of Ed25519, of a token's its DER
    SubjectPublicKeyInfo, of the secret key of second factors a mark, its SHA-256, of a passkey its COSE key; that
    one's id is the SHA-256 of it."""
    valid_from: datetime
    valid_to: datetime | None = None


def public_key(connection: Connection, id_: str) -> StoredPublicKey | None:
    """The key with this id, retired or not; None when this database never knew it."""
    row = connection.execute(select(_keys).where(_keys.c.id == id_)).mappings().first()
    return None if row is None else _key(row)


def public_keys(connection: Connection, purpose: str) -> tuple[StoredPublicKey, ...]:
    """Every key of a purpose that this database ever knew, the oldest first."""
    rows = connection.execute(
        select(_keys).where(_keys.c.purpose == purpose).order_by(_keys.c.valid_from, _keys.c.id)
    )
    return tuple(_key(row) for row in rows.mappings())


def _key(row: RowMapping) -> StoredPublicKey:
    end = row["valid_to"]
    return StoredPublicKey(
        row["id"], row["purpose"], row["public"], utc(row["valid_from"]), None if end is None else utc(end)
    )


def keep_public_key(connection: Connection, key: StoredPublicKey) -> None:
    """Store a key; one that is known already stays as it stands."""
    insert_once(
        connection,
        _keys,
        {
            "id": key.id,
            "purpose": key.purpose,
            "public": key.public_hex,
            "valid_from": key.valid_from,
            "valid_to": key.valid_to,
        },
    )


def keep_interval(connection: Connection, key: StoredPublicKey) -> None:
    """Store a key, and where it has an end that was not known before, the end."""
    keep_public_key(connection, key)
    if key.valid_to is not None:
        end_public_key(connection, key.id, key.valid_to)


def end_public_key(connection: Connection, id_: str, valid_to: datetime) -> None:
    """The key signs nothing from `valid_to` on. An end that was recorded may only be brought forward."""
    connection.execute(
        update(_keys)
        .where(_keys.c.id == id_, or_(_keys.c.valid_to.is_(None), _keys.c.valid_to > valid_to))
        .values(valid_to=valid_to)
    )
