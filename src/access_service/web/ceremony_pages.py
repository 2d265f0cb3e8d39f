"""Signing: every paper that waits in one page, one re-authentication, what came of it; and the other answers."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from starlette.responses import Response

from access_service.domain.errors import InvalidError, NotFoundError, RefusedError
from access_service.domain.names import DocumentId
from access_service.domain.reasons import Refusal
from access_service.domain.rights_said import SaidRight
from access_service.domain.statements import SigningWay
from access_service.usecases.evidence.paper_lists import PaperLine, papers_to_sign, signed_at_once
from access_service.usecases.evidence.rights import rights_of
from access_service.usecases.handover.ceremonies import answer_ceremony, ask_to_sign, passkeys_here
from access_service.usecases.handover.documents import decline, return_document
from access_service.usecases.handover.paper_acts import PaperAct
from access_service.usecases.handover.signatures import BatchAnswer, Presented, Signed
from access_service.usecases.identity.hats import username_of
from access_service.usecases.paper_sheets import SheetShown, show_sheet, show_sheets
from access_service.web.cookies import Hat
from access_service.web.form_reader import is_number
from access_service.web.page import PageRouter, Visit

router = PageRouter()
DESK = "/ky"
AT_ONCE = 60
"""Papers of one page: a whole school's handover; the rest waits for the next page."""
FEW = 3
"""So many papers of one's own are a receiving, and are read without a list beside them."""
INSTANT = "%Y%m%dT%H%M%S%fZ"
SEND_BACK = ("Sai lớp hoặc môn", "Sai thời hạn", "Sai họ tên hoặc chức vụ", "Thiếu nhiệm vụ được giao")
DECLINE = ("Không được phân công nhiệm vụ này", "Đã chuyển công tác", "Đang nghỉ chế độ")


@router.show(DESK, hat=Hat.PERSONAL, leaving=True)
def show_desk(visit: Visit) -> Response:
    """Everything that waits for one's signature, in its final form."""
    return _desk(visit)


def _desk(visit: Visit, error: RefusedError | None = None, chosen: Sequence[str] | None = None) -> Response:
    waiting = papers_to_sign(visit.services, visit.caller)
    shown = waiting[:AT_ONCE]
    sheets = show_sheets(visit.services, visit.caller, [line.document.id for line in shown])
    of_office = [line for line in shown if line.document.receiver != visit.caller.person]
    values: dict[str, Any] = {
        "papers": list(zip(shown, sheets, [present(sheet) for sheet in sheets], strict=True)),
        "chosen": chosen,
        "is_receiving": not of_office and len(shown) <= FEW,
        "more": len(waiting) - len(shown),
        "username": username_of(visit.services, visit.caller),
        "keys": passkeys_here(visit.services, visit.caller),
        "rights": _rights(visit, shown) if not of_office else (),
        "nothing": chosen is not None and not chosen,
    }
    if error is not None:
        return visit.again("ceremony/desk.html", error, **values)
    return visit.render("ceremony/desk.html", 422 if values["nothing"] else 200, **values)


def _rights(visit: Visit, shown: Sequence[PaperLine]) -> list[SaidRight]:
    """What the receiver would be allowed, in sentences."""
    waiting = {line.document.id for line in shown}
    mine = rights_of(visit.services, visit.caller, visit.caller.person).rights
    return [said for right in mine if right.row.document in waiting for said in right.said]


def present(sheet: SheetShown) -> str:
    """What a tick sends: exactly which words were shown."""
    return f"{sheet.document.id}.{sheet.document.version}.{sheet.document.sha256}"


def _presented(sent: str) -> Presented:
    match sent.split("."):
        case [id_, version, sha256] if is_number(version):
            return Presented(DocumentId(id_), int(version), sha256)
    raise InvalidError("a ticked paper names its version and its hash")


@router.act(DESK, hat=Hat.PERSONAL, leaving=True)
def sign(visit: Visit) -> Response:
    """Sign what is ticked: with the password, or by touching a passkey on the next page."""
    ticked = visit.form.all("vb")
    if not ticked:
        return _desk(visit, chosen=())
    code = visit.form.text("ma").replace(" ", "")
    way = SigningWay.PASSWORD_AND_CODE if code else SigningWay.PASSWORD
    if visit.form.text("cach") == "khoa":
        way = SigningWay.PASSKEY
    try:
        asked = ask_to_sign(visit.services, visit.caller, [_presented(sent) for sent in ticked], way=way)
        if asked.public_key is not None:
            return visit.render("ceremony/touch.html", asked=asked, key=asked.public_key)
        answers = answer_ceremony(
            visit.services, visit.caller, asked.ceremony, password=visit.form.text("mat_khau"), code=code or None
        )
    except RefusedError as refused:
        return _desk(visit, refused, ticked)
    return _tell(visit, [*answers, *asked.refused])


