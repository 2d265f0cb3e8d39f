"""Tables. Facts are bitemporal: nothing in them is overwritten (rule 16). Columns are named as a value's fields.

A row holds its value in `valid_from`..`valid_to` and is what the register knew from `from_rev` up to `to_rev`
(NULL: still). A change closes it and inserts the next. Keys begin with the register: two registers never meet.
"""

from collections.abc import Mapping
from datetime import date, datetime

from sqlalchemy import BigInteger, Column, Connection, Index, LargeBinary, MetaData, Table, Text, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Field, SQLModel

from access_service.storage.instants import share_instants

metadata: MetaData = SQLModel.metadata
metadata.naming_convention = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


def table(row_type: type[SQLModel]) -> Table:
    """The SQLAlchemy table of a row class: reads and bulk writes go around the ORM session."""
    return share_instants(row_type.__table__)  # type: ignore[attr-defined]


def insert_once(connection: Connection, into: Table, *rows: Mapping[str, object]) -> None:
    """Insert rows of a table that registers share, unless their key is there: another node may do the same."""
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    connection.execute(dialect.insert(into).on_conflict_do_nothing(), list(map(dict, rows)))


class Fact(SQLModel):
    """What every bitemporal row has."""

    register_id: str = Field(primary_key=True)
    id: str = Field(primary_key=True)
    from_rev: int = Field(primary_key=True, sa_type=BigInteger)
    to_rev: int | None = Field(default=None, sa_type=BigInteger)
    valid_from: datetime
    valid_to: datetime | None = None


def _by(table: str, *columns: str, new: bool = False) -> tuple[Index, ...]:
    """One index a column for look-ups now and in the past; with `new` one for what later revisions recorded."""
    later = (Index(f"ix_{table}_from_rev", "register_id", "from_rev"),) if new else ()
    return (*(Index(f"ix_{table}_{column}", "register_id", column, "to_rev") for column in columns), *later)


class UnitRow(Fact, table=True):  # noqa: D101
    __tablename__ = "units"
    __table_args__ = _by("units", "kind")
    kind: str
    name: str = Field(sa_type=Text)
    levels: str
    abbreviation: str | None = None
    folded: str | None = Field(default=None, sa_type=Text)
    sort_key: str | None = Field(default=None, sa_type=Text)


class EdgeRow(Fact, table=True):  # noqa: D101
    __tablename__ = "management_edges"
    __table_args__ = _by("management_edges", "unit", "manager")
    unit: str
    manager: str
    basis: str


class SchoolYearRow(Fact, table=True):  # noqa: D101
    __tablename__ = "school_years"
    starts_at: datetime
    closes_at: datetime


class SchoolClassRow(Fact, table=True):  # noqa: D101
    __tablename__ = "school_classes"
    __table_args__ = _by("school_classes", "school")
    school: str
    school_year: str
    name: str
    level: str
    grade: str
    folded: str | None = Field(default=None, sa_type=Text)
    sort_key: str | None = Field(default=None, sa_type=Text)


class PersonRow(Fact, table=True):
    """The only table that holds names."""

    __tablename__ = "persons"
    __table_args__ = _by("persons", new=True)
    name: str = Field(sa_type=Text)
    sort_key: str = Field(sa_type=Text)
    folded: str | None = Field(default=None, sa_type=Text)


class AssignmentRow(Fact, table=True):  # noqa: D101
    __tablename__ = "assignments"
    __table_args__ = _by("assignments", "person", "unit", "substitutes", new=True)
    person: str
    unit: str
    position: str
    decision_number: str
    decision_date: date
    decision_sha256: str | None = None
    classes: str | None = Field(default=None, sa_type=Text)
    subjects: str | None = None
    levels: str | None = None
    substitutes: str | None = None
    leads: bool | None = None


class AccountRow(Fact, table=True):  # noqa: D101
    __tablename__ = "accounts"
    __table_args__ = _by("accounts", "unit", "person", "username", new=True)
    kind: str
    unit: str
    person: str | None = None
    username: str
    activated_at: datetime | None = None


