"""One visit: who sees it under which hat, what was sent, and what comes back.

A handler reads the form, calls one use case, and renders a template or redirects. Who, then size, then shape, then
content: sessions are read before a body is, and a form that was not made for this session acts on nothing.
"""

import hashlib
import json
import re
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import wraps
from inspect import iscoroutinefunction
from typing import Any, cast
from urllib.parse import quote, urlsplit

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from access_service.api.http.errors import STATUS
from access_service.domain.errors import InvalidError, NotFoundError, RefusedError, UnavailableError
from access_service.domain.reasons import Refusal
from access_service.usecases.idempotency import Acted, KeptAnswer, carrying_out, drop_key, settle_key, take_key
from access_service.usecases.identity.accounts import SignedIn
from access_service.usecases.identity.hats import Shell, shell_of
from access_service.usecases.services import Caller, Services
from access_service.web import cookies
from access_service.web.cookies import Hat, Sessions
from access_service.web.form_reader import KEPT_CHARACTERS, SECRET, SentForm, read_form
from access_service.web.phrases import language
from access_service.web.rendered import HEADERS, language_of, render_template
from access_service.web.static import address_of

SIGN_IN, OPEN_HAT, SECURITY, HAND_BACK = "/dang-nhap", "/quan-tri/dang-nhap", "/toi/bao-mat", "/toi/tra-lai"
DUE = {
    Refusal.PASSWORD_DUE: SECURITY,
    Refusal.SECOND_FACTOR_DUE: SECURITY,
    Refusal.HAND_BACK_DUE: HAND_BACK,
}
"""Where a session is sent that has something to do before anything else."""
SEE_OTHER = 303
ATTEMPT_CHARACTERS = range(8, 65)
"""How long the number of an attempt is."""
OF_THE_PAGE = re.compile(r"[a-z]{3}_[0-9a-f]{16,}[.0-9a-f]*|[0-9a-f]{8,}|[0-9]|[a-z_]+")
"""Ids, versions, hashes and names of buttons: what a page puts into its own fields."""
Handler = Callable[["Visit"], Any]
"""Gives a `Response`; a coroutine runs on the event loop, a plain function in a thread."""


@dataclass(frozen=True, slots=True)
class Spec:
    """What a route declares."""

    hat: Hat
    even_if_due: bool = False
    leaving: bool = False
    is_once: bool = True
    watches: bool = False
    """Is the page asked for again by itself? Then it keeps no session open."""


@dataclass(frozen=True)
class Visit:
    """A request for a visit, and how to answer it."""

    request: Request
    services: Services
    sessions: Sessions
    hat: Hat
    form: SentForm = field(default_factory=SentForm)

    @property
    def at(self) -> Mapping[str, str]:
        """The parts of the address, by name: `dv`, `id`."""
        return cast("Mapping[str, str]", self.request.path_params)

    @property
    def query(self) -> Mapping[str, str]:
        """What stands behind the question mark; the last of several."""
        return self.request.query_params

    @property
    def worn(self) -> SignedIn | None:
        """The session whose hat the page wears."""
        return self.sessions.worn(self.hat)

    @property
    def caller(self) -> Caller:
        """Who acts; a route that declares a hat always has one."""
        if self.worn is None:
            raise RefusedError(Refusal.NOT_AUTHENTICATED, "sign in first")
        return self.worn.caller

    @property
    def personal(self) -> Caller | None:
        """The person's own session, whatever hat the page wears."""
        return None if self.sessions.personal is None else self.sessions.personal.caller

    @property
    def admin(self) -> Caller | None:
        """The admin session over it, if one is open."""
        return None if self.sessions.admin is None else self.sessions.admin.caller

    @property
    def path(self) -> str:
        """The address of this visit, with its question."""
        query = self.request.url.query
        return self.request.url.path + (f"?{query}" if query else "")

    def shell(self) -> Shell | None:
        """What the frame says of whoever sits there."""
        session = self.sessions.admin or self.sessions.personal
        worn = self.worn or session
        return None if worn is None else shell_of(self.services, worn.caller)

    def render(self, template: str, status: int = 200, /, **values: Any) -> Response:
        """The page in full; whoever wants a part of it takes it by its id."""
        token = "" if self.worn is None else self.worn.token
        note = cookies.read_note(self.request, token) if token else None
        response = render_template(
            template,
            status,
            self.request,
            visit=self,
            shell=self.shell(),
            note=note,
            form_token=cookies.form_token(token) if token else "",
            once=secrets.token_urlsafe(16),
            asset=address_of,
            typed=lambda name, default="": self.form.text(name, default) if name not in SECRET else "",
            **values,
        )
        if cookies.NOTE in self.request.cookies:
            response.delete_cookie(cookies.NOTE, path="/", secure=True, httponly=True, samesite="lax")
        return response

    def again(self, template: str, error: RefusedError, /, **values: Any) -> Response:
        """The same form with what was typed, and what was wrong with it above."""
        return self.render(template, STATUS[error.code], error=error, **values)

    def redirect(self, address: str, said: str = "", /, **values: Any) -> Response:
        """Go on to a page of ours, which says in a sentence what was done."""
        response = RedirectResponse(address, 303, HEADERS)
        if said and self.worn is not None:
            cookies.leave_note(response, self.worn.token, said, values)
        return response


