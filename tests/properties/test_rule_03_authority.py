"""Rule 3: nobody hands down what the unit lacks."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from access_service.domain.delegation import Authority, Grant
from access_service.domain.errors import InvalidError, RefusedError
from access_service.domain.names import EducationLevel, GrantEnd, SuspendableKind
from access_service.domain.reasons import Reason, Refusal
from access_service.domain.scope import Scope
from access_service.storage.standing import Gatherer
from access_service.usecases.handover import delegation, documents
from access_service.usecases.handover.documents import EnteredLine
from sampled import times
from world import LOWER, OFFICE, PRESCHOOL, PRIMARY, SCHOOL, Someone, World

FEW = settings(max_examples=times(25), suppress_health_check=[HealthCheck.function_scoped_fixture])
AXES = ("levels", "grades", "subjects", "categories", "actions")
ALL: dict[str, tuple[object, ...]] = {
    "levels": tuple(EducationLevel),
    "grades": ("6", "7", "8"),
    "subjects": ("TOAN", "VAN", "ANH"),
    "categories": ("STU-ID", "STU-ACA", "CLS"),
    "actions": ("read", "write", "export"),
}
Box = dict[str, frozenset[object] | None]


def readable(box: Box) -> Box:
    """The same without grades that are none of its levels: what names those is unreadable, not wider."""
    return box if box["levels"] is None or LOWER in box["levels"] else {**box, "grades": None}


boxes = st.fixed_dictionaries(
    {axis: st.none() | st.frozensets(st.sampled_from(ALL[axis]), min_size=1) for axis in AXES}
).map(readable)


def scope_of(box: Box) -> Scope:
    return Scope(unit=SCHOOL, **box)  # type: ignore[arg-type]


def outside(inner: Box, outer: Box) -> set[str]:
    """The obvious definition: an axis is exceeded unless the outer one is open, or holds every value named.

    A scope about a school that names no level is about the levels the school has.
    """
    inner = {**inner, "levels": inner["levels"] or frozenset({LOWER})}
    return {
        axis
        for axis in AXES
        if outer[axis] is not None and (inner[axis] is None or not inner[axis] <= outer[axis])  # type: ignore[operator]
    }


def registrar_line(world: World, who: Someone, box: Box, until: datetime | None, authority: str) -> EnteredLine:
    return EnteredLine(
        role="academic_registrar",
        assignment=who.duty,
        scope=scope_of(box),
        valid_from=world.clock.now,
        valid_to=until,
        authority=authority,  # type: ignore[arg-type]
    )


@FEW
@given(held=boxes, asked=boxes, days=st.integers(-1, 1))
def test_nobody_hands_down_what_the_unit_lacks(school_world: World, held: Box, asked: Box, days: int) -> None:
    """A grant is within the authority on every axis, time included; what is not is refused by the axis's name."""
    world = school_world
    held = {**held, "levels": frozenset({LOWER})}
    world.clock.forward(seconds=1)
    until = world.clock.now + timedelta(days=100)
    authority = delegation.give_authority(
        world.services, world.admins[OFFICE], unit=SCHOOL, scope=scope_of(held), basis="QĐ 03/QĐ", valid_to=until
    )
    who = world.people.get("giáo vụ") or world.hire("giáo vụ", SCHOOL, "academic_registrar", SCHOOL)
    wrong = outside(asked, held) | ({"time"} if days > 0 else set())
    line = registrar_line(world, who, asked, until + timedelta(days=days), authority.id)
    if not wrong:
        prepared = world.propose(SCHOOL, who, line)
        [grant] = prepared.grants
        documents.cancel(world.services, world.admins[SCHOOL], prepared.document.id, reason="thử xong")
        assert grant.authority == authority.id
        return
    with world.refuses(Refusal.WIDER_THAN_AUTHORITY):
        try:
            world.propose(SCHOOL, who, line)
        except RefusedError as refused:
            assert refused.details["axis"] in wrong  # noqa: PT017 the context around it is ours
            raise


