"""Memory under a bound: a stream of accounts through the decision point's view, and how far the process grows.

    memory.py <grants> <cap in MiB> <anchor>

Prints one object: `cap_mib`, `peak_mib` (growth of resident memory over the start), `grants`.
"""

from __future__ import annotations

import gc
import json
import sys
from itertools import islice
from pathlib import Path

import ours
from access_service.usecases.services import system_clock
from dataset import Province
from worker import PAGE, resident_bytes

MIB = 1 << 20
STEP = 5000
"""Accounts between two looks."""


def resident() -> int:
    """Without a collection: a peak is what was there, garbage included."""
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * PAGE


def main() -> int:
    """Stream and watch."""
    grants, cap_mib, anchor = map(int, sys.argv[1:])
    province = Province(grants, anchor)
    # What every process of ours has loaded before the first account is not the province's.
    memory = ours.memory_within(cap_mib)
    ours.tables(memory)
    now = system_clock()
    list(ours.snapshots(islice(province.accounts(), STEP), now, memory))
    gc.collect()
    before = resident_bytes()
    view = ours.bounded_view(cap_mib)
    stream, peak = ours.snapshots(province.accounts(), now, memory), 0
    while chunk := list(islice(stream, STEP)):
        view.keep_accounts(chunk)
        del chunk
        peak = max(peak, resident() - before)
    print(json.dumps({"cap_mib": cap_mib, "peak_mib": round(peak / MIB, 1), "grants": grants}))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
