"""Paths to power over a whole province: reading, the graph, one question, every reach; beside a plain walk by hand.

    python benchmarks/paths.py DATABASE DAY

DATABASE is a province of `scripts/make-province`, as `sqlite:///<file>`, DAY one of its school year. The walk is
breadth first over the same edges as lists of numbers, which is as little as Python can do.
"""

from __future__ import annotations

import sys
import time
import tracemalloc
from collections import deque
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "src"))

from access_service.cli.opening import open_database, register_of, settings_for
from access_service.domain import words
from access_service.domain.org import Unit
from access_service.domain.paths import PowerMap
from access_service.storage.second_factor import count_factors
from access_service.usecases.evidence.known_facts import KnownFacts


def main(url: str, day: str) -> None:
    """Measure, in seconds of CPU."""
    with open_database(settings_for(url)) as db, db.read(register_of(db, None)) as reader:
        now = words.instant(day)
        began = time.process_time()
        facts = KnownFacts(reader)
        ground, factors = facts.ground(now), count_factors(reader.connection, reader.register)
        power = PowerMap(ground, factors)
        units = [u.id for u in facts.find(Unit) if u.kind == "school"]
        power.ways_to(units[0], "STU-HEA")
        print(f"facts read, and a first question: {time.process_time() - began:.2f} s")
        began = time.process_time()
        edges = sum(len(targets) for targets in power.recovered.values())
        took = time.process_time() - began
        tracemalloc.start()
        again = PowerMap(ground, factors).recovered
        print(f"graph: {len(power.accounts)} accounts, {edges} edges in {took:.2f} s", end="")
        print(f", {tracemalloc.get_traced_memory()[0] / 2**20:.0f} MiB for {len(again)} that reach others")
        tracemalloc.stop()
        began = time.process_time()
        for unit in units[:50]:
            power.ways_to(unit, "STU-HEA", 1)
        print(f"a question: {(time.process_time() - began) / 50 * 1000:.1f} ms")
        began = time.process_time()
        most = max(len(power.reach(start)) for start in power.recovered)
        ours = time.process_time() - began
        number = {account: n for n, account in enumerate(power.accounts)}
        lists = [[number[t] for t in power.recovered.get(account, ())] for account in power.accounts]
        began = time.process_time()
        for account in power.recovered:
            _walk(lists, number[account])
        floor = time.process_time() - began
        print(f"reach of {len(power.recovered)} accounts: {ours:.2f} s, the furthest {most}; by hand {floor:.2f} s")
        print(f"over the walk by hand: {ours / floor:.2f}")


def _walk(lists: list[list[int]], start: int) -> int:
    seen, todo = {start}, deque([start])
    while todo:
        for target in lists[todo.popleft()]:
            if target not in seen:
                seen.add(target)
                todo.append(target)
    return len(seen) - 1


if __name__ == "__main__":
    main(*sys.argv[1:3])
