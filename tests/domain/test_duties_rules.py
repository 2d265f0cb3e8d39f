"""The rules about duties, over facts in memory: whoever enters one, by whichever door (rules 4, 7 and 11)."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from access_service.domain import duties
from access_service.domain.accounts import Custody
from access_service.domain.duties import Hand
from access_service.domain.errors import RefusedError
from access_service.domain.names import AccountId, AssignmentId, ClassId, EducationLevel, PersonId, UnitId
from access_service.domain.org import Assignment
from access_service.domain.reasons import Refusal
from grounds import COMMUNE, HIGH, LONG_AGO, NOW, NURSERY, ROOT, base, class_id, duty, ground

A, B = class_id(HIGH, "6A"), class_id(HIGH, "6B")
TOMORROW, NEXT_WEEK = NOW + timedelta(days=1), NOW + timedelta(days=7)


def whole(*classes: ClassId) -> frozenset[tuple[ClassId, str]]:
    return frozenset((c, "") for c in classes)


def custody(unit: UnitId, holder: str) -> Custody:
    return Custody(f"cus_{unit}", unit, AccountId(f"acc_{unit}"), PersonId(f"per_{unit}"), holder, None, LONG_AGO)


WRONG: dict[str, tuple[dict[str, Any], Refusal]] = {
    "no position of that kind of unit": ({"position": "director"}, Refusal.INVALID),
    "ends before it begins": ({"position": "clerk", "valid_to": NOW}, Refusal.INVALID),
    "a decision younger than the duty": ({"position": "clerk", "decision_date": date(2026, 9, 2)}, Refusal.INVALID),
    "a level that is not taught": (
        {"position": "clerk", "levels": frozenset({EducationLevel.PRIMARY})},
        Refusal.INVALID,
    ),
    "a class of another unit": ({"position": "homeroom", "classes": whole(ClassId("x:y:z"))}, Refusal.INVALID),
    "a class of a closed year": (
        {"position": "homeroom", "classes": whole(ClassId(f"{HIGH}:2025-2026:6A"))},
        Refusal.CLOSED_YEAR,
    ),
    "a second head": ({"position": "acting_principal"}, Refusal.DUPLICATE),
    "a second homeroom": ({"position": "homeroom", "classes": whole(A, B)}, Refusal.DUPLICATE),
    "a substitute for nobody": (
        {"position": "homeroom", "substitutes": AssignmentId("x"), "valid_to": NEXT_WEEK},
        Refusal.INVALID,
    ),
}


@pytest.mark.parametrize("wrong", sorted(WRONG))
def test_a_wrong_duty_is_refused_by_its_own_code(wrong: str) -> None:
    said, code = WRONG[wrong]
    standing = ground(duty("head", "principal"), duty("a", "homeroom", classes=whole(A)))
    with pytest.raises(RefusedError) as refused:
        duties.check_duty(standing, duty("new", **said))
    assert refused.value.code is code


def test_a_right_duty_passes_and_the_one_replaced_is_in_nobodys_way() -> None:
    standing = ground(duty("head", "principal"), duty("a", "homeroom", classes=whole(A)))
    assert duties.check_duty(standing, duty("b", "homeroom", classes=whole(B))).id == "homeroom"
    assert duties.check_duty(standing, duty("new", "homeroom", classes=whole(A)), AssignmentId("a"))
    assert duties.check_duty(standing, duty("new", "acting_principal"), AssignmentId("head"))
    pair = frozenset({(A, "TOAN")})
    assert duties.check_duty(standing, duty("s", "subject_teaching", classes=pair))


def test_a_substitute_stands_beside_within_the_duty_cited_and_no_more() -> None:
    absent = duty("a", "homeroom", classes=whole(A), valid_to=NOW + timedelta(days=30))
    stand_in = duty(
        "s", "homeroom", classes=whole(A), substitutes=absent.id, valid_from=TOMORROW, valid_to=NEXT_WEEK
    )
    standing = ground(absent, stand_in)
    assert duties.check_duty(standing, stand_in)
    wrong: tuple[dict[str, Any], ...] = (
        {"valid_to": None},
        {"valid_to": NOW + timedelta(days=31)},
        {"classes": whole(A, B)},
        {"classes": whole(B)},
        {"position": "clerk"},
        {"person": absent.person},
        {"substitutes": stand_in.id},
    )
    for change in wrong:
        with pytest.raises(RefusedError) as refused:
            duties.check_substitution(standing, replace(stand_in, id=AssignmentId("t"), **change))
        assert refused.value.code is Refusal.INVALID


@pytest.mark.parametrize(
    ("operated", "unit", "position", "hand"),
    [
        (COMMUNE, HIGH, "principal", Hand.COMPLETES),
        (HIGH, HIGH, "principal", Refusal.NOT_DIRECT_MANAGER),
        (ROOT, HIGH, "principal", Refusal.NOT_CUSTODIAN),
        (HIGH, HIGH, "vice_principal", Hand.PREPARES),
        (COMMUNE, HIGH, "vice_principal", Hand.COMPLETES),
        (ROOT, HIGH, "vice_principal", Refusal.NOT_CUSTODIAN),
        (HIGH, HIGH, "clerk", Hand.COMPLETES),
        (COMMUNE, HIGH, "clerk", Refusal.NOT_CUSTODIAN),
        (None, HIGH, "clerk", Refusal.NOT_CUSTODIAN),
        (ROOT, COMMUNE, "commune_chair", Hand.PREPARES),
        (ROOT, ROOT, "it_officer", Hand.COMPLETES),
    ],
)
def test_an_officer_prepares_who_signs_and_a_head_completes(
    operated: UnitId | None, unit: UnitId, position: str, hand: Hand | Refusal
) -> None:
    """A1: the school and the department are kept by officers here, the commune by its head."""
    leads = duty("leads", "office_head", COMMUNE, person=PersonId(f"per_{COMMUNE}"), valid_from=LONG_AGO)
    standing = ground(custody(HIGH, "officer"), custody(COMMUNE, "head"), leads, custody(ROOT, "officer"))
    found = base().positions[position]
    if isinstance(hand, Hand):
        assert duties.hand_in_appointing(standing, operated, unit, found) is hand
        return
    with pytest.raises(RefusedError) as refused:
        duties.hand_in_appointing(standing, operated, unit, found)
    assert refused.value.code is hand


@pytest.mark.parametrize(
    "position", ["director", "acting_director", "deputy_director_in_charge", "deputy_director"]
)
def test_who_signs_for_the_root_is_the_operators(position: str) -> None:
    standing = ground(custody(ROOT, "head"))
    assert duties.is_operators(standing, ROOT, base().positions[position])
    assert not duties.is_operators(standing, COMMUNE, base().positions["commune_chair"])
    assert not duties.is_operators(standing, ROOT, base().positions["it_officer"])


GROUP = whole(class_id(NURSERY, "3A"))


def test_a_preschool_group_has_several_teachers_of_whom_one_leads() -> None:
    """J: `[homeroom.preschool] holders = "several", lead = true`; elsewhere a class has one."""
    lead = duty("lead", "homeroom", NURSERY, classes=GROUP, leads=True)
    standing = ground(lead, duty("second", "homeroom", NURSERY, classes=GROUP))
    assert duties.check_duty(standing, duty("third", "homeroom", NURSERY, classes=GROUP))
    with pytest.raises(RefusedError) as two:
        duties.check_duty(standing, duty("other", "homeroom", NURSERY, classes=GROUP, leads=True))
    assert two.value.code is Refusal.DUPLICATE
    assert duties.check_duty(standing, duty("other", "homeroom", NURSERY, classes=GROUP, leads=True), lead.id)
    for wrong in (duty("x", "homeroom", classes=whole(A), leads=True), duty("x", "clerk", leads=True)):
        with pytest.raises(RefusedError) as nobody:
            duties.check_duty(standing, wrong)
        assert nobody.value.code is Refusal.INVALID


def test_a_pack_may_say_otherwise_of_a_level() -> None:
    one = replace(base(), homerooms={})
    standing = ground(duty("first", "homeroom", NURSERY, classes=GROUP), pack=one)
    with pytest.raises(RefusedError) as refused:
        duties.check_duty(standing, duty("second", "homeroom", NURSERY, classes=GROUP))
    assert refused.value.code is Refusal.DUPLICATE


def test_a_deputy_in_charge_is_no_successor() -> None:
    assert duties.is_successor(base(), duty("a", "principal"))
    assert duties.is_successor(base(), duty("a", "acting_principal"))
    assert not duties.is_successor(base(), duty("a", "vice_principal_in_charge"))
    assert not duties.is_successor(base(), duty("a", "clerk"))


def test_no_sheet_names_who_signs_for_the_root_beside_the_one_who_founded_it() -> None:
    first = duty("first", "director", ROOT)
    duties.check_entered(ground(), first)
    standing = ground(first)
    duties.check_entered(standing, first)
    duties.check_entered(standing, duty("it", "it_officer", ROOT))
    duties.check_entered(standing, duty("head", "principal"))
    for position in ("director", "deputy_director"):
        with pytest.raises(RefusedError) as refused:
            duties.check_entered(standing, duty("second", position, ROOT))
        assert refused.value.code is Refusal.OPERATOR_ONLY


@pytest.mark.parametrize(
    ("unit", "position", "classes", "title"),
    [
        (NURSERY, "homeroom", ("3A",), "Giáo viên phụ trách nhóm, lớp"),
        (HIGH, "homeroom", ("6A", "6B"), "Giáo viên chủ nhiệm"),
        (HIGH, "homeroom", (), "Chủ nhiệm lớp"),
        (HIGH, "clerk", (), "Nhân viên văn thư"),
        (HIGH, "no-such-position", (), ""),
    ],
)
def test_charge_of_a_class_is_printed_in_the_words_of_its_level(
    unit: UnitId, position: str, classes: tuple[str, ...], title: str
) -> None:
    held = duty("a", position, unit, classes=whole(*(class_id(unit, code) for code in classes)))
    assert duties.title_of(base(), held, ground().org.school_class) == title


def test_who_takes_a_duty_over_stands_in_for_nobody() -> None:
    standing = ground(duty("a", "homeroom", classes=whole(A)))
    cited = standing.facts.find(Assignment)[0].id
    both = duty("b", "homeroom", classes=whole(A), substitutes=cited, valid_to=NEXT_WEEK)
    duties.check_duty(standing, both)
    with pytest.raises(RefusedError) as refused:
        duties.check_duty(standing, both, cited)
    assert refused.value.code is Refusal.INVALID


def test_a_substitution_ends_with_the_duty_that_it_cites() -> None:
    absent = duty("a", "homeroom", classes=whole(A))
    standing_in = duty("b", "homeroom", classes=whole(A), substitutes=absent.id, valid_to=NEXT_WEEK)
    standing = ground(absent, standing_in)
    assert duties.cut_with(standing, absent) == []
    assert duties.cut_with(standing, replace(absent, valid_to=TOMORROW)) == [
        replace(standing_in, valid_to=TOMORROW)
    ]
    assert duties.cut_with(standing, replace(absent, valid_to=NEXT_WEEK)) == []
