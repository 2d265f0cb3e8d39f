"""Storing an import that was checked: rows put aside, each paper with the service's confirmation, one event."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, TypeVar

from access_service.domain.accounts import Account, Custody, Home
from access_service.domain.delegation import HEADS, Authority, Grant
from access_service.domain.documents import Document, Signature
from access_service.domain.external_ids import ExternalId
from access_service.domain.moved import MOST_NAMED
from access_service.domain.names import (
    Capacity,
    DocumentId,
    DocumentKind,
    DocumentState,
    Method,
    PersonId,
    RegisterId,
    Side,
    UnitId,
)
from access_service.domain.org import Assignment, ManagementEdge, Person, SchoolClass, SchoolYear, Unit
from access_service.domain.papers import (
    Attestation,
    CommitmentBody,
    Envelope,
    HandoverBody,
    PaperBody,
    compose,
    lines_of,
)
from access_service.domain.time import start_of_day
from access_service.signing import passwords
from access_service.signing.canonical import canonical
from access_service.signing.documents import confirm
from access_service.storage.accounts import Credential, ready_credentials
from access_service.storage.db import Transaction
from access_service.storage.facts import ready_facts
from access_service.storage.moved import MovedListener
from access_service.storage.staging import StagedRows, Staging
from access_service.usecases.imports.code_index import CHUNK, CodeIndex, ImportedPaper, Progress
from access_service.usecases.imports.odd_numbers import NumberReport
from access_service.usecases.services import Services

T = TypeVar("T")

_ACTIVATION_BITS = 192

_FACTS: tuple[tuple[str, type[Any]], ...] = (
    ("units", Unit),
    ("edges", ManagementEdge),
    ("school_years", SchoolYear),
    ("classes", SchoolClass),
    ("persons", Person),
    ("assignments", Assignment),
    ("authorities", Authority),
    ("custodies", Custody),
    ("external_ids", ExternalId),
)
"""Sheets whose facts are stored as they were checked; accounts, documents and grants take more."""


@dataclass(frozen=True, slots=True)
class Sealed:
    """What was signed and drawn before the register was locked."""

    documents: list[Document]
    signatures: list[Signature]
    codes: dict[str, str] = field(default_factory=dict, repr=False)
    """Account to the one-time code drawn for it, where the files gave no hash."""
    digests: dict[str, str] = field(default_factory=dict)
    """Account to the hash of its code."""


@dataclass(frozen=True, slots=True)
class StagedImport:
    """Everything to be stored, in the order in which it is: the sheet that progress is told of, and its rows."""

    parts: tuple[tuple[str, StagedRows], ...] = field(repr=False)
    moved: MovedListener = field(repr=False)
    """What they move of what was there before."""
    headed: frozenset[UnitId] = frozenset()
    """Units that get a head whose silence would end what they granted (rule 9)."""


def attest(index: CodeIndex, paper: ImportedPaper, register: str) -> Document:
    """The document as stored: content of ids, words and instants only, the hash that of the scan."""
    envelope = Envelope(
        document=DocumentId(paper.id),
        kind=paper.kind,
        unit=paper.unit,
        number=paper.number,
        dated=paper.dated,
        version=1,
        receiver=None if paper.receiver is None else PersonId(paper.receiver),
        register=register,
        policy=index.policy_for(paper.unit),
    )
    attestation = Attestation(
        giver=None if paper.giver is None else PersonId(paper.giver),
        giver_capacity=paper.capacity or None,
        giver_signed_at=paper.giver_signed_at,
        reference=paper.reference,
        sha256=paper.sha256,
        signed_at=paper.signed_at,
    )
    body: PaperBody | None = None
    if paper.kind is DocumentKind.COMMITMENT:
        body = CommitmentBody(paper.text_version)
    elif lines := index.lines.get(paper.id):
        body = HandoverBody(lines[0].account, lines_of(lines))
    return Document(
        id=DocumentId(paper.id),
        kind=paper.kind,
        unit=paper.unit,
        number=paper.number,
        dated=paper.dated,
        version=1,
        state=DocumentState.SIGNED,
        receiver=PersonId(paper.receiver or ""),
        prepared_by=None,
        content=canonical(compose(envelope, body, attestation)).decode(),
        sha256=paper.sha256,
        method=Method.ATTESTED,
        valid_from=start_of_day(paper.dated),
        state_since=paper.signed_at,
        text_version=paper.text_version,
        reference=paper.reference,
        signed_at=paper.signed_at,
    )


def attest_side(paper: ImportedPaper, signature_id: str, key: str, now: datetime) -> Signature:
    """The importer's attestation of one side: the giver of minutes, or who made the commitment."""
    is_minutes = paper.giver is not None and paper.giver_signed_at is not None
    return Signature(
        id=signature_id,
        document=DocumentId(paper.id),
        version=1,
        sha256=paper.sha256,
        side=Side.GIVER if is_minutes else Side.DECLARANT,
        person=PersonId((paper.giver if is_minutes else paper.receiver) or ""),
        account=None,
        capacity=Capacity(paper.capacity) if is_minutes else Capacity.SELF,
        capacity_basis=paper.capacity_basis,
        method=Method.ATTESTED,
        signed_at=paper.giver_signed_at if is_minutes and paper.giver_signed_at else paper.signed_at,
        key=key,
        confirmation="",
        valid_from=now,
    )


