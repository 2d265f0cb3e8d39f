"""The key under which secrets of second factors are kept: whoever copies the database cannot make codes with it.

AES-256-GCM (NIST SP 800-38D) with a random nonce of 96 bits; what the secret belongs to is bound in, so that one
account's secret does not open under another's name. The key is a file of mode 0600 outside the database.
"""

import base64
import binascii
import secrets
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from access_service.domain.errors import UnavailableError
from access_service.signing.canonical import sha256_hex
from access_service.signing.keys import write_once

FACTOR_KEY = "factors.key"
"""File of the key in the folder of keys. Nodes that serve one register share it."""
_BITS = 256
_NONCE = 12
_MARKED_AS = b"access-service key of second factors\x00"


@dataclass(frozen=True, slots=True)
class FactorKey:
    """Closes and opens secrets."""

    _cipher: AESGCM = field(repr=False)

    id: str
    """The first 16 hexadecimal digits of its mark."""
    public_hex: str
    """Its mark: SHA-256 over the key, by which the database knows it and nobody finds it."""

    @classmethod
    def load(cls, folder: Path) -> "FactorKey":
        """The key in a folder of keys, made with mode 0600 when there is none.

        Raises `UnavailableError` for a file that others may read, or that holds something else.
        """
        path = folder / FACTOR_KEY
        if not path.exists():
            write_new(path)
        return cls.of_file(path)

    @classmethod
    def of_file(cls, path: Path) -> "FactorKey":
        """The key in a file, which is there; raises `UnavailableError` likewise."""
        if path.stat().st_mode & 0o077:
            raise UnavailableError(f"the key file `{path.name}` can be read by others; set its mode to 0600")
        try:
            raw = base64.b64decode(path.read_bytes().strip(), validate=True)
            cipher = AESGCM(raw)
        except (binascii.Error, ValueError) as error:
            raise UnavailableError(f"the key file `{path.name}` cannot be read") from error
        mark = sha256_hex(_MARKED_AS + raw)
        return cls(cipher, mark[:16], mark)

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


def write_new(path: Path) -> None:
    """Make a key in a file that is not there yet."""
    write_once(path, base64.b64encode(AESGCM.generate_key(_BITS)) + b"\n")
