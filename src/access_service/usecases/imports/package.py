"""A workbook's package: a ZIP that a stranger made, its parts found by relationships, its XML read within bounds.

Parts are found as ECMA-376 part 2 says: from the package to the workbook, from the workbook to its sheets. What a
part is called says nothing. XML is UTF-8 without a document type, comments or instructions, which no spreadsheet
program writes; each byte is looked at once, and nothing is kept of an element that is done with.
"""

import codecs
import copy
import hashlib
import posixpath
import re
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import BinaryIO, NoReturn, cast

# Document types are refused before the parser sees them, so that there is no entity to expand or to fetch.
from xml.etree.ElementTree import Element, ParseError, XMLPullParser

from access_service.domain.errors import Fault
from access_service.usecases.imports.csv_files import MAX_FILE_BYTES, refuse

MAX_PARTS = 1_000
MAX_LOOSE = 300_000
"""Elements of one row, or beside the rows, or of a part without rows. A row has at most 16,384 cells."""
MAX_NAMES = 1_000
"""Different names of elements and attributes in a part."""
MAX_DEPTH = 1_000
_BOMB_BYTES, _BOMB_RATIO = 64 << 20, 300
"""From so many unpacked bytes on, so many times the file's size is a bomb: sheets pack ten to thirty times."""
_CHUNK = 1 << 17
_LONGEST_GAP = 1 << 20
"""Bytes without the beginning of a tag: a cell holds at most 32,767 characters."""

_SAVE = "save it again as .xlsx"
_OLE = bytes.fromhex("d0cf11e0a1b11ae1")
_DIRECTORY_ENTRY = b"PK\x01\x02"
_HEAD = re.compile(
    rb"(?:\xef\xbb\xbf)?\s*"
    rb"(?:<\?xml\s+version=[\"']1\.[0-9][\"']"
    rb"(?:\s+encoding=[\"'](?:utf-?8|us-ascii)[\"'])?(?:\s+standalone=[\"'](?:yes|no)[\"'])?\s*\?>\s*)?"
    rb"<[A-Za-z_]",
    re.IGNORECASE,
)
_HEAD_BYTES = 1 << 10

_RELATIONSHIPS = "{http://schemas.openxmlformats.org/package/2006/relationships}Relationships"
_RELATIONSHIP = "{http://schemas.openxmlformats.org/package/2006/relationships}Relationship"
_KINDS = (
    "http://schemas.openxmlformats.org/officeDocument/2006/relationships/",
    "http://purl.oclc.org/ooxml/officeDocument/relationships/",
)

Shorten = Callable[[Iterator[str]], Iterator[str]]

BROKEN = (
    zipfile.BadZipFile,
    zipfile.LargeZipFile,
    NotImplementedError,
    RuntimeError,
    EOFError,
    OSError,
    ValueError,
    OverflowError,
    struct.error,
    zlib.error,
)
"""What the standard library raises for archives that are none, or lie."""


@dataclass(frozen=True, slots=True)
class Link:
    """One relationship of a part."""

    kind: str
    """Its last word: `worksheet`, `sharedStrings`, `styles`."""
    target: str
    """The part it names, as `Package` finds it; empty where it lies outside the package."""


