"""Every wrong fact that a rule of `domain` refuses, read from its source; and which rule a refusal came from."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import access_service.domain
from access_service.domain.errors import RefusedError

HOME = "access_service.domain"
CODES = {"InvalidError": "invalid", "NotFoundError": "not_found"}


@dataclass(frozen=True, slots=True, order=True)
class Fact:
    """One thing that a rule refuses: the function that is the rule, and its sentence with … for what it names."""

    rule: str
    says: str

    def is_heard_in(self, rule: str, message: str) -> bool:
        """Did this rule say that?"""
        pattern = ".*".join(map(re.escape, self.says.split("…")))
        return rule == self.rule and re.fullmatch(pattern, message, re.DOTALL) is not None


def refused_in_domain() -> frozenset[Fact]:
    """Every refusal that a function of `domain` raises."""
    found = set[Fact]()
    for path in sorted(Path(access_service.domain.__path__[0]).glob("*.py")):
        for function in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(function, ast.FunctionDef):
                found |= {Fact(f"{path.stem}.{function.name}", says) for says in _sentences(function)}
    return frozenset(found)


def _sentences(function: ast.FunctionDef) -> Iterator[str]:
    for node in ast.walk(function):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
            continue
        if node.func.id == "RefusedError":
            yield _said(node.args[1])
        elif node.func.id == "InvalidError":
            yield _said(node.args[0])
        elif node.func.id == "NotFoundError":
            yield f"no {_said(node.args[0])} `…`"


def _said(node: ast.expr) -> str:
    if isinstance(node, ast.Constant):
        return str(node.value)
    if isinstance(node, ast.JoinedStr):
        return "".join(_said(part) for part in node.values)
    return "…"


@dataclass(frozen=True, slots=True)
class Heard:
    """A refusal that was raised: by which rule, with which sentence and code."""

    rule: str
    message: str
    code: str


@contextmanager
def listening() -> Iterator[list[Heard]]:
    """What the rules of `domain` refuse while the block runs, in whichever thread."""
    heard: list[Heard] = []
    made = RefusedError.__init__

    def listen(self: RefusedError, code: Any, message: str, **details: object) -> None:
        made(self, code, message, **details)
        frame = sys._getframe(1)
        while frame.f_back is not None and frame.f_globals["__name__"] == f"{HOME}.errors":
            frame = frame.f_back
        place = str(frame.f_globals["__name__"])
        if place.startswith(f"{HOME}."):
            heard.append(Heard(f"{place.rpartition('.')[2]}.{frame.f_code.co_name}", message, str(code)))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(RefusedError, "__init__", listen)
        yield heard
