"""A browser at a guarded host: its cookies, and being sent to sign in. docs/proxies.md."""

from secrets import token_urlsafe
from typing import Any
from urllib.parse import urlencode

from fastapi import Request
from starlette.responses import RedirectResponse, Response

from access_service.api.forward.rules import ForwardRules, UnclearPathError
from access_service.domain.guarded_host import SESSION, WAY, WAY_S, GuardedHost, begin_way, is_own_path

SECRET_BYTES = 32
AUTHORIZE = "/oauth2/authorize/host"
"""The page that hands a signed-in person on to the host."""
HEADERS = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}


def host_of(request: Request) -> GuardedHost | None:
    """The host behind the proxy, where people may sign in with a browser."""
    found: Any = getattr(request.app.state, "guarded_host", None)
    return found if isinstance(found, GuardedHost) else None


def rules_of(request: Request) -> ForwardRules | None:
    """The rules of the service behind the proxy."""
    found: Any = getattr(request.app.state, "forward_rules", None)
    return found if isinstance(found, ForwardRules) else None


def read_cookie(request: Request, name: str) -> str | None:
    """The cookie of that name; None where there is none, or more than one."""
    pairs = [pair.strip().partition("=") for text in request.headers.getlist("cookie") for pair in text.split(";")]
    values = [value for found, _, value in pairs if found == name]
    return values[0] if len(values) == 1 and values[0] else None


def is_visit(request: Request, method: str) -> bool:
    """Does somebody open a page? What a script or a program asks for is answered with 401 and nothing else."""
    headers = request.headers
    if method not in ("GET", "HEAD") or "authorization" in headers:
        return False
    mode = headers.get("sec-fetch-mode")
    return mode == "navigate" if mode is not None else "text/html" in headers.get("accept", "")


def path_to_return_to(rules: ForwardRules, uri: str) -> str:
    """Where the browser goes after signing in: what it asked for where a rule is about it, else the front page."""
    try:
        is_known = is_own_path(uri) and rules.match("GET", uri) is not None
    except UnclearPathError:
        return "/"
    return uri if is_known else "/"


def send_to_sign_in(public_url: str, host: GuardedHost, path: str) -> Response:
    """To the page where people sign in; what answers its challenge stays in this browser, at this host."""
    way = begin_way(token_urlsafe(SECRET_BYTES), token_urlsafe(SECRET_BYTES), path)
    asked = urlencode({"audience": host.audience, "challenge": way.challenge, "state": way.state})
    response = RedirectResponse(f"{public_url}{AUTHORIZE}?{asked}", 302, HEADERS)
    _set(response, WAY, way.cookie, max_age=WAY_S)
    return response


def let_in(path: str, token: str) -> Response:
    """Back to where the browser wanted to go, with the host's own session; the way is used up."""
    response = RedirectResponse(path, 303, HEADERS)
    _set(response, SESSION, token, max_age=None)
    _drop(response, WAY)
    return response


def let_out(address: str) -> Response:
    """On to an address, without the host's session."""
    response = RedirectResponse(address, 303, HEADERS)
    _drop(response, SESSION)
    _drop(response, WAY)
    return response


def stop(address: str) -> Response:
    """On to an address that says why; the way that did not lead here is forgotten, and nothing else."""
    response = RedirectResponse(address, 303, HEADERS)
    _drop(response, WAY)
    return response


def _set(response: Response, name: str, value: str, max_age: int | None) -> None:
    response.set_cookie(name, value, max_age=max_age, path="/", secure=True, httponly=True, samesite="lax")


def _drop(response: Response, name: str) -> None:
    response.delete_cookie(name, path="/", secure=True, httponly=True, samesite="lax")
