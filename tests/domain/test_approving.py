"""Who agrees that software draws, what covers it, and that a draw is counted once."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest

from access_service.domain.approving import check_approves, check_authority_covers
from access_service.domain.drawing import check_draw
from access_service.domain.errors import InvalidError, RefusedError
from access_service.domain.names import AccountId, AccountKind, ApprovalId, Frequency, PersonId, SoftwareId, UnitId
from access_service.domain.policy import MANAGING_UNIT
from access_service.domain.reasons import Refusal
from access_service.domain.software import Approval, Draw, Software
from grounds import COMMUNE, HIGH, LONG_AGO, NOW, NURSERY, ROOT, YEAR, base, ground, province

ACCOUNT, PERSON = AccountId("acc"), PersonId("per")


@dataclass(frozen=True)
class Hand:
    """Somebody with an account."""

    unit: UnitId
    kind: AccountKind = AccountKind.ADMIN
    account: AccountId = ACCOUNT
    person: PersonId = PERSON


def test_where_the_managing_unit_approves_it_is_the_one_of_that_day_and_nobody_else() -> None:
    here = ground(pack=replace(base(), approvals_by=MANAGING_UNIT))
    check_approves(here, Hand(COMMUNE), HIGH)
    for other in (Hand(HIGH), Hand(ROOT), Hand(NURSERY), Hand(COMMUNE, AccountKind.USE)):
        with pytest.raises(RefusedError) as refused:
            check_approves(here, other, HIGH)
        assert refused.value.code is Refusal.NOT_DIRECT_MANAGER


def test_what_nobody_manages_the_department_itself_approves() -> None:
    check_approves(ground(pack=replace(base(), approvals_by=MANAGING_UNIT)), Hand(ROOT), ROOT)


def test_a_unit_without_authority_gets_no_approval() -> None:
    with pytest.raises(RefusedError) as refused:
        check_authority_covers([], HIGH, approval(Frequency.UNLIMITED))
    assert refused.value.code is Refusal.WIDER_THAN_AUTHORITY


def approval(frequency: Frequency) -> Approval:
    said: dict[str, Any] = dict.fromkeys(Approval.__dataclass_fields__)
    said |= {"id": ApprovalId("apv"), "frequency": frequency, "valid_from": NOW, "valid_to": NOW + timedelta(9)}
    return Approval(**said)


def software() -> Software:
    said: dict[str, Any] = dict.fromkeys(Software.__dataclass_fields__)
    return Software(**(said | {"id": SoftwareId("sof"), "unit": HIGH, "valid_from": LONG_AGO}))


def years() -> list[Any]:
    return list(province().years.values())


def test_a_draw_is_counted_once_a_period_and_only_under_an_approval_in_force() -> None:
    yearly = approval(Frequency.ONCE_A_SCHOOL_YEAR)
    assert check_draw(ground(*years()), software(), yearly, {yearly.id}) == YEAR
    assert check_draw(ground(*years()), software(), approval(Frequency.UNLIMITED), {yearly.id}) is None
    with pytest.raises(RefusedError) as missing:
        check_draw(ground(*years()), software(), yearly, set())
    assert missing.value.code is Refusal.APPROVAL_MISSING
    drawn = Draw("drw", SoftwareId("sof"), yearly.id, YEAR, NOW)
    with pytest.raises(RefusedError) as twice:
        check_draw(ground(drawn, *years()), software(), yearly, {yearly.id})
    assert twice.value.code is Refusal.FREQUENCY_EXCEEDED


def test_what_cannot_be_counted_is_not_let_through() -> None:
    yearly = approval(Frequency.ONCE_A_SCHOOL_YEAR)
    with pytest.raises(InvalidError):
        check_draw(ground(*years(), now=LONG_AGO), software(), yearly, {yearly.id})
