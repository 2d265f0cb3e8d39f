"""`/openapi.json`, completed: what each member is, how one looks, and an example for every body and answer.

FastAPI writes the operations and the types of the management routes, msgspec the types of the hot routes. The words
stand in `members.toml`, beside this file; a docstring under a member in the code wins over them.
"""

import ast
import inspect
import re
import textwrap
import tomllib
from collections.abc import Iterable, Mapping
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import msgspec

REFERENCE = "#/components/schemas/"
DEEPEST = 6
"""How deep an example follows types into each other."""
_LEADING = re.compile(r"/v1/([a-z-]+)/\{id\}")
_TYPES: Mapping[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
}
_FORMATS = {"date": r"\d{4}-\d\d-\d\d", "date-time": r"\d{4}-\d\d-\d\dT.*"}
_PLAIN: Mapping[str, Any] = {"string": "…", "integer": 1, "number": 1, "boolean": False}
"""What stands where no example is known."""
_OMITTED = object()


class Words:
    """The words of `members.toml`."""

    def __init__(self, found: Mapping[str, Any]) -> None:
        self.members: Mapping[str, list[Any]] = found["members"]
        self.parameters: Mapping[str, list[Any]] = found["parameters"]
        self.form: Mapping[str, list[Any]] = found["form"]
        self.requests: Mapping[str, Any] = found["requests"]
        self.tags: Mapping[str, str] = found["tags"]

    def of(self, schema: str, member: str) -> list[Any]:
        """Description and perhaps an example of a member."""
        return self.members.get(f"{schema}.{member}") or self.members.get(member) or []


@cache
def words() -> Words:
    """Read `members.toml`, once."""
    text = Path(__file__).with_name("members.toml").read_text(encoding="utf-8")
    return Words(tomllib.loads(text))


def components_of(types: Iterable[type[msgspec.Struct]]) -> dict[str, Any]:
    """The types as components, each member with the docstring that stands under it in the code."""
    types = list(types)
    _, found = msgspec.json.schema_components(types, ref_template=f"{REFERENCE}{{name}}")
    for type_ in types:
        said = member_docstrings(type_)
        names = dict(zip(type_.__struct_fields__, type_.__struct_encode_fields__, strict=True))
        for attribute, text in said.items():
            member = found[type_.__name__]["properties"].get(names.get(attribute, attribute))
            if member is not None:
                member.setdefault("description", text)
    return found


def member_docstrings(type_: type) -> dict[str, str]:
    """The docstrings under the attributes of a class, as its source has them."""
    (made,) = ast.parse(textwrap.dedent(inspect.getsource(type_))).body
    found: dict[str, str] = {}
    body = made.body if isinstance(made, ast.ClassDef) else []
    for one, after in pairwise(body):
        is_text = isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant)
        if isinstance(one, ast.AnnAssign) and isinstance(one.target, ast.Name) and is_text:
            found[one.target.id] = inspect.cleandoc(str(after.value.value))  # type: ignore[attr-defined]
    return found


def complete(document: dict[str, Any]) -> None:
    """Put descriptions, examples and tags where there are none yet."""
    schemas = document["components"]["schemas"]
    for name, schema in schemas.items():
        for member, found in schema.get("properties", {}).items():
            told = words().of(name, member)
            if told:
                found.setdefault("description", told[0])
    used = set()
    for path, operations in document["paths"].items():
        for operation in operations.values():
            used.update(operation.get("tags", ()))
            _parameters(path, operation)
            _examples(operation, schemas)
    document["tags"] = [{"name": n, "description": text} for n, text in words().tags.items() if n in used]


def _parameters(path: str, operation: dict[str, Any]) -> None:
    leading = _LEADING.match(path)
    for found in operation.get("parameters", ()):
        name, known = found["name"], words().parameters
        told = (known.get(f"{leading[1]}.{name}") if leading and name == "id" else None) or known.get(name)
        if told:
            found.setdefault("description", told[0])
            if "example" not in found and len(told) > 1:
                found["example"] = told[1]


