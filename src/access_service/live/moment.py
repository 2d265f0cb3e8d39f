"""What memory holds of a register at one revision and one instant: the answers to any number of questions."""

from collections.abc import Sequence
from datetime import UTC, datetime

import msgspec

from access_service.domain.access import Ask, Decision, Deny
from access_service.domain.reasons import Reason
from access_service.engine.decide import Verdict, as_decision
from access_service.live.keeper import NotInViewError
from access_service.live.view import RegisterView

Item = Ask | Reason
"""An item of a batch: a question, or the reason that its form alone earns."""


class Decided(msgspec.Struct, frozen=True, gc=False):
    """A decision with the one revision and instant it belongs to."""

    found: Verdict
    revision: int
    instant: float
    """Seconds since the epoch."""

    @property
    def decision(self) -> Decision:
        """Allow or deny, as a value that cannot lie; the reason of a deny is worked out here."""
        return as_decision(self.found)

    @property
    def now(self) -> datetime:
        """The instant."""
        return datetime.fromtimestamp(self.instant, UTC)


class DecidedAll(msgspec.Struct, frozen=True):
    """Several decisions at one revision and instant, in the order asked."""

    answers: Sequence[Verdict]
    revision: int
    instant: float

    @property
    def decisions(self) -> tuple[Decision, ...]:
        """Each as a value that cannot lie."""
        return tuple(map(as_decision, self.answers))

    @property
    def now(self) -> datetime:
        """The instant."""
        return datetime.fromtimestamp(self.instant, UTC)


class Moment(msgspec.Struct, frozen=True, gc=False):
    """What is kept of a register, at one revision and instant; good for as long as `holds`."""

    view: RegisterView
    seq: int
    revision: int
    instant: float

    def answers(self, items: Sequence[Item]) -> list[Verdict] | None:
        """Every answer from memory alone, or None when one of them takes the database. Never blocks."""
        view, instant = self.view, self.instant
        try:
            return [Deny(i) if isinstance(i, Reason) else view.answer(i, instant) for i in items]
        except NotInViewError:
            return None

    def holds(self) -> bool:
        """Has nothing changed in between? Otherwise the answers may be of two revisions: ask the database."""
        return self.view.seq == self.seq


def cut_at(answers: Sequence[Verdict], stop_at: bool | None) -> Sequence[Verdict]:
    """The answers up to the first that is `stop_at`; all of them where that is None."""
    if stop_at is not None:
        for number, found in enumerate(answers, start=1):
            if (type(found) is tuple) is stop_at:
                return answers[:number]
    return answers
