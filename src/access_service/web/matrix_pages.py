"""The matrix on a screen: one question field, fifty lines, what another day had, and why."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from tempfile import SpooledTemporaryFile
from typing import Literal
from urllib.parse import quote, urlencode

from starlette.responses import Response

from access_service.domain import words
from access_service.domain.asked_words import AskedWords
from access_service.domain.errors import InvalidError
from access_service.domain.names import AccountId, AccountKind, AccountState, ClassId, GrantState, UnitId
from access_service.domain.time import local, start_of_day
from access_service.rendering.job_exports import MATRIX, MatrixExport
from access_service.rendering.matrix_columns import LETTERS, OTHER_LETTER
from access_service.rendering.matrix_files import WRITERS
from access_service.rendering.sheets import scope_text, signed_as
from access_service.usecases.evidence.explaining import WhyAnswer, explain_to
from access_service.usecases.evidence.matrix import file_sha256, open_matrix, record_matrix
from access_service.usecases.evidence.matrix_choices import MatrixChoices, read_choices
from access_service.usecases.evidence.matrix_paging import list_matrix_keys, revision_known, show_matrix_page
from access_service.usecases.evidence.matrix_questions import (
    MOST_UNITS_BY_STATE,
    MatrixLineChange,
    MatrixOrder,
    MatrixPage,
    PageLine,
    PageQuestion,
)
from access_service.usecases.evidence.matrix_values import (
    VACANT,
    CategoryLine,
    MatrixCategory,
    MatrixFilters,
    MatrixRow,
    MatrixShape,
)
from access_service.usecases.evidence.matrix_views import show_matrix_view
from access_service.usecases.evidence.who import WhoQuestion
from access_service.usecases.jobs import asking
from access_service.web.labels import label, paper_names
from access_service.web.page import PageRouter, Visit
from access_service.web.phrases import day, t

router = PageRouter()
MOST_AT_ONCE = 30
"""Units of which a workbook is written while somebody waits; more is a job."""
GROUPS = (("STU", "Học sinh"), ("CLS SCH CUR", "Lớp, trường"), ("EMP", "Nhân sự"))
OTHERS = "Khác"
STATES = (*GrantState, VACANT)
"""What a line can be in."""
FIELDS = ("nhom", "hd", "vt", "lop", "nguoi", "tk", "tt", "tai", "so", "biet", "xep", "het")
"""What stands in the address of an answer, so that a link is an answer."""
ORDERS = (
    (MatrixOrder.UNIT, "Theo đơn vị"),
    (MatrixOrder.NAME, "Theo tên"),
    (MatrixOrder.ROLE, "Theo vai trò"),
    (MatrixOrder.END, "Sắp hết hạn trước"),
)


@dataclass(frozen=True, slots=True)
class AskedMatrix:
    """What the address asks, as it was understood."""

    question: PageQuestion
    values: dict[str, str]
    """The fields of the address that say it."""
    at: datetime | None
    known_then: bool
    unread: tuple[str, ...] = ()

    def link(self, path: str, **changes: str | None) -> str:
        """The address of this answer with some fields changed; None leaves one out."""
        said = {name: value for name, value in (self.values | changes).items() if value}
        return f"{path}?{urlencode(said)}" if said else path


@dataclass(frozen=True, slots=True)
class MatrixCell:
    """What a line permits of one category."""

    letters: str
    words: str
    sensitive: bool
    is_asked: bool
    is_first: bool
    """Of its group."""
    change: str = ""

    @property
    def css(self) -> str:
        """Its classes: a page has more than a thousand cells, and a template asks long for each."""
        said = (
            ("c", True),
            ("first", self.is_first),
            ("sens", self.sensitive),
            ("hit", self.is_asked),
            ("none", not self.letters),
        )
        return " ".join(name for name, holds in said if holds)


@dataclass(frozen=True, slots=True)
class ShownLine:
    """A line as the table has it."""

    row: MatrixRow
    key: str
    under_name: str
    by: str
    under_by: str
    state: GrantState | AccountState | None
    change: MatrixLineChange
    cells: tuple[MatrixCell, ...]
    why: WhyAnswer | None = None
    asked: str = ""
    """On a telephone: what it permits of the category asked about."""


@dataclass(frozen=True, slots=True)
class ShownMatrix:
    """What the template shows."""

    page: MatrixPage
    lines: tuple[ShownLine, ...]
    groups: tuple[tuple[str, int], ...]
    columns: tuple[tuple[MatrixCategory, str, bool], ...]
    """Category, its short name, and whether it begins a group."""
    chips: tuple[tuple[str, str], ...]
    """What was understood, and the address without it."""
    links: dict[str, str] = field(default_factory=dict)


@router.show("/don-vi/{dv}/ma-tran")
def show_matrix(visit: Visit) -> Response:
    """One page of the answer to what the address asks."""
    unit = UnitId(visit.at["dv"])
    choices = read_choices(visit.services, visit.caller, unit)
    asked = _read(visit, choices)
    found = show_matrix_page(
        visit.services,
        visit.caller,
        unit,
        asked.question,
        at=asked.at,
        known_at="then" if asked.known_then else None,
    )
    shown = _shown(visit, asked, found, choices)
    return visit.render(
        "matrix/page.html",
        shown=shown,
        asked=asked,
        choices=choices,
        orders=ORDERS,
        kinds=_KINDS,
        states=STATES,
        state_word=state_word,
        by_state=found.head.units <= MOST_UNITS_BY_STATE,
        papers=paper_names(),
    )


_KINDS = (AccountKind.USE, AccountKind.ADMIN, AccountKind.SERVICE)


@router.show("/don-vi/{dv}/ma-tran/theo-lop")
def show_by_class(visit: Visit) -> Response:
    """Each class with everybody who reaches it."""
    return _show_view(visit, MatrixShape.CLASS, "matrix/classes.html")


@router.show("/don-vi/{dv}/ma-tran/theo-nhom")
def show_by_category(visit: Visit) -> Response:
    """Each category of data with whoever may do what to it, what is sensitive first."""
    return _show_view(visit, MatrixShape.CATEGORY, "matrix/categories.html")


def _show_view(visit: Visit, by: MatrixShape, template: str) -> Response:
    unit = UnitId(visit.at["dv"])
    choices = read_choices(visit.services, visit.caller, unit)
    asked = _read(visit, choices)
    view = show_matrix_view(visit.services, visit.caller, unit, by, at=asked.at, filters=_filters(asked.question))
    groups: dict[str, list[CategoryLine]] = {}
    for line in view.lines:
        groups.setdefault(line.right.category, []).append(line)
    links = {name: asked.link(f"/don-vi/{unit}/ma-tran{end}") for name, end in _VIEWS}
    return visit.render(
        template, view=view, asked=asked, choices=choices, groups=groups, links=links, scope_of=scope_text
    )


_VIEWS = (("people", ""), ("classes", "/theo-lop"), ("categories", "/theo-nhom"), ("xlsx", ".xlsx"))


@router.show("/don-vi/{dv}/ma-tran.xlsx")
def download_matrix(visit: Visit) -> Response:
    """The workbook of what the pages have: the same lines, whatever they were found by."""
    unit = UnitId(visit.at["dv"])
    asked = _read(visit, read_choices(visit.services, visit.caller, unit))
    known_at: Literal["then"] | None = "then" if asked.known_then else None
    write, media_type = WRITERS["xlsx"]
    shown, only = list_matrix_keys(
        visit.services, visit.caller, unit, asked.question, at=asked.at, known_at=known_at
    )
    if shown.units > MOST_AT_ONCE:
        return visit.redirect(asked.link(f"/don-vi/{unit}/ma-tran"))
    with SpooledTemporaryFile(1 << 20) as file:
        with open_matrix(
            visit.services,
            visit.caller,
            unit,
            at=shown.at,
            known_at=shown.revision if asked.known_then else None,
            include_ended=True,
            filters=_filters(asked.question),
            diff=asked.question.diff,
            only=only,
        ) as matrix:
            head = matrix.head
            rows = write(matrix, file, None)
        digest = file_sha256(file)
        record_matrix(visit.services.db, head, visit.caller.account, form="xlsx", rows=rows, sha256=digest)
        body = file.read()
    name = quote(f"ma-tran-{unit}-{local(head.at):%Y%m%d-%H%M}.xlsx", safe="")
    headers = {"Content-Disposition": f"attachment; filename*=UTF-8''{name}", "Cache-Control": "no-store"}
    return Response(body, media_type=media_type, headers=headers)


@router.act("/don-vi/{dv}/ma-tran")
def ask_workbook(visit: Visit) -> Response:
    """The same in the background: for more units than somebody waits for, or beside the dossiers of the unit."""
    unit = UnitId(visit.at["dv"])
    asked = _read(visit, read_choices(visit.services, visit.caller, unit))
    at = asked.at or visit.services.db.now()
    export = MatrixExport(
        "xlsx",
        at=at,
        known_at=revision_known(visit.services, visit.caller, at) if asked.known_then else None,
        include_ended=asked.question.include_ended,
        diff=asked.question.diff,
        filters=replace(_filters(asked.question), person=None),
    )
    job = asking.ask_job(visit.services, visit.caller, MATRIX, unit, export.parameters())
    if visit.form.text("lam") == "ho-so":
        return visit.redirect(f"/don-vi/{unit}/ho-so", "Ma trận đang được lưu vào hồ sơ.")
    return visit.redirect(f"/cong-viec/{job.id}", "Đang lập bảng tính.")


def _filters(question: PageQuestion) -> MatrixFilters:
    return MatrixFilters(
        role=question.role,
        category=question.category,
        state=question.state,
        kind=question.kind,
        person=question.person,
        action=question.action,
        class_id=question.class_id,
    )


# -- what is asked


def _read(visit: Visit, choices: MatrixChoices) -> AskedMatrix:
    """The fields of the address; words of the question field stand over them."""
    values = {name: visit.query.get(name, "").strip()[:200] for name in FIELDS}
    said = choices.understand(visit.query.get("hoi", ""))
    _take(values, said)
    at = _day(values["tai"])
    page = visit.query.get("trang", "1")
    if not page.isdecimal():
        raise InvalidError("a page is a number from 1", field="trang")
    diff = _day(values["so"])
    question = PageQuestion(
        category=values["nhom"] or None,
        action=values["hd"] or None,
        role=values["vt"] or None,
        class_id=ClassId(values["lop"]) if values["lop"] else None,
        person=words.line(values["nguoi"]) if values["nguoi"] else None,
        kind=_kind(values["tk"]),
        state=_state_asked(values["tt"]),
        include_ended=values["het"] == "1",
        order=_order(values["xep"]),
        page=int(page[:6]),
        diff=diff,
    )
    return AskedMatrix(question, values, at, values["biet"] == "luc-do" and at is not None, said.unread)


def _take(values: dict[str, str], said: AskedWords) -> None:
    understood = (
        ("nhom", said.category),
        ("hd", said.action),
        ("vt", said.role),
        ("lop", said.class_id),
        ("nguoi", said.person),
        ("tai", None if said.day is None else said.day.isoformat()),
    )
    values |= {name: found for name, found in understood if found}


def _day(text: str) -> datetime | None:
    """The end of a day, so that what happened on it is in it: a day is asked about as people speak of it."""
    if not text:
        return None
    begins = start_of_day(words.iso_day(text)) if _is_iso(text) else words.instant(text)
    return begins + timedelta(days=1) - timedelta(seconds=1)


def _is_iso(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _kind(text: str) -> AccountKind | None:
    if text and text not in tuple(AccountKind):
        raise InvalidError("no such kind of account", field="tk")
    return AccountKind(text) if text else None


def _state_asked(text: str) -> str | None:
    if text and text not in STATES:
        raise InvalidError("no such state", field="tt")
    return text or None


def state_word(code: str) -> str:
    """What a state is called; an admin account may have nobody."""
    return t("Chưa có người quản lý") if code == VACANT else label(GrantState(code))


def _order(text: str) -> MatrixOrder:
    if text and text not in tuple(MatrixOrder):
        raise InvalidError("no such order", field="xep")
    return MatrixOrder(text) if text else MatrixOrder.UNIT


# -- what is shown


def _shown(visit: Visit, asked: AskedMatrix, found: MatrixPage, choices: MatrixChoices) -> ShownMatrix:
    path = f"/don-vi/{found.head.unit}/ma-tran"
    columns, groups = _columns(found.head.categories)
    opened = visit.query.get("mo", "")
    number = asked.question.page
    links = {
        "before": asked.link(path, trang=str(number - 1)) if number > 1 else "",
        "after": asked.link(path, trang=str(number + 1)) if number < found.pages else "",
        "xlsx": asked.link(f"{path}.xlsx"),
        "job": asked.link(path),
        "people": asked.link(path),
        "classes": asked.link(f"{path}/theo-lop"),
        "categories": asked.link(f"{path}/theo-nhom"),
        "day_before": asked.link(path, tai=(local(found.head.at) - timedelta(days=1)).date().isoformat()),
        "without_class": asked.link(path, lop=None),
    }
    lines = [_line(visit, asked, line, columns, opened) for line in found.lines]
    return ShownMatrix(found, tuple(lines), groups, columns, tuple(_chips(asked, choices, path)), links)


def _columns(
    categories: Iterable[MatrixCategory],
) -> tuple[tuple[tuple[MatrixCategory, str, bool], ...], tuple[tuple[str, int], ...]]:
    """The categories in groups of what they are about, in the packs' order."""
    by_group: dict[str, list[MatrixCategory]] = {name: [] for name in (*(n for _, n in GROUPS), OTHERS)}
    for category in categories:
        prefix = category.id.partition("-")[0]
        by_group[next((name for ids, name in GROUPS if prefix in ids.split()), OTHERS)].append(category)
    columns = [
        (category, category.vi.partition(",")[0], n == 0)
        for held in by_group.values()
        for n, category in enumerate(held)
    ]
    return tuple(columns), tuple((t(name), len(held)) for name, held in by_group.items() if held)


