"""Bad backups, keys, databases and clocks as an operator meets them: one line says what to do, nothing is lost."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection, text

from access_service.cli import main
from access_service.signing.age import new_identity
from access_service.storage.connecting import make_engine
from access_service.storage.migrate import bring_up
from access_service.usecases.services import SystemClock
from backing import change, cut, is_untouched, rewrite
from cli.test_upkeep import FOUNDING, use


@dataclass
class Scene:
    """A register, its backup with keys, and an empty place to restore into."""

    folder: Path
    patch: pytest.MonkeyPatch
    options: tuple[str, ...] = ()
    held: Connection | None = None

    @property
    def kept(self) -> Path:
        return self.folder / "kept"

    @property
    def keys(self) -> Path:
        return self.folder / "keys.age"

    @property
    def target(self) -> str:
        return f"sqlite:///{self.folder}/new/access.db"

    def restore(self) -> int:
        arguments = ("--identity", str(self.folder / "id"), "--keys", str(self.keys), *self.options)
        return main(["restore", str(self.kept), *arguments])


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two registers, each with a backup for one identity and its keys apart."""
    folder = tmp_path_factory.mktemp("bad")
    identity = new_identity()
    (folder / "id").write_text(identity.secret, "utf-8")
    for name in ("", "other"):
        with pytest.MonkeyPatch.context() as patch:
            use(patch, folder / name / "old")
            assert main(["init", *FOUNDING]) == 0
            out = folder / name
            keys = ("--keys", str(out / "keys.age"))
            assert main(["backup", str(out / "kept"), "--recipient", identity.recipient, *keys]) == 0
    return folder


@pytest.fixture
def scene(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Scene:
    shutil.copytree(made, tmp_path / "here")
    (tmp_path / "here" / "new").mkdir()
    use(monkeypatch, tmp_path / "here" / "new")
    return Scene(tmp_path / "here", monkeypatch)


def _of_format_2(scene: Scene) -> None:
    rewrite(scene.kept, format=2, program="9.1")


def _of_a_newer_schema(scene: Scene) -> None:
    rewrite(scene.kept, schema="9999")


def _for_somebody_else(scene: Scene) -> None:
    (scene.folder / "id").write_text(new_identity().secret, "utf-8")


def _over_a_running_service(scene: Scene) -> None:
    engine = make_engine(scene.target)
    with engine.begin() as connection:
        bring_up(connection)
    scene.held = engine.connect()
    scene.held.execute(text("SELECT * FROM registers"))


def _over_a_newer_database(scene: Scene) -> None:
    engine = make_engine(scene.target)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE alembic_version (version_num VARCHAR(32))"))
        connection.execute(text("INSERT INTO alembic_version VALUES ('9999')"))
    engine.dispose()


def _over_another_register(scene: Scene) -> None:
    shutil.copy(scene.folder / "old" / "access.db", scene.folder / "new" / "access.db")


def _with_keys_of_another_register(scene: Scene) -> None:
    shutil.copy(scene.folder / "other" / "keys.age", scene.keys)


def _a_year(scene: Scene, days: int) -> None:
    now = SystemClock.__call__
    scene.patch.setattr(SystemClock, "__call__", lambda clock: now(clock) + timedelta(days=days))


BAD: dict[str, tuple[Callable[[Scene], object], str]] = {
    "data cut short": (lambda s: cut(s.kept / "data.age"), "was cut short: *; take another copy"),
    "manifest cut short": (lambda s: cut(s.kept / "manifest.json"), "changed or cut short; take another copy"),
    "a part that is not there": (lambda s: (s.kept / "data.age").unlink(), "copy the whole folder again"),
    "one byte of the data": (lambda s: change(s.kept / "data.age", 0.5), "was changed*; take another copy"),
    "one byte of the manifest": (lambda s: change(s.kept / "manifest.json", 0.5), "changed*; take another copy"),
    "one byte of the keys": (lambda s: change(s.keys, 0.9), "changed or cut short; take another copy"),
    "another format": (_of_format_2, "restore it with access-service 9.1, which made it"),
    "a newer version": (_of_a_newer_schema, "made by a newer version of this program*restore it with that version"),
    "somebody else's": (_for_somebody_else, "is encrypted for age1*; give the identity or passphrase"),
    "a running service": (_over_a_running_service, "a running service or another command uses that database*stop"),
    "a newer database": (_over_a_newer_database, "made by a newer version"),
    "another register": (_over_another_register, "is not empty*name a new one"),
    "keys of another register": (_with_keys_of_another_register, "give the file that was made with this backup"),
    "a clock a year ahead": (lambda s: _a_year(s, 365), "if the clock is right, repeat with --clock-is-right"),
    "a clock a year behind": (lambda s: _a_year(s, -365), "set it right"),
}


def _hashes(folder: Path) -> dict[str, str]:
    """Of every file but what SQLite keeps beside a database for those who have it open."""
    files = (p for p in folder.rglob("*") if p.is_file() and not p.name.endswith(("-wal", "-shm")))
    return {p.relative_to(folder).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


@pytest.mark.parametrize("name", BAD)
def test_one_line_says_what_to_do_and_nothing_is_lost(
    name: str, scene: Scene, capsys: pytest.CaptureFixture[str]
) -> None:
    spoil, words = BAD[name]
    spoil(scene)
    before = _hashes(scene.folder)
    capsys.readouterr()
    assert scene.restore() == 1
    shown = capsys.readouterr()
    assert (shown.out, shown.err.count("\n")) == ("", 1), shown
    place = 0
    for part in words.split("*"):
        assert part in shown.err[place:], shown.err
        place = shown.err.index(part, place) + len(part)
    assert _hashes(scene.folder) == before
    if scene.held is not None:
        scene.held.close()
        scene.held.engine.dispose()


def test_the_same_backup_is_restored_when_nothing_is_wrong(scene: Scene) -> None:
    assert scene.restore() == 0
    assert main(["verify"]) == 0


def test_a_backup_that_was_made_by_a_clock_a_year_ahead_is_not_lost(
    scene: Scene, capsys: pytest.CaptureFixture[str]
) -> None:
    """The night's backup goes on while a wrong clock stops every act; when it was put right, it must come back."""
    recipient = "age1" + (scene.folder / "kept" / "manifest.json").read_text("utf-8").split("age1")[1].split('"')[0]
    with scene.patch.context() as ahead:
        use(ahead, scene.folder / "old")
        _a_year(Scene(scene.folder, ahead), 365)
        assert main(["backup", str(scene.folder / "ahead"), "--recipient", recipient]) == 0
    shutil.rmtree(scene.kept)
    (scene.folder / "ahead").rename(scene.kept)
    capsys.readouterr()
    assert scene.restore() == 1
    assert "if it is right and was wrong then, repeat with --clock-is-right" in capsys.readouterr().err
    assert is_untouched(scene.target)
    scene.options = ("--clock-is-right",)
    assert scene.restore() == 0
    assert main(["verify"]) == 0
