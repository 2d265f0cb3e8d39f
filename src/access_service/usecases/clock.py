"""The clock, looked at, accepted and mended by the operator (rule 15, rulings E)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from access_service.domain.audit import CLOCK_MENDED, instant
from access_service.domain.clock import check_accepted, check_mended
from access_service.domain.errors import ClockError, NotFoundError
from access_service.domain.names import RegisterId
from access_service.storage.audit import steps_back
from access_service.usecases.services import Services, operate


@dataclass(frozen=True, slots=True)
class ClockState:
    """What the clock says, and what speaks against it."""

    now: datetime
    recorded_at: datetime
    """When the register last recorded something."""
    doubt: str
    """Why acts and decisions wait; empty where they do not."""
    steps_back: tuple[int, ...]
    """Events recorded before the one in front of them, and no `clock.mend`: there should be none."""


def look_at_clock(services: Services, register: RegisterId) -> ClockState:
    """Is the clock believed? `NotFoundError` for an unknown register."""
    db = services.db
    doubt = ""
    try:
        found = db.counter(register)
    except ClockError as error:
        doubt, found = str(error), db.counter(register, whatever_is_recorded=True)
    if found is None:
        raise NotFoundError("register", register)
    with db.connect() as connection:
        back = tuple(steps_back(connection, register))
    return ClockState(db.now(), found.recorded_at, doubt, back)


def accept_clock(services: Services, register: RegisterId) -> ClockState:
    """The clock is right, nobody worked for a while: acts and decisions go on from now."""
    with operate(services, register, whatever_is_recorded=True) as doing:
        recorded = doing.tx.recorded_before
        check_accepted(recorded, doing.now)
        doing.tx.happened("clock.accept", register, **_span(recorded, doing.now))
        doing.tx.touches_everybody()
    return look_at_clock(services, register)


def mend_clock(services: Services, register: RegisterId) -> ClockState:
    """The clock was ahead when something was recorded and is right now: the record goes on from now.

    The only event that may be earlier than the one before it. What was recorded by the wrong clock stays as it is:
    who has to be asked about it is told by the audit log between the two instants.
    """
    with operate(services, register, whatever_is_recorded=True) as doing:
        recorded = doing.tx.recorded_before
        check_mended(recorded, doing.now)
        doing.tx.happened(CLOCK_MENDED, register, **_span(recorded, doing.now))
        doing.tx.touches_everybody()
    return look_at_clock(services, register)


def _span(recorded: datetime, now: datetime) -> dict[str, Any]:
    return {"from": instant(recorded), "to": instant(now)}
