"""Sign in and out, put the admin account's hat on and off, and choose language and theme."""

import json
from typing import Any, cast
from urllib.parse import quote

from starlette.concurrency import run_in_threadpool
from starlette.responses import RedirectResponse, Response

from access_service.api.http.sign_in_gate import gate_of, source_of
from access_service.domain.errors import InvalidError, RefusedError
from access_service.domain.names import AccountKind
from access_service.domain.reasons import Refusal
from access_service.usecases.evidence.reading import register_named
from access_service.usecases.identity.accounts import SignedIn
from access_service.usecases.identity.hats import open_pages_by_passkey, sign_in_to_pages
from access_service.usecases.identity.passkey_sign_in import offer_door
from access_service.usecases.identity.second_factor import Second
from access_service.usecases.identity.sign_in import sign_out
from access_service.web import cookies, phrases
from access_service.web.cookies import Hat
from access_service.web.form_reader import SentForm
from access_service.web.guarded_host_pages import host_asked_for
from access_service.web.page import SIGN_IN, PageRouter, Visit, is_ours, show_again
from access_service.web.phrases import t
from access_service.web.rendered import HEADERS
from access_service.web.service_sign_in import leads_elsewhere, service_of

router = PageRouter()
HOME = "/viec"
SECOND = "Tài khoản dùng xác thực hai yếu tố: nhập mã dùng một lần hoặc dùng khoá truy cập."


@router.show("/", hat=Hat.NOBODY)
def show_home(_: Visit) -> Response:
    """What waits comes first."""
    return RedirectResponse(HOME, 303, HEADERS)


@router.show("/dang-nhap", hat=Hat.NOBODY)
def show_sign_in(visit: Visit) -> Response:
    """The form: name, password, and a code where the account uses one."""
    return visit.render(
        "signing_in/sign_in.html",
        tiep=_next(visit.query.get("tiep", "")),
        giu="",
        asked="",
        passkey=None,
        username="",
        door=offer_door(visit.services),
        service=service_of(visit, visit.query.get("tiep", "")),
        host=host_asked_for(visit, visit.query.get("tiep", "")),
    )


@router.act("/dang-nhap", hat=Hat.NOBODY, is_once=False)
async def enter(visit: Visit) -> Response:
    """Open the personal session; one message for every failure."""
    try:
        signed = await _let_in(visit)
    except RefusedError as refused:
        return _ask_again(visit, "signing_in/sign_in.html", refused)
    hat = Hat.ADMIN if signed.caller.kind is AccountKind.ADMIN else Hat.PERSONAL
    response = await run_in_threadpool(_go_on, visit, signed, hat)
    for other in (Hat.PERSONAL, Hat.ADMIN):
        if other is not hat:
            cookies.drop(response, other)
    return response


@router.show("/quan-tri/dang-nhap", hat=Hat.PERSONAL)
def show_open_hat(visit: Visit) -> Response:
    """The admin accounts that this person keeps."""
    shell = visit.shell()
    return visit.render(
        "signing_in/open_hat.html",
        hats=shell.hats if shell else (),
        door=offer_door(visit.services),
        tiep=_next(visit.query.get("tiep", "")),
        giu="",
        asked="",
        passkey=None,
        username="",
    )


@router.act("/quan-tri/dang-nhap", hat=Hat.PERSONAL, is_once=False)
async def open_hat(visit: Visit) -> Response:
    """Open the admin session over the personal one; it is the same person's, or it is ended at once."""
    shell = await run_in_threadpool(visit.shell)
    try:
        signed = await _let_in(visit)
        await run_in_threadpool(_check_theirs, visit, signed)
    except RefusedError as refused:
        hats = shell.hats if shell else ()
        return await run_in_threadpool(_ask_again, visit, "signing_in/open_hat.html", refused, hats=hats)
    return await run_in_threadpool(_go_on, visit, signed, Hat.ADMIN)


def _check_theirs(visit: Visit, signed: SignedIn) -> None:
    if signed.caller.kind is not AccountKind.ADMIN or signed.caller.person != visit.caller.person:
        sign_out(visit.services, signed.caller)
        raise RefusedError(Refusal.NOT_CUSTODIAN, "somebody else keeps that account")


@router.act("/quan-tri/ket-thuc", hat=Hat.ADMIN, is_once=False)
def close_hat(visit: Visit) -> Response:
    """End the admin session; the personal one stays."""
    sign_out(visit.services, visit.caller)
    response = RedirectResponse(HOME, 303, HEADERS)
    cookies.drop(response, Hat.ADMIN)
    return response


@router.act("/dang-xuat", even_if_due=True, leaving=True, is_once=False)
def leave(visit: Visit) -> Response:
    """End both sessions."""
    for caller in (visit.admin, visit.personal):
        if caller is not None:
            sign_out(visit.services, caller)
    response = RedirectResponse(SIGN_IN, 303, HEADERS)
    for hat in (Hat.PERSONAL, Hat.ADMIN):
        cookies.drop(response, hat)
    return response


