"""Keys that clients bring, and the assertions that they sign with them (RFC 7523: `private_key_jwt`).

A client registers the public half of a strong key: EC P-256, Ed25519 or RSA. No JOSE library for Python refuses a
short modulus, one made by the faulty generator called ROCA, or a set in which one `kid` means two keys; this does.
Nothing is ever fetched from an address that a key or token names.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from math import gcd, isqrt, prod
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicNumbers
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey, RSAPublicNumbers
from jwt.algorithms import OKPAlgorithm

from access_service.domain.errors import InvalidError
from access_service.domain.tokens import TokenError, TokenFault
from access_service.signing.jose import (
    ClaimOnce,
    PublicKey,
    check_header,
    decode,
    instant,
    is_text,
    json_object,
    read_compact,
    text,
    thumbprint,
)
from access_service.signing.tokens import refusal_of

ASSERTION_TYPES = frozenset({None, "JWT", "client-authentication+jwt"})
"""`typ` of an assertion: the RFC asks for none."""
LONGEST_ASSERTION = 8192
ASSERTION_S = 300
"""How long, in seconds, an assertion is accepted after it was made, whatever it says itself."""
LONGEST_EXP_S = 3600
AHEAD_S = 30
"""How far, in seconds, the client's clock may be ahead of ours."""
MOST_KEYS = 16
RSA_BITS = range(2048, 8193)
RSA_EXPONENT = 65537
NEW_RSA_BITS = 4096
"""Longest modulus of a key that is newly brought: longer ones cost more than they are worth, P-256 does as well."""
NEW_SET_BITS = 8192
"""Most bits of the moduli of a new set together: what looking at them costs grows with the third power."""
FERMAT_ROUNDS = 64
"""Differences of two primes that are tried; those of honest generators are larger by hundreds of digits."""
_SQUARE_ENDS = frozenset({0, 1, 4, 9})
"""What squares leave when divided by 16."""
_SECRET_MEMBERS = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})
_ED25519_PRIME = 2**255 - 19
_ORDER_8 = 2707385501144840649318225287225658788936804267575313519463743609750303402022
_ED25519_D = -121665 * pow(121666, -1, _ED25519_PRIME) % _ED25519_PRIME
"""The `d` of the curve -x² + y² = 1 + d·x²·y² (RFC 8032 section 5.1)."""
_SMALL_ORDER = frozenset({0, 1, _ED25519_PRIME - 1, _ORDER_8, _ED25519_PRIME - _ORDER_8})
"""The `y` of Ed25519's points of small order (RFC 8032 section 5.1), under which one signature fits anything."""
_PRIMES = tuple(n for n in range(3, 168, 2) if all(n % d for d in range(3, n, 2)))
_SMALL = 10_000
_PRIMORIAL = prod(n for n in range(3, _SMALL, 2) if all(n % d for d in range(3, isqrt(n) + 1, 2)))
"""Every odd prime up to that number: one `gcd` tries them all."""
_ROCA = tuple((p, frozenset(pow(RSA_EXPONENT, k, p) for k in range(p))) for p in _PRIMES)
"""What the faulty generator's moduli leave for each small prime: powers of 65537 (CVE-2017-15361)."""

_JWS = jwt.PyJWS(
    algorithms=["ES256", "EdDSA", "PS256", "RS256"],
    options={"verify_signature": True, "enforce_minimum_key_length": True},
)
_JWS.register_algorithm("Ed25519", OKPAlgorithm())


@dataclass(frozen=True, slots=True)
class ClientKey:
    """One public key of a client."""

    kid: str | None
    algorithms: frozenset[str]
    """What it may sign with: its `alg`, or everything that its kind can."""
    public: PublicKey


