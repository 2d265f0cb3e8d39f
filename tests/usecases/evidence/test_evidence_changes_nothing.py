"""What proves something, and what is asked of memory, changes no fact; an export records that it was made."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

import pytest

from access_service import live
from access_service.usecases import evidence
from access_service.usecases.evidence import matrix
from access_service.usecases.handover import delegation
from access_service.usecases.identity import accounts
from powers.acts import names_in, writes

RECORDS = {"note", "note_everywhere"}
"""What of `storage.db.Database` writes a line into the log and nothing else."""


def functions_of(room: ModuleType) -> Iterator[tuple[str, Callable[..., Any]]]:
    """Every function and method of a room, private ones too."""
    for info in pkgutil.iter_modules(room.__path__, f"{room.__name__}."):
        module = importlib.import_module(info.name)
        holders = [
            module,
            *(c for _, c in inspect.getmembers(module, inspect.isclass) if c.__module__ == info.name),
        ]
        for holder in holders:
            for name, found in vars(holder).items():
                function = inspect.unwrap(found) if callable(found) else None
                if inspect.isfunction(function) and function.__module__ == info.name:
                    yield f"{info.name.rpartition('.')[2]}.{name}", function


@pytest.mark.parametrize("room", [evidence, live], ids=["evidence", "live"])
def test_nothing_there_reaches_a_transaction_that_writes(room: ModuleType) -> None:
    functions = dict(functions_of(room))
    assert len(functions) > 50
    assert [name for name, function in functions.items() if writes(function)] == []


def test_few_functions_record_that_something_was_read() -> None:
    found = {name: f for room in (evidence, live) for name, f in functions_of(room)}
    recording = {name for name, function in found.items() if names_in(function.__code__) & RECORDS}
    of_paths = {"paths._record", "paths.record_check", "paths.read_reach", "path_changes.read_changes"}
    assert recording == {"matrix.record_matrix", "who.record_reading"} | of_paths
    assert found["matrix.record_matrix"] is matrix.record_matrix


def test_an_act_would_be_found_also_where_it_is_reached_through_its_module() -> None:
    def reading(services: Any, caller: Any) -> Any:
        return delegation.suspend(services, caller)  # type: ignore[call-arg]

    assert writes(accounts.issue_account)
    assert writes(reading)
