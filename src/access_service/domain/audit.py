"""Audit events: one line per change or refused act, chained per register.

Each event holds ids only, never names. Its canonical bytes are RFC 8785 JSON (strings, integers and null, so that
the standard encoder gives them); `leaf` is the RFC 9162 section 2.1.1 leaf hash, `previous` the SHA-256 of the
event before, so that the log can be checked link by link and, later, proved by tree.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

FORMAT = 1
"""Version mark of the canonical event; fields are only ever added under a new number."""
GENESIS = "0" * 64
"""`previous` of the first event of a register."""

CLOCK_MENDED = "clock.mend"
"""The only event that may be recorded before the one in front of it."""

Json = None | bool | int | str | list["Json"] | dict[str, "Json"]


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

    def canonical(self) -> bytes:
        """The exact bytes that are hashed (RFC 8785)."""
        return json.dumps(
            {
                "action": self.happening.action,
                "actor": self.actor,
                "code": self.happening.code,
                "details": dict(self.happening.details or {}),
                "format": FORMAT,
                "outcome": self.happening.outcome,
                "policy": self.policy,
                "previous": self.previous,
                "recorded_at": instant(self.recorded_at),
                "register": self.register,
                "revision": self.revision,
                "seq": self.seq,
                "target": self.happening.target,
            },
            ensure_ascii=False,
            sort_keys=True,
            separators=(",", ":"),
        ).encode()

    @property
    def hash(self) -> str:
        """SHA-256 (hex) of the canonical bytes: the next event's `previous`."""
        return hashlib.sha256(self.canonical()).hexdigest()

    @property
    def leaf(self) -> str:
        """RFC 9162 leaf hash (hex)."""
        return hashlib.sha256(b"\x00" + self.canonical()).hexdigest()


def instant(t: datetime) -> str:
    """An instant as it stands in canonical bytes: UTC, microseconds, `Z`."""
    return t.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"
