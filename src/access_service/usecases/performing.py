"""Acts done one after the other by one caller, prepared together before the register is held.

Each is a transaction of its own. What was prepared is written if nothing that it read has changed; otherwise it is
prepared again, a few times, and then done under the lock as `act` does it. A refusal is asked again under the lock,
so that it is of the register as it stands, and recorded as every act's.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Generic, TypeVar

from access_service.domain.errors import AccessServiceError
from access_service.storage import idempotency
from access_service.storage.prepared import (
    NotPreparedError,
    OvertakenError,
    PreparedTransaction,
    PreparingGround,
    snapshot,
    write_prepared,
)
from access_service.usecases.services import Act, Caller, Services, act, check_still

T = TypeVar("T")
TOGETHER = 25
"""So many are prepared on one snapshot: the last of them must not be old when its turn comes."""
TRIES = 3
"""How often an act is prepared before it is done under the lock."""


@dataclass(frozen=True, slots=True)
class ActToDo(Generic[T]):
    """One act: on what, and what it does. It may run more than once, and changes nothing but its transaction."""

    target: str
    run: Callable[[Act], T]


@dataclass(frozen=True, slots=True)
class _Ready(Generic[T]):
    """What a todo would write, and its answer then."""

    prepared: PreparedTransaction
    answer: T


class Performance(Generic[T]):
    """ActToDos to be done in their order; going through it gives for each what does it and returns its answer."""

    def __init__(self, services: Services, caller: Caller, action: str, acts: Sequence[ActToDo[T]]) -> None:
        """`action` is the acts' name in the log."""
        self._services, self._caller, self._action, self._acts = services, caller, action, acts

    def __iter__(self) -> Iterator[Callable[[], T]]:
        """Whoever breaks off leaves the rest undone."""
        for start in range(0, len(self._acts), TOGETHER):
            chunk = self._acts[start : start + TOGETHER]
            for todo, ready in zip(chunk, self._prepare(chunk), strict=True):
                yield partial(self._do, todo, ready)

    def _prepare(self, acts: Sequence[ActToDo[T]]) -> list[_Ready[T] | None]:
        """None for what has to be done under the lock."""
        if self._services.rehearsal is not None or self._services.at_end is not None:
            return [None] * len(acts)
        try:
            with snapshot(self._services.db, self._caller.register) as at:
                return [self._prepare_one(at, todo) for todo in acts]
        except (AccessServiceError, NotPreparedError):
            return [None] * len(acts)

    def _prepare_one(self, at: PreparingGround, todo: ActToDo[T]) -> _Ready[T] | None:
        prepared = PreparedTransaction(at, self._caller.doer)
        try:
            doing = Act(self._services, prepared, self._caller)
            doing.action = self._action
            check_still(doing, self._caller, self._action)
            answer = todo.run(doing)
            prepared.ask_ahead()
        except (AccessServiceError, NotPreparedError):
            return None
        return _Ready(prepared, answer)

    def _do(self, todo: ActToDo[T], ready: _Ready[T] | None) -> T:
        services, caller = self._services, self._caller
        for _ in range(TRIES):
            if ready is None:
                break
            try:
                write_prepared(services.db, ready.prepared, self._action, idempotency.mark)
            except OvertakenError:
                [ready] = self._prepare([todo])
                continue
            services.after_commit(caller.register)
            return ready.answer
        with act(services, caller, self._action, todo.target) as doing:
            return todo.run(doing)
