"""What the JSON of a matrix looks like, as JSON Schema: read from the values that are written."""

from dataclasses import fields, is_dataclass
from datetime import date, datetime
from enum import StrEnum
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from access_service.usecases.evidence.matrix_questions import MatrixLineChange
from access_service.usecases.evidence.matrix_values import (
    AnomalyLine,
    CategoryLine,
    ChangeLine,
    MatrixClass,
    MatrixHead,
    MatrixRow,
    MatrixShape,
)

Schema = dict[str, Any]
_PLAIN: dict[Any, Schema] = {
    str: {"type": "string"},
    bool: {"type": "boolean"},
    int: {"type": "integer"},
    datetime: {"type": "string", "format": "date-time"},
    date: {"type": "string", "format": "date"},
    NoneType: {"type": "null"},
}
_ROWS = (MatrixRow, MatrixClass, CategoryLine, AnomalyLine, ChangeLine)


def matrix_schema() -> Schema:
    """The whole answer: the head, what the rows are about, and the rows of that shape."""
    head = schema_of(MatrixHead)
    head["properties"] |= {
        "revision": {"type": "string"},
        "by": schema_of(MatrixShape),
        "rows": {"type": "array", "items": {"anyOf": [_row(found) for found in _ROWS]}},
        "above": {"type": "array", "items": _row(MatrixRow)},
        "sums": {"type": "object"},
    }
    head["required"] += ["by", "rows"]
    return head


def page_schema() -> Schema:
    """A page of lines, with the totals of all."""
    row = _row(MatrixRow)
    row["properties"]["change"] = schema_of(MatrixLineChange)
    counted = ("total", "people", "added", "gone", "pages", "page")
    properties: Schema = {
        "unit": {"type": "string"},
        "at": {"type": "string", "format": "date-time"},
        "revision": {"type": "string"},
        **{name: {"type": "integer"} for name in counted},
        "rows": {"type": "array", "items": row},
    }
    return {"type": "object", "properties": properties, "required": list(properties)}


def _row(value_type: type[Any]) -> Schema:
    """A row as it is written: of a line that wraps another the members of both."""
    found = schema_of(value_type)
    for wrapped in ("anomaly", "row", "right"):
        inner = found["properties"].pop(wrapped, None)
        if inner is not None:
            found["required"].remove(wrapped)
            inner["properties"].pop("rights", None)
            found["properties"] |= inner["properties"]
    if value_type in (MatrixRow, CategoryLine):
        found["properties"] |= {"state_vi": {"type": "string"}, "scope_vi": {"type": "string"}}
    return found


def schema_of(hint: Any) -> Schema:
    """The schema of one type."""
    hint = getattr(hint, "__supertype__", hint)
    if hint in _PLAIN:
        return dict(_PLAIN[hint])
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        return {"type": "string", "enum": [str(member) for member in hint]}
    if isinstance(hint, type) and is_dataclass(hint):
        hints = get_type_hints(hint)
        properties = {f.name: schema_of(hints[f.name]) for f in fields(hint)}
        # A scope leaves out the axes that it does not name.
        required = ["unit"] if hint.__name__ == "Scope" else list(properties)
        return {"type": "object", "properties": properties, "required": required}
    origin, inside = get_origin(hint), get_args(hint)
    if origin in (Union, UnionType):
        return {"anyOf": [schema_of(one) for one in inside]}
    if origin in (tuple, frozenset, list):
        # A pair, or many of one kind.
        items = [schema_of(one) for one in inside if one is not Ellipsis]
        return {"type": "array", "items": items[0]}
    return {"type": "object"}
