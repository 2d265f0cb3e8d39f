"""Rows found by what they compare, in place of asking each of them.

A matcher is a conjunction of comparisons, and a cell of `*` compares nothing. Rows with `*` in the same columns are
one pattern: a table from the words of their other cells to the row. A question is one look-up for each pattern,
however many rows there are. Casbin stays the definition of the answer; tests compare the two.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from math import prod
from operator import itemgetter
from typing import Any, NamedTuple

from access_service.domain.policy import ANY
from access_service.engine.alone.model import Attribute, Shape
from access_service.engine.alone.pack import Value

Values = tuple[Value, ...]
"""What every attribute of a question is, in the order of the slots."""
PatternKey = Any
"""The word of one slot, or a tuple of the words of several: what `operator.itemgetter` makes."""


@dataclass(frozen=True, slots=True)
class Slots:
    """Where each attribute that a term looks at stands among the values of a question: part after part."""

    names: Mapping[str, tuple[str, ...]]
    """The attributes of a part, in their order."""
    starts: Mapping[str, int]

    def at(self, attribute: Attribute) -> int:
        """The place of an attribute among all values."""
        part, name = attribute
        return self.starts[part] + self.names[part].index(name)

    def range_of(self, part: str) -> range:
        """The places of one part's attributes."""
        return range(self.starts[part], self.starts[part] + len(self.names[part]))


def slots_of(shape: Shape) -> Slots:
    """The slots of a model: only what its terms look at has one."""
    seen = {a for term in shape.terms for a in (term.attribute, term.other) if a is not None}
    names, starts, start = {}, {}, 0
    for part in shape.parts:
        names[part] = tuple(sorted(name for of, name in seen if of == part))
        starts[part] = start
        start += len(names[part])
    return Slots(names, starts)


_Relation = tuple[int, int, bool]
"""Two slots that must be equal and not empty, or, where the last is true, the first held by the second."""


def _hold(relations: Sequence[_Relation], values: Values) -> bool:
    for one, other, is_held in relations:
        left, right = values[one], values[other]
        if not (left in right if is_held else left == right and left != ""):
            return False
    return True


@dataclass(frozen=True, slots=True)
class _Pattern:
    """Rows that compare the same columns; ranks are their places in the order of preference."""

    least: int
    """The best rank of these rows."""
    relations: tuple[_Relation, ...]
    plain: tuple[int, ...]
    """Slots whose word must be the cell's."""
    held: tuple[int, ...]
    """Slots that must hold the cell's word."""
    rows: tuple[tuple[tuple[str, ...], tuple[str, ...], int], ...]
    """The words for `plain`, those for `held`, and the rank."""


def _getter(slots: Sequence[int]) -> Callable[[Any], PatternKey]:
    return itemgetter(*slots) if slots else _nothing


def _nothing(_: Any) -> PatternKey:
    return ()


def _key(words: Sequence[str]) -> PatternKey:
    """The key as `_getter` would make it."""
    return words[0] if len(words) == 1 else tuple(words)


def _patterns(shape: Shape, rows: Sequence[tuple[str, ...]], slots: Slots) -> list[_Pattern]:
    by_columns: dict[tuple[bool, ...], list[tuple[int, tuple[str, ...]]]] = {}
    for rank, cells in enumerate(rows):
        by_columns.setdefault(tuple(cell != ANY for cell in cells), []).append((rank, cells))
    found = []
    for compares, ranked in by_columns.items():
        relations, plain, held = [], [], []
        for column, (term, is_compared) in enumerate(zip(shape.terms, compares, strict=True)):
            if not is_compared:
                continue
            at = slots.at(term.attribute)
            if term.other is not None:
                relations.append((at, slots.at(term.other), term.is_held))
            elif term.is_held:
                held.append((column, at))
            else:
                plain.append((column, at))
        found.append(
            _Pattern(
                ranked[0][0],
                tuple(relations),
                tuple(at for _, at in plain),
                tuple(at for _, at in held),
                tuple(
                    (tuple(cells[column] for column, _ in plain), tuple(cells[column] for column, _ in held), rank)
                    for rank, cells in ranked
                ),
            )
        )
    return sorted(found, key=lambda pattern: pattern.least)


