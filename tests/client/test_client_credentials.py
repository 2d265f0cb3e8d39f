"""The client's own access token: fetched once for all, renewed in time, never asked for twice by mistake."""

import threading
from base64 import b64decode
from typing import Any
from urllib.parse import parse_qs

import httpx2
import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from fake_service import CLASS, URL, Fake, told

from access_service.client import AccessUnavailableError, ClientCredentials, StaticKey, student

PUPIL = student("000000000001", class_=CLASS, category="STU-ACA")
SECRET = "bí mật:+&"


class Tokens:
    """Answers token requests with a new token each time, and questions by the token they carry."""

    def __init__(self, fake: Fake, life_s: int = 300) -> None:
        self.fake, self.life_s = fake, life_s
        self.issued, self.refused = 0, set[str]()
        self.problem: Exception | Any = None
        fake.answers = [self.answer]

    def answer(self, request: httpx2.Request) -> httpx2.Response:
        if request.url.path == "/oauth2/token":
            if isinstance(self.problem, Exception):
                raise self.problem
            if self.problem is not None:
                return self.problem(request)  # type: ignore[no-any-return]
            self.issued += 1
            body = {"access_token": f"at-{self.issued}", "token_type": "Bearer", "expires_in": self.life_s}
            return told(body)(request)
        bearer = request.headers["authorization"].removeprefix("Bearer ")
        if bearer in self.refused:
            return told({"code": "not_authenticated"}, 401)(request)
        return told({"decision": bearer == f"at-{self.issued}"})(request)


def secret(**more: Any) -> ClientCredentials:
    return ClientCredentials("cli_gradebook", SECRET, **more)


def test_the_token_is_asked_for_once_and_carried(client: Any, fake: Fake) -> None:
    tokens = Tokens(fake)
    asking = client(secret(scope=("evaluate", "search"), resource=URL))
    assert asking.check("acc_1", "read", PUPIL)
    assert asking.check("acc_1", "read", PUPIL)
    assert tokens.issued == 1
    first = fake.seen[0]
    assert (first.method, str(first.url)) == ("POST", f"{URL}/oauth2/token")
    # RFC 6749 section 2.3.1: both parts are form-encoded before they are joined.
    pair = b64decode(first.headers["authorization"].removeprefix("Basic ")).decode()
    assert pair == "cli_gradebook:b%C3%AD+m%E1%BA%ADt%3A%2B%26"
    assert parse_qs(first.content.decode()) == {
        "grant_type": ["client_credentials"],
        "scope": ["evaluate search"],
        "resource": [URL],
    }


def test_a_private_key_signs_the_request_for_a_token(client: Any, fake: Fake) -> None:
    Tokens(fake)
    key = ec.generate_private_key(ec.SECP256R1())
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
    assert client(ClientCredentials("cli_1", private_key=pem, key_id="k1")).check("acc_1", "read", PUPIL)
    form = {name: values[0] for name, values in parse_qs(fake.seen[0].content.decode()).items()}
    assert "authorization" not in fake.seen[0].headers
    assert (form["client_id"], form["client_assertion_type"]) == (
        "cli_1",
        "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
    )
    read = jwt.PyJWT({"verify_exp": False, "verify_iat": False}).decode_complete(
        form["client_assertion"], key.public_key(), ["ES256"], audience=URL, issuer="cli_1"
    )
    claims = read["payload"]
    assert (claims["sub"], claims["exp"] - claims["iat"], read["header"]["kid"]) == ("cli_1", 60, "k1")
    assert len(claims["jti"]) >= 16


def test_a_token_is_renewed_before_it_ends_at_a_time_of_its_own(client: Any, fake: Fake) -> None:
    tokens = Tokens(fake)
    instants = set()
    for _ in range(12):
        asking = client(secret())
        assert asking.check("acc_1", "read", PUPIL)
        issued, start = tokens.issued, fake.now
        while tokens.issued == issued:
            fake.now += 1
            assert fake.now - start < 300
            assert asking.check("acc_1", "read", PUPIL)
        instants.add(fake.now - start)
    assert min(instants) >= 0.6 * 300
    assert max(instants) <= 0.85 * 300 + 1
    assert len(instants) > 3


def test_while_renewing_fails_the_old_token_serves_to_its_end_and_no_longer(client: Any, fake: Fake) -> None:
    tokens = Tokens(fake)
    asking = client(secret(), retries=0)
    assert asking.check("acc_1", "read", PUPIL)
    tokens.problem = httpx2.ConnectError("down")
    fake.now = 290
    assert asking.check("acc_1", "read", PUPIL)
    asked = len(fake.seen)
    assert asking.check("acc_1", "read", PUPIL)
    assert len(fake.seen) == asked + 1, "a renewal that failed is not tried again with every question"
    fake.now = 300
    decision = asking.check("acc_1", "read", PUPIL)
    assert (bool(decision), decision.code) == (False, "unavailable")
    tokens.problem = None
    assert asking.check("acc_1", "read", PUPIL)


