"""`unlock`: the operator lets somebody in again, and the audit log says who did."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from access_service.cli import main
from access_service.domain.errors import RefusedError
from access_service.signing.keys import load_or_create
from access_service.storage.db import Database
from access_service.usecases.identity.accounts import activate
from access_service.usecases.services import Services
from databases import give_schema
from world import PASSWORD, Clock, World, found

NAME = "director.00031"


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    url = f"sqlite:///{tmp_path / 'thu.db'}"
    monkeypatch.setenv("ACCESS_SERVICE_DATABASE_URL", url)
    monkeypatch.setenv("ACCESS_SERVICE_KEYS_DIR", str(tmp_path / "keys"))
    give_schema(url)
    clock = Clock()
    services = Services(Database(url, clock), load_or_create(tmp_path / "keys" / "seal.key"))
    made = found(services, clock, name="thu")
    for _ in range(5):
        with pytest.raises(RefusedError):
            made.sign_in(NAME, "Sai mật khẩu 000")
    with pytest.raises(RefusedError):
        made.sign_in(NAME)
    yield made
    services.db.close()


def test_a_locked_account_is_let_in_and_the_log_says_so(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["unlock", NAME]) == 0
    said = capsys.readouterr().out
    assert said == f"Đã mở khoá tài khoản {NAME} / unlocked\n"
    assert world.sign_in(NAME)
    event = world.log()[-2]
    assert (event.actor, event.happening.action) == ("operator", "account.unlock")
    assert event.happening.target == world.people["director"].account


def test_a_code_takes_the_place_of_the_password(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["unlock", NAME, "--code", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert set(told) == {"register", "username", "activation_url", "valid_until", "recovery"}
    world.clock.now = datetime.fromisoformat(told["valid_until"]) - timedelta(hours=1)
    code = told["activation_url"].partition("#code=")[2]
    assert activate(world.services, code, f"{PASSWORD}1") == world.people["director"].account
    assert world.sign_in(NAME, f"{PASSWORD}1")
    assert main(["unlock", NAME, "--code"]) == 0
    assert "/activate#code=" in capsys.readouterr().out


def test_a_name_that_nobody_has_is_said(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    before = world.revision
    assert main(["unlock", "000.không có"]) == 1
    assert capsys.readouterr().err == "access-service: no username `000.không có`\n"
    assert world.revision == before


def test_at_the_root_a_second_operator_confirms_a_recovery(
    world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = []
    for key in world.operators:
        file = tmp_path / key.name
        file.write_text(key.secret, encoding="utf-8")
        files.append(["--operator", key.name, "--secret-file", str(file)])
    assert main(["unlock", NAME, "--code", "--json", *files[0]]) == 0
    told = json.loads(capsys.readouterr().out)
    assert main(["confirm", told["recovery"], *files[0]]) == 1, "the same operator is no second one"
    assert "second operator" in capsys.readouterr().err
    code = told["activation_url"].partition("#code=")[2]
    with pytest.raises(RefusedError, match="second person"):
        activate(world.services, code, f"{PASSWORD}1")
    assert main(["confirm", told["recovery"], *files[1]]) == 0
    assert "confirmed" in capsys.readouterr().out
    assert activate(world.services, code, f"{PASSWORD}1") == world.people["director"].account
    assert main(["unlock", NAME, "--code", *files[0]]) == 0
    waits = next(line.rsplit(" ", 1)[1] for line in capsys.readouterr().out.splitlines() if "rec_" in line)
    assert main(["confirm", waits, "--json", *files[1]]) == 0
    assert json.loads(capsys.readouterr().out)["id"] == waits
