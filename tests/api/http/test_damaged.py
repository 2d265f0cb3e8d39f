"""A database that cannot be read any more is no reason to say that all is well, whichever table was hit."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import psycopg.errors
import pytest
from serving import Served, cool, serving, settings_for
from starlette.testclient import TestClient

from access_service.app import create_app
from access_service.storage.damage import is_damage

pytestmark = pytest.mark.backends("sqlite")
READ = ("accounts", "assignments", "documents", "grants", "management_edges", "units")
"""Tables on which an answer rests, and that no look at the counter reads."""


def damage(file: Path, table: str) -> None:
    """Overwrite every page of a table and of its indexes, as a disk does."""
    with sqlite3.connect(file) as database:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        size = database.execute("PRAGMA page_size").fetchone()[0]
        named = database.execute("SELECT rootpage FROM sqlite_master WHERE tbl_name = ?", (table,)).fetchall()
    database.close()
    with file.open("r+b") as pages:
        for (root,) in named:
            if root:
                pages.seek((root - 1) * size)
                pages.write(b"\xff" * size)


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[Served]:
    with serving(tmp_path) as found:
        yield found


@pytest.mark.parametrize("table", READ)
def test_a_question_that_meets_the_damage_is_refused_and_the_node_is_not_ready(fresh: Served, table: str) -> None:
    assert fresh.client.get("/readyz").status_code == 200
    damage(fresh.folder / "thu.db", table)
    fresh.client.app.state.services.db.engine.dispose()  # type: ignore[attr-defined]
    fresh.client.app.state.point.feed.views.clear()  # type: ignore[attr-defined]
    answer = fresh.ask(fresh.question())
    assert answer.status_code == 503, answer.text
    assert answer.json()["code"] == "unavailable"
    ready = fresh.client.get("/readyz")
    assert (ready.status_code, ready.json()["code"]) == (503, "unavailable")
    assert "damaged" in ready.json()["detail"]
    assert fresh.client.get("/healthz").status_code == 200


@pytest.mark.parametrize("table", READ)
def test_a_node_that_starts_on_a_damaged_table_is_not_ready_though_nobody_asks(tmp_path: Path, table: str) -> None:
    with serving(tmp_path) as found:
        clock = found.world.clock
    damage(tmp_path / "thu.db", table)
    app = create_app(settings_for(tmp_path), clock=clock)
    with TestClient(app, raise_server_exceptions=False) as client:
        cool(app)
        assert client.get("/readyz").status_code == 503


def test_what_the_drivers_say_is_told_apart() -> None:
    assert is_damage(psycopg.errors.DataCorrupted())
    assert is_damage(psycopg.errors.IndexCorrupted())
    assert not is_damage(psycopg.errors.LockNotAvailable())
    assert not is_damage(sqlite3.OperationalError("database is locked"))
    assert not is_damage(None)
