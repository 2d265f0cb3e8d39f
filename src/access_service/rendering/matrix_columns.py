"""The tables of a matrix: which columns they have, and what stands in each cell, as text."""

import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from access_service.domain.anomalies import AnomalySeverity
from access_service.domain.difference import ChangeKind
from access_service.domain.policy import DEFAULT
from access_service.domain.scope import Scope
from access_service.domain.time import local
from access_service.live.revisions import revision_text
from access_service.rendering.anomaly_words import ANOMALY_WORDS
from access_service.rendering.sheets import (
    ACCOUNT_STATES,
    HOLDERS,
    KINDS,
    METHODS,
    NOTES,
    day_text,
    instant_text,
    scope_text,
    signed_as,
    state_text,
)
from access_service.usecases.evidence.matrix_values import (
    AnomalyLine,
    CategoryActions,
    CategoryLine,
    ChangeLine,
    ClassHolder,
    ClassReach,
    MatrixClass,
    MatrixHead,
    MatrixPart,
    MatrixRow,
    MatrixShape,
)

R = TypeVar("R")
CUSTODY_ROLE = "Quản lý tài khoản quản trị của đơn vị"
LETTERS = {"read": "X", "write": "S", "approve": "D", "export": "T", "submit": "G", "export_raw": "R"}
"""What an action is in the narrow columns of categories."""
OTHER_LETTER = "K"
"""An action that only this province's pack has."""
SENSITIVE = " *"
"""Behind the name of a sensitive category."""
SENSITIVE_WORD = "Nhạy cảm"
ANOMALY = "Bất thường"
OWN_CHOICE = "mặc định của sản phẩm"
"""In place of an article, where none says it."""
PARTS = {MatrixPart.UNIT: "Trong đơn vị", MatrixPart.ABOVE: "Từ cấp trên, từ ngoài đơn vị"}
TITLES = {
    MatrixShape.PERSON: "MA TRẬN PHÂN QUYỀN",
    MatrixShape.CLASS: "MA TRẬN PHÂN QUYỀN THEO LỚP",
    MatrixShape.CATEGORY: "MA TRẬN PHÂN QUYỀN THEO NHÓM DỮ LIỆU",
    MatrixShape.ANOMALY: "BẤT THƯỜNG TRONG PHÂN QUYỀN",
    MatrixShape.CHANGE: "THAY ĐỔI TRONG PHÂN QUYỀN",
}
SHEET_NAMES = {
    MatrixShape.PERSON: "Ma trận",
    MatrixShape.CLASS: "Theo lớp",
    MatrixShape.CATEGORY: "Theo nhóm dữ liệu",
    MatrixShape.ANOMALY: "Bất thường",
    MatrixShape.CHANGE: "Thay đổi",
}
TITLE_LINES = 5
"""Lines above the table; one empty row follows."""
_NARROW = 4
_RIGHTS_KEPT = 1_000
"""Rights of different rows whose words are remembered: a pack has some dozens of roles."""


@dataclass(frozen=True, slots=True)
class Column(Generic[R]):
    """A column of a table."""

    heading: str
    width: int
    """In characters, as spreadsheets measure."""
    text: Callable[[R], str]
    is_upright: bool = True
    """False: the heading stands on its side over a narrow column."""


@dataclass(frozen=True, slots=True)
class MatrixTable(Generic[R]):
    """A table of a matrix: a title, columns, and those that stand in CSV alone."""

    title: str
    columns: tuple[Column[R], ...]
    ids: tuple[Column[R], ...] = ()
    """For programs: last in CSV, not on a sheet that people read."""


# -- a row a grant


def scope_of(row: MatrixRow) -> str:
    """The scope of a row in words, with its unit where that is not the row's own."""
    words = scope_text(row.scope, row.class_names)
    # Heads of schools are given theirs by the office: say where, when it is not where they serve.
    return words if row.scope is None or row.scope.unit == row.unit else f"đơn vị {row.scope.unit}; {words}"


def rights_parts(rights: Sequence[CategoryActions], sensitive: frozenset[str]) -> list[tuple[str, bool]]:
    """The rights of a row as runs of text, each with whether it is about a sensitive category."""
    runs = []
    for number, right in enumerate(rights):
        is_sensitive = right.category in sensitive
        mark = SENSITIVE if is_sensitive else ""
        before = "; " if number else ""
        runs.append((f"{before}{right.category_vi}{mark}: {', '.join(right.actions_vi)}", is_sensitive))
    return runs


