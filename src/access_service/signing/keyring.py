"""The keys that sign access tokens: a folder with one file a key, which every node of a service shares.

A key is born with the instant from which it signs, and that is all its file says beside the key. Everything else
follows: it signs until the next one does, and counts for `overlap_s` after that. So a rotation writes one file, in
one step, and nodes that see it at different moments still agree.

    next       published, does not sign yet: offline verifiers fetch it in time
    current    signs
    retiring   signs no longer; what it signed still verifies
    retired    counts nowhere; `rotate` removes its file, the public half stays in the database for ever
"""

import os
import secrets
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from threading import Lock
from time import monotonic
from types import MappingProxyType
from typing import Any

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from access_service.domain.errors import UnavailableError
from access_service.signing.jose import PublicKey, public_jwk, thumbprint
from access_service.signing.tokens import SigningKey, algorithm_of

TOKEN_KEYS = "tokens"  # noqa: S105 a folder, not a secret
"""The folder of token keys in the folder of keys."""
_SUFFIX = ".pem"
_SIGNS_FROM = b"signs-from: "
_LONGEST_FILE = 4096
CHECK_S = 0.25
"""How often, in seconds, the folder is looked at: in this time a server sees what the command line wrote."""


class KeyState(StrEnum):
    """Where a token key stands at one instant."""

    NEXT = "next"
    CURRENT = "current"
    RETIRING = "retiring"
    RETIRED = "retired"


@dataclass(frozen=True, slots=True)
class TokenKey:
    """One key of the ring."""

    kid: str
    """RFC 7638 thumbprint of its public half."""
    algorithm: str
    """`ES256` or `EdDSA`."""
    signs_from: datetime
    private: EllipticCurvePrivateKey | Ed25519PrivateKey = field(repr=False)
    public: PublicKey = field(repr=False)

    @property
    def public_hex(self) -> str:
        """The public half as DER SubjectPublicKeyInfo (RFC 5280 section 4.1.2.7), in hexadecimal digits."""
        return self.public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo).hex()


@dataclass(frozen=True, slots=True)
class KeyStanding:
    """A key and where it stands at one instant."""

    key: TokenKey
    state: KeyState
    signs_until: datetime | None
    """When the next key takes over; None while there is none."""
    counts_until: datetime | None
    """When what it signed stops counting."""


@dataclass(frozen=True, slots=True)
class _Seen:
    """The folder as it was read. A file is never changed, so the names say whether it must be read again."""

    names: frozenset[str]
    keys: tuple[TokenKey, ...]
    """In the order in which they sign."""


@dataclass(frozen=True, slots=True)
class _Now:
    """What holds from one boundary to the next."""

    start: datetime
    end: datetime
    seen: _Seen
    signing: SigningKey
    public: Mapping[str, PublicKey]


class Keyring:
    """The token keys of a folder, read again when the folder changes. Safe to use from several threads."""

    def __init__(
        self, folder: Path, *, algorithm: str, overlap_s: int, now: datetime, check_s: float = CHECK_S
    ) -> None:
        """Open the folder (made with mode 0700 when missing) and make a first key (0600) when it holds none.

        `algorithm` (`ES256` or `EdDSA`) is that of keys made from now on. `overlap_s` is how long, in seconds, a
        new key is published before it signs, and an old one counts after; at least a token's life.
        Raises `UnavailableError` for a folder or file that others may read, another kind of key, a file that does
        not bear its key's thumbprint as its name, or the same key twice; so does every other method from the moment
        that the folder has become such.
        """
        self._folder = folder
        self._algorithm = algorithm
        self._overlap = timedelta(seconds=overlap_s)
        self._check_s = check_s
        self._lock = Lock()
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        seen = _read(folder)
        if not seen.keys:
            _write(folder, _new(algorithm, now))
            seen = _read(folder)
        self._checked = monotonic()
        self._now = self._work_out(seen, now)

    def signing_key(self, now: datetime) -> SigningKey:
        """The key that signs at this instant."""
        return self._at(now).signing

    def public_keys(self, now: datetime) -> Mapping[str, PublicKey]:
        """The public halves that count at this instant, by `kid`: next, current, retiring."""
        return self._at(now).public

    def jwks(self, now: datetime) -> dict[str, Any]:
        """The same as a JWK set (RFC 7517 section 5)."""
        return {
            "keys": [
                {**public_jwk(key), "kid": kid, "use": "sig", "alg": algorithm_of(key)}
                for kid, key in self._at(now).public.items()
            ]
        }

    def standings(self, now: datetime) -> tuple[KeyStanding, ...]:
        """Every key whose file is there, in the order in which they sign."""
        return self._standings(self._at(now).seen.keys, now)

    def rotate(self, now: datetime, *, at_once: bool = False) -> KeyStanding:
        """Make the next key, unless one waits already, and remove the files of retired ones.

        It signs after the overlap. `at_once` is for a key that others may have: the new one signs now, every other
        is removed, and nothing signed before counts any longer.
        """
        with self._lock:
            standings = self._standings(_read(self._folder).keys, now)
            waiting = [s.key for s in standings if s.state is KeyState.NEXT]
            if at_once or not waiting:
                key = _new(self._algorithm, now if at_once else now + self._overlap)
                _write(self._folder, key)
            else:
                key = waiting[0]
            for standing in standings:
                if at_once or standing.state is KeyState.RETIRED:
                    (self._folder / f"{standing.key.kid}{_SUFFIX}").unlink(missing_ok=True)
            seen = _read(self._folder)
            self._now = self._work_out(seen, now)
        return next(s for s in self._standings(seen.keys, now) if s.key.kid == key.kid)

    def _at(self, now: datetime) -> _Now:
        found = self._now
        due = monotonic() - self._checked >= self._check_s
        if not due and found.start <= now < found.end:
            return found
        with self._lock:
            seen = self._now.seen
            if due:
                if _names(self._folder) != seen.names:
                    seen = _read(self._folder)
                self._checked = monotonic()
            if seen is not self._now.seen or not self._now.start <= now < self._now.end:
                self._now = self._work_out(seen, now)
            return self._now

    def _work_out(self, seen: _Seen, now: datetime) -> _Now:
        if not seen.keys:
            raise UnavailableError("the folder of token keys holds no key")
        standings = self._standings(seen.keys, now)
        ends = [b for s in standings for b in (s.key.signs_from, s.signs_until, s.counts_until) if b is not None]
        current = next(s.key for s in standings if s.state is KeyState.CURRENT)
        return _Now(
            start=max((b for b in ends if b <= now), default=datetime.min.replace(tzinfo=UTC)),
            end=min((b for b in ends if b > now), default=datetime.max.replace(tzinfo=UTC)),
            seen=seen,
            signing=SigningKey(current.kid, current.algorithm, current.private),
            public=MappingProxyType(
                {s.key.kid: s.key.public for s in standings if s.state is not KeyState.RETIRED}
            ),
        )

    def _standings(self, keys: tuple[TokenKey, ...], now: datetime) -> tuple[KeyStanding, ...]:
        found = []
        for place, (key, after) in enumerate(zip(keys, (*keys[1:], None), strict=True)):
            until = None if after is None else after.signs_from
            counts = None if until is None else until + self._overlap
            # A clock that steps back must not leave a service without a key: the first one signs before its time.
            if now < key.signs_from and place > 0:
                state = KeyState.NEXT
            elif until is None or now < until:
                state = KeyState.CURRENT
            elif counts is not None and now < counts:
                state = KeyState.RETIRING
            else:
                state = KeyState.RETIRED
            found.append(KeyStanding(key, state, until, counts))
        return tuple(found)


