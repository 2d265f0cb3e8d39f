"""`keys list`, `keys rotate`, `keys begin`, `keys pdf-seal`."""

from pathlib import Path

import typer

from access_service.cli.errors import UsageError
from access_service.cli.opening import open_database, say_json, settings_for
from access_service.domain.errors import InvalidError
from access_service.domain.time import local
from access_service.rendering.sheets import instant_text
from access_service.settings import Settings
from access_service.signing.keyring import Keyring
from access_service.signing.pdf_seal import (
    has_seal_key,
    make_seal_key,
    read_pdf_seal,
    request_certificate,
    sign_itself,
    take_chain,
)
from access_service.storage.db import Database
from access_service.usecases.keys import OWN, KeyKind, begin_key, rotate_key
from access_service.usecases.services import system_clock
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


def run_pdf_seal(
    *,
    self_signed: str | None,
    request: str | None,
    chain: Path | None,
    database: str | None,
    as_json: bool,
) -> None:
    """Make the key that seals papers, ask for its certificate, keep it, or say which one seals."""
    folder = settings_for(database).keys_dir
    if sum(one is not None for one in (self_signed, request, chain)) > 1:
        raise UsageError("give one of --self-signed, --csr and --import")
    if (self_signed or request) and not has_seal_key(folder):
        make_seal_key(folder)
    if request is not None:
        typer.echo(request_certificate(folder, request).decode(), nl=False)
        return
    if self_signed is not None:
        if read_pdf_seal(folder) is not None:
            raise InvalidError("the folder of keys has a seal already; move its two files away to begin anew")
        sign_itself(folder, self_signed, system_clock())
    if chain is not None:
        if not has_seal_key(folder):
            raise InvalidError("the folder of keys has no `pdf-seal.key`; begin with --csr")
        take_chain(folder, chain.read_bytes())
    seal = read_pdf_seal(folder)
    if as_json:
        said = (
            None
            if seal is None
            else {"id": seal.id, "subject": seal.subject, "until": local(seal.not_after).isoformat()}
        )
        say_json({"pdf_seal": said})
    elif seal is None:
        typer.echo("Chưa có niêm phong / no seal: signed papers are given out as they are")
    else:
        typer.echo(f"{seal.id}  {seal.subject}  until {instant_text(seal.not_after)}")


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
