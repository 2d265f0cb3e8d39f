"""Two packs as sets: everything that one allows, demands or shuts and the other does not.

A pack is a few thousand cells and some ten thousand possible hand-downs, so that sets answer completely, in
milliseconds, and list every witness; nothing here needs a solver. Which person a change touches is asked elsewhere.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import NamedTuple

from access_service.domain.policy import ANY, Pack, PeriodLock, RoleRule
from access_service.domain.time import local
from access_service.engine.proofs.parts import other_parts

RoleCell = tuple[str, str, str]
"""Role, category and action."""
ON_ARTICLE = "article "
"""What is said of something that is the same by another article."""
CELL, FUNCTION, DENY, BASIS, HAND_DOWN, SHUT = "cells", "functions", "denies", "bases", "delegation", "shut"
"""Parts that are worked out here; every other one is a table of pack.toml (`engine.proofs.parts`)."""

KEPT = ("promises", "separations")
"""Parts that say what a pack never lets come about."""


@dataclass(frozen=True, slots=True)
class PackChange:
    """One thing that a pack says and another does not, or says otherwise."""

    part: str
    what: tuple[str, ...]
    before: str
    """Empty where it is new."""
    after: str
    """Empty where it is gone."""
    article: str
    """Of the row that is new or otherwise; of the old one where it is gone."""
    source: str
    """Where that row is written."""


@dataclass(frozen=True, slots=True)
class PackDifference:
    """Everything that `new` says otherwise than `old`, part by part."""

    old: Pack
    new: Pack
    changes: tuple[PackChange, ...]

    def of(self, part: str) -> tuple[PackChange, ...]:
        """The changes of one part."""
        return tuple(change for change in self.changes if change.part == part)

    @property
    def allowed(self) -> tuple[PackChange, ...]:
        """Cells that are newly allowed."""
        return tuple(change for change in self.of(CELL) if not change.before)

    @property
    def no_longer(self) -> tuple[PackChange, ...]:
        """Cells that are no longer allowed."""
        return tuple(change for change in self.of(CELL) if not change.after)

    @property
    def more(self) -> tuple[PackChange, ...]:
        """Everything that `new` allows and `old` did not: to be done, or to be handed down.

        A deny row or a lock that is gone counts, a hand-down for which fewer papers are asked, and a promise or
        separation that is gone or says something else: what it kept from coming may come now.
        """
        new = [c for part in (CELL, FUNCTION) for c in self.of(part) if not c.before]
        gone = [c for part in (DENY, SHUT) for c in self.of(part) if not c.after]
        unsaid = [c for part in KEPT for c in self.of(part) if c.before and not c.after.startswith(ON_ARTICLE)]
        return (*new, *gone, *unsaid, *(c for c in self.of(HAND_DOWN) if _is_easier(c)))


class DeadRow(NamedTuple):
    """A row that never decides anything."""

    source: str
    article: str
    why: str


def compare_packs(old: Pack, new: Pack) -> PackDifference:
    """Every cell, hand-down, paper, lock, limit and table that is not the same in both."""
    changes = [
        *_cells(old, new),
        *_functions(old, new),
        *_denies(old, new),
        *_bases(old, new),
        *_hand_downs(old, new),
        *_shut(old, new),
        *(PackChange(*row) for row in other_parts(old, new)),
    ]
    return PackDifference(old, new, tuple(changes))


def allowed_cells(pack: Pack) -> frozenset[RoleCell]:
    """Every cell that some role is allowed."""
    return frozenset((role, *cell) for role in pack.roles for cell in pack.cells.get(role, ()))


def _rows(pack: Pack, *, allow: bool) -> Mapping[RoleCell, tuple[RoleRule, ...]]:
    """The rows of each cell; the innermost pack's stand last."""
    found: dict[RoleCell, tuple[RoleRule, ...]] = {}
    for rule in pack.rules:
        if rule.allow is allow:
            cell = rule.role, rule.category, rule.action
            found[cell] = (*found.get(cell, ()), rule)
    return found


def _cells(old: Pack, new: Pack) -> Iterator[PackChange]:
    before, after = allowed_cells(old), allowed_cells(new)
    rows, gone = _rows(new, allow=True), _rows(old, allow=True)
    for cell in sorted(after - before):
        yield PackChange(CELL, cell, "", "allow", rows[cell][-1].article, rows[cell][-1].source)
    denied = _rows(new, allow=False)
    for cell in sorted(before - after):
        # A row that denies is the cause where the row that allowed still stands.
        cause = (*denied.get(cell, ()), *denied.get((ANY, *cell[1:]), ()), *gone[cell])[0]
        yield PackChange(CELL, cell, "allow", "", cause.article, cause.source)


