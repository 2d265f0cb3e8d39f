"""`?dry_run=true` on every act that takes back: what it would end, without doing it (rule 3)."""

from collections.abc import Callable
from typing import Annotated, Any, TypeVar

from fastapi import Query

from access_service.api.manage.accounts_bodies import SuspensionOut
from access_service.api.manage.bodies import Out
from access_service.api.manage.org_bodies import Noted
from access_service.domain.names import SuspendableKind
from access_service.usecases.handover import delegation
from access_service.usecases.services import Caller, Rehearsed, Services, rehearse

T = TypeVar("T")
ShownT = TypeVar("ShownT", bound=Out)

DryRun = Annotated[bool, Query(description="Only tell what the act would do.")]


class HappeningOut(Out):
    """One event that the act would leave."""

    action: str
    target: str
    unit: str
    """Whose dossier it would belong to; empty for the unit that acts."""
    details: dict[str, Any] | None


class RehearsedOut(Out):
    """What the act would do, in order; nothing of it has happened."""

    dry_run: bool
    grants: list[str]
    """Grants that would end, in order."""
    authorities: list[str]
    """Authorities that would end or be narrowed."""
    documents: list[str]
    """Documents that would stop carrying what rests on them."""
    events: list[HappeningOut]

    @classmethod
    def of(cls, found: Rehearsed[Any]) -> "RehearsedOut":
        """From what the use case found."""
        return cls(
            dry_run=True,
            grants=sorted(found.ending("grant.end")),
            authorities=sorted({*found.ending("authority.end"), *found.ending("authority.narrow")}),
            documents=sorted({*found.ending("document.close"), *found.ending("document.cancel")}),
            events=[HappeningOut.model_validate(h) for h in found.happenings],
        )


def done_or_told(
    services: Services, dry_run: bool, run: Callable[[Services], T], shown: Callable[[T], ShownT]
) -> ShownT | RehearsedOut:
    """Do the act and show its answer; or, when asked to, only tell what it would do."""
    return RehearsedOut.of(rehearse(services, run)) if dry_run else shown(run(services))


def suspend(
    services: Services, caller: Caller, kind: SuspendableKind, target: str, body: Noted | None, dry_run: bool
) -> SuspensionOut | RehearsedOut:
    """Pause an account, unit, authority or grant, or only tell what pausing it would do."""
    return done_or_told(
        services,
        dry_run,
        lambda s: delegation.suspend(s, caller, kind=kind, target=target, reason=Noted.reason_of(body)),
        SuspensionOut.model_validate,
    )