@FEW
@given(held=boxes, asked=boxes)
def test_no_unit_is_given_authority_that_its_manager_lacks(school_world: World, held: Box, asked: Box) -> None:
    world = school_world
    given = delegation.give_authority(
        world.services,
        world.admins[world.root],
        unit=OFFICE,
        scope=replace(scope_of(held), unit=OFFICE),
        basis="QĐ 04/QĐ",
    )
    wrong = outside(asked, held)

    def give() -> Authority:
        return delegation.give_authority(
            world.services,
            world.admins[OFFICE],
            unit=SCHOOL,
            scope=scope_of(asked),
            basis="QĐ 05/QĐ",
            parent=given.id,
        )

    if not wrong:
        assert give().parent == given.id
        return
    with world.refuses(Refusal.WIDER_THAN_AUTHORITY):
        try:
            give()
        except RefusedError as refused:
            assert refused.details["axis"] in wrong  # noqa: PT017 the context around it is ours
            raise


@pytest.mark.parametrize(("axis", "noun"), [("categories", "category"), ("actions", "action")])
def test_nobody_hands_down_what_the_pack_does_not_know(school_world: World, axis: str, noun: str) -> None:
    """Lying within an open axis, such a word would be a right to nothing, and to something in a later pack."""
    world = school_world
    who, grant = world.hire_granted("giáo vụ")
    before = world.revision
    scope = Scope(unit=SCHOOL, **{axis: frozenset({"KHONG-CO"})})  # type: ignore[arg-type]
    line = EnteredLine("academic_registrar", who.duty, scope, world.clock.now)
    authority = grant.authority
    office, school = world.admins[OFFICE], world.admins[SCHOOL]
    for hand_down in (
        lambda: world.propose(SCHOOL, who, line),
        lambda: delegation.give_authority(world.services, office, unit=SCHOOL, scope=scope, basis="QĐ 06/QĐ"),
        lambda: delegation.narrow_authority(world.services, office, authority, scope=scope, valid_to=None),
        lambda: delegation.narrow_grant(world.services, school, grant.id, scope=scope, valid_to=grant.valid_to),
    ):
        with pytest.raises(InvalidError, match=f"^the policy knows no {noun} `KHONG-CO`$"):
            hand_down()
    assert world.revision == before