def check_jwks(value: object) -> tuple[ClientKey, ...]:
    """The keys of a client's JWK set (already read from JSON): RFC 7517 section 5.

    Raises `InvalidError` for a set that is empty or larger than `MOST_KEYS`; for a key that is private, symmetric,
    of another kind than P-256, Ed25519 or RSA of 2048 bits with the exponent 65537, or known to be weak; and for
    two keys with one `kid`, without a `kid`, or that are the same.
    """
    keys = value.get("keys") if type(value) is dict else None
    if type(keys) is not list or not 0 < len(keys) <= MOST_KEYS:
        raise InvalidError(f"a JWK set is an object with `keys`, a list of 1 to {MOST_KEYS} keys")
    kinds = {key.get("kty") == "oct" for key in keys if type(key) is dict}
    if len(kinds) > 1:
        raise InvalidError("a JWK set does not mix symmetric and asymmetric keys")
    found = tuple(key_from_jwk(key) for key in keys)
    kids = [key.kid for key in found]
    if len(found) > 1 and None in kids:
        raise InvalidError("each of several keys has its own `kid`")
    if len(set(kids)) != len(kids):
        raise InvalidError("two keys have the same `kid`")
    if len({thumbprint(key.public) for key in found}) != len(found):
        raise InvalidError("the same key stands in the set twice")
    return found


def check_new_jwks(value: object) -> tuple[ClientKey, ...]:
    """A set that is newly brought: as `check_jwks`, and no modulus whose factors anybody can find.

    Refuses a modulus that is a prime or the power of one, or the product of two primes near each other, and more
    bits than can be looked at. Costs up to a second, in steps that let other threads run: never under a lock.
    """
    found = check_jwks(value)
    moduli = [key.public.public_numbers().n for key in found if isinstance(key.public, RSAPublicKey)]
    if any(n.bit_length() > NEW_RSA_BITS for n in moduli):
        raise InvalidError(f"a new RSA key has at most {NEW_RSA_BITS} bits; P-256 and Ed25519 are as strong")
    if sum(n.bit_length() for n in moduli) > NEW_SET_BITS:
        raise InvalidError(f"the RSA keys of a set have at most {NEW_SET_BITS} bits together")
    for modulus in moduli:
        if _has_near_factors(modulus):
            raise InvalidError("the modulus is the product of two numbers near each other (Fermat)")
        if _is_of_one_prime(modulus):
            raise InvalidError("the modulus is a prime, or no product of two independent primes")
    return found


def _has_near_factors(modulus: int) -> bool:
    """Fermat's method: a modulus (a+b)·(a-b) with a small b is a² less a square."""
    a = isqrt(modulus)
    for _ in range(FERMAT_ROUNDS):
        a += 1
        rest = a * a - modulus
        if rest % 16 in _SQUARE_ENDS and isqrt(rest) ** 2 == rest:
            return True
    return False


def _is_of_one_prime(modulus: int) -> bool:
    """Is it a prime, the power of one, or has it primes that follow from each other?

    2 to the power n-1 leaves 1 at a prime n (Fermat), and at the prime p of a power of p; at two independent primes
    it does so with a chance of about 2 to the -1000. One base is enough: no prime is ever taken for a product.
    """
    left = 1
    # Not `pow`, which lets no other thread run before it is done.
    for bit in f"{modulus - 1:b}":
        left = left * left % modulus
        if bit == "1":
            left = left * 2 % modulus
    return gcd(left - 1, modulus) != 1


def key_from_jwk(value: object) -> ClientKey:
    """One public key (already read from JSON); raises `InvalidError` as `check_jwks` does."""
    if type(value) is not dict:
        raise InvalidError("a key is a JSON object")
    kid = value.get("kid")
    if kid is not None and not is_text(kid, 128):
        raise InvalidError("a `kid` is a text of 1 to 128 characters")
    kind = value.get("kty")
    if kind == "oct":
        raise _symmetric(value)
    if _SECRET_MEMBERS & value.keys():
        raise InvalidError("this is a private key; register only its public half, and use this one no longer")
    if value.get("use", "sig") != "sig" or value.get("key_ops", ["verify"]) != ["verify"]:
        raise InvalidError("the key is not for checking signatures")
    public, algorithms = _public(kind, value)
    if "alg" in value:
        if value["alg"] not in tuple(algorithms):
            raise InvalidError(f"the key's `alg` is none of {', '.join(sorted(algorithms))}")
        algorithms = frozenset({value["alg"]})
    return ClientKey(kid, algorithms, public)


