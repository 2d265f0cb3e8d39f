"""Checkpoints: the log's size and root, signed, kept beside the key and handed to folders outside.

The signer signs nothing that does not go on from what it signed last (`signing.pin`), from the newest checkpoint
that the database holds, and from the newest one in every export folder. Where the log was changed or cut, nothing
is signed any more until an operator says so (`epochs`); decisions go on.
"""

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from access_service.domain.errors import AccessServiceError, UnavailableError
from access_service.domain.log import ProofError, Tree, check_consistency
from access_service.domain.log_texts import Checkpoint, LogName, read_log_name
from access_service.domain.names import RegisterId
from access_service.signing.notes import VerifierKey, open_checkpoint, sign_note
from access_service.signing.pin import hold_pins, read_pin, write_pin
from access_service.storage.keys import public_keys
from access_service.storage.log import (
    StoredCheckpoint,
    TreeConnection,
    grow_tiles,
    keep_checkpoint,
    newest_checkpoint,
    readable_size,
    sign_alone,
    size_of,
    tree_of,
)
from access_service.usecases.keys import LOG, open_key
from access_service.usecases.log.exports import export_note, newest_exported
from access_service.usecases.services import Services

WAIT_S = 5.0
"""How long somebody who needs a checkpoint waits for another process that makes one."""


class LogForkedError(UnavailableError):
    """The log does not go on from what was signed: it was changed, cut, or restored from a backup."""


class BusyError(UnavailableError):
    """Another process signs this log."""


@dataclass(frozen=True, slots=True)
class MadeCheckpoint:
    """A checkpoint and what became of it."""

    name: LogName
    checkpoint: Checkpoint
    note: str
    is_new: bool
    """False where the log had not grown since."""
    unwritten: tuple[str, ...] = ()
    """Export folders that could not be written to, and why."""


def keys_of(connection: TreeConnection, origin: str) -> list[VerifierKey]:
    """Every key that this database ever signed logs with, under the name of one."""
    return [VerifierKey(origin, bytes.fromhex(k.public_hex)) for k in public_keys(connection, LOG.purpose)]


@dataclass(frozen=True, slots=True)
class LastSigned:
    """Where the log stood when it was signed last."""

    name: LogName
    checkpoint: Checkpoint | None
    """None where it never was."""
    note: str = ""


def find_last_signed(
    services: Services, connection: TreeConnection, register: RegisterId, tree: Tree, *, thorough: bool = False
) -> LastSigned:
    """What was signed last. Raises `LogForkedError` where the log as it stands does not go on from it."""
    newest = newest_checkpoint(connection, register)
    pinned = read_pin(keys_dir_of(services), register)
    if pinned is None:
        if newest is not None:
            raise LogForkedError("the pin of the log is missing, and the database knows a checkpoint")
        last = LastSigned(LogName(urlsplit(services.public_url).netloc, register, 1), None)
    else:
        last = _read_last(connection, register, pinned, "the pin")
        _check_follows(tree, last, "the pin")
    if newest is not None:
        kept = _read_last(connection, register, newest.note, "the newest checkpoint in the database")
        _check_goes_on(tree, kept, last, "the newest checkpoint in the database")
    for exported in newest_exported(services.checkpoint_dirs, register, thorough=thorough):
        place = f"`{exported.file}`"
        outside = _read_last(connection, register, exported.note, place)
        _check_goes_on(tree, outside, last, place)
    return last


def _read_last(connection: TreeConnection, register: RegisterId, note: str, place: str) -> LastSigned:
    try:
        origin = note.partition("\n")[0]
        checkpoint = open_checkpoint(note, keys_of(connection, origin))
        name = read_log_name(checkpoint.origin)
    except ProofError as error:
        raise LogForkedError(f"{place} cannot be believed: {error}") from error
    if name.register != register:
        raise LogForkedError(f"{place} is of another register")
    return LastSigned(name, checkpoint, note)


def _check_same_log(found: LastSigned, last: LastSigned, place: str) -> None:
    """An older log ended with a new epoch, which says so; a newer one, or one that was never pinned, is strange."""
    if last.checkpoint is None or found.name.epoch > last.name.epoch:
        raise LogForkedError(f"{place} is of a log that the pin does not know")


def _check_goes_on(tree: Tree, found: LastSigned, last: LastSigned, place: str) -> None:
    _check_same_log(found, last, place)
    if found.name.epoch == last.name.epoch:
        _check_follows(tree, found, place)


def _check_follows(tree: Tree, found: LastSigned, place: str) -> None:
    last = found.checkpoint
    if last is None:
        return
    if last.size > tree.size:
        raise LogForkedError(f"{place} has {last.size} events, and the log {tree.size}")
    try:
        check_consistency(last.size, tree.size, last.root, tree.root(), tree.consistency(last.size, tree.size))
    except ProofError as error:
        raise LogForkedError(f"the log does not go on from {place}: {error}") from error


def make_checkpoint(services: Services, register: RegisterId, *, wait_s: float = WAIT_S) -> MadeCheckpoint:
    """Sign the log as it stands, if it grew. Raises `LogForkedError`; `BusyError` where another process signs."""
    with sign_in_turn(services, register, wait_s):
        with services.db.connect() as connection:
            size = size_of(connection, register)
        with broken_as_forked():
            grow_tiles(services.db, register, size)
            with services.db.connect() as connection:
                tree = tree_of(connection, register, size)
                last = find_last_signed(services, connection, register, tree)
                checkpoint = Checkpoint(str(last.name), size, tree.root())
        if last.checkpoint is not None and last.checkpoint.size == size:
            return hand_out(services, last.name, checkpoint, last.note, is_new=False)
        note = sign_checkpoint(services, checkpoint)
        return hand_out(services, last.name, checkpoint, note, is_new=True)


