"""Verifying tokens without a call: whose they are, until when, and that revocation reaches them."""

import asyncio
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from fake_service import AUDIENCE, CLASS, NOW, SCHOOL, Fake, Issuer, detail, told

from access_service.client import (
    AccessUnavailableError,
    Allow,
    TokenError,
    TokenVerifier,
    school_class,
    staff,
    student,
    unit,
)

JWKS, LIST = "/oauth2/jwks.json", "/oauth2/revocations"


@pytest.fixture
def issuer(fake: Fake) -> Issuer:
    made = Issuer(as_of=fake.clock)
    fake.answers = [made.answer]
    return made


def refused(verifier: TokenVerifier, token: Any, **more: Any) -> str:
    with pytest.raises(TokenError) as caught:
        verifier.verify(token, **more)
    return caught.value.code


def test_a_token_says_whose_it_is_and_what_it_rests_on(fake: Fake, issuer: Issuer) -> None:
    token = fake.verifier().verify(issuer.token(scope="data other"))
    assert (token.sub, token.client_id, token.aud, token.actors) == (
        "acc_teacher",
        "cli_gradebook",
        AUDIENCE,
        ("acc_gradebook",),
    )
    assert (token.revision, token.grants, token.documents) == ("r7", ("grt_1",), ("doc_1",))
    assert token.scope == {"data", "other"}
    assert (token.details[0].unit, token.details[0].classes) == (SCHOOL, frozenset({CLASS}))


def test_both_algorithms_are_verified(fake: Fake) -> None:
    fake.answers = [Issuer(private=ed25519.Ed25519PrivateKey.generate(), as_of=fake.clock).answer]
    made = fake.answers[0].__self__  # type: ignore[union-attr]
    assert fake.verifier().verify(made.token()).sub == "acc_teacher"


def test_an_event_loop_verifies_the_same(fake: Fake, issuer: Issuer) -> None:
    async def story() -> None:
        async with fake.async_verifier() as verifier:
            await verifier.refresh()
            assert (await verifier.verify(issuer.token())).sub == "acc_teacher"
            with pytest.raises(TokenError):
                await verifier.verify(issuer.token(aud="https://other.example.vn"))
            issuer.revoked = {"tokens": ["jti-1"], "subjects": {}, "all_before": None}
            fake.now += 6
            with pytest.raises(TokenError, match="revoked"):
                await verifier.verify(issuer.token())
            issuer.kid = "n" * 43
            fake.now += 31
            assert (await verifier.verify(issuer.token(jti="jti-2"))).jti == "jti-2"

    asyncio.run(story())


def test_keys_and_revocations_are_fetched_once_for_many_tokens(fake: Fake, issuer: Issuer) -> None:
    verifier = fake.verifier()
    for number in range(50):
        verifier.verify(issuer.token(jti=f"jti-{number}"))
        verifier.verify(issuer.token(jti="jti-0"))
    assert issuer.fetched == [JWKS, LIST]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"aud": "https://other.example.vn"}, "wrong_audience"),
        ({"aud": [AUDIENCE]}, "wrong_audience"),
        ({"aud": AUDIENCE + "/"}, "wrong_audience"),
        ({"aud": None}, "invalid_claims"),
        ({"iss": "https://other.example.vn"}, "wrong_issuer"),
        ({"iss": "https://phanquyen.example.vn/"}, "wrong_issuer"),
        ({"iss": "https://PHANQUYEN.example.vn"}, "wrong_issuer"),
        ({"exp": NOW, "iat": NOW - 300}, "expired"),
        ({"iat": NOW + 31, "exp": NOW + 300}, "not_yet_valid"),
        ({"exp": NOW + 3601}, "invalid_claims"),
        ({"exp": None}, "invalid_claims"),
        ({"exp": str(NOW + 60)}, "invalid_claims"),
        ({"exp": NOW + 60.5}, "invalid_claims"),
        ({"exp": True}, "invalid_claims"),
        ({"iat": -1}, "invalid_claims"),
        ({"nbf": NOW - 1}, "invalid_claims"),
        ({"jti": None}, "invalid_claims"),
        ({"scope": ["data"]}, "invalid_claims"),
        ({"scope": 'da"ta'}, "invalid_claims"),
        ({"scope": " data"}, "invalid_claims"),
        ({"act": {"act": {"sub": "acc_1"}}}, "invalid_claims"),
        ({"act": "acc_1"}, "invalid_claims"),
        ({"act": {"sub": "acc_1", "act": None}}, "invalid_claims"),
        ({"act": []}, "invalid_claims"),
        ({"cnf": {"x5t#S256": "a" * 43}}, "invalid_claims"),
        ({"authorization_details": []}, "invalid_claims"),
        ({"authorization_details": [detail(type="other")]}, "invalid_claims"),
        ({"authorization_details": [detail(fields=["diem"])]}, "invalid_claims"),
        ({"authorization_details": [detail(classes=[])]}, "invalid_claims"),
        ({"authorization_details": [detail(actions=None)]}, "invalid_claims"),
        ({"authorization_details": [detail(unit=7)]}, "invalid_claims"),
        ({"grants": "grt_1"}, "invalid_claims"),
    ],
)
def test_a_token_that_is_not_wholly_ours_is_refused(
    fake: Fake, issuer: Issuer, changes: dict[str, Any], code: str
) -> None:
    assert refused(fake.verifier(), issuer.token(**changes)) == code


