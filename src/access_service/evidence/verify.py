"""Kiểm tra một hồ sơ phân quyền mà không cần mạng, không cần hệ thống. Check a dossier without network or service.

    python3 -I verify.py [FILE.zip | FOLDER] [--policy log-policy.txt] [--checkpoint OLD.note]... [--json]

Needs Python 3.9 or newer and nothing else. Where the package `cryptography` is installed it is used, and passkeys
of every kind are checked as well. Exit code: 0 nothing was found, 1 something is broken, 2 it was asked wrongly,
3 nothing is broken, and something cannot be proved (yet, or any more).

Trust begins outside this file: compare the key of the log with the one that was published on paper (`--policy`),
and the last checkpoint with the one that you kept from your visit before (`--checkpoint`).
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import json
import os
import re
import struct
import sys
import zlib
from collections.abc import Iterator
from typing import Any, NamedTuple

try:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    HAS_LIBRARY = True
except ImportError:
    HAS_LIBRARY = False

MOST_BYTES = 200 * 1024 * 1024
MOST_MEMBERS = 20_000
LONGEST_PATH = 180
GENESIS = "0" * 64
PATH = re.compile(r"README\.txt|SHA256SUMS|[a-z0-9_-][a-z0-9._-]*(?:/[a-z0-9_-][a-z0-9._-]*)*")
SUMS = "SHA256SUMS"
UNLISTED = ("manifest.json", "manifest.sig")
BROKEN, LOOK, INFO = "broken", "look", "info"
SAYS = {
    "manifest_zip": "Tệp ZIP không đúng dạng của một hồ sơ; không mở ra.",
    "manifest_path": "Tên tệp trong hồ sơ không hợp lệ.",
    "manifest_link": "Hồ sơ có liên kết hoặc thư mục, không phải tệp.",
    "manifest_twice": "Hai tệp trong hồ sơ trùng tên.",
    "manifest_size": "Hồ sơ quá lớn (tối đa 200 MB, 20.000 tệp).",
    "manifest_missing": "Tệp có trong bản kê nhưng thiếu trong hồ sơ.",
    "manifest_extra": "Tệp không có trong bản kê.",
    "manifest_hash": "Tệp đã bị sửa: mã băm khác với bản kê.",
    "manifest_signature": "Bản kê không mang niêm phong của hệ thống.",
    "key_unknown": "Khoá ký không phải là khoá mà nhật ký xác nhận.",
    "key_interval": "Khoá ký không có hiệu lực tại thời điểm ký.",
    "document_hash": "Nội dung văn bản khác với nội dung đã xác nhận.",
    "print_hash": "Phần chữ của văn bản khác với phần chữ đã xác nhận.",
    "confirmation_bad": "Xác nhận của hệ thống không đúng.",
    "statement_mismatch": "Lời xác nhận không thuộc về văn bản này.",
    "passkey_bad": "Chữ ký bằng khoá truy cập không đúng.",
    "passkey_not_logged": "Khoá truy cập không được nhật ký ghi nhận là của tài khoản tại thời điểm ký.",
    "document_without_event": "Nhật ký không có sự kiện ký của văn bản.",
    "event_without_document": "Nhật ký có sự kiện ký, hồ sơ thiếu văn bản.",
    "pdf_hash": "Tệp PDF khác với tệp mà nhật ký ghi nhận.",
    "event_hash": "Sự kiện đã bị sửa sau khi ghi.",
    "event_order": "Sự kiện không đứng đúng thứ tự.",
    "time_back": "Thời điểm ghi lùi lại mà không có sự kiện chỉnh đồng hồ.",
    "unit_chain_broken": "Chuỗi sự kiện của đơn vị bị đứt: thiếu hoặc thừa sự kiện.",
    "proof_bad": "Bằng chứng nhật ký không dẫn đến điểm mốc.",
    "checkpoint_signature": "Điểm mốc nhật ký không có chữ ký của khoá nhật ký.",
    "checkpoint_inconsistent": "Nhật ký không nối tiếp điểm mốc đã có trước đó.",
    "pack_digest": "Bộ quy tắc khác với bộ mà nhật ký ghi nhận.",
    "unreadable": "Tệp không đọc được.",
    "time_unanchored": "Chưa có dấu thời gian bên ngoài cho điểm mốc.",
    "erased": "Phần chữ đã được xoá theo thời hạn lưu; mã băm còn nguyên.",
    "redacted": "Bản che tên: phần chữ và PDF được bỏ ra, mã băm còn nguyên.",
    "not_checked": "Không kiểm tra được bằng công cụ này.",
    "policy_inside": "Khoá nhật ký lấy từ chính hồ sơ: hãy so với khoá đã công bố trên giấy.",
}


class DossierFinding(NamedTuple):
    """One thing that was found."""

    severity: str
    code: str
    where: str
    expected: str = ""
    found: str = ""

    def as_json(self) -> dict[str, str]:
        """With its sentence."""
        return {**self._asdict(), "vi": SAYS[self.code]}


class BadError(Exception):
    """What is looked at cannot be what it claims to be."""


class NotOpenedError(Exception):
    """The file is not even opened."""

    def __init__(self, code: str, where: str) -> None:
        super().__init__(code)
        self.finding = DossierFinding(BROKEN, code, where)


# -- bytes, hashes, JSON


def sha(data: bytes) -> str:
    """SHA-256 in hex."""
    return hashlib.sha256(data).hexdigest()


def canonical(value: Any) -> bytes:
    """RFC 8785, for what a dossier holds: ASCII keys, text, small whole numbers."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode("utf-8")


