"""A worksheet that takes whole rows: the bytes are those that XlsxWriter writes cell by cell, and sooner.

XlsxWriter keeps a row's cells and its height as objects and asks each of them again when the row is written; what
it knows of heights it keeps until the end. Here a cell is made into text once, wherever it stands, and a row is one
write. Everything else (pages, formats, headings, the package) is XlsxWriter's; a test compares the two.
"""

from collections.abc import Sequence
from typing import Any

from xlsxwriter.utility import _preserve_whitespace, xl_col_to_name
from xlsxwriter.worksheet import Worksheet

_PIXELS_A_POINT = 4 / 3


class RowSheet(Worksheet):  # type: ignore[misc]
    """A worksheet of a workbook in constant memory, whose rows come in order."""

    def text_cell(self, text: str, style: Any) -> str:
        """The text as a cell from its style on; an empty text is an empty cell that has the style."""
        number = _number_of(style)
        if not text:
            return f' s="{number}"/>'
        escaped = self._escape_control_characters(text)
        kept = ' xml:space="preserve"' if _preserve_whitespace(escaped) else ""
        return f' s="{number}" t="inlineStr"><is><t{kept}>{self._escape_data(escaped)}</t></is></c>'

    def rich_cell(self, parts: Sequence[Any], style: Any) -> str:
        """A cell of formats and texts in turn; only between `begin_line` and `write_line`."""
        row = self.previous_row
        self.write_rich_string(row, 0, *parts, style)
        made = self._escape_control_characters(self.table.pop(row)[0].string)
        return f' s="{_number_of(style)}" t="inlineStr"><is>{made}</is></c>'

    def begin_line(self, row: int) -> None:
        """Write what stands above this row, which comes next."""
        self._write_single_row(row)

    def write_line(self, height: float, cells: Sequence[str]) -> None:
        """Write the row that was begun, of that height in points; an empty cell is left out."""
        row = self.previous_row
        self._check_dimensions(row, len(cells) - 1)
        pixels = int(height * _PIXELS_A_POINT + 0.5)
        usual = pixels == self.original_row_height == self.default_row_height
        size = "" if usual else f' ht="{pixels * 0.75:.16g}" customHeight="1"'
        number = row + 1
        written = [
            f'<c r="{name}{number}"{rest}' for name, rest in zip(_names(len(cells)), cells, strict=False) if rest
        ]
        self.fh.write(f'<row r="{number}"{size}>{"".join(written)}</row>')


def _number_of(style: Any) -> int:
    """What the format is called in the file, from its first use on."""
    return int(style._get_xf_index())  # noqa: SLF001


_NAMES: list[str] = []


def _names(count: int) -> list[str]:
    """`A`, `B` …, at least so many."""
    while len(_NAMES) < count:
        _NAMES.append(xl_col_to_name(len(_NAMES)))
    return _NAMES
