"""Which clock is believed: a table of leaps, gaps and databases, in microseconds."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from access_service.domain.clock import BOUND, ClockReading, check_recorded, check_steady, check_together
from access_service.domain.errors import ClockError

NOW = datetime(2026, 11, 30, 8, 0, tzinfo=UTC)
GAP = timedelta(days=7)
BEGUN = ClockReading(NOW, 1000.0)
SECOND = timedelta(seconds=1)


@pytest.mark.parametrize("ran", [0.0, 3600.0, 400 * 86400.0])
@pytest.mark.parametrize("off", [timedelta(0), BOUND, -BOUND])
def test_a_clock_that_runs_with_the_machine_is_believed(ran: float, off: timedelta) -> None:
    check_steady(BEGUN, ClockReading(NOW + timedelta(seconds=ran) + off, BEGUN.running + ran))


@pytest.mark.parametrize("ran", [0.0, 3600.0])
@pytest.mark.parametrize("off", [BOUND + SECOND, -BOUND - SECOND, timedelta(days=400), timedelta(days=-400)])
def test_a_clock_that_leapt_is_not(ran: float, off: timedelta) -> None:
    with pytest.raises(ClockError, match="leapt"):
        check_steady(BEGUN, ClockReading(NOW + timedelta(seconds=ran) + off, BEGUN.running + ran))


def test_two_clocks_are_together_within_the_bound() -> None:
    check_together(NOW, NOW + BOUND)
    check_together(NOW + BOUND, NOW)
    for off in (BOUND + SECOND, -BOUND - SECOND):
        with pytest.raises(ClockError, match="the database's"):
            check_together(NOW, NOW + off)


def test_a_record_ahead_of_the_clock_asks_to_be_mended() -> None:
    check_recorded(NOW, NOW, NOW + BOUND, GAP)
    with pytest.raises(ClockError, match="clock mend"):
        check_recorded(NOW, NOW, NOW + BOUND + SECOND, GAP)


def test_a_long_silence_before_the_start_asks_to_be_accepted() -> None:
    check_recorded(NOW, NOW, NOW - GAP, GAP)
    with pytest.raises(ClockError, match="clock accept"):
        check_recorded(NOW, NOW, NOW - GAP - SECOND, GAP)


def test_a_long_silence_while_the_process_runs_is_a_summer() -> None:
    """The clock was believed at the start and ran with the machine since: nothing speaks against it."""
    check_recorded(NOW, NOW + timedelta(days=90), NOW - SECOND, GAP)
