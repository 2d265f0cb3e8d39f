"""The service's own keys: opened, begun, rotated. The database knows the public half, or a mark, of each one.

A key is never made in silence where the database knows one: a folder that is empty, or another database's, would
leave papers sealed by two keys, second factors that nobody can open, and tokens that count nowhere. A database that
knows none may begin. Whoever lost a key says so: `access-service keys begin`.

A rotation is two steps between which it may be killed. The next key stands beside the one in use; one transaction
records that it counts from now on, closes with it what the one before had closed, and leaves an event in every
register; then its file takes the place of the other. Whoever opens the folder after a half of it goes on with the
second: the database alone says which of the two files counts.
"""

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

from access_service.domain.audit import Happening
from access_service.domain.errors import InvalidError, UnavailableError
from access_service.signing.keys import LOG_KEY, SEAL_KEY, SealKey
from access_service.signing.keys import load as load_seal
from access_service.signing.keys import write_new as write_seal
from access_service.signing.pages import PAGE_KEY
from access_service.signing.vault import FACTOR_KEY, FactorKey
from access_service.signing.vault import write_new as write_factors
from access_service.storage.db import Database
from access_service.storage.keys import (
    KeysConnection,
    StoredPublicKey,
    end_public_key,
    keep_public_key,
    public_key,
    public_keys,
)
from access_service.storage.second_factor import describe_secret, newest_closed, recloses
from access_service.usecases.services import Services

NEXT = ".next"
"""Ends the name of a key's file that waits for its place."""


class KeyKind(StrEnum):
    """What the service has keys for."""

    SEAL = "seal"
    FACTORS = "factors"
    PAGES = "pages"
    TOKENS = "tokens"
    LOG = "log"


class OwnKey(Protocol):
    """A key as the database knows it."""

    @property
    def id(self) -> str: ...  # noqa: D102
    @property
    def public_hex(self) -> str: ...  # noqa: D102


K = TypeVar("K", bound=OwnKey)


@dataclass(frozen=True, slots=True)
class Own(Generic[K]):
    """One kind of key in one file."""

    purpose: str
    """As the database calls it."""
    vi: str
    file: str
    load: Callable[[Path], K]
    write_new: Callable[[Path], None]
    """Make a key in a file that is not there yet."""
    check: Callable[[KeysConnection, K | None], None] = lambda _connection, _key: None
    """Raise `UnavailableError` where the database shows that there was another key, although it knows none."""
    pass_on: Callable[[KeysConnection, K, K], None] = lambda _connection, _old, _new: None
    """What was closed with the old key is closed with the new one."""


def _check_factors(connection: KeysConnection, key: FactorKey | None) -> None:
    """Databases from before keys of factors were recorded: what is closed there must open."""
    closed = newest_closed(connection)
    if closed is None:
        return
    if key is None:
        raise UnavailableError("second factors are kept with a key that is not there")
    key.open(closed.secret, describe_secret(closed.register, closed.account, closed.id))


def _pass_factors_on(connection: KeysConnection, old: FactorKey, new: FactorKey) -> None:
    recloses(connection, lambda secret, belongs_to: new.close(old.open(secret, belongs_to), belongs_to))


SEAL: Own[SealKey] = Own("seal", "khoá xác nhận", SEAL_KEY, load_seal, write_seal)
PAGES: Own[SealKey] = Own("page", "khoá phân trang", PAGE_KEY, load_seal, write_seal)
LOG: Own[SealKey] = Own("log", "khoá nhật ký", LOG_KEY, load_seal, write_seal)
FACTORS: Own[FactorKey] = Own(
    "factors",
    "khoá lớp xác thực thứ hai",
    FACTOR_KEY,
    FactorKey.of_file,
    write_factors,
    check=_check_factors,
    pass_on=_pass_factors_on,
)
OWN: dict[KeyKind, Own[Any]] = {
    KeyKind.SEAL: SEAL,
    KeyKind.FACTORS: FACTORS,
    KeyKind.PAGES: PAGES,
    KeyKind.LOG: LOG,
}


def open_key(db: Database, folder: Path, own: Own[K]) -> K:
    """The key that counts, from the folder of keys. Made, and recorded, only where the database knows none.

    Raises `UnavailableError` where the database knows one that the folder does not hold; for a file that others may
    read, or that holds something else.
    """
    with db.connect() as connection:
        counting = _counting(connection, own)
    if counting:
        key = _among(folder, own, counting, put_in_place=True)
        if key is None:
            raise refuse_missing(own.purpose, folder, counting)
        return key
    path = folder / own.file
    if not path.exists():
        with db.connect() as connection:
            own.check(connection, None)
        own.write_new(path)
    key = own.load(path)
    with db.aside() as connection:
        own.check(connection, key)
        keep_public_key(connection, StoredPublicKey(key.id, own.purpose, key.public_hex, db.now()))
    return key


def check_held(db: Database, folder: Path, own: Own[K]) -> None:
    """Raise `UnavailableError` unless the folder holds the key that the database says counts, if it knows one."""
    with db.connect() as connection:
        counting = _counting(connection, own)
    if counting and _among(folder, own, counting, put_in_place=False) is None:
        raise refuse_missing(own.purpose, folder, counting)