class Package:
    """An open workbook."""

    def __init__(self, archive: zipfile.ZipFile, name: str, packed: int, most: int | None = None) -> None:
        """Raises `ImportRefusedError` for an archive that no spreadsheet program makes, or unpacks above `most`.

        Without `most` it is what an import may hold.
        """
        self.name = name
        self._archive = archive
        self._packed = packed
        self._most = self._left = MAX_FILE_BYTES if most is None else most
        found = archive.infolist()
        if sum(part.file_size for part in found) > self._left:
            self.fault("", f"more than {self._most} bytes once unpacked", "import csv files, or in parts")
        self._parts: dict[str, zipfile.ZipInfo] = {}
        for part in found:
            key = _part_name(part.filename)
            if key in self._parts:
                self.fault("", f"two parts are called `{_shown(part.filename)}`", _SAVE)
            if part.flag_bits & 1:
                self.fault("", "it is encrypted", "save it without a password")
            if part.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                self.fault("", f"`{_shown(part.filename)}` is packed as no workbook is", _SAVE)
            self._parts[key] = part

    def fault(self, place: str, message: str, hint: str = "") -> NoReturn:
        """Refuse the workbook, at a sheet, part or cell of it."""
        refuse([Fault(f"{self.name}:{place}" if place else self.name, message, hint)])
        raise AssertionError

    def links(self, part: str) -> Mapping[str, Link]:
        """The relationships of a part by their id; those of the package for an empty name."""
        folder, base = posixpath.split(part)
        own = posixpath.join(folder, "_rels", f"{base}.rels")
        links: dict[str, Link] = {}
        if own not in self._parts:
            return links
        root = self.tree(own)
        if root.tag != _RELATIONSHIPS:
            self.fault(own, "no list of relationships", _SAVE)
        for element in root.findall(_RELATIONSHIP):
            id_, kind, target = (element.get(name, "") for name in ("Id", "Type", "Target"))
            if id_ in links:
                self.fault(own, "two relationships have one id", _SAVE)
            is_outside = element.get("TargetMode", "Internal") != "Internal"
            links[id_] = Link(_kind(kind), "" if is_outside else _target(folder, target))
        return MappingProxyType(links)

    def the_one(self, part: str, kind: str) -> str | None:
        """The one part of a kind that a part names; None where it names none."""
        found = {link.target for link in self.links(part).values() if link.kind == kind}
        if len(found) > 1:
            self.fault(part, f"it has several parts of the kind `{kind}`", _SAVE)
        return next(iter(found), None)

    def tree(self, part: str) -> Element:
        """A small part as a whole."""
        root = None
        for elements in self.elements(part):
            for element in elements:
                root = element
        if root is None:
            self.fault(part, "not the XML of a workbook", _SAVE)
        return root

    def elements(
        self, part: str, place: str = "", most: int = MAX_LOOSE, shorten: Shorten = iter
    ) -> Iterator[Iterator[Element]]:
        """The part's elements as they end, some at a time, and at most so many.

        Whoever asks for more clears what is done with. `shorten` sees the text first, and says what is parsed.
        """
        place = place or part
        if part not in self._parts:
            self.fault(place, f"the part `{_shown(part)}` is missing", _SAVE)
        parser: XMLPullParser[Element] = XMLPullParser(events=("end",))
        kept = _Kept(self, place, most)
        for text in shorten(self._texts(part, place)):
            parser.feed(text)
            yield kept.ended(parser, text)
        try:
            parser.close()
        except ParseError as error:
            self.fault(place, f"not the XML of a workbook: {error}", _SAVE)
        yield kept.ended(parser, "")

    def _texts(self, part: str, place: str) -> Iterator[str]:
        """The part's text. What is not UTF-8 is refused; nothing else is decoded."""
        decoder = codecs.getincrementaldecoder("utf-8")("strict")
        try:
            for chunk in self._chunks(part, place):
                yield decoder.decode(chunk)
            yield decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            self.fault(place, "not UTF-8 XML", _SAVE)

    def _chunks(self, part: str, place: str) -> Iterator[bytes]:
        """The part's bytes once its beginning, and the ends of its tags, are such that a parser may see them."""
        gap, last = 0, b""
        for chunk in self._begun(part, place):
            joined = last + chunk
            if b"<!" in joined or b"<?" in joined:
                message = "a document type, comment or instruction has no place in a workbook"
                self.fault(place, message, _SAVE)
            last = chunk[-1:]
            found = chunk.rfind(b"<")
            gap = len(chunk) - found - 1 if found >= 0 else gap + len(chunk)
            if gap > _LONGEST_GAP:
                self.fault(place, "not the XML of a workbook", _SAVE)
            yield chunk

    def _begun(self, part: str, place: str) -> Iterator[bytes]:
        """The part from its first tag on."""
        head: bytes | None = b""
        for chunk in self._unpacked(part):
            if head is None:
                yield chunk
                continue
            head += chunk
            if len(head) >= _HEAD_BYTES:
                yield self._after_head(head, place)
                head = None
        if head is not None:
            yield self._after_head(head, place)

    def _after_head(self, head: bytes, place: str) -> bytes:
        found = _HEAD.match(head)
        if found is None:
            self.fault(place, "not UTF-8 XML", _SAVE)
        return head[found.end() - 2 :]

    def _unpacked(self, part: str) -> Iterator[bytes]:
        """The part's real bytes: the size that the archive claims is not believed."""
        real = copy.copy(self._parts[part])
        real.file_size = self._left + _CHUNK + 1
        with self._archive.open(real) as stream:
            while chunk := stream.read(_CHUNK):
                self._left -= len(chunk)
                unpacked = self._most - self._left
                if self._left < 0 or (unpacked > _BOMB_BYTES and unpacked > _BOMB_RATIO * self._packed):
                    self.fault("", f"more than {self._most} bytes once unpacked", "import csv files, or in parts")
                yield chunk


