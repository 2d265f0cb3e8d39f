"""Too much at once: every connection to the database is taken, or too much waits for one: 503 until it is over."""

from __future__ import annotations

import asyncio
from contextlib import ExitStack, suppress

import pytest
from serving import Served
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from access_service.api.http import pool
from access_service.api.http.pool import Pool
from access_service.domain.errors import UnavailableError


def test_without_a_free_connection_questions_are_503_and_answered_again_later(
    fresh: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = fresh.client.app.state.services.db.engine  # type: ignore[attr-defined]
    monkeypatch.setattr(engine.pool, "_timeout", 0.05)
    cold = fresh.question(subject={"type": "account", "id": "acc_000"})
    with ExitStack() as held:
        with suppress(PoolTimeoutError):
            while True:
                held.enter_context(engine.connect())
        answer = fresh.ask(cold)
        assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
        assert fresh.client.get("/readyz").status_code == 503
    assert fresh.ask(cold).status_code == 200


def test_what_waits_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool, "WAITING", 0)
    threads = Pool()
    with pytest.raises(UnavailableError, match="too many requests are waiting"):
        asyncio.run(threads.run(lambda: 1))
    monkeypatch.setattr(pool, "WAITING", 1)
    assert asyncio.run(threads.run(lambda: 1)) == 1
    threads.shutdown()
