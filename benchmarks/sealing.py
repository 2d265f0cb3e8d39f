"""What a seal, a seal with proofs for later, and the check of a paper signed elsewhere cost, beside bare pyHanko.

    python benchmarks/sealing.py [--rounds 15]

Milliseconds of the processor's time of this process, medians, both in turn on the same files; authorities, clock
and signers are those of the tests.
"""

from __future__ import annotations

import argparse
import io
import statistics
import sys
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).parents[1]
# In place of this folder, whose evidence.py is no package.
sys.path[:1] = [str(ROOT / "tests"), str(ROOT / "src")]

from asn1crypto import tsp  # noqa: E402
from asn1crypto import x509 as asn1_x509  # noqa: E402
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter  # noqa: E402
from pyhanko.pdf_utils.reader import PdfFileReader  # noqa: E402
from pyhanko.sign import PdfSignatureMetadata, PdfSigner  # noqa: E402
from pyhanko.sign.fields import SigFieldSpec, SigSeedSubFilter  # noqa: E402
from pyhanko.sign.validation import validate_pdf_signature  # noqa: E402
from pyhanko_certvalidator import ValidationContext  # noqa: E402

from access_service.evidence.fonts import own_family  # noqa: E402
from access_service.evidence.render import render_pdf  # noqa: E402
from access_service.signing.pdf_check import check_signed_pdf  # noqa: E402
from access_service.signing.pdf_seal import (  # noqa: E402
    PdfSeal,
    make_seal_key,
    read_pdf_seal,
    seal_pdf,
    sign_itself,
)
from evidence.sample_papers import sample  # noqa: E402
from signing.foreign_papers import NOW, Sent, sent  # noqa: E402
from signing.pki import START, Authority, signer_of  # noqa: E402

SCHOOL = 60


def new_seal(folder: Path) -> PdfSeal:
    """A seal that certifies itself."""
    make_seal_key(folder)
    sign_itself(folder, "Sở thử 000", NOW)
    found = read_pdf_seal(folder)
    assert found is not None
    return found


def seal_bare(pdf: bytes, who: Sent) -> bytes:
    """pyHanko alone: a signature of the same kind."""
    out = io.BytesIO()
    metadata = PdfSignatureMetadata(field_name="x", md_algorithm="sha256", subfilter=SigSeedSubFilter.PADES)
    signer = PdfSigner(metadata, signer_of(who.giver, who.authority.root), new_field_spec=SigFieldSpec("x"))
    signer.sign_pdf(IncrementalPdfFileWriter(io.BytesIO(pdf)), output=out)
    return out.getvalue()


def check_bare(pdf: bytes, who: Sent) -> None:
    """pyHanko alone: each signature with its own difference, chain and revocation."""
    for one in PdfFileReader(io.BytesIO(pdf)).embedded_regular_signatures:
        context = ValidationContext(
            trust_roots=[asn1_x509.Certificate.load(who.authority.root.der)], moment=NOW, allow_fetching=False
        )
        assert validate_pdf_signature(one, context).bottom_line


def in_turn(rounds: int, **works: Callable[[], object]) -> dict[str, float]:
    """Milliseconds of each, medians."""
    taken: dict[str, list[float]] = {name: [] for name in works}
    for number in range(rounds + 1):
        for name, work in works.items():
            began = time.process_time()
            work()
            if number:
                taken[name].append((time.process_time() - began) * 1e3)
    return {name: statistics.median(times) for name, times in taken.items()}


def render_and_seal(numbers: range) -> float:
    """Seconds of the processor for so many papers of a school."""
    with TemporaryDirectory() as folder:
        seal = new_seal(Path(folder))
        render_pdf(sample("commitment"), own_family())
        began = time.process_time()
        for number in numbers:
            words = sample("handover_minutes" if number % 2 else "commitment")
            seal_pdf(render_pdf(words, own_family()), seal)
        return time.process_time() - began


def measure(rounds: int) -> dict[str, float]:
    """Everything, in milliseconds; `school_s` in seconds of two workers together."""
    who, final = sent(), render_pdf(sample("handover_minutes"), own_family())
    authority = Authority("CA thử 000 đo")
    stamper, trust = authority.stamper(), authority.trust(authority.crl(START, days=3000))
    twice = who.signed_twice()

    def ask(request: bytes) -> bytes:
        answer: bytes = stamper.request_tsa_response(tsp.TimeStampReq.load(request)).dump()
        return answer

    with TemporaryDirectory() as folder:
        seal = new_seal(Path(folder))
        found = in_turn(
            rounds,
            seal=lambda: seal_pdf(final, seal),
            seal_bare=lambda: seal_bare(final, who),
            lasting=lambda: seal_pdf(final, seal, ask_time=ask, trust=trust),
            check=lambda: check_signed_pdf(twice, who.given, who.authority.trust(), NOW),
            check_bare=lambda: check_bare(twice, who),
        )
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as workers:
        halves = list(workers.map(render_and_seal, [range(SCHOOL // 2), range(SCHOOL // 2, SCHOOL)]))
    return found | {"school_s": sum(halves)}


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15)
    found = measure(parser.parse_args().rounds)
    for name, limit in (("seal", 50), ("lasting", 250), ("check", 600)):
        bare = found.get(f"{name}_bare")
        over = "" if bare is None else f"; bare pyHanko {bare:.0f} ms, {found[name] / bare:.2f} x"
        print(f"{name}: {found[name]:.0f} ms of {limit}{over}")
    print(f"sixty papers, rendered and sealed: {found['school_s']:.2f} s of CPU, asked 5 s over two workers")


if __name__ == "__main__":
    main()