def test_a_refused_token_is_renewed_once(client: Any, fake: Fake) -> None:
    tokens = Tokens(fake)
    asking = client(secret())
    assert asking.check("acc_1", "read", PUPIL)
    tokens.refused.add("at-1")
    assert asking.check("acc_1", "read", PUPIL)
    assert tokens.issued == 2
    tokens.refused.update(f"at-{n}" for n in range(10))
    assert asking.check("acc_1", "read", PUPIL).code == "not_authenticated"
    assert tokens.issued == 3


def test_a_static_key_that_is_refused_is_not_tried_again(client: Any, fake: Fake) -> None:
    fake.answers = [told({"code": "not_authenticated"}, 401)]
    assert client().check("acc_1", "read", PUPIL).code == "not_authenticated"
    assert len(fake.seen) == 1


@pytest.mark.parametrize("lost", [httpx2.ReadError("lost"), httpx2.ReadTimeout("late")])
def test_a_request_for_a_token_that_may_have_arrived_is_not_repeated(
    client: Any, fake: Fake, lost: Exception
) -> None:
    # It may have counted a draw of the data.
    Tokens(fake).problem = lost
    assert not client(secret()).check("acc_1", "read", PUPIL)
    assert len(fake.seen) == 1
    Tokens(fake).problem = told({}, 503, Retry_After="0")
    assert not client(secret()).check("acc_1", "read", PUPIL)
    assert len(fake.seen) == 2
    Tokens(fake).problem = httpx2.ConnectError("down")
    assert not client(secret()).check("acc_1", "read", PUPIL)
    assert len(fake.seen) == 5


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"access_token": "", "token_type": "Bearer", "expires_in": 300},
        {"access_token": "a b", "token_type": "Bearer", "expires_in": 300},
        {"access_token": "a\r\nX: 1", "token_type": "Bearer", "expires_in": 300},
        {"access_token": 7, "token_type": "Bearer", "expires_in": 300},
        {"access_token": "a", "token_type": "DPoP", "expires_in": 300},
        {"access_token": "a", "token_type": "Bearer"},
        {"access_token": "a", "token_type": "Bearer", "expires_in": 0},
        {"access_token": "a", "token_type": "Bearer", "expires_in": True},
        {"access_token": "a", "token_type": "Bearer", "expires_in": "300"},
        {"access_token": "a", "token_type": "Bearer", "expires_in": 300, "scope": ["evaluate"]},
    ],
)
def test_a_token_that_cannot_be_read_is_none(client: Any, fake: Fake, body: object) -> None:
    Tokens(fake).problem = told(body)
    decision = client(secret()).check("acc_1", "read", PUPIL)
    assert (bool(decision), decision.code) == (False, "unreadable")


def test_the_reason_why_there_is_no_token_is_the_denys(client: Any, fake: Fake) -> None:
    Tokens(fake).problem = told({"error": "invalid_client", "error_description": "unknown client"}, 401)
    assert client(secret()).check("acc_1", "read", PUPIL).code == "invalid_client"


def test_a_session_is_exchanged_for_a_narrow_token(client: Any, fake: Fake) -> None:
    body = {"access_token": "at-9", "token_type": "Bearer", "expires_in": 120, "scope": "data"}
    fake.answers = [told({**body, "issued_token_type": "urn:ietf:params:oauth:token-type:access_token"})]
    detail = {"type": "education_data", "unit": "311138301", "categories": ["STU-ACA"], "actions": ["read"]}
    token = client(secret()).exchange("ses-1", resource="https://so-diem.example.vn", details=[detail])
    assert (token.value, token.expires_in_s, token.scope) == ("at-9", 120, frozenset({"data"}))
    assert "at-9" not in repr(token)
    form = {name: values[0] for name, values in parse_qs(fake.seen[0].content.decode()).items()}
    assert form["grant_type"] == "urn:ietf:params:oauth:grant-type:token-exchange"
    assert form["subject_token"] == "ses-1"
    assert form["subject_token_type"] == "urn:access-service:params:oauth:token-type:session"
    assert '"unit": "311138301"' in form["authorization_details"]


def test_an_exchange_raises_what_goes_wrong_and_takes_a_registered_client(client: Any, fake: Fake) -> None:
    fake.answers = [httpx2.ReadError("lost")]
    with pytest.raises(AccessUnavailableError):
        client(secret()).exchange("ses-1")
    assert len(fake.seen) == 1
    with pytest.raises(ValueError, match="client credentials"):
        client(StaticKey("000")).exchange("ses-1")


def test_a_client_has_one_proof_and_shows_none() -> None:
    with pytest.raises(ValueError, match="secret or a private key"):
        ClientCredentials("cli_1")
    with pytest.raises(ValueError, match="secret or a private key"):
        ClientCredentials("cli_1", "a", private_key="b")
    assert SECRET not in repr(secret())


def test_many_threads_fetch_one_token(fake: Fake) -> None:
    tokens = Tokens(fake)
    waiting = threading.Barrier(8)
    with fake.client(secret()) as access:
        allowed: list[bool] = []

        def ask() -> None:
            waiting.wait(timeout=120)
            allowed.append(bool(access.check("acc_1", "read", PUPIL)))

        threads = [threading.Thread(target=ask) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(timeout=120)
    assert (allowed, tokens.issued) == ([True] * 8, 1)
