"""More tables of facts about accounts: the columns are those of the domain's values."""

from datetime import datetime

from sqlalchemy import Index, Text, false
from sqlmodel import Field, SQLModel

from access_service.storage.tables import Fact, _by


class HomeRow(Fact, table=True):  # noqa: D101
    __tablename__ = "homes"
    __table_args__ = _by("homes", "account", "unit")
    account: str
    unit: str
    how: str
    basis: str = Field(sa_type=Text)


class CodeShownRow(Fact, table=True):
    """Who was shown the code of somebody else's account; never the code."""

    __tablename__ = "codes_shown"
    __table_args__ = _by("codes_shown", "account", "holder")
    account: str
    holder: str
    shown_to: str


class ExternalRow(Fact, table=True):  # noqa: D101
    __tablename__ = "externals"
    __table_args__ = _by("externals", "document", "person")
    person: str
    document: str
    unit: str
    body: str = Field(sa_type=Text)
    decision: str = Field(sa_type=Text)
    username: str


class RecoveryRow(Fact, table=True):
    """Codes that wait: SHA-256 only."""

    __tablename__ = "recoveries"
    __table_args__ = (*_by("recoveries", "account"), Index("ix_recoveries_code", "code_sha256", "to_rev"))
    account: str
    asked_by: str
    asker: str
    code_sha256: str
    code_hours: int
    resets_factor: bool
    opens_at: datetime
    approved_by: str | None = None
    approved_at: datetime | None = None
    slip: str | None = None
    slip_sha256: str | None = None
    stopped_by: str | None = None
    stopped_because: str | None = Field(default=None, sa_type=Text)
    used_at: datetime | None = None
    operator: str | None = None
    needs_second: bool = Field(default=False, sa_column_kwargs={"server_default": false()})


class KnownSourceRow(SQLModel, table=True):
    """From where somebody signed in to an account: a lock for wrong ones does not stop them there."""

    __tablename__ = "known_sources"
    register_id: str = Field(primary_key=True)
    account: str = Field(primary_key=True)
    source: str = Field(primary_key=True)
    """SHA-256 of the address."""
    seen_at: datetime


class ServiceSignInRow(SQLModel, table=True):
    """Codes and refresh tokens of people who were signed in for a service: SHA-256 only."""

    __tablename__ = "service_sign_ins"
    id: str = Field(primary_key=True)
    register_id: str
    account: str
    person: str
    audience: str = Field(sa_type=Text)
    redirect_uri: str = Field(sa_type=Text)
    scope: str
    resources: str = Field(sa_type=Text)
    nonce: str | None = Field(default=None, sa_type=Text)
    challenge: str
    code_sha256: str = Field(unique=True)
    code_until: datetime
    parent: str
    signed_in_at: datetime
    methods: str
    expires_at: datetime = Field(index=True)
    redeemed_at: datetime | None = None
    session_sha256: str | None = None
    refresh_sha256: str | None = None


class ToldServiceRow(SQLModel, table=True):
    """What a person was told that a service learns of them, when they first signed in for it."""

    __tablename__ = "told_services"
    register_id: str = Field(primary_key=True)
    account: str = Field(primary_key=True)
    audience: str = Field(primary_key=True)
    scope: str
    told_at: datetime
