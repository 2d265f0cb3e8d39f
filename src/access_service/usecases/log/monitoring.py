"""A log watched from outside, with nothing but its address, its published keys and the checkpoint seen before."""

import json
from collections.abc import Callable
from dataclasses import dataclass

from access_service.domain.errors import InvalidError
from access_service.domain.log import ProofError, check_consistency
from access_service.domain.log_texts import Checkpoint, read_hash
from access_service.signing.notes import LogPolicy, open_checkpoint, read_policy

LARGEST_ANSWER = 1 << 16


@dataclass(frozen=True, slots=True)
class Watched:
    """What was seen."""

    note: str
    size: int
    before: int | None
    """Size of the checkpoint that was seen before; None the first time."""
    fault: str | None
    """Why the log is not the one that was seen before; None where it goes on from there."""


def watch_log(fetch: Callable[[str], bytes], policy_text: str, seen: str | None) -> Watched:
    """Look once. `fetch` gets a file below the log's address.

    Raises `InvalidError` for a policy or a checkpoint of one's own that cannot be read.
    """
    try:
        policy = read_policy(policy_text)
        old = None if seen is None else open_checkpoint(seen, policy.logs)
    except ProofError as error:
        raise InvalidError(f"the policy or the checkpoint that was kept cannot be used: {error}") from error
    if policy.quorum != "none":
        raise InvalidError("the policy asks for witnesses, which are not verified here")
    note = fetch("checkpoint").decode("utf-8", "replace")
    before = None if old is None else old.size
    try:
        new = _open_newest(note, policy, old)
        if old is not None and old.size < new.size:
            proof = _read_proof(fetch(f"consistency?from={old.size}&to={new.size}"))
            check_consistency(old.size, new.size, old.root, new.root, proof)
    except ProofError as error:
        return Watched(note, 0, before, str(error))
    return Watched(note, new.size, before, None)


def _open_newest(note: str, policy: LogPolicy, old: Checkpoint | None) -> Checkpoint:
    new = open_checkpoint(note, policy.logs)
    if old is None:
        return new
    if new.origin != old.origin:
        raise ProofError(f"the checkpoint is of another log, `{new.origin}`")
    if new.size < old.size:
        raise ProofError(f"the log has {new.size} events, and had {old.size}")
    if new.size == old.size and new.root != old.root:
        raise ProofError(f"two checkpoints of {old.size} events have two roots")
    return new


def _read_proof(answer: bytes) -> list[bytes]:
    try:
        return [read_hash(str(text)) for text in json.loads(answer)["hashes"]]
    except (ValueError, KeyError, TypeError) as error:
        raise ProofError("the proof cannot be read") from error
