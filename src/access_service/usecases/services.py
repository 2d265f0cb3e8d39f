"""What every use case is given, and the shape of every act: authorise, rule, store, audit, in one transaction.

`system_clock` is the only clock of the product; everything else takes `now`.
"""

import secrets
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Generic, TypeVar

from access_service.domain import acting, edges
from access_service.domain.accounts import Account, Custody, Suspension
from access_service.domain.audit import Doer, Happening
from access_service.domain.delegation import LEADERS, Authority, Grant, Office
from access_service.domain.errors import InvalidError, NotFoundError, RefusedError
from access_service.domain.facts import Ground
from access_service.domain.moves import box_of
from access_service.domain.names import (
    AccountId,
    AccountKind,
    PersonId,
    RegisterId,
    SuspendableKind,
    UnitId,
)
from access_service.domain.org import Assignment, Person, Unit
from access_service.domain.policy import Pack
from access_service.domain.preparing import use_account_of, waits_at_most
from access_service.signing.keys import SealKey
from access_service.signing.pdf_seal import AskTime, PdfSeal
from access_service.signing.pdf_worker import PdfWorkers
from access_service.signing.vault import FactorKey
from access_service.storage import idempotency
from access_service.storage.accounts import session_by_token
from access_service.storage.appending import unit_of
from access_service.storage.asked_once import OnceReader
from access_service.storage.db import Database, Transaction
from access_service.storage.facts import Reader
from access_service.storage.job_files import JobFiles
from access_service.storage.org import StoredOrg
from access_service.storage.paper_pages import FileStore
from access_service.storage.spans import spanning
from access_service.storage.staging import Staging
from access_service.storage.standing import Gatherer
from access_service.usecases.counts import RememberedCounts
from access_service.usecases.looks import Looks
from access_service.usecases.observed import ObservedAnswers
from access_service.usecases.unknown_names import UnknownNames
from access_service.usecases.uses import Uses

T = TypeVar("T")
LONGEST_WALK = 32
"""More questions than are asked about a unit or person before it is clear that the caller may not see them."""


_RUNNING = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


class SystemClock:
    """The machine's clock: called, an aware UTC instant; `timestamp`, the same in seconds since the epoch."""

    def __call__(self) -> datetime:
        """Read it."""
        return datetime.now(UTC)  # noqa: TID251 the one place

    timestamp = staticmethod(time.time)  # noqa: TID251

    @staticmethod
    def running() -> float:
        """How long the machine has run, in seconds, sleep included where the system counts it."""
        return time.clock_gettime(_RUNNING)


system_clock = SystemClock()


def random_id(prefix: str) -> str:
    """A new id: the prefix and 80 random bits, so that ids of one register tell nothing of another's."""
    return f"{prefix}_{secrets.token_hex(10)}"


@dataclass(frozen=True, slots=True)
class Caller:
    """Who is asking, from a session."""

    register: RegisterId
    account: AccountId
    kind: AccountKind
    person: PersonId
    unit: UnitId
    """The unit whose admin account it is, or that is the use account's home."""
    session: str = ""
    """SHA-256 of the session's token."""
    leaving: bool = False
    """The last duty is over: only what hands back is open (rule 12)."""
    audience: str | None = None
    """Where the session is good; None: at the API, for whoever signed in there."""

    @property
    def doer(self) -> Doer:
        """As events name them."""
        return Doer(self.account, self.person, self.unit)


