"""The service's keys: Ed25519 (RFC 8032), each a file of mode 0600 outside the database.

The public half of the seal key is stored in the database for ever, with the interval in which it signed.
"""

import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from access_service.domain.errors import AccessServiceError, UnavailableError
from access_service.signing.canonical import sha256_hex

SEAL_KEY = "seal.key"
"""File of the seal key in the folder of keys."""
LOG_KEY = "log.key"
"""File of the key that signs checkpoints of the log."""


class BadSignatureError(AccessServiceError):
    """A confirmation that is not this key's over these bytes."""


@dataclass(frozen=True, slots=True)
class SealKey:
    """Signs confirmations. `id` is the first 16 hexadecimal digits of the SHA-256 of the public key."""

    id: str
    public_hex: str
    _private: Ed25519PrivateKey

    def sign(self, data: bytes) -> str:
        """The signature (hex) over `data`."""
        return self._private.sign(data).hex()


def _from_private(private: Ed25519PrivateKey) -> SealKey:
    public = private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    return SealKey(id=sha256_hex(public)[:16], public_hex=public.hex(), _private=private)


def temporary() -> SealKey:
    """A key that no file keeps: what it signs means nothing once this process has ended."""
    return _from_private(Ed25519PrivateKey.generate())


def load_or_create(path: Path) -> SealKey:
    """The seal key in `path`, made with mode 0600 when there is none.

    Raises `UnavailableError` for a file that others may read, or that holds something else.
    """
    if not path.exists():
        write_new(path)
    return load(path)


def write_new(path: Path) -> None:
    """Make a key in a file that is not there yet."""
    pem = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    write_once(path, pem)


def write_once(path: Path, content: bytes) -> None:
    """Write a new file that only its owner reads, whole or not at all; another node may have been faster."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    beside = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.link(beside, path)
    except FileExistsError:
        pass
    finally:
        beside.unlink()


def check_private(path: Path) -> None:
    """Raise `UnavailableError` for a file of a key that others may read."""
    if path.stat().st_mode & 0o077:
        raise UnavailableError(f"the key file `{path.name}` can be read by others; set its mode to 0600")


def load(path: Path) -> SealKey:
    """The key in a file. Raises `UnavailableError` for one that others may read, or that holds something else."""
    check_private(path)
    try:
        key = load_pem_private_key(path.read_bytes(), password=None)
    except ValueError as error:
        raise UnavailableError(f"the key file `{path.name}` cannot be read") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise UnavailableError(f"the key file `{path.name}` holds no Ed25519 key")
    return _from_private(key)


def verify(public_hex: str, signature_hex: str, data: bytes) -> None:
    """Return if the signature is the key's over `data`, else raise `BadSignatureError`."""
    try:
        Ed25519PublicKey.from_public_bytes(bytes.fromhex(public_hex)).verify(bytes.fromhex(signature_hex), data)
    except (InvalidSignature, ValueError) as error:
        raise BadSignatureError("the confirmation does not verify") from error
