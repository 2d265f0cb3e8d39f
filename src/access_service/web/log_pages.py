"""The log: filtered by day, by who acted, by unit; one event with its proof; the same as a file."""

from datetime import date
from urllib.parse import urlencode

from starlette.responses import Response, StreamingResponse

from access_service.domain import words
from access_service.domain.errors import InvalidError, NotFoundError, UnavailableError
from access_service.domain.names import UnitId
from access_service.rendering.event_lines import write_log_file
from access_service.usecases.evidence.log_reading import LogQuestion, read_event, read_log_page
from access_service.usecases.log.proving import read_proof
from access_service.web.event_words import ACTIONS, action_word
from access_service.web.jobs import file_parts
from access_service.web.page import PageRouter, Visit

router = PageRouter()
ROWS = 50
LAST_SEQ = 1 << 53
FILTERS = ("tu_ngay", "den_ngay", "nguoi", "don_vi", "viec")


@router.show("/nhat-ky")
def show_log(visit: Visit) -> Response:
    """The newest events first, fifty a page; every filter stands in the address."""
    error, rows = None, []
    before = visit.query.get("truoc", "")
    try:
        question = _question(visit)
        at = _number(before) if before else None
        rows = read_log_page(visit.services, visit.caller, question, before=at, limit=ROWS)
    except InvalidError as refused:
        error = refused
    kept = {name: value for name in FILTERS if (value := visit.query.get(name, "").strip())}
    older = urlencode(kept | {"truoc": str(rows[-1].event.seq)}) if len(rows) == ROWS else ""
    return visit.render(
        "log/list.html",
        422 if error else 200,
        error=error,
        rows=rows,
        asked=kept,
        actions=sorted(((code, action_word(code)) for code in ACTIONS), key=lambda pair: pair[1]),
        word=action_word,
        older=f"/nhat-ky?{older}" if older else "",
        newest=f"/nhat-ky?{urlencode(kept)}" if before else "",
        file=f"/nhat-ky/tep?{urlencode(kept)}",
    )


@router.show("/nhat-ky/tep")
def fetch_log(visit: Visit) -> Response:
    """What the filters keep, as CSV; that it left stands in the log first."""
    file = write_log_file(visit.services, visit.caller, _question(visit))
    size = file.seek(0, 2)
    file.seek(0)
    headers = {
        "Content-Length": str(size),
        "Content-Disposition": "attachment; filename*=UTF-8''nhat-ky.csv",
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
    }
    return StreamingResponse(file_parts(file), media_type="text/csv; charset=utf-8", headers=headers)


@router.show("/nhat-ky/{so}")
def show_event(visit: Visit) -> Response:
    """One event, whole, with what proves it."""
    seq = _seq(visit)
    found = read_event(visit.services, visit.caller, seq)
    try:
        proof = read_proof(visit.services, visit.caller, seq)
    except UnavailableError:
        proof = ""
    details = dict(found.event.happening.details or {})
    return visit.render("log/one.html", found=found, word=action_word, proof=proof, details=details)


@router.show("/nhat-ky/{so}/bang-chung")
def fetch_proof(visit: Visit) -> Response:
    """The proof as a file that any verifier of C2SP reads."""
    seq = _seq(visit)
    try:
        proof = read_proof(visit.services, visit.caller, seq)
    except UnavailableError:
        # No checkpoint covers it yet: there is no such file today.
        raise NotFoundError("proof of event", str(seq)) from None
    headers = {"Content-Disposition": f"attachment; filename={seq}.tlog-proof", "Cache-Control": "no-store"}
    return Response(proof, media_type="text/plain", headers=headers)


def _question(visit: Visit) -> LogQuestion:
    asked = {name: visit.query.get(name, "").strip() for name in FILTERS}
    return LogQuestion(
        first=_day(asked["tu_ngay"]),
        last=_day(asked["den_ngay"]),
        actor=asked["nguoi"] or None,
        unit=UnitId(asked["don_vi"]) if asked["don_vi"] else None,
        action=asked["viec"] or None,
    )


def _day(text: str) -> date | None:
    return words.day(text) if text else None


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text[:17]) < LAST_SEQ):
        raise InvalidError("that is no number of an event")
    return int(text[:17])


def _seq(visit: Visit) -> int:
    try:
        return _number(visit.at["so"])
    except InvalidError:
        raise NotFoundError("event", visit.at["so"]) from None
