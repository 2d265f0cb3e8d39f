"""Passwords and other secrets. Argon2id through the passlib API; random codes and tokens as SHA-256.

The least parameters are OWASP's (19 MiB, 2 passes, 1 lane; docs/sign-in.md says in how many milliseconds). Text is
NFKC first, because Vietnamese keyboards compose differently.
"""

import hashlib
import hmac
import os
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from passlib.context import CryptContext

from access_service.domain import sign_in
from access_service.domain.errors import InvalidError, UnavailableError

SHORTEST = 8
LONGEST = sign_in.LONGEST_PASSWORD
MEMORY_KIB, PASSES = 19_456, 2
"""The least that OWASP's Password Storage Cheat Sheet asks for; one lane."""
CONCURRENT_HASHES = os.cpu_count() or 1
"""Hashes at once; each takes its memory and a core, so sign-in cannot be used to exhaust the machine."""
MOST_WAITING = min(8 * CONCURRENT_HASHES, 24)
"""Who comes while so many wait is refused at once: waiting takes a thread, and other requests need some."""
WAIT_S = 5.0
"""Longest wait for a turn."""
_DUMMY = "000"


def _made(memory_kib: int, passes: int) -> CryptContext:
    return CryptContext(
        schemes=["argon2"],
        argon2__type="ID",
        argon2__memory_cost=memory_kib,
        argon2__time_cost=passes,
        argon2__parallelism=1,
    )


_context = _made(MEMORY_KIB, PASSES)
_gate = threading.BoundedSemaphore(CONCURRENT_HASHES)
_queue = threading.BoundedSemaphore(CONCURRENT_HASHES + MOST_WAITING)
_dummies: dict[CryptContext, str] = {}


def choose(memory_kib: int, passes: int) -> None:
    """Hash with other parameters from now on; what was hashed with the old ones is hashed anew at sign-in."""
    global _context  # noqa: PLW0603 one process hashes in one way
    if (memory_kib, passes) != (MEMORY_KIB, PASSES):
        _context = _made(memory_kib, passes)


@contextmanager
def _turn() -> Iterator[CryptContext]:
    """Wait for one of the places where hashing is done.

    Raises `UnavailableError` where too many wait already, and after `WAIT_S`.
    """
    if not _queue.acquire(blocking=False):
        raise UnavailableError("too many are signing in at this moment")
    try:
        if not _gate.acquire(timeout=WAIT_S):
            raise UnavailableError("too many are signing in at this moment")
        try:
            yield _context
        finally:
            _gate.release()
    finally:
        _queue.release()


def check_length(password: str) -> str:
    """The password as it is hashed; `InvalidError` for one too short or too long for any account."""
    text = sign_in.normalise_password(password)
    if not SHORTEST <= len(text) <= LONGEST:
        raise InvalidError(f"a password has {SHORTEST} to {LONGEST} characters")
    return text


def hash_password(password: str) -> str:
    """Argon2id hash; raises `InvalidError` for a password too short or too long for any account."""
    text = check_length(password)
    with _turn() as context:
        hashed: str = context.hash(text)
    return hashed


def is_password(password: str, hashed: str | None) -> bool:
    """Does the password match the hash? Without a hash the check costs the same and never matches."""
    try:
        text = sign_in.normalise_password(password)[:LONGEST]
    except InvalidError:
        # Nobody's password; it takes as long as any.
        text, hashed = "", None
    with _turn() as context:
        found = bool(context.verify(text, _dummy(context) if hashed is None else hashed))
    return found and hashed is not None


def needs_upgrade(hashed: str) -> bool:
    """Was it hashed with other parameters than the ones in use?"""
    return bool(_context.needs_update(hashed))


def _dummy(context: CryptContext) -> str:
    """What a password is compared with where there is no account, made once."""
    if context not in _dummies:
        _dummies[context] = context.hash(_DUMMY + secrets.token_hex(8))
    return _dummies[context]


def prepare() -> None:
    """Make the hash that refusals compare with ahead of time: the first refusal would otherwise take longer."""
    with _turn() as context:
        _dummy(context)


def new_secret(bits: int = 256) -> str:
    """A random URL-safe text."""
    return secrets.token_urlsafe(bits // 8)


def new_password() -> str:
    """A random password that meets the rules of any pack: 120 random bits, and each class for certain."""
    return f"{secrets.token_urlsafe(15)}-aA0"


def digest(secret: str) -> str:
    """SHA-256 (hex) of a random secret: enough for secrets that cannot be guessed."""
    return hashlib.sha256(secret.encode()).hexdigest()


def is_same(left: str, right: str) -> bool:
    """Are the two equal? Compared in constant time."""
    return hmac.compare_digest(left.encode(), right.encode())
