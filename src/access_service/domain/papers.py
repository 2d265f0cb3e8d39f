"""What papers say: one frozen body a kind, composed and read here and nowhere else.

`KINDS` is the one table of papers: who signs, in which order, what the body is, and what the last signature brings
about. The bytes that are signed (`signing.canonical` of `compose`) never change for a paper that is stored: what an
older paper did not have is left out where it says nothing.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any, TypeVar

from access_service.domain.assigning import AssignmentBody
from access_service.domain.audit import instant
from access_service.domain.delegation import Grant
from access_service.domain.letters import ApprovalBody, ReportBody
from access_service.domain.names import (
    AccountId,
    AssignmentId,
    AuthorityId,
    DocumentId,
    DocumentKind,
    GrantId,
    PersonId,
    Side,
    UnitId,
)
from access_service.domain.paper_values import read_scope, scope_json
from access_service.domain.scope import Scope

WITHOUT_PRINT, WITH_PRINT = 1, 2
"""Formats of content: of the first the words on paper are nowhere frozen; the second names the hash of its print.

A paper of the first format stays readable and signable to its end; attested paper, whose words stand on the scan,
stays of that format.
"""


class Consequence(StrEnum):
    """What the last signature on a paper brings about."""

    LINES_ACTIVATE = "lines_activate"
    WAITING_ACTIVATE = "waiting_activate"
    CUSTODY_BEGINS = "custody_begins"
    CASES_CLOSE = "cases_close"
    INSPECTION_BEGINS = "inspection_begins"
    APPROVAL_BEGINS = "approval_begins"
    ACT_CONFIRMED = "act_confirmed"
    NONE = "none"
    """It says what is, and nothing follows."""


@dataclass(frozen=True, slots=True)
class GrantLine:
    """A grant as a line of a paper: ids, words and instants only."""

    grant: GrantId
    role: str
    scope: Scope
    assignment: AssignmentId | None
    authority: AuthorityId
    replaces: GrantId | None
    valid_from: datetime
    valid_to: datetime | None

    @classmethod
    def of(cls, grant: Grant) -> "GrantLine":
        """The line that a grant stands in."""
        return cls(
            grant=grant.id,
            role=grant.role,
            scope=grant.scope,
            assignment=grant.assignment,
            authority=grant.authority,
            replaces=grant.replaces,
            valid_from=grant.valid_from,
            valid_to=grant.valid_to,
        )

    def json(self) -> dict[str, Any]:
        """As it is signed."""
        return {
            "grant": self.grant,
            "role": self.role,
            "scope": scope_json(self.scope),
            "assignment": self.assignment,
            "authority": self.authority,
            "replaces": self.replaces,
            "valid_from": instant(self.valid_from),
            "valid_to": None if self.valid_to is None else instant(self.valid_to),
        }

    @classmethod
    def read(cls, found: Mapping[str, Any]) -> "GrantLine":
        """As it was signed."""
        return cls(
            grant=GrantId(found["grant"]),
            role=found["role"],
            scope=read_scope(found["scope"]),
            assignment=found["assignment"],
            authority=AuthorityId(found["authority"]),
            replaces=found["replaces"],
            valid_from=datetime.fromisoformat(found["valid_from"]),
            valid_to=_instant_or_none(found["valid_to"]),
        )


@dataclass(frozen=True, slots=True)
class HandoverBody:
    """Minutes of handover, supplementary ones too: rights to one account, line by line."""

    receiver_account: AccountId
    lines: tuple[GrantLine, ...]
    taken_back: tuple[GrantId, ...] = ()
    """What was taken back before and is proposed here again."""

    def json(self) -> dict[str, Any]:
        """As it is signed."""
        again = {"taken_back": list(self.taken_back)} if self.taken_back else {}
        lines = [line.json() for line in self.lines]
        return {"receiver_account": self.receiver_account, "lines": lines, **again}

    @classmethod
    def read(cls, found: Mapping[str, Any]) -> "HandoverBody":
        """As it was signed."""
        return cls(AccountId(found["receiver_account"]), _lines(found), tuple(found.get("taken_back", ())))


@dataclass(frozen=True, slots=True)
class CustodyBody:
    """Minutes of the handover of a unit's admin account (#51)."""

    account: AccountId
    assignment: AssignmentId
    custody_of: UnitId
    holder: str

    def json(self) -> dict[str, Any]:
        """As it is signed."""
        return {
            "account": self.account,
            "assignment": self.assignment,
            "custody_of": self.custody_of,
            "holder": self.holder,
        }

    @classmethod
    def read(cls, found: Mapping[str, Any]) -> "CustodyBody":
        """As it was signed."""
        return cls(
            AccountId(found["account"]),
            AssignmentId(found["assignment"]),
            UnitId(found["custody_of"]),
            found["holder"],
        )