def read_json(data: bytes) -> Any:
    """A value whose bytes are the only ones that it has."""
    try:
        value = json.loads(data.decode("utf-8"))
        if canonical(value) != data:
            raise BadError("there is another spelling of the same")
    except (ValueError, RecursionError) as error:
        raise BadError("no JSON") from error
    return value


def b64(text: str) -> bytes:
    """Base64 in its one spelling."""
    try:
        data = base64.b64decode(text, validate=True)
    except ValueError as error:
        raise BadError("no base64") from error
    if base64.b64encode(data).decode() != text:
        raise BadError("another spelling of the same base64")
    return data


def b64url(text: str) -> bytes:
    """Base64url without padding, as browsers write it."""
    data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    if base64.urlsafe_b64encode(data).rstrip(b"=").decode() != text:
        raise BadError("another spelling of the same base64url")
    return data


def decimal(text: str) -> int:
    """A whole number in its one spelling."""
    if not re.fullmatch(r"0|[1-9][0-9]{0,17}", text):
        raise BadError("no number")
    return int(text)


# -- the ZIP, read strictly before anything in it is believed

LOCAL, CENTRAL, END = "<4s5H3L2H", "<4s6H3L5H2L", "<4s4H2LH"


def check_path(path: str) -> None:
    """Only plain relative paths, so that unpacking writes where it should."""
    if len(path) > LONGEST_PATH or not PATH.fullmatch(path) or any(".." in part for part in path.split("/")):
        raise NotOpenedError("manifest_path", path[:LONGEST_PATH])


def read_zip(data: bytes) -> dict[str, bytes]:
    """Members of a ZIP of exactly the form that dossiers have: stored, in order, nothing between or behind."""
    size = struct.calcsize(END)
    if len(data) > MOST_BYTES:
        raise NotOpenedError("manifest_size", str(len(data)))
    if len(data) < size:
        raise NotOpenedError("manifest_zip", "end")
    end = struct.unpack(END, data[-size:])
    count, central_size, central_at = end[3], end[5], end[6]
    if end != (b"PK\5\6", 0, 0, count, count, central_size, central_at, 0):
        raise NotOpenedError("manifest_zip", "end")
    if count > MOST_MEMBERS:
        raise NotOpenedError("manifest_size", str(count))
    if central_at + central_size + size != len(data):
        raise NotOpenedError("manifest_zip", "end")
    members: dict[str, bytes] = {}
    seen = set()
    at, head, when = 0, central_at, None
    for _ in range(count):
        name, body, at, head, when = _member(data, at, head, central_at, when)
        if name.lower() in seen:
            raise NotOpenedError("manifest_twice", name)
        seen.add(name.lower())
        members[name] = body
    if at != central_at or head != len(data) - size:
        raise NotOpenedError("manifest_zip", "between members")
    if list(members) != sorted(members):
        raise NotOpenedError("manifest_zip", "order")
    return members


def _member(
    data: bytes, at: int, head: int, central_at: int, when: tuple[int, int] | None
) -> tuple[str, bytes, int, int, tuple[int, int]]:
    """The member whose bytes stand at `at` and whose line in the directory stands at `head`."""
    try:
        said = struct.unpack_from(CENTRAL, data, head)
    except struct.error as error:
        raise NotOpenedError("manifest_zip", "directory") from error
    time, day, crc, packed, size, length = said[5], said[6], said[7], said[8], said[9], said[10]
    head += struct.calcsize(CENTRAL)
    raw = data[head : head + length]
    name = raw.decode("ascii", "backslashreplace")
    if (said[15] >> 16) & 0o170000 == 0o120000 or name.endswith("/"):
        raise NotOpenedError("manifest_link", name)
    check_path(name)
    when = when or (time, day)
    plain = (b"PK\1\2", 20 | 3 << 8, 20, 0, 0, *when, crc, size, size, length, 0, 0, 0, 0, 0o100644 << 16, at)
    if said != plain or packed != size:
        raise NotOpenedError("manifest_zip", name)
    start = at + struct.calcsize(LOCAL) + length
    if start + size > central_at:
        raise NotOpenedError("manifest_zip", name)
    local = struct.pack(LOCAL, b"PK\3\4", 20, 0, 0, *when, crc, size, size, length, 0) + raw
    body = data[start : start + size]
    if data[at:start] != local:
        raise NotOpenedError("manifest_zip", name)
    if zlib.crc32(body) != crc:
        raise NotOpenedError("manifest_hash", name)
    return name, body, start + size, head + length, when