def _public(kind: object, value: Mapping[str, Any]) -> tuple[PublicKey, frozenset[str]]:
    """The key, and what a key of its kind may sign with."""
    try:
        if kind == "EC":
            return _elliptic(value), frozenset({"ES256"})
        if kind == "OKP":
            return _edwards(value), frozenset({"EdDSA", "Ed25519"})
        if kind == "RSA":
            return _rsa(value), frozenset({"PS256", "RS256"})
    except ValueError:
        raise InvalidError("the key's numbers are no key") from None
    raise InvalidError("a key is of the kind `EC`, `OKP` or `RSA`")


def _symmetric(value: Mapping[str, Any]) -> InvalidError:
    try:
        short = len(_bytes(value, "k")) < 32  # noqa: PLR2004
    except InvalidError:
        short = True
    if short:
        return InvalidError("a symmetric key under 256 bits can be guessed; a client's key is asymmetric")
    return InvalidError("a client's key is asymmetric: a shared secret is made by the service, never brought")


def _elliptic(value: Mapping[str, Any]) -> PublicKey:
    if value.get("crv") != "P-256":
        raise InvalidError("an elliptic key is on the curve P-256")
    x, y = _bytes(value, "x"), _bytes(value, "y")
    if len(x) != 32 or len(y) != 32:  # noqa: PLR2004
        raise InvalidError("the coordinates of P-256 are 32 bytes each")
    # Raises `ValueError` for a point that is not on the curve.
    return EllipticCurvePublicNumbers(int.from_bytes(x), int.from_bytes(y), SECP256R1()).public_key()


