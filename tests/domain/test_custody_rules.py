"""Custody and the last duty, over dated facts in memory (rules 6 and 12; rulings A5, A7, A8)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from access_service.domain import custody as rules
from access_service.domain.accounts import Account, Custody, Suspension
from access_service.domain.custody import LAST_DUTY, OFFICER
from access_service.domain.errors import RefusedError
from access_service.domain.names import AccountId, AccountKind, AssignmentId, DocumentId, PersonId, SuspendableKind
from access_service.domain.org import Assignment
from access_service.domain.reasons import Refusal
from access_service.domain.time import Interval
from grounds import COMMUNE, HIGH, LONG_AGO, NOW, base, duty, ground

HEAD, CLERK = PersonId("per_head"), PersonId("per_officer")
ADMIN = AccountId("acc_admin")
DAY = timedelta(days=1)
RANKS = rules.ranks_in(base())
ACCOUNT = Account(AccountId("acc_use"), AccountKind.USE, HIGH, HEAD, "000.use", LONG_AGO)


def headship(
    begins: datetime = LONG_AGO, ends: datetime | None = None, id_: str = "head", **more: Any
) -> Assignment:
    said: dict[str, Any] = {"person": HEAD, "valid_from": begins, "valid_to": ends} | more
    return duty(id_, "principal", **said)


def office(begins: datetime = LONG_AGO, ends: datetime | None = None, id_: str = "officer") -> Assignment:
    return duty(id_, "officer_in_charge_of_admin_account", person=CLERK, valid_from=begins, valid_to=ends)


def held(person: PersonId, holder: str, begins: datetime, ends: datetime | None = None, **more: Any) -> Custody:
    said: dict[str, Any] = {"document": DocumentId("doc_1"), "assignment": None} | more
    return Custody(
        f"cus_{person}_{begins:%d}", HIGH, ADMIN, person, holder, said["document"], begins, ends, said["assignment"]
    )


def at(when: datetime, *facts: Any) -> Custody | None:
    return rules.custody_at(ground(*facts, now=when), HIGH)


def test_a_heads_custody_ends_with_the_headship_whatever_other_duty_stays() -> None:
    """Nobody wrote the end down, and it holds from that instant."""
    facts = (
        headship(ends=NOW),
        duty("lib", "librarian", person=HEAD, valid_from=LONG_AGO),
        held(HEAD, "head", LONG_AGO),
    )
    before = at(NOW - timedelta(microseconds=1), *facts)
    assert before is not None
    assert before.person == HEAD
    assert at(NOW, *facts) is None


def test_a_headship_that_follows_without_a_gap_carries_the_custody_on() -> None:
    facts = (headship(ends=NOW), headship(NOW, id_="again"), held(HEAD, "head", LONG_AGO))
    assert at(NOW + DAY, *facts) is not None
    facts = (headship(ends=NOW), headship(NOW + DAY, id_="again"), held(HEAD, "head", LONG_AGO))
    assert at(NOW + 2 * DAY, *facts) is None


def test_an_officers_custody_ends_with_the_duty_that_the_minutes_name() -> None:
    """Another duty in the unit does not carry it on; one of the same position that follows does."""
    mine = held(CLERK, OFFICER, NOW - DAY, assignment=AssignmentId("officer"))
    other = duty("clerk", "clerk", person=CLERK, valid_from=LONG_AGO)
    assert at(NOW, office(ends=NOW), other, mine) is None
    found = at(NOW, office(ends=NOW), office(NOW, id_="next"), mine)
    assert found is not None
    assert found.person == CLERK


def test_an_officers_custody_goes_back_to_whoever_heads_the_unit_then() -> None:
    mine = held(CLERK, OFFICER, NOW - DAY, assignment=AssignmentId("officer"))
    found = at(NOW, headship(), office(ends=NOW), mine)
    assert found is not None
    assert (found.id, found.person, found.holder, found.valid_from) == ("", HEAD, "head", NOW)


def test_where_nobody_heads_the_unit_the_account_is_vacant() -> None:
    """A head appointed later gets it on paper, not by the date."""
    mine = held(CLERK, OFFICER, NOW - DAY, assignment=AssignmentId("officer"))
    assert at(NOW + DAY, office(ends=NOW), mine, headship(NOW + DAY / 2)) is None


def test_what_went_back_ends_with_the_headship_too() -> None:
    mine = held(CLERK, OFFICER, NOW - DAY, assignment=AssignmentId("officer"))
    facts = (office(ends=NOW), mine, headship(ends=NOW + DAY))
    assert at(NOW, *facts) is not None
    assert at(NOW + DAY, *facts) is None


def test_ending_the_heads_duty_in_the_past_leaves_todays_officer_alone() -> None:
    """(A5) No two custodies overlap, and the officer's is untouched."""
    earlier = held(HEAD, "head", LONG_AGO, NOW)
    mine = held(CLERK, OFFICER, NOW, assignment=AssignmentId("officer"))
    duties = [headship(ends=NOW - DAY), office()]
    standing = rules.custodies_of([earlier, mine], duties, RANKS)
    assert [(c.person, i.start, i.end) for c, i in standing.held] == [
        (HEAD, LONG_AGO, NOW - DAY),
        (CLERK, NOW, None),
    ]


