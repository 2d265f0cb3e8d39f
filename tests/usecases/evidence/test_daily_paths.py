"""What looks wrong about the paths to power: found once a day, told once, shown while it stands, to few."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from access_service.domain.accounts import Account
from access_service.domain.anomalies import CLEARED_BY, Anomaly, AnomalyCode, AnomalySeverity
from access_service.domain.delegation import Authority, Grant
from access_service.domain.documents import Signature
from access_service.domain.names import AssignmentId, GrantId, UnitId
from access_service.domain.org import Assignment
from access_service.domain.path_findings import PATH_CODES, SHOWN_FOR, PathFinding, compare_findings
from access_service.domain.recovery import Recovery
from access_service.domain.separations import meetings
from access_service.domain.tasks import TaskKind
from access_service.rendering.anomaly_words import ANOMALY_WORDS
from access_service.usecases.checking_paths import DailyCheck, check_paths_daily
from access_service.usecases.evidence.anomaly_list import list_anomalies
from access_service.usecases.evidence.matrix import read_matrix
from access_service.usecases.evidence.paths import (
    PathsView,
    check_paths,
    findings_of,
)
from access_service.usecases.tasks.waiting_for import tasks_of
from powers.states import second_factor
from prepared import copied, with_homeroom
from world import OFFICE, SCHOOL, Someone, World

OTHER = UnitId("00031002")


@pytest.fixture
def school(tmp_path: Path) -> Iterator[tuple[World, Someone]]:
    world, teacher = copied(tmp_path, with_homeroom)
    world.add_unit(OTHER, "commune", "UBND phường Thử", world.root)
    yield world, teacher
    world.services.db.close()


def put(world: World, *facts: Any) -> None:
    """As ordinary life would leave them, without each of its papers."""
    with world.services.db.write(world.register, "operator") as tx:
        tx.put(*facts)
        tx.happened("test", facts[0].id)
        tx.touches_everybody()


def leads_there(world: World, who: Someone, unit: UnitId = OTHER) -> Assignment:
    """A second office for somebody who leads one already."""
    duty = world.get(Assignment, who.duty)
    second = replace(duty, id=AssignmentId("asg_second"), unit=unit, position="commune_chair")
    put(world, second)
    return second


def found(world: World, code: AnomalyCode) -> list[PathFinding]:
    return [f for f in check_paths(world.services.db, world.register).findings if f.code is code]


def daily(world: World, *accepted: str) -> DailyCheck:
    return check_paths_daily(world.services.db, world.register, accepted)


def listed(world: World, who: Someone, unit: UnitId = SCHOOL, **asked: Any) -> list[Anomaly]:
    lines = list_anomalies(world.services, who.caller, unit, **asked).lines
    return [line.anomaly for line in lines if line.anomaly.code in PATH_CODES and line.anomaly.unit == unit]


# -- from day to day


def test_a_finding_is_told_once_then_stands_and_goes_when_it_is_mended(school: tuple[World, Someone]) -> None:
    world, _ = school
    head = world.head_of(SCHOOL)
    daily(world)
    before = len(listed(world, head))
    second = leads_there(world, head)
    world.clock.forward(days=1)
    told = daily(world)
    name = f"two-branches:{head.person}"
    assert name in {f.name for f in told.moved.new}
    [shown] = [a for a in listed(world, head) if a.code is AnomalyCode.TWO_BRANCHES]
    assert (shown.is_new, shown.since, shown.person) == (True, world.clock.now, head.person)
    found_on = world.clock.now
    world.clock.forward(days=1)
    again = daily(world)
    assert name in {f.name for f in again.moved.standing}
    assert not again.moved.new
    [stands] = [a for a in listed(world, head) if a.code is AnomalyCode.TWO_BRANCHES]
    assert (stands.is_new, stands.since) == (False, found_on)
    put(world, replace(second, valid_to=world.clock.now))
    world.clock.forward(days=1)
    assert name in daily(world).moved.gone
    assert len(listed(world, head)) == before
    assert [a.since for a in listed(world, head, at=found_on) if a.code is AnomalyCode.TWO_BRANCHES] == [found_on]


def test_what_is_accepted_is_not_told_and_what_is_accepted_and_gone_is_said(school: tuple[World, Someone]) -> None:
    world, _ = school
    head = world.head_of(SCHOOL)
    leads_there(world, head)
    name = f"two-branches:{head.person}"
    told = daily(world, name, "reach-beyond:acc_nobody")
    assert (told.accepted, told.stale) == ((name,), ("reach-beyond:acc_nobody",))
    assert name not in {f.name for f in told.moved.new}
    assert not [a for a in listed(world, head) if a.code is AnomalyCode.TWO_BRANCHES]
    # What is accepted after it was told is shown no more, and is not said to be mended.
    daily(world)
    assert name not in daily(world, name).moved.gone
    assert not [a for a in listed(world, head) if a.code is AnomalyCode.TWO_BRANCHES]


def test_what_was_found_is_a_task_of_its_unit_and_stands_in_no_dossier(school: tuple[World, Someone]) -> None:
    world, _ = school
    head = world.head_of(SCHOOL)
    leads_there(world, head)

    def wrong() -> int:
        world.clock.forward(minutes=11)
        tasks = tasks_of(world.services, head.caller).tasks
        return sum(t.count for t in tasks if t.kind is TaskKind.ANOMALIES and t.leads_to[1] == SCHOOL)

    def in_matrix(*, tells_paths: bool) -> set[AnomalyCode]:
        with read_matrix(world.services.db, world.register, SCHOOL, tells_paths=tells_paths) as matrix:
            return {line.anomaly.code for batch in matrix.batches for line in batch.anomalies}

    before = wrong()
    daily(world)
    shown = len(listed(world, head))
    assert shown
    assert wrong() == before + shown
    assert AnomalyCode.TWO_BRANCHES in in_matrix(tells_paths=True)
    assert not in_matrix(tells_paths=False) & set(PATH_CODES)


def test_only_the_unit_and_those_above_are_told(
    school: tuple[World, Someone], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever inspects the school reads its list, and nothing of its weak points."""
    world, teacher = school
    leads_there(world, world.head_of(SCHOOL))
    daily(world)
    for above in (OFFICE, world.root):
        assert listed(world, world.head_of(above))
    monkeypatch.setattr("access_service.usecases.evidence.anomaly_list.inspects", lambda *_: True)
    seen = list_anomalies(world.services, teacher.caller, SCHOOL)
    assert seen.lines
    assert not {line.anomaly.code for line in seen.lines} & set(PATH_CODES)
    assert (seen.may_see_paths, seen.paths_checked) == (False, None)