@settings(max_examples=times(8), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_narrowing_an_authority_ends_exactly_the_excess(school_world: World, data: st.DataObject) -> None:
    """What loses nothing stands untouched; what does has ended for good, its rest, if any, beside it on a new line.

    Of two scopes that differ in words alone, categories and actions, the role's own cells decide.
    """
    world = school_world
    world.clock.forward(seconds=1)
    everything: Box = {axis: frozenset(ALL[axis]) for axis in AXES} | {"levels": frozenset({LOWER})}
    authority = delegation.give_authority(
        world.services, world.admins[OFFICE], unit=SCHOOL, scope=scope_of(everything), basis="QĐ 06/QĐ"
    )
    who = world.hire(f"giáo vụ {len(world.people)}", SCHOOL, "academic_registrar", SCHOOL)
    inside = st.fixed_dictionaries(
        {a: st.frozensets(st.sampled_from(sorted(everything[a] or ())), min_size=1) for a in AXES}  # type: ignore[type-var]
    )
    asked: list[Box] = data.draw(st.lists(inside, min_size=1, max_size=4))
    lines = [registrar_line(world, who, box, None, authority.id) for box in asked]
    grants = world.hand_over(SCHOOL, who, *lines).grants
    pending = world.propose(SCHOOL, who, *lines).grants
    narrow: Box = data.draw(inside)
    world.clock.forward(seconds=1)
    delegation.narrow_authority(
        world.services, world.admins[OFFICE], authority.id, scope=scope_of(narrow), valid_to=None
    )
    rest = [{axis: frozenset(box[axis] or ()) & frozenset(narrow[axis] or ()) for axis in AXES} for box in asked]
    loses = [
        any(left[axis] != box[axis] for axis in ("levels", "grades", "subjects"))
        or opened(world, left) != opened(world, box)
        for box, left in zip(asked, rest, strict=True)
    ]
    with world.services.db.read(world.register) as reader:
        lines = {g.replaces: g for g in reader.find(Grant, account=who.account) if g.replaces}
    for grant, left, is_less in zip(grants, rest, loses, strict=True):
        now = world.get(Grant, grant.id)
        if not is_less:
            assert now.ended_at is None
            continue
        assert (now.ended_at, now.ended_as) == (world.clock.now, GrantEnd.AUTHORITY_WITHDRAWN)
        stands = all(left.values()) and bool(opened(world, left))
        assert (grant.id in lines) == stands
        if stands:
            assert lines[grant.id].scope == scope_of(left)
    for grant in pending:
        now = world.get(Grant, grant.id)
        assert now.ended_as is (GrantEnd.CANCELLED if any(loses) else None)


def opened(world: World, box: Box) -> set[tuple[str, str]]:
    """The cells that the registrar's role opens within a box, straight from the pack's rows."""
    with world.services.db.read(world.register) as reader:
        tables = Gatherer(reader).tables_for(SCHOOL, world.clock.now)
    assert tables is not None
    table = tables.roles["academic_registrar"]
    return {c for c in table.allow if c[0] in (box["categories"] or ()) and c[1] in (box["actions"] or ())}


def test_withdrawing_an_authority_ends_everything_below_it(school_world: World) -> None:
    world = school_world
    who, grant = world.hire_granted("giáo vụ")
    office_authority = world.get(Authority, world.get(Authority, grant.authority).parent or "")
    delegation.withdraw_authority(world.services, world.admins[world.root], office_authority.id)
    assert world.why(who) is Reason.GRANT_ENDED
    assert world.get(Authority, grant.authority).valid_to == world.clock.now
    with world.refuses(Refusal.WIDER_THAN_AUTHORITY):
        world.propose(SCHOOL, who, EnteredLine("academic_registrar", who.duty, Scope(unit=SCHOOL), world.clock.now))


def test_resuming_a_suspension_restores_exactly_what_was(school_world: World) -> None:
    """A grant that ended while its authority was suspended stays ended; the others come back as they were."""
    world = school_world
    kept, grant = world.hire_granted("giáo vụ")
    lost, ended = world.hire_granted("văn thư", "clerk")
    before = world.ask(kept), world.get(Grant, grant.id)
    how = {"kind": SuspendableKind.AUTHORITY, "target": grant.authority}
    delegation.suspend(world.services, world.admins[OFFICE], reason="rà soát", **how)  # type: ignore[arg-type]
    delegation.revoke_grant(world.services, world.admins[SCHOOL], ended.id, reason="thôi việc")
    world.clock.forward(minutes=1)
    assert world.why(kept) is Reason.AUTHORITY_SUSPENDED
    delegation.resume(world.services, world.admins[OFFICE], **how)  # type: ignore[arg-type]
    assert (world.ask(kept), world.get(Grant, grant.id)) == before
    assert world.why(lost, category="SCH", class_id=None, unit=SCHOOL) is Reason.GRANT_ENDED


def test_authority_is_compared_not_the_custodians_own_rights(school_world: World) -> None:
    """The head, who holds no right to health data, prepares and signs the nurse's grant."""
    world = school_world
    head = world.people[f"head:{SCHOOL}"]
    assert world.why(head, category="STU-HEA") is Reason.NO_GRANT
    nurse, _ = world.hire_granted("y tế", "school_health")
    assert world.ask(nurse, category="STU-HEA")


def test_two_grants_never_combine(school_world: World) -> None:
    """One grant for a grade, another for a category: neither gives the category in the other grade."""
    world = school_world
    who = world.hire("giáo vụ", SCHOOL, "academic_registrar", SCHOOL)
    lines = [
        EnteredLine("academic_registrar", who.duty, scope, world.clock.now)
        for scope in (
            Scope(unit=SCHOOL, grades=frozenset({"7"}), categories=frozenset({"STU-ID"})),
            Scope(unit=SCHOOL, grades=frozenset({"6"}), categories=frozenset({"CLS"})),
        )
    ]
    world.hand_over(SCHOOL, who, *lines)
    assert world.ask(who, category="CLS")
    assert not world.ask(who, category="STU-ID")


def test_an_office_of_two_levels_gives_no_third(school_world: World) -> None:
    """(#53) A level officer's grant stays within the levels that the office itself holds."""
    world = school_world
    officer = world.hire("phụ trách", OFFICE, "level_officer", OFFICE)
    line = EnteredLine("level_officer", officer.duty, Scope(unit=OFFICE), world.clock.now)
    with world.refuses(Refusal.LEVEL_REQUIRED):
        world.propose(OFFICE, officer, line)
    upper = replace(line, scope=Scope(unit=OFFICE, levels=frozenset({EducationLevel.UPPER_SECONDARY})))
    with world.refuses(Refusal.WIDER_THAN_AUTHORITY):
        world.propose(OFFICE, officer, upper)
    held = replace(line, scope=Scope(unit=OFFICE, levels=frozenset({PRESCHOOL, PRIMARY})))
    assert world.propose(OFFICE, officer, held).grants[0].role == "level_officer"
