"""`log` and `verify` as an operator and an inspector type them."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from access_service.app import create_app
from access_service.cli import log as commands
from access_service.cli import main
from access_service.cli.opening import settings_for
from access_service.signing.notes import open_checkpoint, read_policy

FOUNDING = (
    *("--register", "thu", "--unit", "00031", "--name", "Sở Thử", "--director", "Nguyễn Văn Thử"),
    *("--decision-number", "000/QĐ", "--decision-date", "01/08/2026", "--focal-point", "Trần Thị Thử"),
)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A register that `init` made a moment ago, and a folder on another machine."""
    monkeypatch.setenv("ACCESS_SERVICE_KEYS_DIR", str(tmp_path / "keys"))
    monkeypatch.setenv("ACCESS_SERVICE_DATABASE_URL", f"sqlite:///{tmp_path}/access.db")
    monkeypatch.setenv("ACCESS_SERVICE_CHECKPOINT_DIRS", str(tmp_path / "share"))
    assert main(["init", *FOUNDING]) == 0
    return tmp_path


def said(capsys: pytest.CaptureFixture[str], *arguments: str | Path, status: int = 0) -> str:
    capsys.readouterr()
    assert main([str(a) for a in arguments]) == status, capsys.readouterr()
    shown = capsys.readouterr()
    return shown.out or shown.err


