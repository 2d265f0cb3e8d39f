"""A backup that was restored cannot go on with the old log; a new one begins, and says what is missing."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from access_service.domain.errors import InvalidError
from access_service.domain.log_texts import read_log_name
from access_service.signing.pin import PINS, pin_file
from access_service.storage.audit import events
from access_service.storage.db import Database
from access_service.usecases.log.checkpoints import LogForkedError, check_log, log_name, make_checkpoint
from access_service.usecases.log.epochs import begin_epoch
from access_service.usecases.log.proving import prove
from access_service.usecases.services import Services
from access_service.usecases.upkeep.verifying import verify_register
from access_service.usecases.upkeep.verifying_log import Outside
from backing import backed_up, restored
from logged import grow, logged, opened
from world import REGISTER, World

WHY = "khôi phục bản sao lưu sau khi hỏng đĩa"


def came_back(world: World, services: Services, tmp_path: Path, blank_url: str, *, lost: int) -> Services:
    """The services over a restored backup, which lacks so many signed events; the pin is the machine's."""
    backed_up(services, tmp_path / "kept")
    grow(services, lost)
    make_checkpoint(services, REGISTER)
    restored(blank_url, world, tmp_path / "kept")
    return replace(services, db=Database(blank_url, world.clock))


def test_a_restored_backup_behind_the_pin_signs_nothing(world: World, tmp_path: Path, blank_url: str) -> None:
    services = logged(world.services, tmp_path)
    make_checkpoint(services, REGISTER)
    again = came_back(world, services, tmp_path, blank_url, lost=5)
    try:
        with pytest.raises(LogForkedError):
            check_log(again, REGISTER)
        grow(again, 20)
        with pytest.raises(LogForkedError):
            make_checkpoint(again, REGISTER)
    finally:
        again.db.close()


def test_a_new_epoch_holds_the_old_note_and_what_was_lost(world: World, tmp_path: Path, blank_url: str) -> None:
    share = tmp_path / "share"
    services = logged(world.services, tmp_path, share)
    make_checkpoint(services, REGISTER)
    again = came_back(world, services, tmp_path, blank_url, lost=5)
    try:
        stood = again.db.counter(REGISTER).seq
        old = (share / REGISTER / "1" / "latest").read_text("utf-8")
        begun = begin_epoch(again, REGISTER, WHY)
        assert begun.before == old
        assert begun.lost == opened(again, old).size - stood
        assert begun.made.checkpoint.origin == f"127.0.0.1:8000/log/{REGISTER}/2"
        with again.db.connect() as connection:
            (event,) = events(connection, REGISTER, after=stood)
        said = event.happening
        assert (said.action, said.target) == ("log.restored", REGISTER)
        assert said.details == {"epoch": 2, "lost": begun.lost, "note": old, "reason": WHY}
        assert (share / REGISTER / "2" / "latest").read_text("utf-8") == begun.made.note
        grow(again, 3)
        after = make_checkpoint(again, REGISTER)
        assert after.name.epoch == 2
        check_log(again, REGISTER)
        outside = Outside(again.keys_dir, again.checkpoint_dirs)
        assert verify_register(again.db, REGISTER, outside=outside).findings == ()
        kept = verify_register(again.db, REGISTER, outside=replace(outside, notes={"kept.note": old})).findings
        assert [(str(f.code), f.place) for f in kept] == [("checkpoint_inconsistent", "kept.note")]
    finally:
        again.db.close()


def test_a_restore_that_lost_nothing_signed_goes_on(world: World, tmp_path: Path, blank_url: str) -> None:
    services = logged(world.services, tmp_path)
    make_checkpoint(services, REGISTER)
    backed_up(services, tmp_path / "kept")
    restored(blank_url, world, tmp_path / "kept")
    again = replace(services, db=Database(blank_url, world.clock))
    try:
        made = make_checkpoint(again, REGISTER)
        assert (made.is_new, made.name.epoch) == (True, 1)
        with pytest.raises(InvalidError, match="goes on"):
            begin_epoch(again, REGISTER, WHY)
    finally:
        again.db.close()


@pytest.mark.backends("sqlite")
def test_keys_that_come_back_without_a_pin_begin_anew(world: World, tmp_path: Path) -> None:
    """A backup of keys holds no pin: an old one would let a fork pass."""
    services = logged(world.services, tmp_path)
    before = make_checkpoint(services, REGISTER)
    pin_file(services.keys_dir, REGISTER).unlink()
    with pytest.raises(LogForkedError, match="pin of the log is missing"):
        make_checkpoint(services, REGISTER)
    begun = begin_epoch(services, REGISTER, WHY)
    assert (begun.before, begun.lost) == (before.note, 0)
    assert make_checkpoint(services, REGISTER).name.epoch == 2
    assert read_log_name(prove(services, REGISTER, 1).split("\n\n")[1].split("\n")[0]).epoch == 2


@pytest.mark.backends("sqlite")
def test_a_log_that_goes_on_is_not_begun_anew_unless_its_address_changed(world: World, tmp_path: Path) -> None:
    services = logged(world.services, tmp_path)
    make_checkpoint(services, REGISTER)
    with pytest.raises(InvalidError):
        begin_epoch(services, REGISTER, WHY)
    moved = replace(services, public_url="https://access.example.vn")
    assert str(make_checkpoint(moved, REGISTER).name) == f"127.0.0.1:8000/log/{REGISTER}/1"
    begun = begin_epoch(moved, REGISTER, WHY)
    assert begun.made.checkpoint.origin == f"access.example.vn/log/{REGISTER}/2"
    assert begun.lost == 0


@pytest.mark.backends("sqlite")
@pytest.mark.parametrize("reason", ["", " ", "a\nb", "x" * 300])
def test_a_reason_is_one_line(reason: str, world: World, tmp_path: Path) -> None:
    with pytest.raises(InvalidError):
        begin_epoch(logged(world.services, tmp_path), REGISTER, reason)


@pytest.mark.backends("sqlite")
def test_a_new_epoch_is_above_every_one_that_is_left_anywhere(world: World, tmp_path: Path) -> None:
    services = logged(world.services, tmp_path, tmp_path / "share")
    make_checkpoint(services, REGISTER)
    for _ in range(2):
        pin_file(services.keys_dir, REGISTER).unlink()
        begin_epoch(services, REGISTER, WHY)
    (services.keys_dir / PINS / f"{REGISTER}.note").write_text("no note\n", "utf-8")
    assert begin_epoch(services, REGISTER, WHY).made.name.epoch == 4
    assert log_name(services, REGISTER).epoch == 4


@pytest.mark.backends("sqlite")
@pytest.mark.parametrize("pinned", ["", "no note", "a/log/b/1\n1\nAAAA\n\n— a AAAA\n"])
def test_a_pin_that_cannot_be_read_is_none(pinned: str, world: World, tmp_path: Path) -> None:
    services = logged(world.services, tmp_path)
    make_checkpoint(services, REGISTER)
    pin_file(services.keys_dir, REGISTER).write_text(pinned, "utf-8")
    with pytest.raises(LogForkedError, match="the pin cannot be believed"):
        make_checkpoint(services, REGISTER)


@pytest.mark.backends("sqlite")
def test_the_pin_of_another_register_is_none_of_ours(world: World, tmp_path: Path) -> None:
    services = logged(world.services, tmp_path)
    made = make_checkpoint(services, REGISTER)
    other = made.note.replace(REGISTER, "khac")
    pin_file(services.keys_dir, REGISTER).write_text(other, "utf-8")
    with pytest.raises(LogForkedError):
        make_checkpoint(services, REGISTER)
