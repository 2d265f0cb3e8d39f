"""A pack, compiled: Casbin's answers, kept. Values only, so that `engine.decide` stays pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from access_service.domain.policy import Pack, PeriodLock, RoleRule

CellKey = tuple[str, str]
"""Category and action."""


@dataclass(frozen=True, slots=True)
class Cell:
    """Casbin's answer to one question."""

    rule: RoleRule
    """The row that decided, for explanations."""
    functions: frozenset[str]
    """Functions of every row of that effect on the cell; a request that names another is outside the role."""


@dataclass(frozen=True, slots=True)
class RoleCells:
    """Everything a pack says about one role. A cell in neither table is a deny by rule 1 (nothing by default)."""

    allow: Mapping[CellKey, Cell]
    deny: Mapping[CellKey, Cell]
    """Cells that a row denies explicitly, rows about every role included; none of them is in `allow`."""
    actions: frozenset[str]
    """Actions allowed on at least one category."""
    categories: frozenset[str]
    """Categories on which at least one action is allowed."""


@dataclass(frozen=True, slots=True)
class CompiledPack:
    """One pack, compiled."""

    pack: Pack
    roles: Mapping[str, RoleCells]
    """A table for each role of the pack, empty where no row names the role."""
    everyone_deny: Mapping[CellKey, RoleRule]
    """Cells that a row about `*` denies, whatever the role."""
    kinds: dict[object, Any] = field(default_factory=dict, compare=False, repr=False)
    """What `engine.rulings` has found out so far: a memory, no part of what the pack says."""
    outcomes: list[int] = field(default_factory=lambda: [0], compare=False, repr=False)
    """How many outcomes `kinds` holds, in a list of one number."""


def locks_by_cell(pack: Pack, kind: str) -> Mapping[CellKey, tuple[PeriodLock, ...]]:
    """The pack's period locks that concern units of this kind."""
    found: dict[CellKey, tuple[PeriodLock, ...]] = {}
    for lock in pack.locks:
        if kind in lock.unit_kinds:
            cells = [(category, action) for category in lock.categories for action in lock.actions]
            found.update({cell: (*found.get(cell, ()), lock) for cell in cells})
    return found
