"""Whether a register's evidence holds together: its chain of events link by link, its revisions, and the papers.

Nothing here repairs anything. A finding names the place and what is wrong there; whoever looks it up finds the row.
"""

import hashlib
import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from access_service.domain.audit import CLOCK_MENDED, FIRST_FORMAT, GENESIS, Event, hash_of, leaf_of
from access_service.domain.delegation import Grant
from access_service.domain.documents import Document, Signature
from access_service.domain.findings import EvidenceFinding
from access_service.domain.findings import FindingCode as Code
from access_service.domain.names import Method, PersonId, Side
from access_service.domain.papers import sides_of

SIGNED = "document.sign"
PASSKEY_BEGINS = frozenset({"factor.add", "factor.known"})
ACTIVATED = "grant.activate"
EvidenceKey = tuple[str, int, str]
"""Document, version, side."""


@dataclass
class Chain:
    """The log, event by event in order."""

    register: str
    seq: int = 0
    head: str = GENESIS
    revision: int = 0
    recorded_at: datetime | None = None
    heads: dict[int, str] = field(default_factory=dict)
    """Hash of the last event that each revision wrote itself."""
    signed: dict[EvidenceKey, str] = field(default_factory=dict)
    """SHA-256 of what was signed, by the log."""
    policies: set[str] = field(default_factory=set)
    passkeys: dict[tuple[str, str], tuple[datetime, datetime | None]] = field(default_factory=dict)
    """By account and key's hash: from when to when it was theirs."""
    units: dict[str, tuple[int, str]] = field(default_factory=dict)
    """Where each unit's chain stands: its last number, and that event's hash."""

    is_partial: bool = False
    """It began at a checkpoint: what was before it is not at hand."""
    _doubted: EvidenceFinding | None = None

    def follow(self, event: Event, leaf: str, *, head_of: str | None) -> Iterator[EvidenceFinding]:
        """The next event; `head_of` is what its revision's row says was its last one."""
        place, canonical = f"event {event.seq}", event.canonical()
        found, said = hash_of(canonical), leaf_of(canonical)
        if event.seq != self.seq + 1:
            missing = event.seq - self.seq - 1
            yield EvidenceFinding(Code.EVENT_GAP, place, f"it follows event {self.seq}: {missing} are missing")
        follows = event.previous == self.head
        was_changed = self._doubted is not None
        yield from self.settle(event.previous)
        if not follows and not was_changed:
            yield EvidenceFinding(
                Code.CHAIN_BROKEN,
                place,
                f"it says that another event was before it than event {self.seq} as it stands",
                expected=event.previous,
                found=self.head,
            )
        if said != leaf:
            changed = "it was changed after it was recorded: its hash is another"
            self._doubted = EvidenceFinding(Code.EVENT_HASH, place, changed, expected=leaf, found=said)
        if event.revision not in (self.revision, self.revision + 1):
            yield EvidenceFinding(
                Code.EVENT_ORDER, place, f"its revision {event.revision} does not follow {self.revision}"
            )
        if (
            self.recorded_at is not None
            and event.recorded_at < self.recorded_at
            and event.happening.action != CLOCK_MENDED
        ):
            yield EvidenceFinding(Code.TIME_BACK, place, "it was recorded before the one in front of it")
        if not event.is_whole:
            yield EvidenceFinding(Code.EVENT_HASH, place, "its details, kept beside it, are gone or were changed")
        yield from self._follow_unit(event, found)
        self._keep(event, found, head_of)

    def _keep(self, event: Event, found: str, head_of: str | None) -> None:
        if head_of in ("", found) and head_of is not None:
            self.heads[event.revision] = found
        if event.happening.action == SIGNED and event.happening.outcome == "done":
            said = event.happening.details or {}
            key = (event.happening.target, int(str(said.get("version", 0))), str(said.get("side")))
            self.signed[key] = str(said.get("sha256"))
        if event.policy:
            self.policies.add(event.policy)
        self._keep_passkey(event)
        self.seq, self.head, self.revision, self.recorded_at = event.seq, found, event.revision, event.recorded_at

    def _keep_passkey(self, event: Event) -> None:
        """From when to when a passkey was an account's, as the log says."""
        key = (event.happening.details or {}).get("key_sha256")
        if not isinstance(key, str) or event.happening.outcome != "done":
            return
        named = event.happening.target, key
        if event.happening.action in PASSKEY_BEGINS:
            self.passkeys[named] = event.recorded_at, None
        elif event.happening.action == "factor.remove" and named in self.passkeys:
            self.passkeys[named] = self.passkeys[named][0], event.recorded_at

    def had_passkey(self, account: str, key: str, at: datetime) -> bool:
        """Was the passkey the account's at that instant? Who read the log from its middle cannot tell."""
        if self.is_partial and (account, key) not in self.passkeys:
            return True
        begun, ended = self.passkeys.get((account, key), (None, None))
        return begun is not None and begun <= at and (ended is None or at < ended)

    def settle(self, said: str) -> Iterator[EvidenceFinding]:
        """What the next event, or the counter, says of the one before: was it changed, or its leaf alone?"""
        doubted, self._doubted = self._doubted, None
        if doubted is not None:
            code = Code.LEAF_MISMATCH if said == self.head else Code.EVENT_HASH
            yield replace(doubted, code=code)

    def _follow_unit(self, event: Event, found: str) -> Iterator[EvidenceFinding]:
        """The same event in the chain of its unit; those of the first format stand in none."""
        if event.format == FIRST_FORMAT:
            return
        unit = event.happening.unit
        begun = (event.unit_seq - 1, event.unit_previous) if self.is_partial else (0, GENESIS)
        n, head = self.units.get(unit, begun)
        if (event.unit_seq, event.unit_previous) != (n + 1, head):
            yield EvidenceFinding(
                Code.UNIT_CHAIN_BROKEN,
                f"event {event.seq}",
                f"in the chain of `{unit}` it does not follow number {n} as that stands",
            )
        self.units[unit] = (event.unit_seq, found)


