"""The pins: the last note that was signed for each register's log, in the folder of keys and outside the database.

Whoever can change the database cannot make the service sign a log that does not go on from there.
"""

import fcntl
import os
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from access_service.signing.notes import LARGEST_NOTE

PINS = "log.pin"
"""The folder of pins in the folder of keys."""
_LOOK_AGAIN_S = 0.05


def pin_file(keys_dir: Path, register: str) -> Path:
    """Where a register's pin stands."""
    return keys_dir / PINS / f"{quote(register, safe='')}.note"


def read_pin(keys_dir: Path, register: str) -> str | None:
    """The note that was signed last; None where none was, or somebody took it away."""
    try:
        with pin_file(keys_dir, register).open("rb") as file:
            return file.read(LARGEST_NOTE + 1).decode("utf-8", "replace")
    except FileNotFoundError:
        return None


def write_pin(keys_dir: Path, register: str, note: str) -> None:
    """Keep a note as the last one, whole or not at all, and on the disk when this returns."""
    path = pin_file(keys_dir, register)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    replace_file(path, note.encode(), 0o600)


def replace_file(path: Path, data: bytes, mode: int) -> None:
    """Give a file new content, whole or not at all."""
    beside = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


@contextmanager
def hold_pins(keys_dir: Path, wait_s: float) -> Iterator[bool]:
    """True while no other process of this machine signs a log; False where one does for longer than `wait_s`."""
    folder = keys_dir / PINS
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    until = time.monotonic() + wait_s
    try:
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() >= until:
                    yield False
                    return
                time.sleep(_LOOK_AGAIN_S)
            else:
                yield True
                return
    finally:
        os.close(descriptor)
