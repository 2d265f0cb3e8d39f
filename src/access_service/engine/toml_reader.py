"""TOML with line numbers, and a strict reader of one table.

`tomllib` gives values without places. `lines_of` scans the text for headers and keys once, so that every fault
names the line a person has to change.
"""

import difflib
import re
import tomllib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

from access_service.domain import words
from access_service.domain.errors import Fault, InvalidError

TomlPath = tuple[str | int, ...]
"""Where a value stands: `("locks", 0, "start")`."""

YEARS = range(words.FIRST_YEAR, words.LAST_YEAR + 1)
"""Instants outside are typing mistakes; it also keeps conversion to UTC from overflowing."""
_LONGEST_LINE = 1 << 16
_MOST_GUESSED = 1000
"""Comparing a word with so many takes some ten milliseconds, and a file may have thousands of faults."""
ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
"""Ids of a pack's vocabularies: no comma, quote, space or wildcard, so that a row means what it shows."""
_ID_HINT = "letters without accents, digits, `.`, `_` and `-`, at most 64"
_BOM = b"\xef\xbb\xbf"

_WORD = r"""(?:[A-Za-z0-9_-]+|"[^"\n]*"|'[^'\n]*')"""
_KEYS = rf"{_WORD}(?:\s*\.\s*{_WORD})*"
_HEADER = re.compile(rf"\s*(\[\[?)\s*({_KEYS})\s*\]\]?\s*(?:#.*)?")
_KEY = re.compile(rf"\s*({_KEYS})\s*=\s*(.*)")
_AT_LINE = re.compile(r"\s*\(at line (\d+), column \d+\)")
_AT_END = re.compile(r"\s*\(at end of document\)")


def text_of(path: str, content: bytes, faults: list[Fault]) -> str | None:
    """The text of a file of a pack: UTF-8 without a mark, in NFC, not empty. None when nothing can be read."""
    if content.startswith(_BOM):
        faults.append(Fault(f"{path}:1", "starts with a byte-order mark", "save as UTF-8 without one"))
        content = content.removeprefix(_BOM)
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        faults.append(Fault(f"{path}:{line}", "not UTF-8", "save as UTF-8"))
        return None
    if not text.strip():
        faults.append(Fault(f"{path}:1", "empty file"))
        return None
    for number, line_text in enumerate(text.split("\n"), start=1):
        if not _is_composed(line_text):
            hint = "accents must be part of their letters: save as NFC (Unicode dựng sẵn)"
            faults.append(Fault(f"{path}:{number}", "text is not NFC", hint))
    return text


def _is_composed(line_text: str) -> bool:
    try:
        return words.normalise_text(line_text, _LONGEST_LINE) == line_text
    except InvalidError:
        return False


def guess(word: str, known: Collection[str]) -> str:
    """A hint naming what was probably meant, or nothing; among very many words none is looked for."""
    if len(known) > _MOST_GUESSED:
        return ""
    close = difflib.get_close_matches(word, sorted(known), n=1)
    return f"did you mean `{close[0]}`" if close else ""


def quote(value: object) -> str:
    """User input for a message: on one line, printable and short, in backticks."""
    text = "".join(letter if letter.isprintable() else " " for letter in str(value))
    return f"`{text[:77]}…`" if len(text) > 80 else f"`{text}`"  # noqa: PLR2004 - a line's worth


def _split_key(dotted: str) -> list[str]:
    return [word.strip("\"'") for word in re.findall(_WORD, dotted)]


def lines_of(text: str) -> dict[TomlPath, int]:
    """The line of every header and key outside strings; arrays of tables are counted from 0."""
    lines: dict[TomlPath, int] = {}
    counts: dict[TomlPath, int] = {}
    table: TomlPath = ()
    closing = ""
    for number, line in enumerate(text.split("\n"), start=1):
        if closing:
            closing = "" if closing in line else closing
        elif header := _HEADER.fullmatch(line.rstrip("\r")):
            table = _resolve(_split_key(header[2]), counts)
            if header[1] == "[[":
                counts[table] = counts.get(table, -1) + 1
                table = (*table, counts[table])
            lines.setdefault(table, number)
        elif key := _KEY.match(line):
            at = table
            for word in _split_key(key[1]):
                at = (*at, word)
                lines.setdefault(at, number)
            opening = key[2][:3]
            if opening in ('"""', "'''") and opening not in key[2][3:]:
                closing = opening
    return lines


