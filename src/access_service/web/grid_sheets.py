"""How a grid is filled: the school's own file and its columns, last year; and the slips that open new accounts."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import takewhile
from types import MappingProxyType

from starlette.responses import Response

from access_service.domain.errors import InvalidError, NotFoundError, RefusedError
from access_service.domain.headings import (
    MOST_COLUMNS,
    OF_SUBJECT,
    SheetField,
    SheetLayout,
    SheetMapping,
    find_decision,
    map_under,
)
from access_service.domain.names import AccountId
from access_service.domain.reasons import Refusal
from access_service.domain.vocabulary import SUBJECT_TEXT
from access_service.rendering.grid_files import write_example
from access_service.usecases.drafts import keeping, propose_many, reading_sheets
from access_service.usecases.drafts.reading_sheets import SheetRead
from access_service.usecases.drafts.slips import draw_slips, list_waiting_slips
from access_service.web import menus
from access_service.web.cookies import Hat
from access_service.web.grid import as_file, as_shown, grid_at, meant_year, name_decision, unit_of
from access_service.web.page import PageRouter, Visit
from access_service.web.phrases import t, two

router = PageRouter()
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_WORDS: Mapping[SheetField, str] = MappingProxyType(
    {
        SheetField.UNUSED: "Không dùng",
        SheetField.NAME: "Họ và tên",
        SheetField.SURNAME: "Họ và tên đệm",
        SheetField.GIVEN: "Tên",
        SheetField.CODE: "Mã định danh",
        SheetField.HOMEROOM: "Lớp chủ nhiệm",
        SheetField.TEACHING: "Môn và lớp dạy",
        SheetField.SUBJECT: "Môn dạy",
        SheetField.CLASSES: "Lớp dạy",
        SheetField.OTHER: "Nhiệm vụ khác",
        SheetField.CLASS: "Lớp (mỗi dòng một lớp)",
        SheetField.GRADE: "Khối",
        SheetField.TEACHER: "Giáo viên chủ nhiệm của lớp",
    }
)
_LAYOUTS = {SheetLayout.BY_PERSON: "Mỗi dòng một người", SheetLayout.BY_CLASS: "Mỗi dòng một lớp"}


@dataclass(frozen=True, slots=True)
class ColumnOfSheet:
    """A column of the file."""

    letter: str
    heading: str
    values: tuple[str, ...]
    field: str


@router.show("/don-vi/{dv}/phan-quyen/nhap", hat=Hat.ADMIN)
def show_import(visit: Visit) -> Response:
    """Where a file is chosen."""
    return _import(visit)


def _import(visit: Visit, error: RefusedError | None = None) -> Response:
    year, _ = meant_year(visit)
    seen = keeping.show_draft(visit.services, visit.caller, unit_of(visit), year)
    values = {
        "dv": visit.at["dv"],
        "at": grid_at(visit),
        "year": year,
        "rows": len(seen.rows),
        "again": bool(visit.query.get("ghep")) or visit.form.has("ghep_lai"),
    }
    return (
        visit.render("grid/import.html", **values)
        if error is None
        else visit.again("grid/import.html", error, **values)
    )


@router.act("/don-vi/{dv}/phan-quyen/nhap", hat=Hat.ADMIN)
def take_file(visit: Visit) -> Response:
    """Read the file: straight into the grid where its heading is known, else to its columns."""
    year, _ = meant_year(visit)
    file = visit.form.file("tep")
    try:
        if file is None:
            raise InvalidError("choose a file")
        found = reading_sheets.read_file(
            visit.services,
            visit.caller,
            unit_of(visit),
            year,
            file.name,
            file.data,
            asks_again=visit.form.has("ghep_lai"),
        )
    except RefusedError as refused:
        return _import(visit, refused)
    if found.is_taken:
        return visit.redirect(f"{grid_at(visit)}?nam={year}", "Đã đọc {n} dòng.", n=found.rows)
    return visit.redirect(f"{grid_at(visit)}/ghep-cot?nam={year}")


@router.show("/don-vi/{dv}/phan-quyen/mau", hat=Hat.ADMIN)
def download_example(visit: Visit) -> Response:
    """An example to begin with."""
    meant_year(visit)
    return as_file(write_example(), "mau-phan-cong.csv")


@router.show("/don-vi/{dv}/phan-quyen/ghep-cot", hat=Hat.ADMIN)
def show_mapping(visit: Visit) -> Response:
    """What the columns are, as recognised or as somebody looks at them otherwise."""
    year, _ = meant_year(visit)
    try:
        found = reading_sheets.pending_file(visit.services, visit.caller, unit_of(visit), year)
    except NotFoundError:
        return visit.redirect(f"{grid_at(visit)}/nhap?nam={year}")
    return _mapping(visit, year, found, _asked(visit.query, found))


def _asked(said: Mapping[str, str], found: SheetRead) -> SheetMapping:
    """The mapping that is looked at: the one recognised, or of another sheet, row or layout."""
    sheets = found.pending.sheets
    best = found.mapping
    name = said.get("trang") or (best.sheet if best is not None else sheets[0].name)
    sheet = next((s for s in sheets if s.name == name), sheets[0])
    if best is None or best.sheet != sheet.name:
        best = None
    heading, layout = said.get("dong", ""), said.get("kieu", "")
    place = int(heading) if heading.isascii() and heading.isdigit() and len(heading) < 5 else None  # noqa: PLR2004
    if place is None:
        place = 0 if best is None else best.heading
    place = min(place, max(0, len(sheet.rows) - 1))
    meant = SheetLayout(layout) if layout in set(SheetLayout) else None
    if best is not None and best.heading == place and meant in (None, best.layout):
        return best
    return map_under(sheet.name, sheet.rows, place, meant)


def _mapping(
    visit: Visit, year: str, found: SheetRead, mapping: SheetMapping, error: RefusedError | None = None
) -> Response:
    sheet = next(s for s in found.pending.sheets if s.name == mapping.sheet)
    head = sheet.rows[mapping.heading] if sheet.rows else ()
    below = sheet.rows[mapping.heading + 1 :]
    width = max(len(head), max((len(row) for row in below[:40]), default=0))
    fields = (*mapping.fields, *[SheetField.UNUSED] * width)[:width]
    columns = [
        ColumnOfSheet(
            _letter(number),
            head[number] if number < len(head) else "",
            tuple([row[number] for row in below if number < len(row) and row[number]][:3]),
            str(fields[number]),
        )
        for number in range(width)
    ]
    number, decided = find_decision(sheet.rows, mapping.heading) or ("", None)
    values = {
        "dv": visit.at["dv"],
        "at": grid_at(visit),
        "year": year,
        "read": found,
        "sheet": sheet,
        "mapping": mapping,
        "columns": columns,
        "fields": [
            *((str(field), t(word)) for field, word in _WORDS.items()),
            *((f"{OF_SUBJECT}{code}", t("Môn {name}", name=two(s.vi, s.en))) for code, s in SUBJECT_TEXT.items()),
        ],
        "layouts": [(str(layout), t(word)) for layout, word in _LAYOUTS.items()],
        "number": number,
        "decided": decided,
    }
    return (
        visit.render("grid/mapping.html", **values)
        if error is None
        else visit.again("grid/mapping.html", error, **values)
    )


def _letter(number: int) -> str:
    first, second = divmod(number, len(_LETTERS))
    return (_LETTERS[first - 1] if first else "") + _LETTERS[second]


@router.act("/don-vi/{dv}/phan-quyen/ghep-cot", hat=Hat.ADMIN)
def map_columns(visit: Visit) -> Response:
    """Read the file as was said, and remember it."""
    year, _ = meant_year(visit)
    services, caller, unit = visit.services, visit.caller, unit_of(visit)
    found = reading_sheets.pending_file(services, caller, unit, year)
    said = {name: visit.form.text(name) for name in ("trang", "dong", "kieu")}
    mapping = replace(_asked(said, found), fields=_columns(visit))
    try:
        name_decision(visit, year)
        taken = reading_sheets.map_file(services, caller, unit, year, mapping)
    except RefusedError as refused:
        return _mapping(visit, year, found, mapping, refused)
    return visit.redirect(f"{grid_at(visit)}?nam={year}", "Đã đọc {n} dòng.", n=taken.rows)


def _columns(visit: Visit) -> tuple[str, ...]:
    names = (f"cot.{number}" for number in range(MOST_COLUMNS))
    return tuple(visit.form.text(name) for name in takewhile(visit.form.has, names))


# -- last year


@router.show("/don-vi/{dv}/nam-hoc", hat=Hat.ADMIN)
def show_renewal(visit: Visit) -> Response:
    """The grid as last year would fill it."""
    return _renewal(visit)


def _renewal(visit: Visit, error: RefusedError | None = None) -> Response:
    year, _ = meant_year(visit)
    services, caller, unit = visit.services, visit.caller, unit_of(visit)
    stands = keeping.show_draft(services, caller, unit, year)
    preview = reading_sheets.preview_renewal(services, caller, unit, year)
    number, today = reading_sheets.propose_decision(services, caller, unit)
    is_named = bool(stands.draft.decision_number)
    values = {
        "dv": visit.at["dv"],
        "at": grid_at(visit),
        "year": year,
        "draft": stands.draft,
        "number": stands.draft.decision_number if is_named else number,
        "dated": stands.draft.decision_date if is_named else today if number else None,
        "is_proposed": bool(number) and not is_named,
        "has_rows": bool(stands.rows),
        "grid": preview,
        "shown": [as_shown(meant) for meant in preview.rows],
    }
    return (
        visit.render("grid/renewal.html", **values)
        if error is None
        else visit.again("grid/renewal.html", error, **values)
    )


@router.act("/don-vi/{dv}/nam-hoc", hat=Hat.ADMIN)
def renew(visit: Visit) -> Response:
    """Fill the grid from last year, and make its papers or go on to mend it."""
    year, _ = meant_year(visit)
    services, caller, unit = visit.services, visit.caller, unit_of(visit)
    try:
        name_decision(visit, year)
        rows = reading_sheets.renew_draft(services, caller, unit, year)
        if visit.form.text("lam") != "lap":
            return visit.redirect(f"{grid_at(visit)}?nam={year}", "Đã lấy lại {n} dòng.", n=rows)
        job = propose_many.ask_propose_many(services, caller, unit, year)
    except RefusedError as refused:
        return _renewal(visit, refused)
    on_job = "/cong-viec/{id}" in menus.built
    return visit.redirect(
        f"/cong-viec/{job.id}" if on_job else f"{grid_at(visit)}?nam={year}", "Đang lập biên bản."
    )


# -- slips


@router.show("/don-vi/{dv}/phieu-kich-hoat", hat=Hat.ADMIN)
def show_slips(visit: Visit) -> Response:
    """Whose slips could be printed."""
    waiting = list_waiting_slips(visit.services, visit.caller, unit_of(visit))
    return visit.render("grid/slips.html", dv=visit.at["dv"], waiting=waiting, slips=())


@router.act("/don-vi/{dv}/phieu-kich-hoat", hat=Hat.ADMIN, is_once=False)
def print_slips(visit: Visit) -> Response:
    """The slips with their codes, once: this page is printed and handed out."""
    chosen = [AccountId(id_) for id_ in visit.form.all("chon")]
    if not chosen:
        waiting = list_waiting_slips(visit.services, visit.caller, unit_of(visit))
        error = RefusedError(Refusal.INVALID, "choose somebody")
        return visit.again("grid/slips.html", error, dv=visit.at["dv"], waiting=waiting, slips=())
    slips = draw_slips(visit.services, visit.caller, unit_of(visit), chosen)
    shell = visit.shell()
    return visit.render(
        "grid/slips.html",
        dv=visit.at["dv"],
        waiting=(),
        slips=slips,
        unit_name="" if shell is None else shell.unit_name,
        address=visit.services.public_url,
    )


def list_words() -> list[str]:
    """Every word, for the test that English is complete."""
    return [*_WORDS.values(), *_LAYOUTS.values()]
