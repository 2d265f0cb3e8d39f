"""What is stored or signed keeps its bytes: a file in `tests/golden` for each form, never edited once it is there.

A form that changes gets another number (`format`) and another file; what was signed before keeps these bytes.
"""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from access_service.domain.assigning import AssignmentBody, DutyLine
from access_service.domain.composing import DATED_WHEN_SIGNED
from access_service.domain.documents import Assertion, Signature, SignedHow
from access_service.domain.letters import ApprovalBody, ReportBody, ReportRow
from access_service.domain.names import (
    AccountId,
    ApprovalId,
    AssignmentId,
    AuthorityId,
    Capacity,
    ClassId,
    DocumentId,
    DocumentKind,
    DrawMethod,
    EducationLevel,
    Frequency,
    GrantId,
    Method,
    PersonId,
    ReceiverRole,
    Side,
    SoftwareId,
    UnitId,
)
from access_service.domain.papers import (
    Attestation,
    CommitmentBody,
    CustodyBody,
    Envelope,
    ExternalLine,
    GrantLine,
    HandoverBody,
    InspectionBody,
    LeftOut,
    PaperBody,
    Printed,
    ReturnBody,
    compose,
    print_hash_of,
    read_any,
)
from access_service.domain.printing import (
    Letterhead,
    Print,
    PrintedLine,
    PrintedParty,
    PrintedSection,
    PrintedSigner,
    PrintedTable,
)
from access_service.domain.scope import Scope
from access_service.domain.tokens import AccessDetail, Actor, Claims
from access_service.signing.canonical import canonical
from access_service.signing.documents import statement
from access_service.signing.tokens import SigningKey, TokenSigner

GOLDEN = Path(__file__).parents[1] / "golden"
SCHOOL, PERSON = UnitId("0003101"), PersonId("per_0001")
FROM, TO = datetime(2026, 8, 20, 17, tzinfo=UTC), datetime(2027, 5, 31, 17, 0, 0, 42, tzinfo=UTC)
WIDE = GrantLine(
    GrantId("grt_0001"),
    "unit_viewer",
    Scope(SCHOOL),
    *(None, AuthorityId("aut_0001"), None, FROM, None),
)
NARROW = GrantLine(
    GrantId("grt_0002"),
    "subject_teacher",
    Scope(
        SCHOOL,
        levels=frozenset({EducationLevel.PRIMARY, EducationLevel.LOWER_SECONDARY}),
        classes=frozenset({(ClassId("0003101:2026-2027:6B"), ""), (ClassId("0003101:2026-2027:6A"), "TOAN")}),
        school_year="2026-2027",
        grades=frozenset({"6", "10"}),
        subjects=frozenset({"TOAN", "NGU_VAN"}),
        categories=frozenset({"STU-ACA", "CUR"}),
        actions=frozenset({"write", "read"}),
    ),
    *(AssignmentId("asg_0001"), AuthorityId("aut_0001"), GrantId("grt_0000"), FROM, TO),
)
MEMBERS = frozenset({PersonId("per_0003"), PersonId("per_0002")})
PAPERS: dict[str, tuple[DocumentKind, PaperBody]] = {
    "handover_minutes": (DocumentKind.HANDOVER_MINUTES, HandoverBody(AccountId("acc_0001"), (NARROW, WIDE))),
    "handover_minutes-again": (
        DocumentKind.HANDOVER_MINUTES,
        HandoverBody(AccountId("acc_0001"), (WIDE,), (GrantId("grt_0009"),)),
    ),
    "supplementary_minutes": (
        DocumentKind.SUPPLEMENTARY_MINUTES,
        HandoverBody(AccountId("acc_0001"), (NARROW,)),
    ),
    "return_minutes": (DocumentKind.RETURN_MINUTES, ReturnBody((WIDE,))),
    "return_minutes-before_a_witness": (
        DocumentKind.RETURN_MINUTES,
        ReturnBody((WIDE, NARROW), TO, PersonId("per_0002"), "lvc_0001"),
    ),
    "custody_minutes": (
        DocumentKind.CUSTODY_MINUTES,
        CustodyBody(AccountId("acc_0002"), AssignmentId("asg_0001"), SCHOOL, "head"),
    ),
    "commitment": (DocumentKind.COMMITMENT, CommitmentBody("2", "Tôi cam kết “giữ bí mật”.\nĐúng quy định.")),
    "commitment-words_on_paper": (DocumentKind.COMMITMENT, CommitmentBody("1")),
    "inspection_decision": (
        DocumentKind.INSPECTION_DECISION,
        InspectionBody("Kiểm tra việc nhập điểm", MEMBERS, frozenset({SCHOOL}), FROM, TO),
    ),
    "inspection_decision-with_everything": (
        DocumentKind.INSPECTION_DECISION,
        InspectionBody(
            "Kiểm tra việc nhập điểm",
            MEMBERS,
            frozenset({UnitId("0003102"), SCHOOL}),
            FROM,
            TO,
            AuthorityId("aut_0001"),
            datetime(2025, 9, 4, 17, tzinfo=UTC),
            frozenset({LeftOut(PersonId("per_0002"), SCHOOL)}),
            frozenset({AssignmentId("asg_0008"), AssignmentId("asg_0007")}),
            frozenset({ExternalLine(PersonId("per_0003"), "Thanh tra tỉnh", "000/QĐ-TTr")}),
        ),
    ),
}
PRINTED = Printed("handover_minutes/1", "cd" * 32, PersonId("per_0002"))
ATTESTED = Attestation(PERSON, "KT.", FROM, "Tủ 1, cặp 2", "ab" * 32, TO)


