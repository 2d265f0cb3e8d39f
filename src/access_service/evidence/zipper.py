"""ZIPs of dossiers: the same members give the same bytes, and nothing in them can write outside a folder.

Members are stored and never deflated: two libraries deflate differently, and pages are compressed already. Whoever
reads one back (`verify.py`) takes exactly this form, so that no byte of it is without a meaning.
"""

import io
import re
import zipfile
from collections.abc import Iterable
from datetime import date
from typing import IO

from access_service.domain.errors import InvalidError

LONGEST_PATH = 180
MOST_MEMBERS = 20_000
MOST_BYTES = 200 * 1024 * 1024
_PATH = re.compile(r"README\.txt|SHA256SUMS|[a-z0-9_-][a-z0-9._-]*(?:/[a-z0-9_-][a-z0-9._-]*)*")
_UNIX, _FILE_MODE = 3, 0o100644
_ENTRY_BYTES, _END_BYTES = 76, 22
"""Bytes that a member takes beside its data and twice its path, and those at the end."""
EARLIEST = date(1980, 1, 1)
"""No ZIP has an earlier day."""


def check_path(path: str) -> None:
    """Raise `InvalidError` for anything but a plain relative path in ASCII."""
    if len(path) > LONGEST_PATH or _PATH.fullmatch(path) is None or ".." in path:
        raise InvalidError("no path in a dossier")


def write_zip(stream: IO[bytes], members: Iterable[tuple[str, bytes]], day: date) -> None:
    """Write the members, by their paths, all of that day. `InvalidError` for paths and sizes that nobody reads."""
    ordered = sorted(members)
    paths = [path.lower() for path, _ in ordered]
    if len(set(paths)) != len(paths):
        raise InvalidError("two members of a dossier have one name")
    size = sum(len(data) + 2 * len(path) + _ENTRY_BYTES for path, data in ordered) + _END_BYTES
    if len(ordered) > MOST_MEMBERS or size > MOST_BYTES:
        raise InvalidError("a dossier has at most 200 MB and 20,000 files; ask for a shorter time")
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED, allowZip64=False) as made:
        for path, data in ordered:
            check_path(path)
            made.writestr(_entry(path, max(day, EARLIEST)), data)


def _entry(path: str, day: date) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(path, (day.year, day.month, day.day, 0, 0, 0))
    entry.compress_type = zipfile.ZIP_STORED
    entry.create_system = _UNIX
    entry.external_attr = _FILE_MODE << 16
    return entry


def store_anew(archive: bytes, day: date) -> bytes:
    """Another program's ZIP (a sheet) with its members stored, in its own order: the same on every machine."""
    packed = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(archive)) as read,
        zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED, allowZip64=False) as made,
    ):
        for member in read.infolist():
            made.writestr(_entry(member.filename, max(day, EARLIEST)), read.read(member))
    return packed.getvalue()


def bundle(members: Iterable[tuple[str, bytes]], day: date) -> bytes:
    """A ZIP inside a dossier, for people to open: any names, stored, in order."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED, allowZip64=False) as made:
        for path, data in sorted(members):
            made.writestr(_entry(path, max(day, EARLIEST)), data)
    return packed.getvalue()
