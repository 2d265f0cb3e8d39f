#!/usr/bin/env python3
"""How many signatures a second, over the bare work that they cannot do without?

    benchmarks/signing.py [--folder DIR] [--only sqlite|postgresql] [--rounds 4] [--signers 16] [--hold]

Sixteen signers at once on the generated province, by the use case. *Batches*: heads sign minutes as giver, twenty
after one password. *Singles*: teachers sign the same minutes as receiver, one after one password, and their rights
begin. Every statement that wrote is recorded and played again on a copy of the database, by as many threads over
the bare driver: for singles after one password was verified at the same cost, for batches alone. Rounds of both
alternate; reported are medians. `--folder` keeps the province for the next time; `--hold` also says how long the
register was held for each signature, and what the process spent on it.
"""

from __future__ import annotations

import argparse
import itertools
import secrets
import shutil
import statistics
import sys
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "src"), str(ROOT / "tests"), str(ROOT / "benchmarks")]

from sqlalchemy import Engine, create_engine, event, text  # noqa: E402

import backup  # noqa: E402
import province  # noqa: E402
from access_service.domain.accounts import Account  # noqa: E402
from access_service.domain.delegation import Grant  # noqa: E402
from access_service.domain.documents import Document  # noqa: E402
from access_service.domain.names import AccountKind, PersonId, UnitId  # noqa: E402
from access_service.domain.sign_in import FactorKind, SecondFactor  # noqa: E402
from access_service.signing import passwords  # noqa: E402
from access_service.signing.keys import load_or_create  # noqa: E402
from access_service.storage import accounts as stored  # noqa: E402
from access_service.storage.db import Database  # noqa: E402
from access_service.storage.migrate import upgrade  # noqa: E402
from access_service.storage.org import StoredOrg  # noqa: E402
from access_service.storage.paper_pages import keep_shown  # noqa: E402
from access_service.storage.schema import metadata  # noqa: E402
from access_service.storage.second_factor import add_factor  # noqa: E402
from access_service.storage.standing import Gatherer  # noqa: E402
from access_service.usecases.handover import documents  # noqa: E402
from access_service.usecases.handover.documents import EnteredLine  # noqa: E402
from access_service.usecases.handover.signatures import Presented, Signed, sign_batch  # noqa: E402
from access_service.usecases.identity.accounts import caller_of  # noqa: E402
from access_service.usecases.services import Caller, Services, operate  # noqa: E402
from databases import administrator, database, server  # noqa: E402
from september_people import PASSWORD  # noqa: E402

BATCH = 20
LASTS = timedelta(hours=12)
WRITES = ("INSERT", "UPDATE", "DELETE")
LOCKS = "UPDATE counters SET n=counters.n"
Statement = tuple[str, Any, bool]


class Running:
    """The province's clock, going on."""

    def __init__(self) -> None:
        self._began = time.monotonic()

    def __call__(self) -> datetime:
        """Now, in its school year."""
        return province.NOW + timedelta(hours=1, seconds=time.monotonic() - self._began)


