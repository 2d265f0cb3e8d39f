"""Paths to power over a whole province: reading, the graph, one question, every reach; beside a plain walk by hand.

    python benchmarks/paths.py DATABASE DAY
    python benchmarks/paths.py --scale 3 FOLDER

DATABASE is a province of `scripts/make-province`, as `sqlite:///<file>`, DAY an instant of its school year.
`--scale` makes one first, below FOLDER, with so many copies of its schools: 1 is 25,799 accounts, 3 is 77,152. The
walk is breadth first over the same edges as lists of numbers, which is as little as Python can do.
"""

from __future__ import annotations

import sys
import time
import tracemalloc
from collections import deque
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "src"))

import province
from access_service.cli.opening import open_database, register_of, settings_for
from access_service.domain import words
from access_service.domain.org import Unit
from access_service.domain.path_findings import path_findings
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
        began = time.process_time()
        findings = path_findings(power)
        print(f"the daily check, once facts are read: {len(findings)} in {time.process_time() - began:.2f} s")


def _walk(lists: list[list[int]], start: int) -> int:
    seen, todo = {start}, deque([start])
    while todo:
        for target in lists[todo.popleft()]:
            if target not in seen:
                seen.add(target)
                todo.append(target)
    return len(seen) - 1


def _made(scale: int, folder: Path) -> str:
    """A province with so many copies of its schools, every account activated."""
    folder.mkdir(parents=True, exist_ok=True)
    services = province.load(folder, province.make(folder, province.UNITS, "31", scale=scale)).services
    province.activate(services)
    services.db.close()
    return f"sqlite:///{folder / 'bench.db'}"


if __name__ == "__main__":
    if sys.argv[1:2] == ["--scale"]:
        main(_made(int(sys.argv[2]), Path(sys.argv[3])), "16/10/2024 09:00")
    else:
        main(*sys.argv[1:3])
