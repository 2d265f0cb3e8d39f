"""What was recorded wrongly is set right: a name, a class, a duty, a school year; beside it what was known."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, TypeVar

from starlette.responses import Response

from access_service.domain import words
from access_service.domain.correcting import DutyChanges, read_charge, read_subjects
from access_service.domain.drafting_ground import taught_in_words
from access_service.domain.errors import NotFoundError, RefusedError
from access_service.domain.names import AssignmentId, ClassId, EducationLevel, PersonId, UnitId
from access_service.domain.org import Assignment, SchoolClass
from access_service.domain.time import local, start_of_day
from access_service.domain.waiting import WaitingAct
from access_service.domain.wording import subject_in_words
from access_service.usecases.consequences import as_shown, consequences_of
from access_service.usecases.organisation import correcting
from access_service.usecases.organisation.corrections_seen import (
    ClassToCorrect,
    DutyToCorrect,
    EarlierVersion,
    NameToCorrect,
    YearToCorrect,
    class_to_correct,
    duty_to_correct,
    name_to_correct,
    years_to_correct,
)
from access_service.usecases.services import Services
from access_service.web.consequences import HOWS, MATTERS
from access_service.web.cookies import Hat
from access_service.web.page import PageRouter, Visit
from access_service.web.phrases import day, t
from access_service.web.unit_words import level_word

router = PageRouter()
NAME, DUTY = "/nguoi/{id}/dinh-chinh", "/phan-cong/{id}/dinh-chinh"
CLASS = "/don-vi/{dv}/lop/{lop}/dinh-chinh"
YEARS, YEAR = "/don-vi/{dv}/cac-nam-hoc", "/don-vi/{dv}/cac-nam-hoc/{nam}"
T = TypeVar("T")
PartsSaid = Sequence[tuple[str, str]]
"""A word for each part, and what stands there."""


@dataclass(frozen=True, slots=True)
class WasKnown:
    """One earlier version, in words."""

    said: PartsSaid
    earlier: EarlierVersion[Any]


def _known(earlier: Iterable[EarlierVersion[T]], say: Callable[[T], PartsSaid]) -> list[WasKnown]:
    return [WasKnown(say(one.value), one) for one in earlier]


# -- a name


@router.show(NAME)
def show_name(visit: Visit) -> Response:
    """The name as it stands, and as it stood."""
    return visit.render("corrections/name.html", **_name(visit))


def _name(visit: Visit) -> dict[str, Any]:
    found: NameToCorrect = name_to_correct(visit.services, visit.caller, PersonId(visit.at["id"]))
    return {"found": found, "known": _known(found.earlier, lambda p: [(t("Họ và tên"), p.name)])}


@router.act(NAME)
def correct_name(visit: Visit) -> Response:
    """Write the name as it is."""
    person, form = PersonId(visit.at["id"]), visit.form
    try:
        correcting.correct_name(
            visit.services, visit.caller, person, name=form.text("ten"), reason=form.text("ly_do")
        )
    except NotFoundError:
        raise
    except RefusedError as error:
        return visit.again("corrections/name.html", error, **_name(visit))
    return visit.redirect(f"/nguoi/{person}", "Đã đính chính họ tên. Văn bản đã ký giữ nguyên lời văn.")


# -- a class


@router.show(CLASS, hat=Hat.ADMIN)
def show_class(visit: Visit) -> Response:
    """The class as it stands, and as it stood."""
    return visit.render("corrections/class.html", **_class(visit))


def _class(visit: Visit) -> dict[str, Any]:
    found: ClassToCorrect = class_to_correct(visit.services, visit.caller, ClassId(visit.at["lop"]))
    if found.unit.id != visit.at["dv"]:
        raise NotFoundError("class", visit.at["lop"])
    levels = [(str(level), level_word(level)) for level in EducationLevel if level in found.unit.levels]
    return {"found": found, "levels": levels, "known": _known(found.earlier, _say_class)}


def _say_class(value: SchoolClass) -> PartsSaid:
    return [(t("Tên lớp"), value.name), (t("Cấp học"), level_word(value.level)), (t("Khối"), value.grade)]


@router.act(CLASS, hat=Hat.ADMIN)
def correct_class(visit: Visit) -> Response:
    """Write the class as it should have been entered."""
    id_, form = ClassId(visit.at["lop"]), visit.form
    values = _class(visit)
    stands = values["found"].school_class
    try:
        level = next((x for x in EducationLevel if x == form.text("cap")), None)
        correcting.correct_class(
            visit.services,
            visit.caller,
            id_,
            reason=form.text("ly_do"),
            name=_other(form.text("ten"), stands.name, words.line),
            level=None if level == stands.level else level,
            grade=_other(form.text("khoi"), stands.grade, words.line),
        )
    except NotFoundError:
        raise
    except RefusedError as error:
        return visit.again("corrections/class.html", error, **values)
    return visit.redirect(f"/don-vi/{stands.school}/lop?nam_hoc={stands.school_year}", "Đã đính chính lớp.")


def _other(typed: str, shown: str, read: Callable[[str], T]) -> T | None:
    """What was typed where it differs from what was shown; None where it stays."""
    return None if typed in ("", shown) else read(typed)


# -- a duty


@router.show(DUTY)
def show_duty(visit: Visit) -> Response:
    """The duty as it stands, and as it stood."""
    return visit.render("corrections/duty.html", **_duty(visit))


def _duty(visit: Visit) -> dict[str, Any]:
    found: DutyToCorrect = duty_to_correct(visit.services, visit.caller, AssignmentId(visit.at["id"]))
    return {
        "found": found,
        "shown": _shown(found.duty),
        "known": _known(found.earlier, _say_duty),
        "matters": MATTERS,
        "hows": HOWS,
        "told": None,
    }


def _shown(duty: Assignment) -> dict[str, str]:
    """The fields as they are filled in at first."""
    pairs = duty.classes or frozenset()
    return {
        "so": duty.decision_number,
        "ngay_quyet_dinh": day(duty.decision_date),
        "tu_ngay": day(duty.valid_from),
        "chu_nhiem": _homerooms(duty),
        "day": taught_in_words([pair for pair in pairs if pair[1]]),
        "mon": _subjects(duty),
    }


def _homerooms(duty: Assignment) -> str:
    return ", ".join(sorted(id_.rpartition(":")[2] for id_, subject in duty.classes or () if not subject))


def _subjects(duty: Assignment) -> str:
    return ", ".join(sorted(subject_in_words(s) for s in duty.subjects or ()))


def _say_duty(duty: Assignment) -> PartsSaid:
    shown = _shown(duty)
    levels = ", ".join(level_word(level) for level in EducationLevel if level in (duty.levels or ()))
    said = [
        (t("Số quyết định"), shown["so"]),
        (t("Ngày quyết định"), shown["ngay_quyet_dinh"]),
        (t("Từ ngày"), shown["tu_ngay"]),
        (t("Chủ nhiệm"), shown["chu_nhiem"]),
        (t("Dạy môn, lớp"), shown["day"]),
        (t("Môn"), shown["mon"]),
        (t("Cấp học"), levels),
    ]
    return [(word, text) for word, text in said if text]


@router.act(DUTY)
def correct_duty(visit: Visit) -> Response:
    """What falls with it is shown first, where anything does; then it is done, held to what was shown."""
    values = _duty(visit)
    found, form = values["found"], visit.form

    def run(services: Services) -> Assignment | WaitingAct:
        changes = _changes(visit, found, values["shown"])
        return correcting.correct_duty(services, visit.caller, found.duty.id, changes, reason=form.text("ly_do"))

    try:
        if form.has("da_xem"):
            done = run(as_shown(visit.services, form.text("da_xem")))
        else:
            values["told"] = consequences_of(visit.services, run)
            if values["told"].falls:
                return visit.render("corrections/duty.html", **values)
            done = run(as_shown(visit.services, values["told"].digest))
    except NotFoundError:
        raise
    except RefusedError as error:
        return visit.again("corrections/duty.html", error, **values)
    if isinstance(done, WaitingAct):
        return visit.redirect(f"/nguoi/{found.duty.person}", "Đã chuẩn bị đính chính, chờ lãnh đạo xác nhận.")
    return visit.redirect(f"/nguoi/{found.duty.person}", "Đã đính chính phân công.")


def _changes(visit: Visit, found: DutyToCorrect, shown: dict[str, str]) -> DutyChanges:
    """What was typed and differs from what was shown; the rest stays as it is."""
    form, duty = visit.form, found.duty
    day_of = _other(form.text("tu_ngay"), shown["tu_ngay"], words.day)
    classes = subjects = levels = None
    if duty.classes is not None and any(form.text(name) != shown[name] for name in ("chu_nhiem", "day")):
        classes = read_charge(form.text("chu_nhiem"), form.text("day"), found.classes)
    if duty.subjects is not None and form.text("mon") != shown["mon"]:
        subjects = read_subjects(form.text("mon"))
    if duty.levels is not None:
        ticked = frozenset(level for level in EducationLevel if level in form.all("cap"))
        levels = None if ticked == duty.levels else ticked
    number = _other(form.text("so"), shown["so"], words.identifier)
    dated: date | None = _other(form.text("ngay_quyet_dinh"), shown["ngay_quyet_dinh"], words.day)
    return DutyChanges(
        decision_number=number,
        decision_date=dated,
        valid_from=None if day_of is None else start_of_day(day_of),
        classes=classes,
        subjects=subjects,
        levels=levels,
    )


# -- school years


@router.show(YEARS, hat=Hat.ADMIN)
def show_years(visit: Visit) -> Response:
    """Every school year with its dates."""
    return visit.render("corrections/years.html", **_years(visit))


@router.show(YEAR, hat=Hat.ADMIN)
def show_year(visit: Visit) -> Response:
    """One, to be set right."""
    return visit.render("corrections/year.html", **_year(visit))


def _years(visit: Visit) -> dict[str, Any]:
    unit = UnitId(visit.at["dv"])
    return {"dv": unit, "years": years_to_correct(visit.services, visit.caller, unit)}


def _year(visit: Visit) -> dict[str, Any]:
    values = _years(visit)
    found = next((one for one in values["years"] if one.year.id == visit.at["nam"]), None)
    if found is None:
        raise NotFoundError("school year", visit.at["nam"])
    shown = _say_year(found)
    known = [
        WasKnown(((t("Bắt đầu"), day(one.value.starts_at)), (t("Khoá từ ngày"), day(one.value.closes_at))), one)
        for one in found.earlier
    ]
    return values | {"found": found, "shown": shown, "known": known}


def _say_year(found: YearToCorrect) -> dict[str, str]:
    return {"tu_ngay": day(found.year.starts_at), "den_ngay": day(found.year.closes_at)}


@router.act(YEAR, hat=Hat.ADMIN)
def correct_year(visit: Visit) -> Response:
    """Prepare the right dates: a second person of the leadership confirms them."""
    values, form = _year(visit), visit.form
    stands = values["found"].year
    try:
        correcting.correct_school_year(
            visit.services,
            visit.caller,
            stands.id,
            starts_on=_other(form.text("tu_ngay"), values["shown"]["tu_ngay"], words.day)
            or local(stands.starts_at).date(),
            closes_on=_other(form.text("den_ngay"), values["shown"]["den_ngay"], words.day)
            or local(stands.closes_at).date(),
            reason=form.text("ly_do"),
        )
    except NotFoundError:
        raise
    except RefusedError as error:
        return visit.again("corrections/year.html", error, **values)
    return visit.redirect(
        f"/don-vi/{values['dv']}/cac-nam-hoc", "Đã chuẩn bị đính chính năm học, chờ người thứ hai xác nhận."
    )
