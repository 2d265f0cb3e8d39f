"""An explanation as values, and as JSON: what `usecases.evidence.explain` finds and the edges render."""

from dataclasses import dataclass, fields
from datetime import date, datetime
from typing import Any

from access_service.domain.access import AccessRequest, Decision
from access_service.domain.names import Confirmable
from access_service.domain.scope import Scope
from access_service.live.revisions import revision_text
from access_service.usecases.evidence.json_values import json_value

CONFIRMATIONS = {
    Confirmable.SECURITY_LEVEL: "security_level_confirmation",
    Confirmable.DATA_AXIS: "data_axis_confirmation",
}
"""Kinds of paper by which the department confirms what an approval presupposes."""
APPROVAL = "approval"
"""Kind of the document behind a decision about software (văn bản đồng ý của Sở); it is no `DocumentKind`."""


@dataclass(frozen=True, slots=True)
class ExplainedPerson:
    """Somebody, or software, by id and name."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class ExplainedExternal:
    """A member of an inspection from outside the register: who sends them, by which decision (A4)."""

    body: str
    decision: str


@dataclass(frozen=True, slots=True)
class ExplainedHead:
    """Who answers for a unit at the instant (thủ trưởng đơn vị), and the decision that says so."""

    person: ExplainedPerson
    position: str
    position_vi: str
    decision_number: str
    decision_date: date
    since: datetime


@dataclass(frozen=True, slots=True)
class ExplainedUnit:
    """A unit of the record's chain, the record's own first."""

    id: str
    kind: str
    name: str
    head: ExplainedHead | None
    """None where nobody heads it then, or no pack says which positions do."""


@dataclass(frozen=True, slots=True)
class ExplainedAuthority:
    """A link of the chain of authority, the grant's own first, the root last."""

    id: str
    unit: str
    unit_name: str
    basis: str
    valid_from: datetime
    valid_to: datetime | None
    passed: "tuple[ExplainedPassage, ...]" = ()
    """By which acts it came to hang where it does, oldest first; empty where it was given there."""
    suspended_since: datetime | None = None
    """Since when it, or its unit, is suspended: there the chain breaks."""


@dataclass(frozen=True, slots=True)
class ExplainedPassage:
    """An office passed from one unit to another: a succession, or a change of manager (rule 9)."""

    from_unit: str
    from_name: str
    to_unit: str
    to_name: str
    basis: str
    """Number of the decision."""
    since: datetime


@dataclass(frozen=True, slots=True)
class ExplainedSignature:
    """One signature on a document's newest version."""

    side: str
    person: ExplainedPerson
    capacity: str
    capacity_basis: str | None
    signed_at: datetime
    method: str
    sha256: str
    key: str
    verified: bool | None
    """Does the service's confirmation verify? None where the key is not known here."""
    title: str = ""
    """Of the position by which the giver signed; empty for others and where none is on file."""


@dataclass(frozen=True, slots=True)
class ExplainedDocument:
    """A document the grant rests on."""

    id: str
    kind: str
    number: str
    dated: date
    version: int
    state: str
    sha256: str
    method: str
    signed_at: datetime | None
    ended_at: datetime | None
    signatures: tuple[ExplainedSignature, ...]
    code_seen_by_giver: bool = False
    """Whoever signed for the giver was shown the receiver's code, and the receiver has not confirmed since (A3)."""


@dataclass(frozen=True, slots=True)
class ExplainedGrant:
    """The grant that allows, or that got furthest."""

    id: str
    role: str
    role_vi: str
    scope: Scope
    unit: str
    state: str
    valid_from: datetime
    valid_to: datetime | None
    activated_at: datetime | None
    ended_at: datetime | None
    ended_as: str | None
    assignment: str | None
    assignment_decision: str | None
    """Number of the decision that assigns the duty."""
    assignment_vi: str = ""
    """What the duty is called; (J) charge of a class, as its level calls it."""
    no_end: bool = False
    """It was handed down without an end, when that was possible, as the matrix notes."""
    unmet: str | None = None
    """Of an approval of software: which of the pack's demands is not met, by the limit's name."""
    unmet_vi: str = ""
    ending: "ExplainedEnding | None" = None
    """How it ended, where it is over."""


