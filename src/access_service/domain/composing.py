"""A document's print: the pack's text filled with the words of what the document says (evidence 2.1 to 2.4).

Composed in the act that composes the content, from the same revision. A pack that has no text for a kind of paper
gives no print, and the document is of format 1, as before there were any.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from access_service.domain import papers
from access_service.domain.assigning import AssignmentBody
from access_service.domain.custody import OFFICER
from access_service.domain.delegation import Grant, LeavingCase
from access_service.domain.documents import Document
from access_service.domain.facts import Ground
from access_service.domain.letters import ApprovalBody, ReportBody
from access_service.domain.names import AccountId, Capacity, DocumentKind, PersonId, Side, UnitId
from access_service.domain.org import Assignment, chain_of
from access_service.domain.papers import (
    CommitmentBody,
    CustodyBody,
    GrantLine,
    HandoverBody,
    InspectionBody,
    PaperBody,
    ReturnBody,
)
from access_service.domain.policy import Pack, Position
from access_service.domain.preparing import use_account_of
from access_service.domain.printing import (
    Print,
    PrintedLine,
    PrintedParty,
    PrintedSection,
    PrintedSigner,
    PrintedTable,
    begin_day,
    check_print,
    cite_bases,
    last_day,
    long_date,
)
from access_service.domain.templates import Extra, TableKind, Template, fill, fill_all
from access_service.domain.time import local
from access_service.domain.wording import (
    articles_in_words,
    decision_in_words,
    duties_in_words,
    find_signer,
    head_of_unit,
    head_title,
    letterhead,
    line_in_words,
    name_of,
    over_name,
    plain,
    position_in_words,
    school_year_of,
    scope_in_words,
    unit_name,
    unit_of,
)
from access_service.domain.wording_decisions import decision_values, duty_table
from access_service.domain.wording_letters import NIL, letter_values, report_annex, report_letterhead, report_table

DATED_WHEN_SIGNED = frozenset({DocumentKind.COMMITMENT})
"""A promise is dated the day it is made: its content and print name no day, its one signature does."""
BY_OFFICE = frozenset(
    {
        DocumentKind.INSPECTION_DECISION,
        DocumentKind.ASSIGNMENT_DECISION,
        DocumentKind.APPROVAL_LETTER,
        DocumentKind.SOFTWARE_REPORT,
    }
)
"""Papers of an office alone, with no other party."""
HEAD_OF_UNIT, SEALED = "Thủ trưởng đơn vị", "(Ký tên và đóng dấu)"
GIVER_TITLE, RECEIVER_TITLE = "I. BÊN GIAO", "II. BÊN NHẬN"
ON_BEHALF_OF_GIVER, ON_BEHALF_OF_RECEIVER = "ĐẠI DIỆN BÊN GIAO", "ĐẠI DIỆN BÊN NHẬN"
RECEIVES = "BÊN NHẬN"
HANDS_BACK, WITNESSES, PROMISES = "NGƯỜI BÀN GIAO", "NGƯỜI LÀM CHỨNG", "NGƯỜI CAM KẾT"


@dataclass(frozen=True, slots=True)
class Signer:
    """Who signs for the office, as the paper names them."""

    person: PersonId
    capacity: Capacity
    duty: Assignment
    position: Position


@dataclass(frozen=True, slots=True)
class Composing:
    """A paper that is being put into words."""

    ground: Ground
    pack: Pack
    template: Template
    document: Document
    body: PaperBody
    signer: Signer | None
    passkey: str

    @property
    def unit(self) -> UnitId:
        """Whose paper it is: of a unit that is over, the one that keeps it."""
        return self.document.office

    @property
    def lines(self) -> tuple[GrantLine, ...]:
        """The grants that it is about."""
        return self.body.lines if isinstance(self.body, HandoverBody | ReturnBody) else ()

    @property
    def receiver_unit(self) -> UnitId:
        """The unit for which the receiver receives."""
        return self.body.custody_of if isinstance(self.body, CustodyBody) else self.unit


def find_office_signer(
    ground: Ground, document: Document, body: PaperBody, person: PersonId | None = None
) -> Signer | None:
    """Who signs for the document's office today: that person, or whoever comes first; None for a commitment."""
    if Side.GIVER not in papers.KINDS[document.kind].sides:
        return None
    without: set[PersonId | None] = {document.receiver}
    if isinstance(body, InspectionBody):
        without |= body.members
    if isinstance(body, AssignmentBody):
        without |= {duty.person for duty in (*body.duties, *body.released)}
    if isinstance(body, ReturnBody):
        without.add(body.witness)
    found = find_signer(ground, document.office, without, person)
    return None if found is None else Signer(*found)


