"""Offline verification: an access token is checked here, with keys and revocations that the service publishes.

Nothing in a token says where keys come from: `jku`, `x5u`, `jwk` and every other header member than `alg`, `kid`
and `typ` refuse it. Keys and revocations are fetched from two addresses of the issuer, at their intervals, by one
caller for all; where a stream tells what is revoked, the list is fetched only while it is lost. When neither has
been had for `max_stale_s`, nothing is accepted any more.
"""

import asyncio
import ssl
import threading
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Self

import httpx2
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from jwt.algorithms import ECAlgorithm, OKPAlgorithm

from access_service.client.core import checked_url, log, wall_clock
from access_service.client.errors import AccessUnavailableError, ClientError, TokenError
from access_service.client.flows import Flow, Outcome, Patience, Send, Sleep, Step, run, run_async, sent
from access_service.client.process import Owned
from access_service.client.published import PublicKey, Revocations, keys_of, revocations_of
from access_service.client.tokens import (
    HEADER,
    LONGEST_TOKEN,
    TOKEN_TYPE,
    Parts,
    Token,
    json_of,
    parts_of,
    token_of,
)
from access_service.client.transport import AwaitingTransport, BlockingTransport
from access_service.client.values import check_text
from access_service.client.watch import AsyncChangeStream, ChangeStream
from access_service.client.wire import answer_of, unreadable

JWKS_PATH = "/oauth2/jwks.json"
REVOCATIONS_PATH = "/oauth2/revocations"
POLL_S = (1.0, 60.0)
"""Bounds of the interval that the service asks for."""
TRY_AGAIN_S = 1.0
"""Pause after keys or revocations that could not be had."""
KEPT = 8192
"""Tokens that are remembered."""
_ES256, _EDDSA = ECAlgorithm(ECAlgorithm.SHA256), OKPAlgorithm()


@dataclass(frozen=True, slots=True)
class _Kept:
    """A token whose signature and claims were found good under this key."""

    kid: str
    key: PublicKey
    token: Token


@dataclass(frozen=True, slots=True)
class _Terms:
    """What is accepted, and how old what it is judged by may be. Seconds."""

    issuer: str
    audience: str
    leeway_s: float
    poll_s: float
    max_stale_s: float
    keys_max_age_s: float
    keys_max_stale_s: float
    unknown_kid_s: float


