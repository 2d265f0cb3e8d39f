"""What stands in a workbook's cell: a value of ours with its kind and its place, never a guess.

Empty, text, number, date, boolean, error and formula are told apart by what the file says, before anybody asks what
a column wants. Numbers keep the digits of the file; a date is one only where its day, month and year are shown.
"""

import re
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from enum import StrEnum
from xml.etree.ElementTree import Element

import msgspec


class CellKind(StrEnum):
    """What a cell is."""

    TEXT = "text"
    NUMBER = "number"
    DATE = "date"
    BOOLEAN = "boolean"
    ERROR = "error"
    FORMULA = "formula"
    UNREADABLE = "unreadable"


class SheetCell(msgspec.Struct, frozen=True, gc=False):
    """A cell that holds something. An empty cell is none."""

    kind: CellKind
    text: str
    """The text; a number's digits as the file has them; a day as `dd/mm/yyyy`; what is wrong with an unreadable."""
    row: int
    column: int
    """Both from 1."""


class NumberFormat(StrEnum):
    """How a cell's style shows the number in it."""

    PLAIN = "plain"
    DAY = "day"
    """With day, month and year."""
    PART = "part of a day"
    """A date or time of which a part is not seen: `6/1`, `01/2023`, `08:30`."""
    OTHER = "other"
    """With leading zeros, separators, per cent, a currency: not the digits that are stored."""


MAX_COLUMNS, MAX_ROWS = 16_384, 1_048_576
"""Of a sheet (ECMA-376)."""

_BUILT_IN: Mapping[int, NumberFormat] = {
    **dict.fromkeys((0, 1, 49), NumberFormat.PLAIN),
    **dict.fromkeys((14, 15, 22), NumberFormat.DAY),
    **dict.fromkeys((*range(16, 22), *range(27, 37), *range(45, 48), *range(50, 59)), NumberFormat.PART),
}
_UNSHOWN = re.compile(r'"[^"]*"|\\.|_.|\*.|\[[^\]]*\]')
"""Of a format code: literals, padding, colours, locales and conditions."""
_DATE_PARTS = re.compile("[ymdhse]", re.IGNORECASE)
_ESCAPE = re.compile("_x([0-9A-Fa-f]{4})_")
_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[Ee][+-]?[0-9]+)?")
_SERIAL = re.compile(r"([0-9]{1,7})(?:\.0*)?")
_ISO_DAY = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})(?:T00:00(?::00(?:\.0+)?)?Z?)?")
_PLAIN_CELL = re.compile(
    '(<c r="([A-Z]{1,3})([0-9]{1,7})"(?: s="([0-9]{1,6})")?(?: t="(s|str|inlineStr|n|b|e)")?(?: s="([0-9]{1,6})")?'
    '(?:/>|>(?:<v>([^<&]+)</v>|<is><t(?: xml:space="preserve")?>([^<]*)</t></is>)</c>))'
)
_ENTITIES = {"lt": "<", "gt": ">", "quot": '"', "apos": "'", "amp": "&"}
_REFERENCE = re.compile("([A-Z]{1,3})([1-9][0-9]{0,6})")
_SPACE = " \t\r\n"
"""What XML calls space (2.3)."""
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def letters_of(column: int) -> str:
    """A column's letters: 1 is `A`, 28 is `AB`."""
    found = ""
    while column:
        column, rest = divmod(column - 1, 26)
        found = _LETTERS[rest] + found
    return found


COLUMN_OF: Mapping[str, int] = {letters_of(column): column for column in range(1, MAX_COLUMNS + 1)}


def cells_across(reference: str) -> int | None:
    """How many cells a range has; None for what is none."""
    first, _, last = reference.partition(":")
    begins, ends = _REFERENCE.fullmatch(first), _REFERENCE.fullmatch(last or first)
    if begins is None or ends is None or begins[1] not in COLUMN_OF or ends[1] not in COLUMN_OF:
        return None
    return (COLUMN_OF[ends[1]] - COLUMN_OF[begins[1]] + 1) * (int(ends[2]) - int(begins[2]) + 1)


