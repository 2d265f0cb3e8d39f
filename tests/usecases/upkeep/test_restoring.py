"""Where a backup is not restored to, the keys beside it, older schemas, and disks that are full."""

from __future__ import annotations

import gzip
import os
import sqlite3
import subprocess
import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest
from sqlalchemy import MetaData, create_engine, select

from access_service.domain.backups import BackupError
from access_service.domain.errors import ClockError, UnavailableError
from access_service.domain.names import UnitId
from access_service.domain.observing import Observation
from access_service.rendering.job_exports import MATRIX, MatrixExport
from access_service.signing import age
from access_service.signing.canonical import sha256_hex
from access_service.storage import jobs
from access_service.storage.connecting import make_engine
from access_service.storage.db import Database
from access_service.storage.migrate import bring_up, require_current
from access_service.storage.schema import metadata
from access_service.usecases.jobs import asking
from access_service.usecases.keys import OWN, open_key
from access_service.usecases.services import Services
from access_service.usecases.third_party.clients import NewClient, create_client_as_operator
from access_service.usecases.third_party.cutting_over import begin_observing_as_operator
from access_service.usecases.third_party.software import register_software_as_operator
from access_service.usecases.tokens.keyring import open_keyring
from access_service.usecases.upkeep.backups import Closed, make_backup
from access_service.usecases.upkeep.restoring import KeysBack
from backing import ME, backed_up, change, is_untouched, restored, rewrite, rows_of
from software_world import ENTRY
from world import REGISTER, SCHOOL, World


@pytest.fixture
def kept(school_world: World, tmp_path: Path) -> Path:
    backed_up(school_world.services, tmp_path / "kept")
    return tmp_path / "kept"


def test_long_work_does_not_come_back(school_world: World, tmp_path: Path, blank_url: str) -> None:
    services, caller = school_world.services, school_world.enrol(f"000.head:{SCHOOL}").caller
    asked = asking.ask_job(services, caller, MATRIX, SCHOOL, MatrixExport("csv").parameters())
    backed_up(services, tmp_path / "with")
    restored(blank_url, school_world, tmp_path / "with")
    db = Database(blank_url, school_world.clock)
    with db.connect() as connection:
        assert jobs.job_of(connection, asked.register, asked.id) is None
    db.close()


def test_a_cut_over_that_the_backup_does_not_know_stays_done(
    school_world: World, tmp_path: Path, blank_url: str
) -> None:
    """What observed when the backup was made is enforced from the restore on, until somebody begins anew."""
    world = school_world
    entry = replace(ENTRY, unit=world.root, name="Cổng thử", is_enforcement_point=True)
    door = register_software_as_operator(world.services, world.register, entry)
    wanted = NewClient(door.id, frozenset({"evaluate"}), frozenset({"class"}))
    client = create_client_as_operator(world.services, world.register, wanted).client.id
    here, until = frozenset({UnitId(SCHOOL)}), world.clock.now + timedelta(days=30)
    begin_observing_as_operator(world.services, world.register, client, here, until)
    backed_up(world.services, tmp_path / "with")
    restored(blank_url, world, tmp_path / "with")
    db = Database(blank_url, world.clock)
    with db.read(world.register) as reader:
        (found,) = reader.find(Observation)
        assert world.clock.now not in found.interval
    db.close()


# -- where it does not go


def test_a_database_that_holds_something_is_left_alone(school_world: World, kept: Path, database_url: str) -> None:
    before = rows_of(school_world.services.db)
    school_world.services.db.close()
    with pytest.raises(BackupError, match="the database is not empty"):
        restored(database_url, school_world, kept)
    assert rows_of(school_world.services.db) == before


def test_a_running_service_is_left_alone(school_world: World, kept: Path, blank_url: str) -> None:
    engine = make_engine(blank_url)
    try:
        with engine.begin() as connection:
            bring_up(connection)
        with engine.connect() as held:
            held.execute(select(metadata.tables["registers"]))
            with pytest.raises(BackupError, match="a running service or another command uses that database"):
                restored(blank_url, school_world, kept)
    finally:
        engine.dispose()
    # With a schema and nothing in it, and nobody there: that is empty.
    assert restored(blank_url, school_world, kept).register == REGISTER


def test_a_newer_database_is_left_alone(school_world: World, kept: Path, blank_url: str) -> None:
    engine = make_engine(blank_url)
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE alembic_version (version_num VARCHAR(32))")
        connection.exec_driver_sql("INSERT INTO alembic_version VALUES ('9999')")
    engine.dispose()
    with pytest.raises(UnavailableError, match="made by a newer version"):
        restored(blank_url, school_world, kept)


