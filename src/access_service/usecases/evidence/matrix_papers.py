"""What a batch of rows of a matrix shares: accounts, people, papers and signatures, read once."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from access_service.domain.accounts import Account, Custody, Suspension, state_of
from access_service.domain.codes import CodeShown, is_seen_by_giver
from access_service.domain.documents import Document, Signature
from access_service.domain.inspecting import External
from access_service.domain.names import AccountState, DocumentId, GrantState, Side, UnitId
from access_service.domain.org import Assignment, Person, SchoolClass
from access_service.domain.standing import GrantFacts, reads_otherwise
from access_service.storage.facts import Reader
from access_service.storage.standing import suspensions_by_account
from access_service.usecases.evidence.matrix_lines import Line
from access_service.usecases.evidence.matrix_values import MatrixRow, Note

ACCOUNT_NOTES = {
    AccountState.INVITED: Note.ACCOUNT_INVITED,
    AccountState.SUSPENDED: Note.ACCOUNT_SUSPENDED,
    AccountState.CLOSED: Note.ACCOUNT_CLOSED,
}


@dataclass(slots=True)
class MatrixPapers:
    """What is read once for a batch of rows."""

    accounts: dict[str, Account]
    suspensions: dict[str, list[Suspension]]
    people: dict[str, Person]
    signatures: dict[str, list[Signature]]
    codes: dict[str, list[CodeShown]]
    """Codes of the holders that somebody else was shown."""
    documents: dict[DocumentId, Document]
    externals: dict[str, External]
    """Members of inspections from outside the register, by person."""
    classes: dict[str, SchoolClass] = field(default_factory=dict)
    late: frozenset[str] = frozenset()
    """Ids of facts recorded, or changed for the instant, only after it."""
    narrowed: frozenset[str] = frozenset()
    stood: frozenset[str] = frozenset()
    """Ids of grants and custodies shown as they stood then: their end was recorded later (A5)."""
    suspensions_then: dict[str, list[Suspension]] = field(default_factory=dict)
    roles: dict[str, frozenset[str]] = field(default_factory=dict)
    """What each account holds by then, here and elsewhere."""

    def state_of(self, account: Account, grant: str, at: datetime) -> AccountState:
        """The account's state; for a line shown as it stood, as known then."""
        laid_on = self.suspensions_then if grant in self.stood else self.suspensions
        return state_of(account, laid_on.get(account.id, ()), at)

    def sent_by(self, person: str | None) -> str:
        """Who sends a member of an inspection from outside the register, and by which decision (A4)."""
        external = self.externals.get(person or "")
        return "" if external is None else f"{external.body}, {external.decision}"

    def giver(self, document: Document | None, at: datetime) -> Signature | None:
        """Who signed for the giver by then, on the version in force."""
        if document is None:
            return None
        signed = [
            s
            for s in self.signatures.get(document.id, ())
            if s.side is Side.GIVER and s.version == document.version and s.signed_at <= at
        ]
        return max(signed, key=lambda s: (s.signed_at, s.id), default=None)

    def is_code_seen(self, document: Document | None, at: datetime) -> bool:
        """(A3) Was the giver shown the receiver's code?"""
        if document is None or document.receiver not in self.codes:
            return False
        signed = self.signatures.get(document.id, ())
        return is_seen_by_giver(document, signed, self.codes[document.receiver], at)


@dataclass(frozen=True, slots=True)
class SeenLine:
    """A grant of a batch with everything that was read for its row."""

    line: Line
    facts: GrantFacts
    state: GrantState
    papers: MatrixPapers


@dataclass(frozen=True, slots=True)
class SeenAdmin:
    """A unit's admin account with whoever operates it at the instant."""

    account: Account
    state: AccountState
    custody: Custody | None
    document: Document | None
    last_ended: datetime | None
    """When the last custody ended, where nobody operates it."""


@dataclass(frozen=True, slots=True)
class SeenBatch:
    """What was read for the rows of some units."""

    units: list[UnitId]
    rows: list[MatrixRow]
    lines: list[SeenLine]
    admins: list[SeenAdmin]
    duties: list[Assignment]


def read_papers(
    reader: Reader,
    *,
    accounts: set[Any],
    people: set[Any],
    documents: dict[DocumentId, Document],
    before: Reader | None = None,
) -> MatrixPapers:
    """Everything shared by a batch of rows, in a handful of queries."""
    signatures: dict[str, list[Signature]] = {}
    for s in reader.find(Signature, document=list(documents)):
        signatures.setdefault(s.document, []).append(s)
    found = reader.find(Account, id=accounts)
    signers = {s.person for given in signatures.values() for s in given if s.side is Side.GIVER}
    codes: dict[str, list[CodeShown]] = {}
    for code in reader.find(CodeShown, holder=sorted(people)):
        codes.setdefault(code.holder, []).append(code)
    return MatrixPapers(
        accounts={a.id: a for a in found},
        suspensions=suspensions_by_account(reader, found),
        people={p.id: p for p in reader.find(Person, id=people | signers)},
        signatures=signatures,
        codes=codes,
        documents=documents,
        externals={x.person: x for x in reader.find(External, person=sorted(people))},
        suspensions_then={} if before is None else suspensions_by_account(before, found),
    )


def late_among(before: Reader | None, found: Iterable[Any], at: datetime) -> frozenset[str]:
    """(16) Which of these facts say of the time up to `at` something else than was known then (`before`)."""
    if before is None:
        return frozenset()
    late: set[str] = set()
    by_type: dict[type[Any], dict[str, Any]] = {}
    for fact in found:
        by_type.setdefault(type(fact), {})[fact.id] = fact
    for value_type, now in by_type.items():
        then = {fact.id: fact for fact in before.find(value_type, id=list(now))}
        late |= {id_ for id_, fact in now.items() if reads_otherwise(then.get(id_), fact, at)}
    return frozenset(late)
