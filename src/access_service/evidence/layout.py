"""The order of the parts of each kind of paper: said once, for the PDF and for the HTML page alike.

A layout is plain data, for it goes to Typst as JSON. Its `body` is a list of blocks; `what` says which. Every text
has gone through `signs.show`: a page shows what is there and nothing that cannot be seen.
"""

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from access_service.domain.printing import long_date, short_date
from access_service.evidence.paper import PrintedPaper, SignedBlock
from access_service.evidence.qr import draw_qr
from access_service.evidence.signs import show

Block = dict[str, Any]

FORMS = {
    "commitment": "commitment",
    "assignment_decision": "decision",
    "inspection_decision": "decision",
    "approval_letter": "letter",
    "software_report": "report",
}
"""Which page each kind is set on; every other kind is minutes."""

CONTENT_NAME = "noi-dung.json"
CONFIRMATION = (
    "Xác nhận của hệ thống là hình thức xác nhận bằng phương tiện điện tử, gắn với người đã đăng nhập, theo cách "
    "ghi tại từng xác nhận; không phải chữ ký điện tử, chữ ký số và không thay con dấu."
)
OFFLINE = "Kiểm tra không cần mạng: access-service verify hoặc tệp verify.py trong hồ sơ kiểm tra."
WHAT_IS_ATTACHED = {
    "draft": "Bản dự thảo để đọc trước khi ký. Nội dung sẽ được xác nhận (JSON, RFC 8785) đính kèm trong tệp này:",
    "form": "Bản để ký ngoài hệ thống. Nội dung được ký (JSON, RFC 8785) đính kèm trong tệp PDF này:",
    "final": "Nội dung được xác nhận (JSON, RFC 8785) được đính kèm trong tệp PDF này:",
}
_PARTY = (
    ("name", "Ông (bà):"),
    ("position", "Chức vụ:"),
    ("basis", "Căn cứ ký:"),
    ("staff_code", "Mã cán bộ:"),
    ("unit_name", "Đơn vị:"),
    ("username", "Tài khoản:"),
    ("passkey", "Khoá truy cập:"),
)
RIGHTS = (
    "Quyền theo nhóm dữ liệu tại từng dòng nêu trên (dấu * là dữ liệu cá nhân nhạy cảm hoặc được quản lý như dữ "
    "liệu nhạy cảm):"
)
_NUMBERED = re.compile(r"(\d{1,2})\. ")


def lay_out(paper: PrintedPaper) -> dict[str, Any]:
    """The parts of a paper in their order; what a kind does not have is empty."""
    words = paper.print
    form = FORMS.get(paper.kind, "minutes")
    letterhead = words["letterhead"]
    return {
        "form": form,
        "stage": paper.stage,
        "title": _title(words),
        "author": show(letterhead["name"]),
        "landscape": bool(words.get("landscape")),
        "parent": show(letterhead.get("parent", "")),
        "unit": show(letterhead["name"]),
        "number": show(words.get("number", "")),
        "number_label": "Số:",
        "dateline": show(", ".join(filter(None, (letterhead["place"], _day(paper))))),
        "type_line": show(words.get("type_line", "")),
        "subject": show_all(words.get("subject")),
        "to": show_all(words.get("to")),
        "authority": show(words.get("authority", "")),
        "body": _body(form, words),
        "signers": lay_out_signers(words.get("signers") or (), paper.signatures),
        "recipients": show_all(words.get("recipients")),
        "annex": _annex(words.get("annex")),
        "foot": _foot(paper),
    }


def _day(paper: PrintedPaper) -> str:
    """The day of the paper; a promise names none and is dated by its last signature."""
    dated = paper.print["dated"]
    if dated:
        return long_date(date.fromisoformat(dated))
    if not paper.signatures:
        return "ngày …… tháng …… năm ……"
    return long_date(max(datetime.fromisoformat(block.at) for block in paper.signatures).date())