class _Kept:
    """Counts what the parser holds of elements that have not ended, and of names."""

    def __init__(self, package: Package, place: str, most: int) -> None:
        self._package = package
        self._place = place
        self._left = most
        self._depth = 0
        self._last = ""
        self._names: set[str] = set()

    def ended(self, parser: "XMLPullParser[Element]", text: str) -> Iterator[Element]:
        """The elements that have ended."""
        # Every beginning of a tag ends by now, but for those that are open: the part's depth.
        begun = text.count("<") - (self._last + text).count("</")
        self._last = text[-1:]
        names, count = self._names, 0
        try:
            for event in parser.read_events():
                element = cast("tuple[str, Element]", event)[1]
                count += 1
                names.add(element.tag)
                names.update(element.keys())
                yield element
        except ParseError as error:
            self._package.fault(self._place, f"not the XML of a workbook: {error}", _SAVE)
        self._depth += begun - count
        self._left -= count
        if self._depth > MAX_DEPTH or len(names) > MAX_NAMES or self._left < 0:
            self._package.fault(self._place, "more than a workbook's XML holds", _SAVE)


@contextmanager
def open_package(path: Path) -> Iterator[tuple[Package, str]]:
    """The workbook with the SHA-256 of its file; `ImportRefusedError` with its place for what cannot be read."""
    try:
        with path.open("rb") as file:
            digest = _looked_through(file, path.name)
            with zipfile.ZipFile(file) as archive:
                yield Package(archive, path.name, file.seek(0, 2)), digest
    except BROKEN as error:
        refuse([Fault(path.name, f"not a workbook that can be read: {error}", f"{_SAVE}, unprotected")])


def _looked_through(file: BinaryIO, name: str) -> str:
    """The file's SHA-256, once it is small enough and holds no more parts than a workbook has."""
    digest, size, count, last = hashlib.sha256(), 0, 0, b""
    while chunk := file.read(1 << 20):
        if size == 0 and chunk.startswith(_OLE):
            message = "an .xls of old under another name, or a workbook under a password"
            refuse([Fault(name, message, f"{_SAVE}, without a password")])
        size += len(chunk)
        if size > MAX_FILE_BYTES:
            refuse([Fault(name, f"larger than {MAX_FILE_BYTES} bytes")])
        digest.update(chunk)
        count += (last + chunk).count(_DIRECTORY_ENTRY)
        last = chunk[-len(_DIRECTORY_ENTRY) + 1 :]
    if count > MAX_PARTS:
        refuse([Fault(name, f"more than {MAX_PARTS} parts")])
    return digest.hexdigest()


def _part_name(text: str) -> str:
    """Names of parts are equal without regard to case, and programs on Windows have written a backslash."""
    return text.replace("\\", "/").lstrip("/").lower()


def _target(folder: str, target: str) -> str:
    """A relationship's target, which is relative to the folder of the part that names it."""
    target = target.replace("\\", "/").lower()
    if target.startswith("/"):
        return posixpath.normpath(target).lstrip("/")
    return posixpath.normpath(posixpath.join(folder, target)).lstrip("/")


def _kind(type_: str) -> str:
    """The last word of a relationship's type; those of other makers are none of ours."""
    return next((type_.removeprefix(base) for base in _KINDS if type_.startswith(base)), "")


def _shown(text: str) -> str:
    return ascii(text[:80])[1:-1]
