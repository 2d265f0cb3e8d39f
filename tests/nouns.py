"""The tables of `docs/development.md`: for each noun its files on each floor, and for each rule its place."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
SOURCE, TESTS = ROOT / "src" / "access_service", ROOT / "tests"
FLOORS = (
    "domain",
    "engine",
    "storage",
    "signing",
    "evidence",
    "live",
    "usecases",
    "rendering",
    "api",
    "web",
    "cli",
)
ONE_FLOOR = {"domain": "domain", "command line": "cli", "tests": "tests"}
"""Columns of one floor leave its name out."""
_NAME = re.compile(r"`([^`]+)`")
_TABLE = re.compile(r"^\| Noun \|.*\n(?:\|.*\n)+", re.MULTILINE)
_RULES = re.compile(r"^\| Rule \|.*\n(?:\|.*\n)+", re.MULTILINE)


class Rule(NamedTuple):
    """A row of the table of rules."""

    number: int
    words: str
    noun: str
    decided: str
    theorem: str


def _cells(table: re.Pattern[str]) -> list[list[str]]:
    text = (ROOT / "docs" / "development.md").read_text("utf-8")
    (found,) = table.findall(text)
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in found.splitlines()]


@cache
def rows() -> dict[str, dict[str, list[str]]]:
    """Noun to column to the files named there, each with its floor before it."""
    head, _, *lines = _cells(_TABLE)
    found: dict[str, dict[str, list[str]]] = {}
    for noun, *cells in lines:
        assert noun not in found, f"{noun} has two rows"
        found[noun] = {
            column: [f"{ONE_FLOOR[column]}/{n}" if column in ONE_FLOOR else n for n in _NAME.findall(cell)]
            for column, cell in zip(head[1:], cells, strict=True)
        }
    return found


def named() -> list[str]:
    """Every file that the table names, as often as it does."""
    return [name for columns in rows().values() for names in columns.values() for name in names]


def nouns_of(name: str) -> list[str]:
    """The nouns in whose rows a file stands."""
    return [noun for noun, columns in rows().items() for names in columns.values() if name in names]


def present() -> set[str]:
    """Every module of every floor, and every file of tests in a folder that mirrors one."""
    modules = {
        path.relative_to(SOURCE).with_suffix("").as_posix()
        for floor in FLOORS
        for path in (SOURCE / floor).rglob("*.py")
        if path.name != "__init__.py" and "migrations" not in path.parts
    }
    tests = {
        path.relative_to(ROOT).with_suffix("").as_posix()
        for floor in FLOORS
        for path in (TESTS / floor).rglob("test_*.py")
    }
    return modules | tests


RULES = [
    Rule(int(n), words, noun, decided.strip("`"), theorem.strip("`"))
    for n, words, noun, decided, theorem in _cells(_RULES)[2:]
]