def seal(index: CodeIndex, services: Services, register: str) -> Sealed:
    """Every new paper as a document with the service's confirmation; the register is not held meanwhile."""
    sealed = Sealed([], [])
    for paper in index.new.get(ImportedPaper, ()):
        signature = attest_side(paper, services.new_id("sig"), services.seal.id, index.now)
        sealed.documents.append(attest(index, paper, register))
        sealed.signatures.append(replace(signature, confirmation=confirm(services.seal, register, signature)))
    for account in index.new.get(Account, ()):
        given = index.activations.get(account.id)
        if given is None:
            sealed.codes[account.id] = passwords.new_secret(_ACTIVATION_BITS)
        sealed.digests[account.id] = given or passwords.digest(sealed.codes[account.id])
    return sealed


def stage(
    services: Services, staging: Staging, register: RegisterId, index: CodeIndex, sealed: Sealed
) -> StagedImport:
    """Every row made and put aside before the register is held: under the lock the database only moves them.

    The index and what was sealed give up what they hold, kind by kind: a province is in memory once.
    """
    new, dialect = index.give_up(), services.db.dialect
    moved, headed = listen(new, sealed.documents), _headed(index, new.get(Assignment, []))
    parts: list[tuple[str, StagedRows]] = []

    def add(sheet: str, kind: type[T], values: list[T], *stamped: str) -> None:
        parts.append((sheet, staging.put(ready_facts(dialect, register, kind, values, *stamped), CHUNK)))

    for sheet, kind in _FACTS:
        add(sheet, kind, new.pop(kind, []))
    accounts: list[Account] = new.pop(Account, [])
    add("accounts", Account, accounts)
    add("", Home, new.pop(Home, []))
    lasts = {unit: index.code_lasts(unit) for unit in {account.unit for account in accounts}}
    for opens_for in sorted({*lasts.values()}):
        credentials = (
            Credential(
                register=register,
                account=account.id,
                username=account.username,
                password=None,
                activation_sha256=sealed.digests[account.id],
            )
            for account in accounts
            if lasts[account.unit] == opens_for
        )
        parts.append(("", staging.put(ready_credentials(dialect, credentials, opens_for), CHUNK)))
    add("documents", Document, sealed.documents)
    sealed.documents.clear()
    add("", Signature, sealed.signatures, "valid_from")
    sealed.signatures.clear()
    # (5) Recording late never makes a past decision allowed: no paper's last signature is later than this commit.
    add("grants", Grant, new.pop(Grant, []), "activated_at")
    return StagedImport(tuple(parts), moved, headed)


def listen(new: Mapping[type[Any], Sequence[Any]], documents: Iterable[Document]) -> MovedListener:
    """What these move: nobody rests yet on the accounts and people that come with them."""
    moved = MovedListener()
    if sum(map(len, new.values())) > MOST_NAMED:
        # A first import: saying it exactly would take longer than reading everything anew.
        moved.name_everything()
        return moved
    moved.leave_out({a.id for a in new.get(Account, ())}, {p.id for p in new.get(Person, ())})
    for kind, facts in new.items():
        if kind is not Account:
            moved.hear(facts)
    moved.hear(documents)
    return moved


def _headed(index: CodeIndex, duties: Iterable[Assignment]) -> frozenset[UnitId]:
    found = set()
    for duty in duties:
        pack = index.pack_for(duty.unit)
        if pack.positions[duty.position].rank in HEADS and pack.choice("confirmation_silence") == "lapse":
            found.add(duty.unit)
    return frozenset(found)


def store(
    tx: Transaction, index: CodeIndex, staged: StagedImport, progress: Progress, numbers: NumberReport
) -> None:
    """Move everything. Accounts are invited: of their codes there are only hashes, good as long as packs say."""
    for sheet, rows in staged.parts:
        for done in tx.insert(rows):
            if sheet:
                progress(sheet, done, len(rows))
    tx.policy = index.policy
    tx.happened(
        "register.import",
        tx.register,
        rows=dict(sorted(index.counts().items())),
        kept=dict(sorted(index.kept.items())),
        numbers=numbers.counts(),
        sources={source.sheet: source.sha256 for source in index.sheets.sources},
    )
    tx.moves(staged.moved)
    if staged.headed:
        tx.touches(*(grant.account for grant in tx.find(Grant, unit=staged.headed)))
