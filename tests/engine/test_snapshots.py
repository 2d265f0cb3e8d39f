"""Grants as decisions compare them: shapes, classes as bits, and what bits must never confuse."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime

import pytest

from access_service.domain.access import AccessRequest, Allow, Decision, Deny
from access_service.domain.delegation import Grant
from access_service.domain.names import AccountId, AuthorityId, ClassId, EducationLevel, GrantId, UnitId
from access_service.domain.org import SchoolClass
from access_service.domain.reasons import Reason
from access_service.domain.scope import Scope
from access_service.domain.standing import AccountStanding, GrantStanding
from access_service.engine.decide import OnDemand, Place, Site, decide
from access_service.engine.packs.load import load_pack
from access_service.engine.snapshots import Snapshot
from remembered import MEMORY, class_bit, compile_pack, flatten, site_of
from world import ROOT

NOW = datetime(2026, 10, 1, tzinfo=UTC)
SCHOOL, CAMPUS, OTHER, OFFICE = UnitId("000-truong"), UnitId("000-phan-hieu"), UnitId("000-khac"), UnitId("000-xa")
ABOVE = {SCHOOL: {SCHOOL, OFFICE}, CAMPUS: {CAMPUS, SCHOOL, OFFICE}, OTHER: {OTHER, OFFICE}}
NAMES = "".join(chr(ord("A") + n) for n in range(12))


def class_id(unit: UnitId, name: str) -> ClassId:
    return ClassId(f"{unit}:2026-2027:6{name}")


class Schools:
    """A school with a campus, and another school, under one office; classes of the same names in each."""

    def __init__(self) -> None:
        tables = compile_pack(load_pack(ROOT / "policy", "base", ROOT / "models"))
        levels = frozenset({"lower_secondary"})
        self.units = {u: Place(u, "school", levels, frozenset(above), tables, {}) for u, above in ABOVE.items()}
        self.sites = OnDemand[ClassId, Site](self._site)

    def _site(self, id_: ClassId) -> Site:
        unit = UnitId(id_.partition(":")[0])
        level = EducationLevel.LOWER_SECONDARY
        return site_of(SchoolClass(id_, unit, "2026-2027", id_, level, "6", NOW), self.units[unit])


@pytest.fixture(scope="module")
def schools() -> Schools:
    return Schools()


def holder(scope: Scope, role: str = "homeroom_teacher") -> Snapshot:
    grant = Grant(
        GrantId("grn_1"), AccountId("acc"), role, scope, SCHOOL, AuthorityId("aut"), None, None, NOW, None
    )
    return flatten(AccountStanding(AccountId("acc"), None, (GrantStanding(grant, None, None),), None))


def asked(schools: Schools, snapshot: Snapshot, id_: ClassId, subject: str | None = None) -> Decision:
    request = AccessRequest(AccountId("acc"), "read", "class", id_, category="STU-ACA", subject=subject)
    return decide(request, snapshot, schools, NOW)


def scope_of(unit: UnitId, *pairs: tuple[ClassId, str]) -> Scope:
    return Scope(unit=unit, classes=frozenset(pairs))


@pytest.mark.parametrize("name", NAMES)
def test_a_class_of_a_campus_is_never_taken_for_the_schools_own(schools: Schools, name: str) -> None:
    """The attack on bits: the campus lies below the school, and its first class has the number of the school's."""
    snapshot = holder(scope_of(SCHOOL, (class_id(SCHOOL, name), "")))
    for unit, other in itertools.product((SCHOOL, CAMPUS, OTHER), NAMES):
        decision = asked(schools, snapshot, class_id(unit, other))
        if (unit, other) == (SCHOOL, name):
            assert isinstance(decision, Allow)
        else:
            assert decision == Deny(
                Reason.OUTSIDE_UNIT if unit == OTHER else Reason.OUTSIDE_CLASS, GrantId("grn_1")
            )