class PageRouter(APIRouter):
    """Routes of pages. A handler is a plain function of a `Visit`; it runs in a thread."""

    def __init__(self) -> None:
        """No visit yet."""
        super().__init__(include_in_schema=False)

    def show(
        self,
        path: str,
        *,
        hat: Hat = Hat.EITHER,
        even_if_due: bool = False,
        leaving: bool = False,
        watches: bool = False,
    ) -> Callable[[Handler], Handler]:
        """GET: nothing changes, however often it is asked for."""
        return self._page(path, "GET", Spec(hat, even_if_due, leaving, watches=watches))

    def act(
        self,
        path: str,
        *,
        hat: Hat = Hat.EITHER,
        even_if_due: bool = False,
        leaving: bool = False,
        is_once: bool = True,
    ) -> Callable[[Handler], Handler]:
        """POST: a form of ours, sent once; a repeat gets the first answer where it `is_once`."""
        return self._page(path, "POST", Spec(hat, even_if_due, leaving, is_once))

    def _page(self, path: str, method: str, spec: Spec) -> Callable[[Handler], Handler]:
        def added(handler: Handler) -> Handler:
            @wraps(handler)
            async def endpoint(request: Request) -> Response:
                request.scope["route"] = route
                # A handler makes sentences, too, before anything is rendered: it speaks the reader's language.
                language.set(language_of(request))
                if _has_nul(request):
                    return render_template("not_found.html", 404, request)
                try:
                    return await _serve(spec, handler, request)
                except RefusedError as refused:
                    return _refused(request, refused)
                except UnavailableError:
                    return render_template("unavailable.html", 503, request, headers={"Retry-After": "5"})

            route = Route(path, endpoint, methods=[method], include_in_schema=False)
            self.routes.append(route)
            return handler

        return added


def _has_nul(request: Request) -> bool:
    """PostgreSQL keeps no such character: nothing has an id with one."""
    given = (request.url.path, *request.path_params.values(), *request.query_params.values())
    return any("\0" in str(text) for text in given)


async def _serve(spec: Spec, handler: Handler, request: Request) -> Response:
    if request.method == "POST" and not comes_from_us(request):
        return render_template("elsewhere.html", 403, request)
    services = cast("Services", request.app.state.services)

    def sessions() -> Sessions:
        return cookies.read_sessions(
            services,
            request,
            spec.hat,
            even_if_due=spec.even_if_due,
            leaving=spec.leaving,
            watches=spec.watches,
        )

    try:
        visit = Visit(request, services, await run_in_threadpool(sessions), spec.hat)
    except RefusedError as refused:
        if refused.code in DUE:
            return RedirectResponse(DUE[refused.code], 303, HEADERS)
        raise
    if visit.worn is not None:
        request.state.account = visit.worn.caller.account
    elif spec.hat is not Hat.NOBODY:
        return await _ask_to_sign_in(visit)
    if request.method != "POST":
        return await _carry_out(handler, visit)
    visit = Visit(request, services, visit.sessions, spec.hat, await _read(request))
    if visit.worn is not None and not visit.sessions.made(visit.form.text("_ma")):
        return await run_in_threadpool(send_again, visit)
    visit = _as_shown(visit)
    if visit.worn is None or not spec.is_once:
        return await _carry_out(handler, visit)
    return await run_in_threadpool(_act_once, visit, handler)


def _as_shown(visit: Visit) -> Visit:
    """A form acts under the hat under which it was shown, whatever was put on since."""
    personal, worn = visit.sessions.personal, visit.worn
    if visit.hat is not Hat.EITHER or worn is None or personal is None:
        return visit
    if cookies.is_form_token(worn.token, visit.form.text("_ma")):
        return visit
    visit.request.state.account = personal.caller.account
    return Visit(visit.request, visit.services, visit.sessions, Hat.PERSONAL, visit.form)


async def _carry_out(handler: Handler, visit: Visit) -> Response:
    if iscoroutinefunction(handler):
        return cast("Response", await handler(visit))
    return cast("Response", await run_in_threadpool(handler, visit))


