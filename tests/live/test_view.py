"""What is kept in memory of a register: bounded by bytes, forgotten in halves, never stale."""

import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest

from access_service.domain.access import AccessRequest, Ask, Deny
from access_service.domain.moved import Moved
from access_service.domain.names import AccountId, ClassId, GrantId, UnitId
from access_service.domain.reasons import Reason
from access_service.engine.decide import Place, Site
from access_service.engine.snapshots import ALWAYS, NEVER, GrantShape, GrantView, Snapshot
from access_service.live.accounts import ACCOUNT_BYTES, weight
from access_service.live.keeper import Budget, NotInViewError
from access_service.live.places import PLACE_BYTES, SITE_BYTES
from access_service.live.view import RegisterView
from access_service.storage.audit import Stands

RECORDED = datetime(2026, 10, 1, tzinfo=UTC)
NOW = RECORDED.timestamp()
EMPTY = Snapshot(None, None)
SCHOOL, CLASS_6A = UnitId("000-truong"), ClassId("000-truong:2026-2027:6A")
PLACE = Place(SCHOOL, "school", frozenset(), frozenset({SCHOOL}), None, {})
SITE = Site(SCHOOL, PLACE, CLASS_6A, None, PLACE.chain, 1)


@dataclass
class Read:
    """Units and classes as a transaction found them."""

    start: float = ALWAYS
    until: float = NEVER
    units: dict[UnitId, Place] = field(default_factory=dict)
    sites: dict[ClassId, Site] = field(default_factory=dict)


def view_of(accounts: int) -> RegisterView:
    """A view with room for so many accounts without grants, half of them young."""
    return RegisterView(1, "h1", RECORDED, 0.0, Budget(accounts * ACCOUNT_BYTES + 2))


def name(n: int) -> AccountId:
    return AccountId(f"acc_{n:06}")


def found_at(revision: int, head: str, *, is_same: bool) -> Stands:
    return Stands(revision, head, RECORDED, Moved() if is_same else None, is_same=is_same)


def asks(account: AccountId) -> Ask:
    return AccessRequest(account, "read", "class", CLASS_6A, category="STU-ACA").ask


def test_memory_stays_under_its_bound_however_many_accounts_come() -> None:
    view = view_of(100)
    for n in range(10_000):
        view.keep_accounts([(name(n), EMPTY)])
        assert len(view.accounts) + len(view.accounts.old) <= 100
    assert view.accounts[name(9_999)] is EMPTY
    with pytest.raises(NotInViewError):
        view.accounts[name(0)]


def test_what_is_asked_for_stays_and_what_is_not_goes() -> None:
    view = view_of(100)
    view.keep_accounts([(name(0), EMPTY), (name(1), EMPTY)])
    for n in range(2, 2_000):
        view.keep_accounts([(name(n), EMPTY)])
        assert view.accounts[name(0)] is EMPTY
    with pytest.raises(NotInViewError):
        view.accounts[name(1)]


def test_a_dropped_account_does_not_come_back_from_the_old_generation() -> None:
    view = view_of(10)
    for n in range(9):
        view.keep_accounts([(name(n), EMPTY)])
    assert name(0) in view.accounts.old
    with view.lock:
        view.move(2, "h2", Moved(frozenset({name(0)})), RECORDED)
    with pytest.raises(NotInViewError):
        view.accounts[name(0)]


def test_a_revocation_beside_many_readers_is_final() -> None:
    """The attack on two generations: a reader moves an account up at the moment that a revocation drops it."""
    view = view_of(10)
    stop = threading.Event()

    def read() -> None:
        while not stop.is_set():
            for n in range(9):
                try:
                    view.accounts[name(n)]
                except NotInViewError:
                    continue

    readers = [threading.Thread(target=read) for _ in range(3)]
    for reader in readers:
        reader.start()
    try:
        for _ in range(300):
            for n in range(9):
                view.keep_accounts([(name(n), EMPTY)])
            for n in range(9):
                view.accounts.drop(name(n))
            assert not view.accounts
            assert not view.accounts.old
    finally:
        stop.set()
        for reader in readers:
            reader.join()


def test_a_reader_does_not_wait_for_whoever_changes_the_view() -> None:
    view = view_of(10)
    for n in range(9):
        view.keep_accounts([(name(n), EMPTY)])
    assert name(0) in view.accounts.old
    with view.lock:
        assert view.accounts[name(0)] is EMPTY


