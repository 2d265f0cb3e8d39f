"""Passwords and other secrets. Argon2id through the passlib API; random codes and tokens as SHA-256.

Parameters are the OWASP minimum (19 MiB, 2 passes, 1 lane; about 25 to 75 ms a hash). Text is NFKC first, because
Vietnamese keyboards compose differently.
"""

import hashlib
import hmac
import secrets
import threading
import unicodedata

from passlib.context import CryptContext

from access_service.domain.errors import InvalidError

SHORTEST = 8
LONGEST = 256
CONCURRENT_HASHES = 2
"""Hashes at once; each takes 19 MiB and a core, so sign-in cannot be used to exhaust the machine."""

_context = CryptContext(
    schemes=["argon2"],
    argon2__type="ID",
    argon2__memory_cost=19456,
    argon2__time_cost=2,
    argon2__parallelism=1,
)
_gate = threading.BoundedSemaphore(CONCURRENT_HASHES)


def _normal(password: str) -> str:
    return unicodedata.normalize("NFKC", password)


def hash_password(password: str) -> str:
    """Argon2id hash; raises `InvalidError` for a password too short or too long."""
    text = _normal(password)
    if not SHORTEST <= len(text) <= LONGEST:
        raise InvalidError(f"a password has {SHORTEST} to {LONGEST} characters")
    with _gate:
        hashed: str = _context.hash(text)
    return hashed


def is_password(password: str, hashed: str | None) -> bool:
    """Does it match? An absent hash costs the same time and never matches."""
    text = _normal(password)[:LONGEST]
    with _gate:
        if hashed is None:
            _context.dummy_verify()
            return False
        return bool(_context.verify(text, hashed))


def new_secret(bits: int = 256) -> str:
    """A random URL-safe text."""
    return secrets.token_urlsafe(bits // 8)


def digest(secret: str) -> str:
    """SHA-256 (hex) of a random secret: enough for secrets that cannot be guessed."""
    return hashlib.sha256(secret.encode()).hexdigest()


def is_same(left: str, right: str) -> bool:
    """Compare in constant time."""
    return hmac.compare_digest(left.encode(), right.encode())
