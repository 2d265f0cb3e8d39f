"""Bodies and answers about the log, the register and the packs in force."""

from datetime import datetime
from typing import Any

from access_service.api.manage.bodies import Day, Id, Out, RequestBody, Sha256, TextLine
from access_service.domain.audit import Event
from access_service.live.revisions import revision_text
from access_service.usecases.evidence.reading import RegisterSeen


class NewBinding(RequestBody):
    """Put a pack in force for a unit and what is below it: a pack of the service's folder, or one kept."""

    unit: Id
    pack: TextLine | None = None
    digest: Sha256 | None = None
    on: Day
    until: Day | None = None
    """Its first day without the pack."""
    replaces: Id | None = None
    """The binding that ends when this one begins."""


class BindingOut(Out):
    """A pack in force for a unit."""

    id: str
    unit: str
    pack: str
    digest: str
    valid_from: datetime
    valid_to: datetime | None


class RegisterOut(Out):
    """The register; `revision` is opaque, for `context.at_least` of an evaluation."""

    id: str
    revision: str
    pack_bindings: list[BindingOut]

    @classmethod
    def of(cls, seen: RegisterSeen) -> "RegisterOut":
        """From what the use case found."""
        bindings = [BindingOut.model_validate(b) for b in seen.bindings]
        return cls(id=seen.id, revision=revision_text(seen.revision), pack_bindings=bindings)


class EventOut(Out):
    """One event in its place in the log; ids only."""

    seq: int
    revision: str
    recorded_at: datetime
    actor: str
    action: str
    target: str
    outcome: str
    code: str | None
    details: dict[str, Any]
    policy: str
    canonical: str
    """The exact bytes that are hashed (RFC 8785)."""
    previous: str
    hash: str
    leaf: str
    """RFC 9162 leaf hash."""
    format: int
    """1 for events of before units had chains; 2."""
    person: str | None
    """Who acted, by whichever account; null for the operator, an import and the service itself."""
    unit: str | None
    """Whose dossier it belongs to; null in format 1."""
    unit_seq: int | None
    """Its place among the unit's events, dense from 1; null in format 1."""
    unit_previous: str | None
    """Hash of the unit's event before it; null in format 1."""

    @classmethod
    def of(cls, event: Event) -> "EventOut":
        """From the domain's value."""
        happening = event.happening
        return cls(
            seq=event.seq,
            revision=revision_text(event.revision),
            recorded_at=event.recorded_at,
            actor=event.actor,
            action=happening.action,
            target=happening.target,
            outcome=happening.outcome,
            code=happening.code,
            details=dict(happening.details or {}),
            policy=event.policy,
            canonical=event.canonical().decode(),
            previous=event.previous,
            hash=event.hash,
            leaf=event.leaf,
            format=event.format,
            person=event.person,
            unit=happening.unit or None,
            unit_seq=event.unit_seq or None,
            unit_previous=event.unit_previous if event.unit_seq else None,
        )


class EventsOut(Out):
    """Events in order; `next_after` asks for those that follow, null when these were the last."""

    events: list[EventOut]
    next_after: int | None
