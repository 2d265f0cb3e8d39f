"""Papers say byte for byte what they said when they were signed; one table says who signs and what follows."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from access_service.domain.documents import Document, Signature, first_state, next_side
from access_service.domain.names import (
    Capacity,
    DocumentKind,
    DocumentState,
    EducationLevel,
    Method,
    PersonId,
    Side,
)
from access_service.domain.papers import (
    KINDS,
    Attestation,
    CommitmentBody,
    CustodyBody,
    Envelope,
    GrantLine,
    HandoverBody,
    InspectionBody,
    LeftOut,
    PaperBody,
    ReturnBody,
    compose,
    read,
    read_any,
)
from access_service.domain.scope import Scope
from access_service.signing.canonical import canonical

NOW = datetime(2026, 8, 20, 1, tzinfo=UTC)
SCOPE = Scope(
    unit="0003101",
    levels=frozenset({EducationLevel.LOWER_SECONDARY}),
    classes=frozenset({("0003101:2026-2027:6B", "TOAN"), ("0003101:2026-2027:6A", "")}),
    school_year="2026-2027",
)
LINE = GrantLine("grn_1", "homeroom_teacher", SCOPE, "asg_1", "aut_1", None, NOW, None)
LINE_BYTES = (
    '{"assignment":"asg_1","authority":"aut_1","grant":"grn_1","replaces":null,"role":"homeroom_teacher",'
    '"scope":{"classes":[["0003101:2026-2027:6A",""],["0003101:2026-2027:6B","TOAN"]],'
    '"levels":["lower_secondary"],"school_year":"2026-2027","unit":"0003101"},'
    '"valid_from":"2026-08-20T01:00:00.000000Z","valid_to":null}'
)
END = ',"policy":"p","receiver":"per_1","register":"r","unit":"u","version":1'
GOLDEN: dict[DocumentKind, tuple[PaperBody, str]] = {
    DocumentKind.HANDOVER_MINUTES: (
        HandoverBody("acc_1", (LINE,)),
        '{"dated":"2026-08-20","document":"doc_1","format":1,"kind":"handover_minutes","lines":['
        + LINE_BYTES
        + '],"number":"02/BB","policy":"p","receiver":"per_1","receiver_account":"acc_1","register":"r",'
        '"unit":"u","version":1}',
    ),
    DocumentKind.CUSTODY_MINUTES: (
        CustodyBody("acc_a", "asg_1", "u", "head"),
        '{"account":"acc_a","assignment":"asg_1","custody_of":"u","dated":"2026-08-20","document":"doc_1",'
        '"format":1,"holder":"head","kind":"custody_minutes","number":"02/BB"' + END + "}",
    ),
    DocumentKind.COMMITMENT: (
        CommitmentBody("1", "Tôi cam kết"),
        (
            '{"dated":"2026-08-20","document":"doc_1","format":1,"kind":"commitment","number":"02/BB","policy":"p",'
            '"receiver":"per_1","register":"r","text":"Tôi cam kết","text_version":"1","unit":"u","version":1}'
        ),
    ),
    DocumentKind.RETURN_MINUTES: (
        ReturnBody((LINE,)),
        '{"dated":"2026-08-20","document":"doc_1","format":1,"kind":"return_minutes","lines":['
        + LINE_BYTES
        + '],"number":"02/BB"'
        + END
        + "}",
    ),
    DocumentKind.INSPECTION_DECISION: (
        InspectionBody("Kiểm tra", frozenset({"per_3", "per_2"}), frozenset({"u2", "u1"}), NOW, NOW),
        (
            '{"content":"Kiểm tra","dated":"2026-08-20","document":"doc_1","format":1,"kind":"inspection_decision",'
            '"members":["per_2","per_3"],"number":"02/BB","policy":"p","receiver":"per_1","register":"r","unit":"u",'
            '"units":["u1","u2"],"valid_from":"2026-08-20T01:00:00.000000Z","valid_to":"2026-08-20T01:00:00.000000Z",'
            '"version":1}'
        ),
    ),
}


def envelope(kind: DocumentKind) -> Envelope:
    return Envelope("doc_1", kind, "u", "02/BB", date(2026, 8, 20), 1, PersonId("per_1"), "r", "p")


@pytest.mark.parametrize("kind", GOLDEN)
def test_the_bytes_of_every_kind_stay_what_was_signed(kind: DocumentKind) -> None:
    body, expected = GOLDEN[kind]
    assert canonical(compose(envelope(kind), body)).decode() == expected
    assert read_any(kind, expected) == body


def test_a_witnessed_return_reads_as_it_was_stored() -> None:
    body = ReturnBody((LINE,), witness=PersonId("per_9"), case="cas_1")
    stored = canonical(compose(envelope(DocumentKind.RETURN_MINUTES), body)).decode()
    assert '"case":"cas_1"' in stored
    assert '"witness":"per_9"' in stored
    assert read(stored, ReturnBody) == body


def test_what_papers_learnt_later_comes_back_as_it_went() -> None:
    again = replace(GOLDEN[DocumentKind.HANDOVER_MINUTES][0], taken_back=("grn_0",))
    early = ReturnBody((LINE,), ends_at=NOW)
    inspection = replace(
        GOLDEN[DocumentKind.INSPECTION_DECISION][0],
        left_out=frozenset({LeftOut(PersonId("per_2"), "u1")}),
        ignored=frozenset({"asg_7"}),
        authority="aut_1",
    )
    for kind, body in (
        (DocumentKind.HANDOVER_MINUTES, again),
        (DocumentKind.RETURN_MINUTES, early),
        (DocumentKind.INSPECTION_DECISION, inspection),
    ):
        assert read_any(kind, canonical(compose(envelope(kind), body)).decode()) == body


def test_attested_paper_names_its_scan() -> None:
    attested = Attestation(PersonId("per_g"), "head", NOW, "Hồ sơ 1", "0" * 64, NOW)
    stored = compose(envelope(DocumentKind.COMMITMENT), CommitmentBody("1"), attested)
    assert stored["attested"] == {
        "giver": "per_g",
        "giver_capacity": "head",
        "giver_signed_at": "2026-08-20T01:00:00.000000Z",
        "reference": "Hồ sơ 1",
        "sha256": "0" * 64,
        "signed_at": "2026-08-20T01:00:00.000000Z",
    }
    assert "text" not in stored


def test_a_paper_is_not_read_as_another_kind() -> None:
    _, commitment = GOLDEN[DocumentKind.COMMITMENT]
    with pytest.raises(RuntimeError):
        read(commitment, CustodyBody)


def test_every_kind_of_paper_stands_in_the_one_table() -> None:
    assert set(KINDS) == set(DocumentKind)


def paper(body: ReturnBody) -> Document:
    content = canonical(compose(envelope(DocumentKind.RETURN_MINUTES), body)).decode()
    return Document(
        id="doc_1",
        kind=DocumentKind.RETURN_MINUTES,
        unit="u",
        number="",
        dated=date(2026, 8, 20),
        version=1,
        state=DocumentState.DRAFT,
        receiver=PersonId("per_1"),
        prepared_by=None,
        content=content,
        sha256="",
        method=Method.IN_SYSTEM,
        valid_from=NOW,
        state_since=NOW,
    )


def signed(side: Side) -> Signature:
    return Signature(
        id=f"sig_{side}",
        document="doc_1",
        version=1,
        sha256="",
        side=side,
        person=PersonId("per_1"),
        account=None,
        capacity=Capacity.SELF,
        capacity_basis=None,
        method=Method.IN_SYSTEM,
        signed_at=NOW,
        key="",
        confirmation="",
        valid_from=NOW,
    )


def test_a_return_waits_for_its_holder_and_one_before_a_witness_for_the_witness() -> None:
    own, witnessed = paper(ReturnBody(())), paper(ReturnBody((), witness=PersonId("per_9"), case="cas_1"))
    assert first_state(own) is DocumentState.AWAITING_RECEIVER
    assert next_side(own, [signed(Side.DECLARANT)]) is Side.GIVER
    assert first_state(witnessed) is DocumentState.AWAITING_GIVER
    assert next_side(witnessed, [signed(Side.GIVER)]) is Side.WITNESS
    assert next_side(witnessed, [signed(Side.GIVER), signed(Side.WITNESS)]) is None
