"""`keys list` and `keys rotate`, on a real database and folder."""

import json
from pathlib import Path
from typing import Any

import pytest

from access_service.cli import main
from access_service.cli.opening import open_database, services_for, settings_for
from access_service.domain.errors import UnavailableError
from access_service.storage.migrate import upgrade


@pytest.fixture(autouse=True)
def keys_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    address = f"sqlite:///{tmp_path}/thu.db"
    upgrade(address)
    monkeypatch.setenv("ACCESS_SERVICE_DATABASE_URL", address)
    monkeypatch.setenv("ACCESS_SERVICE_KEYS_DIR", str(tmp_path / "keys"))
    return tmp_path / "keys" / "tokens"


def said(capsys: pytest.CaptureFixture[str], *arguments: str, status: int = 0) -> Any:
    capsys.readouterr()
    assert main(["keys", *arguments]) == status
    return capsys.readouterr()


def test_keys_are_listed_one_a_line(capsys: pytest.CaptureFixture[str], keys_dir: Path) -> None:
    line = said(capsys, "list").out
    (file,) = keys_dir.iterdir()
    assert line.startswith(f"{file.stem}  token  ES256  current  ")
    assert line.count("\n") == 1
    (key,) = json.loads(said(capsys, "list", "--json").out)
    assert (key["id"], key["state"], key["signs_until"]) == (file.stem, "current", None)
    assert key["signs_from"].endswith("+07:00")


def test_a_rotation_says_when_the_new_key_signs(capsys: pytest.CaptureFixture[str], keys_dir: Path) -> None:
    said(capsys, "list")
    made = json.loads(said(capsys, "rotate", "--json").out)
    assert made["state"] == "next"
    assert json.loads(said(capsys, "rotate", "--json").out) == made
    old, new = json.loads(said(capsys, "list", "--json").out)
    assert (new["id"], old["signs_until"]) == (made["id"], made["signs_from"])
    assert old["counts_until"] > old["signs_until"]
    assert {file.stem for file in keys_dir.iterdir()} == {old["id"], new["id"]}