def compose_print(
    ground: Ground, document: Document, body: PaperBody, *, salt: str, signer: Signer | None, passkey: str = ""
) -> Print | None:
    """The document's words as it is numbered and dated now; None where the pack has no text for such a paper."""
    pack = ground.pack_for(document.office)
    template = pack.templates.get(document.kind)
    if template is None:
        return None
    paper = Composing(ground, pack, template, document, body, signer, passkey)
    values = _values(paper)
    signers = _signers(paper)
    giver, receiver = _parties(paper)
    # A letter and the form have no bases, whatever the pack could cite.
    cites = [plain(cite) for cite in pack.cites.values()] if template.bases else []
    head = letterhead(ground, document.office)
    if isinstance(body, ReportBody):
        head = replace(head, name=report_letterhead(ground, document.office))
    printed = Print(
        salt=salt,
        document=document.id,
        version=document.version,
        template=template.id,
        kind=document.kind,
        letterhead=head,
        dated="" if document.kind in DATED_WHEN_SIGNED else document.dated.isoformat(),
        number=plain(document.number),
        type_line=fill(template.type_line, values),
        subject=fill_all(template.subject, values),
        bases=cite_bases([*fill_all(template.bases, values), *cites, *_duty_decisions(paper)]),
        to=fill_all(template.to, values),
        authority=fill(template.authority, values).upper(),
        intro=fill(template.intro, values),
        giver=giver,
        receiver=receiver,
        sections=tuple(_sections(paper, values)),
        lines=_lines(paper),
        closing=fill(template.closing, values),
        recipients=fill_all(template.recipients, values),
        signers=signers,
        landscape=isinstance(body, ReportBody),
        annex=report_annex(ground, body) if isinstance(body, ReportBody) else None,
    )
    check_print(printed)
    return printed


def _duty_decisions(paper: Composing) -> list[str]:
    """The decisions on which the duties of the lines rest, each once."""
    if not isinstance(paper.body, HandoverBody):
        return []
    duties = [paper.ground.facts.get(Assignment, line.assignment) for line in paper.lines if line.assignment]
    said = [f"{decision_in_words(duty)} về việc phân công nhiệm vụ" for duty in duties if duty is not None]
    return list(dict.fromkeys(said))


# -- the fields


def _values(paper: Composing) -> Mapping[str, str]:
    ground, document, unit = paper.ground, paper.document, paper.unit
    above = chain_of(ground.org, unit, ground.now)
    manager = above[1] if len(above) > 1 else None
    signer = paper.signer
    values = {
        "department_name": unit_name(ground, above[-1]),
        "giver_name": name_of(ground, None if signer is None else signer.person),
        "head_of_unit": head_of_unit(ground, unit),
        "head_title": head_title(ground, unit),
        "long_date": long_date(document.dated),
        "manager_name": "" if manager is None else unit_name(ground, manager),
        "number": plain(document.number),
        "receiver_name": name_of(ground, document.receiver),
        "school_year": school_year_of(ground, paper.lines, document.dated),
        "unit_code": plain(unit),
        "unit_name": unit_name(ground, unit),
        "venue": unit_name(ground, unit),
    }
    more = _VALUES.get(document.kind)
    return values if more is None else values | {k: plain(v) for k, v in more(paper).items()}