@dataclass(frozen=True)
class Services:
    """Everything a use case needs from outside."""

    db: Database
    seal: SealKey
    new_id: Callable[[str], str] = random_id
    factors: FactorKey | None = None
    """Closes the secrets of second factors; None where none are used, as at the command line."""
    keys_dir: Path | None = None
    """Where the keys stand, so that one that is rotated while this process runs is found."""
    public_url: str = "http://127.0.0.1:8000"
    """Where callers find the service: passkeys belong to it."""
    files: FileStore | None = None
    """Where files of papers are kept; None: a signed paper is rendered anew each time."""
    pdf_seal: PdfSeal | None = None
    """Seals signed papers; None: a paper is as good as its confirmations."""
    ask_time: AskTime | None = None
    """Asks the operator's timestamp authority; None where none is named."""
    pdf_workers: PdfWorkers | None = None
    """Look at files that were signed elsewhere; None where none are taken."""
    checkpoint_dirs: tuple[Path, ...] = ()
    """Folders outside this machine into which every checkpoint of the log goes."""
    signs_log: bool = True
    """Whether this machine signs checkpoints; of several machines one does."""
    committed: list[Callable[[RegisterId], None]] = field(default_factory=list)
    """Called after every commit with the register: the decision caches catch up."""

    unknown_names: UnknownNames = field(default_factory=UnknownNames)
    """Sign-ins under names that no account has, until the log is told."""

    uses: Uses = field(default_factory=Uses)
    """The rights by which something was allowed, until it is written down."""
    observed: ObservedAnswers = field(default_factory=ObservedAnswers)
    """Answers that were not enforced, until they are written down."""
    observe_days: int = 90
    """How many days at most an enforcement point observes at a unit."""
    counts: RememberedCounts = field(default_factory=RememberedCounts)
    """Numbers that take long to count."""
    looks: Looks = field(default_factory=Looks)
    """What was read, until the log is told."""
    job_files: JobFiles | None = None
    """Where what jobs make is kept; None where none are carried out."""
    jobs_wait: threading.Event = field(default_factory=threading.Event)
    """Set when there is something for the workers of this process to do."""

    rehearsal: list[Happening] | None = None
    """Where it is not None, an act runs to its end, leaves here what it would do, and is undone (`rehearse`)."""

    at_end: "Callable[[Act], None] | None" = None
    """Called when an act has run to its end, within its transaction; what it raises refuses the act."""

    def after_commit(self, register: RegisterId) -> None:
        """Tell the decision caches that something was committed."""
        for listener in self.committed:
            listener(register)


@dataclass(frozen=True, slots=True)
class Rehearsed(Generic[T]):
    """What an act would do: its answer, and its events in their order. Nothing of it has happened."""

    answer: T
    happenings: tuple[Happening, ...]

    def ending(self, action: str) -> list[str]:
        """What would be the target of that event, `grant.end` for instance."""
        return [h.target for h in self.happenings if h.action == action]


def rehearse(services: Services, run: Callable[[Services], T]) -> Rehearsed[T]:
    """Ask an act first what it would do (rule 3): it runs in its transaction, every rule asked, and is rolled back.

    A refusal is the refusal that the act itself would meet, and is recorded as one: nobody probes unseen.
    """
    happenings: list[Happening] = []
    answer = run(replace(services, rehearsal=happenings))
    return Rehearsed(answer, tuple(happenings))


class _UndoneError(Exception):
    """Raised to leave the transaction of a rehearsed act, so that it is rolled back."""

    outcome = "rehearsed"


