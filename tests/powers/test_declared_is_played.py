"""Declared equals played: what an edge says of a pair is what the act does, for every pair of every golden state.

The edges stand in `domain.edges`. Each pair of an account and what it could act upon is asked there, and the act is
rehearsed on the real use case: both sets are the same, the pairs that are not declared included.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from access_service.domain import edges
from access_service.domain.accounts import Account, Suspension
from access_service.domain.delegation import Authority
from access_service.domain.errors import AccessServiceError
from access_service.domain.names import AccountKind, SuspendableKind
from access_service.domain.org import Unit
from access_service.usecases import delegation, leaving, recoveries
from access_service.usecases.services import Caller, Services, rehearse
from powers.factors import SHOWN, factor_shown
from powers.oracle import Seen, entering, see
from powers.states import STATES, States, second_factor
from world import PASSWORD, World

Pair = tuple[str, str, str]
Act = Callable[[Services, Caller], object]


@pytest.fixture(scope="module")
def states(tmp_path_factory: pytest.TempPathFactory) -> States:
    return States(tmp_path_factory.mktemp("declared"))


def _pairs(seen: Seen, holder: Caller) -> Iterator[tuple[str, str, bool, Act]]:
    """Every act upon every target: its name, the target, what the edge says, and the act."""
    ground = seen.ground
    for kind, target in _stoppable(seen):
        yield f"suspend {kind}", target.id, edges.may_suspend(ground, holder, target), _suspending(kind, target.id)
    for account in _accounts(seen):
        yield "recover", account.id, edges.may_recover(ground, holder, account), _recovering(account.id)
    for grant in seen.state.working.values():
        yield "revoke", grant.id, edges.may_revoke(ground, holder, grant), _revoking(grant.id)
    for unit in sorted(seen.state.custody):
        yield "take back", unit, edges.may_take_back_custody(ground, holder, unit), _taking_back(unit)
    for duty in sorted(seen.state.duties, key=lambda d: d.id):
        yield "end duty", duty.id, edges.may_end_duty(ground, holder, duty), _ending(seen, duty.id)


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


def _is_played(world: World, caller: Caller, act: Act) -> bool:
    try:
        with factor_shown():
            rehearse(world.services, lambda services: act(services, caller))
    except AccessServiceError:
        return False
    return True


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
        for act, target, is_declared, play in _pairs(seen, caller):
            pair = (account.username, act, target)
            asked += 1
            if is_declared:
                declared.add(pair)
            if _is_played(world, caller, play):
                played.add(pair)
    world.services.db.close()
    assert declared - played == set()
    assert played - declared == set()
    assert asked > 500
    assert len(declared) > 50