class _OfRights(Generic[R]):
    """What is made of the rights of a row, once for those that many rows share."""

    def __init__(self, make: Callable[[Sequence[CategoryActions]], R]) -> None:
        self._make = make
        self._made: dict[int, tuple[Sequence[CategoryActions], R]] = {}

    def __call__(self, rights: Sequence[CategoryActions]) -> R:
        found = self._made.get(id(rights))
        if found is None:
            if len(self._made) >= _RIGHTS_KEPT:
                self._made.clear()
            # They are kept, too: as long as they are, nothing else has their identity.
            found = self._made[id(rights)] = (rights, self._make(rights))
        return found[1]


def _rights(sensitive: frozenset[str]) -> Callable[[MatrixRow], str]:
    words = _OfRights(lambda rights: "".join(text for text, _ in rights_parts(rights, sensitive)))
    return lambda row: words(row.rights)


def minutes_of(row: MatrixRow) -> str:
    """Number and day of the minutes that a right rests on."""
    if row.document is None:
        return ""
    return f"{row.document_number or 'chưa có số'} ngày {day_text(row.document_dated)}"


def _commitment(row: MatrixRow) -> str:
    if row.committed_at is None:
        return ""
    return f"mẫu {row.commitment_version or '?'}, ký {local(row.committed_at):%d/%m/%Y}"


def signer_of(row: MatrixRow) -> str:
    """Who signed for the giver, and as what."""
    if row.capacity is None:
        return ""
    return f"{row.signer_name} ({signed_as(row.capacity, row.signer_title)})"


def _notes(row: MatrixRow) -> str:
    words = [NOTES[note] for note in row.notes]
    if row.answerable_name:
        words.append(f"thủ trưởng chịu trách nhiệm: {row.answerable_name}")
    return "; ".join(words)


def position_of(row: MatrixRow) -> str:
    """What the holder is; of custody, as what they hold it."""
    return HOLDERS.get(row.position, "") if row.grant is None else row.position_vi or row.position


def row_state(row: MatrixRow) -> str:
    """The state of a row; of a right with what keeps its account from using it."""
    return state_text(row.state, row.account_state if row.grant is not None else "")


def letters_of(right: CategoryActions) -> str:
    """The actions of a right as letters, each once."""
    return "".join(dict.fromkeys(LETTERS.get(action, OTHER_LETTER) for action in right.actions))


def _letters(category: str, by_category: Callable[[Sequence[CategoryActions]], Mapping[str, str]]) -> Any:
    return lambda row: by_category(row.rights).get(category, "")


def _count(codes: Sequence[str]) -> str:
    """How many things look wrong, and which: the colour says no more."""
    if not codes:
        return ""
    return f"{ANOMALY}: {len(codes)} ({'; '.join(ANOMALY_WORDS[code].lower() for code in codes)})"


PERSON_COLUMNS: tuple[Column[MatrixRow], ...] = (
    Column("Mã đơn vị", 10, lambda row: row.unit),
    Column("Tên đơn vị", 20, lambda row: row.unit_name),
    Column("Tài khoản", 14, lambda row: row.username),
    Column("Loại tài khoản", 14, lambda row: KINDS[row.account_kind]),
    Column("Họ và tên", 18, lambda row: row.person_name),
    Column("Chức vụ, nhiệm vụ", 18, position_of),
    Column("Vai trò", 18, lambda row: CUSTODY_ROLE if row.grant is None else row.role_vi),
    Column("Phạm vi", 22, scope_of),
    Column("Nhóm dữ liệu và hành động được phép", 46, _rights(frozenset())),
    Column("Hiệu lực từ", 11, lambda row: instant_text(row.starts_at)),
    Column("Hiệu lực đến", 11, lambda row: instant_text(row.ends_at)),
    Column("Trạng thái", 12, row_state),
    Column("Đơn vị cấp", 20, lambda row: f"{row.issuer} – {row.issuer_name}" if row.issuer else ""),
    Column("Biên bản (số, ngày)", 15, minutes_of),
    Column("Bản cam kết (mẫu, ngày ký)", 14, _commitment),
    Column("Người ký bên giao (tư cách)", 20, signer_of),
    Column("Ghi chú", 26, _notes),
    Column("Lần dùng gần nhất", 12, lambda row: day_text(row.last_used)),
    Column("Hình thức ký", 14, lambda row: METHODS[row.method] if row.method else ""),
    Column("Số bất thường", 14, lambda row: _count(row.anomalies)),
)
RIGHTS = next(n for n, column in enumerate(PERSON_COLUMNS) if column.heading.startswith("Nhóm dữ liệu"))
"""Where the rights stand in words."""
_PERSON_IDS: tuple[Column[MatrixRow], ...] = (
    Column("Phần", 10, lambda row: PARTS[row.part]),
    Column("Mã quyền", 10, lambda row: row.grant or ""),
    Column("Mã số tài khoản", 10, lambda row: row.account),
)


