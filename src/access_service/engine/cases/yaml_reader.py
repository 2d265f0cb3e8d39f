"""A strict reader of `*_test.yaml`: mappings read key by key, every fault with `file:line`.

YAML is only composed, never constructed: scalars stay the text that was written, so that `0003101` is a code and no
number, and `no` is a word. Anchors, aliases and tags are refused; no case needs them.
"""

import re
from collections.abc import Collection, Iterator
from datetime import datetime

import yaml

from access_service.domain import words
from access_service.domain.errors import Fault, InvalidError
from access_service.domain.time import start_of_day
from access_service.engine.toml_reader import guess, quote, text_of

NEVER = "never"
"""Where an instant may be missing on purpose: unsigned, not activated."""
_DEEPEST = 16
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def parse_yaml(path: str, content: bytes, faults: list[Fault]) -> "Map | None":
    """The top mapping of a file, or None and a fault."""
    text = text_of(path, content, faults)
    if text is None:
        return None
    try:
        if (refused := _refused(text)) is not None:
            faults.append(Fault(f"{path}:{refused[0]}", refused[1]))
            return None
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = 1 if mark is None else mark.line + 1
        cause = getattr(error, "problem", None) or "characters that YAML does not know"
        faults.append(Fault(f"{path}:{line}", f"not YAML: {cause}"))
        return None
    if not isinstance(node, yaml.MappingNode):
        faults.append(Fault(f"{path}:1", "a case file is a mapping with `world` and `cases`"))
        return None
    return Map(path, node, faults, "")


def _refused(text: str) -> tuple[int, str] | None:
    """Line and message of the first thing that YAML has and a case file may not; raises `yaml.YAMLError`."""
    depth = 0
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        line = 1 if event.start_mark is None else event.start_mark.line + 1
        if getattr(event, "anchor", None) is not None or getattr(event, "tag", None) is not None:
            return line, "anchors, aliases and tags are not used here"
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        # Beyond any world, and before the parser's time and stack grow with it.
        if depth > _DEEPEST:
            return line, f"nested more than {_DEEPEST} deep"
    return None


def instant_of(text: str) -> datetime | None:
    """A day as its 00:00 in Vietnam, or an instant with its offset; None where it is neither."""
    try:
        return start_of_day(words.iso_day(text)) if _DAY.fullmatch(text) else words.iso_instant(text)
    except InvalidError:
        return None


