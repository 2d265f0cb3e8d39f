"""The service's confirmation: exact bytes, and every altered field is noticed."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from access_service.domain.documents import Signature
from access_service.domain.errors import UnavailableError
from access_service.domain.names import AccountId, Capacity, DocumentId, Method, PersonId, Side
from access_service.signing.canonical import canonical
from access_service.signing.documents import check_confirmation, confirm, statement
from access_service.signing.keys import BadSignatureError, SealKey, load_or_create

SIGNED = Signature(
    id="sig_1",
    document=DocumentId("doc_1"),
    version=2,
    sha256="ab" * 32,
    side=Side.GIVER,
    person=PersonId("per_1"),
    account=AccountId("acc_1"),
    capacity=Capacity.DEPUTY,
    capacity_basis="000/QĐ (asg_1)",
    method=Method.IN_SYSTEM,
    signed_at=datetime(2026, 9, 5, 1, 2, 3, 4, tzinfo=UTC),
    key="k",
    confirmation="",
    valid_from=datetime(2026, 9, 5, tzinfo=UTC),
)
GOLDEN = (
    '{"account":"acc_1","capacity":"KT.","capacity_basis":"000/QĐ (asg_1)","document":"doc_1","document_version":2,'
    '"format":1,"label":"xác nhận của hệ thống","method":"in_system","person":"per_1","register":"r",'
    '"sha256":"' + "ab" * 32 + '","side":"giver","signed_at":"2026-09-05T01:02:03.000004Z"}'
)


@pytest.fixture
def key(tmp_path: Path) -> SealKey:
    return load_or_create(tmp_path / "keys" / "seal.key")


def test_the_statement_has_these_very_bytes() -> None:
    assert canonical(statement("r", SIGNED)) == GOLDEN.encode()


def test_a_confirmation_verifies_and_no_field_can_be_changed(key: SealKey) -> None:
    signed = replace(SIGNED, confirmation=confirm(key, "r", SIGNED))
    check_confirmation(key.public_hex, "r", signed)
    altered = [
        replace(signed, version=3),
        replace(signed, sha256="cd" * 32),
        replace(signed, side=Side.RECEIVER),
        replace(signed, person=PersonId("per_2")),
        replace(signed, account=None),
        replace(signed, capacity=Capacity.HEAD),
        replace(signed, capacity_basis=None),
        replace(signed, method=Method.ATTESTED),
        replace(signed, document=DocumentId("doc_2")),
        replace(signed, signed_at=datetime(2026, 9, 6, tzinfo=UTC)),
        replace(signed, confirmation="00" * 64),
        replace(signed, confirmation="not hex"),
    ]
    for other in altered:
        with pytest.raises(BadSignatureError):
            check_confirmation(key.public_hex, "r", other)
    with pytest.raises(BadSignatureError):
        check_confirmation(key.public_hex, "another register", signed)


def test_the_key_file_is_private_and_stays_the_same(tmp_path: Path) -> None:
    path = tmp_path / "seal.key"
    first = load_or_create(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert load_or_create(path).public_hex == first.public_hex
    path.chmod(0o644)
    with pytest.raises(UnavailableError, match="can be read by others"):
        load_or_create(path)


@pytest.mark.parametrize(
    "content", [b"", b"nothing of a key", b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"]
)
def test_a_key_file_with_something_else_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "seal.key"
    path.write_bytes(content)
    path.chmod(0o600)
    with pytest.raises(UnavailableError, match="cannot be read"):
        load_or_create(path)
