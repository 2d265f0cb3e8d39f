"""`docs/development.md` leads from an act, a route, a command or a rule to its noun's files on each floor.

That every module stands in one row is kept by `tests/test_contracts.py`, with the other things of every landing.
"""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Callable, Iterator
from functools import cache
from types import FunctionType
from typing import Any

import pytest
import typer
from fastapi.routing import iter_route_contexts

from access_service.app import create_app
from access_service.cli.commands import app as command_line
from access_service.settings import Settings
from nouns import FLOORS, RULES, SOURCE, TESTS, nouns_of, rows
from powers.acts import functions, names_in

FRAMEWORK = {"fastapi.applications", "access_service.app"}
"""Where the description and its page are made: no noun's."""


OURS = "access_service."


def file_of(function: Callable[..., Any]) -> str:
    """The function's module as the table writes it: `usecases/handover/delegation`."""
    return inspect.unwrap(function).__module__.removeprefix("access_service.").replace(".", "/")


@cache
def defined_in(name: str) -> set[str]:
    """What the module of that name defines."""
    tree = ast.parse((SOURCE / f"{name}.py").read_text("utf-8"))
    return {n.name for n in ast.walk(tree) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)}


def noun_of(function: Callable[..., Any]) -> str:
    """The one noun whose row has the function's file, which really defines it."""
    name = file_of(function)
    assert inspect.unwrap(function).__name__ in defined_in(name), name
    (noun,) = nouns_of(name)
    return noun


def commands(group: Any, before: str = "") -> Iterator[tuple[str, FunctionType]]:
    """Every command as it is typed, and the function behind it."""
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, f"{before}{name} ")
        else:
            yield before + name, inspect.unwrap(command.callback)


def endpoints() -> list[tuple[str, Callable[..., Any]]]:
    """Every route of the application, by method and path."""
    app: Any = create_app(Settings())
    found = [
        (f"{sorted(route.methods or ())} {route.path}", route.endpoint)
        for route in iter_route_contexts(app.routes)
        if getattr(route, "endpoint", None) is not None
    ]
    return [(name, endpoint) for name, endpoint in found if endpoint.__module__ not in FRAMEWORK]


def test_an_act_leads_to_its_noun_which_has_tests() -> None:
    found = {name: noun_of(function) for name, function in functions()}
    assert len(found) > 90
    assert {noun for noun in found.values() if not rows()[noun]["tests"]} <= {"recoveries"}


def test_a_route_leads_to_its_noun_and_the_acts_behind_it() -> None:
    found = {name: (noun_of(endpoint), endpoint) for name, endpoint in endpoints()}
    assert len(found) > 100
    assert {name: noun for name, (noun, _) in found.items() if not rows()[noun]["API, web"]} == {}
    acts = {function.__name__: function for _, function in functions()}
    called = {acts[n] for _, endpoint in found.values() for n in names_in(endpoint.__code__) & acts.keys()}
    assert len(called) > 60
    assert all(noun_of(function) for function in called)


def test_a_command_leads_to_its_noun_and_what_it_runs() -> None:
    found = dict(commands(typer.main.get_group(command_line)))
    assert len(found) > 30
    for name, function in found.items():
        assert noun_of(function), name
        named = names_in(function.__code__)
        ran = [function.__globals__.get(n) for n in named]
        files = {file_of(f) for f in ran if isinstance(f, FunctionType) and f.__module__.startswith(OURS)}
        # Most commands import what they run when they run it.
        files |= {n.removeprefix("access_service.").replace(".", "/") for n in named if n.startswith(OURS)}
        assert files, f"`{name}` runs nothing"
        on_floors = {
            file for file in files if file.partition("/")[0] in FLOORS and (SOURCE / f"{file}.py").exists()
        }
        assert {file for file in on_floors if len(nouns_of(file)) != 1} == set(), name


def numbers_in(text: str) -> set[int]:
    """The rules that a text names: `rule 3`, `rules 5, 7 and 12`, `rules 3 to 9`."""
    found: set[int] = set()
    for said in re.findall(r"[Rr]ules? (\d+(?:(?:, | and | to |, and )\d+)*)", text):
        found |= {int(n) for n in re.findall(r"\d+", said)}
        for first, last in re.findall(r"(\d+) to (\d+)", said):
            found |= set(range(int(first), int(last) + 1))
    return found


def test_every_rule_is_listed_once() -> None:
    assert [rule.number for rule in RULES] == list(range(1, 18))


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: f"rule {rule.number}")
def test_a_rule_leads_to_where_it_is_decided_and_proved(rule: Any) -> None:
    assert nouns_of(rule.decided) == [rule.noun]
    assert rule.number in numbers_in((SOURCE / f"{rule.decided}.py").read_text("utf-8"))
    proved = (TESTS.parent / f"{rule.theorem}.py").read_text("utf-8")
    assert rule.number in numbers_in(ast.get_docstring(ast.parse(proved)) or "")


def test_numbers_of_rules_are_read_in_every_way_they_are_written() -> None:
    text = "(rule 1) (rules 2, 3, 7 to 9) Rules 11 to 12: rules 5 and 14; rule x"
    assert numbers_in(text) == {1, 2, 3, 5, 7, 8, 9, 11, 12, 14}