def test_the_issuers_clock_may_be_ahead_but_no_token_lives_longer_for_it(fake: Fake, issuer: Issuer) -> None:
    verifier = fake.verifier()
    assert verifier.verify(issuer.token(iat=NOW + 30, exp=NOW + 60)).iat == NOW + 30
    token = issuer.token()
    fake.now = 299
    assert verifier.verify(token)
    fake.now = 300
    assert refused(verifier, token) == "expired"


@pytest.mark.parametrize(
    "revoked",
    [
        {"tokens": ["ses_1.jti-1"]},
        {"tokens": ["other", "ses_1"]},
        {"subjects": {"acc_teacher": NOW + 0.5}},
        {"subjects": {"acc_gradebook": NOW + 1}},
        {"subjects": {"acc_second": NOW + 1}},
        {"all_before": NOW + 0.5},
    ],
)
def test_a_revoked_token_is_refused_from_the_next_poll_on_though_it_is_remembered(
    fake: Fake, issuer: Issuer, revoked: dict[str, Any]
) -> None:
    verifier = fake.verifier()
    token = issuer.token(jti="ses_1.jti-1", act={"sub": "acc_gradebook", "act": {"sub": "acc_second"}})
    assert verifier.verify(token)
    issuer.revoked |= revoked
    fake.now += 4.9
    assert verifier.verify(token)
    fake.now += 0.1
    assert refused(verifier, token) == "revoked"


def test_a_token_issued_after_the_change_counts(fake: Fake, issuer: Issuer) -> None:
    issuer.revoked = {
        "tokens": ["jti-0", "jti", "jti-1.next"],
        "subjects": {"acc_teacher": NOW - 0.5, "acc_other": NOW + 99},
        "all_before": NOW - 1,
    }
    assert fake.verifier().verify(issuer.token()).jti == "jti-1"


def test_nothing_is_accepted_when_revocations_have_not_been_seen_for_too_long(fake: Fake, issuer: Issuer) -> None:
    verifier = fake.verifier(max_stale_s=30, retries=0)
    token = issuer.token()
    assert verifier.verify(token)
    issuer.is_down = True
    fake.now = 29
    assert verifier.verify(token)
    fake.now = 30
    with pytest.raises(AccessUnavailableError) as caught:
        verifier.verify(token)
    assert caught.value.code == "stale"
    issuer.is_down = False
    fake.now = 31.5
    assert verifier.verify(token)


def test_nothing_is_accepted_before_the_first_list(fake: Fake, issuer: Issuer) -> None:
    issuer.revoked = {"tokens": "jti-1"}
    with pytest.raises(AccessUnavailableError):
        fake.verifier().verify(issuer.token())


def test_an_unreachable_issuer_is_not_asked_by_every_request(fake: Fake, issuer: Issuer) -> None:
    verifier = fake.verifier(retries=0)
    assert verifier.verify(issuer.token())
    issuer.is_down = True
    fake.now = 6
    for _ in range(20):
        verifier.verify(issuer.token())
    assert issuer.fetched.count(LIST) == 2


@pytest.mark.parametrize(
    "published",
    [
        {"as_of": NOW - 31},
        {"as_of": NOW + 31},
        {"as_of": "now"},
        {"poll_s": True},
        {"poll_s": None},
        {"tokens": [7]},
        {"subjects": {"acc_1": "yesterday"}},
        {"subjects": []},
        {"all_before": -1},
        {"register": None},
    ],
)
def test_a_list_that_is_old_from_the_future_or_cannot_be_read_is_none(
    fake: Fake, issuer: Issuer, published: dict[str, Any]
) -> None:
    issuer.revoked |= published
    with pytest.raises(AccessUnavailableError) as caught:
        fake.verifier().verify(issuer.token())
    assert caught.value.code == "stale"


def test_an_older_list_does_not_take_the_place_of_a_newer_one(fake: Fake, issuer: Issuer) -> None:
    verifier = fake.verifier(max_stale_s=30)
    token = issuer.token()
    issuer.revoked["tokens"] = ["jti-1"]
    assert refused(verifier, token) == "revoked"
    # A cache on the way, or a replay: older, and without the revocation.
    issuer.as_of = lambda: NOW - 1.0
    issuer.revoked["tokens"] = []
    fake.now = 6
    assert refused(verifier, token) == "revoked"
    fake.now = 30
    with pytest.raises(AccessUnavailableError):
        verifier.verify(token)