def _functions(old: Pack, new: Pack) -> Iterator[PackChange]:
    """A question that names a function is answered by the functions of the cell's rows."""
    rows, gone = _rows(new, allow=True), _rows(old, allow=True)
    for cell in sorted(allowed_cells(old) & allowed_cells(new)):
        before, after = ({row.function for row in found[cell]} for found in (gone, rows))
        for function in sorted(before ^ after):
            row = next(r for r in (*rows[cell], *gone[cell]) if r.function == function)
            was, now = ("allow" if function in said else "" for said in (before, after))
            yield PackChange(FUNCTION, (*cell, function), was, now, row.article, row.source)


def _denies(old: Pack, new: Pack) -> Iterator[PackChange]:
    """Rows that deny in so many words; `*` is everybody."""
    before, after = _rows(old, allow=False), _rows(new, allow=False)
    for cell in sorted(before.keys() ^ after.keys()):
        row = (after.get(cell) or before[cell])[-1]
        was, now = ("deny" if cell in said else "" for said in (before, after))
        yield PackChange(DENY, cell, was, now, row.article, row.source)


def _bases(old: Pack, new: Pack) -> Iterator[PackChange]:
    """The same cell, allowed or denied, by other articles; rows of delegation.csv see `_hand_downs`."""
    for allow in (True, False):
        before, after = _rows(old, allow=allow), _rows(new, allow=allow)
        for cell in sorted(before.keys() & after.keys()):
            was, now = (
                ON_ARTICLE + ", ".join(sorted({row.article for row in found[cell]})) for found in (before, after)
            )
            if was != now:
                row = after[cell][-1]
                yield PackChange(BASIS, cell, was, now, row.article, row.source)


# -- who may hand what down, on which paper


class HandDown(NamedTuple):
    """The answer to one question of delegation: on which papers, by which row."""

    documents: str
    article: str
    source: str


HandDowns = dict[tuple[str, str, str, str], HandDown]
"""Role, issuer, kind of the issuing unit and position of the duty, to the answer."""


def hand_downs(pack: Pack, positions: Iterable[str], kinds: Iterable[str]) -> HandDowns:
    """Every question of delegation that the pack says yes to, as `Pack.delegation_rule` answers it."""
    every_position, every_kind = tuple(positions), tuple(kinds)
    found: HandDowns = {}
    # The most specific row wins, so it is laid last.
    for row in sorted(pack.delegation, key=lambda r: (r.position != ANY, r.unit_kind != ANY)):
        said = HandDown("+".join(sorted(row.documents)), row.article, row.source)
        for kind in every_kind if row.unit_kind == ANY else (row.unit_kind,):
            for position in every_position if row.position == ANY else (row.position,):
                found[row.role, row.issuer, kind, position] = said
    return found


def _hand_downs(old: Pack, new: Pack) -> Iterator[PackChange]:
    positions, kinds = sorted({*old.positions, *new.positions}), sorted({*old.unit_kinds, *new.unit_kinds})
    before, after = hand_downs(old, positions, kinds), hand_downs(new, positions, kinds)
    grouped: dict[tuple[str, str, str, str, str, str], dict[str, list[str]]] = {}
    for question in before.keys() | after.keys():
        was, now = before.get(question), after.get(question)
        said = _papers(was, now), _papers(now, was)
        if said[0] != said[1]:
            role, issuer, kind, position = question
            row = now or was
            if row is not None:
                key = (role, issuer, *said, row.article, row.source)
                grouped.setdefault(key, {}).setdefault(kind, []).append(position)
    for (role, issuer, was_on, now_on, article, source), by_kind in sorted(grouped.items()):
        same: dict[str, list[str]] = {}
        for kind, found in by_kind.items():
            same.setdefault(_all_or_each(found, positions), []).append(kind)
        for held, in_kinds in sorted(same.items()):
            what = (role, issuer, _all_or_each(in_kinds, kinds), held)
            # On the same papers: the row rests on another article, and nothing else is otherwise.
            is_same = was_on.startswith(ON_ARTICLE)
            yield PackChange(BASIS if is_same else HAND_DOWN, what, was_on, now_on, article, source)


def _papers(said: HandDown | None, other: HandDown | None) -> str:
    """The papers; the article where that alone differs."""
    if said is None:
        return ""
    is_same = other is not None and other.documents == said.documents
    return f"{ON_ARTICLE}{said.article}" if is_same else said.documents


def _is_easier(hand_down: PackChange) -> bool:
    """Is it new, or is a paper no longer asked for?"""
    before, after = (set(said.split("+")) for said in (hand_down.before, hand_down.after))
    return bool(hand_down.after) and (not hand_down.before or not before <= after)


def _all_or_each(found: Iterable[str], every: list[str]) -> str:
    return ANY if set(found) == set(every) and len(every) > 1 else ", ".join(sorted(found))


# -- locks


Triple = tuple[str, str, str]
"""Kind of unit, category and action: what a period's lock is about."""


