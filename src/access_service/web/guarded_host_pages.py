"""To a host behind the proxy: whoever is signed in is handed on with a code, to its one address and no other.

What the page is asked for is whose challenge the code answers; where it goes is written in the operator's rules.
"""

from urllib.parse import quote, urlencode, urlsplit

from starlette.responses import RedirectResponse, Response

from access_service.domain.errors import NotFoundError
from access_service.domain.guarded_host import GuardedHost, path_of
from access_service.domain.service_sign_in import is_challenge
from access_service.usecases.tokens.authorizing import CodeRequest, issue_code
from access_service.web.cookies import Hat
from access_service.web.page import SIGN_IN, PageRouter, Visit
from access_service.web.rendered import HEADERS

router = PageRouter()
AUTHORIZE = "/oauth2/authorize/host"
FROM_ELSEWHERE = frozenset({"cross-site", "same-site", "none"})


@router.show(AUTHORIZE, hat=Hat.NOBODY)
def hand_on(visit: Visit) -> Response:
    """A code for the host that asks, once the person is signed in."""
    host, (challenge, state) = _host(visit), _asked(visit)
    if host is None or challenge is None or state is None:
        return visit.render("guarded_host/refused.html", 400, host=None)
    if visit.personal is None:
        here = f"{AUTHORIZE}?{urlencode({'audience': host.audience, 'challenge': challenge, 'state': state})}"
        return RedirectResponse(f"{SIGN_IN}?tiep={quote(here, safe='/')}", 303, HEADERS)
    wanted = CodeRequest(host.audience, host.callback, challenge)
    try:
        code = issue_code(visit.services, visit.personal, wanted, guarded={host.audience: host.callback})
    except NotFoundError:
        return visit.render("guarded_host/refused.html", 400, host=host)
    address = f"{host.callback}?{urlencode({'code': code.code, 'state': state})}"
    if visit.request.headers.get("sec-fetch-site") in FROM_ELSEWHERE:
        return RedirectResponse(address, 303, HEADERS)
    # A form of ours leads to no other host by redirection (`form-action 'self'`): a page lies between.
    return visit.render("guarded_host/onward.html", address=address)


def _host(visit: Visit) -> GuardedHost | None:
    found = getattr(visit.request.app.state, "guarded_host", None)
    is_meant = isinstance(found, GuardedHost) and visit.request.query_params.getlist("audience") == [found.audience]
    return found if is_meant else None


def _asked(visit: Visit) -> tuple[str | None, str | None]:
    """Challenge and state, each once and of the form that a host of ours makes."""
    given = visit.request.query_params
    challenges, states = given.getlist("challenge"), given.getlist("state")
    challenge = challenges[0] if len(challenges) == 1 and is_challenge(challenges[0]) else None
    return challenge, states[0] if len(states) == 1 and path_of(states[0]) is not None else None


def host_asked_for(visit: Visit, address: str) -> str:
    """The name of the host that somebody signs in for who goes on to that address; empty for any other."""
    found = _named(visit)
    return urlsplit(found.origin).netloc if found and address.partition("?")[0] == AUTHORIZE else ""


@router.show("/dang-nhap/may-chu/khong-vao-duoc", hat=Hat.NOBODY)
def show_stopped(visit: Visit) -> Response:
    """The code did not count: used, too old, of another browser, or of another host."""
    return visit.render("guarded_host/refused.html", 400, host=_named(visit))


@router.show("/dang-nhap/may-chu/da-ra", hat=Hat.NOBODY)
def show_left(visit: Visit) -> Response:
    """The host's session is over; the one here is not, and is ended here."""
    return visit.render("guarded_host/left.html", host=_named(visit))


def _named(visit: Visit) -> GuardedHost | None:
    found = getattr(visit.request.app.state, "guarded_host", None)
    return found if isinstance(found, GuardedHost) else None