def _title(words: Mapping[str, Any]) -> str:
    subject = " ".join(words.get("subject") or ())
    parts = (words.get("type_line", ""), subject, words.get("number", ""))
    return show(" – ".join(part.strip() for part in parts if part.strip())) or show(words["document"])


def show_all(lines: Iterable[str] | None) -> list[str]:
    """Each line as a page shows it."""
    return [show(line) for line in lines or ()]


def _body(form: str, words: Mapping[str, Any]) -> list[Block]:
    blocks = [_paragraph(base, "italic") for base in words.get("bases") or ()]
    if words.get("intro"):
        blocks.append(_paragraph(words["intro"], "italic" if form == "decision" else "plain"))
    if form == "decision":
        blocks.append({"what": "middle", "text": "QUYẾT ĐỊNH:"})
    for party in (words.get("giver"), words.get("receiver")):
        blocks += _party(party)
    is_owed = bool(words.get("lines"))
    sections = list(words.get("sections") or ())
    closing = words.get("closing", "")
    if form == "decision" and sections and sections[-1]["title"] and not sections[-1]["paragraphs"]:
        # The last article is what the paper closes with.
        sections[-1] = {**sections[-1], "paragraphs": [closing]}
        closing = ""
    for section in sections:
        lines = _lines(words["lines"]) if is_owed else []
        is_owed = False
        blocks += _section(form, section, _table(section.get("table")) + lines)
    if is_owed:
        blocks += _lines(words["lines"])
    if closing:
        blocks.append(_paragraph(closing))
    return blocks


def _paragraph(text: str, style: str = "plain") -> Block:
    return {"what": "paragraph", "text": show(text), "style": style}


def _party(party: Mapping[str, Any] | None) -> list[Block]:
    if not party:
        return []
    rows = [[label, show(str(party[key]))] for key, label in _PARTY if party.get(key)]
    heading = [{"what": "heading", "text": show(party["title"])}] if party.get("title") else []
    return [*heading, {"what": "pairs", "rows": rows}]


def _section(form: str, section: Mapping[str, Any], tables: list[Block]) -> list[Block]:
    """Its title and first paragraph, the tables, then what follows them."""
    title, paragraphs = section.get("title", ""), list(section.get("paragraphs") or ())
    blocks: list[Block] = []
    if title and form == "decision" and paragraphs:
        blocks.append({"what": "article", "head": show(title), "text": show(paragraphs.pop(0))})
    elif title:
        blocks.append({"what": "heading", "text": show(title)})
    told = [_item(text) if form == "commitment" else _paragraph(text) for text in paragraphs]
    return [*blocks, *told[:1], *tables, *told[1:]] if tables else blocks + told


def _item(text: str) -> Block:
    found = _NUMBERED.match(text)
    if found is None:
        return _paragraph(text)
    return {"what": "item", "number": found[1], "text": show(text[found.end() :])}


def _table(table: Mapping[str, Any] | None) -> list[Block]:
    if not table:
        return []
    columns = len(table["columns"])
    widths = list(table.get("widths") or [])
    if len(widths) != columns:
        widths = [1] * columns
    note = [_paragraph(table["note"])] if table.get("note") else []
    rows = [[_cell(text) for text in (*row, *[""] * (columns - len(row)))] for row in table["rows"]]
    return [grid(table["columns"], widths, rows), *note] if table["columns"] else note


def grid(columns: Sequence[str], widths: Sequence[int], rows: Sequence[Sequence[Block]]) -> Block:
    """A table; widths are shares of the line. Where a row begins with a number its first column is centred."""
    is_numbered = len(columns) > 1 and columns[0].strip().upper() in {"TT", "STT"}
    return {
        "what": "table",
        "columns": show_all(columns),
        "widths": [max(1, int(width)) for width in widths],
        "rows": rows,
        "is_numbered": is_numbered,
    }


def _cell(text: str, *, strong: str = "", rows: int = 1) -> Block:
    return {"strong": show(strong), "text": show(text), "rows": rows}


