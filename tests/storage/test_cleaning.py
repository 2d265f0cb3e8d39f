"""What has had its time goes, and nothing else: no fact, no document, no event, nothing that still counts."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, insert, select

from access_service.storage import cleaning
from access_service.storage.schema import metadata
from access_service.usecases.organisation.settling import Settling
from world import World

OVER, COUNTS = timedelta(days=-400), timedelta(days=1)
CLEANED = (
    "sessions",
    "denied_tokens",
    "used_assertions",
    "challenges",
    "idempotency_keys",
    "known_sources",
    "jobs",
)


def rows(world: World) -> dict[str, int]:
    with world.services.db.connect() as connection:
        return {
            t.name: connection.execute(select(func.count()).select_from(t)).scalar_one()
            for t in metadata.sorted_tables
        }


def fill(world: World, name: str, number: int, at: datetime) -> None:
    """Rows of a table whose every instant is `at`."""
    found = metadata.tables[name]

    def value(column: Any, n: int) -> Any:
        if column.name.endswith("_at"):
            return at
        return 60 if column.type.python_type is int else f"000-{at:%Y}-{n}"

    with world.services.db.aside() as connection:
        connection.execute(
            insert(found), [{c.name: value(c, n) for c in found.columns if not c.nullable} for n in range(number)]
        )


def test_what_is_over_goes_in_small_steps_and_the_rest_stays(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cleaning, "AT_ONCE", 3)
    now = world.clock.now
    before = rows(world)
    for name in CLEANED:
        fill(world, name, 7, now + OVER)
        fill(world, name, 2, now + COUNTS)
    done = cleaning.clean(world.services.db, now)
    assert {name: done[name] for name in CLEANED} == dict.fromkeys(CLEANED, 7)
    after = rows(world)
    assert {name: after[name] - before[name] for name in CLEANED} == dict.fromkeys(CLEANED, 2)
    assert {n: c for n, c in after.items() if n not in CLEANED} == {
        n: c for n, c in before.items() if n not in CLEANED
    }
    assert cleaning.clean(world.services.db, now) == {}


@pytest.mark.backends("sqlite")
def test_the_periodic_step_cleans_and_makes_no_event(world: World) -> None:
    fill(world, "sessions", 1, world.clock.now + OVER)
    failed: list[str] = []
    before = len(world.log())
    Settling(world.services, 3600, failed.append).round()
    assert (failed, len(world.log())) == ([], before)
    assert "sessions" not in cleaning.clean(world.services.db, world.clock.now)


def test_every_table_with_an_end_is_cleaned_or_kept_for_ever() -> None:
    """A new table of values that expire is named here, or it grows without end."""
    expiring = {t.name for t in metadata.sorted_tables if "expires_at" in t.columns}
    assert expiring - {found.name for _, found, _ in cleaning._over(datetime(2026, 1, 1, tzinfo=UTC))} <= {"codes"}
