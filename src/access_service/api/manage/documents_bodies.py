"""Bodies and answers about documents, signatures, returns and inspections."""

import json
from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import Field

from access_service.api.manage.bodies import (
    MOST,
    Day,
    Id,
    Instant,
    Number,
    Out,
    Prose,
    RequestBody,
    Secret,
    Sha256,
    Some,
    TextLine,
)
from access_service.api.manage.sign_in_bodies import PasskeyJSON, TotpText
from access_service.domain.documents import CONFIRMED_BY_SYSTEM, Document, Signature
from access_service.domain.names import (
    AuthorityId,
    Capacity,
    DocumentKind,
    DocumentState,
    Method,
    PersonId,
    Side,
    UnitId,
)
from access_service.domain.statements import SigningWay
from access_service.usecases.evidence.reading_papers import DocumentSeen
from access_service.usecases.evidence.register_book import COLUMNS, RegisterBook
from access_service.usecases.handover.ceremonies import AskedToSign
from access_service.usecases.handover.inspection import ExternalMember, Team
from access_service.usecases.handover.numbering import Numbering
from access_service.usecases.handover.signatures import Signed

MOST_PRESENTED = 10_000
"""The use case has its own, lower bound and its own refusal; this one only keeps a body readable."""


class Numbered(RequestBody):
    """What is said of a paper's number: left out, it is the next of the unit's book."""

    number: Number | None = None
    """From another system of numbers of the office; left out, the next of its book."""
    out_of_order: Prose | None = None
    """Why the paper bears an earlier day than the one numbered before it."""

    def numbering(self) -> Numbering:
        """As the use case wants it."""
        return Numbering(out_of_order=self.out_of_order)


class Submission(RequestBody):
    """What is said of the number that the draft gets now."""

    out_of_order: Prose | None = None
    """Why the paper bears an earlier day than the one numbered before it."""


class NamedSigner(RequestBody):
    """Who will sign for the office."""

    person: Id


class Revision(Numbered):
    """A new version of a draft or returned document; it keeps its number where none is given."""

    dated: Day
    version: Annotated[int, Field(ge=1, le=1_000_000)]
    """The version that is revised."""


class NewCommitment(RequestBody):
    """The caller's commitment to a unit."""

    unit: Id


class NewReturn(RequestBody):
    """The caller hands back everything held from a unit."""

    unit: Id
    number: Number | None = None
    dated: Day | None = None
    ends_at: Instant | None = None
    """When the rights end, if later than the declaration; at the latest they end with the duty."""
    state_of_work: Prose | None = None
    """Which data is still worked on, and what is left to do; it stands on the minutes."""
    files_left: Prose | None = None
    """What became of files that were drawn; it stands on the minutes."""


class RecordedReturn(RequestBody):
    """The head records the return of somebody who cannot, before a witness."""

    witness: Id
    because: Prose | None = None
    """Why the holder cannot hand back themselves; it stands on the minutes."""


class PresentedDocument(RequestBody):
    """A document as the signer saw it."""

    document: Id
    version: Annotated[int, Field(ge=1, le=1_000_000)]
    sha256: Sha256
    capacity: Annotated[Capacity, Field(strict=False)] | None = None
    """In which capacity the giver signs; left out, the highest that is on file."""


class NewSignatures(RequestBody):
    """Sign after entering the password again, or answer what was put before the signer (`ceremony`).

    With `documents` the password is the answer. With `ceremony` it is what its statements wait for: the
    passkey's answer, or the password.
    """

    documents: Annotated[list[PresentedDocument] | None, Field(min_length=1, max_length=MOST_PRESENTED)] = None
    ceremony: Id | None = None
    """Of `POST /v1/signatures/options`, in the same session, lately."""
    password: Secret | None = None
    totp: TotpText | None = None
    """A one-time code beside the password; the statement then says so."""
    passkey: PasskeyJSON | None = None
    """The browser's AuthenticationResponseJSON to `public_key`."""


