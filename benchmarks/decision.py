#!/usr/bin/env python3
"""How long a decision takes in process, beside plain pycasbin and a plain dictionary, on the same province.

    benchmarks/decision.py [--units FILE] [--province 31] [--requests 1000] [--peer-timeout 600]

Generates Hải Phòng 2024 with `scripts/make-province`, imports it into SQLite, activates the accounts, and asks the
same questions of three engines, in one run: ours (decoded request to decision, warm), a dictionary walk (the floor
of what Python can do with the same checks), and plain pycasbin holding the same rules and grants. Every answer is
compared. Prints medians and ratios; nothing here is asserted to take a time.
"""

from __future__ import annotations

import argparse
import json
import logging
import multiprocessing
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import casbin
from casbin.persist import Adapter
from casbin.persist.adapter import load_policy_line

import province
from access_service.domain.access import AccessRequest
from access_service.domain.delegation import Grant
from access_service.domain.org import ManagementEdge, SchoolClass
from access_service.engine.load import load_pack
from access_service.usecases.access import DecisionPoint
from province import REGISTER, ROOT

SMALL = "3"
"""Communes of the small province: about 1,200 grants of 600 people."""


def questions(services: Any, count: int) -> list[Any]:
    """Half about records of the account's own grant, half about somebody else's.

    Holders of a role with explicit denies are left out: the peers are asked place by place and cannot see a deny
    that another grant of the account brings.
    """
    pack = load_pack(ROOT / "policy", "hai-phong", ROOT / "models")
    denying = {rule.role for rule in pack.rules if not rule.allow}
    with services.db.read(REGISTER) as reader:
        grants = reader.find(Grant)
    left_out = {g.account for g in grants if g.role in denying}
    bound = [g for g in grants if g.scope.classes and g.account not in left_out]
    draw = random.Random(2024)
    classes = [min(g.scope.classes) for g in bound]
    asked = []
    for number in range(count):
        grant = draw.choice(bound)
        class_id, subject = min(grant.scope.classes) if number % 2 else draw.choice(classes)
        asked.append(
            AccessRequest(
                account=grant.account,
                action=draw.choice(("read", "read", "write")),
                resource_type="student",
                resource_id="000000000001",
                category=draw.choice(("STU-ACA", "STU-ID", "STU-HEA")),
                class_id=class_id,
                subject=subject or "TOAN",
            )
        )
    return asked


def holdings(services: Any) -> tuple[list[tuple[str, str, str]], list[tuple[str, str, str]]]:
    """(role, category, action) rules and (account, role, place) grants, for the peers.

    A place is `class`, `class:subject` or a unit; the peers are asked about each that the record lies in.
    """

    pack = load_pack(ROOT / "policy", "hai-phong", ROOT / "models")
    rules = sorted({(r.role, r.category, r.action) for r in pack.rules if r.allow})
    with services.db.read(REGISTER) as reader:
        grants = []
        for g in reader.find(Grant):
            for class_id, subject in g.scope.classes or ():
                grants.append((g.account, g.role, f"{class_id}:{subject}" if subject else class_id))
            if g.scope.classes is None:
                levels = "+".join(sorted(g.scope.levels or ()))
                subjects = "+".join(sorted(g.scope.subjects or ()))
                grants.append((g.account, g.role, f"{g.scope.unit}|{levels}|{subjects}"))
    return rules, grants


class Floor:
    """The dictionary walk: account to grants, class to school to units above, role to cells."""

    def __init__(self, services: Any) -> None:

        self.rules, grants = holdings(services)
        self.cells: dict[str, set[tuple[str, str]]] = {}
        for role, category, action in self.rules:
            self.cells.setdefault(role, set()).add((category, action))
        self.grants: dict[str, list[tuple[str, str]]] = {}
        for account, role, place in grants:
            self.grants.setdefault(account, []).append((role, place))
        with services.db.read(REGISTER) as reader:
            self.count = len(reader.find(Grant))
            manager = {e.unit: e.manager for e in reader.find(ManagementEdge)}
            self.above: dict[str, tuple[frozenset[str], str]] = {}
            for c in reader.find(SchoolClass):
                chain, unit = [], c.school
                while unit is not None:
                    chain.append(unit)
                    unit = manager.get(unit)
                self.above[c.id] = (frozenset(chain), str(c.level))

    def decide(self, request: Any) -> bool:
        """Allowed by some grant of the account?"""
        chain, level = self.above[request.class_id]
        exact = f"{request.class_id}:{request.subject}"
        for role, place in self.grants.get(request.account, ()):
            if (request.category, request.action) not in self.cells.get(role, ()):
                continue
            if place in (request.class_id, exact):
                return True
            if "|" in place and _lies_in(place, request, chain, level):
                return True
        return False

    def places(self, request: Any) -> list[str]:
        """The places a record lies in, as the peers are told them."""
        chain, level = self.above[request.class_id]
        inside = {request.class_id, f"{request.class_id}:{request.subject}"}
        held = [place for _, place in self.grants.get(request.account, ()) if "|" in place]
        return sorted(inside) + [place for place in held if _lies_in(place, request, chain, level)]


def _lies_in(place: str, request: Any, chain: frozenset[str], level: str) -> bool:
    """Does a record lie in a unit's place, `unit|levels|subjects` with empty for all?"""
    unit, levels, subjects = place.split("|")
    return (
        unit in chain
        and (not levels or level in levels.split("+"))
        and (not subjects or request.subject in subjects.split("+"))
    )


