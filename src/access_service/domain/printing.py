"""What stands on paper: the words of a document, frozen with its content (`print`, evidence 2.1).

`content` holds ids and is what is hashed and signed; `print` holds the words that a reader sees, and `content`
names its SHA-256. So names can be erased one day without breaking a signature. Every value is text as it stands on
the page, dates already in Vietnamese. The salt keeps somebody who holds a hash from guessing the names.

What renders a paper (PDF, HTML) reads this and nothing else of the register.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from access_service.domain.errors import InvalidError, RefusedError
from access_service.domain.names import Capacity, DocumentId, DocumentKind, Side
from access_service.domain.reasons import Refusal
from access_service.domain.time import local
from access_service.domain.words import is_seen, normalise_text

PRINT_FORMAT = 1
"""Version mark of every print; a change of the fields takes the next number."""
LANGUAGE = "vi"
MOST_CHARACTERS = 2000
"""Of one text in a print."""
MOST_LINES = 200
"""Grants, or rows of one table, in one document."""
SALT_CHARACTERS = 43
"""32 random bytes in base64url without padding."""
_SALT = re.compile(r"[A-Za-z0-9_-]{43}")
_FIRST_OF_MONTHS = 3
"""Months 1 and 2 are written with a zero, as days below ten (NĐ 30/2020, Phụ lục I)."""


@dataclass(frozen=True, slots=True)
class Letterhead:
    """Whose paper it is: the body above it, its own name, and the place where it is written."""

    parent: str
    name: str
    place: str


@dataclass(frozen=True, slots=True)
class PrintedParty:
    """One party as the paper names it: who, as what, by which decision, of which unit."""

    title: str
    """`I. BÊN GIAO`."""
    name: str
    position: str
    basis: str
    """By which decision they act; empty for one who acts for themselves."""
    unit: str
    unit_name: str
    staff_code: str = ""
    username: str = ""
    passkey: str = ""
    """The first 16 hexadecimal digits of the hash of their passkey, where they have one."""


@dataclass(frozen=True, slots=True)
class PrintedRight:
    """What one line opens in one category of data."""

    category: str
    actions: str
    is_sensitive: bool


@dataclass(frozen=True, slots=True)
class PrintedLine:
    """A grant in words."""

    grant: str
    username: str
    account_kind: str
    role: str
    duty: str
    scope: str
    begins: str
    ends: str
    rights: tuple[PrintedRight, ...]


@dataclass(frozen=True, slots=True)
class PrintedTable:
    """A table of text; `widths` are shares of the line, one a column."""

    columns: tuple[str, ...]
    widths: tuple[int, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""


@dataclass(frozen=True, slots=True)
class PrintedSection:
    """A part of the paper under its own heading; without a title it goes on under the heading before."""

    title: str
    paragraphs: tuple[str, ...]
    table: PrintedTable | None = None


@dataclass(frozen=True, slots=True)
class PrintedSigner:
    """Where somebody signs: the words over the name, from top to bottom, and the name."""

    side: Side
    over: tuple[str, ...]
    """`KT. HIỆU TRƯỞNG`, `PHÓ HIỆU TRƯỞNG`; empty for one who signs for themselves."""
    title: str
    """`ĐẠI DIỆN BÊN GIAO`; empty where the capacity alone stands over the name."""
    name: str


def capacity_printed(printed: "Print") -> Capacity | None:
    """In which capacity the paper says that somebody signs for the office; None where it says nothing of that.

    The form of the software report has “(Ký tên và đóng dấu)” over every name.
    """
    if printed.kind == DocumentKind.SOFTWARE_REPORT:
        return None
    over = next((place.over for place in printed.signers if place.side is Side.GIVER and place.name), ())
    if not over:
        return None
    for_another = (Capacity.ACTING, Capacity.DEPUTY, Capacity.BY_ORDER, Capacity.BY_AUTHORISATION)
    return next((one for one in for_another if over[0].startswith(f"{one} ")), Capacity.HEAD)


@dataclass(frozen=True, slots=True)
class Annex:
    """A table on a page of its own."""

    title: str
    table: PrintedTable


@dataclass(frozen=True, slots=True)
class Print:
    """The words of one version of one document."""

    salt: str
    document: DocumentId
    version: int
    template: str
    """Which text of the pack: `handover_minutes/1`."""
    kind: DocumentKind
    letterhead: Letterhead
    dated: str
    """`2026-09-05`; the page writes the day out in words."""
    number: str = ""
    type_line: str = ""
    subject: tuple[str, ...] = ()
    bases: tuple[str, ...] = ()
    to: tuple[str, ...] = ()
    authority: str = ""
    intro: str = ""
    giver: PrintedParty | None = None
    receiver: PrintedParty | None = None
    sections: tuple[PrintedSection, ...] = ()
    lines: tuple[PrintedLine, ...] = ()
    """The grants; their tables stand after the first section's paragraphs."""
    closing: str = ""
    recipients: tuple[str, ...] = ()
    signers: tuple[PrintedSigner, ...] = ()
    landscape: bool = False
    annex: Annex | None = None
    lang: str = field(default=LANGUAGE)

    def json(self) -> dict[str, Any]:
        """As it is hashed."""
        return {
            "format": PRINT_FORMAT,
            "salt": self.salt,
            "document": self.document,
            "version": self.version,
            "template": self.template,
            "lang": self.lang,
            "kind": str(self.kind),
            "letterhead": {
                "parent": self.letterhead.parent,
                "name": self.letterhead.name,
                "place": self.letterhead.place,
            },
            "number": self.number,
            "dated": self.dated,
            "type_line": self.type_line,
            "subject": list(self.subject),
            "bases": list(self.bases),
            "to": list(self.to),
            "authority": self.authority,
            "intro": self.intro,
            "giver": _party_json(self.giver, is_giver=True),
            "receiver": _party_json(self.receiver, is_giver=False),
            "sections": [
                {"title": s.title, "paragraphs": list(s.paragraphs), "table": _table_json(s.table)}
                for s in self.sections
            ],
            "lines": [_line_json(line) for line in self.lines],
            "closing": self.closing,
            "recipients": list(self.recipients),
            "signers": [
                {"side": str(s.side), "over": list(s.over), "title": s.title, "name": s.name} for s in self.signers
            ],
            "landscape": self.landscape,
            "annex": None
            if self.annex is None
            else {"title": self.annex.title, "table": _table_json(self.annex.table)},
        }

    @classmethod
    def read(cls, found: Mapping[str, Any]) -> "Print":
        """As it was hashed; `InvalidError` for another format, or where a member is missing or of another type."""
        try:
            printed = _read(found)
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise InvalidError("is no print of a document") from error
        if printed.json() != found:
            raise InvalidError("is no print of a document: it has members that no print has")
        return printed


