"""Writes the vectors of the log: `python tests/evidence/log_vectors.py`. Fixed keys, no clock.

Trees and proofs come from the recursion of RFC 9162 (`tests/merkle_reference.py`) and signatures from
`cryptography` itself; nothing of the product is asked.
"""

from __future__ import annotations

import base64
import hashlib
import json
import sys
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

sys.path.insert(0, str(Path(__file__).parents[1]))

import merkle_reference as reference

FOLDER = Path(__file__).parent / "vectors"
SIZES = 130
ORIGIN = "access.example.vn/log/hai-phong/1"
PRIVATE = Ed25519PrivateKey.from_private_bytes(hashlib.sha256(b"vectors: log").digest())
OTHER = Ed25519PrivateKey.from_private_bytes(hashlib.sha256(b"vectors: another log").digest())
ENTRIES = [b'{"seq":%d}' % (i + 1) for i in range(SIZES)]
LEAVES = [reference.leaf(entry) for entry in ENTRIES]


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def vkey(name: str, private: Ed25519PrivateKey) -> tuple[str, bytes]:
    public = b"\x01" + private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    id_ = hashlib.sha256(name.encode() + b"\n" + public).digest()[:4]
    return f"{name}+{id_.hex()}+{b64(public)}", id_


def note(text: str, name: str = ORIGIN, private: Ed25519PrivateKey = PRIVATE) -> str:
    _, id_ = vkey(name, private)
    return f"{text}\n— {name} {b64(id_ + private.sign(text.encode()))}\n"


def checkpoint(size: int, origin: str = ORIGIN) -> str:
    return f"{origin}\n{size}\n{b64(reference.root(LEAVES[:size]))}\n"


def digest(hashes: list[bytes]) -> str:
    return hashlib.sha256(b"".join(hashes)).hexdigest()


def trees() -> dict[str, Any]:
    """Root of each size, all its proofs as one hash over their hashes in order, and some proofs in full."""
    sizes = range(1, SIZES + 1)
    return {
        "entries": f'{{"seq":N}} with N from 1 to {SIZES}',
        "roots": {str(n): reference.root(LEAVES[:n]).hex() for n in sizes},
        "inclusion": {str(n): digest([h for i in range(n) for h in reference.path(i, LEAVES[:n])]) for n in sizes},
        "consistency": {
            str(n): digest([h for m in range(1, n) for h in reference.proof(m, LEAVES[:n])]) for n in sizes
        },
        "in_full": {
            "inclusion": [
                {"index": i, "size": n, "proof": [h.hex() for h in reference.path(i, LEAVES[:n])]}
                for i, n in ((0, 1), (0, 8), (5, 7), (6, 7), (127, 128), (128, 129), (129, 130))
            ],
            "consistency": [
                {"old": m, "new": n, "proof": [h.hex() for h in reference.proof(m, LEAVES[:n])]}
                for m, n in ((1, 2), (3, 7), (4, 7), (6, 7), (64, 130), (128, 130), (129, 130))
            ],
        },
    }


def refused() -> dict[str, str]:
    """Notes that a strict reader refuses, by what is wrong with them."""
    good, text = note(checkpoint(7)), checkpoint(7)
    origin, size, root, _ = text.split("\n")
    signed = good.partition("\n\n")[2]
    encoded = signed.rstrip("\n").rpartition(" ")[2]
    loose = f"{encoded[:-2]}{chr(ord(encoded[-2]) + 1)}="
    return {
        "the size before the origin": note(f"{size}\n{origin}\n{root}\n"),
        "the root before the size": note(f"{origin}\n{root}\n{size}\n"),
        "a size with a leading zero": note(f"{origin}\n07\n{root}\n"),
        "a size with a sign": note(f"{origin}\n+7\n{root}\n"),
        "a size in other digits": note(f"{origin}\n٧\n{root}\n"),
        "a size of twenty digits": note(f"{origin}\n{'9' * 20}\n{root}\n"),
        "a second origin": note(f"{origin}\n{origin}\n{size}\n{root}\n"),
        "an extension line": note(f"{origin}\n{size}\n{root}\nmore\n"),
        "an empty line at the end": note(f"{origin}\n{size}\n{root}\n\n"),
        "another log's origin": note(checkpoint(7, "access.example.vn/log/hai-phong/2")),
        "a root without padding": note(f"{origin}\n{size}\n{root.rstrip('=')}\n"),
        "a root with loose bits": note(f"{origin}\n{size}\n{root[:-2]}{chr(ord(root[-2]) + 1)}=\n"),
        "a root for addresses": note(f"{origin}\n{size}\n{root.replace('+', '-').replace('/', '_')}-=\n"),
        "a root of 31 bytes": note(f"{origin}\n{size}\n{b64(bytes(31))}\n"),
        "a root with a space": note(f"{origin}\n{size}\n {root}\n"),
        "CR LF": good.replace("\n", "\r\n"),
        "one CR": note(f"{origin}\r\n{size}\n{root}\n"),
        "a tab": note(f"{origin}\t\n{size}\n{root}\n"),
        "no empty line": good.replace("\n\n", "\n"),
        "no line feed at the end": good[:-1],
        "two line feeds at the end": good + "\n",
        "no signature": text + "\n",
        "a hyphen for the dash": good.replace("— ", "- "),
        "a signature without its key's name": good.replace(f"— {ORIGIN} ", "— "),
        "a signature of no bytes": f"{text}\n— {ORIGIN} {b64(vkey(ORIGIN, PRIVATE)[1])}\n",
        "a signature with loose bits": good.replace(encoded, loose),
        "a signature over another size": good.replace("\n7\n", "\n8\n"),
        "another's signature alone": note(text, ORIGIN, OTHER),
        "another's signature under its own name": note(text, "other.example.vn/log/x/1", OTHER),
    }


def files() -> dict[str, str]:
    index, size = 99, SIZES
    hashes = "".join(f"{b64(h)}\n" for h in reference.path(index, LEAVES[:size]))
    return {
        "log-trees.json": json.dumps(trees(), indent=1) + "\n",
        "log-refused.json": json.dumps(refused(), ensure_ascii=False, indent=1) + "\n",
        "checkpoint-7.note": note(checkpoint(7)),
        f"checkpoint-{size}.note": note(checkpoint(size)),
        "entry-100.tlog-proof": (
            f"c2sp.org/tlog-proof@v1\nextra {b64(ENTRIES[index])}\nindex {index}\n{hashes}\n"
            f"{note(checkpoint(size))}"
        ),
        "log-policy.txt": f"log {vkey(ORIGIN, PRIVATE)[0]}\nquorum none\n",
    }


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for name, content in files().items():
        (FOLDER / name).write_text(content, "utf-8")
