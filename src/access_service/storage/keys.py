"""Public halves of the service's keys, kept for ever with the interval in which each signed."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select

from access_service.storage.codec import utc
from access_service.storage.tables import PublicKeyRow, insert_once, table

_keys = table(PublicKeyRow)


@dataclass(frozen=True, slots=True)
class PublicKey:
    """One public key: Ed25519, 32 bytes as hexadecimal digits."""

    id: str
    purpose: str
    public_hex: str
    valid_from: datetime
    valid_to: datetime | None = None


def public_key(connection: Connection, id_: str) -> PublicKey | None:
    """The key with this id, retired or not; None when this database never knew it."""
    row = connection.execute(select(_keys).where(_keys.c.id == id_)).mappings().first()
    if row is None:
        return None
    end = row["valid_to"]
    return PublicKey(
        row["id"], row["purpose"], row["public"], utc(row["valid_from"]), None if end is None else utc(end)
    )


def keep_public_key(connection: Connection, key: PublicKey) -> None:
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
