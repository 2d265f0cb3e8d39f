"""A unit is dissolved, merged, divided or renamed: a named successor takes its office (rule 9)."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime

from access_service.domain import duties, reorganising
from access_service.domain.delegation import Authority, Grant
from access_service.domain.duties import Hand
from access_service.domain.moves import AuthorityMove, as_hung, children_of, fate_of
from access_service.domain.names import AuthorityId, GrantEnd, UnitId
from access_service.domain.org import (
    Assignment,
    ManagementEdge,
    Succession,
    Unit,
)
from access_service.domain.powers import Power, ends, power, yields
from access_service.domain.succession import (
    Heirs,
    check_passes,
    hand_in_succeeding,
    passing_classes,
    succession_body,
    succession_in,
)
from access_service.domain.time import Interval, local, start_of_day
from access_service.domain.waiting import WaitingAct, WaitingKind
from access_service.usecases.effects import end_custody, end_grants
from access_service.usecases.handover.taking_back import apply_fate
from access_service.usecases.organisation.org import end_duties_of_unit
from access_service.usecases.organisation.passing_papers import PassingPapers
from access_service.usecases.services import Act, Caller, Services, act
from access_service.usecases.waiting import prepare


@power(
    yields(Power.UNIT, Power.AUTHORITY)
    | ends(Power.UNIT, Power.AUTHORITY, Power.OFFICE, Power.GRANT, Power.CUSTODY, Power.ACCOUNT)
)
def succeed_unit(
    services: Services,
    caller: Caller,
    *,
    predecessor: UnitId,
    successor: UnitId,
    basis: str,
    on: date,
    schools: Mapping[UnitId, UnitId] | None = None,
    archive: UnitId | None = None,
) -> Succession | WaitingAct:
    """`successor` takes the office of `predecessor`, which is over from 00:00 of that day (rule 9).

    What the predecessor managed and had handed down passes to the successor, whose authority cites the old one;
    `schools` names the units that pass to another one instead, and then `archive` the one that keeps the papers
    that concern no single unit. A unit that somebody else manages by then is no part of it. Its own staff do not
    pass. Open papers pass to the heir of what they are about. Its classes of open years are mapped to classes of
    the successor under the same codes, for the new duties to name. The unit that manages all of them decides;
    what its officer enters waits until one of its leadership confirms it (ruling A1).
    """
    with act(services, caller, "unit.succeed", predecessor) as doing:
        at = start_of_day(on)
        doing.check_visible(predecessor)
        heirs = Heirs(predecessor, successor, schools or {}, archive)
        if hand_in_succeeding(doing.ground, caller, heirs, at) is Hand.COMPLETES:
            return _pass_office(doing, heirs, basis, at)
        return prepare(
            doing,
            WaitingKind.SUCCEED,
            target=predecessor,
            unit=predecessor,
            office=caller.unit,
            body=succession_body(heirs, on),
            basis=basis,
        )


def enact_succession(doing: Act, found: WaitingAct) -> str:
    """What an officer had prepared was confirmed: every rule is asked again, on that day."""
    heirs, on = succession_in(json.loads(found.body), found.unit)
    at = start_of_day(max(on, local(doing.now).date()))
    manager = reorganising.manager_of_all(doing.ground, heirs.predecessor, heirs.units)
    duties.check_still_releases(found.office, (manager,))
    check_passes(doing.ground, heirs, manager, at)
    return _pass_office(doing, heirs, found.decision_number, at).id


def _pass_office(doing: Act, heirs: Heirs, basis: str, at: datetime) -> Succession:
    """Everything of the unit goes to its heirs; every rule has let it pass."""
    predecessor, successor, schools = heirs.predecessor, heirs.successor, heirs.named
    old, new = doing.require_unit(predecessor), doing.require_unit(successor)
    papers = PassingPapers(doing, heirs)
    doing.tx.put(
        Succession(doing.new_id("suc"), predecessor, successor, basis, at, heirs.archive, heirs.readers),
        replace(old, valid_to=doing.now),
    )
    _pass_units(doing, predecessor, successor, basis, schools)
    doing.refresh()
    papers.over()
    for unit in sorted(schools):
        fate = fate_of(doing.ground, unit, doing.now, basis=basis, new_id=doing.new_id)
        # What waits for a signature passes with its paper, below.
        cut = (c for c in fate.cut if c.grant.activated_at or c.grant.document not in papers.passing)
        apply_fate(doing, replace(fate, cut=tuple(cut)), doing.now, by=predecessor)
    _pass_authorities(doing, predecessor, new, basis)
    papers.passed()
    mapped = _map_classes(doing, old, new)
    end_duties_of_unit(doing, predecessor, doing.now)
    custody = doing.custody_of(predecessor)
    if custody is not None:
        end_custody(doing, custody)
    doing.tx.happened(
        "unit.succeed", predecessor, unit=predecessor, successor=successor, classes=mapped, **_named(schools)
    )
    return doing.tx.find(Succession, predecessor=predecessor)[0]


def _named(schools: Mapping[UnitId, UnitId]) -> dict[str, dict[str, str]]:
    return {"schools": {str(k): str(v) for k, v in schools.items()}} if schools else {}


def _pass_units(
    doing: Act, predecessor: UnitId, successor: UnitId, basis: str, schools: Mapping[UnitId, UnitId]
) -> None:
    for edge in doing.tx.find(ManagementEdge, manager=predecessor):
        if edge.valid_to is not None and edge.valid_to <= doing.now:
            continue
        heir = schools.get(edge.unit, successor)
        if edge.valid_from > doing.now:
            doing.tx.put(replace(edge, manager=heir))
            continue
        doing.tx.put(replace(edge, valid_to=doing.now))
        doing.tx.put(ManagementEdge(doing.new_id("edg"), edge.unit, heir, basis, doing.now, edge.valid_to))
    for edge in doing.tx.find(ManagementEdge, unit=predecessor):
        if doing.now in Interval(edge.valid_from, edge.valid_to):
            doing.tx.put(replace(edge, valid_to=doing.now))


def _pass_authorities(doing: Act, predecessor: UnitId, successor: Unit, basis: str) -> None:
    """The successor's authority cites the old one; what was handed down to units stands under it."""
    for old in doing.tx.find(Authority, unit=predecessor):
        if doing.now not in old.interval:
            continue
        new = replace(
            as_hung(old, doing.tx.find(AuthorityMove, authority=old.id), doing.now),
            id=AuthorityId(doing.new_id("aut")),
            unit=successor.id,
            scope=replace(old.scope, unit=successor.id),
            valid_from=doing.now,
            succeeds=old.id,
        )
        doing.tx.put(new, replace(old, valid_to=doing.now))
        for child in children_of(doing.tx, old.id, doing.now):
            doing.tx.put(AuthorityMove(doing.new_id("amv"), child.id, new.id, basis, doing.now))
        for grant in doing.tx.find(Grant, authority=old.id):
            if grant.ended_at is not None:
                continue
            duty = doing.tx.require(Assignment, grant.assignment) if grant.assignment else None
            if duty is None or duty.unit == predecessor:
                end_grants(doing, [grant], GrantEnd.UNIT_ENDED)
            else:
                doing.tx.put(replace(grant, authority=new.id))
        doing.tx.happened("authority.succeed", new.id, unit=new.unit, succeeds=old.id)


def _map_classes(doing: Act, old: Unit, new: Unit) -> dict[str, str]:
    """Old class to new, for the school years that are still open; the old ones end now."""
    mapped: dict[str, str] = {}
    for found, id_ in passing_classes(doing.ground, old, new):
        doing.tx.put(
            replace(found, valid_to=doing.now),
            replace(found, id=id_, school=new.id, valid_from=doing.now),
        )
        mapped[found.id] = id_
    return mapped
