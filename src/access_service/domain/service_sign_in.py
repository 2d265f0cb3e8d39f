"""Signing in to another service: whom a service may be told of, where it takes people back, who began the request.

The person signs in here and is handed on by a code: good once, for a minute, for one service at one address, and
for nobody who does not know the verifier whose SHA-256 the request carried (RFC 7636).
"""

import base64
import hashlib
import hmac
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import parse_qsl, urlsplit

from access_service.domain.clients import LOOPBACK
from access_service.domain.edges import office_chain
from access_service.domain.errors import InvalidError, RefusedError
from access_service.domain.facts import Ground
from access_service.domain.names import AccountId, AccountKind, PersonId, RegisterId, UnitId
from access_service.domain.org import Assignment
from access_service.domain.reasons import Refusal
from access_service.domain.software import Software

CODE_LASTS = timedelta(seconds=60)
"""How long a code is good."""
OPENID, PROFILE = "openid", "profile"
"""Who it is: account, unit and position; and their name."""
SCOPES = (OPENID, PROFILE)
MOST_ADDRESSES = 16
"""Most addresses of each kind that one client registers."""
LONGEST_ADDRESS = 2048
OURS = frozenset({"code", "state", "iss", "error", "error_description", "error_uri"})
"""What an answer adds to an address: a registered address has none of them already."""
_ODD = frozenset(' #"<>\\^`{|}*')
_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")
_VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}")


@dataclass(frozen=True, slots=True)
class ServiceSignIn:
    """A person who was handed on to a service: first by a code, then by what it was redeemed for."""

    id: str
    register: RegisterId
    account: AccountId
    person: PersonId
    audience: str
    """A client's id, or the address of a service behind a proxy."""
    redirect_uri: str
    scope: frozenset[str]
    resources: tuple[str, ...]
    """Where its access tokens may be used (RFC 8707)."""
    nonce: str | None
    challenge: str
    code_sha256: str
    code_until: datetime
    parent: str
    """SHA-256 of the token of the session in which the person was handed on."""
    signed_in_at: datetime
    """When the person proved who they are."""
    methods: str
    """By what: `password`, `password+totp`, `passkey`…"""
    expires_at: datetime
    """When it ends however much it is used: with that session."""
    redeemed_at: datetime | None = None
    session_sha256: str | None = None
    """Of the session that the service got for the code; when that ends, everything ends."""
    refresh_sha256: str | None = None
    """Of the one refresh token that counts."""


def is_challenge(text: str) -> bool:
    """Is it a SHA-256 as RFC 7636 writes it?"""
    return _CHALLENGE.fullmatch(text) is not None


def answers(challenge: str, verifier: str) -> bool:
    """Is that the verifier of the challenge? In constant time."""
    if _VERIFIER.fullmatch(verifier) is None:
        return False
    found = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=")
    return hmac.compare_digest(found, challenge.encode())


def check_return_addresses(addresses: frozenset[str]) -> None:
    """Where a client may have people sent back to: few exact addresses, https except on this machine."""
    if len(addresses) > MOST_ADDRESSES:
        raise InvalidError(f"a client registers at most {MOST_ADDRESSES} addresses of a kind")
    for address in sorted(addresses):
        if not _is_return_address(address):
            raise InvalidError(
                "an address to come back to is an https URL without user name, fragment or dot segment, and "
                "without a parameter that an answer adds"
            )


def _is_return_address(text: str) -> bool:
    if (
        not text.isascii()
        or not text.isprintable()
        or set(text) & set(' #"<>\\^`{|}*')
        or len(text) > LONGEST_ADDRESS
    ):
        return False
    try:
        parts = urlsplit(text)
        host, _port = parts.hostname, parts.port
        names = {name for name, _ in parse_qsl(parts.query, keep_blank_values=True)}
    except ValueError:
        return False
    is_safe = parts.scheme == "https" or (parts.scheme == "http" and host in LOOPBACK)
    is_plain = "@" not in parts.netloc and not {".", ".."} & set(parts.path.lower().replace("%2e", ".").split("/"))
    return bool(host) and is_safe and is_plain and text.startswith(f"{parts.scheme}://") and not names & OURS


def check_may_be_handed_on(
    ground: Ground, kind: AccountKind, person: PersonId, unit: UnitId, software: Software | None
) -> None:
    """A person's own account is handed on, and to software of a unit at or above one where the person works.

    `software` is None for a service behind a proxy: the operator has written down that it is this register's.
    """
    if kind not in (AccountKind.USE, AccountKind.INSPECTOR):
        raise RefusedError(Refusal.FORBIDDEN, "only a person's own account is signed in elsewhere")
    if software is None:
        return
    duties = [d.unit for d in ground.facts.find(Assignment, person=person) if ground.now in d.interval]
    if not any(software.unit in office_chain(ground, place) for place in sorted({unit, *duties})):
        raise RefusedError(
            Refusal.FORBIDDEN, "the service is another unit's: it signs in who works there", software=software.id
        )
