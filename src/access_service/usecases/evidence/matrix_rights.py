"""What a role opens in a matrix: categories and actions, made once for the rows that share them."""

from access_service.domain.delegation import Grant
from access_service.engine.compiled_pack import CompiledPack
from access_service.usecases.evidence.matrix_values import CategoryActions


class RoleRights:
    """Remembers the rights of each role in each pack, so that rows share them."""

    def __init__(self) -> None:
        """Nothing is known yet."""
        self._rights: dict[
            tuple[str, str, frozenset[str] | None, frozenset[str] | None], tuple[CategoryActions, ...]
        ] = {}

    def of(self, grant: Grant, tables: CompiledPack | None) -> tuple[CategoryActions, ...]:
        """The pack's table of the role where the records are, narrowed by the grant."""
        if tables is None or grant.role not in tables.roles:
            return ()
        scope = grant.scope
        key = (tables.pack.digest, grant.role, scope.categories, scope.actions)
        if key not in self._rights:
            pack, found = tables.pack, dict[str, list[str]]()
            for category, action in tables.roles[grant.role].allow:
                if scope.categories is not None and category not in scope.categories:
                    continue
                if scope.actions is None or action in scope.actions:
                    found.setdefault(category, []).append(action)
            self._rights[key] = tuple(
                CategoryActions(
                    category=category,
                    category_vi=pack.categories[category].vi,
                    actions=tuple(actions),
                    actions_vi=tuple(pack.actions[action] for action in actions),
                )
                for category in pack.categories
                if (actions := [a for a in pack.actions if a in found.get(category, ())])
            )
        return self._rights[key]
