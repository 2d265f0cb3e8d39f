"""Attacks by software and with it: the legitimate step, the attack, the refusal (rule 13)."""

from __future__ import annotations

import hashlib
import threading
from dataclasses import replace
from datetime import date, timedelta

import pytest

from access_service.domain.access import AccessRequest, Allow, Deny
from access_service.domain.audit import Event
from access_service.domain.delegation import Authority
from access_service.domain.errors import InvalidError, RefusedError
from access_service.domain.names import Confirmable, DrawMethod, Frequency, SuspendableKind, UnitId
from access_service.domain.reasons import Reason, Refusal
from access_service.domain.software import Client, Software
from access_service.domain.time import start_of_day
from access_service.live.decision_point import DecisionPoint
from access_service.usecases.evidence import software_seen
from access_service.usecases.handover import delegation
from access_service.usecases.identity import recoveries
from access_service.usecases.organisation import org
from access_service.usecases.services import Services
from access_service.usecases.third_party import clients, software
from access_service.usecases.third_party.clients import NewClient
from access_service.usecases.third_party.software import Changes
from software_world import ENTRY, approve, confirm, enter, paper
from world import (
    CLASS_6A,
    DEPARTMENT,
    LOWER,
    OFFICE,
    PASSWORD,
    SCHOOL,
    Clock,
    World,
    found,
    hire_homeroom,
    with_school,
)


@pytest.fixture
def neighbours(school_world: World) -> tuple[World, UnitId]:
    """A second school under the same commune, with a head of its own."""
    world = school_world
    other = world.add_unit("0003102", "school", "Trường THCS Thử Hai", OFFICE, LOWER)
    world.give_authority(other, OFFICE, levels=frozenset({LOWER}))
    world.appoint_head(f"head:{other}", other, "principal", OFFICE)
    return world, other


def client_of(world: World, used: Software, by: UnitId = SCHOOL) -> clients.IssuedClient:
    return clients.create_client(world.services, world.admins[by], NewClient(used.id))


def effective(world: World, used: Software) -> list[str]:
    with world.services.db.read(world.register) as reader:
        return [e.approval.id for e in software.effective_approvals(reader, used.id, world.clock.now)]


def test_a_school_registers_no_software_for_its_neighbour(neighbours: tuple[World, UnitId]) -> None:
    """Whoever enters software would speak for a unit: neither beside nor above nor below, but one's own."""
    world, other = neighbours
    mine = enter(world)
    with world.refuses(Refusal.NOT_FOUND):
        software.register_software(world.services, world.admins[SCHOOL], _entry(other))
    with world.refuses(Refusal.NOT_CUSTODIAN):
        software.register_software(world.services, world.admins[SCHOOL], _entry(OFFICE))
    with world.refuses(Refusal.NOT_CUSTODIAN):
        software.register_software(world.services, world.admins[OFFICE], _entry(SCHOOL))
    # Nor is the neighbour's own seen, changed, ended, or given a client.
    thief = world.admins[other]
    with pytest.raises(RefusedError) as seen:
        software_seen.read_software(world.services, thief, mine.id)
    assert seen.value.code is Refusal.NOT_FOUND
    for attack in (
        lambda: software.change_software(world.services, thief, mine.id, Changes(on_axis=True)),
        lambda: software.end_software(world.services, thief, mine.id),
        lambda: clients.create_client(world.services, thief, NewClient(mine.id)),
    ):
        with world.refuses(Refusal.NOT_FOUND):
            attack()


def _entry(unit: UnitId) -> software.Entry:
    return replace(ENTRY, unit=unit)


def test_people_register_nothing(school_world: World) -> None:
    """A teacher's session, and the principal's own, are no admin account."""
    world = school_world
    teacher = hire_homeroom(world)
    for who in (teacher, world.people[f"head:{SCHOOL}"]):
        with world.refuses(Refusal.NOT_CUSTODIAN):
            software.register_software(world.services, who.caller, _entry(SCHOOL))


def test_nobody_but_the_department_says_yes(school_world: World) -> None:
    """The school that profits, the commune between, the director in person: none of them records an approval."""
    world = school_world
    used = enter(world)
    for caller in (world.admins[SCHOOL], world.admins[OFFICE], world.people["director"].caller):
        with world.refuses(Refusal.FORBIDDEN):
            software.record_approval(world.services, caller, paper(world, used))
    one = approve(world, used)
    for caller in (world.admins[SCHOOL], world.admins[OFFICE]):
        with world.refuses(Refusal.FORBIDDEN):
            software.withdraw_approval(world.services, caller, one.id, reason="")