def sign_checkpoint(services: Services, checkpoint: Checkpoint) -> str:
    """The checkpoint as a note of the log's key. Whoever calls it has looked at what was signed before."""
    key = open_key(services.db, keys_dir_of(services), LOG)
    return sign_note(str(checkpoint), checkpoint.origin, key)


@contextmanager
def broken_as_forked() -> Iterator[None]:
    """Tiles and events that do not fit one another are no log to sign."""
    try:
        yield
    except ProofError as error:
        raise LogForkedError(f"the log cannot be read: {error}") from error


def hand_out(
    services: Services, name: LogName, checkpoint: Checkpoint, note: str, *, is_new: bool
) -> MadeCheckpoint:
    """Keep a signed note: first the pin, which must know of everything that anybody else can see."""
    register = RegisterId(name.register)
    if is_new:
        write_pin(keys_dir_of(services), register, note)
    made = StoredCheckpoint(name.epoch, checkpoint.size, checkpoint.root, note, services.db.now())
    with services.db.aside() as connection:
        keep_checkpoint(connection, register, made)
    unwritten = export_note(services.checkpoint_dirs, name, checkpoint.size, note)
    return MadeCheckpoint(name, checkpoint, note, is_new, tuple(unwritten))


def check_log(services: Services, register: RegisterId) -> None:
    """Raise `LogForkedError` unless the log goes on from everything that was signed. Nothing is written."""
    with broken_as_forked(), services.db.connect() as connection:
        tree = tree_of(connection, register, readable_size(connection, register))
        find_last_signed(services, connection, register, tree, thorough=True)


def goes_on(services: Services, register: RegisterId) -> bool:
    """Does the log go on from everything that was signed of it?"""
    try:
        check_log(services, register)
    except LogForkedError:
        return False
    return True


def keys_dir_of(services: Services) -> Path:
    """Where the pins and the key are."""
    if services.keys_dir is None:
        raise UnavailableError("this process has no folder of keys, and signs no log")
    return services.keys_dir


@contextmanager
def sign_in_turn(services: Services, register: RegisterId, wait_s: float) -> Iterator[None]:
    """One process at a time, of this machine and of all. Raises `BusyError`."""
    if not services.signs_log:
        raise UnavailableError("another machine signs the log (ACCESS_SERVICE_CHECKPOINT_MINUTES is 0 here)")
    with hold_pins(keys_dir_of(services), wait_s) as is_first:
        if not is_first:
            raise BusyError("another process signs the log")
        with sign_alone(services.db, register) as is_alone:
            if not is_alone:
                raise BusyError("another machine signs the log")
            yield


MADE, KEPT, FORKED, FAILED, UNWRITTEN = "made", "unchanged", "forked", "failed", "unwritten"


class Checkpointing:
    """Signs every register's log every so often, beside the requests, and a last time when it is stopped."""

    def __init__(self, services: Services, every_s: float, failed: Callable[[str, str], None]) -> None:
        """`failed` hears what went wrong: an event of the process's log, and a sentence."""
        self._services, self._every_s, self._failed = services, every_s, failed
        self.rounds: Counter[str] = Counter(dict.fromkeys((MADE, KEPT, FORKED, FAILED, UNWRITTEN), 0))
        """How rounds ended, one for each register."""
        self.forked: dict[str, str] = {}
        """Registers whose log does not go on from what was signed, and why."""
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="checkpoints", daemon=True)

    def start(self) -> None:
        """Look at every log once, then begin; the first round comes after one interval."""
        self._thread.start()

    def close(self) -> None:
        """Stop, and sign what there is."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        self._each(lambda register: check_log(self._services, register))
        while not self._stop.wait(self._every_s):
            self.round()
        self.round()

    def round(self) -> None:
        """Every register once."""
        self._each(self._sign)

    def _sign(self, register: RegisterId) -> None:
        try:
            made = make_checkpoint(self._services, register, wait_s=0)
        except BusyError:
            self.rounds[KEPT] += 1
            return
        self.rounds[MADE if made.is_new else KEPT] += 1
        for line in made.unwritten:
            self.rounds[UNWRITTEN] += 1
            self._failed("checkpoint", line)

    def _each(self, step: Callable[[RegisterId], None]) -> None:
        try:
            names = [RegisterId(str(row["id"])) for row in self._services.db.registers()]
        except AccessServiceError as error:
            self.rounds[FAILED] += 1
            self._failed("checkpoint", str(error))
            return
        for register in names:
            try:
                step(register)
                self.forked.pop(register, None)
            except LogForkedError as error:
                self.rounds[FORKED] += 1
                self.forked = {**self.forked, register: str(error)}
                self._failed("log_forked", f"{register}: {error}")
            except (AccessServiceError, OSError) as error:
                self.rounds[FAILED] += 1
                self._failed("checkpoint", f"{register}: {error}")


def log_name(services: Services, register: RegisterId) -> LogName:
    """Under which name the log is signed now; where it never was, under which it will be."""
    pinned = None if services.keys_dir is None else read_pin(services.keys_dir, register)
    with services.db.connect() as connection:
        newest = newest_checkpoint(connection, register)
    for note in (pinned, None if newest is None else newest.note):
        if note is not None:
            try:
                return read_log_name(note.partition("\n")[0])
            except ProofError:
                continue
    return LogName(urlsplit(services.public_url).netloc, register, 1)