def envelope(kind: DocumentKind) -> Envelope:
    return Envelope(
        document=DocumentId("doc_0001"),
        kind=kind,
        unit=SCHOOL,
        number="01/BB-THCS",
        dated=date(2026, 8, 20),
        version=3,
        receiver=PersonId("per_0009"),
        register="thu-nghiem",
        policy="0" * 63 + "1",
    )


PRINT = Print(
    salt="A" * 43,
    document=DocumentId("doc_0001"),
    version=3,
    template="handover_minutes/1",
    kind=DocumentKind.HANDOVER_MINUTES,
    letterhead=Letterhead("UBND PHƯỜNG AN THỬ", "TRƯỜNG THCS AN THỬ", "An Thử"),
    dated="2026-08-20",
    number="01/BB-THCS",
    type_line="BIÊN BẢN",
    subject=("Bàn giao tài khoản và quyền truy cập",),
    bases=("Căn cứ Luật Bảo vệ dữ liệu cá nhân.",),
    giver=PrintedParty("I. BÊN GIAO", "Trần Thị Mẫu", "Hiệu trưởng", "000/QĐ", SCHOOL, "Trường THCS An Thử"),
    receiver=PrintedParty("II. BÊN NHẬN", "Nguyễn Ví Dụ", "Giáo viên", "", SCHOOL, "Trường THCS An Thử", "000123"),
    sections=(PrintedSection("III. Nội dung", ("Như sau:",), PrintedTable(("TT",), (100,), (("1",),), "")),),
    lines=(
        PrintedLine(
            "grt_0001", "000.gv", "Tài khoản", "Giáo viên", "000/QĐ", "Lớp 6A", "20/8/2026", "31/7/2027", ()
        ),
    ),
    closing="Các bản có giá trị như nhau./.",
    recipients=("Lưu: VT.",),
    signers=(
        PrintedSigner(Side.GIVER, ("KT. HIỆU TRƯỞNG", "PHÓ HIỆU TRƯỞNG"), "ĐẠI DIỆN BÊN GIAO", "Trần Thị Mẫu"),
    ),
)


def check(name: str, data: bytes) -> None:
    """These are the bytes of the file of that name, which ends with a line feed of its own."""
    assert data + b"\n" == (GOLDEN / name).read_bytes(), name


