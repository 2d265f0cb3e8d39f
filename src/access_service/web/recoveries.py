"""A recovery that waits: stopped by whom it concerns, or confirmed by a second person."""

from starlette.responses import Response

from access_service.domain import words
from access_service.domain.errors import RefusedError
from access_service.usecases.identity.recoveries import approve_recovery, stop_recovery
from access_service.usecases.identity.recovery_seen import read_recovery
from access_service.web.cookies import Hat
from access_service.web.page import PageRouter, Visit

router = PageRouter()


@router.show("/khoi-phuc/{id}", hat=Hat.PERSONAL)
def show_recovery(visit: Visit) -> Response:
    """Whose account, who asked, when the code opens, and what can still be done."""
    return visit.render("recoveries/one.html", found=read_recovery(visit.services, visit.caller, visit.at["id"]))


@router.act("/khoi-phuc/{id}/dung", hat=Hat.PERSONAL)
def stop(visit: Visit) -> Response:
    """Somebody whom it concerns does not want it."""
    id_ = visit.at["id"]
    try:
        stop_recovery(visit.services, visit.caller, id_, reason=words.prose(visit.form.text("ly_do")))
    except RefusedError as error:
        found = read_recovery(visit.services, visit.caller, id_)
        return visit.again("recoveries/one.html", error, found=found)
    return visit.redirect(f"/khoi-phuc/{id_}", "Đã dừng việc khôi phục. Mã kích hoạt không còn dùng được.")


@router.act("/khoi-phuc/{id}/xac-nhan", hat=Hat.PERSONAL)
def confirm(visit: Visit) -> Response:
    """The second person confirms, with their own password."""
    id_ = visit.at["id"]
    try:
        approve_recovery(visit.services, visit.caller, id_, password=visit.form.text("mat_khau"))
    except RefusedError as error:
        found = read_recovery(visit.services, visit.caller, id_)
        return visit.again("recoveries/one.html", error, found=found)
    return visit.redirect(f"/khoi-phuc/{id_}", "Đã xác nhận. Mã kích hoạt dùng được từ bây giờ.")
