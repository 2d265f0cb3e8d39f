"""The grid of a unit: what the school wrote, what it means, what has to be mended, and *Lập*."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any
from urllib.parse import urlencode

from starlette.responses import Response

from access_service.domain.drafting import GridCells, GridRow
from access_service.domain.drafting_ground import GridRowState, RowMeaning
from access_service.domain.errors import InvalidError, NotFoundError, RefusedError
from access_service.domain.names import UnitId
from access_service.domain.notation import fold
from access_service.domain.reasons import Refusal
from access_service.domain.text import REFUSAL_TEXT, Text
from access_service.domain.words import identifier, vietnamese_day
from access_service.rendering.grid_files import write_grid
from access_service.usecases.drafts import keeping, propose_many
from access_service.usecases.drafts.keeping import GridSeen
from access_service.usecases.drafts.previewing import preview_row
from access_service.usecases.drafts.saving import RowsSaved, TypedRow, list_draft_years, save_rows
from access_service.web import menus
from access_service.web.cookies import Hat
from access_service.web.form_reader import is_number
from access_service.web.labels import label
from access_service.web.page import OPEN_HAT, PageRouter, Visit
from access_service.web.phrases import t
from access_service.web.rendered import HEADERS

router = PageRouter()
AT_ONCE = 100
"""Rows of a page."""
CSV = "text/csv; charset=utf-8"
_TABS = {
    "can-sua": GridRowState.TO_MEND,
    "moi": GridRowState.NEW,
    "thay-doi": GridRowState.CHANGED,
    "nhu-cu": GridRowState.AS_BEFORE,
    "da-lap": GridRowState.MADE,
    "da-co": GridRowState.HELD,
    "bo-qua": GridRowState.LEFT_OUT,
}
_DAY_FIELD = 10


@dataclass(frozen=True, slots=True)
class LineOfGrid:
    """A row as the template has it."""

    meant: RowMeaning
    mark: str
    """Of the cells that were shown: what comes back with the same mark was not touched."""
    refused: Text | None


def unit_of(visit: Visit) -> UnitId:
    """The unit in the address."""
    return UnitId(visit.at["dv"])


def grid_at(visit: Visit) -> str:
    """The address of the unit's grid."""
    return f"/don-vi/{visit.at['dv']}/phan-quyen"


def meant_year(visit: Visit) -> tuple[str, tuple[str, ...]]:
    """The school year that is asked for or worked on, and all that are open."""
    found = list_draft_years(visit.services, visit.caller, unit_of(visit), visit.query.get("nam", ""))
    if found.chosen is None:
        raise RefusedError(Refusal.CLOSED_YEAR, "no school year is open")
    return found.chosen, found.years


def read_day(text: str) -> date:
    """A day as people write it: `20/8/2026`, `20-8-26`, `20.08.2026`."""
    parts = text.strip().replace("-", "/").replace(".", "/").split("/")
    if len(parts) == 3 and len(parts[2]) == 2:  # noqa: PLR2004 day, month, two digits of a year
        parts[2] = f"20{parts[2]}"
    return vietnamese_day("/".join(parts))


def name_decision(visit: Visit, year: str) -> None:
    """The decision, where its number was typed."""
    if not visit.form.has("so"):
        return
    number, day = identifier(visit.form.text("so")), read_day(visit.form.text("ngay"))
    keeping.name_decision(
        visit.services, visit.caller, unit_of(visit), year, decision_number=number, decision_date=day
    )


def mark_of(cells: GridCells, *, ticked: bool) -> str:
    """What tells whether a row was touched in the browser."""
    return hashlib.sha256("\x1f".join((*cells.texts(), str(ticked))).encode()).hexdigest()[:12]


def as_shown(meant: RowMeaning) -> LineOfGrid:
    """A row for the template."""
    code = None if meant.row.has_papers else meant.row.refused
    return LineOfGrid(
        meant,
        mark_of(meant.row.cells, ticked=meant.row.ticked),
        None if code is None else REFUSAL_TEXT[Refusal(code)],
    )