def test_a_new_key_is_fetched_when_its_id_turns_up_but_not_at_everybodys_bidding(
    fake: Fake, issuer: Issuer
) -> None:
    verifier = fake.verifier()
    verifier.verify(issuer.token())
    before, issuer.private, issuer.kid = issuer.token(), ec.generate_private_key(ec.SECP256R1()), "n" * 43
    fake.now = 29
    assert refused(verifier, issuer.token()) == "unknown_key"
    assert issuer.fetched.count(JWKS) == 1
    fake.now = 31
    assert verifier.verify(issuer.token()).sub == "acc_teacher"
    assert issuer.fetched.count(JWKS) == 2
    # The old key was retired with it: what was remembered under it counts no more.
    assert refused(verifier, before) == "unknown_key"
    for number in range(200):
        fake.now += 0.1
        assert refused(verifier, issuer.token({"kid": f"{number:043}"})) == "unknown_key"
    assert issuer.fetched.count(JWKS) == 2


def test_the_same_id_with_another_key_behind_it_is_another_key(fake: Fake, issuer: Issuer) -> None:
    verifier = fake.verifier(keys_max_age_s=10)
    token = issuer.token()
    assert verifier.verify(token)
    issuer.private = ec.generate_private_key(ec.SECP256R1())
    fake.now = 11
    assert refused(verifier, token) == "bad_signature"
    assert verifier.verify(issuer.token(jti="jti-2"))


def test_keys_that_cannot_be_had_any_more_stop_counting(fake: Fake, issuer: Issuer) -> None:
    verifier = fake.verifier(keys_max_age_s=10, keys_max_stale_s=60, max_stale_s=1000, retries=0)
    assert verifier.verify(issuer.token())
    issuer.is_down = True
    fake.now = 59
    assert verifier.verify(issuer.token())
    fake.now = 61
    with pytest.raises(AccessUnavailableError):
        verifier.verify(issuer.token())


DOUBTFUL: dict[str, Any] = {
    "none": lambda _jwk: {"keys": []},
    "no list": lambda jwk: {"keys": jwk},
    "one id twice": lambda jwk: {"keys": [jwk, jwk]},
    "a secret beside it": lambda jwk: {"keys": [jwk, {"kty": "oct", "k": "AA", "kid": "other"}]},
    "a private half": lambda jwk: {"keys": [jwk | {"d": "AA"}]},
    "no id": lambda jwk: {"keys": [{k: v for k, v in jwk.items() if k != "kid"}]},
    "a number as id": lambda jwk: {"keys": [jwk | {"kid": 7}]},
    "off the curve": lambda jwk: {"keys": [jwk | {"y": jwk["x"]}]},
    "for encryption": lambda jwk: {"keys": [jwk | {"use": "enc"}]},
    "another algorithm": lambda jwk: {"keys": [jwk | {"alg": "ES384"}]},
    "no object": lambda _jwk: {"keys": ["key"]},
}


@pytest.mark.parametrize("what", DOUBTFUL)
def test_a_key_set_with_anything_doubtful_in_it_is_refused_whole(fake: Fake, issuer: Issuer, what: str) -> None:
    good, change = issuer.answer, DOUBTFUL[what]
    fake.answers = [lambda r: told(change(issuer.jwk()))(r) if r.url.path == JWKS else good(r)]
    with pytest.raises((AccessUnavailableError, TokenError)):
        fake.verifier(retries=0).verify(issuer.token())


def test_a_list_says_nothing_of_another_registers_tokens(fake: Fake, issuer: Issuer) -> None:
    assert refused(fake.verifier(), issuer.token(register="khac")) == "wrong_register"


def test_a_bound_token_is_no_bearer_token(fake: Fake, issuer: Issuer) -> None:
    verifier = fake.verifier()
    bound = issuer.token(cnf={"jkt": "t" * 43})
    assert refused(verifier, bound) == "proof_mismatch"
    assert refused(verifier, bound, jkt="u" * 43) == "proof_mismatch"
    assert refused(verifier, issuer.token(), jkt="t" * 43) == "proof_mismatch"
    assert verifier.verify(bound, jkt="t" * 43).jkt == "t" * 43


