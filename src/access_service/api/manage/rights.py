"""What one person may do, in sentences."""

from datetime import date, datetime
from typing import Annotated

from fastapi import Query

from access_service.api.http.deps import CallerDep, ServicesDep
from access_service.api.manage.bodies import Out
from access_service.api.manage.org_bodies import AssignmentOut
from access_service.api.manage.routing import manage
from access_service.api.manage.segments import PathId
from access_service.domain import words
from access_service.domain.names import PersonId
from access_service.domain.rights_said import SaidRight
from access_service.live.revisions import revision_text
from access_service.usecases.evidence.rights import PersonRight, PersonRights, rights_of
from access_service.usecases.evidence.who import read_known_at

router = manage("organisation")


class SaidRightOut(Out):
    """What may be done to some categories of data at one place."""

    text: str
    """The whole sentence, without a full stop."""
    place: str
    """Where: classes, grades, levels, else the whole unit."""
    actions: list[str]
    categories: list[str]
    sensitive: list[str]
    """Those of the categories that the pack calls sensitive."""

    @classmethod
    def of(cls, said: SaidRight) -> "SaidRightOut":
        """From the domain's sentence."""
        return cls.model_validate(said)


class PersonRightOut(Out):
    """One right: its sentences, who allowed it, on which paper, where it stands."""

    grant: str
    role: str
    role_vi: str
    """The role in Vietnamese."""
    place: str
    """Where: classes, grades, levels, else the whole unit."""
    said: list[SaidRightOut]
    """One sentence for each set of actions."""
    state: str
    account_state: str
    """A right in force opens nothing while its account is not active."""
    starts_at: datetime | None
    ends_at: datetime | None
    issuer: str
    issuer_name: str
    """The name of the unit that gave it."""
    document: str | None
    document_number: str
    """The number of the paper it rests on."""
    document_dated: date | None
    """The day on the paper."""
    signer_name: str
    """Who signed for the giver."""
    signer_title: str
    """Of the position in which they signed."""
    answerable_name: str
    """Who heads the unit at that instant."""

    @classmethod
    def of(cls, right: PersonRight) -> "PersonRightOut":
        """From the use case's value."""
        taken = {name: getattr(right.row, name) for name in cls.model_fields if name not in ("place", "said")}
        return cls(**taken, place=right.place, said=[SaidRightOut.of(s) for s in right.said])


class PersonRightsOut(Out):
    """Everything that a person may do, as the caller may see it."""

    person: str
    name: str
    at: datetime
    """The instant asked about."""
    revision: str
    duties: list[AssignmentOut]
    rights: list[PersonRightOut]
    """By unit and role."""

    @classmethod
    def of(cls, found: PersonRights) -> "PersonRightsOut":
        """From the use case's value."""
        return cls(
            person=found.person.id,
            name=found.person.name,
            at=found.at,
            revision=revision_text(found.revision),
            duties=[AssignmentOut.of(d) for d in found.duties],
            rights=[PersonRightOut.of(r) for r in found.rights],
        )


@router.get("/persons/{id}/rights", summary="What one person may do, in sentences")
def read_rights(
    services: ServicesDep,
    caller: CallerDep,
    id: PathId,  # noqa: A002
    at: Annotated[
        str | None, Query(description="RFC 3339, or dd/mm/yyyy[ HH:MM] in Vietnam; now when left out")
    ] = None,
    known_at: Annotated[
        str | None, Query(description="a revision, or `then`: what was known at the instant asked about")
    ] = None,
    ended: Annotated[bool, Query(description="also what is over")] = False,
) -> PersonRightsOut:
    """One's own, or of somebody whose unit the caller acts for or inspects; the log says who read another's."""
    instant = None if at is None else words.instant(at)
    known = read_known_at(known_at)
    return PersonRightsOut.of(
        rights_of(services, caller, PersonId(id), at=instant, known_at=known, include_ended=ended)
    )
