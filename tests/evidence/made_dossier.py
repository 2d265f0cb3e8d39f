"""A small dossier of a school of three people, made with fixed keys, a fixed clock and no database.

It has everything that a dossier can have: a paper that one signed with a passkey, the other with a password, one
signed by password alone, one from before the service, an event of another unit, older checkpoints. Nothing but
`evidence.manifest` and `evidence.zipper` has a part in it; trees are those of the recursion in RFC 9162.
"""

from __future__ import annotations

import base64
import hashlib
import io
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import cbor2
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

import merkle_reference as reference
from access_service import evidence
from access_service.evidence.manifest import DossierFile, sealed_text, sum_up, to_json, write_manifest
from access_service.evidence.zipper import write_zip

REGISTER, UNIT, OTHER_UNIT = "hai-phong", "unt_000anhai", "unt_000phuong"
HOST = "access.example.vn"
ORIGIN, SEAL_NAME = f"{HOST}/log/{REGISTER}/1", f"{HOST}/seal/{REGISTER}"
DAY = date(2026, 9, 30)
START, END = "2026-09-01T00:00:00.000000Z", "2026-09-30T16:59:59.999999Z"
GENESIS = "0" * 64
VERIFY = Path(evidence.__file__).with_name("verify.py")
PACK = b"a pack's archive"
PDF = b"%PDF-1.7 a paper\n%%EOF\n"


def private(name: str) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(hashlib.sha256(f"vectors: {name}".encode()).digest())


def public(key: Ed25519PrivateKey) -> bytes:
    return key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)


LOG, SEAL, PASSKEY, STRANGER = (private(name) for name in ("log", "seal", "passkey", "stranger"))
SEAL_ID = hashlib.sha256(public(SEAL)).hexdigest()[:16]
COSE = cbor2.dumps({1: 1, 3: -8, -1: 6, -2: public(PASSKEY)})
COSE_ID = hashlib.sha256(COSE).hexdigest()


def sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def b64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def note(text: str, name: str, key: Ed25519PrivateKey) -> bytes:
    id_ = hashlib.sha256(name.encode() + b"\n\x01" + public(key)).digest()[:4]
    return f"{text}\n— {name} {b64(id_ + key.sign(text.encode()))}\n".encode()


def policy(name: str = ORIGIN, key: Ed25519PrivateKey = LOG) -> bytes:
    id_ = hashlib.sha256(name.encode() + b"\n\x01" + public(key)).digest()[:4]
    return f"# access-service\nlog {name}+{id_.hex()}+{b64(bytes([1]) + public(key))}\nquorum none\n".encode()


def keys(**changed: Any) -> bytes:
    seal = {"id": SEAL_ID, "public": public(SEAL).hex(), "valid_from": "2026-01-01T00:00:00.000000Z"}
    said = {
        "format": 1,
        "seal": [seal | {"valid_to": None}],
        "passkeys": [{"id": COSE_ID, "cose": COSE.hex()}],
        "site": {"id": HOST, "origin": f"https://{HOST}"},
    }
    return to_json(said | changed)


@dataclass
class Log:
    """A register's log that grows event by event."""

    lines: list[bytes] = field(default_factory=list)
    units: dict[str, tuple[int, str]] = field(default_factory=dict)

    def add(self, action: str, target: str, unit: str = UNIT, at: str = "", **details: Any) -> None:
        seq = len(self.lines) + 1
        n, head = self.units.get(unit, (0, GENESIS))
        event = {
            "action": action,
            "actor": "acc_000hieutruong",
            "code": None,
            "details": details,
            "format": 2,
            "outcome": "done",
            "person": "per_000hieutruong",
            "policy": sha(PACK),
            "previous": sha(self.lines[-1]) if self.lines else GENESIS,
            "recorded_at": at or f"2026-09-0{min(9, 1 + seq // 4)}T0{seq % 4}:00:00.000000Z",
            "register": REGISTER,
            "revision": seq,
            "seq": seq,
            "target": target,
            "unit": unit,
            "unit_previous": head,
            "unit_seq": n + 1,
        }
        self.lines.append(to_json(event))
        self.units[unit] = (n + 1, sha(self.lines[-1]))

    def of(self, unit: str) -> list[bytes]:
        return [line for line in self.lines if json.loads(line)["unit"] == unit]

    def leaves(self, size: int) -> list[bytes]:
        return [reference.leaf(line) for line in self.lines[:size]]

    def checkpoint(self, size: int, origin: str = ORIGIN, key: Ed25519PrivateKey = LOG) -> bytes:
        return note(f"{origin}\n{size}\n{b64(reference.root(self.leaves(size)))}\n", origin, key)

    def proof(self, seq: int, head: bytes) -> bytes:
        hashes = "".join(f"{b64(h)}\n" for h in reference.path(seq - 1, self.leaves(len(self.lines))))
        entry = b64(self.lines[seq - 1])
        return f"c2sp.org/tlog-proof@v1\nextra {entry}\nindex {seq - 1}\n{hashes}\n".encode() + head

    def consistency(self, old: int, new: int) -> bytes:
        return "".join(f"{b64(h)}\n" for h in reference.proof(old, self.leaves(new))).encode()


