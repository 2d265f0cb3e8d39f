"""`backup`, `restore`, `verify` and `doctor` as an operator types them."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from access_service.cli import main
from access_service.signing.age import new_identity
from remembered import MEMORY

FOUNDING = (
    *("--register", "thu", "--unit", "00031", "--name", "Sở Thử", "--director", "Nguyễn Văn Thử"),
    *("--decision-number", "000/QĐ", "--decision-date", "01/08/2026", "--focal-point", "Trần Thị Thử"),
)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A register with every key, made by `init` and what a start makes."""
    from access_service.cli.opening import settings_for
    from access_service.storage.db import Database
    from access_service.usecases.keys import OWN, open_key
    from access_service.usecases.services import system_clock
    from access_service.usecases.tokens.keyring import open_keyring

    folder = tmp_path_factory.mktemp("made")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ACCESS_SERVICE_KEYS_DIR", str(folder / "keys"))
        patch.setenv("ACCESS_SERVICE_DATABASE_URL", f"sqlite:///{folder}/access.db")
        assert main(["init", *FOUNDING]) == 0
        settings = settings_for()
        db = Database(settings.database_url, system_clock)
        for own in OWN.values():
            open_key(db, settings.keys_dir, own)
        open_keyring(db, settings.keys_dir, algorithm="ES256", overlap_s=3600)
        db.close()
    return folder