@dataclass
class Heard:
    """Every transaction that wrote, as its statements, and how long each held the register."""

    transactions: list[list[Statement]] = field(default_factory=list)
    held: list[float] = field(default_factory=list)

    def listen(self, engine: Engine) -> None:
        """Hear what this engine sends from now on."""
        local = threading.local()

        def send(_c: Any, _cursor: Any, statement: str, parameters: Any, _context: Any, is_many: bool) -> None:
            if statement.startswith(LOCKS):
                local.asked = time.perf_counter()
            elif statement.startswith(WRITES):
                local.__dict__.setdefault("statements", []).append((statement, parameters, is_many))

        def sent(_c: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
            if statement.startswith(LOCKS):
                local.since = time.perf_counter()

        def commit(_c: Any) -> None:
            local.commits = local.__dict__.pop("statements", [])

        def give_back(*_: Any) -> None:
            since, done = local.__dict__.pop("since", None), local.__dict__.pop("commits", [])
            if since is not None and done:
                self.held.append(time.perf_counter() - since)
                self.transactions.append(done)
            local.__dict__.pop("statements", None)

        event.listen(engine, "before_cursor_execute", send)
        event.listen(engine, "after_cursor_execute", sent)
        event.listen(engine, "commit", commit)
        event.listen(engine, "checkin", give_back)

    def take(self) -> list[list[Statement]]:
        """What was heard since the last time."""
        taken, self.transactions = self.transactions, []
        return taken


@dataclass(frozen=True)
class Paper:
    """Minutes that wait, and who signs them."""

    item: Presented
    giver: Caller
    receiver: Caller


class Scene:
    """A province with minutes that wait for their first signature."""

    def __init__(self, services: Services, batches: int) -> None:
        self.services, self._people = services, dict[str, Caller]()
        with services.db.read(province.REGISTER) as reader:
            self._accounts = {account.id: account for account in reader.find(Account)}
            by_unit: dict[str, list[Grant]] = defaultdict(list)
            for grant in reader.find(Grant):
                if grant.scope.classes and grant.assignment and grant.role == "homeroom_teacher":
                    by_unit[grant.unit].append(grant)
            gather = Gatherer(reader, StoredOrg(reader))
            heads = self._heads(gather, sorted(by_unit, key=lambda unit: (-len(by_unit[unit]), unit)))
            batched = (
                (unit, head, by_unit[unit][at : at + BATCH])
                for unit, head in heads
                for at in range(0, len(by_unit[unit]) - BATCH + 1, BATCH)
            )
            chosen = list(itertools.islice(batched, batches))
        if len(chosen) < batches:
            raise SystemExit(f"the province has only {len(chosen)} batches")
        self.hashed = passwords.hash_password(PASSWORD)
        self.papers = self._propose([(unit, head, grant) for unit, head, grants in chosen for grant in grants])

    def _heads(self, gather: Gatherer, units: Sequence[str]) -> Iterator[tuple[UnitId, Account]]:
        of_person = {a.person: a for a in self._accounts.values() if a.kind is AccountKind.USE}
        admins = {a.unit for a in self._accounts.values() if a.kind is AccountKind.ADMIN}
        for unit in map(UnitId, units):
            tables = gather.tables_for(unit, province.NOW)
            duties = [] if tables is None else gather.heads_of(unit, tables.pack)
            custody = gather.custody(unit, province.NOW)
            for duty in duties:
                if province.NOW in duty.interval and unit in admins and duty.person in of_person:
                    if custody is not None and custody.person != duty.person:
                        yield unit, of_person[duty.person]
                    break

    def _propose(self, lines: list[tuple[UnitId, Account, Grant]]) -> list[Paper]:
        admins = {a.unit: a for a in self._accounts.values() if a.kind is AccountKind.ADMIN}
        with operate(self.services, province.REGISTER, "bench") as doing:
            gather = Gatherer(doing.tx, StoredOrg(doing.tx))
            for unit, head, grant in lines:
                for account in (admins[unit], head, self._accounts[grant.account]):
                    if account.id not in self._people:
                        self._people[account.id] = self._admit(doing.tx.connection, gather, account, doing.now)
            doing.tx.happened("bench.admit", "all")
            doing.tx.touches()
        found = []
        for unit, head, grant in lines:
            person = PersonId(str(self._accounts[grant.account].person))
            prepared = documents.propose_handover(
                self.services,
                self._people[admins[unit].id],
                unit=unit,
                receiver=person,
                number="",
                dated=province.NOW.date(),
                lines=[EnteredLine(grant.role, grant.assignment, grant.scope, self.services.db.now())],  # type: ignore[arg-type]
            )
            found.append((prepared.document, head, self._accounts[grant.account]))
        for document, head, receiver in found:
            with self.services.db.aside() as connection:
                for account in (head, receiver):
                    shown = [(document.id, document.version)]
                    keep_shown(connection, province.REGISTER, shown, account.id, self.services.db.now())
        return [
            Paper(_presented(document), self._people[head.id], self._people[receiver.id])
            for document, head, receiver in found
        ]

    def _admit(self, connection: Any, gather: Gatherer, account: Account, now: datetime) -> Caller:
        """A password, a second factor and an open session."""
        caller = caller_of(gather, account.id, now)
        known = stored.credential_of(connection, province.REGISTER, account.id)
        assert known is not None
        changed = replace(known, password=self.hashed, password_set_at=now, seen_at=now)
        stored.save_credential(connection, changed)
        factor = SecondFactor(
            province.REGISTER, f"fac_{account.id}", account.id, FactorKind.TOTP, "closed", None, 0, now, now
        )
        add_factor(connection, factor)
        session = stored.Session(
            token_sha256=passwords.digest(secrets.token_hex(16)),
            register=province.REGISTER,
            account=account.id,
            person=caller.person,
            created_at=now,
            expires_at=now + LASTS,
            used_at=now,
            idle=LASTS,
            methods="password+totp",
        )
        stored.open_session(connection, session)
        return replace(caller, session=session.token_sha256)


def _presented(document: Document) -> Presented:
    return Presented(document.id, document.version, document.sha256)


def at_once(threads: int, work: Sequence[Callable[[], object]]) -> float:
    """Seconds until so many threads have done all of it, each taking the next."""
    left, failed = iter(work), list[BaseException]()
    lock, ready = threading.Lock(), threading.Barrier(threads + 1)

    def run() -> None:
        ready.wait()
        while True:
            with lock:
                one = next(left, None)
            if one is None:
                return
            try:
                one()
            except BaseException as error:  # noqa: BLE001 whatever it was ends the benchmark
                failed.append(error)
                return

    doing = [threading.Thread(target=run) for _ in range(threads)]
    for thread in doing:
        thread.start()
    ready.wait()
    began = time.perf_counter()
    for thread in doing:
        thread.join()
    if failed:
        raise failed[0]
    return time.perf_counter() - began


class Bare:
    """The same rows over the bare driver, on a copy of the database."""

    def __init__(self, url: str, hashed: str) -> None:
        self.engine = create_engine(url, pool_size=16)
        self.hashed = hashed
        self._is_sqlite = self.engine.dialect.name == "sqlite"
        # Who waits for SQLite's lock sleeps in growing steps: the bare work waits for a thread.
        self._turn = threading.Lock() if self._is_sqlite else nullcontext()

    def write(self, transactions: Sequence[list[Statement]], *, password: bool) -> None:
        """One password where one is asked for, then the rows of each transaction."""
        if password and not passwords.is_password(PASSWORD, self.hashed):
            raise SystemExit("the password is another one")
        for statements in transactions:
            raw = self.engine.raw_connection()
            try:
                with self._turn:
                    self._play(raw, statements)
            finally:
                raw.close()

    def _play(self, raw: Any, statements: Sequence[Statement]) -> None:
        cursor = raw.cursor()
        if self._is_sqlite:
            raw.dbapi_connection.isolation_level = None
            cursor.execute("PRAGMA synchronous=FULL")
            cursor.execute("BEGIN IMMEDIATE")
        for statement, parameters, is_many in statements:
            (cursor.executemany if is_many else cursor.execute)(statement, parameters)
        if self._is_sqlite:
            cursor.execute("COMMIT")
        else:
            raw.commit()


def sign(services: Services, caller: Caller, items: Sequence[Presented]) -> None:
    """One password, and every document signed, or the benchmark is over."""
    for answer in sign_batch(services, caller, PASSWORD, items):
        if not isinstance(answer, Signed):
            raise answer


def measure(url: str, copy: Callable[[], str], arguments: argparse.Namespace) -> None:
    """Rounds of batches and singles, each beside its bare work."""
    services = Services(Database(url, Running()), load_or_create(arguments.folder / "seal.key"))
    rounds, signers = arguments.rounds, arguments.signers
    # Sixteen passwords at once on two cores that others use, too: whoever measures waits.
    passwords.WAIT_S = 60.0
    scene = Scene(services, rounds * signers)
    services.db.checkpoint()
    bare = Bare(copy(), scene.hashed)
    heard = Heard()
    heard.listen(services.db.engine)
    found: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for n in range(rounds):
        papers = scene.papers[n * signers * BATCH : (n + 1) * signers * BATCH]
        batches = [papers[at : at + BATCH] for at in range(0, len(papers), BATCH)]
        kinds: dict[str, list[Callable[[], object]]] = {
            "batches": [
                lambda b=batch: sign(services, b[0].giver, [p.item for p in b])  # type: ignore[misc]
                for batch in batches
            ],
            "singles": [
                lambda p=paper: sign(services, p.receiver, [p.item])  # type: ignore[misc]
                for paper in papers
            ],
        }
        for kind, work in kinds.items():
            heard.held.clear()
            spent = time.process_time()
            took = at_once(signers, work)
            spent = time.process_time() - spent
            written = heard.take()
            many = BATCH if kind == "batches" else 1
            groups = [written[i : i + many] for i in range(0, len(written), many)]
            bared = time.process_time()
            alone = at_once(
                signers,
                [lambda g=group: bare.write(g, password=kind == "singles") for group in groups],  # type: ignore[misc] # noqa: B023
            )
            bared = time.process_time() - bared
            found[kind].append((len(papers) / took, len(papers) / alone))
            print(f"{kind}: {len(papers) / took:.0f} a second, bare {len(papers) / alone:.0f}", flush=True)
            if arguments.hold:
                held = sorted(heard.held)
                print(
                    f"  held {statistics.median(held) * 1e3:.1f} ms (p90 {held[len(held) * 9 // 10] * 1e3:.1f}), "
                    f"{spent / len(papers) * 1e3:.1f} ms of the processor, bare {bared / len(papers) * 1e3:.1f} ms",
                    flush=True,
                )
    for kind, pairs in found.items():
        ratio = statistics.median(ours / alone for ours, alone in pairs)
        ours, alone = (statistics.median(one) for one in zip(*pairs, strict=True))
        name = services.db.url.get_backend_name()
        print(f"| {name} {kind} | {ours:.0f} a second | {alone:.0f} bare | {ratio:.2f} |", flush=True)
    services.db.close()


@contextmanager
def on_sqlite(folder: Path) -> Iterator[tuple[str, Callable[[], str]]]:
    """A copy of the province to write into."""
    with tempfile.TemporaryDirectory() as temporary:
        path = Path(temporary) / "bench.db"
        shutil.copy(folder / "bench.db", path)
        upgrade(f"sqlite:///{path}")

        def copy() -> str:
            shutil.copy(path, path.with_name("bare.db"))
            return f"sqlite:///{path.with_name('bare.db')}"

        yield f"sqlite:///{path}", copy


@contextmanager
def on_postgresql(folder: Path) -> Iterator[tuple[str, Callable[[], str]]]:
    """The province in PostgreSQL, which waits for its disk as it would at a customer's."""
    with ExitStack() as opened:
        url = opened.enter_context(server())
        with administrator(url) as connection:
            for what in ("fsync", "synchronous_commit", "full_page_writes"):
                connection.execute(text(f"ALTER SYSTEM SET {what} = on"))
            connection.execute(text("SELECT pg_reload_conf()"))
        ours = opened.enter_context(database(url, "signing"))
        upgrade(ours)
        with on_sqlite(folder) as (from_, _):
            carry(from_, ours)

        def copy() -> str:
            with administrator(url) as connection:
                connection.execute(text('DROP DATABASE IF EXISTS "signing_bare" WITH (FORCE)'))
                connection.execute(
                    text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'signing'")
                )
                connection.execute(text('CREATE DATABASE "signing_bare" TEMPLATE "signing"'))
            return str(ours).replace("/signing?", "/signing_bare?")

        yield ours, copy


def carry(from_: str, to: str) -> None:
    """Every row of every table."""
    source, target = create_engine(from_), create_engine(to)
    with source.connect() as reading, target.begin() as writing:
        cursor = writing.connection.cursor()
        for table in metadata.sorted_tables:
            names = ", ".join(f'"{c.name}"' for c in table.columns)
            writing.execute(table.delete())
            with cursor.copy(f'COPY "{table.name}" ({names}) FROM STDIN') as copying:
                for row in reading.execution_options(yield_per=5_000).execute(table.select()):
                    copying.write_row(row)
    with target.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("ANALYZE"))
    source.dispose()
    target.dispose()


def main() -> int:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--units", type=Path, default=province.UNITS)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--only", choices=["sqlite", "postgresql"])
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--signers", type=int, default=16)
    parser.add_argument("--hold", action="store_true")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        arguments.folder = arguments.folder or Path(temporary)
        backup.prepare(arguments.folder, arguments.units)
        for name, opened in (("sqlite", on_sqlite), ("postgresql", on_postgresql)):
            if arguments.only in (None, name):
                with opened(arguments.folder) as (url, copy):
                    measure(url, copy, arguments)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
