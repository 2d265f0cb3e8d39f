"""Keys and assertions of clients: weak, doubled and foreign keys are refused, and an assertion works once."""

from datetime import UTC, datetime, timedelta
from math import prod
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa

from access_service.domain.errors import InvalidError
from access_service.domain.tokens import TokenError
from access_service.signing.client_keys import (
    _ED25519_PRIME,
    _SMALL_ORDER,
    ClientKey,
    assertion_client,
    check_jwks,
    check_new_jwks,
    verify_assertion,
)
from access_service.signing.jose import decode, encode, public_jwk, thumbprint
from attacks.jose import ATTACKS, Attack, Scene
from attacks.jose_scene import b64, compact_json

NOW = datetime(2026, 9, 1, 2, 3, 4, tzinfo=UTC)
SECONDS = int(NOW.timestamp())
ISSUER = "https://phanquyen.example.vn"
TOKEN_ENDPOINT = f"{ISSUER}/oauth2/token"
RSA_KEY = rsa.generate_private_key(65537, 2048)
EC_KEY = ec.generate_private_key(ec.SECP256R1())
ED_KEY = ed25519.Ed25519PrivateKey.generate()
EC_JWK = public_jwk(EC_KEY.public_key())
ED_JWK = public_jwk(ED_KEY.public_key())
RSA_JWK = public_jwk(RSA_KEY.public_key())


