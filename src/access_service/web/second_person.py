"""What waits for a second person, and what a new head confirms of the rights given before."""

from starlette.responses import Response

from access_service.domain.errors import RefusedError
from access_service.domain.names import UnitId
from access_service.usecases.evidence.earlier_rights import earlier_rights
from access_service.usecases.handover.delegation import confirm_grants
from access_service.usecases.second_person.confirming import confirm, decline
from access_service.usecases.second_person.shown_acts import acts_of_office
from access_service.web.cookies import Hat
from access_service.web.page import PageRouter, Visit
from access_service.web.waiting_words import act_word, page_of

router = PageRouter()
ACTS = "/don-vi/{dv}/cho-xac-nhan"
RIGHTS = "/don-vi/{dv}/xac-nhan-quyen"


def _acts(visit: Visit) -> dict[str, object]:
    found = acts_of_office(visit.services, visit.caller, UnitId(visit.at["dv"]))
    return {"found": found, "act_word": act_word, "page_of": page_of}


@router.show(ACTS)
def show_acts(visit: Visit) -> Response:
    """What waits for the office's leadership."""
    return visit.render("second_person/acts.html", **_acts(visit))


@router.act(ACTS, hat=Hat.PERSONAL)
def decide_act(visit: Visit) -> Response:
    """Confirm one act, or decline it: the button that was pressed says which."""
    form = visit.form
    try:
        if form.text("xac_nhan"):
            confirm(visit.services, visit.caller, form.text("xac_nhan"))
            said = "Đã xác nhận. Việc có hiệu lực từ bây giờ."
        else:
            decline(visit.services, visit.caller, form.text("tu_choi"))
            said = "Đã từ chối. Không có gì thay đổi."
    except RefusedError as error:
        return visit.again("second_person/acts.html", error, **_acts(visit))
    return visit.redirect(visit.path, said)


def _rights(visit: Visit) -> dict[str, object]:
    return {"found": earlier_rights(visit.services, visit.caller, UnitId(visit.at["dv"]))}


@router.show(RIGHTS)
def show_rights(visit: Visit) -> Response:
    """The rights that the head before gave and that are still in force."""
    return visit.render("second_person/rights.html", **_rights(visit))


@router.act(RIGHTS, hat=Hat.PERSONAL)
def confirm_rights(visit: Visit) -> Response:
    """The new head stands by all of them."""
    try:
        confirm_grants(visit.services, visit.caller, UnitId(visit.at["dv"]))
    except RefusedError as error:
        return visit.again("second_person/rights.html", error, **_rights(visit))
    return visit.redirect(visit.path, "Đã xác nhận các quyền do thủ trưởng trước cấp.")
