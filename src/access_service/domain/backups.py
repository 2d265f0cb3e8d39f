"""A backup's manifest, and when a backup may be restored: whole, of a version that is known, with a clock believed.

The manifest says in the clear what the encrypted parts hold: which registers, where each of them stood, how many
rows, and the hash of every part. It holds no fact of a register. Its own hash finds accidents; who alters it on
purpose is found by the heads of the chains, which whoever made the backup has noted elsewhere.
"""

import hashlib
import json
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from access_service.domain.audit import instant
from access_service.domain.clock import BOUND, check_together
from access_service.domain.errors import ClockError, UnavailableError

FORMAT = 1
"""Of manifest and parts; what reads one number reads no other."""
MANIFEST = "manifest.json"
DATA = "data.age"
IDENTITY = "identity.age"
FILES = "files.age"
"""The files of papers; absent where there were none."""
SHORTEST_PASSPHRASE = 12
LONGEST_MANIFEST = 1 << 20
AGAIN = "take another copy of this backup, or an older one"


class BackupError(UnavailableError):
    """A backup that is not made, or not restored; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Part:
    """A file of the backup."""

    name: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class CopiedTable:
    """A table in the backup; the hash is over its rows as they were written."""

    name: str
    rows: int
    sha256: str


@dataclass(frozen=True, slots=True)
class CopiedRegister:
    """Where a register stood."""

    id: str
    revision: int
    seq: int
    head: str
    """SHA-256 of its newest event."""
    recorded_at: datetime
    demo: bool


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup says of itself."""

    program: str
    schema: str
    database: str
    """`sqlite` or `postgresql`; either is restored into either."""
    made_at: datetime
    recipients: tuple[str, ...]
    """For whom it is encrypted, as age names them."""
    has_passphrase: bool
    registers: tuple[CopiedRegister, ...]
    tables: tuple[CopiedTable, ...]
    parts: tuple[Part, ...]

    @property
    def rows(self) -> int:
        """How many rows all tables have together."""
        return sum(table.rows for table in self.tables)

    def part(self, name: str) -> Part:
        """The part of that name, or `BackupError`."""
        found = next((part for part in self.parts if part.name == name), None)
        if found is None:
            raise BackupError(f"the manifest names no part `{name}`; {AGAIN}")
        return found

    @property
    def has_files(self) -> bool:
        """Were there files of papers?"""
        return any(part.name == FILES for part in self.parts)

    def to_bytes(self) -> bytes:
        """The file, its own hash at the end."""
        said = {"format": FORMAT, **asdict(self)}
        said["made_at"] = instant(self.made_at)
        for register in said["registers"]:
            register["recorded_at"] = instant(register["recorded_at"])
        return json.dumps({**said, "sha256": _hash(said)}, ensure_ascii=False, indent=1).encode()


def _hash(said: Mapping[str, Any]) -> str:
    return hashlib.sha256(
        json.dumps(said, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
    ).hexdigest()


def read_manifest(data: bytes) -> Manifest:
    """The manifest in a file; `BackupError` for one that was changed or cut short, or of another version."""
    broken = BackupError(f"`{MANIFEST}` was changed or cut short; {AGAIN}")
    try:
        said = json.loads(data)
        version = said.pop("format")
        if type(version) is int and version != FORMAT:
            raise BackupError(
                f"the backup has format {version} and this version reads {FORMAT}; restore it with "
                f"access-service {str(said.get('program'))[:20]}, which made it"
            )
        if said.pop("sha256") != _hash({"format": version, **said}):
            raise broken
        return Manifest(
            **said
            | {
                "made_at": datetime.fromisoformat(said["made_at"]),
                "recipients": tuple(said["recipients"]),
                "registers": tuple(
                    CopiedRegister(**r | {"recorded_at": datetime.fromisoformat(r["recorded_at"])})
                    for r in said["registers"]
                ),
                "tables": tuple(CopiedTable(**t) for t in said["tables"]),
                "parts": tuple(Part(**p) for p in said["parts"]),
            }
        )
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise broken from error


def check_schema(schema: str, known: Collection[str]) -> None:
    """Raise unless this version has a way up from the backup's schema."""
    if schema not in known:
        raise BackupError(
            f"the backup has schema `{schema}`, made by a newer version of this program, which knows up to "
            f"`{max(known)}`; restore it with that version"
        )


def check_part(part: Part, size: int, sha256: str) -> None:
    """Raise for a part that is not what the manifest says."""
    if size < part.size:
        raise BackupError(f"`{part.name}` was cut short: {size} of {part.size} bytes; {AGAIN}")
    if (size, sha256) != (part.size, part.sha256):
        raise BackupError(f"`{part.name}` was changed since it was made; {AGAIN}")


def check_table(said: CopiedTable, rows: int, sha256: str) -> None:
    """Raise for a table whose rows are not those that the manifest counts."""
    if (rows, sha256) != (said.rows, said.sha256):
        raise BackupError(f"table `{said.name}` has other rows than the manifest says; {AGAIN}")


def check_passphrase(passphrase: str) -> None:
    """Raise for one that is soon guessed: whoever has the backup may guess as long as they like."""
    if len(passphrase) < SHORTEST_PASSPHRASE:
        raise BackupError(f"a passphrase has at least {SHORTEST_PASSPHRASE} characters")


def check_restored_at(
    now: datetime, database: datetime | None, manifest: Manifest, gap: timedelta, *, is_right: bool
) -> None:
    """Raise `ClockError` unless the clock by which the restore is recorded can be believed.

    A clock that is ahead would end every right that has a date, and stand in the log for good. `is_right`: the
    operator says that so much time has passed since the backup, or that the clock by which it was made was wrong.
    """
    if database is not None:
        check_together(now, database)
    for register in manifest.registers:
        check_recorded_by(now, register)
    newest = max((manifest.made_at, *(r.recorded_at for r in manifest.registers)))
    if newest - now > BOUND and not is_right:
        raise ClockError(
            f"the backup was made at {_said(newest)}, and this machine's clock says {_said(now)}; set it right, "
            "or, if it is right and was wrong then, repeat with --clock-is-right"
        )
    if now - newest > gap and not is_right:
        raise ClockError(
            f"by this machine's clock, {_said(now)}, the backup is {(now - newest).days} days old; if the clock is "
            "right, repeat with --clock-is-right"
        )


def no_space(place: object) -> BackupError:
    """A full disk, and what to do about it."""
    return BackupError(
        f"there is no space left for `{place}`, and nothing of it was kept; make room or name another disk"
    )


def check_recorded_by(now: datetime, register: CopiedRegister) -> None:
    """Raise `ClockError` where a register that is brought back recorded something later than the clock says."""
    if register.recorded_at - now > BOUND:
        raise ClockError(
            f"the register recorded something at {_said(register.recorded_at)}, and this machine's clock says "
            f"{_said(now)}; set it right"
        )


def _said(when: datetime) -> str:
    return f"{instant(when)[:16]}Z"