@pytest.mark.backends("sqlite")
def test_a_file_that_is_no_database_is_left_alone(school_world: World, kept: Path, tmp_path: Path) -> None:
    (tmp_path / "thư.txt").write_text("một bức thư dài" * 100, "utf-8")
    with pytest.raises(BackupError, match="is there and no database"):
        restored(f"sqlite:///{tmp_path / 'thư.txt'}", school_world, kept)
    assert (tmp_path / "thư.txt").read_text("utf-8").startswith("một bức thư")


def test_a_clock_that_is_ahead_or_behind_restores_nothing(school_world: World, kept: Path, blank_url: str) -> None:
    school_world.clock.forward(days=365)
    with pytest.raises(ClockError, match="365 days old; if the clock is right, repeat with --clock-is-right"):
        restored(blank_url, school_world, kept)
    school_world.clock.forward(days=-730)
    for is_right in (False, True):
        with pytest.raises(ClockError, match="set it right"):
            restored(blank_url, school_world, kept, is_clock_right=is_right)
    assert is_untouched(blank_url)


@pytest.mark.backends("sqlite")
def test_an_old_backup_is_restored_where_the_operator_says_that_the_clock_is_right(
    school_world: World, kept: Path, blank_url: str
) -> None:
    school_world.clock.forward(days=365)
    assert restored(blank_url, school_world, kept, is_clock_right=True).register == REGISTER


# -- keys


