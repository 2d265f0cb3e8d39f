"""Attacks on signatures, algorithms and keys."""

import base64
import json
from collections.abc import Iterator

import jwt
from cryptography.hazmat.primitives import hashes, hmac
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from attacks.jose_scene import Scene, attack, attackers_jwk, b64, compact_json, unb64

P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


# -- the signature


@attack("signature")
def the_signature_is_cut_off(scene: Scene) -> Iterator[object]:
    head, payload, signature = scene.parts()
    yield f"{head}.{payload}."
    yield f"{head}.{payload}"
    yield f"{head}.{payload}.{signature[:-2]}"
    yield f"{head}.{payload}.{b64(unb64(signature)[:32])}"
    yield f".{payload}.{signature}"
    yield f"{head}..{signature}"


@attack("signature")
def a_bit_of_the_signature_is_turned(scene: Scene) -> Iterator[object]:
    head, payload, signature = scene.parts()
    raw = bytearray(unb64(signature))
    for place in range(len(raw)):
        raw[place] ^= 1
        yield f"{head}.{payload}.{b64(bytes(raw))}"
        raw[place] ^= 1


@attack("signature")
def a_claim_is_changed_under_the_signature(scene: Scene) -> Iterator[object]:
    head, _, signature = scene.parts()
    for name, value in (("sub", "acc_other"), ("exp", scene.claims["exp"] + 1), ("jti", "other"), ("scope", "all")):
        yield f"{head}.{b64(compact_json(scene.claims | {name: value}))}.{signature}"


@attack("signature")
def the_header_is_changed_under_the_signature(scene: Scene) -> Iterator[object]:
    _, payload, signature = scene.parts()
    yield f"{b64(json.dumps(scene.header, indent=1))}.{payload}.{signature}"
    yield f"{b64(compact_json(dict(reversed(scene.header.items()))))}.{payload}.{signature}"


@attack("signature")
def somebody_else_signs_in_the_keys_name(scene: Scene) -> Iterator[object]:
    yield scene.signed_raw(
        compact_json(scene.header | {"alg": "ES256"}), compact_json(scene.claims), key=scene.attacker
    )
    yield scene.signed_raw(
        compact_json(scene.header | {"alg": "EdDSA"}),
        compact_json(scene.claims),
        key=ed25519.Ed25519PrivateKey.generate(),
    )


@attack("signature")
def the_signature_is_of_another_token(scene: Scene) -> Iterator[object]:
    head, payload, _ = scene.parts()
    yield f"{head}.{payload}.{scene.forged(jti='another').split('.')[2]}"


# -- alg


@attack("none")
def the_token_says_that_it_is_not_signed(scene: Scene) -> Iterator[object]:
    payload, signature = scene.parts()[1:]
    for alg in ("none", "None", "NONE", "nOnE", "none ", "", None, False, 0, [], ["none"], {"alg": "none"}):
        head = b64(compact_json(scene.header | {"alg": alg}))
        for end in ("", "AA", signature):
            yield f"{head}.{payload}.{end}"


@attack("none")
def the_token_names_no_algorithm(scene: Scene) -> Iterator[object]:
    yield scene.forged({"alg": ...})
    yield scene.forged({"alg": [scene.alg]})
    yield scene.forged({"alg": scene.alg.lower() if scene.alg == "ES256" else "eddsa"})


@attack("confusion")
def the_public_key_is_used_as_a_shared_secret(scene: Scene) -> Iterator[object]:
    """Everybody has the public key: were it taken for a secret, everybody could sign."""
    public = scene.private.public_key()
    jwk = jwt.get_algorithm_by_name(scene.alg).to_jwk(public, as_dict=True)  # type: ignore[attr-defined]
    secrets = [
        public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
        public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).strip(),
        public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
        compact_json(jwk).encode(),
        scene.kid.encode(),
        b"",
    ]
    for alg, hash_ in (("HS256", hashes.SHA256()), ("HS384", hashes.SHA384()), ("HS512", hashes.SHA512())):
        said = f"{b64(compact_json(scene.header | {'alg': alg}))}.{scene.parts()[1]}"
        for secret in secrets:
            mac = hmac.HMAC(secret or b"\0", hash_)
            mac.update(said.encode())
            yield f"{said}.{b64(mac.finalize())}"


@attack("confusion")
def the_token_names_another_algorithm_than_its_keys(scene: Scene) -> Iterator[object]:
    for alg in ("ES384", "ES512", "ES256K", "RS256", "PS256", "HS256", "Ed25519", "Ed448", "EdDSA", "ES256", "dir"):
        # RFC 9864: `Ed25519` and `EdDSA` are two names for one thing under a key on that curve.
        if alg != scene.alg and {alg, scene.alg} != {"Ed25519", "EdDSA"}:
            yield scene.forged({"alg": alg})


@attack("confusion")
def an_rsa_key_signs_in_the_keys_name(scene: Scene) -> Iterator[object]:
    key = rsa.generate_private_key(65537, 2048)
    said = f"{b64(compact_json(scene.header | {'alg': 'RS256'}))}.{scene.parts()[1]}"
    yield f"{said}.{b64(key.sign(said.encode(), PKCS1v15(), hashes.SHA256()))}"


# -- keys that the token brings along


