"""DPoP proofs: one key, one request, one token, one use."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

from access_service.domain.tokens import TokenError
from access_service.signing.dpop import Proof, verify_proof
from access_service.signing.jose import public_jwk, thumbprint
from attacks.jose import ATTACKS, Attack, Scene
from attacks.jose_scene import b64

NOW = datetime(2026, 9, 1, 2, 3, 4, tzinfo=UTC)
SECONDS = int(NOW.timestamp())
URL = "https://phanquyen.example.vn/oauth2/token"
KEY = ec.generate_private_key(ec.SECP256R1())
TOKEN = "a.b.c"


@dataclass(frozen=True)
class ProofScene(Scene):
    """A proof carries its key in the header, and no `kid`."""

    typ: str = "dpop+jwt"

    @property
    def header(self) -> dict[str, Any]:
        return {"alg": self.alg, "jwk": public_jwk(self.private.public_key()), "typ": self.typ}


def scene(private: Any = KEY, **claims: Any) -> ProofScene:
    said = {"htm": "POST", "htu": URL, "iat": SECONDS - 1, "jti": "one"} | claims
    return ProofScene(private, "", {k: v for k, v in said.items() if v is not ...})


def accept(proof: Any, *, used: set[str] | None = None, now: datetime = NOW, url: str = URL, **more: Any) -> Proof:
    used = set() if used is None else used

    def claim_once(key: str, until: datetime) -> bool:
        assert until >= now + timedelta(seconds=60)
        fresh = key not in used
        used.add(key)
        return fresh

    return verify_proof(proof, method="POST", url=url, now=now, claim_once=claim_once, **more)


@pytest.mark.parametrize("private", [KEY, ed25519.Ed25519PrivateKey.generate()])
def test_a_proof_says_with_which_key_it_was_made(private: Any) -> None:
    proof = accept(scene(private).token)
    assert (proof.jkt, proof.jti, proof.iat) == (thumbprint(private.public_key()), "one", SECONDS - 1)
    assert accept(scene(private).token, jkt=proof.jkt) == proof


def test_a_proof_is_for_one_token() -> None:
    ath = b64(sha256(TOKEN.encode()).digest())
    accept(scene(ath=ath).token, access_token=TOKEN)
    for other in (..., "", b64(sha256(b"other").digest()), ath + "=", ath[:-1], None, 5, "é" * 43):
        with pytest.raises(TokenError):
            accept(scene(ath=other).token, access_token=TOKEN)


def test_a_proof_is_made_with_the_tokens_key() -> None:
    for other in ("", "A" * 43, thumbprint(ec.generate_private_key(ec.SECP256R1()).public_key()), "é"):
        with pytest.raises(TokenError) as caught:
            accept(scene().token, jkt=other)
        assert caught.value.code == "proof_mismatch"


def test_a_proof_works_once() -> None:
    used: set[str] = set()
    accept(scene().token, used=used)
    for again in (scene().token, scene(iat=SECONDS).token):
        with pytest.raises(TokenError) as caught:
            accept(again, used=used)
        assert caught.value.code == "replayed"
    accept(scene(jti="two").token, used=used)
    # Somebody else's key may use the same word.
    accept(scene(ec.generate_private_key(ec.SECP256R1())).token, used=used)


def test_a_proof_that_is_refused_uses_nothing_up() -> None:
    used: set[str] = set()
    for wrong in (scene(htm="GET"), scene(iat=0), scene(htu=URL + "x")):
        with pytest.raises(TokenError):
            accept(wrong.token, used=used)
    assert used == set()


@pytest.mark.parametrize("nonce", [..., "", "old", None, 5, ["fresh"]])
def test_a_nonce_that_was_asked_for_must_be_there(nonce: Any) -> None:
    accept(scene(nonce="fresh").token, nonce="fresh")
    accept(scene(nonce=nonce).token)
    with pytest.raises(TokenError) as caught:
        accept(scene(nonce=nonce).token, nonce="fresh")
    assert caught.value.code == "nonce_mismatch"


@pytest.mark.parametrize(
    ("htu", "url"),
    [
        (URL, URL + "?a=b#c"),
        (URL + "?a=b", URL),
        ("HTTPS://PhanQuyen.example.vn/oauth2/token", URL),
        ("https://phanquyen.example.vn:443/oauth2/token", URL),
        ("https://phanquyen.example.vn", "https://phanquyen.example.vn/"),
    ],
)
def test_spellings_of_one_address_are_one(htu: str, url: str) -> None:
    accept(scene(htu=htu).token, url=url)


@pytest.mark.parametrize(
    "htu",
    [
        *("http://phanquyen.example.vn/oauth2/token", "https://phanquyen.example.vn:8443/oauth2/token"),
        *(URL + "/", URL.replace("token", "TOKEN"), URL.replace("/token", "/%74oken"), "/oauth2/token", "", "//x"),
        *("https://khac.example.vn/oauth2/token", "https://a@phanquyen.example.vn/oauth2/token", "https://[::1/x"),
        *("https://phanquyen.example.vn:99999/oauth2/token", "https://phanquyen.example.vn:x/oauth2/token"),
        *("https://phanquyen.example.vn./oauth2/token", URL + "\n", [URL], 5, None, ...),
    ],
)
def test_a_proof_for_another_address_is_refused(htu: Any) -> None:
    with pytest.raises(TokenError):
        accept(scene(htu=htu).token)


@pytest.mark.parametrize(
    ("claims", "code"),
    [
        ({"htm": "GET"}, "proof_mismatch"),
        ({"htm": "post"}, "proof_mismatch"),
        ({"htm": ...}, "proof_mismatch"),
        ({"htm": ["POST"]}, "proof_mismatch"),
        ({"iat": SECONDS - 60}, "expired"),
        ({"iat": SECONDS + 31}, "not_yet_valid"),
        ({"iat": float(SECONDS)}, "invalid_claims"),
        ({"iat": str(SECONDS)}, "invalid_claims"),
        ({"iat": True}, "invalid_claims"),
        ({"iat": ...}, "invalid_claims"),
        ({"exp": SECONDS}, "expired"),
        ({"nbf": SECONDS + 31}, "not_yet_valid"),
        ({"jti": ...}, "invalid_claims"),
        ({"jti": ""}, "invalid_claims"),
        ({"jti": 5}, "invalid_claims"),
        ({"jti": "x" * 257}, "invalid_claims"),
    ],
)
def test_a_proof_for_another_request_or_time_is_refused(claims: dict[str, Any], code: str) -> None:
    with pytest.raises(TokenError) as caught:
        accept(scene(**claims).token)
    assert caught.value.code == code


def test_clocks_may_differ_by_half_a_minute() -> None:
    accept(scene(iat=SECONDS + 30).token)
    accept(scene(iat=SECONDS - 59).token)


@pytest.mark.parametrize(
    "jwk",
    [
        ...,
        None,
        "key",
        [],
        {},
        {"kty": "oct", "k": b64(bytes(32))},
        public_jwk(KEY.public_key()) | {"d": b64(bytes(32))},
        public_jwk(KEY.public_key()) | {"crv": "P-384"},
        {"kty": "OKP", "crv": "Ed25519", "x": b64(b"\x01" + bytes(31))},
        {"kty": "RSA", "n": b64(b"\xff" * 128), "e": "AQAB"},
        public_jwk(ec.generate_private_key(ec.SECP256R1()).public_key()),
    ],
)
def test_a_proof_without_a_public_key_that_fits_is_refused(jwk: Any) -> None:
    with pytest.raises(TokenError):
        accept(scene().forged({"jwk": jwk}))


@pytest.mark.parametrize("name", ["jku", "x5u", "x5c"])
def test_a_proof_brings_its_key_itself(name: str) -> None:
    with pytest.raises(TokenError):
        accept(scene().forged({name: "http://127.0.0.1:1/"}))


MEANT = {"foreign key", "kid", "time", "audience", "issuer", "scope", "claims"}
"""What these stories change means nothing in a proof; its own claims have tests above."""


@pytest.mark.parametrize("attack", [pytest.param(a, id=a.name) for a in ATTACKS if a.family not in MEANT])
@pytest.mark.parametrize("private", [KEY, ed25519.Ed25519PrivateKey.generate()], ids=["ES256", "EdDSA"])
def test_a_forged_proof_is_refused(attack: Attack, private: Any) -> None:
    here = ProofScene(private, "", scene().claims | {"sub": "x", "exp": SECONDS + 60})
    accept(here.token)
    for proof in attack.forge(here):
        with pytest.raises(TokenError) as caught:
            accept(proof)
        assert caught.type is TokenError
