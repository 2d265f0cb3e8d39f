"""Documents on paper and their life: minutes, commitments, inspection decisions.

The life (architecture section 3): draft → awaiting giver → awaiting receiver → signed; returned with a reason (a
new version voids the signatures), declined by the receiver (final), cancelled by the giver, lapsed; later
superseded, withdrawn, handed back. The first signature freezes the content. What an office or a
receiver may do to a document stands in `MOVES`; signatures move it by `waits_for`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from access_service.domain.errors import RefusedError
from access_service.domain.names import (
    AccountId,
    Capacity,
    DocumentId,
    DocumentKind,
    DocumentState,
    Method,
    PersonId,
    Side,
    UnitId,
)
from access_service.domain.papers import sides_of
from access_service.domain.reasons import Refusal

CONFIRMED_BY_SYSTEM = "xác nhận của hệ thống"
"""What a signature that is made here is called: no class of signature in law."""


@dataclass(frozen=True, slots=True)
class Document:
    """One document in its newest version; earlier versions are earlier revisions of the same row."""

    id: DocumentId
    kind: DocumentKind
    unit: UnitId
    """The office it belongs to: the giver's, or the unit a commitment is made to."""
    number: str
    """Số, ký hiệu; empty until the office gives one."""
    dated: date
    version: int
    state: DocumentState
    receiver: PersonId | None
    """Bên nhận; for a commitment the person who makes it; None for an inspection decision."""
    prepared_by: AccountId | None
    content: str
    """Canonical JSON (RFC 8785) of what is signed; ids only."""
    sha256: str
    """SHA-256 (hex) of `content`; for attested paper, of the scan named in `reference`."""
    method: Method
    valid_from: datetime
    """When it was created."""
    state_since: datetime
    text_version: str | None = None
    """Which commitment text was signed."""
    supersedes: DocumentId | None = None
    reference: str | None = None
    """Where the paper lies, for attested documents."""
    reason: str | None = None
    """Why it was returned, declined, cancelled or withdrawn."""
    signed_at: datetime | None = None
    """When the last required signature was given."""
    ended_at: datetime | None = None
    """When it stopped carrying grants: withdrawn, superseded or handed back."""
    kept_by: UnitId | None = None
    """Which unit keeps it since the one it belonged to was dissolved (rule 9)."""

    @property
    def is_draft(self) -> bool:
        """Is it still being prepared, so that it has no number yet?"""
        return self.state is DocumentState.DRAFT

    @property
    def office(self) -> UnitId:
        """Who acts about it: the office it belongs to, or the one that keeps it since."""
        return self.kept_by or self.unit


@dataclass(frozen=True, slots=True)
class Assertion:
    """What a passkey signed: a tree of statements, of which this signature's is one (RFC 9162 section 2.1).

    The challenge is SHA-256 over `access-service/sign/2`, a line's end and the tree's root; anybody who has the
    passkey's public key can check it, and nobody who lacks its private half can make it.
    """

    key: str
    """SHA-256 (hex) of the COSE key, as the log names it (`factor.add`)."""
    index: int
    """Place of the statement among those signed with one touch, from 0."""
    size: int
    """How many there were."""
    path: tuple[str, ...]
    """Hashes (hex) from the statement to the root."""
    client_data: str
    """`clientDataJSON`, base64url."""
    authenticator_data: str
    signature: str
    is_backed_up: bool = False
    """The authenticator says that the key is synchronised to other devices."""


@dataclass(frozen=True, slots=True)
class SignedHow:
    """What a signature of format 2 rests on beside the content: the words, the page, how the signer was known."""

    auth: str
    """`password`, `password+totp`, `passkey`, or `session` for a decision that was confirmed with its act."""
    nonce: str
    """16 random bytes (hex): no two statements are the same."""
    print_sha256: str
    shown_at: str | None = None
    """When this version was first sent to the signer as a page; an instant as in canonical bytes.

    None for a decision whose draft nobody opened before they confirmed the act.
    """
    credential: str | None = None
    """Id of the passkey, base64url."""
    assertion: Assertion | None = None


@dataclass(frozen=True, slots=True)
class Signature:
    """One confirmation by the service that a person signed one version of one document.

    A confirmation by electronic means (xác nhận của hệ thống); no chữ ký điện tử, no chữ ký số. `confirmation` is
    the service's Ed25519 signature (hex) over the canonical statement, see `signing.documents`.
    """

    id: str
    document: DocumentId
    version: int
    sha256: str
    side: Side
    person: PersonId
    account: AccountId | None
    """The session's account; None for attested paper."""
    capacity: Capacity
    capacity_basis: str | None
    """The decision that gives the capacity (appointment, delegation to the deputy)."""
    method: Method
    signed_at: datetime
    key: str
    confirmation: str
    valid_from: datetime
    """When the service recorded it."""
    how: SignedHow | None = None
    """None for format 1, and for what was signed elsewhere."""


_ANY_OPEN = frozenset(
    {
        DocumentState.DRAFT,
        DocumentState.AWAITING_GIVER,
        DocumentState.AWAITING_RECEIVER,
        DocumentState.RETURNED,
    }
)
_AWAITING = frozenset({DocumentState.AWAITING_GIVER, DocumentState.AWAITING_RECEIVER})