def test_a_register_that_changes_while_it_is_checked_is_seen_at_one_revision(school: tuple[World, Someone]) -> None:
    world, _ = school
    before = check_paths(world.services.db, world.register)
    with world.services.db.read(world.register) as reader:
        view = PathsView(reader, world.clock.now)
        leads_there(world, world.head_of(SCHOOL))
        assert findings_of(view) == before.findings
        assert view.revision == before.revision
    after = check_paths(world.services.db, world.register)
    assert after.revision > before.revision
    assert {f.code for f in after.findings} > {f.code for f in before.findings}


def test_the_difference_of_two_days_loses_and_doubles_nothing(school: tuple[World, Someone]) -> None:
    world, _ = school
    leads_there(world, world.head_of(SCHOOL))
    now = check_paths(world.services.db, world.register).findings
    moved = compare_findings({now[0].name, "two-branches:per_gone"}, now)
    assert {f.name for f in (*moved.new, *moved.standing)} == {f.name for f in now}
    assert moved.standing == (now[0],)
    assert moved.gone == ("two-branches:per_gone",)


# -- the kinds


def test_a_password_that_opens_two_factors_is_found_until_it_is_two(school: tuple[World, Someone]) -> None:
    world, teacher = school
    head = world.head_of(SCHOOL)
    assert not found(world, AnomalyCode.PASSWORD_OPENS_FACTORS)
    second_factor(world, teacher.account)
    weak = {f.account for f in found(world, AnomalyCode.PASSWORD_OPENS_FACTORS)}
    assert head.account in weak
    [of_head] = [f for f in found(world, AnomalyCode.PASSWORD_OPENS_FACTORS) if f.account == head.account]
    assert of_head.units == (SCHOOL,)
    second_factor(world, head.account)
    assert weak - {f.account for f in found(world, AnomalyCode.PASSWORD_OPENS_FACTORS)} == {head.account}


