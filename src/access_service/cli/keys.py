"""`keys list`, `keys rotate`, `keys begin`."""

import typer

from access_service.cli.errors import UsageError
from access_service.cli.opening import open_database, say_json, settings_for
from access_service.domain.time import local
from access_service.rendering.sheets import instant_text
from access_service.settings import Settings
from access_service.signing.keyring import Keyring
from access_service.storage.db import Database
from access_service.usecases.keys import OWN, KeyKind, begin_key, rotate_key
from access_service.usecases.tokens.keyring import ListedKey, begin_keyring, list_keys, open_keyring, rotate_keys


def run_keys_list(*, database: str | None, as_json: bool) -> None:
    """Every key, one a line: id, what for, algorithm, state, when it signs."""
    settings = settings_for(database)
    with open_database(settings) as db:
        keys = list_keys(db, _keyring(db, settings))
    if as_json:
        say_json([_json(key) for key in keys])
        return
    for key in keys:
        until = f" – {instant_text(key.signs_until)}" if key.signs_until else ""
        typer.echo(f"{key.id}  {key.purpose}  {key.algorithm}  {key.state}  {instant_text(key.signs_from)}{until}")


def run_keys_rotate(kind: str, *, at_once: bool, database: str | None, as_json: bool) -> None:
    """Make the next key of a kind and say when it signs; of tokens only where none waits already."""
    found = _kind(kind)
    if at_once and found is not KeyKind.TOKENS:
        raise UsageError("--now is for token keys; the others are in use at once")
    settings = settings_for(database)
    with open_database(settings) as db:
        keyring = _keyring(db, settings)
        if found is KeyKind.TOKENS:
            id_ = rotate_keys(db, keyring, at_once=at_once).key.kid
        else:
            id_ = rotate_key(db, settings.keys_dir, OWN[found], found).id
        key = next(key for key in list_keys(db, keyring) if key.id == id_)
    _say(key, as_json=as_json)


def run_keys_begin(kind: str, *, database: str | None, as_json: bool) -> None:
    """Begin anew with a key that was lost, and say which."""
    found = _kind(kind)
    settings = settings_for(database)
    with open_database(settings) as db:
        keyring = None
        if found is KeyKind.TOKENS:
            keyring = begin_keyring(
                *(db, settings.keys_dir),
                algorithm=settings.token_algorithm,
                overlap_s=settings.key_overlap_seconds,
            )
            id_ = keyring.signing_key(db.now()).kid
        else:
            id_ = begin_key(db, settings.keys_dir, OWN[found], found).id
        key = next(key for key in list_keys(db, keyring) if key.id == id_)
    _say(key, as_json=as_json)


def _kind(text: str) -> KeyKind:
    try:
        return KeyKind(text)
    except ValueError:
        raise UsageError(f"no kind of key `{text[:40]}`; there are {', '.join(KeyKind)}") from None


def _say(key: ListedKey, *, as_json: bool) -> None:
    if as_json:
        say_json(_json(key))
    else:
        typer.echo(f"{key.id}  {key.algorithm}  {key.state}  signs from {instant_text(key.signs_from)}")


def _keyring(db: Database, settings: Settings) -> Keyring:
    return open_keyring(
        db, settings.keys_dir, algorithm=settings.token_algorithm, overlap_s=settings.key_overlap_seconds
    )


def _json(key: ListedKey) -> dict[str, str | None]:
    return {
        "id": key.id,
        "purpose": key.purpose,
        "algorithm": key.algorithm,
        "state": key.state,
        "signs_from": local(key.signs_from).isoformat(),
        "signs_until": None if key.signs_until is None else local(key.signs_until).isoformat(),
        "counts_until": None if key.counts_until is None else local(key.counts_until).isoformat(),
    }