@dataclass(frozen=True, slots=True)
class CommitmentBody:
    """A commitment: which text; its words are left out where the paper itself has them (attested)."""

    text_version: str | None
    text: str | None = None
    items: tuple[str, ...] = ()
    """The same promise by promise, where the pack writes them so."""

    def json(self) -> dict[str, Any]:
        """As it is signed."""
        words: dict[str, Any] = {} if self.text is None else {"text": self.text}
        if self.items:
            words["items"] = list(self.items)
        return {**words, "text_version": self.text_version}

    @classmethod
    def read(cls, found: Mapping[str, Any]) -> "CommitmentBody":
        """As it was signed."""
        return cls(found["text_version"], found.get("text"), tuple(found.get("items", ())))


@dataclass(frozen=True, slots=True)
class ReturnBody:
    """Return minutes (#125): what is handed back, from when, and before whom where the holder cannot."""

    lines: tuple[GrantLine, ...]
    ends_at: datetime | None = None
    """When the rights end; None: with the declaration."""
    witness: PersonId | None = None
    case: str | None = None
    state_of_work: str | None = None
    """Which data is still worked on and what is left to do, in the words of who hands back."""
    files_left: str | None = None
    """What became of files that were drawn."""
    absent_because: str | None = None
    """Why the holder cannot hand back themselves."""

    def json(self) -> dict[str, Any]:
        """As it is signed."""
        found: dict[str, Any] = {"lines": [line.json() for line in self.lines]}
        if self.ends_at is not None:
            found["ends_at"] = instant(self.ends_at)
        if self.witness is not None:
            found["witness"] = self.witness
            found["case"] = self.case
        for name in ("state_of_work", "files_left", "absent_because"):
            if getattr(self, name) is not None:
                found[name] = getattr(self, name)
        return found

    @classmethod
    def read(cls, found: Mapping[str, Any]) -> "ReturnBody":
        """As it was signed."""
        return cls(
            lines=_lines(found),
            ends_at=_instant_or_none(found.get("ends_at")),
            witness=found.get("witness"),
            case=found.get("case"),
            state_of_work=found.get("state_of_work"),
            files_left=found.get("files_left"),
            absent_because=found.get("absent_because"),
        )


@dataclass(frozen=True, slots=True, order=True)
class LeftOut:
    """A unit that a member does not inspect, because it is, or was in the period, their own."""

    member: PersonId
    unit: UnitId


@dataclass(frozen=True, slots=True, order=True)
class ExternalLine:
    """A member from outside the register: which body sends them, by which decision (A4)."""

    member: PersonId
    body: str
    decision: str