def refuse_missing(purpose: str, folder: Path, counting: frozenset[str]) -> UnavailableError:
    """The refusal that names the key and the folder, and says what to do."""
    kind = {"seal": "seal", "factors": "factors", "page": "pages", "token": "tokens", "log": "log"}[purpose]
    return UnavailableError(
        f"the database knows the {purpose} key `{min(counting)}`, and the folder of keys `{folder}` does not hold "
        f"it: set ACCESS_SERVICE_KEYS_DIR, or put the key back; if it is lost, `access-service keys begin {kind}`"
    )


def _counting(connection: KeysConnection, own: Own[K]) -> frozenset[str]:
    return frozenset(key.id for key in public_keys(connection, own.purpose) if key.valid_to is None)


def _among(folder: Path, own: Own[K], counting: frozenset[str], *, put_in_place: bool) -> K | None:
    """The key of the folder that the database says counts: the one in its place, or the one that waits for it."""
    path, waiting = folder / own.file, _next(folder, own)
    for _ in range(3):
        for candidate in (path, waiting):
            try:
                key = own.load(candidate) if candidate.exists() else None
            except FileNotFoundError:
                # Another process has just put it in place.
                continue
            if key is not None and key.id in counting:
                if candidate == waiting and put_in_place:
                    put(waiting, path)
                return key
    return None


def _next(folder: Path, own: Own[K]) -> Path:
    return folder / f"{own.file}{NEXT}"


def put(waiting: Path, path: Path) -> None:
    """Put the next key's file in its place: the second step of a rotation; another process may have been faster."""
    try:
        waiting.replace(path)
    except FileNotFoundError:
        return
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def begin_key(db: Database, folder: Path, own: Own[K], kind: KeyKind) -> K:
    """Begin anew where the key that counts is lost: what is in the folder counts from now on, or a new one.

    Raises `InvalidError` where nothing is lost. What a lost key sealed still verifies; second factors that it
    closed cannot be opened again, and their holders set them anew by a recovery.
    """
    with hold_keys(folder):
        with db.connect() as connection:
            counting = _counting(connection, own)
        if counting and _among(folder, own, counting, put_in_place=True) is not None:
            raise InvalidError(f"the folder holds the {own.purpose} key that counts: nothing begins anew")
        path, waiting = folder / own.file, _next(folder, own)
        with db.connect() as connection:
            # A key of another folder's past may be taken over, one that was ended here may not.
            is_free = path.exists() and public_key(connection, own.load(path).id) is None
        if is_free:
            waiting = path
        else:
            waiting.unlink(missing_ok=True)
            own.write_new(waiting)
        key = own.load(waiting)
        _record(db, own, key, before=counting, happening="key.begin", kind=kind)
        put(waiting, path)
    return key


def rotate_key(db: Database, folder: Path, own: Own[K], kind: KeyKind) -> K:
    """A new key counts from now on. Running servers take it with their next signature, or sign-in."""
    with hold_keys(folder):
        before = open_key(db, folder, own)
        waiting = _next(folder, own)
        # Left by a rotation that was killed before it was recorded: it counts nowhere.
        waiting.unlink(missing_ok=True)
        own.write_new(waiting)
        key = own.load(waiting)
        _record(
            *(db, own, key),
            before=frozenset({before.id}),
            happening="key.rotate",
            kind=kind,
            also=lambda connection: own.pass_on(connection, before, key),
        )
        put(waiting, folder / own.file)
    return key


def _record(
    db: Database,
    own: Own[K],
    key: K,
    *,
    before: frozenset[str],
    happening: str,
    kind: KeyKind,
    also: Callable[[KeysConnection], None] = lambda _: None,
) -> None:
    told = Happening(happening, key.id, details={"kind": str(kind), "before": [*sorted(before)]})
    with db.note_everywhere("operator", told) as (connection, now):
        for id_ in sorted(before - {key.id}):
            end_public_key(connection, id_, now)
        keep_public_key(connection, StoredPublicKey(key.id, own.purpose, key.public_hex, now))
        also(connection)


@contextmanager
def hold_keys(folder: Path) -> Iterator[None]:
    """One process at a time changes the keys of a folder."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def sealing(services: Services, connection: KeysConnection) -> SealKey:
    """The key that seals now: asked under the register's lock, since it may have been rotated while we run."""
    return _still(services, connection, SEAL, services.seal)


def closing(services: Services, connection: KeysConnection) -> FactorKey:
    """The key that closes secrets now, likewise."""
    if services.factors is None:
        raise UnavailableError("this process has no key for second factors")
    return _still(services, connection, FACTORS, services.factors)


def _still(services: Services, connection: KeysConnection, own: Own[K], key: K) -> K:
    known = public_key(connection, key.id)
    if known is None or known.valid_to is None:
        return key
    newer = None
    if services.keys_dir is not None:
        newer = _among(services.keys_dir, own, _counting(connection, own), put_in_place=False)
    if newer is None:
        raise UnavailableError(f"the {own.purpose} key was rotated, and the new one is not in the folder of keys")
    return newer


def open_secret(services: Services, secret: str, belongs_to: str) -> str:
    """A secret of a second factor; where the key was rotated while we run, with the new one."""
    if services.factors is None:
        raise UnavailableError("this process has no key for second factors")
    try:
        return services.factors.open(secret, belongs_to)
    except UnavailableError:
        if services.keys_dir is None:
            raise
    for path in (services.keys_dir / FACTOR_KEY, _next(services.keys_dir, FACTORS)):
        try:
            return FactorKey.of_file(path).open(secret, belongs_to)
        except (UnavailableError, OSError):
            continue
    raise UnavailableError(f"the key file `{FACTOR_KEY}` is not the one that second factors were kept with")