def test_custodies_of_one_account_never_overlap() -> None:
    rows = [
        held(HEAD, "head", LONG_AGO, NOW - 2 * DAY),
        held(CLERK, OFFICER, NOW - 2 * DAY, assignment=AssignmentId("officer")),
    ]
    for end in (NOW - 3 * DAY, NOW - 2 * DAY, NOW - DAY, NOW):
        found = rules.custodies_of(rows, [headship(), office(ends=end)], RANKS).held
        intervals = [i for _, i in found if i.end is None or i.end > i.start]
        assert not any(a.overlaps(b) for n, a in enumerate(intervals) for b in intervals[n + 1 :])


def test_only_the_head_or_a_unit_above_takes_custody_back() -> None:
    mine = held(CLERK, OFFICER, NOW)
    rules.check_taking_back(mine, HEAD, HIGH, is_head=True, is_above=False)
    rules.check_taking_back(mine, HEAD, HIGH, is_head=False, is_above=True)
    for custody, who, code in (
        (mine, PersonId("per_deputy"), Refusal.FORBIDDEN),
        (held(HEAD, "head", NOW), PersonId("per_deputy"), Refusal.FORBIDDEN),
        (mine, CLERK, Refusal.SELF_SERVICE),
        (None, HEAD, Refusal.CUSTODY_VACANT),
    ):
        with pytest.raises(RefusedError) as refused:
            rules.check_taking_back(custody, who, HIGH, is_head=False, is_above=False)
        assert refused.value.code is code


def test_the_head_opens_only_what_came_back_and_only_once() -> None:
    back = held(HEAD, "head", NOW, document=None)
    rules.check_opening(back, HEAD, HIGH, is_opened=False)
    for custody, who, is_opened, code in (
        (None, HEAD, False, Refusal.CUSTODY_VACANT),
        (back, PersonId("per_deputy"), False, Refusal.CUSTODY_TAKEN),
        (back, HEAD, True, Refusal.DOCUMENT_STATE),
        (held(HEAD, "head", NOW), HEAD, False, Refusal.DOCUMENT_STATE),
    ):
        with pytest.raises(RefusedError) as refused:
            rules.check_opening(custody, who, HIGH, is_opened=is_opened)
        assert refused.value.code is code


# -- the last duty