def _files(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def _fresh_seal(world: World) -> None:
    """The seal key of the world was made by the tests, in no folder of this service."""
    with world.services.db.aside() as connection:
        connection.execute(metadata.tables["public_keys"].delete())
        connection.execute(metadata.tables["second_factors"].delete())


def test_keys_are_copied_only_when_asked_for_and_come_back_with_their_modes(
    school_world: World, tmp_path: Path, blank_url: str
) -> None:
    _fresh_seal(school_world)
    folder = tmp_path / "keys"
    for own in OWN.values():
        open_key(school_world.services.db, folder, own)
    open_keyring(school_world.services.db, folder, algorithm="ES256", overlap_s=3600)
    backed_up(school_world.services, tmp_path / "without")
    assert sorted(p.name for p in (tmp_path / "without").iterdir()) == ["data.age", "manifest.json"]
    backed_up(school_world.services, tmp_path / "kept", keys_file=tmp_path / "elsewhere.age")
    assert sorted(p.name for p in (tmp_path / "kept").iterdir()) == ["data.age", "manifest.json"]
    back = KeysBack(tmp_path / "elsewhere.age", tmp_path / "again" / "keys")
    restored(blank_url, school_world, tmp_path / "kept", keys=back)
    assert _files(back.folder) == _files(folder)
    assert len(_files(folder)) == len(OWN) + 1
    for path in (back.folder, *back.folder.rglob("*")):
        assert path.stat().st_mode & 0o077 == 0


def test_keys_of_another_register_are_not_put_beside_it(
    school_world: World, tmp_path: Path, blank_url: str, sqlite_template: Path
) -> None:
    backed_up(school_world.services, tmp_path / "kept")
    foreign = tmp_path / "foreign"
    db = Database(f"sqlite:///{tmp_path / 'foreign.db'}", school_world.clock)
    (tmp_path / "foreign.db").write_bytes(sqlite_template.read_bytes())
    for own in OWN.values():
        open_key(db, foreign, own)
    other = Services(db, school_world.services.seal)
    make_backup(
        other.db,
        tmp_path / "other",
        Closed((ME.recipient,)),
        program="1",
        keys_dir=foreign,
        keys_file=tmp_path / "foreign.age",
    )
    db.close()
    back = KeysBack(tmp_path / "foreign.age", tmp_path / "again")
    with pytest.raises(BackupError, match="the keys are of another database"):
        restored(blank_url, school_world, tmp_path / "kept", keys=back)
    assert is_untouched(blank_url)
    assert not back.folder.exists()


@pytest.mark.backends("sqlite")
def test_a_folder_of_keys_is_not_written_over(school_world: World, tmp_path: Path, blank_url: str) -> None:
    _fresh_seal(school_world)
    for own in OWN.values():
        open_key(school_world.services.db, tmp_path / "keys", own)
    backed_up(school_world.services, tmp_path / "kept", keys_file=tmp_path / "keys.age")
    before = _files(tmp_path / "keys")
    with pytest.raises(BackupError, match="is not empty; name a new one"):
        restored(
            blank_url, school_world, tmp_path / "kept", keys=KeysBack(tmp_path / "keys.age", tmp_path / "keys")
        )
    change(tmp_path / "keys.age", 0.9)
    with pytest.raises(BackupError, match=r"`keys\.age` was changed or cut short"):
        restored(blank_url, school_world, tmp_path / "kept", keys=KeysBack(tmp_path / "keys.age", tmp_path / "new"))
    assert _files(tmp_path / "keys") == before
    assert is_untouched(blank_url)


# -- an older schema


def test_a_backup_of_an_older_schema_comes_back_and_is_migrated(
    school_world: World, kept: Path, blank_url: str, tmp_path: Path
) -> None:
    old = "0015"
    engine = create_engine(f"sqlite:///{tmp_path / 'old.db'}")
    with engine.begin() as connection:
        bring_up(connection, old)
    then = MetaData()
    then.reflect(engine)
    engine.dispose()
    _as_it_was(kept, then, old)
    restored(blank_url, school_world, kept)
    db = Database(blank_url, school_world.clock)
    try:
        require_current(db.engine)
        before, after = rows_of(school_world.services.db), rows_of(db)
        assert len(after["persons"]) == len(before["persons"])
    finally:
        db.close()


def _as_it_was(kept: Path, then: MetaData, schema: str) -> None:
    """Rewrite a backup without the tables and columns that came later."""
    with age.reading(kept / "data.age", (ME,)) as source, gzip.open(source) as packed:
        lines = packed.read().splitlines()
    tables, copied, text = [], [], b""
    name, keep = "", []
    for line in lines:
        said = msgspec.json.decode(line)
        if isinstance(said, dict) and "table" in said:
            name = said["table"]
            known = set(then.tables[name].columns.keys()) if name in then.tables else set()
            keep = [i for i, c in enumerate(said["columns"]) if c in known]
            rows: list[bytes] = []
            columns = [said["columns"][i] for i in keep]
        elif isinstance(said, dict):
            if name in then.tables:
                body = b"".join(row + b"\n" for row in rows)
                copied.append({"name": name, "rows": len(rows), "sha256": sha256_hex(body)})
                head = msgspec.json.encode({"table": name, "columns": columns})
                text += head + b"\n" + body + b'{"rows":0}\n'
            tables.append(name)
        else:
            rows.append(msgspec.json.encode([said[i] for i in keep]))
    (kept / "data.age").unlink()
    with age.writing(kept / "data.age", [ME.recipient]) as (sink, written):
        sink.write(gzip.compress(text))
    part = {"name": "data.age", "size": written().size, "sha256": written().sha256}
    rewrite(kept, schema=schema, tables=copied, parts=[part])


# -- a full disk

SCRIPT = """
import resource, sys
limit = int(sys.argv[1])
from access_service.cli import main
import access_service.cli.backups
from access_service.usecases.services import SystemClock
del SystemClock.running
resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
sys.exit(main(sys.argv[2:]))
"""


@pytest.mark.backends("sqlite")
def test_a_full_disk_leaves_nothing_half(school_world: World, kept: Path, tmp_path: Path) -> None:
    url = str(school_world.services.db.url)
    school_world.services.db.checkpoint()
    (tmp_path / "id").write_text(ME.secret, "utf-8")

    def run(limit: int, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-c", SCRIPT, str(limit), *arguments],
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
            env={**os.environ, "ACCESS_SERVICE_KEYS_DIR": str(tmp_path / "keys")},
        )

    # Somebody has it open: SQLite's own files beside it are there, and only the backup is too large.
    with school_world.services.db.connect() as connection:
        connection.execute(select(metadata.tables["registers"])).all()
        done = run(4096, "backup", str(tmp_path / "half"), "--recipient", ME.recipient, "--database", url)
    assert done.returncode == 1
    assert done.stderr == (
        f"access-service: there is no space left for `{tmp_path / 'half'}`, and nothing of it was kept; "
        "make room or name another disk\n"
    )
    school_world.services.db.close()
    assert not (tmp_path / "half").exists()
    assert not list(tmp_path.glob(".half.*"))
    arguments = ("--identity", str(tmp_path / "id"), "--clock-is-right")
    target = tmp_path / "new.db"
    done = run(200_000, "restore", str(kept), *arguments, "--database", f"sqlite:///{target}")
    assert (done.returncode, done.stderr.count("\n")) == (1, 1), done.stderr
    assert "nothing was restored" in done.stderr
    assert is_untouched(f"sqlite:///{target}")
    done = run(1 << 30, "restore", str(kept), *arguments, "--database", f"sqlite:///{target}")
    assert done.returncode == 0, done.stderr
    assert sqlite3.connect(target).execute("SELECT count(*) FROM registers").fetchone() == (1,)
