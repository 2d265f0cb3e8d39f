"""Bodies and answers about accounts and custody."""

from collections.abc import Iterable
from datetime import datetime
from typing import Literal

from access_service.api.manage.bodies import (
    Day,
    Id,
    NewUsername,
    Out,
    RequestBody,
    Secret,
    Sha256,
    TextLine,
)
from access_service.api.manage.delegation_bodies import GrantSeenOut
from access_service.api.manage.documents_bodies import DocumentOut, Numbered
from access_service.api.manage.org_bodies import AssignmentOut, PersonOut, UnitOut
from access_service.api.manage.sign_in_bodies import PasskeyJSON, TotpText
from access_service.domain.accounts import Account
from access_service.domain.names import AccountKind, AccountState, HomeHow
from access_service.domain.recovery import Recovery, RecoveryState
from access_service.usecases.evidence.reading import Me
from access_service.usecases.identity.accounts import IssuedAccount
from access_service.usecases.identity.recoveries import AskedRecovery
from access_service.usecases.identity.second_factor import Second


class NewAccount(RequestBody):
    """A unit's admin account, or a person's use account."""

    unit: Id
    kind: Literal["admin", "use"]
    person: Id | None = None
    username: NewUsername


class NewCustody(Numbered):
    """Hand over a unit's admin account in writing."""

    receiver: Id
    dated: Day


class NewRecovery(RequestBody):
    """The asker's own password and second factor, and what else goes with the holder's password."""

    password: Secret
    totp: TotpText | None = None
    passkey: PasskeyJSON | None = None
    reset_second_factor: bool = False
    """For somebody who lost the device: the second factors, too."""

    @property
    def second(self) -> Second:
        """What the asker shows beside the password."""
        return Second(self.totp, self.passkey)


class RecoveryApproval(RequestBody):
    """The second person's password; for a holder who was seen in person, the re-issue slip that both signed."""

    password: Secret
    slip: TextLine | None = None
    slip_sha256: Sha256 | None = None


class RecoveryOut(Out):
    """A recovery: who asked, who confirmed, who stopped it."""

    id: str
    account: str
    asked_by: str
    asker: str
    valid_from: datetime
    opens_at: datetime
    needs_second: bool
    resets_factor: bool
    approved_by: str | None
    approved_at: datetime | None
    slip: str | None
    stopped_by: str | None
    stopped_because: str | None
    used_at: datetime | None


class RecoveryStateOut(RecoveryOut):
    """A recovery and where it stands now."""

    state: RecoveryState


class RecoveriesOut(Out):
    """Recoveries of the last thirty days."""

    recoveries: list[RecoveryStateOut]

    @classmethod
    def of(cls, found: Iterable[tuple[Recovery, RecoveryState]]) -> "RecoveriesOut":
        """From what the use case found."""
        return cls(
            recoveries=[
                RecoveryStateOut(**RecoveryOut.model_validate(recovery).model_dump(), state=state)
                for recovery, state in found
            ]
        )


class NewHome(RequestBody):
    """Where a person's account belongs from now on, and by which decision."""

    to: Id
    basis: TextLine


class MyHome(RequestBody):
    """Where the caller's own account belongs from now on; the password once more."""

    unit: Id
    password: Secret


class HomeOut(Out):
    """The unit that answers for an account, since when and why."""

    account: str
    unit: str
    how: HomeHow
    basis: str
    valid_from: datetime


class AccountOut(Out):
    """An account."""

    id: str
    kind: AccountKind
    unit: str
    person: str | None
    username: str
    valid_from: datetime
    activated_at: datetime | None
    valid_to: datetime | None


class AccountStateOut(AccountOut):
    """An account and its state now."""

    state: AccountState

    @classmethod
    def of(cls, account: Account, state: AccountState) -> "AccountStateOut":
        """From the stored facts."""
        return cls(**AccountOut.model_validate(account).model_dump(), state=state)


class IssuedOut(Out):
    """An account with the one-time code that opens it; the code is shown once and never kept."""

    account: AccountOut
    activation_code: str | None
    activation_until: datetime | None

    @classmethod
    def of(cls, issued: IssuedAccount) -> "IssuedOut":
        """From what the use case issued."""
        return cls(
            account=AccountOut.model_validate(issued.account),
            activation_code=issued.activation_code,
            activation_until=issued.activation_until,
        )


class AskedOut(IssuedOut):
    """A recovery and its one-time code, which is shown once and opens when the recovery does."""

    recovery: RecoveryOut

    @classmethod
    def of_asked(cls, asked: AskedRecovery) -> "AskedOut":
        """From what the use case asked for."""
        return cls(
            account=AccountOut.model_validate(asked.account),
            activation_code=asked.activation_code,
            activation_until=asked.activation_until,
            recovery=RecoveryOut.model_validate(asked.recovery),
        )


class SuspensionOut(Out):
    """A suspension: while it holds, everything resting on the target is denied."""

    id: str
    kind: str
    target: str
    unit: str
    reason: str
    valid_from: datetime
    valid_to: datetime | None


class CustodyOut(Out):
    """Who operated an admin account, from when to when."""

    id: str
    unit: str
    account: str
    person: str
    holder: str
    document: str | None
    valid_from: datetime
    valid_to: datetime | None


class MeOut(Out):
    """The caller."""

    account: AccountStateOut
    person: PersonOut
    unit: UnitOut
    duties: list[AssignmentOut]
    grants: list[GrantSeenOut]
    waiting: list[DocumentOut]
    """Documents that wait for the caller's signature."""

    @classmethod
    def of(cls, me: Me) -> "MeOut":
        """From what the use case found."""
        return cls(
            account=AccountStateOut.of(me.account, me.state),
            person=PersonOut.model_validate(me.person),
            unit=UnitOut.model_validate(me.unit),
            duties=[AssignmentOut.of(a) for a in me.duties],
            grants=[GrantSeenOut.of_seen(g) for g in me.grants],
            waiting=[DocumentOut.model_validate(d) for d in me.waiting],
        )
