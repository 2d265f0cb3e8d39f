"""Sổ đăng ký văn bản đi: a unit's papers of a year in the order of their numbers, in the ten columns of Decree 30.

Numbers of the book stand beside those that came from elsewhere: imported paper, and what was numbered before there
was a book. Nothing is left out: a number whose paper was declined, cancelled or lapsed says that it was not issued.
"""

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields

from access_service.domain.documents import Document, Signature
from access_service.domain.errors import NotFoundError
from access_service.domain.names import DocumentId, DocumentKind, DocumentState, Method, RegisterId, Side, UnitId
from access_service.domain.numbering import BOOKS, DocumentNumber, NumberSource, numbered_papers
from access_service.domain.org import Person, Unit
from access_service.domain.printing import Print, short_date
from access_service.domain.time import local
from access_service.storage.db import Database
from access_service.storage.facts import Reader
from access_service.storage.prints import prints_of
from access_service.usecases.evidence.reading_papers import acts_for, state_now
from access_service.usecases.services import Caller, ReadView, Services, look

COLUMNS = (
    "Số, ký hiệu văn bản",
    "Ngày, tháng văn bản",
    "Tên loại và trích yếu nội dung",
    "Người ký",
    "Nơi nhận",
    "Đơn vị, người nhận bản lưu",
    "Số lượng bản",
    "Ngày chuyển",
    "Ký nhận",
    "Ghi chú",
)
"""The columns of the form (NĐ 30/2020, Phụ lục IV)."""
KEPT = "Văn thư, hồ sơ phân quyền"
COPIES = {
    DocumentKind.INSPECTION_DECISION: "",
    DocumentKind.ASSIGNMENT_DECISION: "",
    DocumentKind.APPROVAL_LETTER: "",
}
THREE = "03"
"""Minutes: one for each side and one for the file."""
NAMES = {
    DocumentKind.HANDOVER_MINUTES: "Biên bản bàn giao tài khoản và quyền truy cập",
    DocumentKind.SUPPLEMENTARY_MINUTES: "Biên bản bổ sung, điều chỉnh quyền truy cập",
    DocumentKind.CUSTODY_MINUTES: "Biên bản bàn giao quản lý tài khoản quản trị",
    DocumentKind.RETURN_MINUTES: "Biên bản bàn giao lại tài khoản và quyền truy cập",
    DocumentKind.INSPECTION_DECISION: "Quyết định thành lập Đoàn kiểm tra",
    DocumentKind.ASSIGNMENT_DECISION: "Quyết định phân công phụ trách, quản lý, khai thác tài khoản",
    DocumentKind.APPROVAL_LETTER: "Công văn đồng ý chia sẻ dữ liệu",
}
"""What a paper is called whose own words are not there."""
_NOT_ISSUED = {
    DocumentState.DECLINED: "bên nhận từ chối",
    DocumentState.CANCELLED: "huỷ trước khi ký",
    DocumentState.LAPSED: "quá hạn ký",
}
_WAITS = frozenset({DocumentState.AWAITING_GIVER, DocumentState.AWAITING_RECEIVER, DocumentState.RETURNED})


@dataclass(frozen=True, slots=True)
class BookRow:
    """One line of the book."""

    symbol: str
    dated: str
    subject: str
    signer: str
    recipients: str
    kept: str
    copies: str
    sent: str
    received: str
    note: str

    def cells(self) -> tuple[str, ...]:
        """In the order of `COLUMNS`."""
        return tuple(getattr(self, column.name) for column in fields(self))


@dataclass(frozen=True, slots=True)
class RegisterBook:
    """A unit's book of one year."""

    unit: UnitId
    unit_name: str
    year: int
    rows: tuple[BookRow, ...]


@dataclass(frozen=True, slots=True)
class _Line:
    """A number and the paper that has it."""

    symbol: str
    n: int
    book: str
    document: Document
    number: DocumentNumber | None


def register_book(services: Services, caller: Caller, unit: UnitId, year: int) -> RegisterBook:
    """The book of a unit, for those who act for it or for a unit above."""
    with look(services, caller) as seen:
        seen.check_visible(unit)
        if not acts_for(seen, unit):
            raise NotFoundError("unit", unit)
        return _book(seen, unit, year)


@contextmanager
def open_book(db: Database, register: RegisterId, unit: UnitId, year: int) -> Iterator[RegisterBook]:
    """The same for the operator at the command line."""
    with db.read(register) as reader:
        yield _book(ReadView(reader, None, db.now_in(reader.connection, register)), unit, year)