class ReadView:
    """A register at one revision and instant (rule 15), as one caller may see it."""

    def __init__(self, reader: Reader, caller: Caller | None, now: datetime) -> None:
        """`caller` is None for the operator and for imports."""
        self.reader = reader
        self.caller = caller
        self.now = now
        self.org = StoredOrg(reader)
        self.gather = Gatherer(reader, self.org)

    def require_caller(self) -> Caller:
        """The caller; acts of people have one."""
        if self.caller is None:
            raise RuntimeError("this act needs a caller")
        return self.caller

    @property
    def ground(self) -> Ground:
        """What the rules of `domain` are asked over."""
        return Ground(self.reader, self.org, self.now, self.pack_for)

    def pack_for(self, unit: UnitId) -> Pack:
        """The pack in force for a unit now."""
        self.org.require_binding(unit, self.now)
        tables = self.gather.tables_for(unit, self.now)
        if tables is None:
            raise RuntimeError("a binding without a pack")
        return tables.pack

    def require_unit(self, id_: UnitId) -> Unit:
        """The unit, standing now."""
        unit = self.org.unit(id_)
        if unit is None:
            raise NotFoundError("unit", id_)
        return unit

    def custody_of(self, unit: UnitId) -> Custody | None:
        """Who operates the unit's admin account now, as duties and papers stand (A7)."""
        return self.gather.custody(unit, self.now)

    def leading(self, person: PersonId, unit: UnitId) -> list[Assignment]:
        """The person's duties of leadership in a unit that hold now; nobody leads where no policy is in force."""
        if self.org.binding_for(unit, self.now) is None:
            return []
        pack = self.pack_for(unit)
        return [
            a
            for a in self.reader.find(Assignment, person=person, unit=unit)
            if self.now in a.interval
            and (position := pack.positions.get(a.position)) is not None
            and position.rank in LEADERS
        ]

    def as_custodian(self, unit: UnitId) -> Caller:
        """The caller operates the admin account of exactly this unit, or `not_custodian`."""
        caller = self.require_caller()
        if not acting.operates(caller, unit):
            self.check_visible(unit)
            acting.check_operates(self.ground, caller, unit, self.custody_of(unit))
        return caller

    def as_above(self, unit: UnitId) -> Caller:
        """The caller acts for this unit or one above it: its admin account, or its leadership (rule 4)."""
        caller = self.require_caller()
        if edges.acts_for(self.ground, caller, unit):
            return caller
        self.check_visible(unit)
        acting.check_acts_for(self.ground, caller, unit)
        return caller

    def office_chain(self, unit: UnitId) -> tuple[UnitId, ...]:
        """The unit and everything above it; for a unit that is over, its successors and what is above them."""
        return edges.office_chain(self.ground, unit)

    def may_see_grant(self, grant: Grant) -> bool:
        """The holder, and the units of the chain: everybody else hears that there is no such grant."""
        caller = self.require_caller()
        if caller.account == grant.account:
            return True
        return self.is_related(grant.unit)

    def is_related(self, unit: UnitId) -> bool:
        """Does the caller's unit stand on the same chain as this one?"""
        return edges.is_related(self.ground, self.require_caller(), unit)

    def check_visible(self, unit: UnitId) -> None:
        """Raise `NotFoundError` where the unit is none of the caller's business: as if there were none."""
        with self.as_if_missing():
            if self.org.unit(unit) is None or not self.is_related(unit):
                raise NotFoundError("unit", unit)

    def check_person_visible(self, person: PersonId) -> None:
        """Raise `NotFoundError` for somebody of units that are none of the caller's business, as for nobody.

        Whoever has no duty anywhere is no unit's yet, so that a custodian may name them.
        """
        with self.as_if_missing():
            if person == self.require_caller().person:
                return
            duties = self.reader.find(Assignment, person=person)
            is_seen = not duties or any(self.is_related(unit) for unit in sorted({a.unit for a in duties}))
            if self.reader.get(Person, person) is None or not is_seen:
                raise NotFoundError("person", person)

    @contextmanager
    def as_if_missing(self) -> Iterator[None]:
        """What is not found within took as much asking whether it is missing or somebody else's.

        How far the units above it reach, or that there are any, is not to be told from how long the answer takes.
        """
        until = self.reader.asked + LONGEST_WALK
        try:
            yield
        except NotFoundError:
            self.reader.ask_for_nothing(until - self.reader.asked)
            raise

    def check_named(self, other: UnitId) -> None:
        """A unit that an act names beside one of the caller's own tree: seen, or for a unit above both (K)."""
        acting.check_named_beside(self.ground, self.require_caller(), other)

    def office(self, unit: UnitId, authority: Authority) -> Office:
        """The unit as giver, for the rules of `domain.delegation`."""
        chain = self.gather.chain_of_authority(authority.id, self.now)
        targets = {a.id for a in chain} | {a.unit for a in chain} | {unit}
        kinds = (SuspendableKind.UNIT, SuspendableKind.AUTHORITY)
        return Office(
            org=self.org,
            pack=self.pack_for(unit),
            now=self.now,
            unit=unit,
            custody=self.custody_of(unit),
            authorities=self._as_left(chain),
            suspended=any(
                s.kind in kinds and self.now in s.interval for s in self.reader.find(Suspension, target=targets)
            ),
        )

    def _as_left(self, chain: tuple[Authority, ...]) -> tuple[Authority, ...]:
        """The chain, its first link with no more than the whole chain leaves of it today."""
        box = box_of(self.org, chain, self.now)
        if box is None or not chain:
            return chain
        ends = [a.valid_to for a in chain if a.valid_to is not None]
        return (replace(chain[0], scope=box, valid_to=min(ends, default=None)), *chain[1:])

    def authorities_of(self, unit: UnitId) -> list[Authority]:
        """What the unit may hand down now."""
        return [a for a in self.reader.find(Authority, unit=unit) if self.now in a.interval]

    def use_account_of(self, person: PersonId) -> Account | None:
        """The person's one use account, unless it is closed."""
        return use_account_of(self.ground, person)

    def lapse_after(self, unit: UnitId) -> timedelta:
        """How long an unsigned document of the unit waits."""
        return waits_at_most(self.pack_for(unit))


@contextmanager
def as_missing(noun: str, id_: str) -> Iterator[None]:
    """Answer for what the caller may not see as for an id that nothing has: the unit it belongs to is not named."""
    try:
        yield
    except NotFoundError:
        raise NotFoundError(noun, id_) from None


