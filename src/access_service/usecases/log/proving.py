"""What proves an event to whoever trusts nobody: its bytes, its place in the tree, the signed checkpoint."""

from collections.abc import Iterable

from access_service.domain.errors import NotFoundError, UnavailableError
from access_service.domain.log import TILE_WIDTH, ProofError, Tree, leaf_hash, tile_width
from access_service.domain.log_texts import LogName, LogProof, TileName
from access_service.domain.names import RegisterId
from access_service.signing.notes import policy_text
from access_service.storage.log import (
    StoredCheckpoint,
    TreeConnection,
    newest_checkpoint,
    read_entries,
    read_leaf,
    read_tile,
    size_of,
    tree_of,
)
from access_service.usecases.log.checkpoints import keys_of, log_name, make_checkpoint
from access_service.usecases.log.readers import check_reads_log
from access_service.usecases.services import Caller, Services, look

MOST_PROOFS = 10_000
_ENTRY_BYTES = (1 << 16) - 1


def prove(services: Services, register: RegisterId, seq: int) -> str:
    """A proof of one event as a file of its own (C2SP tlog-proof); see `prove_all`."""
    return prove_all(services, register, [seq])[seq]


def prove_all(services: Services, register: RegisterId, numbers: Iterable[int]) -> dict[int, str]:
    """A proof of each event under one checkpoint, which is made where none holds them all.

    Raises `NotFoundError` for an event that there is not, `UnavailableError` where nothing can be signed and for an
    event that was changed after it was recorded.
    """
    wanted = sorted(set(numbers))
    if not wanted or wanted[0] < 1:
        raise NotFoundError("event", str(wanted[0] if wanted else ""))
    with services.db.connect() as connection:
        known = _newest(services, connection, register)
    if known is None or known.size < wanted[-1]:
        made = make_checkpoint(services, register)
        known = StoredCheckpoint(
            *(made.name.epoch, made.checkpoint.size, made.checkpoint.root), made.note, services.db.now()
        )
    if known.size < wanted[-1]:
        raise NotFoundError("event", str(wanted[-1]))
    with services.db.connect() as connection:
        return _prove_under(connection, register, known, wanted)


def _prove_under(
    connection: TreeConnection, register: RegisterId, checkpoint: StoredCheckpoint, numbers: list[int]
) -> dict[int, str]:
    tree = tree_of(connection, register, checkpoint.size)
    return {seq: str(_proof(connection, register, seq, tree, checkpoint)) for seq in numbers}


def _proof(
    connection: TreeConnection, register: RegisterId, seq: int, tree: Tree, checkpoint: StoredCheckpoint
) -> LogProof:
    entries = read_entries(connection, register, seq - 1, 1)
    if not entries or leaf_hash(entries[0]) != read_leaf(connection, register, seq):
        raise UnavailableError(f"event {seq} cannot be proved: it was changed after it was recorded")
    try:
        hashes = tuple(tree.inclusion(seq - 1, checkpoint.size))
    except ProofError as error:
        raise UnavailableError(f"event {seq} cannot be proved: {error}") from error
    return LogProof(entries[0], seq - 1, hashes, checkpoint.note)


def _newest(services: Services, connection: TreeConnection, register: RegisterId) -> StoredCheckpoint | None:
    return newest_checkpoint(connection, register, log_name(services, register).epoch)


def write_policy(services: Services, register: RegisterId) -> str:
    """The policy (C2SP tlog-policy) by which a stock verifier takes this log's checkpoints."""
    origin = str(log_name(services, register))
    with services.db.connect() as connection:
        keys = keys_of(connection, origin)
    if not keys:
        raise NotFoundError("key of the log", register)
    return policy_text(keys, f"access-service: {register}")


def read_proof(services: Services, caller: Caller, seq: int) -> str:
    """A proof for whoever may read the log, under the newest checkpoint. `UnavailableError` until one covers it."""
    with look(services, caller) as seen:
        check_reads_log(services, seen, caller)
        connection, register = seen.reader.connection, caller.register
        if not 0 < seq <= size_of(connection, register):
            raise NotFoundError("event", str(seq))
        known = _newest(services, connection, register)
        if known is None or known.size < seq:
            raise UnavailableError(f"no checkpoint covers event {seq} yet")
        return _prove_under(connection, register, known, [seq])[seq]


def name_for(services: Services, caller: Caller) -> LogName:
    """The log of the caller's register, as it is signed now."""
    return log_name(services, caller.register)


def read_consistency(services: Services, name: LogName, old: int, new: int | None) -> tuple[int, list[bytes]]:
    """Up to which size, and the hashes that prove that the log then begins with the log of the old size.

    Hashes say nothing of what they stand for. `NotFoundError` for a log that is signed no more, or a size that no
    checkpoint covers.
    """
    register = RegisterId(name.register)
    with services.db.connect() as connection:
        known = newest_checkpoint(connection, register, name.epoch)
        if name.epoch != log_name(services, register).epoch:
            raise NotFoundError("log", f"{name.register}/{name.epoch}")
        end = (known.size if known is not None else 0) if new is None else new
        if known is None or not 0 <= old <= end <= known.size:
            raise NotFoundError("checkpoint", str(end))
        try:
            return end, tree_of(connection, register, end).consistency(old, end)
        except ProofError as error:
            raise UnavailableError(f"the log cannot be read: {error}") from error


def read_note_of(services: Services, name: LogName) -> str:
    """The newest checkpoint of a log of this service, as it was signed. `NotFoundError` where there is none."""
    register = RegisterId(name.register)
    with services.db.connect() as connection:
        found = newest_checkpoint(connection, register, name.epoch)
    if found is None:
        raise NotFoundError("log", f"{name.register}/{name.epoch}")
    return found.note


def read_hashes(services: Services, name: LogName, tile: TileName) -> bytes:
    """A tile as far as the newest checkpoint reaches. `NotFoundError` for one that it does not need."""
    register = RegisterId(name.register)
    with services.db.connect() as connection:
        _check_signed(services, connection, name, tile)
        data = read_tile(connection, register, tile.level, tile.number, tile.width)
    if len(data) != tile.width * 32:
        raise UnavailableError("the tiles of the log do not reach as far as its checkpoint")
    return data


def read_bundle(services: Services, caller: Caller, name: LogName, tile: TileName) -> bytes:
    """The entries of a tile of level 0, each behind its length in two bytes; for whoever may read the log."""
    register = RegisterId(name.register)
    if register != caller.register:
        raise NotFoundError("log", f"{name.register}/{name.epoch}")
    with look(services, caller) as seen:
        check_reads_log(services, seen, caller)
        connection = seen.reader.connection
        _check_signed(services, connection, name, tile)
        entries = read_entries(connection, register, tile.number * TILE_WIDTH, tile.width)
    if len(entries) != tile.width or any(len(entry) > _ENTRY_BYTES for entry in entries):
        raise UnavailableError("the entries of that tile cannot be read")
    return b"".join(len(entry).to_bytes(2, "big") + entry for entry in entries)


def _check_signed(services: Services, connection: TreeConnection, name: LogName, tile: TileName) -> None:
    """The log that is signed now has the tile, and a checkpoint covers it."""
    register = RegisterId(name.register)
    known = newest_checkpoint(connection, register, name.epoch)
    is_current = name.epoch == log_name(services, register).epoch
    if known is None or not is_current or tile.width > tile_width(tile.level, tile.number, known.size):
        raise NotFoundError("tile", tile.path)
