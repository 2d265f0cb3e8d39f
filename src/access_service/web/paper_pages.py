"""The page that a paper's square leads to: state, kind and year of a paper, no name and no number.

The content's hash stands in the part of the address that browsers do not send; a few lines of script compare it.
Without scripts the reader compares the hash on the page with the foot of the paper. What is no paper of ours and
what was typed wrong are the same answer, and whoever asks for many of those waits.
"""

import base64
import time
from collections import OrderedDict, deque
from typing import Any

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from access_service.domain.addresses import source_of_host
from access_service.domain.names import DocumentKind, DocumentState
from access_service.usecases.paper_pages import PaperLookedUp, look_up_paper
from access_service.web.phrases import t
from access_service.web.rendered import render_template

router = APIRouter(include_in_schema=False)
HEADERS = {"Referrer-Policy": "no-referrer", "X-Robots-Tag": "noindex, nofollow"}
LONGEST_NAME = 64
WINDOW_S, MANY, MOST_SOURCES = 60.0, 30, 10_000
"""So many wrong ones in so long from one source: it is told to wait."""

KINDS: dict[str, str] = {
    DocumentKind.HANDOVER_MINUTES: "Biên bản bàn giao tài khoản và quyền truy cập",
    DocumentKind.SUPPLEMENTARY_MINUTES: "Biên bản bổ sung, điều chỉnh quyền truy cập",
    DocumentKind.RETURN_MINUTES: "Biên bản bàn giao lại tài khoản và quyền truy cập",
    DocumentKind.CUSTODY_MINUTES: "Biên bản bàn giao quản lý tài khoản quản trị",
    DocumentKind.COMMITMENT: "Bản cam kết bảo đảm an ninh dữ liệu",
    DocumentKind.INSPECTION_DECISION: "Quyết định thành lập đoàn kiểm tra",
    DocumentKind.ASSIGNMENT_DECISION: "Quyết định phân công phụ trách, quản lý, khai thác tài khoản",
    DocumentKind.APPROVAL_LETTER: "Công văn đồng ý chia sẻ dữ liệu",
    DocumentKind.SOFTWARE_REPORT: "Báo cáo các phần mềm sử dụng có khai thác dữ liệu",
    "internal_regulation": "Quy định nội bộ",
    "directive": "Văn bản chỉ đạo",
}
_OPEN = "Chưa đủ chữ ký, chưa có hiệu lực"
_NOT_ISSUED = "Không được ban hành"
STATES = {
    DocumentState.DRAFT: _OPEN,
    DocumentState.AWAITING_GIVER: _OPEN,
    DocumentState.AWAITING_RECEIVER: _OPEN,
    DocumentState.RETURNED: _OPEN,
    DocumentState.SIGNED: "Đã ký đủ",
    DocumentState.SUPERSEDED: "Đã ký đủ; về sau được văn bản khác thay thế",
    DocumentState.WITHDRAWN: "Đã bị thu hồi",
    DocumentState.HANDED_BACK: "Đã ký đủ; về sau đã bàn giao lại",
    DocumentState.DECLINED: _NOT_ISSUED,
    DocumentState.CANCELLED: _NOT_ISSUED,
    DocumentState.LAPSED: _NOT_ISSUED,
}
REPLACED = "Đã có phiên bản mới thay phiên bản này"
UNKNOWN = "Không tìm thấy văn bản theo mã này. Hãy đối chiếu với cơ quan ghi trên văn bản."
WAIT = "Có quá nhiều lượt tra cứu. Hãy thử lại sau một phút."


class WrongOnes:
    """How many wrong names came from where lately."""

    def __init__(self) -> None:
        """None yet."""
        self._times: OrderedDict[str, deque[float]] = OrderedDict()

    def was_wrong(self, source: str | None) -> None:
        """One more from there; behind a proxy that does not say from where, nobody waits for somebody else's."""
        if source is None:
            return
        times = self._times.setdefault(source, deque(maxlen=MANY))
        times.append(time.monotonic())
        self._times.move_to_end(source)
        while len(self._times) > MOST_SOURCES:
            self._times.popitem(last=False)

    def is_many(self, source: str | None) -> bool:
        """Were there too many?"""
        times = self._times.get(source or "", deque())
        return len(times) == MANY and time.monotonic() - times[0] < WINDOW_S


@router.get("/k/{name}")
async def look_up(request: Request, name: str) -> Response:
    """What anybody who holds a paper may know of it."""
    wrong: WrongOnes | None = getattr(request.app.state, "wrong_papers", None)
    if wrong is None:
        wrong = request.app.state.wrong_papers = WrongOnes()
    # The server believes `X-Forwarded-For` of trusted proxies only (`FORWARDED_ALLOW_IPS`).
    source = source_of_host(request.client.host if request.client is not None else "")
    if wrong.is_many(source):
        return _page(request, WAIT, None, 429)
    found = None
    if len(name) <= LONGEST_NAME:
        found = await run_in_threadpool(look_up_paper, request.app.state.services, name)
    if found is None:
        wrong.was_wrong(source)
        return _page(request, UNKNOWN, None, 404)
    return _page(request, "", found, 200)


def _page(request: Request, wrong: str, found: PaperLookedUp | None, status: int) -> Response:
    values: dict[str, Any] = {"rows": (), "sha256": "", "shown": ""}
    if found is not None:
        state = STATES[found.state] if found.is_newest else REPLACED
        values = {
            "rows": (
                (t("Loại văn bản"), t(KINDS[found.kind])),
                (t("Tình trạng"), t(state)),
                (t("Năm"), str(found.year)),
            ),
            "sha256": found.sha256,
            "shown": base64.urlsafe_b64encode(bytes.fromhex(found.sha256)).rstrip(b"=").decode(),
        }
    return render_template("papers/looked_up.html", status, request, HEADERS, wrong=t(wrong), **values)
