"""Declared equals played: what an edge says of a pair is what the act does, for every pair of every golden state.

The edges stand in `domain.edges`. Each pair of an account and what it could act upon is asked there, and the act is
rehearsed on the real use case: both sets are the same, the pairs that are not declared included.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from access_service.domain import edges
from access_service.domain.accounts import Account, Suspension
from access_service.domain.acting import operated_by
from access_service.domain.appointing import may_appoint
from access_service.domain.delegation import Authority
from access_service.domain.duties import Hand, hand_in_releasing
from access_service.domain.errors import AccessServiceError, RefusedError
from access_service.domain.names import AccountKind, AssignmentId, Rank, SuspendableKind
from access_service.domain.org import Person, Unit
from access_service.domain.recovery import Recovery
from access_service.domain.reorganising import Move, may_move
from access_service.domain.succession import Heirs, may_succeed
from access_service.domain.time import local, start_of_day
from access_service.domain.waiting import WaitingAct
from access_service.usecases.handover import delegation
from access_service.usecases.identity import recoveries
from access_service.usecases.organisation import leaving, moving, org, succession
from access_service.usecases.organisation.org import Duty
from access_service.usecases.services import Caller, Services, rehearse
from powers.factors import SHOWN, factor_shown
from powers.oracle import Seen, entering, see
from powers.remembering import facts_remembered
from powers.states import STATES, States, second_factor
from world import PASSWORD, World

Pair = tuple[str, str, str, Hand]
Act = Callable[[Services, Caller], object]


@pytest.fixture(scope="module")
def states(tmp_path_factory: pytest.TempPathFactory) -> Iterator[States]:
    with facts_remembered():
        yield States(tmp_path_factory.mktemp("declared"))


def _pairs(seen: Seen, holder: Caller) -> Iterator[tuple[str, str, Hand | None, Act]]:
    """Every act upon every target: its name, the target, how far the edge says that it goes, and the act."""
    for act, target, may, play in _alone(seen, holder):
        yield act, target, Hand.COMPLETES if may else None, play
    for duty in sorted(seen.state.duties, key=lambda d: d.id):
        hand = None
        if edges.may_end_duty(seen.ground, holder, duty):
            hand = hand_in_releasing(seen.ground, operated_by(holder), duty)
        yield "end duty", duty.id, hand, _ending(seen, duty.id)
    for duty in _duties(seen):
        hand = may_appoint(seen.ground, holder, duty.assignment(AssignmentId("")), duty.replaces)
        target = f"{duty.person}: {duty.position} of {duty.unit} for {duty.replaces}"
        yield "appoint", target, hand, _appointing(duty)
    today = local(seen.now).date()
    for move in _moves(seen, today):
        hand = may_move(seen.ground, holder, move)
        yield "move", f"{move.unit} under {move.manager}", hand, _moving(move)
    for heirs in _heirs(seen):
        hand = may_succeed(seen.ground, holder, heirs, start_of_day(today))
        yield "succeed", f"{heirs.predecessor} by {heirs.successor}", hand, _succeeding(heirs, today)


def _alone(seen: Seen, holder: Caller) -> Iterator[tuple[str, str, bool, Act]]:
    """What nobody else confirms."""
    ground = seen.ground
    for kind, target in _stoppable(seen):
        yield f"suspend {kind}", target.id, edges.may_suspend(ground, holder, target), _suspending(kind, target.id)
    for account in _accounts(seen):
        yield "recover", account.id, edges.may_recover(ground, holder, account), _recovering(account.id)
    for grant in seen.state.working.values():
        yield "revoke", grant.id, edges.may_revoke(ground, holder, grant), _revoking(grant.id)
    for unit in sorted(seen.state.custody):
        yield "take back", unit, edges.may_take_back_custody(ground, holder, unit), _taking_back(unit)
    for recovery in seen.of(Recovery):
        for in_person in (False, True):
            may = edges.may_approve_recovery(ground, holder, recovery, in_person=in_person)
            yield "approve" + " in person" * in_person, recovery.id, may, _approving(recovery.id, in_person)
        yield "stop", recovery.id, edges.may_stop_recovery(ground, holder, recovery), _stopping(recovery.id)


def _duties(seen: Seen) -> Iterator[Duty]:
    """Of every kind, in every unit: a new head for the one there, somebody else who signs, somebody else."""
    people = sorted(p.id for p in seen.of(Person))
    for unit in sorted(seen.state.chains):
        try:
            positions = seen.ground.pack_for(unit).positions
        except RefusedError:
            continue
        kind = next(u.kind for u in seen.of(Unit) if u.id == unit)
        fitting = [p for p in positions.values() if kind in p.unit_kinds]
        heads = seen.state.heads.get(unit, frozenset())
        held = [d.id for d in sorted(seen.state.duties, key=lambda d: d.id) if d.unit == unit and d.person in heads]
        for number, wanted in enumerate((Rank.HEAD, Rank.DEPUTY, Rank.STAFF)):
            position = next((p.id for p in fitting if p.rank is wanted), None)
            if position is not None:
                replaces = held[0] if held and wanted is Rank.HEAD else None
                yield Duty(
                    person=people[(number * 5 + len(unit)) % len(people)],
                    unit=unit,
                    position=position,
                    decision_number="000/QĐ",
                    decision_date=date(2026, 8, 1),
                    valid_from=seen.now,
                    replaces=replaces,
                )


def _heirs(seen: Seen) -> Iterator[Heirs]:
    """Each unit by another one of the same manager, or where there is none by a stranger."""
    chains = seen.state.chains
    for unit in sorted(chains):
        others = sorted(u for u in chains if u != unit)
        beside = [u for u in others if chains[u][1:] == chains[unit][1:]]
        yield Heirs(unit, (beside or others)[0], {})


def _moves(seen: Seen, on: date) -> Iterator[Move]:
    """Each unit under the first one that is not above it already, its own included: a circle."""
    for unit, chain in sorted(seen.state.chains.items()):
        others = sorted(u for u in seen.state.chains if u not in chain)
        yield from (Move(unit, other, "11/QĐ", on) for other in others[:1])


def _accounts(seen: Seen) -> list[Any]:
    return [a for a in seen.of(Account) if a.kind is not AccountKind.SERVICE]


def _stoppable(seen: Seen) -> Iterator[tuple[SuspendableKind, Any]]:
    """What stands and is not stopped."""
    stopped = {s.target for s in seen.of(Suspension) if seen.now in s.interval}
    found = (
        (SuspendableKind.ACCOUNT, _accounts(seen)),
        (SuspendableKind.GRANT, list(seen.state.working.values())),
        (SuspendableKind.UNIT, [u for u in seen.of(Unit) if u.valid_to is None]),
        (SuspendableKind.AUTHORITY, [a for a in seen.of(Authority) if seen.now in a.interval]),
    )
    for kind, targets in found:
        yield from ((kind, target) for target in targets if target.id not in stopped)


def _suspending(kind: SuspendableKind, target: str) -> Act:
    return lambda s, c: delegation.suspend(s, c, kind=kind, target=target, reason="thử")


def _recovering(target: Any) -> Act:
    return lambda s, c: recoveries.ask_recovery(s, c, target, password=PASSWORD, second=SHOWN)


def _revoking(target: Any) -> Act:
    return lambda s, c: delegation.revoke_grant(s, c, target, reason="thử")


def _taking_back(target: Any) -> Act:
    return lambda s, c: leaving.take_back_custody(s, c, target)


def _ending(seen: Seen, target: Any) -> Act:
    on = (seen.now + timedelta(hours=7)).date() + timedelta(days=1)
    return lambda s, c: leaving.end_duty(s, c, target, on=on, decision_number="09/QĐ")


def _approving(target: str, in_person: bool) -> Act:
    slip = {"slip": "07/PCL"} if in_person else {}
    return lambda s, c: recoveries.approve_recovery(s, c, target, password=PASSWORD, **slip)


def _stopping(target: str) -> Act:
    return lambda s, c: recoveries.stop_recovery(s, c, target, reason="thử")


def _appointing(duty: Duty) -> Act:
    return lambda s, c: org.assign_duty(s, c, duty)


def _succeeding(heirs: Heirs, on: date) -> Act:
    return lambda s, c: succession.succeed_unit(
        s, c, predecessor=heirs.predecessor, successor=heirs.successor, basis="10/QĐ", on=on
    )


def _moving(move: Move) -> Act:
    return lambda s, c: moving.change_manager(
        s, c, unit=move.unit, manager=move.manager, basis=move.basis, on=move.on
    )


def _played(world: World, caller: Caller, act: Act) -> Hand | None:
    """How far the act goes on the real use case; it is undone."""
    try:
        with factor_shown():
            done = rehearse(world.services, lambda services: act(services, caller))
    except AccessServiceError:
        return None
    return Hand.PREPARES if isinstance(done.answer, WaitingAct) else Hand.COMPLETES


@pytest.mark.parametrize("name", sorted(STATES))
def test_every_declared_edge_is_played_and_no_other(
    states: States, tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = states(name).open(tmp_path)
    monkeypatch.setattr(world.services.db, "refuse", lambda *_: None)
    seen = see(world.services, world.register)
    declared: set[Pair] = set()
    played: set[Pair] = set()
    asked = 0
    for account in seen.of(Account):
        if account.kind is AccountKind.SERVICE:
            continue
        second_factor(world, account.id)
        caller = entering(world.services, world.register, account.id)
        if caller is None:
            continue
        for act, target, hand, play in _pairs(seen, caller):
            pair = (account.username, act, target)
            asked += 1
            if hand is not None:
                declared.add((*pair, hand))
            done = _played(world, caller, play)
            if done is not None:
                played.add((*pair, done))
    world.services.db.close()
    assert declared - played == set()
    assert played - declared == set()
    assert asked > 500
    assert len(declared) > 50
