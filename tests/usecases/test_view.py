"""What is kept in memory of a register: bounded by bytes, forgotten in halves, never stale."""

from datetime import UTC, datetime, timedelta

import pytest

from access_service.domain.names import AccountId, ClassId, GrantId, UnitId
from access_service.domain.reasons import Reason
from access_service.engine.decide import Place, Site
from access_service.engine.snapshots import NEVER, GrantView, Shape, Snapshot
from access_service.usecases.snapshots import Kept
from access_service.usecases.view import ACCOUNT_BYTES, PLACE_BYTES, MissError, View, weight

NOW = datetime(2026, 10, 1, tzinfo=UTC)
EMPTY = Snapshot(None, ())
SCHOOL = UnitId("000-truong")
PLACE = Place(SCHOOL, "school", frozenset(), frozenset({SCHOOL}), None, {})


def view_of(accounts: int) -> View:
    """A view with room for so many accounts without grants, half of them young."""
    return View(1, NOW, 0.0, accounts * ACCOUNT_BYTES * 4 // 3 + 4)


def name(n: int) -> AccountId:
    return AccountId(f"acc_{n:06}")


def test_memory_stays_under_its_bound_however_many_accounts_come() -> None:
    view = view_of(100)
    for n in range(10_000):
        view.keep_accounts([(name(n), EMPTY)])
        assert len(view.accounts) <= 101
    assert view.snapshot(name(9_999), NOW) is EMPTY
    with pytest.raises(MissError):
        view.snapshot(name(0), NOW)


def test_what_is_asked_for_stays_and_what_is_not_goes() -> None:
    view = view_of(100)
    view.keep_accounts([(name(0), EMPTY), (name(1), EMPTY)])
    for n in range(2, 2_000):
        view.keep_accounts([(name(n), EMPTY)])
        assert view.snapshot(name(0), NOW) is EMPTY
    with pytest.raises(MissError):
        view.snapshot(name(1), NOW)


def test_a_dropped_account_does_not_come_back_from_the_old_generation() -> None:
    """The attack on two generations: a reader that moves an account up while a revocation drops it."""
    view = view_of(10)
    for n in range(9):
        view.keep_accounts([(name(n), EMPTY)])
    assert name(0) in view.accounts.old
    with view.lock:
        view.move(2, frozenset({name(0)}), NOW)
    view._renew(name(0), EMPTY)
    with pytest.raises(MissError):
        view.snapshot(name(0), NOW)


def test_a_reader_never_waits_for_a_writer() -> None:
    view = view_of(10)
    for n in range(9):
        view.keep_accounts([(name(n), EMPTY)])
    with view.lock:
        assert view.snapshot(name(0), NOW) is EMPTY
    assert name(0) in view.accounts.old


def test_an_account_is_kept_between_its_instants_only() -> None:
    view = view_of(10)
    view.keep_accounts([(name(0), Snapshot(Reason.ACCOUNT_NOT_ACTIVE, (), NOW, NOW + timedelta(hours=1)))])
    assert view.snapshot(name(0), NOW).stopped
    for instant in (NOW - timedelta(microseconds=1), NOW + timedelta(hours=1)):
        with pytest.raises(MissError):
            view.snapshot(name(0), instant)


def test_units_and_classes_are_forgotten_together_at_the_next_boundary() -> None:
    view = view_of(10_000)
    later = NOW + timedelta(hours=1)
    site = Site(SCHOOL, PLACE, ClassId("000:6a"), "primary", "5", "2026-2027")
    view.keep_places(NOW, {SCHOOL: Kept(PLACE, NOW, NEVER)}, {ClassId("000:6a"): Kept(site, NOW, later)})
    assert view.place(SCHOOL, NOW) is PLACE
    assert view.site(ClassId("000:6a"), NOW) is site
    for unit_or_class in (lambda: view.place(SCHOOL, later), lambda: view.site(ClassId("000:6a"), later)):
        with pytest.raises(MissError):
            unit_or_class()
    seq = view.seq
    view.keep_places(later, {SCHOOL: Kept(PLACE, later, NEVER)}, {})
    assert view.seq == seq + 2, "a reader that holds a place of the instant before must start again"
    assert view.place(SCHOOL, later) is PLACE
    with pytest.raises(MissError):
        view.site(ClassId("000:6a"), later)


def test_a_class_whose_unit_does_not_stand_is_not_kept() -> None:
    view = view_of(10_000)
    gone = Site(SCHOOL, None, ClassId("000:6a"), "primary", "5", "2026-2027")
    view.keep_places(NOW, {}, {ClassId("000:6a"): Kept(gone, NOW, NOW)})
    with pytest.raises(MissError):
        view.site(ClassId("000:6a"), NOW)


def test_units_are_bounded_too() -> None:
    view = View(1, NOW, 0.0, 8 * 10 * PLACE_BYTES)
    for n in range(100):
        unit = UnitId(f"000-{n}")
        view.keep_places(NOW, {unit: Kept(PLACE, NOW, NEVER)}, {})
        assert len(view.places) <= 10


def test_an_account_weighs_more_with_every_grant_and_class() -> None:
    shape = Shape("homeroom", None, None, None, None, None, None, None, None, None)
    unit_wide = GrantView(GrantId("grn_1"), SCHOOL, shape, None)
    two = GrantView(GrantId("grn_2"), SCHOOL, shape, (ClassId("a"), ClassId("b")))
    mixed = GrantView(
        GrantId("grn_3"), SCHOOL, shape, {ClassId("a"): frozenset({"TOAN"}), ClassId("b"): frozenset()}
    )
    weights = [weight(Snapshot(None, views)) for views in ((), (unit_wide,), (two,), (mixed,), (two, mixed))]
    assert weights == sorted(set(weights))
