"""`report level-3` over a school: every clause, and the list of accounts without a name of a person."""

from __future__ import annotations

import csv
import hashlib
import json
from pathlib import Path

import pytest

from access_service.cli import main
from access_service.domain.errors import UnavailableError
from access_service.settings import PREFIX
from access_service.storage.db import Database
from world import SCHOOL, Clock, found, make_services, with_school


@pytest.fixture
def school(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    url, clock = f"sqlite:///{tmp_path}/access.db", Clock()
    services = make_services(url, tmp_path, clock)
    world = with_school(found(services, clock))
    world.hire("văn thư", SCHOOL, "clerk", SCHOOL)
    services.db.close()
    monkeypatch.setenv(f"{PREFIX}DATABASE_URL", url)
    monkeypatch.setenv(f"{PREFIX}KEYS_DIR", str(tmp_path))
    return tmp_path


def test_a_report_names_every_clause_and_lists_every_account(
    school: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = school / "tai-khoan.csv"
    assert main(["report", "level-3", "--accounts", str(out)]) == 0
    said = capsys.readouterr().out
    assert "5.6  Danh sách tài khoản" in said
    assert "    Chưa đáp ứng: chữ ký số PAdES của thủ trưởng đơn vị\n" in said
    assert out.stat().st_mode & 0o777 == 0o600
    with out.open(encoding="utf-8-sig", newline="") as stream:
        header, *rows = list(csv.reader(stream))
    assert header[:3] == ["Loại", "Tên tài khoản", "Trạng thái"]
    assert {row[0] for row in rows} == {"quản trị", "tác nghiệp"}
    clerk = next(row for row in rows if row[1] == "000.văn thư")
    assert (clerk[2], clerk[5][:7], clerk[7]) == ("đang dùng", SCHOOL, "")
    assert "Người Thử" not in out.read_text("utf-8")
    assert main(["report", "level-3", "--accounts", str(out)]) == 1


def test_a_report_is_read_by_programs_too(school: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert school.is_dir()
    assert main(["report", "level-3", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert {clause["number"] for clause in told["clauses"]} >= {"5.6", "5.8", "5.11"}
    assert told["accounts"] is None


def test_the_list_of_accounts_stands_in_the_log_or_there_is_none(
    school: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    out = school / "tai-khoan.csv"
    assert main(["report", "level-3", "--accounts", str(out)]) == 0
    capsys.readouterr()
    assert main(["events", "--action", "accounts.export", "--json"]) == 0
    [made] = json.loads(capsys.readouterr().out)
    assert made["details"]["file"] == hashlib.sha256(out.read_bytes()).hexdigest()
    assert made["details"]["rows"] == len(out.read_text("utf-8-sig").splitlines()) - 1
    out.unlink()

    def unreachable(*_: object) -> None:
        raise UnavailableError("the database cannot be written now")

    monkeypatch.setattr(Database, "noting", unreachable)
    assert main(["report", "level-3", "--accounts", str(out)]) != 0
    assert not out.exists()