@router.act("/ngon-ngu", hat=Hat.NOBODY, is_once=False)
def choose_language(visit: Visit) -> Response:
    """Vietnamese or English, kept by this browser."""
    response = RedirectResponse(_back(visit), 303, HEADERS)
    if visit.form.text("tieng") in phrases.LANGUAGES:
        _remember(response, cookies.LANGUAGE, visit.form.text("tieng"))
    return response


@router.act("/nen", hat=Hat.NOBODY, is_once=False)
def choose_theme(visit: Visit) -> Response:
    """Light, dark, or as the device has it."""
    response = RedirectResponse(_back(visit), 303, HEADERS)
    if visit.form.text("nen") in ("light", "dark"):
        _remember(response, cookies.THEME, visit.form.text("nen"))
    else:
        response.delete_cookie(cookies.THEME, path="/", secure=True, httponly=True, samesite="lax")
    return response


def _remember(response: Response, name: str, value: str) -> None:
    response.set_cookie(name, value, path="/", secure=True, httponly=True, samesite="lax", max_age=cookies.YEAR_S)


def _back(visit: Visit) -> str:
    address = visit.form.text("ve")
    return address if is_ours(address) else "/"


def _next(address: str) -> str:
    """Where to go on, if it is a page of ours."""
    return address if is_ours(address) and not address.startswith(SIGN_IN) else ""


async def _let_in(visit: Visit) -> SignedIn:
    form, services = visit.form, visit.services
    touched, second = form.text("khoa"), read_second(form)
    wanted = visit.request.app.state.settings.register_name
    source = source_of(visit.request)

    def work() -> SignedIn:
        register = register_named(services, wanted)
        ticket, answer = form.text("ve_vao"), read_passkey(touched)
        if ticket and answer is not None and not form.text("mat_khau"):
            return open_pages_by_passkey(services, register, ticket, answer, source)
        return sign_in_to_pages(services, register, form.text("ten"), form.text("mat_khau"), second, source)

    return await gate_of(visit.request).let_in(source, work)


def read_second(form: SentForm) -> Second | None:
    """The second factor that a form carries: a code however it was spaced, or a passkey's answer."""
    code, touched = "".join(form.text("ma").split()), read_passkey(form.text("khoa"))
    return Second(totp=code or None, passkey=touched) if code or touched else None


def read_passkey(text: str) -> dict[str, Any] | None:
    """What a passkey answered, as the form carries it; None for an empty field."""
    if not text:
        return None
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        raise InvalidError("the passkey's answer cannot be read") from None
    if not isinstance(found, dict):
        raise InvalidError("the passkey's answer cannot be read")
    return cast("dict[str, Any]", found)


def _ask_again(visit: Visit, template: str, refused: RefusedError, **values: Any) -> Response:
    """What else to show; the name, the way on and the form that waits are kept."""
    is_more = refused.code is Refusal.SECOND_FACTOR_REQUIRED
    passkey = refused.details if is_more and "challenge" in refused.details else None
    values |= {
        "tiep": _next(visit.form.text("tiep")),
        "giu": visit.form.text("giu"),
        "username": visit.form.text("ten"),
        "passkey": passkey,
        "door": None if passkey else offer_door(visit.services),
        "asked": t(SECOND) if is_more else "",
        "service": service_of(visit, visit.form.text("tiep")),
        "host": host_asked_for(visit, visit.form.text("tiep")),
    }
    if is_more:
        return visit.render(template, 401, **values)
    return visit.again(template, refused, **values)


def _go_on(visit: Visit, signed: SignedIn, hat: Hat) -> Response:
    """To where somebody wanted to go; a form that waited is shown, to be sent by hand."""
    target = _next(visit.form.text("tiep")) or HOME
    kept = visit.form.text("giu")
    if not kept and leads_elsewhere(target):
        response = visit.render("service_sign_in/onward.html", address=target)
        cookies.keep(response, hat, signed.token)
        return response
    response = _show_kept(visit, signed, target, kept) if kept else RedirectResponse(target, 303, HEADERS)
    cookies.keep(response, hat, signed.token)
    return response


def _whole(text: object) -> str:
    """What was kept, without halves of characters that no page can hold."""
    return str(text).encode("utf-8", "replace").decode()


def _show_kept(visit: Visit, signed: SignedIn, target: str, kept: str) -> Response:
    try:
        fields = [(_whole(name), _whole(value)) for name, value in json.loads(kept)]
    except (ValueError, TypeError, RecursionError):
        return RedirectResponse(quote(target, safe="/?&=%"), 303, HEADERS)
    sessions = cookies.Sessions(signed, None)
    if visit.sessions.personal is not None:
        sessions = cookies.Sessions(visit.sessions.personal, signed)
    inside = Visit(visit.request, visit.services, sessions, Hat.EITHER, visit.form)
    return show_again(inside, target, fields, 200)
