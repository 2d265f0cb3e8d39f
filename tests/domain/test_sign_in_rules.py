"""The rules of sign-in are the limits of the pack in force, and the product's defaults where there is none."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from access_service.domain.names import AccountKind
from access_service.domain.sign_in import WITHOUT_PACK, Due, FactorKind, due_at_sign_in, is_asleep, rules_for
from access_service.engine.packs.load import load_pack
from world import ROOT

BASE = load_pack(ROOT / "policy", "base", ROOT / "models")
NOW = datetime(2026, 9, 1, tzinfo=UTC)
LONG, SHORT = "Mật khẩu thử 000", "tám chữ!"


@pytest.mark.parametrize("kind", AccountKind)
def test_without_a_pack_the_rules_are_those_of_base(kind: AccountKind) -> None:
    assert rules_for(kind, None) == rules_for(kind, BASE)


def test_the_page_for_operators_says_every_limit_with_its_default() -> None:
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in (ROOT / "docs" / "sign-in.md").read_text("utf-8").splitlines()
        if line.startswith("|")
    ]
    said = {row[1].strip("`"): row[2] for row in rows if row[1].startswith("`")}
    assert said.keys() == WITHOUT_PACK.keys() | {"activation_code_hours"}
    for limit, default in said.items():
        assert str(BASE.limits[limit].value) in default, limit


@pytest.mark.parametrize(
    ("password", "days", "factors", "due"),
    [
        (LONG, 0, [FactorKind.TOTP], None),
        (SHORT, 59, [FactorKind.PASSKEY], None),
        (LONG, 0, [], Due.SECOND_FACTOR),
        (SHORT, 0, [], Due.SECOND_FACTOR),
        ("bảy chữ", 0, [FactorKind.TOTP], Due.PASSWORD),
        ("bảy chữ", 0, [], Due.PASSWORD),
        (LONG, 60, [FactorKind.TOTP], Due.PASSWORD),
        (LONG, 60, [], Due.PASSWORD),
    ],
)
def test_what_an_admin_account_has_to_do_first(
    password: str, days: int, factors: list[FactorKind], due: Due | None
) -> None:
    rules = rules_for(AccountKind.ADMIN, BASE)
    assert due_at_sign_in(password, NOW - timedelta(days=days), rules, factors, NOW) is due


def test_what_a_person_has_to_do_first() -> None:
    rules = rules_for(AccountKind.USE, BASE)
    for password, factors, due in (
        (LONG, [], None),
        (SHORT, [FactorKind.TOTP], None),
        (SHORT, [], Due.PASSWORD),
    ):
        assert due_at_sign_in(password, NOW - timedelta(days=1000), rules, factors, NOW) is due


def test_what_nothing_is_known_of_is_too_long_ago() -> None:
    rules = rules_for(AccountKind.USE, BASE)
    assert is_asleep(None, rules, NOW)
    assert is_asleep(NOW - timedelta(days=45), rules, NOW)
    assert not is_asleep(NOW - timedelta(days=45) + timedelta(seconds=1), rules, NOW)
    admin = rules_for(AccountKind.ADMIN, BASE)
    assert due_at_sign_in(LONG, None, admin, [FactorKind.TOTP], NOW) is Due.PASSWORD
