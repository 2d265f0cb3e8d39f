"""One engine (or several to be interleaved) in a process of its own: load, then measure a round whenever told to.

    worker.py <engine>[+<engine>] <spec.json>

Speaks lines of JSON on its standard output: first what loading took, then one answer for each line read. Several
engines take turns, round by round.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import statistics
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from dataset import Account, Province, Request

ENGINES = {
    "ours": ("ours", "Ours"),
    "reason": ("ours", "WithReason"),
    "floor": ("floor", "Floor"),
    "pycasbin": ("engine_casbin", "PlainCasbin"),
    "fast_enforcer": ("engine_casbin", "FastCasbin"),
    "cedar": ("engine_cedar", "Cedar"),
    "oso": ("engine_oso", "OsoEngine"),
    "spicedb": ("engine_spicedb", "SpiceDB"),
    "sqlite": ("engine_sql", "Sqlite"),
    "postgres": ("engine_sql", "Postgres"),
}
LEAST = 30
"""Questions that even a slow engine answers."""
QUICK_S = 0.1
"""A round that is over sooner gets another one ahead of it, untimed."""
PAGE = os.sysconf("SC_PAGE_SIZE")


def resident_bytes() -> int:
    """Memory of this process that is really there, after a collection."""
    gc.collect()
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * PAGE


class Stream:
    """Accounts one after the other, counting grants and the time that making them took."""

    def __init__(self, accounts: Iterable[Account]) -> None:
        self.accounts = accounts
        self.grants = 0
        self.seconds = 0.0

    def __iter__(self) -> Iterator[Account]:
        clock, began = time.perf_counter, time.perf_counter()
        for account in self.accounts:
            self.seconds += clock() - began
            self.grants += len(account.grants)
            yield account
            began = clock()


class Loaded:
    """An engine that holds the province and knows the questions."""

    def __init__(self, name: str, spec: dict[str, Any]) -> None:
        module, kind = ENGINES[name]
        self.name = name
        self.province = Province(**spec["province"])
        requests = [Request(*asked) for asked in spec["requests"]]
        more = [spec["postgres"]] if name == "postgres" else []
        province = self.province
        made = getattr(importlib.import_module(module), kind)
        engine = self.engine = made() if name == "floor" else made(province, *more)
        if hasattr(engine, "asked"):
            engine.asked(requests)
        rules = [(role, category, action) for role, category, action in spec["rules"]]
        began = time.perf_counter()
        engine.organisation(province.units(), province.classes(), rules)
        self.load_s = time.perf_counter() - began
        before = resident_bytes()
        stream = Stream(province.accounts())
        began = time.perf_counter()
        engine.accounts(stream)
        self.load_s += time.perf_counter() - began - stream.seconds
        grown = resident_bytes() - before
        # What lies in a database's own files is told by it; what holds a part of the province says how much.
        grown = getattr(engine, "stored_bytes", grown)
        self.bytes_per_grant = grown / (getattr(engine, "grants_held", 0) or stream.grants)
        self.prepared = engine.prepare(requests)
        self.decide = engine.decider()
        self.is_quick = False

    def round(self, budget_s: float) -> dict[str, Any]:
        """Every question once, or as many as the budget allows.

        An engine that is done quickly goes through them once more before: the processor's caches were another
        process's a moment ago, and a service that is asked all the time has them to itself.
        """
        if self.is_quick:
            timed(self.decide, self.prepared, budget_s)
        began = time.perf_counter()
        found = timed(self.decide, self.prepared, budget_s)
        self.is_quick = time.perf_counter() - began < QUICK_S
        return found


def clock_ns() -> int:
    """What reading the clock twice costs by itself; taken off every time."""
    clock = time.perf_counter_ns
    return round(statistics.median(-(clock() - clock()) for _ in range(10_000)))


def timed(decide: Callable[[Any], Any], asked: list[Any], budget_s: float) -> dict[str, Any]:
    """Answers and nanoseconds, in the order asked."""
    clock, idle = time.perf_counter_ns, clock_ns()
    answers: list[bool] = []
    times: list[int] = []
    until = clock() + int(budget_s * 1e9)
    for request in asked:
        began = clock()
        answer = decide(request)
        ended = clock()
        times.append(max(0, ended - began - idle))
        answers.append(bool(answer))
        if ended > until and len(answers) >= LEAST:
            break
    return {"times": times, "answers": answers}


def main() -> int:
    """Load, say so, then answer lines: `{"budget_s": 10}` measures a round, end of input ends the process."""
    names, spec = sys.argv[1].split("+"), json.loads(Path(sys.argv[2]).read_text(encoding="utf-8"))
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    # Whatever an engine prints is no line of ours.
    os.dup2(2, 1)
    if (core := spec.get("core")) is not None:
        os.sched_setaffinity(0, {core})
    loaded = [Loaded(name, spec) for name in names]
    gc.collect()
    # What was loaded is not collected again while decisions are timed; a warm server does the same.
    gc.freeze()
    about = {
        e.name: {"load_s": e.load_s, "bytes_per_grant": e.bytes_per_grant, "versions": e.engine.versions()}
        for e in loaded
    }
    print(json.dumps(about), file=out, flush=True)
    for line in sys.stdin:
        budget_s = json.loads(line)["budget_s"]
        print(json.dumps({e.name: e.round(budget_s) for e in loaded}), file=out, flush=True)
    for engine in loaded:
        engine.engine.close()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
