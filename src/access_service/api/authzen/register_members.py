"""Members of a question to a register: those not known, named where it is explained, refused where meant.

And those that are wrong by their form alone, before anything is looked up.
"""

from collections.abc import Iterator

from access_service.api.authzen.schemas import Evaluation
from access_service.api.authzen.search_schemas import Search
from access_service.api.http.body_reader import list_unused
from access_service.domain.errors import InvalidError
from access_service.domain.members import is_meant, show_member
from access_service.domain.mistakes import CLASS, FIELDS, UNIT, Mistake, make_mistake, wrong_subject_type


def list_ignored(sent: Evaluation | Search) -> tuple[str, ...]:
    """The paths of all members that nobody reads, as they were sent."""
    return tuple(_paths(sent))


def _paths(sent: Evaluation | Search) -> Iterator[str]:
    yield from list_unused(sent)
    for name in ("subject", "action", "resource", "context", "page"):
        entity = getattr(sent, name, None)
        if entity is not None:
            yield from (f"{name}.{member}" for member in list_unused(entity))
    if sent.resource is not None and sent.resource.properties is not None:
        yield from (f"resource.properties.{member}" for member in list_unused(sent.resource.properties))


def find_meant(paths: tuple[str, ...]) -> str | None:
    """The first member that was meant to be read, as an answer may name it."""
    return next((show_member(path) for path in paths if is_meant(path)), None)


REQUIRED = (("subject", ("type", "id")), ("action", ("name",)), ("resource", ("type", "id")))


def mistake_in_form(sent: Evaluation, paths: tuple[str, ...]) -> Mistake | None:
    """What keeps a question from being one; `paths` are its members that nobody reads."""
    field = find_meant(paths)
    if field is not None:
        return make_mistake(
            field, None, "left out: access by field is not decided yet" if field == FIELDS else None
        )
    for name, members in REQUIRED:
        entity = getattr(sent, name)
        for member in members:
            if entity is None or not getattr(entity, member):
                return make_mistake(f"{name}.{member}", None)
    resource, said = sent.resource, None if sent.resource is None else sent.resource.properties
    if resource is not None and said is not None:
        if resource.type == "unit" and said.unit not in (None, resource.id):
            return make_mistake(UNIT, said.unit, resource.id)
        if resource.type == "class" and said.class_ not in (None, resource.id):
            return make_mistake(CLASS, said.class_, resource.id)
    type_ = None if sent.subject is None else sent.subject.type
    return wrong_subject_type(type_ or "") if type_ != "account" else None


def check_search(sent: Search) -> None:
    """Raise `InvalidError` for a search with a member that was meant to be read."""
    field = find_meant(list_ignored(sent))
    if field is not None:
        raise InvalidError(f"`{field}` is not known here, and would change what is searched for", field=field)
