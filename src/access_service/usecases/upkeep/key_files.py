"""The folder of keys in one file, and back: small, encrypted as a whole, kept apart from the data."""

import base64
import errno
import json
import os
import secrets
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from access_service.domain.backups import FORMAT, BackupError, no_space
from access_service.signing.keyring import TOKEN_KEYS
from access_service.signing.pdf_seal import PDF_SEAL_FILES
from access_service.usecases.keys import NEXT, OWN, hold_keys

LARGEST = 1 << 20
"""Bytes of all files: keys are small."""


def keys_as_bytes(folder: Path, fix: Callable[[], object]) -> bytes:
    """Every key of the folder. `fix` is called while nobody rotates one, so that a snapshot fits them."""
    if not folder.is_dir():
        raise BackupError(f"there is no folder of keys `{folder}`; set ACCESS_SERVICE_KEYS_DIR")
    with hold_keys(folder):
        fix()
        files = {
            path.relative_to(folder).as_posix(): base64.b64encode(path.read_bytes()).decode("ascii")
            for path in _key_files(folder)
        }
    if not files:
        raise BackupError(f"the folder of keys `{folder}` holds no key; set ACCESS_SERVICE_KEYS_DIR")
    return json.dumps({"format": FORMAT, "keys": files}).encode()


def _key_files(folder: Path) -> Iterator[Path]:
    for own in OWN.values():
        for name in (own.file, f"{own.file}{NEXT}"):
            if (folder / name).is_file():
                yield folder / name
    for name in PDF_SEAL_FILES:
        if (folder / name).is_file():
            yield folder / name
    yield from sorted((folder / TOKEN_KEYS).glob("[!.]*.pem"))


@contextmanager
def keys_beside(folder: Path, content: bytes) -> Iterator[tuple[Path, Callable[[], None]]]:
    """The keys in a new folder beside `folder`, and what puts it in its place.

    Raises `BackupError` for what is no file of keys, and where `folder` holds something already.
    """
    files = _read(content)
    if folder.exists() and any(folder.iterdir()):
        raise BackupError(
            f"the folder of keys `{folder}` is not empty; name a new one with ACCESS_SERVICE_KEYS_DIR"
        )
    folder.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    beside = folder.with_name(f".{folder.name}.{secrets.token_hex(8)}")

    placed: list[Path] = []

    def put() -> None:
        # Over an empty folder, or none.
        beside.rename(folder)
        placed.append(folder)
        sync_folder(folder.parent)

    try:
        with saying_where(folder):
            (beside / TOKEN_KEYS).mkdir(parents=True, mode=0o700)
            beside.chmod(0o700)
            for name, data in files.items():
                put_file(beside / name, data)
        yield beside, put
    except BaseException:
        for path in placed:
            # What they belong to was not restored after all.
            path.rename(beside)
        raise
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def _read(content: bytes) -> dict[str, bytes]:
    try:
        said = json.loads(content)
        version, files = said["format"], said["keys"]
        found = {str(name): base64.b64decode(text, validate=True) for name, text in files.items()}
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise BackupError("that is no file of keys; give the one that `backup --keys` wrote") from error
    if version != FORMAT:
        raise BackupError(f"the keys have format {version} and this version reads {FORMAT}")
    names = {name for own in OWN.values() for name in (own.file, f"{own.file}{NEXT}")} | set(PDF_SEAL_FILES)
    for name in found:
        folder, _, file = name.rpartition("/")
        if name not in names and not (folder == TOKEN_KEYS and file.endswith(".pem") and file[0] not in "./"):
            raise BackupError("that is no file of keys; give the one that `backup --keys` wrote")
    return found


@contextmanager
def saying_where(place: Path) -> Iterator[None]:
    """A disk that is full, or a quota, is told with the place for which there was no space."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            raise no_space(place) from error
        raise


def put_file(path: Path, data: bytes) -> None:
    """A new file of mode 0600, on the disk when this returns."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        path.unlink()
        raise


def sync_folder(folder: Path) -> None:
    """What was named in it is on the disk."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
