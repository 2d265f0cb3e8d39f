"""What a one-time link leads to: whose account it is, the first password, and on into the work.

The code stands in the fragment of the link, which browsers do not send; a few lines of script put it into the form.
Without scripts the holder pastes it. A password that is refused leaves the code as it is.
"""

from starlette.concurrency import run_in_threadpool
from starlette.responses import RedirectResponse, Response

from access_service.api.http.sign_in_gate import gate_of, source_of
from access_service.domain.errors import InvalidError, RefusedError
from access_service.domain.names import AccountKind
from access_service.usecases.evidence.paper_lists import papers_to_sign
from access_service.usecases.identity.accounts import SignedIn
from access_service.usecases.identity.entering import EnteredAccount, Invited, activate_and_enter, find_invited
from access_service.usecases.identity.hats import PAGES
from access_service.web import cookies
from access_service.web.ceremony_pages import DESK
from access_service.web.cookies import Hat
from access_service.web.page import SIGN_IN, PageRouter, Visit
from access_service.web.phrases import t
from access_service.web.rendered import HEADERS
from access_service.web.signing_in import HOME

router = PageRouter()
CODE = "ma_kich_hoat"
UNLIKE = "Hai lần nhập mật khẩu không giống nhau."
SHORT = (
    "Mật khẩu chưa đạt yêu cầu: ít nhất 14 ký tự gồm chữ hoa, chữ thường, chữ số và ký tự khác; tài khoản có "
    "xác thực hai yếu tố thì ít nhất 8 ký tự; không dùng lại mật khẩu cũ, không dùng mật khẩu phổ biến hay "
    "tên mình."
)
REFUSED = "Mã không đúng, đã được dùng hoặc đã hết hạn. Đề nghị đơn vị quản lý tài khoản cấp mã mới."


@router.show("/kich-hoat", hat=Hat.NOBODY)
def show_other_name(_: Visit) -> Response:
    """The same in the words of a letter; what stands behind the # goes along."""
    return RedirectResponse("/activate", 303, HEADERS)


@router.show("/activate", hat=Hat.NOBODY)
def show_activation(visit: Visit) -> Response:
    """The field for the code; a link fills it in."""
    return visit.render("signing_in/code.html", wrong="")


@router.act("/activate", hat=Hat.NOBODY, is_once=False)
async def activate_account(visit: Visit) -> Response:
    """First the code alone: whose it is. Then with a password, twice: the account is open, and its session too."""
    form, gate, source = visit.form, gate_of(visit.request), source_of(visit.request)
    code, password = form.text(CODE).strip(), form.text("mat_khau_moi")

    def find() -> Invited:
        return find_invited(visit.services, code)

    def enter() -> EnteredAccount:
        return activate_and_enter(visit.services, code, password, source, PAGES)

    try:
        invited = await gate.let_in(source, find)
        if not form.fields.get("mat_khau_moi"):
            return _ask(visit, invited, code)
        if password != form.text("nhac_lai"):
            return _ask(visit, invited, code, t(UNLIKE))
        entered = await gate.let_in(source, enter)
    except InvalidError:
        return _ask(visit, await run_in_threadpool(find), code, t(SHORT))
    except RefusedError:
        return visit.render("signing_in/code.html", 401, wrong=t(REFUSED))
    return await run_in_threadpool(_go_on, visit, entered)


def _ask(visit: Visit, invited: Invited, code: str, wrong: str = "") -> Response:
    status = 422 if wrong else 200
    return visit.render("signing_in/first_password.html", status, username=invited.username, code=code, wrong=wrong)


def _go_on(visit: Visit, entered: EnteredAccount) -> Response:
    """Into the work; where a second factor is asked for first, through the door."""
    if entered.signed_in is None:
        return visit.redirect(SIGN_IN)
    response = visit.redirect(_where_to(visit, entered.signed_in))
    is_admin = entered.signed_in.caller.kind is AccountKind.ADMIN
    cookies.keep(response, Hat.ADMIN if is_admin else Hat.PERSONAL, entered.signed_in.token)
    if not is_admin:
        cookies.drop(response, Hat.ADMIN)
    elif visit.sessions.personal and visit.sessions.personal.caller.person != entered.signed_in.caller.person:
        cookies.drop(response, Hat.PERSONAL)
    return response


def _where_to(visit: Visit, signed_in: SignedIn) -> str:
    """To the papers that wait for somebody's first signature; else to what waits."""
    if signed_in.due is None and papers_to_sign(visit.services, signed_in.caller):
        return DESK
    return HOME