class Map:
    """One mapping, read key by key; `done` refuses the keys nobody asked for.

    Like `toml_reader.TomlTable`, each method returns a value of the right type even after a fault, so that the
    other faults are found too; whoever holds `faults` throws the result away when there are any.
    """

    def __init__(self, path: str, node: yaml.MappingNode, faults: list[Fault], name: str) -> None:
        self.path = path
        self.name = name
        self.faults = faults
        self.line = node.start_mark.line + 1
        self._asked: set[str] = set()
        self._values: dict[str, yaml.Node] = {}
        self._lines: dict[str, int] = {}
        for key, value in node.value:
            line = key.start_mark.line + 1
            if not isinstance(key, yaml.ScalarNode):
                self.faults.append(Fault(f"{path}:{line}", "a key is a word"))
            elif key.value in self._values:
                self.faults.append(Fault(f"{path}:{line}", f"key {quote(key.value)} stands twice"))
            else:
                self._values[key.value], self._lines[key.value] = value, line

    def place(self, key: str | None = None) -> str:
        """`hai-phong/reporting_test.yaml:17`, of a key or of the mapping itself."""
        return f"{self.path}:{self.line if key is None else self._lines.get(key, self.line)}"

    def fault(self, key: str | None, message: str, hint: str = "") -> None:
        """Note something wrong with a key, or with the mapping itself."""
        self.faults.append(Fault(self.place(key), message, hint))

    def has(self, key: str) -> bool:
        """Is the key written?"""
        return key in self._values

    def keys(self) -> list[str]:
        """Every key written, in order."""
        return list(self._values)

    def done(self) -> None:
        """Refuse every key that was not asked for."""
        for key in self._values.keys() - self._asked:
            inside = f" in `{self.name}`" if self.name else ""
            self.fault(key, f"unknown key {quote(key)}{inside}", guess(key, self._asked))

    def _node(self, key: str) -> yaml.Node | None:
        self._asked.add(key)
        return self._values.get(key)

    def optional(self, key: str) -> str | None:
        """A text that may be left out."""
        node = self._node(key)
        if node is None:
            return None
        if isinstance(node, yaml.ScalarNode) and node.value.strip():
            if not words.is_seen(node.value):
                self.fault(key, f"`{key}` holds a line break, or a character that cannot be seen")
            return str(node.value)
        self.fault(key, f"`{key}` must be a text")
        return None

    def text(self, key: str) -> str:
        """A text that must be there."""
        found = self.optional(key)
        if found is None and not self.has(key):
            self.fault(None, f"`{key}` is missing" + (f" in `{self.name}`" if self.name else ""))
        return found or ""

    def word(self, key: str, known: Collection[str], noun: str, default: str | None = None) -> str:
        """One word of a vocabulary."""
        if default is not None and not self.has(key):
            self._asked.add(key)
            return default
        found = self.text(key)
        if found:
            self.check(key, found, known, noun)
        return found

    def check(self, key: str | None, word: str, known: Collection[str], noun: str) -> bool:
        """Note a word that the vocabulary does not have."""
        if word in known:
            return True
        self.fault(key, f"unknown {noun} {quote(word)}", guess(word, known))
        return False

    def texts(self, key: str) -> list[str] | None:
        """A list of different texts, or one text alone; None when left out."""
        node = self._node(key)
        if node is None:
            return None
        if isinstance(node, yaml.SequenceNode):
            found = [str(item.value) for item in node.value if isinstance(item, yaml.ScalarNode) and item.value]
            if not found or len(found) < len(node.value) or len(set(found)) < len(found):
                self.fault(key, f"`{key}` must be a list of different texts")
            return found
        found_one = self.optional(key)
        return [] if found_one is None else [found_one]

    def words(self, key: str, known: Collection[str], noun: str) -> frozenset[str] | None:
        """Words of a vocabulary; None when left out."""
        found = self.texts(key)
        if found is None:
            return None
        for word in found:
            self.check(key, word, known, noun)
        return frozenset(found)

    def numbers(self, key: str, smallest: int, largest: int) -> tuple[int, ...]:
        """Different whole numbers within bounds; none when left out."""
        found = self.texts(key) or []
        numbers = tuple(int(word) for word in found if word.isdecimal() and smallest <= int(word) <= largest)
        if len(numbers) < len(found):
            self.fault(key, f"`{key}` must be whole numbers from {smallest} to {largest}")
        return numbers

    def instant(self, key: str, default: datetime | None) -> datetime | None:
        """An instant, or None where `never` is written; `default` when left out."""
        found = self.optional(key)
        if found is None:
            return default
        if found == NEVER:
            return None
        read = instant_of(found)
        if read is None:
            hint = f"a day as 2024-09-05, an instant as 2024-10-07T17:00:00+07:00, or `{NEVER}`"
            self.fault(key, f"{quote(found)} is no instant", hint)
        return read

    def start(self, key: str, default: datetime) -> datetime:
        """An instant that must be one."""
        if self.optional(key) == NEVER:
            self.fault(key, f"`{key}` cannot be `{NEVER}`")
            return default
        return self.instant(key, default) or default

    def is_map(self, key: str) -> bool:
        """Is there a mapping under the key?"""
        return isinstance(self._values.get(key), yaml.MappingNode)

    def skip(self, *keys: str) -> None:
        """Leave keys unread without blaming them."""
        self._asked.update(keys)

    def child(self, key: str, short: str | None = None) -> "Map | None":
        """The mapping under a key; None when left out. `short` names the key that a text alone stands for."""
        node = self._node(key)
        return None if node is None else self._map(key, node, key, short)

    def _map(self, key: str, node: yaml.Node, name: str, short: str | None) -> "Map | None":
        if isinstance(node, yaml.ScalarNode) and short is not None and node.value:
            word = yaml.ScalarNode(node.tag, short, node.start_mark, node.end_mark)
            node = yaml.MappingNode(node.tag, [(word, node)], node.start_mark, node.end_mark)
        if isinstance(node, yaml.MappingNode):
            return Map(self.path, node, self.faults, name)
        self.fault(key, f"`{key}` must be a mapping")
        return None

    def entries(self, key: str, short: str | None = None) -> "Iterator[tuple[str, Map]]":
        """The mappings under a key, each with its id; nothing when left out."""
        table = self.child(key)
        if table is None:
            return
        for id_ in table.keys():  # noqa: SIM118 - not a dict
            entry = table.child(id_, short)
            if entry is not None:
                yield id_, entry

    def rows(self, key: str, short: str | None = None) -> "list[Map]":
        """The mappings of a list, or one alone; nothing when left out."""
        node = self._node(key)
        if node is None:
            return []
        items = node.value if isinstance(node, yaml.SequenceNode) else [node]
        if not items:
            self.fault(key, f"`{key}` is empty")
        found = (self._map(key, item, key, short) for item in items)
        return [item for item in found if item is not None]
