"""Writing down what dates did: the periodic step beside the next act about a unit or a person (rulings A7, A8).

Every answer is as it was: custody, standstill and lapsing are derived. What is written is the record of it, dated
with the duty or the paper: a custody's end or return, the leaving case, the suspension, the lapse of a line.
"""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime

from access_service.domain.accounts import Account, Custody, Suspension
from access_service.domain.custody import lapse_unwritten, list_left_unwritten, list_unwritten
from access_service.domain.delegation import Grant, LeavingCase
from access_service.domain.errors import AccessServiceError, RefusedError
from access_service.domain.names import AccountKind, PersonId, RegisterId, SuspendableKind, UnitId
from access_service.domain.org import Assignment
from access_service.storage import tables
from access_service.storage.cleaning import clean
from access_service.storage.facts import Reader
from access_service.storage.standing import Gatherer
from access_service.usecases.effects import settle_custodies, settle_person, try_refused_again
from access_service.usecases.operators import root_of
from access_service.usecases.services import Act, Services, operate

AT_ONCE = 100
"""Units or people in one transaction: nobody else waits long for the register."""
ACTOR = "service"
"""Who wrote it, in the log, where the server did."""


@dataclass(frozen=True, slots=True)
class Unsettled:
    """What dates did and nobody wrote down yet."""

    custodies: Sequence[UnitId] = ()
    people: Sequence[PersonId] = ()
    refused: Sequence[UnitId] = ()
    """Units with lines that were refused although all had signed: tried again, or lapsed."""


@dataclass(slots=True)
class Settled:
    """What was written, by its event."""

    events: dict[str, int] = field(default_factory=dict)

    def count(self, action: str) -> None:
        """Count one more event."""
        self.events[action] = self.events.get(action, 0) + 1


class _NothingError(Exception):
    """Somebody else wrote down meanwhile what was to be written."""

    outcome = "nothing"


def settle(services: Services, register: RegisterId, actor: str = ACTOR) -> Settled:
    """Write down what dates did to custodies, people and refused lines; nothing where all is written."""
    root_of(services, register)
    with services.db.read(register) as reader:
        found = list_unsettled(reader, services.db.now_in(reader.connection, register))
    done = Settled()
    steps: list[tuple[Callable[[Act, str], object], Sequence[str]]] = [
        (lambda doing, unit: settle_custodies(doing, UnitId(unit)), found.custodies),
        (lambda doing, person: settle_person(doing, PersonId(person)), found.people),
        (lambda doing, unit: try_refused_again(doing, UnitId(unit)), found.refused),
    ]
    for step, ids in steps:
        for start in range(0, len(ids), AT_ONCE):
            _write(services, register, actor, done, step, ids[start : start + AT_ONCE])
    return done


def _write(
    services: Services,
    register: RegisterId,
    actor: str,
    done: Settled,
    step: Callable[[Act, str], object],
    ids: Sequence[str],
) -> None:
    with suppress(_NothingError), operate(services, register, actor) as doing:
        for id_ in ids:
            # Where no policy is in force nobody can say whose case it is: it waits for one.
            with suppress(RefusedError):
                step(doing, id_)
        if not doing.tx.happenings:
            raise _NothingError
        for happening in doing.tx.happenings:
            done.count(happening.action)
        doing.tx.touches()


def list_unsettled(reader: Reader, now: datetime) -> Unsettled:
    """What there is to write, without the lock."""
    waiting = tables.table(tables.GrantRow).c
    refused = {
        g.unit
        for g in reader.find(Grant, waiting.refused.is_not(None), activated_at=None, ended_at=None)
        if _has_policy(reader, g.unit, now)
    }
    return Unsettled(
        custodies=sorted(_custodies(reader, now)), people=sorted(_people(reader, now)), refused=sorted(refused)
    )


def _has_policy(reader: Reader, unit: UnitId, now: datetime) -> bool:
    return Gatherer(reader).tables_for(unit, now) is not None


def _custodies(reader: Reader, now: datetime) -> Iterator[UnitId]:
    gather = Gatherer(reader)
    for unit in {c.unit for c in reader.find(Custody)}:
        if list_unwritten(gather.custodies(unit, now), now):
            yield unit


def _people(reader: Reader, now: datetime) -> Iterator[PersonId]:
    """Who has a use account, and a duty whose end nobody has seen."""
    over = tables.table(tables.AssignmentRow).c.valid_to <= now
    left = sorted({duty.person for duty in reader.find(Assignment, over)})
    accounts = {
        a.person: a
        for a in reader.find(Account, person=left, kind=str(AccountKind.USE))
        if a.person is not None and (a.valid_to is None or a.valid_to > now)
    }
    duties: dict[PersonId, list[Assignment]] = {}
    for duty in reader.find(Assignment, person=sorted(accounts)):
        duties.setdefault(duty.person, []).append(duty)
    cases: dict[PersonId, list[LeavingCase]] = {}
    for case in reader.find(LeavingCase, person=sorted(accounts)):
        cases.setdefault(case.person, []).append(case)
    laid_on: dict[str, list[Suspension]] = {}
    targets = [a.id for a in accounts.values()]
    for suspension in reader.find(Suspension, kind=str(SuspendableKind.ACCOUNT), target=targets):
        laid_on.setdefault(suspension.target, []).append(suspension)
    for person, account in accounts.items():
        held = duties.get(person, [])
        known = [case.assignment for case in cases.get(person, ())]
        if list_left_unwritten(held, known, now) or lapse_unwritten(
            account, held, laid_on.get(account.id, ()), now
        ):
            yield person


class Settling:
    """Settles every so often, beside the requests, until it is stopped."""

    def __init__(self, services: Services, every_s: float, failed: Callable[[str], None]) -> None:
        """`failed` hears why a round could not be done; the next one tries again."""
        self._services, self._every_s, self._failed = services, every_s, failed
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="settling", daemon=True)

    def start(self) -> None:
        """Begin; the first round comes after one interval."""
        self._thread.start()

    def close(self) -> None:
        """Stop, and wait for a round that is under way."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        while not self._stop.wait(self._every_s):
            self.round()

    def round(self) -> None:
        """Settle every register once, and delete the rows whose time is over."""
        try:
            clean(self._services.db, self._services.db.now(), self._services.job_files)
            for row in self._services.db.registers():
                settle(self._services, RegisterId(str(row["id"])))
        except AccessServiceError as error:
            self._failed(str(error))
