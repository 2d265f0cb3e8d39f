"""Codes that an import drew are not lost with it: on the disk before they count, and drawn anew in bulk."""

import csv
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from access_service.cli import main
from access_service.domain.accounts import Account
from access_service.domain.errors import RefusedError
from access_service.storage.audit import LogFilter, events
from access_service.usecases.identity.accounts import activate
from access_service.usecases.identity.first_codes import reissue_first_codes
from access_service.usecases.imports import run
from access_service.usecases.services import Services, SystemClock
from usecases.import_world import PROJECT, REGISTER, create_register, example, open_services, take, write

PASSWORD = "Mật khẩu đủ dài 000"
SCHOOL, ROOT = "3111305001", "31"


def codes_in(path: Path) -> dict[str, str]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    return {row.get("username") or row["account"]: row["activation_url"].partition("#code=")[2] for row in rows}


@pytest.fixture
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    services = open_services(tmp_path)
    create_register(services)
    services.db.close()
    monkeypatch.delattr(SystemClock, "running")
    monkeypatch.setenv("ACCESS_SERVICE_DATABASE_URL", f"sqlite:///{tmp_path}/register.db")
    monkeypatch.setenv("ACCESS_SERVICE_KEYS_DIR", str(tmp_path / "keys"))
    return tmp_path


def killed(folder: Path, *more: str) -> None:
    """A real import of the example, killed just after its commit."""
    files = write(folder / "files", example())
    command = [sys.executable, str(PROJECT / "tests" / "usecases" / "killed_import.py"), str(files), *more]
    path = os.pathsep.join(p for p in sys.path if p)
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": path}
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "committed\n"
        process.kill()


def test_codes_of_an_import_killed_after_its_commit_are_drawn_anew_on_a_sheet_a_unit(
    environment: Path,
) -> None:
    killed(environment)
    sheets = environment / "sheets"
    assert main(["codes", "--all-unactivated", "--output", str(sheets)]) == 0
    assert {p.name for p in sheets.iterdir()} == {f"{SCHOOL}.csv", f"{ROOT}.csv"}
    assert {stat.S_IMODE(p.stat().st_mode) for p in sheets.iterdir()} == {0o600}
    assert stat.S_IMODE(sheets.stat().st_mode) == 0o700
    services = open_services(environment)
    with services.db.read(REGISTER) as reader:
        usernames = {a.username: a.id for a in reader.find(Account)}
        said = [e.happening for e in events(reader.connection, REGISTER, wanted=LogFilter(action="account.codes"))]
    found = {**codes_in(sheets / f"{SCHOOL}.csv"), **codes_in(sheets / f"{ROOT}.csv")}
    assert set(found) == set(usernames)
    assert {h.target for h in said} == {SCHOOL, ROOT}
    assert {(h.details or {})["shown_to"] for h in said} == {"operator"}
    assert {a for h in said for a in (h.details or {})["accounts"]} == set(usernames.values())
    services.db.close()


def test_a_file_of_codes_is_whole_before_the_import_is_stored(environment: Path) -> None:
    codes = environment / "codes.csv"
    killed(environment, "--codes", str(codes))
    services = open_services(environment)
    with services.db.read(REGISTER) as reader:
        assert set(codes_in(codes)) == {a.id for a in reader.find(Account)}
    services.db.close()


def test_only_who_never_came_in_gets_another_code_and_the_earlier_one_is_void(environment: Path) -> None:
    services = open_services(environment)
    report = take(services, write(environment / "files", example()))
    first = report.activation_codes
    opened, waiting = f"QT-{SCHOOL}", f"QT-{ROOT}"
    assert activate(services, first[opened], PASSWORD) == opened
    sheets = reissue_first_codes(services, REGISTER, units=None, keep=lambda _: None)
    drawn = {line.account: line.code for sheet in sheets for line in sheet.codes}
    assert opened not in drawn
    assert waiting in drawn
    with pytest.raises(RefusedError, match="the code is unknown"):
        activate(services, first[waiting], PASSWORD)
    assert activate(services, drawn[waiting], PASSWORD) == waiting
    services.db.close()


def test_codes_that_nobody_could_keep_leave_the_earlier_ones_good(environment: Path) -> None:
    services = open_services(environment)
    first = take(services, write(environment / "files", example())).activation_codes

    def full_disk(_sheets: object) -> None:
        raise OSError("no space left")

    with pytest.raises(OSError, match="no space"):
        reissue_first_codes(services, REGISTER, units=None, keep=full_disk)
    assert activate(services, first[f"QT-{ROOT}"], PASSWORD) == f"QT-{ROOT}"
    services.db.close()


def test_a_sign_in_while_an_import_is_checked_makes_nobody_check_again(
    environment: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    services = open_services(environment)
    checked, seal = run._checked, run.seal
    times: list[int] = []

    def counted(*given: object) -> object:
        times.append(1)
        return checked(*given)  # type: ignore[arg-type]

    def seal_while_somebody_signs_in(index: object, given: Services, register: object) -> object:
        with given.db.write(REGISTER, "acc_000") as tx:
            tx.happened("session.open", "acc_000")
            tx.touches()
        return seal(index, given, register)  # type: ignore[arg-type]

    monkeypatch.setattr(run, "_checked", counted)
    monkeypatch.setattr(run, "seal", seal_while_somebody_signs_in)
    assert take(services, write(environment / "files", example())).revision == 3
    assert times == [1]
    services.db.close()