def check_print(printed: Print) -> None:
    """A paper that anybody can read to its end: composed text that is seen, of bounded length, and not too much."""
    most = max([len(printed.lines), *(len(table.rows) for table in _tables(printed))])
    if most > MOST_LINES:
        raise RefusedError(Refusal.BATCH_TOO_LARGE, f"at most {MOST_LINES} lines stand in one document", lines=most)
    if not _SALT.fullmatch(printed.salt):
        raise RuntimeError("a print has a salt of 32 bytes")
    for text in texts_of(printed.json()):
        if normalise_text(text, MOST_CHARACTERS) != text or not is_seen(text):
            raise InvalidError("a text of the paper is not composed, or holds characters that cannot be seen")


def texts_of(value: Any) -> Iterator[str]:
    """Every text in a JSON value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from texts_of(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from texts_of(inner)


def long_date(day: date) -> str:
    """`ngày 05 tháng 9 năm 2026`, as Decree 30 writes a day."""
    month = f"{day.month:02}" if day.month < _FIRST_OF_MONTHS else str(day.month)
    return f"ngày {day.day:02} tháng {month} năm {day.year}"


def short_date(day: date) -> str:
    """`05/9/2026`, as a table writes a day."""
    month = f"{day.month:02}" if day.month < _FIRST_OF_MONTHS else str(day.month)
    return f"{day.day:02}/{month}/{day.year}"


def begin_day(at: datetime) -> str:
    """The Vietnamese day on which something begins."""
    return short_date(local(at).date())


def last_day(end: datetime) -> str:
    """The last Vietnamese day of an interval whose end is excluded."""
    day = local(end)
    is_midnight = (day.hour, day.minute, day.second, day.microsecond) == (0, 0, 0, 0)
    return short_date(date.fromordinal(day.toordinal() - 1) if is_midnight else day.date())


def cite_bases(bases: Iterable[str]) -> tuple[str, ...]:
    """Legal bases as they are printed: “Căn cứ …;”, the last with a full stop."""
    found = [basis.strip().rstrip(";.") for basis in bases]
    return tuple(f"Căn cứ {basis}{'.' if i == len(found) - 1 else ';'}" for i, basis in enumerate(found))


def _tables(printed: Print) -> Iterator[PrintedTable]:
    for section in printed.sections:
        if section.table is not None:
            yield section.table
    if printed.annex is not None:
        yield printed.annex.table


def _party_json(party: PrintedParty | None, *, is_giver: bool) -> dict[str, str] | None:
    if party is None:
        return None
    found = {
        "title": party.title,
        "name": party.name,
        "position": party.position,
        "basis": party.basis,
        "unit": party.unit,
        "unit_name": party.unit_name,
    }
    if is_giver:
        return found
    return found | {"staff_code": party.staff_code, "username": party.username, "passkey": party.passkey}


def _table_json(table: PrintedTable | None) -> dict[str, Any] | None:
    if table is None:
        return None
    return {
        "columns": list(table.columns),
        "widths": list(table.widths),
        "rows": [list(row) for row in table.rows],
        "note": table.note,
    }


def _line_json(line: PrintedLine) -> dict[str, Any]:
    return {
        "grant": line.grant,
        "username": line.username,
        "account_kind": line.account_kind,
        "role": line.role,
        "duty": line.duty,
        "scope": line.scope,
        "from": line.begins,
        "to": line.ends,
        "rights": [[r.category, r.actions, r.is_sensitive] for r in line.rights],
    }


def _read(found: Mapping[str, Any]) -> Print:
    if found["format"] != PRINT_FORMAT or found["lang"] != LANGUAGE:
        raise ValueError("another format")
    annex = found["annex"]
    return Print(
        salt=found["salt"],
        document=DocumentId(found["document"]),
        version=found["version"],
        template=found["template"],
        kind=DocumentKind(found["kind"]),
        letterhead=Letterhead(**found["letterhead"]),
        dated=found["dated"],
        number=found["number"],
        type_line=found["type_line"],
        subject=tuple(found["subject"]),
        bases=tuple(found["bases"]),
        to=tuple(found["to"]),
        authority=found["authority"],
        intro=found["intro"],
        giver=_read_party(found["giver"]),
        receiver=_read_party(found["receiver"]),
        sections=tuple(
            PrintedSection(s["title"], tuple(s["paragraphs"]), _read_table(s["table"])) for s in found["sections"]
        ),
        lines=tuple(_read_line(line) for line in found["lines"]),
        closing=found["closing"],
        recipients=tuple(found["recipients"]),
        signers=tuple(
            PrintedSigner(Side(s["side"]), tuple(s["over"]), s["title"], s["name"]) for s in found["signers"]
        ),
        landscape=found["landscape"],
        annex=None if annex is None else Annex(annex["title"], _require_table(annex["table"])),
    )


def _read_party(found: Mapping[str, str] | None) -> PrintedParty | None:
    return None if found is None else PrintedParty(**found)


def _require_table(found: Mapping[str, Any]) -> PrintedTable:
    rows = tuple(tuple(row) for row in found["rows"])
    return PrintedTable(tuple(found["columns"]), tuple(found["widths"]), rows, found["note"])


def _read_table(found: Mapping[str, Any] | None) -> PrintedTable | None:
    return None if found is None else _require_table(found)


def _read_line(found: Mapping[str, Any]) -> PrintedLine:
    return PrintedLine(
        grant=found["grant"],
        username=found["username"],
        account_kind=found["account_kind"],
        role=found["role"],
        duty=found["duty"],
        scope=found["scope"],
        begins=found["from"],
        ends=found["to"],
        rights=tuple(PrintedRight(*right) for right in found["rights"]),
    )
