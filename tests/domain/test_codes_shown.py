"""Which papers are marked because their giver saw the receiver's code: by sides, versions and instants."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from access_service.domain.codes import CodeShown, is_seen_by_giver
from access_service.domain.documents import Document, Signature
from access_service.domain.names import (
    AccountId,
    Capacity,
    DocumentId,
    DocumentKind,
    DocumentState,
    Method,
    PersonId,
    Side,
    UnitId,
)

NOON = datetime(2026, 9, 1, 5, tzinfo=UTC)
HEAD, TEACHER, DEPUTY = PersonId("000-head"), PersonId("000-teacher"), PersonId("000-deputy")


def hours(n: int) -> datetime:
    return NOON + timedelta(hours=n)


PAPER = Document(
    id=DocumentId("doc_1"),
    kind=DocumentKind.HANDOVER_MINUTES,
    unit=UnitId("0003101"),
    number="01/BB",
    dated=date(2026, 9, 1),
    version=2,
    state=DocumentState.SIGNED,
    receiver=TEACHER,
    sha256="0" * 64,
    content="",
    method=Method.IN_SYSTEM,
    text_version=None,
    prepared_by=None,
    valid_from=NOON,
    state_since=NOON,
)


def signed(side: Side, person: PersonId, at: datetime, version: int = 2) -> Signature:
    return Signature(
        id=f"{side}{version}",
        document=PAPER.id,
        version=version,
        sha256="0" * 64,
        side=side,
        person=person,
        account=AccountId(person),
        capacity=Capacity.HEAD,
        capacity_basis=None,
        method=Method.IN_SYSTEM,
        signed_at=at,
        key="k",
        confirmation="",
        valid_from=at,
    )


BOTH = [signed(Side.GIVER, HEAD, hours(1)), signed(Side.RECEIVER, TEACHER, hours(2))]
SHOWN = CodeShown("cod_1", AccountId("acc"), TEACHER, HEAD, NOON)


@pytest.mark.parametrize(
    ("signatures", "shown", "at", "is_marked"),
    [
        (BOTH, SHOWN, 3, True),
        # Not yet signed by the receiver: whoever reads it now is told.
        (BOTH[:1], SHOWN, 3, True),
        # Nobody has signed for the giver, or only an earlier version, or only later than the instant asked about.
        ([], SHOWN, 3, False),
        ([signed(Side.GIVER, HEAD, hours(1), version=1)], SHOWN, 3, False),
        (BOTH, SHOWN, 0, False),
        # Somebody else signed.
        ([signed(Side.GIVER, DEPUTY, hours(1)), BOTH[1]], SHOWN, 3, False),
        # Shown after the receiver signed; confirmed by then; another holder's.
        (BOTH, CodeShown("c", AccountId("acc"), TEACHER, HEAD, hours(3)), 4, False),
        (BOTH, CodeShown("c", AccountId("acc"), TEACHER, HEAD, NOON, hours(3)), 3, False),
        (BOTH, CodeShown("c", AccountId("acc"), TEACHER, HEAD, NOON, hours(3)), 2, True),
        (BOTH, CodeShown("c", AccountId("acc"), DEPUTY, HEAD, NOON), 3, False),
    ],
)
def test_a_paper_is_marked_while_its_giver_could_have_signed_for_its_receiver(
    signatures: list[Signature], shown: CodeShown, at: int, is_marked: bool
) -> None:
    assert is_seen_by_giver(PAPER, signatures, [shown], hours(at)) is is_marked