def content_of(document: str, kind: str, words: bytes, **more: Any) -> bytes:
    said = {"document": document, "format": 2, "kind": kind, "register": REGISTER, "unit": UNIT, "version": 1}
    return to_json(said | {"print_sha256": sha(words)} | more)


def statement(content: bytes, side: str, **more: Any) -> dict[str, Any]:
    said = json.loads(content)
    return {
        "account": f"acc_000{side}",
        "auth": "password+totp",
        "capacity": "head",
        "capacity_basis": None,
        "credential": None,
        "document": said["document"],
        "document_version": 1,
        "format": 2,
        "label": "xác nhận của hệ thống",
        "method": "in_system",
        "nonce": "00" * 16,
        "person": f"per_000{side}",
        "print_sha256": said.get("print_sha256"),
        "register": REGISTER,
        "sha256": sha(content),
        "shown_at": "2026-09-01T00:00:00.000000Z",
        "side": side,
        "signed_at": "2026-09-05T00:00:00.000000Z",
    } | more


def confirmed(said: Mapping[str, Any], key: Ed25519PrivateKey = SEAL, **more: Any) -> dict[str, Any]:
    given = {"statement": said, "confirmation": key.sign(to_json(said)).hex(), "key": SEAL_ID}
    return given | {"public": public(SEAL).hex()} | more


def asserted(
    statements: Iterable[Mapping[str, Any]],
    index: int,
    *,
    origin: str = f"https://{HOST}",
    flags: int = 5,
    key: Ed25519PrivateKey = PASSKEY,
) -> dict[str, Any]:
    """What one touch over these statements leaves with one of them."""
    leaves = [reference.leaf(to_json(said)) for said in statements]
    challenge = hashlib.sha256(b"access-service/sign/2\n" + reference.root(leaves)).digest()
    client = json.dumps({"type": "webauthn.get", "challenge": b64url(challenge), "origin": origin}).encode()
    data = hashlib.sha256(HOST.encode()).digest() + bytes([flags]) + (7).to_bytes(4, "big")
    return {
        "key": COSE_ID,
        "index": index,
        "size": len(leaves),
        "path": [h.hex() for h in reference.path(index, leaves)],
        "client_data": b64url(client),
        "authenticator_data": b64url(data),
        "signature": b64url(key.sign(data + hashlib.sha256(client).digest())),
    }


HANDOVER, COMMITMENT, OLD = "doc_000bangiao", "doc_000camket", "doc_000giaycu"
AT = {
    HANDOVER: f"van-ban/handover_minutes/2026-05-bb-thcsah-{HANDOVER}",
    COMMITMENT: f"van-ban/commitment/2026-{COMMITMENT}",
    OLD: f"van-ban/handover_minutes/2024-12-bb-{OLD}",
}


@dataclass
class Made:
    """The parts of a dossier before they are listed and sealed: a test changes one, and sees what is found."""

    log: Log = field(default_factory=Log)
    files: dict[str, bytes] = field(default_factory=dict)
    head: dict[str, Any] = field(default_factory=dict)
    older: int = 5
    """Size of the log at the visit before."""
    keys: bytes = field(default_factory=keys)

    def write(self) -> dict[str, bytes]:
        """List and seal what is there: what an operator with every key could do."""
        for path in ("manifest.json", "manifest.sig", "SHA256SUMS"):
            self.files.pop(path, None)
        listed = [DossierFile(p, d, "application/octet-stream", p, not p.startswith("nhat-ky/")) for p, d in
                  self.files.items()]  # fmt: skip
        listed.append(sum_up(listed))
        manifest = write_manifest(listed, self.head)
        found = {file.path: file.data for file in listed}
        return found | {"manifest.json": manifest, "manifest.sig": note(sealed_text(manifest), SEAL_NAME, SEAL)}


