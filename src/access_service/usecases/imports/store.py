"""Storing an import that was checked: facts in chunks, each paper with the service's confirmation, one event."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import islice
from typing import Any, TypeVar

from access_service.domain.accounts import Account, Custody, Home
from access_service.domain.delegation import Authority, Grant
from access_service.domain.documents import Document, Signature
from access_service.domain.names import Capacity, DocumentId, DocumentKind, DocumentState, Method, PersonId, Side
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
from access_service.storage.accounts import Credential, add_credentials
from access_service.storage.db import Transaction
from access_service.usecases.imports.book import CHUNK, Book, ImportedPaper, Progress
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


def attested(book: Book, paper: ImportedPaper, register: str) -> Document:
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
        policy=book.policy_for(paper.unit),
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
    elif lines := book.lines.get(paper.id):
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


def unconfirmed(paper: ImportedPaper, signature_id: str, key: str, now: datetime) -> Signature:
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


def seal(book: Book, services: Services, register: str) -> Sealed:
    """Every new paper as a document with the service's confirmation; the register is not held meanwhile."""
    sealed = Sealed([], [])
    for paper in book.new.get(ImportedPaper, ()):
        signature = unconfirmed(paper, services.new_id("sig"), services.seal.id, book.now)
        sealed.documents.append(attested(book, paper, register))
        sealed.signatures.append(replace(signature, confirmation=confirm(services.seal, register, signature)))
    for account in book.new.get(Account, ()):
        given = book.activations.get(account.id)
        if given is None:
            sealed.codes[account.id] = passwords.new_secret(_ACTIVATION_BITS)
        sealed.digests[account.id] = given or passwords.digest(sealed.codes[account.id])
    return sealed


def store(tx: Transaction, book: Book, sealed: Sealed, progress: Progress) -> None:
    """Insert everything; of the codes only the hashes."""
    for sheet, kind in _FACTS:
        _add(tx, kind, sheet, book.new.get(kind, ()), progress)
    _store_accounts(tx, book, sealed, progress)
    _add(tx, Document, "documents", sealed.documents, progress)
    recorded = [replace(signature, valid_from=tx.now) for signature in sealed.signatures]
    for chunk in _chunks(recorded):
        tx.add(Signature, chunk)
    # (5) Recording late never makes a past decision allowed: no paper's last signature is later than this commit.
    grants = [replace(grant, activated_at=tx.now) for grant in book.new.get(Grant, ())]
    _add(tx, Grant, "grants", grants, progress)
    tx.policy = book.policy
    tx.happened(
        "register.import",
        tx.register,
        rows=dict(sorted(book.counts().items())),
        kept=dict(sorted(book.kept.items())),
        sources={source.sheet: source.sha256 for source in book.sheets.sources},
    )
    tx.touches_everybody()


def _add(tx: Transaction, kind: type[T], sheet: str, values: Sequence[T], progress: Progress) -> None:
    done = 0
    for chunk in _chunks(values):
        tx.add(kind, chunk)
        done += len(chunk)
        progress(sheet, done, len(values))


def _chunks(values: Iterable[T]) -> Iterator[list[T]]:
    source = iter(values)
    while chunk := list(islice(source, CHUNK)):
        yield chunk


def _store_accounts(tx: Transaction, book: Book, sealed: Sealed, progress: Progress) -> None:
    """Accounts without a password: state invited, opened by a one-time code that its unit's pack limits in time."""
    accounts: list[Account] = book.new.get(Account, [])
    _add(tx, Account, "accounts", accounts, progress)
    for homes in _chunks(book.new.get(Home, ())):
        tx.add(Home, homes)
    for chunk in _chunks(accounts):
        credentials = [
            Credential(
                register=tx.register,
                account=account.id,
                username=account.username,
                password=None,
                activation_sha256=sealed.digests[account.id],
                activation_until=tx.now + book.code_lasts(account.unit),
            )
            for account in chunk
        ]
        add_credentials(tx.connection, credentials)
