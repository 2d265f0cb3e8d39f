#!/usr/bin/env python3
"""What a page of the matrix costs at a province's size: the first one of a process, and every other.

    benchmarks/matrix_pages.py DATABASE

DATABASE is a SQLite file that `benchmarks/backup.py --folder` left; a copy of it is used. Figures are milliseconds
of processor time, the median of five, because a shared machine lies about the others.
"""

from __future__ import annotations

import argparse
import json
import sqlite3
import statistics
import tempfile
import time
from datetime import timedelta
from pathlib import Path

import province
from access_service.domain.names import UnitId
from access_service.storage.db import Database
from access_service.storage.migrate import upgrade
from access_service.usecases.evidence.matrix_paging import read_matrix_page
from access_service.usecases.evidence.matrix_questions import MatrixOrder, PageQuestion

QUESTIONS = {
    "first": PageQuestion(),
    "the five hundredth": PageQuestion(page=500),
    "one category": PageQuestion(category="STU-HEA"),
    "one name": PageQuestion(person="lan"),
    "by name": PageQuestion(order=MatrixOrder.NAME),
    "against a month ago": PageQuestion(diff=province.NOW - timedelta(days=30)),
}


def main() -> int:
    """Every question in turn."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("database", type=Path)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "bench.db"
        with sqlite3.connect(arguments.database) as found, sqlite3.connect(file) as copied:
            found.backup(copied)
            [root] = copied.execute("SELECT root FROM registers").fetchone()
        upgrade(f"sqlite:///{file}")
        db = Database(f"sqlite:///{file}", lambda: province.NOW)
        figures: dict[str, object] = {}
        for name, question in QUESTIONS.items():
            took = []
            for _ in range(6):
                began = time.process_time()
                with db.read(province.REGISTER) as reader:
                    page = read_matrix_page(db, reader, UnitId(root), question)
                took.append((time.process_time() - began) * 1000)
            figures[name] = {"lines": page.total, "ms": round(statistics.median(took[1:]), 1)}
            figures.setdefault("the process's first", round(took[0], 1))
        db.close()
    print(json.dumps(figures, indent=2))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