def test_an_account_stands_still_from_the_end_of_the_last_duty_to_the_next() -> None:
    assert rules.lapses(ACCOUNT, [headship()]) == []
    assert rules.lapses(ACCOUNT, []) == []
    assert rules.lapses(ACCOUNT, [headship(NOW)]) == []
    [open_end] = rules.lapses(ACCOUNT, [headship(ends=NOW)])
    assert (open_end.interval, open_end.reason) == (Interval(NOW, None), LAST_DUTY)
    [gap] = rules.lapses(ACCOUNT, [headship(ends=NOW), headship(NOW + DAY, id_="next", unit=COMMUNE)])
    assert gap.interval == Interval(NOW, NOW + DAY)
    assert rules.lapses(ACCOUNT, [headship(ends=NOW), headship(NOW, id_="next")]) == []


def test_whoever_left_is_resumed_only_with_a_new_duty() -> None:
    left = [headship(ends=NOW)]
    with pytest.raises(RefusedError) as refused:
        rules.check_resuming(left, NOW)
    assert refused.value.code is Refusal.ASSIGNMENT_MISSING
    rules.check_resuming([*left, headship(NOW, id_="next")], NOW)
    rules.check_resuming([], NOW)


def test_a_duty_that_begins_the_same_day_lifts_the_suspension() -> None:
    morning = Suspension("sus", SuspendableKind.ACCOUNT, ACCOUNT.id, HIGH, LAST_DUTY, NOW)
    by_an_act = Suspension("sus", SuspendableKind.ACCOUNT, ACCOUNT.id, HIGH, "khoá", NOW)
    noon = headship(NOW + timedelta(hours=5), id_="next")
    assert rules.begins_same_day(morning, noon)
    assert not rules.begins_same_day(by_an_act, noon)
    assert not rules.begins_same_day(morning, headship(NOW + DAY, id_="next"))


def test_the_case_of_a_leaver_is_about_the_last_duty_there() -> None:
    again = headship(NOW - DAY, NOW, id_="again")
    assert rules.left_by_date([headship(ends=NOW - DAY), again], NOW) == [again]
    assert rules.left_by_date([headship(ends=NOW), headship(NOW, id_="next")], NOW) == []
    assert rules.left_by_date([headship(ends=NOW + DAY)], NOW) == []


# -- the custodian's own rights


def test_who_operates_the_account_for_the_head_signs_nothing_prepared_then() -> None:
    mine = held(CLERK, OFFICER, NOW - DAY, NOW + DAY)
    prepared = Interval(NOW, NOW)
    with pytest.raises(RefusedError) as refused:
        rules.check_giver_prepared_nothing([mine], CLERK, ADMIN, prepared, DocumentId("doc"))
    assert refused.value.code is Refusal.SELF_SERVICE
    own = held(HEAD, "head", NOW - DAY, NOW + DAY)
    rules.check_giver_prepared_nothing([own], HEAD, ADMIN, prepared, DocumentId("doc"))
    rules.check_giver_prepared_nothing([mine], HEAD, ADMIN, prepared, DocumentId("doc"))
    rules.check_giver_prepared_nothing([mine], CLERK, "acc_other", prepared, DocumentId("doc"))
    later = Interval(NOW + DAY, NOW + DAY)
    rules.check_giver_prepared_nothing([mine], CLERK, ADMIN, later, DocumentId("doc"))


def test_the_head_prepares_for_the_one_who_is_custodian_and_for_nobody_else() -> None:
    mine = held(CLERK, OFFICER, NOW)
    rules.check_preparer(mine, CLERK, HIGH, person=HEAD, heads=[HEAD])
    for custody, receiver, person, code in (
        (mine, PersonId("per_teacher"), HEAD, Refusal.NOT_CUSTODIAN),
        (mine, CLERK, PersonId("per_deputy"), Refusal.NOT_CUSTODIAN),
        (held(HEAD, "head", NOW), HEAD, HEAD, Refusal.NOT_CUSTODIAN),
        (None, CLERK, HEAD, Refusal.CUSTODY_VACANT),
    ):
        with pytest.raises(RefusedError) as refused:
            rules.check_preparer(custody, receiver, HIGH, person=person, heads=[HEAD])
        assert refused.value.code is code