def _best_held(found: Mapping[PatternKey, int], sets: Sequence[Collection[str]], best: int) -> int:
    """The best rank among rows whose words are held, or `best`. Words are tried or rows, whichever are fewer."""
    if len(sets) == 1:
        (words,) = sets
        if len(words) <= len(found):
            fitting = (found[word] for word in words if word in found)
        else:
            fitting = (rank for word, rank in found.items() if word in words)
    elif prod(map(len, sets)) <= len(found):
        fitting = (found[key] for key in product(*sets) if key in found)
    else:
        fitting = (r for key, r in found.items() if all(w in words for w, words in zip(key, sets, strict=True)))
    return min(best, min(fitting, default=best))


def _table(pattern: _Pattern) -> dict[PatternKey, Any]:
    """From the plain words to the rank, or to a table from the held words to the rank."""
    table: dict[PatternKey, Any] = {}
    for plain, held, rank in pattern.rows:
        if pattern.held:
            table.setdefault(_key(plain), {})[_key(held)] = rank
        else:
            table[_key(plain)] = rank
    return table


class _Narrowing:
    """One pattern as a search asks it: the slots of one part vary, the others are fixed."""

    def __init__(self, pattern: _Pattern, near: range) -> None:
        self._near = near
        self._fixed_relations = [r for r in pattern.relations if r[0] not in near and r[1] not in near]
        mixed = [r for r in pattern.relations if r[0] in near or r[1] in near]
        # An equality with what is known is one more word of the key.
        self._equal = [
            (one, other) if one in near else (other, one) for one, other, is_held in mixed if not is_held
        ]
        self._checks = [r for r in mixed if r[2]]
        fixed = [n for n, at in enumerate(pattern.plain) if at not in near]
        varies = [n for n, at in enumerate(pattern.plain) if at in near]
        fixed_held = [n for n, at in enumerate(pattern.held) if at not in near]
        varies_held = [n for n, at in enumerate(pattern.held) if at in near]
        self._fixed_key = _getter([pattern.plain[n] for n in fixed])
        self._fixed_held = [pattern.held[n] for n in fixed_held]
        self.slots = tuple(
            at - near.start for at in [*(pattern.plain[n] for n in varies), *(at for at, _ in self._equal)]
        )
        """Those of the part that make the key, counted from its first."""
        self._held = tuple(pattern.held[n] - near.start for n in varies_held)
        self._rows: dict[PatternKey, dict[str, list[tuple[tuple[str, ...], tuple[str, ...], PatternKey, int]]]] = {}
        for plain, held, rank in pattern.rows:
            first, *others = [held[n] for n in fixed_held] or [""]
            row = (tuple(others), tuple(plain[n] for n in varies), _key([held[n] for n in varies_held]), rank)
            rows = self._rows.setdefault(_key([plain[n] for n in fixed]), {})
            rows.setdefault(first, []).append(row)

    def narrowed(self, values: Values) -> "_Narrowed | None":
        """What is left of the pattern once the fixed slots are known; None where no row can match any more."""
        by_word = self._rows.get(self._fixed_key(values))
        if by_word is None or not _hold(self._fixed_relations, values):
            return None
        equal: tuple[Any, ...] = tuple(values[at] for _, at in self._equal)
        checks = tuple(
            _Check(one - self._near.start, values[other], is_first=True)
            if one in self._near
            else _Check(other - self._near.start, values[one], is_first=False)
            for one, other, _ in self._checks
        )
        if not all(equal) or not all(check.known for check in checks):
            return None
        sets = [values[at] for at in self._fixed_held]
        first, others = (sets[0], sets[1:]) if sets else ([""], [])
        table: dict[PatternKey, Any] = {}
        for word in first if len(first) <= len(by_word) else by_word.keys() & first:
            for words, near, held, rank in by_word.get(word, ()):
                if all(w in held_by for w, held_by in zip(words, others, strict=True)):
                    _keep_best(table, _key(near + equal), held if self._held else None, rank)
        return _Narrowed(checks, self.slots, self._held, table) if table else None


def _keep_best(table: dict[PatternKey, Any], key: PatternKey, held: PatternKey | None, rank: int) -> None:
    into, key = (table, key) if held is None else (table.setdefault(key, {}), held)
    into[key] = min(rank, into.get(key, rank))


class _Check(NamedTuple):
    """A relation in which one side holds the other, and one is known."""

    at: int
    known: Any
    is_first: bool
    """Is the slot that varies the one that must be held?"""

    def holds(self, value: Any) -> bool:
        return value in self.known if self.is_first else self.known in value