@dataclass(frozen=True, slots=True)
class InspectionBody:
    """A decision to inspect (#61, #114): who, what, when; whose own unit is left out, which duty is ignored."""

    content: str
    members: frozenset[PersonId]
    units: frozenset[UnitId]
    valid_from: datetime
    valid_to: datetime
    authority: AuthorityId | None = None
    """On which authority of the deciding unit it rests, where that was said."""
    period_from: datetime | None = None
    """From when the period runs that is inspected, where it began before the inspection."""
    left_out: frozenset[LeftOut] = frozenset()
    ignored: frozenset[AssignmentId] = frozenset()
    """One-sided duties: laid on a member by an inspected unit, never taken up by them."""
    externals: frozenset[ExternalLine] = frozenset()
    """Which of the members are from outside the register."""

    def json(self) -> dict[str, Any]:
        """As it is signed."""
        found: dict[str, Any] = {
            "content": self.content,
            "members": sorted(self.members),
            "units": sorted(self.units),
            "valid_from": instant(self.valid_from),
            "valid_to": instant(self.valid_to),
        }
        if self.authority is not None:
            found["authority"] = self.authority
        if self.period_from is not None:
            found["period_from"] = instant(self.period_from)
        if self.left_out:
            found["left_out"] = [{"member": x.member, "unit": x.unit} for x in sorted(self.left_out)]
        if self.ignored:
            found["ignored_duties"] = sorted(self.ignored)
        if self.externals:
            found["externals"] = [
                {"member": x.member, "body": x.body, "decision": x.decision} for x in sorted(self.externals)
            ]
        return found

    @classmethod
    def read(cls, found: Mapping[str, Any]) -> "InspectionBody":
        """As it was signed."""
        return cls(
            content=found["content"],
            members=frozenset(PersonId(m) for m in found["members"]),
            units=frozenset(UnitId(u) for u in found["units"]),
            valid_from=datetime.fromisoformat(found["valid_from"]),
            valid_to=datetime.fromisoformat(found["valid_to"]),
            authority=found.get("authority"),
            period_from=_instant_or_none(found.get("period_from")),
            left_out=frozenset(
                LeftOut(PersonId(x["member"]), UnitId(x["unit"])) for x in found.get("left_out", ())
            ),
            ignored=frozenset(AssignmentId(a) for a in found.get("ignored_duties", ())),
            externals=frozenset(
                ExternalLine(PersonId(x["member"]), x["body"], x["decision"]) for x in found.get("externals", ())
            ),
        )


PaperBody = (
    HandoverBody
    | CustodyBody
    | CommitmentBody
    | ReturnBody
    | InspectionBody
    | AssignmentBody
    | ApprovalBody
    | ReportBody
)
B = TypeVar(
    "B",
    HandoverBody,
    CustodyBody,
    CommitmentBody,
    ReturnBody,
    InspectionBody,
    AssignmentBody,
    ApprovalBody,
    ReportBody,
)


@dataclass(frozen=True, slots=True)
class PaperKind:
    """One kind of paper."""

    sides: tuple[Side, ...]
    """Who signs, in order."""
    body: type[PaperBody]
    consequence: Consequence


_HANDOVER = PaperKind((Side.GIVER, Side.RECEIVER), HandoverBody, Consequence.LINES_ACTIVATE)

KINDS: dict[DocumentKind, PaperKind] = {
    DocumentKind.HANDOVER_MINUTES: _HANDOVER,
    DocumentKind.SUPPLEMENTARY_MINUTES: _HANDOVER,
    DocumentKind.CUSTODY_MINUTES: PaperKind((Side.GIVER, Side.RECEIVER), CustodyBody, Consequence.CUSTODY_BEGINS),
    DocumentKind.COMMITMENT: PaperKind((Side.DECLARANT,), CommitmentBody, Consequence.WAITING_ACTIVATE),
    DocumentKind.RETURN_MINUTES: PaperKind((Side.DECLARANT, Side.GIVER), ReturnBody, Consequence.CASES_CLOSE),
    DocumentKind.INSPECTION_DECISION: PaperKind((Side.GIVER,), InspectionBody, Consequence.INSPECTION_BEGINS),
    DocumentKind.ASSIGNMENT_DECISION: PaperKind((Side.GIVER,), AssignmentBody, Consequence.ACT_CONFIRMED),
    DocumentKind.APPROVAL_LETTER: PaperKind((Side.GIVER,), ApprovalBody, Consequence.APPROVAL_BEGINS),
    DocumentKind.SOFTWARE_REPORT: PaperKind((Side.GIVER,), ReportBody, Consequence.NONE),
}
"""The one table of papers."""

WITNESSED = (Side.GIVER, Side.WITNESS)
"""Who signs return minutes of somebody who cannot: the head, then a witness, each in their own session."""


@dataclass(frozen=True, slots=True)
class Attestation:
    """What the importer attests of a paper that was signed elsewhere."""

    giver: PersonId | None
    giver_capacity: str | None
    giver_signed_at: datetime | None
    reference: str
    sha256: str
    signed_at: datetime

    def json(self) -> dict[str, Any]:
        """As it is stored."""
        return {
            "giver": self.giver,
            "giver_capacity": self.giver_capacity,
            "giver_signed_at": instant(self.giver_signed_at) if self.giver_signed_at else None,
            "reference": self.reference,
            "sha256": self.sha256,
            "signed_at": instant(self.signed_at),
        }