def person_table(head: MatrixHead) -> MatrixTable[MatrixRow]:
    """One row a grant, with a narrow column for each category of the packs in force."""
    rights = PERSON_COLUMNS[RIGHTS]
    said = Column(rights.heading, rights.width, _rights(head.sensitive))
    by_category = _OfRights(lambda rights: {right.category: letters_of(right) for right in reversed(rights)})
    narrow = tuple(
        Column(c.vi + (SENSITIVE if c.sensitive else ""), _NARROW, _letters(c.id, by_category), is_upright=False)
        for c in head.categories
    )
    columns = (*PERSON_COLUMNS[:RIGHTS], said, *PERSON_COLUMNS[RIGHTS + 1 :], *narrow)
    return MatrixTable(TITLES[MatrixShape.PERSON], columns, _PERSON_IDS)


# -- a row a class


def _holder(holder: ClassHolder) -> str:
    span = f"{instant_text(holder.starts_at)} – {instant_text(holder.ends_at) or 'không ghi ngày hết hiệu lực'}"
    said = f"{holder.person_name} ({holder.username}), {span}"
    is_plain = holder.state == "effective" and holder.account_state not in ACCOUNT_STATES
    return said if is_plain else f"{said} [{state_text(holder.state, holder.account_state)}]"


def _teacher(holder: ClassHolder) -> str:
    is_plain = holder.state == "effective" and holder.account_state not in ACCOUNT_STATES
    behind = "" if is_plain else f" [{state_text(holder.state, holder.account_state)}]"
    return f"{holder.subject}: {holder.person_name}{behind}"


def _reach(reach: ClassReach) -> str:
    if reach.names:
        return f"{reach.role_vi}: {', '.join(reach.names)}"
    return f"{reach.role_vi} ({reach.unit_name}): {reach.people} người"


CLASS_TABLE: MatrixTable[MatrixClass] = MatrixTable(
    TITLES[MatrixShape.CLASS],
    (
        Column("Mã đơn vị", 10, lambda row: row.unit),
        Column("Tên đơn vị", 20, lambda row: row.unit_name),
        Column("Khối", 6, lambda row: row.grade),
        Column("Lớp", 9, lambda row: row.name),
        Column("Chủ nhiệm (người, tài khoản, từ – đến)", 32, lambda row: "; ".join(map(_holder, row.homeroom))),
        Column("Bộ môn (môn: người)", 34, lambda row: "; ".join(map(_teacher, row.subjects))),
        Column("Người khác tới được lớp (vai trò)", 46, lambda row: "; ".join(map(_reach, row.others))),
        Column(
            SENSITIVE_WORD,
            28,
            lambda row: "; ".join(f"{s.category_vi}{SENSITIVE}: {s.people} người" for s in row.sensitive),
        ),
        Column(ANOMALY, 12, lambda row: _count(row.anomalies)),
    ),
    (Column("Mã lớp", 10, lambda row: row.id),),
)


# -- a row a category in a grant


def _scope_with_unit(line: CategoryLine) -> str:
    row = line.row
    unit = row.scope.unit if row.scope else row.unit
    name = row.unit_name if unit == row.unit else unit
    return f"{name}; {scope_text(row.scope, row.class_names)}"


