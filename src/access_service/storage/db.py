"""Connections and transactions: SQLite (WAL) for one machine, PostgreSQL for several.

Reads see one snapshot. A write takes the register's counter row first and holds it to the commit, so revisions are
dense, commit order is revision order, the audit log has one order, and no rule can be overtaken between its check
and its commit (docs/decisions/0002).
"""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import datetime, timedelta
from typing import Any, TypeVar

from opentelemetry.trace import Tracer
from sqlalchemy import Connection, Dialect, Engine, bindparam, func, insert, literal, select, text, update
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from access_service.domain.audit import GENESIS, Doer, Happening
from access_service.domain.clock import GAP_DAYS, ClockReading, check_recorded, check_steady, check_together
from access_service.domain.errors import NotFoundError, UnavailableError
from access_service.domain.moved import Moved
from access_service.domain.names import AccountId, RegisterId
from access_service.engine.memory import Memory
from access_service.storage.appending import Counter, append_events
from access_service.storage.codec import utc
from access_service.storage.connecting import (
    BUSY_TIMEOUT_MS,
    FILE,
    MEMORY,
    QUICK_S,
    be_patient,
    file_of,
    make_engine,
    which_file,
)
from access_service.storage.damage import Damage, is_damage
from access_service.storage.facts import CODECS, Reader, Writer
from access_service.storage.in_turn import Turns
from access_service.storage.moved import MovedListener
from access_service.storage.notified import notify
from access_service.storage.progress import ProgressListener
from access_service.storage.spans import NO_TRACER, OUTCOME, spanning
from access_service.storage.staging import StagedRows, Staging, place_aside
from access_service.storage.tables import CounterRow, RegisterRow, RevisionRow, table

T = TypeVar("T")
WRITERS = 8
"""How many write or wait to write at once: fewer than a pool has connections, so that the rest is for readers.

Over SQLite one: its lock goes to nobody in turn, and whoever waits here has theirs (`storage.in_turn`)."""
PREPARERS = 3
"""How many prepare acts at once: one works while the others wait for an answer."""
MOST_WRITTEN = 500
_counters = table(CounterRow)
_revisions = table(RevisionRow)
_registers = table(RegisterRow)
_SAY = insert(_revisions)
_TAKE = (
    update(_counters)
    .where(_counters.c.register_id == bindparam("register"))
    .values(n=_counters.c.n)
    .returning(_counters)
)


class Transaction(Writer):
    """A write in progress: facts through `put`, the log through `happened`, then one commit."""

    def __init__(
        self, connection: Connection, register: RegisterId, counter: Counter, now: datetime, doer: Doer
    ) -> None:
        """`counter` is where the register stood when this write took its row."""
        super().__init__(connection, register, counter.revision + 1, now, counter.revision)
        self.doer = doer
        self.recorded_before = counter.recorded_at
        """When the register last recorded something before this."""
        self.policy = ""
        self._counter = counter
        self._happenings: list[Happening] = []
        self._progress = ProgressListener()
        self._moved = MovedListener()
        self._ready: list[MovedListener] = []
        self._wrote_unnamed = False

    def happened(self, action: str, target: str, *, unit: str = "", **details: Any) -> None:
        """Record what this transaction did; at least one call, or the commit is a programming error.

        `unit` is whose dossier it belongs to (`domain.audit.Happening`); the unit that acts, when left out.
        """
        self._happenings.append(Happening(action, target, details=details or None, unit=unit))

    @property
    def happenings(self) -> tuple[Happening, ...]:
        """What was recorded so far."""
        return tuple(self._happenings)

    @property
    def counter(self) -> Counter:
        """Where the register stands."""
        return self._counter

    @property
    def said_moved(self) -> MovedListener:
        """What it says that it touches."""
        return self._moved

    def take_over(self, other: "Transaction") -> None:
        """What another recorded and said that it touches, where its facts are written here."""
        self._happenings += other.happenings
        self._ready.append(other.said_moved)

    def touches(self, *accounts: AccountId) -> None:
        """Whose decisions may change besides those of whom the facts written tell (`storage.moved`)."""
        self._moved.name(accounts)

    def touches_everybody(self) -> None:
        """Anything may be otherwise: a restored register, a first import. No act of ordinary work says so."""
        self._moved.name_everything()

    def moves(self, listener: MovedListener) -> None:
        """What rows that were made ready move: heard where their facts still were facts."""
        self._ready.append(listener)

    def add(self, value_type: type[T], values: Iterable[T]) -> None:
        """Insert facts whose ids are new; the numbers of their units are counted again before the commit."""
        added = list(values)
        super().add(value_type, added)
        self._progress.hear(added)
        self._moved.hear(added)

    def insert(self, staged: StagedRows) -> Iterator[int]:
        """Insert facts that were put aside."""
        self._progress.hear_all()
        self._wrote_unnamed = True
        return super().insert(staged)

    def finish(self) -> None:
        """Drop the numbers of units, write the revision, the events and the counter, just before the commit."""
        self._progress.write(self)
        if not self._happenings:
            raise RuntimeError("a change without an audit event")
        head = self.append(self._happenings, self.revision)
        row = {"register_id": self.register, "n": self.revision, "recorded_at": self.now, "head": head}
        self.connection.execute(_SAY, {**row, "moved": None, "wrote": self._said_written(), **self._said_moved()})
        notify(self.connection, self.register, self.revision)

    def _said_written(self) -> str | None:
        """Which facts it wrote, for acts that are prepared beside; None: too many to be worth a look at each."""
        if self._wrote_unnamed or sum(map(len, self.written.values())) > MOST_WRITTEN:
            return None
        wrote = {CODECS[kind].table.name: sorted(ids) for kind, ids in self.written.items() if ids}
        return json.dumps(wrote, separators=(",", ":"))

    def _said_moved(self) -> dict[str, str | None]:
        """What moved, for this version of the service and for one before it that still runs beside."""
        found: Moved | None = Moved()
        for listener in (self._moved, *self._ready):
            said = listener.found(self, self.before, self.now)
            found = None if found is None or said is None else found | said
        if found is None:
            return {"accounts": None}
        if found.units:
            return {"accounts": None, "moved": found.text()}
        return {"accounts": json.dumps(sorted(found.accounts))}

    def append(self, happenings: Sequence[Happening], revision: int, *, doer: Doer | None = None) -> str:
        """Chain events after the counter's head and move the counter. Returns the new head.

        `doer` did it, where it was not who opened the transaction: what one read, another writes down.
        """
        self._counter = append_events(
            self, self._counter, happenings, revision, doer=doer or self.doer, policy=self.policy
        )
        return self._counter.head


