"""`benchmarks/five_million.py` on a small register and one node: it runs, and what it made is a register."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from access_service.domain.delegation import Grant
from access_service.domain.names import RegisterId
from access_service.storage.account_facts import _statement
from access_service.storage.db import Database
from access_service.usecases.services import system_clock
from access_service.usecases.upkeep.verifying import verify_register
from databases import NoServerError, server_programs
from pg_machine import short_folder

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
GRANTS = 1_000


@pytest.fixture
def folder() -> Iterator[Path]:
    """Where a server's socket may lie."""
    try:
        server_programs()
    except NoServerError as error:
        pytest.skip(str(error))
    with short_folder("five") as path:
        yield path


def test_a_register_by_copy_is_whole_and_holds_what_was_drawn(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = [sys.executable, str(BENCHMARKS / "five_million.py"), "--folder", str(folder), "--json"]
    command += ["--sizes", str(GRANTS), "--nodes", "1", "--rounds", "1", "--settle", "0"]
    command += ["--asked", "5", "--revocations", "1", "--searches", "1"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr
    found: dict[str, list[float]] = json.loads(done.stdout.splitlines()[-1])[str(GRANTS)]
    assert {"cold p50, ms", "warm p99, ms", "until the last other node denies, ms", "disk, GiB"} <= found.keys()
    assert found["found: who"][0] > 0
    assert found["found: rows of the matrix"][0] > 0

    monkeypatch.syspath_prepend(str(BENCHMARKS))
    import copied_register
    import five_million
    import ours
    from dataset import DAY, Province

    def drawn(anchor: int) -> dict[str, Any]:
        everybody = copied_register.accounts_of(Province(GRANTS, anchor))
        return {g.id: (ours.scope_of(g), a.id, g.role) for a in everybody for g in a.grants}

    with five_million.cluster(folder, five_million.SETTINGS) as server, ExitStack() as closing:
        db = Database(five_million.database_of(server, GRANTS), system_clock)
        closing.callback(db.close)
        with db.read(RegisterId("bench")) as reader:
            read = {str(g.id): (g.scope, g.account, g.role) for g in reader.find(Grant)}
            for account in sorted({account for _, account, _ in read.values()})[:40]:
                said = {"register": "bench", "account": account}
                for_each = [
                    sorted(map(repr, _statement(False, form).asked.rows(reader.connection, said)))
                    for form in (True, False)
                ]
                # What PostgreSQL is asked in a form of its own is what SQLite is asked.
                assert for_each[0] == for_each[1]
        whole = verify_register(db, RegisterId("bench"))
    today = int(system_clock().timestamp()) // DAY * DAY
    assert read in (drawn(today), drawn(today - DAY))
    assert (whole.grants, whole.findings) == (GRANTS, ())
    assert whole.signatures == whole.documents > 0