def shown_by(code: str) -> NumberFormat:
    """How a format of a workbook's own shows numbers."""
    bare = _UNSHOWN.sub("", code.partition(";")[0])
    if bare.strip().lower() in {"general", "@", "0"}:
        return NumberFormat.PLAIN
    parts = {part.lower() for part in _DATE_PARTS.findall(bare)}
    if not parts or "general" in bare.lower() or re.search("[0#?]", bare):
        return NumberFormat.OTHER
    return NumberFormat.DAY if {"y", "m", "d"} <= parts else NumberFormat.PART


def shown_by_styles(formats: Sequence[int], codes: Mapping[int, str]) -> tuple[NumberFormat, ...]:
    """How each of a workbook's cell styles shows numbers, from its format's number."""
    return tuple(
        shown_by(codes[number]) if number in codes else _BUILT_IN.get(number, NumberFormat.OTHER)
        for number in formats
    )


def text_of(element: Element, ns: str) -> str | None:
    """The text of a string item, rich or plain, without its reading aids; None for anything else."""
    if len(element) == 1 and element[0].tag == f"{ns}t" and not len(element[0]):
        return unescape(element[0].text or "")
    found: list[str] = []
    for part in element:
        if part.tag == f"{ns}t":
            texts = [part]
        elif part.tag == f"{ns}r":
            texts = part.findall(f"{ns}t")
        elif part.tag in {f"{ns}rPh", f"{ns}phoneticPr", f"{ns}extLst"}:
            continue
        else:
            return None
        if any(len(text) for text in texts):
            return None
        found.extend(text.text or "" for text in texts)
    return unescape("".join(found))


def unescape(text: str) -> str:
    """The text with `_x000D_` read as the character it stands for (ECMA-376 part 1, 22.9.2.19)."""
    return _ESCAPE.sub(lambda found: chr(int(found[1], 16)), text) if "_x" in text else text