@pytest.fixture
def here(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of it, which the environment names."""
    shutil.copytree(made, tmp_path / "here")
    use(monkeypatch, tmp_path / "here")
    return tmp_path / "here"


def use(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    monkeypatch.setenv("ACCESS_SERVICE_KEYS_DIR", str(folder / "keys"))
    monkeypatch.setenv("ACCESS_SERVICE_DATABASE_URL", f"sqlite:///{folder}/access.db")


def said(capsys: pytest.CaptureFixture[str], *arguments: str, status: int = 0) -> str:
    capsys.readouterr()
    assert main(list(arguments)) == status, capsys.readouterr()
    shown = capsys.readouterr()
    return shown.out if status in (0, 3) or not shown.err else shown.err


def test_a_register_goes_into_a_backup_and_comes_back(
    here: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    identity = new_identity()
    (tmp_path / "id").write_text(f"# ours\n{identity.secret}\n", "utf-8")
    opened = ("--identity", str(tmp_path / "id"))
    kept = str(tmp_path / "kept")
    told = json.loads(
        said(capsys, "backup", kept, "--recipient", identity.recipient, "--keys", str(tmp_path / "k"), "--json")
    )
    head = told["registers"][0]["head"]
    assert head in said(capsys, "verify", kept, *opened)
    use(monkeypatch, tmp_path / "again")
    back = said(capsys, "restore", kept, *opened, "--keys", str(tmp_path / "k"))
    assert "thu: r1 → r2" in back
    assert "3 mã kích hoạt chưa dùng đã huỷ" in back
    assert "hold together" in said(capsys, "verify")
    assert "✗" not in said(capsys, "doctor")
    event = _column(tmp_path / "again", "SELECT details FROM events WHERE action = 'register.restore'")
    assert json.loads(event)["head"] == head


def _column(folder: Path, sql: str) -> Any:
    return sqlite3.connect(folder / "access.db").execute(sql).fetchone()[0]


def test_what_is_missing_is_said_before_anything_is_made(
    here: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "missing --recipient or --passphrase-file" in said(capsys, "backup", str(tmp_path / "k"), status=2)
    assert "missing --identity or --passphrase-file" in said(capsys, "restore", str(tmp_path / "k"), status=2)
    (tmp_path / "id").write_text("nothing\n", "utf-8")
    line = said(capsys, "restore", str(tmp_path / "k"), "--identity", str(tmp_path / "id"), status=1)
    assert "the file holds no identity of age" in line
    assert not (tmp_path / "k").exists()


def test_what_was_altered_ends_with_status_1_and_the_place(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with sqlite3.connect(here / "access.db") as connection:
        connection.execute("UPDATE events SET target = 'x'")
    assert "broken  event_hash  event 1: it was changed" in said(capsys, "verify", status=1)
    (found,) = json.loads(said(capsys, "verify", "--json", status=1))
    assert (found["findings"][0]["where"], found["findings"][0]["code"]) == ("event 1", "event_hash")
    assert found["findings"][0]["vi"] == "Sự kiện đã bị sửa sau khi ghi."


def test_a_healthy_machine_has_no_fault(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    told = json.loads(said(capsys, "doctor", "--json"))
    assert {look["what"] for look in told} == {
        *("settings", "version", "casbin", "files", "space", "database", "keys", "papers", "clock", "packs", "log")
    }
    assert {look["level"] for look in told} == {"fine"}


def _open(folder: Path) -> None:
    (folder / "keys" / "seal.key").chmod(0o644)


def _lose(folder: Path) -> None:
    (folder / "keys" / "seal.key").unlink()


def _lose_tokens(folder: Path) -> None:
    shutil.rmtree(folder / "keys" / "tokens")


def _newer(folder: Path) -> None:
    with sqlite3.connect(folder / "access.db") as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")


def _ahead(folder: Path) -> None:
    with sqlite3.connect(folder / "access.db") as connection:
        connection.execute("UPDATE counters SET recorded_at = '2199-01-01 00:00:00.000000'")


def _no_pack(folder: Path) -> None:
    with sqlite3.connect(folder / "access.db") as connection:
        connection.execute("DELETE FROM packs")


def _demo(folder: Path) -> None:
    with sqlite3.connect(folder / "access.db") as connection:
        connection.execute("UPDATE registers SET demo = 1")


def _gone(folder: Path) -> None:
    (folder / "access.db").unlink()


@pytest.mark.parametrize(
    ("harm", "line"),
    [
        (_open, "✗ keys: the key file `seal.key` can be read by others; set its mode to 0600"),
        (_lose, "✗ keys: the database knows the seal key"),
        (_lose_tokens, "if it is lost, `access-service keys begin tokens`"),
        (_newer, "✗ database: the database has schema `9999`, made by a newer version"),
        (_ahead, "✗ clock: thu: the register recorded something"),
        (_no_pack, "is not in the database"),
        (_demo, "✗ registers: `thu` is a demonstration"),
        (_gone, "✗ database: there is no database"),
    ],
)
def test_the_doctor_says_what_is_wrong_and_what_to_do(
    here: Path,
    harm: Any,
    line: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if harm is _ahead:
        from access_service.usecases.services import SystemClock

        # A machine's clock is believed only as far as the record allows.
        monkeypatch.setattr(SystemClock, "running", staticmethod(lambda: 0.0), raising=False)
    if harm is _no_pack:
        monkeypatch.setattr(MEMORY, "stored", {})
    harm(here)
    before = sorted(p.name for p in (here / "keys").iterdir())
    assert line in said(capsys, "doctor", status=1)
    assert sorted(p.name for p in (here / "keys").iterdir()) == before, "it mends nothing and makes nothing"


def test_a_read_only_file_system_is_one_line(
    here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    really = os.access
    monkeypatch.setattr(os, "access", lambda path, mode: Path(path) != here and really(path, mode))
    for command in (["serve"], ["settle"], ["verify"], ["keys", "rotate"]):
        line = said(capsys, *command, status=1)
        assert line.startswith(f"access-service: the folder `{here}` cannot be written")
        assert line.count("\n") == 1
    assert f"✗ database: the folder `{here}` cannot be written" in said(capsys, "doctor", status=1)


def test_the_doctor_names_files_that_others_read(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "keys" / "tokens").chmod(0o755)
    told = said(capsys, "doctor", status=1)
    assert f"`{here / 'keys' / 'tokens'}` can be read or changed by others; set its mode to 0700" in told


def test_the_doctor_names_a_setting_that_there_is_not(
    here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ACCESS_SERVICE_KEY_DIR", "x")
    assert "✗ settings: there is no setting `ACCESS_SERVICE_KEY_DIR`, but `ACCESS_SERVICE_KEYS_DIR`" in said(
        capsys, "doctor", status=1
    )


def test_the_doctor_warns_of_packs_that_are_missing(
    here: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "empty").mkdir()
    monkeypatch.setenv("ACCESS_SERVICE_POLICY_DIR", str(tmp_path / "empty"))
    assert "! packs: " in said(capsys, "doctor")


def test_a_database_that_was_brought_back_by_its_own_means_ends_what_was_open(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "thu: r1 → r2" in said(capsys, "restore", "--recovered")
    assert _column(here, "SELECT count(*) FROM credentials WHERE activation_sha256 IS NOT NULL") == 0
    assert _column(here, "SELECT action FROM events ORDER BY seq DESC LIMIT 1") == "register.restore"
    assert "hold together" in said(capsys, "verify")
    assert "name the folder of a backup, or --recovered" in said(capsys, "restore", status=2)