class _Core:
    """Everything but the fetching."""

    def __init__(
        self,
        terms: _Terms,
        patience: Patience,
        clock: Callable[[], float],
        monotonic: Callable[[], float],
        watch: ChangeStream | AsyncChangeStream | None,
    ) -> None:
        self.terms = terms
        self._watch, self._history = watch, 0
        self.patience = patience
        self._clock, self._monotonic = clock, monotonic
        self._keys: Mapping[str, PublicKey] = {}
        self._keys_good_until = self._keys_due = float("-inf")
        self._keys_missed = False
        self._unknown_after = float("-inf")
        self._revocations: Revocations | None = None
        self._good_until = self._due = float("-inf")
        self._kept: dict[bytes, _Kept] = {}
        self._lock = threading.Lock()

    # -- what is published

    def is_due(self) -> bool:
        """Is it time to look at what the service publishes?"""
        now = self._monotonic()
        return (now >= self._due and not self._is_told()) or now >= self._keys_due

    def is_stale(self) -> bool:
        """May nothing be accepted before it has been looked at?"""
        now = self._monotonic()
        good_until = self._good_until
        if self._watch is not None:
            good_until = max(good_until, self._watch.heard.told_until + self.terms.max_stale_s)
        return now >= good_until or now >= self._keys_good_until

    def _is_told(self) -> bool:
        """Does a stream tell what is revoked, so that nobody needs to ask?"""
        return self._watch is not None and self._watch.heard.is_live

    def _lists(self) -> tuple[Revocations, ...]:
        """What is revoked, as it was fetched and as it was told: whatever stands on one of them is revoked."""
        fetched = self._revocations
        if self._watch is None:
            return () if fetched is None else (fetched,)
        heard = self._watch.heard
        told, is_newer = heard.revocations, fetched is not None and heard.as_of >= fetched.as_of
        if heard.history != self._history or (told is not None and is_newer and heard.is_live):
            # Of another history, or all of it was told: when the stream is lost, it is fetched at once.
            self._history, self._revocations, fetched = heard.history, None, None
            self._good_until = self._due = float("-inf")
        return tuple(found for found in (fetched, told) if found is not None)

    def poll(self) -> Flow[None]:
        """Fetch what is due; what cannot be had is tried again soon, and what is held stays until it is too old."""
        if self._monotonic() >= self._keys_due:
            yield from self.fetch_keys()
        if self._monotonic() >= self._due and not self._is_told():
            yield from self.fetch_revocations()

    def fetch_keys(self) -> Flow[None]:
        """The issuer's key set."""
        try:
            found = yield from self._fetch(JWKS_PATH)
            keys = _read(keys_of, found)
        except ClientError as error:
            self._keys_due, self._keys_missed = self._monotonic() + TRY_AGAIN_S, True
            log.warning("no keys: %s (%s)", error.code, error.message)
            return
        now = self._monotonic()
        # A key that is published again is the same object, so that what was verified under it stays remembered.
        self._keys = {
            kid: held if (held := self._keys.get(kid)) is not None and held == key else key
            for kid, key in keys.items()
        }
        self._keys_due, self._keys_missed = now + self.terms.keys_max_age_s, False
        self._keys_good_until = now + self.terms.keys_max_stale_s
        self._unknown_after = now + self.terms.unknown_kid_s

    def fetch_revocations(self) -> Flow[None]:
        """What is revoked."""
        try:
            found = yield from self._fetch(REVOCATIONS_PATH)
            self._take(_read(revocations_of, found))
        except ClientError as error:
            self._due = self._monotonic() + TRY_AGAIN_S
            log.warning("no revocations: %s (%s)", error.code, error.message)

    def _take(self, found: Revocations) -> None:
        """A list counts from when it was made, not from when it came: a cache on the way may be old."""
        terms, now = self.terms, self._clock()
        if found.as_of > now + terms.leeway_s:
            raise AccessUnavailableError(
                "clock_skew", "the revocations are of the future: one of two clocks is wrong"
            )
        held = self._revocations
        monotonic = self._monotonic()
        self._due = monotonic + min(max(found.poll_s, POLL_S[0]), POLL_S[1], terms.poll_s)
        if held is None or found.as_of >= held.as_of:
            self._revocations = found
            self._good_until = monotonic + terms.max_stale_s - max(0.0, now - found.as_of)

    def _fetch(self, path: str) -> Flow[dict[str, Any]]:
        call = Send("GET", self.terms.issuer + path, {"Accept": "application/json"})
        return answer_of((yield from sent(call, self.patience, is_question=True)))

    # -- tokens

    def known(self, token: object) -> tuple[bytes, _Kept | None]:
        """The token's mark, and what is remembered of it while its key counts."""
        if type(token) is not str:
            raise TokenError("malformed", "the token is no text")
        if len(token) > LONGEST_TOKEN:
            raise TokenError("too_long", f"the token is longer than {LONGEST_TOKEN} characters")
        if not token.isascii():
            raise TokenError("malformed", "the token is not three parts in base64url")
        mark = sha256(token.encode()).digest()
        kept = self._kept.get(mark)
        # The key itself is compared: the same `kid` with another key behind it is another key.
        if kept is not None and self._keys.get(kept.kid) is not kept.key:
            kept = None
        return mark, kept

    def wants_keys(self, parts: Parts) -> bool:
        """Is its key unknown, and may the key set be looked at again? Nobody can ask for that more often."""
        kid = parts.header.get("kid")
        return type(kid) is str and kid not in self._keys and self._monotonic() >= self._unknown_after

    def _is_key_set_known(self) -> bool:
        """Has the issuer said which keys count? Without that an unknown key is no verdict on whoever sent it."""
        return not self._keys_missed and self._monotonic() < self._keys_good_until

    def asked_for_keys(self) -> None:
        """The key set was looked at for an unknown key: not again for a while, whatever came of it."""
        self._unknown_after = self._monotonic() + self.terms.unknown_kid_s

    def first_sight(self, parts: Parts, mark: bytes) -> _Kept:
        """(1) header, (2) key, (3) signature, (4) issuer and audience, (5) every claim of its type."""
        header = parts.header
        if header.get("typ") != TOKEN_TYPE:
            raise TokenError("wrong_type", f"the token is not of the type `{TOKEN_TYPE}`")
        if header.keys() != HEADER:
            raise TokenError("malformed", "the token's header holds something else than `alg`, `kid`, `typ`")
        kid = header["kid"]
        key = self._keys.get(kid) if type(kid) is str else None
        if key is None and not self._is_key_set_known():
            raise AccessUnavailableError("stale", "the issuer's keys could not be had")
        if key is None:
            raise TokenError("unknown_key", "the token is signed with a key that does not count here")
        _check_signature(parts, key)
        found = json_of(parts.payload)
        self._check_addressed(found)
        kept = _Kept(kid, key, token_of(found))
        with self._lock:
            self._kept[mark] = kept
            if len(self._kept) > KEPT:
                del self._kept[next(iter(self._kept))]
        return kept

    def _check_addressed(self, found: Mapping[str, Any]) -> None:
        if found.get("iss") is None or found.get("aud") is None:
            raise TokenError("invalid_claims", "the token lacks a claim")
        if found["iss"] != self.terms.issuer:
            raise TokenError("wrong_issuer", "the token is of another issuer")
        # Exactly one: a token that two servers accept could be used by one at the other.
        if found["aud"] != self.terms.audience:
            raise TokenError("wrong_audience", "the token is for another resource server")

    def accepted(self, kept: _Kept, jkt: str | None) -> Token:
        """The token, if it counts at this instant."""
        lists, token = self._lists(), kept.token
        if not lists or self.is_stale():
            raise AccessUnavailableError("stale", "what is revoked has not been seen for too long")
        now = self._clock()
        if token.exp <= now:
            raise TokenError("expired", "the token has expired")
        if token.iat > now + self.terms.leeway_s:
            raise TokenError("not_yet_valid", "the token was issued later than now")
        if any(token.register != revocations.register for revocations in lists):
            raise TokenError("wrong_register", "the token is of another register than the revocations")
        if any(revocations.covers(token) for revocations in lists):
            raise TokenError("revoked", "the token was revoked", token.sub)
        if token.jkt != jkt:
            raise TokenError("proof_mismatch", "the token is bound to a key that was not proved")
        return token