def _new(algorithm: str, signs_from: datetime) -> TokenKey:
    private: EllipticCurvePrivateKey | Ed25519PrivateKey
    if algorithm == "ES256":
        private = generate_private_key(SECP256R1())
    elif algorithm == "EdDSA":
        private = Ed25519PrivateKey.generate()
    else:
        raise RuntimeError("tokens are signed with ES256 or EdDSA")
    return _of(private, signs_from)


def _of(private: EllipticCurvePrivateKey | Ed25519PrivateKey, signs_from: datetime) -> TokenKey:
    public = private.public_key()
    # Tokens carry whole seconds; a key that began within one would not sign the tokens of that second.
    start = signs_from.astimezone(UTC).replace(microsecond=0)
    return TokenKey(thumbprint(public), algorithm_of(public), start, private, public)


def _write(folder: Path, key: TokenKey) -> None:
    """The key's file, whole or not at all: it is written under a name that is not read, then renamed."""
    pem = key.private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    unread = folder / f".{secrets.token_hex(8)}"
    descriptor = os.open(unread, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            # RFC 7468 section 2 allows text before the key.
            file.write(_SIGNS_FROM + key.signs_from.isoformat().encode("ascii") + b"\n" + pem)
            file.flush()
            os.fsync(file.fileno())
        unread.rename(folder / f"{key.kid}{_SUFFIX}")
    finally:
        unread.unlink(missing_ok=True)


def _names(folder: Path) -> frozenset[str]:
    """The names in the folder, but for those that begin with a full stop: files that are still being written."""
    try:
        return frozenset(name for name in os.listdir(folder) if not name.startswith("."))  # noqa: PTH208 called often
    except OSError as error:
        raise UnavailableError("the folder of token keys cannot be read") from error


def _read(folder: Path) -> _Seen:
    names = _names(folder)
    if folder.stat().st_mode & 0o077:
        raise UnavailableError(
            f"the folder of token keys `{folder.name}` can be read by others; set its mode to 0700"
        )
    found: dict[str, TokenKey] = {}
    for name in sorted(names):
        key = _load(folder / name)
        if key.kid in found:
            raise UnavailableError(f"the key file `{name}` holds the same key as another")
        found[key.kid] = key
    for name in names:
        if name.removesuffix(_SUFFIX) not in found or not name.endswith(_SUFFIX):
            raise UnavailableError(f"the key file `{name}` does not bear its key's thumbprint as its name")
    return _Seen(names, tuple(sorted(found.values(), key=lambda key: (key.signs_from, key.kid))))


def _load(path: Path) -> TokenKey:
    try:
        # The file that is checked is the file that is read: it is opened once, and no link is followed.
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb") as file:
            status = os.fstat(file.fileno())
            content = file.read(_LONGEST_FILE) if stat.S_ISREG(status.st_mode) else b""
    except OSError as error:
        raise UnavailableError(f"the key file `{path.name}` cannot be read") from error
    if status.st_mode & 0o077:
        raise UnavailableError(f"the key file `{path.name}` can be read by others; set its mode to 0600")
    head, _, pem = content.partition(b"\n")
    try:
        signs_from = datetime.fromisoformat(head.removeprefix(_SIGNS_FROM).decode("ascii"))
        private = load_pem_private_key(pem, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise UnavailableError(f"the key file `{path.name}` cannot be read") from error
    if not head.startswith(_SIGNS_FROM) or signs_from.tzinfo is None:
        raise UnavailableError(f"the key file `{path.name}` does not say from when its key signs")
    if isinstance(private, Ed25519PrivateKey) or (
        isinstance(private, EllipticCurvePrivateKey) and isinstance(private.curve, SECP256R1)
    ):
        return _of(private, signs_from)
    raise UnavailableError(f"the key file `{path.name}` holds no key for ES256 or EdDSA")
