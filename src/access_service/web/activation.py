"""The page behind a one-time activation link: the holder sets a password.

The code stands in the fragment of the link, which browsers do not send; a few lines of script put it into the form.
Without scripts the holder pastes it. The password goes to the same use case as `POST /v1/activations`.
"""

from html import escape
from pathlib import Path
from string import Template
from urllib.parse import parse_qs

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, Response

from access_service.domain.errors import InvalidError, RefusedError
from access_service.usecases.identity.accounts import activate

router = APIRouter(include_in_schema=False)
FOLDER = Path(__file__).parent
FORM_BYTES = 8_192
HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; form-action 'self'; base-uri 'none'; "
        "frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
MEDIA_TYPES = {"css": "text/css; charset=utf-8", "js": "text/javascript; charset=utf-8"}

DONE = "Đã đặt mật khẩu. Tài khoản sẵn sàng sử dụng."
UNLIKE = "Hai lần nhập mật khẩu không giống nhau."
SHORT = (
    "Mật khẩu chưa đạt yêu cầu: ít nhất 14 ký tự gồm chữ hoa, chữ thường, chữ số và ký tự khác; tài khoản có "
    "xác thực hai yếu tố: ít nhất 8 ký tự; không dùng lại mật khẩu cũ."
)
REFUSED = "Mã không đúng, đã được dùng hoặc đã hết hạn. Hãy xin mã mới từ đơn vị quản lý."
UNREADABLE = "Không đọc được nội dung gửi lên."


@router.get("/activate")
def show() -> Response:
    """The empty form."""
    return _page("", 200)


@router.get("/activate.{kind}")
def asset(kind: str) -> Response:
    """The page's style and script."""
    if kind not in MEDIA_TYPES:
        return _page(UNREADABLE, 404)
    content = (FOLDER / f"activate.{kind}").read_text("utf-8")
    return Response(content, media_type=MEDIA_TYPES[kind], headers={"X-Content-Type-Options": "nosniff"})


@router.post("/activate")
async def submit(request: Request) -> Response:
    """Set the password, or say in a sentence why not."""
    try:
        code, password, again = _fields(await request.body())
    except (ValueError, HTTPException):
        return _page(UNREADABLE, 400)
    if password != again:
        return _page(UNLIKE, 422)
    try:
        await run_in_threadpool(activate, request.app.state.services, code.strip(), password)
    except InvalidError:
        return _page(SHORT, 422)
    except RefusedError:
        return _page(REFUSED, 401)
    return _page(DONE, 200, is_done=True)


def _fields(body: bytes) -> tuple[str, ...]:
    """Code, password, and the password again; `ValueError` for anything but such a form."""
    if len(body) > FORM_BYTES:
        raise ValueError("too large")
    found = parse_qs(
        body.decode("utf-8"), keep_blank_values=True, strict_parsing=True, max_num_fields=8, errors="strict"
    )
    if not {"code", "password", "again"} <= found.keys():
        raise ValueError("fields missing")
    return tuple(found[name][0] for name in ("code", "password", "again"))


def _page(message: str, status: int, *, is_done: bool = False) -> Response:
    template = Template((FOLDER / "activate.html").read_text("utf-8"))
    html = template.substitute(
        message=escape(message),
        role="status" if is_done else "alert",
        message_hidden="" if message else "hidden",
        form_hidden="hidden" if is_done else "",
    )
    return HTMLResponse(html, status, HEADERS)
