"""How the management routes are grouped: prefix, reading of bodies, and the problems they can answer."""

from typing import Any

from fastapi import APIRouter

from access_service.api.http.errors import PROBLEM_JSON, Problem
from access_service.api.http.openapi import reference
from access_service.api.manage.idempotency import KeyedRoute

PROBLEMS: dict[int | str, dict[str, Any]] = {
    status: {"description": description, "content": {PROBLEM_JSON: {"schema": reference(Problem)}}}
    for status, description in {
        401: "Not signed in, or the credentials are wrong.",
        403: "A rule refuses it; `code` says which.",
        404: "No such thing here; what the caller may not see gives the same answer.",
        409: "It does not fit what stands now; `code` says why.",
        413: "A body over 1 MiB, or a batch that is too large.",
        422: "The request cannot be used; `fields` name what is wrong.",
        503: "The service cannot answer now.",
    }.items()
}
"""The problems that a management route can answer."""


def manage(tag: str) -> APIRouter:
    """A group of routes of signed-in callers, with `Idempotency-Key` on every POST."""
    return APIRouter(prefix="/v1", tags=[tag], route_class=KeyedRoute, responses=PROBLEMS)