class SuspensionRow(Fact, table=True):  # noqa: D101
    __tablename__ = "suspensions"
    __table_args__ = _by("suspensions", "target")
    kind: str
    target: str
    unit: str
    reason: str = Field(sa_type=Text)


class CustodyRow(Fact, table=True):  # noqa: D101
    __tablename__ = "custodies"
    __table_args__ = _by("custodies", "unit", "person", "account")
    unit: str
    account: str
    person: str
    holder: str
    document: str | None = None
    assignment: str | None = None


class AuthorityRow(Fact, table=True):  # noqa: D101
    __tablename__ = "authorities"
    __table_args__ = _by("authorities", "unit", "parent")
    unit: str
    parent: str | None = None
    scope: str = Field(sa_type=Text)
    basis: str
    succeeds: str | None = None


class GrantRow(Fact, table=True):  # noqa: D101
    __tablename__ = "grants"
    __table_args__ = _by("grants", "account", "unit", "authority", "assignment", "document", "scope_unit", new=True)
    account: str
    role: str
    scope: str = Field(sa_type=Text)
    scope_unit: str  # the scope's unit once more, to be found by
    unit: str
    authority: str
    assignment: str | None = None
    document: str | None = None
    replaces: str | None = None
    activated_at: datetime | None = None
    ended_at: datetime | None = None
    ended_as: str | None = None
    refused: str | None = None


class ConfirmationRow(Fact, table=True):  # noqa: D101
    __tablename__ = "confirmations"
    __table_args__ = _by("confirmations", "unit")
    unit: str
    assignment: str


class InspectionRow(Fact, table=True):  # noqa: D101
    __tablename__ = "inspections"
    __table_args__ = _by("inspections", "unit")
    document: str
    unit: str
    units: str = Field(sa_type=Text)
    members: str = Field(sa_type=Text)
    content: str = Field(sa_type=Text)


class LeavingCaseRow(Fact, table=True):  # noqa: D101
    __tablename__ = "leaving_cases"
    __table_args__ = _by("leaving_cases", "unit", "person", "document")
    person: str
    unit: str
    assignment: str
    document: str | None = None


class DocumentRow(Fact, table=True):  # noqa: D101
    __tablename__ = "documents"
    __table_args__ = _by("documents", "unit", "receiver", "supersedes", "kept_by")
    kind: str
    unit: str
    number: str
    dated: date
    version: int
    state: str
    receiver: str | None = None
    prepared_by: str | None = None
    content: str = Field(sa_type=Text)
    sha256: str
    method: str
    state_since: datetime
    text_version: str | None = None
    supersedes: str | None = None
    reference: str | None = Field(default=None, sa_type=Text)
    reason: str | None = Field(default=None, sa_type=Text)
    signed_at: datetime | None = None
    ended_at: datetime | None = None
    kept_by: str | None = None


class SignatureRow(Fact, table=True):  # noqa: D101
    __tablename__ = "signatures"
    __table_args__ = _by("signatures", "document", "person")
    document: str
    version: int
    sha256: str
    side: str
    person: str
    account: str | None = None
    capacity: str
    capacity_basis: str | None = None
    method: str
    signed_at: datetime
    key: str
    confirmation: str
    how: str | None = None


class BindingRow(Fact, table=True):  # noqa: D101
    __tablename__ = "pack_bindings"
    __table_args__ = _by("pack_bindings", "unit")
    unit: str
    pack: str
    digest: str


class RegisterRow(SQLModel, table=True):
    """A tenant: everything under one department."""

    __tablename__ = "registers"
    id: str = Field(primary_key=True)
    root: str
    created_at: datetime
    demo: bool = False
    """A demonstration: its passwords stand in a file, so `serve` refuses it."""


class CounterRow(SQLModel, table=True):
    """One row a register; every write holds it from its first statement to its commit."""

    __tablename__ = "counters"
    register_id: str = Field(primary_key=True)
    n: int = Field(sa_type=BigInteger)
    """The newest revision."""
    seq: int = Field(sa_type=BigInteger)
    """The newest audit event."""
    head: str
    """SHA-256 of the newest audit event."""
    recorded_at: datetime