@dataclass(frozen=True, slots=True)
class Envelope:
    """What every paper names, whatever it says."""

    document: DocumentId
    kind: DocumentKind
    unit: UnitId
    number: str
    dated: date
    version: int
    receiver: PersonId | None
    register: str
    policy: str


@dataclass(frozen=True, slots=True)
class Printed:
    """What content says of the words on its paper."""

    template: str
    sha256: str
    """Of the canonical print."""
    signer: PersonId | None
    """Whom the paper names for the office; None where nobody signs for one, or nobody leads it today."""
    has_date: bool = True
    """False where the paper is dated by its signature."""

    def json(self) -> dict[str, Any]:
        """As it is signed."""
        found: dict[str, Any] = {"format": WITH_PRINT, "template": self.template, "print_sha256": self.sha256}
        if self.signer is not None:
            found["signer"] = self.signer
        if not self.has_date:
            found["dated"] = None
        return found


def compose(
    envelope: Envelope,
    body: PaperBody | None,
    attested: Attestation | None = None,
    printed: Printed | None = None,
) -> dict[str, Any]:
    """The paper as JSON, ids only. `body` is None where only the scan says what was handed over (attested)."""
    found = {} if body is None else body.json()
    if attested is not None:
        found["attested"] = attested.json()
    written = found | {
        "dated": envelope.dated.isoformat(),
        "document": envelope.document,
        "format": WITHOUT_PRINT,
        "kind": str(envelope.kind),
        "number": envelope.number,
        "policy": envelope.policy,
        "receiver": envelope.receiver,
        "register": envelope.register,
        "unit": envelope.unit,
        "version": envelope.version,
    }
    return written if printed is None else written | printed.json()


def print_hash_of(content: str) -> str | None:
    """The SHA-256 of the print that a content names; None for one of format 1, and for attested paper."""
    return json.loads(content).get("print_sha256") if content else None


def named_signer(content: str) -> PersonId | None:
    """Whom a paper names to sign for the office; None for one of format 1."""
    return json.loads(content).get("signer") if content else None


def is_dated_when_signed(content: str) -> bool:
    """Does the paper name no day of its own, so that its last signature dates it?"""
    return bool(content) and json.loads(content)["dated"] is None


def read(content: str, expected: type[B]) -> B:
    """What a paper of that kind says; `RuntimeError` for another kind, which no door lets happen."""
    found = json.loads(content)
    if KINDS[DocumentKind(found["kind"])].body is not expected:
        raise RuntimeError(f"not a {expected.__name__}: {found['document']}")
    return expected.read(found)


def read_any(kind: DocumentKind, content: str) -> PaperBody:
    """What a paper says, whatever its kind."""
    return KINDS[kind].body.read(json.loads(content))


def witness_of(kind: DocumentKind, content: str) -> PersonId | None:
    """Before whom the paper is signed; only return minutes have a witness."""
    return read(content, ReturnBody).witness if kind is DocumentKind.RETURN_MINUTES and content else None


def sides_of(kind: DocumentKind, content: str) -> tuple[Side, ...]:
    """Who signs this paper, in order."""
    return KINDS[kind].sides if witness_of(kind, content) is None else WITNESSED


def sides_for(kind: DocumentKind, body: PaperBody) -> tuple[Side, ...]:
    """Who will sign a paper that says this, in order."""
    is_witnessed = isinstance(body, ReturnBody) and body.witness is not None
    return WITNESSED if is_witnessed else KINDS[kind].sides


def lines_of(grants: Iterable[Grant]) -> tuple[GrantLine, ...]:
    """The lines that grants stand in."""
    return tuple(GrantLine.of(grant) for grant in grants)


def _lines(found: Mapping[str, Any]) -> tuple[GrantLine, ...]:
    return tuple(GrantLine.read(line) for line in found["lines"])


def _instant_or_none(found: str | None) -> datetime | None:
    return None if found is None else datetime.fromisoformat(found)