@router.show("/don-vi/{dv}/phan-quyen")
def show_grid(visit: Visit) -> Response:
    """The grid; a head who keeps the admin account puts that hat on first."""
    year, years = meant_year(visit)
    seen = keeping.show_draft(visit.services, visit.caller, unit_of(visit), year)
    shell = visit.shell()
    keeps = shell is not None and any(hat.unit == unit_of(visit) for hat in shell.hats)
    if not seen.may_change and keeps and visit.admin is None:
        return visit.redirect(f"{OPEN_HAT}?{urlencode({'tiep': visit.path})}")
    return _render(visit, seen, year, years)


def _render(
    visit: Visit,
    seen: GridSeen,
    year: str,
    years: tuple[str, ...],
    *,
    status: int = 200,
    error: RefusedError | None = None,
    stale: tuple[tuple[GridRow, GridCells], ...] = (),
) -> Response:
    chosen, sought = visit.query.get("loc", ""), visit.query.get("tim", "")
    rows = [meant for meant in seen.rows if _is_meant(meant, chosen, sought)]
    page = _page_number(visit, len(rows))
    shown = rows[(page - 1) * AT_ONCE : page * AT_ONCE]
    counts = seen.count()
    at = grid_at(visit)

    def address(number: int) -> str:
        if not 1 <= number <= max(1, -(-len(rows) // AT_ONCE)):
            return ""
        asked = {"nam": year, "loc": chosen, "tim": sought, "trang": str(number)}
        return f"{at}?{urlencode({name: value for name, value in asked.items() if value})}"

    return visit.render(
        "grid/grid.html",
        status,
        dv=visit.at["dv"],
        at=at,
        year=year,
        years=years,
        draft=seen.draft,
        grid=seen,
        may_change=seen.may_change,
        tabs=[("", t("Tất cả"), len(seen.rows)), *((k, label(s), counts[s]) for k, s in _TABS.items())],
        chosen=chosen if chosen in _TABS else "",
        sought=sought,
        shown=[as_shown(meant) for meant in shown],
        faulty=counts[GridRowState.TO_MEND],
        first_fault=next((m.row.id for m in seen.rows if m.state is GridRowState.TO_MEND), ""),
        first=min(len(rows), (page - 1) * AT_ONCE + 1),
        last=(page - 1) * AT_ONCE + len(shown),
        total=len(rows),
        before=address(page - 1),
        after=address(page + 1),
        stale=stale,
        error=error,
    )


def _is_meant(meant: RowMeaning, chosen: str, sought: str) -> bool:
    if chosen in _TABS and meant.state is not _TABS[chosen]:
        return False
    words = " ".join((meant.name, *meant.row.cells.texts(), *meant.rights))
    return not sought or fold(sought) in fold(words)


def _page_number(visit: Visit, rows: int) -> int:
    text = visit.query.get("trang", "1")
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 6 else 1  # noqa: PLR2004
    return max(1, min(number, -(-rows // AT_ONCE)))


@router.act("/don-vi/{dv}/phan-quyen", hat=Hat.ADMIN)
def change_grid(visit: Visit) -> Response:
    """Every button saves what was typed first, then does what it says."""
    year, years = meant_year(visit)
    unit = unit_of(visit)
    saved = save_rows(visit.services, visit.caller, unit, year, list(_touched(visit)))
    if saved.stale:
        seen = keeping.show_draft(visit.services, visit.caller, unit, year)
        return _render(visit, seen, year, years, status=409, stale=saved.stale)
    try:
        return _pressed(visit, year, saved)
    except RefusedError as refused:
        if isinstance(refused, NotFoundError):
            raise
        seen = keeping.show_draft(visit.services, visit.caller, unit, year)
        status = 422 if isinstance(refused, InvalidError) else 409
        return _render(visit, seen, year, years, status=status, error=refused)


def _touched(visit: Visit) -> Iterator[TypedRow]:
    """The rows that came back otherwise than they were shown."""
    form, ticked = visit.form, frozenset(visit.form.all("chon"))
    for id_ in form.all("hien"):
        version = form.text(f"v.{id_}")
        if not is_number(version):
            raise InvalidError("the form was changed on its way")
        names = ("ten", "cn", "day", "khac")
        name, homeroom, teaching, other = (form.text(f"{field}.{id_}") for field in names)
        cells = GridCells(name, form.text(f"ma.{id_}"), homeroom, teaching, other).cut()
        if mark_of(cells, ticked=id_ in ticked) != form.text(f"g.{id_}"):
            yield TypedRow(id_, int(version), cells, id_ in ticked)


def _pressed(visit: Visit, year: str, saved: RowsSaved) -> Response:
    services, caller, unit = visit.services, visit.caller, unit_of(visit)
    back = visit.path
    if visit.form.has("sua"):
        id_, version, key = (*visit.form.text("sua").split("|", 2), "", "")[:3]
        stands = saved.versions.get(id_, int(version) if is_number(version) else 0)
        keeping.mend_row(services, caller, unit, year, id_, stands, key)
        return visit.redirect(back)
    pressed, _, id_ = visit.form.text("lam").partition(":")
    if pressed == "lap":
        name_decision(visit, year)
        job = propose_many.ask_propose_many(services, caller, unit, year)
        on_job = "/cong-viec/{id}" in menus.built
        return visit.redirect(f"/cong-viec/{job.id}" if on_job else back, "Đang lập biên bản.")
    if pressed == "them":
        keeping.add_row(services, caller, unit, year, GridCells(""))
    elif pressed == "xem":
        name_decision(visit, year)
        return visit.redirect(f"{grid_at(visit)}/xem-truoc?{urlencode({'nam': year, 'dong': id_})}")
    elif pressed == "bo":
        undone = keeping.undo_all(services, caller, unit, year)
        return visit.redirect(back, "Đã khôi phục {n} dòng.", n=undone)
    elif pressed == "khoi-phuc":
        found = next((r for r in keeping.show_draft(services, caller, unit, year).rows if r.row.id == id_), None)
        if found is not None:
            keeping.undo_row(services, caller, unit, year, id_, found.row.version)
    return visit.redirect(back)


@router.show("/don-vi/{dv}/phan-quyen/xem-truoc", hat=Hat.ADMIN)
def show_preview(visit: Visit) -> Response:
    """The minutes of one ready row as they would be, with the rows before and after it."""
    year, _ = meant_year(visit)
    seen = keeping.show_draft(visit.services, visit.caller, unit_of(visit), year)
    ready = seen.ready
    wanted = visit.query.get("dong", "") or (ready[0].row.id if ready else "")
    place = next((n for n, meant in enumerate(ready) if meant.row.id == wanted), None)
    values: dict[str, Any] = {"at": grid_at(visit), "year": year, "ready": ready, "place": place, "preview": None}
    if place is None:
        return visit.render("grid/preview.html", 404 if wanted else 200, **values)
    try:
        values["preview"] = preview_row(visit.services, visit.caller, unit_of(visit), year, wanted)
    except NotFoundError:
        raise
    except RefusedError as refused:
        return visit.again("grid/preview.html", refused, **values)
    return visit.render("grid/preview.html", **values)


@router.show("/don-vi/{dv}/phan-quyen/tai")
def download_grid(visit: Visit) -> Response:
    """The grid as a file that a spreadsheet opens."""
    year, _ = meant_year(visit)
    seen = keeping.show_draft(visit.services, visit.caller, unit_of(visit), year)
    return as_file(write_grid(seen.rows), f"phan-quyen-{visit.at['dv']}-{year}.csv")


def as_file(content: bytes, name: str) -> Response:
    """A file to be saved under a name of ours."""
    safe = "".join(c for c in name if c.isascii() and (c.isalnum() or c in "-_."))
    headers = {**HEADERS, "Content-Disposition": f'attachment; filename="{safe}"'}
    return Response(content, media_type=CSV, headers=headers)
