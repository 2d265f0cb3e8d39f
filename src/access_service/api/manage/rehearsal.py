"""`?dry_run=true` on every act that takes back: what it would end, without doing it (rule 3).

The answer's `digest`, sent back as `?as_shown=…` with the act, holds it to the list that was shown.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, TypeVar

from fastapi import Depends, Query

from access_service.api.manage.accounts_bodies import SuspensionOut
from access_service.api.manage.bodies import Out, Sha256
from access_service.api.manage.org_bodies import Noted
from access_service.domain.consequences import How, Matter
from access_service.domain.names import SuspendableKind
from access_service.usecases.consequences import Consequences, as_shown, consequences_of
from access_service.usecases.handover import delegation
from access_service.usecases.services import Caller, Services

T = TypeVar("T")
ShownT = TypeVar("ShownT", bound=Out)


@dataclass(frozen=True, slots=True)
class Asked:
    """Whether an act is only asked what it would do, or held to what it said."""

    is_dry_run: bool
    as_shown: str | None


def _asked(
    dry_run: Annotated[bool, Query(description="Only tell what the act would do.")] = False,
    as_shown: Annotated[
        Sha256 | None,
        Query(description="The `digest` of the answer that was shown; the act is done only if it still takes that"),
    ] = None,
) -> Asked:
    return Asked(dry_run, as_shown)


DryRun = Annotated[Asked, Depends(_asked)]


class HappeningOut(Out):
    """One event that the act would leave."""

    action: str
    target: str
    unit: str
    """Whose dossier it would belong to; empty for the unit that acts."""
    details: dict[str, Any] | None


class NamedThingOut(Out):
    """One of what falls or stays."""

    id: str
    name: str
    """A person's or unit's name, a paper's number; of a right its holder's name."""
    what: str
    """The role of a right, the position of a duty, the kind of a document."""


class SortFallingOut(Out):
    """Everything of one sort that the same happens to."""

    matter: Matter
    """Of what sort: a person, a right, a paper and so on."""
    how: How
    """What happens to it."""
    number: int
    """Of all, exactly."""
    at: datetime | None
    """When the first of them does not go on as it was."""
    first: list[NamedThingOut]
    """The first ten."""


class RehearsedOut(Out):
    """What the act would do, in order; nothing of it has happened."""

    dry_run: bool
    act: str
    """Its name in the log."""
    revision: int
    """The revision at which this was worked out."""
    at: datetime
    """From when something falls."""
    falls: list[SortFallingOut]
    """What does not go on as it was."""
    stays: list[SortFallingOut]
    """What the people concerned keep."""
    undone_by: str | None
    """The act that takes it back; none where it is final."""
    digest: str
    """Sent back as `as_shown`, it holds the act to this list."""
    grants: list[str]
    """Grants that would end, in order."""
    authorities: list[str]
    """Authorities that would end or be narrowed."""
    documents: list[str]
    """Documents that would stop carrying what rests on them."""
    events: list[HappeningOut]

    @classmethod
    def of(cls, asked: Consequences[Any]) -> "RehearsedOut":
        """From what the use case found."""
        found = asked.rehearsed
        return cls(
            dry_run=True,
            act=asked.act,
            revision=asked.revision,
            at=asked.at,
            falls=[SortFallingOut.model_validate(f) for f in asked.falls],
            stays=[SortFallingOut.model_validate(f) for f in asked.stays],
            undone_by=asked.undone_by,
            digest=asked.digest,
            grants=sorted(found.ending("grant.end")),
            authorities=sorted({*found.ending("authority.end"), *found.ending("authority.narrow")}),
            documents=sorted({*found.ending("document.close"), *found.ending("document.cancel")}),
            events=[HappeningOut.model_validate(h) for h in found.happenings],
        )


def done_or_told(
    services: Services, asked: Asked, run: Callable[[Services], T], shown: Callable[[T], ShownT]
) -> ShownT | RehearsedOut:
    """Do the act and show its answer; or, when asked to, only tell what it would do."""
    if asked.is_dry_run:
        return RehearsedOut.of(consequences_of(services, run))
    return shown(run(as_shown(services, asked.as_shown)))


def suspend(
    services: Services, caller: Caller, kind: SuspendableKind, target: str, body: Noted | None, asked: Asked
) -> SuspensionOut | RehearsedOut:
    """Pause an account, unit, authority or grant, or only tell what pausing it would do."""
    return done_or_told(
        services,
        asked,
        lambda s: delegation.suspend(s, caller, kind=kind, target=target, reason=Noted.reason_of(body)),
        SuspensionOut.model_validate,
    )


def resume(
    services: Services, caller: Caller, kind: SuspendableKind, target: str, asked: Asked
) -> SuspensionOut | RehearsedOut:
    """End a pause, or only tell what goes on then."""
    return done_or_told(
        services,
        asked,
        lambda s: delegation.resume(s, caller, kind=kind, target=target),
        SuspensionOut.model_validate,
    )
