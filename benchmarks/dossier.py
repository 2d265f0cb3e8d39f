"""What checking a school's dossier costs: `verify.py` as a process beside `sha256sum -c` of the same bytes.

    python benchmarks/dossier.py [--times N] [--documents N]

A ratio, because a machine's milliseconds are its own. 130 documents with two confirmations each and a page of 80 kB
and some 400 proofs are a school's file of a year. With `cryptography`, and without it.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
# In place of this folder, whose evidence.py is no package.
sys.path[:1] = [str(ROOT / "tests"), str(ROOT / "src")]

from evidence import made_dossier as made_of  # noqa: E402

PAGE_BYTES = 80_000
CALLS = {"with cryptography": ("-I",), "Python alone": ("-I", "-S")}


def school(documents: int) -> dict[str, bytes]:
    """The members of a dossier of that many documents."""
    papers: dict[str, bytes] = {}

    def sign(log: made_of.Log) -> None:
        for n in range(documents):
            id_ = f"doc_000{n:06d}"
            words = made_of.to_json({"document": id_, "salt": "A" * 43, "subject": ["Bàn giao tài khoản"] * 20})
            content = made_of.content_of(id_, "handover_minutes", words)
            page = f"%PDF-1.7 {n}".encode() + bytes(PAGE_BYTES)
            given = [made_of.confirmed(made_of.statement(content, side)) for side in ("giver", "receiver")]
            at = f"2026-09-09T{n // 60:02d}:{n % 60:02d}:00.000000Z"
            for side in ("giver", "receiver"):
                said = {"version": 1, "side": side, "sha256": made_of.sha(content)}
                log.add("document.sign", id_, at=at, **said)
            log.add("document.file", id_, at=at, version=1, pdf_sha256=made_of.sha(page))
            folder = f"van-ban/handover_minutes/2026-{id_}"
            papers.update(
                {
                    f"{folder}/noi-dung.json": content,
                    f"{folder}/phan-chu.json": words,
                    f"{folder}/xac-nhan.json": made_of.to_json(given),
                    f"{folder}/van-ban.pdf": page,
                }
            )

    made = made_of.make(sign)
    made.files |= papers
    return made.write()


def cpu_ms(command: Sequence[str], folder: Path) -> float:
    """CPU time of a process, its children included."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, cwd=folder, stdout=subprocess.DEVNULL, check=False, env={"PATH": os.environ["PATH"]})
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) * 1000


def main() -> None:
    """Print one JSON object."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--times", type=int, default=5)
    asked.add_argument("--documents", type=int, default=130)
    options = asked.parse_args()
    files = school(options.documents)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for path, data in files.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_bytes(data)
        (folder / "d.zip").write_bytes(made_of.zipped(files))

        def median(command: Sequence[str]) -> float:
            return statistics.median(cpu_ms(command, folder) for _ in range(options.times))

        floor = median(["sha256sum", "-c", "SHA256SUMS"])
        found: dict[str, Any] = {
            "documents": options.documents,
            "bytes": (folder / "d.zip").stat().st_size,
            "sha256sum_ms": round(floor, 1),
        }
        for label, flags in CALLS.items():
            ms = median([sys.executable, *flags, str(made_of.VERIFY), "d.zip"])
            found[label] = {"ms": round(ms, 1), "ratio": round(ms / floor, 1)}
    print(json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