def _supplementary(paper: Composing) -> dict[str, str]:
    old = paper.ground.facts.get(Document, paper.document.supersedes) if paper.document.supersedes else None
    has_number = old is not None and old.number
    return {
        "old_number": old.number if old is not None and has_number else "",
        "old_date": long_date(old.dated) if old is not None and has_number else "",
    }


def _custody(paper: Composing) -> dict[str, str]:
    if not isinstance(paper.body, CustodyBody):
        raise RuntimeError("custody minutes without their body")
    is_officer = paper.body.holder == OFFICER
    return {
        "account_unit": unit_name(paper.ground, paper.body.custody_of),
        "as_officer": "thay mặt Thủ trưởng đơn vị" if is_officer else "",
        "as_head": "" if is_officer else "trực tiếp",
    }


def _return(paper: Composing) -> dict[str, str]:
    body, ground = paper.body, paper.ground
    if not isinstance(body, ReturnBody):
        raise RuntimeError("return minutes without their body")
    case = ground.facts.get(LeavingCase, body.case) if body.case else None
    if case is None and paper.document.receiver is not None:
        held = ground.facts.find(LeavingCase, person=paper.document.receiver, unit=paper.unit)
        case = next((c for c in held if c.valid_to is None), None)
    duty = None if case is None else ground.facts.get(Assignment, case.assignment)
    position = None if duty is None else paper.pack.positions.get(duty.position)
    left = (
        "" if case is None or position is None else f"thôi nhiệm vụ {position.vi} từ {begin_day(case.valid_from)}"
    )
    ends = body.ends_at
    holder = name_of(ground, paper.document.receiver)
    return {
        "absent_because": body.absent_because or "" if body.witness else "",
        "end": ""
        if ends is None
        else f"{local(ends):%H} giờ {local(ends):%M} phút {long_date(local(ends).date())}",
        "files_left": body.files_left or "",
        "holder_name": holder,
        "reason": left,
        "state_of_work": body.state_of_work or "",
        "witness_name": name_of(ground, body.witness),
    }


def _commitment(paper: Composing) -> dict[str, str]:
    if not isinstance(paper.body, CommitmentBody):
        raise RuntimeError("a commitment without its body")
    return {"text_version": paper.body.text_version or ""}


def _inspection(paper: Composing) -> dict[str, str]:
    body = paper.body
    if not isinstance(body, InspectionBody):
        raise RuntimeError("an inspection without its body")
    return {
        "begin": begin_day(body.valid_from),
        "content": body.content,
        "end": last_day(body.valid_to),
        "period_begin": begin_day(body.period_from or body.valid_from),
        "units": ", ".join(unit_name(paper.ground, unit) for unit in sorted(body.units)),
    }


def _letter(paper: Composing) -> dict[str, str]:
    if not isinstance(paper.body, ApprovalBody):
        raise RuntimeError("a letter without its body")
    return letter_values(paper.ground, paper.pack, paper.body)


def _decision(paper: Composing) -> dict[str, str]:
    if not isinstance(paper.body, AssignmentBody):
        raise RuntimeError("a decision without its body")
    return decision_values(paper.ground, paper.body)


def _report(paper: Composing) -> dict[str, str]:
    return {"nil": "" if isinstance(paper.body, ReportBody) and paper.body.rows else NIL}


_VALUES: Mapping[DocumentKind, Callable[[Composing], dict[str, str]]] = {
    DocumentKind.SUPPLEMENTARY_MINUTES: _supplementary,
    DocumentKind.CUSTODY_MINUTES: _custody,
    DocumentKind.RETURN_MINUTES: _return,
    DocumentKind.COMMITMENT: _commitment,
    DocumentKind.INSPECTION_DECISION: _inspection,
    DocumentKind.ASSIGNMENT_DECISION: _decision,
    DocumentKind.APPROVAL_LETTER: _letter,
    DocumentKind.SOFTWARE_REPORT: _report,
}


# -- the parties and who signs


