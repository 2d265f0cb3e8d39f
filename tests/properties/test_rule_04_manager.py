"""Rule 4: only the direct manager issues, as the management edges stand on that day."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from access_service.domain.errors import RefusedError
from access_service.domain.names import AccountKind, SuspendableKind, UnitId
from access_service.domain.org import ManagementEdge, Organisation, Unit, chain_of, check_edge, is_below, manager_of
from access_service.domain.reasons import Reason, Refusal
from access_service.domain.scope import Scope
from access_service.domain.time import start_of_day
from access_service.usecases.handover import delegation
from access_service.usecases.identity import accounts
from access_service.usecases.organisation import moving, org
from world import DEPARTMENT, LOWER, OFFICE, PRIMARY, SCHOOL, World, hire_homeroom, homeroom_line

EPOCH = datetime(2025, 1, 1, tzinfo=UTC)
FIRST_OF_JULY = start_of_day(date(2025, 7, 1))


def tree(parents: list[int], moved: dict[int, int]) -> Organisation:
    """Unit `n` is managed by unit `parents[n - 1]` until 1 July 2025 and by `moved[n]` from then on."""
    ids = [UnitId(str(n)) for n in range(len(parents) + 1)]
    units = {id_: Unit(id_, "school", id_, frozenset(), EPOCH) for id_ in ids}
    edges: dict[UnitId, tuple[ManagementEdge, ...]] = {}
    for n, parent in enumerate(parents, start=1):
        end = FIRST_OF_JULY if n in moved else None
        found = [ManagementEdge(f"e{n}", UnitId(str(n)), UnitId(str(parent)), "QĐ", EPOCH, end)]
        if n in moved:
            found.append(ManagementEdge(f"m{n}", UnitId(str(n)), UnitId(str(moved[n])), "QĐ", FIRST_OF_JULY))
        edges[UnitId(str(n))] = tuple(found)
    return Organisation(units, edges)


@st.composite
def provinces(draw: st.DrawFn) -> tuple[list[int], dict[int, int]]:
    """A tree of at most ten units; some move below another unit of smaller number on 1 July."""
    parents = [draw(st.integers(0, n)) for n in range(draw(st.integers(1, 9)))]
    moved = draw(st.dictionaries(st.integers(1, len(parents)), st.integers(0, 0), max_size=4))
    return parents, {n: draw(st.integers(0, n - 1)) for n in moved}


@given(province=provinces(), seconds=st.integers(-5, 5))
def test_the_manager_is_read_on_the_day_asked(province: tuple[list[int], dict[int, int]], seconds: int) -> None:
    """The last second of 30 June belongs to the old manager, 00:00 of 1 July to the new one."""
    parents, moved = province
    organisation, at = tree(parents, moved), FIRST_OF_JULY + timedelta(seconds=seconds)
    for n, parent in enumerate(parents, start=1):
        expected = moved.get(n, parent) if seconds >= 0 else parent
        assert manager_of(organisation, UnitId(str(n)), at) == str(expected)
        chain = chain_of(organisation, UnitId(str(n)), at)
        assert chain[-1] == "0"
        assert all(is_below(organisation, UnitId(str(n)), above, at) for above in chain)


@given(province=provinces(), unit=st.integers(1, 9), below=st.integers(0, 9))
def test_no_edge_closes_a_circle(province: tuple[list[int], dict[int, int]], unit: int, below: int) -> None:
    """Managing a unit from below it is refused, on whichever side of 1 July the circle would lie."""
    parents, moved = province
    unit, below = 1 + unit % len(parents), below % (len(parents) + 1)
    organisation = tree(parents, moved)
    organisation.edges[UnitId(str(unit))] = ()  # type: ignore[index]
    edge = ManagementEdge("new", UnitId(str(unit)), UnitId(str(below)), "QĐ", EPOCH)
    makes_circle = any(
        is_below(organisation, UnitId(str(below)), UnitId(str(unit)), at) for at in (EPOCH, FIRST_OF_JULY)
    )
    if makes_circle:
        with pytest.raises(RefusedError) as refused:
            check_edge(organisation, edge)
        assert refused.value.code is Refusal.CYCLE
    else:
        check_edge(organisation, edge)


def test_only_the_direct_manager_issues(school_world: World) -> None:
    """The department does not reach past the commune, nor the commune past the school."""
    world = school_world
    teacher = hire_homeroom(world)
    for unit in (OFFICE, world.root):
        with world.refuses(Refusal.NOT_DIRECT_MANAGER):
            world.hand_over(unit, teacher, homeroom_line(world, teacher))
    with world.refuses(Refusal.NOT_DIRECT_MANAGER):
        delegation.give_authority(
            world.services, world.admins[world.root], unit=SCHOOL, scope=Scope(unit=SCHOOL), basis="QĐ 03/QĐ"
        )
    with world.refuses(Refusal.NOT_DIRECT_MANAGER):
        accounts.issue_account(
            world.services,
            world.admins[world.root],
            unit=SCHOOL,
            kind=AccountKind.ADMIN,
            person=None,
            username="000.quantri",
        )
    assert world.hand_over(SCHOOL, teacher, homeroom_line(world, teacher)).grants


def test_a_use_account_is_issued_by_the_holders_own_unit(school_world: World) -> None:
    """A teacher's by the school, its head's by the manager; neither by the other."""
    world = school_world
    person = org.add_person(world.services, world.admins[SCHOOL], name="Người Thử Một").id
    world.assign(person, SCHOOL, "clerk", SCHOOL)
    how = {"unit": SCHOOL, "kind": AccountKind.USE, "person": person, "username": "000.mot"}
    with world.refuses(Refusal.NOT_DIRECT_MANAGER):
        accounts.issue_account(world.services, world.admins[OFFICE], **how)  # type: ignore[arg-type]
    assert accounts.issue_account(world.services, world.admins[SCHOOL], **how).account.unit == SCHOOL  # type: ignore[arg-type]


def test_a_school_moves_to_another_office(school_world: World) -> None:
    """On the day the edge moves, the new office is the one that issues; a former manager keeps no hold."""
    world = school_world
    other = world.add_unit("00031002", "commune", "UBND phường Thử", world.root)
    world.give_authority(other, world.root, levels=frozenset({PRIMARY, LOWER}))
    world.appoint_head(f"head:{other}", other, "commune_chair", world.root)
    teacher = hire_homeroom(world)
    grant = world.hand_over(SCHOOL, teacher, homeroom_line(world, teacher)).grants[0]
    moving.change_manager(
        world.services,
        world.admins[world.root],
        unit=SCHOOL,
        manager=other,
        basis="NQ 01/NQ",
        on=date(2026, 9, 1),
    )

    def give(by: UnitId) -> str:
        return world.give_authority(SCHOOL, by, levels=frozenset({LOWER}))

    how = {"kind": SuspendableKind.AUTHORITY, "target": grant.authority}
    world.clock.now = start_of_day(date(2026, 9, 1)) - timedelta(seconds=1)
    with world.refuses(Refusal.NOT_FOUND):
        give(other)
    world.clock.forward(seconds=1)
    # The school is none of the old office's business any more: it hears of no such thing.
    for act in (
        lambda: give(OFFICE),
        lambda: delegation.withdraw_authority(world.services, world.admins[OFFICE], grant.authority),
        lambda: delegation.suspend(world.services, world.admins[OFFICE], reason="rà soát", **how),  # type: ignore[arg-type]
        lambda: delegation.revoke_grant(world.services, world.admins[OFFICE], grant.id, reason="thu hồi"),
    ):
        with world.refuses(Refusal.NOT_FOUND):
            act()
    assert world.ask(teacher)
    assert give(other)
    delegation.suspend(world.services, world.admins[other], reason="rà soát", **how)  # type: ignore[arg-type]
    assert world.why(teacher) is Reason.AUTHORITY_SUSPENDED
    delegation.withdraw_authority(world.services, world.admins[other], grant.authority)
    assert world.get(type(grant), grant.id).ended_at == world.clock.now


@pytest.mark.parametrize("above", [SCHOOL, OFFICE, DEPARTMENT])
def test_every_unit_above_may_revoke_and_recover(school_world: World, above: UnitId) -> None:
    world = school_world
    who, grant = world.hire_granted("giáo vụ")
    assert world.recover(world.admins[above], who.account).activation_code
    delegation.revoke_grant(world.services, world.admins[above], grant.id, reason="thu hồi")
    assert world.why(who) is Reason.GRANT_ENDED
