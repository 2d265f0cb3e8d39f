"""Ids of other systems as they are sent and told."""

from datetime import datetime
from typing import Annotated

from pydantic import Field

from access_service.api.manage.bodies import Id, Out, RequestBody, TextLine
from access_service.domain.external_ids import ExternalId, ExternalKind

Kind = Annotated[ExternalKind, Field(strict=False)]


class NewExternalId(RequestBody):
    """What something of the unit's own is called in another system."""

    kind: Kind
    target: Id
    """Of a person, an account, the unit itself or a class."""
    system: TextLine
    """`smas`, `emis`, `csdl-gddt`: letters a to z, digits, dot and hyphen."""
    value: TextLine
    """The id there, kept as it is written."""


class ExternalIdOut(Out):
    """An id of another system and what it names."""

    id: str
    kind: ExternalKind
    target: str
    unit: str
    system: str
    value: str
    valid_from: datetime
    valid_to: datetime | None

    @classmethod
    def of(cls, found: ExternalId) -> "ExternalIdOut":
        """From the domain's value."""
        return cls.model_validate(found)


class ExternalIdsOut(Out):
    """Everything that the unit's own are called elsewhere."""

    external_ids: list[ExternalIdOut]