class SigningOptions(RequestBody):
    """Documents to be signed with one touch, or one password."""

    documents: Annotated[list[PresentedDocument], Field(min_length=1, max_length=MOST_PRESENTED)]
    way: Literal["passkey", "password", "password+totp"] | None = None
    """Left out: the passkey where the account has one, else the password."""
    credential: Id | None = None
    """Id of the passkey that is to sign, base64url; left out, the newest."""


class NewExternal(RequestBody):
    """A member from outside the register: name, the body that sends them, its decision, the account's username."""

    name: TextLine
    body: TextLine
    decision: Number
    username: TextLine

    def member(self) -> ExternalMember:
        """As the use case wants it."""
        return ExternalMember(self.name, self.body, self.decision, self.username)


class NewInspection(Numbered):
    """A decision to inspect units below the caller's."""

    dated: Day
    units: Some[Id]
    members: list[Id] = Field(default_factory=list, max_length=MOST)
    content: Prose
    valid_from: Instant
    valid_to: Instant
    authority: Id | None = None
    """Which authority of the deciding unit; may be left out where it holds one."""

    period_from: Instant | None = None
    """From when the period runs that is inspected; left out, it begins with the inspection."""

    externals: list[NewExternal] = Field(default_factory=list, max_length=MOST)
    """Members without a duty in the register (Công an, Sở KH&CN, Văn phòng UBND)."""

    def team(self) -> Team:
        """As the use case wants it."""
        return Team(
            number=self.number or "",
            out_of_order=self.out_of_order,
            dated=self.dated,
            units=frozenset(UnitId(u) for u in self.units),
            members=frozenset(PersonId(m) for m in self.members),
            content=self.content,
            valid_from=self.valid_from,
            valid_to=self.valid_to,
            authority=None if self.authority is None else AuthorityId(self.authority),
            period_from=self.period_from,
            externals=tuple(external.member() for external in self.externals),
        )


class DocumentOut(Out):
    """A document in its newest version."""

    id: str
    kind: DocumentKind
    unit: str
    kept_by: str | None
    """The unit that keeps it since its own was dissolved."""
    number: str
    dated: date
    version: int
    sha256: str
    state: DocumentState
    state_since: datetime
    receiver: str | None
    method: Method
    text_version: str | None
    supersedes: str | None
    reason: str | None
    signed_at: datetime | None
    ended_at: datetime | None


class DocumentsOut(Out):
    """Documents, by id."""

    documents: list[DocumentOut]

    @classmethod
    def of(cls, found: list[tuple[Document, DocumentState]]) -> "DocumentsOut":
        """With lapsing applied."""
        return cls(documents=[_out(document, state) for document, state in found])


def _out(document: Document, state: DocumentState) -> DocumentOut:
    return DocumentOut.model_validate(document).model_copy(update={"state": state})


class SignatureOut(Out):
    """A confirmation by electronic means; no electronic or digital signature, and in place of no seal."""

    id: str
    label: str = CONFIRMED_BY_SYSTEM
    version: int
    """Of the document; a signature on an earlier version is void."""
    sha256: str
    side: Side
    person: str
    account: str | None
    capacity: Capacity
    capacity_basis: str | None
    method: Method
    signed_at: datetime
    key: str
    confirmation: str


class DocumentDetailOut(DocumentOut):
    """A document with what is signed and by whom."""

    content: dict[str, Any] | None
    """What is signed, as JSON; null for attested paper."""
    content_text: str
    """The exact bytes (RFC 8785) that `sha256` is the hash of; empty for attested paper."""
    print: dict[str, Any] | None
    """The words on the paper, as JSON; null for a document of format 1, and once they were erased."""
    print_text: str
    """The exact bytes that `print_sha256` in `content` is the hash of; empty where there are none."""
    print_erased_at: datetime | None
    """When the words were erased: the hash stays, and no other words have it."""
    signatures: list[SignatureOut]
    code_seen_by_giver: bool
    """Whoever signed for the giver was shown the receiver's code, and the receiver has not confirmed since."""
    can: list[str]
    """What the caller may do with it."""

    @classmethod
    def of(cls, seen: DocumentSeen) -> "DocumentDetailOut":
        """From what the use case found."""
        content, printed = seen.document.content, seen.printed
        words = None if printed is None else printed.body
        return cls(
            **_out(seen.document, seen.state).model_dump(),
            content=json.loads(content) if content else None,
            content_text=content,
            print=None if words is None else json.loads(words),
            print_text=words or "",
            print_erased_at=None if printed is None else printed.erased_at,
            signatures=[SignatureOut.model_validate(s) for s in seen.signatures],
            code_seen_by_giver=seen.code_seen_by_giver,
            can=sorted(seen.can),
        )