async def _read(request: Request) -> SentForm:
    try:
        return await read_form(request)
    except HTTPException as error:
        raise RefusedError(Refusal.BATCH_TOO_LARGE, str(error.detail)) from None


def comes_from_us(request: Request) -> bool:
    """Was the form sent by a page of this service? Judged by what browsers add and no page can change."""
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site == "same-origin"
    origin = request.headers.get("origin", "")
    return bool(origin) and _host_of(origin) == request.headers.get("host", "")


def _host_of(address: str) -> str:
    try:
        return urlsplit(address).netloc
    except ValueError:
        return ""


def is_ours(address: str) -> bool:
    """Is it a path of this service, and nothing that a browser takes for another host?"""
    return (
        address.startswith("/")
        and not address.startswith(("//", "/\\"))
        and address.isprintable()
        and "\\" not in address
    )


async def _ask_to_sign_in(visit: Visit) -> Response:
    """To the sign-in that is missing, and back; a form that was sent meanwhile is kept."""
    door = OPEN_HAT if visit.hat is Hat.ADMIN and visit.sessions.personal is not None else SIGN_IN
    if visit.request.method != "POST":
        return RedirectResponse(f"{door}?tiep={quote(visit.path, safe='/')}", 303, HEADERS)
    form = await _read(visit.request)
    return await run_in_threadpool(show_door, visit, door, form)


def show_door(visit: Visit, door: str, form: SentForm) -> Response:
    """The sign-in visit, with the form that waits in it."""
    kept = json.dumps(list(form.typed()), ensure_ascii=False)
    values: dict[str, Any] = {
        "tiep": visit.path,
        "giu": kept if len(kept) <= KEPT_CHARACTERS else "",
        "asked": "",
    }
    values |= {"door": None, "passkey": None, "username": ""}
    inside = Visit(visit.request, visit.services, visit.sessions, Hat.PERSONAL if door == OPEN_HAT else Hat.NOBODY)
    if door == OPEN_HAT and inside.personal is not None:
        shell = inside.shell()
        return inside.render("signing_in/open_hat.html", 401, hats=shell.hats if shell else (), **values)
    return inside.render("signing_in/sign_in.html", 401, **values)


def send_again(visit: Visit) -> Response:
    """The form was made for a session that is over: everything typed stands there, to be sent by hand."""
    return show_again(visit, visit.path, list(visit.form.typed()))


def show_again(visit: Visit, target: str, fields: Sequence[tuple[str, str]], status: int = 403) -> Response:
    """Everything that a form held, to be sent by hand; shown is what a person wrote, no ids of the page."""
    written = list(
        dict.fromkeys(value for _, value in fields if value.strip() and not OF_THE_PAGE.fullmatch(value))
    )
    return visit.render("send_again.html", status, target=target, fields=fields, written=written)


def _act_once(visit: Visit, handler: Handler) -> Response:
    key = visit.form.text("_lan")
    if len(key) not in ATTEMPT_CHARACTERS or not key.isascii():
        raise InvalidError("the form carries no number of its attempt")
    form = visit.form
    fields = sorted((name, values) for name, values in form.fields.items() if name not in SECRET)
    files = sorted((name, sent.name, hashlib.sha256(sent.data).hexdigest()) for name, sent in form.files.items())
    sha256 = hashlib.sha256(json.dumps([visit.path, fields, files]).encode()).hexdigest()
    taken = take_key(visit.services, visit.caller, f"web-{key}", sha256)
    if isinstance(taken, KeptAnswer):
        return RedirectResponse(taken.body, 303, HEADERS)
    if isinstance(taken, Acted):
        return RedirectResponse(visit.path, 303, HEADERS)
    response: Response | None = None
    try:
        with carrying_out(taken):
            response = cast("Response", handler(visit))
        return response
    finally:
        if response is not None and response.status_code == SEE_OTHER:
            settle_key(visit.services, taken, status=303, body=response.headers["location"])
        else:
            drop_key(visit.services, taken)


def _refused(request: Request, error: RefusedError) -> Response:
    """A refusal as a page; what is not the caller's and what does not exist are the same bytes."""
    if isinstance(error, NotFoundError):
        return render_template("not_found.html", 404, request)
    return render_template("refused.html", STATUS[error.code], request, error=error, back=_back(request))


def _back(request: Request) -> str:
    said = request.headers.get("referer", "")
    if _host_of(said) != request.headers.get("host"):
        return "/"
    referrer = urlsplit(said)
    path = referrer.path + (f"?{referrer.query}" if referrer.query else "")
    return path if is_ours(path) else "/"
