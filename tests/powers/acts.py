"""Every act of the product, found by its signature."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterator
from types import CodeType, FunctionType, ModuleType
from typing import Any

import access_service.usecases as package
from access_service import api
from access_service.storage.db import Database
from access_service.usecases import services

WRITERS = {services.act, services.operate, Database.write, Database.aside}
"""Whatever reaches one of these writes."""


def functions() -> Iterator[tuple[str, Callable[..., Any]]]:
    """Every public function `(services, caller, …)` of the use cases, by its module and name."""
    for info in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        module = importlib.import_module(info.name)
        noun = info.name.rpartition(".")[2]
        for name, function in sorted(vars(module).items()):
            if not isinstance(function, FunctionType) or function.__module__ != module.__name__:
                continue
            is_act = list(inspect.signature(function).parameters)[:2] == ["services", "caller"]
            if (
                is_act
                and not name.startswith("_")
                and function not in (services.act, services.look, services.refusing)
            ):
                yield f"{noun}.{name}", function


def acts() -> dict[str, Callable[..., Any]]:
    """Those that write; the others only look."""
    return {name: function for name, function in functions() if writes(function)}


def called_by_routes() -> dict[str, Callable[..., Any]]:
    """Every use case that a route of the API names, by its module and name; its reading ones, too."""
    found = {}
    for info in pkgutil.walk_packages(api.__path__, f"{api.__name__}."):
        for function in vars(importlib.import_module(info.name)).values():
            if isinstance(function, FunctionType) and function.__module__ == info.name:
                found.update({f"{f.__module__.rpartition('.')[2]}.{f.__name__}": f for f in _named_in(function)})
    return found


def _named_in(function: FunctionType) -> Iterator[FunctionType]:
    names = names_in(function.__code__)
    for name in names:
        held = function.__globals__.get(name)
        if isinstance(held, ModuleType) and held.__name__.startswith(package.__name__):
            named = (getattr(held, other, None) for other in names)
            yield from (f for f in named if isinstance(f, FunctionType) and f.__module__ == held.__name__)
        elif isinstance(held, FunctionType) and held.__module__.startswith(package.__name__):
            yield held


def writes(function: Callable[..., Any], seen: set[Callable[..., Any]] | None = None) -> bool:
    """Does the function, or anything of the use cases that it calls, open a transaction that writes?"""
    seen = set() if seen is None else seen
    seen.add(function)
    function = inspect.unwrap(function)
    if not isinstance(function, FunctionType):
        return False
    if names_in(function.__code__) & {"write", "aside"}:
        return True
    named = set(_named_in(function))
    return bool(named & {services.act, services.operate}) or any(
        found not in seen and writes(found, seen) for found in named
    )


def names_in(code: CodeType) -> set[str]:
    """Every global and attribute that the code names, in its inner functions, too."""
    names = set(code.co_names)
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            names |= names_in(constant)
    return names
