"""The bytes of a pack and of everything it inherits: reading them, archiving them, naming them by digest.

Nothing here knows what a pack means. The archive is what the database keeps when a pack is put in force; the past
is read from there and never again from the folder.
"""

import hashlib
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from access_service.domain.errors import Fault, PolicyError

FILE_LIMIT_BYTES = 1 << 20
"""No file of a pack may be larger: a pack is written by hand, so more than this is a mistake or an attack."""
CHAIN_LIMIT = 8
"""Packs in a chain of `extends`, the pack itself included (docs/policy-packs.md)."""
NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
"""Names of packs and models: no dot and no slash, so that none can leave its folder."""
PACK_TOML = "pack.toml"
ROLES_CSV = "roles.csv"
DELEGATION_CSV = "delegation.csv"
ENTITIES_CSV = "entities.csv"
MODELS = "models"
"""The folder of models inside the archive; no pack may have this name."""

OF_REGISTER = (PACK_TOML, ROLES_CSV, DELEGATION_CSV)
OF_STANDALONE = (PACK_TOML, ROLES_CSV, ENTITIES_CSV)
"""Files of a pack that stands alone: it has entities, and nobody hands anything down."""
_NOT_READ = re.compile(r"\..*|.*_test\.yaml|.*\.md")
"""Beside its three files a folder may hold cases, notes, and what operating systems hide in it."""
_MAGIC = b"access-service pack archive 1\n"
_LENGTH_BYTES = 8
_PATH = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}/[a-z0-9][a-z0-9_-]{0,63}\.(toml|csv|conf)")


def sort_faults(faults: list[Fault]) -> tuple[Fault, ...]:
    """Without repetitions, by file, then line, then message."""

    def key(fault: Fault) -> tuple[str, int, str, str]:
        path, _, line = fault.place.rpartition(":")
        number = int(line) if line.isdecimal() else 0
        return path, number, fault.message, fault.hint

    return tuple(sorted(set(faults), key=key))


def make_missing_fault(path: str) -> Fault:
    """The fault for a file that should be there."""
    return Fault(f"{path}:1", "no such file")


