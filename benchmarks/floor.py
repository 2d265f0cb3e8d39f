"""The floor: what a good programmer would write by hand for this one province and these questions, in plain Python.

Dictionaries and tuples, one clock read a decision, a bool for an answer. It knows expiry, suspension, subtree,
level, class and school year; no reasons, no documents, no revision, no explicit deny, no bound on memory.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from time import time  # noqa: TID251 the floor reads the clock as a plain program would

from dataset import Account, Request, Rule, SchoolClass, Unit

Held = tuple[str, str, frozenset[str] | None, frozenset[str] | None, str | None, int, int]
"""Role, unit, levels, classes, school year, start, end."""


class Floor:
    """Everything in four dictionaries."""

    name = "floor"

    def __init__(self) -> None:
        self.roles: dict[tuple[str, str], frozenset[str]] = {}
        self.places: dict[str, tuple[frozenset[str], str, str]] = {}
        self.held: dict[str, tuple[tuple[int, int] | None, tuple[Held, ...]]] = {}

    def organisation(self, units: Iterable[Unit], classes: Iterable[SchoolClass], rules: list[Rule]) -> None:
        """Rules and places."""
        allowed: dict[tuple[str, str], set[str]] = {}
        for role, category, action in rules:
            allowed.setdefault((category, action), set()).add(role)
        self.roles = {cell: frozenset(roles) for cell, roles in allowed.items()}
        chains = {unit.id: frozenset(unit.chain) for unit in units}
        self.places = {c.id: (chains[c.school], c.level, c.year) for c in classes}

    def accounts(self, accounts: Iterable[Account]) -> None:
        """Grants by account; equal sets are one object, as by hand one would."""
        one: dict[object, frozenset[str]] = {}
        words: dict[str, str] = {}

        def common(values: tuple[str, ...] | None) -> frozenset[str] | None:
            return None if values is None else one.setdefault(values, frozenset(values))

        def word(text: str) -> str:
            return words.setdefault(text, text)

        for account in accounts:
            self.held[account.id] = (
                account.suspended,
                tuple(
                    [
                        (
                            word(g.role),
                            word(g.unit),
                            common(g.levels),
                            None if g.classes is None else frozenset(map(word, g.classes)),
                            None if g.year is None else word(g.year),
                            g.start,
                            g.end,
                        )
                        for g in account.grants
                    ]
                ),
            )

    def prepare(self, requests: list[Request]) -> list[Request]:
        """Questions as they are."""
        return requests

    def decider(self) -> Callable[[Request], bool]:
        """The function that is measured. What it needs is in its own names: attributes would cost more."""
        allowing, placed, holding = self.roles.get, self.places.get, self.held.get

        def decide(request: Request) -> bool:
            roles = allowing((request.category, request.action))
            class_id = request.class_id
            place = placed(class_id)
            account = holding(request.account)
            if roles is None or place is None or account is None:
                return False
            now = time()
            suspended, grants = account
            if suspended is not None and suspended[0] <= now < suspended[1]:
                return False
            chain, level, year = place
            for role, unit, levels, classes, only_year, start, end in grants:
                if (
                    role in roles
                    and unit in chain
                    and (levels is None or level in levels)
                    and (classes is None or class_id in classes)
                    and (only_year is None or only_year == year)
                    and start <= now < end
                ):
                    return True
            return False

        return decide

    def versions(self) -> dict[str, str]:
        """Nothing beyond Python."""
        return {}

    def close(self) -> None:
        """Nothing is open."""
