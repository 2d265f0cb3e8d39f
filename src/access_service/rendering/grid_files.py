"""A unit's grid as a file that a spreadsheet opens: what stands in it, or an example to begin with."""

import csv
import io
from collections.abc import Iterable

from access_service.domain.drafting import GridCells
from access_service.domain.drafting_ground import RowMeaning
from access_service.rendering.matrix_columns import guard_cell

HEAD = ("Họ và tên", "Mã", "Chủ nhiệm", "Dạy môn, lớp", "Nhiệm vụ khác")
EXAMPLES = (
    GridCells("Dương Đức An", "", "7A1", "Toán 7A1, 7A2, 8A3", "Tổ trưởng Toán"),
    GridCells("Đặng Ngọc Ánh", "", "6A1", "Ngữ văn 6A1, 6A2; GDĐP 6A1", ""),
    GridCells("Lý Minh Ân", "", "", "", "Nhân viên y tế"),
)


def write_grid(rows: Iterable[RowMeaning]) -> bytes:
    """The grid with what would be handed over, as CSV."""
    lines = ((*meant.row.cells.texts(), "; ".join(meant.rights)) for meant in rows)
    return _csv((*HEAD, "Quyền sẽ bàn giao"), lines)


def write_example() -> bytes:
    """Three rows of a school's notation, as CSV."""
    return _csv(HEAD, (cells.texts() for cells in EXAMPLES))


def _csv(head: Iterable[str], lines: Iterable[Iterable[str]]) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(head)
    writer.writerows([guard_cell(cell) for cell in line] for line in lines)
    return text.getvalue().encode("utf-8-sig")
