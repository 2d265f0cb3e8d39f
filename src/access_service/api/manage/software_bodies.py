"""Bodies and answers about software, the department's approvals, and clients."""

from datetime import date, datetime
from typing import Annotated, Any

from pydantic import AfterValidator, Field

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
    Sorted,
    TextLine,
    frozen,
)
from access_service.api.manage.delegation_bodies import ScopeBody, ScopeOut
from access_service.domain.names import (
    ApprovalId,
    Confirmable,
    DrawMethod,
    Frequency,
    GrantState,
    ObligationKind,
    ObligationState,
    ReceiverRole,
    SoftwareId,
    UnitId,
)
from access_service.domain.obligations import OBLIGATION_VI, Obligation
from access_service.domain.software import Approval, ApprovalFacts, Client
from access_service.usecases.evidence.software_seen import SoftwareSeen
from access_service.usecases.third_party.clients import IssuedClient, NewClient
from access_service.usecases.third_party.software import ApprovalPaper, Changes, Entry
from access_service.usecases.third_party.software_papers import ConfirmingPaper, DeletionPaper

SecurityLevel = Annotated[int, Field(ge=1, le=5)]
"""Cấp độ an toàn hệ thống thông tin."""
FrequencyWord = Annotated[Frequency, Field(strict=False)]
MethodWord = Annotated[DrawMethod, Field(strict=False)]
DEEP, MANY = 4, 64


def _shallow(value: dict[str, Any]) -> dict[str, Any]:
    """A key set is a list of flat objects; nothing that is kept is deeper."""

    def depth(item: Any) -> int:
        below = item.values() if isinstance(item, dict) else item if isinstance(item, list) else ()
        return 1 + max(map(depth, below), default=0)

    if depth(value) > DEEP or len(value) > MANY:
        raise ValueError("no key set")
    return value


ClientKeySet = Annotated[dict[str, Any], AfterValidator(_shallow)]
"""A JSON Web Key Set of public keys."""


class NewSoftware(RequestBody):
    """A line of the report form, with security level and connection to the data axis as the unit states them."""

    unit: Id
    name: TextLine
    supplier: TextLine
    data_fields: Prose
    data_scope: Prose
    frequency: TextLine
    method: TextLine
    cost: TextLine
    legal_standing: Prose
    security_level: SecurityLevel | None = None
    security_standard: TextLine | None = None
    on_axis: bool = False
    is_enforcement_point: bool = False
    """Only the department enters one."""

    def entry(self) -> Entry:
        """As the use case wants it."""
        return Entry(**{**self.model_dump(), "unit": UnitId(self.unit)})


class SoftwareChanges(RequestBody):
    """What of an entry may change; what is left out stays as it is."""

    data_fields: Prose | None = None
    data_scope: Prose | None = None
    frequency: TextLine | None = None
    method: TextLine | None = None
    cost: TextLine | None = None
    legal_standing: Prose | None = None
    security_level: SecurityLevel | None = None
    security_standard: TextLine | None = None
    on_axis: bool | None = None

    def changes(self) -> Changes:
        """As the use case wants it."""
        return Changes(**self.model_dump())


class ApprovalTerms(RequestBody):
    """What an approval of software says, on whichever paper."""

    software: Id
    dated: Day
    scope: ScopeBody
    frequency: FrequencyWord
    method: MethodWord
    valid_from: Instant
    valid_to: Instant
    purpose: Prose
    agreement_number: Number
    """Of the unit's agreement with who receives the data."""
    agreement_dated: Day
    agreement_sha256: Sha256
    receiver_role: Annotated[ReceiverRole, Field(strict=False)]
    retention: Prose
    deletion: Prose

    def terms(self, number: str, sha256: str) -> ApprovalPaper:
        """As the use case wants it."""
        return ApprovalPaper(
            software=SoftwareId(self.software),
            number=number,
            dated=self.dated,
            sha256=sha256,
            scope=self.scope.scope(),
            frequency=self.frequency,
            method=self.method,
            valid_from=self.valid_from,
            valid_to=self.valid_to,
            purpose=self.purpose,
            agreement_number=self.agreement_number,
            agreement_dated=self.agreement_dated,
            agreement_sha256=self.agreement_sha256,
            receiver_role=self.receiver_role,
            retention=self.retention,
            deletion=self.deletion,
        )


class NewApproval(ApprovalTerms):
    """The department's written approval of software, with its term, as it was signed on paper."""

    number: Number
    sha256: Sha256
    """Of the paper."""

    def paper(self) -> ApprovalPaper:
        """As the use case wants it."""
        return self.terms(self.number, self.sha256)


class LetterRequest(RequestBody):
    """The letter in which the unit asked."""

    number: Number
    dated: Day