CATEGORY_TABLE: MatrixTable[CategoryLine] = MatrixTable(
    TITLES[MatrixShape.CATEGORY],
    (
        Column("Nhóm dữ liệu", 24, lambda x: x.right.category_vi + (SENSITIVE if x.sensitive else "")),
        Column(SENSITIVE_WORD, 9, lambda x: SENSITIVE_WORD if x.sensitive else ""),
        Column("Hành động", 22, lambda x: ", ".join(x.right.actions_vi)),
        Column("Vai trò", 20, lambda x: x.row.role_vi),
        Column("Họ và tên", 20, lambda x: x.row.person_name),
        Column("Tài khoản", 14, lambda x: x.row.username),
        Column("Phạm vi", 34, _scope_with_unit),
        Column("Từ", 11, lambda x: instant_text(x.row.starts_at)),
        Column("Đến", 11, lambda x: instant_text(x.row.ends_at)),
        Column("Trạng thái", 14, lambda x: row_state(x.row)),
        Column("Lần dùng gần nhất", 12, lambda x: day_text(x.row.last_used)),
        Column("Người ký", 24, lambda x: signer_of(x.row)),
    ),
    (
        Column("Phần", 10, lambda x: PARTS[x.row.part]),
        Column("Mã quyền", 10, lambda x: x.row.grant or ""),
        Column("Mã số tài khoản", 10, lambda x: x.row.account),
        Column("Mã nhóm dữ liệu", 10, lambda x: x.right.category),
    ),
)


# -- a row an anomaly

SEVERITIES = {
    AnomalySeverity.FIX: "Phải khắc phục",
    AnomalySeverity.LOOK: "Cần xem xét",
    AnomalySeverity.INFO: "Để biết",
}
ANOMALY_TABLE: MatrixTable[AnomalyLine] = MatrixTable(
    TITLES[MatrixShape.ANOMALY],
    (
        Column("Mã đơn vị", 10, lambda x: x.anomaly.unit),
        Column("Tên đơn vị", 20, lambda x: x.unit_name),
        Column("Mức", 12, lambda x: SEVERITIES[x.anomaly.severity]),
        Column("Loại", 24, lambda x: ANOMALY_WORDS[x.anomaly.code]),
        Column("Họ và tên", 18, lambda x: x.person_name),
        Column("Tài khoản", 14, lambda x: x.username),
        Column("Vai trò", 18, lambda x: x.role_vi),
        Column("Lớp", 8, lambda x: x.class_name),
        Column("Từ ngày", 11, lambda x: day_text(local(x.anomaly.since).date() if x.anomaly.since else None)),
        Column("Nội dung", 52, lambda x: x.anomaly.vi),
        Column("Căn cứ", 16, lambda x: OWN_CHOICE if x.anomaly.article == DEFAULT else x.anomaly.article),
        Column("Cách khắc phục", 36, lambda x: x.cleared_by),
    ),
    (
        Column("Mã loại", 10, lambda x: x.anomaly.code),
        Column("Mã quyền", 10, lambda x: x.anomaly.grant or ""),
        Column("Mã số tài khoản", 10, lambda x: x.anomaly.account or ""),
        Column("Mã lớp", 10, lambda x: x.anomaly.class_id or ""),
        Column("Mã văn bản", 10, lambda x: x.anomaly.document or ""),
    ),
)


# -- a row a change

CHANGES = {
    ChangeKind.GRANTED: "Giao mới",
    ChangeKind.REVOKED: "Chấm dứt",
    ChangeKind.EXPIRED: "Hết hiệu lực",
    ChangeKind.WIDENED: "Mở rộng",
    ChangeKind.NARROWED: "Thu hẹp",
    ChangeKind.CHANGED: "Thay đổi",
    ChangeKind.SUSPENDED: "Tạm khoá",
    ChangeKind.RESUMED: "Mở lại",
    ChangeKind.RENEWED: "Giao lại cho năm học khác",
    ChangeKind.PACK_CHANGED: "Bộ quy tắc thay đổi",
}
CAUSES = {
    "document": "văn bản",
    "act": "thao tác",
    "expiry": "hết thời hạn",
    "pack": "bộ quy tắc mới",
    "year_end": "đóng năm học",
    "assignment": "nhiệm vụ kết thúc",
}


def _cells(names: Mapping[str, str], cells: Sequence[tuple[str, str]]) -> str:
    """Letters by category: `Kết quả học tập: XS; Định danh học sinh: X`."""
    found: dict[str, str] = {}
    for category, action in cells:
        found[category] = found.get(category, "") + LETTERS.get(action, OTHER_LETTER)
    return "; ".join(f"{names.get(category, category)}: {letters}" for category, letters in found.items())


def _extent(scope: Scope | None) -> str:
    return "" if scope is None else f"{scope.unit}; {scope_text(scope)}"


def _cause_text(line: ChangeLine) -> str:
    words = CAUSES.get(line.cause.type, line.cause.type)
    said = f"{words}: {line.cause.id}" if line.cause.id else words
    return f"{said} ({line.reason})" if line.reason else said