def _resolve(words: list[str], counts: Mapping[TomlPath, int]) -> TomlPath:
    """A header's place; inside an array of tables it is about the last element so far."""
    at: TomlPath = ()
    for position, word in enumerate(words):
        at = (*at, word)
        if at in counts and position < len(words) - 1:
            at = (*at, counts[at])
    return at


@dataclass(frozen=True, slots=True)
class TomlFile:
    """One parsed file and where everything in it stands."""

    path: str
    root: Mapping[str, Any]
    lines: Mapping[TomlPath, int]

    def place(self, at: TomlPath) -> str:
        """`hai-phong/pack.toml:17`, of the nearest header or key that is known: of a table, its first line."""
        while at and at not in self.lines:
            inside = [line for key, line in self.lines.items() if key[: len(at)] == at]
            if inside:
                return f"{self.path}:{min(inside)}"
            at = at[:-1]
        return f"{self.path}:{self.lines.get(at, 1)}"


def parse_toml(path: str, text: str, faults: list[Fault]) -> TomlFile | None:
    """The file's tables, or None and a fault when it is not TOML."""
    try:
        return TomlFile(path, tomllib.loads(text), lines_of(text))
    except tomllib.TOMLDecodeError as error:
        said = str(error)
        found = _AT_LINE.search(said)
        line = int(found[1]) if found else text.rstrip().count("\n") + 1
        said = _AT_END.sub("", _AT_LINE.sub("", said))
        faults.append(Fault(f"{path}:{line}", f"not TOML: {said[:1].lower()}{said[1:]}"))
    except (ValueError, RecursionError):
        # A number of thousands of digits, or brackets nested beyond the interpreter's stack.
        faults.append(Fault(f"{path}:1", "not TOML: a value is too large or nested too deep"))
    return None