def _chips(asked: AskedMatrix, choices: MatrixChoices, path: str) -> Iterable[tuple[str, str]]:
    question, names = asked.question, dict(choices.categories)
    said = (
        (
            "nhom",
            question.category,
            t("Nhóm dữ liệu: {x}", x=names.get(question.category or "", question.category)),
        ),
        ("hd", question.action, t("Hành động: {x}", x=dict(choices.actions).get(question.action or "", ""))),
        ("vt", question.role, t("Vai trò: {x}", x=dict(choices.roles).get(question.role or "", ""))),
        ("lop", question.class_id, t("Lớp: {x}", x=dict(choices.classes).get(question.class_id or "", ""))),
        ("tt", question.state, t("Trạng thái: {x}", x=state_word(question.state) if question.state else "")),
        ("nguoi", question.person, t("Người: {x}", x=question.person)),
        ("tai", asked.at, t("Tại ngày: {x}", x=day(asked.at))),
        ("so", question.diff, t("So với ngày: {x}", x=day(question.diff))),
    )
    for name, value, text in said:
        if value is not None:
            yield text, asked.link(path, **{name: None})
    if asked.at is not None:
        text = "Theo điều đã biết: lúc đó" if asked.known_then else "Theo điều đã biết: hôm nay"
        yield t(text), asked.link(path, biet=None if asked.known_then else "luc-do")


