"""A backup holds everything and comes back whole, or not at all; what was open in it does not open again."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from threading import get_native_id
from typing import Any

import pytest
from sqlalchemy import select

from access_service.domain.accounts import Account
from access_service.domain.backups import BackupError, read_manifest
from access_service.domain.names import AccountKind
from access_service.domain.recovery import Recovery, RecoveryState, state_at
from access_service.signing.canonical import sha256_hex
from access_service.storage.accounts import credential_of
from access_service.storage.audit import events, steps_back
from access_service.storage.db import Database
from access_service.storage.migrate import require_current
from access_service.storage.schema import metadata
from access_service.usecases.services import Services
from access_service.usecases.upkeep import backups
from access_service.usecases.upkeep.backups import Closed, Opened, check_backup, make_backup
from backing import (
    ME,
    MINE,
    NEVER_BACK,
    OTHER,
    TOUCHED,
    backed_up,
    change,
    cut,
    is_untouched,
    restored,
    rewrite,
    rows_of,
)
from world import REGISTER, World


@pytest.fixture
def kept(school_world: World, tmp_path: Path) -> Path:
    backed_up(school_world.services, tmp_path / "kept")
    return tmp_path / "kept"


# -- whole


def test_every_row_comes_back_and_the_log_goes_on(school_world: World, kept: Path, blank_url: str) -> None:
    before = rows_of(school_world.services.db)
    stood = school_world.services.db.counter(REGISTER)
    back = restored(blank_url, school_world, kept)
    db = Database(blank_url, school_world.clock)
    try:
        require_current(db.engine)
        after, stands = rows_of(db), db.counter(REGISTER)
        assert {n: r for n, r in after.items() if n not in TOUCHED} == {
            n: r for n, r in before.items() if n not in TOUCHED
        }
        assert {n for n, rows in before.items() if rows} >= {"persons", "grants", "packs", "events", "accounts"} - {
            "grants"
        }
        assert set(after["events"]) > set(before["events"])
        with db.connect() as connection:
            said = list(events(connection, REGISTER, after=stood.seq, limit=10))
            assert steps_back(connection, REGISTER) == []
        assert [e.happening.action for e in said] == ["register.restore"]
        assert said[0].previous == stood.head
        assert said[0].happening.details["from"] == stood.revision == back.from_revision
        assert said[0].happening.details["to"] == stands.revision == back.to_revision == stood.revision + 1
        # The register goes on living.
        replace(school_world, services=Services(db, school_world.services.seal)).clock.forward(minutes=1)
        db.note(REGISTER, "operator", said[0].happening)
    finally:
        db.close()


def test_a_backup_of_one_database_is_restored_into_the_other(
    sqlite_services: Services, made_school_world: Any, clock: Any, blank_url: str, tmp_path: Path
) -> None:
    world = made_school_world.again(sqlite_services, clock)
    backed_up(sqlite_services, tmp_path / "kept")
    before = rows_of(sqlite_services.db)
    restored(blank_url, world, tmp_path / "kept")
    db = Database(blank_url, clock)
    try:
        after = rows_of(db)
        assert len(after["persons"]) == len(before["persons"]) > 0
        with db.connect() as connection:
            again = [e.hash for e in events(connection, REGISTER, limit=10_000)]
        with sqlite_services.db.connect() as connection:
            assert again[:-1] == [e.hash for e in events(connection, REGISTER, limit=10_000)]
    finally:
        db.close()


def test_writes_during_the_backup_are_in_it_whole_or_not_at_all(
    school_world: World, tmp_path: Path, blank_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    db = school_world.services.db
    from access_service.usecases.upkeep import backups

    def writes_meanwhile(connection: Any, sink: Any) -> Any:
        with db.write(REGISTER, "operator") as tx:
            tx.happened("clock.accept", REGISTER)
        return copies(connection, sink)

    copies = backups.rows_out
    monkeypatch.setattr(backups, "rows_out", writes_meanwhile)
    stood = db.counter(REGISTER)
    backed_up(school_world.services, tmp_path / "kept")
    assert db.counter(REGISTER).revision == stood.revision + 1
    assert restored(blank_url, school_world, tmp_path / "kept").from_revision == stood.revision


@pytest.mark.backends("sqlite")
def test_a_passphrase_opens_what_it_closed(school_world: World, tmp_path: Path, blank_url: str) -> None:
    said = "mật khẩu rất dài của Sở"
    make_backup(
        school_world.services.db, tmp_path / "kept", Closed((), said), program="1", keys_dir=tmp_path / "keys"
    )
    with pytest.raises(BackupError, match="the passphrase does not open this"):
        restored(blank_url, school_world, tmp_path / "kept", opened=Opened((), "mật khẩu rất dài của ai"))
    with pytest.raises(BackupError, match="is encrypted for a passphrase"):
        restored(blank_url, school_world, tmp_path / "kept", opened=MINE)
    assert is_untouched(blank_url)
    restored(blank_url, school_world, tmp_path / "kept", opened=Opened((), said))


@pytest.mark.backends("sqlite")
def test_what_is_written_is_nobody_elses_to_read_and_holds_no_name(school_world: World, kept: Path) -> None:
    with school_world.services.db.connect() as connection:
        names = [name for (name,) in connection.execute(select(metadata.tables["persons"].c.name))]
    assert kept.stat().st_mode & 0o777 == 0o700
    for file in kept.iterdir():
        assert file.stat().st_mode & 0o777 == 0o600
        assert not [name for name in names if name.encode() in file.read_bytes()]


@pytest.mark.backends("sqlite")
@pytest.mark.parametrize(
    ("closed", "message"),
    [
        (Closed(), "name a recipient or a passphrase"),
        (Closed(("age1nobody",)), "is no recipient of age"),
        (Closed((), "ngắn"), "a passphrase has at least 12 characters"),
    ],
)
def test_a_backup_that_anybody_could_read_is_not_made(
    school_world: World, tmp_path: Path, closed: Closed, message: str
) -> None:
    with pytest.raises(BackupError, match=message):
        make_backup(school_world.services.db, tmp_path / "kept", closed, program="1", keys_dir=tmp_path / "keys")
    assert not (tmp_path / "kept").exists()


@pytest.mark.backends("sqlite")
def test_a_backup_takes_the_place_of_nothing(school_world: World, kept: Path) -> None:
    before = sorted((p.name, p.read_bytes()) for p in kept.iterdir())
    with pytest.raises(BackupError, match="is there already; name a new one"):
        backed_up(school_world.services, kept)
    assert sorted((p.name, p.read_bytes()) for p in kept.iterdir()) == before


# -- what was open


def test_what_opens_something_by_itself_does_not_come_back(
    school_world: World, tmp_path: Path, blank_url: str
) -> None:
    db = school_world.services.db
    with db.connect() as connection:
        codes = {
            row.account
            for row in connection.execute(select(metadata.tables["credentials"]))
            if row.activation_sha256 is not None
        }
    account = _use_account(school_world)
    with db.write(REGISTER, "operator") as tx:
        tx.put(_recovery(school_world, account))
        tx.happened("account.recover", account.id)
    backed_up(school_world.services, tmp_path / "kept")
    school_world.clock.forward(minutes=5)
    back = restored(blank_url, school_world, tmp_path / "kept")
    restored_db = Database(blank_url, school_world.clock)
    try:
        rows = rows_of(restored_db)
        assert not any(rows[name] for name in NEVER_BACK)
        assert set(back.codes) == codes
        with restored_db.read(REGISTER) as reader:
            (recovery,) = reader.find(Recovery)
            assert state_at(recovery, school_world.clock()) is RecoveryState.STOPPED
            assert back.recoveries == (recovery.id,)
            for name in codes:
                found = credential_of(reader.connection, REGISTER, name)
                assert found is not None
                assert found.activation_sha256 is None
    finally:
        restored_db.close()


def _use_account(world: World) -> Account:
    with world.services.db.read(REGISTER) as reader:
        return next(a for a in reader.find(Account) if a.kind is AccountKind.USE)


def _recovery(world: World, account: Account) -> Recovery:
    now = world.clock()
    return Recovery(
        id="rec_1",
        account=account.id,
        asked_by=account.id,
        asker=account.person or "",  # type: ignore[arg-type]
        code_sha256=sha256_hex(b"code"),
        code_hours=24,
        resets_factor=False,
        opens_at=now + timedelta(days=1),
        valid_from=now,
    )


@pytest.mark.parametrize(("load", "scheduler"), [(0.0, "SCHED_IDLE"), (10_000.0, "SCHED_OTHER")])
def test_copying_is_idle_where_the_machine_is_and_nice_where_it_is_not(
    load: float, scheduler: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "getloadavg", lambda: (load, load, load))
    mine = os.sched_getscheduler(0), os.getpriority(os.PRIO_PROCESS, 0)
    there = backups._quietly(lambda: (os.sched_getscheduler(0), os.getpriority(os.PRIO_PROCESS, get_native_id())))
    # Whoever began it with less keeps that: nobody but root may take it back.
    assert there == (getattr(os, scheduler), max(backups.QUIET, mine[1]))
    assert (os.sched_getscheduler(0), os.getpriority(os.PRIO_PROCESS, 0)) == mine


# -- not whole


@pytest.mark.backends("sqlite")
def test_one_byte_changed_anywhere_is_found(school_world: World, kept: Path, blank_url: str) -> None:
    for name in ("data.age", "manifest.json"):
        whole = (kept / name).read_bytes()
        for place in (0, 0.001, 0.25, 0.5, 0.75, 1):
            change(kept / name, place)
            with pytest.raises(BackupError) as refused:
                restored(blank_url, school_world, kept)
            assert "\n" not in str(refused.value)
            (kept / name).write_bytes(whole)
    assert is_untouched(blank_url)


@pytest.mark.backends("sqlite")
def test_what_age_finds_changed_is_found_where_the_manifest_was_changed_with_it(
    school_world: World, kept: Path, blank_url: str
) -> None:
    change(kept / "data.age", 0.9)
    data = (kept / "data.age").read_bytes()
    rewrite(kept, parts=[{"name": "data.age", "size": len(data), "sha256": sha256_hex(data)}])
    with pytest.raises(BackupError, match=r"`data\.age` was changed or cut short"):
        restored(blank_url, school_world, kept)
    assert is_untouched(blank_url)


@pytest.mark.backends("sqlite")
@pytest.mark.parametrize("name", ["data.age", "manifest.json"])
def test_a_backup_cut_short_is_found(school_world: World, kept: Path, blank_url: str, name: str) -> None:
    cut(kept / name)
    with pytest.raises(BackupError, match=r"cut short.*; take another copy"):
        restored(blank_url, school_world, kept)
    (kept / name).unlink()
    with pytest.raises(BackupError, match=r"(it is no backup|lacks `data.age`)"):
        restored(blank_url, school_world, kept)
    assert is_untouched(blank_url)


@pytest.mark.backends("sqlite")
@pytest.mark.parametrize(
    ("said", "message"),
    [
        ({"format": 2, "program": "9.1"}, "restore it with access-service 9.1, which made it"),
        ({"schema": "9999"}, "made by a newer version of this program"),
    ],
)
def test_a_backup_of_another_version_says_which_one_reads_it(
    school_world: World, kept: Path, blank_url: str, said: dict[str, Any], message: str
) -> None:
    rewrite(kept, **said)
    with pytest.raises(BackupError, match=message):
        restored(blank_url, school_world, kept)
    assert is_untouched(blank_url)


def test_rows_that_the_manifest_does_not_count_are_not_restored(
    school_world: World, kept: Path, blank_url: str
) -> None:
    tables = json.loads((kept / "manifest.json").read_bytes())["tables"]
    next(t for t in tables if t["name"] == "persons")["rows"] += 1
    rewrite(kept, tables=tables)
    with pytest.raises(BackupError, match="table `persons` has other rows"):
        restored(blank_url, school_world, kept)
    assert is_untouched(blank_url)
    with pytest.raises(BackupError, match="table `persons` has other rows"):
        check_backup(kept, MINE)


@pytest.mark.backends("sqlite")
def test_a_backup_for_somebody_else_says_for_whom(school_world: World, kept: Path, blank_url: str) -> None:
    with pytest.raises(BackupError, match=f"is encrypted for {ME.recipient}; give the identity"):
        restored(blank_url, school_world, kept, opened=Opened((OTHER,)))
    rewrite(kept, recipients=[OTHER.recipient])
    with pytest.raises(BackupError, match="encrypted for somebody else"):
        restored(blank_url, school_world, kept, opened=Opened((OTHER,)))
    assert is_untouched(blank_url)


def test_a_whole_backup_can_be_checked_without_a_database(school_world: World, kept: Path) -> None:
    manifest = check_backup(kept, MINE)
    assert manifest == read_manifest((kept / "manifest.json").read_bytes())
    assert manifest.rows > 0
