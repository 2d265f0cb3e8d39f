"""A register for imports, the template's example as rows that tests bend, and a program that is killed half way."""

import csv
import sys
import time
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from access_service.domain.errors import Fault, ImportRefusedError
from access_service.domain.names import PersonId, RegisterId, UnitId
from access_service.domain.policy import PackBinding
from access_service.engine.packs.load import read_pack_files
from access_service.rendering.template import EXAMPLE
from access_service.signing.keys import load_or_create
from access_service.storage.bulk import ReadyRows
from access_service.storage.db import Database
from access_service.storage.policy import store_pack
from access_service.storage.staging import StagedRows, Staging
from access_service.usecases.imports.csv_files import COLUMNS
from access_service.usecases.imports.run import ImportReport, import_sheets, read_source
from access_service.usecases.register import Founded, Founding, init_register
from access_service.usecases.services import Services
from databases import give_schema

PROJECT = Path(__file__).parents[2]
NOW = datetime(2024, 10, 15, 2, tzinfo=UTC)
LONG_AGO = datetime(2016, 1, 1, tzinfo=UTC)
REGISTER = RegisterId("hp")
ROOT = UnitId("31")

Rows = dict[str, list[dict[str, str]]]


def open_services(directory: Path, now: datetime = NOW) -> Services:
    """Services over a SQLite file in the directory, made where it is missing."""
    url = f"sqlite:///{directory / 'register.db'}"
    give_schema(url)
    database = Database(url, lambda: now)
    return Services(database, load_or_create(directory / "seal.pem"))


def create_register(services: Services) -> None:
    """An empty register with the pack `base` bound at its root."""
    with services.db.create_register(REGISTER, ROOT, demo=False) as tx:
        tables = store_pack(tx.connection, read_pack_files(PROJECT / "policy", "base", PROJECT / "models"))
        tx.put(PackBinding("b1", ROOT, "base", tables.pack.digest, LONG_AGO))
        tx.happened("register.create", REGISTER)


def example() -> Rows:
    """The template's rows, by sheet, column by column."""
    return {sheet: [dict(zip(COLUMNS[sheet], row, strict=True)) for row in rows] for sheet, rows in EXAMPLE.items()}


def write(directory: Path, rows: Rows) -> Path:
    """The rows as CSV files."""
    directory.mkdir(exist_ok=True)
    for sheet, lines in rows.items():
        with (directory / f"{sheet}.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, COLUMNS[sheet], lineterminator="\n")
            writer.writeheader()
            writer.writerows(lines)
    return directory


def silent(_sheet: str, _done: int, _rows: int) -> None:
    """Nobody watches the progress."""


def take(services, path, *, dry_run=False) -> ImportReport:
    return import_sheets(services, REGISTER, read_source(path), dry_run=dry_run, progress=silent)


def faults_of(services, path, *, dry_run=True) -> tuple[Fault, ...]:
    with pytest.raises(ImportRefusedError) as refused:
        take(services, path, dry_run=dry_run)
    return refused.value.faults


def found(services: Services, *, director: str, decided: date, name: str = "Nguyễn Thị Mẫu") -> Founded:
    """The register as `init` makes it."""
    founding = Founding(
        register=REGISTER,
        unit=ROOT,
        name="Sở Giáo dục và Đào tạo",
        director=name,
        decision_number="02/QĐ-UBND",
        decision_date=decided,
        decision_sha256=None,
        focal_point="Phạm Văn Mẫu",
        director_id=PersonId(director),
    )
    return init_register(services, founding, read_pack_files(PROJECT / "policy", "base", PROJECT / "models"))


def _stop_half_way(sheet: str, _done: int, _rows: int) -> None:
    if sheet == "documents":
        sys.stdout.write("half way\n")
        sys.stdout.flush()
        time.sleep(60)


def _stop_aside() -> None:
    """Stop while rows are put aside, with some of them there already."""
    put, names = Staging.put, set[str]()

    def stopping(self: Staging, ready: ReadyRows, chunk: int) -> StagedRows:
        names.add(ready.table.name)
        if "documents" in names:
            _stop_half_way("documents", 0, 0)
        return put(self, ready, chunk)

    Staging.put = stopping  # type: ignore[method-assign]


if __name__ == "__main__":
    if sys.argv[3:] == ["aside"]:
        _stop_aside()
    import_sheets(
        open_services(Path(sys.argv[1])),
        REGISTER,
        read_source(Path(sys.argv[2])),
        dry_run=False,
        progress=_stop_half_way,
    )