def make(change_log: Callable[[Log], None] = lambda _log: None, **head: Any) -> Made:
    """The dossier as the service would make it; `change_log` is asked before the log is closed."""
    made = Made()
    words = to_json({"document": HANDOVER, "salt": "A" * 43, "subject": ["Bàn giao tài khoản"]})
    promise = to_json({"document": COMMITMENT, "salt": "B" * 43, "subject": ["Đảm bảo an ninh dữ liệu"]})
    handover = content_of(HANDOVER, "handover_minutes", words, number="05/BB-THCSAH")
    commitment = content_of(COMMITMENT, "commitment", promise)
    old = to_json(
        {"attested": {"sha256": sha(b"a scan")}, "document": OLD, "format": 2, "kind": "handover_minutes"}
        | {"register": REGISTER, "unit": UNIT, "version": 1}
    )
    giver = statement(handover, "giver", auth="passkey", credential="AAAA")
    beside = statement(commitment, "declarant", auth="passkey")
    given = [confirmed(giver, assertion=asserted([giver, beside], 0)), confirmed(statement(handover, "receiver"))]
    by_hand = statement(old, "giver", format=1, method="attested", sha256=sha(b"a scan"))
    log = made.log
    log.add("unit.create", UNIT)
    log.add("factor.add", "acc_000giver", OTHER_UNIT, credential="AAAA", key_sha256=COSE_ID, kind="passkey")
    log.add("document.submit", HANDOVER)
    for said in (giver, given[1]["statement"]):
        log.add("document.sign", HANDOVER, version=1, side=said["side"], sha256=sha(handover))
    log.add("document.sign", COMMITMENT, version=1, side="declarant", sha256=sha(commitment))
    log.add("document.file", HANDOVER, version=1, pdf_sha256=sha(PDF))
    change_log(log)
    log.add("dossier.make", UNIT, keys_sha256=sha(made.keys), **{"from": START, "to": END})
    made.files = {
        f"{AT[HANDOVER]}/noi-dung.json": handover,
        f"{AT[HANDOVER]}/phan-chu.json": words,
        f"{AT[HANDOVER]}/xac-nhan.json": to_json(given),
        f"{AT[HANDOVER]}/van-ban.pdf": PDF,
        f"{AT[COMMITMENT]}/noi-dung.json": commitment,
        f"{AT[COMMITMENT]}/phan-chu.json": promise,
        f"{AT[COMMITMENT]}/xac-nhan.json": to_json([confirmed(statement(commitment, "declarant"))]),
        f"{AT[OLD]}/noi-dung.json": old,
        f"{AT[OLD]}/xac-nhan.json": to_json([confirmed(by_hand)]),
        f"bo-quy-tac/hai-phong-{sha(PACK)[:16]}.pack": PACK,
        "README.txt": "Cách kiểm tra hồ sơ\n".encode(),
        "verify.py": b"# the verifier stands here\n",
    }
    close(made, **head)
    return made


def close(made: Made, **head: Any) -> None:
    """Write the log's part again after the log was changed, and what the manifest says of it."""
    log, files = made.log, made.files
    size = len(log.lines)
    for path in [path for path in files if path.startswith("nhat-ky/")]:
        del files[path]
    signed = log.checkpoint(size)
    own = log.of(UNIT)
    others = [line for line in log.lines if json.loads(line)["action"] == "factor.add"]
    files |= {
        "nhat-ky/checkpoint": signed,
        "nhat-ky/log-policy.txt": policy(),
        "nhat-ky/keys.json": made.keys,
        "nhat-ky/su-kien.jsonl": b"".join(line + b"\n" for line in own),
        "nhat-ky/su-kien-khac.jsonl": b"".join(line + b"\n" for line in others),
        f"nhat-ky/older/1-{made.older}.note": log.checkpoint(made.older),
        f"nhat-ky/consistency/{made.older}-{size}.txt": log.consistency(made.older, size),
    }
    for line in own + others:
        seq = json.loads(line)["seq"]
        files[f"nhat-ky/proofs/{seq}.tlog-proof"] = log.proof(seq, signed)
    n, last = log.units[UNIT]
    made.head = {
        "register": REGISTER,
        "unit": UNIT,
        "from": START,
        "to": END,
        "revision": size,
        "made_at": "2026-10-01T00:00:00.000000Z",
        "checkpoint": {"origin": ORIGIN, "size": size, "root": reference.root(log.leaves(size)).hex()},
        "unit_chain": {"n": n, "head": last},
        "packs": [
            {"name": "hai-phong", "digest": sha(PACK), "path": f"bo-quy-tac/hai-phong-{sha(PACK)[:16]}.pack"}
        ],
        "erased": [],
        "redacted": False,
        "sealed_as": SEAL_NAME,
    } | head


def zipped(files: Mapping[str, bytes], day: date = DAY) -> bytes:
    stream = io.BytesIO()
    write_zip(stream, files.items(), day)
    return stream.getvalue()


VECTOR = Path(__file__).parent / "vectors" / "ho-so.zip"
"""The dossier as it was first made: `python -c "from evidence import made_dossier as m; m.write_vector()"`."""


def write_vector() -> None:
    VECTOR.write_bytes(zipped(make().write()))
