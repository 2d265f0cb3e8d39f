"""What an access matrix says, as values: its head, its rows, and what a reviewer should know beside them."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

from access_service.domain.anomalies import Anomaly
from access_service.domain.difference import ChangeKind
from access_service.domain.names import AccountKind, Capacity, ClassId, Method, RegisterId, UnitId
from access_service.domain.org import SchoolClass
from access_service.domain.scope import Scope

VACANT = "vacant"
"""State of an admin account that nobody operates; the others are those of `GrantState` and `AccountState`."""


class MatrixShape(StrEnum):
    """What one row of a matrix is about."""

    PERSON = "person"
    """One grant, or the custody of an admin account."""
    CLASS = "class"
    """One class, with everybody who reaches it."""
    CATEGORY = "category"
    """One category of data in one grant, what is sensitive first."""
    ANOMALY = "anomaly"
    """Something that looks wrong."""
    CHANGE = "change"
    """What became of a right between two instants."""


class MatrixPart(StrEnum):
    """Where a row's holder serves."""

    UNIT = "unit"
    """In the unit asked about, or below it."""
    ABOVE = "above"
    """Elsewhere: an office, a division, an inspection, software of another unit; the right reaches in."""


class Note(StrEnum):
    """What a reviewer should know of a row beside its columns."""

    RECORDED_LATE = "recorded_late"
    """A fact behind the row was recorded, or changed for the instant asked about, only after it."""
    CHANGED_LATER = "changed_later"
    """The scope was corrected after the instant; the row shows it as known now."""
    ATTESTED = "attested"
    """The minutes were signed on paper elsewhere; the importer attests them, nobody signed here."""
    CODE_SEEN = "code_seen_by_giver"
    """Whoever signed for the giver was shown the code of the receiver, who has not confirmed since (A3)."""
    EXTERNAL = "external"
    """A member of an inspection from outside the register; the position says which body sends them."""
    UNCONFIRMED = "unconfirmed"
    """A new head of the issuing unit has not confirmed it (rule 9)."""
    NO_END = "no_end"
    """It was handed down without an end, when that was possible; every new one has one."""
    ACCOUNT_INVITED = "account_invited"
    ACCOUNT_SUSPENDED = "account_suspended"
    ACCOUNT_CLOSED = "account_closed"
    VACANT = "vacant"
    """Nobody operates the admin account."""
    NO_POLICY = "no_policy"
    """No pack is in force where the records are: the grant allows nothing."""
    NOT_CONFIRMED = "not_confirmed"
    """The department has not confirmed the security level, or the connection to the axis, that the pack demands."""
    DUTIES_MEET = "duties_meet"
    """With the holder's other rights it makes one of the pack's separations: shown, never a reason to deny."""


@dataclass(frozen=True, slots=True)
class MatrixPack:
    """A pack in force somewhere in the matrix."""

    name: str
    version: str
    digest: str


@dataclass(frozen=True, slots=True)
class MatrixCategory:
    """A category of data that a pack in force names."""

    id: str
    vi: str
    sensitive: bool


@dataclass(frozen=True, slots=True)
class MatrixFilters:
    """Which rows are wanted; None: whatever it is. Every one that is given must fit."""

    role: str | None = None
    category: str | None = None
    """A right to this category of data."""
    sensitive: bool | None = None
    """A right to a sensitive category, or to none."""
    state: str | None = None
    """State of the grant, of the account, or `vacant`."""
    kind: AccountKind | None = None
    unit_kind: str | None = None
    """Kind of the row's unit."""
    person: str | None = None
    """The holder's id or username, or a part of the name, with or without its marks."""
    action: str | None = None
    """A right to do this, to that category where one is asked for."""
    class_id: ClassId | None = None
    """A right that reaches this class."""


EVERYTHING = MatrixFilters()


@dataclass(frozen=True, slots=True)
class MatrixHead:
    """What the rows are about."""

    register: RegisterId
    unit: UnitId
    unit_name: str
    units: int
    """Units covered: this one and everything below it at the instant."""
    at: datetime
    revision: int
    recorded_at: datetime | None
    """When that revision was recorded."""
    packs: tuple[MatrixPack, ...]
    """In force for those units at the instant, by name."""
    include_ended: bool
    categories: tuple[MatrixCategory, ...] = ()
    """Of those packs, in their order."""
    filters: MatrixFilters = EVERYTHING
    diff: datetime | None = None
    """The other instant, where two are compared."""

    @property
    def sensitive(self) -> frozenset[str]:
        """The categories that a pack in force calls sensitive."""
        return frozenset(c.id for c in self.categories if c.sensitive)