@dataclass(frozen=True, slots=True)
class ExplainedEnding:
    """How a right ended: by what, through whom, and why."""

    how: str
    """A reason why grants are over (`GrantEnd`), or the date that did it (`term`, `duty`, …)."""
    at: datetime | None
    recorded_at: datetime | None
    """When the end was recorded; null where a date brought it."""
    action: str
    """The act that it follows from, as in the log; empty where a date did it."""
    account: str
    by: ExplainedPerson | None
    """Who did that."""
    reason: str
    """What was given as the reason, or the number of the decision."""
    event: int | None
    """The act's number in the log."""


@dataclass(frozen=True, slots=True)
class ExplainedArticle:
    """A place in a regulation, or the product's own choice (`default`)."""

    article: str
    document: str
    place: str
    vi: str
    en: str
    title: str = ""
    """The document's title, as people know it."""


@dataclass(frozen=True, slots=True)
class ExplainedRule:
    """A Casbin rule and the place in a regulation it cites."""

    role: str
    function: str
    category: str
    action: str
    effect: str
    source: str
    article: str
    document: str
    place: str
    vi: str
    en: str
    role_vi: str = ""
    function_vi: str = ""
    category_vi: str = ""
    action_vi: str = ""


@dataclass(frozen=True, slots=True)
class ExplainedLock:
    """The reporting period's lock that denies."""

    id: str
    start: datetime
    end: datetime
    vi: str
    article: str
    document: str
    place: str


@dataclass(frozen=True, slots=True)
class ExplainedPack:
    """The pack in force for the record's unit."""

    name: str
    version: str
    digest: str


@dataclass(frozen=True, slots=True)
class LateRecord:
    """A fact behind the answer that was recorded, or changed for that time, only after it."""

    noun: str
    id: str
    revision: int
    recorded_at: datetime | None


@dataclass(frozen=True, slots=True)
class ExplainedThen:
    """The answer at a past instant, as the register was known then."""

    allowed: bool
    reason: str | None
    revision: int


@dataclass(frozen=True, slots=True)
class Explanation:
    """A decision and everything it rests on, at one revision and instant."""

    register: str
    revision: int
    now: datetime
    allowed: bool
    reason: str | None
    reason_vi: str | None
    reason_en: str | None
    request: AccessRequest
    holder: ExplainedPerson | None
    grant: ExplainedGrant | None
    chain: tuple[ExplainedUnit, ...]
    authorities: tuple[ExplainedAuthority, ...]
    documents: tuple[ExplainedDocument, ...]
    rule: ExplainedRule | None
    lock: ExplainedLock | None
    legal_bases: tuple[ExplainedArticle, ...]
    """What the rule, the role and the hand-down of the grant each rest on, without repetition."""
    pack: ExplainedPack | None
    late: tuple[LateRecord, ...]
    """Only for a question about the past."""
    decision: Decision
    external: ExplainedExternal | None = None
    """Of the holder, where they are from outside the register."""
    then: ExplainedThen | None = None
    """What was answered at that past instant, where the register has changed since (ruling A5)."""
    action_vi: str = ""
    """What the pack calls the action asked about; empty where it knows none."""
    category_vi: str = ""
    asserted: tuple[str, ...] = ()
    """What whoever asked vouches for, because the register holds no pupils (`domain.access.asserted_of`)."""


def explanation_json(explanation: Explanation) -> dict[str, Any]:
    """The explanation as JSON: instants on a Vietnamese clock (ISO 8601 with offset), absent members null.

    Every revision in it is the text that stands in `X-Access-Revision`: what an answer named can be sent back.
    """
    rendered: dict[str, Any] = {f.name: json_value(getattr(explanation, f.name)) for f in fields(explanation)}
    del rendered["decision"]
    # What the question is about in one word, for look-ups; its parts stand beside it.
    del rendered["request"]["topic"]
    for holder in (rendered, rendered["then"], *rendered["late"]):
        if holder is not None:
            holder["revision"] = revision_text(holder["revision"])
    return rendered
