"""The evidence of a register, read from end to end in one snapshot: the chain, and what hangs on it."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from access_service.domain.accounts import Account
from access_service.domain.delegation import Authority, Grant
from access_service.domain.documents import Document, Signature
from access_service.domain.errors import NotFoundError
from access_service.domain.names import PersonId, RegisterId
from access_service.domain.org import Assignment
from access_service.domain.policy import PackBinding
from access_service.domain.verifying import (
    Chain,
    EvidenceFinding,
    EvidenceKey,
    check_counter,
    check_document,
    check_grant,
    check_interval,
    check_revisions,
    check_signature,
    check_signed,
    check_unit_chains,
)
from access_service.signing.documents import check_confirmation
from access_service.signing.keys import BadSignatureError
from access_service.storage.audit import all_unit_heads, heads_of, whole_log
from access_service.storage.copying import registers_in
from access_service.storage.db import Database
from access_service.storage.facts import CODECS, NOUNS, Reader
from access_service.storage.keys import StoredPublicKey, public_keys
from access_service.storage.policy import altered_packs

MOST = 1000
"""Findings that are told; one row more or less makes thousands."""


@dataclass(frozen=True, slots=True)
class Verified:
    """What was read of a register, and what was found wrong."""

    register: str
    revision: int
    events: int
    head: str
    """Hash of the newest event: the same as was noted elsewhere, if the log is the same."""
    documents: int
    signatures: int
    grants: int
    findings: tuple[EvidenceFinding, ...]


def verify_register(db: Database, register: RegisterId) -> Verified:
    """Check everything that a hash, a signature or a rule of the record says. Nothing is written."""
    with db.connect() as connection:
        stood = next((r for r in registers_in(connection) if r.id == register), None)
        if stood is None:
            raise NotFoundError("register", register)
        reading = _Reading(Reader(connection, register), {k.id: k for k in public_keys(connection, "seal")})
        found = tuple(islice(reading.all((stood.revision, stood.seq, stood.head)), MOST))
        chain = reading.chain
        return Verified(
            register=register,
            revision=chain.revision,
            events=chain.seq,
            head=chain.head,
            documents=len(reading.documents),
            signatures=len(reading.given),
            grants=reading.grants,
            findings=found,
        )


class _Reading:
    """One pass over a register."""

    def __init__(self, reader: Reader, keys: dict[str, StoredPublicKey]) -> None:
        self.reader = reader
        self.keys = keys
        self.chain = Chain(reader.register)
        self.hashes: dict[tuple[str, int], str] = {}
        """Of each version of each document."""
        self.documents: dict[str, Document] = {}
        """As they stand now."""
        self.given: set[EvidenceKey] = set()
        self.grants = 0

    def all(self, counter: tuple[int, int, str]) -> Iterator[EvidenceFinding]:
        """Every finding, in the order of what rests on what."""
        yield from self._log(counter)
        yield from self._facts()
        yield from self._packs()
        yield from self._documents()
        yield from self._signatures()
        yield from self._grants()

    def _log(self, counter: tuple[int, int, str]) -> Iterator[EvidenceFinding]:
        connection, register = self.reader.connection, self.reader.register
        rows = heads_of(connection, register)
        heads = dict(rows)
        for seq, event, leaf in whole_log(connection, register):
            if event is None:
                yield EvidenceFinding(f"event {seq}", "it cannot be read")
                continue
            yield from self.chain.follow(event, leaf, head_of=heads.get(event.revision))
        yield from check_revisions(self.chain, rows)
        yield from check_counter(self.chain, *counter)
        yield from check_unit_chains(self.chain, all_unit_heads(connection, register))

    def _facts(self) -> Iterator[EvidenceFinding]:
        """Every version of every fact can be read and has its place in the record; one stands at a time."""
        for value_type in CODECS:
            noun = NOUNS.get(value_type, value_type.__name__.lower())
            before: tuple[str, int | None] = ("", None)
            for id_, start, end, value in self.reader.versions(value_type):
                if value is None:
                    yield EvidenceFinding(f"{noun} {id_}", f"its row of revision {start} cannot be read")
                yield from check_interval(noun, id_, start, end, self.chain.revision)
                if before[0] == id_ and (before[1] is None or before[1] > start):
                    yield EvidenceFinding(f"{noun} {id_}", f"two versions of it stand at revision {start}")
                before = (id_, end)

    def _packs(self) -> Iterator[EvidenceFinding]:
        known, altered = altered_packs(self.reader.connection)
        for digest in altered:
            yield EvidenceFinding(f"pack {digest}", "its bytes were changed")
        bound = {b.digest for _, _, _, b in self.reader.versions(PackBinding) if b is not None}
        for digest in sorted((bound | self.chain.policies) - known):
            yield EvidenceFinding(f"pack {digest}", "it was in force, and is not kept")

    def _documents(self) -> Iterator[EvidenceFinding]:
        for _, _, end, document in self.reader.versions(Document):
            if document is None:
                continue
            key = (str(document.id), document.version)
            if self.hashes.get(key) != document.sha256:
                yield from check_document(document, self.reader.register)
            self.hashes[key] = document.sha256
            if end is None:
                self.documents[document.id] = document

    def _signatures(self) -> Iterator[EvidenceFinding]:
        for _, _, end, signature in self.reader.versions(Signature):
            if signature is None:
                continue
            sha256 = self.hashes.get((signature.document, signature.version))
            yield from check_signature(signature, sha256, self.chain)
            yield from self._seal(signature)
            if end is None:
                self.given.add((signature.document, signature.version, str(signature.side)))
        for document, version, side in sorted(self.chain.signed.keys() - self.given):
            yield EvidenceFinding(
                f"document {document}", f"the log has its signature of `{side}`, version {version}; it is gone"
            )
        for standing in self.documents.values():
            yield from check_signed(standing, self.given)

    def _seal(self, signature: Signature) -> Iterator[EvidenceFinding]:
        place = f"signature {signature.id}"
        key = self.keys.get(signature.key)
        if key is None:
            yield EvidenceFinding(place, f"the seal key `{signature.key}` is not known")
            return
        if signature.valid_from < key.valid_from or (key.valid_to and signature.valid_from >= key.valid_to):
            yield EvidenceFinding(place, f"the seal key `{key.id}` did not count when it was made")
        try:
            check_confirmation(key.public_hex, self.reader.register, signature)
        except BadSignatureError:
            yield EvidenceFinding(
                place, "the service's confirmation does not verify: it was changed, or never made here"
            )

    def _grants(self) -> Iterator[EvidenceFinding]:
        people: dict[str, PersonId | None] = {a.id: a.person for a in self.reader.find(Account)}
        duties = {a.id for _, _, _, a in self.reader.versions(Assignment) if a is not None}
        authorities = {a.id for _, _, _, a in self.reader.versions(Authority) if a is not None}
        for grant in self.reader.find(Grant):
            self.grants += 1
            for noun, named, known in (
                ("account", grant.account, people),
                ("duty", grant.assignment, duties),
                ("authority", grant.authority, authorities),
            ):
                if named is not None and named not in known:
                    yield EvidenceFinding(f"grant {grant.id}", f"its {noun} `{named}` is missing")
            document = None if grant.document is None else self.documents.get(grant.document)
            yield from check_grant(grant, document, people.get(grant.account))
