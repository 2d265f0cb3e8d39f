"""The same attacks on signed tokens, against the verifier that other services run: `access_service.client`."""

from datetime import UTC, datetime
from typing import Any

import httpx2
import pytest
from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256R1,
    EllipticCurvePrivateKey,
    generate_private_key,
)
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from fake_service import Fake, Issuer

from access_service.client import AccessUnavailableError, Token, TokenError, TokenVerifier
from access_service.domain import tokens
from access_service.signing.tokens import TokenVerifier as ServersVerifier
from attacks.jose import ATTACKS, EVENTS, Attack, Event, Scene
from attacks.jose_scene import b64, unb64
from attacks.jose_signatures import P256_ORDER

ISSUER = "https://phanquyen.example.vn"
AUDIENCE = "https://so-diem.example.vn"
START = 1_790_000_000
KID = "fVZ0ct1k0Y3sMwB0dUQqX6i0cJm9v2hT4nR8pLk7aBc"

CLAIMS: dict[str, Any] = {
    "iss": ISSUER,
    "sub": "acc_teacher",
    "aud": AUDIENCE,
    "client_id": "cli_gradebook",
    "iat": START,
    "exp": START + 300,
    "jti": "Zm9yIG9uZSB0b2tlbg",
    "scope": "student:read student:write",
    "authorization_details": [
        {
            "type": "education_data",
            "unit": "311138301",
            "classes": ["311138301:2026-2027:6A1"],
            "categories": ["STU-ACA"],
            "actions": ["read"],
            "school_year": "2026-2027",
            "grant": "grt_homeroom",
        }
    ],
    "register": "thu-nghiem",
    "revision": "r1z",
    "policy": ["ab" * 32],
    "grants": ["grt_homeroom", "apv_gradebook"],
    "documents": ["doc_minutes"],
    "act": {"sub": "acc_gradebook", "act": {"sub": "acc_portal"}},
}


class Target:
    """The client's verifier behind a transport that knows two addresses, and what may happen around it."""

    def __init__(self, scene: Scene) -> None:
        self.fake = Fake(now=scene.now - START)
        self.issuer = Issuer(private=scene.private, kid=scene.kid, as_of=self.fake.clock)
        self.fake.answers = [self.issuer.answer]
        self.verifier: TokenVerifier = self.fake.verifier()

    def verify(self, token: Any) -> Token:
        return self.verifier.verify(token)

    def _published(self) -> None:
        """Until the verifier has looked again."""
        self.fake.now += 6
        self.verifier.refresh()

    def revoke(self, jti: str) -> None:
        self.issuer.revoked["tokens"].append(jti)
        self._published()

    def disable(self, account: str) -> None:
        self.issuer.revoked["subjects"][account] = self.fake.clock()
        self._published()

    def retire_key(self) -> None:
        self.issuer.kid, self.issuer.private = "n" * 43, generate_private_key(SECP256R1())
        self.fake.now += 31
        with pytest.raises(TokenError):
            self.verifier.verify(Scene(self.issuer.private, "n" * 43, CLAIMS | {"jti": "new", "aud": "x"}).token)

    def replace_key(self) -> None:
        self.issuer.private = generate_private_key(SECP256R1())
        # Another key under the same name is seen when the key set is due.
        self.verifier._own.mine._keys_due = self.fake.now
        self._published()

    def forward(self, seconds: int) -> None:
        self.fake.now += seconds


@pytest.fixture(params=["ES256", "EdDSA"])
def scene(request: pytest.FixtureRequest) -> Scene:
    private = generate_private_key(SECP256R1()) if request.param == "ES256" else Ed25519PrivateKey.generate()
    return Scene(private, KID, CLAIMS)


def refused(target: Target, token: object) -> TokenError:
    """The refusal; any other exception, or none, fails the test."""
    with pytest.raises(TokenError) as caught:
        target.verify(token)
    return caught.value


@pytest.mark.parametrize("attack", [pytest.param(a, id=f"{a.family}: {a.name}") for a in ATTACKS])
def test_a_forged_token_is_refused_by_the_client(scene: Scene, attack: Attack) -> None:
    target = Target(scene)
    legitimate = scene.token
    assert target.verify(legitimate).sub == "acc_teacher"
    forged = list(attack.forge(scene))
    assert forged
    for token in forged:
        assert token != legitimate
        assert len(refused(target, token).message) < 120
    assert target.verify(legitimate).sub == "acc_teacher"
    # Whatever the token said, only the issuer's two addresses were asked, each once.
    assert sorted(str(request.url) for request in target.fake.seen) == [
        f"{ISSUER}/oauth2/jwks.json",
        f"{ISSUER}/oauth2/revocations",
    ]


