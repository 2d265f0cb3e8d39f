"""A new log where the old one cannot go on: after a restore that lost events, or a pin that is gone.

What was signed before stays valid, and shows what was lost: its checkpoints are never continued.
"""

from dataclasses import dataclass
from urllib.parse import urlsplit

from access_service.domain import words
from access_service.domain.audit import Happening, Json
from access_service.domain.errors import InvalidError
from access_service.domain.log import ProofError
from access_service.domain.log_texts import Checkpoint, LogName, read_checkpoint, read_log_name
from access_service.domain.names import RegisterId
from access_service.domain.powers import powerless
from access_service.signing.notes import read_note
from access_service.signing.pin import read_pin
from access_service.storage.log import forget_tiles, grow_tiles, newest_checkpoint, size_of, tree_of
from access_service.usecases.log.checkpoints import (
    WAIT_S,
    LogForkedError,
    MadeCheckpoint,
    broken_as_forked,
    find_last_signed,
    hand_out,
    keys_dir_of,
    sign_checkpoint,
    sign_in_turn,
)
from access_service.usecases.log.exports import newest_exported
from access_service.usecases.services import Services

RESTORED = "log.restored"


@dataclass(frozen=True, slots=True)
class NewEpoch:
    """The log that begins, and what is missing of the one before."""

    made: MadeCheckpoint
    before: str
    """The newest note of the log that ended; empty where none is left."""
    lost: int
    """Events that it had and that are gone."""


@powerless("it signs what is recorded already, and moves no right")
def begin_epoch(services: Services, register: RegisterId, reason: str) -> NewEpoch:
    """End the log that cannot go on and sign a new one, with an event that holds its last note and what was lost.

    Raises `InvalidError` where the log goes on, and its address is still the one that it was signed under.
    """
    said = words.line(reason)
    with sign_in_turn(services, register, WAIT_S):
        _check_broken(services, register)
        before = _newest_notes(services, register)
        epoch = max((name.epoch for name, _, _ in before), default=0) + 1
        last = max(before, key=lambda found: (found[0].epoch, found[1].size), default=None)
        with services.db.connect() as connection:
            stands = size_of(connection, register)
        lost = 0 if last is None else max(0, last[1].size - stands)
        note = "" if last is None else last[2]
        details: dict[str, Json] = {"epoch": epoch, "reason": said, "note": note, "lost": lost}
        services.db.note(register, "operator", Happening(RESTORED, register, details=details))
        with services.db.aside() as connection:
            forget_tiles(connection, register)
        with services.db.connect() as connection:
            size = size_of(connection, register)
        with broken_as_forked():
            grow_tiles(services.db, register, size)
            with services.db.connect() as connection:
                root = tree_of(connection, register, size).root()
        name = LogName(urlsplit(services.public_url).netloc, register, epoch)
        checkpoint = Checkpoint(str(name), size, root)
        made = hand_out(services, name, checkpoint, sign_checkpoint(services, checkpoint), is_new=True)
        return NewEpoch(made, note, lost)


def _check_broken(services: Services, register: RegisterId) -> None:
    try:
        with broken_as_forked():
            with services.db.connect() as connection:
                size = size_of(connection, register)
            grow_tiles(services.db, register, size)
            with services.db.connect() as connection:
                tree = tree_of(connection, register, size)
                last = find_last_signed(services, connection, register, tree, thorough=True)
    except LogForkedError:
        return
    if last.name.host == urlsplit(services.public_url).netloc:
        raise InvalidError("the log goes on from what was signed: nothing begins anew")


def _newest_notes(services: Services, register: RegisterId) -> list[tuple[LogName, Checkpoint, str]]:
    """What is left of what was signed, unverified: from the pin, the database and the export folders."""
    with services.db.connect() as connection:
        newest = newest_checkpoint(connection, register)
    pinned = read_pin(keys_dir_of(services), register)
    notes = [each.note for each in newest_exported(services.checkpoint_dirs, register, thorough=True)]
    notes += [note for note in (pinned, None if newest is None else newest.note) if note is not None]
    found = []
    for note in notes:
        try:
            checkpoint = read_checkpoint(read_note(note).text)
            found.append((read_log_name(checkpoint.origin), checkpoint, note))
        except ProofError:
            continue
    return found