def _lines(lines: Sequence[Mapping[str, Any]]) -> list[Block]:
    """What is handed over, and the rights of each line."""
    columns = ["TT", "Tài khoản", "Vai trò; căn cứ phân công", "Phạm vi", "Hiệu lực"]
    handed = [
        [
            _cell(str(number)),
            _cell(line.get("account_kind", ""), strong=line.get("username", "")),
            _cell(line.get("duty", ""), strong=line.get("role", "")),
            _cell(line.get("scope", "")),
            _cell(_term(line.get("from", ""), line.get("to", ""))),
        ]
        for number, line in enumerate(lines, 1)
    ]
    blocks = [grid(columns, (9, 31, 43, 58, 24), handed)]
    rights: list[list[Block]] = []
    for number, line in enumerate(lines, 1):
        given = line.get("rights") or ()
        for place, (category, actions, *rest) in enumerate(given):
            mark = " *" if rest and rest[0] and not category.endswith("*") else ""
            first = [_cell(f"{number}. {line.get('role', '')}", rows=len(given))] if place == 0 else []
            rights.append([*first, _cell(category + mark), _cell(actions)])
    if rights:
        blocks += [
            _paragraph(RIGHTS, "sticky"),
            grid(("Dòng, vai trò", "Nhóm dữ liệu", "Được phép"), (42, 83, 40), rights),
        ]
    return blocks


def _term(first: str, last: str) -> str:
    return f"{first}\nđến\n{last}" if last else f"từ {first}"


def lay_out_signers(places: Sequence[Mapping[str, Any]], signed: Sequence[SignedBlock]) -> list[dict[str, Any]]:
    """The places where somebody signs, left to right, each with what was given there."""
    by_side = {block.side: block for block in signed}
    return [
        {
            "titles": [
                {"text": show(line), "is_hint": line.startswith("(")}
                for line in (place.get("title", ""), *(place.get("over") or ()))
                if line
            ],
            "name": show(_name_at(place, by_side.get(place["side"]))),
            "signed": _signed(by_side.get(place["side"])),
            "side": str(place["side"]),
        }
        for place in places
    ]


def _name_at(place: Mapping[str, Any], block: SignedBlock | None) -> str:
    """The name that was signed under; where the words name another one, that of whoever signed."""
    name: str = block.name if block is not None and block.name else place["name"]
    return name


def _signed(block: SignedBlock | None) -> dict[str, str] | None:
    if block is None:
        return None
    return {
        "label": show(block.label),
        "at": tell_time(datetime.fromisoformat(block.at)),
        "how": show(block.how),
        "id": show(block.id),
    }


def tell_time(at: datetime) -> str:
    """`08:41:09 ngày 05/9/2026 (UTC+07:00)`."""
    offset = at.strftime("%z")
    zone = f" (UTC{offset[:3]}:{offset[3:5]})" if offset else ""
    return f"{at:%H:%M:%S} ngày {short_date(at.date())}{zone}"


def _annex(annex: Mapping[str, Any] | None) -> dict[str, Any] | None:
    return None if not annex else {"title": show(annex.get("title", "")), "body": _table(annex.get("table"))}


def _foot(paper: PrintedPaper) -> dict[str, Any]:
    """How to check the paper without us: what is inside, its hash, what the signatures are."""
    sha256 = hashlib.sha256(paper.content).hexdigest()
    policy = f"Bộ quy tắc phân quyền {paper.policy}" if paper.policy else ""
    digest = f" (SHA-256 {paper.policy_digest[:12]}…)" if policy and paper.policy_digest else ""
    lines = [
        CONFIRMATION if paper.signatures else "",
        show(paper.remark),
        OFFLINE + (f" {show(policy + digest)}." if policy else ""),
    ]
    return {
        "attached": WHAT_IS_ATTACHED[paper.stage],
        "name": CONTENT_NAME,
        "sha256": f"{sha256[:32]} {sha256[32:]}",
        "lines": [line for line in lines if line],
        "qr": draw_qr(paper.qr) if paper.qr else "",
        "qr_alt": show(f"Mã QR dẫn đến trang kiểm tra: {paper.qr}") if paper.qr else "",
    }
