"""The registers of these tests were made long ago, and the commands run by the machine's clock."""

from __future__ import annotations

import pytest

from access_service.usecases.services import SystemClock


@pytest.fixture(autouse=True)
def clock_of_the_machine_is_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    """As a toy is: no command waits for `clock accept`, which `attacks/test_wrong_clock.py` is about."""
    monkeypatch.delattr(SystemClock, "running")
