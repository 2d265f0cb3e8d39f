"""Who may agree that software draws data (rule 13): the department, or where a pack says so the managing unit."""

from access_service.domain import approving
from access_service.domain.names import UnitId
from access_service.usecases.services import Act, Caller


def as_department(doing: Act, unit: UnitId) -> Caller:
    """The caller operates the department's admin account, or `forbidden`; `unit` is what it is about."""
    caller = doing.require_caller()
    if not approving.is_department(doing.ground, caller):
        doing.check_visible(unit)
    approving.check_department(doing.ground, caller, unit)
    return caller


def as_approver(doing: Act, unit: UnitId) -> Caller:
    """The caller operates the admin account of whoever approves for `unit`."""
    caller = doing.require_caller()
    if not approving.approves(doing.ground, caller, unit):
        doing.check_visible(unit)
    approving.check_approves(doing.ground, caller, unit)
    return caller
