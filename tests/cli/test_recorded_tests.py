"""`policy test --record`: what the tests of a pack came to stands in the log of the register that has it."""

from __future__ import annotations

from typing import Any

from access_service.domain.names import RegisterId
from access_service.storage.audit import LogFilter, events
from access_service.storage.db import Database
from access_service.usecases.services import system_clock
from cli.test_commands import FOUNDING, ROOT, init, run, url

__all__ = ["run", "url"]


def test_the_results_are_an_event_and_only_of_a_pack_that_the_register_has(url: str, run: Any) -> None:
    assert init() == 0
    assert run("policy", "test", str(ROOT / "policy" / "base"), "--record").status == 0
    assert run("policy", "test", str(ROOT / "policy" / "hai-duong"), "--record").status != 0
    db = Database(url, system_clock)
    with db.connect() as connection:
        wanted = LogFilter(action="policy.test")
        (event,) = events(connection, RegisterId(FOUNDING["--register"]), wanted=wanted)
    db.close()
    cases: Any = (event.happening.details or {})["cases"]
    assert len(cases) > 5
    assert all(is_good for *_, is_good in cases)
    assert event.actor == "operator"
