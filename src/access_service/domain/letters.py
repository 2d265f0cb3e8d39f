"""What is written about software: the letter that agrees to sharing, and the report of the form (evidence 2.2)."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any

from access_service.domain.audit import instant
from access_service.domain.names import ApprovalId, DrawMethod, Frequency, ReceiverRole, SoftwareId
from access_service.domain.paper_values import read_scope, scope_json
from access_service.domain.scope import Scope


@dataclass(frozen=True, slots=True)
class ApprovalBody:
    """The letter with which software may draw data (rule 13): which, what, how, how long, and what follows."""

    approval: ApprovalId
    """The id that the approval has once the letter is signed."""
    software: SoftwareId
    scope: Scope
    frequency: Frequency
    method: DrawMethod
    valid_from: datetime
    valid_to: datetime
    purpose: str
    agreement_number: str
    agreement_dated: date
    agreement_sha256: str
    receiver_role: ReceiverRole
    retention: str
    deletion: str
    request_number: str | None = None
    """Of the letter in which the unit asked."""
    request_dated: date | None = None

    def json(self) -> dict[str, Any]:
        """As it is signed."""
        found: dict[str, Any] = {
            "approval": self.approval,
            "software": self.software,
            "scope": scope_json(self.scope),
            "frequency": str(self.frequency),
            "method": str(self.method),
            "valid_from": instant(self.valid_from),
            "valid_to": instant(self.valid_to),
            "purpose": self.purpose,
            "agreement": {
                "number": self.agreement_number,
                "dated": self.agreement_dated.isoformat(),
                "sha256": self.agreement_sha256,
            },
            "receiver_role": str(self.receiver_role),
            "retention": self.retention,
            "deletion": self.deletion,
        }
        if self.request_number is not None and self.request_dated is not None:
            found["request"] = {"number": self.request_number, "dated": self.request_dated.isoformat()}
        return found

    @classmethod
    def read(cls, found: Mapping[str, Any]) -> "ApprovalBody":
        """As it was signed."""
        agreement, request = found["agreement"], found.get("request")
        return cls(
            approval=ApprovalId(found["approval"]),
            software=SoftwareId(found["software"]),
            scope=read_scope(found["scope"]),
            frequency=Frequency(found["frequency"]),
            method=DrawMethod(found["method"]),
            valid_from=datetime.fromisoformat(found["valid_from"]),
            valid_to=datetime.fromisoformat(found["valid_to"]),
            purpose=found["purpose"],
            agreement_number=agreement["number"],
            agreement_dated=date.fromisoformat(agreement["dated"]),
            agreement_sha256=agreement["sha256"],
            receiver_role=ReceiverRole(found["receiver_role"]),
            retention=found["retention"],
            deletion=found["deletion"],
            request_number=None if request is None else request["number"],
            request_dated=None if request is None else date.fromisoformat(request["dated"]),
        )


@dataclass(frozen=True, slots=True)
class ReportRow:
    """One line of the form: the words that the unit entered, and what the annex says of it."""

    software: SoftwareId
    name: str
    supplier: str
    data: str
    frequency: str
    method: str
    cost: str
    legal: str
    security_level: int | None
    standard: str | None
    on_axis: bool
    approval: ApprovalId | None


@dataclass(frozen=True, slots=True)
class ReportBody:
    """The software that a unit uses at an instant; a report of nothing is a report."""

    at: datetime
    rows: tuple[ReportRow, ...]

    def json(self) -> dict[str, Any]:
        """As it is signed."""
        return {"at": instant(self.at), "rows": [asdict(row) for row in self.rows]}

    @classmethod
    def read(cls, found: Mapping[str, Any]) -> "ReportBody":
        """As it was signed."""
        return cls(datetime.fromisoformat(found["at"]), tuple(ReportRow(**row) for row in found["rows"]))
