"""A matrix as a workbook for A4 landscape: text cells only, row by row, and the same bytes for the same question.

Every sheet is made first and filled while the rows are read once; a sheet that is full goes on in a next one. What
colours say stands in words too. The sheets by class and by category are written where the matrix covers few units,
or where they are asked for by name.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import IO, Any, Generic, TypeVar

import xlsxwriter

from access_service.domain.anomalies import AnomalySeverity
from access_service.domain.standing import OVER
from access_service.rendering.matrix_columns import (
    ANOMALY,
    ANOMALY_TABLE,
    CATEGORY_TABLE,
    CLASS_TABLE,
    RIGHTS,
    SHEET_NAMES,
    TITLE_LINES,
    TITLES,
    Column,
    MatrixTable,
    change_table,
    person_table,
    rights_parts,
    title_lines,
    write_out,
)
from access_service.rendering.matrix_legend import legend_lines
from access_service.rendering.whole_rows import RowSheet
from access_service.usecases.evidence.matrix_shapes import list_by_category
from access_service.usecases.evidence.matrix_values import (
    AnomalyLine,
    CategoryActions,
    CategoryLine,
    Matrix,
    MatrixClass,
    MatrixHead,
    MatrixRow,
    MatrixShape,
)

R = TypeVar("R")
SHEET_ROWS = 1_000_000
"""Rows of one worksheet; XLSX ends at 1,048,576, and the rest goes on in a next one."""
ALL_SHAPES_UNITS = 50
"""Units up to which a workbook has every shape when none was named."""
LINE_POINTS = 12
"""Height of a line of text."""
CELL_LIMIT = 16_383
"""Characters of one cell: XLSX counts halves of characters up to 32,767."""
CELLS_KEPT = 20_000
"""Cells that a table remembers as written: most words of a matrix stand in it again and again."""
COLOURS: Mapping[str, Mapping[str, object]] = {
    "cell": {},
    "over": {"font_color": "#7A7A7A"},
    "pending": {"bg_color": "#FFF6DD"},
    "suspended": {"bg_color": "#FBE3D6"},
    "anomaly": {"bg_color": "#FBE9E7"},
}
"""By what is to be seen of a row; each stands in words in the same row."""
COLOUR_WORDS = {
    "over": "chữ xám: quyền đã chấm dứt hoặc hết hiệu lực",
    "pending": "nền vàng nhạt: chờ ký đủ văn bản, chưa đến ngày hiệu lực",
    "suspended": "nền cam nhạt: tạm khoá, hoặc tài khoản chưa kích hoạt, đang tạm khoá, đã đóng",
    "anomaly": f"nền đỏ nhạt: {ANOMALY.lower()}",
}
SENSITIVE_COLOUR = "#9C1C1C"
HEADING_COLOUR = "#DDE6F0"
ABOVE_TITLE = "QUYỀN TIẾP CẬN TỪ CẤP TRÊN, TỪ NGOÀI ĐƠN VỊ"
ABOVE_SHEET = "Từ cấp trên"
RowsWritten = Callable[[int], None]


def write_xlsx(
    matrix: Matrix,
    stream: IO[bytes],
    by: MatrixShape | None = None,
    *,
    sheet_rows: int = SHEET_ROWS,
    progress: RowsWritten | None = None,
) -> int:
    """The rows as a workbook. Returns how many rows of people it holds, or of the one shape asked for.

    `progress` hears how many rows of the unit and what is below it are written.
    """
    shapes = _shapes(matrix, by)
    book = xlsxwriter.Workbook(
        stream,
        {
            "constant_memory": True,
            "strings_to_formulas": False,
            "strings_to_numbers": False,
            "strings_to_urls": False,
        },
    )
    # The instant asked about, not the clock: the same question gives the same file.
    book.set_properties(
        {"title": "Ma trận phân quyền", "subject": matrix.head.unit, "created": matrix.head.at.replace(tzinfo=None)}
    )
    count = _Sheets(book, matrix, shapes, sheet_rows).fill(progress or (lambda _: None))
    book.close()
    return count


def _shapes(matrix: Matrix, by: MatrixShape | None) -> tuple[MatrixShape, ...]:
    """The shapes of the sheets; what changed is among them wherever two instants are compared."""
    found = (by,) if by else tuple(MatrixShape) if matrix.head.units <= ALL_SHAPES_UNITS else (MatrixShape.PERSON,)
    others = tuple(shape for shape in found if shape is not MatrixShape.CHANGE)
    return others if matrix.differences is None and others else (*others, MatrixShape.CHANGE)


class Styles:
    """Formats of a workbook, each made once."""

    def __init__(self, book: Any) -> None:
        """In the order in which they are needed, so that equal books are equal bytes."""
        text = {"text_wrap": True, "valign": "top", "font_size": 9}
        sensitive = {"font_color": SENSITIVE_COLOUR, "bold": True}
        self.title = book.add_format({"bold": True, "font_size": 14})
        self.line = book.add_format({})
        heading = {"bold": True, "text_wrap": True, "valign": "vcenter", "border": 1, "bg_color": HEADING_COLOUR}
        self.heading = book.add_format(heading)
        aside = {**heading, "rotation": 90, "valign": "bottom", "font_size": 8}
        self.aside = book.add_format(aside)
        self.aside_sensitive = book.add_format({**aside, **sensitive})
        self.cells = {name: book.add_format({**text, **looks}) for name, looks in COLOURS.items()}
        self.sensitive = {name: book.add_format({**text, **looks, **sensitive}) for name, looks in COLOURS.items()}
        self.run = book.add_format({"font_size": 9})
        self.run_sensitive = book.add_format({"font_size": 9, **sensitive})


class BookSheet(Generic[R]):
    """One table on as many worksheets as it needs."""

    def __init__(
        self, book: Any, styles: Styles, head: MatrixHead, name: str, table: MatrixTable[R], sheet_rows: int
    ) -> None:
        """The first worksheet is made at once, so that sheets stand in the order of their making."""
        self._book, self._styles, self._head = book, styles, head
        self._name, self._table, self._sheet_rows = name, table, sheet_rows
        self._widths = [(c.width, c.heading.endswith(" *")) for c in table.columns]
        self._cell = lru_cache(CELLS_KEPT)(self._make_cell)
        self._rich: dict[tuple[tuple[tuple[str, bool], ...], str], str] = {}
        self.count = 0
        self._sheet, self._at = self._begin()

    def add(
        self,
        texts: Sequence[str],
        look: str = "cell",
        rich: Mapping[int, tuple[tuple[str, bool], ...]] | None = None,
    ) -> None:
        """The next row; `rich` are cells in runs, each with whether it is about what is sensitive."""
        if self.count and self.count % self._sheet_rows == 0:
            self.close()
            self._sheet, self._at = self._begin()
        self._at += 1
        self.count += 1
        self._sheet.begin_line(self._at)
        # Not every program fits the rows of a file that it opens: the height is that of the longest wrapped cell.
        cells, lines = [], 1
        for text, (width, is_sensitive) in zip(texts, self._widths, strict=True):
            made, length = self._cell(text, look, is_sensitive)
            cells.append(made)
            if length >= width:
                lines = max(lines, -(-length // (width - 1)))
        for number, runs in (rich or {}).items():
            if cell(texts[number]) == texts[number]:
                cells[number] = self._rich_cell(runs, look)
        self._sheet.write_line(min(lines * LINE_POINTS + 3, 409), cells)

    def _make_cell(self, text: str, look: str, is_sensitive: bool) -> tuple[str, int]:
        """The text as its cell is written, and how long it is there."""
        shown = cell(text)
        if not shown and look == "cell":
            return "", 0
        styles = self._styles.sensitive if is_sensitive and shown else self._styles.cells
        return self._sheet.text_cell(shown, styles[look]), len(shown)

    def _rich_cell(self, runs: tuple[tuple[str, bool], ...], look: str) -> str:
        """The rights of a row in runs; most rows share theirs with many."""
        if (runs, look) not in self._rich:
            parts: list[Any] = []
            for text, is_sensitive in runs:
                parts += [self._styles.run_sensitive if is_sensitive else self._styles.run, text]
            self._rich[runs, look] = self._sheet.rich_cell(parts, self._styles.cells[look])
        return self._rich[runs, look]

    def close(self) -> None:
        """The filter and the printed area, once it is known where the rows end."""
        first = TITLE_LINES + 1
        self._sheet.autofilter(first, 0, max(self._at, first), len(self._table.columns) - 1)

    def _begin(self) -> tuple[Any, int]:
        number = self.count // self._sheet_rows if self.count else 0
        name = self._name if number == 0 else f"{self._name} {number + 1}"
        sheet = self._book.add_worksheet(name, worksheet_class=RowSheet)
        _set_up_page(sheet)
        columns = self._table.columns
        for index, column in enumerate(columns):
            sheet.set_column(index, index, column.width)
        for index, line in enumerate(title_lines(self._head, self._table.title)):
            sheet.write_string(index, 0, cell(line), self._styles.title if index == 0 else self._styles.line)
        first = TITLE_LINES + 1
        sheet.set_row(first, 32 if all(c.is_upright for c in columns) else 132)
        for index, column in enumerate(columns):
            sheet.write_string(first, index, column.heading, self._heading(column))
        sheet.freeze_panes(first + 1, min(3, len(columns)))
        sheet.repeat_rows(0, first)
        return sheet, first

    def _heading(self, column: Column[R]) -> Any:
        if column.is_upright:
            return self._styles.heading
        return self._styles.aside_sensitive if column.heading.endswith(" *") else self._styles.aside


class _Sheets:
    """The sheets of one workbook, made in their order and filled in one reading."""

    def __init__(self, book: Any, matrix: Matrix, shapes: Sequence[MatrixShape], sheet_rows: int) -> None:
        self._matrix, self._book, self._shapes = matrix, book, shapes
        styles, head = Styles(book), matrix.head
        people = person_table(head)
        from_above = MatrixTable(ABOVE_TITLE, people.columns)
        self._styles = styles
        self._is_rich = head.sensitive

        def sheet(name: str, table: MatrixTable[R]) -> BookSheet[R]:
            return BookSheet(book, styles, head, name, table, sheet_rows)

        self._columns = people.columns
        with_people = MatrixShape.PERSON in shapes
        self._people = sheet(SHEET_NAMES[MatrixShape.PERSON], people) if with_people else None
        self._above = sheet(ABOVE_SHEET, from_above) if with_people and matrix.above else None
        self._classes = sheet(SHEET_NAMES[MatrixShape.CLASS], CLASS_TABLE) if MatrixShape.CLASS in shapes else None
        self._categories = (
            sheet(SHEET_NAMES[MatrixShape.CATEGORY], CATEGORY_TABLE) if MatrixShape.CATEGORY in shapes else None
        )
        self._anomalies = (
            sheet(SHEET_NAMES[MatrixShape.ANOMALY], ANOMALY_TABLE) if MatrixShape.ANOMALY in shapes else None
        )
        self._changes = (
            sheet(SHEET_NAMES[MatrixShape.CHANGE], change_table(head)) if MatrixShape.CHANGE in shapes else None
        )
        self._runs: dict[int, tuple[tuple[CategoryActions, ...], tuple[tuple[str, bool], ...]]] = {}

    def fill(self, progress: RowsWritten) -> int:
        """Read the matrix once and write every sheet. Returns how many rows the first of them holds."""
        held: list[MatrixRow] = []
        done = 0
        for batch in self._matrix.batches:
            self._add_people(self._people, batch.rows)
            if self._classes is not None:
                self._add_classes(self._classes, batch.classes())
            if self._categories is not None:
                held += batch.rows
            if self._anomalies is not None:
                self._add_anomalies(self._anomalies, batch.anomalies)
            done += len(batch.rows)
            progress(done)
        above = self._matrix.above
        self._add_people(self._above, above)
        if self._categories is not None:
            self._add_lines(self._categories, list_by_category(self._matrix.head, [*held, *above]))
        if self._changes is not None and self._matrix.differences is not None:
            columns = change_table(self._matrix.head).columns
            for line in self._matrix.differences.lines:
                self._changes.add([column.text(line) for column in columns])
        sheets = (self._people, self._above, self._classes, self._categories, self._anomalies, self._changes)
        written = [sheet for sheet in sheets if sheet is not None]
        for sheet in written:
            sheet.close()
        self._explain()
        above_too = self._above.count if self._above is not None else 0
        return written[0].count + above_too

    def _add_people(self, sheet: BookSheet[MatrixRow] | None, rows: Iterable[MatrixRow]) -> None:
        if sheet is None:
            return
        for row in rows:
            texts = [column.text(row) for column in self._columns]
            runs = self._runs_of(row.rights)
            sheet.add(texts, look_of(row), {RIGHTS: runs} if len(runs) > 1 else None)

    def _runs_of(self, rights: tuple[CategoryActions, ...]) -> tuple[tuple[str, bool], ...]:
        """The rights in runs, neighbours of one kind joined; most rows share theirs with many."""
        found = self._runs.get(id(rights))
        if found is None:
            runs: list[tuple[str, bool]] = []
            for text, is_sensitive in rights_parts(rights, self._is_rich):
                if runs and runs[-1][1] == is_sensitive:
                    runs[-1] = (runs[-1][0] + text, is_sensitive)
                else:
                    runs.append((text, is_sensitive))
            found = self._runs[id(rights)] = (rights, tuple(runs))
        return found[1]

    def _add_classes(self, sheet: BookSheet[MatrixClass], classes: Iterable[MatrixClass]) -> None:
        for found in classes:
            texts = [column.text(found) for column in CLASS_TABLE.columns]
            sheet.add(texts, "anomaly" if found.anomalies else "cell")

    def _add_anomalies(self, sheet: BookSheet[AnomalyLine], lines: Iterable[AnomalyLine]) -> None:
        for line in lines:
            look = "anomaly" if line.anomaly.severity is AnomalySeverity.FIX else "cell"
            sheet.add([column.text(line) for column in ANOMALY_TABLE.columns], look)

    def _add_lines(self, sheet: BookSheet[CategoryLine], lines: Iterable[CategoryLine]) -> None:
        for line in lines:
            sheet.add([column.text(line) for column in CATEGORY_TABLE.columns], look_of(line.row))

    def _explain(self) -> None:
        """The last sheet: what the words, letters and colours mean, and how to know the file again."""
        sheet = self._book.add_worksheet("Giải thích")
        _set_up_page(sheet)
        sheet.fit_to_pages(1, 0)
        sheet.set_column(0, 0, 34)
        sheet.set_column(1, 1, 100)
        for at, line in enumerate(title_lines(self._matrix.head, f"{TITLES[MatrixShape.PERSON]} – GIẢI THÍCH")):
            sheet.write_string(at, 0, cell(line), self._styles.title if at == 0 else self._styles.line)
        at = TITLE_LINES
        for word, meaning in legend_lines(self._matrix.head, self._shapes, COLOUR_WORDS.values()):
            at += 1
            if not meaning:
                sheet.write_string(at, 0, cell(word), self._styles.heading)
                continue
            sheet.write_string(at, 0, cell(word), self._styles.cells["cell"])
            sheet.write_string(at, 1, cell(meaning), self._styles.cells["cell"])
            sheet.set_row(at, (-(-len(meaning) // 99)) * LINE_POINTS + 3)


def look_of(row: MatrixRow) -> str:
    """The strongest thing to be seen of a row."""
    if row.state in OVER:
        return "over"
    if row.state in ("suspended", "vacant") or row.account_state in ("invited", "suspended", "closed"):
        return "suspended"
    if row.anomalies:
        return "anomaly"
    return "pending" if row.state in ("pending", "scheduled") else "cell"


def cell(text: str) -> str:
    """What a cell can hold: nothing unseen, a mark where the text was cut, and no markup of the writer's own."""
    text = write_out(text)
    if len(text) > CELL_LIMIT:
        text = text[: CELL_LIMIT - 1] + "…"
    # The writer takes what is bracketed so for a string in runs that it made itself, and writes it as it stands.
    return f" {text}" if text.startswith("<r>") else text


def _set_up_page(sheet: Any) -> None:
    sheet.set_landscape()
    sheet.set_paper(9)  # A4
    # As many columns on one sheet of A4 could not be read: two abreast, both with unit and account.
    sheet.fit_to_pages(2, 0)
    sheet.repeat_columns(0, 2)
    sheet.hide_gridlines(0)
    sheet.set_margins(left=0.4, right=0.4, top=0.5, bottom=0.6)
    sheet.set_footer("&L&A&RTrang &P/&N")