def check_unit_chains(chain: Chain, heads: Mapping[str, tuple[int, str]]) -> Iterator[EvidenceFinding]:
    """Each unit's chain ends where its row says: nothing was cut off, and nothing is there without an event."""
    for unit in sorted(chain.units.keys() if chain.is_partial else chain.units.keys() | heads.keys()):
        if chain.units.get(unit) != heads.get(unit):
            yield EvidenceFinding(
                Code.UNIT_CHAIN_BROKEN, f"unit {unit}", "its chain of events does not end where its counter stands"
            )


def check_revisions(chain: Chain, rows: list[tuple[int, str]], after: int = 0) -> Iterator[EvidenceFinding]:
    """Every revision once, its head an event of its own; from the one after `after`."""
    for place, (n, head) in enumerate(rows, after + 1):
        if n != place:
            yield EvidenceFinding(
                Code.REVISION_BROKEN, f"revision {n}", f"it follows revision {place - 1}: some are missing"
            )
            return
        if n not in chain.heads:
            yield EvidenceFinding(
                Code.REVISION_BROKEN,
                f"revision {n}",
                "no event of it has the hash that it names" if head else "it has no event",
            )
    if chain.revision != after + len(rows):
        yield EvidenceFinding(
            Code.REVISION_BROKEN,
            f"revision {chain.revision}",
            f"the log goes to it, and {after + len(rows)} are recorded",
        )


def check_counter(chain: Chain, n: int, seq: int, head: str) -> Iterator[EvidenceFinding]:
    """The counter is where the log ends: nothing was cut off."""
    yield from chain.settle(head)
    if (n, seq, head) != (chain.revision, chain.seq, chain.head):
        yield EvidenceFinding(
            Code.COUNTER_BEHIND,
            "counter",
            f"it stands at revision {n}, event {seq}; the log ends at {chain.revision}, {chain.seq}",
        )


def check_interval(noun: str, id_: str, start: int, end: int | None, newest: int) -> Iterator[EvidenceFinding]:
    """A fact is known from a revision that there is, and to a later one."""
    if not 0 < start <= newest or (end is not None and not start < end <= newest):
        yield EvidenceFinding(
            Code.FACT_BROKEN, f"{noun} {id_}", f"it is known from revision {start} to {end}; the newest is {newest}"
        )


def check_document(document: Document, register: str) -> Iterator[EvidenceFinding]:
    """A document's hash is its content's, or that of the scan it attests; content and row say the same."""
    place = f"document {document.id} version {document.version}"
    try:
        said = json.loads(document.content)
        named = (said["document"], said["register"], said["version"], said["kind"])
        attested = said["attested"]["sha256"] if document.method is Method.ATTESTED else None
    except (ValueError, TypeError, KeyError):
        yield EvidenceFinding(Code.DOCUMENT_HASH, place, "what it says cannot be read")
        return
    if named != (document.id, register, document.version, str(document.kind)):
        yield EvidenceFinding(Code.DOCUMENT_HASH, place, "its text is that of another document, version or kind")
    sha256 = attested or hashlib.sha256(document.content.encode()).hexdigest()
    if sha256 != document.sha256:
        yield EvidenceFinding(Code.DOCUMENT_HASH, place, "its text was changed: the hash is another")


def print_named(document: Document) -> str | None:
    """Hash of the words that the content of a paper names; None where it names none, or cannot be read."""
    try:
        said = json.loads(document.content)
    except ValueError:
        return None
    named = said.get("print_sha256") if isinstance(said, dict) else None
    return named if isinstance(named, str) else None


def check_signature(signature: Signature, sha256: str | None, chain: Chain) -> Iterator[EvidenceFinding]:
    """A signature is over a version that there is, with the bytes it names; one made here stands in the log."""
    place = f"signature {signature.id}"
    if sha256 is None:
        yield EvidenceFinding(
            Code.VERSION_MISSING, place, f"there is no version {signature.version} of document {signature.document}"
        )
    elif sha256 != signature.sha256:
        yield EvidenceFinding(
            Code.STATEMENT_MISMATCH, place, f"document {signature.document} has other bytes than were signed"
        )
    if signature.method is not Method.ATTESTED:
        logged = chain.signed.get((signature.document, signature.version, str(signature.side)))
        if logged != signature.sha256:
            yield EvidenceFinding(Code.DOCUMENT_WITHOUT_EVENT, place, "the log has no event of it")


