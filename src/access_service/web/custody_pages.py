"""A unit's admin account: who operates it, giving it; one account: its state, and getting back in."""

from typing import Any

from starlette.responses import Response

from access_service.domain.errors import InvalidError, NotFoundError, RefusedError
from access_service.domain.names import AccountId, PersonId, UnitId
from access_service.domain.reasons import Refusal
from access_service.domain.time import local
from access_service.usecases.evidence.admin_accounts import see_account, see_custody
from access_service.usecases.evidence.one_right import authorities_seen
from access_service.usecases.handover.documents import propose_custody
from access_service.usecases.identity.recoveries import ask_recovery
from access_service.usecases.tasks.unit_cards import see_unit
from access_service.web.cookies import Hat
from access_service.web.page import PageRouter, Visit
from access_service.web.phrases import t
from access_service.web.signing_in import SECOND, read_second

router = PageRouter()
PLACE = "/don-vi/{dv}/tai-khoan-quan-tri"
HOLDER_WORDS = {
    "head": "thủ trưởng",
    "deputy_in_charge": "cấp phó phụ trách",
    "officer": "cán bộ phụ trách",
}


@router.show(PLACE)
def show_custody(visit: Visit) -> Response:
    """Who operates it, since when, by which paper; and everybody before."""
    found = see_custody(visit.services, visit.caller, UnitId(visit.at["dv"]))
    return visit.render("custody/one.html", found=found, holder_words=HOLDER_WORDS)


@router.act(PLACE, hat=Hat.ADMIN)
def give_custody(visit: Visit) -> Response:
    """Prepare the minutes that hand the account over; both sides sign them."""
    unit, receiver = UnitId(visit.at["dv"]), visit.form.text("nguoi")
    try:
        if not receiver:
            raise InvalidError("say who")
        made = propose_custody(
            visit.services,
            visit.caller,
            unit=unit,
            receiver=PersonId(receiver),
            number=visit.form.text("so"),
            dated=local(visit.services.db.now()).date(),
        )
    except NotFoundError:
        raise
    except RefusedError as error:
        found = see_custody(visit.services, visit.caller, unit)
        return visit.again("custody/one.html", error, found=found, holder_words=HOLDER_WORDS)
    return visit.redirect(f"/van-ban/{made.id}", "Đã lập biên bản giao tài khoản quản trị, chờ hai bên ký.")


@router.show("/tai-khoan/{id}")
def show_account(visit: Visit) -> Response:
    """One account: its holder, its state, what can be done."""
    return _show_account(visit, None)


def _show_account(visit: Visit, error: RefusedError | None, status: int = 200, /, **more: Any) -> Response:
    found = see_account(visit.services, visit.caller, AccountId(visit.at["id"]))
    values: dict[str, Any] = {"found": found, "asked": None, "more": "", "passkey": None} | more
    if error is not None:
        return visit.again("custody/account.html", error, **values)
    return visit.render("custody/account.html", status, **values)


@router.act("/tai-khoan/{id}", is_once=False)
def recover(visit: Visit) -> Response:
    """Ask for a one-time code for the holder; it is shown once, on this page, and opens after a second word."""
    form = visit.form
    try:
        asked = ask_recovery(
            visit.services,
            visit.caller,
            AccountId(visit.at["id"]),
            password=form.text("mat_khau"),
            second=read_second(form),
            reset_second_factor=form.has("mat_thiet_bi"),
        )
    except RefusedError as error:
        if error.code is Refusal.NOT_FOUND:
            raise
        if error.code is Refusal.SECOND_FACTOR_REQUIRED:
            passkey = error.details if "challenge" in error.details else None
            return _show_account(visit, None, 401, more=t(SECOND), passkey=passkey)
        return _show_account(visit, error)
    return _show_account(visit, None, asked=asked)


@router.show("/don-vi/{dv}/tham-quyen")
def show_authorities(visit: Visit) -> Response:
    """What the unit may hand down, by which decision, until when."""
    unit = UnitId(visit.at["dv"])
    found = authorities_seen(visit.services, visit.caller, unit)
    card = see_unit(visit.services, visit.caller, unit)
    return visit.render("custody/authorities.html", found=found, unit=card.unit)
