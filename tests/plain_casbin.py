"""A pack's tables with nothing in them: every look-up asks Casbin itself, with all the pack's rows."""

from collections.abc import Callable, Iterator, Mapping

from access_service.domain.policy import ANY, Pack, RoleRule
from access_service.engine.casbin_engine import CasbinEngine
from access_service.engine.compiled_pack import Cell, CellKey, CompiledPack, RoleCells


class Asked(Mapping):
    """A mapping over known keys whose values are asked for one at a time; None is no entry."""

    def __init__(self, keys: list, ask: Callable) -> None:
        self._keys, self._ask = keys, ask

    def __getitem__(self, key):
        if key not in self._keys or (found := self._ask(key)) is None:
            raise KeyError(key)
        return found

    def __iter__(self) -> Iterator:
        return (key for key in self._keys if self._ask(key) is not None)

    def __len__(self) -> int:
        return sum(1 for _ in self)


def casbin_tables(pack: Pack) -> CompiledPack:
    """What `engine.decide` takes for compiled tables."""
    engine = CasbinEngine(pack)
    known: dict[tuple[str, str, str], RoleRule | None] = {}
    cells: list[CellKey] = [(category, action) for category in pack.categories for action in pack.actions]

    def ask(role: str, cell: CellKey) -> RoleRule | None:
        if (role, *cell) not in known:
            known[role, *cell] = engine.ask(role, *cell)
        return known[role, *cell]

    def functions(role: str, cell: CellKey, allow: bool) -> frozenset[str]:
        rows = [r for r in pack.rules if r.role in (role, ANY) and (r.category, r.action) == cell]
        return frozenset(r.function for r in rows if r.allow is allow)

    def half(role: str, allow: bool) -> Asked:
        def cell_of(cell: CellKey) -> Cell | None:
            rule = ask(role, cell)
            return Cell(rule, functions(role, cell, allow)) if rule is not None and rule.allow is allow else None

        return Asked(cells, cell_of)

    def actions(role: str) -> "Actions":
        return Actions(role, pack, ask)

    def categories(role: str) -> frozenset[str]:
        return frozenset(
            c for c in pack.categories if any((r := ask(role, (c, a))) and r.allow for a in pack.actions)
        )

    def role_table(role: str) -> RoleCells:
        return RoleCells(half(role, True), half(role, False), actions(role), categories(role))  # type: ignore[arg-type]

    def denied(cell: CellKey) -> RoleRule | None:
        rule = ask(ANY, cell)
        return rule if rule is not None and not rule.allow else None

    return CompiledPack(pack, Asked(list(pack.roles), role_table), Asked(cells, denied))


class Actions:
    """The actions a role has on some category, asked for one at a time."""

    def __init__(self, role: str, pack: Pack, ask: Callable) -> None:
        self._role, self._pack, self._ask = role, pack, ask

    def __contains__(self, action: object) -> bool:
        found = (self._ask(self._role, (category, action)) for category in self._pack.categories)
        return any(rule is not None and rule.allow for rule in found)
