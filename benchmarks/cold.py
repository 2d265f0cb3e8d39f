"""How dear is one account from cold: read, worked out and decided, over one indexed SELECT on the same database?

    python benchmarks/cold.py DATABASE_URL [--accounts 400]

Both in one run and by the processor's time of this process; what a server of PostgreSQL takes is not in it.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from sqlalchemy import event, select

from access_service.domain.access import AccessRequest
from access_service.domain.accounts import Account
from access_service.domain.delegation import Grant
from access_service.domain.names import AccountId, RegisterId
from access_service.live.decision_point import DecisionPoint
from access_service.storage.db import Database
from access_service.storage.facts import CODECS
from access_service.usecases.services import system_clock


def measure(url: str, accounts: int = 400) -> dict[str, float]:
    """Milliseconds of the processor, how many fit into a second, and the statements of a decision."""
    looked = Database(url, system_clock)
    register = RegisterId(str(looked.registers()[0]["id"]))
    counter = looked.counter(register, whatever_is_recorded=True)
    looked.close()
    assert counter is not None
    at = counter.recorded_at + timedelta(hours=1)
    db = Database(url, lambda: at)
    try:
        with db.read(register) as reader:
            grants = reader.find(Grant)
        every = sorted({(g.account, g.scope.unit) for g in grants})
        chosen = every[:: max(1, len(every) // accounts)][:accounts]
        point = DecisionPoint(db)
        sent: list[str] = []

        def hear(_c: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
            sent.append(statement)

        def decide(account: AccountId, unit: str) -> None:
            point.feed.view(register).accounts.drop(account)  # cold, as if never asked
            point.decide(register, AccessRequest(account, "read", "unit", unit, category="STU-ACA"))

        codec, names = CODECS[Account], CODECS[Account].table.c
        for pair in chosen[:20]:
            decide(*pair)
        with db.engine.connect() as connection:

            def look(account: AccountId, _unit: str) -> None:
                connection.execute(
                    select(codec.table).where(
                        names.register_id == register, names.id == account, names.to_rev.is_(None)
                    )
                ).all()

            for pair in chosen[:20]:
                look(*pair)
            one = statistics.median(_each(look, chosen))
        cold = _each(decide, chosen)
        event.listen(db.engine, "before_cursor_execute", hear)
        decide(*chosen[0])
        return {
            "select_ms": one * 1e3,
            "cold_ms": statistics.median(cold) * 1e3,
            "ratio": statistics.median(cold) / one,
            "a_second": len(cold) / sum(cold),
            "statements": sum(not statement.startswith("BEGIN") for statement in sent),
        }
    finally:
        db.close()


def _each(act: Callable[[AccountId, str], None], pairs: list[tuple[AccountId, Any]]) -> list[float]:
    took = []
    for account, unit in pairs:
        began = time.process_time()
        act(account, unit)
        took.append(time.process_time() - began)
    return took


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url")
    parser.add_argument("--accounts", type=int, default=400)
    given = parser.parse_args()
    for name, value in measure(given.url, given.accounts).items():
        print(f"{name:>12} {value:10.3f}")
