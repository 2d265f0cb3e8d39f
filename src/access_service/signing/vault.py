"""The key under which secrets of second factors are kept: whoever copies the database cannot make codes with it.

AES-256-GCM (NIST SP 800-38D) with a random nonce of 96 bits; what the secret belongs to is bound in, so that one
account's secret does not open under another's name. The key is a file of mode 0600 outside the database.
"""

import base64
import binascii
import os
import secrets
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from access_service.domain.errors import UnavailableError

FACTOR_KEY = "factors.key"
"""File of the key in the folder of keys. Nodes that serve one register share it."""
_BITS = 256
_NONCE = 12


@dataclass(frozen=True, slots=True)
class FactorKey:
    """Closes and opens secrets."""

    _cipher: AESGCM = field(repr=False)

    @classmethod
    def load(cls, folder: Path) -> "FactorKey":
        """The key in a folder of keys, made with mode 0600 when there is none.

        Raises `UnavailableError` for a file that others may read, or that holds something else.
        """
        path = folder / FACTOR_KEY
        if not path.exists():
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            _write_once(path, base64.b64encode(AESGCM.generate_key(_BITS)) + b"\n")
        if path.stat().st_mode & 0o077:
            raise UnavailableError(f"the key file `{path.name}` can be read by others; set its mode to 0600")
        try:
            return cls(AESGCM(base64.b64decode(path.read_bytes().strip(), validate=True)))
        except (binascii.Error, ValueError) as error:
            raise UnavailableError(f"the key file `{path.name}` cannot be read") from error

    def close(self, secret: str, about: str) -> str:
        """The secret as the database keeps it; `about` names what it belongs to."""
        nonce = secrets.token_bytes(_NONCE)
        closed = nonce + self._cipher.encrypt(nonce, secret.encode(), about.encode())
        return base64.urlsafe_b64encode(closed).decode("ascii")

    def open(self, closed: str, about: str) -> str:
        """The secret again; `UnavailableError` where it was closed with another key or about something else."""
        try:
            raw = base64.urlsafe_b64decode(closed)
            return self._cipher.decrypt(raw[:_NONCE], raw[_NONCE:], about.encode()).decode()
        except (InvalidTag, ValueError) as error:
            raise UnavailableError(
                f"the key file `{FACTOR_KEY}` is not the one that second factors were kept with"
            ) from error


def _write_once(path: Path, content: bytes) -> None:
    """Write a new file that only its owner reads, whole or not at all; another node may have been faster."""
    beside = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
    try:
        os.link(beside, path)
    except FileExistsError:
        pass
    finally:
        beside.unlink()