def test_software_of_a_unit_without_authority_gets_no_approval(school_world: World) -> None:
    """The commune takes the school's authority back: what the school may not hand down, no paper lets out."""
    world = school_world
    used = enter(world)
    with world.services.db.read(world.register) as reader:
        [held] = reader.find(Authority, unit=SCHOOL)
    delegation.withdraw_authority(world.services, world.admins[OFFICE], held.id)
    with world.refuses(Refusal.WIDER_THAN_AUTHORITY):
        approve(world, used)


def test_an_approval_is_for_its_own_unit_alone(neighbours: tuple[World, UnitId]) -> None:
    """A paper for one school cannot name another's pupils, and its software is told so when it asks."""
    world, other = neighbours
    mine, theirs = enter(world), enter(world, other)
    with world.refuses(Refusal.WIDER_THAN_AUTHORITY):
        approve(world, mine, unit=other)
    approve(world, mine)
    there = org.create_class(
        world.services,
        world.admins[other],
        school=other,
        school_year="2026-2027",
        code="6A",
        name="6A",
        level=LOWER,
        grade="6",
    )
    assert world.ask(mine.account)
    assert world.why(mine.account, class_id=there.id) is Reason.OUTSIDE_APPROVAL
    assert world.why(theirs.account, class_id=there.id) is Reason.APPROVAL_MISSING


def test_an_approval_is_not_widened_afterwards(school_world: World) -> None:
    """Neither by editing the entry it rests on, nor by a second paper, nor when the unit is given more."""
    world = school_world
    used = enter(world)
    approve(world, used, grades=frozenset({"6"}))
    software.change_software(
        world.services,
        world.admins[SCHOOL],
        used.id,
        Changes(data_fields="Toàn bộ hồ sơ học sinh", data_scope="Toàn trường", frequency="Liên tục"),
    )
    assert world.why(used.account, category="STU-ACA") is Reason.OUTSIDE_APPROVAL
    # Two papers are two boxes: grade 6 of the one and marks of the other never make marks of grade 6.
    approve(world, used, grades=frozenset({"7"}), categories=frozenset({"STU-ACA"}))
    assert world.ask(used.account)
    assert world.why(used.account, category="STU-ACA") is Reason.OUTSIDE_APPROVAL
    world.give_authority(SCHOOL, OFFICE, levels=frozenset({LOWER}))
    assert world.why(used.account, category="STU-ACA") is Reason.OUTSIDE_APPROVAL
    assert world.why(used.account, "write") is Reason.OUTSIDE_APPROVAL


def test_what_the_paper_does_not_say_is_no_approval(school_world: World) -> None:
    """No categories, a category nobody knows, a term that is over: refused as unreadable, nothing stored."""
    world = school_world
    used = enter(world)
    for wrong in (
        {"categories": None},
        {"categories": frozenset({"KHAC"})},
        {"actions": frozenset({"export"})},
        {"actions": frozenset({"read", "write"})},
        {"valid_to": world.clock.now},
        {"school_year": "1999-2000"},
    ):
        with world.refuses(Refusal.INVALID):
            approve(world, used, **wrong)
    assert effective(world, used) == []


def test_recording_late_allows_nothing_in_the_past(school_world: World) -> None:
    """Software drew in August; a paper dated August and recorded in September does not make it right."""
    world = school_world
    used, august = enter(world), world.clock.now
    world.clock.forward(days=20)
    approve(world, used, valid_from=august)
    assert world.ask(used.account)
    assert world.why(used.account, at=august + timedelta(days=5)) is Reason.APPROVAL_MISSING


@pytest.mark.backends("sqlite")
def test_withdrawn_while_in_use_stops_the_next_decision(school_world: World) -> None:
    """The decision point answers from memory; the withdrawal's commit takes it out of there."""
    world = school_world
    point = DecisionPoint(world.services.db)
    world.services.committed.append(point.committed)
    used = enter(world)
    asked = AccessRequest(used.account, "read", "class", CLASS_6A, category="STU-ID")
    denied = point.decide(world.register, asked).decision
    assert isinstance(denied, Deny)
    assert denied.reason is Reason.APPROVAL_MISSING
    one = approve(world, used)
    assert isinstance(point.decide(world.register, asked).decision, Allow)
    assert point.at_once(world.register, asked.ask) is not None
    for stop, undo in (
        (
            lambda: delegation.suspend(
                world.services,
                world.admins[SCHOOL],
                kind=SuspendableKind.ACCOUNT,
                target=used.account,
                reason="sự cố",
            ),
            lambda: delegation.resume(
                world.services, world.admins[SCHOOL], kind=SuspendableKind.ACCOUNT, target=used.account
            ),
        ),
        (lambda: software.withdraw_approval(world.services, world.admins[DEPARTMENT], one.id, reason=""), None),
    ):
        assert point.decide(world.register, asked).decision
        stop()
        assert not point.decide(world.register, asked).decision
        if undo is not None:
            undo()
    # By time alone, without a commit: the end of a term in memory.
    approve(world, used, valid_to=world.clock.now + timedelta(hours=1))
    assert point.decide(world.register, asked).decision
    world.clock.forward(hours=1)
    assert not point.decide(world.register, asked).decision
    point.close()


