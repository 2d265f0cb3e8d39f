"""Who brings a paper that was signed in another program, and whose signature it is."""

from datetime import UTC, date, datetime, timedelta

import pytest

from access_service.domain.certificates import RegisteredCertificate, check_signer_account, find_holder
from access_service.domain.documents import Document
from access_service.domain.errors import RefusedError
from access_service.domain.names import (
    AccountId,
    AccountKind,
    DocumentId,
    DocumentKind,
    DocumentState,
    Method,
    PersonId,
    RegisterId,
    UnitId,
)
from access_service.domain.reasons import Refusal
from access_service.domain.signed_files import check_brings, check_goes_on
from access_service.usecases.services import Caller

NOW = datetime(2026, 12, 1, 2, tzinfo=UTC)


def document(kind: DocumentKind = DocumentKind.HANDOVER_MINUTES, receiver: str = "per_nhan") -> Document:
    return Document(
        id=DocumentId("doc_1"),
        kind=kind,
        unit=UnitId("0003101"),
        number="01/BB-THU",
        dated=date(2026, 12, 1),
        version=1,
        state=DocumentState.AWAITING_RECEIVER,
        receiver=PersonId(receiver),
        prepared_by=AccountId("acc_1"),
        content="{}",
        sha256="0" * 64,
        method=Method.IN_SYSTEM,
        valid_from=NOW,
        state_since=NOW,
    )


def somebody(person: str) -> Caller:
    return Caller(RegisterId("thu"), AccountId("acc_2"), AccountKind.USE, PersonId(person), UnitId("0003101"))


def refused(paper: Document, person: str, *, acts_for: bool) -> Refusal:
    with pytest.raises(RefusedError) as found:
        check_brings(somebody(person), paper, acts_for=acts_for)
    return found.value.code


def test_a_file_is_brought_by_a_party_or_the_office() -> None:
    check_brings(somebody("per_nhan"), document(), acts_for=False)
    check_brings(somebody("per_van_thu"), document(), acts_for=True)
    assert refused(document(), "per_van_thu", acts_for=False) is Refusal.FORBIDDEN


def test_the_code_of_an_admin_account_comes_back_to_its_receiver_alone() -> None:
    paper = document(DocumentKind.CUSTODY_MINUTES)
    check_brings(somebody("per_nhan"), paper, acts_for=True)
    assert refused(paper, "per_van_thu", acts_for=True) is Refusal.FORBIDDEN


def test_a_decision_is_confirmed_with_its_act_and_comes_back_in_no_file() -> None:
    paper = document(DocumentKind.ASSIGNMENT_DECISION)
    assert refused(paper, "per_nhan", acts_for=True) is Refusal.SIGNATURE_TOO_WEAK


def test_the_next_signer_signs_behind_the_file_that_came_back_last() -> None:
    check_goes_on(document(), [], lambda _: "")
    check_goes_on(document(), [(3, "abc"), (5, "abcde")], lambda size: "abcdefg"[:size])
    with pytest.raises(RefusedError) as found:
        check_goes_on(document(), [(3, "abc"), (5, "abXde")], lambda size: "abcdefg"[:size])
    assert found.value.code is Refusal.STALE_VERSION


def certificate(start: datetime, end: datetime | None) -> RegisteredCertificate:
    return RegisteredCertificate(
        id="crt_1",
        person=PersonId("per_nhan"),
        unit=UnitId("0003101"),
        is_of_unit=False,
        sha256="ab",
        subject="CN=Người Thử",
        issuer="CN=CA thử",
        serial="1",
        not_before=NOW,
        not_after=NOW,
        basis="",
        valid_from=start,
        valid_to=end,
    )


def test_a_certificate_is_somebodys_from_its_registration_until_its_end() -> None:
    day = timedelta(days=1)
    held = [certificate(NOW - day, NOW), certificate(NOW + day, None)]
    assert find_holder(held, NOW - day, "ab") is held[0]
    assert find_holder(held, NOW + day, "ab") is held[1]
    for at in (NOW - 2 * day, NOW):
        with pytest.raises(RefusedError) as found:
            find_holder(held, at, "ab")
        assert found.value.code is Refusal.SIGNER_UNKNOWN


def test_whose_account_was_closed_signs_nothing_elsewhere() -> None:
    with pytest.raises(RefusedError) as found:
        check_signer_account(None)
    assert found.value.code is Refusal.ACCOUNT_NOT_ACTIVE
