"""The scene of an attack on a signed token, and the list to which every story adds itself."""

import base64
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import jwt
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

Private = ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey
Forge = Callable[["Scene"], Iterator[object]]

FAMILIES = (
    *("signature", "none", "confusion", "foreign key", "kid", "ecdsa", "extension", "serialisation", "encryption"),
    *("json", "time", "audience", "issuer", "kind", "scope", "claims", "size", "base64"),
)


def b64(raw: bytes | str) -> str:
    """Base64url without padding."""
    return base64.urlsafe_b64encode(raw.encode() if isinstance(raw, str) else raw).rstrip(b"=").decode()


def unb64(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def compact_json(value: object) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


@dataclass(frozen=True)
class Scene:
    """A legitimate token and what its issuer signed it with."""

    private: Private
    kid: str
    claims: dict[str, Any]
    """The payload of the legitimate token, as it stands on the wire."""
    typ: str = "at+jwt"
    attacker: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))

    @property
    def alg(self) -> str:
        return "ES256" if isinstance(self.private, ec.EllipticCurvePrivateKey) else "EdDSA"

    @property
    def header(self) -> dict[str, Any]:
        return {"alg": self.alg, "kid": self.kid, "typ": self.typ}

    @property
    def now(self) -> int:
        """A second in the token's life."""
        return int(self.claims["iat"]) + 1

    @property
    def token(self) -> str:
        """The legitimate token."""
        return self.forged()

    def signature(self, signing_input: bytes, key: Private | None = None) -> bytes:
        key = key or self.private
        if isinstance(key, ed25519.Ed25519PrivateKey):
            return key.sign(signing_input)
        r, s = decode_dss_signature(key.sign(signing_input, ec.ECDSA(hashes.SHA256())))
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")

    def signed_parts(self, head: str, payload: str, key: Private | None = None) -> str:
        """Two parts as they are, with a signature that fits them."""
        return f"{head}.{payload}.{b64(self.signature(f'{head}.{payload}'.encode(), key))}"

    def signed_raw(self, header: bytes | str, payload: bytes | str, key: Private | None = None) -> str:
        return self.signed_parts(b64(header), b64(payload), key)

    def forged(self, header: dict[str, Any] | None = None, key: Private | None = None, **claims: Any) -> str:
        """The token with members of its header and claims changed (`...` leaves one out), and a signature."""
        head, payload = self.header | (header or {}), self.claims | claims
        return self.signed_raw(
            *(compact_json({k: v for k, v in d.items() if v is not ...}) for d in (head, payload)), key
        )

    def parts(self) -> list[str]:
        return self.token.split(".")


@dataclass(frozen=True)
class Attack:
    """One story."""

    family: str
    forge: Forge

    @property
    def name(self) -> str:
        return self.forge.__name__


ATTACKS: list[Attack] = []


def attack(family: str) -> Callable[[Forge], Forge]:
    """Adds a story to its family."""

    def add(forge: Forge) -> Forge:
        assert family in FAMILIES
        ATTACKS.append(Attack(family, forge))
        return forge

    return add


def attackers_jwk(scene: Scene) -> dict[str, Any]:
    jwk: dict[str, Any] = jwt.get_algorithm_by_name("ES256").to_jwk(  # type: ignore[attr-defined]
        scene.attacker.public_key(), as_dict=True
    )
    return jwk
