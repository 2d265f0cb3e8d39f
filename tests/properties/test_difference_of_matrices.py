"""The difference of two matrices, applied to the first, is the second; and each kind means what it says."""

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from access_service.domain.difference import (
    Change,
    ChangeKind,
    RightLine,
    apply_changes,
    count_changes,
    find_changes,
)
from access_service.domain.names import ClassId, UnitId
from access_service.domain.scope import Scope
from sampled import times

UNITS = [UnitId("0001"), UnitId("00011"), UnitId("00012")]
CELLS = [("STU-ID", "read"), ("STU-ACA", "read"), ("STU-ACA", "write")]


def is_below(unit: UnitId, root: UnitId) -> bool:
    return unit == root or root == UNITS[0]


scopes = st.builds(
    Scope,
    unit=st.sampled_from(UNITS),
    classes=st.none()
    | st.frozensets(st.tuples(st.sampled_from([ClassId("6A"), ClassId("6B")]), st.just("")), min_size=1),
    school_year=st.sampled_from([None, "2026-2027", "2027-2028"]),
)
lines = st.builds(
    RightLine,
    id=st.sampled_from([f"grn_{n}" for n in range(8)]),
    account=st.sampled_from(["acc_1", "acc_2"]),
    person=st.none(),
    unit=st.sampled_from(UNITS),
    role=st.sampled_from(["homeroom_teacher", "principal"]),
    assignment=st.sampled_from([None, "asg_1", "asg_2"]),
    replaces=st.sampled_from([None, "grn_0", "grn_1", "grn_2"]),
    scope=scopes,
    cells=st.frozensets(st.sampled_from(CELLS)),
    is_usable=st.booleans(),
)
matrices = st.lists(lines, max_size=8, unique_by=lambda line: line.id)


@settings(max_examples=times(300), deadline=None)
@given(matrices, matrices)
def test_applied_to_the_first_matrix_the_difference_gives_the_second(
    before: list[RightLine], after: list[RightLine]
) -> None:
    changes = find_changes(before, after, is_below=is_below, expired=frozenset())
    assert apply_changes(before, changes) == {line.id: line for line in after}


@settings(max_examples=times(100), deadline=None)
@given(matrices, matrices)
def test_of_a_matrix_and_itself_there_is_none_and_every_change_is_counted_once(
    before: list[RightLine], after: list[RightLine]
) -> None:
    assert find_changes(before, before, is_below=is_below, expired=frozenset()) == []
    changes = find_changes(before, after, is_below=is_below, expired=frozenset())
    kinds, units = count_changes(changes)
    assert sum(kinds.values()) == sum(n for unit in units.values() for n in unit.values()) == len(changes)


LINE = RightLine(
    id="grn_1",
    account="acc_1",
    person="per_1",
    unit=UNITS[1],
    role="homeroom_teacher",
    assignment="asg_1",
    replaces=None,
    scope=Scope(UNITS[1], classes=frozenset({(ClassId("6A"), "")}), school_year="2026-2027"),
    cells=frozenset(CELLS[:2]),
    is_usable=True,
)


def change(before: RightLine | None, after: RightLine | None, expired: frozenset[str] = frozenset()) -> Change:
    old, new = [before] if before else [], [after] if after else []
    [found] = find_changes(old, new, is_below=is_below, expired=expired)
    return found


def test_each_kind_means_what_it_says() -> None:
    wide = replace(LINE, scope=replace(LINE.scope, classes=None))
    more = replace(LINE, cells=frozenset(CELLS))
    other = replace(LINE, scope=replace(LINE.scope, classes=frozenset({(ClassId("6B"), "")})))
    next_year = replace(LINE, id="grn_2", assignment="asg_2", scope=replace(LINE.scope, school_year="2027-2028"))
    told = {
        ChangeKind.GRANTED: change(None, LINE),
        ChangeKind.REVOKED: change(LINE, None),
        ChangeKind.EXPIRED: change(LINE, None, frozenset({"grn_1"})),
        ChangeKind.WIDENED: change(LINE, wide),
        ChangeKind.NARROWED: change(wide, LINE),
        ChangeKind.CHANGED: change(LINE, other),
        ChangeKind.SUSPENDED: change(LINE, replace(LINE, is_usable=False)),
        ChangeKind.RESUMED: change(replace(LINE, is_usable=False), LINE),
        ChangeKind.RENEWED: change(LINE, next_year),
        ChangeKind.PACK_CHANGED: change(LINE, more),
    }
    assert {kind: found.kind for kind, found in told.items()} == {kind: kind for kind in ChangeKind}
    assert told[ChangeKind.PACK_CHANGED].added == {CELLS[2]}
    assert told[ChangeKind.REVOKED].removed == LINE.cells


def test_a_line_that_replaces_another_is_that_one_changed() -> None:
    new = replace(LINE, id="grn_9", replaces="grn_1", assignment="asg_9", cells=frozenset(CELLS[:1]))
    found = change(LINE, new)
    assert (found.kind, found.before, found.after) == (ChangeKind.NARROWED, LINE, new)
