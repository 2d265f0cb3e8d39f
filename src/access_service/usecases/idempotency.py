"""A repeated request gives the first one's answer and has no second effect."""

import json
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from access_service.domain.errors import RefusedError, UnavailableError
from access_service.domain.idempotency import DoneUnderKey, Taken
from access_service.domain.powers import powerless
from access_service.domain.reasons import Refusal
from access_service.storage import idempotency as stored
from access_service.usecases.services import Caller, Services

LEASE = timedelta(seconds=60)
"""After so long the request of another node is taken for cut off. It may be wrong: then one of the two acts."""

_node = secrets.token_hex(8)
_running: set[str] = set()
"""Attempts that this process is carrying out."""


@dataclass(frozen=True, slots=True)
class KeptAnswer:
    """The first request's answer."""

    status: int
    body: str


@dataclass(frozen=True, slots=True)
class Acted:
    """The first request was carried out and its answer was lost, or cannot be opened: what it did."""

    done: tuple[DoneUnderKey, ...]


@powerless("it remembers a request")
def take_key(services: Services, caller: Caller, key: str, request_sha256: str) -> Taken | KeptAnswer | Acted:
    """The key, when it is now this request's; otherwise what became of the first.

    Raises `RefusedError`: `idempotency_mismatch` when the first request was another one, `duplicate` while it is
    still being carried out.
    """
    now = services.db.now()
    taken = Taken(caller.register, caller.account, key, f"{_node}-{secrets.token_hex(8)}")
    # Before anybody can see the row: what is not running may be taken over.
    _running.add(taken.attempt)
    is_ours = False
    try:
        is_ours = stored.take(
            services.db, taken, request_sha256=request_sha256, now=now, forget_before=now - stored.KEPT
        )
        if is_ours:
            return taken
        kept = _kept_under(services, caller, key)
        if kept is not None and kept.status in (stored.PENDING, stored.ACTED) and _is_cut_off(kept, now):
            # It may have ended between the look and the question whether it runs: its answer is there by now.
            kept = _kept_under(services, caller, key)
        if kept is not None and kept.request_sha256 != request_sha256:
            raise RefusedError(Refusal.IDEMPOTENCY_MISMATCH, "the key was used for another request")
        if kept is not None and kept.status not in (stored.PENDING, stored.ACTED):
            return _answered(services, taken, kept)
        if kept is None or not _is_cut_off(kept, now):
            raise RefusedError(Refusal.DUPLICATE, "the first request with this key has no answer yet")
        if kept.status == stored.ACTED:
            return _acted(services, taken, kept)
        is_ours = stored.take_over(services.db, taken, kept, now)
        if not is_ours:
            raise RefusedError(Refusal.DUPLICATE, "another repeat of this request was faster")
        return taken
    finally:
        if not is_ours:
            _running.discard(taken.attempt)


def _kept_under(services: Services, caller: Caller, key: str) -> stored.Kept | None:
    with services.db.connect() as connection:
        return stored.kept_under(connection, caller.register, caller.account, key)


def _is_cut_off(kept: stored.Kept, now: datetime) -> bool:
    """Nobody carries it out any more. A clock that stepped makes a request old, never young for ever."""
    if kept.attempt.startswith(f"{_node}-"):
        return kept.attempt not in _running
    return abs(now - kept.taken_at) >= LEASE


def _about(taken: Taken) -> str:
    return json.dumps(["answer", taken.register, taken.account, taken.key])


def _answered(services: Services, taken: Taken, kept: stored.Kept) -> KeptAnswer | Acted:
    if kept.closed is None:
        return KeptAnswer(kept.status, kept.body)
    if kept.closed and services.factors is not None:
        # The node's key may have been changed meanwhile: what was done is on record all the same.
        with suppress(UnavailableError):
            return KeptAnswer(kept.status, services.factors.open(kept.closed, _about(taken)))
    if not kept.revisions and not kept.made:
        raise RefusedError(Refusal.DUPLICATE, "the first request changed nothing; use a new key")
    return _acted(services, taken, kept)


def _acted(services: Services, taken: Taken, kept: stored.Kept) -> Acted:
    made = [DoneUnderKey(revision, "job.ask", id_) for revision, id_ in kept.made]
    with services.db.connect() as connection:
        return Acted((*stored.done_in(connection, taken.register, kept.revisions), *made))


@contextmanager
def carrying_out(taken: Taken) -> Iterator[None]:
    """Acts of this block are done under the key, in whichever thread they run; then the attempt is over."""
    try:
        with stored.under(taken):
            yield
    finally:
        _running.discard(taken.attempt)


@powerless("it remembers an answer")
def settle_key(services: Services, taken: Taken, *, status: int, body: str) -> None:
    """Keep what was answered under a key, closed: answers hold names. `body` holds no secret."""
    closed = services.factors.close(body, _about(taken)) if services.factors is not None else ""
    stored.settle(services.db, taken, status=status, closed=closed)


@powerless("it forgets a request")
def drop_key(services: Services, taken: Taken) -> Acted | None:
    """The request gave no answer: None when nothing was done and the key is free; else what was done."""
    if stored.drop(services.db, taken):
        return None
    with services.db.connect() as connection:
        kept = stored.kept_under(connection, taken.register, taken.account, taken.key)
    if kept is None or kept.attempt != taken.attempt:
        return None
    return _acted(services, taken, kept)