LETTERS: dict[str, tuple[DocumentKind, PaperBody]] = {
    "assignment_decision": (
        DocumentKind.ASSIGNMENT_DECISION,
        AssignmentBody(
            (
                DutyLine(
                    *(PERSON, SCHOOL, "principal", None, None, frozenset({EducationLevel.PRIMARY})),
                    *(date(2026, 8, 20), None, "000/QĐ", date(2026, 8, 1)),
                ),
                DutyLine(
                    *(PERSON, SCHOOL, "subject_teaching", NARROW.scope.classes, frozenset({"TOAN"}), None),
                    *(date(2026, 8, 20), date(2027, 5, 31), "000/QĐ", date(2026, 8, 1)),
                ),
            ),
            "wai_0001",
            AssignmentId("asg_0001"),
        ),
    ),
    "approval_letter": (
        DocumentKind.APPROVAL_LETTER,
        ApprovalBody(
            *(ApprovalId("apv_0001"), SoftwareId("sof_0001"), NARROW.scope, Frequency.ONCE_A_DAY, DrawMethod.API),
            *(FROM, TO, "Nhắn tin", "01/HĐ", date(2026, 8, 1), "ef" * 32, ReceiverRole.PROCESSOR, "Một năm", "Xoá"),
            *("12/THCS", date(2026, 8, 10)),
        ),
    ),
    "software_report": (
        DocumentKind.SOFTWARE_REPORT,
        ReportBody(
            FROM,
            (
                ReportRow(
                    *(SoftwareId("sof_0001"), "Phần mềm", "Công ty A", "Họ tên; khối 6", "1 lần", "Tệp", "0 đồng"),
                    *("Hợp đồng", 3, None, True, ApprovalId("apv_0001")),
                ),
            ),
        ),
    ),
    "software_report-of_nothing": (DocumentKind.SOFTWARE_REPORT, ReportBody(FROM, ())),
}
"""Kinds that came with words on paper: there are none of format 1."""


def test_every_kind_of_paper_has_its_bytes() -> None:
    assert {kind for kind, _ in (PAPERS | LETTERS).values()} == set(DocumentKind)
    assert {path.stem for path in (GOLDEN / "printed").iterdir()} == {*PAPERS, *LETTERS}
    kept = {path.stem for path in (GOLDEN / "documents").iterdir()}
    assert kept == {*PAPERS, "handover_minutes-attested", "handover_minutes-attested_by_its_scan"}


@pytest.mark.parametrize("name", PAPERS)
def test_the_bytes_of_a_paper_never_change(name: str) -> None:
    kind, body = PAPERS[name]
    check(f"documents/{name}.json", canonical(compose(envelope(kind), body)))


@pytest.mark.parametrize("name", PAPERS)
def test_a_paper_that_is_stored_is_read_as_it_was_written(name: str) -> None:
    kind, body = PAPERS[name]
    assert read_any(kind, (GOLDEN / "documents" / f"{name}.json").read_text("utf-8")) == body


@pytest.mark.parametrize("name", [*PAPERS, *LETTERS])
def test_the_bytes_of_a_paper_whose_words_are_frozen_never_change(name: str) -> None:
    kind, body = (PAPERS | LETTERS)[name]
    printed = replace(PRINTED, template=f"{kind}/1", has_date=kind not in DATED_WHEN_SIGNED)
    written = canonical(compose(envelope(kind), body, printed=printed))
    check(f"printed/{name}.json", written)
    assert read_any(kind, written.decode()) == body
    assert print_hash_of(written.decode()) == PRINTED.sha256


def test_the_bytes_of_the_words_on_a_paper_never_change() -> None:
    check("print.json", canonical(PRINT.json()))
    assert Print.read(json.loads((GOLDEN / "print.json").read_text("utf-8"))) == PRINT


