"""Each event stands in the chain of one unit too: dense numbers from 1, each naming the unit's event before it."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from contextlib import suppress
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from samples import open_register, person, put
from sqlalchemy import column, insert, table, text
from sqlalchemy.exc import IntegrityError

from access_service.domain.audit import BESIDE, FIRST_FORMAT, GENESIS, MOST_BYTES, Doer, Event, Happening
from access_service.domain.names import RegisterId
from access_service.signing.passkeys import Passkey
from access_service.storage import audit, migrate
from access_service.storage.connecting import make_engine
from access_service.storage.db import Database
from access_service.storage.schema import metadata
from access_service.usecases.services import Services
from access_service.usecases.upkeep.verifying import verify_register

HERE = RegisterId("thu-nghiem")
ROOT, SCHOOLS = "00031", ("0003101", "0003102", "0003103")


def _log(db: Database) -> list[Event]:
    with db.connect() as connection:
        return list(audit.events(connection, HERE, limit=100_000))


def _check_chains(log: list[Event]) -> dict[str, int]:
    """Every unit's events follow one another; how many each has."""
    at: dict[str, tuple[int, str]] = defaultdict(lambda: (0, GENESIS))
    for event in log:
        unit = event.happening.unit
        n, head = at[unit]
        assert (event.unit_seq, event.unit_previous) == (n + 1, head)
        at[unit] = (event.unit_seq, hashlib.sha256(event.canonical()).hexdigest())
    return {unit: n for unit, (n, _) in at.items()}


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(acts=st.lists(st.lists(st.sampled_from((*SCHOOLS, "")), min_size=1, max_size=4), min_size=1, max_size=4))
def test_every_units_chain_is_dense_whatever_order_they_act_in(services: Services, acts: list[list[str]]) -> None:
    if services.db.counter(HERE) is None:
        open_register(services.db, HERE)
    before = len(_log(services.db))
    for units in acts:
        with services.db.write(HERE, "operator") as tx:
            for unit in units:
                tx.happened("person.put", "p1", unit=unit)
    log = _log(services.db)
    _check_chains(log)
    assert [e.happening.unit for e in log[before:]] == [unit or ROOT for units in acts for unit in units]


def test_what_is_noted_without_a_revision_stands_in_the_same_chain(services: Services) -> None:
    open_register(services.db, HERE)
    doer = Doer("acc_1", "per_1", SCHOOLS[0])
    services.db.note(HERE, doer, Happening("matrix.export", SCHOOLS[1], unit=SCHOOLS[1]))
    services.db.note(HERE, doer, Happening("grant.revoke", "grn_1", "refused", "forbidden"))
    with services.db.note_everywhere("operator", Happening("key.rotate", "k")):
        pass
    log = _log(services.db)
    assert _check_chains(log) == {ROOT: 2, SCHOOLS[1]: 1, SCHOOLS[0]: 1}
    assert [e.person for e in log] == [None, "per_1", "per_1", None]
    assert verify_register(services.db, HERE).findings == ()


def _write_and_fail(services: Services) -> None:
    with services.db.write(HERE, "operator") as tx:
        tx.happened("unit.note", SCHOOLS[0], unit=SCHOOLS[0])
        tx.finish()
        raise InterruptedError


def test_a_write_that_is_undone_leaves_no_gap_in_any_chain(services: Services) -> None:
    open_register(services.db, HERE)
    for _ in range(2):
        with suppress(InterruptedError):
            _write_and_fail(services)
        with services.db.write(HERE, "operator") as tx:
            tx.happened("unit.note", SCHOOLS[0], unit=SCHOOLS[0])
    assert _check_chains(_log(services.db)) == {ROOT: 1, SCHOOLS[0]: 2}


def test_two_events_of_one_unit_never_have_one_number(services: Services) -> None:
    """Also where a program would write them: the database refuses it."""
    open_register(services.db, HERE)
    moved = text("UPDATE unit_chains SET n = 0")
    with services.db.aside() as connection:
        connection.execute(moved)
    with pytest.raises(IntegrityError), services.db.write(HERE, "operator") as tx:
        put(tx, person("p2"))


LARGE = {"codes": [f"{'đ' * 40}{n}" for n in range(1000)], "n": 1}


