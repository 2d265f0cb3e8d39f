"""`keys list`, `keys rotate`."""

import typer

from access_service.cli.opening import opened, say_json, settings_for
from access_service.domain.time import local
from access_service.settings import Settings
from access_service.signing.keyring import Keyring
from access_service.storage.db import Database
from access_service.usecases.keys import ListedKey, list_keys, open_keyring, rotate_keys
from access_service.usecases.sheets import instant_text


def run_keys_list(*, database: str | None, as_json: bool) -> None:
    """Every key, one a line: id, what for, algorithm, state, when it signs."""
    settings = settings_for(database)
    with opened(settings) as db:
        keys = list_keys(db, _keyring(db, settings))
    if as_json:
        say_json([_json(key) for key in keys])
        return
    for key in keys:
        until = f" – {instant_text(key.signs_until)}" if key.signs_until else ""
        typer.echo(f"{key.id}  {key.purpose}  {key.algorithm}  {key.state}  {instant_text(key.signs_from)}{until}")


def run_keys_rotate(*, at_once: bool, database: str | None, as_json: bool) -> None:
    """Make the next token key, unless one waits already, and say when it signs."""
    settings = settings_for(database)
    with opened(settings) as db:
        keyring = _keyring(db, settings)
        made = rotate_keys(db, keyring, at_once=at_once)
        key = next(key for key in list_keys(db, keyring) if key.id == made.key.kid)
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