@pytest.mark.parametrize("attack", [pytest.param(a, id=f"{a.family}: {a.name}") for a in ATTACKS])
def test_a_client_that_has_seen_nothing_refuses_too(scene: Scene, attack: Attack) -> None:
    for token in attack.forge(scene):
        refused(Target(scene), token)


@pytest.mark.parametrize("event", [pytest.param(e, id=e.name) for e in EVENTS])
def test_a_token_that_the_client_accepted_is_refused_after(scene: Scene, event: Event) -> None:
    target, token = Target(scene), scene.token
    for _ in range(2):
        assert target.verify(token).jti == CLAIMS["jti"]
    event.happen(scene, target)
    refused(target, token)
    refused(target, token)


@pytest.mark.parametrize(
    ("name", "codes"),
    [
        ("somebody_else_signs_in_the_keys_name", {"bad_signature", "wrong_algorithm"}),
        ("a_bit_of_the_signature_is_turned", {"bad_signature"}),
        ("the_signature_is_zero_or_the_order", {"bad_signature"}),
        ("the_public_key_is_used_as_a_shared_secret", {"wrong_algorithm"}),
        ("the_token_brings_its_own_key", {"malformed"}),
        ("the_kid_is_unknown", {"unknown_key"}),
        ("the_issuer_is_missing_or_nearly_ours", {"wrong_issuer", "invalid_claims"}),
        ("the_audience_is_ours_and_anothers", {"wrong_audience"}),
        ("a_token_of_another_kind", {"wrong_type"}),
        ("the_scope_is_no_list_of_words", {"invalid_claims"}),
        ("the_details_are_not_what_they_must_be", {"invalid_claims", "too_long"}),
        ("the_parts_are_padded", {"malformed"}),
        ("a_member_stands_there_twice", {"malformed"}),
    ],
)
def test_the_clients_refusal_names_what_is_wrong(scene: Scene, name: str, codes: set[str]) -> None:
    attack = next(a for a in ATTACKS if a.name == name)
    assert {refused(Target(scene), token).code for token in attack.forge(scene)} <= codes


def test_both_verifiers_refuse_for_the_same_reason(scene: Scene) -> None:
    """Written apart from each other, they must not come to differ."""
    servers = ServersVerifier({scene.kid: scene.private.public_key()}, ISSUER)
    now = datetime.fromtimestamp(scene.now, UTC)
    # An audience of another type is the wrong one to one of them, and no audience to the other.
    same = {"wrong_audience": "invalid_claims"}
    # The server counts how deep JSON is before it reads it; the client reads it and finds no chain of actors.
    counted = ("invalid_claims", "malformed")
    for attack in ATTACKS:
        for token in attack.forge(scene):
            with pytest.raises(tokens.TokenError) as caught:
                servers.verify(token, AUDIENCE, now)  # type: ignore[arg-type]
            ours, theirs = refused(Target(scene), token).code, str(caught.value.code)
            is_deep = attack.name == "who_acts_is_no_chain" and (ours, theirs) == counted
            assert is_deep or same.get(ours, ours) == same.get(theirs, theirs), attack.name


def test_revocation_meets_both_twins_of_a_signature() -> None:
    """ECDSA signatures have a twin (r, n-s) that anybody can compute: revocation goes by `jti`, not by the text."""
    scene = Scene(generate_private_key(SECP256R1()), KID, CLAIMS)
    assert isinstance(scene.private, EllipticCurvePrivateKey)
    target = Target(scene)
    head, payload, signature = scene.parts()
    r, s = unb64(signature)[:32], int.from_bytes(unb64(signature)[32:])
    twin = f"{head}.{payload}.{b64(r + (P256_ORDER - s).to_bytes(32))}"
    token = f"{head}.{payload}.{signature}"
    assert target.verify(twin) == target.verify(token)
    target.revoke(CLAIMS["jti"])
    assert refused(target, twin).code == refused(target, token).code == "revoked"


def test_a_huge_token_is_not_even_hashed_by_the_client(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    target = Target(scene)
    target.verifier.refresh()
    monkeypatch.setattr("access_service.client.verify.sha256", None)
    assert refused(target, "A" * 1_000_000).code == "too_long"


def test_keys_behind_a_redirect_are_none(scene: Scene) -> None:
    target = Target(scene)
    good = target.issuer.answer

    def elsewhere(request: httpx2.Request) -> httpx2.Response:
        if request.url.host == "elsewhere.example.org" or request.url.path == "/oauth2/revocations":
            return good(request)
        return httpx2.Response(302, headers={"Location": "https://elsewhere.example.org/oauth2/jwks.json"})

    target.fake.answers = [elsewhere]
    with pytest.raises((TokenError, AccessUnavailableError)):
        target.verify(scene.token)
    assert {request.url.host for request in target.fake.seen} == {"phanquyen.example.vn"}
