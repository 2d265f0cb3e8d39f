"""The description of the interface: whole, with examples that are read as they stand, and no word for insiders."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema_rs
import msgspec
import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute
from pydantic import TypeAdapter

from access_service import api
from access_service.api.authzen.examples import BATCH, QUESTION, SEARCHES
from access_service.api.authzen.register_members import list_ignored
from access_service.api.authzen.schemas import Evaluation, Evaluations
from access_service.api.authzen.search_schemas import Search
from access_service.api.http.body_reader import BodyReader
from access_service.api.http.described import words
from access_service.app import create_app
from access_service.pack_app import create_pack_app
from access_service.settings import Settings

ROOT = Path(__file__).parents[3]
INSIDERS = re.compile(
    r"(?i)architecture|domain\.md|evidence\.md|pitfalls"
    r"|\brulings?\b|\brules? \d|\(#\d|\([A-Z]\d{0,2}(?:, [A-Z]\d+)*\)"
    r"|decisions?/\d|decision (?:record )?\d{4}|\bS\d Đ\d|issue \d"
)
FILES = {
    "/v1/sheets/{id}/{year}": "application/octet-stream",
    "/v1/old-exports/{id}": "application/octet-stream",
    "/v1/documents/{id}/signed-pdf": "application/pdf",
    "/v1/certificate-pages/{id}/signed": "application/pdf",
}
"""Their body is a file as it is."""
NO_BODY = {
    ("delete", "/v1/units/{id}/old-export"),
    ("delete", "/v1/sessions/current"),
    ("delete", "/v1/me/sessions/{id}"),
    ("get", "/access/v1/forward-auth"),
}


def made(name: str) -> FastAPI:
    if name == "register":
        return create_app(Settings())
    return create_pack_app(Settings(), ROOT / "policy" / "todo")


@pytest.fixture(scope="module", params=["register", "pack"])
def document(request: pytest.FixtureRequest) -> dict[str, Any]:
    return made(request.param).openapi()


def operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, item in document["paths"].items():
        for method, operation in item.items():
            yield method, path, operation


def texts(found: Any, where: str = "") -> Iterator[tuple[str, str]]:
    """What is written for people, with its place."""
    if isinstance(found, dict):
        for name, value in found.items():
            if name in ("description", "summary", "title") and isinstance(value, str):
                yield f"{where}/{name}", value
            elif name not in ("example", "examples"):
                yield from texts(value, f"{where}/{name}")
    elif isinstance(found, list):
        for number, value in enumerate(found):
            yield from texts(value, f"{where}/{number}")


def test_every_member_says_what_it_is(document: dict[str, Any]) -> None:
    bare = [
        f"{name}.{member}"
        for name, schema in document["components"]["schemas"].items()
        for member, found in schema.get("properties", {}).items()
        if not found.get("description")
    ]
    assert not bare, f"say what these are in src/access_service/api/http/members.toml: {bare}"


def test_every_parameter_and_every_field_of_a_form_says_what_it_is(document: dict[str, Any]) -> None:
    bare = []
    for method, path, operation in operations(document):
        said = {
            p["name"]: p.get("description") or p["schema"].get("description")
            for p in operation.get("parameters", ())
        }
        bare += [f"{method} {path} {name}" for name, text in said.items() if not text]
        for content in operation.get("requestBody", {}).get("content", {}).values():
            members = content["schema"].get("properties", {})
            bare += [f"{method} {path} {name}" for name, found in members.items() if not found.get("description")]
    assert not bare, bare


def test_every_operation_is_grouped_and_every_group_is_described(document: dict[str, Any]) -> None:
    described = {tag["name"] for tag in document["tags"]}
    for method, path, operation in operations(document):
        assert operation.get("summary"), (method, path)
        assert len(operation["tags"]) == 1, (method, path)
        assert operation["tags"][0] in described, (method, path)


def test_every_body_and_every_answer_has_an_example_of_its_type(document: dict[str, Any]) -> None:
    for method, path, operation in operations(document):
        shown = 0
        contents = [operation.get("requestBody", {}).get("content", {})]
        contents += [r.get("content", {}) for s, r in operation["responses"].items() if s[0] == "2"]
        for media_type, content in (pair for found in contents for pair in found.items()):
            if "example" not in content:
                assert media_type not in ("application/json", "application/x-www-form-urlencoded"), (method, path)
                continue
            shown += 1
            if "schema" in content:
                schema = {**content["schema"], "components": document["components"]}
                faults = [e.message for e in jsonschema_rs.validator_for(schema).iter_errors(content["example"])]
                assert not faults, (method, path, faults, content["example"])
        assert shown or (method, path) in NO_BODY, (method, path)


def body_routes() -> list[APIRoute]:
    found = [route for router in api.routers for route in router.routes if isinstance(route, APIRoute)]
    return [route for route in found if route.body_field is not None]


def test_every_example_of_a_managed_body_is_read_as_it_stands() -> None:
    document = made("register").openapi()
    unread: dict[str, Any] = {}
    routes = body_routes()
    assert len(routes) > 50
    for route in routes:
        operation = document["paths"][route.path][next(iter(route.methods)).lower()]
        content = operation["requestBody"]["content"]
        if route.path in FILES:
            assert list(content) == [FILES[route.path]], route.path
            continue
        example = content["application/json"]["example"]
        try:
            TypeAdapter(route.body_field.field_info.annotation).validate_json(json.dumps(example))
        except ValueError as error:
            unread[route.path] = (example, str(error))
    assert not unread, unread


def test_the_examples_of_the_decision_point_are_read_as_they_stand() -> None:
    for type_, example in ((Evaluation, QUESTION), (Evaluations, BATCH), *((Search, s) for s in SEARCHES.values())):
        read = BodyReader(type_, is_closed=True).strictly(json.dumps(example).encode())
        again = {name: value for name, value in json.loads(msgspec.json.encode(read)).items() if value is not None}
        assert again.keys() == example.keys()
        assert not list(list_ignored(read))


def test_nothing_refers_to_papers_that_a_reader_does_not_have(document: dict[str, Any]) -> None:
    assert len(list(texts(document))) > 100
    assert [(where, text) for where, text in texts(document) if INSIDERS.search(text)] == []


@pytest.mark.parametrize(
    "text", ["The life (architecture section 3).", "Hình thức (#22).", "(A3) who", "rule 15", "decision 0045"]
)
def test_such_a_reference_would_be_found(text: str) -> None:
    assert INSIDERS.search(text)


def test_no_word_is_kept_for_a_member_that_is_no_more() -> None:
    document = made("register").openapi()
    schemas = document["components"]["schemas"]
    members = {m for schema in schemas.values() for m in schema.get("properties", {})}
    full = {f"{name}.{m}" for name, schema in schemas.items() for m in schema.get("properties", {})}
    assert set(words().members) <= members | full
    parameters = {p["name"] for _, _, o in operations(document) for p in o.get("parameters", ())}
    assert {name.rpartition(".")[2] for name in words().parameters} <= parameters
    assert set(words().requests) <= set(schemas)
    assert set(words().tags) == {tag["name"] for tag in document["tags"]}
