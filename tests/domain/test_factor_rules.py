"""What an account keeps beside its password, and what has to be done first."""

from __future__ import annotations

import pytest

from access_service.domain.errors import RefusedError
from access_service.domain.names import AccountKind
from access_service.domain.reasons import Refusal
from access_service.domain.sign_in import (
    DUE_TEXT,
    MOST_FACTORS,
    Due,
    FactorKind,
    check_due,
    check_has_factor,
    check_keeps_factor,
    check_room,
    rules_for,
)


def test_an_account_keeps_eight_factors_and_not_one_more() -> None:
    check_room([FactorKind.PASSKEY] * (MOST_FACTORS - 1))
    with pytest.raises(RefusedError) as refused:
        check_room([FactorKind.PASSKEY] * MOST_FACTORS)
    assert refused.value.code is Refusal.DUPLICATE


def test_the_last_factor_stays_where_one_is_mandatory() -> None:
    admin, person = rules_for(AccountKind.ADMIN, None), rules_for(AccountKind.USE, None)
    check_keeps_factor(person, [FactorKind.TOTP])
    check_keeps_factor(admin, [FactorKind.TOTP, FactorKind.PASSKEY])
    with pytest.raises(RefusedError):
        check_keeps_factor(admin, [FactorKind.TOTP])


def test_what_is_due_is_named_and_nothing_due_is_nothing() -> None:
    check_due(None)
    check_has_factor([FactorKind.TOTP])
    with pytest.raises(RefusedError) as refused:
        check_has_factor([])
    assert refused.value.code is Refusal.SECOND_FACTOR_DUE
    assert set(DUE_TEXT) == set(Due)
