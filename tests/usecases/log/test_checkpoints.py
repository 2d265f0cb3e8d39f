"""The log is signed as it stands, once for each size, and goes on from what was signed."""

from __future__ import annotations

import stat
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import text

from access_service.domain.errors import NotFoundError, UnavailableError
from access_service.domain.log import check_consistency, check_inclusion, leaf_hash, root_of
from access_service.domain.log_texts import read_log_proof
from access_service.domain.names import RegisterId
from access_service.signing.notes import open_checkpoint, read_policy
from access_service.signing.pin import PINS, hold_pins, pin_file, read_pin
from access_service.storage.audit import events
from access_service.storage.db import Database
from access_service.storage.log import newest_checkpoint, sign_alone, tree_of
from access_service.usecases.keys import LOG, KeyKind, rotate_key
from access_service.usecases.log.checkpoints import (
    FAILED,
    KEPT,
    MADE,
    UNWRITTEN,
    BusyError,
    Checkpointing,
    make_checkpoint,
)
from access_service.usecases.log.proving import prove, prove_all, write_policy
from access_service.usecases.services import Services
from logged import grow, leaves, logged, opened
from world import REGISTER, World


def test_the_first_checkpoint_begins_the_log_and_names_it_by_its_address(world: World, tmp_path: Path) -> None:
    services = logged(world.services, tmp_path)
    made = make_checkpoint(services, REGISTER)
    assert made.is_new
    assert made.checkpoint.origin == f"127.0.0.1:8000/log/{REGISTER}/1"
    assert made.checkpoint.size == services.db.counter(REGISTER).seq
    assert made.checkpoint.root == root_of(leaves(services))
    assert opened(services, made.note) == made.checkpoint
    assert read_pin(services.keys_dir, REGISTER) == made.note
    with services.db.connect() as connection:
        assert newest_checkpoint(connection, REGISTER).note == made.note


def test_a_log_that_did_not_grow_is_not_signed_again(world: World, tmp_path: Path) -> None:
    services = logged(world.services, tmp_path)
    first = make_checkpoint(services, REGISTER)
    again = make_checkpoint(services, REGISTER)
    assert (again.note, again.is_new) == (first.note, False)
    grow(services, 1)
    assert make_checkpoint(services, REGISTER).checkpoint.size == first.checkpoint.size + 1


def test_tiles_grow_with_the_log_and_every_checkpoint_follows_the_one_before(world: World, tmp_path: Path) -> None:
    services = logged(world.services, tmp_path)
    made = [make_checkpoint(services, REGISTER)]
    for more in (200, 60, 300, 1):
        grow(services, more)
        made.append(make_checkpoint(services, REGISTER))
        size = made[-1].checkpoint.size
        assert made[-1].checkpoint.root == root_of(leaves(services))
        with services.db.connect() as connection:
            tree = tree_of(connection, REGISTER, size)
            for before in made:
                old = before.checkpoint
                check_consistency(
                    old.size, size, old.root, made[-1].checkpoint.root, tree.consistency(old.size, size)
                )


def test_an_event_is_proved_by_a_file_that_needs_nothing_else(world: World, tmp_path: Path) -> None:
    services = logged(world.services, tmp_path)
    grow(services, 300)
    size = services.db.counter(REGISTER).seq
    with pytest.raises(NotFoundError):
        write_policy(services, REGISTER)
    proofs = prove_all(services, REGISTER, [1, 2, 256, 257, size])
    policy = read_policy(write_policy(services, REGISTER))
    for seq, file in proofs.items():
        proof = read_log_proof(file)
        checkpoint = open_checkpoint(proof.note, policy.logs)
        check_inclusion(leaf_hash(proof.entry), proof.index, checkpoint.size, proof.hashes, checkpoint.root)
        assert (proof.index, checkpoint.size) == (seq - 1, size)
        with services.db.connect() as connection:
            (event,) = events(connection, REGISTER, after=seq - 1, limit=1)
        assert proof.entry == event.canonical()


def test_proofs_of_what_is_signed_already_need_no_new_signature(world: World, tmp_path: Path) -> None:
    services = logged(world.services, tmp_path)
    made = make_checkpoint(services, REGISTER)
    grow(services, 1)
    unable = replace(services, signs_log=False)
    assert prove(unable, REGISTER, made.checkpoint.size).endswith(made.note)
    with pytest.raises(UnavailableError, match="another machine"):
        prove(unable, REGISTER, made.checkpoint.size + 1)


@pytest.mark.parametrize("seq", [0, -1, 10_000])
@pytest.mark.backends("sqlite")
def test_an_event_that_is_not_there_is_not_proved(seq: int, world: World, tmp_path: Path) -> None:
    with pytest.raises(NotFoundError):
        prove(logged(world.services, tmp_path), REGISTER, seq)


@pytest.mark.backends("sqlite")
def test_an_event_that_was_changed_is_not_proved(world: World, tmp_path: Path) -> None:
    services = logged(world.services, tmp_path)
    make_checkpoint(services, REGISTER)
    with services.db.engine.begin() as connection:
        connection.execute(text("UPDATE events SET actor = 'acc_x' WHERE seq = 1"))
    with pytest.raises(UnavailableError, match="event 1 cannot be proved"):
        prove(services, REGISTER, 1)


@pytest.mark.backends("sqlite")
def test_a_rotated_key_signs_and_the_one_before_still_verifies(world: World, tmp_path: Path) -> None:
    services = logged(world.services, tmp_path)
    before = make_checkpoint(services, REGISTER)
    rotate_key(services.db, services.keys_dir, LOG, KeyKind.LOG)
    after = make_checkpoint(services, REGISTER)
    assert after.checkpoint.size > before.checkpoint.size
    assert opened(services, before.note) == before.checkpoint
    assert opened(services, after.note) == after.checkpoint
    assert len(read_policy(write_policy(services, REGISTER)).logs) == 2


