"""A ZIP that is not exactly of the form of a dossier is refused before anything in it is unpacked or believed."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from datetime import date

import pytest

from access_service.domain.errors import InvalidError
from access_service.evidence.zipper import check_path, store_anew, write_zip
from evidence.test_verify_dossier import refused

DAY = date(2026, 9, 30)


def entry(name: bytes, data: bytes, at: int, **changed: int) -> tuple[bytes, bytes]:
    """A member's bytes and its line in the directory; `changed` are fields that lie."""
    crc, size = changed.get("crc", zlib.crc32(data)), changed.get("size", len(data))
    packed, method, flags = changed.get("packed", size), changed.get("method", 0), changed.get("flags", 0)
    day = (2026 - 1980) << 9 | 9 << 5 | 30
    local = struct.pack("<4s5H3L2H", b"PK\3\4", 20, flags, method, 0, day, crc, packed, size, len(name), 0)
    said = (20 | 3 << 8, 20, flags, method, 0, day, crc, packed, size, len(name), 0, 0, 0, 0)
    mode = changed.get("mode", 0o100644)
    return local + name + data, struct.pack("<4s6H3L5H2L", b"PK\1\2", *said, mode << 16, at) + name


def archive(*members: tuple[bytes, bytes, dict[str, int]], behind: bytes = b"", count: int | None = None) -> bytes:
    body, directory = b"", b""
    for name, data, changed in members:
        local, said = entry(name, data, len(body), **changed)
        body, directory = body + local, directory + said
    number = len(members) if count is None else count
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, number, number, len(directory), len(body), 0)
    return body + directory + end + behind


PLAIN = (b"a", b"x", dict[str, int]())
ARCHIVES: dict[str, tuple[bytes, str]] = {
    "no bytes": (b"", "manifest_zip"),
    "a path that climbs": (archive((b"../a", b"x", {})), "manifest_path"),
    "a path from the root": (archive((b"/etc/passwd", b"x", {})), "manifest_path"),
    "a path of Windows": (archive((b"a\\b", b"x", {})), "manifest_path"),
    "a drive": (archive((b"c:a", b"x", {})), "manifest_path"),
    "a path that climbs within": (archive((b"a/../../b", b"x", {})), "manifest_path"),
    "capitals": (archive((b"A", b"x", {})), "manifest_path"),
    "letters beyond ASCII": (archive(("văn".encode(), b"x", {})), "manifest_path"),
    "a zero in the path": (archive((b"a\0.txt", b"x", {})), "manifest_path"),
    "a long path": (archive((b"a" * 181, b"x", {})), "manifest_path"),
    "a folder": (archive((b"a/", b"", {})), "manifest_link"),
    "a link": (archive((b"a", b"/etc/passwd", {"mode": 0o120777})), "manifest_link"),
    "a device": (archive((b"a", b"", {"mode": 0o020644})), "manifest_zip"),
    "one name twice": (archive(PLAIN, PLAIN), "manifest_twice"),
    "out of order": (archive((b"b", b"x", {}), PLAIN), "manifest_zip"),
    "deflated": (archive((b"a", b"x", {"method": 8})), "manifest_zip"),
    "a bomb": (archive((b"a", b"x", {"method": 8, "size": 1 << 31, "packed": 1})), "manifest_zip"),
    "4 GB by its header": (archive((b"a", b"x", {"size": 0xFFFFFFFF})), "manifest_zip"),
    "encrypted": (archive((b"a", b"x", {"flags": 1})), "manifest_zip"),
    "sizes behind the data": (archive((b"a", b"x", {"flags": 8})), "manifest_zip"),
    "another checksum": (archive((b"a", b"x", {"crc": 1})), "manifest_hash"),
    "bytes behind": (archive(PLAIN, behind=b"x"), "manifest_zip"),
    "bytes in front": (b"x" + archive(PLAIN), "manifest_zip"),
    "a member that the directory hides": (archive(PLAIN, (b"b", b"x", {}), count=1), "manifest_zip"),
    "more members than there are": (archive(PLAIN, count=2), "manifest_zip"),
    "20,001 members": (archive(PLAIN, count=20_001), "manifest_size"),
}


@pytest.mark.parametrize("name", sorted(ARCHIVES))
def test_a_zip_that_is_none_of_ours_is_refused_before_it_is_unpacked(name: str) -> None:
    data, code = ARCHIVES[name]

    assert refused(archive(PLAIN)) == ""
    assert refused(data) == code


@pytest.mark.parametrize(
    "path", ["../a", "/a", "a//b", "a/./b", "a/../b", "A", "ă", "a\\b", "", ".a", "a\n", "a" * 181]
)
def test_no_such_path_is_written(path: str) -> None:
    with pytest.raises(InvalidError):
        check_path(path)


def test_what_is_written_is_read_and_unpacked_by_anybody() -> None:
    stream = io.BytesIO()
    members = {"b/a.json": b"{}", "README.txt": b"x", "a": b""}
    write_zip(stream, members.items(), DAY)

    assert refused(stream.getvalue()) == ""
    with zipfile.ZipFile(stream) as read:
        assert read.testzip() is None
        assert {name: read.read(name) for name in read.namelist()} == members
        assert {member.compress_type for member in read.infolist()} == {zipfile.ZIP_STORED}


def test_two_names_that_differ_in_case_are_one() -> None:
    with pytest.raises(InvalidError):
        write_zip(io.BytesIO(), [("README.txt", b""), ("readme.txt", b"")], DAY)


def test_a_sheet_packed_by_another_zlib_is_the_same_sheet() -> None:
    def sheet(level: int) -> bytes:
        stream = io.BytesIO()
        with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED, compresslevel=level) as made:
            made.writestr("[Content_Types].xml", "<x>" * 100)
            made.writestr("xl/a.xml", "<y>" * 100)
        return stream.getvalue()

    assert sheet(1) != sheet(9)
    assert store_anew(sheet(1), DAY) == store_anew(sheet(9), DAY)
