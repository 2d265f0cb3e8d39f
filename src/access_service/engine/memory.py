"""What the engine remembers of what it has worked out: everything in it can be thrown away and is found out anew.

The engine itself is immutable: no module of `domain` or `engine` keeps anything. A memory is made by whoever
starts the program (`app`, the command line, a test) and says how much it may hold; the database takes it along, so
that its readers find it. Two memories share nothing: a bit of one says nothing in the other.
"""

import sys
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from weakref import WeakValueDictionary

from access_service.domain.access import Topic
from access_service.domain.names import ClassId
from access_service.domain.policy import Pack
from access_service.engine.compiled_pack import CompiledPack
from access_service.engine.shapes import GrantShape

CLASS_BYTES = 64 << 20
"""What the bits of classes may take where nobody says: half a million classes."""
NUMBER_BYTES = 128
"""A class that has a bit: its id, and its slot in a dictionary."""
PACKS_KEPT = 8
"""Packs kept compiled that no database holds: a comparison of versions needs a few."""
SHAPES_KEPT = 1 << 14
"""Shapes remembered; beyond them equal shapes are kept twice, which costs memory and nothing else."""
TOPICS_KEPT = 1 << 14
"""Topics remembered; what callers invent fills it, and then equal topics are made anew."""


class _Turn:
    """A lock for one digest; it goes when nobody waits for it any more."""

    __slots__ = ("__weakref__", "lock")

    def __init__(self) -> None:
        self.lock = threading.RLock()


class Memory:
    """Compiled packs, topics, shapes of grants, bits of classes. Safe from any number of threads."""

    def __init__(self, class_bytes: int = CLASS_BYTES) -> None:
        """`class_bytes` bounds what the bits of classes take; classes beyond it are named by their grants."""
        self.stored: dict[str, CompiledPack] = {}
        """Packs of the database by digest. A stored pack never changes, so none is dropped."""
        self.compiled: OrderedDict[str, CompiledPack] = OrderedDict()
        """Packs compiled last, whoever asked, by digest."""
        self._turns: WeakValueDictionary[str, _Turn] = WeakValueDictionary()
        self._lock = threading.Lock()
        self._topics: dict[tuple[str | None, ...], Topic] = {}
        self._shapes: dict[tuple[object, ...], GrantShape] = {}
        self._instants: dict[float, float] = {}
        self._names: dict[tuple[str, ...], tuple[str, ...]] = {}
        self._numbers: dict[str, int] = {}
        self._next_number: dict[str, int] = {}
        self._bits = [1]
        self._most_numbers = max(1, class_bytes // NUMBER_BYTES)

    # -- packs

    @contextmanager
    def alone_with(self, digest: str) -> Iterator[None]:
        """One thread at a time reads and compiles the pack of a digest; the others wait and find it done."""
        with self._lock:
            turn = self._turns.get(digest) or self._turns.setdefault(digest, _Turn())
        with turn.lock:
            yield

    def tables_of(self, pack: Pack, compile_pack: Callable[[Pack], CompiledPack]) -> CompiledPack:
        """The tables of a pack, kept by its digest: of several threads one compiles it."""
        with self.alone_with(pack.digest):
            with self._lock:
                kept = self.compiled.get(pack.digest)
                # A pack made by hand may carry a digest that is not its own: the digest alone is not believed.
                if kept is not None and kept.pack == pack:
                    self.compiled.move_to_end(pack.digest)
                    return kept
            tables = compile_pack(pack)
            with self._lock:
                self.compiled[pack.digest] = tables
                self.compiled.move_to_end(pack.digest)
                while len(self.compiled) > PACKS_KEPT:
                    self.compiled.popitem(last=False)
            return tables

    # -- words and values that many have in common

    def topic(
        self,
        action: str,
        resource_type: str,
        category: str | None,
        subject: str | None,
        level: str | None,
        grade: str | None,
        school_year: str | None,
        function: str | None,
    ) -> Topic:
        """The topic of these words, one object for equal ones."""
        words = (action, resource_type, category, subject, level, grade, school_year, function)
        kept = self._topics.get(words)
        if kept is None:
            if len(self._topics) >= TOPICS_KEPT:
                self._topics.clear()
            kept = self._topics.setdefault(words, Topic(*words))
        return kept

    def shape(self, *values: object) -> GrantShape:
        """The shape of these values, one object for equal ones."""
        kept = self._shapes.get(values)
        if kept is None:
            if len(self._shapes) >= SHAPES_KEPT:
                self._shapes.clear()
            kept = self._shapes.setdefault(values, GrantShape(*values))  # type: ignore[arg-type]
        return kept

    def instant(self, instant: float) -> float:
        """One object for equal instants: most grants of a province end on the same few days."""
        if len(self._instants) >= SHAPES_KEPT:
            self._instants.clear()
        return self._instants.setdefault(instant, instant)

    def names(self, names: tuple[str, ...]) -> tuple[str, ...]:
        """One object for equal names: who teaches in one school rests on the same."""
        if len(self._names) >= SHAPES_KEPT:
            self._names.clear()
        return self._names.setdefault(names, names)

    # -- classes

    def class_bit(self, class_id: ClassId) -> int:
        """The class's own bit among those of its school, which its id begins with. The same as long as this lives.

        Bits of two schools are the same numbers: whoever compares them compares the unit first. 0, which is in no
        set of bits, where as many classes have one as memory was given for: their grants name them instead.
        """
        number = self._numbers.get(class_id)
        if number is None:
            with self._lock:
                number = self._numbers.get(class_id)
                if number is None:
                    if len(self._numbers) >= self._most_numbers:
                        return 0
                    number = self._give_number(class_id)
        return self._bits[number]

    def _give_number(self, class_id: ClassId) -> int:
        school = class_id.partition(":")[0]
        number = self._next_number.get(school, 0)
        self._next_number[school] = number + 1
        if len(self._bits) == number:
            self._bits.append(1 << number)
        self._numbers[sys.intern(class_id)] = number
        return number