@pytest.mark.parametrize("name", NAMES[:3])
def test_a_class_of_a_unit_below_may_be_granted_by_name(schools: Schools, name: str) -> None:
    snapshot = holder(scope_of(SCHOOL, (class_id(CAMPUS, name), "")))
    assert asked(schools, snapshot, class_id(CAMPUS, name))
    assert asked(schools, snapshot, class_id(SCHOOL, name)) == Deny(Reason.OUTSIDE_CLASS, GrantId("grn_1"))
    elsewhere = holder(scope_of(OTHER, (class_id(CAMPUS, name), "")))
    assert asked(schools, elsewhere, class_id(CAMPUS, name)) == Deny(Reason.OUTSIDE_UNIT, GrantId("grn_1"))


def test_other_subjects_in_each_class_stay_with_their_class(schools: Schools) -> None:
    a, b, c = (class_id(SCHOOL, name) for name in "ABC")
    snapshot = holder(scope_of(SCHOOL, (a, "TOAN"), (b, "VAN")), role="subject_teacher")
    assert asked(schools, snapshot, a, "TOAN")
    assert asked(schools, snapshot, b, "VAN")
    for id_, subject in ((a, "VAN"), (b, "TOAN")):
        assert asked(schools, snapshot, id_, subject) == Deny(Reason.OUTSIDE_SUBJECT, GrantId("grn_1"))
    assert asked(schools, snapshot, c, "TOAN") == Deny(Reason.OUTSIDE_CLASS, GrantId("grn_1"))
    assert asked(schools, snapshot, a) == Deny(Reason.RESOURCE_INCOMPLETE, GrantId("grn_1"))


def test_the_same_subjects_in_every_class_are_one_shape(schools: Schools) -> None:
    pairs = [(class_id(SCHOOL, name), subject) for name in "AB" for subject in ("TOAN", "TIN")]
    snapshot = holder(scope_of(SCHOOL, *pairs), role="subject_teacher")
    again = holder(scope_of(SCHOOL, *((class_id(SCHOOL, "C"), s) for s in ("TIN", "TOAN"))), role="subject_teacher")
    assert snapshot.first is not None
    assert again.first is not None
    assert snapshot.first.shape is again.first.shape
    assert asked(schools, snapshot, class_id(SCHOOL, "B"), "TIN")
    assert asked(schools, snapshot, class_id(SCHOOL, "B"), "VAN") == Deny(Reason.OUTSIDE_SUBJECT, GrantId("grn_1"))


def test_a_grant_of_no_class_at_all_reaches_none(schools: Schools) -> None:
    assert asked(schools, holder(scope_of(SCHOOL)), class_id(SCHOOL, "A")) == Deny(
        Reason.OUTSIDE_CLASS, GrantId("grn_1")
    )


def test_classes_without_a_bit_are_granted_by_name(schools: Schools, monkeypatch: pytest.MonkeyPatch) -> None:
    """However little memory there is for bits, the answers are the same."""
    monkeypatch.setattr(MEMORY, "_most_numbers", 0)
    late = [class_id(SCHOOL, name) for name in ("X1", "X2")]
    assert [class_bit(id_) for id_ in late] == [0, 0]
    snapshot = holder(scope_of(SCHOOL, (late[0], ""), (class_id(SCHOOL, "A"), "")))
    assert snapshot.first is not None
    assert isinstance(snapshot.first.classes, dict)
    assert asked(schools, snapshot, late[0])
    assert asked(schools, snapshot, class_id(SCHOOL, "A"))
    for id_ in (late[1], class_id(SCHOOL, "B"), class_id(CAMPUS, "A")):
        assert asked(schools, snapshot, id_) == Deny(Reason.OUTSIDE_CLASS, GrantId("grn_1"))


def test_classes_of_a_school_have_different_bits_and_keep_them() -> None:
    ids = [class_id(UnitId("000-bit"), f"{number}") for number in range(300)]
    bits = [class_bit(id_) for id_ in ids]
    assert len(set(bits)) == len(ids)
    assert all(bit.bit_count() == 1 for bit in bits)
    assert [class_bit(id_) for id_ in reversed(ids)] == bits[::-1]