def test_an_expired_approval_draws_nothing(school_world: World) -> None:
    world = school_world
    used = enter(world)
    one = approve(world, used, frequency=Frequency.ONCE_A_DAY)
    assert effective(world, used) == [one.id]
    world.clock.forward(days=30)
    assert effective(world, used) == []
    assert world.why(used.account) is Reason.APPROVAL_MISSING
    recorded = len(world.log())
    with world.refuses(Refusal.APPROVAL_MISSING):
        software.draw(world.services, world.register, used, one, world.clock.now)
    assert len(world.log()) == recorded + 1


def test_a_second_draw_in_the_year_is_refused(school_world: World) -> None:
    """`1 lần đầu năm học`: not on the same day, not in May, not by another approval's leave; next year."""
    world = school_world
    used = enter(world)
    ends = start_of_day(date(2028, 5, 31))
    one = approve(world, used, frequency=Frequency.ONCE_A_SCHOOL_YEAR, valid_to=ends)
    free = approve(world, used, categories=frozenset({"CLS"}), valid_to=ends)
    here, register = world.services, world.register
    revision = world.revision
    assert software.draw(here, register, used, [free], world.clock.now) == ()
    assert world.revision == revision
    [first] = software.draw(here, register, used, [one, free], world.clock.now)
    assert first.period == "2026-2027"
    for days in (0, 1, 250):
        world.clock.forward(days=days)
        with world.refuses(Refusal.FREQUENCY_EXCEEDED):
            software.draw(here, register, used, one, world.clock.now)
    org.open_school_year(
        here,
        world.admins[world.root],
        id_="2027-2028",
        starts_on=date(2027, 8, 1),
        closes_on=date(2028, 8, 1),
    )
    world.clock.now = start_of_day(date(2027, 8, 1))
    [second] = software.draw(here, register, used, one, world.clock.now)
    assert second.period == "2027-2028"
    # Both rows are there: nothing was overwritten.
    seen = software_seen.read_software(here, world.admins[SCHOOL], used.id)
    assert {d.period for d in seen.draws} == {"2026-2027", "2027-2028"}


def test_of_several_approvals_all_are_counted_or_none(school_world: World) -> None:
    """A token that would rest on two papers is not half a draw."""
    world = school_world
    used = enter(world)
    done = approve(world, used, frequency=Frequency.ONCE_A_SCHOOL_YEAR)
    new = approve(world, used, frequency=Frequency.ONCE_A_DAY, categories=frozenset({"CLS"}))
    software.draw(world.services, world.register, used, done, world.clock.now)
    with world.refuses(Refusal.FREQUENCY_EXCEEDED):
        software.draw(world.services, world.register, used, [new, done], world.clock.now)
    assert len(software.draw(world.services, world.register, used, new, world.clock.now)) == 1


