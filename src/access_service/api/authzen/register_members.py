"""Members of a question to a register that are not known: named where it is explained, refused where meant."""

from collections.abc import Iterator

from access_service.api.authzen.schemas import Evaluation
from access_service.api.authzen.search_schemas import Search
from access_service.api.http.bodies import unused
from access_service.domain.errors import InvalidError
from access_service.domain.members import is_meant, shown


def ignored(sent: Evaluation | Search) -> tuple[str, ...]:
    """The paths of all members that nobody reads, as they were sent."""
    return tuple(_paths(sent))


def _paths(sent: Evaluation | Search) -> Iterator[str]:
    yield from unused(sent)
    for name in ("subject", "action", "resource", "context", "page"):
        entity = getattr(sent, name, None)
        if entity is not None:
            yield from (f"{name}.{member}" for member in unused(entity))
    if sent.resource is not None and sent.resource.properties is not None:
        yield from (f"resource.properties.{member}" for member in unused(sent.resource.properties))


def meant(paths: tuple[str, ...]) -> str | None:
    """The first member that was meant to be read, as an answer may name it."""
    return next((shown(path) for path in paths if is_meant(path)), None)


def check_search(sent: Search) -> None:
    """Raise `InvalidError` for a search with a member that was meant to be read."""
    field = meant(ignored(sent))
    if field is not None:
        raise InvalidError(f"`{field}` is not known here, and would change what is searched for", field=field)
