"""What happened lately in a unit, as those are told who answer for it: acts that changed something.

Nothing is told of reading, of sessions and of inspections: who looked is the log's to say, and whoever leads a unit
does not read the log. Somebody from another unit is told by their unit's name, since their own is not the school's.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from access_service.domain.time import local

TOLD = frozenset(
    {
        "account.activate",
        "account.close",
        "account.issue",
        "account.resume",
        "account.suspend",
        "approval.record",
        "approval.withdraw",
        "authority.end",
        "authority.give",
        "authority.narrow",
        "authority.resume",
        "authority.suspend",
        "case.close",
        "class.correct",
        "class.create",
        "custody.begin",
        "custody.end",
        "document.cancel",
        "document.decline",
        "document.prepare",
        "document.return",
        "document.sign",
        "draft.propose",
        "duty.assign",
        "duty.correct",
        "duty.end",
        "grant.narrow",
        "grant.resume",
        "grant.revoke",
        "grant.suspend",
        "person.add",
        "person.correct",
        "software.confirm",
        "software.end",
        "software.register",
        "unit.remind",
        "unit.resume",
        "unit.suspend",
        "waiting.confirm",
        "waiting.decline",
    }
)
"""Acts that are told, by the name of their event."""
MOST_TOLD = 8
"""Lines of one unit: more is the log's."""


@dataclass(frozen=True, slots=True)
class Deed:
    """One event of a unit, as far as it may be told."""

    at: datetime
    who: str
    """A name; empty where the service itself acted."""
    action: str
    target: str
    """Id of what was acted on."""
    name: str
    """What that is called; empty where it has no name."""


@dataclass(frozen=True, slots=True)
class ToldLine:
    """One line: the newest of like deeds, and how many they were."""

    newest: Deed
    count: int


def tell_deeds(deeds: Iterable[Deed]) -> tuple[ToldLine, ...]:
    """The newest first; what one person did several times in a row on one day is one line."""
    lines: list[ToldLine] = []
    for deed in deeds:
        last = lines[-1].newest if lines else None
        if last is not None and _is_alike(last, deed):
            lines[-1] = ToldLine(lines[-1].newest, lines[-1].count + 1)
        elif len(lines) == MOST_TOLD:
            break
        else:
            lines.append(ToldLine(deed, 1))
    return tuple(lines)


def _is_alike(one: Deed, other: Deed) -> bool:
    same_day = local(one.at).date() == local(other.at).date()
    return same_day and (one.who, one.action) == (other.who, other.action)
