"""The evidence of a register, read from end to end in one snapshot: the chain, and what hangs on it."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from itertools import chain as chain_all
from itertools import islice
from typing import TypeVar

from access_service.domain.accounts import Account
from access_service.domain.delegation import Authority, Grant
from access_service.domain.documents import Document, Signature
from access_service.domain.errors import NotFoundError
from access_service.domain.findings import EvidenceFinding, FindingCode, Severity
from access_service.domain.names import RegisterId
from access_service.domain.org import Assignment
from access_service.domain.policy import PackBinding
from access_service.domain.verifying import (
    Accounted,
    Chain,
    EvidenceKey,
    check_counter,
    check_document,
    check_grant,
    check_interval,
    check_revisions,
    check_signature,
    check_signed,
    check_unit_chains,
    print_named,
)
from access_service.signing.assertions import BadAssertionError, check_kept, site_said
from access_service.signing.canonical import sha256_hex
from access_service.signing.documents import check_confirmation, statement
from access_service.signing.keys import BadSignatureError
from access_service.storage.audit import all_unit_heads, heads_of, whole_log
from access_service.storage.copying import registers_in
from access_service.storage.db import Database
from access_service.storage.facts import CODECS, NOUNS, Reader
from access_service.storage.keys import PASSKEY_KEYS, StoredPublicKey, public_keys
from access_service.storage.log import StoredCheckpoint, checkpoint_before
from access_service.storage.paper_pages import FileStore
from access_service.storage.policy import altered_packs
from access_service.storage.prints import checked_prints
from access_service.usecases.upkeep.verifying_files import KeptFiles
from access_service.usecases.upkeep.verifying_log import Outside, TreeAgain

F = TypeVar("F")

MOST = 1000
"""Findings that are told; one row more or less makes thousands."""


@dataclass(frozen=True, slots=True)
class Verified:
    """What was read of a register, and what was found wrong."""

    register: str
    revision: int
    since: int
    """How many events a checkpoint vouched for, so that they were not read."""
    events: int
    head: str
    """Hash of the newest event: the same as was noted elsewhere, if the log is the same."""
    units: int
    documents: int
    signatures: int
    grants: int
    files: int
    """Files of signed papers."""
    checkpoints: int
    """Signed notes that were compared with the log."""
    findings: tuple[EvidenceFinding, ...]
    """What was changed, or is gone."""
    looks: tuple[EvidenceFinding, ...]
    """What could not be proved, though nothing is known to be wrong."""


def verify_register(
    db: Database,
    register: RegisterId,
    *,
    since: int = 0,
    outside: Outside | None = None,
    files: FileStore | None = None,
) -> Verified:
    """Check everything that a hash, a signature or a rule of the record says. Nothing is written.

    `since` names an event: what was recorded up to the newest checkpoint before it is vouched for by that one's
    signature, and only what came later is read. `outside` is what is known of the log beside its database. Where
    `files` are named, the bytes of every file of a paper are read; the log and the rows are compared in any case.
    """
    with db.connect() as connection:
        stood = next((r for r in registers_in(connection) if r.id == register), None)
        if stood is None:
            raise NotFoundError("register", register)
        start = None if since <= 0 else checkpoint_before(connection, register, since)
        reading = _Reading(
            Reader(connection, register),
            {k.id: k for k in public_keys(connection, "seal")},
            {k.id: k for k in public_keys(connection, PASSKEY_KEYS)},
            TreeAgain(connection, register, outside or Outside()),
            start,
        )
        kept = KeptFiles(reading.reader, files)
        everything = chain_all(reading.all((stood.revision, stood.seq, stood.head)), kept.check())
        found = tuple(islice(everything, MOST))
        chain = reading.chain
        return Verified(
            register=register,
            revision=chain.revision,
            since=0 if start is None else start.size,
            events=chain.seq,
            head=chain.head,
            units=len(chain.units),
            documents=len(reading.documents),
            signatures=len(reading.given),
            grants=reading.grants,
            files=kept.count,
            checkpoints=reading.tree.checkpoints,
            findings=tuple(f for f in found if f.severity is Severity.BROKEN),
            looks=(*(f for f in found if f.severity is Severity.LOOK), *_unanchored(chain)),
        )


def _unanchored(chain: Chain) -> Iterator[EvidenceFinding]:
    """No time source outside is asked yet: of every event only this machine says when it was recorded."""
    if chain.seq:
        yield EvidenceFinding(
            FindingCode.TIME_UNANCHORED, f"event 1–{chain.seq}", "nobody outside has said when they were there"
        )


class _Reading:
    """One pass over a register."""

    def __init__(
        self,
        reader: Reader,
        keys: dict[str, StoredPublicKey],
        passkeys: dict[str, StoredPublicKey],
        tree: TreeAgain,
        start: StoredCheckpoint | None,
    ) -> None:
        self.reader = reader
        self.keys = keys
        self.passkeys = passkeys
        self.tree = tree
        self.start = start
        self.chain = Chain(reader.register)
        self.after = 0
        """Facts of this revision and before are not read; where reading begins at the beginning, all are."""
        self.accounted = Accounted()
        self.hashes: dict[tuple[str, int], str] = {}
        """Of each version of each document."""
        self.documents: dict[str, Document] = {}
        """As they stand now."""
        self.given: set[EvidenceKey] = set()
        self.printed: dict[tuple[str, int], str | None] = {}
        """Hash of the words that each version names."""
        self.grants = 0

    def all(self, counter: tuple[int, int, str]) -> Iterator[EvidenceFinding]:
        """Every finding, in the order of what rests on what."""
        if self.start is not None:
            yield from self._begin(self.start)
        yield from self.tree.read_notes()
        self._expect()
        yield from self._log(counter)
        yield from self.tree.finish()
        yield from self.accounted.rest()
        yield from self._facts()
        yield from self._packs()
        yield from self._documents()
        yield from self._prints()
        yield from self._signatures()
        yield from self._grants()

    def _begin(self, start: StoredCheckpoint) -> Iterator[EvidenceFinding]:
        """Stand where the checkpoint does: its last event is the one that its tree has there."""
        yield from self.tree.begin(start)
        register = self.reader.register
        seq, event, leaf = next(whole_log(self.reader.connection, register, after=start.size - 1), (0, None, ""))
        if event is None or seq != start.size:
            yield EvidenceFinding(FindingCode.EVENT_GAP, f"event {start.size}", "it is gone, or cannot be read")
            return
        if event.leaf != leaf:
            changed = "it was changed after it was recorded: its hash is another"
            yield EvidenceFinding(FindingCode.EVENT_HASH, f"event {event.seq}", changed, leaf, event.leaf)
        self.after = event.revision
        self.chain = Chain(
            register,
            seq=event.seq,
            head=event.hash,
            revision=event.revision,
            recorded_at=event.recorded_at,
            is_partial=True,
        )

    def _expect(self) -> None:
        """Versions of papers and grants, which events must account for."""
        for id_, revision, _, _ in self.reader.versions(Document, after=self.after):
            self.accounted.expect("document", id_, revision)
        for id_, revision, _, grant in self.reader.versions(Grant, after=self.after):
            self.accounted.expect("grant", id_, revision, None if grant is None else grant.activated_at)

    def _log(self, counter: tuple[int, int, str]) -> Iterator[EvidenceFinding]:
        connection, register = self.reader.connection, self.reader.register
        rows = [(n, head) for n, head in heads_of(connection, register) if n > self.after]
        heads = dict(rows)
        for seq, event, leaf in whole_log(connection, register, after=self.chain.seq):
            yield from self.tree.add(seq, leaf)
            if event is None:
                yield EvidenceFinding(FindingCode.EVENT_UNREADABLE, f"event {seq}", "it cannot be read")
                continue
            yield from self.chain.follow(event, leaf, head_of=heads.get(event.revision))
            yield from self.accounted.meet(event)
        yield from check_revisions(self.chain, rows, self.after)
        yield from check_counter(self.chain, *counter)
        yield from check_unit_chains(self.chain, all_unit_heads(connection, register))

    def _facts(self) -> Iterator[EvidenceFinding]:
        """Every version of every fact can be read and has its place in the record; one stands at a time."""
        for value_type in CODECS:
            noun = NOUNS.get(value_type, value_type.__name__.lower())
            before: tuple[str, int | None] = ("", None)
            for id_, start, end, value in self.reader.versions(value_type, after=self.after):
                if value is None:
                    unread = f"its row of revision {start} cannot be read"
                    yield EvidenceFinding(FindingCode.FACT_BROKEN, f"{noun} {id_}", unread)
                yield from check_interval(noun, id_, start, end, self.chain.revision)
                if before[0] == id_ and (before[1] is None or before[1] > start):
                    twice = f"two versions of it stand at revision {start}"
                    yield EvidenceFinding(FindingCode.FACT_BROKEN, f"{noun} {id_}", twice)
                before = (id_, end)

    def _packs(self) -> Iterator[EvidenceFinding]:
        known, altered = altered_packs(self.reader.connection)
        for digest in altered:
            yield EvidenceFinding(FindingCode.PACK_DIGEST, f"pack {digest}", "its bytes were changed")
        bound = {b.digest for _, _, _, b in self.reader.versions(PackBinding) if b is not None}
        for digest in sorted((bound | self.chain.policies) - known):
            yield EvidenceFinding(FindingCode.PACK_DIGEST, f"pack {digest}", "it was in force, and is not kept")

    def _documents(self) -> Iterator[EvidenceFinding]:
        looked_at: dict[tuple[str, int], tuple[str, str]] = {}
        versions = self.reader.versions(Document)
        if self.start is not None:
            versions = self.reader.versions_of(Document, self._concerned())
        for _, _, end, document in versions:
            if document is None:
                continue
            key = (str(document.id), document.version)
            # The rows of a version hold the same text: what was looked at once is known by its hash.
            bytes_now = (document.sha256, sha256_hex(document.content.encode()))
            if looked_at.get(key) != bytes_now:
                yield from check_document(document, self.reader.register)
                self.printed[key] = print_named(document)
            looked_at[key] = bytes_now
            self.hashes[key] = document.sha256
            if end is None:
                self.documents[document.id] = document

    def _concerned(self) -> set[str]:
        """Papers that something recorded since is about."""
        reader, after = self.reader, self.after
        found = {id_ for id_, _, _, _ in reader.versions(Document, after=after)}
        found |= {str(s.document) for _, _, _, s in reader.versions(Signature, after=after) if s is not None}
        return found | {str(g.document) for _, _, _, g in reader.versions(Grant, after=after) if g and g.document}

    def _prints(self) -> Iterator[EvidenceFinding]:
        """The words of each paper are those that its content names."""
        kept: dict[tuple[str, int], str] = {}
        for document, version, sha256, is_whole in checked_prints(self.reader.connection, self.reader.register):
            kept[document, version] = sha256
            if not is_whole:
                words = "its words are others than were composed"
                yield EvidenceFinding(FindingCode.PRINT_HASH, f"document {document} version {version}", words)
        for (document, version), named in sorted(self.printed.items()):
            if named is not None and kept.get((document, version)) != named:
                gone = "its words are gone, or those of another paper"
                yield EvidenceFinding(FindingCode.PRINT_HASH, f"document {document} version {version}", gone)

    def _signatures(self) -> Iterator[EvidenceFinding]:
        for _, _, end, signature in self.reader.versions(Signature, after=self.after):
            if signature is None:
                continue
            sha256 = self.hashes.get((signature.document, signature.version))
            yield from check_signature(signature, sha256, self.chain)
            yield from self._seal(signature)
            yield from self._passkey(signature)
            if end is None:
                self.given.add((signature.document, signature.version, str(signature.side)))
        if self.start is not None:
            before = self.reader.find(Signature, document=sorted(self.documents))
            self.given |= {(s.document, s.version, str(s.side)) for s in before}
        for document, version, side in sorted(self.chain.signed.keys() - self.given):
            yield EvidenceFinding(
                FindingCode.EVENT_WITHOUT_DOCUMENT,
                f"document {document}",
                f"the log has its signature of `{side}`, version {version}; it is gone",
            )
        for standing in self.documents.values():
            yield from check_signed(standing, self.given)

    def _seal(self, signature: Signature) -> Iterator[EvidenceFinding]:
        place = f"signature {signature.id}"
        key = self.keys.get(signature.key)
        if key is None:
            yield EvidenceFinding(FindingCode.KEY_UNKNOWN, place, f"the seal key `{signature.key}` is not known")
            return
        if signature.valid_from < key.valid_from or (key.valid_to and signature.valid_from >= key.valid_to):
            yield EvidenceFinding(
                FindingCode.KEY_INTERVAL, place, f"the seal key `{key.id}` did not count when it was made"
            )
        try:
            check_confirmation(key.public_hex, self.reader.register, signature)
        except BadSignatureError:
            yield EvidenceFinding(
                FindingCode.CONFIRMATION_BAD,
                place,
                "the service's confirmation does not verify: it was changed, or never made here",
            )

    def _passkey(self, signature: Signature) -> Iterator[EvidenceFinding]:
        """What the signer's own key says, whatever the service confirmed."""
        kept = None if signature.how is None else signature.how.assertion
        if kept is None:
            return
        place, key = f"signature {signature.id}", self.passkeys.get(kept.key)
        if key is None:
            yield EvidenceFinding(FindingCode.KEY_UNKNOWN, place, f"the passkey `{kept.key}` is not known")
            return
        try:
            check_kept(statement(self.reader.register, signature), kept, key.public_hex, site_said(kept))
        except BadAssertionError as error:
            yield EvidenceFinding(FindingCode.PASSKEY_BAD, place, str(error))
        if not self.chain.had_passkey(str(signature.account), kept.key, signature.signed_at):
            message = f"the log does not say that the passkey `{kept.key}` was the account's then"
            yield EvidenceFinding(FindingCode.PASSKEY_NOT_LOGGED, place, message)

    def _grants(self) -> Iterator[EvidenceFinding]:
        grants = self._standing_grants()
        people = {a.id: a.person for a in self._named(Account, {g.account for g in grants})}
        duties = {a.id for a in self._named(Assignment, {g.assignment for g in grants if g.assignment})}
        authorities = {a.id for a in self._named(Authority, {g.authority for g in grants})}
        for grant in grants:
            self.grants += 1
            for noun, named, known in (
                ("account", grant.account, people),
                ("duty", grant.assignment, duties),
                ("authority", grant.authority, authorities),
            ):
                if named is not None and named not in known:
                    missing = f"its {noun} `{named}` is missing"
                    yield EvidenceFinding(FindingCode.GRANT_WITHOUT_PAPER, f"grant {grant.id}", missing)
            document = None if grant.document is None else self.documents.get(grant.document)
            yield from check_grant(grant, document, people.get(grant.account))

    def _standing_grants(self) -> list[Grant]:
        if self.start is None:
            return self.reader.find(Grant)
        newer = self.reader.versions(Grant, after=self.after)
        return [grant for _, _, end, grant in newer if grant is not None and end is None]

    def _named(self, value_type: type[F], ids: Collection[str]) -> list[F]:
        """Facts that are known under these ids, whichever version."""
        if self.start is None:
            return [value for _, _, _, value in self.reader.versions(value_type) if value is not None]
        return [value for _, _, _, value in self.reader.versions_of(value_type, ids) if value is not None]
