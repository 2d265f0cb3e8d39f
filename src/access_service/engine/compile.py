"""Partial evaluation: Casbin is asked every question once, and its answers become tables.

Role x category x action is a few thousand cells; one role's rules at a time keeps each question short (a test
proves that equal to asking with all of them). Under two seconds a pack.
"""

import threading
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from types import MappingProxyType
from weakref import WeakValueDictionary

from access_service.domain.policy import ANY, Pack, RoleRule
from access_service.engine.casbin_engine import CasbinEngine
from access_service.engine.tables import Cell, CellKey, RoleTable, Tables

__all__ = ["Cell", "CellKey", "RoleTable", "Tables", "alone_with", "compile_pack"]

_KEPT = 8
"""Packs kept compiled: a province binds one or two, and a comparison of versions needs a few more."""
_compiled: OrderedDict[str, Tables] = OrderedDict()
_lock = threading.Lock()


class _Turn:
    """A lock for one digest; it goes when nobody waits for it any more."""

    __slots__ = ("__weakref__", "lock")

    def __init__(self) -> None:
        self.lock = threading.RLock()


_turns: WeakValueDictionary[str, _Turn] = WeakValueDictionary()


@contextmanager
def alone_with(digest: str) -> Iterator[None]:
    """One thread at a time reads and compiles the pack of a digest; the others wait and find it done."""
    with _lock:
        turn = _turns.get(digest) or _turns.setdefault(digest, _Turn())
    with turn.lock:
        yield


def compile_pack(pack: Pack) -> Tables:
    """The tables of a pack, kept by its digest. Safe from several threads, of which one does the work."""
    with alone_with(pack.digest):
        return _kept_or_compiled(pack)


def _kept_or_compiled(pack: Pack) -> Tables:
    with _lock:
        kept = _compiled.get(pack.digest)
        # A pack made by hand may carry a digest that is not its own: the digest alone is not believed.
        if kept is not None and kept.pack == pack:
            _compiled.move_to_end(pack.digest)
            return kept
    tables = _compile(pack)
    with _lock:
        _compiled[pack.digest] = tables
        _compiled.move_to_end(pack.digest)
        while len(_compiled) > _KEPT:
            _compiled.popitem(last=False)
    return tables


def _compile(pack: Pack) -> Tables:
    of_role: dict[str, list[RoleRule]] = {}
    for rule in pack.rules:
        of_role.setdefault(rule.role, []).append(rule)
    everyone = of_role.get(ANY, [])
    roles = {role: _role_table(pack, role, [*of_role.get(role, ()), *everyone]) for role in pack.roles}
    denied = {cell: found.rule for cell, found in _role_table(pack, ANY, everyone).deny.items()}
    return Tables(pack, MappingProxyType(roles), MappingProxyType(denied))


def _role_table(pack: Pack, role: str, rules: list[RoleRule]) -> RoleTable:
    engine = CasbinEngine(pack, rules)
    functions: dict[tuple[str, str, bool], set[str]] = {}
    for rule in rules:
        functions.setdefault((rule.category, rule.action, rule.allow), set()).add(rule.function)
    allow: dict[CellKey, Cell] = {}
    deny: dict[CellKey, Cell] = {}
    for category in pack.categories:
        for action in pack.actions:
            decided = engine.ask(role, category, action)
            if decided is not None:
                cell = Cell(decided, frozenset(functions[category, action, decided.allow]))
                (allow if decided.allow else deny)[category, action] = cell
    categories, actions = frozenset(c for c, _ in allow), frozenset(a for _, a in allow)
    return RoleTable(MappingProxyType(allow), MappingProxyType(deny), actions, categories)
