"""Duties that should not meet are separated by person: shown, and refused only where a pack says so."""

from dataclasses import replace
from datetime import date
from pathlib import Path
from types import SimpleNamespace

import pytest

from access_service.domain.delegation import Grant
from access_service.domain.errors import InvalidError, RefusedError
from access_service.domain.facts import Ground
from access_service.domain.grades import check_grade, check_grades
from access_service.domain.names import EducationLevel
from access_service.domain.policy import Pack, Separation
from access_service.domain.reasons import Refusal
from access_service.domain.scope import Scope
from access_service.domain.separations import check_separated, check_separations, meetings
from access_service.domain.time import start_of_day
from access_service.engine.packs.load import load_pack

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def base() -> Pack:
    return load_pack(ROOT / "policy", "base", ROOT / "models")


def apart(*accept: str, refuse: bool = True, within: str = "one_person") -> Separation:
    pair = (("ACC", "write"), ("STU-ACA", "write"))
    return Separation("accounts-and-marks", pair, within, refuse, frozenset(accept), "vì sao", "default")


def test_account_officer_and_teacher_meet_and_a_teacher_alone_does_not(base: Pack) -> None:
    found = {(met.separation.id, met.roles) for met in meetings(base, ["account_officer", "subject_teacher"])}
    assert found == {("accounts-and-marks", "account_officer+subject_teacher")}
    assert meetings(base, ["account_officer"]) == ()
    assert meetings(base, ["subject_teacher"]) == ()


def test_in_hai_duong_who_issues_accounts_and_enters_marks_is_shown() -> None:
    pack = load_pack(ROOT / "policy", "hai-duong", ROOT / "models")
    [met] = meetings(pack, ["it_officer", "subject_teacher"])
    assert (met.separation.article, met.roles) == ("hd-2024-95", "it_officer+subject_teacher")
    assert not met.separation.refuse


def test_what_a_pack_accepts_is_not_shown(base: Pack) -> None:
    pack = replace(base, separations=(apart("account_officer+subject_teacher"),))
    assert meetings(pack, ["account_officer", "subject_teacher"]) == ()
    assert meetings(pack, ["account_officer", "homeroom_teacher"]) != ()


def test_no_role_of_base_meets_itself_unaccepted(base: Pack) -> None:
    assert [
        met for role in base.roles for met in meetings(base, [role]) if met.separation.within == "one_role"
    ] == []
    bare = replace(base, separations=tuple(replace(s, accept=frozenset()) for s in base.separations))
    found = {(met.separation.id, met.roles) for role in base.roles for met in meetings(bare, [role])}
    assert ("staff-records-written-and-approved", "personnel_officer") in found


def test_a_deny_row_of_the_role_or_of_everybody_takes_the_cell_away(base: Pack) -> None:
    rule = next(r for r in base.rules if (r.role, r.category, r.action) == ("account_officer", "ACC", "write"))
    for role in ("account_officer", "*"):
        pack = replace(base, rules=(*base.rules, replace(rule, role=role, allow=False)))
        assert ("ACC", "write") not in pack.cells["account_officer"]


@pytest.mark.parametrize("name", ["base", "hai-phong-2023", "hai-phong", "hai-duong", "ho-chi-minh"])
def test_whoever_writes_and_approves_one_category_is_spoken_of_in_every_pack(name: str) -> None:
    """By one role or by two: shown, or accepted with a reason that the pack writes. Nothing is passed over."""
    pack = load_pack(ROOT / "policy", name, ROOT / "models")
    kept_apart = {s.pair for s in pack.separations if s.within == "one_person"}
    for category in pack.categories:
        pair = (category, "write"), (category, "approve")
        if all(any(cell in pack.cells.get(role, ()) for role in pack.roles) for cell in pair):
            assert pair in kept_apart, category
    alone = {(met.separation.id, met.roles) for role in pack.roles for met in meetings(pack, [role])}
    assert alone == set()


def test_a_role_accepted_with_both_sides_gains_nothing_by_a_second(base: Pack) -> None:
    together = {met.roles for met in meetings(base, base.roles) if met.separation.pair[0][0] == "SCH"}
    assert together == {"equipment_officer+principal"}
    (staff,) = [s for s in base.separations if s.id == "facilities-written-and-approved"]
    bare = replace(base, separations=(replace(staff, accept=frozenset()),))
    assert "deputy_facilities+principal" in {met.roles for met in meetings(bare, base.roles)}


def test_what_the_difference_of_marks_says_already_is_not_said_of_the_class_book_again(base: Pack) -> None:
    found = {met.separation.id for met in meetings(base, ["homeroom_teacher", "deputy_academic"])}
    assert found == {"marks-written-and-approved"}
    assert meetings(base, ["academic_registrar", "deputy_academic"]) != ()


def test_it_is_refused_only_where_the_pack_says_so(base: Pack) -> None:
    held, new = frozenset({"account_officer"}), frozenset({"subject_teacher"})
    check_separated(base, held, new)
    strict = replace(base, separations=(apart(),))
    with pytest.raises(RefusedError) as refused:
        check_separated(strict, held, new)
    assert refused.value.code is Refusal.DUTIES_SEPARATED
    # Two lines of one paper meet as two papers do.
    with pytest.raises(RefusedError):
        check_separated(strict, frozenset(), held | new)
    # Whoever holds both already is not held up by a third role.
    check_separated(strict, held | new, frozenset({"librarian"}))


def test_what_is_over_is_no_longer_held(base: Pack) -> None:
    strict = replace(base, separations=(apart(),))
    scope = Scope(unit="school")
    start, now = start_of_day(date(2026, 9, 1)), start_of_day(date(2026, 12, 1))
    grant = Grant("g", "a", "account_officer", scope, "school", "aut", "duty", "doc", start, None)
    for ended in (None, start_of_day(date(2026, 11, 1))):
        facts = SimpleNamespace(find=lambda *_a, ended=ended, **_k: [replace(grant, ended_at=ended)])
        ground = Ground(facts, SimpleNamespace(), now, lambda _unit: strict)
        if ended is None:
            with pytest.raises(RefusedError):
                check_separations(ground, strict, "a", ["subject_teacher"])
        else:
            check_separations(ground, strict, "a", ["subject_teacher"])


@pytest.mark.parametrize("grade", ["06", "6.0", "six", "Khối 6", "10", "", "6 "])
def test_a_grade_is_one_of_its_level_in_the_packs_words(base: Pack, grade: str) -> None:
    check_grade(base, EducationLevel.LOWER_SECONDARY, "6")
    with pytest.raises(InvalidError):
        check_grade(base, EducationLevel.LOWER_SECONDARY, grade)


def test_the_grades_of_a_scope_are_those_of_its_levels(base: Pack) -> None:
    check_grades(base, frozenset({"6", "10"}), None)
    with pytest.raises(InvalidError):
        check_grades(base, frozenset({"10"}), frozenset({EducationLevel.LOWER_SECONDARY}))


def test_a_pack_without_grades_compares_none(base: Pack) -> None:
    check_grade(replace(base, grades={}), EducationLevel.PRIMARY, "năm")
