"""Flips every byte of a small dossier, as a ZIP and unpacked: `python tests/evidence/flip_every_byte.py`.

Exit 1 where a flip is not found. The suite flips a sample (`test_verify_dossier.py`).
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from evidence import made_dossier as made_of
from evidence.test_verify_dossier import broken, refused


def main(every: int = 1) -> int:
    files = made_of.make().write()
    data = made_of.zipped(files)
    unseen = [f"zip:{at}" for at in range(0, len(data), every) if not refused(flipped(data, at))]
    count = len(range(0, len(data), every))
    for path, member in files.items():
        places = range(0, len(member), every)
        count += len(places)
        unseen += [f"{path}:{at}" for at in places if not broken(files | {path: flipped(member, at)})]
    sys.stdout.write(f"{count} flips, {len(unseen)} unseen\n" + "".join(f"{place}\n" for place in unseen))
    return 1 if unseen else 0


def flipped(data: bytes, at: int) -> bytes:
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
