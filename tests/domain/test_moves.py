"""What is left of a grant within a narrower authority, and where authorities hang: rules alone, no database."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from access_service.domain.delegation import Authority, Grant
from access_service.domain.moves import (
    AuthorityMove,
    box_of,
    cells_of,
    chain_at,
    left_of,
    rest_of_authority,
    rest_of_grant,
)
from access_service.domain.names import AccountId, AuthorityId, EducationLevel, GrantId, UnitId
from access_service.domain.org import ManagementEdge, Organisation, Unit
from access_service.domain.policy import Pack
from access_service.domain.scope import Scope
from access_service.engine.packs.load import load_pack

NOW = datetime(2026, 8, 20, 1, 0, tzinfo=UTC)
LATER = NOW + timedelta(days=10)
LOWER = EducationLevel.LOWER_SECONDARY
ROOT, OLD, NEW, SCHOOL = (UnitId(u) for u in ("00031", "00031001", "00031002", "0003101"))


def edge(unit: UnitId, manager: UnitId, start: datetime, end: datetime | None = None) -> ManagementEdge:
    return ManagementEdge(f"{unit}-{manager}", unit, manager, "QĐ 01/QĐ", start, end)


ORG = Organisation(
    units={
        u: Unit(u, "school" if u == SCHOOL else "commune", u, frozenset(), NOW) for u in (ROOT, OLD, NEW, SCHOOL)
    },
    edges={
        OLD: (edge(OLD, ROOT, NOW),),
        NEW: (edge(NEW, ROOT, NOW),),
        SCHOOL: (edge(SCHOOL, OLD, NOW, LATER), edge(SCHOOL, NEW, LATER)),
    },
)


def authority(unit: UnitId, parent: str | None, **axes: object) -> Authority:
    scope = Scope(unit=unit, **axes)  # type: ignore[arg-type]
    return Authority(AuthorityId(f"a-{unit}"), unit, AuthorityId(parent) if parent else None, scope, "QĐ", NOW)


HELD = {
    a.id: a
    for a in (
        authority(ROOT, None),
        authority(OLD, f"a-{ROOT}"),
        authority(NEW, f"a-{ROOT}", actions=frozenset({"read"})),
        authority(SCHOOL, f"a-{OLD}"),
    )
}
MOVE = AuthorityMove("m", AuthorityId(f"a-{SCHOOL}"), AuthorityId(f"a-{NEW}"), "NQ 01/NQ", LATER)


@pytest.fixture(scope="module")
def base_pack() -> Pack:
    here = Path(__file__).parents[2]
    return load_pack(here / "policy", "base", here / "models")


def grant(**axes: object) -> Grant:
    return Grant(
        id=GrantId("g"),
        account=AccountId("acc"),
        role="homeroom_teacher",
        scope=Scope(unit=SCHOOL, **axes),  # type: ignore[arg-type]
        unit=SCHOOL,
        authority=AuthorityId(f"a-{SCHOOL}"),
        assignment=None,
        document=None,
        valid_from=NOW,
        valid_to=None,
    )


def units_of(at: datetime) -> list[UnitId]:
    return [a.unit for a in chain_at(HELD.get, [MOVE], AuthorityId(f"a-{SCHOOL}"), at)]


def test_an_authority_hangs_under_the_new_manager_from_the_day_it_moves() -> None:
    assert units_of(LATER - timedelta(seconds=1)) == [SCHOOL, OLD, ROOT]
    assert units_of(LATER) == [SCHOOL, NEW, ROOT]


def test_containment_is_asked_along_the_edges_of_the_day() -> None:
    """What the old commune gave about the school is nothing from the day on which the school is another one's."""
    box = HELD[AuthorityId(f"a-{OLD}")].scope
    assert left_of(ORG, NOW, Scope(unit=SCHOOL), box) == Scope(unit=SCHOOL)
    assert left_of(ORG, LATER, Scope(unit=SCHOOL), box) is None


def test_the_chain_leaves_what_all_of_its_links_have_in_common() -> None:
    chain = chain_at(HELD.get, [MOVE], AuthorityId(f"a-{SCHOOL}"), LATER)
    assert box_of(ORG, chain, LATER) == Scope(unit=SCHOOL, actions=frozenset({"read"}))
    still_old = chain_at(HELD.get, [], AuthorityId(f"a-{SCHOOL}"), LATER)
    assert box_of(ORG, still_old, LATER) is None


def test_a_grant_that_loses_nothing_is_the_very_same() -> None:
    held = grant(levels=frozenset({LOWER}))
    assert rest_of_grant(ORG, None, NOW, held, Scope(unit=OLD, levels=frozenset({LOWER})), None) is held


def test_the_rest_is_the_intersection_axis_by_axis_and_time_is_an_axis() -> None:
    held = grant(subjects=frozenset({"TOAN", "VAN"}), actions=frozenset({"read", "write"}))
    box = Scope(unit=OLD, subjects=frozenset({"TOAN"}), actions=frozenset({"read", "export"}))
    rest = rest_of_grant(ORG, None, NOW, held, box, LATER)
    assert rest is not None
    assert (rest.scope.subjects, rest.scope.actions, rest.valid_to) == (
        frozenset({"TOAN"}),
        frozenset({"read"}),
        LATER,
    )
    assert rest_of_grant(ORG, None, NOW, held, Scope(unit=OLD, subjects=frozenset({"ANH"})), None) is None
    assert rest_of_grant(ORG, None, LATER, held, box, LATER) is None
    assert rest_of_grant(ORG, None, NOW, held, None, None) is None


def test_a_role_that_opens_no_cell_in_its_words_loses_none_by_words_and_keeps_its_id(base_pack: Pack) -> None:
    """A grant of words that its role does not open is a right to nothing: its place and its end decide."""
    held = grant(categories=frozenset({"EMP-BAS"}), actions=frozenset({"approve"}), subjects=frozenset({"TOAN"}))
    assert not cells_of(base_pack, held.role, held.scope)
    other_words = Scope(unit=OLD, categories=frozenset({"CLS"}))
    assert rest_of_grant(ORG, base_pack, NOW, held, other_words, None) is held
    other_place = replace(other_words, subjects=frozenset({"ANH"}))
    assert rest_of_grant(ORG, base_pack, NOW, held, other_place, None) is None
    assert rest_of_grant(ORG, base_pack, NOW, held, other_words, LATER) is None


def test_an_authority_below_keeps_what_lies_within() -> None:
    below = HELD[AuthorityId(f"a-{SCHOOL}")]
    rest = rest_of_authority(ORG, NOW, below, Scope(unit=OLD, actions=frozenset({"read"})), None)
    assert rest is not None
    assert (rest.id, rest.scope.actions) == (below.id, frozenset({"read"}))
    assert rest_of_authority(ORG, NOW, below, Scope(unit=OLD), None) is below
    assert rest_of_authority(ORG, LATER, below, Scope(unit=OLD), None) is None
