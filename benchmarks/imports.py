#!/usr/bin/env python3
"""How long an import takes and how much memory, at one, two and four times Hải Phòng 2024.

    benchmarks/imports.py [--units FILE] [--province 31] [--scales 1 2 4]

Each size is generated, then read and imported by a process of its own into a fresh SQLite database. Prints rows,
seconds (reading included), rows a second, peak resident memory, and the growth of time over the growth of rows.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

import province


def one(folder: Path, files: Path) -> dict[str, float]:
    """Import in this process and say what it took."""
    done = province.load(folder, files)
    done.services.db.close()
    count = sum(done.report.counts.values())
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"rows": count, "seconds": done.seconds, "rows_per_s": count / done.seconds, "peak_mib": peak}


def main() -> int:
    """Every scale in turn."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--units", type=Path, default=province.UNITS)
    parser.add_argument("--province", default="31")
    parser.add_argument("--scales", type=int, nargs="+", default=[1, 2, 4])
    parser.add_argument("--one", nargs=2, type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        print(json.dumps(one(*arguments.one)))
        return 0
    if not arguments.units.exists():
        print(f"the list of administrative units is not there: {arguments.units.name}", file=sys.stderr)
        return 2
    first: dict[str, float] | None = None
    for scale in arguments.scales:
        with tempfile.TemporaryDirectory() as folder:
            files = province.make(Path(folder), arguments.units, arguments.province, scale=scale)
            command = [sys.executable, __file__, "--one", folder, str(files)]
            out = subprocess.run(command, check=True, capture_output=True, text=True).stdout
            found = json.loads(out.splitlines()[-1])
        first = first or found
        growth = (found["seconds"] / first["seconds"]) / (found["rows"] / first["rows"])
        print(
            f"{scale}x: {found['rows']:,.0f} rows in {found['seconds']:.1f} s, {found['rows_per_s']:,.0f} rows/s, "
            f"{found['peak_mib']:.0f} MiB, time over rows {growth:.2f}",
            flush=True,
        )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
