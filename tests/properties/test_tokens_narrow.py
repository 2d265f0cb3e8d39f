"""Rules 3 and 10 for tokens: what is handed on lies within everything it came from, and only ever narrows."""

from dataclasses import fields, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from access_service.domain.names import ClassId, EducationLevel, UnitId
from access_service.domain.scope import Scope
from access_service.domain.tokens import (
    AccessDetail,
    Actor,
    Claims,
    covers,
    details_of,
    intersect,
    is_within,
    narrow,
)

PARENT = {"office": "department", "school": "office", "campus": "school", "college": "department", "lone": "lone"}
UNITS = ["department", *PARENT]


def is_below(unit: UnitId, root: UnitId) -> bool:
    """A small tree, and one unit that stands beside it."""
    at: str = unit
    while at != root:
        above = PARENT.get(at, at)
        if above == at:
            return False
        at = above
    return True


def axis(*values: str) -> st.SearchStrategy[frozenset[str] | None]:
    return st.none() | st.frozensets(st.sampled_from(values), min_size=1)


boxes = st.builds(
    AccessDetail,
    unit=st.sampled_from([UnitId(unit) for unit in UNITS]),
    levels=axis("primary", "lower_secondary"),
    grades=axis("5", "6"),
    classes=axis("6A", "6B", "7A"),
    subjects=axis("toan", "ngu_van"),
    categories=st.frozensets(st.sampled_from(["STU-ACA", "STU-HEA", "STU-PRO"]), min_size=1),
    actions=st.frozensets(st.sampled_from(["read", "write"]), min_size=1),
    school_year=st.sampled_from([None, "2025-2026", "2026-2027"]),
    grant=st.sampled_from([None, "grt_a", "grt_b"]),
)
several = st.lists(boxes, max_size=4).map(tuple)


@st.composite
def around(draw: st.DrawFn, box: AccessDetail) -> AccessDetail:
    """A box that holds this one, made axis by axis."""

    def wider(values: frozenset[str] | None, more: tuple[str, ...]) -> frozenset[str] | None:
        if values is None or draw(st.booleans()):
            return None
        return values | draw(st.frozensets(st.sampled_from(more)))

    return AccessDetail(
        unit=draw(st.sampled_from([UnitId(unit) for unit in UNITS if is_below(box.unit, UnitId(unit))])),
        levels=wider(box.levels, ("primary", "lower_secondary")),
        grades=wider(box.grades, ("5", "6")),
        classes=wider(box.classes, ("6A", "6B", "7A")),
        subjects=wider(box.subjects, ("toan", "ngu_van")),
        categories=box.categories | draw(st.frozensets(st.sampled_from(["STU-ACA", "STU-HEA"]))),
        actions=box.actions | draw(st.frozensets(st.sampled_from(["read", "write"]))),
        school_year=draw(st.sampled_from([None, box.school_year])),
        grant=None,
    )


nested = boxes.flatmap(lambda box: st.tuples(st.just(box), around(box), around(box)))
"""A box and two that hold it."""


@given(boxes, boxes)
def test_an_intersection_is_within_both(one: AccessDetail, other: AccessDetail) -> None:
    common = intersect(one, other, is_below)
    if common is not None:
        assert is_within(common, one, is_below)
        assert is_within(common, other, is_below)


@given(nested)
def test_nothing_within_both_is_lost_by_the_intersection(boxes: tuple[AccessDetail, ...]) -> None:
    box, one, other = boxes
    assert is_within(box, one, is_below)
    assert is_within(box, other, is_below)
    common = intersect(one, other, is_below)
    assert common is not None
    assert is_within(box, common, is_below)


@given(
    boxes.flatmap(
        lambda box: st.tuples(st.just(box), around(box).flatmap(lambda b: st.tuples(st.just(b), around(b))))
    )
)
def test_within_is_transitive(boxes: tuple[AccessDetail, tuple[AccessDetail, AccessDetail]]) -> None:
    box, (wider, widest) = boxes
    assert is_within(box, wider, is_below)
    assert is_within(wider, widest, is_below)
    assert is_within(box, widest, is_below)


@given(boxes, boxes)
def test_within_both_ways_is_the_same_box(one: AccessDetail, other: AccessDetail) -> None:
    assert is_within(one, one, is_below)
    if is_within(one, other, is_below) and is_within(other, one, is_below):
        assert replace(one, grant=None) == replace(other, grant=None)


@given(boxes, boxes)
def test_an_intersection_is_the_same_from_either_side_but_for_its_grant(
    one: AccessDetail, other: AccessDetail
) -> None:
    there, back = intersect(one, other, is_below), intersect(other, one, is_below)
    assert (there is None) == (back is None)
    if there is not None and back is not None:
        assert replace(there, grant=None) == replace(back, grant=None)
        assert there.grant == (one.grant or other.grant)


@given(several, several)
def test_narrowing_never_widens(held: tuple[AccessDetail, ...], asked: tuple[AccessDetail, ...]) -> None:
    left = narrow(held, asked, is_below)
    assert covers(held, left, is_below)
    assert covers(asked, left, is_below)


@given(several, several, several)
def test_narrowing_again_and_again_only_narrows(
    held: tuple[AccessDetail, ...], asked: tuple[AccessDetail, ...], again: tuple[AccessDetail, ...]
) -> None:
    once = narrow(held, asked, is_below)
    twice = narrow(once, again, is_below)
    assert covers(once, twice, is_below)
    assert covers(held, twice, is_below)
    assert covers(narrow(held, again, is_below), twice, is_below)