class RevisionRow(SQLModel, table=True):
    """When each revision was recorded, whose decisions it may have changed, and which facts it wrote."""

    __tablename__ = "revisions"
    register_id: str = Field(primary_key=True)
    n: int = Field(primary_key=True, sa_type=BigInteger)
    recorded_at: datetime
    accounts: str | None = Field(default=None, sa_type=Text)
    """A JSON list; NULL when others may be, too: `moved` says which, or all. `wrote`: ids by table; NULL: any."""
    moved: str | None = Field(default=None, sa_type=Text)
    wrote: str | None = Field(default=None, sa_type=Text)
    head: str = Field(default="", sa_column_kwargs={"server_default": text("''")})
    """Hash of the last event it wrote: the same number means the same revision only where this is the same."""


class EventRow(SQLModel, table=True):
    """The audit log (domain.audit)."""

    __tablename__ = "events"
    __table_args__ = (
        Index("ix_events_target", "register_id", "target"),
        Index("ix_events_unit", "register_id", "unit", "unit_seq", unique=True),
        Index("ix_events_actor", "register_id", "actor", "seq"),
        Index("ix_events_person", "register_id", "person", "seq"),
        Index("ix_events_recorded_at", "register_id", "recorded_at"),
    )
    register_id: str = Field(primary_key=True)
    seq: int = Field(primary_key=True, sa_type=BigInteger)
    revision: int = Field(sa_type=BigInteger)
    recorded_at: datetime
    actor: str
    action: str
    target: str
    outcome: str
    code: str | None = None
    details: str = Field(sa_type=Text)
    policy: str
    previous: str
    leaf: str
    format: int = Field(default=1, sa_column_kwargs={"server_default": text("1")})
    person: str | None = None
    unit: str | None = None
    unit_seq: int | None = Field(default=None, sa_type=BigInteger)
    unit_previous: str | None = None


class EventDetailsRow(SQLModel, table=True):
    """Details that are too large to stand in their event, by SHA-256."""

    __tablename__ = "event_details"
    register_id: str = Field(primary_key=True)
    sha256: str = Field(primary_key=True)
    details: str = Field(sa_type=Text)


class UnitChainRow(SQLModel, table=True):
    """Where the chain of each unit stands; read and moved by whoever holds the register's counter."""

    __tablename__ = "unit_chains"
    register_id: str = Field(primary_key=True)
    unit: str = Field(primary_key=True)
    n: int = Field(sa_type=BigInteger)
    """Events so far."""
    head: str
    """SHA-256 of the newest."""


class PackRow(SQLModel, table=True):
    """The bytes of every pack that was ever in force, by SHA-256."""

    __tablename__ = "packs"
    digest: str = Field(primary_key=True)
    name: str
    version: str
    archive: bytes = Field(sa_column=Column(LargeBinary, nullable=False))


class PublicKeyRow(SQLModel, table=True):
    """Public halves, kept for ever with the interval in which each key signed."""

    __tablename__ = "public_keys"
    id: str = Field(primary_key=True)
    purpose: str
    public: str
    valid_from: datetime
    valid_to: datetime | None = None


class CredentialRow(SQLModel, table=True):
    """Secrets are the one thing that is overwritten: only their newest hash is kept."""

    __tablename__ = "credentials"
    register_id: str = Field(primary_key=True)
    account: str = Field(primary_key=True)
    username: str
    folded: str | None = None
    skeleton: str | None = None
    password: str | None = Field(default=None, sa_type=Text)
    activation_sha256: str | None = Field(default=None, index=True)
    activation_until: datetime | None = None
    failed: int = 0
    locked_until: datetime | None = None
    password_set_at: datetime | None = None
    seen_at: datetime | None = None


class SessionRow(SQLModel, table=True):
    """Bearer sessions: SHA-256 of the token only."""

    __tablename__ = "sessions"
    __table_args__ = (Index("ix_sessions_account", "register_id", "account"),)
    token_sha256: str = Field(primary_key=True)
    register_id: str
    account: str
    person: str
    created_at: datetime
    expires_at: datetime
    used_at: datetime
    idle_s: int
    due: str | None = None
    audience: str | None = None
    parent: str | None = Field(default=None, index=True)
    methods: str | None = None


