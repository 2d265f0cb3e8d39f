"""Every family of attack on signed tokens, against our verifier: the legitimate step, the attack, the refusal."""

import contextlib
import socket
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from access_service.domain.tokens import Claims, TokenError, TokenFault
from access_service.signing.jose import PublicKey, thumbprint
from access_service.signing.tokens import LONGEST_TOKEN, TokenVerifier
from attacks.jose import ATTACKS, EVENTS, FAMILIES, Attack, Event, Scene
from attacks.jose_scene import b64, unb64
from attacks.jose_signatures import P256_ORDER

ISSUER = "https://phanquyen.example.vn"
AUDIENCE = "https://sodiem.example.vn"
START = 1_790_000_000

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
            "unit": "0003101",
            "classes": ["0003101:2026-2027:6A"],
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


def make_scene(alg: str) -> Scene:
    private = generate_private_key(SECP256R1()) if alg == "ES256" else Ed25519PrivateKey.generate()
    return Scene(private, thumbprint(private.public_key()), CLAIMS)


class Target:
    """Our verifier, and what may happen around it."""

    def __init__(self, scene: Scene) -> None:
        self.keys: dict[str, PublicKey] = {scene.kid: scene.private.public_key()}
        self.denied: set[str] = set()
        self.void_before: dict[str, int] = {}
        self.now = datetime.fromtimestamp(scene.now, UTC)
        self.kid = scene.kid
        self.verifier = TokenVerifier(lambda _: self.keys, ISSUER, is_revoked=self._is_revoked)

    def verify(self, token: Any) -> Claims:
        return self.verifier.verify(token, AUDIENCE, self.now)

    def _is_revoked(self, claims: Claims, now: datetime) -> bool:
        assert now == self.now
        void = any(claims.iat < self.void_before.get(account, 0) for account in claims.accounts())
        return void or claims.jti in self.denied

    def revoke(self, jti: str) -> None:
        self.denied.add(jti)

    def disable(self, account: str) -> None:
        self.void_before[account] = int(self.now.timestamp())

    def retire_key(self) -> None:
        self.keys = {}

    def replace_key(self) -> None:
        self.keys = {self.kid: generate_private_key(SECP256R1()).public_key()}

    def forward(self, seconds: int) -> None:
        self.now += timedelta(seconds=seconds)


@pytest.fixture(params=["ES256", "EdDSA"])
def scene(request: pytest.FixtureRequest) -> Scene:
    return make_scene(request.param)


