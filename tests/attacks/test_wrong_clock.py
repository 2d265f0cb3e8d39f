"""The machine's clock is 400 days ahead: real processes refuse, nothing is recorded, a command mends it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from machine import Machine, furnished, wait_for

AHEAD = 400 * 86400


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    made, services, _ = furnished(tmp_path, f"sqlite:///{tmp_path}/thu.db")
    services.db.close()
    return made


def test_a_clock_that_leaps_while_the_server_runs_stops_every_decision_until_it_is_back(machine: Machine) -> None:
    before = machine.recorded()
    with machine.serving() as port:
        assert machine.status(port) == 200
        machine.set_clock(AHEAD)
        wait_for(lambda: machine.status(port) == 503)
        assert machine.status(port, "/readyz") == 503
        assert machine.status(port) == 503
        machine.set_clock(0)
        wait_for(lambda: machine.status(port) == 200)
        assert machine.status(port, "/readyz") == 200
    assert machine.recorded() == before


def test_a_process_that_starts_under_a_wrong_clock_answers_and_records_nothing(machine: Machine) -> None:
    before = machine.recorded()
    machine.set_clock(AHEAD)
    with machine.serving() as port:
        assert machine.status(port) == 503
    code, said = machine.run("settle")
    assert code != 0
    assert "clock accept" in said
    assert machine.recorded() == before


def test_a_register_that_was_written_under_a_wrong_clock_is_mended_by_a_command(machine: Machine) -> None:
    """The operator accepted the wrong clock. Once it is right again the record says so and goes on from now."""
    machine.set_clock(AHEAD)
    assert machine.run("clock", "show")[0] == 1
    assert machine.run("clock", "accept")[0] == 0
    poisoned = machine.recorded()
    machine.set_clock(0)
    with machine.serving() as port:
        assert machine.status(port) == 503
        code, said = machine.run("clock", "show")
        assert code == 1
        assert "clock mend" in said
        assert machine.run("clock", "accept")[0] == 2
        assert machine.run("clock", "mend")[0] == 0
        assert machine.run("clock", "show")[0] == 0
        wait_for(lambda: machine.status(port) == 200)
    revision, recorded_at = machine.recorded()
    assert revision == poisoned[0] + 1
    assert recorded_at < poisoned[1]
    # There is nothing more to mend, and nothing in the log is out of its order but where it says so.
    assert machine.run("clock", "mend")[0] == 2
    code, said = machine.run("clock", "show", "--json")
    assert (code, json.loads(said)["steps_back"]) == (0, [])