class _Narrowed(NamedTuple):
    """One pattern in which only the slots of one part are open; they are counted from the part's first."""

    checks: tuple[_Check, ...]
    slots: tuple[int, ...]
    held: tuple[int, ...]
    table: dict[PatternKey, Any]

    def rank(self, values: Values, found: Any, best: int) -> int:
        """The rank for one whose key was found, where the rest matches; else what was best."""
        if not all(check.holds(values[check.at]) for check in self.checks):
            return best
        return _best_held(found, [values[at] for at in self.held], best) if self.held else min(best, found)


class Listed:
    """The listed entities of one type, found by what rows compare with them."""

    def __init__(self, ids: tuple[str, ...], profiles: tuple[Values, ...], by: Collection[tuple[int, ...]]) -> None:
        """`ids` in order; `by` names the slots of the keys by which the rows look."""
        self.ids = ids
        self.profiles = profiles
        self._by: dict[tuple[int, ...], dict[PatternKey, list[int]]] = {}
        for slots in by:
            places: dict[PatternKey, list[int]] = {}
            for at, key in enumerate(map(_getter(slots), profiles)):
                places.setdefault(key, []).append(at)
            self._by[slots] = places

    def places(self, slots: tuple[int, ...]) -> Mapping[PatternKey, Sequence[int]]:
        """Where the entities stand, by the key of these slots."""
        return self._by[slots]


class Index:
    """Finds the row that decides. Immutable."""

    def __init__(self, shape: Shape, rows: Sequence[tuple[str, ...]], slots: Slots) -> None:
        """`rows`: the cells of every row, by preference, those that deny before those that allow."""
        self.none = len(rows)
        """What `find` answers when no row matches."""
        patterns = _patterns(shape, rows, slots)
        self._patterns = tuple(
            (
                pattern.least,
                _getter(pattern.plain),
                _table(pattern).get,
                pattern.relations,
                pattern.held,
                pattern.held[0] if len(pattern.held) == 1 else None,
            )
            for pattern in patterns
        )
        self._narrowings = {
            part: tuple(_Narrowing(pattern, slots.range_of(part)) for pattern in patterns)
            for part in ("subject", "resource")
        }

    def find(self, values: Values) -> int:
        """The rank of the first row that matches; `none` where there is none."""
        best = self.none
        for least, key, look_up, relations, held, only in self._patterns:
            if least >= best:
                break
            found = look_up(key(values))
            if found is None or (relations and not _hold(relations, values)):
                continue
            if not held:
                best = min(best, found)
            elif only is None or len(values[only]) > len(found):
                best = _best_held(found, [values[at] for at in held], best)
            else:
                # The commonest by far, so that it is written out.
                for word in values[only]:
                    rank = found.get(word)
                    if rank is not None and rank < best:
                        best = rank
        return best

    def keys_of(self, part: str) -> frozenset[tuple[int, ...]]:
        """The slots by which `narrow` looks for entities of a part."""
        return frozenset(narrowing.slots for narrowing in self._narrowings[part])

    def narrow(self, part: str, values: Values) -> "Narrow":
        """The rows that can still match when everything but the values of one part is known."""
        left = (narrowing.narrowed(values) for narrowing in self._narrowings[part])
        return Narrow(tuple(one for one in left if one is not None), self.none)


class Narrow:
    """What is left of an index for one search."""

    def __init__(self, patterns: tuple[_Narrowed, ...], none: int) -> None:
        self._patterns = patterns
        self._none = none

    def listed(self, entities: Listed, start: int, first_allow: int) -> Iterator[str]:
        """The ids, from the place `start`, of those for whom a row of rank `first_allow` or later decides.

        Each row leads to the entities that it is about: those about whom no row is are never looked at.
        """
        best: dict[int, int] = {}
        for pattern in self._patterns:
            places = entities.places(pattern.slots)
            is_plain = not (pattern.checks or pattern.held)
            for key, found in pattern.table.items():
                for at in places.get(key, ()):
                    known = best.get(at, self._none)
                    rank = found if is_plain else pattern.rank(entities.profiles[at], found, known)
                    if rank < known:
                        best[at] = rank
        for at in sorted(at for at, rank in best.items() if rank >= first_allow and at >= start):
            yield entities.ids[at]

    def each(self, candidates: Iterable[tuple[str, Values]], first_allow: int) -> Iterator[str]:
        """The ids among any candidates for whom such a row decides; each candidate is looked at."""
        patterns = [(_getter(pattern.slots), pattern) for pattern in self._patterns]
        for id_, values in candidates:
            best = self._none
            for key, pattern in patterns:
                found = pattern.table.get(key(values))
                if found is not None:
                    best = pattern.rank(values, found, best)
            if first_allow <= best < self._none:
                yield id_
