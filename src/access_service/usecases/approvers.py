"""Who may agree that software draws data (rule 13): the department, or where a pack says so the managing unit."""

from access_service.domain.delegation import Authority
from access_service.domain.errors import RefusedError
from access_service.domain.names import AccountKind, UnitId
from access_service.domain.org import manager_of
from access_service.domain.policy import DEPARTMENT
from access_service.domain.reasons import Refusal
from access_service.usecases.services import Act, Caller, View


def roots_of(view: View) -> set[UnitId]:
    """The department: the unit whose authority nobody in the register gave."""
    return {a.unit for a in view.reader.find(Authority, parent=None) if view.now in a.interval}


def as_department(doing: Act, unit: UnitId) -> Caller:
    """The caller operates the department's admin account, or `forbidden`; `unit` is what it is about."""
    caller = doing.require_caller()
    if caller.kind is AccountKind.ADMIN and caller.unit in roots_of(doing):
        return caller
    doing.check_visible(unit)
    raise RefusedError(Refusal.FORBIDDEN, "that is for the department's admin account", unit=unit)


def as_approver(doing: Act, unit: UnitId) -> Caller:
    """The caller operates the admin account of whoever approves for `unit`: the pack's `[approvals] by`.

    The department, or the unit that manages the contracting one as the edges stand today.
    """
    if doing.pack_for(unit).approvals_by == DEPARTMENT:
        return as_department(doing, unit)
    caller, manager = doing.require_caller(), manager_of(doing.org, unit, doing.now)
    if caller.kind is AccountKind.ADMIN and caller.unit == (unit if manager is None else manager):
        return caller
    doing.check_visible(unit)
    raise RefusedError(Refusal.NOT_DIRECT_MANAGER, "that is for the unit that manages it", unit=unit)