def _book(seen: ReadView, unit: UnitId, year: int) -> RegisterBook:
    found = seen.reader.get(Unit, unit)
    if found is None:
        raise NotFoundError("unit", unit)
    lines = _lines(seen.reader, unit, year)
    twice = Counter(line.symbol for line in lines if line.number is None or line.number.void_because is None)
    signatures: dict[DocumentId, list[Signature]] = {}
    for signature in seen.reader.find(Signature, document={line.document.id for line in lines}):
        signatures.setdefault(signature.document, []).append(signature)
    words = prints_of(seen.reader.connection, seen.reader.register, {line.document.id for line in lines})
    rows = []
    for line in lines:
        body = words.get((line.document.id, line.document.version))
        printed = None if body is None or body.body is None else Print.read(json.loads(body.body))
        given = [s for s in signatures.get(line.document.id, ()) if s.version == line.document.version]
        rows.append(_row(seen, line, printed, given, is_twice=twice[line.symbol] > 1))
    return RegisterBook(unit, found.name, year, tuple(rows))


def _lines(reader: Reader, unit: UnitId, year: int) -> list[_Line]:
    numbers = reader.find(DocumentNumber, unit=unit, year=year)
    papers = {paper.id: paper for paper in reader.find(Document, unit=unit)}
    papers |= {paper.id: paper for paper in reader.find(Document, kept_by=unit)}
    missing = {found.document for found in numbers} - papers.keys()
    papers |= {paper.id: paper for paper in reader.find(Document, id=missing)} if missing else {}
    lines = [_Line(x.symbol, x.n, x.book, papers[x.document], x) for x in numbers if x.document in papers]
    booked = {(found.document, found.symbol) for found in numbers}
    lines += [
        _Line(paper.number, _first(paper.number), BOOKS[paper.kind], paper, None)
        for paper in numbered_papers(papers.values(), year)
        if not paper.is_draft and (paper.id, paper.number) not in booked
    ]
    return sorted(lines, key=lambda line: (line.book, line.n, line.symbol, line.document.id))


def _first(symbol: str) -> int:
    digits = "".join(letter if letter.isdigit() else " " for letter in symbol[:20]).split()
    return int(digits[0]) if digits and symbol[:1].isdigit() else 0


def _row(seen: ReadView, line: _Line, printed: Print | None, given: list[Signature], *, is_twice: bool) -> BookRow:
    paper = line.document
    is_void = line.number is not None and line.number.void_because is not None
    signed = "" if paper.signed_at is None else short_date(local(paper.signed_at).date())
    by_office = next((s for s in given if s.side is Side.GIVER), None)
    other = next((s for s in given if s.side is not Side.GIVER), None)
    return BookRow(
        symbol=line.symbol,
        dated=short_date(paper.dated if line.number is None else line.number.dated),
        subject=NAMES[paper.kind] if printed is None else _subject(printed),
        signer="" if is_void or by_office is None else _name(seen, by_office.person),
        recipients="" if paper.receiver is None else _name(seen, paper.receiver),
        kept=KEPT,
        copies=COPIES.get(paper.kind, THREE),
        sent="" if is_void else signed,
        received="" if is_void or other is None else f"{_how(other)} {short_date(local(other.signed_at).date())}",
        note="; ".join(_notes(seen, line, is_twice=is_twice)),
    )


def _subject(printed: Print) -> str:
    type_line = printed.type_line[:1] + printed.type_line[1:].lower()
    return " ".join((type_line, *printed.subject)).strip()


def _how(signature: Signature) -> str:
    by_method = {Method.ATTESTED: "Ký trên giấy", Method.PADES: "Chữ ký số"}
    return by_method.get(signature.method, "Xác nhận của hệ thống")


def _name(seen: ReadView, person: str) -> str:
    found = seen.reader.get(Person, person)
    return "" if found is None else found.name


def _notes(seen: ReadView, line: _Line, *, is_twice: bool) -> Iterator[str]:
    paper, number = line.document, line.number
    state = state_now(seen, paper)
    if number is not None and number.void_because is not None:
        yield f"Không ban hành: {number.void_because}"
    elif state in _NOT_ISSUED:
        because = f" ({paper.reason})" if paper.reason else ""
        yield f"Không ban hành: {_NOT_ISSUED[state]}{because}"
    elif state in _WAITS:
        yield "Chờ ký"
    elif state is DocumentState.WITHDRAWN:
        yield f"Đã thu hồi: {paper.reason}" if paper.reason else "Đã thu hồi"
    if is_twice:
        yield "Trùng số (number_duplicate)"
    if paper.method is Method.ATTESTED:
        yield "Nhập từ hồ sơ giấy"
    elif number is None:
        yield "Lấy số trước khi có sổ"
    elif number.source is NumberSource.EXTERNAL:
        yield "Số do đơn vị cấp ngoài hệ thống"
    if number is not None and number.out_of_order:
        yield f"Ngày trước số liền trước: {number.out_of_order}"
