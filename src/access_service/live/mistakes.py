"""The caller's mistakes behind the denies of one answer: from memory where it can be, else from one transaction."""

from collections.abc import Sequence
from datetime import datetime

from access_service.domain.access import Ask, Deny
from access_service.domain.errors import UnavailableError
from access_service.domain.mistakes import Mistake
from access_service.domain.names import RegisterId, UnitId
from access_service.domain.org import Succession
from access_service.engine.mistakes import Renamed, find_mistake
from access_service.live.decision_point import DecisionPoint
from access_service.live.gathered import Reading
from access_service.live.keeper import NotInViewError
from access_service.live.moment import DecidedAll, Moment

Denied = tuple[Ask, Deny]


def find_mistakes(
    point: DecisionPoint, register: RegisterId, denied: Sequence[Denied], decided: DecidedAll
) -> list[Mistake | None]:
    """Find the mistake behind each deny, in order, at the answer's revision and instant; may read the database."""
    moment = moment_of(point, register, decided.revision, decided.now)
    found = None if moment is None else find_at_once(moment, denied)
    if found is not None:
        return found
    with point.reading(register, decided=decided) as (reading, _):
        renamed = _renamed(reading)
        return [find_mistake(ask, deny, reading, reading.snapshot(ask[0]), renamed) for ask, deny in denied]


def moment_of(
    point: DecisionPoint, register: RegisterId, revision: int, now: datetime | None = None
) -> Moment | None:
    """What memory holds at exactly the revision of an answer, whose places are still as they were; else None."""
    try:
        moment = point.moment(register, now, revision)
    except UnavailableError:
        return None
    if moment is None or moment.revision != revision or moment.instant >= moment.view.places.until:
        return None
    return moment


def find_at_once(moment: Moment, denied: Sequence[Denied]) -> list[Mistake | None] | None:
    """Find the mistake behind each deny, in order, where memory holds all of it; None otherwise. Never blocks."""
    view = moment.view
    try:
        found = [find_mistake(ask, deny, view, view.accounts[ask[0]], _unknown) for ask, deny in denied]
    except NotInViewError:
        return None
    return found if moment.holds() else None


def _unknown(unit: UnitId) -> UnitId | None:
    """Memory keeps no unit that stands no more: who took its office is asked of the database."""
    raise NotInViewError(unit)


def _renamed(reading: Reading) -> Renamed:
    def renamed(unit: UnitId) -> UnitId | None:
        passed = [
            s for s in reading.gather.reader.find(Succession, predecessor=unit) if s.valid_from <= reading.now
        ]
        return max(passed, key=lambda s: s.valid_from).successor if passed else None

    return renamed