# -- one at a time


@pytest.mark.backends("sqlite")
def test_one_process_of_a_machine_signs_at_a_time(world: World, tmp_path: Path) -> None:
    services = logged(world.services, tmp_path)
    with hold_pins(services.keys_dir, 0) as is_first:
        assert is_first
        with pytest.raises(BusyError):
            make_checkpoint(services, REGISTER, wait_s=0)
    assert make_checkpoint(services, REGISTER).is_new


@pytest.mark.backends("postgresql")
def test_one_machine_signs_at_a_time(world: World, tmp_path: Path) -> None:
    services = logged(world.services, tmp_path)
    other = Database(services.db.url.render_as_string(hide_password=False), world.clock)
    try:
        with sign_alone(other, REGISTER) as is_alone:
            assert is_alone
            with pytest.raises(BusyError, match="another machine"):
                make_checkpoint(services, REGISTER)
        with sign_alone(other, RegisterId("another")) as is_alone:
            assert is_alone
            assert make_checkpoint(services, REGISTER).is_new
    finally:
        other.close()


@pytest.mark.backends("sqlite")
def test_the_pins_are_their_owners_alone(world: World, tmp_path: Path) -> None:
    services = logged(world.services, tmp_path)
    make_checkpoint(services, REGISTER)
    for path in (services.keys_dir / PINS, pin_file(services.keys_dir, REGISTER)):
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0
    assert pin_file(services.keys_dir, "../../x").parent == services.keys_dir / PINS


# -- export folders


@pytest.mark.backends("sqlite")
def test_every_checkpoint_goes_into_every_folder_and_stays_there(world: World, tmp_path: Path) -> None:
    folders = (tmp_path / "share", tmp_path / "worm")
    services = logged(world.services, tmp_path, *folders)
    notes = {}
    for _ in range(3):
        made = make_checkpoint(services, REGISTER)
        notes[f"{made.checkpoint.size}.note"] = made.note
        grow(services, 1)
    for folder in folders:
        kept = {path.name: path.read_text("utf-8") for path in (folder / REGISTER / "1").iterdir()}
        assert kept == {**notes, "latest": made.note}


@pytest.mark.backends("sqlite")
def test_a_folder_that_cannot_be_reached_stops_nothing(world: World, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder", "utf-8")
    services = logged(world.services, tmp_path, tmp_path / "file" / "x", tmp_path / "share")
    made = make_checkpoint(services, REGISTER)
    assert len(made.unwritten) == 1
    assert "file/x" in made.unwritten[0]
    assert (tmp_path / "share" / REGISTER / "1" / "latest").read_text("utf-8") == made.note


@pytest.mark.backends("sqlite")
def test_a_folder_that_comes_back_gets_what_is_newest(world: World, tmp_path: Path) -> None:
    share = tmp_path / "share"
    services = logged(world.services, tmp_path, share)
    share.write_text("not mounted", "utf-8")
    made = make_checkpoint(services, REGISTER)
    share.unlink()
    assert make_checkpoint(services, REGISTER).unwritten == ()
    assert (share / REGISTER / "1" / "latest").read_text("utf-8") == made.note


# -- rounds


def rounds_of(services: Services) -> tuple[Checkpointing, list[tuple[str, str]]]:
    heard: list[tuple[str, str]] = []
    return Checkpointing(services, 3600, lambda what, why: heard.append((what, why))), heard


@pytest.mark.backends("sqlite")
def test_a_round_signs_every_log_that_grew(world: World, tmp_path: Path) -> None:
    services = logged(world.services, tmp_path)
    signing, heard = rounds_of(services)
    signing.round()
    signing.round()
    assert (signing.rounds[MADE], signing.rounds[KEPT], heard, signing.forked) == (1, 1, [], {})


@pytest.mark.backends("sqlite")
def test_what_is_stopped_signs_a_last_time(world: World, tmp_path: Path) -> None:
    services = logged(world.services, tmp_path)
    signing, _ = rounds_of(services)
    signing.start()
    signing.close()
    assert read_pin(services.keys_dir, REGISTER) is not None
    with hold_pins(services.keys_dir, 0):
        signing.round()
    assert signing.rounds[KEPT] == 1


@pytest.mark.backends("sqlite")
def test_a_log_that_cannot_be_signed_is_told_and_tried_again(world: World, tmp_path: Path) -> None:
    services = logged(world.services, tmp_path, tmp_path / "file" / "x")
    (tmp_path / "file").write_text("no folder", "utf-8")
    signing, heard = rounds_of(replace(services, keys_dir=None))
    signing.round()
    assert signing.rounds[FAILED] == 1
    assert "no folder of keys" in heard[0][1]
    signing, heard = rounds_of(services)
    signing.round()
    assert (signing.rounds[MADE], signing.rounds[UNWRITTEN], heard[0][0]) == (1, 1, "checkpoint")


@pytest.mark.backends("sqlite")
def test_a_database_that_does_not_answer_ends_no_thread(world: World, tmp_path: Path) -> None:
    services = logged(world.services, tmp_path)
    signing, heard = rounds_of(services)
    with services.db.engine.begin() as connection:
        connection.execute(text("ALTER TABLE registers RENAME TO gone"))
    signing.round()
    with services.db.engine.begin() as connection:
        connection.execute(text("ALTER TABLE gone RENAME TO registers"))
    assert (signing.rounds[FAILED], len(heard)) == (1, 1)
