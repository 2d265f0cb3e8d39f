"""`events`: the newest lines, or a CSV file; each reading leaves its own event first."""

from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from access_service.cli import main
from access_service.settings import PREFIX
from world import SCHOOL, Clock, World, found, make_services, with_school


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    url, clock = f"sqlite:///{tmp_path}/access.db", Clock()
    services = make_services(url, tmp_path, clock)
    monkeypatch.setenv(f"{PREFIX}DATABASE_URL", url)
    monkeypatch.setenv(f"{PREFIX}KEYS_DIR", str(tmp_path))
    yield with_school(found(services, clock))
    services.db.close()


def test_the_newest_events_of_a_unit_are_printed_one_a_line(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    mine = [e for e in world.log() if e.happening.unit == SCHOOL]
    assert main(["events", "--unit", SCHOOL, "--newest", "3"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [int(line.split()[0]) for line in lines] == [e.seq for e in mine[-3:]]
    assert mine[-1].happening.action in lines[-1]
    assert main(["events", "--action", "log.read", "--json"]) == 0
    [read] = json.loads(capsys.readouterr().out)
    assert (read["actor"], read["unit"], read["details"]["events"]) == ("operator", SCHOOL, 3)


def test_a_file_is_whole_private_and_stands_in_the_log(world: World, tmp_path: Path) -> None:
    out = tmp_path / "nhat-ky.csv"
    count = len(world.log())
    assert main(["events", "--from", "20/08/2026", "--csv", str(out)]) == 0
    assert out.stat().st_mode & 0o777 == 0o600
    with out.open(encoding="utf-8-sig", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [int(row["Số thứ tự"]) for row in rows] == list(range(1, count + 1))
    made = world.log()[-1]
    assert made.happening.action == "log.export"
    assert (made.happening.details or {})["file"] == hashlib.sha256(out.read_bytes()).hexdigest()
    assert not list(tmp_path.glob(".*.part"))


def test_an_explanation_at_the_command_line_leaves_an_event(world: World) -> None:
    account = world.head_of(SCHOOL).account
    seq = len(world.log())
    main(["explain", "--subject", account, "--action", "read", "--resource", f"unit:{SCHOOL}"])
    [told] = world.log(seq)
    assert (told.actor, told.happening.action, told.happening.target) == ("operator", "explain", account)
    assert told.happening.unit == SCHOOL


def test_days_the_wrong_way_round_are_refused_with_status_2(world: World) -> None:
    seq = len(world.log())
    assert main(["events", "--from", "02/09/2026", "--to", "01/09/2026"]) == 2
    assert len(world.log()) == seq
