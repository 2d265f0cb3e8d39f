"""Every engine at one size, each in a process of its own, round by round beside ours and the floor."""

from __future__ import annotations

import json
import os
import queue
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dataset import Province, Request, Rule

HERE = Path(__file__).resolve().parent
ROUNDS, PAIR_ROUNDS = 5, 15
US = 1000.0
"""Nanoseconds in a microsecond."""
GIB = 1 << 30


class AbsentError(Exception):
    """Why an engine gives no numbers at this size."""


@dataclass(frozen=True)
class Limits:
    """What a peer may take before it is reported as hopeless at a size."""

    load_s: float
    round_s: float
    """One round of questions; a slow peer answers as many as fit, at least thirty."""
    total_s: float
    """All rounds."""
    resident_bytes: int


class Worker:
    """A process that holds one engine, or several that take turns."""

    def __init__(self, python: str | Path, engines: str, spec: Path, limits: Limits) -> None:
        self.limits = limits
        # The same hashes in every process: no engine has luck with its dictionaries.
        environment = {**os.environ, "PYTHONHASHSEED": "0"}
        self.process = subprocess.Popen(
            [str(python), str(HERE / "worker.py"), engines, str(spec)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environment,
        )
        self._lines: queue.Queue[str] = queue.Queue()
        self._said: list[str] = []
        for stream, keep in ((self.process.stdout, self._lines.put), (self.process.stderr, self._said.append)):
            threading.Thread(target=_pump, args=(stream, keep), daemon=True).start()
        try:
            self.about: dict[str, Any] = self._answer(limits.load_s, "loading")
        except AbsentError:
            self.close()
            raise

    def round(self, budget_s: float) -> dict[str, Any]:
        """One round of every engine in it."""
        if self.process.stdin is None:
            raise RuntimeError("a worker without an input")
        self.process.stdin.write(json.dumps({"budget_s": budget_s}) + "\n")
        self.process.stdin.flush()
        return self._answer(budget_s * 4 + 120, "answering")

    def _answer(self, wait_s: float, doing: str) -> dict[str, Any]:
        deadline = time.monotonic() + wait_s
        while True:
            try:
                return dict(json.loads(self._lines.get(timeout=0.2)))
            except queue.Empty:
                pass
            if self.process.poll() is not None:
                last = next((line for line in reversed(self._said) if line.strip()), "the process ended")
                raise AbsentError(f"failed while {doing}: {last.strip()[:200]}")
            taken = self._resident()
            if taken > self.limits.resident_bytes:
                raise AbsentError(f"more than {self.limits.resident_bytes / GIB:.0f} GiB of memory while {doing}")
            if time.monotonic() > deadline:
                raise AbsentError(f"not done {doing} after {wait_s:.0f} s, {taken / GIB:.1f} GiB of memory by then")

    def _resident(self) -> int:
        try:
            text = Path(f"/proc/{self.process.pid}/statm").read_text(encoding="ascii")
        except OSError:
            return 0
        return int(text.split()[1]) * os.sysconf("SC_PAGE_SIZE")

    def close(self) -> None:
        """End the process."""
        if self.process.stdin is not None:
            self.process.stdin.close()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def _pump(stream: Iterable[str] | None, keep: Any) -> None:
    for line in stream or ():
        keep(line)


@dataclass
class Series:
    """Everything measured of one engine at one size."""

    about: dict[str, Any]
    rounds: list[list[int]] = field(default_factory=list)
    answers: list[bool] = field(default_factory=list)

    def add(self, found: dict[str, Any]) -> None:
        """One more round."""
        self.rounds.append(found["times"])
        if not self.answers:
            self.answers = found["answers"]
        elif self.answers[: len(found["answers"])] != found["answers"][: len(self.answers)]:
            raise RuntimeError("an engine answers the same question differently")

    def times(self) -> list[int]:
        """Of every round but the first, which warms up, unless it is the only one."""
        return sorted(t for times in (self.rounds[1:] or self.rounds) for t in times)

    def summary(self, expected: list[bool]) -> dict[str, Any]:
        """The numbers of the report; `asked` where it is not all of the questions."""
        times = self.times()
        found: dict[str, Any] = {
            "median_us": round(statistics.median(times) / US, 3),
            "p99_us": round(times[min(len(times) - 1, len(times) * 99 // 100)] / US, 3),
            "bytes_per_grant": round(self.about["bytes_per_grant"], 1),
            "load_s": round(self.about["load_s"], 3),
            "equal": self.answers == expected[: len(self.answers)],
        }
        if len(self.answers) < len(expected):
            found["asked"] = len(self.answers)
        return found


@dataclass(frozen=True)
class Plan:
    """Which engines run at a size, and where."""

    python: dict[str, str | Path]
    """Engine to the interpreter that has it installed."""
    absent: dict[str, str]
    limits: Limits
    postgres: str = ""
    core: int | None = None


def write_spec(folder: Path, province: Province, rules: list[Rule], requests: list[Request], plan: Plan) -> Path:
    """What every process is told; the province it makes by itself."""
    path = folder / f"{province.grants}.json"
    spec = {
        "province": {"grants": province.grants, "anchor": province.anchor},
        "rules": rules,
        "requests": [[r.account, r.action, r.category, r.class_id] for r in requests],
        "postgres": plan.postgres,
        "core": plan.core,
    }
    path.write_text(json.dumps(spec), encoding="utf-8")
    return path


def measure(spec: Path, plan: Plan, asked: int) -> tuple[dict[str, Any], dict[str, float], dict[str, str]]:
    """All engines at one size: their numbers, ours and the floor's interleaved in one process, versions."""
    pair = _pair(spec, plan)
    found: dict[str, Any] = {}
    versions: dict[str, str] = {}
    ours = Worker(sys.executable, "ours", spec, plan.limits)
    floor = Worker(sys.executable, "floor", spec, plan.limits)
    series = {"ours": Series(ours.about["ours"]), "floor": Series(floor.about["floor"])}
    workers = {"ours": ours, "floor": floor}

    def turn() -> None:
        for name, worker in workers.items():
            series[name].add(worker.round(plan.limits.round_s)[name])

    try:
        for _ in range(ROUNDS):
            turn()
        for name, python in plan.python.items():
            say(f"  {name}")
            try:
                series[name] = _peer(name, python, spec, plan, turn)
            except AbsentError as error:
                found[name] = {"absent": str(error)}
    finally:
        for worker in workers.values():
            worker.close()
    expected = series["floor"].answers
    if len(expected) != asked:
        raise RuntimeError("the floor did not answer every question")
    for name, one in series.items():
        found[name] = one.summary(expected)
        versions.update(one.about["versions"])
    found.update({name: {"absent": why} for name, why in plan.absent.items() if name not in found})
    return found, pair, versions


def _peer(name: str, python: str | Path, spec: Path, plan: Plan, turn: Any) -> Series:
    """One peer, its rounds between rounds of ours and the floor."""
    worker = Worker(python, name, spec, plan.limits)
    try:
        series, began = Series(worker.about[name]), time.monotonic()
        for _ in range(ROUNDS):
            series.add(worker.round(plan.limits.round_s)[name])
            turn()
            if time.monotonic() - began > plan.limits.total_s:
                break
        return series
    finally:
        worker.close()


def _pair(spec: Path, plan: Plan) -> dict[str, float]:
    """Ours and the floor in one process, taking turns."""
    worker = Worker(sys.executable, "ours+floor", spec, plan.limits)
    try:
        rounds = [worker.round(plan.limits.round_s) for _ in range(PAIR_ROUNDS)][1:]
    finally:
        worker.close()
    medians = {name: [statistics.median(r[name]["times"]) / US for r in rounds] for name in ("ours", "floor")}
    each = [ours / floor for ours, floor in zip(medians["ours"], medians["floor"], strict=True)]
    return {
        "ours_us": round(statistics.median(medians["ours"]), 3),
        "floor_us": round(statistics.median(medians["floor"]), 3),
        "ours_over_floor": round(statistics.median(each), 3),
    }


def say(text: str) -> None:
    """Progress goes to standard error: standard output may be one JSON object."""
    print(f"bench: {text}", file=sys.stderr, flush=True)
