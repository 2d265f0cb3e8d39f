"""The log as a tree, read again from its events: tiles, checkpoints, the pin, and notes from anywhere.

Every root comes from the stored leaves, which the chain's own check compares with the events; a note that names
another root for its size was signed over another log.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from access_service.domain.findings import EvidenceFinding
from access_service.domain.findings import FindingCode as Code
from access_service.domain.log import TILE_WIDTH, Frontier, ProofError, check_inclusion, leaf_hash
from access_service.domain.log_texts import Checkpoint, read_log_name, read_log_proof
from access_service.domain.names import RegisterId
from access_service.signing.keys import LOG_KEY
from access_service.signing.notes import UnknownSignerError, open_checkpoint, read_policy
from access_service.signing.pin import read_pin
from access_service.storage.log import StoredCheckpoint, TreeConnection, stored_checkpoints, stored_tiles, tree_of
from access_service.usecases.log.checkpoints import keys_of
from access_service.usecases.log.exports import newest_exported


@dataclass(frozen=True, slots=True)
class Outside:
    """What is known of the log beside its database."""

    keys_dir: Path | None = None
    """Where the pin is."""
    dirs: tuple[Path, ...] = ()
    """Export folders."""
    notes: Mapping[str, str] = field(default_factory=dict)
    """Notes that somebody kept, by the name of their file."""


@dataclass(frozen=True, slots=True)
class KeptNote:
    """A note, where it was found, and what it means if the log does not go on from it."""

    place: str
    note: str
    code: Code = Code.CHECKPOINT_INCONSISTENT


class TreeAgain:
    """The tree, grown leaf by leaf in the order of events, and compared with whatever was said of it."""

    def __init__(self, connection: TreeConnection, register: RegisterId, outside: Outside) -> None:
        """It begins with nothing; `begin` goes on from a checkpoint instead."""
        self.connection, self.register = connection, register
        self.checkpoints = 0
        """How many notes were compared."""
        self._grown = Frontier()
        self._is_whole = True
        """Whether no leaf is missing so far."""
        self._notes = [*self._outside(outside)]
        self._lacks_pin = _lacks_pin(outside.keys_dir, register)
        self._due: dict[int, list[tuple[KeptNote, Checkpoint]]] = {}
        self._hashes: dict[tuple[int, int], list[bytes]] = {}
        """Those of tiles above level 0, as they come from the leaves."""
        self._start = 0

    def begin(self, start: StoredCheckpoint) -> Iterator[EvidenceFinding]:
        """Go on from a checkpoint: its tiles are those that were signed, or it is told."""
        place = f"checkpoint {start.epoch}/{start.size}"
        tree = tree_of(self.connection, self.register, start.size)
        try:
            said = open_checkpoint(start.note, keys_of(self.connection, start.note.partition("\n")[0]))
            self._grown = Frontier(start.size, tree.edge(start.size))
        except ProofError as error:
            yield EvidenceFinding(Code.CHECKPOINT_SIGNATURE, place, str(error))
            self._is_whole = False
            return
        self._start = start.size
        if (said.size, said.root) != (start.size, self._grown.root()):
            yield _inconsistent(KeptNote(place, start.note), said, self._grown.root())

    def read_notes(self) -> Iterator[EvidenceFinding]:
        """Open every note. Those over a part that is not read again are compared by the signed tiles."""
        if self._lacks_pin and next(stored_checkpoints(self.connection, self.register), None) is not None:
            gone = "the log was signed on this machine, and the pin is not there"
            yield EvidenceFinding(Code.PIN_MISSING, "pin", gone)
        for row in stored_checkpoints(self.connection, self.register, self._start):
            noted = KeptNote(f"checkpoint {row.epoch}/{row.size}", row.note)
            yield from self._open(noted, (row.size, row.root))
        for noted in self._notes:
            yield from self._open(noted, None)

    def _open(self, noted: KeptNote, said: tuple[int, bytes] | None) -> Iterator[EvidenceFinding]:
        try:
            origin = noted.note.partition("\n")[0]
            checkpoint = open_checkpoint(noted.note, keys_of(self.connection, origin))
            is_ours = read_log_name(origin).register == self.register
        except UnknownSignerError as error:
            yield EvidenceFinding(Code.KEY_UNKNOWN, noted.place, str(error))
            return
        except ProofError as error:
            yield EvidenceFinding(Code.CHECKPOINT_SIGNATURE, noted.place, str(error))
            return
        if not is_ours:
            yield EvidenceFinding(Code.CHECKPOINT_INCONSISTENT, noted.place, "it is of another register's log")
            return
        self.checkpoints += 1
        if said is not None and said != (checkpoint.size, checkpoint.root):
            yield EvidenceFinding(Code.CHECKPOINT_INCONSISTENT, noted.place, "its row says another size or root")
        self._due.setdefault(checkpoint.size, []).append((noted, checkpoint))
        if checkpoint.size < self._start:
            root = tree_of(self.connection, self.register, self._start).root(checkpoint.size)
            yield from self._compare(checkpoint.size, root)
        elif checkpoint.size == self._start:
            yield from self._compare(checkpoint.size, self._grown.root())

    def add(self, seq: int, leaf: str) -> Iterator[EvidenceFinding]:
        """The stored leaf of the next event."""
        try:
            data = bytes.fromhex(leaf)
        except ValueError:
            data = b""
        if seq != self._grown.size + 1 or len(data) != TILE_WIDTH // 8:
            self._is_whole = False
        if not self._is_whole:
            return
        for level, place, node in self._grown.add(data):
            self._hashes.setdefault((level, place // TILE_WIDTH), []).append(node)
        if self._grown.size in self._due:
            yield from self._compare(self._grown.size, self._grown.root())

    def _compare(self, size: int, root: bytes) -> Iterator[EvidenceFinding]:
        for noted, checkpoint in self._due.pop(size, ()):
            if checkpoint.root != root:
                yield _inconsistent(noted, checkpoint, root)

    def finish(self) -> Iterator[EvidenceFinding]:
        """Notes over more than there is, and the tiles that are kept."""
        for size, waiting in sorted(self._due.items()):
            for noted, checkpoint in waiting:
                is_pin = noted.code is Code.LOG_FORKED
                code = Code.PIN_AHEAD if is_pin and size > self._grown.size else noted.code
                yield EvidenceFinding(
                    code,
                    noted.place,
                    f"it has {checkpoint.size} events, and {self._grown.size} could be read",
                    expected=str(checkpoint.size),
                    found=str(self._grown.size),
                )
        if self._is_whole:
            yield from self._tiles()

    def _tiles(self) -> Iterator[EvidenceFinding]:
        for level, number, stored in stored_tiles(self.connection, self.register):
            made = b"".join(self._hashes.get((level, number), ()))
            # Where reading began at a checkpoint, its root vouches for what stands before.
            skipped = max(0, min(len(stored), self._skipped(level, number)))
            if not made.startswith(stored[skipped:]):
                yield EvidenceFinding(
                    Code.TILE_MISMATCH, f"tile {level}/{number}", "its hashes are not those of the events"
                )

    def _skipped(self, level: int, number: int) -> int:
        return ((self._start >> (8 * level)) - number * TILE_WIDTH) * 32

    def _outside(self, outside: Outside) -> Iterator[KeptNote]:
        if outside.keys_dir is not None:
            pinned = read_pin(outside.keys_dir, self.register)
            if pinned is not None:
                yield KeptNote("pin", pinned, Code.LOG_FORKED)
        for exported in newest_exported(outside.dirs, self.register, thorough=True):
            yield KeptNote(str(exported.file), exported.note)
        for name, note in outside.notes.items():
            yield KeptNote(name, note)


def _lacks_pin(keys_dir: Path | None, register: RegisterId) -> bool:
    """A folder that holds the log's key is one that signs, and remembers what it signed."""
    return keys_dir is not None and (keys_dir / LOG_KEY).exists() and read_pin(keys_dir, register) is None


