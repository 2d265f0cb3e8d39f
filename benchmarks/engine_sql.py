"""Indexed SQL: one prepared query over four tables, on SQLite (a file) and on PostgreSQL (a Unix socket).

A grant has a row for each of its classes; levels are bits. Rows of an account lie together.
"""

from __future__ import annotations

import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from importlib import metadata
from pathlib import Path
from typing import Any

from dataset import LEVELS, Account, Province, Request, Rule, SchoolClass, Unit

Asked = tuple[str, str, str, str]
"""Class, account, category, action."""
BIT = {level: 1 << number for number, level in enumerate(LEVELS)}
ALL = sum(BIT.values())
NEVER = 0
TABLES = (
    "CREATE TABLE cells (category TEXT, action TEXT, role TEXT, PRIMARY KEY (category, action, role))",
    """CREATE TABLE classes (id TEXT PRIMARY KEY, school TEXT NOT NULL, office TEXT NOT NULL,
    department TEXT NOT NULL, level INTEGER NOT NULL, year TEXT NOT NULL)""",
    "CREATE TABLE accounts (id TEXT PRIMARY KEY, stop_start BIGINT NOT NULL, stop_end BIGINT NOT NULL)",
    """CREATE TABLE grants (account TEXT, line BIGINT, role TEXT NOT NULL, unit TEXT NOT NULL, class TEXT,
    levels INTEGER NOT NULL, year TEXT, start_at BIGINT NOT NULL, end_at BIGINT NOT NULL,
    PRIMARY KEY (account, line))""",
)
COLUMNS = {"cells": 3, "classes": 6, "accounts": 3, "grants": 9}
QUERY = """
SELECT 1 FROM classes c CROSS JOIN accounts a CROSS JOIN grants g CROSS JOIN cells r
WHERE c.id = {p} AND a.id = {p} AND r.category = {p} AND r.action = {p}
  AND NOT ({p} >= a.stop_start AND {p} < a.stop_end)
  AND g.account = a.id AND r.role = g.role AND g.unit IN (c.school, c.office, c.department)
  AND (g.levels & c.level) <> 0 AND (g.class IS NULL OR g.class = c.id) AND (g.year IS NULL OR g.year = c.year)
  AND g.start_at <= {p} AND {p} < g.end_at
LIMIT 1
"""


def class_rows(units: Iterable[Unit], classes: Iterable[SchoolClass]) -> Iterator[tuple[Any, ...]]:
    """Classes with the three units above them."""
    chains = {unit.id: unit.chain for unit in units}
    return ((c.id, *chains[c.school], BIT[c.level], c.year) for c in classes)


def grant_rows(account: Account) -> Iterator[tuple[Any, ...]]:
    """A row for each class of each grant, or one for the whole grant."""
    line = 0
    for g in account.grants:
        levels = ALL if g.levels is None else sum(BIT[level] for level in g.levels)
        for class_id in g.classes or (None,):
            line += 1
            yield account.id, line, g.role, g.unit, class_id, levels, g.year, g.start, g.end


def account_row(account: Account) -> tuple[Any, ...]:
    """The account and when it is stopped."""
    return account.id, *(account.suspended or (NEVER, NEVER))


def prepared(requests: list[Request]) -> list[Asked]:
    """Questions in the order of the query's first parameters."""
    return [(r.class_id, r.account, r.category, r.action) for r in requests]


