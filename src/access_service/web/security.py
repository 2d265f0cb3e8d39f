"""One's own password, authenticator and passkeys, of the account whose hat is worn."""

from typing import Any

from starlette.responses import Response

from access_service.domain.errors import InvalidError, RefusedError
from access_service.domain.reasons import Refusal
from access_service.domain.sign_in import FactorKind
from access_service.usecases.identity.accounts import SignedIn
from access_service.usecases.identity.codes import confirm_account, list_codes_seen
from access_service.usecases.identity.own_sessions import end_other_sessions, end_own_session, list_sessions
from access_service.usecases.identity.second_factor import (
    begin_passkey,
    begin_totp,
    confirm_passkey,
    confirm_totp,
    draw_totp,
    list_factors,
    remove_factor,
)
from access_service.usecases.identity.sign_in import change_password
from access_service.web import cookies
from access_service.web.cookies import Hat
from access_service.web.page import SECURITY, PageRouter, Visit
from access_service.web.phrases import t
from access_service.web.signing_in import SECOND, read_passkey, read_second

router = PageRouter()
LONGEST_URI = 600
UNLIKE = "Hai lần nhập mật khẩu không giống nhau."


@router.show(SECURITY, even_if_due=True)
def show_security(visit: Visit) -> Response:
    """What opens this account, and what has to be done first."""
    return _render(visit)


@router.act("/toi/bao-mat/mat-khau", even_if_due=True, is_once=False)
def set_new_password(visit: Visit) -> Response:
    """A new password in place of the old one; every other session of the account ends."""
    form = visit.form
    if form.text("mat_khau_moi") != form.text("nhac_lai"):
        return _render(visit, 422, unlike=t(UNLIKE))
    try:
        signed = change_password(visit.services, visit.caller, form.text("mat_khau"), form.text("mat_khau_moi"))
    except RefusedError as error:
        return visit.again("security/own.html", error, **_values(visit))
    return _go_on(visit, signed, "Đã đổi mật khẩu. Các phiên khác của tài khoản đã kết thúc.")


@router.act("/toi/bao-mat/phien/{id}", even_if_due=True, is_once=False)
def end_session(visit: Visit) -> Response:
    """End one session of the account; its own one as well."""
    end_own_session(visit.services, visit.caller, visit.at["id"])
    return visit.redirect(SECURITY, "Đã kết thúc phiên.")


@router.act("/toi/bao-mat/phien", even_if_due=True, is_once=False)
def end_others(visit: Visit) -> Response:
    """End every other session of the account."""
    count = end_other_sessions(visit.services, visit.caller)
    return visit.redirect(SECURITY, "Đã kết thúc {n} phiên khác.", n=count)


@router.act("/toi/bao-mat/ma", even_if_due=True, is_once=False)
def begin_authenticator(visit: Visit) -> Response:
    """A new secret for an authenticator, shown once as a square and as text."""
    try:
        made = begin_totp(visit.services, visit.caller, visit.form.text("mat_khau"), read_second(visit.form))
    except RefusedError as error:
        return _ask_more(visit, error, "ma")
    return visit.render("security/authenticator.html", secret=made.secret, square=draw_totp(made.uri), uri=made.uri)


@router.act("/toi/bao-mat/ma/xac-nhan", even_if_due=True, is_once=False)
def confirm_authenticator(visit: Visit) -> Response:
    """The authenticator shows the right code: it counts from now on."""
    try:
        signed = confirm_totp(visit.services, visit.caller, visit.form.text("ma").replace(" ", ""))
    except RefusedError as error:
        uri, secret = visit.form.text("dia_chi"), visit.form.text("bi_mat")
        is_secret = uri.startswith("otpauth://") and len(uri) <= LONGEST_URI
        shown: dict[str, Any] = {"uri": uri, "secret": secret, "square": draw_totp(uri) if is_secret else ""}
        return visit.again("security/authenticator.html", error, **shown)
    return _go_on(visit, signed, "Mã dùng một lần đã có hiệu lực.")


@router.act("/toi/bao-mat/khoa", even_if_due=True, is_once=False)
def begin_key(visit: Visit) -> Response:
    """What the browser needs to make a passkey."""
    try:
        options = begin_passkey(visit.services, visit.caller, visit.form.text("mat_khau"), read_second(visit.form))
    except RefusedError as error:
        return _ask_more(visit, error, "khoa")
    return visit.render("security/passkey.html", options=options)


@router.act("/toi/bao-mat/khoa/xac-nhan", even_if_due=True, is_once=False)
def confirm_key(visit: Visit) -> Response:
    """The passkey counts from now on."""
    answer = read_passkey(visit.form.text("khoa"))
    if answer is None:
        raise InvalidError("the passkey's answer is missing")
    signed = confirm_passkey(visit.services, visit.caller, answer)
    return _go_on(visit, signed, "Khoá truy cập đã có hiệu lực.")


@router.act("/toi/bao-mat/rieng", hat=Hat.PERSONAL, is_once=False)
def confirm_alone(visit: Visit) -> Response:
    """Nobody else opens this account any more: the mark on its papers goes."""
    try:
        confirm_account(visit.services, visit.caller, visit.form.text("mat_khau"), read_second(visit.form))
    except RefusedError as error:
        return _ask_more(visit, error, "rieng")
    return visit.redirect(SECURITY, "Đã xác nhận tài khoản do một mình tôi dùng.")


@router.act("/toi/bao-mat/bo/{id}", even_if_due=True, is_once=False)
def forget_factor(visit: Visit) -> Response:
    """One that is no longer used; the last one stays where one is mandatory."""
    try:
        signed = remove_factor(
            visit.services, visit.caller, visit.at["id"], visit.form.text("mat_khau"), read_second(visit.form)
        )
    except RefusedError as error:
        return _ask_more(visit, error, f"bo/{visit.at['id']}")
    return _go_on(visit, signed, "Đã bỏ phương thức xác thực. Các phiên khác của tài khoản đã kết thúc.")


def _ask_more(visit: Visit, error: RefusedError, what: str) -> Response:
    """The same page, where the second factor is asked for beside the password."""
    if error.code is not Refusal.SECOND_FACTOR_REQUIRED:
        return visit.again("security/own.html", error, **_values(visit, what))
    return _render(
        visit, 401, asked=what, more=t(SECOND), passkey=error.details if "challenge" in error.details else None
    )


def _values(visit: Visit, asked: str = "") -> dict[str, Any]:
    factors = list_factors(visit.services, visit.caller)
    return {
        "factors": [(f.id, f.kind is FactorKind.PASSKEY, f.confirmed_at) for f in factors],
        "has_code": any(f.kind is FactorKind.TOTP for f in factors),
        "sessions": list_sessions(visit.services, visit.caller),
        "codes_seen": list_codes_seen(visit.services, visit.caller),
        "asked": asked,
        "more": "",
        "passkey": None,
        "unlike": "",
        "due": None if visit.worn is None else visit.worn.due,
    }


def _render(visit: Visit, status: int = 200, /, **values: Any) -> Response:
    return visit.render("security/own.html", status, **(_values(visit) | values))


def _go_on(visit: Visit, signed: SignedIn, said: str) -> Response:
    """The account has a new session, which this browser keeps in place of the old one."""
    hat = Hat.ADMIN if visit.worn is visit.sessions.admin else Hat.PERSONAL
    response = visit.redirect(SECURITY)
    cookies.keep(response, hat, signed.token)
    cookies.leave_note(response, signed.token, said, {})
    return response
