#!/usr/bin/env python3
"""How long a province's matrix takes, and how much memory: as a workbook, as CSV, of today and of three years ago.

    benchmarks/matrix.py DATABASE [--years 3]

DATABASE is a SQLite file that `benchmarks/backup.py --folder` left; copies of it are used. Each figure comes
from a process of its own: seconds of processor time, because a shared machine lies about the others, and peak
memory. For the past, every right, duty and paper is recorded anew once a year, and the matrix of the instant
before that is compared with the same matrix while nothing had been recorded since.
"""

from __future__ import annotations

import argparse
import json
import resource
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from datetime import timedelta
from pathlib import Path

import province
from access_service.rendering.matrix_files import WRITERS
from access_service.storage.db import Database
from access_service.storage.migrate import upgrade
from access_service.usecases.evidence.matrix import read_matrix
from access_service.usecases.evidence.matrix_values import MatrixShape

STAMP = "%Y-%m-%d %H:%M:%S.%f"
TABLES = ("grants", "assignments", "documents", "accounts")


def one(file: Path, form: str) -> dict[str, float]:
    """Write one matrix in this process and say what it took."""
    db = Database(f"sqlite:///{file}", lambda: province.NOW)
    with sqlite3.connect(file) as plain:
        [root] = plain.execute("SELECT root FROM registers").fetchone()
    began = time.process_time()
    with tempfile.TemporaryFile() as stream, read_matrix(db, province.REGISTER, root, at=province.NOW) as matrix:
        rows = WRITERS[form][0](matrix, stream, MatrixShape.PERSON)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    db.close()
    return {"rows": rows, "cpu_s": time.process_time() - began, "peak_mib": peak}


def age(file: Path, years: int) -> None:
    """Record everything anew once a year after the instant asked about."""
    with sqlite3.connect(file) as plain:
        register, newest = plain.execute("SELECT register_id, n FROM counters").fetchone()
        for year in range(1, years + 1):
            revision, recorded = newest + year, (province.NOW + timedelta(days=365 * year)).strftime(STAMP)
            plain.execute(
                "INSERT INTO revisions (register_id, n, recorded_at, head) VALUES (?, ?, ?, '')",
                (register, revision, recorded),
            )
            plain.execute("UPDATE counters SET n = ?, recorded_at = ?", (revision, recorded))
            for name in TABLES:
                columns = [row[1] for row in plain.execute(f"PRAGMA table_info({name})")]
                kept = ", ".join(str(revision) if column == "from_rev" else column for column in columns)
                plain.execute(
                    f"INSERT INTO {name} ({', '.join(columns)}) SELECT {kept} FROM {name} WHERE to_rev IS NULL"  # noqa: S608
                )
                plain.execute(
                    f"UPDATE {name} SET to_rev = ? WHERE to_rev IS NULL AND from_rev < ?",  # noqa: S608
                    (revision, revision),
                )


def main() -> int:
    """Every form in turn."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("database", type=Path)
    parser.add_argument("--years", type=int, default=3)
    parser.add_argument("--one", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        print(json.dumps(one(arguments.database, arguments.one)))
        return 0
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "bench.db"
        shutil.copy(arguments.database, file)
        upgrade(f"sqlite:///{file}")
        found = {}
        for name, form in (("workbook", "xlsx"), ("today", "csv"), ("past", "csv")):
            if name == "past":
                age(file, arguments.years)
            command = [sys.executable, __file__, str(file), "--one", form]
            out = subprocess.run(command, check=True, capture_output=True, text=True).stdout
            found[name] = json.loads(out.splitlines()[-1])
            took = found[name]
            print(
                f"{name}: {took['rows']:,.0f} rows, {took['cpu_s']:.1f} s, {took['peak_mib']:.0f} MiB", flush=True
            )
        ratio = found["past"]["cpu_s"] / found["today"]["cpu_s"]
        print(f"{arguments.years} years back takes {ratio:.2f} of today's")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
