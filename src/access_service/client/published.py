"""What the service publishes for those who verify without asking: its keys, and what is revoked."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from jwt.algorithms import ECAlgorithm, OKPAlgorithm

from access_service.client.tokens import Token

MOST_KEYS = 32
MOST_REVOKED = 1_000_000
_PRIVATE = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})

PublicKey = EllipticCurvePublicKey | Ed25519PublicKey


def keys_of(found: Mapping[str, Any]) -> dict[str, PublicKey]:
    """The keys of a JWKS (RFC 7517) by `kid`; of other kinds than ours there is none.

    `ValueError` refuses the whole set: a private or symmetric key in it, one `kid` twice, a key that is none.
    """
    entries = found.get("keys")
    if not isinstance(entries, list) or not 0 < len(entries) <= MOST_KEYS:
        raise ValueError(f"a key set is a list of 1 to {MOST_KEYS} keys")
    keys: dict[str, PublicKey] = {}
    seen: set[str] = set()
    for entry in entries:
        if not isinstance(entry, dict) or _PRIVATE & entry.keys() or entry.get("kty") == "oct":
            raise ValueError("a key set holds public keys only")
        kid = entry.get("kid")
        if not isinstance(kid, str) or not 0 < len(kid) <= 256 or kid in seen:  # noqa: PLR2004
            raise ValueError("every key has an id of its own")
        seen.add(kid)
        if entry.get("use", "sig") == "sig" and (key := _key(entry)) is not None:
            keys[kid] = key
    if not keys:
        raise ValueError("a key set without a key that signs")
    return keys


def _key(entry: dict[str, Any]) -> PublicKey | None:
    kind = (entry.get("kty"), entry.get("crv"))
    try:
        if kind == ("EC", "P-256") and entry.get("alg", "ES256") == "ES256":
            key = ECAlgorithm.from_jwk(entry)
            return key if isinstance(key, EllipticCurvePublicKey) and isinstance(key.curve, SECP256R1) else None
        if kind == ("OKP", "Ed25519") and entry.get("alg", "EdDSA") in ("EdDSA", "Ed25519"):
            edwards = OKPAlgorithm.from_jwk(entry)
            return edwards if isinstance(edwards, Ed25519PublicKey) else None
    except (jwt.PyJWTError, ValueError, TypeError) as error:
        raise ValueError("a key that is none") from error
    return None


@dataclass(frozen=True, slots=True)
class Revocations:
    """What stopped counting before its time; instants are seconds since 1970."""

    as_of: float
    poll_s: float
    tokens: Collection[str]
    """Their ids; something that is asked for one at once."""
    subjects: Mapping[str, float]
    all_before: float | None
    register: str
    """Whose list it is; of a token of another register it says nothing."""

    def covers(self, token: Token) -> bool:
        """Is this token revoked: by its id, or because it is older than a change about an account in it?"""
        if self.all_before is not None and token.iat < self.all_before:
            return True
        if self.tokens and any(jti in self.tokens for jti in lineage(token.jti)):
            return True
        subjects = self.subjects
        if not subjects:
            return False
        since = subjects.get(token.sub)
        if since is not None and token.iat < since:
            return True
        return any(token.iat < subjects.get(actor, 0) for actor in token.actors)


def lineage(jti: str) -> Iterator[str]:
    """The ids of the tokens that this one was exchanged from, and its own: `a`, `a.b`, `a.b.c`."""
    end = jti.find(".")
    while end >= 0:
        yield jti[:end]
        end = jti.find(".", end + 1)
    yield jti


def revocations_of(found: Mapping[str, Any]) -> Revocations:
    """The published list; `ValueError` when a member is missing or of another type."""
    tokens, subjects, before = _taken_back(found)
    return Revocations(
        as_of=_number(found.get("as_of")),
        poll_s=_number(found.get("poll_s")),
        tokens=frozenset(tokens),
        subjects=subjects,
        all_before=before,
        register=_register(found),
    )


@dataclass(frozen=True, slots=True)
class TakenBackNow:
    """What a stream says was taken back: the whole list, or what comes to it."""

    as_of: float
    tokens: list[str]
    subjects: Mapping[str, float]
    all_before: float | None
    register: str | None
    """With the whole list; None for what comes to it."""


def taken_back_of(found: Mapping[str, Any]) -> TakenBackNow:
    """An event `revoked`; `ValueError` when a member is missing or of another type."""
    whole = found.get("whole")
    if not isinstance(whole, bool):
        raise ValueError("nobody says whether the list is whole")
    tokens, subjects, before = _taken_back(found)
    register = _register(found) if whole else None
    return TakenBackNow(_number(found.get("as_of")), tokens, subjects, before, register)


def _taken_back(found: Mapping[str, Any]) -> tuple[list[str], dict[str, float], float | None]:
    tokens, subjects, before = found.get("tokens"), found.get("subjects"), found.get("all_before")
    if not isinstance(tokens, list) or not isinstance(subjects, dict) or "all_before" not in found:
        raise ValueError("no list of revocations")
    if len(tokens) + len(subjects) > MOST_REVOKED or not all(isinstance(jti, str) for jti in tokens):
        raise ValueError("no list of revocations")
    instants = {account: _number(since) for account, since in subjects.items()}
    return tokens, instants, None if before is None else _number(before)


def _register(found: Mapping[str, Any]) -> str:
    register = found.get("register")
    if not isinstance(register, str) or not register:
        raise ValueError("no list of revocations")
    return register


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1e12:  # noqa: PLR2004
        raise ValueError("no number of seconds")
    return float(value)