class Sqlite:
    """The standard library's SQLite; its statement cache keeps the query prepared."""

    name = "sqlite"

    def __init__(self, _province: Province) -> None:
        self._folder = tempfile.TemporaryDirectory()
        self.db = sqlite3.connect(Path(self._folder.name) / "bench.db", isolation_level=None)
        self.db.execute("PRAGMA synchronous=OFF")
        self.db.execute("PRAGMA mmap_size=4294967296")
        self.stored_bytes = 0

    def organisation(self, units: Iterable[Unit], classes: Iterable[SchoolClass], rules: list[Rule]) -> None:
        """Tables, rules, classes."""
        for table in TABLES:
            self.db.execute(f"{table} WITHOUT ROWID")
        self.db.execute("BEGIN")
        self._add("cells", ((c, a, r) for r, c, a in rules))
        self._add("classes", class_rows(units, classes))
        self.db.execute("COMMIT")
        self.stored_bytes = -self._size()

    def _add(self, table: str, rows: Iterable[tuple[Any, ...]]) -> None:
        marks = ", ".join("?" * COLUMNS[table])
        self.db.executemany(f"INSERT INTO {table} VALUES ({marks})", rows)  # noqa: S608 names of our own

    def _size(self) -> int:
        pages, size = (
            self.db.execute("PRAGMA page_count").fetchone(),
            self.db.execute("PRAGMA page_size").fetchone(),
        )
        return int(pages[0]) * int(size[0])

    def accounts(self, accounts: Iterable[Account]) -> None:
        """Accounts and grants."""
        add = f"INSERT INTO grants VALUES ({', '.join('?' * COLUMNS['grants'])})"  # noqa: S608
        self.db.execute("BEGIN")
        for account in accounts:
            self.db.execute("INSERT INTO accounts VALUES (?, ?, ?)", account_row(account))
            self.db.executemany(add, grant_rows(account))
        self.db.execute("COMMIT")
        self.db.execute("ANALYZE")
        self.stored_bytes += self._size()

    def prepare(self, requests: list[Request]) -> list[Asked]:
        """Parameters."""
        return prepared(requests)

    def decider(self) -> Callable[[Asked], bool]:
        """One query."""
        execute, clock = self.db.cursor().execute, time.time  # noqa: TID251 a peer reads the machine's clock
        query = QUERY.format(p="?")

        def decide(asked: Asked) -> bool:
            now = int(clock())
            return execute(query, (*asked, now, now, now, now)).fetchone() is not None

        return decide

    def versions(self) -> dict[str, str]:
        """The library behind the module."""
        return {"sqlite": sqlite3.sqlite_version}

    def close(self) -> None:
        """Remove the file."""
        self.db.close()
        self._folder.cleanup()


class Postgres:
    """A server of this machine over its Unix socket, through psycopg."""

    name = "postgres"

    def __init__(self, _province: Province, url: str) -> None:
        # Here and not above: the other engines are measured where psycopg need not be installed.
        import psycopg  # noqa: PLC0415

        self.db = psycopg.connect(url, autocommit=True)
        self.stored_bytes = 0

    def organisation(self, units: Iterable[Unit], classes: Iterable[SchoolClass], rules: list[Rule]) -> None:
        """Tables, rules, classes."""
        for table in COLUMNS:
            self.db.execute(f"DROP TABLE IF EXISTS {table}")
        for table in TABLES:
            self.db.execute(table.replace("CREATE TABLE", "CREATE UNLOGGED TABLE"))
        self._copy("cells", ((c, a, r) for r, c, a in rules))
        self._copy("classes", class_rows(units, classes))

    def _copy(self, table: str, rows: Iterable[tuple[Any, ...]]) -> None:
        with self.db.cursor() as cursor, cursor.copy(f"COPY {table} FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)

    def accounts(self, accounts: Iterable[Account]) -> None:
        """Accounts and grants, in one pass of the stream."""
        waiting: list[tuple[Any, ...]] = []

        def rows() -> Iterator[tuple[Any, ...]]:
            for account in accounts:
                waiting.append(account_row(account))
                yield from grant_rows(account)

        self._copy("grants", rows())
        self._copy("accounts", waiting)
        for table in COLUMNS:
            self.db.execute(f"VACUUM ANALYZE {table}")
        sized = "SELECT pg_total_relation_size('grants') + pg_total_relation_size('accounts')"
        self.stored_bytes = self.db.execute(sized).fetchone()[0]

    def prepare(self, requests: list[Request]) -> list[Asked]:
        """Parameters."""
        return prepared(requests)

    def decider(self) -> Callable[[Asked], bool]:
        """One prepared query, planned once."""
        self.db.execute("SET plan_cache_mode = force_generic_plan")
        execute, clock = self.db.cursor().execute, time.time  # noqa: TID251 a peer reads the machine's clock
        query = QUERY.format(p="%s")

        def decide(asked: Asked) -> bool:
            now = int(clock())
            return execute(query, (*asked, now, now, now, now), prepare=True).fetchone() is not None

        return decide

    def versions(self) -> dict[str, str]:
        """Server and driver."""
        found = self.db.execute("SHOW server_version").fetchone()[0]
        return {"postgres": str(found), "psycopg": metadata.version("psycopg")}

    def close(self) -> None:
        """Leave the server as it was."""
        for table in COLUMNS:
            self.db.execute(f"DROP TABLE IF EXISTS {table}")
        self.db.close()
