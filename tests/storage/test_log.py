"""The log: chained from the first event, in bytes that do not change (RFC 8785, RFC 9162 section 2.1.1)."""

import hashlib
import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import rfc8785
from hypothesis import given
from hypothesis import strategies as st
from samples import WORDS, open_register, person, put, write
from sqlalchemy import select

from access_service.domain.audit import FIRST_FORMAT, FORMAT, GENESIS, Event, Happening
from access_service.domain.names import RegisterId
from access_service.storage import audit
from access_service.storage.tables import EventRow
from access_service.usecases.services import Services

HERE = RegisterId("thu-nghiem")
GOLDEN = Path(__file__).parents[1] / "golden" / "event.json"
GOLDEN_HASH = "7808ef0cda4527699e5218cd89084be9ccbf841eb76a8c8371496c7c399125d4"
GOLDEN_LEAF = "1fef3d60c5f2540ce8cc9c3dd55551afadac531b1b6c550df378c3acd8abf478"
SECOND = GOLDEN.with_name("event-2.json")
SECOND_HASH = "52560dff924bfe9720237e3d64a037dfd6194bb66cea96f7252b730e55540d07"
SECOND_LEAF = "c59f2f81427b9d9866028c6ce0c4c835180571b5499534ec2b0c8e97d72ce04c"


def _golden() -> Event:
    return Event(
        register=HERE,
        seq=7,
        revision=5,
        recorded_at=datetime(2026, 8, 20, 1, 0, 0, 42, tzinfo=UTC),
        actor="acc_0001",
        happening=Happening(
            "grant.propose",
            "grt_0001",
            "refused",
            "wider_than_authority",
            {
                "unit": "0003101",
                "axis": "levels",
                "classes": ["6A", "6B"],
                "bound": 3,
                "note": "“Đ”\n\u007f",
                "by": None,
            },
        ),
        policy="0" * 63 + "1",
        previous="f" * 64,
        format=FIRST_FORMAT,
    )


def test_the_bytes_of_an_event_never_change() -> None:
    event = _golden()
    assert event.canonical() + b"\n" == GOLDEN.read_bytes()
    assert event.hash == GOLDEN_HASH
    assert event.leaf == GOLDEN_LEAF


def _second() -> Event:
    first = _golden()
    happening = replace(first.happening, unit="0003101")
    chained = {"person": "per_0001", "unit_seq": 3, "unit_previous": "e" * 64}
    return replace(first, happening=happening, format=FORMAT, **chained)


def test_the_bytes_of_an_event_of_a_unit_never_change() -> None:
    event = _second()
    assert event.canonical() + b"\n" == SECOND.read_bytes()
    assert (event.hash, event.leaf) == (SECOND_HASH, SECOND_LEAF)
    assert event.hash != GOLDEN_HASH


KEYS = st.text("abcdefghijklmnopqrstuvwxyz_", min_size=1, max_size=8)
WHOLE = st.integers(min_value=-(2**53) + 1, max_value=2**53 - 1)
JSON = st.recursive(
    st.none() | st.booleans() | WHOLE | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=8,
)


@given(details=st.dictionaries(KEYS, JSON, max_size=4), target=WORDS)
def test_the_canonical_bytes_are_those_of_the_standard(details: dict[str, Any], target: str) -> None:
    event = Event(
        HERE,
        1,
        1,
        datetime(2026, 8, 20, tzinfo=UTC),
        "acc_1",
        Happening("a.b", target, details=details),
        "",
        GENESIS,
    )
    assert event.canonical() == rfc8785.dumps(json.loads(event.canonical()))
    assert json.loads(event.canonical())["details"] == details


def test_the_log_is_chained(services: Services) -> None:
    open_register(services.db, HERE)
    write(services, HERE, person("p1", "Hai"), person("p2"))
    services.db.note(HERE, "acc_1", Happening("person.put", "p3", "refused", "forbidden", {"đơn vị": "xã", "n": 1}))
    with services.db.write(HERE, "acc_2") as tx:
        put(tx, person("p4"))
        tx.happened("person.note", "p4", words=["một", "hai"], nothing=None, count=2)
    with services.db.connect() as connection:
        logged = list(audit.events(connection, HERE))
        stored = select(EventRow.leaf).where(EventRow.register_id == HERE).order_by(EventRow.seq)
        leaves = list(connection.scalars(stored))
    previous = GENESIS
    for event, leaf in zip(logged, leaves, strict=True):
        assert event.previous == previous
        assert leaf == hashlib.sha256(b"\x00" + event.canonical()).hexdigest()
        previous = hashlib.sha256(event.canonical()).hexdigest()
    counter = services.db.counter(HERE)
    assert counter is not None
    assert (counter.seq, counter.head) == (len(logged), previous)
    assert [e.happening.action for e in logged] == ["person.put"] * 5 + ["person.note"]


def test_events_are_read_in_pages_and_by_what_they_name(services: Services) -> None:
    open_register(services.db, HERE)
    open_register(services.db, "tinh-khac")
    for n in range(5):
        write(services, HERE, person(f"p{n}"))
    with services.db.connect() as connection:
        assert [e.seq for e in audit.events(connection, HERE, after=2, limit=3)] == [3, 4, 5]
        assert [e.seq for e in audit.events(connection, HERE, wanted=audit.LogFilter(target="p3"))] == [5]
        assert list(audit.events(connection, HERE, wanted=audit.LogFilter(action="grant.propose"))) == []
        assert {e.register for e in audit.events(connection, RegisterId("tinh-khac"))} == {"tinh-khac"}
