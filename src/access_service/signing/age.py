"""Files encrypted with age (age-encryption.org/v1), as streams: what is written is never in the clear on a disk.

A passphrase closes (age's scrypt recipient) a small identity file, and the file is encrypted to that identity: so
`age -d -i identity.age data.age` opens it without this program, and nothing large is held in memory.
"""

import hashlib
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Thread
from typing import BinaryIO

import pyrage

from access_service.domain.backups import AGAIN, BackupError

OWN_FILE = 0o600
_SECRET = "AGE-SECRET-KEY-"  # noqa: S105 how every identity begins


@dataclass(frozen=True, slots=True)
class Identity:
    """What opens files, and the recipient to whom they are encrypted."""

    secret: str = field(repr=False)
    recipient: str


def new_identity() -> Identity:
    """A fresh pair."""
    made = pyrage.x25519.Identity.generate()
    return Identity(str(made), str(made.to_public()))


def check_recipient(text: str) -> str:
    """A recipient as age writes it; `BackupError` for anything else."""
    try:
        return str(pyrage.x25519.Recipient.from_str(text.strip()))
    except pyrage.RecipientError as error:
        raise BackupError(f"`{text.strip()[:20]}` is no recipient of age; one begins with `age1`") from error


def read_identities(text: str) -> tuple[Identity, ...]:
    """The identities in a file as `age-keygen` writes it; `BackupError` where there is none."""
    found = []
    for line in text.splitlines():
        if line.strip().startswith(_SECRET):
            try:
                identity = pyrage.x25519.Identity.from_str(line.strip())
            except pyrage.IdentityError as error:
                raise BackupError("the identity cannot be read; it is one line `AGE-SECRET-KEY-…`") from error
            found.append(Identity(str(identity), str(identity.to_public())))
    if not found:
        raise BackupError("the file holds no identity of age; it is one line `AGE-SECRET-KEY-…`")
    return tuple(found)


def close_with_passphrase(data: bytes, passphrase: str) -> bytes:
    """An age file of its own that the passphrase opens."""
    closed: bytes = pyrage.passphrase.encrypt(data, passphrase)
    return closed


def open_with_passphrase(data: bytes, passphrase: str) -> bytes:
    """What the passphrase closed; `BackupError` for another passphrase, or bytes that were changed."""
    try:
        opened: bytes = pyrage.passphrase.decrypt(data, passphrase)
    except (pyrage.DecryptError, OSError) as error:
        raise BackupError("the passphrase does not open this; give the one with which it was made") from error
    return opened


def encrypt(data: bytes, recipients: Sequence[str]) -> bytes:
    """A small age file."""
    closed: bytes = pyrage.encrypt(data, [pyrage.x25519.Recipient.from_str(r) for r in recipients])
    return closed


def has_passphrase(data: bytes) -> bool:
    """Is it an age file that a passphrase opens? Its second line says so."""
    return data[:64].partition(b"\n")[2].startswith(b"-> scrypt ")


def decrypt(data: bytes, identities: Sequence[Identity], name: str) -> bytes:
    """A small age file opened; `BackupError` as `reading`."""
    with _said_plainly(name):
        opened: bytes = pyrage.decrypt(data, [pyrage.x25519.Identity.from_str(i.secret) for i in identities])
    return opened


class Hashed:
    """A file that is written, hashed and counted at once; keeps the error that age hides."""

    def __init__(self, file: BinaryIO) -> None:
        """`file` is where it goes."""
        self._file = file
        self._sha256 = hashlib.sha256()
        self.size = 0
        self.error: OSError | None = None

    def write(self, data: bytes) -> int:
        """Write bytes, hash and count them."""
        try:
            self._file.write(data)
        except OSError as error:
            self.error = error
            raise
        self._sha256.update(data)
        self.size += len(data)
        return len(data)

    def flush(self) -> None:
        """Flush the file."""
        self._file.flush()

    @property
    def sha256(self) -> str:
        """Of everything that was written, in hexadecimal digits."""
        return self._sha256.hexdigest()


@contextmanager
def writing(path: Path, recipients: Sequence[str]) -> Iterator[tuple[BinaryIO, Callable[[], Hashed]]]:
    """A new file of mode 0600 that encrypts what is written; it is on the disk when the block has ended.

    The second value tells size and hash of the encrypted file then. Whoever leaves the block by an error removes
    the file. Raises `OSError` where the disk is full.
    """
    keys = [pyrage.x25519.Recipient.from_str(r) for r in recipients]
    reading_end, writing_end = os.pipe()
    failed: list[BaseException] = []
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, OWN_FILE)
    with os.fdopen(descriptor, "wb") as file:
        hashed = Hashed(file)

        def close_all() -> None:
            with os.fdopen(reading_end, "rb") as source:
                try:
                    pyrage.encrypt_io(source, hashed, keys)
                except (pyrage.EncryptError, OSError) as error:
                    failed.append(hashed.error or error)

        thread = Thread(target=close_all, name="age")
        thread.start()
        sink = os.fdopen(writing_end, "wb")
        try:
            with suppress(BrokenPipeError):
                yield sink, lambda: hashed
        finally:
            with suppress(BrokenPipeError):
                sink.close()
            thread.join()
        if failed:
            raise failed[0]
        file.flush()
        os.fsync(file.fileno())


@contextmanager
def reading(path: Path, identities: Sequence[Identity]) -> Iterator[BinaryIO]:
    """An encrypted file, decrypted as it is read.

    Raises `BackupError` at the end of the block, in place of what the reader made of it, for a file that was cut
    short or changed, or encrypted for somebody else.
    """
    keys = [pyrage.x25519.Identity.from_str(i.secret) for i in identities]
    reading_end, writing_end = os.pipe()
    failed: list[BaseException] = []

    def open_all() -> None:
        with path.open("rb") as closed:
            sink = os.fdopen(writing_end, "wb")
            try:
                pyrage.decrypt_io(closed, sink, keys)
                sink.flush()
            except (pyrage.DecryptError, OSError) as error:
                failed.append(error)
            finally:
                with suppress(BrokenPipeError):
                    sink.close()

    thread = Thread(target=open_all, name="age")
    thread.start()
    source = os.fdopen(reading_end, "rb")
    try:
        yield source
    except Exception:
        # An error of ours ends the reading; what age found wrong is the cause of what the reader saw.
        source.close()
        thread.join()
        if failed and not isinstance(failed[0], BrokenPipeError) and "Broken pipe" not in str(failed[0]):
            with _said_plainly(f"`{path.name}`"):
                raise failed[0] from None
        raise
    finally:
        source.close()
        thread.join()
    if failed:
        with _said_plainly(f"`{path.name}`"):
            raise failed[0]


@contextmanager
def _said_plainly(name: str) -> Iterator[None]:
    try:
        yield
    except pyrage.DecryptError as error:
        if "No matching keys" in str(error):
            raise BackupError(
                f"{name} is encrypted for somebody else; give the identity that it was made for"
            ) from error
        raise BackupError(f"{name} was changed or cut short; {AGAIN}") from error
    except OSError as error:
        raise BackupError(f"{name} was changed or cut short; {AGAIN}") from error
