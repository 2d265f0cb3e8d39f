"""Certificates of people and units, as facts."""

from datetime import datetime

from sqlalchemy import Text
from sqlmodel import Field

from access_service.storage.tables import Fact, _by


class CertificateRow(Fact, table=True):  # noqa: D101
    __tablename__ = "certificates"
    __table_args__ = _by("certificates", "person", "unit", "sha256")
    person: str | None = None
    unit: str
    is_of_unit: bool
    sha256: str
    subject: str = Field(sa_type=Text)
    issuer: str = Field(sa_type=Text)
    serial: str
    not_before: datetime
    not_after: datetime
    basis: str = Field(sa_type=Text)