def test_of_two_draws_at_once_one_is_refused(school_world: World) -> None:
    world = school_world
    used = enter(world)
    one = approve(world, used, frequency=Frequency.ONCE_A_SCHOOL_YEAR)
    told: list[str] = []
    barrier = threading.Barrier(4)

    def go() -> None:
        barrier.wait()
        try:
            software.draw(world.services, world.register, used, one, world.clock.now)
            told.append("drawn")
        except RefusedError as error:
            told.append(str(error.code))

    threads = [threading.Thread(target=go) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(told) == ["drawn"] + ["frequency_exceeded"] * 3


@pytest.fixture
def city(services: Services, clock: Clock) -> World:
    """A school under the city's pack: level 3, the axis, no raw files."""
    return with_school(found(services, clock, pack="ho-chi-minh"))


def test_raw_files_and_unready_software_get_no_approval(city: World) -> None:
    """(#33 to #38) A paper does not help where level, axis or method are missing; and it stops when they go."""
    world = city
    used = enter(world)
    with world.refuses(Refusal.PRECONDITION_MISSING):
        approve(world, used)
    entry = {"security_level": 3, "security_standard": "TCVN 11930:2017"}
    software.change_software(world.services, world.admins[SCHOOL], used.id, Changes(**entry))  # type: ignore[arg-type]
    confirm(world, used, Confirmable.SECURITY_LEVEL, 3)
    with world.refuses(Refusal.PRECONDITION_MISSING):
        approve(world, used)
    software.change_software(world.services, world.admins[SCHOOL], used.id, Changes(on_axis=True))
    confirm(world, used, Confirmable.DATA_AXIS)
    with world.refuses(Refusal.METHOD_FORBIDDEN):
        approve(world, used, method=DrawMethod.FILE)
    approve(world, used, method=DrawMethod.AXIS)
    assert world.ask(used.account)
    assert world.why(used.account, "export_raw") is Reason.DENIED_BY_RULE
    assert world.why(used.account, "export") is Reason.OUTSIDE_APPROVAL
    # It leaves the axis again: the paper is there, what it presupposes is not.
    software.change_software(world.services, world.admins[SCHOOL], used.id, Changes(on_axis=False))
    assert world.why(used.account) is Reason.APPROVAL_MISSING
    assert effective(world, used) == []


def test_a_file_is_handed_out_where_the_paper_says_file(school_world: World) -> None:
    """The method is the paper's: software approved for files reads nothing else, and the other way round."""
    world = school_world
    used = enter(world)
    approve(world, used, method=DrawMethod.FILE)
    assert world.ask(used.account, "export")
    assert world.why(used.account, "read") is Reason.OUTSIDE_APPROVAL


def test_a_leaked_secret_is_worth_nothing(school_world: World) -> None:
    """A planned rotation overlaps for a day; after a leak the old secret ends with the commit."""
    world = school_world
    used = enter(world)
    issued = client_of(world, used)

    def accepts(secret: str | None) -> bool:
        assert secret is not None
        hashed = hashlib.sha256(secret.encode()).hexdigest()
        return world.get(Client, issued.client.id).accepts(hashed, world.clock.now)

    planned = clients.rotate_secret(world.services, world.admins[SCHOOL], issued.client.id)
    assert accepts(issued.secret)
    assert accepts(planned.secret)
    world.clock.forward(hours=24)
    assert not accepts(issued.secret)
    leaked = clients.rotate_secret(world.services, world.admins[SCHOOL], issued.client.id, at_once=True)
    assert [accepts(s) for s in (issued.secret, planned.secret, leaked.secret)] == [False, False, True]
    assert not accepts("")
    # Nothing of a secret stands in the log.
    for secret in (issued.secret, planned.secret, leaked.secret):
        assert not any(str(secret) in str(_told(event)) for event in world.log())


def _told(event: Event) -> object:
    return event.happening


def test_a_school_makes_no_enforcement_point(school_world: World) -> None:
    """It would ask about everybody in the province: the department alone enters one, with scopes and types."""
    world = school_world
    with world.refuses(Refusal.FORBIDDEN):
        enter(world, is_enforcement_point=True)
    plain = enter(world)
    scopes, types = frozenset({"evaluate"}), frozenset({"student"})
    with world.refuses(Refusal.FORBIDDEN):
        clients.create_client(
            world.services, world.admins[SCHOOL], NewClient(plain.id, pep_scopes=scopes, resource_types=types)
        )
    point = enter(world, DEPARTMENT, is_enforcement_point=True)
    for wrong in (
        NewClient(point.id),
        NewClient(point.id, pep_scopes=scopes),
        NewClient(point.id, pep_scopes=frozenset({"admin"}), resource_types=types),
        NewClient(point.id, pep_scopes=scopes, resource_types=frozenset({"everything"})),
    ):
        with world.refuses(Refusal.INVALID):
            clients.create_client(world.services, world.admins[DEPARTMENT], wrong)
    # And it draws nothing for itself: to ask is no right to data.
    assert world.why(point.account) is Reason.APPROVAL_MISSING


@pytest.mark.parametrize(
    "resource",
    [
        "http://truong.example/api",
        "https://truong.example/api#x",
        "https://a@truong.example/",
        "https:///api",
        "https://truong.example:99999/",
        "javascript:alert(1)",
        "https://truong.example/a b",
        "https://truong.example/\u0000",
        "//truong.example",
        "",
    ],
)
@pytest.mark.backends("sqlite")
def test_a_resource_is_an_address_and_nothing_else(school_world: World, resource: str) -> None:
    world = school_world
    used = enter(world)
    with pytest.raises(InvalidError):
        clients.create_client(world.services, world.admins[SCHOOL], NewClient(used.id, resource=resource))


def test_a_service_account_gets_no_password(school_world: World) -> None:
    """Recovering it would open a session for software in a person's place."""
    world = school_world
    used = enter(world)
    with world.refuses(Refusal.INVALID):
        recoveries.ask_recovery(world.services, world.admins[SCHOOL], used.account, password=PASSWORD)


@pytest.mark.backends("sqlite")
def test_keys_that_are_none_are_refused(school_world: World) -> None:
    """A private key, a shared secret, nothing at all: what proves nothing is not registered."""
    world = school_world
    used = enter(world)
    for jwks in ({}, {"keys": []}, {"keys": [{"kty": "oct", "k": "AAAA"}]}, {"keys": [{"kty": "none"}]}):
        with world.refuses(Refusal.INVALID):
            clients.create_client(world.services, world.admins[SCHOOL], NewClient(used.id, jwks=jwks))
