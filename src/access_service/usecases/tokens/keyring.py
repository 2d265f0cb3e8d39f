"""Keys as the operator sees them: opened, listed, rotated; public halves kept in the database for ever.

The folder says what signs and counts now; the database says, of any instant in the past, which key signed then.
"""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from access_service.domain.audit import Happening
from access_service.domain.errors import InvalidError, UnavailableError
from access_service.signing.keyring import TOKEN_KEYS, Keyring, KeyStanding, KeyState
from access_service.storage.db import Database
from access_service.storage.keys import KeysConnection, StoredPublicKey, end_public_key, keep_interval, public_keys
from access_service.usecases.keys import hold_keys, refuse_missing


@dataclass(frozen=True, slots=True)
class ListedKey:
    """One key that this database ever knew."""

    id: str
    purpose: str
    """`seal`, `log`, `factors`, `page` or `token`."""
    algorithm: str
    state: KeyState
    signs_from: datetime
    signs_until: datetime | None
    counts_until: datetime | None
    """Until when what it signed is accepted; None for ever (seals) or while nothing ends it."""


def open_keyring(db: Database, keys_dir: Path, *, algorithm: str, overlap_s: int) -> Keyring:
    """The token keys in a folder of keys; their public halves are kept.

    The first one is made when there is none and the database knows none. Raises `UnavailableError` for a folder or
    file that is not as it must be (`signing.keyring`), or that holds none of the keys that the database knows.
    """
    now = db.now()
    check_tokens_held(db, keys_dir)
    keyring = Keyring(keys_dir / TOKEN_KEYS, algorithm=algorithm, overlap_s=overlap_s, now=now)
    with db.engine.begin() as connection:
        for standing in keyring.standings(now):
            keep_interval(connection, _public(standing))
    return keyring


def check_tokens_held(db: Database, keys_dir: Path) -> None:
    """Raise `UnavailableError` where the database knows token keys and the folder holds none of them."""
    with db.connect() as connection:
        counting = unended_tokens(connection)
    if counting and not any((keys_dir / TOKEN_KEYS / f"{id_}.pem").exists() for id_ in counting):
        raise refuse_missing("token", keys_dir, counting)


def unended_tokens(connection: KeysConnection) -> frozenset[str]:
    """The ids of the token keys that nothing has followed yet."""
    return frozenset(key.id for key in public_keys(connection, "token") if key.valid_to is None)


def begin_keyring(db: Database, keys_dir: Path, *, algorithm: str, overlap_s: int) -> Keyring:
    """Begin anew where every token key is lost: what is in the folder counts from now on, or a new one.

    No token that was issued before counts. Raises `InvalidError` where nothing is lost.
    """
    with hold_keys(keys_dir):
        try:
            open_keyring(db, keys_dir, algorithm=algorithm, overlap_s=overlap_s)
        except UnavailableError:
            now = db.now()
            keyring = Keyring(keys_dir / TOKEN_KEYS, algorithm=algorithm, overlap_s=overlap_s, now=now)
        else:
            raise InvalidError("the folder holds the token keys that count: nothing begins anew")
        standings = keyring.standings(now)
        ids = {standing.key.kid for standing in standings}
        with db.connect() as connection:
            lost = unended_tokens(connection) - ids
        told = Happening("key.begin", standings[-1].key.kid, details={"kind": "tokens", "before": [*sorted(lost)]})
        with db.note_everywhere("operator", told) as (connection, _):
            for id_ in sorted(lost):
                end_public_key(connection, id_, now)
            for standing in standings:
                keep_interval(connection, _public(standing))
    return keyring


def rotate_keys(db: Database, keyring: Keyring, *, at_once: bool = False) -> KeyStanding:
    """Make the next token key unless one waits already (`Keyring.rotate`), and record when each one signs."""
    now = db.now()
    before = keyring.standings(now)
    made = keyring.rotate(now, at_once=at_once)
    told = Happening("key.rotate", made.key.kid, details={"kind": "tokens", "at_once": at_once})
    with db.note_everywhere("operator", told) as (connection, _):
        after = keyring.standings(now)
        for standing in (*before, *after):
            keep_interval(connection, _public(standing))
        left = {standing.key.kid for standing in after}
        for standing in before:
            if standing.key.kid not in left:
                # A key that never came to sign has an empty interval.
                end_public_key(connection, standing.key.kid, max(standing.key.signs_from, now))
    return made


def _public(standing: KeyStanding) -> StoredPublicKey:
    key = standing.key
    return StoredPublicKey(key.kid, "token", key.public_hex, key.signs_from, standing.signs_until)


def list_keys(db: Database, keyring: Keyring | None) -> tuple[ListedKey, ...]:
    """Every key of each kind, those retired long ago too, the oldest first; token keys last."""
    now = db.now()
    with db.engine.connect() as connection:
        own = [key for purpose in ("seal", "log", "factors", "page") for key in public_keys(connection, purpose)]
        tokens = public_keys(connection, "token")
    found = [
        ListedKey(key.id, key.purpose, _algorithm(key), _state(key, now), key.valid_from, key.valid_to, None)
        for key in own
    ]
    standing = {s.key.kid: s for s in (keyring.standings(now) if keyring is not None else ())}
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


def _algorithm(key: StoredPublicKey) -> str:
    return "AES-256-GCM" if key.purpose == "factors" else "Ed25519"


def _state(key: StoredPublicKey, now: datetime) -> KeyState:
    return KeyState.CURRENT if key.valid_to is None or now < key.valid_to else KeyState.RETIRED