def test_a_betrayed_key_is_gone_at_once(
    capsys: pytest.CaptureFixture[str], keys_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said(capsys, "list")
    (old,) = keys_dir.iterdir()
    monkeypatch.setenv("ACCESS_SERVICE_TOKEN_ALGORITHM", "EdDSA")
    line = said(capsys, "rotate", "--now").out
    (new,) = keys_dir.iterdir()
    assert new.stem != old.stem
    assert line.startswith(f"{new.stem}  EdDSA  current  signs from ")
    assert f"{old.stem}  token  ES256  retired  " in said(capsys, "list").out


def test_a_key_file_that_others_can_read_is_refused_in_one_line(
    capsys: pytest.CaptureFixture[str], keys_dir: Path
) -> None:
    said(capsys, "list")
    (file,) = keys_dir.iterdir()
    file.chmod(0o644)
    for command in ("list", "rotate"):
        captured = said(capsys, command, status=1)
        assert captured.out == ""
        assert captured.err == (
            f"access-service: the key file `{file.name}` can be read by others; set its mode to 0600\n"
        )
        assert json.loads(said(capsys, command, "--json", status=1).err)["error"]["code"] == "unavailable"


def test_without_a_database_nothing_is_made(
    capsys: pytest.CaptureFixture[str], keys_dir: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("ACCESS_SERVICE_DATABASE_URL", f"sqlite:///{tmp_path}/khac.db")
    assert "there is no database" in said(capsys, "rotate", status=1).err
    assert not keys_dir.exists()


# -- nothing is made in silence


DOORS = (
    ["keys", "list"],
    ["keys", "rotate"],
    ["keys", "rotate", "--kind", "seal"],
    ["serve", "--port", "18999"],
)


@pytest.mark.parametrize("arguments", DOORS, ids=" ".join)
def test_an_empty_folder_of_keys_is_refused_at_every_door(
    capsys: pytest.CaptureFixture[str],
    keys_dir: Path,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    arguments: list[str],
) -> None:
    said(capsys, "list")
    for kind in ("seal", "factors", "pages"):
        said(capsys, "rotate", "--kind", kind)
    monkeypatch.setenv("ACCESS_SERVICE_KEYS_DIR", str(tmp_path / "khac"))
    capsys.readouterr()
    assert main(arguments) == 1
    told = capsys.readouterr().err
    assert "the database knows the " in told
    assert "`access-service keys begin " in told
    assert told.count("\n") == 1
    assert not [path for path in (tmp_path / "khac").rglob("*") if path.is_file()], "nothing was made"


def test_acts_and_imports_of_the_command_line_need_the_seal(
    capsys: pytest.CaptureFixture[str], keys_dir: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    said(capsys, "rotate", "--kind", "seal")
    monkeypatch.setenv("ACCESS_SERVICE_KEYS_DIR", str(tmp_path / "khac"))
    settings = settings_for()
    with open_database(settings) as db, pytest.raises(UnavailableError, match="knows the seal key"):
        services_for(db, settings)
    assert not (tmp_path / "khac").exists()


@pytest.mark.parametrize("kind", ["seal", "factors", "pages", "tokens"])
def test_each_kind_is_rotated_and_begun_anew(
    capsys: pytest.CaptureFixture[str], keys_dir: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, kind: str
) -> None:
    purpose = {"pages": "page", "tokens": "token"}.get(kind, kind)
    made = json.loads(said(capsys, "rotate", "--kind", kind, "--json").out)
    assert made["purpose"] == purpose
    assert "nothing begins anew" in said(capsys, "begin", kind, status=2).err
    monkeypatch.setenv("ACCESS_SERVICE_KEYS_DIR", str(tmp_path / "khac"))
    begun = json.loads(said(capsys, "begin", kind, "--json").out)
    assert (begun["purpose"], begun["state"]) == (purpose, "current")
    assert begun["id"] != made["id"]
    if kind != "tokens":
        said(capsys, "begin", "tokens")
    listed = {key["id"]: key for key in json.loads(said(capsys, "list", "--json").out)}
    assert listed[begun["id"]]["state"] == "current"
    assert listed[made["id"]]["state"] == "retired"


def test_an_unknown_kind_and_a_betrayed_seal_are_bad_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert "there are seal, factors, pages, tokens" in said(capsys, "begin", "khac", status=2).err
    assert "--now is for token keys" in said(capsys, "rotate", "--kind", "seal", "--now", status=2).err


def test_a_seal_of_papers_is_made_asked_for_and_shown(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert json.loads(said(capsys, "pdf-seal", "--json").out) == {"pdf_seal": None}
    request = said(capsys, "pdf-seal", "--csr", "Sở thử 000").out
    assert request.startswith("-----BEGIN CERTIFICATE REQUEST-----")
    assert said(capsys, "pdf-seal").out.startswith("Chưa có niêm phong")
    line = said(capsys, "pdf-seal", "--self-signed", "Sở thử 000").out
    assert "O=Sở thử 000" in line
    assert said(capsys, "pdf-seal").out == line
    assert (tmp_path / "keys" / "pdf-seal.key").stat().st_mode & 0o777 == 0o600


def test_a_seal_is_not_made_over_another_and_takes_no_other_certificate(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    wrong = tmp_path / "khac.pem"
    wrong.write_bytes(b"khong")
    said(capsys, "pdf-seal", "--import", str(wrong), status=2)
    line = said(capsys, "pdf-seal", "--self-signed", "Sở thử 000").out
    said(capsys, "pdf-seal", "--self-signed", "Sở thử 000", status=2)
    said(capsys, "pdf-seal", "--import", str(wrong), status=2)
    said(capsys, "pdf-seal", "--csr", "A", "--self-signed", "B", status=2)
    assert said(capsys, "pdf-seal").out == line
