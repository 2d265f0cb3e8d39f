"""An import beside others' work: its rows stand aside, and what happens meanwhile is seen or harms nothing."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from access_service.domain.audit import hash_of
from access_service.domain.documents import Document
from access_service.domain.errors import ImportRefusedError, UnavailableError
from access_service.domain.names import DocumentId, UnitId
from access_service.domain.org import Person
from access_service.signing.keys import load_or_create
from access_service.storage import staging
from access_service.storage.audit import events
from access_service.storage.cleaning import clean
from access_service.storage.db import Database
from access_service.usecases.imports import run
from access_service.usecases.imports.run import import_sheets, read_source
from access_service.usecases.services import Services
from usecases.import_world import NOW, PROJECT, REGISTER, Rows, create_register, example, open_services, take, write

SCHOOL, FIRST, SECOND = UnitId("3111305001"), "000000000901", "000000000902"


@pytest.fixture
def lived_in(database_url: str, seal_file: Path, tmp_path: Path) -> Iterator[Services]:
    """A register with the template's example, on each database."""
    services = Services(Database(database_url, lambda: NOW), load_or_create(seal_file))
    create_register(services)
    take(services, write(tmp_path / "example", example()))
    yield services
    services.db.close()


@pytest.fixture
def filed(tmp_path: Path) -> Iterator[Services]:
    """A register over a SQLite file, with nothing imported."""
    services = open_services(tmp_path)
    create_register(services)
    yield services
    services.db.close()


def people(*codes: str) -> Rows:
    return {"persons": [{**example()["persons"][0], "code": code} for code in codes]}


def while_aside(monkeypatch: pytest.MonkeyPatch, act: Callable[[], object]) -> list[int]:
    """`act` happens once, when an import has its rows aside; an entry for each time that rows were checked."""
    stage, checked = run.stage, list[int]()

    def staged(*said: Any) -> Any:
        found = stage(*said)
        checked.append(len(checked))
        if len(checked) == 1:
            with monkeypatch.context() as patch:
                patch.setattr(run, "stage", stage)
                act()
        return found

    monkeypatch.setattr(run, "stage", staged)
    return checked


def known(services: Services) -> set[str]:
    with services.db.read(REGISTER) as reader:
        return {person.id for person in reader.find(Person)}


def beside(file: Path) -> set[str]:
    """What stands beside a database, but for SQLite's own."""
    return {p.name for p in file.parent.iterdir() if p.name.startswith(file.name)} - {
        f"{file.name}{end}" for end in ("", "-wal", "-shm")
    }