def number(value: int) -> str:
    return encode(value.to_bytes((value.bit_length() + 7) // 8))


def of_modulus(modulus: int, exponent: int = 65537) -> dict[str, Any]:
    return {"kty": "RSA", "n": number(modulus), "e": number(exponent)}


# -- key sets


@pytest.mark.parametrize(
    ("jwk", "algorithms"),
    [
        (EC_JWK, {"ES256"}),
        (ED_JWK, {"EdDSA", "Ed25519"}),
        (RSA_JWK, {"PS256", "RS256"}),
        (RSA_JWK | {"alg": "PS256", "use": "sig", "kid": "a", "key_ops": ["verify"], "x5t": "ignored"}, {"PS256"}),
    ],
)
def test_a_strong_public_key_is_taken(jwk: dict[str, Any], algorithms: set[str]) -> None:
    (key,) = check_jwks({"keys": [jwk]})
    assert key.algorithms == algorithms
    assert key.kid == jwk.get("kid")
    assert public_jwk(key.public).items() <= jwk.items()


def test_the_thumbprint_is_that_of_the_standard() -> None:
    """The example of RFC 7638 section 3.1."""
    modulus = (
        "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMs"
        "tn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1"
        "n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw"
    )
    (key,) = check_jwks({"keys": [{"kty": "RSA", "n": modulus, "e": "AQAB", "alg": "RS256", "kid": "2011-04-29"}]})
    assert thumbprint(key.public) == "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"


def roca_modulus() -> int:
    """A power of 65537 by every small prime, as that generator's moduli are: 2048 bits, odd."""
    primorial = prod(n for n in range(3, 168) if all(n % d for d in range(2, n)))
    modulus = (2**2047 // primorial + 1) * primorial + pow(65537, 12345, primorial)
    return modulus if modulus % 2 else modulus + primorial


def _private(key: Any) -> dict[str, Any]:
    return EC_JWK | {"d": encode(key.private_numbers().private_value.to_bytes(32))}


def test_the_mark_of_the_faulty_generator_is_seen() -> None:
    with pytest.raises(InvalidError, match=r"ROCA, CVE-2017-15361"):
        check_jwks({"keys": [of_modulus(roca_modulus())]})
    for _ in range(3):
        good = rsa.generate_private_key(65537, 2048).public_key()
        assert check_jwks({"keys": [public_jwk(good)]})[0].public == good


MODULUS = RSA_KEY.public_key().public_numbers().n


@pytest.mark.parametrize(
    ("jwk", "message"),
    [
        (public_jwk(rsa.generate_private_key(65537, 1024).public_key()), "at least 2048 bits"),  # noqa: S505
        (of_modulus(MODULUS >> 1 | 1), "at least 2048 bits"),
        (of_modulus(1 << 9000 | 1), "at most 8192"),
        (of_modulus(MODULUS, 3), "exponent of an RSA key is 65537"),
        (of_modulus(MODULUS, 1), "exponent of an RSA key is 65537"),
        (of_modulus(MODULUS, 65539), "exponent of an RSA key is 65537"),
        (of_modulus(MODULUS - 1), "small factors"),
        (of_modulus((MODULUS // 3 | 1) * 3), "small factors"),
        ({"kty": "RSA", "n": b64(b"\0" + MODULUS.to_bytes(256)), "e": "AQAB"}, "begins with zeros"),
        ({"kty": "RSA", "n": RSA_JWK["n"] + "=", "e": "AQAB"}, "no canonical base64url"),
        ({"kty": "RSA", "e": "AQAB"}, "lacks `n`"),
        ({"kty": "RSA", "n": 5, "e": 3}, "lacks `n`"),
        ({"kty": "RSA", "n": RSA_JWK["n"], "e": ""}, "lacks `e`"),
        (EC_JWK | {"crv": "P-384"}, "on the curve P-256"),
        (EC_JWK | {"crv": "secp256k1"}, "on the curve P-256"),
        (EC_JWK | {"crv": ["P-256"]}, "on the curve P-256"),
        (EC_JWK | {"y": EC_JWK["x"]}, "no key"),
        (EC_JWK | {"x": b64(bytes(32)), "y": b64(bytes(32))}, "no key"),
        (EC_JWK | {"x": b64(b"\xff" * 32)}, "no key"),
        (EC_JWK | {"x": b64(b"\0" + bytes(32))}, "32 bytes each"),
        (ED_JWK | {"crv": "Ed448"}, "on the curve Ed25519"),
        (ED_JWK | {"crv": "X25519"}, "on the curve Ed25519"),
        (ED_JWK | {"x": b64(bytes(31))}, "32 bytes"),
        (ED_JWK | {"x": b64(bytes(32))}, "small order"),
        (ED_JWK | {"x": b64(b"\x01" + bytes(31))}, "small order"),
        (ED_JWK | {"x": b64(b"\x01" + bytes(30) + b"\x80")}, "small order"),
        (ED_JWK | {"x": b64(b"\xed" + b"\xff" * 30 + b"\x7f")}, "small order"),
        ({"kty": "oct", "k": b64(b"secret")}, "under 256 bits"),
        ({"kty": "oct"}, "under 256 bits"),
        ({"kty": "oct", "k": b64(bytes(32))}, "asymmetric"),
        (_private(EC_KEY), "private key"),
        (RSA_JWK | {"p": "AQAB"}, "private key"),
        (ED_JWK | {"k": "AQAB"}, "private key"),
        (EC_JWK | {"use": "enc"}, "not for checking signatures"),
        (EC_JWK | {"key_ops": ["sign", "verify"]}, "not for checking signatures"),
        (EC_JWK | {"alg": "RS256"}, "`alg` is none of ES256"),
        (EC_JWK | {"alg": "none"}, "`alg` is none of ES256"),
        (RSA_JWK | {"alg": "HS256"}, "`alg` is none of PS256, RS256"),
        (EC_JWK | {"alg": ["ES256"]}, "`alg` is none of ES256"),
        (EC_JWK | {"kid": ""}, "`kid`"),
        (EC_JWK | {"kid": 5}, "`kid`"),
        (EC_JWK | {"kid": "k" * 129}, "`kid`"),
        (EC_JWK | {"kid": "a\nb"}, "`kid`"),
        ({"kty": "DH"}, "`EC`, `OKP` or `RSA`"),
        ({}, "`EC`, `OKP` or `RSA`"),
        ({"kty": ["EC"]}, "`EC`, `OKP` or `RSA`"),
        ("key", "JSON object"),
        (None, "JSON object"),
    ],
)
def test_a_weak_foreign_or_private_key_is_refused(jwk: Any, message: str) -> None:
    with pytest.raises(InvalidError, match=message):
        check_jwks({"keys": [jwk]})


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (None, "JWK set"),
        ([], "JWK set"),
        ([EC_JWK], "JWK set"),
        (EC_JWK, "JWK set"),
        ({}, "JWK set"),
        ({"keys": []}, "JWK set"),
        ({"keys": {"a": EC_JWK}}, "JWK set"),
        ({"keys": [EC_JWK] * 17}, "JWK set"),
        ({"keys": [EC_JWK | {"kid": "a"}, ED_JWK | {"kid": "a"}]}, "same `kid`"),
        ({"keys": [EC_JWK | {"kid": "a"}, ED_JWK]}, "its own `kid`"),
        ({"keys": [EC_JWK, ED_JWK]}, "its own `kid`"),
        ({"keys": [EC_JWK | {"kid": "a"}, EC_JWK | {"kid": "b"}]}, "twice"),
        ({"keys": [EC_JWK | {"kid": "a"}, {"kty": "oct", "k": b64(bytes(64)), "kid": "b"}]}, "mix symmetric"),
    ],
)
def test_a_set_in_which_keys_contradict_each_other_is_refused(value: Any, message: str) -> None:
    with pytest.raises(InvalidError, match=message):
        check_jwks(value)


def test_the_points_of_small_order_are_those_of_the_curve() -> None:
    prime = _ED25519_PRIME
    d = -121665 * pow(121666, -1, prime) % prime
    # Order 1 and 2: y = 1, -1. Order 4: y = 0. Order 8: doubling gives y = 0, that is d y⁴ + 2 y² = 1.
    eighth = _SMALL_ORDER - {0, 1, prime - 1}
    assert len(eighth) == 2
    assert all((d * y**4 + 2 * y**2 - 1) % prime == 0 for y in eighth)


# -- assertions


class Once:
    """What was used, and until when it is kept."""

    def __init__(self) -> None:
        self.kept: dict[str, datetime] = {}

    def __call__(self, key: str, until: datetime) -> bool:
        return self.kept.setdefault(key, until) is until


KEYS = check_jwks({"keys": [EC_JWK | {"kid": "ec"}, ED_JWK | {"kid": "ed"}, RSA_JWK | {"kid": "rsa"}]})


def scene(**claims: Any) -> Scene:
    said = {
        "iss": "cli_gradebook",
        "sub": "cli_gradebook",
        "aud": TOKEN_ENDPOINT,
        "iat": SECONDS - 1,
        "exp": SECONDS + 60,
        "jti": "one",
    }
    return Scene(EC_KEY, "ec", {k: v for k, v in (said | claims).items() if v is not ...}, typ="JWT")


def verify(
    assertion: Any, *, once: Once | None = None, keys: tuple[ClientKey, ...] = KEYS, now: datetime = NOW
) -> None:
    verify_assertion(
        assertion,
        client_id="cli_gradebook",
        keys=keys,
        audiences=(ISSUER, TOKEN_ENDPOINT),
        now=now,
        claim_once=Once() if once is None else once,
    )


def signed_with_rsa(header: dict[str, Any], claims: dict[str, Any]) -> str:
    said = f"{b64(compact_json(header))}.{b64(compact_json(claims))}"
    pad = (
        padding.PSS(padding.MGF1(hashes.SHA256()), hashes.SHA256.digest_size)
        if header["alg"] == "PS256"
        else padding.PKCS1v15()
    )
    return f"{said}.{b64(RSA_KEY.sign(said.encode(), pad, hashes.SHA256()))}"


@pytest.mark.parametrize(
    "assertion",
    [
        scene().token,
        scene(aud=ISSUER).token,
        scene(aud=[ISSUER]).token,
        scene(aud=[ISSUER, TOKEN_ENDPOINT]).token,
        scene(iat=...).token,
        # authlib writes an hour; it counts for five minutes all the same.
        scene(exp=SECONDS + 3599).token,
        scene().forged({"typ": ...}),
        scene().forged({"typ": "client-authentication+jwt"}),
        scene().forged({"alg": "EdDSA", "kid": "ed"}, key=ED_KEY),
        scene().forged({"alg": "Ed25519", "kid": "ed"}, key=ED_KEY),
        signed_with_rsa({"alg": "RS256", "kid": "rsa"}, scene().claims),
        signed_with_rsa({"alg": "PS256", "kid": "rsa"}, scene().claims),
    ],
)
def test_a_client_shows_who_it_is(assertion: str) -> None:
    assert assertion_client(assertion) == "cli_gradebook"
    verify(assertion)


def test_without_a_kid_the_only_key_is_meant() -> None:
    assertion = scene().forged({"kid": ...})
    verify(assertion, keys=check_jwks({"keys": [EC_JWK]}))
    verify(assertion, keys=check_jwks({"keys": [EC_JWK | {"kid": "ec"}]}))
    with pytest.raises(TokenError, match="not registered"):
        verify(assertion)


def test_an_assertion_works_once() -> None:
    once = Once()
    verify(scene().token, once=once)
    for again in (scene().token, scene(aud=ISSUER).token):
        with pytest.raises(TokenError) as caught:
            verify(again, once=once)
        assert caught.value.code == "replayed"
    verify(scene(jti="two").token, once=once)
    # It is remembered for as long as it would be accepted.
    for until in once.kept.values():
        assert until >= NOW + timedelta(seconds=60)


def test_an_assertion_that_is_refused_uses_nothing_up() -> None:
    once = Once()
    with pytest.raises(TokenError):
        verify(scene(aud="https://other.example.vn").token, once=once)
    with pytest.raises(TokenError):
        verify(scene().token[:-2], once=once)
    assert once.kept == {}


@pytest.mark.parametrize(
    ("assertion", "code"),
    [
        (scene(iss="cli_other").token, "wrong_issuer"),
        (scene(sub="cli_other").token, "wrong_issuer"),
        (scene(sub=...).token, "wrong_issuer"),
        (scene(iss=["cli_gradebook"]).token, "wrong_issuer"),
        (scene(aud=...).token, "wrong_audience"),
        (scene(aud=[]).token, "wrong_audience"),
        (scene(aud="").token, "wrong_audience"),
        (scene(aud=ISSUER + "/").token, "wrong_audience"),
        (scene(aud=[ISSUER, "https://other.example.vn"]).token, "wrong_audience"),
        (scene(aud=[ISSUER, None]).token, "wrong_audience"),
        (scene(aud={ISSUER: 1}).token, "wrong_audience"),
        (scene(exp=...).token, "invalid_claims"),
        (scene(exp=SECONDS).token, "expired"),
        (scene(exp=SECONDS + 3631).token, "invalid_claims"),
        (scene(iat=..., exp=SECONDS + 331).token, "invalid_claims"),
        (scene(iat=SECONDS - 300, exp=SECONDS + 60).token, "expired"),
        (scene(iat=SECONDS + 31).token, "not_yet_valid"),
        (scene(nbf=SECONDS + 31).token, "not_yet_valid"),
        (scene(jti=...).token, "invalid_claims"),
        (scene(jti="").token, "invalid_claims"),
        (scene().forged({"typ": "at+jwt"}), "wrong_type"),
        (scene().forged({"typ": "dpop+jwt"}), "wrong_type"),
        (scene().forged({"typ": ["JWT"]}), "wrong_type"),
        (scene().forged({"kid": "nobody"}), "unknown_key"),
        (scene().forged({"kid": ["ec"]}), "unknown_key"),
        (scene().forged({"kid": None}), "unknown_key"),
        (scene().forged({"kid": "ed"}), "wrong_algorithm"),
        (scene().forged({"kid": "rsa"}), "wrong_algorithm"),
        (scene().forged(key=scene().attacker), "bad_signature"),
        (scene().forged({"jwk": EC_JWK}), "unknown_key"),
        (scene().forged({"jku": "http://127.0.0.1:1/"}), "unknown_key"),
        (scene().forged({"x5u": "http://127.0.0.1:1/"}), "unknown_key"),
        (scene().forged({"x5c": []}), "unknown_key"),
        (scene().forged({"crit": ["exp"]}), "malformed"),
        (signed_with_rsa({"alg": "RS256", "kid": "ec"}, scene().claims), "wrong_algorithm"),
    ],
)
def test_any_other_assertion_is_refused(assertion: str, code: str) -> None:
    with pytest.raises(TokenError) as caught:
        verify(assertion)
    assert caught.value.code == code


# `scope`, `act` and the like mean nothing in an assertion; an audience may be two of our own addresses.
MEANT = {"kind", "scope", "claims", "audience", "time", "issuer"}


@pytest.mark.parametrize("attack", [pytest.param(a, id=a.name) for a in ATTACKS if a.family not in MEANT])
def test_a_forged_assertion_is_refused(attack: Attack) -> None:
    here = scene()
    details = {"authorization_details": [{"unit": "0003101"}]}
    for token in attack.forge(Scene(EC_KEY, "ec", here.claims | details, typ="JWT")):
        with pytest.raises(TokenError) as caught:
            verify(token)
        assert caught.type is TokenError
        try:
            assert type(assertion_client(token)) is str  # type: ignore[arg-type]
        except TokenError:
            continue


# -- keys whose factors anybody finds


def prime_after(start: int) -> int:
    """The next prime, to base 2 and 3 at least: enough to make a weak key of."""
    found = start | 1
    while pow(2, found - 1, found) != 1 or pow(3, found - 1, found) != 1:
        found += 2
    return found


# Half and whole of a modulus of 2048 bits; found once, since looking for a prime of that size takes a while.
PRIVATE = RSA_KEY.private_numbers()
HALF = max(PRIVATE.p, PRIVATE.q)
NEXT = prime_after(HALF + 2)
CUBED = prime_after(1 << 688)


@pytest.mark.parametrize(
    ("modulus", "message"),
    [
        (HALF * HALF, "is a square"),
        (HALF * NEXT, "near each other"),
        (2**2203 - 1, "is a prime"),
        (2**3217 - 1, "is a prime"),
        (CUBED**3, "no product of two independent primes"),
        (9973 * (MODULUS >> 12 | 1), "small factors"),
    ],
    ids=["square", "near", "prime", "longer prime", "cube", "small factor"],
)
def test_a_modulus_that_anybody_can_factor_is_refused(modulus: int, message: str) -> None:
    with pytest.raises(InvalidError, match=message):
        check_new_jwks({"keys": [of_modulus(modulus)]})


def test_honest_keys_are_taken_and_more_bits_than_can_be_looked_at_are_not() -> None:
    longer = public_jwk(rsa.generate_private_key(65537, 3072).public_key())
    assert (
        len(check_new_jwks({"keys": [RSA_JWK | {"kid": "a"}, longer | {"kid": "b"}, EC_JWK | {"kid": "c"}]})) == 3
    )
    with pytest.raises(InvalidError, match="at most 4096 bits"):
        check_new_jwks({"keys": [of_modulus(prime_free(5000))]})
    many = [of_modulus(prime_free(2048) + 2 * n) | {"kid": str(n)} for n in range(200)]
    kept = [jwk for jwk in many if _is_readable(jwk)][:5]
    with pytest.raises(InvalidError, match="8192 bits together"):
        check_new_jwks({"keys": kept})


def prime_free(bits: int) -> int:
    """A number of that length that passes the quick checks; nobody looks further at it."""
    found = 1 << (bits - 1) | 1
    while not _is_readable(of_modulus(found)):
        found += 2
    return found


def _is_readable(jwk: dict[str, Any]) -> bool:
    try:
        return bool(check_jwks({"keys": [jwk]}))
    except InvalidError:
        return False


def test_half_of_all_coordinates_are_no_point_of_the_curve() -> None:
    """OpenSSL takes any 32 bytes for a key on Ed25519; one off the curve is no key."""
    said = {True: 0, False: 0}
    for y in range(2, 42):
        said[_is_readable(ED_JWK | {"x": b64(y.to_bytes(32, "little"))})] += 1
    assert min(said.values()) > 5
    with pytest.raises(InvalidError, match="no point of Ed25519"):
        check_jwks({"keys": [ED_JWK | {"x": b64((2).to_bytes(32, "little"))}]})
    with pytest.raises(InvalidError, match="no key"):
        check_jwks({"keys": [EC_JWK | {"y": b64((int.from_bytes(decode(EC_JWK["y"])) ^ 1).to_bytes(32))}]})
