"""What changed between two matrices of a unit: one change for each right that came, went, or is another.

Rights are paired by their id, then by the line that one replaces, then by account, role and duty, then by account
and role in the next school year. Applied to the first matrix, the changes give the second (`apply_changes`).
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from access_service.domain.names import UnitId
from access_service.domain.scope import Scope, first_axis_outside

DataCell = tuple[str, str]
"""A category and an action."""
BelowUnit = Callable[[UnitId, UnitId], bool]


class ChangeKind(StrEnum):
    """What happened to a right between two instants."""

    GRANTED = "granted"
    REVOKED = "revoked"
    """It was ended, by whatever act."""
    EXPIRED = "expired"
    """Its time ran out."""
    WIDENED = "widened"
    NARROWED = "narrowed"
    CHANGED = "changed"
    """Neither holds the other."""
    SUSPENDED = "suspended"
    """The right, or the account that holds it, is suspended."""
    RESUMED = "resumed"
    RENEWED = "renewed"
    """The same again in the next school year."""
    PACK_CHANGED = "pack_changed"
    """The same line, with other rights by the pack."""


@dataclass(frozen=True, slots=True)
class RightLine:
    """A right at one instant, as far as two of them are compared."""

    id: str
    """The grant's; of software the approval's, with the number of its box."""
    account: str
    person: str | None
    unit: UnitId
    role: str
    assignment: str | None
    replaces: str | None
    scope: Scope
    cells: frozenset[DataCell]
    is_usable: bool
    """False while it, or its account, is suspended."""


@dataclass(frozen=True, slots=True)
class Change:
    """One right before and after; None where there is none."""

    kind: ChangeKind
    before: RightLine | None
    after: RightLine | None

    @property
    def line(self) -> RightLine:
        """The later of the two."""
        found = self.after or self.before
        if found is None:
            raise RuntimeError("a change has a line")
        return found

    @property
    def removed(self) -> frozenset[DataCell]:
        """What may be done no more."""
        return (self.before.cells if self.before else frozenset()) - (
            self.after.cells if self.after else frozenset()
        )

    @property
    def added(self) -> frozenset[DataCell]:
        """What may be done since."""
        return (self.after.cells if self.after else frozenset()) - (
            self.before.cells if self.before else frozenset()
        )


def find_changes(
    before: Sequence[RightLine], after: Sequence[RightLine], *, is_below: BelowUnit, expired: frozenset[str]
) -> list[Change]:
    """The changes from one list of rights to the other, in the order of the second, then what is gone.

    `expired` names the lines of the first whose time ran out; every other that is gone was ended.
    """
    pairs = _pair(before, after)
    found: list[Change] = []
    for line in after:
        old = pairs.get(line.id)
        found += [Change(ChangeKind.GRANTED, None, line)] if old is None else _compare(old, line, is_below)
    kept = {old.id for old in pairs.values()}
    for line in before:
        if line.id not in kept:
            kind = ChangeKind.EXPIRED if line.id in expired else ChangeKind.REVOKED
            found.append(Change(kind, line, None))
    return found


def _pair(before: Sequence[RightLine], after: Sequence[RightLine]) -> dict[str, RightLine]:
    """By the id of the later line, the earlier that it goes on from; each earlier line once."""
    left = {line.id: line for line in before}
    pairs: dict[str, RightLine] = {}

    def take(line: RightLine, old: RightLine | None) -> None:
        if old is not None:
            pairs[line.id] = left.pop(old.id)

    for line in after:
        take(line, left.get(line.id))
    for line in after:
        if line.id not in pairs and line.replaces is not None:
            take(line, left.get(line.replaces))
    for key in (_same_duty, _same_role):
        rest = [line for line in after if line.id not in pairs]
        waiting: dict[object, list[RightLine]] = {}
        for old in left.values():
            waiting.setdefault(key(old), []).append(old)
        for line in rest:
            candidates = waiting.get(key(line), [])
            fit = next((old for old in candidates if key is _same_duty or _is_next_year(old, line)), None)
            if fit is not None:
                candidates.remove(fit)
                take(line, fit)
    return pairs


def _same_duty(line: RightLine) -> object:
    return (line.account, line.role, line.assignment or line.id)


def _same_role(line: RightLine) -> object:
    return (line.account, line.role)


def _is_next_year(old: RightLine, new: RightLine) -> bool:
    years = old.scope.school_year, new.scope.school_year
    return None not in years and years[0] != years[1]


def _compare(old: RightLine, new: RightLine, is_below: BelowUnit) -> Iterator[Change]:
    """What became of a right: another extent, and apart from that whether it is suspended."""
    moved = replace(new, is_usable=old.is_usable)
    if old != moved and (kind := _extent(old, new, is_below)) is not None:
        yield Change(kind, old, moved)
    elif old != moved:
        # The same right on another line: nothing that somebody may do is another.
        yield Change(ChangeKind.CHANGED, old, moved)
    if old.is_usable != new.is_usable:
        yield Change(ChangeKind.RESUMED if new.is_usable else ChangeKind.SUSPENDED, moved, new)


def _extent(old: RightLine, new: RightLine, is_below: BelowUnit) -> ChangeKind | None:
    if old.scope == new.scope and old.cells == new.cells:
        return None
    if _is_next_year(old, new):
        return ChangeKind.RENEWED
    if old.scope == new.scope and old.id == new.id:
        return ChangeKind.PACK_CHANGED
    holds_old = old.cells <= new.cells and first_axis_outside(old.scope, new.scope, is_below=is_below) is None
    holds_new = new.cells <= old.cells and first_axis_outside(new.scope, old.scope, is_below=is_below) is None
    if holds_old and not holds_new:
        return ChangeKind.WIDENED
    return ChangeKind.NARROWED if holds_new and not holds_old else ChangeKind.CHANGED


def apply_changes(before: Iterable[RightLine], changes: Iterable[Change]) -> dict[str, RightLine]:
    """The rights by id after the changes; what a change begins from has to stand there just so."""
    lines = {line.id: line for line in before}
    for change in changes:
        if change.before is not None and lines.pop(change.before.id, None) != change.before:
            raise ValueError(f"`{change.before.id}` does not stand so")
        if change.after is not None:
            lines[change.after.id] = change.after
    return lines


def count_changes(changes: Iterable[Change]) -> tuple[Mapping[str, int], Mapping[str, Mapping[str, int]]]:
    """How many of each kind, in all and by unit."""
    kinds: dict[str, int] = {}
    units: dict[str, dict[str, int]] = {}
    for change in changes:
        kinds[change.kind] = kinds.get(change.kind, 0) + 1
        of_unit = units.setdefault(change.line.unit, {})
        of_unit[change.kind] = of_unit.get(change.kind, 0) + 1
    return kinds, units