class SignedOut(Out):
    """What happened to one document of a batch: signed, or refused by itself with a problem."""

    document: str
    signed: bool | None = None
    """Null where a batch broke off and nobody can tell: look at the document."""
    state: DocumentState | None = None
    signature: SignatureOut | None = None
    activated: list[str] = Field(default_factory=list)
    """Grants that came into force."""
    activation_code: str | None = None
    """For the receiver of an admin account: opens it once; never kept."""
    refused: dict[str, str] = Field(default_factory=dict)
    """Grants whose papers are signed and which were refused all the same, with the reason of each."""
    problem: dict[str, Any] | None = None

    @classmethod
    def of(cls, signed: Signed) -> "SignedOut":
        """From what the use case did."""
        return cls(
            document=signed.document.id,
            signed=True,
            state=signed.document.state,
            signature=_signature(signed.signature),
            activated=list(signed.activated),
            activation_code=signed.activation_code,
            refused=dict(signed.refused),
        )


def _signature(signature: Signature) -> SignatureOut:
    return SignatureOut.model_validate(signature)


class DocumentLeftOut(Out):
    """A document that cannot be signed now, with why."""

    document: str
    problem: dict[str, Any]


class AskedToSignOut(Out):
    """What was put before the signer, for five minutes and this session."""

    ceremony: str
    expires_at: datetime
    way: SigningWay
    statements: list[dict[str, Any]]
    """Exactly what the service will confirm, one for each document."""
    public_key: dict[str, Any] | None
    """PublicKeyCredentialRequestOptionsJSON for the browser; null where the password is asked for."""
    left_out: list[DocumentLeftOut]

    @classmethod
    def of(cls, asked: AskedToSign, left_out: list[DocumentLeftOut]) -> "AskedToSignOut":
        """From what the use case asked."""
        return cls(
            ceremony=asked.ceremony,
            expires_at=asked.expires_at,
            way=asked.way,
            statements=list(asked.statements),
            public_key=asked.public_key,
            left_out=left_out,
        )


class SignaturesOut(Out):
    """One result for each document presented, in that order."""

    results: list[SignedOut]


class BookRowOut(Out):
    """One number of the book."""

    symbol: str
    """Số, ký hiệu văn bản."""
    dated: str
    """Ngày, tháng văn bản."""
    subject: str
    """Tên loại và trích yếu nội dung."""
    signer: str
    """Người ký."""
    recipients: str
    """Nơi nhận."""
    kept: str
    """Đơn vị, người nhận bản lưu."""
    copies: str
    """Số lượng bản."""
    sent: str
    """Ngày chuyển."""
    received: str
    """Ký nhận."""
    note: str
    """Ghi chú: not issued and why, a number that stands twice, where it came from."""


class RegisterBookOut(Out):
    """Sổ đăng ký văn bản đi of a unit and year."""

    unit: str
    unit_name: str
    year: int
    columns: list[str]
    """The names of the ten columns, in order."""
    rows: list[BookRowOut]

    @classmethod
    def of(cls, book: RegisterBook) -> "RegisterBookOut":
        """From what the use case found."""
        rows = [BookRowOut.model_validate(row) for row in book.rows]
        return cls(unit=book.unit, unit_name=book.unit_name, year=book.year, columns=list(COLUMNS), rows=rows)