def test_details_that_are_too_large_stand_beside_their_event(services: Services) -> None:
    open_register(services.db, HERE)
    with services.db.write(HERE, "operator") as tx:
        tx.happened("unit.succeed", "a", **LARGE)
        tx.happened("unit.succeed", "b", codes=[])
    _, large, small = _log(services.db)
    assert large.happening.details == LARGE
    assert small.happening.details == {"codes": []}
    said = json.dumps(LARGE, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
    assert json.loads(large.canonical())["details"] == BESIDE + hashlib.sha256(said).hexdigest()
    assert len(large.canonical()) < MOST_BYTES < len(said)
    assert verify_register(services.db, HERE).findings == ()


@pytest.mark.parametrize(
    "act", ["DELETE FROM event_details", "UPDATE event_details SET details = '{\"codes\":[]}'"]
)
def test_details_beside_an_event_that_go_or_change_are_found(services: Services, act: str) -> None:
    open_register(services.db, HERE)
    with services.db.write(HERE, "operator") as tx:
        tx.happened("unit.succeed", "a", **LARGE)
    with services.db.aside() as connection:
        connection.execute(text(act))
    found = [str(finding) for finding in verify_register(services.db, HERE).findings]
    assert found == ["event 2: its details, kept beside it, are gone or were changed"]


@pytest.mark.parametrize(
    ("act", "named"),
    [
        ("UPDATE unit_chains SET n = n + 1 WHERE unit = '0003101'", "unit 0003101"),
        ("DELETE FROM unit_chains WHERE unit = '0003101'", "unit 0003101"),
        ("UPDATE events SET unit_seq = 9 WHERE seq = 3", "event 3"),
        ("UPDATE events SET unit = '0003102' WHERE seq = 3", "event 3"),
        ("UPDATE events SET person = 'per_x' WHERE seq = 3", "event 3"),
    ],
)
def test_a_chain_that_was_meddled_with_is_found(services: Services, act: str, named: str) -> None:
    open_register(services.db, HERE)
    for _ in range(2):
        with services.db.write(HERE, "operator") as tx:
            tx.happened("unit.note", SCHOOLS[0], unit=SCHOOLS[0])
    with services.db.aside() as connection:
        connection.execute(text(act))
    assert named in {finding.place for finding in verify_register(services.db, HERE).findings}


def test_events_of_before_stay_as_they_are_and_chains_begin_at_the_upgrade(
    blank_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Schema 0020: the log of the first format goes on in the second; passkeys in use are named by their keys."""
    newest, when = migrate.HEAD, datetime(2026, 8, 20, tzinfo=UTC)
    monkeypatch.setattr(migrate, "HEAD", "0019")
    migrate.upgrade(blank_url)
    first = Event(
        *(HERE, 1, 1, when, "operator", Happening("register.init", HERE, details={"unit": ROOT}), "", GENESIS),
        format=FIRST_FORMAT,
    )
    old = ("register_id", "seq", "revision", "recorded_at", "actor", "action", "target", "outcome", "details")
    passkey = Passkey("Y3JlZA", "pQECAyYgASFYIA", 3)
    engine = make_engine(blank_url)
    with engine.begin() as connection:
        for name, row in (
            ("registers", {"id": HERE, "root": ROOT, "created_at": when, "demo": False}),
            ("counters", {"register_id": HERE, "n": 1, "seq": 1, "head": first.hash, "recorded_at": when}),
            ("revisions", {"register_id": HERE, "n": 1, "recorded_at": when, "head": first.hash}),
            (
                "events",
                dict(zip(old, (HERE, 1, 1, when, "operator", "register.init", HERE, "done"), strict=False))
                | {"details": f'{{"unit":"{ROOT}"}}', "policy": "", "previous": GENESIS, "leaf": first.leaf},
            ),
            (
                "accounts",
                {"register_id": HERE, "id": "acc_1", "from_rev": 1, "kind": "admin", "unit": ROOT}
                | {"username": "a", "valid_from": when},
            ),
            *(
                (
                    "second_factors",
                    {"register_id": HERE, "id": id_, "account": "acc_1", "kind": kind, "secret": passkey.public_key}
                    | {"credential": passkey.credential if kind == "passkey" else None, "counter": 0}
                    | {"created_at": when, "confirmed_at": when},
                )
                for id_, kind in (("fac_1", "passkey"), ("fac_2", "totp"))
            ),
        ):
            into = table(name, *(column(c, metadata.tables[name].c[c].type) for c in row))
            connection.execute(insert(into), [row])
    monkeypatch.setattr(migrate, "HEAD", newest)
    migrate.upgrade(blank_url)
    db = Database(blank_url, lambda: datetime(2040, 1, 1, tzinfo=UTC))
    with db.write(HERE, "operator") as tx:
        put(tx, person("p1"))
    before, known, after = _log(db)
    assert (before.canonical(), before.format) == (first.canonical(), FIRST_FORMAT)
    assert known.happening == Happening(
        "factor.known",
        "acc_1",
        details={"factor": "fac_1", "credential": passkey.credential, "key_sha256": passkey.key_sha256},
        unit=ROOT,
    )
    assert _check_chains([known, after]) == {ROOT: 2}
    assert verify_register(db, HERE).findings == ()
    with db.connect() as connection:
        kept = connection.execute(text("SELECT id, public FROM public_keys WHERE purpose = 'passkey'")).all()
    assert [tuple(row) for row in kept] == [(passkey.key_sha256, passkey.key_hex)]
    db.close()
    engine.dispose()
