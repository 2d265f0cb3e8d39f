"""After somebody left: accounts closed from a unit's list, many at once; and before: an end of duty undone."""

from typing import Any

from starlette.responses import Response

from access_service.domain.accounts import Account
from access_service.domain.errors import NotFoundError, RefusedError
from access_service.domain.names import AccountId, AssignmentId, UnitId
from access_service.usecases.consequences import as_shown, consequences_of
from access_service.usecases.evidence.leavers import leavers_of
from access_service.usecases.identity.closing import close_accounts
from access_service.usecases.organisation.corrections_seen import duty_to_correct
from access_service.usecases.organisation.undoing_ends import undo_end
from access_service.usecases.services import Services
from access_service.web.consequences import HOWS, MATTERS
from access_service.web.page import PageRouter, Visit

router = PageRouter()
CLOSE, UNDO = "/don-vi/{dv}/tai-khoan/dong", "/phan-cong/{id}/huy-thoi"


@router.show(CLOSE)
def show_leavers(visit: Visit) -> Response:
    """Whose account is open without a duty; those that may be closed are ticked, others say why not."""
    return visit.render("leavers/close.html", **_leavers(visit))


def _leavers(visit: Visit) -> dict[str, Any]:
    found = leavers_of(visit.services, visit.caller, UnitId(visit.at["dv"]))
    if visit.request.method == "POST":
        ticked = set(visit.form.all("chon"))
    else:
        ticked = {str(x.account.id) for x in found.leavers if x.may_close and visit.query.get("chon") == "het"}
    return {"found": found, "ticked": ticked, "told": None, "matters": MATTERS, "hows": HOWS}


@router.act(CLOSE)
def close_many(visit: Visit) -> Response:
    """First who and what falls, then all of them are closed, held to what was shown."""
    values, form, unit = _leavers(visit), visit.form, UnitId(visit.at["dv"])
    ids = [AccountId(id_) for id_ in form.all("chon")]

    def run(services: Services) -> list[Account]:
        return close_accounts(services, visit.caller, unit, ids, reason=form.text("ly_do"))

    try:
        if not form.has("da_xem") or form.has("xem_lai"):
            values["told"] = consequences_of(visit.services, run)
            return visit.render("leavers/close.html", **values)
        closed = run(as_shown(visit.services, form.text("da_xem")))
    except NotFoundError:
        raise
    except RefusedError as error:
        return visit.again("leavers/close.html", error, **values)
    return visit.redirect(f"/don-vi/{unit}/tai-khoan/dong", "Đã đóng {n} tài khoản.", n=len(closed))


@router.show(UNDO)
def show_end(visit: Visit) -> Response:
    """The end that is to come, and what goes on when it is undone."""
    return visit.render("leavers/undo.html", **_end(visit))


def _end(visit: Visit) -> dict[str, Any]:
    found = duty_to_correct(visit.services, visit.caller, AssignmentId(visit.at["id"]))
    return {"found": found}


@router.act(UNDO)
def undo(visit: Visit) -> Response:
    """The duty goes on as before."""
    values = _end(visit)
    duty = values["found"].duty
    try:
        undo_end(visit.services, visit.caller, duty.id, reason=visit.form.text("ly_do"))
    except NotFoundError:
        raise
    except RefusedError as error:
        return visit.again("leavers/undo.html", error, **values)
    return visit.redirect(f"/nguoi/{duty.person}", "Đã huỷ việc thôi nhiệm vụ. Mọi việc tiếp tục như trước.")
