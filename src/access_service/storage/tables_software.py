"""Tables of software, its papers and its clients: the columns are those of the domain's values."""

from datetime import date, datetime

from sqlalchemy import Column, Index, String, Text
from sqlmodel import Field

from access_service.storage.tables import Fact, _by


class SoftwareRow(Fact, table=True):  # noqa: D101
    __tablename__ = "software"
    __table_args__ = _by("software", "unit", "account")
    unit: str
    account: str
    name: str = Field(sa_type=Text)
    supplier: str = Field(sa_type=Text)
    data_fields: str = Field(sa_type=Text)
    data_scope: str = Field(sa_type=Text)
    frequency: str = Field(sa_type=Text)
    method: str = Field(sa_type=Text)
    cost: str = Field(sa_type=Text)
    legal_standing: str = Field(sa_type=Text)
    security_level: int | None = None
    security_standard: str | None = Field(default=None, sa_type=Text)
    on_axis: bool
    is_enforcement_point: bool


class ApprovalRow(Fact, table=True):  # noqa: D101
    __tablename__ = "approvals"
    __table_args__ = _by("approvals", "software", "scope_unit")
    software: str
    number: str
    dated: date
    sha256: str
    scope: str = Field(sa_type=Text)
    scope_unit: str
    """The scope's unit once more, to be found by."""
    frequency: str
    method: str
    recorded_at: datetime
    withdrawn_at: datetime | None = None
    withdrawn_because: str | None = Field(default=None, sa_type=Text)
    purpose: str | None = Field(default=None, sa_type=Text)
    agreement_number: str | None = None
    agreement_dated: date | None = None
    agreement_sha256: str | None = None
    receiver_role: str | None = None
    retention: str | None = Field(default=None, sa_type=Text)
    deletion: str | None = Field(default=None, sa_type=Text)


class SoftwareConfirmationRow(Fact, table=True):
    """What the department has confirmed of software: a security level, the connection to the data axis."""

    __tablename__ = "software_confirmations"
    __table_args__ = _by("software_confirmations", "software")
    software: str
    subject: str
    level: int | None = None
    number: str
    dated: date
    issuer: str
    sha256: str
    withdrawn_because: str | None = Field(default=None, sa_type=Text)


class ObligationRow(Fact, table=True):
    """What is owed after an approval."""

    __tablename__ = "obligations"
    __table_args__ = _by("obligations", "approval", "software")
    kind: str
    approval: str
    software: str
    unit: str
    number: str | None = None
    dated: date | None = None
    sha256: str | None = None
    confirmed_by: str | None = None


class DrawRow(Fact, table=True):
    """One row a draw that is counted."""

    __tablename__ = "draws"
    __table_args__ = _by("draws", "software", "approval")
    software: str
    approval: str
    period: str


class ClientRow(Fact, table=True):
    """Clients of software; secrets as SHA-256 of 256 random bits."""

    __tablename__ = "clients"
    __table_args__ = (*_by("clients", "software"), Index("ix_clients_id", "id", "to_rev"))
    # (The name of the attribute: `register` is a method of the class above.)
    home: str = Field(sa_column=Column("register", String, nullable=False))
    """The register once more, because a client is found by its id alone."""
    software: str
    secret_sha256: str | None = None
    old_secret_sha256: str | None = None
    old_secret_until: datetime | None = None
    jwks: str | None = Field(default=None, sa_type=Text)
    pep_scopes: str
    resource_types: str
    resource: str | None = Field(default=None, sa_type=Text)
    created_at: datetime
    disabled_at: datetime | None = None
    serves: str | None = Field(default=None, sa_type=Text)
    revoked_before: datetime | None = None
    serves_approved_at: datetime | None = None
    redirect_uris: str = Field(default="[]", sa_type=Text, sa_column_kwargs={"server_default": "[]"})
    post_logout_uris: str = Field(default="[]", sa_type=Text, sa_column_kwargs={"server_default": "[]"})
