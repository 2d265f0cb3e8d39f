"""Token keys as the operator sees them: opened, listed, rotated; public halves kept in the database for ever.

The folder says what signs and counts now; the database says, of any instant in the past, which key signed then.
"""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from access_service.signing.keyring import TOKEN_KEYS, Keyring, KeyState, Standing
from access_service.storage.db import Database
from access_service.storage.keys import PublicKey, end_public_key, keep_interval, public_keys


@dataclass(frozen=True, slots=True)
class ListedKey:
    """One key that this database ever knew."""

    id: str
    purpose: str
    """`seal` or `token`."""
    algorithm: str
    state: KeyState
    signs_from: datetime
    signs_until: datetime | None
    counts_until: datetime | None
    """Until when what it signed is accepted; None for ever (seals) or while nothing ends it."""


def open_keyring(db: Database, keys_dir: Path, *, algorithm: str, overlap_s: int) -> Keyring:
    """The token keys in a folder of keys, the first one made when there is none; their public halves are kept.

    Raises `UnavailableError` for a folder or file that is not as it must be (`signing.keyring`).
    """
    now = db.now()
    keyring = Keyring(keys_dir / TOKEN_KEYS, algorithm=algorithm, overlap_s=overlap_s, now=now)
    with db.engine.begin() as connection:
        for standing in keyring.standings(now):
            keep_interval(connection, _public(standing))
    return keyring


def rotate_keys(db: Database, keyring: Keyring, *, at_once: bool = False) -> Standing:
    """Make the next token key unless one waits already (`Keyring.rotate`), and record when each one signs."""
    now = db.now()
    with db.engine.begin() as connection:
        before = keyring.standings(now)
        made = keyring.rotate(now, at_once=at_once)
        after = keyring.standings(now)
        for standing in (*before, *after):
            keep_interval(connection, _public(standing))
        left = {standing.key.kid for standing in after}
        for standing in before:
            if standing.key.kid not in left:
                # A key that never came to sign has an empty interval.
                end_public_key(connection, standing.key.kid, max(standing.key.signs_from, now))
    return made


def _public(standing: Standing) -> PublicKey:
    key = standing.key
    return PublicKey(key.kid, "token", key.public_hex, key.signs_from, standing.signs_until)


def list_keys(db: Database, keyring: Keyring) -> tuple[ListedKey, ...]:
    """The seal keys and the token keys, those retired long ago too, each kind with the oldest first."""
    now = db.now()
    with db.engine.connect() as connection:
        seals, tokens = public_keys(connection, "seal"), public_keys(connection, "token")
    found = [
        ListedKey(key.id, key.purpose, "Ed25519", _state(key, now), key.valid_from, key.valid_to, None)
        for key in seals
    ]
    standing = {s.key.kid: s for s in keyring.standings(now)}
    for key in tokens:
        s = standing.get(key.id)
        if s is None:
            algorithm = "EdDSA" if key.public_hex.startswith(_ED25519_SPKI) else "ES256"
            found.append(
                ListedKey(key.id, "token", algorithm, KeyState.RETIRED, key.valid_from, key.valid_to, key.valid_to)
            )
        else:
            found.append(
                ListedKey(
                    *(key.id, "token", s.key.algorithm, s.state),
                    *(s.key.signs_from, s.signs_until, s.counts_until),
                )
            )
    return tuple(found)


_ED25519_SPKI = "302a300506032b6570"
"""How the DER of an Ed25519 public key begins (RFC 8410 section 4)."""


def _state(key: PublicKey, now: datetime) -> KeyState:
    return KeyState.CURRENT if key.valid_to is None or now < key.valid_to else KeyState.RETIRED
