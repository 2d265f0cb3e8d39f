"""A generated province in a database, for the benchmarks."""

from __future__ import annotations

import csv
import subprocess
import sys
import time
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path

from access_service.domain.accounts import Account
from access_service.domain.names import PersonId, RegisterId, UnitId
from access_service.engine.packs.load import read_pack_files
from access_service.signing.keys import load_or_create
from access_service.storage.db import Database
from access_service.storage.migrate import upgrade
from access_service.usecases.imports.run import ImportReport, import_sheets, read_source
from access_service.usecases.register import Founding, init_register
from access_service.usecases.services import Services, operate

ROOT = Path(__file__).resolve().parents[1]
UNITS = ROOT.parent / "shared" / "data" / "administrative_units_2025-03.csv"
AS_OF = "2024-10-15"
NOW = datetime(2024, 10, 15, 2, 0, tzinfo=UTC)
REGISTER = RegisterId("bench")


@dataclass(frozen=True)
class Imported:
    """A province in a database, and what it took."""

    services: Services
    report: ImportReport
    seconds: float
    """Reading the files and importing them, both."""


def make(folder: Path, units: Path, province: str, *, communes: str | None = None, scale: int = 1) -> Path:
    """Generate the import files of a province below `folder`."""
    files = folder / "files"
    command = [sys.executable, str(ROOT / "scripts" / "make-province"), "--units", str(units)]
    command += ["--province", province, "--as-of", AS_OF, "--output", str(files), "--scale", str(scale)]
    subprocess.run(command + (["--communes", communes] if communes else []), check=True, capture_output=True)
    return files


def load(folder: Path, files: Path) -> Imported:
    """Found a register in a fresh SQLite database and import the files."""
    url = f"sqlite:///{folder / 'bench.db'}"
    found(folder, files, url).db.close()
    return take(folder, files, url)


def opened(folder: Path, url: str) -> Services:
    """Services over a database, with the keys of the folder."""
    return Services(Database(url, lambda: NOW), load_or_create(folder / "seal.key"))


def found(folder: Path, files: Path, url: str) -> Services:
    """The register that the files are for, with nothing but its root."""
    upgrade(url)
    services = opened(folder, url)
    root = next(row["code"] for row in rows(files, "units") if row["kind"] == "department")
    director = next(
        r["person"] for r in rows(files, "assignments") if r["unit"] == root and r["position"] == "director"
    )
    init_register(
        services,
        Founding(
            register=REGISTER,
            unit=UnitId(root),
            name="Sở GDĐT (đo)",
            director=next(r["name"] for r in rows(files, "persons") if r["code"] == director),
            decision_number="000/QĐ",
            decision_date=date(2020, 1, 2),
            decision_sha256=None,
            focal_point="Người Đo Hai",
            director_id=PersonId(director),
        ),
        read_pack_files(ROOT / "policy", "hai-phong", ROOT / "models"),
    )
    return services


def take(folder: Path, files: Path, url: str) -> Imported:
    """Import the files into that register."""
    services = opened(folder, url)
    started = time.perf_counter()
    report = import_sheets(services, REGISTER, read_source(files), dry_run=False, progress=lambda *_: None)
    return Imported(services, report, time.perf_counter() - started)


def activate(services: Services) -> None:
    """Let every invited account in: a benchmark of decisions needs accounts that may decide something."""
    with operate(services, REGISTER, "bench") as doing:
        invited = [a for a in doing.tx.find(Account) if a.activated_at is None]
        doing.tx.put(*(replace(a, activated_at=NOW) for a in invited))
        doing.tx.happened("bench.activate", "all")
        doing.tx.touches_everybody()


def rows(files: Path, sheet: str) -> list[dict[str, str]]:
    """A generated sheet."""
    with (files / f"{sheet}.csv").open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))