def test_of_two_imports_at_once_both_come_whole_and_neither_is_checked_twice(
    lived_in: Services, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine, theirs = write(tmp_path / "a", people(FIRST)), write(tmp_path / "b", people(SECOND))
    checked = while_aside(monkeypatch, lambda: take(lived_in, theirs))
    report = take(lived_in, mine)
    assert checked == [0]
    assert report.revision == 4
    assert {FIRST, SECOND} <= known(lived_in)
    with lived_in.db.connect() as connection:
        log = list(events(connection, REGISTER))
    assert [e.revision for e in log] == [1, 2, 3, 4]
    assert all(later.previous == hash_of(earlier.canonical()) for earlier, later in pairwise(log))


def test_of_two_imports_of_one_person_the_slower_is_checked_again_and_refused(
    lived_in: Services, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine, theirs = write(tmp_path / "a", people(FIRST, SECOND)), write(tmp_path / "b", people(SECOND))
    while_aside(monkeypatch, lambda: take(lived_in, theirs))
    with pytest.raises(ImportRefusedError) as refused:
        take(lived_in, mine)
    assert [fault.place for fault in refused.value.faults] == ["persons.csv:3"]
    assert FIRST not in known(lived_in)


@pytest.mark.parametrize(("is_same_unit", "times"), [(True, 2), (False, 1)])
def test_a_paper_signed_meanwhile_is_seen_where_its_unit_is_concerned(
    lived_in: Services, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_same_unit: bool, times: int
) -> None:
    """A number of the same book is counted; what another unit signs sends nobody back to the beginning."""
    minutes = next(row for row in example()["documents"] if row["code"] == "BB-03")
    mine = write(tmp_path / "a", {"documents": [{**minutes, "code": "BB-90", "number": "07/BB-X"}]})
    other = next(u for u in ("31", SCHOOL) if u != minutes["unit"])

    def sign() -> None:
        with lived_in.db.write(REGISTER, "operator") as tx:
            signed = replace(tx.require(Document, "BB-03"), id=DocumentId("BB-77"), number="07/BB-X")
            tx.put(signed if is_same_unit else replace(signed, unit=UnitId(other)))
            tx.happened("document.sign", "BB-77")

    checked = while_aside(monkeypatch, sign)
    report = take(lived_in, mine)
    assert len(checked) == times
    assert any("BB-77, BB-90" in line for line in report.numbers.lines()) is is_same_unit


def test_whoever_reads_while_rows_move_sees_nothing_of_them(lived_in: Services, tmp_path: Path) -> None:
    seen, sheets = list[set[str]](), read_source(write(tmp_path / "a", people(FIRST)))

    def look(_sheet: str, _done: int, _rows: int) -> None:
        seen.append(known(lived_in))

    import_sheets(lived_in, REGISTER, sheets, dry_run=False, progress=look)
    assert seen
    assert not any(FIRST in found for found in seen)
    assert FIRST in known(lived_in)


def test_killed_while_rows_are_put_aside_nothing_is_there_and_nothing_is_left(
    filed: Services, tmp_path: Path
) -> None:
    path = write(tmp_path / "files", example())
    program = [sys.executable, PROJECT / "tests" / "usecases" / "import_world.py", tmp_path, path, "aside"]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}
    with subprocess.Popen(program, stdout=subprocess.PIPE, text=True, env=environment) as importing:
        assert importing.stdout is not None
        assert importing.stdout.readline() == "half way\n"
        # Nobody waits for it: the register is not held.
        with filed.db.write(REGISTER, "operator") as tx:
            tx.happened("register.noted", REGISTER)
        importing.kill()
    assert beside(tmp_path / "register.db") == set()
    assert known(filed) == set()
    assert take(filed, path).revision == 3


def test_killed_before_its_file_was_open_the_file_is_taken_away(filed: Services, tmp_path: Path) -> None:
    left = tmp_path / "register.db.staged-00"
    left.touch()
    take(filed, write(tmp_path / "files", people(FIRST)))
    assert beside(tmp_path / "register.db") == set()
    left.touch()
    assert clean(filed.db, NOW) == {"staged": 1}
    assert beside(tmp_path / "register.db") == set()


@pytest.mark.parametrize("where", ["aside", "database"])
def test_a_full_disk_refuses_the_import_and_leaves_the_register_as_it_was(
    filed: Services, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    path, full = write(tmp_path / "files", people(*(f"{n:012}" for n in range(500)))), "max_page_count=1"
    with monkeypatch.context() as patch:
        if where == "aside":
            patch.setattr(staging, "PRAGMAS", (*staging.PRAGMAS, full))
        else:
            enter = filed.db._enter

            def enter_full(connection: Any, *said: Any, **more: Any) -> Any:
                connection.exec_driver_sql(f"PRAGMA main.{full}")
                return enter(connection, *said, **more)

            patch.setattr(filed.db, "_enter", enter_full)
        with pytest.raises(UnavailableError):
            take(filed, path)
    assert known(filed) == set()
    assert beside(tmp_path / "register.db") == set()
    assert take(filed, path).revision == 2


def test_a_database_put_back_meanwhile_is_not_written_through_the_file_that_is_gone(
    filed: Services, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    filed.db.checkpoint()
    shutil.copy(tmp_path / "register.db", tmp_path / "copy.db")
    while_aside(monkeypatch, lambda: (tmp_path / "copy.db").replace(tmp_path / "register.db"))
    with pytest.raises(UnavailableError, match="another file"):
        take(filed, write(tmp_path / "files", people(FIRST)))


@pytest.mark.backends("postgresql")
def test_a_session_that_the_server_ends_while_rows_move_stored_nothing(lived_in: Services, tmp_path: Path) -> None:
    sheets = read_source(write(tmp_path / "a", people(FIRST)))
    pids = text(
        "SELECT pid FROM pg_stat_activity WHERE query LIKE 'INSERT INTO persons%' AND state LIKE 'idle in%'"
    )

    def end(_sheet: str, _done: int, _rows: int) -> None:
        with lived_in.db.aside() as connection:
            for (pid,) in connection.execute(pids).all():
                connection.execute(text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": pid})

    with pytest.raises(UnavailableError):
        import_sheets(lived_in, REGISTER, sheets, dry_run=False, progress=end)
    assert FIRST not in known(lived_in)
    with lived_in.db.connect() as connection:
        left = connection.execute(
            text("SELECT count(*) FROM pg_class WHERE relname LIKE 'staged\\_%'")
        ).scalar_one()
    assert left == 0
    assert take(lived_in, tmp_path / "a").revision == 3
