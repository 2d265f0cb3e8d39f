"""Bodies of corrections: what is left out stays as it is."""

from collections.abc import Sequence

from access_service.api.manage.accounts_bodies import AccountOut
from access_service.api.manage.bodies import (
    Day,
    Id,
    Instant,
    Number,
    Out,
    Prose,
    RequestBody,
    Sha256,
    Some,
    SubjectCode,
    TextLine,
    frozen,
)
from access_service.api.manage.org_bodies import ClassPart, Level
from access_service.domain.accounts import Account
from access_service.domain.correcting import DutyChanges
from access_service.domain.names import AccountId


class AccountsClosing(RequestBody):
    """Accounts of leavers to close, and why."""

    accounts: Some[Id]
    reason: Prose

    def ids(self) -> list[AccountId]:
        """As the use case wants them."""
        return [AccountId(id_) for id_ in self.accounts]


class AccountsClosedOut(Out):
    """The accounts that were closed."""

    accounts: list[AccountOut]

    @classmethod
    def of(cls, closed: Sequence[Account]) -> "AccountsClosedOut":
        """As JSON."""
        return cls(accounts=[AccountOut.model_validate(account) for account in closed])


class NameCorrection(RequestBody):
    """A person's name as it is."""

    name: TextLine
    reason: Prose


class ClassCorrection(RequestBody):
    """A class as it should have been entered."""

    name: TextLine | None = None
    level: Level | None = None
    grade: TextLine | None = None
    reason: Prose


class YearCorrection(RequestBody):
    """The dates of a school year."""

    starts_on: Day
    closes_on: Day
    """The first day closed."""
    reason: Prose


class DutyCorrection(RequestBody):
    """A duty as its decision says; person, unit and position stay."""

    decision_number: Number | None = None
    decision_date: Day | None = None
    decision_sha256: Sha256 | None = None
    valid_from: Instant | None = None
    classes: Some[ClassPart] | None = None
    subjects: Some[SubjectCode] | None = None
    levels: Some[Level] | None = None
    reason: Prose

    def changes(self) -> DutyChanges:
        """As the use case wants it."""
        return DutyChanges(
            decision_number=self.decision_number,
            decision_date=self.decision_date,
            decision_sha256=self.decision_sha256,
            valid_from=self.valid_from,
            classes=frozen([c.pair() for c in self.classes]) if self.classes else None,
            subjects=frozen(self.subjects),
            levels=frozen(self.levels),
        )