def change_table(head: MatrixHead) -> MatrixTable[ChangeLine]:
    """What changed, with the categories by the names that the packs in force have for them."""
    names = {category.id: category.vi for category in head.categories}
    return MatrixTable(TITLES[MatrixShape.CHANGE], _change_columns(names), _CHANGE_IDS)


def _change_columns(names: Mapping[str, str]) -> tuple[Column[ChangeLine], ...]:
    return (
        Column("Mã đơn vị", 10, lambda x: x.unit),
        Column("Tên đơn vị", 20, lambda x: x.unit_name),
        Column("Thay đổi", 14, lambda x: CHANGES[x.kind]),
        Column("Họ và tên", 18, lambda x: x.person_name),
        Column("Tài khoản", 14, lambda x: x.username),
        Column("Vai trò", 18, lambda x: x.role_vi),
        Column("Bớt", 26, lambda x: _cells(names, x.removed)),
        Column("Thêm", 26, lambda x: _cells(names, x.added)),
        Column("Phạm vi trước", 24, lambda x: _extent(x.scope_before)),
        Column("Phạm vi sau", 24, lambda x: _extent(x.scope_after)),
        Column("Từ", 11, lambda x: instant_text(x.at)),
        Column("Nguyên nhân", 30, _cause_text),
        Column("Người ký bên giao", 18, lambda x: x.signer_name),
        Column("Ghi nhận muộn", 9, lambda x: "Muộn" if x.late else ""),
    )


_CHANGE_IDS: tuple[Column[ChangeLine], ...] = (
    Column("Mã quyền trước", 10, lambda x: x.grant_before or ""),
    Column("Mã quyền sau", 10, lambda x: x.grant_after or ""),
    Column("Tài khoản thực hiện", 10, lambda x: x.actor or ""),
    Column("Số sự kiện", 8, lambda x: "" if x.seq is None else str(x.seq)),
)


def table_by(shape: MatrixShape, head: MatrixHead) -> MatrixTable[Any]:
    """The table whose rows are about that."""
    others: dict[MatrixShape, MatrixTable[Any]] = {
        MatrixShape.CLASS: CLASS_TABLE,
        MatrixShape.CATEGORY: CATEGORY_TABLE,
        MatrixShape.ANOMALY: ANOMALY_TABLE,
        MatrixShape.CHANGE: change_table(head),
    }
    return others[shape] if shape in others else person_table(head)


# -- what is said above and in a cell


def title_lines(head: MatrixHead, title: str = TITLES[MatrixShape.PERSON]) -> tuple[str, ...]:
    """What stands above a table: unit, instant, revision, digests of the packs in force."""
    packs = [f"{p.name} {p.version} (SHA-256 {p.digest})" for p in head.packs] or ["không có"]
    recorded = f", ghi nhận {instant_text(head.recorded_at)}" if head.recorded_at else ""
    return (
        title,
        f"Đơn vị: {head.unit} – {head.unit_name} (gồm {head.units} đơn vị)",
        f"Thời điểm: {instant_text(head.at)} (giờ Việt Nam, UTC+7)"
        + ("; gồm cả quyền đã chấm dứt" if head.include_ended else "")
        + (f"; so với {instant_text(head.diff)}" if head.diff else ""),
        f"Phiên bản dữ liệu: {revision_text(head.revision)}{recorded}",
        f"Bộ quy tắc: {'; '.join(packs)}",
    )


_FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠", "−", "\t", "\r")
_UNSEEN = frozenset({"Zs", "Zl", "Zp", "Cc", "Cf"})


def guard_cell(text: str) -> str:
    """The text behind an apostrophe where a spreadsheet would take it for a formula, blanks before it or not."""
    seen = text
    while seen and seen[0] not in "\t\r" and unicodedata.category(seen[0]) in _UNSEEN:
        seen = seen[1:]
    return f"'{text}" if seen.startswith(_FORMULA) else text


def write_out(text: str) -> str:
    """The text with what nobody sees written out: control characters, marks that turn the way of reading."""
    if text.isprintable():
        return text
    return "".join(_written_out(c) for c in text)


def _written_out(character: str) -> str:
    is_hidden = unicodedata.category(character) in ("Cc", "Cf") and character not in "\t\n\r"
    return f"U+{ord(character):04X}" if is_hidden else character