def _examples(operation: dict[str, Any], schemas: Mapping[str, Any]) -> None:
    for media_type, content in operation.get("requestBody", {}).get("content", {}).items():
        if media_type == "application/x-www-form-urlencoded":
            _form(content)
        elif "example" not in content and "schema" in content:
            content["example"] = Sampler(schemas, is_request=True).sample(content["schema"])
    for status, response in operation["responses"].items():
        for media_type, content in response.get("content", {}).items():
            if status[0] == "2" and media_type == "application/json" and "example" not in content:
                content["example"] = Sampler(schemas, is_request=False).sample(content.get("schema", {}))


def _form(content: dict[str, Any]) -> None:
    schema, known = content["schema"], words().form
    for name, member in schema["properties"].items():
        member.setdefault("description", known.get(name, [words().of("", name)[:1] or [""]][0])[0])
    required = schema["required"]
    content.setdefault("example", {name: known[name][1] for name in required})


class Sampler:
    """Makes an example of a type out of the examples of its members."""

    def __init__(self, schemas: Mapping[str, Any], *, is_request: bool) -> None:
        """Of what is sent, only what has to be; of what is answered, everything."""
        self._schemas = schemas
        self._is_request = is_request

    def sample(self, schema: Mapping[str, Any], of: str = "", member: str = "", depth: int = 0) -> Any:
        """One value of that type."""
        if "$ref" in schema:
            name = schema["$ref"].removeprefix(REFERENCE)
            if self._is_request and name in words().requests:
                return words().requests[name]
            return self._named(name, of, member, depth)
        if "anyOf" in schema:
            return self._any(schema["anyOf"], of, member, depth)
        if "enum" in schema:
            given = self._given(schema, of, member)
            return schema["enum"][0] if given is _OMITTED else given
        if schema.get("type") == "array":
            return [] if depth > DEEPEST else [self.sample(schema.get("items", {}), of, member, depth + 1)]
        if "properties" in schema:
            return self._object(schema, of, depth)
        given = self._given(schema, of, member)
        return _PLAIN.get(schema.get("type", ""), {}) if given is _OMITTED else given

    def _named(self, name: str, of: str, member: str, depth: int) -> Any:
        schema = self._schemas[name]
        if "properties" in schema:
            return self._object(schema, name, depth + 1) if depth <= DEEPEST else {}
        return self.sample(schema, of, member, depth)

    def _any(self, kinds: Iterable[Mapping[str, Any]], of: str, member: str, depth: int) -> Any:
        kinds = list(kinds)
        if {"type": "null"} not in kinds:
            return self.sample(kinds[0], of, member, depth)
        for kind in kinds:
            resolved = self._schemas[kind["$ref"].removeprefix(REFERENCE)] if "$ref" in kind else kind
            given = self._given(resolved.get("items", resolved), of, member)
            if kind != {"type": "null"} and given is not _OMITTED:
                return [given] if resolved.get("type") == "array" else given
        return None

    def _object(self, schema: Mapping[str, Any], name: str, depth: int) -> dict[str, Any]:
        members = schema["properties"]
        if self._is_request:
            chosen = schema.get("required") or [m for m in members if len(words().of(name, m)) > 1][:1]
            members = {m: members[m] for m in chosen}
        return {m: self.sample(found, name, m, depth) for m, found in members.items()}

    def _given(self, schema: Mapping[str, Any], of: str, member: str) -> Any:
        """The example of a member where it fits the type."""
        told = words().of(of, member)
        if len(told) < 2:  # noqa: PLR2004 a description and an example
            return _OMITTED
        value, type_ = told[1], schema.get("type", "string" if "enum" in schema else None)
        fits = isinstance(value, _TYPES.get(type_ or "", ())) and (type_ == "boolean") == isinstance(value, bool)
        fits = fits and value in schema.get("enum", (value,))
        shape = schema.get("pattern") or _FORMATS.get(schema.get("format", ""))
        return value if fits and (shape is None or re.match(shape, str(value))) else _OMITTED
