"""The papers of a dissolved unit: open ones pass to the heir of what they are about, the rest is kept (rule 9)."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from access_service.domain import papers
from access_service.domain.accounts import Account
from access_service.domain.delegation import Grant, LeavingCase
from access_service.domain.documents import Document, first_state
from access_service.domain.moves import taker_of
from access_service.domain.names import (
    AccountKind,
    DocumentId,
    DocumentKind,
    DocumentState,
    GrantEnd,
    GrantId,
    Side,
    UnitId,
)
from access_service.domain.org import Assignment
from access_service.domain.papers import HandoverBody, InspectionBody, PaperBody, lines_of, sides_of
from access_service.domain.succession import Heirs, find_concerned, managed_by, open_papers, papers_of
from access_service.usecases.effects import end_grants
from access_service.usecases.handover.composing import compose
from access_service.usecases.handover.numbering import PASSED, Numbering, number_paper, void_numbers
from access_service.usecases.handover.taking_back import tell
from access_service.usecases.services import Act


class PassingPapers:
    """What a dissolved unit has on paper, looked at while it still stands."""

    def __init__(self, doing: Act, heirs: Heirs) -> None:
        """Who keeps each, and to whom each open one passes: None where it is about the unit's own staff."""
        self._doing, self._heirs = doing, heirs
        ground, predecessor = doing.ground, heirs.predecessor
        self._managed = managed_by(ground, predecessor)
        about = {d.id: find_concerned(ground, predecessor, d) for d in papers_of(ground, predecessor)}
        self._kept: Mapping[DocumentId, UnitId] = {id_: heirs.keeper(units) for id_, units in about.items()}
        self._open: Mapping[DocumentId, UnitId | None] = {
            d.id: None if about[d.id] in ({predecessor}, frozenset()) else heirs.of(about[d.id])
            for d in open_papers(ground, predecessor)
        }

    @property
    def passing(self) -> frozenset[DocumentId]:
        """Open papers that go on in the name of an heir."""
        return frozenset(id_ for id_, heir in self._open.items() if heir is not None)

    def over(self) -> None:
        """Open papers about the unit's own staff are over with their duties; closed ones have a keeper."""
        for id_, heir in self._open.items():
            if heir is None:
                self._cancel(self._doing.tx.require(Document, id_))
        for id_, keeper in self._kept.items():
            if id_ not in self.passing:
                self._doing.tx.put(replace(self._doing.tx.require(Document, id_), kept_by=keeper))
        self._doing.tx.happened(
            "documents.keep",
            self._heirs.predecessor,
            unit=self._heirs.predecessor,
            archive=self._heirs.archivist,
            kept=len(self._kept) - len(self.passing),
        )

    def passed(self) -> None:
        """Each open paper becomes a new version in its heir's name, once the heirs hold what they took."""
        for id_ in sorted(self.passing):
            heir = self._open[id_]
            if heir is not None:
                self._pass(self._doing.tx.require(Document, id_), heir)
        self._pass_cases()

    def _pass_cases(self) -> None:
        """Whoever leaves a unit that passed hands back to the office that takes it (12)."""
        doing = self._doing
        for case in doing.tx.find(LeavingCase, unit=self._heirs.predecessor):
            duty = doing.tx.get(Assignment, case.assignment)
            if case.valid_to is None and duty is not None and duty.unit in self._managed:
                heir = self._heirs.named.get(duty.unit, self._heirs.successor)
                doing.tx.put(replace(case, unit=heir))
                doing.tx.happened("case.pass", case.id, unit=case.unit, to=heir)

    def _cancel(self, paper: Document, kept_by: UnitId | None = None) -> None:
        doing = self._doing
        lines = doing.tx.find(Grant, document=paper.id)
        end_grants(doing, lines, GrantEnd.CANCELLED)
        by = self._heirs.predecessor
        doing.tx.put(
            replace(
                paper,
                state=DocumentState.CANCELLED,
                state_since=doing.now,
                reason=by,
                kept_by=kept_by or paper.kept_by,
            )
        )
        doing.tx.happened("document.cancel", paper.id, unit=paper.office, by=by)
        for line in lines:
            tell(doing, line, None, by)

    def _pass(self, paper: Document, heir: UnitId) -> None:
        """A new version that nobody has signed: signatures were given to, and in the name of, another office.

        What the office signs first is a draft, for the heir to look at and number; what its holder signs first
        waits for them. Where the heir's authority does not hold all of a line, the paper is cancelled (record 30).
        """
        doing = self._doing
        lines = [g for g in doing.tx.find(Grant, document=paper.id) if g.ended_at is None]
        moved = [self._line(line, heir) for line in lines]
        if None in moved or self._is_had(paper, heir):
            self._cancel(paper, heir)
            return
        doing.pack_for(heir)
        account = doing.tx.first(Account, unit=heir, kind=str(AccountKind.ADMIN))
        is_offices = sides_of(paper.kind, paper.content)[0] is Side.GIVER
        new = replace(
            paper,
            unit=heir,
            kept_by=None,
            number="",
            version=paper.version + 1,
            state=DocumentState.DRAFT if is_offices else first_state(paper),
            state_since=doing.now,
            prepared_by=None if account is None else account.id,
            reason=None,
        )
        doing.tx.put(*(line for line in moved if line is not None))
        void_numbers(doing, paper, PASSED)
        numbered = number_paper(doing, new, Numbering(out_of_order=PASSED))
        doing.tx.put(compose(doing, numbered, self._body(paper, [line for line in moved if line is not None])))
        doing.tx.happened(
            "document.pass", paper.id, unit=paper.office, by=self._heirs.predecessor, to=heir, version=new.version
        )
        if paper.receiver is not None:
            doing.touch_person(paper.receiver)

    def _line(self, line: Grant, heir: UnitId) -> Grant | None:
        """The line as the heir would give it; None where the heir's authority does not hold all of it."""
        authority = taker_of(self._doing.ground, heir, line.scope)
        if authority is None:
            return None
        return replace(line, unit=heir, authority=authority.id, replaces=self._replaced(line))

    def _replaced(self, line: Grant) -> GrantId | None:
        """What the line replaces may stand as a new line of the heir's by now."""
        if line.replaces is None:
            return None
        newer = [g.id for g in self._doing.tx.find(Grant, replaces=line.replaces) if g.id != line.id and _stands(g)]
        return newer[0] if newer else line.replaces

    def _is_had(self, paper: Document, heir: UnitId) -> bool:
        """Has the heir the same person's commitment already, signed or waiting?"""
        if paper.kind is not DocumentKind.COMMITMENT:
            return False
        held = self._doing.tx.find(Document, receiver=paper.receiver, unit=heir, kind=str(paper.kind))
        states = (DocumentState.SIGNED, DocumentState.AWAITING_RECEIVER)
        return any(d.text_version == paper.text_version and d.state in states for d in held)

    def _body(self, paper: Document, lines: Iterable[Grant]) -> PaperBody:
        body = papers.read_any(paper.kind, paper.content)
        if isinstance(body, HandoverBody):
            return replace(body, lines=lines_of(lines))
        if isinstance(body, InspectionBody):
            return replace(body, authority=None)
        return body


def _stands(grant: Grant) -> bool:
    return grant.activated_at is not None and grant.ended_at is None
