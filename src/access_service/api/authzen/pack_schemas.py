"""What the AuthZEN interface reads when a pack stands alone: the members of `schemas`, with free properties.

Members that are not named here are ignored at every level (AuthZEN 1.0). A wrong type of a named one is refused; a
property may be any JSON, because which of them are looked at, and what they must be, is the pack's business.
"""

from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from access_service.api.authzen.schemas import Options, Word
from access_service.api.authzen.search_schemas import Page
from access_service.api.http.described import components_of
from access_service.api.http.limits import BATCH_ITEMS
from access_service.api.pdp import Explain
from access_service.domain.errors import InvalidError

Properties = dict[str, Any]


class Subject(Struct):
    """Who would act: a type and an id of the pack's."""

    type: Word | None = None
    id: Word | None = None
    properties: Properties | None = None
    """Only those count that the pack names in `trusted_properties`; the others are known from its entities."""


class Action(Struct):
    """What they would do: a verb of the pack."""

    name: Word | None = None
    properties: Properties | None = None


class Resource(Struct):
    """What it would be done to."""

    type: Word | None = None
    id: Word | None = None
    properties: Properties | None = None


class Context(Struct):
    """How much the answer is to say. Beside these stand the properties of the context that the pack trusts."""

    explain: Explain | None = None
    """Default `code` for a single evaluation, `none` for an item of a batch."""
    at_least: Word | None = None
    """A revision (`X-Access-Revision` of an earlier answer): the very pack that must decide."""


Said = Annotated[dict[str, Any], Meta(extra_json_schema={"allOf": [{"$ref": "#/components/schemas/Context"}]})]
"""A context as it is sent: the members of `Context`, and free ones."""


def answering(context: Said | None) -> Context:
    """What a context says of the answer. Raises `InvalidError` where a member has the wrong type."""
    try:
        return msgspec.convert(context or {}, Context)
    except msgspec.ValidationError as error:
        text = str(error)
        raise InvalidError(f"{text[:1].lower()}{text[1:]}".replace("`$", "`$.context")) from None


class Evaluation(Struct):
    """One question. Subject, action and resource are required, each with its id."""

    subject: Subject | None = None
    action: Action | None = None
    resource: Resource | None = None
    context: Said | None = None


class Evaluations(Struct):
    """Several questions; members at the top stand in whole for those an item leaves out."""

    subject: Subject | None = None
    action: Action | None = None
    resource: Resource | None = None
    context: Said | None = None
    evaluations: Annotated[list[Evaluation], Meta(max_length=BATCH_ITEMS)] | None = None
    options: Options | None = None


class Search(Struct):
    """Who or what, to whom or to what. The id of what is searched for is ignored."""

    subject: Subject | None = None
    action: Action | None = None
    resource: Resource | None = None
    context: Said | None = None
    page: Page | None = None


COMPONENTS = components_of((Evaluation, Evaluations, Search, Subject, Action, Resource, Context))
"""Goes into `/openapi.json` in place of the types of a register, which have the same names."""
