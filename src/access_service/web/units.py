"""A unit, its people and accounts, and the units below with their progress."""

from urllib.parse import urlencode

from starlette.responses import Response

from access_service.domain.errors import RefusedError
from access_service.domain.names import AccountState, EducationLevel, UnitId
from access_service.domain.progress import PersonMark
from access_service.rendering.units_sheet import write_units
from access_service.usecases.evidence.people import PAGE, accounts_of, people_of
from access_service.usecases.tasks.unit_cards import see_unit
from access_service.usecases.tasks.units_below import Showing, UnitsBelow, remind, units_below
from access_service.web.page import PageRouter, Visit
from access_service.web.rendered import HEADERS
from access_service.web.unit_words import levels_shown, marks_shown, showings_shown

router = PageRouter()
ACCOUNTS = "tai-khoan"
"""The list of accounts beside that of people."""
MOST_UNITS = 10_000
"""In one sheet: more than any province has."""
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
MOST_DIGITS = 7
"""Of the number of a line in a list."""


@router.show("/don-vi/{dv}")
def show_unit(visit: Visit) -> Response:
    """Who operates its account, who heads it, what it stands under, how far it has come."""
    return visit.render("units/one.html", card=see_unit(visit.services, visit.caller, UnitId(visit.at["dv"])))


@router.act("/don-vi/{dv}/nhac")
def remind_one(visit: Visit) -> Response:
    """Remind this one unit."""
    unit = UnitId(visit.at["dv"])
    try:
        done = remind(visit.services, visit.caller, [unit], visit.form.text("noi_dung"))
    except RefusedError as error:
        card = see_unit(visit.services, visit.caller, unit)
        return visit.again("units/one.html", error, card=card)
    said = "Đơn vị đã được nhắc trong ngày; không nhắc lại." if done.already else "Đã nhắc đơn vị."
    return visit.redirect(f"/don-vi/{unit}", said)


def _start(visit: Visit) -> int:
    asked = visit.query.get("tu", "")
    return int(asked) if asked.isascii() and asked.isdigit() and len(asked) <= MOST_DIGITS else 0


def _pages(visit: Visit, start: int, total: int, filters: dict[str, str]) -> dict[str, object]:
    """What the pager shows, with addresses that keep every filter."""
    kept = {name: value for name, value in filters.items() if value}
    path = visit.request.url.path

    def at(there: int) -> str:
        question = urlencode(kept | ({"tu": str(there)} if there else {}))
        return f"{path}?{question}" if question else path

    return {
        "first": min(start + 1, total),
        "last": min(start + PAGE, total),
        "total": total,
        "before": at(max(0, start - PAGE)) if start else "",
        "after": at(start + PAGE) if start + PAGE < total else "",
    }


@router.show("/don-vi/{dv}/nguoi")
def show_people(visit: Visit) -> Response:
    """The people of a unit, or its accounts."""
    unit, query = UnitId(visit.at["dv"]), visit.query.get("q", "").strip()
    show = _show_accounts if visit.query.get("muc") == ACCOUNTS else _show_people
    return show(visit, unit, query)


def _show_people(visit: Visit, unit: UnitId, query: str) -> Response:
    mark = next((m for m in PersonMark if m == visit.query.get("chi")), None)
    start = _start(visit)
    found = people_of(visit.services, visit.caller, unit, query=query, mark=mark, start=start)
    filters = {"q": query, "chi": "" if mark is None else str(mark)}
    return visit.render(
        "units/people.html",
        found=found,
        unit=found.unit,
        query=query,
        mark=mark,
        tabs=marks_shown(found.marks, mark, query),
        pages=_pages(visit, start, found.listed.total, filters),
    )


def _show_accounts(visit: Visit, unit: UnitId, query: str) -> Response:
    state = next((s for s in AccountState if s == visit.query.get("trang_thai")), None)
    start = _start(visit)
    found = accounts_of(visit.services, visit.caller, unit, query=query, state=state, start=start)
    filters = {"muc": ACCOUNTS, "q": query, "trang_thai": "" if state is None else str(state)}
    return visit.render(
        "units/accounts.html",
        found=found,
        unit=see_unit(visit.services, visit.caller, unit).unit,
        query=query,
        state_asked=state,
        states=tuple(AccountState),
        pages=_pages(visit, start, found.total, filters),
    )


def _below(
    visit: Visit, start: int = 0, most: int = PAGE
) -> tuple[UnitsBelow, Showing, EducationLevel | None, str]:
    showing = next((s for s in Showing if s == visit.query.get("chi")), Showing.ALL)
    level = next((x for x in EducationLevel if x == visit.query.get("cap")), None)
    asked = visit.query.get("q", "").strip()
    unit, lines = UnitId(visit.at["dv"]), {"start": start, "most": most}
    found = units_below(visit.services, visit.caller, unit, query=asked, showing=showing, level=level, **lines)
    return found, showing, level, asked


def _values(visit: Visit) -> dict[str, object]:
    start = _start(visit)
    found, showing, level, query = _below(visit, start)
    filters = {"chi": "" if showing is Showing.ALL else str(showing), "cap": str(level or ""), "q": query}
    return {
        "found": found,
        "card": see_unit(visit.services, visit.caller, UnitId(visit.at["dv"])),
        "query": query,
        "showing": showing,
        "level": level,
        "levels": levels_shown(),
        "tabs": showings_shown(found.sums, showing, {"cap": filters["cap"], "q": query}),
        "pages": _pages(visit, start, found.total, filters),
        "question": visit.request.url.query,
    }


@router.show("/don-vi/{dv}/truc-thuoc")
def show_below(visit: Visit) -> Response:
    """Every unit below, the worst first."""
    return visit.render("units/below.html", **_values(visit))


@router.show("/don-vi/{dv}/truc-thuoc/bang.xlsx")
def save_below(visit: Visit) -> Response:
    """Everything that the filter finds, as a sheet."""
    found = _below(visit, most=MOST_UNITS)[0]
    card = see_unit(visit.services, visit.caller, UnitId(visit.at["dv"]))
    content = write_units(found, card.unit.name, visit.services.db.now())
    named = {"Content-Disposition": 'attachment; filename="don-vi-truc-thuoc.xlsx"'}
    return Response(content, media_type=XLSX, headers={**HEADERS, **named})


@router.act("/don-vi/{dv}/truc-thuoc")
def remind_many(visit: Visit) -> Response:
    """Remind the units that were ticked, or all that the filter finds."""
    is_all = visit.form.text("tat_ca") == "1"
    units = (
        list(_below(visit)[0].chosen) if is_all else [UnitId(unit) for unit in visit.form.fields.get("chon", ())]
    )
    if not units:
        return visit.redirect(visit.path, "Chưa chọn đơn vị nào để nhắc.")
    try:
        done = remind(visit.services, visit.caller, units, visit.form.text("noi_dung"))
    except RefusedError as error:
        return visit.again("units/below.html", error, **_values(visit))
    if done.already:
        said = "Đã nhắc {n} đơn vị. {m} đơn vị đã được nhắc trong ngày nên không nhắc lại."
        return visit.redirect(visit.path, said, n=len(done.reminders), m=len(done.already))
    return visit.redirect(visit.path, "Đã nhắc {n} đơn vị.", n=len(done.reminders))