def _edwards(value: Mapping[str, Any]) -> PublicKey:
    if value.get("crv") != "Ed25519":
        raise InvalidError("an Edwards key is on the curve Ed25519")
    raw = _bytes(value, "x")
    if len(raw) != 32:  # noqa: PLR2004
        raise InvalidError("a key on Ed25519 is 32 bytes")
    y = int.from_bytes(raw, "little") & (2**255 - 1)
    if y >= _ED25519_PRIME or y in _SMALL_ORDER:
        raise InvalidError("the key is a point of small order, under which anybody can sign")
    # x² = (y² - 1) / (d·y² + 1) has a root, or no point of the curve has this y (Euler): OpenSSL does not look.
    square = (y * y - 1) * (_ED25519_D * y * y + 1) % _ED25519_PRIME
    if pow(square, (_ED25519_PRIME - 1) // 2, _ED25519_PRIME) != 1:
        raise InvalidError("the key is no point of Ed25519")
    return Ed25519PublicKey.from_public_bytes(raw)


def _rsa(value: Mapping[str, Any]) -> PublicKey:
    raw, exponent = _bytes(value, "n"), int.from_bytes(_bytes(value, "e"))
    modulus = int.from_bytes(raw)
    if modulus.bit_length() not in RSA_BITS:
        raise InvalidError(f"an RSA key has at least {RSA_BITS.start} bits and at most {RSA_BITS.stop - 1}")
    if exponent != RSA_EXPONENT:
        raise InvalidError(f"the exponent of an RSA key is {RSA_EXPONENT}")
    if all(modulus % p in powers for p, powers in _ROCA):
        raise InvalidError("the key bears the mark of a faulty generator (ROCA, CVE-2017-15361); make another")
    if modulus % 2 == 0 or gcd(modulus, _PRIMORIAL) != 1:
        raise InvalidError("the modulus has small factors")
    if isqrt(modulus) ** 2 == modulus:
        raise InvalidError("the modulus is a square")
    return RSAPublicNumbers(exponent, modulus).public_key()


def _bytes(value: Mapping[str, Any], name: str) -> bytes:
    given = value.get(name)
    if type(given) is not str or not given or len(given) > 2048:  # noqa: PLR2004
        raise InvalidError(f"the key lacks `{name}`")
    try:
        raw = decode(given)
    except TokenError:
        raise InvalidError(f"the key's `{name}` is no canonical base64url") from None
    if name in ("n", "e") and raw[0] == 0:
        raise InvalidError(f"the key's `{name}` begins with zeros")
    return raw


def check_signature(token: str, header: Mapping[str, Any], key: ClientKey) -> None:
    """The token is signed with this key, by an algorithm of this key. Raises `TokenError`."""
    algorithm = header.get("alg")
    if type(algorithm) is not str or algorithm not in key.algorithms:
        raise TokenError(TokenFault.WRONG_ALGORITHM, "the token is not signed as its key signs")
    try:
        _JWS.decode_complete(token, key.public, [algorithm])
    except jwt.PyJWTError as error:
        raise refusal_of(error) from None


def assertion_client(assertion: str) -> str:
    """Whose assertion it claims to be, for looking up the keys: nothing else may be done before it verifies.

    Raises `TokenError` for what is no assertion at all.
    """
    return text(json_object(read_compact(assertion, LONGEST_ASSERTION).payload), "sub")


def verify_assertion(
    assertion: str,
    *,
    client_id: str,
    keys: Sequence[ClientKey],
    audiences: Collection[str],
    now: datetime,
    claim_once: ClaimOnce,
) -> None:
    """Return if the client signed this assertion for us just now, and use it up (RFC 7523 section 3).

    `audiences` are the issuer and the token endpoint. It is accepted for five minutes after it was made (`iat`), or
    where it does not say when, if it expires within five minutes. Raises `TokenError`, `replayed` when it was
    used before, and nothing but that.
    """
    read = read_compact(assertion, LONGEST_ASSERTION)
    # (1) An assertion, signed with a key of this client's.
    if read.header.get("typ") not in tuple(ASSERTION_TYPES):
        raise TokenError(TokenFault.WRONG_TYPE, "the token is no client assertion")
    check_header(read.header)
    check_signature(assertion, read.header, _chosen(read.header, keys))
    claims = json_object(read.payload)
    # (2) By this client about itself, for nobody but us.
    if claims.get("iss") != client_id or claims.get("sub") != client_id:
        raise TokenError(TokenFault.WRONG_ISSUER, "the assertion is another client's")
    aimed = claims.get("aud")
    aimed = [aimed] if type(aimed) is str else aimed
    if type(aimed) is not list or not aimed or any(type(a) is not str or a not in audiences for a in aimed):
        raise TokenError(TokenFault.WRONG_AUDIENCE, "the assertion is for another service as well, or for none")
    # (3) In its time.
    until = _accepted_until(claims, now.timestamp())
    # (4) Once. Last, so that an assertion that fails uses nothing up.
    jti = text(claims, "jti")
    once = sha256(f"assertion\0{client_id}\0{jti}".encode()).hexdigest()
    if not claim_once(once, now + timedelta(seconds=max(1, until - int(now.timestamp()) + 1))):
        raise TokenError(TokenFault.REPLAYED, "the assertion was used before")


def _accepted_until(claims: Mapping[str, Any], seconds: float) -> int:
    expires = instant(claims, "exp")
    if "nbf" in claims and instant(claims, "nbf") > seconds + AHEAD_S:
        raise TokenError(TokenFault.NOT_YET_VALID, "the assertion is not valid yet")
    until = expires
    if "iat" in claims:
        issued = instant(claims, "iat")
        if issued > seconds + AHEAD_S:
            raise TokenError(TokenFault.NOT_YET_VALID, "the assertion was made later than now")
        until = min(expires, issued + ASSERTION_S)
    if until <= seconds:
        raise TokenError(TokenFault.EXPIRED, "the assertion has expired")
    longest = LONGEST_EXP_S if "iat" in claims else ASSERTION_S
    if expires > seconds + longest + AHEAD_S:
        raise TokenError(TokenFault.INVALID_CLAIMS, "the assertion is valid for too long")
    return until


def _chosen(header: Mapping[str, Any], keys: Sequence[ClientKey]) -> ClientKey:
    """The one key that the header names; without a `kid`, the only one there is."""
    kid = header.get("kid")
    found = [key for key in keys if "kid" not in header or (type(kid) is str and key.kid == kid)]
    if len(found) != 1:
        raise TokenError(
            TokenFault.UNKNOWN_KEY, "the assertion is signed with a key that the client has not registered"
        )
    return found[0]
