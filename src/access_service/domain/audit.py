"""Audit events: one line per change, refused act or recorded look, chained per register and per unit.

Each event holds ids only, never names. Its canonical bytes are RFC 8785 JSON (strings, integers and null, so that
the standard encoder gives them); `leaf` is the RFC 9162 section 2.1.1 leaf hash, `previous` the SHA-256 of the
event before, so that the log can be checked link by link and, later, proved by tree. Each event belongs to the
dossier of one unit too: its number there is dense, so that a unit's dossier can be shown to be whole.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime

FORMAT = 2
"""Version mark of the canonical event; fields are only ever added under a new number."""
FIRST_FORMAT = 1
"""Events of before a unit had a chain: they name neither a person nor a unit, and stay as they are."""
MOST_BYTES = 60_000
"""Most canonical bytes of an event (tiles of entries have two bytes for the length); larger details go beside."""
BESIDE = "sha256:"
"""How `details` begins where it is the hash of what is kept beside the event."""
GENESIS = "0" * 64
"""`previous` of the first event of a register."""

CLOCK_MENDED = "clock.mend"
"""The only event that may be recorded before the one in front of it."""

Json = None | bool | int | str | list["Json"] | dict[str, "Json"]


@dataclass(frozen=True, slots=True)
class Doer:
    """Who acts, as an event names them."""

    account: str
    """Account id, `import`, `operator` or `service`."""
    person: str | None = None
    """Who acts by it; where it is left out and the account has a holder, the holder of that instant."""
    unit: str = ""
    """The unit that acts; where it is left out, the account's, or the register's root."""

    def __str__(self) -> str:
        return self.account


@dataclass(frozen=True, slots=True)
class Happening:
    """What a use case reports; the storage layer gives it its place in the log."""

    action: str
    """`<noun>.<verb>`, for example `grant.propose`."""
    target: str
    """Id of what was acted on."""
    outcome: str = "done"
    """`done` or `refused`."""
    code: str | None = None
    """The refusal's code."""
    details: Mapping[str, Json] | None = None
    unit: str = ""
    """Whose dossier it belongs to: the office of the document, grant, account or class; the register's root for
    what concerns all. Empty until the log says: the unit that acted."""


@dataclass(frozen=True, slots=True)
class Event:
    """A happening in its place."""

    register: str
    seq: int
    """Dense from 1."""
    revision: int
    """The revision it made, or at which it was refused."""
    recorded_at: datetime
    actor: str
    """Account id, `import`, or `operator`."""
    happening: Happening
    policy: str
    """Digest of the pack in force where the rule was read; empty where none was."""
    previous: str
    person: str | None = None
    """Who acted, by whichever account; None for the operator, an import, the service itself."""
    unit_seq: int = 0
    """Place in the unit's chain, dense from 1; 0 in the first format."""
    unit_previous: str = GENESIS
    """Hash of the unit's event before this one."""
    details_sha256: str = ""
    """Hash of the details' canonical bytes, where they are too large to stand in the event."""
    format: int = FORMAT

    def canonical(self) -> bytes:
        """The exact bytes that are hashed (RFC 8785)."""
        happening = self.happening
        said: dict[str, object] = {
            "action": happening.action,
            "actor": self.actor,
            "code": happening.code,
            "details": BESIDE + self.details_sha256 if self.details_sha256 else dict(happening.details or {}),
            "format": self.format,
            "outcome": happening.outcome,
            "policy": self.policy,
            "previous": self.previous,
            "recorded_at": instant(self.recorded_at),
            "register": self.register,
            "revision": self.revision,
            "seq": self.seq,
            "target": happening.target,
        }
        if self.format != FIRST_FORMAT:
            said["person"] = self.person
            said["unit"] = happening.unit
            said["unit_previous"] = self.unit_previous
            said["unit_seq"] = self.unit_seq
        return _ENCODE(said).encode()

    @property
    def hash(self) -> str:
        """SHA-256 (hex) of the canonical bytes: the next event's `previous`."""
        return hash_of(self.canonical())

    @property
    def leaf(self) -> str:
        """RFC 9162 leaf hash (hex)."""
        return leaf_of(self.canonical())

    @property
    def is_whole(self) -> bool:
        """Are the details those that the event names by their hash, where it does?"""
        return not self.details_sha256 or hash_of(details_text(self.happening).encode()) == self.details_sha256


_ENCODE = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode


def hash_of(canonical: bytes) -> str:
    """SHA-256 (hex) of an event's bytes."""
    return hashlib.sha256(canonical).hexdigest()


def leaf_of(canonical: bytes) -> str:
    """RFC 9162 leaf hash (hex) of an event's bytes."""
    return hashlib.sha256(b"\x00" + canonical).hexdigest()


def details_text(happening: Happening) -> str:
    """The details as canonical JSON: as they stand in the event, or beside it."""
    return _ENCODE(dict(happening.details or {}))


def put_beside(event: Event) -> Event:
    """The event with its details' hash in their place: they are more than an event may hold."""
    return replace(event, details_sha256=hash_of(details_text(event.happening).encode()))


def instant(t: datetime) -> str:
    """An instant as it stands in canonical bytes: UTC, microseconds, `Z`."""
    return t.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"
