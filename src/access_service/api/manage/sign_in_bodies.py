"""Bodies and answers about sessions, passwords and second factors."""

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, Any

from pydantic import Field

from access_service.api.manage.bodies import Id, Out, RequestBody, Secret, TextLine
from access_service.domain.names import AccountKind
from access_service.domain.sign_in import Due, FactorKind, SecondFactor
from access_service.usecases.identity.accounts import SignedIn
from access_service.usecases.identity.second_factor import Second
from access_service.usecases.identity.service_sessions import ServiceSession

TotpText = Annotated[str, Field(min_length=6, max_length=6, pattern="^[0-9]{6}$")]
"""The six digits that an authenticator shows."""
PasskeyJSON = Annotated[dict[str, Any], Field(max_length=16)]
"""A browser's answer: `credential.toJSON()`."""


class NewSession(RequestBody):
    """Sign in; with `totp` or `passkey` where a second factor is asked for."""

    username: TextLine
    password: Secret
    totp: TotpText | None = None
    passkey: PasskeyJSON | None = None
    register_: Annotated[Id | None, Field(alias="register")] = None
    """May be left out where there is one register, or the settings name one."""

    @property
    def second(self) -> Second:
        """What is shown beside the password."""
        return Second(self.totp, self.passkey)


class NewServiceSession(RequestBody):
    """A session for one service, opened in one's own."""

    audience: TextLine
    """A client's id, or the address of a service: what its own pages name."""


class ServiceSessionOut(Out):
    """A session that is good for one service and for nothing else."""

    token: str
    """Handed to that service; shown once."""
    audience: str
    software: str | None
    """Whose name that is, as the register has it; null for a service behind a proxy."""
    expires_at: datetime
    """When it ends unless it is used."""
    ends_at: datetime
    """When it ends however much it is used."""

    @classmethod
    def of(cls, opened: ServiceSession) -> "ServiceSessionOut":
        """From what the use case opened."""
        return cls(**{name: getattr(opened, name) for name in cls.model_fields})


class Activation(RequestBody):
    """Set the first password with a one-time code."""

    code: Secret
    password: Secret
    open_session: bool = False
    """Sign in with it as well, so that the answer has a session where no more than a password is asked for."""


class NewPassword(RequestBody):
    """A new password in place of the old one."""

    password: Secret
    new_password: Secret


class Again(RequestBody):
    """The caller's password once more."""

    password: Secret


class AgainShown(Again):
    """The caller's password once more, with `totp` or `passkey` where a second factor is set."""

    totp: TotpText | None = None
    passkey: PasskeyJSON | None = None

    @property
    def second(self) -> Second:
        """What is shown beside the password."""
        return Second(self.totp, self.passkey)


class TotpCode(RequestBody):
    """What the authenticator shows."""

    totp: TotpText


class NewPasskey(RequestBody):
    """What the browser made."""

    passkey: PasskeyJSON


class CallerOut(Out):
    """Whose session it is."""

    id: str
    kind: AccountKind
    unit: str
    person: str
    register_: Annotated[str, Field(serialization_alias="register")]


class SessionOut(Out):
    """A session; `token` is shown once."""

    token: str
    expires_at: datetime
    """When it ends unless it is used."""
    ends_at: datetime
    """When it ends however much it is used."""
    due: Due | None
    """`password` or `second_factor`: what has to be set first; until then the session opens nothing else."""
    account: CallerOut

    @classmethod
    def of(cls, signed: SignedIn) -> "SessionOut":
        """From what the use case opened."""
        caller = signed.caller
        account = CallerOut(
            id=caller.account, kind=caller.kind, unit=caller.unit, person=caller.person, register_=caller.register
        )
        return cls(
            token=signed.token,
            expires_at=signed.expires_at,
            ends_at=signed.ends_at,
            due=signed.due,
            account=account,
        )


class ActivatedOut(Out):
    """The account that can now sign in."""

    account: str
    session: SessionOut | None = None
    """Where one was asked for, and nothing more than the password is."""


class SecondFactorOut(Out):
    """A second factor; its secret is shown only when it is made."""

    id: str
    kind: FactorKind
    created_at: datetime


class ConfirmedOut(Out):
    """Whose view of a code is over with the holder's confirmation."""

    seen_by: list[str]


class SecondFactorsOut(Out):
    """What is asked for beside the password; any one of them will do."""

    second_factors: list[SecondFactorOut]

    @classmethod
    def of(cls, factors: Iterable[SecondFactor]) -> "SecondFactorsOut":
        """From what is stored."""
        return cls(second_factors=[SecondFactorOut.model_validate(factor) for factor in factors])


class TotpOut(Out):
    """A secret for an authenticator, shown once."""

    id: str
    secret: str
    """Base32."""
    uri: str
    """`otpauth://`, to be shown as a QR code."""


class PasskeyOptionsOut(Out):
    """What the browser makes a passkey from."""

    options: dict[str, Any]
    """For `PublicKeyCredential.parseCreationOptionsFromJSON`."""