class CellReader:
    """Reads the cells of one workbook's sheets."""

    def __init__(
        self,
        ns: str,
        strings: Sequence[str | None],
        styles: Sequence[NumberFormat],
        first_day: date,
        *,
        takes_results: bool = False,
    ) -> None:
        """`ns` is the sheets' namespace in braces; `first_day` is the day before the first of the calendar used.

        `takes_results`: a formula counts as the result that is stored with it, where there is one.
        """
        self._takes_results = takes_results
        self._c, self._f, self._v, self._is, self._ext = (f"{ns}{n}" for n in ("c", "f", "v", "is", "extLst"))
        self._ns = ns
        self._strings = strings
        self._styles = styles
        self._first_day = first_day

    def cells(self, row: Element, number: int) -> Iterator[SheetCell]:
        """The cells of a row that hold anything, from left to right."""
        digits, last = str(number), 0
        c_tag, v_tag, is_tag = self._c, self._v, self._is
        for cell in row:
            if cell.tag != c_tag:
                if cell.tag != self._ext:
                    yield SheetCell(CellKind.UNREADABLE, "something that is not a cell", number, last + 1)
                continue
            reference = cell.get("r")
            column = last + 1 if reference is None else _column(reference, digits)
            if not last < column <= MAX_COLUMNS:
                yield SheetCell(CellKind.UNREADABLE, "a cell whose place cannot be read", number, last + 1)
                return
            last, type_ = column, cell.get("t")
            first = cell[0] if len(cell) == 1 else None
            if first is not None and type_ == "inlineStr" and first.tag == is_tag:
                kind, text = self._inline(first)
            elif first is not None and first.tag == v_tag and not len(first):
                kind, text = self._value(type_, first.text or "", cell.get("s"))
            else:
                kind, text = self._other(cell, type_)
            if text or kind is not CellKind.TEXT:
                yield SheetCell(kind, text, number, column)

    def quickly(self, body: str, number: int) -> list[SheetCell] | None:
        """The same from a row's text, where programs wrote every cell as usual; None where it takes the parser."""
        cells: list[SheetCell] = []
        digits, last, length = str(number), 0, 0
        is_escaped = "&" in body or "_x" in body
        for whole, letters, row, before, type_, behind, value, text in _PLAIN_CELL.findall(body):
            length += len(whole)
            column = COLUMN_OF.get(letters, 0)
            if row != digits or last >= column or (before and behind):
                return None
            last = column
            if text and type_ == "inlineStr":
                held = unescape(_plain(text) or "") if is_escaped else text
                if not held:
                    return None
                cells.append(SheetCell(CellKind.TEXT, held, number, column))
            elif text or (type_ == "inlineStr" and value) or (type_ == "e" and not value):
                return None
            elif value:
                kind, held = self._value(type_ or None, value, before or behind or None)
                if held or kind is not CellKind.TEXT:
                    cells.append(SheetCell(kind, held, number, column))
        return cells if length == len(body) else None

    def _value(self, type_: str | None, text: str, style: str | None) -> tuple[CellKind, str]:
        """A cell with nothing but its value."""
        if type_ == "s":
            found = self._strings[int(text)] if _is_index(text, len(self._strings)) else None
            return (
                (CellKind.UNREADABLE, "a text that the workbook does not hold")
                if found is None
                else (CellKind.TEXT, found)
            )
        if type_ == "str":
            return CellKind.TEXT, unescape(text)
        text = text.strip(_SPACE)
        if type_ in (None, "n"):
            return self._number(text, style)
        if type_ == "b" and text in {"0", "1"}:
            return CellKind.BOOLEAN, "TRUE" if text == "1" else "FALSE"
        if type_ == "e":
            return CellKind.ERROR, text[:32]
        if type_ == "d":
            return _iso_day(text)
        return CellKind.UNREADABLE, "a cell of a kind that the format does not have"

    def _inline(self, item: Element) -> tuple[CellKind, str]:
        text = text_of(item, self._ns)
        return (CellKind.UNREADABLE, "a text that cannot be read") if text is None else (CellKind.TEXT, text)

    def _other(self, cell: Element, kind: str | None) -> tuple[CellKind, str]:
        """A cell that is no shared or inline text, or not as it should be."""
        parts = [part for part in cell if part.tag != self._ext]
        if not parts and (kind or "n") in _MAY_BE_EMPTY and not (cell.text or "").strip(_SPACE):
            return CellKind.TEXT, ""
        if any(part.tag == self._f for part in parts):
            parts = [part for part in parts if part.tag != self._f]
            if not self._takes_results or len(parts) != 1 or not (parts[0].text or kind == "str"):
                return CellKind.FORMULA, ""
        if len(parts) != 1 or len(parts[0]) or parts[0].tag != self._v:
            return CellKind.UNREADABLE, "a cell that cannot be read"
        return self._value(kind, parts[0].text or "", cell.get("s"))

    def _number(self, text: str, style: str | None) -> tuple[CellKind, str]:
        if not _NUMBER.fullmatch(text):
            return CellKind.UNREADABLE, f"`{text[:32]}`, which is no number"
        shown = self._shown(style)
        if shown is NumberFormat.PLAIN:
            return CellKind.NUMBER, text
        if shown is NumberFormat.DAY:
            return self._day(text)
        if shown is NumberFormat.PART:
            return CellKind.UNREADABLE, "a date or time of which only a part is shown; the program made up the rest"
        return CellKind.UNREADABLE, "a number that is shown otherwise than it is stored"

    def _shown(self, style: str | None) -> NumberFormat:
        if style is None:
            return self._styles[0] if self._styles else NumberFormat.PLAIN
        return self._styles[int(style)] if _is_index(style, len(self._styles)) else NumberFormat.OTHER

    def _day(self, text: str) -> tuple[CellKind, str]:
        found = _SERIAL.fullmatch(text)
        if found is None:
            return CellKind.UNREADABLE, "a date with a time of day, or none at all"
        serial = int(found[1])
        # Day 60 of the calendar from 1900 never was; what lies before is counted otherwise by every program.
        if not 60 < serial < 2_958_466:  # noqa: PLR2004
            return CellKind.UNREADABLE, "a date outside the calendar"
        try:
            return CellKind.DATE, _written(self._first_day + timedelta(days=serial))
        except OverflowError:
            return CellKind.UNREADABLE, "a date outside the calendar"