@router.act("/ky/{lan}", hat=Hat.PERSONAL, leaving=True)
def touch(visit: Visit) -> Response:
    """The passkey's answer to what was put before the signer; what was left out then still waits."""
    try:
        answer = json.loads(visit.form.text("khoa"))
    except (ValueError, RecursionError):
        answer = None
    if not isinstance(answer, dict):
        raise InvalidError("the passkey's answer cannot be read")
    try:
        answers = answer_ceremony(visit.services, visit.caller, visit.at["lan"], passkey=answer)
    except RefusedError as refused:
        return _desk(visit, refused)
    return _tell(visit, answers)


def _tell(visit: Visit, answers: Sequence[tuple[DocumentId, BatchAnswer]]) -> Response:
    """To the page of what was signed at once; told here where something was not, or a code is shown this once."""
    signed = [answer for _, answer in answers if isinstance(answer, Signed)]
    codes = [answer for answer in signed if answer.activation_code]
    refused = [(id_, answer) for id_, answer in answers if not isinstance(answer, Signed)]
    at = signed[0].signature.signed_at if signed else None
    if at is not None and not codes and not refused:
        return visit.redirect(f"{DESK}/{at.astimezone(UTC):{INSTANT}}")
    waiting = {line.document.id: line for line in papers_to_sign(visit.services, visit.caller)}
    left = [(id_, waiting.get(id_), answer) for id_, answer in refused]
    return visit.render("ceremony/told.html", **_told(visit, at), left=left, codes=codes)


def _told(visit: Visit, at: datetime | None) -> dict[str, Any]:
    return {
        "at": at,
        "signed": signed_at_once(visit.services, visit.caller, at) if at is not None else [],
        "waiting": len(papers_to_sign(visit.services, visit.caller)),
        "keys": passkeys_here(visit.services, visit.caller),
    }


@router.show("/ky/{lan}", hat=Hat.PERSONAL, leaving=True)
def show_signed(visit: Visit) -> Response:
    """What was signed at once, and what is in force since."""
    try:
        at = datetime.strptime(visit.at["lan"], INSTANT).replace(tzinfo=UTC)
    except ValueError:
        raise NotFoundError("signatures", visit.at["lan"]) from None
    return visit.render("ceremony/told.html", **_told(visit, at), left=(), codes=())


# -- the other two answers


@router.show("/van-ban/{id}/tra-lai", hat=Hat.PERSONAL)
def show_send_back(visit: Visit) -> Response:
    """Why a paper goes back to whoever prepared it."""
    return _ask_why(visit, PaperAct.RETURN)


@router.act("/van-ban/{id}/tra-lai", hat=Hat.PERSONAL)
def send_back(visit: Visit) -> Response:
    """Send it back."""
    return _answer(visit, PaperAct.RETURN)


@router.show("/van-ban/{id}/tu-choi", hat=Hat.PERSONAL)
def show_decline(visit: Visit) -> Response:
    """Why nothing is received."""
    return _ask_why(visit, PaperAct.DECLINE)


@router.act("/van-ban/{id}/tu-choi", hat=Hat.PERSONAL)
def refuse(visit: Visit) -> Response:
    """Decline it, for good."""
    return _answer(visit, PaperAct.DECLINE)


def _ask_why(
    visit: Visit, act: PaperAct, error: RefusedError | None = None, *, is_missing: bool = False
) -> Response:
    sheet = show_sheet(visit.services, visit.caller, DocumentId(visit.at["id"]))
    reasons = SEND_BACK if act is PaperAct.RETURN else DECLINE
    values = {"sheet": sheet, "is_final": act is PaperAct.DECLINE, "reasons": reasons, "is_missing": is_missing}
    if error is None and act not in sheet.can:
        error = RefusedError(Refusal.DOCUMENT_STATE, "it cannot be answered so now", document=sheet.document.id)
    if error is not None:
        return visit.again("ceremony/why.html", error, **values)
    return visit.render("ceremony/why.html", 422 if is_missing else 200, **values)


def _answer(visit: Visit, act: PaperAct) -> Response:
    said = [text for text in (visit.form.text("chon"), visit.form.text("ly_do")) if text]
    if not said:
        return _ask_why(visit, act, is_missing=True)
    done = return_document if act is PaperAct.RETURN else decline
    try:
        done(visit.services, visit.caller, DocumentId(visit.at["id"]), reason=": ".join(said))
    except RefusedError as refused:
        if refused.code is Refusal.NOT_FOUND:
            raise
        return _ask_why(visit, act, refused)
    said_done = "Đã trả lại văn bản để sửa." if act is PaperAct.RETURN else "Đã từ chối nhận."
    return visit.redirect(DESK, said_done)
