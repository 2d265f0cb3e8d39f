"""What waits for a caller, under both hats: read from facts in a handful of questions a unit, and never stored."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from access_service.domain import edges, turns
from access_service.domain.accounts import Account, Custody
from access_service.domain.codes import CodeShown
from access_service.domain.delegation import HEADS, Confirmation, LeavingCase
from access_service.domain.documents import Document, lapses_at, state_at
from access_service.domain.duties import is_successor
from access_service.domain.errors import NotFoundError
from access_service.domain.jobs import OPEN
from access_service.domain.names import AccountKind, DocumentKind, DocumentState, PersonId, RegisterId, UnitId
from access_service.domain.org import Assignment, SchoolYear
from access_service.domain.papers import named_signer
from access_service.domain.policy import Pack
from access_service.domain.progress import CustodyMark, PersonMark, UnitProgress, order_worst_first
from access_service.domain.recovery import Recovery, RecoveryState
from access_service.domain.recovery import state_at as recovery_state
from access_service.domain.tasks import (
    MOST_NAMES,
    NEW_FOR,
    PASSWORD_WARNING,
    Task,
    TaskHat,
    TaskKind,
    article_of,
    in_order,
    year_to_renew,
)
from access_service.domain.waiting import WaitingAct, is_waiting
from access_service.storage import accounts as stored
from access_service.storage import jobs as stored_jobs
from access_service.storage.lists import count_older_rights, managed_units, names_of, names_of_units, subtree
from access_service.storage.progress import marks_of, read_progress
from access_service.storage.second_factor import factors_of
from access_service.storage.standing import Gatherer
from access_service.usecases.counts import RememberedCounts
from access_service.usecases.evidence.reading_papers import head_of, pack_or_none
from access_service.usecases.identity.accounts import caller_of, rules_of
from access_service.usecases.services import Caller, ReadView, Services, look
from access_service.usecases.tasks.counted_anomalies import count_anomalies
from access_service.usecases.tasks.units_below import newest_reminders


@dataclass(frozen=True, slots=True)
class TasksSeen:
    """What waits, and for whose units."""

    tasks: tuple[Task, ...]
    now: datetime
    led: tuple[UnitId, ...]
    """Units that the person leads."""
    operated: tuple[UnitId, ...]
    """Units whose admin account they operate."""
    names: dict[UnitId, str]
    """Of these units."""


@dataclass(frozen=True, slots=True)
class _Hats:
    """Everything that one person can act as."""

    person: PersonId
    use: Account | None
    admins: tuple[Account, ...]
    led: tuple[UnitId, ...]
    operated: tuple[UnitId, ...]

    @property
    def accounts(self) -> tuple[Account, ...]:
        return (*((self.use,) if self.use is not None else ()), *self.admins)

    @property
    def offices(self) -> tuple[UnitId, ...]:
        return tuple(sorted({*self.led, *self.operated}))

    def hat_for(self, unit: UnitId) -> TaskHat:
        return TaskHat.ADMIN if unit in self.operated else TaskHat.PERSONAL


def tasks_of(services: Services, caller: Caller) -> TasksSeen:
    """What waits for the person behind the session, whichever of their accounts it is of; tasks name the hat.

    Whoever has left finds the return minutes that wait for them, and nothing else; an inspector's account none.
    """
    with look(services, caller) as seen:
        return tasks_in(services, seen, caller)


def tasks_of_account(services: Services, register: RegisterId, username: str) -> TasksSeen:
    """The same for the operator: what waits for whoever an account is of, by its name."""
    with services.db.read(register) as reader:
        account = reader.first(Account, username=username)
        if account is None:
            raise NotFoundError("account", username)
        now = services.db.now_in(reader.connection, register)
        caller = caller_of(Gatherer(reader), account.id, now, even_leaving=True)
    return tasks_of(services, caller)


def tasks_in(services: Services, seen: ReadView, caller: Caller) -> TasksSeen:
    """The same, within a question that asks for more."""
    if caller.kind is AccountKind.INSPECTOR:
        return TasksSeen((), seen.now, (), (), {})
    hats = _hats(seen, caller)
    found = _Waiting(seen, hats, services.counts).all(is_leaving=caller.leaving)
    names = names_of_units(seen.reader, {*hats.offices, *(t.unit for t in found)})
    return TasksSeen(tuple(in_order(found)), seen.now, hats.led, hats.operated, names)


def _hats(seen: ReadView, caller: Caller) -> _Hats:
    person = caller.person
    duties = {d.unit for d in seen.reader.find(Assignment, person=person) if seen.now in d.interval}
    led = tuple(sorted(unit for unit in duties if seen.leading(person, unit)))
    written = sorted({c.unit for c in seen.reader.find(Custody, person=person)} | set(led))
    operated = tuple(
        unit for unit in written if (c := seen.custody_of(unit)) is not None and c.person == person and c.id
    )
    admins = seen.reader.find(Account, unit=list(operated), kind=str(AccountKind.ADMIN), valid_to=None)
    return _Hats(person, seen.use_account_of(person), tuple(admins), led, operated)


class _Waiting:
    """Looks for each kind; names are read once, for all of them."""

    def __init__(self, seen: ReadView, hats: _Hats, counts: RememberedCounts) -> None:
        self._seen, self._hats, self._counts = seen, hats, counts
        self._find, self._now = seen.reader.find, seen.now
        self._managed = managed_units(seen.reader, seen.now) if hats.offices else {}

    def all(self, *, is_leaving: bool) -> list[Task]:
        if is_leaving:
            return list(self._received(is_leaving=True))
        return [
            *self._received(is_leaving=False),
            *(task for unit in self._hats.led for task in self._led(unit)),
            *(task for unit in self._hats.operated for task in self._operated(unit)),
            *(task for unit in self._hats.offices for task in self._office(unit)),
            *self._below(),
            *self._own(),
            *self._recoveries(),
        ]

    # -- the shape of every task

    def _pack(self, unit: UnitId) -> Pack | None:
        return pack_or_none(self._seen, unit)

    def _people(self, people: Iterable[PersonId | None]) -> tuple[str, ...]:
        wanted = list(dict.fromkeys(p for p in people if p is not None))
        found = names_of(self._seen.reader, wanted[: 5 * MOST_NAMES])
        return tuple(p.name for p in sorted(found.values(), key=lambda p: (p.sort_key, p.id)))[:MOST_NAMES]

    def _task(
        self,
        kind: TaskKind,
        unit: UnitId,
        count: int,
        leads_to: tuple[str, str],
        *,
        hat: TaskHat = TaskHat.PERSONAL,
        names: tuple[str, ...] = (),
        since: datetime | None = None,
        until: datetime | None = None,
        said: str = "",
    ) -> Task:
        article = article_of(kind, self._pack(unit))
        return Task(kind, hat, unit, count, names, since, until, article, leads_to, said)

    def _either(self, unit: UnitId) -> TaskHat:
        """Where both hats do, the personal one."""
        return TaskHat.PERSONAL if unit in self._hats.led else TaskHat.ADMIN

    def _lapse(self, unit: UnitId) -> timedelta | None:
        pack = self._pack(unit)
        return None if pack is None else timedelta(days=pack.number("document_lapse_days"))

    def _still(self, documents: Iterable[Document]) -> list[tuple[Document, datetime | None]]:
        """Papers whose stored state still holds, with the day on which they lapse."""
        found = []
        for document in documents:
            lapse = self._lapse(document.office)
            is_over = (
                lapse is not None and state_at(document, now=self._now, lapse_after=lapse) is not document.state
            )
            if not is_over:
                found.append((document, None if lapse is None else lapses_at(document, lapse)))
        return found

    # -- papers

    def _received(self, *, is_leaving: bool) -> Iterator[Task]:
        """As receiver: what waits for the person, by the office that gives."""
        waits = str(DocumentState.AWAITING_RECEIVER)
        by_unit: dict[UnitId, list[tuple[Document, datetime | None]]] = {}
        for document, until in self._still(self._find(Document, receiver=self._hats.person, state=waits)):
            is_open = not is_leaving or document.kind is DocumentKind.RETURN_MINUTES
            if is_open and turns.find_awaited(document) == self._hats.person:
                by_unit.setdefault(document.office, []).append((document, until))
        for unit, papers in by_unit.items():
            yield self._task(
                TaskKind.SIGN_AS_RECEIVER,
                unit,
                len(papers),
                ("signing", unit),
                since=min(d.state_since for d, _ in papers),
                until=min((u for _, u in papers if u is not None), default=None),
            )

    def _kept(self, unit: UnitId, state: DocumentState) -> list[Document]:
        found = [*self._find(Document, unit=unit, state=str(state)), *self._find(Document, kept_by=unit)]
        return [d for d in found if d.office == unit and d.state is state]

    def _led(self, unit: UnitId) -> Iterator[Task]:
        """For one of a unit's leadership, in person."""
        me = self._hats.person
        papers = [
            (d, until)
            for d, until in self._still(self._kept(unit, DocumentState.AWAITING_GIVER))
            if me not in (d.receiver, turns.find_awaited(d)) and named_signer(d.content) in (None, me)
        ]
        if papers:
            yield self._task(
                TaskKind.SIGN_AS_GIVER,
                unit,
                len(papers),
                ("signing", unit),
                names=self._people(d.receiver for d, _ in papers),
                since=min(d.state_since for d, _ in papers),
                until=min((u for _, u in papers if u is not None), default=None),
            )
        acts = [a for a in self._find(WaitingAct, office=unit, valid_to=None) if is_waiting(a, self._now)]
        acts = [a for a in acts if me not in (a.prepared_by, a.person)]
        if acts:
            yield self._task(
                TaskKind.CONFIRM_ACTS,
                unit,
                len(acts),
                ("waiting_acts", unit),
                names=self._people(a.person for a in acts),
                since=min(a.valid_from for a in acts),
                until=min(a.lapses_at for a in acts),
            )
        yield from self._unconfirmed(unit)

    def _unconfirmed(self, unit: UnitId) -> Iterator[Task]:
        """(9) What the office had granted before this head came, until they confirm it."""
        pack, head = self._pack(unit), head_of(self._seen, unit)
        if pack is None or head is None or head.person != self._hats.person or not is_successor(pack, head):
            return
        if any(c.assignment == head.id for c in self._find(Confirmation, unit=unit)):
            return
        older = count_older_rights(self._seen.reader, unit, head.valid_from, self._now)
        if older:
            yield self._task(
                TaskKind.CONFIRM_GRANTS,
                unit,
                older,
                ("confirmations", unit),
                since=head.valid_from,
                until=head.valid_from + timedelta(days=pack.number("confirmation_days")),
            )

    def _operated(self, unit: UnitId) -> Iterator[Task]:
        """For whoever operates the unit's admin account."""
        for kind, state in ((TaskKind.RETURNED, DocumentState.RETURNED), (TaskKind.DRAFTS, DocumentState.DRAFT)):
            # The decision of an appointment moves with its act alone.
            papers = [d for d in self._kept(unit, state) if d.kind is not DocumentKind.ASSIGNMENT_DECISION]
            if papers:
                yield self._task(
                    kind,
                    unit,
                    len(papers),
                    ("documents", unit),
                    hat=TaskHat.ADMIN,
                    names=self._people(d.receiver for d in papers),
                    since=min(d.state_since for d in papers),
                )
        yield from self._unused(unit)
        yield from self._password(unit)
        yield from self._renewed(unit)

    def _renewed(self, unit: UnitId) -> Iterator[Task]:
        """A school year begins, and nobody has been assigned to its classes yet."""
        found = year_to_renew(self._find(SchoolYear), self._find(Assignment, unit=unit), self._now)
        if found is not None:
            year, people = found
            yield self._task(
                TaskKind.YEAR_TO_RENEW,
                unit,
                len(people),
                ("school_year", year.id),
                hat=TaskHat.ADMIN,
                names=self._people(people),
                until=year.starts_at if year.starts_at > self._now else None,
            )

    def _unused(self, unit: UnitId) -> Iterator[Task]:
        """Accounts that were issued here, or for a unit directly below, and never opened."""
        below = self._managed.get(unit, [])
        own = self._find(Account, unit=unit, activated_at=None, valid_to=None, kind=str(AccountKind.USE))
        admins = self._find(Account, unit=below, activated_at=None, valid_to=None, kind=str(AccountKind.ADMIN))
        found = [a for a in (*own, *admins) if a.person != self._hats.person]
        if found:
            units = names_of_units(self._seen.reader, [a.unit for a in admins[:MOST_NAMES]])
            yield self._task(
                TaskKind.ACTIVATIONS_UNUSED,
                unit,
                len(found),
                ("accounts", unit),
                hat=TaskHat.ADMIN,
                names=(*self._people(a.person for a in own), *sorted(units.values()))[:MOST_NAMES],
                since=min(a.valid_from for a in found),
            )

    def _password(self, unit: UnitId) -> Iterator[Task]:
        """The admin account's password is due soon."""
        for account in (a for a in self._hats.admins if a.unit == unit):
            credential = stored.credential_of(self._seen.reader.connection, self._seen.reader.register, account.id)
            life = rules_of(self._seen.gather, account, self._now).password_life
            if credential is None or credential.password_set_at is None or life is None:
                continue
            until = credential.password_set_at + life
            if until - PASSWORD_WARNING <= self._now:
                yield self._task(
                    TaskKind.PASSWORD_DUE, unit, 1, ("password", account.id), hat=TaskHat.ADMIN, until=until
                )

    # -- the unit, for its leadership and whoever operates its account

    def _office(self, unit: UnitId) -> Iterator[Task]:
        hat = self._hats.hat_for(unit)
        pack = self._pack(unit)
        heads = {p.id for p in pack.positions.values() if p.rank in HEADS} if pack is not None else set()
        leading = {d.person for d in self._find(Assignment, unit=unit, position=sorted(heads))}
        marks = marks_of(self._seen.reader, unit, self._now)
        # A head's rights are handed over by the unit above, and nobody hands themselves any.
        without = {
            person: since
            for person, (mark, since) in marks.items()
            if mark is PersonMark.WITHOUT_RIGHTS and person not in leading and person != self._hats.person
        }
        if without:
            yield self._task(
                TaskKind.WITHOUT_RIGHTS,
                unit,
                len(without),
                ("people", unit),
                hat=hat,
                names=self._people(without),
                since=min((t for t in without.values() if t is not None), default=None),
            )
        cases = [c for c in self._find(LeavingCase, unit=unit, valid_to=None) if c.valid_from <= self._now]
        if cases:
            yield self._task(
                TaskKind.LEAVING_OPEN,
                unit,
                len(cases),
                ("leaving_cases", unit),
                hat=self._either(unit),
                names=self._people(c.person for c in cases),
                since=min(c.valid_from for c in cases),
            )
        if pack is not None and (wrong := count_anomalies(self._counts, self._seen, unit)):
            yield self._task(TaskKind.ANOMALIES, unit, wrong, ("anomalies", unit), hat=self._either(unit))
        reminder = newest_reminders(self._seen.reader, [unit]).get(unit)
        is_left = any(mark is not PersonMark.WITH_RIGHTS for mark, _ in marks.values())
        if reminder is not None and reminder.is_shown(self._now) and is_left:
            names = names_of_units(self._seen.reader, [reminder.by])
            yield self._task(
                TaskKind.REMINDED,
                unit,
                1,
                ("unit", unit),
                hat=self._either(unit),
                names=tuple(names.values()),
                since=reminder.valid_from,
                said=reminder.about,
            )

    # -- the units below

    def _below(self) -> Iterator[Task]:
        managed = self._managed
        for unit in self._hats.offices:
            under = subtree(managed, [unit]) - {unit}
            if not under:
                continue
            numbers = read_progress(self._seen.reader, under, self._now)
            direct = [numbers[u] for u in managed.get(unit, ()) if u in numbers]
            vacant = [p for p in direct if p.custody is CustodyMark.VACANT]
            waiting = [p for p in direct if p.custody is CustodyMark.AWAITING]
            late = [p for p in numbers.values() if p.is_late(self._now)]
            for kind, found, since in (
                (TaskKind.CUSTODY_VACANT, vacant, [p.custody_since for p in vacant]),
                (TaskKind.CUSTODY_AWAITING, waiting, []),
                (TaskKind.UNITS_LATE, late, [p.waiting_since for p in late]),
            ):
                if found:
                    yield self._task(
                        kind,
                        unit,
                        len(found),
                        ("units_below", unit),
                        hat=self._hats.hat_for(unit) if kind is TaskKind.CUSTODY_VACANT else self._either(unit),
                        names=self._worst(found),
                        since=min((t for t in since if t is not None), default=None),
                    )

    def _worst(self, found: list[UnitProgress]) -> tuple[str, ...]:
        first = sorted(found, key=lambda p: (*order_worst_first(p, self._now), p.unit))[:MOST_NAMES]
        names = names_of_units(self._seen.reader, [p.unit for p in first])
        return tuple(names.get(p.unit, "") for p in first)

    # -- one's own accounts

    def _own(self) -> Iterator[Task]:
        reader = self._seen.reader
        for account in self._hats.accounts:
            hat = TaskHat.ADMIN if account.kind is AccountKind.ADMIN else TaskHat.PERSONAL
            new = [
                f
                for f in factors_of(reader.connection, reader.register, account.id)
                if f.confirmed_at is not None and self._now < f.confirmed_at + NEW_FOR
            ]
            if new:
                last = max(f.confirmed_at for f in new if f.confirmed_at is not None)
                yield self._task(
                    TaskKind.NEW_FACTOR, account.unit, len(new), ("security", account.id), hat=hat, since=last
                )
            jobs = stored_jobs.jobs_of(reader.connection, reader.register, account.id)
            kept = [j for j in jobs if j.person == self._hats.person and self._now < j.expires_at]
            over = [j for j in kept if j.state not in OPEN]
            if over:
                yield self._task(
                    TaskKind.JOB_OVER,
                    account.unit,
                    len(over),
                    ("job", over[0].id),
                    hat=hat,
                    since=over[0].finished_at,
                    until=over[0].expires_at,
                )
        yield from self._code_seen()

    def _code_seen(self) -> Iterator[Task]:
        """(A3) Somebody saw the code of one's account; until its holder confirms, papers say so."""
        shown = [c for c in self._find(CodeShown, holder=self._hats.person) if self._now in c.interval]
        if shown and self._hats.use is not None:
            yield self._task(
                TaskKind.CODE_SEEN,
                self._hats.use.unit,
                len(shown),
                ("security", self._hats.use.id),
                names=self._people(c.shown_to for c in shown),
                since=min(c.valid_from for c in shown),
            )

    def _recoveries(self) -> Iterator[Task]:
        mine = {a.id: a for a in self._hats.accounts}
        open_ = [
            r
            for r in self._find(Recovery, valid_to=None)
            if recovery_state(r, self._now) in (RecoveryState.WAITING, RecoveryState.OPEN)
        ]
        for recovery in open_:
            if recovery.account in mine:
                yield self._recovery(TaskKind.OWN_RECOVERY, recovery, mine[recovery.account])
                continue
            for account in mine.values():
                holder = Caller(
                    self._seen.reader.register, account.id, account.kind, self._hats.person, account.unit
                )
                if edges.may_approve_recovery(self._seen.ground, holder, recovery):
                    yield self._recovery(TaskKind.RECOVERY_TO_CONFIRM, recovery, account)
                    break

    def _recovery(self, kind: TaskKind, recovery: Recovery, by: Account) -> Task:
        concerned = self._find(Account, id=recovery.account)
        names = (*self._people(a.person for a in concerned), *(a.username for a in concerned if a.person is None))
        return self._task(
            kind,
            by.unit,
            1,
            ("recovery", recovery.id),
            hat=TaskHat.ADMIN if by.kind is AccountKind.ADMIN else TaskHat.PERSONAL,
            names=names,
            since=recovery.valid_from,
            until=recovery.opens_at,
        )