_INDEX_DIGITS = 9
_MAY_BE_EMPTY = frozenset({"n", "s", "str", "inlineStr", "b"})


def _plain(text: str) -> str | None:
    """The text of XML without the five entities that it has of itself; None where there are others."""
    if "&" not in text:
        return text
    found = []
    for number, part in enumerate(text.split("&")):
        name, end, rest = part.partition(";") if number else ("", "", part)
        if number and (not end or name not in _ENTITIES):
            return None
        found.append(_ENTITIES.get(name, "") + rest)
    return "".join(found)


def _column(reference: str, row: str) -> int:
    """The column of a cell in that row; 0 for what is none."""
    return COLUMN_OF.get(reference[: -len(row)], 0) if reference.endswith(row) else 0


def _is_index(text: str, length: int) -> bool:
    """Does the text name one of so many?"""
    return text.isascii() and text.isdigit() and len(text) <= _INDEX_DIGITS and int(text) < length


def _iso_day(text: str) -> tuple[CellKind, str]:
    found = _ISO_DAY.fullmatch(text)
    if found is not None:
        try:
            return CellKind.DATE, _written(date(int(found[1]), int(found[2]), int(found[3])))
        except ValueError:
            pass
    return CellKind.UNREADABLE, "a date with a time of day, or none at all"


def _written(day: date | datetime) -> str:
    return f"{day.day:02}/{day.month:02}/{day.year:04}"


class PlainRows:
    """Takes rows that are written as programs write them out of a sheet's text before it is parsed.

    A stub stays in the place of each, so that the parser still sees where it stood. A file that holds such stubs
    itself is refused: they are counted, and `*1` is no row.
    """

    def __init__(self, cells: CellReader) -> None:
        self._cells = cells
        self._taken: deque[tuple[int, list[SheetCell]]] = deque()
        self._put, self._got = 0, 0

    def shorten(self, texts: Iterator[str]) -> Iterator[str]:
        """The text with stubs."""
        kept = ""
        for text in texts:
            kept += text
            rows, end, rest = kept.rpartition("</row>")
            if end:
                yield self._shortened(rows)
                kept = rest
            elif len(kept) > _LONGEST_ROW:
                yield kept
                kept = ""
        yield kept

    def _shortened(self, text: str) -> str:
        found: list[str] = []
        for piece in text.split("</row>"):
            begins = piece.rfind("<row ")
            start = _ROW_START.match(piece, begins) if begins >= 0 else None
            cells = None
            if start is not None and not _UNUSUAL.search(start[2]):
                cells = self._cells.quickly(piece[start.end() :], int(start[1]))
            if start is None or cells is None:
                found += (piece, "</row>")
            else:
                self._put += 1
                self._taken.append((int(start[1]), cells))
                found += (piece[:begins], f'<row r="*{self._put}"/>')
        return "".join(found)

    def take(self, stub: str) -> tuple[int, list[SheetCell]] | None:
        """The row that a stub stands for, with its number; None where it is not the next."""
        self._got += 1
        return self._taken.popleft() if self._taken and stub == f"*{self._got}" else None

    def are_all_taken(self) -> bool:
        """Has every stub been seen again?"""
        return self._got == self._put


_LONGEST_ROW = 1 << 19
_ROW_START = re.compile('<row r="([1-9][0-9]{0,6})"((?: [A-Za-z0-9:]+="[^"<&>]*")*)>')
_UNUSUAL = re.compile(' (?:r|hidden)=| ht="0')
"""What a row's attributes seldom say: hidden, without height."""