MOVES: dict[str, tuple[frozenset[DocumentState], DocumentState | None]] = {
    "submit": (frozenset({DocumentState.DRAFT}), None),
    "revise": (frozenset({DocumentState.RETURNED, DocumentState.DRAFT}), None),
    "return": (_AWAITING, DocumentState.RETURNED),
    "decline": (frozenset({DocumentState.AWAITING_RECEIVER}), DocumentState.DECLINED),
    "cancel": (_ANY_OPEN, DocumentState.CANCELLED),
    "withdraw": (frozenset({DocumentState.SIGNED}), DocumentState.WITHDRAWN),
}
"""Which act moves which states where; None where it waits for its first signer then."""

_WAITS_FOR = {
    Side.GIVER: DocumentState.AWAITING_GIVER,
    Side.RECEIVER: DocumentState.AWAITING_RECEIVER,
    Side.DECLARANT: DocumentState.AWAITING_RECEIVER,
    Side.WITNESS: DocumentState.AWAITING_RECEIVER,
}


_OF_ACTS = frozenset({DocumentState.DRAFT, *_AWAITING})
_WITH_ITS_ACT: Mapping[str, frozenset[DocumentState]] = {"submit": frozenset(), "withdraw": frozenset()}
"""(A1) The decision of an act that waits is put before its signer, and else moves with that act alone."""


def move(document: Document, act: str, *, now: datetime, lapse_after: timedelta) -> DocumentState:
    """The state after `act` (a key of `MOVES`), or `RefusedError(document_state)`.

    An open document that has waited longer than the pack allows has lapsed whatever its row still says.
    """
    state = state_at(document, now=now, lapse_after=lapse_after)
    allowed, target = MOVES[act]
    is_decision = document.kind is DocumentKind.ASSIGNMENT_DECISION
    if is_decision and state in _WITH_ITS_ACT.get(act, _OF_ACTS):
        raise RefusedError(
            Refusal.DOCUMENT_STATE,
            "it waits with the act that it decides, and is signed or cancelled with that",
            document=document.id,
            state=state,
        )
    if state not in allowed:
        raise RefusedError(
            Refusal.DOCUMENT_STATE,
            f"a document in state `{state}` cannot be moved by `{act}`",
            document=document.id,
            state=state,
        )
    return first_state(document) if target is None else target


def state_at(document: Document, *, now: datetime, lapse_after: timedelta) -> DocumentState:
    """The state, with lapsing applied: no clerk has to be there for a deadline to pass."""
    lapses = lapses_at(document, lapse_after)
    return DocumentState.LAPSED if lapses is not None and lapses <= now else document.state


def lapses_at(document: Document, lapse_after: timedelta) -> datetime | None:
    """When a document that waits for a signature has waited too long; None while it waits for none."""
    return document.state_since + lapse_after if document.state in _AWAITING else None


def check_waiting(document: Document, *, now: datetime, lapse_after: timedelta) -> None:
    """Raise `RefusedError(document_state)` unless the document waits for a signature."""
    if not is_waiting(document, now=now, lapse_after=lapse_after):
        state = state_at(document, now=now, lapse_after=lapse_after)
        raise RefusedError(
            Refusal.DOCUMENT_STATE,
            f"a document in state `{state}` waits for no signature",
            document=document.id,
            state=state,
        )


def check_waits(state: DocumentState, document: Document) -> None:
    """Only what waits for a signature is given out to be signed elsewhere; a signed paper is its own file."""
    if state not in (DocumentState.AWAITING_GIVER, DocumentState.AWAITING_RECEIVER):
        raise RefusedError(Refusal.DOCUMENT_STATE, "the document waits for no signature", document=document.id)


def is_waiting(document: Document, *, now: datetime, lapse_after: timedelta) -> bool:
    """Does it still wait for somebody's signature?"""
    return state_at(document, now=now, lapse_after=lapse_after) in _AWAITING


def is_open(document: Document, *, now: datetime, lapse_after: timedelta) -> bool:
    """May it still come to be signed: waiting, a draft, or sent back for a new version?"""
    return state_at(document, now=now, lapse_after=lapse_after) in _ANY_OPEN


def first_state(document: Document) -> DocumentState:
    """Where a submitted document waits first."""
    return _WAITS_FOR[sides_of(document.kind, document.content)[0]]


def next_side(document: Document, signatures: Sequence[Signature]) -> Side | None:
    """Whose signature is missing next on this version, or None when all have signed."""
    given = {s.side for s in signatures if s.version == document.version}
    return next((side for side in sides_of(document.kind, document.content) if side not in given), None)


def waits_for(side: Side | None) -> DocumentState:
    """The state of a document whose next missing signature is that side's."""
    return DocumentState.SIGNED if side is None else _WAITS_FOR[side]


def check_presented(document: Document, *, version: int, sha256: str) -> None:
    """What the signer saw must be what is signed: same version, same bytes."""
    if version != document.version:
        raise RefusedError(Refusal.STALE_VERSION, f"version {document.version} is the newest", document=document.id)
    if sha256 != document.sha256:
        raise RefusedError(Refusal.DOCUMENT_CHANGED, "the hash is not that of the document", document=document.id)