def read_folder(folder: str) -> dict[str, bytes]:
    """The same from a folder into which a dossier was unpacked."""
    members: dict[str, bytes] = {}
    total = 0
    for place, folders, names in os.walk(folder):
        for name in sorted(folders + names):
            full = os.path.join(place, name)
            path = os.path.relpath(full, folder).replace(os.sep, "/")
            if os.path.islink(full) or (name in names and not os.path.isfile(full)):
                raise NotOpenedError("manifest_link", path)
            if name in folders:
                continue
            check_path(path)
            total += os.path.getsize(full)
            if total > MOST_BYTES or len(members) >= MOST_MEMBERS:
                raise NotOpenedError("manifest_size", path)
            with open(full, "rb") as stream:
                members[path] = stream.read()
    return members


# -- Ed25519 (RFC 8032), for a Python without `cryptography`

P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
ROOT = pow(2, (P - 1) // 4, P)
Point = tuple[int, int, int, int]


def _plus(p: Point, q: Point) -> Point:
    a, b = (p[1] - p[0]) * (q[1] - q[0]) % P, (p[1] + p[0]) * (q[1] + q[0]) % P
    c, d = 2 * p[3] * q[3] * D % P, 2 * p[2] * q[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % P, g * h % P, f * g % P, e * h % P


def _twice(p: Point) -> Point:
    a, b, c = p[0] * p[0] % P, p[1] * p[1] % P, 2 * p[2] * p[2] % P
    h = a + b
    e, g = h - (p[0] + p[1]) ** 2 % P, a - b
    f = c + g
    return e * f % P, g * h % P, f * g % P, e * h % P


def _point(data: bytes) -> Point:
    y = int.from_bytes(data, "little")
    sign, y = y >> 255, y & (1 << 255) - 1
    if y >= P:
        raise BadError("no point")
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * ROOT % P
    if (x * x - square) % P or (x == 0 and sign):
        raise BadError("no point")
    if x & 1 != sign:
        x = P - x
    return x, y, 1, x * y % P


BASE = _point((4 * pow(5, P - 2, P) % P).to_bytes(32, "little"))


def _pure_ed25519(public: bytes, signature: bytes, message: bytes) -> bool:
    if len(public) != 32 or len(signature) != 64:
        return False
    s = int.from_bytes(signature[32:], "little")
    if s >= ORDER:
        return False
    x, y, z, t = _point(public)
    minus = (P - x, y, z, P - t)
    h = int.from_bytes(hashlib.sha512(signature[:32] + public + message).digest(), "little") % ORDER
    both, found = _plus(BASE, minus), (0, 1, 1, 0)
    for bit in range(max(s.bit_length(), h.bit_length()) - 1, -1, -1):
        found = _twice(found)
        which = (s >> bit & 1) + 2 * (h >> bit & 1)
        if which:
            found = _plus(found, (BASE, minus, both)[which - 1])
    back = pow(found[2], P - 2, P)
    x, y = found[0] * back % P, found[1] * back % P
    return (y | (x & 1) << 255).to_bytes(32, "little") == signature[:32]


def is_signed(public: bytes, signature: bytes, message: bytes) -> bool:
    """Did that Ed25519 key sign these bytes?"""
    if not HAS_LIBRARY:
        try:
            return _pure_ed25519(public, signature, message)
        except BadError:
            return False
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


# -- notes, checkpoints, proofs (C2SP signed-note, tlog-checkpoint, tlog-proof; RFC 9162)


class Key(NamedTuple):
    """A key by the name under which it signs."""

    name: str
    public: bytes

    @property
    def id(self) -> bytes:
        """Tells keys of one name apart."""
        return hashlib.sha256(self.name.encode() + b"\n\x01" + self.public).digest()[:4]


class TreeHead(NamedTuple):
    """How many entries the log had, and the root over them."""

    origin: str
    size: int
    root: bytes


def read_policy(text: str) -> list[Key]:
    """The keys of logs that a policy takes."""
    found = []
    for line in text.split("\n"):
        words = line.split()
        if words[:1] == ["log"]:
            name, id_, rest = ([*words[1:2], ""][0].split("+", 2) + ["", ""])[:3]
            data = b64(rest)
            key = Key(name, data[1:])
            if len(data) != 33 or data[0] != 1 or key.id.hex() != id_:
                raise BadError("no key of a log")
            found.append(key)
    if not found:
        raise BadError("the policy names no log")
    return found


def open_note(note: bytes, keys: list[Key]) -> str:
    """The text of a note that one of these keys signed."""
    try:
        whole = note.decode("utf-8")
    except UnicodeDecodeError as error:
        raise BadError("no text") from error
    text, found, below = whole.rpartition("\n\n")
    text += "\n"
    if not found or not below.endswith("\n") or any(c < " " and c != "\n" for c in text):
        raise BadError("no note")
    is_known = False
    for line in below[:-1].split("\n"):
        words = line.split(" ")
        if len(words) != 3 or words[0] != "\u2014":
            raise BadError("no signature of a note")
        data = b64(words[2])
        for key in keys:
            if (key.name, key.id) == (words[1], data[:4]):
                if not is_signed(key.public, data[4:], text.encode()):
                    raise BadError("the signature is not that key's")
                is_known = True
    if not is_known:
        raise BadError("no known key signed it")
    return text


def open_checkpoint(note: bytes, keys: list[Key]) -> TreeHead:
    """A checkpoint that its log signed."""
    lines = open_note(note, keys).split("\n")
    if len(lines) != 4 or lines[3]:
        raise BadError("no checkpoint")
    root = b64(lines[2])
    if len(root) != 32 or lines[0] not in [key.name for key in keys]:
        raise BadError("no checkpoint of that log")
    return TreeHead(lines[0], decimal(lines[1]), root)


def leaf(data: bytes) -> bytes:
    """Hash of an entry."""
    return hashlib.sha256(b"\x00" + data).digest()


def node(left: bytes, right: bytes) -> bytes:
    """Hash of two neighbours."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def climb(found: bytes, index: int, size: int, path: list[bytes]) -> bytes:
    """The root that a leaf at that place leads to (RFC 9162 2.1.3.2)."""
    if not 0 <= index < size or len(path) > 63:
        raise BadError("no such place")
    last = size - 1
    for beside in path:
        if last == 0:
            raise BadError("the path is too long")
        if index & 1 or index == last:
            found = node(beside, found)
            while index and not index & 1:
                index, last = index >> 1, last >> 1
        else:
            found = node(found, beside)
        index, last = index >> 1, last >> 1
    if last:
        raise BadError("the path is too short")
    return found


def check_goes_on(old: TreeHead, new: TreeHead, path: list[bytes]) -> None:
    """The new tree begins with the old one (RFC 9162 2.1.4.2)."""
    if old.origin != new.origin or old.size > new.size or len(path) > 63:
        raise BadError("another log, or a longer one")
    if old.size in (0, new.size):
        if path or (old.size and old.root != new.root):
            raise BadError("the same size has another root")
        return
    path = path if old.size & (old.size - 1) else [old.root, *path]
    place, last = old.size - 1, new.size - 1
    while place & 1:
        place, last = place >> 1, last >> 1
    if not path:
        raise BadError("the path is too short")
    before = after = path[0]
    for beside in path[1:]:
        if last == 0:
            raise BadError("the path is too long")
        if place & 1 or place == last:
            before, after = node(beside, before), node(beside, after)
            while place and not place & 1:
                place, last = place >> 1, last >> 1
        else:
            after = node(after, beside)
        place, last = place >> 1, last >> 1
    if last or before != old.root or after != new.root:
        raise BadError("the new tree does not begin with the old one")


# -- passkeys (Web Authentication 7.2)


def read_cose(data: bytes) -> dict[int, Any]:
    """A COSE key: a CBOR map of small whole numbers to whole numbers and bytes."""
    at = 0

    def item() -> Any:
        nonlocal at
        kind, value = data[at] >> 5, data[at] & 31
        at += 1
        if value >= 24:
            width = 1 << value - 24
            if value > 26:
                raise BadError("no key")
            value = int.from_bytes(data[at : at + width], "big")
            at += width
        if kind == 2:
            at += value
            return data[at - value : at]
        if kind == 5:
            return {item(): item() for _ in range(value)}
        if kind not in (0, 1):
            raise BadError("no key")
        return value if kind == 0 else -1 - value

    try:
        found = item()
    except (IndexError, RecursionError, TypeError) as error:
        raise BadError("no key") from error
    if at != len(data) or not isinstance(found, dict):
        raise BadError("no key")
    return found


def check_passkey(cose: bytes, signature: bytes, message: bytes) -> bool:
    """True where that key signed; False where this Python cannot tell. `BadError` where it did not."""
    key = read_cose(cose)
    if key.get(3) == -8:
        if not is_signed(key.get(-2, b""), signature, message):
            raise BadError("the signature is not that key's")
        return True
    if not HAS_LIBRARY:
        return False
    try:
        if key.get(3) == -7:
            x, y = (int.from_bytes(key[part], "big") for part in (-2, -3))
            public = ec.EllipticCurvePublicNumbers(x, y, ec.SECP256R1()).public_key()
            public.verify(signature, message, ec.ECDSA(hashes.SHA256()))
        elif key.get(3) == -257:
            n, e = (int.from_bytes(key[part], "big") for part in (-1, -2))
            rsa.RSAPublicNumbers(e, n).public_key().verify(signature, message, padding.PKCS1v15(), hashes.SHA256())
        else:
            return False
    except (InvalidSignature, ValueError, KeyError, TypeError) as error:
        raise BadError("the signature is not that key's") from error
    return True


# -- the dossier


class Dossier:
    """A dossier that is checked, member by member."""

    def __init__(self, files: dict[str, bytes], trusted: list[Key] | None, older: list[tuple[str, bytes]]) -> None:
        self.files, self.trusted, self.older = files, trusted, older
        self.found: list[DossierFinding] = []
        self.manifest: dict[str, Any] = {}
        self.keys: dict[str, Any] = {"seal": [], "passkeys": [], "site": {}}
        self.checkpoint: TreeHead | None = None
        self.events: list[dict[str, Any]] = []
        self.lines: dict[int, bytes] = {}
        self.figures = {"files": len(files), "events": 0, "documents": 0, "signatures": 0, "proofs": 0}

    def add(self, severity: str, code: str, where: str, expected: str = "", found: str = "") -> None:
        """Write a finding down."""
        self.found.append(DossierFinding(severity, code, where, expected, found))

    def check(self) -> list[DossierFinding]:
        """Everything, in the order of what rests on what."""
        for step in (self.check_manifest, self.check_log, self.check_events, self.check_keys, self.check_documents):
            try:
                step()
            except (BadError, KeyError, TypeError, AttributeError, ValueError, IndexError) as error:
                name = step.__name__.replace("check_", "")
                self.add(BROKEN, "unreadable", name, found=str(error)[:80])
        return self.found

    def json(self, path: str) -> Any:
        """A member that is JSON."""
        if path not in self.files:
            raise BadError(path + " is missing")
        return read_json(self.files[path])

    # -- the list of files

    def check_manifest(self) -> None:
        """Every file is in the list, as it stands there; the list is sealed."""
        try:
            self.manifest = self.json("manifest.json")
            self.keys = self.json("nhat-ky/keys.json")
            listed = {file["path"]: file for file in self.manifest["files"]}
            if len(listed) != len(self.manifest["files"]):
                self.add(BROKEN, "manifest_twice", "manifest.json")
        finally:
            self._check_seal()
        for path in sorted(set(listed) - set(self.files)):
            self.add(BROKEN, "manifest_missing", path)
        for path, data in sorted(self.files.items()):
            if path in UNLISTED:
                continue
            file = listed.get(path)
            if file is None:
                self.add(BROKEN, "manifest_extra", path)
            elif (file["size"], file["sha256"]) != (len(data), sha(data)):
                self.add(BROKEN, "manifest_hash", path, file["sha256"], sha(data))
        body = [{k: f[k] for k in ("path", "sha256", "size")} for f in self.manifest["files"] if f["in_body"]]
        if sha(canonical({"files": body, "format": 1})) != self.manifest["body_sha256"]:
            self.add(BROKEN, "manifest_hash", "body_sha256")
        sums = "".join(f"{f['sha256']}  {p}\n" for p, f in sorted(listed.items()) if p != SUMS)
        if self.files.get(SUMS) != sums.encode():
            self.add(BROKEN, "manifest_hash", SUMS)
        if self.manifest["redacted"]:
            self.add(LOOK, "redacted", "phan-chu.json")

    def _check_seal(self) -> None:
        text = f"access-service dossier\n{sha(self.files.get('manifest.json', b''))}\n"
        try:
            keys = [Key(self.manifest["sealed_as"], bytes.fromhex(k["public"])) for k in self.keys["seal"]]
            if open_note(self.files.get("manifest.sig", b""), keys) != text:
                raise BadError("it is over another list")
        except (BadError, KeyError, ValueError) as error:
            self.add(BROKEN, "manifest_signature", "manifest.sig", found=str(error))

    # -- the log

    def check_log(self) -> None:
        """The checkpoint is the log's, and goes on from every older one that is known."""
        inside = read_policy(self.files["nhat-ky/log-policy.txt"].decode("utf-8", "replace"))
        keys = self.trusted or inside
        if self.trusted is None:
            self.add(INFO, "policy_inside", "nhat-ky/log-policy.txt", found=inside[0].name)
        elif inside != self.trusted:
            self.add(LOOK, "policy_inside", "nhat-ky/log-policy.txt")
        try:
            self.checkpoint = open_checkpoint(self.files["nhat-ky/checkpoint"], keys)
        except BadError as error:
            self.add(BROKEN, "checkpoint_signature", "nhat-ky/checkpoint", found=str(error))
            return
        said = self.manifest["checkpoint"]
        if (said["origin"], said["size"], said["root"]) != (*self.checkpoint[:2], self.checkpoint.root.hex()):
            self.add(BROKEN, "checkpoint_inconsistent", "manifest.json")
        kept = [(p, d) for p, d in sorted(self.files.items()) if p.startswith("nhat-ky/older/")]
        for path, note in kept + self.older:
            try:
                old = open_checkpoint(note, keys)
            except BadError as error:
                self.add(BROKEN, "checkpoint_signature", path, found=str(error))
                continue
            self._check_older(path, old, self.checkpoint)
        self.add(LOOK, "time_unanchored", f"nhat-ky/checkpoint {self.checkpoint.size}")

    def _check_older(self, path: str, old: TreeHead, new: TreeHead) -> None:
        try:
            lines: list[str] = []
            if 0 < old.size < new.size:
                name = f"nhat-ky/consistency/{old.size}-{new.size}.txt"
                if name not in self.files:
                    raise BadError(name + " is missing")
                lines = self.files[name].decode("ascii", "replace").split("\n")
                if lines.pop():
                    raise BadError("no path")
            check_goes_on(old, new, [b64(line) for line in lines])
        except BadError as error:
            self.add(BROKEN, "checkpoint_inconsistent", path, found=str(error))

    # -- events

    def check_events(self) -> None:
        """The unit's chain is whole, to the event of this dossier itself; what is from other units is proved."""
        chain = list(self._events("nhat-ky/su-kien.jsonl"))
        others = list(self._events("nhat-ky/su-kien-khac.jsonl"))
        self.events = sorted(chain + others, key=lambda event: event["seq"])
        self.figures["events"] = len(self.events)
        self._check_chain(chain)
        proved = set(self._proofs())
        if chain and chain[-1]["seq"] not in proved:
            self.add(BROKEN, "proof_bad", f"seq {chain[-1]['seq']}")
        for event in others:
            if event["seq"] not in proved:
                self.add(BROKEN, "proof_bad", f"seq {event['seq']}")
        before = ""
        for event in self.events:
            if event["recorded_at"] < before and event["action"] != "clock.mend":
                self.add(BROKEN, "time_back", f"seq {event['seq']}")
            before = event["recorded_at"]
        last = chain[-1] if chain else {}
        if last.get("action") != "dossier.make" or last.get("target") != self.manifest["unit"]:
            self.add(BROKEN, "unit_chain_broken", "nhat-ky/su-kien.jsonl", "dossier.make", str(last.get("action")))
        packs = {event["policy"] for event in self.events}
        for pack in self.manifest["packs"]:
            data = self.files.get(pack["path"], b"")
            if sha(data) != pack["digest"] or pack["digest"] not in packs:
                self.add(BROKEN, "pack_digest", pack["path"])

    def _events(self, path: str) -> Iterator[dict[str, Any]]:
        before = 0
        lines = self.files.get(path, b"").split(b"\n")
        if lines.pop():
            self.add(BROKEN, "event_hash", path)
        for number, line in enumerate(lines, 1):
            try:
                event = read_json(line)
                if event["register"] != self.manifest["register"]:
                    raise BadError("it is another register's")
                if event["seq"] <= before:
                    self.add(BROKEN, "event_order", f"seq {event['seq']}")
                before = event["seq"]
                # Larger ones stand beside the log, and the event names their hash.
                event["details"] = event["details"] if isinstance(event["details"], dict) else {}
            except (BadError, KeyError, TypeError) as error:
                self.add(BROKEN, "event_hash", f"{path}:{number}", found=str(error))
                continue
            self.lines[event["seq"]] = line
            yield event

    def _check_chain(self, chain: list[dict[str, Any]]) -> None:
        head, n = GENESIS, 0
        for event in chain:
            said = (event.get("unit"), event.get("unit_seq"), event.get("unit_previous"))
            if said != (self.manifest["unit"], n + 1, head):
                self.add(BROKEN, "unit_chain_broken", f"seq {event['seq']}", f"{n + 1}", f"{said[1]}")
            n, head = event.get("unit_seq", 0), sha(self.lines[event["seq"]])
        said = self.manifest["unit_chain"]
        if (said["n"], said["head"]) != (n, head):
            self.add(BROKEN, "unit_chain_broken", "nhat-ky/su-kien.jsonl", said["head"], head)

    def _proofs(self) -> Iterator[int]:
        note = self.files.get("nhat-ky/checkpoint", b"").decode("utf-8", "replace")
        for path, data in sorted(self.files.items()):
            if not path.startswith("nhat-ky/proofs/"):
                continue
            self.figures["proofs"] += 1
            head, _, signed = data.decode("utf-8", "replace").partition("\n\n")
            lines = head.split("\n")
            try:
                if self.checkpoint is None or lines[0] != "c2sp.org/tlog-proof@v1" or signed != note:
                    raise BadError("it is under another checkpoint")
                if not lines[1].startswith("extra ") or not lines[2].startswith("index "):
                    raise BadError("no proof")
                entry, index = b64(lines[1][6:]), decimal(lines[2][6:])
                if path != f"nhat-ky/proofs/{index + 1}.tlog-proof" or self.lines.get(index + 1) != entry:
                    raise BadError("it is of another event")
                root = climb(leaf(entry), index, self.checkpoint.size, [b64(line) for line in lines[3:]])
                if root != self.checkpoint.root:
                    raise BadError("it leads to another root")
            except (BadError, IndexError) as error:
                self.add(BROKEN, "proof_bad", path, found=str(error))
                continue
            yield index + 1

    def check_keys(self) -> None:
        """The keys are those that the log named when the dossier was made."""
        made = [event for event in self.events if event["action"] == "dossier.make"][-1:]
        expected = made[0]["details"].get("keys_sha256") if made else None
        found = sha(self.files.get("nhat-ky/keys.json", b""))
        if expected != found:
            self.add(BROKEN, "key_unknown", "nhat-ky/keys.json", str(expected), found)

    # -- documents

    def check_documents(self) -> None:
        """Each document is what was confirmed; each confirmation is in the log."""
        folders = sorted(p.rpartition("/")[0] for p in self.files if re.fullmatch(r"van-ban/.*/noi-dung\.json", p))
        given: dict[str, str] = {}
        for folder in folders:
            self.figures["documents"] += 1
            try:
                content = self.json(folder + "/noi-dung.json")
                given[content["document"]] = folder
                self._check_document(folder, content)
            except (BadError, KeyError, TypeError, AttributeError, ValueError) as error:
                self.add(BROKEN, "document_hash", folder, found=str(error)[:80])
        start, end = self.manifest["from"], self.manifest["to"]
        for event in self.events:
            is_within = start <= event["recorded_at"] <= end
            if event["action"] == "document.sign" and event["outcome"] == "done" and is_within:
                if event.get("unit") == self.manifest["unit"] and event["target"] not in given:
                    self.add(BROKEN, "event_without_document", event["target"])
        self.add(INFO, "not_checked", "PAdES, RFC 3161")

    def _check_document(self, folder: str, content: dict[str, Any]) -> None:
        name = f"{content['document']}.{content['version']}"
        if content["register"] != self.manifest["register"] or not folder.endswith(
            f"-{content['document'].lower()}"
        ):
            self.add(BROKEN, "document_hash", folder)
        attested = content.get("attested")
        expected = attested["sha256"] if attested else sha(canonical(content))
        words = self.files.get(folder + "/phan-chu.json")
        wanted = content.get("print_sha256")
        if words is None and wanted and not self.manifest["redacted"]:
            is_erased = name in self.manifest["erased"]
            self.add(LOOK if is_erased else BROKEN, "erased" if is_erased else "print_hash", folder)
        if words is not None and sha(words) != wanted:
            self.add(BROKEN, "print_hash", folder + "/phan-chu.json", str(wanted), sha(words))
        for number, given in enumerate(self.json(folder + "/xac-nhan.json")):
            self.figures["signatures"] += 1
            self._check_signature(f"{folder}/xac-nhan.json#{number}", content, expected, given)
        self._check_pdf(folder + "/van-ban.pdf", content, "document.file", "pdf_sha256")
        self._check_pdf(folder + "/ky-ngoai.pdf", content, "document.upload", "file")

    def _check_pdf(self, path: str, content: dict[str, Any], action: str, named: str) -> None:
        """A file is one that the log names: the signed paper, or what came back signed from another program."""
        pdf = self.files.get(path)
        if pdf is None:
            return
        logged = [
            event["details"].get(named)
            for event in self.events
            if (event["action"], event["target"]) == (action, content["document"])
            and event["details"].get("version") == content["version"]
        ]
        if sha(pdf) not in logged:
            self.add(BROKEN, "pdf_hash", path, str(logged[-1:]), sha(pdf))

    def _check_signature(self, where: str, content: dict[str, Any], expected: str, given: dict[str, Any]) -> None:
        said = given["statement"]
        named = (said["register"], said["document"], said["document_version"])
        if named != (content["register"], content["document"], content["version"]):
            self.add(BROKEN, "statement_mismatch", where)
        if said["sha256"] != expected:
            self.add(BROKEN, "document_hash", where, said["sha256"], expected)
        if said["format"] >= 2 and said["print_sha256"] != content.get("print_sha256"):
            self.add(BROKEN, "print_hash", where)
        key = next((k for k in self.keys["seal"] if k["id"] == given["key"]), None)
        if key is None or sha(bytes.fromhex(key["public"]))[:16] != key["id"] or given["public"] != key["public"]:
            self.add(BROKEN, "key_unknown", where, found=str(given["key"]))
            return
        if not key["valid_from"] <= said["signed_at"] < (key["valid_to"] or "9") and said["method"] != "attested":
            self.add(BROKEN, "key_interval", where)
        seal = bytes.fromhex(given["confirmation"])
        if seal.hex() != given["confirmation"] or not is_signed(
            bytes.fromhex(key["public"]), seal, canonical(said)
        ):
            self.add(BROKEN, "confirmation_bad", where)
        if said["method"] == "attested":
            return
        if not self._is_logged(said):
            self.add(BROKEN, "document_without_event", where)
        if said.get("auth") == "passkey" or given.get("assertion"):
            self._check_assertion(where, said, given.get("assertion"))

    def _is_logged(self, said: dict[str, Any]) -> bool:
        """Has the log the event of that signature, over the same bytes?"""
        wanted = (said["document"], said["document_version"], said["side"], said["sha256"])
        for event in self.events:
            if event["action"] == "document.sign" and event["outcome"] == "done":
                details = event["details"]
                if (event["target"], details.get("version"), details.get("side"), details.get("sha256")) == wanted:
                    return True
        return False

    def _check_assertion(self, where: str, said: dict[str, Any], kept: dict[str, Any] | None) -> None:
        """A passkey signed a tree of statements with this one in it, on the service's site, its holder verified."""
        try:
            if kept is None:
                raise BadError("there is no assertion")
            path = [bytes.fromhex(part) for part in kept["path"]]
            root = climb(leaf(canonical(said)), kept["index"], kept["size"], path)
        except (BadError, KeyError, TypeError, ValueError) as error:
            self.add(BROKEN, "statement_mismatch", where, found=str(error))
            return
        try:
            client, data, signature = (b64url(kept[k]) for k in ("client_data", "authenticator_data", "signature"))
            told = json.loads(client)
            challenge = hashlib.sha256(b"access-service/sign/2\n" + root).digest()
            if told["type"] != "webauthn.get" or b64url(told["challenge"]) != challenge:
                self.add(BROKEN, "statement_mismatch", where)
                return
            site = self.keys["site"]
            if told["origin"] != site["origin"] or data[:32] != hashlib.sha256(site["id"].encode()).digest():
                raise BadError("it was signed on another site")
            if len(data) < 37 or data[32] & 5 != 5 or told.get("crossOrigin"):
                raise BadError("the holder was not verified")
            cose = next((bytes.fromhex(k["cose"]) for k in self.keys["passkeys"] if k["id"] == kept["key"]), b"")
            if sha(cose) != kept["key"]:
                raise BadError("its key is not there")
            if not check_passkey(cose, signature, data + hashlib.sha256(client).digest()):
                self.add(INFO, "not_checked", where)
        except (BadError, KeyError, TypeError, ValueError, AttributeError) as error:
            self.add(BROKEN, "passkey_bad", where, found=str(error)[:80])
        if not self._is_enrolled(said, kept["key"]):
            self.add(BROKEN, "passkey_not_logged", where)

    def _is_enrolled(self, said: dict[str, Any], key: str) -> bool:
        """By the log, was that key the account's when it signed?"""
        is_there = False
        for event in self.events:
            is_its = event["target"] == said["account"] and event["details"].get("key_sha256") == key
            if is_its and event["recorded_at"] <= said["signed_at"] and event["outcome"] == "done":
                if event["action"] in ("factor.add", "factor.known", "factor.remove"):
                    is_there = event["action"] != "factor.remove"
        return is_there


def main(arguments: list[str]) -> int:
    """Check what is named, say what was found."""
    asked = argparse.ArgumentParser(prog="verify.py", description="Kiểm tra hồ sơ phân quyền, không cần mạng.")
    asked.add_argument("dossier", nargs="?", default=os.path.dirname(os.path.abspath(__file__)))
    asked.add_argument("--policy", help="log-policy.txt từ nguồn khác, theo khoá đã công bố trên giấy")
    asked.add_argument("--checkpoint", action="append", default=[], help="điểm mốc giữ từ lần kiểm tra trước")
    asked.add_argument("--json", action="store_true")
    options = asked.parse_args(arguments)
    try:
        trusted = None
        if options.policy:
            with open(options.policy, encoding="utf-8") as stream:
                trusted = read_policy(stream.read())
        older = []
        for name in options.checkpoint:
            with open(name, "rb") as raw:
                older.append((os.path.basename(name), raw.read()))
        if os.path.isdir(options.dossier):
            files = read_folder(options.dossier)
        else:
            with open(options.dossier, "rb") as raw:
                files = read_zip(raw.read(MOST_BYTES + 1))
    except NotOpenedError as refused:
        return tell([refused.finding], {}, {}, is_json=options.json)
    except (OSError, BadError, UnicodeDecodeError) as error:
        print(f"verify.py: {error}", file=sys.stderr)
        return 2
    dossier = Dossier(files, trusted, older)
    return tell(dossier.check(), dossier.manifest, dossier.figures, is_json=options.json)


def tell(found: list[DossierFinding], manifest: Any, figures: dict[str, int], *, is_json: bool) -> int:
    """Print the findings. The exit code says the worst of them."""
    severities = {finding.severity for finding in found}
    code = 1 if BROKEN in severities else 3 if LOOK in severities else 0
    manifest = manifest if isinstance(manifest, dict) else {}
    if is_json:
        said = {"exit": code, "figures": figures, "findings": [f.as_json() for f in found]}
        print(json.dumps(said, ensure_ascii=False, indent=1))
        return code
    for finding in found:
        more = f"  expected {finding.expected[:16]} found {finding.found[:80]}" if finding.found else ""
        print(f"{finding.severity:<7} {finding.code:<24} {finding.where}{more}  {SAYS[finding.code]}")
    print(f"{manifest.get('unit', '')}: " + ", ".join(f"{n} {word}" for word, n in figures.items()))
    print("CÓ SAI LỆCH" if code == 1 else "KHÔNG CÓ SAI LỆCH")
    return code


if __name__ == "__main__":
    for out in (sys.stdout, sys.stderr):
        if hasattr(out, "reconfigure"):
            out.reconfigure(encoding="utf-8", errors="backslashreplace")
    sys.exit(main(sys.argv[1:]))