def _checked_audience(audience: str) -> str:
    check_text("audience", audience)
    if not audience:
        raise ValueError("an audience is the address under which you are registered")
    return audience


def _check_watch(watch: object, kind: type, issuer: str) -> None:
    """The stream of the other kind would never begin, and one of another service says nothing of this one's."""
    if watch is None:
        return
    if not isinstance(watch, kind):
        raise TypeError(f"`watch` is a {kind.__name__}")
    if getattr(watch, "base_url", None) != issuer:
        raise ValueError("the stream of changes is of another address than the issuer's")


def _read(reader: Callable[[Mapping[str, Any]], Any], found: Mapping[str, Any]) -> Any:
    try:
        return reader(found)
    except ValueError:
        raise unreadable() from None


def _check_signature(parts: Parts, key: PublicKey) -> None:
    """The algorithm is the key's; that the token names it is checked, never used (RFC 8725 section 3.1)."""
    name = "EdDSA" if isinstance(key, Ed25519PublicKey) else "ES256"
    if parts.header["alg"] != name:
        raise TokenError("wrong_algorithm", "the token is not signed as its key signs")
    if isinstance(key, Ed25519PublicKey):
        is_good = _EDDSA.verify(parts.signed, key, parts.signature)
    else:
        is_good = _ES256.verify(parts.signed, key, parts.signature)
    if not is_good:
        raise TokenError("bad_signature", "the token's signature is not its key's")


