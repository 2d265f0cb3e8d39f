"""Answers that are kept while a stream tells what moved: never one of before a change that was told."""

import threading
from collections.abc import Callable, Collection, Hashable
from typing import NamedTuple

from access_service.client.values import Allow, Decision, Question

MOST_KEPT = 8192
"""Answers that are kept at once."""
LONGEST_KEPT_S = 3600.0
"""What begins or ends by its date is told by nobody: no answer is kept for longer."""


class AskedAt(NamedTuple):
    """Where the stream stood when a question was sent."""

    drops: int
    revision: str
    at: float


class KeptAnswers:
    """Answers by account and question, from any thread."""

    def __init__(self, keep_s: float, monotonic: Callable[[], float], stands: Callable[[], str | None]) -> None:
        """`stands` is the revision that was told last; None while nobody tells."""
        if not 0 < keep_s <= LONGEST_KEPT_S:
            raise ValueError(f"answers are kept for up to {LONGEST_KEPT_S:.0f} seconds")
        self._keep_s, self._monotonic, self._stands = keep_s, monotonic, stands
        self._lock = threading.Lock()
        self._drops = 0
        self._found: dict[Hashable, tuple[str, Decision, float]] = {}
        self._of: dict[str, set[Hashable]] = {}

    def __len__(self) -> int:
        return len(self._found)

    def recall(self, question: Question, explain: str | None) -> Decision | None:
        """The answer to this question, if one is kept and counts."""
        found = self._found.get(_key(question, explain))
        if found is None or self._monotonic() >= found[2] or self._stands() is None:
            return None
        return found[1]

    def asked(self) -> AskedAt | None:
        """To be noted before a question that asks for no older state is sent; None: its answer is not kept."""
        # In this order: a change between the two is found again in `keep`.
        drops = self._drops
        revision = self._stands()
        return None if revision is None else AskedAt(drops, revision, self._monotonic())

    def keep(self, question: Question, explain: str | None, decision: Decision, asked: AskedAt) -> None:
        """Keep an answer, unless something was dropped since it was asked for, or it says nothing that lasts."""
        is_answer = isinstance(decision, Allow) or decision.is_answer
        if not is_answer or decision.observed:
            return
        key = _key(question, explain)
        with self._lock:
            if self._drops != asked.drops:
                return
            self._forget(key)
            while len(self._found) >= MOST_KEPT:
                self._forget(next(iter(self._found)))
            self._found[key] = question.account, decision, asked.at + self._keep_s
            self._of.setdefault(question.account, set()).add(key)

    def drop(self, accounts: Collection[str]) -> None:
        """What is kept about these, and what is on its way."""
        with self._lock:
            self._drops += 1
            for account in accounts:
                for key in self._of.pop(account, ()):
                    self._found.pop(key, None)

    def drop_all(self) -> None:
        """Everything, and what is on its way."""
        with self._lock:
            self._drops += 1
            self._found, self._of = {}, {}

    def _forget(self, key: Hashable) -> None:
        found = self._found.pop(key, None)
        if found is not None and (among := self._of.get(found[0])) is not None:
            among.discard(key)
            if not among:
                del self._of[found[0]]


def _key(question: Question, explain: str | None) -> Hashable:
    resource = question.resource
    said = tuple(sorted(resource.properties.items()))
    return question.account, question.action, resource.type, resource.id, said, question.function, explain