class IdempotencyRow(SQLModel, table=True):
    """What a write answered, so that a repeat of the request gives the same answer and changes nothing."""

    __tablename__ = "idempotency_keys"
    register_id: str = Field(primary_key=True)
    account: str = Field(primary_key=True)
    key: str = Field(primary_key=True)
    request_sha256: str
    status: int
    """0 while nothing was done, 1 once something was, then the status of the answer."""
    body: str = Field(sa_type=Text)
    """The attempt and its revisions; behind a line feed the answer, closed."""
    created_at: datetime


Index("ix_credentials_username", CredentialRow.register_id, CredentialRow.username, unique=True)
# Not unique: names that were given before may fold alike.
Index("ix_credentials_folded", CredentialRow.register_id, CredentialRow.folded)  # type: ignore[arg-type]
Index("ix_credentials_skeleton", CredentialRow.register_id, CredentialRow.skeleton)  # type: ignore[arg-type]


class DeniedTokenRow(SQLModel, table=True):
    """Single tokens that were revoked (RFC 7009), until they would have expired."""

    __tablename__ = "denied_tokens"
    register_id: str = Field(primary_key=True)
    jti: str = Field(primary_key=True)
    expires_at: datetime = Field(index=True)


class UsedAssertionRow(SQLModel, table=True):
    """Client assertions that were used (RFC 7523), until they expire: none opens the door twice, on no node."""

    __tablename__ = "used_assertions"
    key: str = Field(primary_key=True)
    """SHA-256 over client and `jti`."""
    expires_at: datetime = Field(index=True)


class SecondFactorRow(SQLModel, table=True):
    """What is asked for beside a password; a TOTP secret is kept encrypted, of a passkey the public half."""

    __tablename__ = "second_factors"
    __table_args__ = (
        Index("ix_second_factors_account", "register_id", "account"),
        Index("ix_second_factors_credential", "register_id", "credential", unique=True),
    )
    register_id: str = Field(primary_key=True)
    id: str = Field(primary_key=True)
    account: str
    kind: str
    secret: str = Field(sa_type=Text)
    credential: str | None = Field(default=None, sa_type=Text)
    counter: int = Field(sa_type=BigInteger)
    """The last step of a code that was accepted, or a passkey's signature counter."""
    created_at: datetime
    confirmed_at: datetime | None = None


class ChallengeRow(SQLModel, table=True):
    """What a passkey is asked to sign: once, and soon."""

    __tablename__ = "challenges"
    __table_args__ = (Index("ix_challenges_account", "register_id", "account"),)
    challenge: str = Field(primary_key=True)
    register_id: str
    account: str
    purpose: str
    expires_at: datetime


class PasswordHistoryRow(SQLModel, table=True):
    """The last passwords of an account whose passwords may not come again, as hashes."""

    __tablename__ = "password_history"
    register_id: str = Field(primary_key=True)
    account: str = Field(primary_key=True)
    revision: int = Field(primary_key=True, sa_type=BigInteger)
    """Of the register, when it was set: two in one instant keep their order."""
    password: str = Field(sa_type=Text)


class LogTileRow(SQLModel, table=True):
    """Hashes of full tiles of the level below, up to 256 in a row; level 0 is `events.leaf`."""

    __tablename__ = "log_tiles"
    register_id: str = Field(primary_key=True)
    level: int = Field(primary_key=True)
    n: int = Field(primary_key=True, sa_type=BigInteger)
    hashes: bytes = Field(sa_column=Column(LargeBinary, nullable=False))


class CheckpointRow(SQLModel, table=True):
    """Every checkpoint that was signed, as it was signed."""

    __tablename__ = "checkpoints"
    register_id: str = Field(primary_key=True)
    epoch: int = Field(primary_key=True)
    size: int = Field(primary_key=True, sa_type=BigInteger)
    root: str
    note: str = Field(sa_type=Text)
    made_at: datetime
