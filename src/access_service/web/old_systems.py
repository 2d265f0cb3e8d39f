"""Taking over what exists: an old system's list of accounts, whom each is about, and its rights beside paper."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any
from urllib.parse import urlencode

from starlette.responses import Response

from access_service.domain.errors import InvalidError, RefusedError
from access_service.domain.matching import MatchStanding, RowMatch
from access_service.domain.names import PersonId, UnitId
from access_service.domain.old_rights import PaperState
from access_service.domain.old_rows import OldChoice
from access_service.domain.old_words import PAPER_SAID, REASON_SAID, STANDING_SAID
from access_service.domain.text import Text
from access_service.domain.vietnamese import name_key
from access_service.rendering.old_rights_sheet import write_old_rights
from access_service.usecases.drafts.saving import list_draft_years
from access_service.usecases.old_systems import carrying_over, old_exports
from access_service.usecases.old_systems.old_exports import OldExportSeen, SaidOfRow
from access_service.usecases.services import rehearse
from access_service.usecases.tasks.unit_cards import see_unit
from access_service.web import menus
from access_service.web.cookies import Hat
from access_service.web.page import PageRouter, Visit
from access_service.web.phrases import t, two
from access_service.web.rendered import HEADERS

router = PageRouter()
PAGE = 100
"""Rows a page."""
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
RIGHTS = "quyen"
OBSERVING = "/phan-mem/{id}/quan-sat"
_TABS = MappingProxyType(
    {"nghi-van": MatchStanding.DOUBTFUL, "khong-ro": MatchStanding.ORPHAN, "chac-chan": MatchStanding.SURE}
)
_PILLS: Mapping[PaperState, tuple[str, str]] = MappingProxyType(
    {
        PaperState.COVERED: ("ok", "check"),
        PaperState.WIDER: ("bad", "alert"),
        PaperState.WAITING: ("wait", "half"),
        PaperState.MISSING: ("bad", "cross"),
        PaperState.NOBODY: ("wait", "person"),
        PaperState.UNREAD: ("wait", "alert"),
    }
)


@dataclass(frozen=True, slots=True)
class OldTab:
    """One of the lists."""

    question: str
    word: str
    count: int
    is_here: bool


def _said(text: Text) -> str:
    return two(text.vi, text.en)


@router.show("/don-vi/{dv}/tiep-nhan")
def show_taking_over(visit: Visit) -> Response:
    """Where a list is read; then its rows, and what follows."""
    unit = UnitId(visit.at["dv"])
    return _show(visit, old_exports.find_export(visit.services, visit.caller, unit))


def _show(visit: Visit, seen: OldExportSeen | None, error: RefusedError | None = None, **more: Any) -> Response:
    unit = UnitId(visit.at["dv"])
    at = f"/don-vi/{unit}/tiep-nhan"
    shell = visit.shell()
    keeps = shell is not None and visit.admin is None and any(hat.unit == unit for hat in shell.hats)
    values: dict[str, Any] = {"seen": seen, "dv": unit, "at": at, "told": None, "keeps": keeps}
    if seen is None:
        card = see_unit(visit.services, visit.caller, unit)
        is_admin = visit.admin is not None and visit.admin.unit == unit
        values |= {"unit_name": card.unit.name, "may_change": is_admin}
        template = "old_systems/read.html"
    else:
        values |= _list(visit, seen) | {"years": list_draft_years(visit.services, visit.caller, unit)}
        values |= {"observing": OBSERVING in menus.built, "unit_name": seen.unit_name}
        template = "old_systems/lists.html"
    values |= more
    return visit.render(template, **values) if error is None else visit.again(template, error, **values)


def _list(visit: Visit, seen: OldExportSeen) -> dict[str, Any]:
    counts = seen.count()
    asked = visit.query.get("muc", "") or visit.form.text("muc")
    here = asked if asked in (*_TABS, RIGHTS) else next((tab for tab, s in _TABS.items() if counts[s]), "chac-chan")
    rows = [m for m in seen.matches if m.standing is _TABS.get(here)]
    whole = len(seen.lines) if here == RIGHTS else len(rows)
    sent = visit.query.get("tu", "")
    start = int(sent) if sent.isascii() and sent.isdigit() and len(sent) < 6 else 0  # noqa: PLR2004

    def page(there: int) -> str:
        return "?" + urlencode({"muc": here, "tu": there})

    tabs = [OldTab(f"?muc={tab}", _said(STANDING_SAID[s]), counts[s], here == tab) for tab, s in _TABS.items()]
    return {
        "here": here,
        "tabs": [*tabs, OldTab(f"?muc={RIGHTS}", t("Quyền và văn bản"), len(seen.lines), here == RIGHTS)],
        "rows": rows[start : start + PAGE],
        "lines": seen.lines[start : start + PAGE],
        "papers": seen.count_papers(),
        "first": min(start + 1, whole),
        "last": min(start + PAGE, whole),
        "total": whole,
        "before": page(max(0, start - PAGE)) if start else "",
        "after": page(start + PAGE) if start + PAGE < whole else "",
        "reason": lambda m: _said(REASON_SAID[m.reason]),
        "paper": lambda state: (_said(PAPER_SAID[state]), *_PILLS[state]),
        "chosen": _chosen,
        "picking": visit.query.get("chon", ""),
        "everybody": sorted(seen.names.items(), key=lambda known: name_key(known[1])),
        "page_at": page(start),
    }


def _chosen(match: RowMatch) -> str:
    """What is chosen in a row's field."""
    if match.decision is None:
        return ""
    return match.decision.person or str(match.decision.choice)


