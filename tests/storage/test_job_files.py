"""Files have their name when they are whole, are nobody else's to read, and go when nobody answers for them."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from stat import S_IMODE

import pytest

from access_service.domain.errors import UnavailableError
from access_service.storage.job_files import LEFT_S, PART, SPARED_S, JobFiles


def kept(store: JobFiles, name: str, data: bytes) -> str:
    with store.new() as file:
        file.stream.write(data)
        return file.keep(name).sha256


def test_a_file_is_read_as_it_was_kept(tmp_path: Path) -> None:
    store = JobFiles(tmp_path / "a" / "b")
    sha256 = kept(store, "mot-1", "đúng".encode())
    assert sha256 == hashlib.sha256("đúng".encode()).hexdigest()
    with store.open("mot-1", sha256) as stream:
        assert stream.read().decode() == "đúng"
    path = tmp_path / "a" / "b" / "mot-1"
    assert (S_IMODE(path.stat().st_mode), S_IMODE(path.parent.stat().st_mode)) == (0o600, 0o700)


def test_what_was_not_kept_leaves_nothing(tmp_path: Path) -> None:
    store = JobFiles(tmp_path)
    with store.new() as file:
        file.stream.write(b"half")
    with pytest.raises(ZeroDivisionError), store.new():
        _ = 1 / 0
    assert [*tmp_path.iterdir()] == []


def test_another_file_under_the_name_is_not_handed_out(tmp_path: Path) -> None:
    store = JobFiles(tmp_path)
    sha256 = kept(store, "a", b"one")
    kept(store, "a", b"two")
    with pytest.raises(UnavailableError, match="not what was kept"):
        store.open("a", sha256)
    with pytest.raises(UnavailableError, match="not on this machine"):
        store.open("b", sha256)


@pytest.mark.parametrize("name", ["", "../a", "a/b", ".a", "a.part", "a\n", "é"])
def test_a_name_names_no_place(tmp_path: Path, name: str) -> None:
    with pytest.raises(RuntimeError, match="no name"):
        JobFiles(tmp_path).open(name, "")


def test_a_folder_that_cannot_be_written_is_told_in_our_words(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("a file, no folder")
    with pytest.raises(UnavailableError, match="cannot be written"), JobFiles(tmp_path / "a" / "b").new():
        raise AssertionError("not reached")


def test_the_sweep_takes_what_is_old_and_unused(tmp_path: Path) -> None:
    store = JobFiles(tmp_path)
    for name in ("used", "over", "fresh"):
        kept(store, name, name.encode())
    for name in (f"left{PART}", f"writing{PART}"):
        (tmp_path / name).write_bytes(b"")
    now = (tmp_path / "fresh").stat().st_mtime
    for name, age in (("used", 2), ("over", 2)):
        os.utime(tmp_path / name, (now, now - age * SPARED_S))
    os.utime(tmp_path / f"left{PART}", (now, now - 2 * LEFT_S))
    os.utime(tmp_path / f"writing{PART}", (now, now - 2 * SPARED_S))
    assert store.sweep({"used"}) == 2
    assert sorted(path.name for path in tmp_path.iterdir()) == ["fresh", "used", f"writing{PART}"]
    assert JobFiles(tmp_path / "nowhere").sweep(set()) == 0