class Act(ReadView):
    """One act of one caller: a view of the register and the transaction that changes it."""

    def __init__(self, services: Services, tx: Transaction, caller: Caller | None) -> None:
        """`caller` is None for the operator and for imports."""
        super().__init__(tx, caller, tx.now)
        self.services = services
        self.tx = tx
        self.action = ""
        """The act's name in the log; empty for the operator and for imports."""

    def refresh(self) -> None:
        """Forget what was read of the organisation: this act changed it."""
        self.org = StoredOrg(self.tx)
        self.gather = Gatherer(self.tx, self.org)

    def new_id(self, prefix: str) -> str:
        """A fresh id."""
        return self.services.new_id(prefix)

    def pack_for(self, unit: UnitId) -> Pack:
        """The pack in force for a unit now; its digest goes into the audit events of this act."""
        self.tx.policy = self.org.require_binding(unit, self.now).digest
        return super().pack_for(unit)

    def touch_person(self, person: PersonId) -> None:
        """The decisions about a person's account may change."""
        for account in self.tx.find(Account, person=person):
            self.tx.touches(account.id)


@contextmanager
def act(services: Services, caller: Caller, action: str, target: str) -> Iterator[Act]:
    """One act of a signed-in caller. A refusal changes nothing and is recorded in a transaction of its own.

    What never reached a rule (unreadable input, nothing there to act on) is not recorded but counted at the edge.
    """
    policy = unit = ""
    try:
        with services.db.write(caller.register, caller.doer, action=action) as tx:
            try:
                doing = Act(services, tx, caller)
                doing.action = action
                check_still(doing, caller, action)
                yield doing
                if services.at_end is not None:
                    services.at_end(doing)
                if services.rehearsal is not None:
                    services.rehearsal.extend(tx.happenings)
                    raise _UndoneError
                idempotency.mark(tx)
            except RefusedError:
                unit = unit_of(tx, target)
                raise
            finally:
                policy = tx.policy
    except (InvalidError, NotFoundError):
        raise
    except _UndoneError:
        return
    except RefusedError as refused:
        details = {k: v for k, v in refused.details.items() if isinstance(v, str | int)}
        services.db.note(
            caller.register,
            caller.doer,
            Happening(action, target, "refused", str(refused.code), details, unit),
            policy,
        )
        raise
    services.after_commit(caller.register)


HANDING_BACK = frozenset({"return.propose", "document.sign", "session.close"})
"""Acts that whoever left may still do."""


def check_still(doing: Act, caller: Caller, action: str) -> None:
    """Under the lock: session, account and custodian stand as when the session was checked (rule 10)."""
    has_session = not caller.session or doing.tx.ask(lambda c: session_by_token(c, caller.session) is not None)
    hands_back = caller.leaving and action in HANDING_BACK
    acting.check_stands(doing.ground, caller, has_session=has_session, hands_back=hands_back)
    acting.check_inspectors(caller, action)
    if caller.kind is AccountKind.ADMIN:
        custody = doing.custody_of(caller.unit)
        acting.check_keeps(caller, custody, is_stopped=doing.gather.is_stopped(caller.person, doing.now))


@contextmanager
def refusing(services: Services, caller: Caller, action: str, target: str) -> Iterator[None]:
    """Rules asked before an act begins, or a password is looked at: their refusal is recorded as the act's."""
    try:
        yield
    except (InvalidError, NotFoundError):
        raise
    except RefusedError as refused:
        with act(services, caller, action, target):
            raise refused from None


def look(services: Services, caller: Caller) -> AbstractContextManager[ReadView]:
    """One question of a signed-in caller: nothing is written. In traces it bears the name of the use case."""
    return _looking(services, caller, sys._getframe(1).f_code.co_name)  # noqa: SLF001 of the use case, for people


@contextmanager
def _looking(services: Services, caller: Caller, name: str) -> Iterator[ReadView]:
    db, register = services.db, caller.register
    with spanning(db.tracer, name, register, caller.account), db.connect() as connection:
        yield ReadView(OnceReader(connection, register), caller, db.now_in(connection, register))


@contextmanager
def operate(
    services: Services,
    register: RegisterId,
    actor: str = "operator",
    *,
    whatever_is_recorded: bool = False,
    staging: Staging | None = None,
) -> Iterator[Act]:
    """One act of the operator at the command line, or of an import; see `Database.write`."""
    with services.db.write(register, actor, whatever_is_recorded=whatever_is_recorded, staging=staging) as tx:
        yield Act(services, tx, None)
    services.after_commit(register)