def test_an_account_is_kept_between_its_instants_only() -> None:
    view = view_of(10_000)
    view.keep_places(NOW, Read(units={SCHOOL: PLACE}, sites={CLASS_6A: SITE}))
    view.keep_accounts([(name(0), Snapshot(Reason.ACCOUNT_NOT_ACTIVE, None, NOW + 3600))])
    assert view.answer(asks(name(0)), NOW) == Deny(Reason.ACCOUNT_NOT_ACTIVE)
    for instant in (NOW - 1e-6, NOW + 3600):
        with pytest.raises(NotInViewError):
            view.answer(asks(name(0)), instant)


def test_units_and_classes_are_forgotten_together_at_the_next_boundary() -> None:
    view, later = view_of(10_000), NOW + 3600
    view.keep_accounts([(name(0), EMPTY)])
    view.keep_places(NOW, Read(NOW, later, {SCHOOL: PLACE}, {CLASS_6A: SITE}))
    assert view.answer(asks(name(0)), NOW) == Deny(Reason.NO_POLICY)
    with pytest.raises(NotInViewError):
        view.answer(asks(name(0)), later)
    seq = view.seq
    view.keep_places(later, Read(later, NEVER, {SCHOOL: PLACE}))
    assert view.seq == seq + 2, "a reader that holds a place of the instant before must start again"
    assert view.units[SCHOOL] is PLACE
    with pytest.raises(NotInViewError):
        view.sites[CLASS_6A]


def test_a_class_whose_unit_does_not_stand_is_not_kept() -> None:
    view = view_of(10_000)
    view.keep_places(NOW, Read(sites={CLASS_6A: SITE._replace(place=None)}))
    with pytest.raises(NotInViewError):
        view.sites[CLASS_6A]


def test_units_and_classes_are_bounded_too() -> None:
    view = RegisterView(1, "h1", RECORDED, 0.0, Budget(10 * (PLACE_BYTES + SITE_BYTES)))
    for n in range(100):
        view.keep_places(NOW, Read(units={UnitId(f"000-{n}"): PLACE}, sites={ClassId(f"000-{n}"): SITE}))
        assert len(view.units) + len(view.units.old) <= 10
        assert len(view.sites) + len(view.sites.old) <= 10


def test_an_account_weighs_more_with_every_grant_and_class() -> None:
    shape = GrantShape("homeroom", None, None, None, None, None, None, None, None, None)
    unit_wide = GrantView(GrantId("grn_1"), SCHOOL, shape, None)
    two = GrantView(GrantId("grn_2"), SCHOOL, shape, 0b11)
    mixed = GrantView(
        GrantId("grn_3"), SCHOOL, shape, {ClassId("a"): frozenset({"TOAN"}), ClassId("b"): frozenset()}
    )
    both = GrantView(GrantId("grn_2"), SCHOOL, shape, 0b11, mixed)
    weights = [weight(Snapshot(None, first)) for first in (None, unit_wide, two, mixed, both)]
    assert weights == sorted(set(weights))


def test_a_transaction_of_a_history_that_was_left_moves_nothing() -> None:
    """It compared with where the view stood before a copy was put back, and comes last."""
    view = view_of(10)
    assert view.follow(found_at(2, "h2", is_same=True), 1, "h1")
    assert view.follow(found_at(2, "g2", is_same=False), 2, "h2"), "the copy, with another second revision"
    view.keep_accounts([(name(1), EMPTY)])
    for late in (found_at(3, "h3", is_same=True), found_at(2, "h2", is_same=True)):
        assert not view.follow(late, 1, "h1")
        assert view.stands() == (2, "g2")
    assert view.accounts[name(1)] is EMPTY


def test_what_is_kept_as_a_whole_is_given_back_with_its_owner() -> None:
    class Owner:
        """Of an index, say."""

    budget = Budget(1000)
    for _ in range(5):
        assert budget.keep_whole(Owner(), 400), "whoever kept one before is gone"
    owner, other = Owner(), Owner()
    assert budget.keep_whole(owner, 400)
    assert not budget.keep_whole(other, 200)
    assert budget.keep_whole(owner, 0)
    assert budget.keep_whole(other, 500)
    assert budget.room == 250
