"""Access tokens (RFC 9068): issued and verified here, and nowhere else in the server.

PyJWT signs and checks signatures; what may be said is constant here and never taken from the token. The rest
(`typ`, canonical spelling, members named twice, issuer, audience, presence and types of the claims, foreign keys in
the header) is checked here, in `signing.jose` and in `signing.token_claims`. Only what PyJWT documents is used.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from threading import Lock
from typing import Any, Protocol

import jwt
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from access_service.domain.tokens import Claims, TokenError, TokenFault
from access_service.signing.jose import PublicKey, check_type, decode, json_object, read_header
from access_service.signing.token_claims import claims_from_wire, claims_to_wire

ACCESS_TOKEN = "at+jwt"  # noqa: S105 a type, not a secret
"""`typ` of an access token (RFC 9068 section 2.1)."""
LONGEST_TOKEN = 16_384
"""Characters of the longest token that is issued or looked at."""
KEPT_TOKENS = 8192
"""How many verified tokens a verifier remembers; the oldest goes first."""
_HEADER = frozenset({"alg", "kid", "typ"})
"""Everything that stands in the header of a token of ours, and therefore everything that may."""
_REQUIRED = (
    *("iss", "sub", "aud", "client_id", "iat", "exp", "jti"),
    *("register", "revision", "policy", "grants", "documents"),
)
_THUMBPRINT = 43


_JWS = jwt.PyJWS(["ES256", "EdDSA"])


@dataclass(frozen=True, slots=True)
class SigningKey:
    """The key that signs now."""

    kid: str
    algorithm: str
    """`ES256` or `EdDSA`."""
    private: EllipticCurvePrivateKey | Ed25519PrivateKey


class SignsTokens(Protocol):
    """Where the signer gets its key: `signing.keyring.Keyring`."""

    def signing_key(self, now: datetime) -> SigningKey:
        """The key in use at this instant."""


Keys = Mapping[str, PublicKey] | Callable[[datetime], Mapping[str, PublicKey]]
"""Public keys by `kid`, or a function that gives those that count at an instant (`Keyring.public_keys`)."""


class TokenSigner:
    """Issues access tokens."""

    def __init__(self, keyring: SignsTokens) -> None:
        self._keyring = keyring

    def issue(self, claims: Claims) -> str:
        """The token, signed with the key in use at `claims.iat`.

        Raises `TokenError` for claims that no verifier would take: more than one audience, a life longer than an
        hour, more than fits into `LONGEST_TOKEN` characters.
        """
        key = self._keyring.signing_key(datetime.fromtimestamp(claims.iat, UTC))
        token = jwt.encode(
            claims_to_wire(claims), key.private, key.algorithm, {"typ": ACCESS_TOKEN, "kid": key.kid}
        )
        if len(token) > LONGEST_TOKEN:
            raise TokenError(TokenFault.TOO_LONG, f"the token would be longer than {LONGEST_TOKEN} characters")
        return token


@dataclass(frozen=True, slots=True)
class _Kept:
    """What is remembered of a verified token."""

    kid: str
    key: PublicKey
    claims: Claims


class TokenVerifier:
    """Verifies access tokens of one issuer. Safe to use from several threads.

    What was verified is remembered under the SHA-256 of the whole token; expiry, audience, revocation and whether
    its key still counts are asked again each time.
    """

    def __init__(
        self,
        keys: Keys,
        issuer: str,
        leeway_s: int = 30,
        *,
        is_revoked: Callable[[Claims, datetime], bool] | None = None,
        kept: int = KEPT_TOKENS,
    ) -> None:
        """`leeway_s`: how far, in seconds, the issuer's clock may be ahead of ours.

        It lengthens no token's life: `exp` is compared with `now` as it stands. `is_revoked` is asked on every
        verification; what it raises passes through.
        """
        self._keys = keys
        self._issuer = issuer
        self._leeway_s = leeway_s
        self._is_revoked = is_revoked
        self._most = kept
        self._kept: dict[bytes, _Kept] = {}
        self._lock = Lock()

    def verify(self, token: str, audience: str, now: datetime) -> Claims:
        """What an access token says that is ours, for this audience, in its time and not revoked.

        Raises `TokenError` for everything else, and nothing but that, whatever the token is. What `is_revoked` and
        a function of keys raise (`UnavailableError`) passes through.
        """
        keys = self._keys(now) if callable(self._keys) else self._keys
        mark = _mark(token)
        kept = self._kept.get(mark)
        # The key itself is compared: the same `kid` with another key behind it is another key.
        if kept is None or keys.get(kept.kid) is not kept.key:
            kept = self._first_sight(token, keys, audience)
            self._remember(mark, kept)
        claims = kept.claims
        if claims.aud != (audience,):
            raise TokenError(TokenFault.WRONG_AUDIENCE, "the token is for another resource server")
        seconds = now.timestamp()
        if claims.exp <= seconds:
            raise TokenError(TokenFault.EXPIRED, "the token has expired")
        if claims.iat > seconds + self._leeway_s:
            raise TokenError(TokenFault.NOT_YET_VALID, "the token was issued later than now")
        if self._is_revoked is not None and self._is_revoked(claims, now):
            raise TokenError(TokenFault.REVOKED, "the token was revoked")
        return claims

    def _first_sight(self, token: str, keys: Mapping[str, PublicKey], audience: str) -> _Kept:
        # (1) The header: exactly ours, and a key that we have. Nothing in it is a path or a query to anything.
        header = read_header(token, LONGEST_TOKEN)
        check_type(header, ACCESS_TOKEN)
        if header.keys() != _HEADER:
            raise TokenError(
                TokenFault.MALFORMED, "the token's header holds something else than `alg`, `kid`, `typ`"
            )
        kid = header["kid"]
        key = keys.get(kid) if type(kid) is str and len(kid) == _THUMBPRINT else None
        if key is None:
            raise TokenError(TokenFault.UNKNOWN_KEY, "the token is signed with a key that does not count here")
        # (2) The signature. The algorithm is the key's, not the token's.
        check_signed(token, header, key)
        # (3) Issuer and audience.
        found = json_object(decode(token.split(".")[1]))
        self._check_addressed(found, audience)
        # (4) The claims, each of its type.
        claims = claims_from_wire(found)
        if "nbf" in found:
            raise TokenError(TokenFault.INVALID_CLAIMS, "a token of ours has no `nbf`")
        return _Kept(kid, key, claims)

    def _check_addressed(self, found: Mapping[str, Any], audience: str) -> None:
        if any(found.get(claim) is None for claim in _REQUIRED) or not found["aud"]:
            raise TokenError(TokenFault.INVALID_CLAIMS, "the token lacks a claim")
        if found["iss"] != self._issuer:
            raise TokenError(TokenFault.WRONG_ISSUER, "the token is of another issuer")
        # Exactly one: a token that two servers accept could be used by one at the other.
        if found["aud"] != audience:
            raise TokenError(TokenFault.WRONG_AUDIENCE, "the token is for another resource server")

    def _remember(self, mark: bytes, kept: _Kept) -> None:
        with self._lock:
            self._kept[mark] = kept
            if len(self._kept) > self._most:
                del self._kept[next(iter(self._kept))]


def _mark(token: object) -> bytes:
    if type(token) is not str:
        raise TokenError(TokenFault.MALFORMED, "the token is no text")
    if len(token) > LONGEST_TOKEN:
        raise TokenError(TokenFault.TOO_LONG, f"the token is longer than {LONGEST_TOKEN} characters")
    if not token.isascii():
        raise TokenError(TokenFault.MALFORMED, "the token is not in canonical base64url")
    return sha256(token.encode("ascii")).digest()


def algorithm_of(key: PublicKey) -> str:
    """The one algorithm that a key of ours signs with."""
    return "EdDSA" if isinstance(key, Ed25519PublicKey) else "ES256"


def check_signed(token: str, header: Mapping[str, Any], key: PublicKey) -> None:
    """The token is signed with this key, as this key signs. Raises `TokenError`."""
    name = algorithm_of(key)
    if header.get("alg") != name:
        raise TokenError(TokenFault.WRONG_ALGORITHM, "the token is not signed as its key signs")
    signed, _, signature = token.rpartition(".")
    algorithm = _JWS.get_algorithm_by_name(name)
    try:
        is_good = algorithm.verify(signed.encode("ascii"), algorithm.prepare_key(key), decode(signature))
    except jwt.PyJWTError as error:
        raise refusal_of(error) from None
    if not is_good:
        raise TokenError(TokenFault.BAD_SIGNATURE, "the token's signature is not its key's")


def refusal_of(error: jwt.PyJWTError) -> TokenError:
    """PyJWT's refusal as one of ours; its message stays here, since it quotes the token."""
    for kind, code, message in _REFUSALS:
        if isinstance(error, kind):
            return TokenError(code, message)
    return TokenError(TokenFault.MALFORMED, "the token cannot be read")


_REFUSALS: tuple[tuple[type[jwt.PyJWTError], TokenFault, str], ...] = (
    (jwt.InvalidSignatureError, TokenFault.BAD_SIGNATURE, "the token's signature is not its key's"),
    (jwt.InvalidAlgorithmError, TokenFault.WRONG_ALGORITHM, "the token is not signed as its key signs"),
    (jwt.InvalidKeyError, TokenFault.WRONG_ALGORITHM, "the token is not signed as its key signs"),
)
