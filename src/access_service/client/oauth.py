"""How the client proves who it is: a static key, or its own access token, fetched and renewed in time."""

import json
import random
import secrets
from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import quote_plus, urlencode

import jwt
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from access_service.client.errors import AccessUnavailableError
from access_service.client.flows import Flow, Patience, Send, sent
from access_service.client.values import check_text, check_word
from access_service.client.wire import answer_of

TOKEN_PATH = "/oauth2/token"  # noqa: S105 an address
SESSION_TYPE = "urn:access-service:params:oauth:token-type:session"
ACCESS_TOKEN_TYPE = "urn:ietf:params:oauth:token-type:access_token"  # noqa: S105 a name
EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
ASSERTION_S = 60
RENEW_AT = (0.6, 0.85)
"""When a token is renewed, as a share of its life; drawn at random, so that many processes do not come at once."""
TRY_AGAIN_S = 1.0
"""Pause after a renewal that failed while the old token is still good."""


@dataclass(frozen=True, slots=True)
class StaticKey:
    """The key that the operator set as `ACCESS_SERVICE_API_KEY`."""

    key: str = field(repr=False)

    def __post_init__(self) -> None:
        if not isinstance(self.key, str):
            raise TypeError("a key is text")
        if not self.key or not self.key.isprintable() or self.key != self.key.strip():
            raise ValueError("a key is printable text without spaces around it")


@dataclass(frozen=True, slots=True)
class ClientCredentials:
    """A registered client: RFC 6749 section 4.4, with a secret or a private key of its own (RFC 7523).

    `scope` and `resource` (RFC 8707) say what the token is for; without them the service decides.
    """

    client_id: str
    client_secret: str | None = field(default=None, repr=False)
    private_key: str | None = field(default=None, repr=False)
    """PEM of a P-256 or Ed25519 key, for `private_key_jwt`."""
    key_id: str | None = None
    algorithm: Literal["ES256", "EdDSA"] = "ES256"
    scope: tuple[str, ...] = ()
    resource: str | None = None

    def __post_init__(self) -> None:
        if (self.client_secret is None) == (self.private_key is None):
            raise ValueError("a client has a secret or a private key")
        for name in ("client_id", "client_secret", "private_key", "key_id", "resource"):
            value = getattr(self, name)
            if not isinstance(value, str) and (name == "client_id" or value is not None):
                raise TypeError(f"`{name}` is text")
        _check_scope(self.scope)
        if self.private_key is not None:
            _check_key(self.private_key, self.algorithm)


def _check_scope(scope: object) -> None:
    """A text is a sequence too: its letters would be asked for as scopes."""
    if not isinstance(scope, tuple | list | frozenset | set) or not all(isinstance(word, str) for word in scope):
        raise TypeError('`scope` is several words: ("evaluate",)')


