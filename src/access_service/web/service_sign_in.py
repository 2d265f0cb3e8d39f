"""Signing in for other services: the authorization endpoint and the end of a session, as people see them.

Whoever is signed in goes through; the first time for a service they are told what it learns. A form of ours never
leads to another service by redirection (`form-action 'self'` forbids it): a page of ours lies between.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from urllib.parse import parse_qsl, quote

from starlette.responses import RedirectResponse, Response

from access_service.api.http.edge import edge_of
from access_service.domain.errors import NotFoundError, RefusedError, UnavailableError
from access_service.usecases.identity.sign_in import sign_out
from access_service.usecases.services import Caller
from access_service.usecases.tokens.asked_sign_in import (
    SentBackError,
    SignInRequest,
    SignOutRequest,
    agree_to_service,
    answer_address,
    end_hinted,
    next_step,
    read_request,
    read_sign_out,
    refusal_address,
    service_named,
)
from access_service.usecases.tokens.authorizing import issue_code
from access_service.usecases.tokens.issue import TokenPoint
from access_service.usecases.tokens.oauth_errors import OAuthCode, OAuthError
from access_service.usecases.tokens.openid import HintedSignIn, read_hint
from access_service.web import cookies
from access_service.web.cookies import Hat
from access_service.web.page import SIGN_IN, PageRouter, Visit
from access_service.web.rendered import HEADERS

router = PageRouter()
AUTHORIZE, TOLD, END, ENDED = "/oauth2/authorize", "/dang-nhap/dich-vu", "/oauth2/logout", "/dang-xuat/dich-vu"
ENDED_PAGE = "service_sign_in/ended.html"
SINCE = "_tu"
"""Our own parameter: when a request came here first whose person is to sign in anew."""
LONGEST_QUERY = 12_000
DIGITS = 11


@router.show(AUTHORIZE, hat=Hat.NOBODY)
def authorize(visit: Visit) -> Response:
    """A client asks who somebody is: a code for it, or what has to be done first."""
    return _authorize(visit, visit.request.url.query)


def _authorize(visit: Visit, query: str) -> Response:
    try:
        pairs = read_pairs(query)
        asked = read_request(visit.services, pairs)
    except SentBackError as error:
        return _leave(refusal_address(error, _point(visit).issuer))
    except OAuthError as error:
        return visit.render("service_sign_in/refused.html", 400, text=error.text)
    caller = _person(visit, asked)
    step = "sign_in" if caller is None else next_step(visit.services, caller, asked, since=_since(pairs))
    if "none" in asked.prompts and step != "go":
        code = OAuthCode.LOGIN_REQUIRED if step == "sign_in" else OAuthCode.INTERACTION_REQUIRED
        return _leave(answer_address(asked, _point(visit).issuer, error=str(code)))
    if caller is None or step == "sign_in":
        since = f"{SINCE}={int(visit.services.db.now().timestamp())}"
        kept = "&".join(part for part in query.split("&") if not part.startswith(f"{SINCE}="))
        return RedirectResponse(f"{SIGN_IN}?tiep={quote(f'{AUTHORIZE}?{kept}&{since}', safe='/')}", 303, HEADERS)
    if step == "tell":
        inside = Visit(visit.request, visit.services, visit.sessions, Hat.PERSONAL)
        return inside.render("service_sign_in/tell.html", asked=asked, query=query)
    return _leave(_answer(visit, caller, asked))


@router.act(TOLD, hat=Hat.PERSONAL, is_once=False)
def go_on(visit: Visit) -> Response:
    """The person was told what the service learns, and goes on or does not."""
    query = visit.form.text("yeu_cau")
    try:
        pairs = read_pairs(query)
        asked = read_request(visit.services, pairs)
    except OAuthError as error:
        return visit.render("service_sign_in/refused.html", 400, text=error.text)
    if visit.form.text("tra_loi") != "vao":
        back = answer_address(asked, _point(visit).issuer, error=str(OAuthCode.ACCESS_DENIED))
        return visit.render("service_sign_in/onward.html", address=back)
    if next_step(visit.services, visit.caller, asked, since=_since(pairs)) == "sign_in":
        return visit.render("service_sign_in/onward.html", address=f"{AUTHORIZE}?{query}")
    address = _answer(visit, visit.caller, asked)
    agree_to_service(visit.services, visit.caller, asked)
    return visit.render("service_sign_in/onward.html", address=address)


def _answer(visit: Visit, caller: Caller, asked: SignInRequest) -> str:
    """Where the browser goes with its code, or with the word that this person is not signed in there."""
    issuer = _point(visit).issuer
    try:
        code = issue_code(visit.services, caller, asked.wanted)
    except NotFoundError:
        return answer_address(asked, issuer, error=str(OAuthCode.ACCESS_DENIED))
    except RefusedError as refused:
        said = {"error": str(OAuthCode.ACCESS_DENIED), "error_description": str(refused.code)}
        return answer_address(asked, issuer, **said)
    return answer_address(asked, issuer, code=code.code)


def _person(visit: Visit, asked: SignInRequest) -> Caller | None:
    """Who is signed in, if it is whom the client means."""
    if asked.hint is None or visit.personal is None:
        return visit.personal
    hint = read_hint(_point(visit), asked.hint)
    return visit.personal if hint is not None and hint.account == visit.personal.account else None


def _leave(address: str) -> Response:
    return RedirectResponse(address, 303, HEADERS)


def _point(visit: Visit) -> TokenPoint:
    point = edge_of(visit.request).tokens
    if point is None:
        raise UnavailableError("this application signs nobody in")
    return point


def read_pairs(query: str) -> list[tuple[str, str]]:
    """The parameters of a query, in order; `invalid_request` for what is no query."""
    unread = OAuthError(OAuthCode.INVALID_REQUEST, "the request cannot be read")
    if len(query) > LONGEST_QUERY:
        raise unread
    try:
        return parse_qsl(query, keep_blank_values=True, errors="strict", max_num_fields=64, separator="&")
    except ValueError:
        raise unread from None


def _since(pairs: list[tuple[str, str]]) -> datetime | None:
    said = [value for name, value in pairs if name == SINCE]
    if len(said) != 1 or not said[0].isascii() or not said[0].isdigit() or len(said[0]) > DIGITS:
        return None
    return datetime.fromtimestamp(int(said[0]), UTC)


def service_of(visit: Visit, address: str) -> SignInRequest | None:
    """For which service somebody signs in who goes on to that address."""
    path, _, query = address.partition("?")
    if path != AUTHORIZE:
        return None
    try:
        return service_named(visit.services, read_pairs(query))
    except OAuthError:
        return None


def leads_elsewhere(address: str) -> bool:
    """May that address of ours send the browser to another service? A form never leads there by itself."""
    return address.partition("?")[0] == AUTHORIZE


# -- the end of a session


@router.show(END, hat=Hat.NOBODY)
def end_session(visit: Visit) -> Response:
    """A client's person signs out: at once where the client shows whose session it is, else they are asked."""
    asked, hint = _asked_to_end(visit, visit.query)
    if not asked.is_own:
        inside = Visit(visit.request, visit.services, visit.sessions, Hat.PERSONAL)
        return inside.render("service_sign_in/end.html", asked=asked, query=visit.request.url.query)
    if hint is not None:
        end_hinted(visit.services, hint)
    return _signed_out(visit, _leave(asked.back) if asked.back else _ended(visit).render(ENDED_PAGE))