def _office_party(paper: Composing, title: str) -> PrintedParty:
    ground, unit, signer = paper.ground, paper.unit, paper.signer
    found = unit_of(ground, unit)
    if signer is None or found is None:
        return PrintedParty(title, "", head_title(ground, unit), "", unit, unit_name(ground, unit))
    return PrintedParty(
        title=title,
        name=name_of(ground, signer.person),
        position=plain(position_in_words(paper.pack, found.kind, signer.capacity, signer.position)),
        basis=decision_in_words(signer.duty),
        unit=unit,
        unit_name=unit_name(ground, unit),
    )


def _person_party(paper: Composing, title: str) -> PrintedParty:
    ground, person, unit = paper.ground, paper.document.receiver, paper.receiver_unit
    account = None if person is None else use_account_of(ground, person)
    return PrintedParty(
        title=title,
        name=name_of(ground, person),
        position=plain(duties_in_words(ground, person, unit)) if person is not None else "",
        basis="",
        unit=unit,
        unit_name=unit_name(ground, unit),
        username="" if account is None else plain(account.username),
        passkey=paper.passkey,
    )


def _parties(paper: Composing) -> tuple[PrintedParty | None, PrintedParty | None]:
    """Who hands over and who receives; at a return the person hands over to the office."""
    kind = paper.document.kind
    if kind is DocumentKind.COMMITMENT:
        return None, _person_party(paper, "")
    if kind in BY_OFFICE:
        return None, None
    if kind is DocumentKind.RETURN_MINUTES:
        return _person_party(paper, GIVER_TITLE), _office_party(paper, RECEIVER_TITLE)
    return _office_party(paper, GIVER_TITLE), _person_party(paper, RECEIVER_TITLE)


def _signers(paper: Composing) -> tuple[PrintedSigner, ...]:
    """Left to right, as the kind has it: who hands over stands left, who receives right."""
    kind, ground = paper.document.kind, paper.ground
    person = name_of(ground, paper.document.receiver)
    if kind is DocumentKind.COMMITMENT:
        return (PrintedSigner(Side.DECLARANT, (), PROMISES, person),)
    if kind is DocumentKind.RETURN_MINUTES:
        witness = paper.body.witness if isinstance(paper.body, ReturnBody) else None
        first = (
            PrintedSigner(Side.DECLARANT, (), HANDS_BACK, person)
            if witness is None
            else PrintedSigner(Side.WITNESS, (), WITNESSES, name_of(ground, witness))
        )
        return first, _office_signer(paper, RECEIVES)
    if kind is DocumentKind.SOFTWARE_REPORT:
        return (replace(_office_signer(paper, HEAD_OF_UNIT), over=(SEALED,)),)
    if kind in BY_OFFICE:
        return (_office_signer(paper, ""),)
    receiver = PrintedSigner(Side.RECEIVER, (), RECEIVES, person)
    if isinstance(paper.body, CustodyBody) and paper.body.holder != OFFICER:
        receiver = replace(receiver, title=ON_BEHALF_OF_RECEIVER)
    return _office_signer(paper, ON_BEHALF_OF_GIVER), receiver


def _office_signer(paper: Composing, title: str) -> PrintedSigner:
    found, signer = unit_of(paper.ground, paper.unit), paper.signer
    if signer is None or found is None:
        return PrintedSigner(Side.GIVER, (head_title(paper.ground, paper.unit).upper(),), title, "")
    over = over_name(paper.pack, found.kind, signer.capacity, signer.position)
    return PrintedSigner(Side.GIVER, tuple(map(plain, over)), title, name_of(paper.ground, signer.person))


# -- the sections


def _sections(paper: Composing, values: Mapping[str, str]) -> list[PrintedSection]:
    found = []
    for section in paper.template.sections:
        paragraphs = list(fill_all(section.paragraphs, values))
        if section.extra is Extra.ITEMS:
            paragraphs += _items(paper)
        if section.extra is Extra.ARTICLES:
            paragraphs += articles_in_words(paper.pack, paper.lines)
        table = None if section.table is None else _TABLES[section.table](paper)
        if paragraphs or table is not None or section.title:
            found.append(PrintedSection(section.title, tuple(paragraphs), table))
    return found