def _inconsistent(noted: KeptNote, checkpoint: Checkpoint, root: bytes) -> EvidenceFinding:
    return EvidenceFinding(
        noted.code,
        noted.place,
        f"the log's first {checkpoint.size} events have another root than it was signed with",
        expected=checkpoint.root.hex(),
        found=root.hex(),
    )


def check_proof_file(text: str, policy_text: str) -> Iterator[EvidenceFinding]:
    """A proof in a file, by a policy alone: nothing of the service is asked. Nothing is found where it holds."""
    place = "proof"
    try:
        policy = read_policy(policy_text)
        proof = read_log_proof(text)
    except ProofError as error:
        yield EvidenceFinding(Code.PROOF_BAD, place, str(error))
        return
    if policy.quorum != "none":
        yield EvidenceFinding(Code.PROOF_BAD, place, "the policy asks for witnesses, which are not verified here")
        return
    try:
        checkpoint = open_checkpoint(proof.note, policy.logs)
    except UnknownSignerError as error:
        yield EvidenceFinding(Code.KEY_UNKNOWN, place, str(error))
        return
    except ProofError as error:
        yield EvidenceFinding(Code.CHECKPOINT_SIGNATURE, place, str(error))
        return
    try:
        check_inclusion(leaf_hash(proof.entry), proof.index, checkpoint.size, proof.hashes, checkpoint.root)
    except ProofError as error:
        yield EvidenceFinding(Code.PROOF_BAD, place, str(error))
