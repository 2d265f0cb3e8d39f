"""The list of a dossier's files (bản kê): every file by path, size and hash, under the service's seal.

Two makings of the same dossier differ in the log, which went on, and in what is made of it. Everything else is the
*body*, and has one hash: the same question gives the same body.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

FORMAT = 1
MANIFEST, SEALED, SUMS = "manifest.json", "manifest.sig", "SHA256SUMS"
CONTEXT = "access-service dossier"
"""First line of what is sealed, so that the seal is good for nothing else."""
_encode = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False).encode


@dataclass(frozen=True, slots=True)
class DossierFile:
    """A file of a dossier."""

    path: str
    data: bytes
    media_type: str
    about: str
    """What it is, in Vietnamese."""
    in_body: bool = True
    """False for what is another file whenever the dossier is made."""

    @property
    def sha256(self) -> str:
        """Hash of its bytes."""
        return hashlib.sha256(self.data).hexdigest()


def to_json(value: object) -> bytes:
    """Canonical bytes of what a dossier holds: ASCII keys, text, whole numbers."""
    return _encode(value).encode()


def list_body(files: Sequence[DossierFile]) -> bytes:
    """The body's files by path, hash and size: what the cover carries, and whose hash is the body's."""
    ordered = sorted((f for f in files if f.in_body), key=lambda f: f.path)
    return to_json(
        {"files": [{"path": f.path, "sha256": f.sha256, "size": len(f.data)} for f in ordered], "format": FORMAT}
    )


def sum_up(files: Sequence[DossierFile]) -> DossierFile:
    """The file that `sha256sum -c` reads; last of all but the manifest."""
    lines = "".join(f"{f.sha256}  {f.path}\n" for f in sorted(files, key=lambda f: f.path))
    return DossierFile(
        SUMS, lines.encode(), "text/plain", "Mã băm của các tệp, đọc bằng sha256sum -c", in_body=False
    )


def write_manifest(files: Sequence[DossierFile], head: Mapping[str, object]) -> bytes:
    """The manifest over these files, `SHA256SUMS` among them; `head` says whose dossier it is and of when."""
    listed = [
        {
            "about": f.about,
            "in_body": f.in_body,
            "media_type": f.media_type,
            "path": f.path,
            "sha256": f.sha256,
            "size": len(f.data),
        }
        for f in sorted(files, key=lambda f: f.path)
    ]
    body = hashlib.sha256(list_body(files)).hexdigest()
    return to_json({**head, "format": FORMAT, "files": listed, "body_sha256": body})


def sealed_text(manifest: bytes) -> str:
    """What the seal is over, as the text of a note."""
    return f"{CONTEXT}\n{hashlib.sha256(manifest).hexdigest()}\n"