class Database:
    """One database with any number of registers."""

    def __init__(
        self,
        url: str,
        clock: Callable[[], datetime],
        *,
        clock_gap: timedelta = timedelta(days=GAP_DAYS),
        memory: Memory | None = None,
        tracer: Tracer = NO_TRACER,
    ) -> None:
        """`clock` is the only clock; it is handed down so that tests and demonstrations can set it.

        A clock with `running`, the seconds that its machine has run, is checked (`domain.clock`); others are toys.
        `memory` is where the engine remembers what it works out; its own where none is given. `tracer` makes the
        spans of acts, queries and decisions.
        """
        self.memory = memory or Memory()
        self.tracer = tracer
        self.engine: Engine = make_engine(url)
        self.damage = Damage(self.engine)
        """What was met of it that cannot be read any more."""
        self.engine.update_execution_options(**{MEMORY: self.memory})
        self.url = self.engine.url
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        self._take = _TAKE.returning(self._database_clock.label("clock"))
        self._preparers = Turns(PREPARERS)
        self._writers = Turns(1 if self.is_sqlite else WRITERS)
        self._clock = clock
        self._running: Callable[[], float] | None = getattr(clock, "running", None)
        self._begun = self._reading()
        self._clock_gap = clock_gap
        # The machine's clock says seconds at a quarter of the cost of an instant.
        self.timestamp: Callable[[], float] = getattr(clock, "timestamp", None) or (lambda: clock().timestamp())

    def now(self) -> datetime:
        """What the clock says, for what is no history of a register: keys, codes, sign-in attempts, page tokens.

        An act has its `now` from its transaction, a reader from `now_in`: each is fixed once, at the beginning.
        """
        seen = self._reading()
        if seen is None or self._begun is None:
            return self._clock()
        check_steady(self._begun, seen)
        return seen.wall

    def _reading(self) -> ClockReading | None:
        return None if self._running is None else ClockReading(self._clock(), self._running())

    def believed(self, recorded: datetime, database: datetime | None = None) -> datetime:
        """Now, for a register that last recorded something then: never before it, within what clocks may differ.

        Raises `ClockError` where the clock leapt, or the database's own or the record speaks against it.
        """
        now = self.now()
        if self._begun is not None:
            if database is not None:
                check_together(now, database)
            check_recorded(self._begun.wall, now, recorded, self._clock_gap)
        return max(now, recorded)

    @property
    def dialect(self) -> Dialect:
        """How rows are made ready for this database before a register is held (`storage.bulk`)."""
        return self.engine.dialect

    @property
    def _database_clock(self) -> Any:
        """The database's clock where it has one of its own; a file is read by this machine's."""
        return literal(None) if self.is_sqlite else func.clock_timestamp()

    def close(self) -> None:
        """Give every connection back."""
        self.engine.dispose()

    @contextmanager
    def connect(self, *, is_quick: bool = False) -> Iterator[Connection]:
        """A read-only snapshot: every statement in the block sees the same state.

        `is_quick` is for a look at one row, which a database that answers at all answers soon.
        """
        try:
            with self.engine.connect() as connection:
                if is_quick:
                    be_patient(connection.connection.dbapi_connection, QUICK_S)
                if not self.is_sqlite:
                    connection.execution_options(isolation_level="REPEATABLE READ")
                with connection.begin() as transaction:
                    yield connection
                    transaction.rollback()
        except (OperationalError, PoolTimeoutError) as error:
            raise UnavailableError("the database cannot be reached") from error
        except DBAPIError as error:
            if is_damage(error.orig):
                raise UnavailableError("the database is damaged") from error
            raise

    @contextmanager
    def read(self, register: RegisterId, known_at: int | None = None) -> Iterator[Reader]:
        """One register as known at a revision (None: now)."""
        with self.connect() as connection:
            yield Reader(connection, register, known_at)

    @contextmanager
    def preparing(self) -> Iterator[Connection]:
        """A snapshot to prepare acts on: as `connect`, for a few at once."""
        if not self._preparers.acquire(timeout=BUSY_TIMEOUT_MS / 1000):
            raise UnavailableError("the database cannot be reached")
        try:
            with self.connect() as connection:
                yield connection
        finally:
            self._preparers.release()

    @contextmanager
    def write(
        self,
        register: RegisterId,
        actor: str | Doer,
        *,
        action: str = "",
        whatever_is_recorded: bool = False,
        staging: Staging | None = None,
        at: datetime | None = None,
    ) -> Iterator[Transaction]:
        """One revision of one register. Leaving the block without an error commits.

        `action` names the act in traces; without one, its first event does. `whatever_is_recorded`: by the clock
        alone, also before the newest revision: what mends the record. `staging` holds rows that it inserts.
        `at` is the instant at which the act was prepared; it is recorded then, or with what was recorded since.
        """
        with spanning(self.tracer, action or "act", register, str(actor)) as span:
            with self._begin(on=None if staging is None else staging.connection) as connection:
                tx = self._enter(connection, register, actor, whatever_is_recorded=whatever_is_recorded)
                if staging is not None:
                    staging.check_place()
                if at is not None:
                    tx.now = max(at, tx.recorded_before)
                yield tx
                tx.finish()
            # What has a place in the log is an id; what was asked for and refused may be any text.
            first = tx.happenings[0]
            if not action:
                span.update_name(first.action)
            span.set_attributes({OUTCOME: "done", "access.target": first.target, "access.revision": tx.revision})

    def note(self, register: RegisterId, actor: str | Doer, happening: Happening, policy: str = "") -> None:
        """Record what changed nothing (a refused act, an export), in a transaction of its own: no revision."""
        with self.noting(register, actor) as tx:
            tx.policy = policy
            tx.append([happening], tx.before)

    @contextmanager
    def noting(self, register: RegisterId, actor: str | Doer) -> Iterator[Transaction]:
        """A transaction that makes no revision: it holds the register, and whoever has it appends what it notes."""
        with self._begin() as connection:
            yield self._enter(connection, register, actor)

    @contextmanager
    def note_everywhere(self, actor: str, happening: Happening) -> Iterator[tuple[Connection, datetime]]:
        """Hold every register while what they share is changed, a key, and record it in each: no revision."""
        registers = sorted(str(row["id"]) for row in self.registers())
        with self._begin() as connection:
            entered = [self._enter(connection, RegisterId(name), actor) for name in registers]
            yield connection, max((tx.now for tx in entered), default=self.now())
            for tx in entered:
                tx.append([happening], tx.before)

    @contextmanager
    def aside(self, wait_ms: int | None = None) -> Iterator[Connection]:
        """A short write of what is no history of a register: it takes no counter and makes no revision.

        Raises `UnavailableError` when the lock does not come; on SQLite `wait_ms` says how soon to give up.
        """
        if wait_ms is None or not self.is_sqlite:
            with self._begin() as connection:
                yield connection
            return
        with self._begin(wait_ms) as connection:
            connection.exec_driver_sql(f"PRAGMA busy_timeout={wait_ms}")
            try:
                yield connection
            finally:
                connection.exec_driver_sql(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}")

    @contextmanager
    def staging(self) -> Iterator[Staging]:
        """A place for rows before a register is held; `write` moves them. It ends with the block."""
        with ExitStack() as held:
            try:
                connection = held.enter_context(self.engine.connect())
            except (OperationalError, PoolTimeoutError) as error:
                raise UnavailableError("the database cannot be reached") from error
            yield held.enter_context(place_aside(connection, file_of(self.url) if self.is_sqlite else None))

    @contextmanager
    def _begin(self, wait_ms: int = BUSY_TIMEOUT_MS, on: Connection | None = None) -> Iterator[Connection]:
        # Whoever waits for a lock holds a connection meanwhile: a few may, so that readers always find one.
        if not self._writers.acquire(timeout=wait_ms / 1000):
            raise UnavailableError("the database cannot be written now")
        try:
            with self._begin_now(on) as connection:
                yield connection
        finally:
            self._writers.release()

    @contextmanager
    def _begin_now(self, on: Connection | None) -> Iterator[Connection]:
        try:
            if on is not None:
                with on.get_transaction() or on.begin():
                    yield on
                return
            with self.engine.begin() as connection:
                yield connection
        except PoolTimeoutError as error:
            raise UnavailableError("the database cannot be written now") from error
        except DBAPIError as error:
            if isinstance(error, OperationalError) or error.connection_invalidated:
                raise UnavailableError("the database cannot be written now") from error
            if is_damage(error.orig):
                raise UnavailableError("the database is damaged") from error
            raise

    def _enter(
        self,
        connection: Connection,
        register: RegisterId,
        actor: str | Doer,
        *,
        whatever_is_recorded: bool = False,
    ) -> Transaction:
        # The first statement is the lock: whatever the block reads afterwards is what it will commit on top of.
        row = connection.execute(self._take, {"register": register}).mappings().first()
        if row is None:
            raise NotFoundError("register", register)
        counter = Counter(row["n"], row["seq"], row["head"], utc(row["recorded_at"]))
        # The clock may step back a little; the record may not.
        now = self.now() if whatever_is_recorded else self.believed(counter.recorded_at, row["clock"])
        doer = actor if isinstance(actor, Doer) else Doer(actor)
        return Transaction(connection, register, counter, now, doer)

    @contextmanager
    def create_register(self, register: RegisterId, root: str, *, demo: bool) -> Iterator[Transaction]:
        """The first write of a register: makes its row and counter, then behaves like `write`."""
        with self._begin() as connection:
            now = self._clock()
            connection.execute(insert(_registers).values(id=register, root=root, created_at=now, demo=demo))
            connection.execute(
                insert(_counters).values(register_id=register, n=0, seq=0, head=GENESIS, recorded_at=now)
            )
            tx = self._enter(connection, register, "operator")
            yield tx
            tx.finish()

    def now_in(self, connection: Connection, register: RegisterId) -> datetime:
        """Now, for a reader: as for a write, never before what is recorded.

        Without that, a clock that stepped back, or is behind another node's, shuts out whoever just signed in.
        """
        row = connection.execute(
            select(_counters.c.recorded_at, self._database_clock).where(_counters.c.register_id == register)
        ).first()
        return self.now() if row is None else self.believed(utc(row[0]), row[1])

    def counter(self, register: RegisterId, *, whatever_is_recorded: bool = False) -> Counter | None:
        """Where a register stands now, or None when there is none of that name. `ClockError` as `believed`."""
        statement = select(_counters, self._database_clock.label("clock")).where(
            _counters.c.register_id == register
        )
        with self.connect(is_quick=True) as connection:
            row = connection.execute(statement).mappings().first()
        if row is None:
            return None
        counter = Counter(row["n"], row["seq"], row["head"], utc(row["recorded_at"]))
        if not whatever_is_recorded:
            self.believed(counter.recorded_at, row["clock"])
        return counter

    def registers(self) -> list[dict[str, Any]]:
        """Every register: id, root, created_at, demo."""
        with self.connect(is_quick=True) as connection:
            rows = connection.execute(select(_registers).order_by(_registers.c.id)).mappings()
            return [dict(row) for row in rows]

    def checkpoint(self) -> None:
        """Bring a SQLite database's write-ahead log into its one file, so that the file can be moved."""
        if self.is_sqlite:
            with self.engine.connect() as connection:
                raw = connection.connection.dbapi_connection
                if raw is not None:
                    raw.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")

    @contextmanager
    def marks(self) -> Iterator[Callable[[], object] | None]:
        """A function whose value changes with every commit of another connection; None where there is none.

        SQLite keeps that number for each connection (`PRAGMA data_version`): reading it costs a hundredth of asking
        for a counter. Outside any transaction, in which it would stand still.
        """
        if not self.is_sqlite or self.url.database in (None, "", ":memory:"):
            yield None
            return
        raw = self.engine.raw_connection()
        try:
            cursor, path = raw.cursor(), file_of(self.url)

            def mark() -> object:
                # Another file in its place is another database, however long the old one is still open.
                if path is not None and which_file(path) != raw.info[FILE]:
                    raise UnavailableError("another file stands in the place of the database")
                return cursor.execute("PRAGMA data_version").fetchone()

            yield mark
        finally:
            raw.close()

    def ping(self) -> None:
        """Raise `UnavailableError` unless the database answers."""
        with self.connect(is_quick=True) as connection:
            connection.execute(text("SELECT 1"))
