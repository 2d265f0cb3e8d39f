"""The classes of a school, who has charge of each, and another teacher for one."""

from typing import Any

from starlette.responses import Response

from access_service.domain import words
from access_service.domain.errors import InvalidError, NotFoundError, RefusedError
from access_service.domain.names import AssignmentId, ClassId, PersonId, UnitId
from access_service.domain.time import local
from access_service.usecases.consequences import as_shown, consequences_of
from access_service.usecases.evidence.school_classes import ClassCharge, ClassesPage, classes_with_charge
from access_service.usecases.organisation.homerooms import NewHomeroom, change_homeroom
from access_service.usecases.services import Services
from access_service.web.consequences import HOWS, MATTERS
from access_service.web.cookies import Hat
from access_service.web.page import PageRouter, Visit

router = PageRouter()
PLACE = "/don-vi/{dv}/lop/{lop}/chu-nhiem"


@router.show("/don-vi/{dv}/lop")
def show_classes(visit: Visit) -> Response:
    """The classes of a year."""
    year = visit.query.get("nam_hoc") or None
    found = classes_with_charge(visit.services, visit.caller, UnitId(visit.at["dv"]), year)
    return visit.render("classes/list.html", found=found)


def _one(visit: Visit) -> tuple[ClassesPage, ClassCharge]:
    id_ = ClassId(visit.at["lop"])
    year = id_.split(":")[1] if id_.count(":") > 1 else None
    found = classes_with_charge(visit.services, visit.caller, UnitId(visit.at["dv"]), year)
    for charge in found.classes:
        if charge.school_class.id == id_:
            return found, charge
    raise NotFoundError("class", id_)


def _values(visit: Visit, found: ClassesPage, charge: ClassCharge) -> dict[str, Any]:
    return {
        "found": found,
        "charge": charge,
        "matters": MATTERS,
        "hows": HOWS,
        "today": f"{local(visit.services.db.now()):%d/%m/%Y}",
        "told": None,
    }


@router.show(PLACE, hat=Hat.ADMIN)
def show_change(visit: Visit) -> Response:
    """Choose the new teacher, the decision and the day."""
    found, charge = _one(visit)
    return visit.render("classes/change.html", **_values(visit, found, charge))


@router.act(PLACE, hat=Hat.ADMIN)
def change(visit: Visit) -> Response:
    """First what it would do, then it is done, held to what was shown."""
    found, charge = _one(visit)
    values, form = _values(visit, found, charge), visit.form
    old = next((duty for duty, _ in charge.homeroom if duty.substitutes is None), None)

    def run(services: Services) -> NewHomeroom:
        if not form.text("nguoi"):
            raise InvalidError("say who")
        return change_homeroom(
            services,
            visit.caller,
            charge.school_class.id,
            PersonId(form.text("nguoi")),
            on=words.day(form.text("ngay")),
            decision_number=words.identifier(form.text("so")),
            replaces=None if old is None else AssignmentId(old.id),
            with_minutes=form.has("lap"),
        )

    try:
        if old is not None and not form.has("da_xem"):
            values["told"] = consequences_of(visit.services, run)
            return visit.render("classes/change.html", **values)
        done = run(as_shown(visit.services, form.text("da_xem") or None) if old is not None else visit.services)
    except RefusedError as error:
        return visit.again("classes/change.html", error, **values)
    place = f"/don-vi/{found.unit.id}/lop"
    if done.prepared is None:
        return visit.redirect(place, "Đã đổi chủ nhiệm. Chưa lập biên bản bàn giao.")
    return visit.redirect(place, "Đã đổi chủ nhiệm và lập biên bản bàn giao, chờ thủ trưởng ký.")