@dataclass(frozen=True, slots=True)
class PackFiles:
    """What a pack was made of, byte for byte."""

    name: str
    files: Mapping[str, bytes]
    """`hai-phong/roles.csv` to its bytes; the model is `models/<model>.conf`. Test cases are no part of it."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "files", MappingProxyType(dict(sorted(self.files.items()))))

    def to_bytes(self) -> bytes:
        """The archive: a version mark, then name, path, content, path, content …, each after its length.

        Lengths are 8 bytes, big-endian; paths are sorted. The same files give the same bytes everywhere.
        """
        parts = [self.name.encode()]
        for path, content in self.files.items():
            parts += [path.encode(), content]
        return _MAGIC + b"".join(len(part).to_bytes(_LENGTH_BYTES, "big") + part for part in parts)

    @classmethod
    def from_bytes(cls, archive: bytes) -> "PackFiles":
        """The files of an archive; only the bytes that `to_bytes` writes are read back.

        Raises `PolicyError` when they are cut short, altered in form, or name a path outside a pack.
        """
        try:
            parts = _split(archive)
            name, paths = parts[0].decode(), [part.decode() for part in parts[1::2]]
        except (ValueError, IndexError):
            raise PolicyError((Fault("archive", "not a pack archive"),)) from None
        files = cls(name, dict(zip(paths, parts[2::2], strict=False)))
        if (
            files.to_bytes() != archive
            or NAME.fullmatch(name) is None
            or any(_PATH.fullmatch(path) is None for path in paths)
        ):
            raise PolicyError((Fault("archive", "not a pack archive"),))
        return files

    @property
    def digest(self) -> str:
        """SHA-256 of the archive, in hex: names and bytes, each length-prefixed, so that nothing can shift."""
        return hashlib.sha256(self.to_bytes()).hexdigest()


def _split(archive: bytes) -> list[bytes]:
    if not archive.startswith(_MAGIC):
        raise ValueError
    parts, at = [], len(_MAGIC)
    while at < len(archive):
        start = at + _LENGTH_BYTES
        at = start + int.from_bytes(archive[at:start], "big")
        if at > len(archive):
            raise ValueError
        parts.append(archive[start:at])
    return parts


@dataclass(frozen=True, slots=True)
class Collected:
    """What was read from the folders, with what could not be."""

    files: PackFiles
    faults: tuple[Fault, ...]

    @property
    def unread(self) -> frozenset[str]:
        """Paths that exist and were refused; saying that they are missing would mislead."""
        return frozenset(fault.place.rpartition(":")[0] for fault in self.faults)


def collect(
    policy_dir: Path,
    name: str,
    models_dir: Path,
    read: tuple[str, ...] = OF_REGISTER,
    limits: Mapping[str, int] = MappingProxyType({}),
) -> Collected:
    """Read a pack's folder, those it extends and its model.

    The faults are those of the file system; what the files say is `load`'s business. `limits` names files that may
    be larger than the others.
    """
    found: dict[str, bytes] = {}
    faults: list[Fault] = []
    seen: list[str] = []
    model: str | None = None
    current: str | None = name
    if not is_pack_name(name):
        return Collected(PackFiles(name, {}), (Fault(name, f"`{name}` is no name of a pack", _NAME_HINT),))
    while current is not None and is_pack_name(current) and current not in seen and len(seen) < CHAIN_LIMIT:
        seen.append(current)
        _read_folder(
            policy_dir, current, {file: limits.get(file, FILE_LIMIT_BYTES) for file in read}, found, faults
        )
        head = head_of(found.get(f"{current}/{PACK_TOML}", b""))
        model = model or _text(head.get("model"))
        current = _text(head.get("extends"))
    if model is not None and NAME.fullmatch(model):
        path = f"{MODELS}/{model}.conf"
        _read_file(models_dir, models_dir / f"{model}.conf", path, found, faults)
    return Collected(PackFiles(name, found), tuple(faults))


_NAME_HINT = "lower-case letters, digits, `-` and `_`, at most 64"


def is_pack_name(name: str) -> bool:
    """May a pack be called so? Never with a path in it."""
    return NAME.fullmatch(name) is not None and name != MODELS


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def head_of(content: bytes) -> Mapping[str, Any]:
    """The top of a pack.toml, as far as it can be read; `load` says what is wrong with it."""
    try:
        return tomllib.loads(content.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        return {}


def _read_folder(
    policy_dir: Path, name: str, read: Mapping[str, int], found: dict[str, bytes], faults: list[Fault]
) -> None:
    folder = policy_dir / name
    if not folder.is_dir():
        return
    if not _is_within(folder, policy_dir):
        faults.append(Fault(f"{name}/{PACK_TOML}:1", "the folder is a link out of the policy folder"))
        return
    for entry in sorted(folder.iterdir()):
        path = f"{name}/{entry.name}"
        if entry.name in read:
            _read_file(folder, entry, path, found, faults, read[entry.name])
        elif _NOT_READ.fullmatch(entry.name) is None:
            faults.append(
                Fault(f"{path}:1", f"`{entry.name}` is no file of a pack", f"a pack is made of {', '.join(read)}")
            )


def _is_within(path: Path, folder: Path) -> bool:
    try:
        return path.resolve().is_relative_to(folder.resolve())
    except (OSError, RuntimeError):
        # Links that point at each other lead nowhere; Python 3.11 to 3.13 differ in the error.
        return False


def _read_file(
    folder: Path,
    file: Path,
    path: str,
    found: dict[str, bytes],
    faults: list[Fault],
    most: int = FILE_LIMIT_BYTES,
) -> None:
    place = f"{path}:1"
    if not file.is_symlink() and not file.exists():
        return
    if not _is_within(file, folder):
        faults.append(Fault(place, "a link out of the folder"))
    elif not file.is_file():
        faults.append(Fault(place, "not a regular file"))
    else:
        try:
            with file.open("rb") as stream:
                content = stream.read(most + 1)
        except OSError as error:
            faults.append(Fault(place, f"cannot be read: {(error.strerror or 'unknown cause').lower()}"))
            return
        if len(content) > most:
            faults.append(Fault(place, f"larger than {most >> 20} MiB"))
        else:
            found[path] = content
