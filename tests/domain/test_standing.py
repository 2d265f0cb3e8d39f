"""One state has one answer, whoever asks: what lapsed, who heads, whether the past reads otherwise."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from access_service.domain.delegation import Grant, signing_capacity
from access_service.domain.documents import Document
from access_service.domain.names import Capacity, DocumentKind, DocumentState, GrantState, Method, PersonId, Rank
from access_service.domain.org import Assignment
from access_service.domain.policy import Pack
from access_service.domain.reasons import Reason
from access_service.domain.scope import Scope
from access_service.domain.standing import (
    GrantFacts,
    documents_reason,
    grant_state,
    head_at,
    reads_otherwise,
    validity_reason,
)
from access_service.engine.packs.load import load_pack

ROOT = Path(__file__).parents[2]
NOW = datetime(2026, 8, 20, 1, tzinfo=UTC)
LAPSES = NOW + timedelta(days=60)
GRANT = Grant("grn_1", "acc_1", "clerk", Scope(unit="u"), "u", "aut_1", "asg_1", "doc_1", NOW, None)
MINUTES = Document(
    id="doc_1",
    kind=DocumentKind.HANDOVER_MINUTES,
    unit="u",
    number="",
    dated=date(2026, 8, 20),
    version=1,
    state=DocumentState.AWAITING_RECEIVER,
    receiver=PersonId("per_1"),
    prepared_by=None,
    content="",
    sha256="",
    method=Method.IN_SYSTEM,
    valid_from=NOW,
    state_since=NOW,
)
UNSIGNED = GrantFacts(GRANT, frozenset({"minutes"}), MINUTES, paper_lapses_at=LAPSES)


def test_a_line_whose_minutes_nobody_signed_in_time_is_over() -> None:
    """Once one answer said `pending` and another `ended`."""
    before, after = LAPSES - timedelta(microseconds=1), LAPSES
    assert grant_state(UNSIGNED, before) is GrantState.PENDING
    assert grant_state(UNSIGNED, after) is GrantState.ENDED
    assert documents_reason(UNSIGNED, after) is Reason.MINUTES_UNSIGNED


def test_minutes_signed_in_time_do_not_lapse() -> None:
    signed = replace(MINUTES, state=DocumentState.SIGNED, signed_at=NOW)
    facts = replace(UNSIGNED, grant=replace(GRANT, activated_at=NOW), document=signed)
    assert grant_state(facts, LAPSES) is GrantState.EFFECTIVE


def test_silence_that_lapsed_does_not_say_expired() -> None:
    signed = replace(MINUTES, state=DocumentState.SIGNED, signed_at=NOW)
    facts = GrantFacts(replace(GRANT, activated_at=NOW), document=signed, lapses_at=LAPSES)
    assert validity_reason(facts, LAPSES) is Reason.CONFIRMATION_LAPSED
    assert grant_state(facts, LAPSES) is GrantState.ENDED
    assert validity_reason(facts, LAPSES - timedelta(seconds=1)) is None


def duty(id_: str, position: str, since: datetime, until: datetime | None = None, day: int = 1) -> Assignment:
    return Assignment(
        id=id_,
        person=PersonId("per_1"),
        unit="u",
        position=position,
        decision_number=f"{id_}/QĐ",
        decision_date=date(2026, 8, day),
        decision_sha256=None,
        classes=None,
        subjects=None,
        levels=None,
        substitutes=None,
        valid_from=since,
        valid_to=until,
    )


def test_a_unit_has_one_head_at_an_instant_in_whatever_order_duties_are_read() -> None:
    old, new = duty("a", "principal", NOW - timedelta(days=9)), duty("b", "principal", NOW)
    gone = duty("c", "principal", NOW, NOW + timedelta(days=1))
    for heads in ([old, new, gone], [gone, new, old]):
        assert head_at(heads, NOW - timedelta(days=1)) is old
        assert head_at(heads, NOW + timedelta(days=2)) is new
    assert head_at([gone], NOW + timedelta(days=1)) is None


def test_the_past_reads_otherwise_when_a_date_that_had_come_is_another() -> None:
    at = NOW + timedelta(days=5)
    assert reads_otherwise(None, GRANT, at)
    assert not reads_otherwise(GRANT, GRANT, at)
    assert reads_otherwise(GRANT, replace(GRANT, ended_at=at), at)
    assert not reads_otherwise(GRANT, replace(GRANT, ended_at=at + timedelta(seconds=1)), at)
    # A document that moved on later says of the time before what it said.
    assert not reads_otherwise(MINUTES, replace(MINUTES, state_since=at), at)


@pytest.fixture(scope="module")
def base_pack() -> Pack:
    return load_pack(ROOT / "policy", "base", ROOT / "models")


def test_of_two_kt_decisions_the_rank_chooses_and_then_the_newer(base_pack: Pack) -> None:
    """Once chance did: the order in which ids are drawn."""
    in_charge = next(p.id for p in base_pack.positions.values() if p.rank is Rank.DEPUTY_IN_CHARGE)
    deputy = next(p.id for p in base_pack.positions.values() if p.rank is Rank.DEPUTY)
    older, newer = duty("z", deputy, NOW, day=1), duty("a", deputy, NOW, day=2)
    charged = duty("m", in_charge, NOW, day=1)
    for held in ([older, newer], [newer, older]):
        assert signing_capacity(base_pack, held, NOW, None, kind="school") == (Capacity.DEPUTY, newer)
        assert signing_capacity(base_pack, [*held, charged], NOW, None, kind="school") == (Capacity.DEPUTY, charged)
