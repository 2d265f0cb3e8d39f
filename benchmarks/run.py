"""The whole benchmark: every engine at every size, memory, HTTP; one object, and the report made from it.

scripts/bench [--full] [--json] [--no-write]
"""

from __future__ import annotations

import argparse
import json
import math
import os
import platform
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from importlib import metadata
from pathlib import Path
from typing import Any

import http_bench
import ours
import peers
import report
from dataset import DAY, REQUESTS, Province
from sizes import GIB, AbsentError, Limits, Plan, Worker, measure, say, write_spec

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
DEFAULT_SIZES, FULL_SIZES = (1_000, 10_000, 100_000), (1_000, 10_000, 100_000, 1_000_000)
MAIN = ("pycasbin", "fast_enforcer", "cedar", "sqlite", "postgres")
PEERS = ("pycasbin", "fast_enforcer", "cedar", "oso", "spicedb", "sqlite", "postgres")
DISTRIBUTION = {
    "pycasbin": "pycasbin",
    "fast_enforcer": "pycasbin",
    "cedar": "cedarpy",
    "oso": "oso",
    "spicedb": "spicedb-embedded",
}
HERE_INSTALLED = ("sqlite", "postgres")
ONLY_FULL = "only with --full"
HTTP_GRANTS = 100_000
BOUND = {False: (300_000, 32), True: (5_000_000, 256)}
"""Without and with --full: grants that stream through a bounded view, and its bound in MiB."""
DEFAULT_LIMITS = Limits(load_s=60, round_s=4, total_s=6, resident_bytes=6 * GIB)
FULL_LIMITS = Limits(load_s=600, round_s=30, total_s=40, resident_bytes=10 * GIB)
OUR_PACKAGES = ("fastapi", "msgspec", "sqlalchemy", "starlette", "uvicorn", "uvloop", "httptools")


def postgres_url(stack: ExitStack) -> str:
    """A database on a real server for as long as the stack is open; raises `AbsentError` where there is none."""
    sys.path.insert(0, str(ROOT / "tests"))
    try:
        from databases import NoServerError, database, server  # noqa: PLC0415 it lies with the tests
    except ImportError as error:
        raise AbsentError(f"the tests' tools are not installed: {error}") from error
    try:
        url = stack.enter_context(database(stack.enter_context(server()), "bench"))
    except NoServerError as error:
        raise AbsentError(str(error)) from error
    return url.replace("postgresql+psycopg://", "postgresql://")


def plan_for(wanted: tuple[str, ...], *, full: bool, stack: ExitStack) -> Plan:
    """Where each engine runs, or why it does not."""
    # Nothing is fetched for engines that need nothing.
    found = peers.install() if set(wanted) - set(HERE_INSTALLED) else peers.Peers(Path(sys.executable), {})
    python: dict[str, str | Path] = {}
    absent = {name: ONLY_FULL for name in PEERS if name not in wanted}
    url = ""
    for name in wanted:
        failed = found.failed.get(DISTRIBUTION.get(name, ""))
        if failed:
            absent[name] = failed
        elif name == "postgres":
            try:
                url = postgres_url(stack)
                python[name] = sys.executable
            except AbsentError as error:
                absent[name] = str(error)
        else:
            python[name] = sys.executable if name in HERE_INSTALLED else found.python
    limits = FULL_LIMITS if full else DEFAULT_LIMITS
    return Plan(python, absent, limits, url, http_bench.cores()[0])


def in_process(sizes: tuple[int, ...], plan: Plan, anchor: int, folder: Path) -> dict[str, Any]:
    """Every size in turn."""
    rules = ours.rules()
    found: dict[str, Any] = {"in_process": {}, "interleaved": {}, "versions": {}}
    for grants in sizes:
        say(f"{grants:,} grants")
        province = Province(grants, anchor)
        requests = province.requests(rules)
        spec = write_spec(folder, province, rules, requests, plan)
        engines, pair, versions = measure(spec, plan, REQUESTS)
        found["in_process"][str(grants)] = engines
        found["interleaved"][str(grants)] = pair
        found["versions"].update(versions)
    return found


