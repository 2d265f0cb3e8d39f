"""A PDF that a stranger sent is looked at in a process of its own: half a minute, half a gigabyte, one file.

Whatever the file does to its reader, it does to that process: it is ended, and the file is a broken one. The server
has threads, so the process is a new program and no fork; the next one is made ready while nobody waits, because the
reader takes a second to load. `python -m access_service.signing.pdf_worker` is that program.
"""

import json
import resource
import struct
import subprocess
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import IO, Any

from access_service.domain.errors import UnavailableError
from access_service.signing.certificates import CertificateShown, read_trust
from access_service.signing.pdf_check import BadPdfError, ForeignSignature, GivenOut, PdfFault, check_signed_pdf

WALL_S = 30
CPU_S = 30
MEMORY = 512 << 20
"""Bytes of data that the process may have, what the reader itself takes included."""
AT_ONCE = 2
"""Files that are looked at at the same time; who comes then waits."""
PATIENCE_S = 20
_LENGTH = struct.Struct(">Q")


class PdfWorkers:
    """Looks at files, each in a process that it does not outlive. Safe from any number of threads."""

    def __init__(self, trust: Path | None, *, wall_s: float = WALL_S, memory: int = MEMORY) -> None:
        """`trust` is the operator's folder, read anew for each file."""
        self.trust = trust
        self._wall_s = wall_s
        self._memory = memory
        self._turns = threading.BoundedSemaphore(AT_ONCE)
        self._lock = threading.Lock()
        self._ready: subprocess.Popen[bytes] | None = None
        self._is_closed = False

    def prepare(self) -> None:
        """Have a process ready for the next file."""
        with self._lock:
            if self._ready is None and not self._is_closed:
                self._ready = _spawn(self._memory)

    def close(self) -> None:
        """End the one that waits."""
        with self._lock:
            self._is_closed = True
            waiting, self._ready = self._ready, None
        if waiting is not None:
            _end(waiting)

    def check(
        self, upload: bytes, given: GivenOut, now: datetime, *, needs_revocation: bool = False
    ) -> tuple[ForeignSignature, ...]:
        """As `check_signed_pdf`. Raises `UnavailableError` where too many are looked at, or nobody can look.

        A file that takes too long or too much is `signature_broken`.
        """
        if not upload.startswith(b"%PDF-"):
            raise BadPdfError(PdfFault.NOT_PDF)
        if not self._turns.acquire(timeout=PATIENCE_S):
            raise UnavailableError("too many files are being looked at; send it again in a minute")
        try:
            said = self._ask(_request(upload, given, self.trust, now, needs_revocation=needs_revocation))
        finally:
            self._turns.release()
        return _answer(said)

    def _ask(self, parts: Sequence[bytes]) -> dict[str, Any]:
        with self._lock:
            worker, self._ready = self._ready, None
        if worker is not None and worker.poll() is not None:
            _end(worker)
            worker = None
        if worker is None:
            worker = _spawn(self._memory)
        try:
            answer, _ = worker.communicate(b"".join(parts), timeout=self._wall_s)
        except subprocess.TimeoutExpired:
            return {"fault": PdfFault.SIGNATURE_BROKEN, "where": "it takes too long"}
        finally:
            _end(worker)
            self.prepare()
        try:
            said: dict[str, Any] = json.loads(answer)
        except ValueError:
            return {"fault": PdfFault.SIGNATURE_BROKEN, "where": "it takes too much"}
        return said


def _spawn(memory: int) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "access_service.signing.pdf_worker", str(memory)]
    try:
        # Nothing of the server's environment but where programs and modules are.
        return subprocess.Popen(  # noqa: S603 ourselves
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={"PYTHONPATH": ":".join(p for p in sys.path if p), "PYTHONDONTWRITEBYTECODE": "1"},
            cwd="/",
        )
    except OSError as error:
        raise UnavailableError("no process can be started to look at the file") from error


def _end(worker: subprocess.Popen[bytes]) -> None:
    worker.kill()
    for pipe in (worker.stdin, worker.stdout):
        with suppress(OSError):
            if pipe is not None:
                pipe.close()
    worker.wait()


def _request(
    upload: bytes, given: GivenOut, trust: Path | None, now: datetime, *, needs_revocation: bool
) -> list[bytes]:
    head = {
        "content_name": given.content_name,
        "fields": sorted(given.fields),
        "trust": None if trust is None else str(trust),
        "now": now.isoformat(),
        "needs_revocation": needs_revocation,
    }
    parts = (json.dumps(head).encode(), upload, given.pdf, given.content)
    return [piece for part in parts for piece in (_LENGTH.pack(len(part)), part)]


def _answer(said: dict[str, Any]) -> tuple[ForeignSignature, ...]:
    if "unavailable" in said:
        raise UnavailableError(str(said["unavailable"]))
    if "fault" in said:
        raise BadPdfError(PdfFault(said["fault"]), str(said.get("where", "")))
    return tuple(
        ForeignSignature(
            field=one["field"],
            certificate=CertificateShown(
                **one["certificate"]
                | {name: _instant(one["certificate"][name]) for name in ("not_before", "not_after")}
            ),
            signed_at=_instant(one["signed_at"]),
            claimed_at=_instant(one["claimed_at"]),
            is_revocation_known=one["is_revocation_known"],
        )
        for one in said["signatures"]
    )


def _instant(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


# -- the program


def run(source: IO[bytes], sink: IO[bytes], memory: int) -> None:
    """Load the reader, wait for one file, say what it is."""
    import pyhanko.sign.diff_analysis  # noqa: PLC0415
    import pyhanko.sign.validation  # noqa: F401, PLC0415

    resource.setrlimit(resource.RLIMIT_CPU, (CPU_S, CPU_S))
    resource.setrlimit(resource.RLIMIT_DATA, (memory, memory))
    resource.setrlimit(resource.RLIMIT_NPROC, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    parts = [_part(source) for _ in range(4)]
    sink.write(json.dumps(_look(*parts)).encode())
    sink.flush()


def _part(source: IO[bytes]) -> bytes:
    (length,) = _LENGTH.unpack(source.read(_LENGTH.size))
    return source.read(length)


def _look(head: bytes, upload: bytes, form: bytes, content: bytes) -> dict[str, object]:
    asked = json.loads(head)
    given = GivenOut(form, content, asked["content_name"], frozenset(asked["fields"]))
    try:
        trust = read_trust(None if asked["trust"] is None else Path(asked["trust"]))
        found = check_signed_pdf(
            upload,
            given,
            trust,
            datetime.fromisoformat(asked["now"]),
            needs_revocation=asked["needs_revocation"],
        )
    except BadPdfError as bad:
        return {"fault": str(bad.fault), "where": bad.where}
    except UnavailableError as error:
        return {"unavailable": str(error)}
    return {"signatures": [_shown(one) for one in found]}


def _shown(one: ForeignSignature) -> dict[str, object]:
    shown = one.certificate
    return {
        "field": one.field,
        "certificate": {
            "sha256": shown.sha256,
            "subject": shown.subject,
            "issuer": shown.issuer,
            "serial": shown.serial,
            "not_before": shown.not_before.isoformat(),
            "not_after": shown.not_after.isoformat(),
        },
        "signed_at": None if one.signed_at is None else one.signed_at.isoformat(),
        "claimed_at": None if one.claimed_at is None else one.claimed_at.isoformat(),
        "is_revocation_known": one.is_revocation_known,
    }


if __name__ == "__main__":
    run(sys.stdin.buffer, sys.stdout.buffer, int(sys.argv[1]))
