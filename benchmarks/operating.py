#!/usr/bin/env python3
"""How large does a register become, and how long do its backup, restore and `verify` take? See docs/install.md.

    benchmarks/operating.py [--units FILE] [--communes 1 20 0] [--folder DIR]

Each size (so many communes; 0: the whole province) is generated and imported by a process of its own, and every
account is let in. Then a server answers 4,000 questions, half of which its memory does not hold yet, and its
resident memory is read; then the commands run, one after the other, with nobody asking. SQLite, one machine.
`--folder` keeps what was imported for the next time.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

import backup
import province
from access_service.domain.accounts import Account
from access_service.domain.delegation import Grant
from access_service.domain.documents import Document
from access_service.domain.org import Unit
from access_service.signing.age import new_identity
from access_service.storage.db import Database

MIB = 2**20
QUESTIONS_S, RATE = 20, 200


def imported(folder: Path, units: Path, communes: int) -> dict[str, float]:
    """Generate and import, in this process; its highest memory."""
    if not (folder / "bench.db").exists():
        files = province.make(folder, units, "31", communes=str(communes) if communes else None)
        done = province.load(folder, files)
        province.activate(done.services)
        done.services.db.close()
        seconds = done.seconds
    else:
        seconds = float("nan")
    return {"seconds": seconds, "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}


def counted(folder: Path) -> dict[str, int]:
    """How many of each, and bytes on the disk."""
    db = Database(f"sqlite:///{folder / 'bench.db'}", lambda: province.NOW)
    with db.read(province.REGISTER) as reader:
        found = {kind.__name__: len(reader.find(kind)) for kind in (Unit, Account, Grant, Document)}
    db.checkpoint()
    db.close()
    return found | {"bytes": sum(path.stat().st_size for path in folder.glob("bench.db*"))}


def resident(pid: int) -> float:
    """MiB of a process."""
    said = Path(f"/proc/{pid}/status").read_text("utf-8")
    return int(next(line for line in said.splitlines() if line.startswith("VmRSS")).split()[1]) / 1024


def one(folder: Path, units: Path, communes: int) -> None:
    """Measure a size and print it as a row of the table."""
    folder.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, __file__, "--units", str(units), "--one", str(folder), str(communes)]
    made = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()[-1])
    questions = backup.prepare(folder, units)
    counts = counted(folder)
    server = backup.Server(folder)
    try:
        at_start = resident(server.process.pid)
        backup.load(server.port, questions, RATE, QUESTIONS_S)
        asked = resident(server.process.pid)
    finally:
        server.close()
    identity = new_identity()
    (folder / "id").write_text(identity.secret, "utf-8")
    kept = folder / "kept"
    for path in (*folder.glob("again.db*"), *kept.glob("*")):
        path.unlink()
    if kept.exists():
        kept.rmdir()
    saved = backup.command(folder, "backup", str(kept), "--recipient", identity.recipient)
    size = sum(path.stat().st_size for path in kept.iterdir())
    opened = ("--identity", str(folder / "id"), "--clock-is-right")
    restored = backup.command(folder, "restore", str(kept), *opened, database="again.db")
    verified = backup.command(folder, "verify", database="again.db")
    print(
        f"| {communes or 'all'} communes | {counts['Unit']:,} units, {counts['Account']:,} accounts, "
        f"{counts['Grant']:,} grants, {counts['Document']:,} papers | database {counts['bytes'] / MIB:.0f} MiB | "
        f"import {made['seconds']:.0f} s, {made['peak_mib']:.0f} MiB | server {at_start:.0f} MiB, after "
        f"{len(questions):,} questions {asked:.0f} MiB | backup {size / MIB:.1f} MiB in {saved:.1f} s | "
        f"restore {restored:.1f} s | verify {verified:.1f} s |",
        flush=True,
    )


def main() -> int:
    """Every size in turn."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--units", type=Path, default=province.UNITS)
    parser.add_argument("--communes", type=int, nargs="+", default=[1, 20, 0], help="0: all")
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--one", nargs=2, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        print(json.dumps(imported(Path(arguments.one[0]), arguments.units, int(arguments.one[1]))))
        return 0
    with tempfile.TemporaryDirectory() as temporary:
        for communes in arguments.communes:
            one((arguments.folder or Path(temporary)) / str(communes), arguments.units, communes)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