@dataclass(frozen=True, slots=True)
class CategoryActions:
    """One category of data with what may be done to it."""

    category: str
    category_vi: str
    actions: tuple[str, ...]
    actions_vi: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class MatrixRow:
    """One line of the matrix: a grant, or the custody of an admin account."""

    unit: UnitId
    """Where the duty is that the grant rests on; for an inspection the unit inspected."""
    unit_name: str
    account: str
    username: str
    account_kind: AccountKind
    person: str | None
    person_name: str
    position: str
    """The duty's position; for custody `head`, `officer` or `deputy_in_charge`."""
    position_vi: str
    grant: str | None
    """None for custody."""
    role: str | None
    role_vi: str
    scope: Scope | None
    class_names: tuple[str, ...]
    """`6A`, or `6A (TOAN)` where the grant is for a subject there."""
    rights: tuple[CategoryActions, ...]
    starts_at: datetime | None
    """The latest of the start on paper and the activation; on paper alone where it never took effect."""
    ends_at: datetime | None
    """The earliest of the end on paper, the year's closing, and the instant it was ended."""
    state: str
    issuer: UnitId | None
    issuer_name: str
    document: str | None
    document_number: str
    document_dated: date | None
    commitment_version: str | None
    committed_at: datetime | None
    signer: str | None
    signer_name: str
    """Who signed for the giver."""
    capacity: Capacity | None
    answerable: str | None
    answerable_name: str
    """Thủ trưởng chịu trách nhiệm: the head of the row's unit at the instant."""
    notes: tuple[Note, ...]
    signer_title: str = ""
    """Of the position by which they signed; empty where none is on file."""
    part: MatrixPart = MatrixPart.UNIT
    account_state: str = ""
    """Of the account, beside the right's own: a right in force opens nothing while its account is not active."""
    method: Method | None = None
    """How the paper was signed; None without paper."""
    last_used: date | None = None
    """The last day on which the service allowed something by this right; None where it is not known to."""
    anomalies: tuple[str, ...] = ()
    """Codes of what looks wrong about the row, see `domain.anomalies`."""
    assignment: str | None = None
    """The duty it rests on."""
    replaces: str | None = None
    """The right that it took the place of."""


@dataclass(frozen=True, slots=True)
class ClassHolder:
    """Somebody with charge of a class, or a subject of it."""

    grant: str | None
    person: str | None
    person_name: str
    account: str
    username: str
    subject: str
    """Empty for the class as a whole."""
    starts_at: datetime | None
    ends_at: datetime | None
    state: str
    account_state: str


@dataclass(frozen=True, slots=True)
class ClassReach:
    """Others in one role who reach a class: by name where they serve at the school, counted where they do not."""

    role: str
    role_vi: str
    unit: UnitId
    unit_name: str
    people: int
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SensitiveReach:
    """How many people reach a sensitive category of a class's data."""

    category: str
    category_vi: str
    people: int


@dataclass(frozen=True, slots=True)
class MatrixClass:
    """One class with everybody who reaches it."""

    unit: UnitId
    unit_name: str
    id: str
    name: str
    level: str
    grade: str
    school_year: str
    homeroom: tuple[ClassHolder, ...]
    subjects: tuple[ClassHolder, ...]
    others: tuple[ClassReach, ...]
    sensitive: tuple[SensitiveReach, ...]
    anomalies: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CategoryLine:
    """One category of data in one row of the matrix."""

    right: CategoryActions
    sensitive: bool
    row: MatrixRow


@dataclass(frozen=True, slots=True)
class AnomalyLine:
    """Something that looks wrong, with the names that a reader needs."""

    anomaly: Anomaly
    cleared_by: str
    """What would clear it, in words."""
    unit_name: str
    person_name: str
    username: str
    role_vi: str
    class_name: str


@dataclass(frozen=True, slots=True)
class ChangeCause:
    """Why a right is another than it was."""

    type: str
    """`document`, `act`, `expiry`, `pack`, `year_end` or `assignment`."""
    id: str | None
    """Of the paper, the duty or the school year; of an act its name in the log."""


@dataclass(frozen=True, slots=True)
class ChangeLine:
    """What became of one right between two instants, by what and through whom."""

    kind: ChangeKind
    unit: UnitId
    unit_name: str
    person: str | None
    person_name: str
    username: str
    role: str
    role_vi: str
    grant_before: str | None
    grant_after: str | None
    removed: tuple[tuple[str, str], ...]
    """Category and action of what may be done no more."""
    added: tuple[tuple[str, str], ...]
    scope_before: Scope | None
    scope_after: Scope | None
    at: datetime | None
    """From when on it is so; None where no fact says it."""
    cause: ChangeCause
    actor: str | None
    """The account that did it; None where a date did."""
    actor_person: str | None
    reason: str
    signer: str | None
    signer_name: str
    capacity: Capacity | None
    seq: int | None
    """The act's event."""
    late: bool
    """It was recorded only later than it is said to be so."""


@dataclass(frozen=True, slots=True)
class Differences:
    """Everything that changed between two instants, sums on top."""

    start: datetime
    end: datetime
    lines: tuple[ChangeLine, ...]
    kinds: Mapping[str, int]
    units: Mapping[str, Mapping[str, int]]


@dataclass(frozen=True, slots=True)
class MatrixBatch:
    """The rows of some units, all of each."""

    rows: tuple[MatrixRow, ...]
    classes: Callable[[], tuple[MatrixClass, ...]] = field(default=tuple)
    """Their classes with those who reach them; looked up when asked for."""
    anomalies: tuple[AnomalyLine, ...] = ()
    """What looks wrong in these units."""


@dataclass(frozen=True, slots=True)
class Matrix:
    """A matrix that is being read: `batches` may be gone through once, while the transaction is open."""

    head: MatrixHead
    batches: Iterator[MatrixBatch]
    above: tuple[MatrixRow, ...] = ()
    """Who reaches the unit or something below it from elsewhere."""
    differences: Differences | None = None
    """What changed between this instant and the other that was named."""

    @property
    def rows(self) -> Iterator[MatrixRow]:
        """The rows of the unit and what is below it, in order; goes through `batches`."""
        return (row for batch in self.batches for row in batch.rows)


def class_names(scope: Scope, classes: Mapping[str, SchoolClass]) -> tuple[str, ...]:
    """`6A`, or `6A (TOAN)` where only a subject of it is meant; the id of a class that is not known."""
    named: dict[str, list[str]] = {}
    for id_, subject in sorted(scope.classes or ()):
        found = classes.get(id_)
        named.setdefault(found.name if found else id_, []).append(subject)
    # A class as a whole says more than any of its subjects.
    return tuple(name if "" in subjects else f"{name} ({', '.join(subjects)})" for name, subjects in named.items())
