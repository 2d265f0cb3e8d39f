"""Papers: a list with filters, one paper with its signatures and its way, and what two versions say otherwise."""

import re
from collections.abc import Callable
from typing import TypeVar

from starlette.responses import Response

from access_service.domain import words
from access_service.domain.errors import NotFoundError, RefusedError
from access_service.domain.names import AccountKind, DocumentId, DocumentKind, DocumentState, UnitId
from access_service.usecases.evidence.paper_lists import PAGE, list_papers, sees_whole
from access_service.usecases.handover.documents import cancel, revise, submit
from access_service.usecases.handover.naming import name_signer
from access_service.usecases.paper_pages import PDF, show_pdf
from access_service.usecases.paper_sheets import compare_versions, show_sheet
from access_service.web.cookies import Hat
from access_service.web.page import PageRouter, Visit
from access_service.web.rendered import HEADERS

router = PageRouter()
LIST = "/van-ban"
KINDS = tuple(DocumentKind)
STATES = tuple(DocumentState)
_NUMBER = re.compile(r"[1-9][0-9]{0,5}")
E = TypeVar("E", DocumentState, DocumentKind)


@router.show(LIST)
def show_list(visit: Visit) -> Response:
    """The papers of the unit for whoever acts for it; one's own for everybody, and on request."""
    query = visit.query
    shell = visit.shell()
    unit = UnitId(query.get("dv") or (shell.unit if shell else visit.caller.unit))
    is_whole = sees_whole(visit.services, visit.caller, unit)
    own = not is_whole or (query.get("cua") == "toi" and visit.caller.kind is not AccountKind.ADMIN)
    state, kind = _one(STATES, query.get("trang_thai", "")), _one(KINDS, query.get("loai", ""))
    page = _number(query.get("trang", "")) or 1
    found = list_papers(
        visit.services,
        visit.caller,
        None if own else unit,
        state=state,
        kind=kind,
        text=query.get("q", "")[:200],
        page=page,
    )
    kept = {name: query[name] for name in ("dv", "cua", "trang_thai", "loai", "q") if query.get(name)}
    return visit.render(
        "papers/list.html",
        found=found,
        page=page,
        last=found.first + len(found.lines) - 1 if found.lines else 0,
        has_more=page * PAGE < found.total,
        kept=kept,
        own=own,
        is_whole=is_whole,
        state_chosen=state,
        kind_chosen=kind,
        states=STATES,
        kinds=KINDS,
    )


def _number(sent: str) -> int | None:
    """What an address says of a page or a version; None for anything else."""
    return int(sent) if _NUMBER.fullmatch(sent) else None


def _one(known: tuple[E, ...], sent: str) -> E | None:
    return next((value for value in known if value == sent), None)


@router.show("/van-ban/{id}", leaving=True)
def show_one(visit: Visit) -> Response:
    """One paper as it is printed, who signed it and how, its way, and what can be done with it."""
    return _one_paper(visit)


def _one_paper(visit: Visit, error: RefusedError | None = None) -> Response:
    wanted = _number(visit.query.get("ban", ""))
    sheet = show_sheet(visit.services, visit.caller, DocumentId(visit.at["id"]), wanted)
    workers = visit.services.pdf_workers
    takes_files = workers is not None and workers.trust is not None
    values = {"sheet": sheet, "versions": range(1, sheet.newest + 1), "takes_files": takes_files}
    if error is not None:
        return visit.again("papers/one.html", error, **values)
    return visit.render("papers/one.html", **values)


@router.show("/van-ban/{id}/van-ban.pdf", leaving=True)
def show_file(visit: Visit) -> Response:
    """The paper as PDF."""
    id_ = DocumentId(visit.at["id"])
    data = show_pdf(visit.services, visit.caller, id_)
    named = {"Content-Disposition": f'inline; filename="{id_}.pdf"'}
    return Response(data, 200, {**HEADERS, **named}, PDF)


@router.show("/van-ban/{id}/so-sanh")
def show_difference(visit: Visit) -> Response:
    """What a newer version says otherwise."""
    id_ = DocumentId(visit.at["id"])
    older, newer = _number(visit.query.get("cu", "")), _number(visit.query.get("moi", ""))
    seen, changes = compare_versions(visit.services, visit.caller, id_, older, newer)
    return visit.render(
        "papers/difference.html",
        document=seen.document,
        older=changes.old,
        newer=changes.new,
        changes=changes.lines,
        is_same=all(change.kind == "same" for change in changes.lines),
    )


@router.act("/van-ban/{id}/nguoi-ky", hat=Hat.PERSONAL)
def name_myself(visit: Visit) -> Response:
    """A leader of the office puts their own name on a paper that nobody has signed."""
    return _act(
        visit, lambda id_: name_signer(visit.services, visit.caller, id_, visit.caller.person), "Đã đổi người ký."
    )


@router.act("/van-ban/{id}/sua")
def mend(visit: Visit) -> Response:
    """A new version of a paper that came back: its date, or a number of its own; everybody signs anew."""
    form = visit.form
    return _act(
        visit,
        lambda id_: revise(
            visit.services,
            visit.caller,
            id_,
            number=form.text("so"),
            dated=words.day(form.text("ngay")),
            version=_number(form.text("ban")) or 0,
        ),
        "Đã lập bản mới; các bên ký lại từ đầu.",
    )


@router.act("/van-ban/{id}/dua-ky")
def put_forward(visit: Visit) -> Response:
    """A draft goes to its signer, with a number."""
    return _act(visit, lambda id_: submit(visit.services, visit.caller, id_), "Đã đưa văn bản ra ký.")


@router.act("/van-ban/{id}/huy")
def call_off(visit: Visit) -> Response:
    """A paper that is not signed is taken back."""
    reason = visit.form.text("ly_do")
    return _act(visit, lambda id_: cancel(visit.services, visit.caller, id_, reason=reason), "Đã huỷ văn bản.")


def _act(visit: Visit, done: Callable[[DocumentId], object], said: str) -> Response:
    id_ = DocumentId(visit.at["id"])
    try:
        done(id_)
    except NotFoundError:
        raise
    except RefusedError as refused:
        return _one_paper(visit, refused)
    return visit.redirect(f"{LIST}/{id_}", said)