@router.act("/don-vi/{dv}/tiep-nhan", hat=Hat.ADMIN)
def take_over(visit: Visit) -> Response:
    """Read a list; say whom rows are about; record ids; fill the grid; forget the list."""
    acts = {"doc": _read, "quyet": _decide, "ma-xem": _ask_ids, "ma": _take_ids, "bang": _carry, "quen": _drop}
    act = acts.get(visit.form.text("lam"))
    try:
        if act is None:
            raise InvalidError("press one of the buttons")
        return act(visit)
    except RefusedError as error:
        seen = old_exports.find_export(visit.services, visit.caller, UnitId(visit.at["dv"]))
        return _show(visit, seen, error)


def _back(visit: Visit) -> str:
    here = visit.form.text("muc")
    return visit.request.url.path + (f"?muc={here}" if here in (*_TABS, RIGHTS) else "")


def _read(visit: Visit) -> Response:
    file = visit.form.file("tep")
    if file is None:
        raise InvalidError("choose a file")
    seen = old_exports.read_export(
        visit.services,
        visit.caller,
        UnitId(visit.at["dv"]),
        system=visit.form.text("he_thong"),
        name=file.name,
        content=file.data,
    )
    return visit.redirect(visit.request.url.path, "Đã đọc {n} tài khoản.", n=len(seen.matches))


def _decide(visit: Visit) -> Response:
    said = []
    for name, values in visit.form.fields.items():
        field, _, key = name.partition(".")
        if field == "chon" and key and values[0] != visit.form.text(f"cu.{key}"):
            said.append(_read_choice(key, values[0]))
    if said:
        old_exports.decide_rows(visit.services, visit.caller, UnitId(visit.at["dv"]), said)
    return visit.redirect(_back(visit), "Đã ghi {n} xác nhận.", n=len(said))


def _read_choice(key: str, value: str) -> SaidOfRow:
    if not value:
        return SaidOfRow(key, None)
    if value in (OldChoice.NEW, OldChoice.NOBODY):
        return SaidOfRow(key, OldChoice(value))
    return SaidOfRow(key, OldChoice.PERSON, PersonId(value))


def _ask_ids(visit: Visit) -> Response:
    unit = UnitId(visit.at["dv"])
    told = rehearse(visit.services, lambda s: carrying_over.take_ids(s, visit.caller, unit)).answer
    return _show(visit, old_exports.show_export(visit.services, visit.caller, unit), told=told)


def _take_ids(visit: Visit) -> Response:
    done = carrying_over.take_ids(visit.services, visit.caller, UnitId(visit.at["dv"]))
    said = (
        "Đã ghi {n} mã." if not done.refused else "Đã ghi {n} mã; {m} mã không ghi được vì đã ghi cho người khác."
    )
    return visit.redirect(_back(visit), said, n=len(done.new), m=len(done.refused))


def _carry(visit: Visit) -> Response:
    unit = UnitId(visit.at["dv"])
    year = list_draft_years(visit.services, visit.caller, unit, visit.form.text("nam")).chosen
    if year is None:
        raise InvalidError("no school year is open")
    done = carrying_over.carry_into_grid(visit.services, visit.caller, unit, year)
    said = "Đã đưa {n} người vào bảng; {m} người đã có dòng, giữ nguyên."
    return visit.redirect(f"/don-vi/{unit}/phan-quyen?nam={year}", said, n=done.added, m=done.already)


def _drop(visit: Visit) -> Response:
    old_exports.drop_export(visit.services, visit.caller, UnitId(visit.at["dv"]))
    return visit.redirect(visit.request.url.path, "Đã xoá danh sách; các xác nhận được giữ.")


@router.show("/don-vi/{dv}/tiep-nhan/doi-chieu.xlsx")
def save_old_rights(visit: Visit) -> Response:
    """Rights beside paper, and whose accounts are, as a workbook."""
    seen = old_exports.show_export(visit.services, visit.caller, UnitId(visit.at["dv"]))
    content = write_old_rights(seen, visit.services.db.now())
    named = {"Content-Disposition": 'attachment; filename="doi-chieu-quyen.xlsx"'}
    return Response(content, media_type=XLSX, headers={**HEADERS, **named})
