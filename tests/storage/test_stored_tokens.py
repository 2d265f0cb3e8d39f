"""What is stored of tokens, on both databases: single ones that were revoked, assertions that were used."""

from __future__ import annotations

from datetime import timedelta

from access_service.storage.tokens import changes_after, changes_since, deny, read_denied, use_once
from world import World


def test_a_revoked_token_is_remembered_until_it_would_have_expired(world: World) -> None:
    db, now = world.services.db, world.clock.now
    with db.engine.begin() as connection:
        for _ in range(2):
            deny(connection, world.register, "000-a", now + timedelta(seconds=5), now)
    with db.connect() as connection:
        assert read_denied(connection, world.register, now) == {"000-a": now + timedelta(seconds=5)}
        assert read_denied(connection, world.register, now + timedelta(seconds=5)) == {}
    later = now + timedelta(seconds=6)
    with db.engine.begin() as connection:
        deny(connection, world.register, "000-b", later + timedelta(seconds=5), later)
    with db.connect() as connection:
        assert set(read_denied(connection, world.register, now)) == {"000-b"}


def test_an_assertion_is_used_once_while_it_lasts(world: World) -> None:
    db, now = world.services.db, world.clock.now
    until = now + timedelta(seconds=60)
    assert use_once(db, "000-a", until, now)
    assert not use_once(db, "000-a", until, now)
    assert use_once(db, "000-b", until, now)
    later = until + timedelta(seconds=1)
    assert use_once(db, "000-c", later + timedelta(seconds=60), later)
    assert use_once(db, "000-a", later + timedelta(seconds=60), later)


def test_changes_are_read_from_the_newest_back_to_an_instant(world: World) -> None:
    db, before = world.services.db, world.clock.now
    counter = db.counter(world.register)
    assert counter is not None
    world.clock.forward(seconds=10)
    for number in range(3):
        with db.write(world.register, "thử") as tx:
            tx.happened("test", str(number))
            if number == 1:
                tx.touches_everybody()
            else:
                tx.touches(world.people["director"].account)
    with db.connect() as connection:
        found = changes_since(connection, world.register, before)
        assert found == changes_after(connection, world.register, counter.revision)
        assert [c.revision - counter.revision for c in found] == [1, 2, 3]
        assert [c.accounts for c in found] == [
            {world.people["director"].account},
            None,
            {world.people["director"].account},
        ]
        assert len(changes_since(connection, world.register, before - timedelta(days=1))) == counter.revision + 3
        assert changes_since(connection, world.register, world.clock.now) == []
