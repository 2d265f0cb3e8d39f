"""Who agrees that software draws data is pack data: the department, or the unit that manages the other one."""

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from access_service.domain.errors import RefusedError
from access_service.domain.names import AccountKind
from access_service.domain.org import ManagementEdge
from access_service.domain.policy import DEPARTMENT, MANAGING_UNIT
from access_service.domain.reasons import Refusal
from access_service.usecases.approvers import as_approver

NOW = datetime(2026, 12, 1, tzinfo=UTC)
EDGES = {
    "truong": [ManagementEdge("e1", "truong", "xa", "000/QĐ", datetime(2026, 1, 1, tzinfo=UTC))],
    "xa": [ManagementEdge("e2", "xa", "so", "000/QĐ", datetime(2026, 1, 1, tzinfo=UTC))],
}


def doing(by: str, unit: str, kind: AccountKind = AccountKind.ADMIN) -> Any:
    return SimpleNamespace(
        pack_for=lambda _unit: SimpleNamespace(approvals_by=by),
        require_caller=lambda: SimpleNamespace(kind=kind, unit=unit),
        check_visible=lambda _unit: None,
        org=SimpleNamespace(edges_of=lambda id_: EDGES.get(id_, [])),
        now=NOW,
    )


@pytest.mark.parametrize("caller", ["xa"])
def test_where_the_managing_unit_approves_it_is_the_one_of_that_day(caller: str) -> None:
    assert as_approver(doing(MANAGING_UNIT, caller), "truong").unit == caller


@pytest.mark.parametrize("caller", ["truong", "so", "xa-khac"])
def test_where_the_managing_unit_approves_nobody_else_does(caller: str) -> None:
    with pytest.raises(RefusedError) as refused:
        as_approver(doing(MANAGING_UNIT, caller), "truong")
    assert refused.value.code is Refusal.NOT_DIRECT_MANAGER


def test_a_person_s_own_account_approves_nothing() -> None:
    with pytest.raises(RefusedError):
        as_approver(doing(MANAGING_UNIT, "xa", AccountKind.USE), "truong")


def test_what_nobody_manages_the_department_itself_approves() -> None:
    assert as_approver(doing(MANAGING_UNIT, "so"), "so").unit == "so"
    assert DEPARTMENT != MANAGING_UNIT
