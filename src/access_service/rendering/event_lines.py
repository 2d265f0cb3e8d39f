"""Events as lines of a CSV file, and as lines of text."""

import csv
import hashlib
import io
import json
import tempfile
from collections.abc import Callable, Iterable
from typing import IO

from access_service.domain.audit import Event
from access_service.domain.time import local
from access_service.rendering.matrix_columns import guard_cell
from access_service.usecases.evidence import log_reading
from access_service.usecases.evidence.log_reading import LogQuestion
from access_service.usecases.services import Caller, Services

IN_MEMORY = 1 << 20
"""Bytes of a file kept in memory; the rest goes to a temporary one."""


def _details(event: Event) -> str:
    """The details on one line; empty where there are none."""
    return json.dumps(dict(event.happening.details), ensure_ascii=False) if event.happening.details else ""


COLUMNS: tuple[tuple[str, Callable[[Event], str]], ...] = (
    ("Số thứ tự", lambda e: str(e.seq)),
    ("Thời điểm", lambda e: local(e.recorded_at).strftime("%d/%m/%Y %H:%M:%S")),
    ("Tài khoản", lambda e: e.actor),
    ("Người thực hiện", lambda e: e.person or ""),
    ("Việc", lambda e: e.happening.action),
    ("Đối tượng", lambda e: e.happening.target),
    ("Kết quả", lambda e: "bị từ chối" if e.happening.outcome == "refused" else "đã thực hiện"),
    ("Mã từ chối", lambda e: e.happening.code or ""),
    ("Hồ sơ của đơn vị", lambda e: e.happening.unit),
    ("Số trong hồ sơ", lambda e: str(e.unit_seq or "")),
    ("Chi tiết", _details),
    ("Phiên bản", lambda e: str(e.revision)),
    ("Bộ quy tắc", lambda e: e.policy),
    ("Băm (SHA-256)", lambda e: e.hash),
    ("Băm của sự kiện trước", lambda e: e.previous),
)
"""Headings for whoever reads; ids only, as in the log."""


def write_events(events: Iterable[Event], stream: IO[bytes]) -> int:
    """The events as CSV (UTF-8 with its mark, RFC 4180), one a line; how many. No cell begins a formula."""
    text = io.TextIOWrapper(stream, encoding="utf-8-sig", newline="", write_through=True)
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow([heading for heading, _ in COLUMNS])
    count = 0
    for event in events:
        writer.writerow([guard_cell(value(event)) for _, value in COLUMNS])
        count += 1
    text.detach()
    return count


def write_log_file(services: Services, caller: Caller, question: LogQuestion) -> IO[bytes]:
    """What was asked for as a CSV file, recorded before it is handed out; closing it is the caller's."""
    file = tempfile.SpooledTemporaryFile(IN_MEMORY)  # noqa: SIM115 closed when it has been sent
    try:
        with log_reading.open_log(services, caller, question) as found:
            rows = write_events(found.events, file)
        file.seek(0)
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        log_reading.record_log_export(services.db, found, form="csv", rows=rows, sha256=sha256)
    except BaseException:
        file.close()
        raise
    return file


def event_line(event: Event) -> str:
    """One event for a terminal: when, who, what, to what, with what came of it."""
    happening = event.happening
    when = local(event.recorded_at).strftime("%d/%m/%Y %H:%M:%S")
    who = event.actor if event.person is None else f"{event.actor} ({event.person})"
    parts = [f"{event.seq:>7}", when, who, happening.action, happening.target or "-"]
    parts += [happening.unit] if happening.unit else []
    parts += [f"bị từ chối / refused: {happening.code}"] if happening.outcome == "refused" else []
    parts += [_details(event)] if happening.details else []
    return "  ".join(part.replace("\n", " ") for part in parts)
