"""Observing: for a time an enforcement point's answers at a unit are logged and not enforced (rule 13).

Whoever takes over an old system first compares: the enforcement point says what the old system answered, the
service says what it would decide, and the old answer counts. Nobody observes by default. An observation is of one
client at one unit, has an end, and is cut over earlier by an act; everything else is enforced.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from access_service.domain.clients import check_enabled
from access_service.domain.errors import InvalidError, RefusedError
from access_service.domain.facts import Ground
from access_service.domain.names import ClientId, ObservationId, SoftwareId, UnitId
from access_service.domain.org import is_below
from access_service.domain.reasons import Refusal
from access_service.domain.software import Client, Software
from access_service.domain.time import Interval

CLASS_PARTS = 3
"""`<school code>:<school year>:<class code>`."""
EVALUATE = "evaluate"


class Mode(StrEnum):
    """What an enforcement point does with an answer."""

    OBSERVE = "observe"
    ENFORCE = "enforce"


class OldAnswer(StrEnum):
    """What the system in place answered to the same question."""

    ALLOW = "allow"
    DENY = "deny"
    UNTOLD = ""


class Difference(StrEnum):
    """How the old answer and ours stand to each other."""

    AGREED = "agreed"
    OLD_ALLOWED = "old_allowed"
    """The old system allowed it and we would not: this person would be refused after the cut-over."""
    OLD_DENIED = "old_denied"
    """The old system refused it and we would not."""
    UNTOLD = "untold"
    """Nobody said what the old system answered."""


@dataclass(frozen=True, slots=True)
class Observation:
    """One client observes at one unit, for a time."""

    id: ObservationId
    client: ClientId
    software: SoftwareId
    unit: UnitId
    valid_from: datetime
    valid_to: datetime
    """From here on it is enforced, whether anybody acts or not."""

    @property
    def interval(self) -> Interval:
        """While it observes."""
        return Interval(self.valid_from, self.valid_to)


class ObservedAnswer(NamedTuple):
    """Of what kind an answer was that was not enforced; answers of one kind are counted together."""

    client: str
    unit: str
    category: str
    action: str
    old: OldAnswer
    is_allowed: bool
    """What the service would have decided."""
    reason: str
    """The code of its no; empty for a yes."""

    @property
    def difference(self) -> Difference:
        """How old and new stand to each other."""
        if self.old is OldAnswer.UNTOLD:
            return Difference.UNTOLD
        if (self.old is OldAnswer.ALLOW) == self.is_allowed:
            return Difference.AGREED
        return Difference.OLD_DENIED if self.is_allowed else Difference.OLD_ALLOWED


def read_old_answer(text: str | None) -> OldAnswer:
    """What was said of the old answer; whatever is neither yes nor no says nothing."""
    return OldAnswer(text) if text in (OldAnswer.ALLOW, OldAnswer.DENY) else OldAnswer.UNTOLD


def unit_asked_about(type_: str | None, id_: str | None, unit: str | None, class_id: str | None) -> UnitId | None:
    """At which unit the record of a question lies; None where it says none, or two."""
    said: set[str | None] = {unit} if unit is not None else set()
    if type_ == "unit":
        said.add(id_)
    elif type_ == "class":
        said.add(_school_of(id_))
    if class_id is not None:
        said.add(_school_of(class_id))
    if len(said) != 1:
        return None
    (found,) = said
    return UnitId(found) if found else None


def _school_of(class_id: str | None) -> str | None:
    parts = (class_id or "").split(":")
    return parts[0] if len(parts) == CLASS_PARTS else None


def mode_at(observed: Mapping[UnitId, Interval], unit: UnitId | None, now: datetime) -> Mode:
    """What counts at a unit now. A unit that is not known, and a time that is over, are enforced."""
    interval = None if unit is None else observed.get(unit)
    return Mode.OBSERVE if interval is not None and now in interval else Mode.ENFORCE


def observed_units(observations: Iterable[Observation], now: datetime) -> dict[UnitId, Interval]:
    """Where a client observes now or will, by unit."""
    return {o.unit: o.interval for o in observations if o.valid_to > now}


def check_may_observe(
    ground: Ground, client: Client, software: Software, unit: UnitId, until: datetime, longest_days: int
) -> None:
    """May the client observe at a unit until then? Only whoever asks for decisions, below its own unit, for a time.

    The time runs from when the client first observed at that unit: a way back from a cut-over does not lengthen it.
    """
    check_enabled(ground, client)
    if not software.is_enforcement_point or EVALUATE not in client.pep_scopes:
        raise RefusedError(
            Refusal.FORBIDDEN, "only an enforcement point that asks for decisions observes", client=client.id
        )
    if not is_below(ground.org, unit, software.unit, ground.now):
        raise RefusedError(
            Refusal.WIDER_THAN_AUTHORITY, "the software is not of that unit nor of one above it", unit=unit
        )
    if until <= ground.now:
        raise InvalidError("observing would be over when it begins")
    before = ground.facts.find(Observation, client=client.id, unit=unit)
    if any(ground.now in o.interval for o in before):
        raise RefusedError(Refusal.DUPLICATE, "the client observes at that unit already", unit=unit)
    first = min((o.valid_from for o in before), default=ground.now)
    if until > first + timedelta(days=longest_days):
        raise RefusedError(
            Refusal.WIDER_THAN_AUTHORITY,
            f"observing ends at most {longest_days} days after it first began at the unit",
            unit=unit,
        )


def find_running(ground: Ground, client: ClientId, unit: UnitId) -> Observation:
    """The observation that a cut-over ends; `document_state` where the unit is enforced already."""
    for found in ground.facts.find(Observation, client=client, unit=unit):
        if ground.now in found.interval:
            return found
    raise RefusedError(Refusal.DOCUMENT_STATE, "the client observes nothing at that unit", unit=unit)
