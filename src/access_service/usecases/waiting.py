"""What every act does that waits for a second person: prepare it, tell whom it concerns, end the waiting."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

from access_service.domain.delegation import LEADERS
from access_service.domain.names import PersonId, UnitId
from access_service.domain.org import Assignment
from access_service.domain.waiting import Outcome, WaitingAct, WaitingKind, WrittenDecision
from access_service.usecases.services import Act, ReadView


def leaders_of(seen: ReadView, unit: UnitId) -> list[PersonId]:
    """Who leads a unit now."""
    positions = seen.pack_for(unit).positions
    return sorted(
        {
            duty.person
            for duty in seen.reader.find(Assignment, unit=unit)
            if seen.now in duty.interval
            and (position := positions.get(duty.position)) is not None
            and position.rank in LEADERS
        }
    )


def prepare(
    doing: Act,
    kind: WaitingKind,
    *,
    target: str,
    unit: UnitId,
    office: UnitId,
    body: Mapping[str, Any],
    decision: WrittenDecision | None = None,
    person: PersonId | None = None,
    operator: str | None = None,
    reason: str | None = None,
    basis: str = "",
) -> WaitingAct:
    """Keep an act that does nothing until it is confirmed; the event names everybody who leads the office.

    `basis` is the number of the decision, where nothing else is known of it.
    """
    act = WaitingAct(
        id=doing.new_id("wai"),
        kind=kind,
        target=target,
        unit=unit,
        office=office,
        body=json.dumps(body, ensure_ascii=False, sort_keys=True, separators=(",", ":")),
        person=person,
        decision_number=basis if decision is None else decision.number,
        decision_date=None if decision is None else decision.dated,
        issuer=None if decision is None else decision.issuer,
        decision_sha256=None if decision is None else decision.sha256,
        reason=reason,
        prepared_by=None if doing.caller is None else doing.caller.person,
        operator=operator,
        lapses_at=doing.now + timedelta(days=doing.pack_for(office).number("document_lapse_days")),
        valid_from=doing.now,
    )
    doing.tx.put(act)
    details = {"kind": str(kind), "about": target, "told": leaders_of(doing, office)}
    said = {"decision": act.decision_number, "sha256": act.decision_sha256, "operator": operator}
    doing.tx.happened("waiting.prepare", act.id, unit=unit, **details, **{k: v for k, v in said.items() if v})
    doing.tx.touches()
    return act


def close(
    doing: Act, act: WaitingAct, outcome: Outcome, by: str, *, result: str | None = None, body: str | None = None
) -> WaitingAct:
    """End the waiting of an act; the event names everybody who leads the office."""
    done = replace(
        act,
        valid_to=doing.now,
        outcome=outcome,
        ended_by=by,
        result=result,
        body=act.body if body is None else body,
    )
    doing.tx.put(done)
    action = "waiting.confirm" if outcome is Outcome.CONFIRMED else "waiting.decline"
    doing.tx.happened(action, act.id, unit=act.unit, kind=str(act.kind), by=by, told=leaders_of(doing, act.office))
    doing.tx.touches()
    return done