class TokenVerifier:
    """Verifies access tokens for one resource server, from any thread; keep one for the life of the process.

    verifier = TokenVerifier("https://phanquyen.example.vn", "https://so-diem.example.vn")
    token = verifier.verify(bearer)      # raises TokenError or AccessUnavailableError
    token.permits("read", student(...))
    """

    def __init__(
        self,
        issuer: str,
        audience: str,
        *,
        leeway_s: float = 30.0,
        poll_s: float = 60.0,
        max_stale_s: float = 30.0,
        keys_max_age_s: float = 300.0,
        keys_max_stale_s: float = 3600.0,
        unknown_kid_s: float = 30.0,
        timeout_s: float = 3.0,
        retries: int = 1,
        watch: ChangeStream | None = None,
        tls: ssl.SSLContext | None = None,
        transport: httpx2.BaseTransport | None = None,
        clock: Callable[[], float] = wall_clock,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """`issuer` is the service's address, `audience` your own, as registered (RFC 8707).

        `leeway_s`: how far the issuer's clock may be ahead; it lengthens no token's life. `poll_s` only shortens
        the interval that the service asks for. `max_stale_s`, `keys_max_stale_s`: with older revocations or keys
        nothing is accepted. `unknown_kid_s`: an unknown key id makes the key set be fetched at most that often.
        `watch` (`AccessClient.watch`): revocations are told as they happen, and fetched only while nobody tells.
        """
        terms = _Terms(
            checked_url(issuer),
            _checked_audience(audience),
            leeway_s,
            poll_s,
            max_stale_s,
            keys_max_age_s,
            keys_max_stale_s,
            unknown_kid_s,
        )
        patience = Patience(timeout_s, retries, monotonic)
        _check_watch(watch, ChangeStream, terms.issuer)
        self.watching = watch
        """The stream that tells what is revoked; None where it is fetched."""
        self._own = Owned(lambda: _Core(terms, patience, clock, monotonic, watch))
        self._transport = BlockingTransport(monotonic, tls, transport)
        self._sleep = sleep
        self._lock = Owned(threading.Lock)

    def verify(self, token: str, *, jkt: str | None = None) -> Token:
        """What the token says, when it counts here and now.

        `jkt` is the thumbprint of the key that the caller has proved (DPoP, RFC 9449); a bound token without it, or
        a plain one with it, is refused. Raises `TokenError`, or `AccessUnavailableError` when nobody can know.
        """
        core = self._own.mine
        if core.is_due():
            self._poll(core.poll, is_needed=core.is_stale)
        mark, kept = core.known(token)
        if kept is None:
            parts = parts_of(token)
            if core.wants_keys(parts):
                self._poll(core.fetch_keys, is_needed=lambda: core.wants_keys(parts))
                core.asked_for_keys()
            kept = core.first_sight(parts, mark)
        return core.accepted(kept, jkt)

    def refresh(self) -> None:
        """Fetch what is due; called at the start, it spares the first caller the wait."""
        self._poll(self._own.mine.poll, is_needed=self._own.mine.is_stale)

    def close(self) -> None:
        """Close every connection."""
        self._transport.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _poll(self, flow: Callable[[], Flow[None]], *, is_needed: Callable[[], bool]) -> None:
        """One thread fetches; the others wait for it only where they cannot answer without."""
        must = is_needed()
        lock = self._lock.mine
        if not lock.acquire(blocking=must):
            return
        try:
            if not must or is_needed():
                run(flow(), self._done)
        finally:
            lock.release()

    def _done(self, step: Step) -> Outcome:
        if isinstance(step, Send):
            return self._transport.send(step)
        if isinstance(step, Sleep):
            self._sleep(step.seconds)
        return None


class AsyncTokenVerifier:
    """`TokenVerifier` for one event loop."""

    def __init__(
        self,
        issuer: str,
        audience: str,
        *,
        leeway_s: float = 30.0,
        poll_s: float = 60.0,
        max_stale_s: float = 30.0,
        keys_max_age_s: float = 300.0,
        keys_max_stale_s: float = 3600.0,
        unknown_kid_s: float = 30.0,
        timeout_s: float = 3.0,
        retries: int = 1,
        watch: AsyncChangeStream | None = None,
        tls: ssl.SSLContext | None = None,
        transport: httpx2.AsyncBaseTransport | None = None,
        clock: Callable[[], float] = wall_clock,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """As `TokenVerifier`."""
        terms = _Terms(
            checked_url(issuer),
            _checked_audience(audience),
            leeway_s,
            poll_s,
            max_stale_s,
            keys_max_age_s,
            keys_max_stale_s,
            unknown_kid_s,
        )
        patience = Patience(timeout_s, retries, monotonic)
        _check_watch(watch, AsyncChangeStream, terms.issuer)
        self.watching = watch
        """The stream that tells what is revoked; None where it is fetched."""
        self._own = Owned(lambda: _Core(terms, patience, clock, monotonic, watch))
        self._transport = AwaitingTransport(monotonic, tls, transport)
        self._sleep = sleep
        self._lock = Owned(asyncio.Lock)

    async def verify(self, token: str, *, jkt: str | None = None) -> Token:
        """As `TokenVerifier.verify`."""
        core = self._own.mine
        if core.is_due():
            await self._poll(core.poll, is_needed=core.is_stale)
        mark, kept = core.known(token)
        if kept is None:
            parts = parts_of(token)
            if core.wants_keys(parts):
                await self._poll(core.fetch_keys, is_needed=lambda: core.wants_keys(parts))
                core.asked_for_keys()
            kept = core.first_sight(parts, mark)
        return core.accepted(kept, jkt)

    async def refresh(self) -> None:
        """Fetch what is due; called at the start, it spares the first caller the wait."""
        await self._poll(self._own.mine.poll, is_needed=self._own.mine.is_stale)

    async def close(self) -> None:
        """Close every connection."""
        await self._transport.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def _poll(self, flow: Callable[[], Flow[None]], *, is_needed: Callable[[], bool]) -> None:
        must = is_needed()
        lock = self._lock.mine
        if not must and lock.locked():
            return
        async with lock:
            if not must or is_needed():
                await run_async(flow(), self._done)

    async def _done(self, step: Step) -> Outcome:
        if isinstance(step, Send):
            return await self._transport.send(step)
        if isinstance(step, Sleep):
            await self._sleep(step.seconds)
        return None