class NewApprovalLetter(ApprovalTerms):
    """The letter of whoever approves, to be signed here: nothing is agreed before."""

    number: Number | None = None
    """From another system of numbers of the office; left out, the next of its book."""
    out_of_order: Prose | None = None
    """Why the letter bears an earlier day than the one numbered before it."""
    request: LetterRequest | None = None


class NewSoftwareReport(RequestBody):
    """The report of the form: what is in it the register knows."""

    unit: Id


class NewConfirmation(RequestBody):
    """The department's written confirmation of a security level, or of the connection to the axis."""

    subject: Annotated[Confirmable, Field(strict=False)]
    level: SecurityLevel | None = None
    """Of the security level only."""
    number: Number
    dated: Day
    issuer: TextLine
    sha256: Sha256
    """Of the paper."""
    valid_to: Instant

    def paper(self, software: SoftwareId) -> ConfirmingPaper:
        """As the use case wants it."""
        return ConfirmingPaper(
            software=software,
            subject=self.subject,
            level=self.level,
            number=self.number,
            dated=self.dated,
            issuer=self.issuer,
            sha256=self.sha256,
            valid_to=self.valid_to,
        )


class NewDeletion(RequestBody):
    """The written confirmation that the data of an approval is deleted."""

    number: Number
    dated: Day
    sha256: Sha256
    """Of the paper."""

    def paper(self, approval: ApprovalId) -> DeletionPaper:
        """As the use case wants it."""
        return DeletionPaper(approval, self.number, self.dated, self.sha256)


class Withdrawal(RequestBody):
    """Why an approval is taken back, if anybody has the time to say."""

    reason: Prose | None = None


Addresses = Annotated[list[Annotated[str, Field(max_length=2048)]], Field(max_length=16)]
"""Addresses of a client, letter by letter."""


class NewClientBody(RequestBody):
    """A client of software."""

    software: Id
    pep_scopes: Some[TextLine] | None = None
    """Enforcement points only: `evaluate`, `search`, `explain`, `introspect`."""
    resource_types: Some[TextLine] | None = None
    """Enforcement points only: `unit`, `class`, `student`, `staff`."""
    resource: Annotated[str, Field(max_length=2048)] | None = None
    """URL of the resource server that the software calls (RFC 8707)."""
    serves: Annotated[str, Field(max_length=2048)] | None = None
    """URL as which the software is called itself. Once the department has approved it, it may exchange tokens that
    are addressed to it (RFC 8693)."""
    jwks: ClientKeySet | None = None
    """Public keys for `private_key_jwt`; without them the client gets a secret."""
    redirect_uris: Addresses | None = None
    """Where people are sent back to who were signed in for it; left out, it signs nobody in."""
    post_logout_uris: Addresses | None = None
    """Where people may be sent who signed out there."""

    def wanted(self) -> NewClient:
        """As the use case wants it."""
        return NewClient(
            software=SoftwareId(self.software),
            pep_scopes=frozen(self.pep_scopes) or frozenset(),
            resource_types=frozen(self.resource_types) or frozenset(),
            resource=self.resource,
            serves=self.serves,
            jwks=self.jwks,
            redirect_uris=frozen(self.redirect_uris) or frozenset(),
            post_logout_uris=frozen(self.post_logout_uris) or frozenset(),
        )


class Rotation(RequestBody):
    """How a secret is replaced."""

    at_once: bool = False
    """After a leak: the old secret ends now, and what was issued so far is revoked."""


class NewKeys(RequestBody):
    """Other public keys in place of those before."""

    jwks: ClientKeySet


class SignInAddresses(RequestBody):
    """Where a client has people sent back to, in place of what was registered before."""

    redirect_uris: Addresses | None = None
    """Exact addresses that codes are sent to; left out: it signs nobody in."""
    post_logout_uris: Addresses | None = None
    """Where people may be sent who signed out there."""


class SoftwareOut(Out):
    """Software as it stands in the register."""

    id: str
    unit: str
    account: str
    name: str
    supplier: str
    data_fields: str
    data_scope: str
    frequency: str
    method: str
    cost: str
    legal_standing: str
    security_level: int | None
    security_standard: str | None
    on_axis: bool
    is_enforcement_point: bool
    valid_from: datetime
    valid_to: datetime | None


class ApprovalOut(Out):
    """An approval as it was recorded."""

    id: str
    software: str
    number: str
    dated: date
    sha256: str
    scope: ScopeOut
    frequency: Frequency
    method: DrawMethod
    valid_from: datetime
    valid_to: datetime
    recorded_at: datetime
    withdrawn_at: datetime | None
    withdrawn_because: str | None
    purpose: str | None
    agreement_number: str | None
    agreement_dated: date | None
    agreement_sha256: str | None
    receiver_role: ReceiverRole | None
    retention: str | None
    deletion: str | None

    @classmethod
    def plain(cls, found: Approval) -> dict[str, Any]:
        """Members by name."""
        names = ApprovalOut.model_fields.keys() - {"scope"}
        return {**{name: getattr(found, name) for name in names}, "scope": ScopeOut.of(found.scope)}

    @classmethod
    def of(cls, found: Approval) -> "ApprovalOut":
        """From the domain's value."""
        return cls(**cls.plain(found))