def memory(grants: int, cap_mib: int, anchor: int) -> dict[str, Any]:
    """A stream of grants through a bounded view, in a process of its own."""
    say(f"memory: {grants:,} grants within {cap_mib} MiB")
    command = [sys.executable, str(HERE / "memory.py"), str(grants), str(cap_mib), str(anchor)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        return {"absent": f"failed: {done.stderr.strip().splitlines()[-1][:200]}"}
    return dict(json.loads(done.stdout))


def reason_code(anchor: int, folder: Path, plan: Plan) -> dict[str, float]:
    """A decision with its reason in words, and the same without, interleaved in one process."""
    rules, province = ours.rules(), Province(10_000, anchor)
    spec = write_spec(folder, province, rules, province.requests(rules), plan)
    worker = Worker(sys.executable, "ours+reason", spec, plan.limits)
    try:
        rounds = [worker.round(plan.limits.round_s) for _ in range(7)][1:]
    finally:
        worker.close()
    return {
        f"{key}_us": round(_median_us(rounds, name), 3) for key, name in (("plain", "ours"), ("code", "reason"))
    }


def _median_us(rounds: list[dict[str, Any]], name: str) -> float:
    times = sorted(t for r in rounds for t in r[name]["times"])
    return float(times[len(times) // 2]) / 1000


def ratios(found: dict[str, Any]) -> dict[str, Any]:
    """What the targets are about, worked out once. Above one: the other is slower."""
    each = {
        size: {
            name: round(one["median_us"] / engines["ours"]["median_us"], 2)
            for name, one in engines.items()
            if "median_us" in one and name != "ours"
        }
        for size, engines in found["in_process"].items()
    }
    pairs = list(found["interleaved"].values())
    growth = {
        "ours": round(pairs[-1]["ours_us"] / pairs[0]["ours_us"], 2),
        "floor": round(pairs[-1]["floor_us"] / pairs[0]["floor_us"], 2),
    }
    echo = found["http"].get("echo", {})
    over_http = {
        name: {
            "rps_share": round(found["http"][name]["rps"] / echo["rps"], 3),
            "p99_times": round(found["http"][name]["p99_ms"] / echo["p99_ms"], 2),
            # Where the load could not fill the echo's core, the echo is slower than it is and we look better.
            "valid": min(echo["server_core"], found["http"][name]["server_core"]) >= http_bench.FILLED,
        }
        for name in ("ours", "ours_no_log")
        if "rps" in found["http"].get(name, {})
    }
    return {"peer_over_ours": each, "growth": growth, "http_against_echo": over_http}


def machine() -> dict[str, Any]:
    """What it ran on."""
    cpu = next(
        (
            line.partition(":")[2].strip()
            for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
            if line.startswith("model name")
        ),
        platform.processor(),
    )
    total = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return {"cpu": cpu, "cores": len(os.sched_getaffinity(0)), "memory_gib": math.ceil(total / GIB)}


def is_equal(found: dict[str, Any]) -> bool:
    """Did every engine that answered answer as the floor did?"""
    return all(one.get("equal", True) for engines in found["in_process"].values() for one in engines.values())


def run(arguments: argparse.Namespace) -> dict[str, Any]:
    """Measure everything; the report's object."""
    began = time.time()  # noqa: TID251 the date of the run
    anchor = int(began) // DAY * DAY
    full = arguments.full
    sizes = tuple(arguments.sizes or (FULL_SIZES if full else DEFAULT_SIZES))
    wanted = tuple(arguments.engines if arguments.engines is not None else (PEERS if full else MAIN))
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="access-service-bench-")))
        plan = plan_for(wanted, full=full, stack=stack)
        found = in_process(sizes, plan, anchor, folder)
        reasons = reason_code(anchor, folder, plan)
        bound = BOUND[full] if arguments.sizes is None else (max(sizes), 16)
        found["memory"] = memory(*bound, anchor)
        bench = http_bench.Bench(folder, anchor, ours.rules(), arguments.http_grants)
        found.update(bench.run(arguments.rounds, arguments.seconds))
        if "full_ms" in found["explain"]:
            found["explain"].update(reasons)
        found["equal"] = is_equal(found) and bench.is_equal
    found["ratios"] = ratios(found)
    found["machine"] = machine()
    found["date"] = time.strftime("%d/%m/%Y", time.localtime(began))
    found["full"] = full
    found["seconds"] = round(time.time() - began)  # noqa: TID251
    found["versions"].update({name: metadata.version(name) for name in OUR_PACKAGES})
    found["versions"].update(
        {"python": f"{platform.python_implementation()} {platform.python_version()}", "system": platform.system()}
    )
    return found


def main() -> int:
    """Exit status 0 when every answer was equal, 1 otherwise."""
    parser = argparse.ArgumentParser(prog="scripts/bench", description=__doc__)
    parser.add_argument("--full", action="store_true", help="a million grants, five million for memory, every peer")
    parser.add_argument("--json", action="store_true", help="one object on standard output")
    parser.add_argument("--no-write", action="store_true", help="leave docs/benchmarks.md as it is")
    parser.add_argument("--sizes", type=int, nargs="+", help="other sizes than the usual ones, in grants")
    parser.add_argument("--engines", nargs="*", choices=PEERS, help="other peers than the usual ones")
    parser.add_argument("--http-grants", type=int, default=HTTP_GRANTS, help="grants of the register over HTTP")
    parser.add_argument("--rounds", type=int, default=5, help="runs of each server over HTTP")
    parser.add_argument("--seconds", type=float, default=2.0, help="length of one run over HTTP")
    arguments = parser.parse_args()
    found = run(arguments)
    if not arguments.no_write:
        report.write(found, ROOT / "docs")
    if arguments.json:
        print(json.dumps(found, ensure_ascii=False))
    else:
        print(report.text(found))
    say(f"done in {found['seconds']} s; every answer equal: {found['equal']}")
    return 0 if found["equal"] else 1


if __name__ == "__main__":
    raise SystemExit(main())