def _line(
    visit: Visit,
    asked: AskedMatrix,
    line: PageLine,
    columns: tuple[tuple[MatrixCategory, str, bool], ...],
    opened: str,
) -> ShownLine:
    row = line.row
    rights = {right.category: right for right in row.rights}
    cells = []
    for category, _, is_first in columns:
        right = rights.get(category.id)
        letters = "" if right is None else "".join(LETTERS.get(action, OTHER_LETTER) for action in right.actions)
        cells.append(
            MatrixCell(
                letters,
                "" if right is None else ", ".join(right.actions_vi),
                category.sensitive,
                category.id == asked.question.category,
                is_first,
                str(line.change) if right is not None and line.change is not MatrixLineChange.SAME else "",
            )
        )
    key = row.grant or row.account
    asked_right = rights.get(asked.question.category or "")
    return ShownLine(
        row=row,
        key=key,
        under_name=_under_name(row),
        by=row.signer_name or row.issuer_name,
        under_by=_under_by(row),
        state=_state(row.state),
        change=line.change,
        cells=tuple(cells),
        why=_why(visit, asked, row) if opened == key and row.rights else None,
        asked="" if asked_right is None else ", ".join(asked_right.actions_vi),
    )


def _under_name(row: MatrixRow) -> str:
    what = row.role_vi or t("Quản lý tài khoản quản trị")
    where = ", ".join(row.class_names) or ("" if row.scope is None else scope_text(row.scope))
    return " · ".join(filter(None, (what, where)))


def _under_by(row: MatrixRow) -> str:
    capacity = "" if row.capacity is None else signed_as(row.capacity, row.signer_title)
    number = f"{row.document_number}, {day(row.document_dated)}" if row.document_dated else ""
    return " · ".join(filter(None, (capacity, number)))


def _state(text: str) -> GrantState | AccountState | None:
    if text in tuple(GrantState):
        return GrantState(text)
    return AccountState(text) if text in tuple(AccountState) else None


def _why(visit: Visit, asked: AskedMatrix, row: MatrixRow) -> WhyAnswer | None:
    """The explanation of what was asked about, or of the first thing that the line permits."""
    wanted = asked.question
    right = next((r for r in row.rights if r.category == wanted.category), row.rights[0])
    action = wanted.action if wanted.action in right.actions else right.actions[0]
    classes = sorted(row.scope.class_ids) if row.scope is not None else []
    class_id = wanted.class_id or (classes[0] if classes else None)
    unit = None if class_id is not None or row.scope is None else row.scope.unit
    question = WhoQuestion(action or right.actions[0], right.category, class_id, unit)
    return explain_to(
        visit.services,
        visit.caller,
        AccountId(row.account),
        question,
        at=asked.at,
        known_at="then" if asked.known_then else None,
    )