@pytest.fixture(autouse=True)
def _no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing that a token says makes anybody fetch anything."""

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("the verifier tried to reach the network")

    monkeypatch.setattr(socket, "socket", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


def refused(target: Target, token: object) -> TokenError:
    """The refusal; any other exception, or none, fails the test."""
    with pytest.raises(TokenError) as caught:
        target.verify(token)
    assert caught.type is TokenError
    return caught.value


def test_every_family_has_its_stories() -> None:
    assert {attack.family for attack in ATTACKS} == set(FAMILIES)
    assert len({attack.name for attack in ATTACKS}) == len(ATTACKS) > 40


@pytest.mark.parametrize("attack", [pytest.param(a, id=f"{a.family}: {a.name}") for a in ATTACKS])
def test_a_forged_token_is_refused(scene: Scene, attack: Attack) -> None:
    target = Target(scene)
    legitimate = scene.token
    assert target.verify(legitimate).sub == "acc_teacher"
    forged = list(attack.forge(scene))
    assert forged
    for token in forged:
        assert token != legitimate
        error = refused(target, token)
        assert isinstance(error.code, TokenFault)
        assert len(error.message) < 120
    assert target.verify(legitimate).sub == "acc_teacher"


@pytest.mark.parametrize("attack", [pytest.param(a, id=f"{a.family}: {a.name}") for a in ATTACKS])
def test_a_verifier_that_has_seen_nothing_refuses_too(scene: Scene, attack: Attack) -> None:
    for token in attack.forge(scene):
        refused(Target(scene), token)


@pytest.mark.parametrize("event", [pytest.param(e, id=e.name) for e in EVENTS])
def test_a_token_that_was_accepted_is_refused_after(scene: Scene, event: Event) -> None:
    target = Target(scene)
    for _ in range(2):
        assert target.verify(scene.token).jti == CLAIMS["jti"]
    token = scene.token
    assert target.verify(token).jti == CLAIMS["jti"]
    event.happen(scene, target)
    refused(target, token)
    refused(target, token)


# -- which refusal it is, where the family does not say


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("somebody_else_signs_in_the_keys_name", {"bad_signature", "wrong_algorithm"}),
        ("a_bit_of_the_signature_is_turned", {"bad_signature"}),
        ("the_signature_is_zero_or_the_order", {"bad_signature"}),
        ("the_signature_is_in_der", {"bad_signature"}),
        ("the_public_key_is_used_as_a_shared_secret", {"wrong_algorithm"}),
        ("the_token_brings_its_own_key", {"malformed"}),
        ("the_token_says_where_to_fetch_its_key", {"malformed"}),
        ("the_kid_is_unknown", {"unknown_key"}),
        ("the_issuer_is_missing_or_nearly_ours", {"wrong_issuer", "invalid_claims"}),
        ("the_audience_is_ours_and_anothers", {"wrong_audience"}),
        ("the_audience_is_nearly_ours", {"wrong_audience"}),
        ("a_token_of_another_kind", {"wrong_type"}),
        ("the_scope_is_no_list_of_words", {"invalid_claims"}),
        ("the_details_are_not_what_they_must_be", {"invalid_claims", "too_long"}),
        ("the_parts_are_padded", {"malformed"}),
        ("the_last_letter_holds_bits_that_mean_nothing", {"malformed"}),
        ("a_member_stands_there_twice", {"malformed"}),
        ("the_token_comes_as_json", {"malformed"}),
    ],
)
def test_the_refusal_names_what_is_wrong(scene: Scene, name: str, code: set[str]) -> None:
    attack = next(a for a in ATTACKS if a.name == name)
    assert {str(refused(Target(scene), token).code) for token in attack.forge(scene)} <= code


def test_the_events_have_their_codes(scene: Scene) -> None:
    codes = {}
    other_key = "bad_signature" if scene.alg == "ES256" else "wrong_algorithm"
    for event in EVENTS:
        target, token = Target(scene), scene.token
        target.verify(token)
        event.happen(scene, target)
        codes[event.name] = str(refused(target, token).code)
    assert codes == {
        "the_token_is_revoked": "revoked",
        "the_subject_is_suspended": "revoked",
        "the_service_that_acts_is_suspended": "revoked",
        "a_service_that_acted_before_is_suspended": "revoked",
        "the_key_is_rotated_away": "unknown_key",
        "the_key_is_another_under_the_same_name": other_key,
        "the_token_has_expired": "expired",
        "the_clock_was_an_hour_fast": "not_yet_valid",
    }


def test_the_stories_find_what_pyjwt_alone_accepts(scene: Scene) -> None:
    """The same tokens, given to PyJWT as its documentation shows: a story that nothing accepts could not fail."""
    claims = CLAIMS | {"iat": 1_700_000_000, "exp": 4_000_000_000}
    scene = Scene(scene.private, scene.kid, claims)
    accepted = set()
    for attack in ATTACKS:
        for token in attack.forge(scene):
            with contextlib.suppress(jwt.PyJWTError, UnicodeError, ValueError, TypeError):
                jwt.decode(  # noqa: TID251 what we do not do
                    token,  # type: ignore[arg-type]
                    scene.private.public_key(),
                    algorithms=["ES256", "EdDSA"],
                    audience=AUDIENCE,
                    issuer=ISSUER,
                )
                accepted.add(attack.family)
    assert {"foreign key", "kid", "json", "time", "audience", "kind", "scope", "claims", "base64"} <= accepted


# -- what is no forgery, and must not become a way around revocation


def test_another_signature_over_the_same_claims_is_the_same_token() -> None:
    """An ECDSA signature has a twin (r, n-s) that anybody can compute; revocation goes by `jti` and meets both."""
    scene = make_scene("ES256")
    target = Target(scene)
    head, payload, signature = scene.parts()
    r, s = unb64(signature)[:32], int.from_bytes(unb64(signature)[32:])
    twin = f"{head}.{payload}.{b64(r + (P256_ORDER - s).to_bytes(32))}"
    assert target.verify(twin) == target.verify(f"{head}.{payload}.{signature}")
    target.revoke(CLAIMS["jti"])
    refused(target, twin)
    refused(target, scene.token)


def test_a_clock_that_is_half_a_minute_off_is_borne_and_lengthens_no_life(scene: Scene) -> None:
    target = Target(scene)
    token = scene.token
    target.forward(-31)
    assert target.verify(token).iat == START
    target.forward(-1)
    assert refused(target, token).code is TokenFault.NOT_YET_VALID
    target.now = datetime.fromtimestamp(CLAIMS["exp"], UTC) - timedelta(microseconds=1)
    assert target.verify(token).exp == CLAIMS["exp"]
    target.forward(1)
    assert refused(target, token).code is TokenFault.EXPIRED


def test_a_token_for_one_audience_is_refused_at_another_though_it_is_remembered(scene: Scene) -> None:
    target = Target(scene)
    token = scene.token
    target.verify(token)
    with pytest.raises(TokenError, match="another resource server"):
        target.verifier.verify(token, "https://khac.example.vn", target.now)
    with pytest.raises(TokenError, match="another resource server"):
        Target(scene).verifier.verify(token, "https://khac.example.vn", target.now)


def test_what_revocation_cannot_answer_is_not_accepted(scene: Scene) -> None:
    def unreachable(_: Claims, __: datetime) -> bool:
        raise ConnectionError

    verifier = TokenVerifier({scene.kid: scene.private.public_key()}, ISSUER, is_revoked=unreachable)
    for _ in range(2):
        with pytest.raises(ConnectionError):
            verifier.verify(scene.token, AUDIENCE, datetime.fromtimestamp(scene.now, UTC))


def test_what_is_remembered_is_bounded(scene: Scene) -> None:
    verifier = TokenVerifier({scene.kid: scene.private.public_key()}, ISSUER, kept=3)
    now = datetime.fromtimestamp(scene.now, UTC)
    for number in range(10):
        assert verifier.verify(scene.forged(jti=f"t{number}"), AUDIENCE, now).jti == f"t{number}"
    assert len(verifier._kept) == 3
    for token in ("x" * 100, scene.token[:-1], None):
        with pytest.raises(TokenError):
            verifier.verify(token, AUDIENCE, now)  # type: ignore[arg-type]
    assert len(verifier._kept) == 3


def test_a_huge_token_is_not_even_hashed(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("access_service.signing.tokens.sha256", None)
    for length in (LONGEST_TOKEN + 1, 1_000_000):
        assert refused(Target(scene), "A" * length).code is TokenFault.TOO_LONG