def _check_key(pem: str, algorithm: str) -> None:
    """`ValueError` for a key that could sign no assertion: found at the start, not at the first question."""
    check_word("algorithm", algorithm, ("ES256", "EdDSA"))
    try:
        key = load_pem_private_key(pem.encode(), None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise ValueError("`private_key` is a private key in PEM, without a passphrase") from None
    is_p256 = isinstance(key, EllipticCurvePrivateKey) and isinstance(key.curve, SECP256R1)
    if not (is_p256 if algorithm == "ES256" else isinstance(key, Ed25519PrivateKey)):
        raise ValueError(f"`private_key` is no key that signs with {algorithm}")


def check_credentials(credentials: object) -> None:
    """`TypeError` for anything but the two kinds: a key alone does not say which it is."""
    if not isinstance(credentials, StaticKey | ClientCredentials):
        raise TypeError("credentials are StaticKey(key) or ClientCredentials(client_id, client_secret)")


@dataclass(frozen=True, slots=True)
class AccessToken:
    """A token that the service issued."""

    value: str = field(repr=False)
    expires_in_s: int
    scope: frozenset[str]


@dataclass(slots=True)
class Held:
    """The client's own token, and when to ask for the next one. All instants are monotonic seconds."""

    header: bytes
    expires_at: float
    renew_at: float


def basic(credentials: ClientCredentials) -> str:
    """RFC 6749 section 2.3.1: both parts form-encoded before they are joined."""
    pair = f"{quote_plus(credentials.client_id)}:{quote_plus(credentials.client_secret or '')}"
    return "Basic " + b64encode(pair.encode()).decode()


def _authenticated(
    credentials: ClientCredentials, issuer: str, clock: Callable[[], float]
) -> tuple[dict[str, str], dict[str, str]]:
    """Headers and form members by which the token endpoint knows the client."""
    if credentials.private_key is None:
        return {"Authorization": basic(credentials)}, {}
    now = int(clock())
    claims = {
        "iss": credentials.client_id,
        "sub": credentials.client_id,
        "aud": issuer,
        "iat": now,
        "exp": now + ASSERTION_S,
        "jti": secrets.token_urlsafe(16),
    }
    headers = {"kid": credentials.key_id} if credentials.key_id else None
    assertion = jwt.encode(claims, credentials.private_key, credentials.algorithm, headers=headers)
    form = {
        "client_id": credentials.client_id,
        "client_assertion_type": ASSERTION_TYPE,
        "client_assertion": assertion,
    }
    return {}, form


def _request(
    base_url: str, credentials: ClientCredentials, form: Mapping[str, str], clock: Callable[[], float]
) -> Send:
    headers, proof = _authenticated(credentials, base_url, clock)
    return Send(
        "POST",
        base_url + TOKEN_PATH,
        {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json", **headers},
        urlencode({**form, **proof}).encode(),
    )


def own_token(
    base_url: str, credentials: ClientCredentials, patience: Patience, clock: Callable[[], float]
) -> Flow[Held]:
    """The client's own access token (RFC 6749 section 4.4)."""
    form = {"grant_type": "client_credentials"}
    if credentials.scope:
        form["scope"] = " ".join(credentials.scope)
    if credentials.resource is not None:
        form["resource"] = credentials.resource
    asked_at = patience.monotonic()
    token = yield from _issued(_request(base_url, credentials, form, clock), patience)
    share = random.uniform(*RENEW_AT)  # noqa: S311 spreads load, hides nothing
    return Held(
        b"Bearer " + token.value.encode(),
        asked_at + token.expires_in_s,
        asked_at + token.expires_in_s * share,
    )


def exchanged(
    base_url: str,
    credentials: ClientCredentials,
    subject_token: str,
    subject_type: str,
    details: Sequence[Mapping[str, Any]],
    resource: str | None,
    patience: Patience,
    clock: Callable[[], float],
) -> Flow[AccessToken]:
    """A token with which this client acts for a person (RFC 8693), of strictly less than either holds."""
    check_text("subject_token", subject_token)
    form = {"grant_type": EXCHANGE, "subject_token": subject_token, "subject_token_type": subject_type}
    if resource is not None:
        form["resource"] = resource
    if details:
        form["authorization_details"] = json.dumps([dict(detail) for detail in details], ensure_ascii=False)
    return (yield from _issued(_request(base_url, credentials, form, clock), patience))


def _issued(call: Send, patience: Patience) -> Flow[AccessToken]:
    told = answer_of((yield from sent(call, patience, is_question=False)))
    value, kind, seconds = told.get("access_token"), told.get("token_type"), told.get("expires_in")
    scope = told.get("scope", "")
    if (
        not isinstance(value, str)
        or not value
        or not value.isascii()
        or not value.isprintable()
        or " " in value
        or not isinstance(kind, str)
        or kind.lower() != "bearer"
        or isinstance(seconds, bool)
        or not isinstance(seconds, int)
        or seconds <= 0
        or not isinstance(scope, str)
    ):
        raise AccessUnavailableError("unreadable", "the token endpoint's answer cannot be read")
    return AccessToken(value, seconds, frozenset(scope.split()))
