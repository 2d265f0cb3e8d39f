"""Pages that come from no print: the cover of a dossier, the list of its papers, the matrix of access.

Everything on them stands in a file beside them as well; nobody signs their words but as the cover of that file.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from access_service.domain.printing import long_date
from access_service.domain.time import local
from access_service.evidence.fonts import FontFamily
from access_service.evidence.layout import (
    CONFIRMATION,
    CONTENT_NAME,
    OFFLINE,
    Block,
    grid,
    lay_out_signers,
    show_all,
)
from access_service.evidence.paper import Attachment, SignedBlock
from access_service.evidence.qr import draw_qr
from access_service.evidence.render import render_layout
from access_service.evidence.signs import show

MOST_ROWS = 1000
"""Of one sheet: 65 pages, for which Typst takes 340 MiB. A longer one is parted by unit."""
PAPER_LIST = (
    ("STT", 10),
    ("Số, ký hiệu", 32),
    ("Ngày tháng", 22),
    ("Tên loại và trích yếu", 98),
    ("Tác giả", 44),
    ("Tờ số", 14),
    ("Ghi chú", 30),
)
"""Mục lục văn bản (Decree 30, Appendix V): heading and share of the line."""
ACCESS_MATRIX = (
    ("STT", 9),
    ("Họ và tên", 30),
    ("Chức vụ, nhiệm vụ", 28),
    ("Tài khoản", 26),
    ("Vai trò", 28),
    ("Phạm vi", 34),
    ("Nhóm dữ liệu và quyền (* nhạy cảm)", 58),
    ("Hiệu lực", 21),
    ("Trạng thái", 20),
    ("Căn cứ, người ký", 38),
)
"""The matrix of access on paper."""

CHALLENGE_WORDS = (
    "Người đăng ký ký số vào ô bên dưới bằng chứng thư muốn đăng ký, rồi gửi lại nguyên tệp này cho hệ thống. "
    "Phiếu có giá trị một lần, trong 24 giờ; không dùng cho việc nào khác."
)


@dataclass(frozen=True, slots=True)
class IssuedBy:
    """Whose page it is, which number it has, of which day."""

    parent: str
    name: str
    place: str
    dated: date
    number: str = ""
    number_label: str = "Số:"


@dataclass(frozen=True, slots=True)
class SelfCheck:
    """What the service looked at when it made a dossier, and what it found."""

    text: str
    is_good: bool
    result: str
    file: str


@dataclass(frozen=True, slots=True)
class SignerPlace:
    """Where somebody signs a cover: the lines over the name; one in brackets is set small."""

    side: str
    over: tuple[str, ...]
    name: str


@dataclass(frozen=True, slots=True)
class DossierCover:
    """The cover of a dossier, from which an inspector begins."""

    issued_by: IssuedBy
    subject: tuple[str, ...]
    facts: tuple[tuple[str, str], ...]
    """For whom, about what, from when to when, as known when."""
    checks: tuple[SelfCheck, ...]
    figures: tuple[tuple[str, str], ...]
    """Number and its name."""
    contents: tuple[tuple[str, str, str], ...]
    """What, how many, in which folder."""
    marks: tuple[tuple[str, str], ...]
    """The log: its size, root and key."""
    steps: tuple[str, ...]
    signers: tuple[SignerPlace, ...]
    manifest_sha256: str
    made_at: datetime
    signatures: tuple[SignedBlock, ...] = ()
    attachments: tuple[Attachment, ...] = ()
    qr: str | None = None


@dataclass(frozen=True, slots=True)
class PaperSheet:
    """A table under a letterhead."""

    issued_by: IssuedBy
    type_line: str
    subject: tuple[str, ...]
    columns: tuple[tuple[str, int], ...]
    rows: Sequence[Sequence[str]]
    made_at: datetime
    before: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    landscape: bool = True
    attachments: tuple[Attachment, ...] = ()


def render_cover(cover: DossierCover, fonts: FontFamily) -> bytes:
    """The cover as PDF."""
    numbered = [[str(n), *row] for n, row in enumerate(cover.contents, 1)]
    body: list[Block] = [
        {"what": "pairs", "rows": [show_all(fact) for fact in cover.facts], "width": 42},
        _heading("I. Kết quả tự kiểm tra khi lập hồ sơ"),
        {
            "what": "checks",
            "columns": ["Nội dung kiểm tra", "Kết quả", "Tệp, bằng chứng"],
            "rows": [
                {"text": show(c.text), "is_good": c.is_good, "result": show(c.result), "file": show(c.file)}
                for c in cover.checks
            ],
        },
        _heading("II. Số liệu chính"),
        {"what": "figures", "figures": [{"value": show(v), "label": show(label)} for v, label in cover.figures]},
        _heading("III. Mục lục hồ sơ"),
        table_of(("TT", "Tài liệu", "Số lượng", "Nơi lưu trong hồ sơ"), (9, 82, 16, 58), numbered),
        _heading("IV. Mốc xác nhận nhật ký và bản kê tệp"),
        {"what": "boxed", "rows": [show_all(mark) for mark in cover.marks]},
        _heading("V. Cách kiểm tra hồ sơ"),
        *({"what": "paragraph", "text": show(f"{n}. {t}"), "style": "plain"} for n, t in enumerate(cover.steps, 1)),
    ]
    places = [{"side": s.side, "title": "", "over": s.over, "name": s.name} for s in cover.signers]
    layout = _page("cover", cover.issued_by, "HỒ SƠ KIỂM TRA", cover.subject, body)
    layout["signers"] = lay_out_signers(places, cover.signatures)
    layout["foot"] = {
        "attached": "Bản kê tệp được đính kèm trong tệp PDF này:",
        "name": "ban-ke.json",
        "sha256": f"{cover.manifest_sha256[:32]} {cover.manifest_sha256[32:]}",
        "lines": [*([CONFIRMATION] if cover.signatures else []), OFFLINE],
        "qr": draw_qr(cover.qr) if cover.qr else "",
        "qr_alt": "Mã QR dẫn đến trang kiểm tra" if cover.qr else "",
    }
    return render_layout(layout, fonts, cover.attachments, made_at=_whole(cover.made_at))


def render_sheet(sheet: PaperSheet, fonts: FontFamily) -> bytes:
    """A table as PDF; `ValueError` for more rows than a reader turns over."""
    if len(sheet.rows) > MOST_ROWS:
        raise ValueError(f"a sheet has at most {MOST_ROWS} rows")
    headings, widths = zip(*sheet.columns, strict=True)
    body: list[Block] = [
        *({"what": "paragraph", "text": show(text), "style": "plain"} for text in sheet.before),
        table_of(headings, widths, sheet.rows) | {"size": 9.5},
        *({"what": "paragraph", "text": show(text), "style": "plain"} for text in sheet.after),
    ]
    layout = _page("sheet", sheet.issued_by, sheet.type_line, sheet.subject, body)
    layout["landscape"] = sheet.landscape
    return render_layout(layout, fonts, sheet.attachments, made_at=_whole(sheet.made_at))


@dataclass(frozen=True, slots=True)
class Challenge:
    """A page with which somebody shows, by signing it, that a certificate is theirs."""

    rows: tuple[tuple[str, str], ...]
    made_at: datetime
    content: bytes
    """What the page says, as it is attached."""


def render_challenge(page: Challenge, fonts: FontFamily) -> bytes:
    """The page as PDF, with room for a signature below; the same input gives the same bytes."""
    body: list[Block] = [
        {"what": "pairs", "rows": [show_all(row) for row in page.rows], "width": 52},
        {"what": "paragraph", "text": show(CHALLENGE_WORDS), "style": "plain"},
    ]
    issued = IssuedBy("", "Hệ thống cơ sở dữ liệu ngành giáo dục và đào tạo", "", local(page.made_at).date())
    layout = _page("sheet", issued, "PHIẾU ĐĂNG KÝ CHỨNG THƯ CHỮ KÝ SỐ", (), body)
    content = Attachment(CONTENT_NAME, page.content, "application/json", "source", "Nội dung được ký (RFC 8785)")
    return render_layout(layout, fonts, (content,), made_at=_whole(page.made_at), stage="form")


def table_of(columns: Sequence[str], widths: Sequence[int], rows: Sequence[Sequence[str]]) -> Block:
    """A table of plain text; a row has a text for each column."""
    cells = [[{"strong": "", "text": show(text), "rows": 1} for text in row] for row in rows]
    if any(len(row) != len(columns) for row in cells):
        raise ValueError("a row has another number of cells than its table")
    return grid(columns, widths, cells)


def _heading(text: str) -> Block:
    return {"what": "heading", "text": text}


def _whole(at: datetime) -> datetime:
    return at.astimezone(UTC).replace(microsecond=0)


def _page(form: str, issued: IssuedBy, type_line: str, subject: Sequence[str], body: list[Block]) -> dict[str, Any]:
    return {
        "form": form,
        "stage": "final",
        "title": show(" – ".join(filter(None, (type_line, " ".join(subject))))),
        "author": show(issued.name),
        "landscape": False,
        "parent": show(issued.parent),
        "unit": show(issued.name),
        "number": show(issued.number),
        "number_label": show(issued.number_label),
        "dateline": show(", ".join(filter(None, (issued.place, long_date(issued.dated))))),
        "type_line": show(type_line),
        "subject": show_all(subject),
        "to": [],
        "authority": "",
        "body": body,
        "signers": [],
        "recipients": [],
        "annex": None,
        "foot": None,
    }
