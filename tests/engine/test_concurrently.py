"""Many threads at once: a pack is read and compiled once, and Casbin is asked by one of them at a time."""

from __future__ import annotations

import ast
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import casbin
import pytest

from access_service.engine import casbin_engine
from access_service.engine import compile as compile_module
from access_service.engine.alone.decisions import Named, NamedAction, StandaloneEngine
from engine.small_packs import LEAF, parsed
from engine.standalone_packs import ALONE
from engine.standalone_packs import parsed as parsed_alone
from remembered import MEMORY, compile_pack

THREADS = 16


def together(act: Callable[[int], Any]) -> list[Any]:
    """What each of many threads gets, all let go at one moment."""
    barrier = threading.Barrier(THREADS)

    def one(number: int) -> Any:
        barrier.wait()
        return act(number)

    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(one, range(THREADS)))


def test_one_thread_compiles_a_pack_and_the_others_wait_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    MEMORY.compiled.clear()
    done: list[str] = []
    compiling = compile_module._compile
    monkeypatch.setattr(compile_module, "_compile", lambda pack: done.append(pack.digest) or compiling(pack))
    pack = parsed(LEAF)
    found = together(lambda _: compile_pack(pack))
    assert done == [pack.digest]
    assert all(tables is found[0] for tables in found)


def test_a_turn_is_forgotten_when_nobody_waits() -> None:
    with MEMORY.alone_with("a"), MEMORY.alone_with("b"), MEMORY.alone_with("a"):
        assert {"a", "b"} <= set(MEMORY._turns)
    assert not {"a", "b"} & set(MEMORY._turns)


def test_casbin_is_asked_by_one_thread_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Through every door: loading a model, compiling a pack, a question to a pack that stands alone."""
    inside, most = 0, 0
    parsing = ast.parse

    def watched(*args: Any, **kwargs: Any) -> Any:
        nonlocal inside, most
        inside += 1
        most = max(most, inside)
        assert casbin_engine._ALONE._is_owned()  # type: ignore[attr-defined]
        try:
            return parsing(*args, **kwargs)
        finally:
            inside -= 1

    monkeypatch.setattr("casbin.util.expression.ast.parse", watched)
    MEMORY.compiled.clear()
    alone = StandaloneEngine(parsed_alone(ALONE))
    user, read = Named("user", "an", {}), NamedAction("read", {})
    asked = {
        "subject": {"id": "an", "role": "reader", "team": ""},
        "action": {"name": "read", "soft": ""},
        "resource": {"id": "n1", "owner": "an", "team": ""},
    }

    def act(number: int) -> None:
        compile_pack(parsed(LEAF))
        alone.decide(user, read, Named("note", f"n{number}", {"owner": "an"}))
        alone.ask_casbin(asked)

    together(act)
    assert most == 1


def test_a_matcher_is_parsed_once_and_answers_as_plain_casbin_does(monkeypatch: pytest.MonkeyPatch) -> None:
    pack, parsed_times = parsed(LEAF), 0
    parsing = ast.parse

    def counted(*args: Any, **kwargs: Any) -> Any:
        nonlocal parsed_times
        parsed_times += 1
        return parsing(*args, **kwargs)

    engine = casbin_engine.CasbinEngine(pack)
    plain = casbin.Enforcer(engine._enforcer.model)
    questions = [(role, c, a) for role in pack.roles for c in pack.categories for a in pack.actions]
    expected = [plain.enforce(*question) for question in questions]
    monkeypatch.setattr("casbin.util.expression.ast.parse", counted)
    found = [engine.ask(*question) for question in questions]
    assert [rule is not None and rule.allow for rule in found] == expected
    assert parsed_times == 1
