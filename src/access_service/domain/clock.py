"""When a machine's clock is believed (rule 15). What leaps is refused, moves nothing, and is mended by a command.

Three witnesses speak against a clock: how long the machine has run since the process began, the database's clock
where that is another machine, and what a register last recorded.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from access_service.domain.errors import ClockError, InvalidError

BOUND = timedelta(minutes=5)
"""How far two clocks may be apart, or one may be set while the process runs."""
GAP_DAYS = 7
"""After so many days without a revision a process that starts does not take its clock for granted."""


@dataclass(frozen=True, slots=True)
class ClockReading:
    """The wall clock, and how long the machine has run, in seconds, sleep included."""

    wall: datetime
    running: float


def check_steady(begun: ClockReading, seen: ClockReading) -> None:
    """Raise `ClockError` where the wall clock moved further than the machine ran: somebody or something set it."""
    leap = seen.wall - begun.wall - timedelta(seconds=seen.running - begun.running)
    if abs(leap) > BOUND:
        raise ClockError(f"the machine's clock leapt by {_seconds(leap)} s; set it right, or start again if it is")


def check_together(now: datetime, database: datetime) -> None:
    """Raise `ClockError` where this machine's clock and the database's are apart."""
    if abs(now - database) > BOUND:
        raise ClockError(f"this machine's clock and the database's are {_seconds(now - database)} s apart")


def check_recorded(begun: datetime, now: datetime, recorded: datetime, gap: timedelta) -> None:
    """Raise `ClockError` where a register's newest revision speaks against the clock.

    It lies ahead of the clock, or lay further back than `gap` when this process began and nobody has recorded
    anything since: then either the clock is wrong or nobody worked, and only a person knows which.
    """
    if recorded - now > BOUND:
        raise ClockError(
            f"the register recorded something {_seconds(recorded - now)} s from now; set the clock right, or if it "
            "is, `access-service clock mend`"
        )
    if begun - recorded > gap:
        raise ClockError(
            f"nothing was recorded for {(begun - recorded).days} days before the start; if the clock is right, "
            "`access-service clock accept`"
        )


def check_accepted(recorded: datetime, now: datetime) -> None:
    """Refuse to take the clock for right where the register recorded something later than it says."""
    if recorded > now:
        raise InvalidError("the register recorded something later than now: that is mended, not accepted")


def check_mended(recorded: datetime, now: datetime) -> None:
    """Refuse to let the record step back where it is not ahead of the clock."""
    if recorded - now <= BOUND:
        raise InvalidError("nothing was recorded later than now: there is nothing to mend")


def _seconds(span: timedelta) -> int:
    return round(span.total_seconds())
