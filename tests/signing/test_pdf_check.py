"""A paper that comes back signed from another program: what is believed of it, and the first fault of the rest."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID
from pyhanko.sign.fields import SigSeedSubFilter

from access_service.signing.certificates import Trust
from access_service.signing.pdf_check import BadPdfError, ForeignSignature, PdfFault, check_signed_pdf
from access_service.signing.pdf_fields import GIVER_FIELD, RECEIVER_FIELD, add_fields
from signing.foreign_papers import (
    CHANGES,
    NOW,
    PLACES,
    changed,
    hole_of,
    saved_again,
    sent,
    swap_attachment,
)
from signing.pki import START, Authority, Leaf, sign_elsewhere


def check(
    pdf: bytes, trust: Trust | None = None, *, now: datetime = NOW, needs_revocation: bool = False
) -> tuple[ForeignSignature, ...]:
    trusted = sent().authority.trust() if trust is None else trust
    return check_signed_pdf(pdf, sent().given, trusted, now, needs_revocation=needs_revocation)


def fault(
    pdf: bytes, trust: Trust | None = None, *, now: datetime = NOW, needs_revocation: bool = False
) -> PdfFault:
    with pytest.raises(BadPdfError) as refused:
        check(pdf, trust, now=now, needs_revocation=needs_revocation)
    return refused.value.fault


def test_two_who_sign_in_turn_are_both_believed() -> None:
    first, second = check(sent().signed_twice())
    assert (first.field, second.field) == (GIVER_FIELD, RECEIVER_FIELD)
    assert first.certificate.subject == "CN=Người Thử Giao"
    assert second.certificate.subject == "CN=Người Thử Nhận"
    assert first.signed_at is None
    assert first.claimed_at is not None
    assert not first.is_revocation_known


def test_the_same_form_is_the_same_bytes_and_begins_with_what_typst_made() -> None:
    assert add_fields(sent().plain, PLACES) == sent().form
    assert sent().form.startswith(sent().plain)


def test_an_older_container_of_signatures_is_taken_too() -> None:
    pdf = sign_elsewhere(
        sent().form,
        GIVER_FIELD,
        sent().giver,
        sent().authority.root,
        subfilter=SigSeedSubFilter.ADOBE_PKCS7_DETACHED,
    )
    assert [one.field for one in check(pdf)] == [GIVER_FIELD]


def test_a_program_that_puts_proofs_for_later_into_the_file_is_taken_too() -> None:
    """As tools of long-term signatures do: a list of the revoked, a stamp on the signature, one over the whole."""
    authority = sent().authority
    lists = authority.crl(START + timedelta(days=100), days=3000)
    pdf = sign_elsewhere(
        sent().form,
        GIVER_FIELD,
        sent().giver,
        authority.root,
        stamper=authority.stamper(NOW),
        lasting=authority.proofs(lists),
    )
    assert b"/DSS" in pdf
    [found] = check(pdf, needs_revocation=True)
    assert found.signed_at is not None
    assert found.is_revocation_known
    first, second = check(sent().signed_by_receiver(pdf))
    assert (first.field, second.field) == (GIVER_FIELD, RECEIVER_FIELD)
    # What hides behind proofs that nobody signs: bytes, and bytes under an end of their own.
    end = pdf[pdf.rindex(b"startxref") :]
    for hidden in (b"junk", b"\njunk\n" + end, b"\n1 0 obj\n<<>>\nendobj\n" + end, end):
        with pytest.raises(BadPdfError):
            check(pdf + hidden)
    assert fault(pdf + b"\njunk\n" + end) == PdfFault.NOT_WHOLE_FILE
    assert fault(changed(pdf, CHANGES["a note over the words"])) == PdfFault.CHANGED_BESIDE_SIGNING


# -- no paper of ours


def test_a_file_that_is_no_pdf() -> None:
    assert fault(b"PK\x03\x04") == fault(b"") == PdfFault.NOT_PDF


def test_a_file_saved_anew_by_another_tool_is_not_the_one_that_went_out() -> None:
    assert fault(saved_again(sent().signed_twice())) == PdfFault.PDF_NOT_OURS
    assert fault(saved_again(sent().form)) == PdfFault.PDF_NOT_OURS


def test_another_content_behind_the_same_page() -> None:
    assert fault(sent().signed_by_giver(changed(sent().form, swap_attachment))) == PdfFault.CONTENT_MISSING


def test_a_form_that_nobody_signed() -> None:
    assert fault(sent().form) == PdfFault.NO_SIGNATURE


# -- what is added beside signatures


@pytest.mark.parametrize("name", CHANGES)
def test_what_is_added_before_the_first_signature_is_found_though_both_signatures_are_valid(name: str) -> None:
    assert fault(sent().signed_twice(changed(sent().form, CHANGES[name]))) == PdfFault.CHANGED_BESIDE_SIGNING


@pytest.mark.parametrize("name", CHANGES)
def test_what_is_added_between_two_signatures_is_found(name: str) -> None:
    between = changed(sent().signed_by_giver(), CHANGES[name])
    assert fault(sent().signed_by_receiver(between)) == PdfFault.CHANGED_BESIDE_SIGNING


@pytest.mark.parametrize("name", CHANGES)
def test_what_is_added_after_the_last_signature_is_found(name: str) -> None:
    assert fault(changed(sent().signed_twice(), CHANGES[name])) == PdfFault.CHANGED_BESIDE_SIGNING


def test_a_place_for_signing_that_we_did_not_give_may_lie_over_the_words() -> None:
    pdf = sign_elsewhere(sent().form, "cho-khac", sent().giver, sent().authority.root)
    assert fault(pdf) == PdfFault.CHANGED_BESIDE_SIGNING


def test_bytes_behind_the_last_signature() -> None:
    for more in (b"\n", b"x", b"% khong"):
        assert fault(sent().signed_twice() + more) == PdfFault.NOT_WHOLE_FILE


# -- the bytes of a signature


def test_something_hidden_behind_the_signature_in_its_hole() -> None:
    pdf = bytearray(sent().signed_twice())
    _, end = hole_of(bytes(pdf))
    pdf[end - 4 : end] = b"4142"
    assert fault(bytes(pdf)) == PdfFault.PADDING


def test_ranges_that_leave_more_than_the_signature_out() -> None:
    pdf = sent().signed_by_giver()
    at = pdf.rindex(b"/ByteRange")
    end = pdf.index(b"]", at)
    numbers = [int(n) for n in pdf[at:end].split(b"[")[1].split()]
    for other in (
        [0, numbers[1], numbers[2], numbers[3] - 10],
        [0, numbers[1] - 10, numbers[2], numbers[3]],
        [1, numbers[1] - 1, numbers[2], numbers[3]],
    ):
        said = b"/ByteRange [" + b" ".join(b"%d" % n for n in other)
        rewritten = pdf[:at] + said.ljust(end - at) + pdf[end:]
        assert fault(rewritten) in {PdfFault.SIGNATURE_BROKEN, PdfFault.BYTE_RANGE}


def test_every_flip_in_a_twice_signed_file_is_found_or_changes_nothing_that_anybody_believes() -> None:
    """Certificates that travel beside the signer's own are signed by nobody: no belief hangs on them."""
    pdf = sent().signed_twice()
    believed = check(pdf)
    start = len(sent().form)
    first, second = hole_of(pdf, 0), hole_of(pdf, 1)
    # At night all of them (`tests/signing/flip_every_byte.py`); before the form ends the prefix alone finds it.
    for at in range(start, len(pdf), max(1, (len(pdf) - start) // 60)):
        flipped = bytearray(pdf)
        flipped[at] ^= 0x01
        if first[0] <= at < first[1] or second[0] <= at < second[1]:
            with suppress(BadPdfError):
                assert check(bytes(flipped)) == believed
        else:
            fault(bytes(flipped))
    for at in range(0, start, start // 20):
        flipped = bytearray(pdf)
        flipped[at] ^= 0x80
        assert fault(bytes(flipped)) in {PdfFault.PDF_NOT_OURS, PdfFault.NOT_PDF}


# -- certificates of wrong kinds


def signed_with(leaf: Leaf, *, digest: str = "sha256") -> bytes:
    return sign_elsewhere(sent().form, GIVER_FIELD, leaf, sent().authority.root, digest=digest)


WRONG = {
    "of another authority": (lambda: Authority("CA khác 000").issue("Lạ"), PdfFault.CERTIFICATE_UNTRUSTED),
    "that signs itself": (lambda: sent().authority.issue("Tự ký", issuer=None), PdfFault.CERTIFICATE_UNTRUSTED),
    "issued by a person": (
        lambda: sent().authority.issue("Cháu", issuer=sent().authority.issue("Người Thử Giao")),
        PdfFault.CERTIFICATE_UNTRUSTED,
    ),
    "that has expired": (
        lambda: sent().authority.issue("Hết hạn", start=START - timedelta(days=900), days=800),
        PdfFault.CERTIFICATE_TIME,
    ),
    "that is not valid yet": (
        lambda: sent().authority.issue("Chưa", start=NOW + timedelta(days=2)),
        PdfFault.CERTIFICATE_TIME,
    ),
    "with RSA of 1024 bits": (
        lambda: sent().authority.issue("1024", key=rsa.generate_private_key(65537, 1024)),  # noqa: S505
        PdfFault.ALGORITHM_WEAK,
    ),
    "with a curve of 192 bits": (
        lambda: sent().authority.issue("P-192", key=ec.generate_private_key(ec.SECP192R1())),
        PdfFault.ALGORITHM_WEAK,
    ),
    "without non-repudiation": (
        lambda: sent().authority.issue("KU", uses=("digital_signature",)),
        PdfFault.KEY_USAGE,
    ),
    "for enciphering": (
        lambda: sent().authority.issue("KE", uses=("key_encipherment",)),
        PdfFault.KEY_USAGE,
    ),
    "of a server": (
        lambda: sent().authority.issue("TLS", extended=(ExtendedKeyUsageOID.SERVER_AUTH,)),
        PdfFault.KEY_USAGE,
    ),
    "of an authority": (lambda: sent().authority.issue("CA con 000", is_ca=True), PdfFault.KEY_USAGE),
}


@pytest.mark.parametrize("kind", WRONG)
def test_a_certificate(kind: str) -> None:
    make, expected = WRONG[kind]
    assert fault(signed_with(make())) == expected


def test_a_signature_over_sha1() -> None:
    assert fault(signed_with(sent().giver, digest="sha1")) == PdfFault.ALGORITHM_WEAK


def test_nobody_is_trusted_where_the_operator_trusts_nobody() -> None:
    assert fault(sent().signed_by_giver(), Trust()) == PdfFault.CERTIFICATE_UNTRUSTED


def test_a_certificate_under_an_intermediate_that_lies_in_the_folder() -> None:
    authority = sent().authority
    middle = authority.issue("CA giữa 000", is_ca=True)
    leaf = authority.issue("Người Thử Ba", issuer=middle)
    pdf = sign_elsewhere(sent().form, GIVER_FIELD, leaf)
    assert fault(pdf) == PdfFault.CERTIFICATE_UNTRUSTED
    trust = Trust(roots=(authority.root.der,), intermediates=(middle.der,))
    assert [one.field for one in check(pdf, trust)] == [GIVER_FIELD]


# -- revocation and time


def test_revocation_is_known_from_the_operators_lists_and_demanded_where_the_pack_does() -> None:
    authority = Authority("CA thử 001")
    leaf, other = authority.issue("Người Thử Giao"), authority.issue("Người Thử Nhận")
    pdf = sign_elsewhere(sent().form, GIVER_FIELD, leaf, authority.root)
    assert fault(pdf, authority.trust(), needs_revocation=True) == PdfFault.REVOCATION_UNKNOWN
    authority.revoke(other)
    [known] = check(pdf, authority.trust(authority.crl()), needs_revocation=True)
    assert known.is_revocation_known
    authority.revoke(leaf)
    for demanded in (True, False):
        assert (
            fault(pdf, authority.trust(authority.crl()), needs_revocation=demanded) == PdfFault.CERTIFICATE_REVOKED
        )


def test_a_list_of_another_authority_says_nothing() -> None:
    authority, other = Authority("CA thử 002"), Authority("CA thử 002")
    leaf = authority.issue("Người Thử Giao")
    other.revoked.append(leaf.certificate)
    pdf = sign_elsewhere(sent().form, GIVER_FIELD, leaf, authority.root)
    assert [one.is_revocation_known for one in check(pdf, authority.trust(other.crl()))] == [False]


def test_the_hour_is_that_of_a_trusted_timestamp_else_of_the_upload() -> None:
    authority = Authority("CA thử 003")
    leaf = authority.issue("Người Thử Giao", days=300)
    at = datetime(2026, 3, 5, 1, 41, tzinfo=UTC)
    plain = sign_elsewhere(sent().form, GIVER_FIELD, leaf, authority.root)
    stamped = sign_elsewhere(sent().form, GIVER_FIELD, leaf, authority.root, stamper=authority.stamper(at))
    late = datetime(2027, 3, 1, tzinfo=UTC)
    assert fault(plain, authority.trust(), now=late) == PdfFault.CERTIFICATE_TIME
    assert [one.signed_at for one in check(stamped, authority.trust(), now=late)] == [at]
    foreign = sign_elsewhere(
        sent().form, GIVER_FIELD, leaf, authority.root, stamper=Authority("Lạ 000").stamper(at)
    )
    assert fault(foreign, authority.trust(), now=late) == PdfFault.CERTIFICATE_TIME


def test_a_timestamp_by_a_certificate_that_is_for_nothing_of_the_kind_is_no_time() -> None:
    authority = Authority("CA thử 004")
    leaf = authority.issue("Người Thử Giao")
    stamper = authority.stamper(datetime(2026, 3, 5, tzinfo=UTC), extended=ExtendedKeyUsageOID.EMAIL_PROTECTION)
    pdf = sign_elsewhere(sent().form, GIVER_FIELD, leaf, authority.root, stamper=stamper)
    assert [one.signed_at for one in check(pdf, authority.trust())] == [None]


def test_what_is_shown_of_a_certificate_is_what_it_says() -> None:
    [one] = check(sent().signed_by_giver())
    found = x509.load_der_x509_certificate(sent().giver.der)
    assert one.certificate.serial == f"{found.serial_number:x}"
    assert one.certificate.not_after == found.not_valid_after_utc
