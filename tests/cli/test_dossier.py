"""`dossier` and `verify FILE.zip` at the command line."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from access_service.cli import main
from access_service.settings import PREFIX
from world import OFFICE, SCHOOL, Clock, World, found, make_services, with_school

DAYS = ["--from", "01/08/2026", "--to", "20/08/2026"]


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    url, clock = f"sqlite:///{tmp_path}/access.db", Clock()
    services = make_services(url, tmp_path, clock)
    for name, value in (("DATABASE_URL", url), ("KEYS_DIR", tmp_path), ("FILES_DIR", tmp_path / "files")):
        monkeypatch.setenv(f"{PREFIX}{name}", str(value))
    yield with_school(found(services, clock))
    services.db.close()


def test_a_dossier_is_written_whole_and_private_and_is_verified(
    world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "ho-so.zip"
    assert main(["dossier", SCHOOL, *DAYS, "--output", str(out)]) == 0
    assert out.stat().st_mode & 0o777 == 0o600
    assert [e.happening.target for e in world.log() if e.happening.action == "dossier.make"] == [SCHOOL]
    with zipfile.ZipFile(out) as read:
        (tmp_path / "log-policy.txt").write_bytes(read.read("nhat-ky/log-policy.txt"))
    capsys.readouterr()

    policy = ["--policy", str(tmp_path / "log-policy.txt")]
    assert main(["verify", str(out), *policy]) == 0
    assert "KHÔNG CÓ SAI LỆCH" in capsys.readouterr().out
    assert main(["verify", str(out), *policy, "--strict", "--json"]) == 3
    said = json.loads(capsys.readouterr().out)
    assert [f["code"] for f in said["findings"]] == ["time_unanchored", "not_checked"]

    data = bytearray(out.read_bytes())
    data[len(data) // 2] ^= 1
    out.write_bytes(data)
    assert main(["verify", str(out)]) == 1


def test_a_subtree_is_a_folder_of_dossiers_with_an_index(world: World, tmp_path: Path) -> None:
    folder = tmp_path / "ho-so"
    assert main(["dossier", OFFICE, *DAYS, "--below", "--output", str(folder)]) == 0
    with zipfile.ZipFile(folder / "muc-luc.zip") as read:
        index = json.loads(read.read("muc-luc.json"))
    assert [line["unit"] for line in index] == [OFFICE, SCHOOL]
    for line in index:
        assert main(["verify", str(folder / line["file"])]) == 0
    assert [e.happening.unit for e in world.log() if e.happening.action == "dossier.make"] == [OFFICE, SCHOOL]


def test_a_file_in_the_way_of_a_folder_and_days_of_the_future_are_refused(world: World, tmp_path: Path) -> None:
    seq = len(world.log())
    taken = tmp_path / "taken"
    taken.write_text("x")
    assert main(["dossier", OFFICE, *DAYS, "--below", "--output", str(taken)]) == 2
    future = ["--from", "01/08/2026", "--to", "01/01/2027"]
    assert main(["dossier", SCHOOL, *future, "--output", str(tmp_path / "f.zip")]) != 0
    assert not (tmp_path / "f.zip").exists()
    assert len(world.log()) == seq
