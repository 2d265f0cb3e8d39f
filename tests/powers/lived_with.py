"""Findings that a province lives with, each with its reason and what it rests on: `accepted.toml`."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from access_service.domain.powers import Finding


@dataclass(frozen=True)
class Accepted:
    """A finding that a province lives with, and why."""

    sentence: str
    what: str
    reason: str
    article: str

    def covers(self, finding: Finding) -> bool:
        return finding.sentence == self.sentence and re.search(self.what, finding.what) is not None


def accepted() -> list[Accepted]:
    """The list beside this file."""
    rows = tomllib.loads((Path(__file__).parent / "accepted.toml").read_text(encoding="utf-8"))["accepted"]
    return [Accepted(**row) for row in rows]


def unaccepted(found: Iterable[Finding]) -> list[Finding]:
    """What remains to be closed."""
    known = accepted()
    return [f for f in found if not any(a.covers(f) for a in known)]
