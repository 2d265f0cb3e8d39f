"""Inspection teams: the decisions, a new one, its members, what the team reads while it inspects, its end."""

from datetime import datetime, timedelta
from urllib.parse import quote

from starlette.responses import Response

from access_service.domain import words
from access_service.domain.errors import InvalidError, RefusedError
from access_service.domain.names import DocumentId, DocumentKind, PersonId, UnitId
from access_service.domain.time import local, start_of_day
from access_service.rendering.dossier_sheets import SHEETS, make_sheet
from access_service.rendering.matrix_files import WRITERS
from access_service.usecases.dossiers import online_pages
from access_service.usecases.evidence.inspections_seen import (
    list_inspections,
    people_by_username,
    read_inspection,
    units_to_inspect,
)
from access_service.usecases.evidence.reading import read_unit
from access_service.usecases.handover.inspection import (
    ExternalMember,
    Team,
    admit_external,
    end_inspection,
    propose_inspection,
)
from access_service.web.cookies import Hat
from access_service.web.labels import label
from access_service.web.page import PageRouter, Visit
from access_service.web.phrases import t

router = PageRouter()
MATRICES = {path: (about, WRITERS[form][1]) for path, (about, form, *_) in SHEETS.items()}
FOLDERS = {
    "": "Chung",
    "ma-tran": "Ma trận phân quyền",
    "uy-quyen": "Chuỗi uỷ quyền",
    "phan-mem": "Phần mềm",
    "chi-dao": "Văn bản chỉ đạo, quy chế",
    "nhat-ky": "Nhật ký",
}
EXTERNALS = 3
"""Rows for members from outside on the form; a larger team is entered in several decisions, or through the API."""
MOST_UNITS = 60
"""Units that are offered as boxes to tick; where there are more, their codes are typed."""
TERM_DAYS = 14


@router.show("/doan-kiem-tra")
def show_teams(visit: Visit) -> Response:
    """The decisions of one's unit, and those that one inspects by."""
    found = list_inspections(visit.services, visit.caller)
    return visit.render("inspections/list.html", found=found)


@router.show("/doan-kiem-tra/moi", hat=Hat.ADMIN)
def show_new_team(visit: Visit) -> Response:
    """The form of a new decision."""
    return visit.render("inspections/new.html", **_offered(visit))


@router.act("/doan-kiem-tra/moi", hat=Hat.ADMIN)
def propose_team(visit: Visit) -> Response:
    """The decision is prepared; the head's signature puts it in force."""
    try:
        document = propose_inspection(visit.services, visit.caller, _team(visit))
    except RefusedError as error:
        return visit.again("inspections/new.html", error, **_offered(visit))
    said = "Đã lập quyết định. Quyết định có hiệu lực khi thủ trưởng ký."
    return visit.redirect(f"/doan-kiem-tra/{document.id}", said)


@router.show("/doan-kiem-tra/{id}")
def show_team(visit: Visit) -> Response:
    """Who inspects what until when, and what the team may open."""
    return visit.render("inspections/one.html", found=_read(visit), code=None)


@router.act("/doan-kiem-tra/{id}/ket-thuc")
def end_team(visit: Visit) -> Response:
    """Ended before its last day, by the unit that decided or one above it."""
    id_ = DocumentId(visit.at["id"])
    try:
        end_inspection(visit.services, visit.caller, id_, reason=words.prose(visit.form.text("ly_do")))
    except RefusedError as error:
        return visit.again("inspections/one.html", error, found=_read(visit), code=None)
    return visit.redirect(f"/doan-kiem-tra/{id_}", "Đã kết thúc kiểm tra. Thành viên không còn xem được gì.")


@router.act("/doan-kiem-tra/{id}/tai-khoan/{nguoi}", hat=Hat.ADMIN, is_once=False)
def admit_member(visit: Visit) -> Response:
    """The code with which a member from outside opens their account, shown once."""
    person = PersonId(visit.at["nguoi"])
    try:
        issued = admit_external(visit.services, visit.caller, DocumentId(visit.at["id"]), person)
    except RefusedError as error:
        return visit.again("inspections/one.html", error, found=_read(visit), code=None)
    return visit.render("inspections/one.html", found=_read(visit), code=issued)


