"""An insider with the database rewrites the log: what each of them overlooks, and what only a kept line shows."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import delete, insert, update

from access_service.domain.audit import GENESIS, Event
from access_service.domain.names import GrantId
from access_service.storage import appending, tables
from access_service.usecases.handover import delegation
from access_service.usecases.upkeep.verifying import verify_register
from world import REGISTER, SCHOOL, World, hire_homeroom, homeroom_line

Chains = dict[str, tuple[int, str]]


@pytest.fixture
def revoked(school_world: World) -> World:
    """A right was taken back, and somebody would like that nobody had done it."""
    teacher = hire_homeroom(school_world)
    [grant] = school_world.hand_over(SCHOOL, teacher, homeroom_line(school_world, teacher)).grants
    delegation.revoke_grant(
        school_world.services, school_world.admins[SCHOOL], GrantId(grant.id), reason="Không còn chủ nhiệm"
    )
    school_world.hire("văn thư", SCHOOL, "clerk", SCHOOL)
    return school_world


def rewrite(world: World, left_out: str, *, units_too: bool) -> None:
    """Every event but those of one action, numbered and chained anew, with all that hangs on the chain."""
    chains: Chains = {}
    seq, head, heads, rows = 0, GENESIS, dict[int, str](), list[dict[str, object]]()
    for old in world.log():
        if old.happening.action == left_out:
            continue
        seq += 1
        event = replace(old, seq=seq, previous=head)
        if units_too:
            event = _in_unit(event, chains)
        head = event.hash
        chains[event.happening.unit] = (event.unit_seq, head)
        heads[event.revision] = head
        rows.append(appending._row(event, event.leaf))
    events, counters, revisions, units = (
        tables.table(row) for row in (tables.EventRow, tables.CounterRow, tables.RevisionRow, tables.UnitChainRow)
    )
    with world.services.db.engine.begin() as connection:
        connection.execute(delete(events))
        connection.execute(insert(events), rows)
        connection.execute(update(counters).values(seq=seq, head=head))
        for revision, last in heads.items():
            connection.execute(update(revisions).where(revisions.c.n == revision).values(head=last))
        for unit, (n, last) in chains.items():
            connection.execute(update(units).where(units.c.unit == unit).values(n=n, head=last))


def _in_unit(event: Event, chains: Chains) -> Event:
    n, head = chains.get(event.happening.unit, (0, GENESIS))
    return replace(event, unit_seq=n + 1, unit_previous=head)


def test_whoever_takes_one_event_out_and_makes_the_chain_anew_breaks_the_units_chain(revoked: World) -> None:
    rewrite(revoked, "grant.revoke", units_too=False)
    told = [str(f) for f in verify_register(revoked.services.db, REGISTER).findings]
    assert [line for line in told if f"in the chain of `{SCHOOL}` it does not follow number" in line]
    assert not [line for line in told if "its hash is another" in line], "the chain of the register is whole"


def test_whoever_makes_both_chains_anew_is_seen_by_whoever_kept_one_line_of_the_unit(revoked: World) -> None:
    """Within itself the forged log is whole; that is why checkpoints, and lines of a dossier, lie elsewhere."""
    kept = [e for e in revoked.log() if e.happening.unit == SCHOOL][-1]
    rewrite(revoked, "grant.revoke", units_too=True)
    assert verify_register(revoked.services.db, REGISTER).findings == ()
    now = {e.unit_seq: e.hash for e in revoked.log() if e.happening.unit == SCHOOL}
    assert now.get(kept.unit_seq) != kept.hash


def test_whoever_gives_an_act_to_somebody_else_changes_its_hash(revoked: World) -> None:
    """The person stands in what is hashed, beside the account."""
    table = tables.table(tables.EventRow)
    with revoked.services.db.engine.begin() as connection:
        connection.execute(update(table).where(table.c.action == "grant.revoke").values(person="per_x"))
    [seq] = [e.seq for e in revoked.log() if e.happening.action == "grant.revoke"]
    places = [f.place for f in verify_register(revoked.services.db, REGISTER).findings]
    assert f"event {seq}" in places
