"""One person, or oneself: what may be done in sentences, by which right, on whose word; and one right alone."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from starlette.responses import Response

from access_service.domain import words
from access_service.domain.errors import RefusedError
from access_service.domain.names import ClassId, GrantId, PersonId, UnitId
from access_service.domain.scope import Scope
from access_service.domain.time import start_of_day
from access_service.usecases.consequences import as_shown, consequences_of
from access_service.usecases.evidence import one_right
from access_service.usecases.evidence.one_right import GrantPage
from access_service.usecases.evidence.people import see_person
from access_service.usecases.evidence.reading import read_me
from access_service.usecases.evidence.rights import rights_of
from access_service.usecases.handover import delegation, returns
from access_service.usecases.organisation.corrections_seen import may_correct_name
from access_service.usecases.services import Services
from access_service.web.consequences import HOWS, MATTERS
from access_service.web.cookies import Hat
from access_service.web.page import PageRouter, Visit

router = PageRouter()


def _asked_day(visit: Visit) -> tuple[datetime | None, RefusedError | None]:
    """The instant that the field names; what cannot be read is said, and today shown."""
    text = visit.query.get("tai", "").strip()
    if not text:
        return None, None
    try:
        return words.instant(text), None
    except RefusedError as error:
        return None, error


@router.show("/toi", hat=Hat.PERSONAL)
def show_own(visit: Visit) -> Response:
    """My rights."""
    at, wrong = _asked_day(visit)
    me = read_me(visit.services, visit.caller)
    found = rights_of(visit.services, visit.caller, visit.caller.person, at=at)
    return _show(visit, wrong, me=me, seen=see_person(visit.services, visit.caller, found.person.id), found=found)


@router.show("/nguoi/{id}")
def show_person(visit: Visit) -> Response:
    """Somebody else's, for whoever acts for the unit."""
    at, wrong = _asked_day(visit)
    seen = see_person(visit.services, visit.caller, PersonId(visit.at["id"]))
    found = rights_of(visit.services, visit.caller, seen.person.id, at=at)
    return _show(visit, wrong, me=None, seen=seen, found=found)


def _show(visit: Visit, wrong: RefusedError | None, **values: Any) -> Response:
    values["asked"] = visit.query.get("tai", "")
    values["allowed"] = one_right.grants_allowed(visit.services, visit.caller, values["seen"].grants)
    person = values["seen"].person.id
    values["may_correct"] = values["me"] is None and may_correct_name(visit.services, visit.caller, person)
    values["titles"] = one_right.titles_of(visit.services, visit.caller, values["seen"].duties)
    if wrong is not None:
        return visit.again("rights/person.html", wrong, **values)
    return visit.render("rights/person.html", **values)


@router.show("/toi/tra-lai", hat=Hat.PERSONAL, leaving=True)
def show_hand_back(visit: Visit) -> Response:
    """Hand back what a unit gave."""
    return visit.render("rights/hand_back.html", units=one_right.units_to_hand_back(visit.services, visit.caller))


@router.act("/toi/tra-lai", hat=Hat.PERSONAL, leaving=True)
def hand_back(visit: Visit) -> Response:
    """Prepare the return minutes; the holder's signature on them ends the rights."""
    form = visit.form
    try:
        day = form.text("ngay")
        ends_at = start_of_day(words.day(day)) if day else None
        returns.hand_back(
            visit.services,
            visit.caller,
            UnitId(form.text("don_vi")),
            ends_at=ends_at,
            state_of_work=form.text("cong_viec") or None,
            files_left=form.text("tep") or None,
        )
    except RefusedError as error:
        units = one_right.units_to_hand_back(visit.services, visit.caller)
        return visit.again("rights/hand_back.html", error, units=units)
    return visit.redirect("/ky", "Đã lập biên bản bàn giao lại. Ký để hoàn tất.")


@router.show("/quyen/{id}")
def show_grant(visit: Visit) -> Response:
    """One right: the chain from the department down to its holder, papers, and what can be done with it."""
    found = one_right.see_grant(visit.services, visit.caller, GrantId(visit.at["id"]))
    return visit.render("rights/grant.html", found=found)


@router.show("/quyen/{id}/thu-hep")
def show_narrowing(visit: Visit) -> Response:
    """Which classes and acts stay, and until when."""
    found = one_right.see_grant(visit.services, visit.caller, GrantId(visit.at["id"]))
    return visit.render("rights/narrow.html", found=found, told=None, **_kept(visit, found))


def _kept(visit: Visit, found: GrantPage) -> dict[str, Any]:
    """What is ticked: everything at first, then what was sent."""
    form = visit.form
    is_first = visit.request.method != "POST"
    return {
        "kept_parts": set(found.part_ids) if is_first else set(form.all("lop")),
        "kept_actions": set(found.action_ids) if is_first else set(form.all("thao_tac")),
        "matters": MATTERS,
        "hows": HOWS,
    }


@router.act("/quyen/{id}/thu-hep")
def narrow(visit: Visit) -> Response:
    """First what it would do, then it is done, held to what was shown."""
    found = one_right.see_grant(visit.services, visit.caller, GrantId(visit.at["id"]))
    form, told = visit.form, None

    def run(services: Services) -> object:
        day = form.text("ngay")
        end = start_of_day(words.day(day)) if day else found.grant.valid_to
        return delegation.narrow_grant(
            services, visit.caller, found.grant.id, scope=_scope(visit, found), valid_to=end
        )

    try:
        if form.has("da_xem"):
            run(as_shown(visit.services, form.text("da_xem")))
            return visit.redirect(f"/nguoi/{found.person}", "Đã thu hẹp quyền.")
        told = consequences_of(visit.services, run)
    except RefusedError as error:
        return visit.again("rights/narrow.html", error, found=found, told=None, **_kept(visit, found))
    return visit.render("rights/narrow.html", found=found, told=told, **_kept(visit, found))


def _scope(visit: Visit, found: GrantPage) -> Scope:
    """The scope with what stayed ticked; an axis of which everything stays is left as it was."""
    kept, actions = frozenset(visit.form.all("lop")), frozenset(visit.form.all("thao_tac"))
    scope = found.grant.scope
    if found.part_ids and kept != frozenset(found.part_ids):
        pairs = {f"{class_id}|{subject}": (ClassId(class_id), subject) for class_id, subject in scope.classes or ()}
        scope = replace(
            scope,
            classes=frozenset(pairs[id_] for id_ in kept if id_ in pairs),
            levels=None,
            grades=None,
        )
    if actions != frozenset(found.action_ids):
        scope = replace(scope, actions=actions & frozenset(found.action_ids))
    return scope
