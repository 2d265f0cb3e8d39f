"""The service's own seal: what other people's programs say of it, and what keeps it from being somebody else's."""

import shutil
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from functools import cache
from pathlib import Path

import pytest
from asn1crypto import tsp
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from access_service.domain.errors import InvalidError, UnavailableError
from access_service.evidence.fonts import own_family
from access_service.evidence.render import render_pdf
from access_service.signing.pdf_seal import (
    PDF_SEAL_CHAIN,
    PDF_SEAL_KEY,
    PdfSeal,
    make_seal_key,
    read_pdf_seal,
    request_certificate,
    seal_pdf,
    sign_itself,
    take_chain,
)
from evidence.sample_papers import sample
from signing.foreign_papers import NOW, annotate, changed, sent
from signing.pki import START, Authority

PYHANKO = Path(sys.executable).with_name("pyhanko")


@cache
def final() -> bytes:
    return render_pdf(sample("commitment"), own_family())


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    folder = tmp_path / "keys"
    folder.mkdir(mode=0o700)
    make_seal_key(folder)
    return folder


@pytest.fixture
def seal(keys: Path) -> PdfSeal:
    sign_itself(keys, "Sở Giáo dục và Đào tạo thử 000", NOW)
    found = read_pdf_seal(keys)
    assert found is not None
    return found


def pyhanko_says(pdf: bytes, roots: bytes, folder: Path) -> str:
    file, trusted = folder / "van-ban.pdf", folder / "roots.pem"
    file.write_bytes(pdf)
    trusted.write_bytes(roots)
    command = [PYHANKO, "sign", "validate", "--trust", trusted, "--trust-replace", "--pretty-print", file]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout


def pdfsig_says(pdf: bytes, folder: Path) -> str:
    if shutil.which("pdfsig") is None:
        pytest.skip("pdfsig (poppler-utils) is not installed")
    file = folder / "van-ban.pdf"
    file.write_bytes(pdf)
    return subprocess.run(["pdfsig", file], capture_output=True, text=True, check=False).stdout


def clock_of(authority: Authority) -> Callable[[bytes], bytes]:
    stamper = authority.stamper()

    def ask(request: bytes) -> bytes:
        answer: bytes = stamper.request_tsa_response(tsp.TimeStampReq.load(request)).dump()
        return answer

    return ask


def test_others_find_a_sealed_paper_whole_and_sealed_by_us(seal: PdfSeal, keys: Path, tmp_path: Path) -> None:
    sealed = seal_pdf(final(), seal)
    assert sealed.startswith(final())
    said = pyhanko_says(sealed, (keys / PDF_SEAL_CHAIN).read_bytes(), tmp_path)
    assert "The signature is judged VALID." in said
    assert "The signature covers the entire file." in said
    poppler = pdfsig_says(sealed, tmp_path)
    assert "Signature is Valid" in poppler
    assert "Total document signed" in poppler


def test_others_find_three_signatures_where_two_people_signed_elsewhere_and_we_sealed(
    seal: PdfSeal, keys: Path, tmp_path: Path
) -> None:
    sealed = seal_pdf(sent().signed_twice(), seal, certifies=False)
    roots = (keys / PDF_SEAL_CHAIN).read_bytes() + sent().authority.root.pem
    assert pyhanko_says(sealed, roots, tmp_path).count("The signature is judged VALID.") == 3
    assert pdfsig_says(sealed, tmp_path).count("Signature is Valid") == 3


def test_a_note_on_a_sealed_paper_is_seen_by_others(seal: PdfSeal, keys: Path, tmp_path: Path) -> None:
    noted = changed(seal_pdf(final(), seal), annotate)
    said = pyhanko_says(noted, (keys / PDF_SEAL_CHAIN).read_bytes(), tmp_path)
    assert "VALID" not in said.replace("INVALID", "")


def test_a_seal_with_a_clock_and_proofs_for_later_is_still_valid(seal: PdfSeal, keys: Path, tmp_path: Path) -> None:
    authority = Authority()
    authority.revoke(authority.issue("Ai đó 000"))
    lists = authority.crl(START + timedelta(days=100), days=3000)
    sealed = seal_pdf(final(), seal, ask_time=clock_of(authority), trust=authority.trust(lists))
    roots = (keys / PDF_SEAL_CHAIN).read_bytes() + authority.root.pem
    said = pyhanko_says(sealed, roots, tmp_path)
    assert "The signature is judged VALID." in said
    assert "timestamp" in said.lower()
    assert b"/DSS" in sealed
    assert b"/DocTimeStamp" in sealed


# -- the key


def test_without_a_key_or_without_its_certificate_there_is_no_seal(tmp_path: Path, keys: Path) -> None:
    assert read_pdf_seal(tmp_path) is None
    assert read_pdf_seal(keys) is None


def test_an_authority_is_asked_and_its_answer_kept(keys: Path) -> None:
    request = x509.load_pem_x509_csr(request_certificate(keys, "Sở thử 000"))
    assert request.is_signature_valid
    authority = Authority()
    own = x509.load_pem_x509_csr(request_certificate(keys, "Sở thử 000")).public_key()
    issued = authority.issue_for(own, "Niêm phong thử 000")
    taken = take_chain(keys, issued.public_bytes(Encoding.PEM) + authority.root.pem)
    assert read_pdf_seal(keys) == taken
    assert len(taken.chain) == 2


def test_a_certificate_of_another_key_is_not_kept(keys: Path) -> None:
    other = Authority().issue("Khoá khác 000")
    for wrong in (other.pem, b"khong", b""):
        with pytest.raises(InvalidError):
            take_chain(keys, wrong)
    assert read_pdf_seal(keys) is None


def test_a_key_that_others_may_read_or_that_is_no_key_seals_nothing(seal: PdfSeal, keys: Path) -> None:
    assert seal.id
    (keys / PDF_SEAL_KEY).chmod(0o644)
    with pytest.raises(UnavailableError):
        read_pdf_seal(keys)
    (keys / PDF_SEAL_KEY).chmod(0o600)
    (keys / PDF_SEAL_KEY).write_bytes(b"khong")
    with pytest.raises(UnavailableError):
        read_pdf_seal(keys)
    (keys / PDF_SEAL_CHAIN).write_bytes(b"khong")
    with pytest.raises(UnavailableError):
        read_pdf_seal(keys)
