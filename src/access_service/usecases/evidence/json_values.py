"""Answers as JSON values: what an explanation and a matrix have in common."""

from collections.abc import Iterable, Mapping
from dataclasses import fields, is_dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from access_service.domain.scope import Scope
from access_service.domain.time import local
from access_service.storage.codec import dump_scope_json


def json_value(value: Any) -> Any:
    """The value as `json` takes it: instants on a Vietnamese clock (ISO 8601 with offset), absent members null."""
    if isinstance(value, Scope):
        return dump_scope_json(value)
    if isinstance(value, StrEnum):
        return str(value)
    if isinstance(value, datetime):
        return local(value).isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if is_dataclass(value):
        return {f.name: json_value(getattr(value, f.name)) for f in fields(value)}
    if isinstance(value, Mapping):
        return {key: json_value(item) for key, item in value.items()}
    if isinstance(value, Iterable) and not isinstance(value, str):
        return [json_value(item) for item in value]
    return value