def test_the_bytes_of_an_attested_paper_never_change() -> None:
    written = envelope(DocumentKind.HANDOVER_MINUTES)
    body = PAPERS["handover_minutes"][1]
    check("documents/handover_minutes-attested.json", canonical(compose(written, body, ATTESTED)))
    unsigned = replace(ATTESTED, giver=None, giver_capacity=None, giver_signed_at=None)
    check("documents/handover_minutes-attested_by_its_scan.json", canonical(compose(written, None, unsigned)))


SIGNED = Signature(
    id="sig_0001",
    document=DocumentId("doc_0001"),
    version=3,
    sha256="ab" * 32,
    side=Side.RECEIVER,
    person=PERSON,
    account=AccountId("acc_0001"),
    capacity=Capacity.SELF,
    capacity_basis=None,
    method=Method.IN_SYSTEM,
    signed_at=TO,
    key="k",
    confirmation="",
    valid_from=TO,
)
SIGNATURES = {
    "receiver": SIGNED,
    "head": replace(SIGNED, side=Side.GIVER, capacity=Capacity.HEAD, capacity_basis="000/QĐ-UBND (asg_0001)"),
    "on_paper": replace(SIGNED, side=Side.GIVER, account=None, method=Method.ATTESTED),
    "witness": replace(SIGNED, side=Side.WITNESS),
}


SHOWN = SignedHow("password+totp", "00" * 16, "cd" * 32, "2026-09-05T01:00:00.000000Z")
TOUCHED = Assertion("ef" * 32, 0, 1, (), "e30", "AAAA", "BBBB")
SIGNATURES |= {
    "receiver_format_2": replace(SIGNED, how=SHOWN),
    "passkey": replace(
        SIGNED, method=Method.PASSKEY, how=replace(SHOWN, auth="passkey", credential="AQID", assertion=TOUCHED)
    ),
}


@pytest.mark.parametrize("name", SIGNATURES)
def test_the_bytes_of_a_confirmed_statement_never_change(name: str) -> None:
    check(f"statements/{name}.json", canonical(statement("thu-nghiem", SIGNATURES[name])))


LEAST = Claims(
    *("https://quyen.example", "acc_0001", ("https://so-diem.example",), "cli_0001"),
    *(1_787_200_000, 1_787_200_300, "jti_0001", frozenset(), ()),
    *("thu-nghiem", "r1z", (), (), ()),
)
TOKENS = {
    "least": LEAST,
    "whole": replace(
        LEAST,
        scope=frozenset({"search", "evaluate"}),
        details=(
            AccessDetail(
                SCHOOL,
                frozenset({"lower_secondary"}),
                frozenset({"0003101:2026-2027:6B", "0003101:2026-2027:6A"}),
                frozenset({"TOAN"}),
                frozenset({"STU-ACA", "CUR"}),
                frozenset({"read", "export"}),
                "2026-2027",
                "grt_0001",
                frozenset({"6", "10"}),
            ),
            AccessDetail(SCHOOL, None, None, None, frozenset({"ORG"}), frozenset({"read"}), None, None),
        ),
        policy=("0" * 63 + "1",),
        grants=("grt_0001", "apr_0001"),
        documents=("doc_0001",),
        act=Actor("acc_0003", Actor("acc_0002")),
        jkt="A" * 43,
    ),
}


class OneKey:
    """The key that signs now, and for ever."""

    def signing_key(self, now: datetime) -> SigningKey:
        assert now == datetime.fromtimestamp(LEAST.iat, UTC)
        return SigningKey("kid-0001", "EdDSA", Ed25519PrivateKey.from_private_bytes(bytes(32)))


def unb64(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


@pytest.mark.parametrize("name", TOKENS)
def test_the_payload_of_a_token_never_changes(name: str) -> None:
    header, payload, _ = TokenSigner(OneKey()).issue(TOKENS[name]).split(".")
    assert json.loads(unb64(header)) == {"alg": "EdDSA", "kid": "kid-0001", "typ": "at+jwt"}
    check(f"tokens/{name}.json", unb64(payload))
