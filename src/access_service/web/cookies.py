"""Cookies to callers: the personal session, the admin session that lies over it, language and theme.

The cookie of one hat opens no route of the other, the API takes none, and no visit takes a bearer.
"""

import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Literal

from starlette.requests import Request
from starlette.responses import Response

from access_service.domain.names import PersonId
from access_service.usecases.identity.accounts import SignedIn
from access_service.usecases.identity.hats import session_of_pages
from access_service.usecases.services import Services

PERSONAL, ADMIN, NOTE = "__Host-as", "__Host-aq", "__Host-an"
LANGUAGE, THEME = "__Host-at", "__Host-am"
YEAR_S = 31_536_000
LONGEST_COOKIE = 2_000


class Hat(StrEnum):
    """Under which session a page is shown."""

    NOBODY = "nobody"
    PERSONAL = "personal"
    ADMIN = "admin"
    EITHER = "either"
    """The admin session where there is one, else the personal one."""


@dataclass(frozen=True, slots=True)
class Sessions:
    """The two sessions of a browser."""

    personal: SignedIn | None = None
    admin: SignedIn | None = None

    def worn(self, hat: Hat) -> SignedIn | None:
        """Whose hat a page wears; None where that session is missing."""
        if hat is Hat.PERSONAL:
            return self.personal
        if hat is Hat.ADMIN:
            return self.admin
        return None if hat is Hat.NOBODY else self.admin or self.personal

    def made(self, shown: str) -> bool:
        """Was a form made for this browser, under either hat?"""
        return any(is_form_token(one.token, shown) for one in (self.personal, self.admin) if one is not None)


def read_sessions(
    services: Services, request: Request, hat: Hat, *, even_if_due: bool, leaving: bool, watches: bool = False
) -> Sessions:
    """Both sessions of a browser. A page keeps open the session it wears and the personal one beside it, no other.

    A page that `watches` is asked for again by itself and keeps none open. Two people in one browser: the hat stays
    with whoever put it on, and to the other it is none. Raises `RefusedError` where the session that the page wears
    has something to do first.
    """

    def find(name: str, *, wears_it: bool, holder: PersonId | None) -> SignedIn | None:
        token = request.cookies.get(name, "")
        if not token or len(token) > LONGEST_COOKIE:
            return None
        return session_of_pages(
            services,
            token,
            keeps_open=wears_it and not watches,
            even_if_due=even_if_due or not wears_it,
            to_hand_back=leaving,
            holder=holder,
        )

    personal = find(PERSONAL, wears_it=True, holder=None)
    owner = None if personal is None else personal.caller.person
    return Sessions(personal, find(ADMIN, wears_it=hat in (Hat.ADMIN, Hat.EITHER), holder=owner))


def keep(response: Response, hat: Hat, token: str) -> None:
    """Give the browser a session; it ends with the browser, or here."""
    name, site = _of(hat)
    response.set_cookie(name, token, path="/", secure=True, httponly=True, samesite=site)


def drop(response: Response, hat: Hat) -> None:
    """Take a session's cookie from the browser."""
    name, site = _of(hat)
    response.delete_cookie(name, path="/", secure=True, httponly=True, samesite=site)


def _of(hat: Hat) -> tuple[str, Literal["lax", "strict"]]:
    return (PERSONAL, "lax") if hat is Hat.PERSONAL else (ADMIN, "strict")


def form_token(token: str) -> str:
    """What a form of this session carries: nobody makes it who does not hold the session."""
    return _mac(token, "form")


def is_form_token(token: str, shown: str) -> bool:
    """Was that form made for this session?"""
    return hmac.compare_digest(form_token(token).encode(), shown.encode())


def leave_note(response: Response, token: str, text: str, values: Mapping[str, Any]) -> None:
    """Say on the next visit what was done: a sentence of ours and its numbers, signed by the session."""
    body = json.dumps([text, values], ensure_ascii=True, separators=(",", ":"))
    cookie = f"{_mac(token, body)}.{body.encode().hex()}"
    response.set_cookie(NOTE, cookie, path="/", secure=True, httponly=True, samesite="lax", max_age=60)


def read_note(request: Request, token: str) -> tuple[str, dict[str, Any]] | None:
    """The sentence that the last act left, if this session left it."""
    mac, _, body = request.cookies.get(NOTE, "").partition(".")
    try:
        said = bytes.fromhex(body).decode()
    except ValueError:
        return None
    if not mac.isascii() or not hmac.compare_digest(mac, _mac(token, said)):
        return None
    text, values = json.loads(said)
    return text, values


def _mac(token: str, text: str) -> str:
    return hmac.new(token.encode(), text.encode(), hashlib.sha256).hexdigest()
