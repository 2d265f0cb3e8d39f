"""What a stranger's file does to its reader, it does to a process that nobody else needs."""

from __future__ import annotations

import threading
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from access_service.domain.errors import UnavailableError
from access_service.signing import pdf_worker
from access_service.signing.pdf_check import BadPdfError, PdfFault, check_signed_pdf
from access_service.signing.pdf_fields import GIVER_FIELD, RECEIVER_FIELD
from access_service.signing.pdf_worker import PdfWorkers
from signing.foreign_papers import CHANGES, NOW, changed, saved_again, sent


@pytest.fixture(scope="module")
def trust(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("trust")
    (folder / "roots").mkdir()
    (folder / "roots" / "ca-thu.pem").write_bytes(sent().authority.root.pem)
    return folder


@pytest.fixture(scope="module")
def workers(trust: Path) -> Iterator[PdfWorkers]:
    made = PdfWorkers(trust)
    yield made
    made.close()


def fault(workers: PdfWorkers, pdf: bytes) -> tuple[PdfFault, str]:
    with pytest.raises(BadPdfError) as refused:
        workers.check(pdf, sent().given, NOW)
    return refused.value.fault, refused.value.where


def test_it_says_what_is_said_without_it(workers: PdfWorkers) -> None:
    pdf = sent().signed_twice()
    found = workers.check(pdf, sent().given, NOW)
    assert found == check_signed_pdf(pdf, sent().given, sent().authority.trust(), NOW)
    assert [one.field for one in found] == [GIVER_FIELD, RECEIVER_FIELD]
    twice = sent().signed_twice()
    assert fault(workers, saved_again(twice))[0] is PdfFault.PDF_NOT_OURS
    assert fault(workers, changed(twice, CHANGES["a note over the words"]))[0] is PdfFault.CHANGED_BESIDE_SIGNING
    assert fault(workers, b"PK\x03\x04")[0] is PdfFault.NOT_PDF


def test_nobody_is_trusted_where_the_operator_trusts_nobody() -> None:
    workers = PdfWorkers(None)
    assert fault(workers, sent().signed_by_giver())[0] is PdfFault.CERTIFICATE_UNTRUSTED
    workers.close()


def test_a_trust_folder_that_cannot_be_read_is_no_fault_of_the_file(tmp_path: Path) -> None:
    (tmp_path / "roots").mkdir()
    (tmp_path / "roots" / "a.pem").write_text("-----BEGIN CERTIFICATE-----\nkhông phải\n")
    workers = PdfWorkers(tmp_path)
    with pytest.raises(UnavailableError, match=r"a\.pem"):
        workers.check(sent().signed_by_giver(), sent().given, NOW)
    workers.close()


def bomb(unpacked: int) -> bytes:
    """A revision behind our form whose cross-reference stream unpacks to so many bytes."""
    packer = zlib.compressobj(9)
    block = bytes(1 << 20)
    packed = b"".join([packer.compress(block) for _ in range(unpacked >> 20)]) + packer.flush()
    form = sent().form
    start = len(form)
    head = (
        b"\n900 0 obj\n<< /Type /XRef /Size 901 /W [1 8 8] /Root 1 0 R /Filter /FlateDecode /Length %d >>\nstream\n"
        % len(packed)
    )
    return form + head + packed + b"\nendstream\nendobj\nstartxref\n%d\n%%%%EOF\n" % (start + 1)


def test_a_file_that_unpacks_to_gigabytes_is_a_broken_file_and_the_next_one_is_looked_at(
    workers: PdfWorkers,
) -> None:
    assert fault(workers, bomb(2 << 30))[0] is PdfFault.SIGNATURE_BROKEN
    assert len(workers.check(sent().signed_by_giver(), sent().given, NOW)) == 1


def nested(depth: int) -> bytes:
    """A revision whose trailer is a list in a list in a list."""
    form = sent().form
    return (
        form + b"\ntrailer\n<< /Root " + b"[" * depth + b"]" * depth + b" >>\nstartxref\n%d\n%%%%EOF\n" % len(form)
    )


def test_lists_within_lists_are_a_broken_file(workers: PdfWorkers) -> None:
    assert fault(workers, nested(200_000))[0] is PdfFault.SIGNATURE_BROKEN


def test_a_file_that_takes_too_long_is_a_broken_file(trust: Path) -> None:
    hurried = PdfWorkers(trust, wall_s=0.001)
    assert fault(hurried, sent().signed_twice()) == (PdfFault.SIGNATURE_BROKEN, "it takes too long")
    hurried.close()


def test_a_process_that_dies_before_the_file_came_is_replaced(workers: PdfWorkers) -> None:
    workers.prepare()
    ready = workers._ready
    assert ready is not None
    ready.kill()
    ready.wait()
    assert len(workers.check(sent().signed_by_giver(), sent().given, NOW)) == 1


def test_who_comes_while_two_are_looked_at_waits_and_is_told_when_it_is_too_long(
    workers: PdfWorkers, monkeypatch: pytest.MonkeyPatch
) -> None:
    goes_on, begun = threading.Event(), threading.Semaphore(0)

    def look_long(_parts: object) -> dict[str, object]:
        begun.release()
        goes_on.wait(60)
        return {"signatures": []}

    monkeypatch.setattr(workers, "_ask", look_long)
    monkeypatch.setattr(pdf_worker, "PATIENCE_S", 0.01)
    pdf = sent().signed_by_giver()
    others = [threading.Thread(target=workers.check, args=(pdf, sent().given, NOW)) for _ in range(2)]
    for other in others:
        other.start()
    for _ in others:
        assert begun.acquire(timeout=60)
    with pytest.raises(UnavailableError, match="too many"):
        workers.check(pdf, sent().given, NOW)
    goes_on.set()
    for other in others:
        other.join()
    assert workers.check(pdf, sent().given, NOW) == ()
