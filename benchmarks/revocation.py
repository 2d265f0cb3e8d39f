#!/usr/bin/env python3
"""How long does a node allow what another has taken back? Two processes over one database, PostgreSQL and SQLite.

    benchmarks/revocation.py [--rounds 1000]

One process suspends a right and lets it go on, by the use case; from the instant at which the act is answered to
the first deny of the other, which asks without pause, memory first. Both clocks are the machine's. Printed: median,
p99 and the longest, in milliseconds.
"""

from __future__ import annotations

import argparse
import multiprocessing
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from multiprocessing.connection import Connection
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "src"), str(ROOT / "tests")]

from access_service.domain.access import AccessRequest  # noqa: E402
from access_service.domain.names import AccountId, RegisterId, SuspendableKind, UnitId  # noqa: E402
from access_service.domain.scope import Scope  # noqa: E402
from access_service.live.decision_point import DecisionPoint  # noqa: E402
from access_service.live.listening import listening  # noqa: E402
from access_service.storage.db import Database  # noqa: E402
from access_service.storage.migrate import upgrade  # noqa: E402
from access_service.usecases.handover.delegation import resume, suspend  # noqa: E402
from access_service.usecases.handover.documents import EnteredLine  # noqa: E402
from access_service.usecases.services import system_clock  # noqa: E402
from databases import NoServerError, database, server  # noqa: E402
from machine import furnished  # noqa: E402
from world import SCHOOL  # noqa: E402

WAIT_S = 30


def ask_on(url: str, register: str, account: str, pipe: Connection) -> None:
    """In the other process: ask without pause, and say when the answer has become another."""
    db = Database(url, system_clock)
    point = DecisionPoint(db)
    point.watch()
    request = AccessRequest(
        account=AccountId(account),
        action="read",
        resource_type="unit",
        resource_id=SCHOOL,
        category="CUR",
        unit=UnitId(SCHOOL),
    )
    before: bool | None = None
    with listening(db, point):
        while not pipe.poll():
            allowed = bool(point.decide(RegisterId(register), request).decision)
            if allowed is not before:
                pipe.send((allowed, time.monotonic()))
                before = allowed
            # Another process of this machine works, too: the one that takes back.
            time.sleep(0.0002)
    point.close()
    db.close()


def until(pipe: Connection, wanted: bool) -> float:
    """The instant at which the other process was first told so."""
    while pipe.poll(WAIT_S):
        allowed, at = pipe.recv()
        if allowed is wanted:
            return float(at)
    raise SystemExit("the other process heard nothing")


def measure(folder: Path, url: str, rounds: int) -> list[float]:
    """Milliseconds of each round."""
    upgrade(url)
    machine, services, registrar = furnished(folder, url)
    line = EnteredLine("academic_registrar", registrar.duty, Scope(unit=SCHOOL), machine.world.clock.now)
    [grant] = machine.world.hand_over(SCHOOL, registrar, line).grants
    here, there = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(
        target=ask_on, args=(url, machine.world.register, registrar.account, there)
    )
    process.start()
    taken = []
    by, what = machine.world.admins[SCHOOL], {"kind": SuspendableKind.GRANT, "target": str(grant.id)}
    try:
        until(here, True)
        for _ in range(rounds):
            suspend(services, by, reason="đo", **what)
            answered = time.monotonic()
            taken.append(max(0.0, until(here, False) - answered) * 1000)
            resume(services, by, **what)
            until(here, True)
    finally:
        here.send("over")
        process.join(WAIT_S)
        services.db.close()
    return taken


@contextmanager
def urls(folder: Path) -> Iterator[list[tuple[str, str]]]:
    """A database of each kind that is there."""
    found = [("sqlite", f"sqlite:///{folder / 'thu.db'}")]
    with ExitStack() as stack:
        try:
            found.insert(0, ("postgresql", stack.enter_context(database(stack.enter_context(server()), "revoked"))))
        except NoServerError as error:
            print(f"postgresql: not measured: {error}")
        yield found


def main() -> int:
    """Both databases."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=1_000)
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory() as temporary, urls(Path(temporary)) as found:
        for name, url in found:
            folder = Path(temporary) / name
            folder.mkdir()
            taken = sorted(measure(folder, url, rounds))
            print(
                f"{name}: {rounds} revocations, first deny after {taken[len(taken) // 2]:.1f} ms (median), "
                f"{taken[int(len(taken) * 0.99)]:.1f} ms (p99), {taken[-1]:.1f} ms (longest)",
                flush=True,
            )
    return 0


if __name__ == "__main__":
    sys.exit(main())