def check_signed(document: Document, given: Collection[EvidenceKey]) -> Iterator[EvidenceFinding]:
    """A document that counts as signed has every signature that its kind takes."""
    if document.signed_at is None:
        return
    if document.method is Method.ATTESTED:
        # Asked by key: there are as many documents as signatures.
        if not any((document.id, document.version, str(side)) in given for side in Side):
            yield EvidenceFinding(
                Code.SIGNATURE_MISSING, f"document {document.id}", "it counts as signed and nobody attests it"
            )
        return
    for side in sides_of(document.kind, document.content):
        if (document.id, document.version, str(side)) not in given:
            yield EvidenceFinding(
                Code.SIGNATURE_MISSING,
                f"document {document.id}",
                f"it counts as signed, and the signature of `{side}` is missing",
            )


def check_grant(grant: Grant, document: Document | None, holder: PersonId | None) -> Iterator[EvidenceFinding]:
    """A grant that was activated rests on a document that was signed, and that names its holder."""
    place = f"grant {grant.id}"
    if grant.activated_at is None or grant.document is None:
        if grant.activated_at is not None and grant.assignment is not None:
            yield EvidenceFinding(Code.GRANT_WITHOUT_PAPER, place, "it is in force without a document")
        return
    if document is None:
        yield EvidenceFinding(Code.GRANT_WITHOUT_PAPER, place, f"its document {grant.document} is missing")
    elif document.signed_at is None:
        yield EvidenceFinding(
            Code.GRANT_WITHOUT_PAPER, place, f"it is in force, and its document {document.id} was never signed"
        )
    elif None not in (document.receiver, holder) and document.receiver != holder:
        yield EvidenceFinding(
            Code.GRANT_WITHOUT_PAPER,
            place,
            f"its document {document.id} was signed by another person than its holder",
        )


COLLECTIVE = frozenset(
    {"register.import", "documents.keep", "inspection.begin", "inspection.leave", "unit.succeed"}
)
"""Events that stand for many papers or grants, which they do not name one by one."""
WRITES = frozenset(
    {
        *(f"document.{verb}" for verb in ("prepare", "revise", "sign", "pass", "cancel", "close")),
        *(f"grant.{verb}" for verb in ("propose", "activate", "end", "revoke", "narrow")),
    }
)
"""Events that left a new version of what they name, in their own revision."""


class Accounted:
    """Every version of a paper or a grant has the event that wrote it, in the same revision, and the reverse."""

    def __init__(self) -> None:
        self._versions: dict[int, dict[str, tuple[str, datetime | None]]] = {}
        """Noun and instant of activation by id, by revision."""
        self._met: set[tuple[int, str]] = set()
        self._collective: set[int] = set()

    def expect(self, noun: str, id_: str, revision: int, activated_at: datetime | None = None) -> None:
        """A version that stands in the database."""
        self._versions.setdefault(revision, {})[id_] = (noun, activated_at)

    def meet(self, event: Event) -> Iterator[EvidenceFinding]:
        """An event: what it names is accounted for."""
        happening = event.happening
        if happening.outcome != "done":
            return
        here = self._versions.get(event.revision, {})
        if happening.action in WRITES and happening.target not in here:
            yield EvidenceFinding(
                Code.EVENT_WITHOUT_DOCUMENT,
                f"event {event.seq}",
                f"`{happening.target}` has no version of revision {event.revision}, which it says was written",
            )
        if not here:
            return
        if (
            happening.action == ACTIVATED
            and here.get(happening.target, ("", event.recorded_at))[1] != event.recorded_at
        ):
            yield EvidenceFinding(
                Code.GRANT_WITHOUT_EVENT,
                f"grant {happening.target}",
                f"it counts from another instant than event {event.seq} says",
            )
        if happening.action in COLLECTIVE:
            self._collective.add(event.revision)
        for name in (happening.target, *_texts(happening.details)):
            if name in here:
                self._met.add((event.revision, name))

    def rest(self) -> Iterator[EvidenceFinding]:
        """Versions that no event of their revision accounts for."""
        for revision, here in sorted(self._versions.items()):
            if revision in self._collective:
                continue
            for id_, (noun, _) in sorted(here.items()):
                if (revision, id_) not in self._met:
                    code = Code.GRANT_WITHOUT_EVENT if noun == "grant" else Code.DOCUMENT_WITHOUT_EVENT
                    yield EvidenceFinding(code, f"{noun} {id_}", f"no event of revision {revision} names it")


def _texts(value: object) -> Iterator[str]:
    """Every text in the details of an event."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for each in value.values():
            yield from _texts(each)
    elif isinstance(value, list):
        for each in value:
            yield from _texts(each)
