"""A clock that is away, silent, lying or not trusted holds up no paper, and none is believed."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from asn1crypto import tsp

from access_service.domain.errors import UnavailableError
from access_service.evidence.fonts import own_family
from access_service.evidence.render import render_pdf
from access_service.signing.certificates import Trust
from access_service.signing.pdf_seal import (
    PdfSeal,
    SealLevel,
    make_seal_key,
    read_pdf_seal,
    seal_in_time,
    sign_itself,
)
from access_service.signing.timestamps import ANSWER_BYTES, REPLY, TimeAuthority
from evidence.sample_papers import sample
from signing.foreign_papers import NOW, sent
from signing.pki import START, Authority

Answer = Callable[[bytes], tuple[int, str, bytes]]


@contextmanager
def answering(answer: Answer) -> Iterator[str]:
    """A clock over HTTP, on loopback."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            status, kind, body = answer(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            if status == 302:
                self.send_header("Location", "http://127.0.0.1:1/")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_arguments: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/tsa"
        finally:
            server.shutdown()
            thread.join()


def honest(authority: Authority) -> Answer:
    stamper = authority.stamper(NOW)

    def answer(request: bytes) -> tuple[int, str, bytes]:
        return 200, REPLY, stamper.request_tsa_response(tsp.TimeStampReq.load(request)).dump()

    return answer


def about_something_else(authority: Authority) -> Answer:
    """It answers the question before this one: another hash, another number."""
    tell = honest(authority)

    def answer(request: bytes) -> tuple[int, str, bytes]:
        asked = tsp.TimeStampReq.load(request)
        asked["message_imprint"]["hashed_message"] = bytes(32)
        asked["nonce"] = 7
        return tell(asked.dump(force=True))

    return answer


@pytest.fixture(scope="module")
def seal(tmp_path_factory: pytest.TempPathFactory) -> PdfSeal:
    folder: Path = tmp_path_factory.mktemp("keys")
    make_seal_key(folder)
    sign_itself(folder, "Sở thử 000", NOW - timedelta(days=1))
    found = read_pdf_seal(folder)
    assert found is not None
    return found


@pytest.fixture(scope="module")
def paper() -> bytes:
    return render_pdf(sample("handover_minutes"), own_family())


def sealed(
    paper: bytes, seal: PdfSeal, url: str, trust: Trust, *, now: datetime = NOW, within_s: float = 30
) -> tuple[bytes, SealLevel, str]:
    return seal_in_time(paper, seal, TimeAuthority(url, within_s=within_s).ask, trust, now)


def test_a_trusted_clock_says_when_a_paper_was_sealed(seal: PdfSeal, paper: bytes) -> None:
    authority = Authority()
    with answering(honest(authority)) as url:
        pdf, level, why = sealed(paper, seal, url, authority.trust())
    assert (level, why) == (SealLevel.TIMED, "")
    assert pdf.startswith(paper)


def test_with_lists_of_the_revoked_the_seal_lasts(seal: PdfSeal, paper: bytes) -> None:
    authority = Authority()
    authority.revoke(authority.issue("Ai đó 000"))
    lists = authority.crl(START + timedelta(days=100), days=3000)
    with answering(honest(authority)) as url:
        pdf, level, why = sealed(paper, seal, url, authority.trust(lists))
    assert (level, why) == (SealLevel.LASTING, "")
    assert b"/DocTimeStamp" in pdf


def test_without_a_clock_a_paper_is_sealed_as_before(seal: PdfSeal, paper: bytes) -> None:
    _, level, why = seal_in_time(paper, seal, None, Trust(), NOW)
    assert (level, why) == (SealLevel.BASIC, "")


LIES: dict[str, Callable[[Authority], Answer]] = {
    "garbage": lambda _: lambda _request: (200, REPLY, b"\x30\x03abc"),
    "a page": lambda _: lambda _request: (200, "text/html", b"<html>"),
    "an error": lambda _: lambda _request: (500, REPLY, b""),
    "somewhere else": lambda _: lambda _request: (302, REPLY, b""),
    "an endless answer": lambda _: lambda _request: (200, REPLY, bytes(ANSWER_BYTES + 1)),
    "about something else": about_something_else,
    "a clock that nobody trusts": lambda _: honest(Authority("CA lạ 000")),
}


@pytest.mark.parametrize("lie", LIES)
def test_a_clock_that_lies_holds_up_no_paper_and_is_not_believed(seal: PdfSeal, paper: bytes, lie: str) -> None:
    authority = Authority()
    with answering(LIES[lie](authority)) as url:
        pdf, level, why = sealed(paper, seal, url, authority.trust())
    assert level is SealLevel.BASIC
    assert why
    assert pdf.startswith(paper)


def test_a_clock_that_is_away_or_says_nothing_is_waited_for_a_bounded_time(seal: PdfSeal, paper: bytes) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/"
        _, level, why = sealed(paper, seal, url, sent().authority.trust(), within_s=0.2)
        assert (level, "reached" in why) == (SealLevel.BASIC, True)
    with pytest.raises(UnavailableError):
        TimeAuthority(url, within_s=0.2).ask(b"0")