@given(nested, several, several)
def test_narrowing_loses_nothing_that_both_sides_have(
    boxes: tuple[AccessDetail, ...], held: tuple[AccessDetail, ...], asked: tuple[AccessDetail, ...]
) -> None:
    box, one, other = boxes
    assert covers(narrow((*held, one), (*asked, other), is_below), [box], is_below)


@given(several, several)
def test_what_is_left_rests_on_what_was_held_and_nothing_is_said_twice(
    held: tuple[AccessDetail, ...], asked: tuple[AccessDetail, ...]
) -> None:
    left = narrow(held, tuple(replace(box, grant=None) for box in asked), is_below)
    for place, box in enumerate(left):
        assert any(box.grant == source.grant and is_within(box, source, is_below) for source in held)
        assert not any(is_within(box, other, is_below) for other in (*left[:place], *left[place + 1 :]))


@given(several, several)
def test_the_order_of_what_is_asked_does_not_matter(
    held: tuple[AccessDetail, ...], asked: tuple[AccessDetail, ...]
) -> None:
    there, back = narrow(held, asked, is_below), narrow(held, asked[::-1], is_below)
    assert covers(there, back, is_below)
    assert covers(back, there, is_below)


@pytest.mark.parametrize("name", [f.name for f in fields(AccessDetail) if f.name != "grant"])
def test_every_axis_counts(name: str) -> None:
    """A field that is added and forgotten in the rules would be a hole."""
    values = {"unit": ("office", "college"), "school_year": ("2025-2026", "2026-2027")}
    one_value, other_value = values.get(name, (frozenset({"a"}), frozenset({"b"})))
    whole = AccessDetail(
        *(UnitId("department"), None, None, None), frozenset({"a", "b"}), frozenset({"a", "b"}), None, None
    )
    one, other = replace(whole, **{name: one_value}), replace(whole, **{name: other_value})
    assert intersect(one, other, is_below) is None
    assert not is_within(one, other, is_below)
    assert is_within(one, whole, is_below)
    assert not is_within(whole, one, is_below)
    assert intersect(whole, one, is_below) == intersect(one, whole, is_below) == one


# -- scopes as boxes


A, B = ClassId("0003101:2026-2027:6A"), ClassId("0003101:2026-2027:6B")


def test_two_subjects_in_two_classes_do_not_combine() -> None:
    scope = Scope(UnitId("school"), classes=frozenset({(A, "toan"), (B, "ngu_van")}), school_year="2026-2027")
    found = details_of(scope, "grt_a", frozenset({"STU-ACA"}), frozenset({"read"}))
    assert {(box.classes, box.subjects) for box in found} == {
        (frozenset({A}), frozenset({"toan"})),
        (frozenset({B}), frozenset({"ngu_van"})),
    }


def test_a_homeroom_is_the_class_in_every_subject() -> None:
    scope = Scope(UnitId("school"), classes=frozenset({(A, ""), (B, "toan")}))
    found = details_of(scope, "grt_a", frozenset({"STU-ACA"}), frozenset({"read"}))
    assert [(box.classes, box.subjects) for box in found] == [
        (frozenset({A}), None),
        (frozenset({B}), frozenset({"toan"})),
    ]


def test_a_scope_gives_nothing_beyond_what_the_role_gives_in_it() -> None:
    scope = Scope(UnitId("school"), categories=frozenset({"STU-HEA"}), actions=frozenset({"read"}))
    assert details_of(scope, None, frozenset({"STU-ACA"}), frozenset({"read"})) == ()
    assert details_of(scope, None, frozenset({"STU-HEA"}), frozenset({"write"})) == ()
    (box,) = details_of(scope, None, frozenset({"STU-HEA", "STU-ACA"}), frozenset({"read", "write"}))
    assert (box.categories, box.actions) == (frozenset({"STU-HEA"}), frozenset({"read"}))


def test_no_axis_of_a_scope_is_lost() -> None:
    scope = Scope(
        UnitId("school"),
        levels=frozenset({EducationLevel.LOWER_SECONDARY}),
        grades=frozenset({"6"}),
        classes=frozenset({(A, "toan"), (A, "ngu_van")}),
        subjects=frozenset({"toan"}),
        school_year="2026-2027",
    )
    assert details_of(scope, "grt_a", frozenset({"STU-ACA"}), frozenset({"read"})) == (
        AccessDetail(
            unit=UnitId("school"),
            levels=frozenset({"lower_secondary"}),
            classes=frozenset({A}),
            subjects=frozenset({"toan"}),
            categories=frozenset({"STU-ACA"}),
            actions=frozenset({"read"}),
            school_year="2026-2027",
            grant="grt_a",
            grades=frozenset({"6"}),
        ),
    )


def test_everybody_who_acts_is_named() -> None:
    claims = Claims(
        *("iss", "acc_a", ("aud",), "cli", 1, 2, "jti", frozenset(), (), "reg", "r1", (), (), ()),
        act=Actor("acc_b", Actor("acc_c")),
    )
    assert claims.accounts() == ("acc_a", "acc_b", "acc_c")
    assert replace(claims, act=None).accounts() == ("acc_a",)
