"""A unit gets another direct manager, with all that follows for what was handed down (rules 1, 3; ruling H)."""

import json
from datetime import date

from access_service.domain import duties
from access_service.domain.duties import Hand
from access_service.domain.moves import fate_of
from access_service.domain.names import UnitId
from access_service.domain.org import ManagementEdge
from access_service.domain.powers import Power, ends, power, yields
from access_service.domain.reorganising import Move, common_manager, edges_moving, hand_in_moving
from access_service.domain.time import local
from access_service.domain.waiting import WaitingAct, WaitingKind
from access_service.usecases.handover.taking_back import apply_fate
from access_service.usecases.services import Act, Caller, Services, act
from access_service.usecases.waiting import prepare


@power(yields(Power.UNIT, Power.AUTHORITY) | ends(Power.GRANT, Power.AUTHORITY))
def change_manager(
    services: Services, caller: Caller, *, unit: UnitId, manager: UnitId, basis: str, on: date
) -> ManagementEdge | WaitingAct:
    """Another unit becomes the direct manager from 00:00 of a day; a unit above both decides.

    The manager appoints the head: what an officer enters waits until one of the leadership confirms it (ruling A1).
    """
    with act(services, caller, "unit.change_manager", unit) as doing:
        doing.check_visible(unit)
        move = Move(unit, manager, basis, on)
        if hand_in_moving(doing.ground, caller, move) is Hand.COMPLETES:
            return _move(doing, move)
        body = {"manager": manager, "on": on.isoformat()}
        return prepare(doing, WaitingKind.MOVE, target=unit, unit=unit, office=caller.unit, body=body, basis=basis)


def enact_move(doing: Act, found: WaitingAct) -> str:
    """What an officer had prepared was confirmed: every rule is asked again; it moves today at the earliest."""
    said = json.loads(found.body)
    on = max(date.fromisoformat(said["on"]), local(doing.now).date())
    move = Move(found.unit, UnitId(said["manager"]), found.decision_number, on)
    duties.check_still_releases(found.office, (common_manager(doing.ground, move.unit, move.manager),))
    return _move(doing, move).id


def _move(doing: Act, move: Move) -> ManagementEdge:
    """The edges change, and what then lies outside its giver's authority ends or passes."""
    ended, edge = edges_moving(doing.ground, move, doing.new_id("edg"))
    doing.tx.put(*ended, edge)
    doing.tx.happened("unit.change_manager", move.unit, unit=move.unit, manager=move.manager)
    doing.refresh()
    fate = fate_of(doing.ground, move.unit, edge.valid_from, basis=move.basis, new_id=doing.new_id)
    apply_fate(doing, fate, edge.valid_from, by=edge.id)
    return edge
