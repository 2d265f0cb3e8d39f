"""Who may read the log of a register: an event names ids of every unit."""

from access_service.domain.errors import RefusedError
from access_service.domain.names import AccountKind, UnitId
from access_service.domain.reasons import Refusal
from access_service.domain.standing import head_at
from access_service.usecases.handover.inspection import inspects
from access_service.usecases.services import Caller, ReadView, Services


def check_reads_log(services: Services, seen: ReadView, caller: Caller) -> None:
    """Return for the root's custodian, its head, and inspectors of the root; everybody else is refused."""
    root = next(UnitId(str(row["root"])) for row in services.db.registers() if row["id"] == caller.register)
    is_custodian = caller.kind is AccountKind.ADMIN and caller.unit == root
    if not (is_custodian or _heads(seen, caller, root) or inspects(seen, caller.person, root)):
        raise RefusedError(Refusal.FORBIDDEN, "the log is read by the department", unit=root)


def _heads(seen: ReadView, caller: Caller, unit: UnitId) -> bool:
    if caller.kind is not AccountKind.USE:
        return False
    try:
        pack = seen.pack_for(unit)
    except RefusedError:
        return False
    head = head_at(seen.gather.heads_of(unit, pack), seen.now)
    return head is not None and head.person == caller.person