@dataclass(slots=True)
class TomlTable:
    """Reads one table key by key; `done` refuses the keys nobody asked for.

    Each method returns a value of the right type even after a fault, so that the remaining faults are found too;
    whoever holds `faults` throws the result away when there are any.
    """

    file: TomlFile
    at: TomlPath
    values: Mapping[str, Any]
    faults: list[Fault]
    asked: set[str] = field(default_factory=set)

    @classmethod
    def root(cls, file: TomlFile, faults: list[Fault]) -> "TomlTable":
        """The top of a file."""
        return cls(file, (), file.root, faults)

    def fault(self, key: str | None, message: str, hint: str = "") -> None:
        """Note something wrong with a key, or with the table itself."""
        at = self.at if key is None else (*self.at, key)
        self.faults.append(Fault(self.file.place(at), message, hint))

    def place(self) -> str:
        """`hai-phong/pack.toml:17`: where the table is written."""
        return self.file.place(self.at)

    def has(self, key: str) -> bool:
        """Is the key written?"""
        return key in self.values

    def done(self) -> None:
        """Refuse every key that was not asked for."""
        for key in self.values.keys() - self.asked:
            self.fault(key, f"unknown key {quote(key)}{self._inside()}", guess(key, self.asked))

    def _inside(self) -> str:
        return f" in `{'.'.join(str(word) for word in self.at)}`" if self.at else ""

    def value(self, key: str) -> Any:
        """Whatever is written; a fault and None when nothing is."""
        self.asked.add(key)
        if key not in self.values:
            self.fault(None, f"`{key}` is missing{self._inside()}")
            return None
        return self.values[key]

    def _wrong(self, key: str, wanted: str) -> None:
        if key in self.values:
            self.fault(key, f"`{key}` must be {wanted}")

    def text(self, key: str, *, has_lines: bool = False) -> str:
        """A string that says something, on one line unless it `has_lines`, of characters that can be seen."""
        value = self.value(key)
        if isinstance(value, str) and value.strip():
            self.check_seen(key, *(value.split("\n") if has_lines else (value,)))
            return value
        self._wrong(key, "a string that is not empty")
        return ""

    def check_seen(self, key: str, *lines: str) -> None:
        """A fault where a line breaks or hides something: printed, it would be taken for our own words."""
        if not all(map(words.is_seen, lines)):
            self.fault(key, f"`{key}` holds a line break, or a character that cannot be seen")

    def flag(self, key: str) -> bool:
        """`true` or `false`."""
        value = self.value(key)
        if isinstance(value, bool):
            return value
        self._wrong(key, "true or false")
        return False

    def number(self, key: str, smallest: int, largest: int) -> int:
        """A whole number within both bounds."""
        value = self.value(key)
        # `true` is an int in Python; in a pack it is a mistake.
        if isinstance(value, int) and not isinstance(value, bool) and smallest <= value <= largest:
            return value
        self._wrong(key, f"a whole number from {smallest} to {largest}")
        return smallest

    def instant(self, key: str) -> datetime:
        """An instant with its offset, as UTC."""
        value = self.value(key)
        if not isinstance(value, datetime):
            self._wrong(key, "an instant, such as 2024-10-07T17:00:00+07:00")
        elif value.tzinfo is None:
            self.fault(key, f"`{key}` has no offset", "write +07:00 for Vietnam's time")
        elif self._is_near(key, value.year):
            return value.astimezone(UTC)
        return datetime(YEARS.start, 1, 1, tzinfo=UTC)

    def day(self, key: str) -> date:
        """A day of Vietnam's calendar, without an hour."""
        value = self.value(key)
        # In Python every datetime is a date, too.
        if not isinstance(value, date) or isinstance(value, datetime):
            self._wrong(key, "a day, such as 2024-09-13")
        elif self._is_near(key, value.year):
            return value
        return date(YEARS.start, 1, 1)

    def _is_near(self, key: str, year: int) -> bool:
        if year not in YEARS:
            self.fault(key, f"`{key}` is in the year {year}", f"from {YEARS.start} to {YEARS.stop - 1}")
        return year in YEARS

    def word(self, key: str, known: Collection[str] | None, noun: str) -> str:
        """One word of a vocabulary; None as the vocabulary when it could not be read, and nothing is compared."""
        value = self.text(key)
        if value:
            self._check(key, value, known, noun)
        return value

    def words(
        self, key: str, known: Collection[str] | None, noun: str, *, may_be_empty: bool = False
    ) -> frozenset[str]:
        """A list of different words of a vocabulary."""
        value = self.value(key)
        if not isinstance(value, list) or not all(isinstance(word, str) for word in value):
            self._wrong(key, "a list of strings")
            return frozenset()
        if not value and not may_be_empty:
            self.fault(key, f"`{key}` is empty")
        self.check_seen(key, *value)
        for word in sorted(set(value)):
            if value.count(word) > 1:
                self.fault(key, f"{quote(word)} stands twice in `{key}`")
            self._check(key, word, known, noun)
        return frozenset(value)

    def _check(self, key: str, word: str, known: Collection[str] | None, noun: str) -> None:
        if known is not None and word not in known:
            self.fault(key, f"unknown {noun} {quote(word)}", guess(word, known))

    def table(self, key: str) -> "TomlTable | None":
        """A table inside this one, or None where there is none."""
        self.asked.add(key)
        value = self.values.get(key)
        if isinstance(value, Mapping):
            return TomlTable(self.file, (*self.at, key), value, self.faults)
        self._wrong(key, "a table")
        return None

    def tables(self, key: str) -> Iterator[tuple[str, "TomlTable"]]:
        """The tables under `[key.<id>]`, each with its id."""
        for id_ in self.ids(key):
            table = TomlTable(self.file, (*self.at, key), self.values[key], self.faults).table(id_)
            if table is not None:
                yield id_, table

    def ids(self, key: str) -> list[str]:
        """The keys of a table, checked as ids."""
        table = self.table(key)
        if table is None:
            return []
        for id_ in table.values:
            if ID.fullmatch(id_) is None:
                table.fault(id_, f"{quote(id_)} is no id", _ID_HINT)
        return list(table.values)

    def rows(self, key: str) -> Iterator["TomlTable"]:
        """The tables under `[[key]]`, in order."""
        self.asked.add(key)
        value = self.values.get(key, [])
        if not isinstance(value, list) or not all(isinstance(row, Mapping) for row in value):
            self._wrong(key, f"tables under [[{key}]]")
            return
        for index, row in enumerate(value):
            yield TomlTable(self.file, (*self.at, key, index), row, self.faults)