@router.show("/doan-kiem-tra/{id}/{dv}")
def show_inspected(visit: Visit) -> Response:
    """The dossier of an inspected unit, page by page, while the team's days last."""
    id_, unit = DocumentId(visit.at["id"]), UnitId(visit.at["dv"])
    shown = online_pages.list_pages(visit.services, visit.caller, id_, unit, MATRICES)
    name = read_unit(visit.services, visit.caller, unit).unit.name
    folders: dict[str, list[tuple[str, str, str]]] = {}
    for page in shown.pages:
        folder, _, file = page.path.rpartition("/")
        folders.setdefault(folder, []).append((page.about, file, quote(page.path, safe="/")))
    groups = [(folder, _heading(folder), pages) for folder, pages in folders.items()]
    return visit.render("inspections/pages.html", shown=shown, name=name, groups=groups)


@router.show("/doan-kiem-tra/{id}/{dv}/trang")
def fetch_page(visit: Visit) -> Response:
    """One of its pages, as it stands now."""
    path = visit.query.get("tep", "")
    file = online_pages.read_page(
        visit.services,
        visit.caller,
        DocumentId(visit.at["id"]),
        UnitId(visit.at["dv"]),
        path,
        MATRICES,
        make_sheet,
    )
    name = quote(path.rpartition("/")[2], safe="")
    headers = {
        "Content-Disposition": f"attachment; filename*=UTF-8''{name}",
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
    }
    return Response(file.data, media_type=file.media_type, headers=headers)


def _heading(folder: str) -> str:
    """What stands in a folder of a dossier, in words."""
    if folder in FOLDERS:
        return t(FOLDERS[folder])
    _, kind, name = folder.split("/")
    return f"{label(DocumentKind(kind))} · {name}"


def _read(visit: Visit) -> object:
    return read_inspection(visit.services, visit.caller, DocumentId(visit.at["id"]))


def _offered(visit: Visit) -> dict[str, object]:
    today = local(visit.services.db.now()).date()
    return {
        "units": units_to_inspect(visit.services, visit.caller, MOST_UNITS),
        "chosen": visit.form.all("don_vi"),
        "rows": range(1, EXTERNALS + 1),
        "today": today,
        "until": today + timedelta(days=TERM_DAYS),
    }


def _team(visit: Visit) -> Team:
    form, services = visit.form, visit.services
    since, until = words.day(form.text("tu_ngay")), words.day(form.text("den_ngay"))
    if until < since:
        raise InvalidError("the last day is before the first")
    codes = {UnitId(code) for text in form.all("don_vi") for code in text.split()}
    period = form.text("ky_tu")
    return Team(
        number=form.text("so"),
        dated=words.day(form.text("ngay")),
        units=frozenset(codes),
        members=people_by_username(services, visit.caller, form.text("thanh_vien").split()),
        content=words.prose(form.text("noi_dung")),
        valid_from=_begin(visit, start_of_day(since)),
        valid_to=start_of_day(until + timedelta(days=1)),
        period_from=start_of_day(words.day(period)) if period else None,
        externals=tuple(filter(None, (_external(visit, n) for n in range(1, EXTERNALS + 1)))),
        out_of_order=form.text("ly_do_so") or None,
    )


def _begin(visit: Visit, start: datetime) -> datetime:
    """From today is from now: nothing begins in the past."""
    return max(start, visit.services.db.now())


def _external(visit: Visit, n: int) -> ExternalMember | None:
    said = [visit.form.text(f"{name}_{n}") for name in ("ten", "co_quan", "quyet_dinh", "tai_khoan")]
    return ExternalMember(*said) if any(said) else None


def list_words() -> list[str]:
    """Every word, for the test that English is complete."""
    return [*FOLDERS.values()]
