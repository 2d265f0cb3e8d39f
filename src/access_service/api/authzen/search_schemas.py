"""What the AuthZEN searches read and write, as types; `/openapi.json` is made from the same types.

As in `schemas`, members that are not named here are ignored at every level, and a wrong type is refused.
"""

from collections.abc import Sequence
from typing import Annotated

from msgspec import Meta, Struct

from access_service.api.authzen.schemas import Action, Context, Resource, Subject, Word
from access_service.api.http.described import components_of

LIMIT = 1000
"""Most results of a page, and as many where the caller does not say."""


class Page(Struct, dict=True):
    """Which part of the results."""

    token: str | None = None
    """`next_token` of the page before; empty or left out for the first page. Everything else stays as it was."""
    limit: (
        Annotated[int, Meta(description=f"at most so many results: 1 to {LIMIT}, the default {LIMIT}")] | None
    ) = None


class SearchContext(Context, omit_defaults=True, dict=True):
    """What else bears on a search and its answer."""

    at: Word | None = None
    """As of when, by what is known now: RFC 3339, or dd/mm/yyyy[ HH:MM] in Vietnam. Now when left out."""


class Search(Struct, dict=True):
    """A question without what is searched for: its `id` is ignored, and a search for actions names no action."""

    subject: Subject | None = None
    action: Action | None = None
    resource: Resource | None = None
    context: SearchContext | None = None
    page: Page | None = None


class NextPage(Struct):
    """How to go on."""

    next_token: str
    """Empty at the end of the results; otherwise good for a minute, for this very search."""
    count: int
    """Results of this page."""


class Results(Struct):
    """As it is sent: the entities are of the one type that was searched for."""

    page: NextPage
    results: Sequence[dict[str, str]]


class FoundEntity(Struct):
    """An account, a class or a unit."""

    type: str
    id: str


class Verb(Struct):
    """An action."""

    name: str


class Entities(Struct):
    """Accounts, classes or units that `evaluation` allows, in the byte order of their ids."""

    page: NextPage
    results: list[FoundEntity]


class Verbs(Struct):
    """Actions that `evaluation` allows, in the byte order of their names."""

    page: NextPage
    results: list[Verb]


COMPONENTS = components_of((Search, SearchContext, Page, Entities, FoundEntity, Verbs, Verb, NextPage))
"""Goes into `/openapi.json` beside those of `api.authzen.schemas`."""