@attack("foreign key")
def the_token_brings_its_own_key(scene: Scene) -> Iterator[object]:
    jwk = attackers_jwk(scene)
    for kid in (scene.kid, "attacker", ...):
        yield scene.forged({"alg": "ES256", "jwk": jwk, "kid": kid}, key=scene.attacker)
        yield scene.forged({"alg": "ES256", "jwk": jwk | {"kid": scene.kid}, "kid": kid}, key=scene.attacker)
    yield scene.forged({"jwk": jwk})


@attack("foreign key")
def the_token_says_where_to_fetch_its_key(scene: Scene) -> Iterator[object]:
    """Nothing may be fetched: the address could be one that only the server reaches."""
    for name in ("jku", "x5u"):
        for place in (
            "https://127.0.0.1:1/jwks.json",
            "http://169.254.169.254/latest",
            "file:///etc/passwd",
            "//x",
        ):
            yield scene.forged({name: place})
            yield scene.forged({"alg": "ES256", name: place, "kid": "attacker"}, key=scene.attacker)


@attack("foreign key")
def the_token_brings_a_certificate(scene: Scene) -> Iterator[object]:
    der = scene.attacker.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    for kid in (scene.kid, ...):
        yield scene.forged(
            {"alg": "ES256", "x5c": [base64.b64encode(der).decode()], "kid": kid}, key=scene.attacker
        )
    yield scene.forged({"x5c": []})


@attack("kid")
def the_kid_is_a_path_a_query_or_a_command(scene: Scene) -> Iterator[object]:
    for kid in (
        *(
            "../../../../dev/null",
            "/dev/null",
            "..\\..\\key",
            f"./{scene.kid}",
            f"{scene.kid}.pem",
            f"tokens/{scene.kid}",
        ),
        *("' OR '1'='1", "x' UNION SELECT 'AA", "'; DROP TABLE public_keys; --", f"{scene.kid}' --"),
        *("$(id)", "`id`", "| id", "; sleep 10", f"{scene.kid}\n", f"{scene.kid}\0", f" {scene.kid}", "\ud800"),
        *("http://127.0.0.1:1/", "__class__", "*", "%", scene.kid[:-1], scene.kid.swapcase()),
    ):
        yield scene.signed_raw(json.dumps(scene.header | {"kid": kid}), compact_json(scene.claims))


@attack("kid")
def the_kid_is_no_name(scene: Scene) -> Iterator[object]:
    for kid in (..., None, "", 0, 1, 1.5, True, [], [scene.kid], {}, {scene.kid: 1}, {"$ne": None}):
        yield scene.forged({"kid": kid})


@attack("kid")
def the_kid_is_huge(scene: Scene) -> Iterator[object]:
    for length in (44, 129, 4096, 100_000):
        yield scene.forged({"kid": "k" * length})
    yield scene.forged({"kid": scene.kid * 100})


@attack("kid")
def the_kid_is_unknown(scene: Scene) -> Iterator[object]:
    yield scene.forged({"kid": "A" * 43})
    yield scene.forged({"kid": "A" * 43, "alg": "ES256"}, key=scene.attacker)


@attack("kid")
def the_kid_stands_there_twice(scene: Scene) -> Iterator[object]:
    for first, second in ((scene.kid, "attacker"), ("attacker", scene.kid), (scene.kid, scene.kid)):
        head = f'{{"alg":"{scene.alg}","kid":"{first}","kid":"{second}","typ":"{scene.typ}"}}'
        yield scene.signed_raw(head, compact_json(scene.claims))


# -- numbers that are no signature


@attack("ecdsa")
def the_signature_is_zero_or_the_order(scene: Scene) -> Iterator[object]:
    """CVE-2022-21449: r = s = 0 fitted every message under one verifier."""
    head, payload, signature = scene.parts()
    r, s = unb64(signature)[:32], unb64(signature)[32:]
    zero, one = bytes(32), (1).to_bytes(32, "big")
    order, beyond = P256_ORDER.to_bytes(32, "big"), b"\xff" * 32
    for pair in ((zero, zero), (zero, one), (one, zero), (one, one), (r, zero), (zero, s), (order, order)):
        yield f"{head}.{payload}.{b64(b''.join(pair))}"
    for pair in ((order, s), (r, order), (beyond, beyond), (s, r)):
        yield f"{head}.{payload}.{b64(b''.join(pair))}"


@attack("ecdsa")
def the_signature_is_longer_or_shorter(scene: Scene) -> Iterator[object]:
    head, payload, signature = scene.parts()
    raw = unb64(signature)
    r, s = raw[:32], raw[32:]
    for other in (raw + b"\0", b"\0" + raw, raw + raw, b"\0" + r + b"\0" + s, raw[:-1], raw[1:], b"\0" * 4096):
        yield f"{head}.{payload}.{b64(other)}"


@attack("ecdsa")
def the_signature_is_in_der(scene: Scene) -> Iterator[object]:
    head, payload, signature = scene.parts()
    raw = unb64(signature)
    r, s = int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big")
    yield f"{head}.{payload}.{b64(encode_dss_signature(r, s))}"
    yield f"{head}.{payload}.{b64(encode_dss_signature(0, 0))}"
    yield f"{head}.{payload}.{b64(encode_dss_signature(r, s) + bytes(16))}"