def _items(paper: Composing) -> list[str]:
    """What is promised, numbered; a text that is no list of promises stands paragraph by paragraph."""
    body = paper.body
    if not isinstance(body, CommitmentBody) or body.text is None:
        return []
    if not body.items:
        return [plain(part) for part in body.text.split("\n") if part.strip()]
    return [plain(f"{i}. {item[:1].upper()}{item[1:]}.") for i, item in enumerate(body.items, start=1)]


def _lines(paper: Composing) -> tuple[PrintedLine, ...]:
    """The grants in words; each of them to the one account that the paper is about."""
    if not paper.lines:
        return ()
    if isinstance(paper.body, HandoverBody):
        account: AccountId | None = paper.body.receiver_account
    else:
        held = None if paper.document.receiver is None else use_account_of(paper.ground, paper.document.receiver)
        account = None if held is None else held.id
    printed = [line_in_words(paper.ground, paper.unit, line, account) for line in paper.lines]
    ends = paper.body.ends_at if isinstance(paper.body, ReturnBody) else None
    return tuple(printed if ends is None else [replace(line, ends=last_day(ends)) for line in printed])


def _replaced(paper: Composing) -> PrintedTable:
    """Old right, new right: what supplementary minutes change."""
    rows = []
    for number, line in enumerate(paper.lines, start=1):
        old = None if line.replaces is None else paper.ground.facts.get(Grant, line.replaces)
        was = "" if old is None else _right(paper, GrantLine.of(old))
        why = "Quyền mới" if old is None else "Điều chỉnh phạm vi, thời hạn"
        rows.append((str(number), was, _right(paper, line), why))
    return PrintedTable(("TT", "Quyền cũ", "Quyền mới", "Lý do"), (8, 35, 35, 22), tuple(rows))


def _right(paper: Composing, line: GrantLine) -> str:
    role = paper.pack.roles.get(line.role)
    name = line.role if role is None else role.vi
    return plain(f"{name}: {scope_in_words(paper.ground, paper.unit, line.scope)}")


def _members(paper: Composing) -> PrintedTable:
    """Who inspects, and which units each leaves out because they are, or were, their own."""
    body, ground = paper.body, paper.ground
    if not isinstance(body, InspectionBody):
        raise RuntimeError("only an inspection has members")
    sent = {x.member: x for x in body.externals}
    rows = []
    for number, member in enumerate(sorted(body.members, key=lambda m: (name_of(ground, m), m)), start=1):
        out = [unit_name(ground, x.unit) for x in sorted(body.left_out) if x.member == member]
        external = sent.get(member)
        where = f"{external.body} ({external.decision})" if external is not None else _serves(paper, member)
        note = f"Không kiểm tra: {', '.join(out)}" if out else ""
        rows.append((str(number), name_of(ground, member), plain(where), plain(note)))
    return PrintedTable(("TT", "Họ và tên", "Chức vụ, đơn vị", "Ghi chú"), (8, 30, 40, 22), tuple(rows))


def _serves(paper: Composing, person: PersonId) -> str:
    ground = paper.ground
    held = [a for a in ground.facts.find(Assignment, person=person) if ground.now in a.interval]
    units = list(dict.fromkeys(a.unit for a in held))
    return "; ".join(f"{duties_in_words(ground, person, unit)}, {unit_name(ground, unit)}" for unit in units)


def _software(paper: Composing) -> PrintedTable | None:
    return report_table(paper.body) if isinstance(paper.body, ReportBody) else None


def _duties(paper: Composing) -> PrintedTable | None:
    body = paper.body
    return duty_table(paper.ground, paper.pack, body) if isinstance(body, AssignmentBody) else None


_TABLES: Mapping[TableKind, Callable[[Composing], PrintedTable | None]] = {
    TableKind.SOFTWARE: _software,
    TableKind.DUTIES: _duties,
    TableKind.REPLACED: _replaced,
    TableKind.MEMBERS: _members,
}
