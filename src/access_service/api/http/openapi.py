"""How operations describe what they read, answer and refuse, for `/openapi.json`."""

from typing import Any

from msgspec import Struct

from access_service.api.http.errors import PROBLEM_JSON, Problem

TEMPLATE = "#/components/schemas/{name}"
"""Where a type of `components` stands."""


def reference(type_: type[Struct]) -> dict[str, str]:
    """How an operation names a type."""
    return {"$ref": TEMPLATE.format(name=type_.__name__)}


def json_body(type_: type[Struct], example: object) -> dict[str, Any]:
    """A JSON body of that type."""
    content = {"schema": reference(type_), "example": example}
    return {"required": True, "content": {"application/json": content}}


def json_answer(description: str, type_: type[Struct], example: object) -> dict[str, Any]:
    """A JSON response of that type, with the headers every decision carries."""
    return {
        "description": description,
        "content": {"application/json": {"schema": reference(type_), "example": example}},
        "headers": {
            "X-Access-Revision": {
                "description": "the revision decided at; opaque, for `context.at_least`",
                "schema": {"type": "string"},
            },
            "X-Request-ID": {
                "description": "the caller's, or a new one",
                "schema": {"type": "string"},
            },
        },
    }


READ_PROBLEMS: dict[int | str, dict[str, Any]] = {
    status: {
        "description": description,
        "content": {PROBLEM_JSON: {"schema": reference(Problem)}},
    }
    for status, description in {
        400: "The request cannot be read: JSON, types, ids longer than 256 bytes, nesting deeper than 16.",
        401: "No bearer key, or not the right one.",
        413: "A body over 1 MiB, or more than 1,000 items.",
        503: "This node cannot answer now, or has not seen the revision demanded. Treat it as a deny.",
    }.items()
}
"""The problems that a decision route can answer."""