def test_init_begins_the_key_of_the_log(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert (here / "keys" / "log.key").exists()
    assert [key["purpose"] for key in json.loads(said(capsys, "keys", "list", "--json"))][:2] == ["seal", "log"]


def test_the_log_is_signed_proved_and_checked_with_what_lies_on_paper(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    note = said(capsys, "log", "checkpoint")
    assert note == (here / "share" / "thu" / "1" / "latest").read_text("utf-8")
    published = said(capsys, "log", "key", "--policy", here / "policy.txt")
    (vkey,) = read_policy((here / "policy.txt").read_text("utf-8")).logs
    assert str(vkey) in published
    assert vkey.public.hex()[:4] in published
    assert "PHIẾU CÔNG BỐ KHOÁ" in published
    told = json.loads(said(capsys, "log", "key", "--json"))
    assert told["log"] == [str(vkey)]
    assert len(told["seal"]) == 1
    assert open_checkpoint(note, [vkey]).size == json.loads(said(capsys, "log", "checkpoint", "--json"))["size"]
    said(capsys, "log", "proof", "1", "--output", here / "1.tlog-proof")
    assert said(capsys, "log", "proof", "1") == (here / "1.tlog-proof").read_text("utf-8")
    proved = said(capsys, "verify", here / "1.tlog-proof", "--policy", here / "policy.txt")
    assert "the event stands in the signed log" in proved


def test_a_proof_that_was_altered_is_told_with_its_code(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said(capsys, "log", "key", "--policy", here / "policy.txt")
    file = here / "1.tlog-proof"
    said(capsys, "log", "proof", "1", "--output", file)
    good = file.read_text("utf-8")
    size = good.split("\n\n")[1].split("\n")[1]
    for altered, code in (
        (good.replace("index 0", "index 1"), "proof_bad"),
        (good.replace(f"\n{size}\n", "\n99\n"), "checkpoint_signature"),
        (good.replace("/log/thu/1", "/log/thu/2"), "key_unknown"),
        ("nothing", "proof_bad"),
    ):
        file.write_text(altered, "utf-8")
        assert f"broken  {code}" in said(capsys, "verify", file, "--policy", here / "policy.txt", status=1)
        told = json.loads(said(capsys, "verify", file, "--policy", here / "policy.txt", "--json", status=1))
        assert [found["code"] for found in told["findings"]] == [code]
    (here / "empty.txt").write_text("", "utf-8")
    assert "proof_bad" in said(capsys, "verify", file, "--policy", here / "empty.txt", status=1)
    assert "name it with --policy" in said(capsys, "verify", file, status=2)


def test_verify_says_what_it_read_and_what_nobody_outside_has_said(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said(capsys, "log", "checkpoint")
    text = said(capsys, "verify")
    assert said(capsys, "verify", "--strict", status=3) == text
    assert "look  time_unanchored  event 1–" in text
    assert "anchored until never; 0 broken, 1 look" in text
    assert "hold together" in text
    (told,) = json.loads(said(capsys, "verify", "--json"))
    assert (told["broken"], told["checkpoints"], told["anchored_until"]) == (0, 4, None)
    (daily,) = json.loads(said(capsys, "verify", "--since", str(told["events"]), "--json"))
    assert (daily["since"], daily["broken"]) == (told["events"], 0)


def test_a_log_that_was_rewritten_is_found_by_the_checkpoint_of_the_last_visit(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (here / "last-visit.note").write_text(said(capsys, "log", "checkpoint"), "utf-8")
    said(capsys, "verify", "--checkpoint", here / "last-visit.note")
    with sqlite3.connect(here / "access.db") as connection:
        connection.execute("UPDATE events SET leaf = replace(leaf, substr(leaf, 1, 2), '00')")
    told = said(capsys, "verify", "--checkpoint", here / "last-visit.note", status=1)
    assert "broken  checkpoint_inconsistent  last-visit.note" in told
    assert "Nhật ký hiện tại không nối tiếp điểm mốc này." in told
    refused = said(capsys, "log", "checkpoint", status=1)
    assert "does not go on from the pin" in refused


def test_a_new_log_is_begun_where_the_old_one_cannot_go_on_and_nowhere_else(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said(capsys, "log", "checkpoint")
    assert "nothing begins anew" in said(capsys, "log", "new-epoch", "--reason", "thử", status=2)
    assert "the old log goes on" in said(capsys, "log", "new-epoch", "--reason", "thử", "--if-needed")
    (here / "keys" / "log.pin" / "thu.note").unlink()
    assert "pin of the log is missing" in said(capsys, "log", "checkpoint", status=1)
    assert "/log/thu/2: 0 sự kiện đã ký không còn" in said(
        capsys, "log", "new-epoch", "--if-needed", "--reason", "mất khoá"
    )
    (here / "keys" / "log.pin" / "thu.note").unlink()
    begun = json.loads(said(capsys, "log", "new-epoch", "--reason", "mất khoá", "--json"))
    assert (begun["lost"], begun["origin"].rpartition("/")[2]) == (0, "3")


def test_a_machine_that_is_not_to_sign_does_not(
    here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ACCESS_SERVICE_CHECKPOINT_MINUTES", "0")
    assert "another machine signs the log" in said(capsys, "log", "checkpoint", status=1)


def test_a_folder_that_is_not_there_is_told_and_stops_nothing(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (here / "share").write_text("not mounted", "utf-8")
    assert main(["log", "checkpoint"]) == 0
    assert "not written into" in capsys.readouterr().err


def test_a_monitor_follows_a_served_log_and_tells_when_it_was_cut(
    here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    said(capsys, "log", "key", "--policy", here / "policy.txt")
    said(capsys, "log", "checkpoint")
    watch = ("log", "monitor", "--url", "http://log.example/log/thu/1", "--state", here / "seen.note")
    watch = (*watch, "--policy", here / "policy.txt")
    with TestClient(create_app(settings_for())) as client:
        monkeypatch.setattr(commands, "_fetch", lambda address: client.get(address.partition("example")[2]).content)
        assert "the first checkpoint is kept" in said(capsys, *watch)
        assert main(["settle"]) == 0
        said(capsys, "keys", "rotate", "--kind", "pages")
        said(capsys, "log", "checkpoint")
        told = json.loads(said(capsys, *watch, "--json"))
        assert (told["size"], told["fault"]) == (told["before"] + 1, None)
        assert f"goes on from the {told['size']} that were seen before" in said(capsys, *watch)
        seen = (here / "seen.note").read_text("utf-8")
        with sqlite3.connect(here / "access.db") as connection:
            connection.execute("DELETE FROM checkpoints WHERE size = ?", [told["size"]])
        assert "broken  checkpoint_inconsistent" in said(capsys, *watch, status=1)
        assert (here / "seen.note").read_text("utf-8") == seen


def test_a_monitor_asks_over_http_alone_and_says_when_nobody_answers(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said(capsys, "log", "key", "--policy", here / "policy.txt")
    for url, status in (("file:///etc/passwd", 2), ("http://127.0.0.1:9/log/thu/1", 1)):
        told: Any = said(
            *(capsys, "log", "monitor", "--url", url, "--state", here / "s", "--policy", here / "policy.txt"),
            status=status,
        )
        assert told
    assert not (here / "s").exists()


def test_the_doctor_says_that_a_log_was_rewritten_and_that_a_folder_is_missing(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said(capsys, "log", "checkpoint")
    looks = [look for look in json.loads(said(capsys, "doctor", "--json")) if look["what"] == "log"]
    assert [look["level"] for look in looks] == ["fine"]
    with sqlite3.connect(here / "access.db") as connection:
        connection.execute("UPDATE events SET leaf = replace(leaf, substr(leaf, 1, 2), '00')")
    (here / "share").rename(here / "gone")
    looks = [look for look in json.loads(said(capsys, "doctor", "--json", status=1)) if look["what"] == "log"]
    assert [look["level"] for look in looks] == ["fault", "warning"]
