"""A host behind the proxy whose people sign in with a browser: the way there and back, and what its cookie says.

The browser is sent to sign in with a challenge, and comes back to one address of its host with a code. What answers
the challenge lies in a short-lived cookie of that browser at that host, so a code that somebody else fetched, or
that is shown elsewhere, opens nothing. Where it goes on is a path of that host, never an address.
"""

import base64
import binascii
import hashlib
import hmac
import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from access_service.domain.clients import LOOPBACK

SESSION, WAY = "__Host-access", "__Host-access-way"
"""The cookie of a session at a guarded host, and that of a sign-in that is under way there."""
CALLBACK, SIGN_OUT = "/.access/callback", "/.access/sign-out"
WAY_S = 600
"""How long, in seconds, a sign-in may be under way."""
LONGEST_PATH = 1_024
LONGEST_WAY = 4_096
SAFE_METHODS = frozenset({"GET", "HEAD"})
_SECRET = re.compile(r"[A-Za-z0-9_-]{43}")
_ODD = frozenset(' "#<>\\^`{|}')


@dataclass(frozen=True, slots=True)
class GuardedHost:
    """The service behind the proxy, as a browser knows it."""

    audience: str
    """As the rules name it."""
    origin: str

    @property
    def callback(self) -> str:
        """The one address that people come back to."""
        return self.origin + CALLBACK


@dataclass(frozen=True, slots=True)
class Way:
    """A sign-in that is under way in one browser."""

    state: str
    """Goes with the browser and comes back: a secret of this browser, and where it wanted to go."""
    verifier: str

    @property
    def cookie(self) -> str:
        """As the browser keeps it."""
        return f"{self.state}~{self.verifier}"

    @property
    def challenge(self) -> str:
        """`S256` of RFC 7636."""
        return _text(hashlib.sha256(self.verifier.encode()).digest())


def find_guarded_host(audience: str) -> GuardedHost | None:
    """The host of an audience; None where that is no https address of a host, so that nobody signs in there."""
    try:
        parts = urlsplit(audience)
        host, _port = parts.hostname, parts.port
    except ValueError:
        return None
    is_safe = parts.scheme == "https" or (parts.scheme == "http" and host in LOOPBACK)
    is_plain = not parts.username and not parts.query and not parts.fragment and parts.path in ("", "/")
    if not host or not is_safe or not is_plain or not audience.isascii() or set(audience) & _ODD:
        return None
    return GuardedHost(audience, f"{parts.scheme}://{parts.netloc}")


def begin_way(secret: str, verifier: str, path: str) -> Way:
    """A way to sign in and back to a path; both secrets are 32 random bytes as BASE64URL."""
    return Way(f"{secret}.{_text(path.encode())}", verifier)


def read_way(cookie: str | None, state: str | None) -> Way | None:
    """The way that this browser began, if `state` is its own."""
    if cookie is None or state is None or len(cookie) > LONGEST_WAY:
        return None
    kept, _, verifier = cookie.partition("~")
    if not hmac.compare_digest(kept.encode(), state.encode()) or path_of(state) is None:
        return None
    return Way(kept, verifier) if _SECRET.fullmatch(verifier) else None


def path_of(state: str | None) -> str | None:
    """Where a browser wanted to go that came with this state; None for what is no state."""
    secret, _, text = (state or "").partition(".")
    if len(state or "") > LONGEST_WAY or _SECRET.fullmatch(secret) is None:
        return None
    try:
        path = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode("ascii")
    except (ValueError, binascii.Error):
        return None
    return path if is_own_path(path) else None


def is_own_path(path: str) -> bool:
    """Does every browser take it for a path of the host where it stands, and for nothing else?"""
    return (
        path.startswith("/")
        and not path.startswith("//")
        and len(path) <= LONGEST_PATH
        and path.isascii()
        and path.isprintable()
        and not set(path) & _ODD
    )


def comes_from_there(method: str, site: str | None, origin: str | None, host: GuardedHost) -> bool:
    """May a cookie of the host speak for this request? Reading always; a change only from a page of that host."""
    if method in SAFE_METHODS:
        return True
    return site == "same-origin" if site is not None else origin == host.origin


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
