"""Flips bits of every byte of a file that two signed and we sealed: `python tests/signing/flip_every_byte.py`.

Found is a flip that the check refuses, or that the hash in the log finds while nothing that anybody believes of the
signatures changed (certificates that travel beside the signer's are signed by nobody: record 0166). Exit 1 where a
flip changes what is believed and is not refused. The suite flips a sample (`test_pdf_check.py`).
"""

from __future__ import annotations

import hashlib
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from access_service.signing.pdf_check import BadPdfError, check_signed_pdf
from access_service.signing.pdf_seal import make_seal_key, read_pdf_seal, seal_pdf, sign_itself
from signing.foreign_papers import NOW, sent

BITS = (0x01, 0x80)


def main(every: int = 1) -> int:
    with tempfile.TemporaryDirectory() as folder:
        make_seal_key(Path(folder))
        sign_itself(Path(folder), "Sở thử 000", NOW)
        seal = read_pdf_seal(Path(folder))
        assert seal is not None
        signed = sent().signed_twice()
        sealed = seal_pdf(signed, seal, certifies=False)
    trust, given = sent().authority.trust(), sent().given
    believed = check_signed_pdf(signed, given, trust, NOW)
    logged = {hashlib.sha256(pdf).hexdigest() for pdf in (signed, sealed)}
    refused = by_hash = 0
    unseen: list[str] = []
    for at in range(0, len(sealed), every):
        for bit in BITS:
            pdf = sealed[:at] + bytes([sealed[at] ^ bit]) + sealed[at + 1 :]
            assert hashlib.sha256(pdf).hexdigest() not in logged
            if at >= len(signed):
                # What stands behind the two is our seal: no upload any more, and the log has its hash.
                by_hash += 1
                continue
            flipped = pdf[: len(signed)]
            assert hashlib.sha256(flipped).hexdigest() not in logged
            try:
                if check_signed_pdf(flipped, given, trust, NOW) == believed:
                    by_hash += 1
                else:
                    unseen.append(f"{at}:{bit:#x}")
            except BadPdfError:
                refused += 1
    flips = refused + by_hash + len(unseen)
    sys.stdout.write(f"{flips} flips, {refused} refused, {by_hash} found by hash alone, {len(unseen)} unseen\n")
    sys.stdout.write("".join(f"{place}\n" for place in unseen))
    return 1 if unseen else 0


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