CASBIN_MODEL = """
[request_definition]
r = sub, place, category, action
[policy_definition]
p = role, category, action
[role_definition]
g = _, _, _
[policy_effect]
e = some(where (p.eft == allow))
[matchers]
m = g(r.sub, p.role, r.place) && r.category == p.category && r.action == p.action
"""


class Lines(Adapter):
    """Rules and grants as policy lines: `add_grouping_policies` is quadratic, loading is not."""

    def __init__(self, rules: list[tuple[str, str, str]], grants: list[tuple[str, str, str]]) -> None:
        self.lines = [", ".join(("p", *rule)) for rule in rules] + [", ".join(("g", *grant)) for grant in grants]

    def load_policy(self, model: Any) -> None:
        """Every line into the model."""
        for line in self.lines:
            load_policy_line(line, model)


def ask_casbin(
    rules: list[tuple[str, str, str]],
    grants: list[tuple[str, str, str]],
    asked: list[tuple[str, list[str], str, str]],
    budget_s: float,
    out: Any,
) -> None:
    """Plain pycasbin in a process of its own: load, then as many questions as the budget lets it answer."""

    logging.disable(logging.CRITICAL)
    model = casbin.Enforcer.new_model(text=CASBIN_MODEL)
    started = time.perf_counter()
    enforcer = casbin.Enforcer(model)
    # Without this the domain role manager compares every pair of domains (docs of ours: pitfalls, line 13).
    enforcer.get_role_manager().matching_func = None
    enforcer.set_adapter(Lines(rules, grants))
    enforcer.load_policy()
    load_s = time.perf_counter() - started
    answers, times = [], []
    for account, places, category, action in asked:
        begin = time.perf_counter()
        answers.append(any(enforcer.enforce(account, place, category, action) for place in places))
        times.append(time.perf_counter() - begin)
        if time.perf_counter() - started > budget_s:
            break
    out.put({"load_s": load_s, "median_us": statistics.median(times) * 1e6, "answers": answers})


def median_us(decide: Callable[[Any], Any], asked: list[Any], rounds: int = 7) -> float:
    """Median over the questions and the rounds, in microseconds."""
    times = []
    for _ in range(rounds):
        for request in asked:
            begin = time.perf_counter_ns()
            decide(request)
            times.append(time.perf_counter_ns() - begin)
    return statistics.median(times) / 1000


def measure(services: Any, count: int, peer_timeout: float) -> dict[str, Any]:
    """One province: our median, the floor's, the peer's, and whether all agree."""
    register, point = REGISTER, DecisionPoint(services.db, cache_accounts=100_000)
    asked = questions(services, count)
    floor = Floor(services)
    ours = [bool(point.decide(register, request).decision) for request in asked]
    plain = [floor.decide(request) for request in asked]
    result: dict[str, Any] = {
        "grants": floor.count,
        "places": sum(len(g) for g in floor.grants.values()),
        "allowed": sum(ours),
        "ours_us": median_us(lambda r: point.decide(register, r), asked),
        "floor_us": median_us(floor.decide, asked),
        "equal_to_floor": ours == plain,
    }
    sample = asked[: min(count, 200)]
    rules, grants = holdings(services)
    told = [(r.account, floor.places(r), r.category, r.action) for r in sample]
    out: Any = multiprocessing.Queue()
    peer = multiprocessing.Process(target=ask_casbin, args=(rules, grants, told, peer_timeout, out))
    peer.start()
    try:
        answer = out.get(timeout=peer_timeout + 30)
        result["pycasbin_us"] = answer["median_us"]
        result["pycasbin_load_s"] = answer["load_s"]
        result["pycasbin_asked"] = len(answer["answers"])
        result["equal_to_pycasbin"] = answer["answers"] == ours[: len(answer["answers"])]
        result["times_faster_than_pycasbin"] = answer["median_us"] / result["ours_us"]
    except Exception:  # noqa: BLE001 whatever stops the peer, the report says so
        result["pycasbin_us"] = "timeout"
    finally:
        peer.kill()
    return result


def main() -> int:
    """Measure both sizes and print the growth."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--units", type=Path, default=province.UNITS)
    parser.add_argument("--province", default="31")
    parser.add_argument("--requests", type=int, default=1000)
    parser.add_argument("--peer-timeout", type=float, default=600.0)
    arguments = parser.parse_args()
    if not arguments.units.exists():
        print(f"the list of administrative units is not there: {arguments.units.name}", file=sys.stderr)
        return 2
    results = []
    for communes in (SMALL, None):
        with tempfile.TemporaryDirectory() as folder:
            files = province.make(Path(folder), arguments.units, arguments.province, communes=communes)
            done = province.load(Path(folder), files)
            services = done.services
            province.activate(services)
            print(f"imported {sum(done.report.counts.values()):,} rows in {done.seconds:.1f} s")
            results.append(measure(services, arguments.requests, arguments.peer_timeout))
            print(json.dumps(results[-1], indent=2))
            services.db.close()
    small, large = results
    growth, floor_growth = large["ours_us"] / small["ours_us"], large["floor_us"] / small["floor_us"]
    print(
        f"growth from {small['grants']} to {large['grants']} grants: ours {growth:.2f}, floor {floor_growth:.2f}, "
        f"ratio {growth / floor_growth:.2f}"
    )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
