"""Security level 3: every clause is judged by what the pack says, and the page says the same as the report."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from access_service.domain.level_3 import CLAUSES, VERDICT_TEXT, ClauseVerdict, judge_clauses
from access_service.domain.names import AccountKind
from access_service.domain.sign_in import rules_for

PAGE = Path(__file__).parents[2] / "docs" / "level-3.md"
USE, ADMIN = rules_for(AccountKind.USE, None), rules_for(AccountKind.ADMIN, None)


def test_what_the_product_says_without_a_pack_meets_the_figures() -> None:
    found = {clause.number: clause for clause in judge_clauses(USE, ADMIN)}
    assert (found["5.5.2.2"].verdict, found["5.6"].verdict) == (ClauseVerdict.MET, ClauseVerdict.MET)
    assert found["5.4.2.8"].lacking == ("chữ ký số PAdES của thủ trưởng đơn vị",)


def test_each_limit_that_a_pack_loosens_is_named() -> None:
    loose = replace(
        USE,
        idle=timedelta(minutes=16),
        failed_logins=6,
        lockout=timedelta(hours=1),
        inactive=timedelta(days=46),
        length=13,
        length_with_factor=7,
    )
    admin = replace(
        ADMIN, idle=timedelta(minutes=6), needs_factor=False, password_life=timedelta(days=90), history=9
    )
    found = {clause.number: clause for clause in judge_clauses(loose, admin)}
    assert (len(found["5.5.2.2"].lacking), len(found["5.6"].lacking)) == (4, 6)
    assert {found[number].verdict for number in ("5.5.2.2", "5.6")} == {ClauseVerdict.PARTLY}


def test_the_page_says_of_each_clause_what_the_report_says() -> None:
    text = PAGE.read_text("utf-8")
    for c in CLAUSES:
        assert f"| {c.number} | {c.asks} | {c.control}. *{VERDICT_TEXT[c.verdict]}* | {c.evidence} |\n" in text
