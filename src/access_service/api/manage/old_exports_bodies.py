"""An old system's list of accounts as it is told: whom each row is about and why, its rights and their paper."""

from datetime import datetime
from typing import Annotated

from pydantic import Field

from access_service.api.manage.bodies import Id, Out, RequestBody, Sha256, Some
from access_service.api.manage.old_systems_bodies import ExternalIdOut
from access_service.domain.matching import MatchReason, MatchStanding
from access_service.domain.names import PersonId
from access_service.domain.old_rights import PaperState
from access_service.domain.old_rows import OldChoice
from access_service.domain.old_words import REASON_SAID
from access_service.usecases.old_systems.carrying_over import IdsTaken, RowsCarried
from access_service.usecases.old_systems.old_exports import OldExportSeen, SaidOfRow


class OldDecisionOut(Out):
    """What somebody said of a row."""

    choice: OldChoice
    person: str | None
    by: str
    """Id of the account."""
    at: datetime


class OldRowOut(Out):
    """One account of the old system."""

    key: str
    """By which a decision names it; the same in a newer file."""
    line: int
    account: str
    name: str
    standing: MatchStanding
    reason: MatchReason
    vi: str
    en: str
    person: str | None
    """Of a sure row."""
    candidates: list[str]
    """Of a doubtful one."""
    decision: OldDecisionOut | None


class OldExportOut(Out):
    """What was read, and where its rows stand."""

    unit: str
    system: str
    file: str
    sha256: str
    read_at: datetime
    skipped: list[str]
    """Sheets without a heading that is known."""
    elsewhere: int
    """Rows of other units, which are not kept."""
    counts: dict[MatchStanding, int]
    rows: list[OldRowOut]

    @classmethod
    def of(cls, seen: OldExportSeen) -> "OldExportOut":
        """From the use case's answer."""
        export = seen.export
        return cls(
            unit=export.unit,
            system=export.system,
            file=export.name,
            sha256=export.sha256,
            read_at=export.read_at,
            skipped=list(export.skipped),
            elsewhere=export.elsewhere,
            counts=dict(seen.count()),
            rows=[
                OldRowOut(
                    key=m.key,
                    line=m.row.line,
                    account=m.row.account,
                    name=m.row.name,
                    standing=m.standing,
                    reason=m.reason,
                    vi=REASON_SAID[m.reason].vi,
                    en=REASON_SAID[m.reason].en,
                    person=m.person,
                    candidates=list(m.candidates),
                    decision=None if m.decision is None else OldDecisionOut.model_validate(m.decision),
                )
                for m in seen.matches
            ],
        )


class SaidOfRowIn(RequestBody):
    """Whom a row is about; without a choice, what was said is taken back."""

    key: Sha256
    choice: Annotated[OldChoice, Field(strict=False)] | None = None
    person: Id | None = None

    def said(self) -> SaidOfRow:
        """As the use case wants it."""
        return SaidOfRow(self.key, self.choice, None if self.person is None else PersonId(self.person))


class OldDecisionsIn(RequestBody):
    """Many rows at once: all, or none."""

    decisions: Some[SaidOfRowIn]


class OldRightOut(Out):
    """A right that the old system gives, and its paper."""

    line: int
    account: str
    person: str | None
    right: str
    paper: PaperState
    grants: list[str]
    beyond: str
    """What of it no paper gives."""


class PaperAloneOut(Out):
    """A right by paper that the old system does not give."""

    person: str
    grant: str
    right: str


class OldRightsOut(Out):
    """The old system's rights beside paper, both ways round."""

    counts: dict[PaperState, int]
    rights: list[OldRightOut]
    paper_alone: list[PaperAloneOut]

    @classmethod
    def of(cls, seen: OldExportSeen) -> "OldRightsOut":
        """From the use case's answer."""
        return cls(
            counts=dict(seen.count_papers()),
            rights=[
                OldRightOut(
                    line=x.row.line,
                    account=x.row.account,
                    person=x.person,
                    right=x.said,
                    paper=x.paper,
                    grants=list(x.grants),
                    beyond=x.beyond,
                )
                for x in seen.lines
            ],
            paper_alone=[PaperAloneOut(person=x.person, grant=x.grant, right=x.said) for x in seen.alone],
        )


class IdRefusedOut(Out):
    """An id that was not recorded."""

    line: int
    system: str
    code: str


class IdsTakenOut(Out):
    """Which ids were recorded, or would be."""

    dry_run: bool
    new: list[ExternalIdOut]
    known: int
    refused: list[IdRefusedOut]

    @classmethod
    def of(cls, done: IdsTaken, *, dry_run: bool) -> "IdsTakenOut":
        """From the use case's answer."""
        return cls(
            dry_run=dry_run,
            new=[ExternalIdOut.of(found) for found in done.new],
            known=done.known,
            refused=[IdRefusedOut(line=line, system=system, code=code) for line, system, code in done.refused],
        )


class RowsCarriedOut(Out):
    """How many rows went into the grid."""

    school_year: str
    added: int
    already: int

    @classmethod
    def of(cls, done: RowsCarried) -> "RowsCarriedOut":
        """From the use case's answer."""
        return cls.model_validate(done)