class ApprovalSeenOut(ApprovalOut):
    """An approval and where it stands now."""

    state: GrantState
    unmet: str | None
    """Which of the policy's demands is not met now."""

    @classmethod
    def of_seen(cls, facts: ApprovalFacts, state: GrantState) -> "ApprovalSeenOut":
        """From what the use case found."""
        return cls(**cls.plain(facts.approval), state=state, unmet=facts.unmet)


class SoftwareConfirmationOut(Out):
    """What the department has confirmed of software, and until when it counts."""

    id: str
    software: str
    subject: Confirmable
    level: int | None
    number: str
    dated: date
    issuer: str
    sha256: str
    valid_from: datetime
    valid_to: datetime | None
    withdrawn_because: str | None


class ObligationOut(Out):
    """What is owed after an approval."""

    id: str
    kind: ObligationKind
    vi: str
    approval: str
    unit: str
    opens_at: datetime
    confirmed_at: datetime | None
    number: str | None
    dated: date | None
    sha256: str | None

    @classmethod
    def plain(cls, found: Obligation) -> dict[str, Any]:
        """Members by name."""
        names = ("id", "kind", "approval", "unit", "number", "dated", "sha256")
        said = {name: getattr(found, name) for name in names}
        vi = OBLIGATION_VI[found.kind]
        return {**said, "vi": vi, "opens_at": found.valid_from, "confirmed_at": found.valid_to}

    @classmethod
    def of(cls, found: Obligation) -> "ObligationOut":
        """From the domain's value."""
        return cls(**cls.plain(found))


class ObligationSeenOut(ObligationOut):
    """The same, and where it stands now."""

    state: ObligationState


class DrawOut(Out):
    """A draw that was counted."""

    approval: str
    period: str
    drawn_at: datetime


class ClientOut(Out):
    """A client, without what it proves itself by."""

    client_id: str
    software: str
    authentication: str
    """`client_secret` or `private_key_jwt`."""
    pep_scopes: Sorted[str]
    resource_types: Sorted[str]
    resource: str | None
    serves: str | None
    serves_approved_at: datetime | None
    """Until the department has approved the address it serves nothing."""
    created_at: datetime
    redirect_uris: Sorted[str]
    post_logout_uris: Sorted[str]
    old_secret_until: datetime | None
    disabled_at: datetime | None

    @classmethod
    def plain(cls, found: Client) -> dict[str, Any]:
        """Members by name."""
        names = ClientOut.model_fields.keys() - {"client_id", "authentication"}
        how = "private_key_jwt" if found.jwks is not None else "client_secret"
        return {**{name: getattr(found, name) for name in names}, "client_id": found.id, "authentication": how}

    @classmethod
    def of(cls, found: Client) -> "ClientOut":
        """From the domain's value."""
        return cls(**cls.plain(found))


class IssuedClientOut(ClientOut):
    """A client with its secret, which is shown once and never kept."""

    client_secret: str | None

    @classmethod
    def of_issued(cls, issued: IssuedClient) -> "IssuedClientOut":
        """From what the use case issued."""
        return cls(**cls.plain(issued.client), client_secret=issued.secret)


class SoftwareSeenOut(SoftwareOut):
    """Software with its papers."""

    approvals: list[ApprovalSeenOut]
    clients: list[ClientOut]
    draws: list[DrawOut]
    confirmations: list[SoftwareConfirmationOut]
    counted_level: int | None
    """The security level that counts now: stated by the unit and confirmed by the department."""
    counted_on_axis: bool
    obligations: list[ObligationSeenOut]

    @classmethod
    def of_seen(cls, seen: SoftwareSeen) -> "SoftwareSeenOut":
        """From what the use case found."""
        return cls(
            **SoftwareOut.model_validate(seen.software).model_dump(),
            approvals=[ApprovalSeenOut.of_seen(facts, state) for facts, state in seen.approvals],
            clients=[ClientOut.of(client) for client in seen.clients],
            draws=[DrawOut(approval=d.approval, period=d.period, drawn_at=d.valid_from) for d in seen.draws],
            confirmations=[SoftwareConfirmationOut.model_validate(c) for c in seen.confirmations],
            counted_level=seen.level,
            counted_on_axis=seen.on_axis,
            obligations=[
                ObligationSeenOut(**ObligationOut.plain(one), state=state) for one, state in seen.obligations
            ],
        )


class SoftwareListOut(Out):
    """The report form's lines, by id."""

    software: list[SoftwareSeenOut]
