"""Every act says which powers it moves, and its events say the same."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import access_service
from access_service.domain.powers import (
    EVENTS,
    HARMLESS,
    Power,
    declared_by,
    ends,
    find_undeclared,
    power,
    powerless,
)
from access_service.domain.powers import yields as comes_to
from powers.acts import acts, functions, writes

SOURCE = Path(access_service.__file__).parent


def test_no_act_is_bare() -> None:
    bare = [name for name, function in acts().items() if declared_by(function) is None]
    assert not bare, f"say with @power or @powerless (domain/powers.py) what these acts give and take: {bare}"


def test_the_acts_are_found_by_their_signature() -> None:
    found = acts()
    assert {"recoveries.ask_recovery", "org.assign_duty", "signatures.sign_batch", "policy.bind_pack"} <= set(found)
    assert len(found) >= 51
    assert not any(writes(function) for name, function in functions() if name.startswith("reading."))


def _happenings() -> Iterator[tuple[str, str]]:
    for path in sorted((SOURCE / "usecases").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            is_call = isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
            if is_call and node.func.attr == "happened" and node.args:  # type: ignore[attr-defined]
                first = node.args[0]  # type: ignore[attr-defined]
                if isinstance(first, ast.Constant):
                    yield path.name, str(first.value)


def test_every_event_that_an_act_writes_has_an_edge_or_is_called_harmless() -> None:
    operators = ("demo.", "register.", "account.unlock", "session.", "client.", "clock.", "key.")
    unknown = {f"{event} ({file})" for file, event in _happenings() if event not in EVENTS}
    unknown = {event for event in unknown if not event.startswith(operators)}
    assert not unknown, f"say in EVENTS (domain/powers.py) what these events are the mark of: {sorted(unknown)}"


def test_a_powerless_act_that_leaves_an_undeclared_event_is_named() -> None:
    @powerless("it says so")
    def liar() -> None: ...

    declaration = declared_by(liar)
    assert declaration is not None
    assert find_undeclared(declaration, ["person.add", "document.prepare"]) == []
    assert find_undeclared(declaration, ["person.add", "grant.end"]) == ["grant.end"]
    assert find_undeclared(declaration, ["something.new"]) == ["something.new"]


def test_a_power_that_is_not_declared_is_named_too() -> None:
    @power(comes_to(Power.GRANT) | ends(Power.CUSTODY))
    def half() -> None: ...

    declaration = declared_by(half)
    assert declaration is not None
    assert find_undeclared(declaration, ["grant.activate", "custody.end", "session.open"]) == []
    assert find_undeclared(declaration, ["grant.end", "custody.begin"]) == ["custody.begin", "grant.end"]


def test_a_declaration_says_something() -> None:
    with pytest.raises(ValueError, match="has edges"):
        power(HARMLESS)
    with pytest.raises(ValueError, match="say why"):
        powerless("")