def breakpoints(*packs: Pack) -> tuple[datetime, ...]:
    """Every instant at which a lock of one of the packs begins or ends: between two of them nothing changes."""
    return tuple(sorted({instant for pack in packs for lock in pack.locks for instant in (lock.start, lock.end)}))


def shut_at(pack: Pack, instant: datetime) -> frozenset[Triple]:
    """Everything that a lock shuts at an instant."""
    return frozenset(triple for triple, locks in _by_triple(pack).items() if locked_by(locks, instant))


def _by_triple(pack: Pack) -> Mapping[Triple, tuple[PeriodLock, ...]]:
    found: dict[Triple, tuple[PeriodLock, ...]] = {}
    for lock in pack.locks:
        for kind in lock.unit_kinds:
            for category in lock.categories:
                for action in lock.actions:
                    triple = kind, category, action
                    found[triple] = (*found.get(triple, ()), lock)
    return found


def locked_by(locks: Iterable[PeriodLock], instant: datetime) -> PeriodLock | None:
    """The lock that holds at an instant."""
    return next((lock for lock in locks if lock.start <= instant < lock.end), None)


class _Stretch(NamedTuple):
    """From when until when a lock shuts in one pack what the other leaves open."""

    start: datetime
    end: datetime
    is_new: bool
    lock: PeriodLock


def _stretches(before: tuple[PeriodLock, ...], after: tuple[PeriodLock, ...]) -> tuple[_Stretch, ...]:
    cuts = sorted({instant for lock in (*before, *after) for instant in (lock.start, lock.end)})
    found: list[_Stretch] = []
    for start, end in pairwise(cuts):
        was, now = locked_by(before, start), locked_by(after, start)
        lock = now or was
        if (was is None) == (now is None) or lock is None:
            continue
        last = found[-1] if found else None
        if last is not None and last[1:] == (start, was is None, lock):
            found[-1] = last._replace(end=end)
        else:
            found.append(_Stretch(start, end, was is None, lock))
    return tuple(found)


def _shut(old: Pack, new: Pack) -> Iterator[PackChange]:
    """What is shut in one pack and open in the other, from one breakpoint to the next."""
    before, after = _by_triple(old), _by_triple(new)
    lines: dict[tuple[datetime, datetime, bool, str, str, str], dict[tuple[str, str], set[str]]] = {}
    for triple in before.keys() | after.keys():
        kind, category, action = triple
        for stretch in _stretches(before.get(triple, ()), after.get(triple, ())):
            lock = stretch.lock
            key = (stretch.start, stretch.end, stretch.is_new, lock.id, lock.article, lock.source)
            lines.setdefault(key, {}).setdefault((kind, action), set()).add(category)
    for (start, end, is_new, id_, article, source), cells in sorted(lines.items(), key=lambda line: line[0]):
        span = f"{_told(start)} – {_told(end)}"
        for kinds, categories, actions in _rectangles(cells):
            said = ("", span) if is_new else (span, "")
            yield PackChange(SHUT, (id_, kinds, categories, actions), *said, article, source)


def _rectangles(cells: Mapping[tuple[str, str], set[str]]) -> list[tuple[str, str, str]]:
    """Kinds, categories and actions, each line saying no more than what is so."""
    by_kind: dict[tuple[str, str], list[str]] = {}
    for (kind, action), categories in cells.items():
        by_kind.setdefault((action, ", ".join(sorted(categories))), []).append(kind)
    by_action: dict[tuple[str, str], list[str]] = {}
    for (action, found), kinds in by_kind.items():
        by_action.setdefault((", ".join(sorted(kinds)), found), []).append(action)
    return sorted((kinds, found, ", ".join(sorted(actions))) for (kinds, found), actions in by_action.items())


def _told(instant: datetime) -> str:
    return f"{local(instant):%d/%m/%Y %H:%M}"


# -- rows that decide nothing


def dead_rows(pack: Pack) -> tuple[DeadRow, ...]:
    """Rows that no question is ever answered by; each may be taken out without a difference."""
    found: list[DeadRow] = []
    for rule in pack.rules:
        if rule.allow and (rule.category, rule.action) not in pack.cells.get(rule.role, ()):
            why = f"{rule.role} {rule.category} {rule.action} is denied by another row"
            found.append(DeadRow(rule.source, rule.article, why))
    opened = {cell for role in pack.roles for cell in pack.cells.get(role, ())}
    found += [
        DeadRow(lock.source, lock.article, f"the lock `{lock.id}` shuts what nobody is allowed")
        for lock in pack.locks
        if not any((category, action) in opened for category in lock.categories for action in lock.actions)
    ]
    positions, kinds = sorted(pack.positions), sorted(pack.unit_kinds)
    used = {said.source for said in hand_downs(pack, positions, kinds).values()}
    for row in pack.delegation:
        if row.source not in used:
            why = f"handing down {row.role} by {row.issuer} is answered by more specific rows everywhere"
            found.append(DeadRow(row.source, row.article, why))
    return tuple(found)