def test_remembered_tokens_are_bounded(fake: Fake, issuer: Issuer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("access_service.client.verify.KEPT", 3)
    verifier = fake.verifier()
    for number in range(10):
        verifier.verify(issuer.token(jti=f"jti-{number}"))
    assert len(verifier._own.mine._kept) == 3


COVERED = [
    student("000000000001", class_=CLASS, category="STU-ACA"),
    student("000000000001", class_=CLASS, category="STU-ACA", unit=SCHOOL, school_year="2026-2027"),
    school_class(CLASS, category="STU-ACA"),
]


@pytest.mark.parametrize("resource", COVERED)
def test_what_the_token_names_is_covered(fake: Fake, issuer: Issuer, resource: Any) -> None:
    assert fake.verifier().verify(issuer.token()).permits("read", resource) == Allow("r7")


@pytest.mark.parametrize(
    ("action", "resource", "code"),
    [
        ("export", COVERED[0], "action_not_in_role"),
        ("read", student("1", class_=CLASS, category="STU-HEA"), "outside_category"),
        ("read", student("1", class_=f"{SCHOOL}:2026-2027:6A2", category="STU-ACA"), "outside_class"),
        ("read", student("1", class_="311138302:2026-2027:6A1", category="STU-ACA"), "outside_unit"),
        ("read", student("1", class_=f"{SCHOOL}:2025-2026:6A1", category="STU-ACA"), "outside_class"),
        ("read", student("1", class_="6A1", category="STU-ACA"), "resource_incomplete"),
        ("read", student("1", class_=f"{SCHOOL}::6A1", category="STU-ACA"), "resource_incomplete"),
        ("read", student("1", class_=CLASS, category="STU-ACA", unit="31"), "resource_contradictory"),
        ("read", school_class(CLASS, category="STU-ACA", **{"class": "other"}), "resource_contradictory"),
        ("read", staff("1", unit=SCHOOL, category="STU-ACA"), "outside_class"),
        ("read", unit(SCHOOL, category="STU-ACA"), "outside_class"),
        ("read", unit(SCHOOL, category="STU-ACA", unit="31"), "resource_contradictory"),
    ],
)
def test_what_the_token_does_not_plainly_name_is_not(
    fake: Fake, issuer: Issuer, action: str, resource: Any, code: str
) -> None:
    decision = fake.verifier().verify(issuer.token()).permits(action, resource)
    assert not decision
    assert decision.code == code
    assert decision.reason.vi


def test_a_whole_axis_covers_and_a_narrow_one_has_to_be_said(fake: Fake, issuer: Issuer) -> None:
    verifier = fake.verifier()
    wide = verifier.verify(issuer.token(authorization_details=[detail(classes=None, school_year=None)]))
    assert wide.permits("read", unit(SCHOOL, category="STU-ACA"))
    assert wide.permits("read", staff("1", unit=SCHOOL, category="STU-ACA"))
    axes = {"levels": ["lower_secondary"], "grades": ["6"], "subjects": ["TOAN"]}
    named = verifier.verify(issuer.token(jti="jti-2", authorization_details=[detail(**axes)]))
    # The service names only classes that lie in the other axes: level and grade need not be said again.
    assert named.permits("read", student("1", class_=CLASS, category="STU-ACA", subject="TOAN"))
    assert not named.permits("read", student("1", class_=CLASS, category="STU-ACA", subject="TOAN", grade="7"))
    narrow = verifier.verify(issuer.token(jti="jti-3", authorization_details=[detail(classes=None, **axes)]))
    said: dict[str, str] = {}
    for name, wrong, right in (
        ("level", "primary", "lower_secondary"),
        ("grade", "7", "6"),
        ("subject", "VAN", "TOAN"),
    ):
        resource = student("1", class_=CLASS, category="STU-ACA", **said)
        assert narrow.permits("read", resource).code == "resource_incomplete"
        outside = student("1", class_=CLASS, category="STU-ACA", **said, **{name: wrong})
        assert narrow.permits("read", outside).code == f"outside_{name}"
        said[name] = right
    assert narrow.permits("read", student("1", class_=CLASS, category="STU-ACA", **said))


def test_boxes_never_combine(fake: Fake, issuer: Issuer) -> None:
    other = f"{SCHOOL}:2026-2027:7A1"
    boxes = [detail(actions=["read"]), detail(classes=[other], actions=["write"])]
    token = fake.verifier().verify(issuer.token(authorization_details=boxes))
    assert token.permits("write", school_class(other, category="STU-ACA"))
    assert token.permits("write", school_class(CLASS, category="STU-ACA")).code == "outside_class"
    nothing = fake.verifier().verify(issuer.token(authorization_details=None))
    assert nothing.permits("read", COVERED[0]).code == "no_grant"


def test_a_unit_above_covers_only_what_the_caller_knows_to_be_below(fake: Fake, issuer: Issuer) -> None:
    office = [detail(unit="3111383", classes=None)]
    token = fake.verifier().verify(issuer.token(authorization_details=office))
    assert token.permits("read", COVERED[0]).code == "outside_unit"
    assert token.permits("read", COVERED[0], above=("3111383", "31"))
