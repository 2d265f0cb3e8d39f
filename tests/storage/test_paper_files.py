"""Files of papers by their hash: whole or not there, and in a backup as they were."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from access_service.domain.backups import BackupError
from access_service.domain.errors import UnavailableError
from access_service.domain.names import AccountId, DocumentId
from access_service.evidence.fonts import FAMILIES, OWN
from access_service.storage.paper_pages import (
    DocumentFile,
    FileKind,
    FileStore,
    add_file,
    file_of,
    files_in,
    keep_shown,
    shown_at,
)
from access_service.usecases.services import Services
from access_service.usecases.upkeep.backups import check_backup
from access_service.usecases.upkeep.examining_papers import list_missing_files, tell_missing, tell_type
from access_service.usecases.upkeep.paper_files import files_in_backup
from backing import MINE, backed_up, restored
from world import REGISTER, World

DOCUMENT = DocumentId("doc_000")


def named(services: Services, data: bytes, store: FileStore, version: int = 1) -> DocumentFile:
    now = services.db.now()
    file = DocumentFile(store.put(data), DOCUMENT, version, FileKind.FINAL, "application/pdf", len(data), now)
    with services.db.aside() as connection:
        add_file(connection, REGISTER, file)
    return file


def test_what_is_put_is_there_by_its_hash_and_nothing_else_is(tmp_path: Path) -> None:
    store = FileStore(tmp_path / "files")
    sha256 = store.put(b"%PDF-1.7 x")
    assert store.get(sha256) == b"%PDF-1.7 x"
    assert store.put(b"%PDF-1.7 x") == sha256
    assert [p.name for p in (tmp_path / "files").rglob("*") if p.is_file()] == [sha256]
    assert store.get("0" * 64) is None
    with pytest.raises(UnavailableError):
        store.require("0" * 64)


def test_bytes_that_are_others_are_missing_and_are_put_again(tmp_path: Path) -> None:
    store = FileStore(tmp_path)
    sha256 = store.put(b"true")
    next(p for p in tmp_path.rglob("*") if p.is_file()).write_bytes(b"tru3")
    assert store.get(sha256) is None
    assert store.put(b"true") == sha256
    assert store.require(sha256) == b"true"


def test_the_file_kept_first_for_a_version_is_the_one_that_counts(services: Services, tmp_path: Path) -> None:
    store = FileStore(tmp_path)
    first = named(services, b"first", store)
    second = replace(first, sha256=store.put(b"second"), made_at=first.made_at + timedelta(seconds=1))
    with services.db.aside() as connection:
        add_file(connection, REGISTER, second)
        assert file_of(connection, REGISTER, DOCUMENT, 1, FileKind.FINAL) == first
        assert file_of(connection, REGISTER, DOCUMENT, 2, FileKind.FINAL) is None
        assert {f.sha256 for f in files_in(connection)} == {first.sha256, second.sha256}


def test_that_a_page_was_shown_is_remembered_from_the_first_time(services: Services) -> None:
    now, account = services.db.now(), AccountId("acc_000")
    with services.db.aside() as connection:
        assert shown_at(connection, REGISTER, DOCUMENT, 1, account) is None
        for later in range(2):
            keep_shown(connection, REGISTER, [(DOCUMENT, 1)], account, now + timedelta(minutes=later))
        assert shown_at(connection, REGISTER, DOCUMENT, 1, account) == now
        assert shown_at(connection, REGISTER, DOCUMENT, 2, account) is None


@pytest.mark.backends("sqlite")
def test_files_are_in_a_backup_and_come_back(school_world: World, tmp_path: Path, blank_url: str) -> None:
    store = FileStore(tmp_path / "files")
    file = named(school_world.services, b"%PDF-1.7 signed", store)
    manifest = backed_up(school_world.services, tmp_path / "kept", files=store)
    assert manifest.has_files
    assert b"signed" not in (tmp_path / "kept" / "files.age").read_bytes()
    check_backup(tmp_path / "kept", MINE)
    there = FileStore(tmp_path / "there")
    restored(blank_url, school_world, tmp_path / "kept", files=there)
    assert there.require(file.sha256) == b"%PDF-1.7 signed"


@pytest.mark.backends("sqlite")
def test_a_backup_without_a_file_that_is_named_is_not_made(school_world: World, tmp_path: Path) -> None:
    store = FileStore(tmp_path / "files")
    file = named(school_world.services, b"lost", store)
    next(p for p in store.folder.rglob("*") if p.is_file()).unlink()
    with pytest.raises(BackupError, match=file.sha256):
        backed_up(school_world.services, tmp_path / "kept", files=store)
    assert not (tmp_path / "kept").exists()


@pytest.mark.backends("sqlite")
def test_the_doctor_names_the_files_that_are_gone(school_world: World, tmp_path: Path) -> None:
    store = FileStore(tmp_path / "files")
    files = [named(school_world.services, f"paper {n}".encode(), store, n) for n in range(1, 6)]
    assert list_missing_files(school_world.services.db, store.folder) == (5, [])
    for path in [p for p in store.folder.rglob("*") if p.is_file()]:
        path.unlink()
    count, missing = list_missing_files(school_world.services.db, store.folder)
    assert (count, set(missing)) == (5, {file.sha256 for file in files})
    assert list(tell_missing(missing))[-1] == "2 more"


def test_the_doctor_names_the_type_and_a_folder_that_has_none(tmp_path: Path) -> None:
    with pytest.raises(UnavailableError, match="prints Vietnamese"):
        tell_type(tmp_path)
    assert any(tell_type(None).startswith(name) for name in (OWN, *FAMILIES))


@pytest.mark.parametrize(
    "stream",
    [
        b'{"sha256": "00", "size": 3}\nabc',
        b'{"sha256": "00", "size": 9}\nabc',
        b'{"sha256": "00", "size": -1}\n',
        b'{"sha256": "00", "size": 1000000000000000}\n',
        b"no line\n",
        b"[]\n",
    ],
)
def test_a_stream_of_files_that_was_changed_is_refused(stream: bytes) -> None:
    with pytest.raises(BackupError, match="changed or cut short"):
        list(files_in_backup(io.BytesIO(stream)))
