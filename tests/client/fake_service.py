"""A service that says what a test tells it to, behind the client's transport: no sockets, no clock of its own."""

from __future__ import annotations

import asyncio
import json
from base64 import urlsafe_b64encode
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any, TypeVar

import httpx2
import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from jwt.algorithms import ECAlgorithm, OKPAlgorithm

from access_service.client import AccessClient, AsyncAccessClient, AsyncTokenVerifier, StaticKey, TokenVerifier

T = TypeVar("T")
URL = "https://phanquyen.example.vn"
AUDIENCE = "https://so-diem.example.vn"
KEY = "000-khoá-thử-nghiệm"
NOW = 1_790_000_000
SCHOOL = "311138301"
CLASS = f"{SCHOOL}:2026-2027:6A1"
Answer = Callable[[httpx2.Request], httpx2.Response]


def told(body: object, status: int = 200, **headers: str) -> Answer:
    """An answer in JSON, fresh each time."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda _request: httpx2.Response(status, json=body, headers=named)


@dataclass
class Fake:
    """Answers in turn, the last one for ever; keeps what was asked. Its clock moves only when told."""

    answers: list[Answer | httpx2.Response | Exception] = field(default_factory=list)
    seen: list[httpx2.Request] = field(default_factory=list)
    slept: list[float] = field(default_factory=list)
    now: float = 0.0

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        request.read()
        self.seen.append(request)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        given = answer if isinstance(answer, httpx2.Response) else answer(request)
        if not given.is_closed:
            return given
        # As it comes from a socket: bytes that nobody has read yet.
        stream = httpx2.ByteStream(given.content)
        return httpx2.Response(given.status_code, headers=given.headers, stream=stream)

    def monotonic(self) -> float:
        return self.now

    def clock(self) -> float:
        return NOW + self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds

    async def asleep(self, seconds: float) -> None:
        self.sleep(seconds)

    def bodies(self) -> list[Any]:
        return [json.loads(request.content) for request in self.seen]

    def bodies_of(self, path: str) -> list[Any]:
        return [json.loads(request.content) for request in self.seen if request.url.path == path]

    def times(self) -> dict[str, Any]:
        return {"clock": self.clock, "monotonic": self.monotonic, "transport": httpx2.MockTransport(self)}

    def client(self, credentials: Any = None, **options: Any) -> AccessClient:
        return AccessClient(URL, credentials or StaticKey(KEY), sleep=self.sleep, **self.times(), **options)

    def async_client(self, credentials: Any = None, **options: Any) -> AsyncAccessClient:
        return AsyncAccessClient(URL, credentials or StaticKey(KEY), sleep=self.asleep, **self.times(), **options)

    def verifier(self, **options: Any) -> TokenVerifier:
        return TokenVerifier(URL, AUDIENCE, sleep=self.sleep, **self.times(), **options)

    def async_verifier(self, **options: Any) -> AsyncTokenVerifier:
        return AsyncTokenVerifier(URL, AUDIENCE, sleep=self.asleep, **self.times(), **options)


class Either:
    """One of the two clients, with the same methods: a test says once what both must do."""

    def __init__(self, fake: Fake, is_async: bool, credentials: Any = None, **options: Any) -> None:
        make = fake.async_client if is_async else fake.client
        self._client: Any = make(credentials, **options)
        self._loop = asyncio.new_event_loop() if is_async else None

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._client, name)
        return (lambda *a, **k: self.done(found(*a, **k))) if callable(found) else found

    def done(self, found: Coroutine[Any, Any, T] | T) -> T:
        if self._loop is not None and asyncio.iscoroutine(found):
            return self._loop.run_until_complete(found)
        return found  # type: ignore[return-value]

    def end(self) -> None:
        self.done(self._client.close())
        if self._loop is not None:
            self._loop.close()


@dataclass
class Issuer:
    """Signs tokens and publishes what a verifier looks at."""

    private: Any = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    kid: str = "k" * 43
    revoked: dict[str, Any] = field(default_factory=lambda: {"tokens": [], "subjects": {}, "all_before": None})
    is_down: bool = False
    fetched: list[str] = field(default_factory=list)
    as_of: Callable[[], float] = lambda: float(NOW)

    def jwk(self) -> dict[str, Any]:
        if isinstance(self.private, ed25519.Ed25519PrivateKey):
            found = OKPAlgorithm.to_jwk(self.private.public_key(), as_dict=True)
            return {**found, "kid": self.kid, "use": "sig", "alg": "EdDSA"}
        found = ECAlgorithm.to_jwk(self.private.public_key(), as_dict=True)
        return {**found, "kid": self.kid, "use": "sig", "alg": "ES256"}

    def answer(self, request: httpx2.Request) -> httpx2.Response:
        self.fetched.append(request.url.path)
        if self.is_down:
            raise httpx2.ConnectError("down")
        if request.url.path == "/oauth2/jwks.json":
            return told({"keys": [self.jwk()]})(request)
        if request.url.path == "/oauth2/revocations":
            return told({"as_of": self.as_of(), "poll_s": 5, "register": "thu-nghiem", **self.revoked})(request)
        return told({}, 404)(request)

    def claims(self, **changes: Any) -> dict[str, Any]:
        found = {
            "iss": URL,
            "sub": "acc_teacher",
            "aud": AUDIENCE,
            "client_id": "cli_gradebook",
            "iat": NOW,
            "exp": NOW + 300,
            "jti": "jti-1",
            "authorization_details": [detail()],
            "register": "thu-nghiem",
            "revision": "r7",
            "policy": ["0" * 64],
            "grants": ["grt_1"],
            "documents": ["doc_1"],
            "act": {"sub": "acc_gradebook"},
            **changes,
        }
        return {name: value for name, value in found.items() if value is not None}

    def token(self, header: dict[str, Any] | None = None, **changes: Any) -> str:
        algorithm = "EdDSA" if isinstance(self.private, ed25519.Ed25519PrivateKey) else "ES256"
        headers = {"typ": "at+jwt", "kid": self.kid, **(header or {})}
        return jwt.encode(self.claims(**changes), self.private, algorithm, headers=headers)

    def signed(self, header: bytes, payload: bytes) -> str:
        """A token of these very bytes."""
        parts = b".".join(urlsafe_b64encode(part).rstrip(b"=") for part in (header, payload))
        signature = ECAlgorithm(ECAlgorithm.SHA256).sign(parts, self.private)
        return (parts + b"." + urlsafe_b64encode(signature).rstrip(b"=")).decode()


def detail(**changes: Any) -> dict[str, Any]:
    """A homeroom teacher's box."""
    found = {
        "type": "education_data",
        "unit": SCHOOL,
        "classes": [CLASS],
        "categories": ["STU-ACA"],
        "actions": ["read", "write"],
        "school_year": "2026-2027",
        "grant": "grt_1",
        **changes,
    }
    return {name: value for name, value in found.items() if value is not None}