@router.act(ENDED, hat=Hat.PERSONAL, even_if_due=True, leaving=True, is_once=False)
def end_confirmed(visit: Visit) -> Response:
    """The person says so."""
    try:
        given = dict(read_pairs(visit.form.text("yeu_cau")))
    except OAuthError:
        given = {}
    asked, _ = _asked_to_end(visit, given)
    page = "service_sign_in/onward.html" if asked.back else ENDED_PAGE
    return _signed_out(visit, _ended(visit).render(page, address=asked.back))


def _ended(visit: Visit) -> Visit:
    """The same visit, of nobody."""
    return Visit(visit.request, visit.services, cookies.Sessions(), Hat.NOBODY)


def _asked_to_end(visit: Visit, given: Mapping[str, str]) -> tuple[SignOutRequest, HintedSignIn | None]:
    text = given.get("id_token_hint")
    hint = read_hint(_point(visit), text) if text else None
    said = [given.get(name) or None for name in ("client_id", "post_logout_redirect_uri", "state")]
    return read_sign_out(visit.services, visit.personal or visit.admin, hint, *said), hint


def _signed_out(visit: Visit, response: Response) -> Response:
    for caller in (visit.admin, visit.personal):
        if caller is not None:
            sign_out(visit.services, caller)
    for hat in (Hat.PERSONAL, Hat.ADMIN):
        cookies.drop(response, hat)
    return response