def right_elsewhere(world: World, teacher: Someone, role: str) -> Grant:
    """The teacher helps out in the other commune: a duty, and a right there."""
    [held] = [g for g in _grants(world) if g.account == teacher.account]
    duty = replace(
        world.get(Assignment, teacher.duty), id=AssignmentId("asg_there"), unit=OTHER, classes=None, valid_to=None
    )
    scope = replace(held.scope, unit=OTHER, classes=None)
    there = replace(held, id=GrantId("grt_there"), role=role, scope=scope, assignment=duty.id)
    put(world, duty, there)
    return there


def _grants(world: World) -> list[Grant]:
    with world.services.db.read(world.register) as reader:
        return reader.find(Grant)


def test_who_recovers_a_teacher_of_two_places_reaches_beyond_their_office(school: tuple[World, Someone]) -> None:
    world, teacher = school
    assert not found(world, AnomalyCode.REACH_BEYOND)
    there = right_elsewhere(world, teacher, "homeroom_teacher")
    reaching = {f.account for f in found(world, AnomalyCode.REACH_BEYOND)}
    assert {world.head_of(SCHOOL).account, world.head_of(OFFICE).account} <= reaching
    assert world.head_of(world.root).account not in reaching, "the root is above both"
    put(world, replace(there, valid_to=world.clock.now))
    assert not found(world, AnomalyCode.REACH_BEYOND)


def test_duties_that_should_be_apart_are_found_across_units(school: tuple[World, Someone]) -> None:
    """In one unit the list of that unit tells it; in two nobody else would see both."""
    world, teacher = school
    with world.services.db.read(world.register) as reader:
        pack = PathsView(reader, world.clock.now).map.pack(SCHOOL)
    assert pack is not None
    alone = set(meetings(pack, ["homeroom_teacher"]))
    other = next(r for r in sorted(pack.roles) if set(meetings(pack, ["homeroom_teacher", r])) - alone)
    assert not found(world, AnomalyCode.DUTIES_MEET)
    right_elsewhere(world, teacher, other)
    meeting = found(world, AnomalyCode.DUTIES_MEET)
    assert meeting
    assert {f.person for f in meeting} == {teacher.person}
    assert {f.units for f in meeting} == {tuple(sorted((SCHOOL, OTHER)))}
    assert {f.article for f in meeting} <= {s.article for s in pack.separations}


def test_a_right_wider_than_its_givers_is_found(school: tuple[World, Someone]) -> None:
    world, teacher = school
    assert not found(world, AnomalyCode.OUTSIDE_AUTHORITY)
    [held] = [g for g in _grants(world) if g.account == teacher.account]
    given = world.get(Authority, held.authority)
    put(world, replace(given, scope=replace(given.scope, unit=OTHER)))
    [one] = [f for f in found(world, AnomalyCode.OUTSIDE_AUTHORITY) if f.grant == held.id]
    assert (one.severity, one.units, one.person) == (AnomalySeverity.FIX, (SCHOOL,), teacher.person)


def test_a_signature_within_an_hour_of_a_recovery_is_found(school: tuple[World, Someone]) -> None:
    world, teacher = school
    head, account = world.head_of(SCHOOL), world.get(Account, teacher.account)
    with world.services.db.read(world.register) as reader:
        signed = [s for s in reader.find(Signature, person=teacher.person) if s.account == teacher.account]
    first = min(s.signed_at for s in signed)

    def opened(at: Any) -> Recovery:
        return Recovery(
            id="rec_000",
            account=account.id,
            asked_by=head.account,
            asker=head.person,
            code_sha256="0" * 64,
            code_hours=24,
            resets_factor=False,
            opens_at=at,
            valid_from=at,
            used_at=at,
            valid_to=at,
        )

    put(world, opened(first - timedelta(minutes=61)))
    assert not found(world, AnomalyCode.RECOVERED_THEN_SIGNED)
    put(world, opened(first - timedelta(minutes=20)))
    soon = found(world, AnomalyCode.RECOVERED_THEN_SIGNED)
    assert {f.target for f in soon} == {s.id for s in signed if s.signed_at <= first + timedelta(minutes=40)}
    assert "20 phút sau khi được mở lại" in soon[0].vi
    assert {f.units for f in soon} == {(SCHOOL,)}
    world.clock.forward(days=SHOWN_FOR.days + 1)
    assert not found(world, AnomalyCode.RECOVERED_THEN_SIGNED)


def test_every_kind_has_its_word_and_its_remedy() -> None:
    for code in PATH_CODES:
        assert ANOMALY_WORDS[code]
        assert CLEARED_BY[code]
