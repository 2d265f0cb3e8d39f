"""Software in the test world: registered by a unit, approved by the department."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from access_service.domain.names import ApprovalId, Confirmable, DrawMethod, Frequency, ReceiverRole, UnitId
from access_service.domain.obligations import Obligation
from access_service.domain.scope import Scope
from access_service.domain.software import Approval, Software, SoftwareConfirmation
from access_service.usecases.third_party import software, software_papers
from access_service.usecases.third_party.software import ApprovalPaper, Entry
from access_service.usecases.third_party.software_papers import ConfirmingPaper, DeletionPaper
from world import SCHOOL, World

ENTRY = Entry(
    unit=UnitId("0003101"),
    name="Phần mềm nhắn tin thử",
    supplier="Công ty A",
    data_fields="Họ và tên, lớp, số điện thoại phụ huynh",
    data_scope="Học sinh khối 6",
    frequency="1 lần đầu năm học",
    method="Tự động lấy dữ liệu",
    cost="Nhà trường ký hợp đồng với đối tác",
    legal_standing="Nhà trường tự ký hợp đồng trực tiếp với đối tác",
)


TERMS: dict[str, Any] = {
    "purpose": "Nhắn tin cho phụ huynh",
    "agreement_number": "01/HĐ-A",
    "agreement_dated": date(2026, 8, 1),
    "agreement_sha256": "1" * 64,
    "receiver_role": ReceiverRole.PROCESSOR,
    "retention": "Đến hết năm học",
    "deletion": "Xoá khỏi máy chủ, có biên bản",
}
"""What an approval says beside its scope."""


def confirm(world: World, of: Software, subject: Confirmable, level: int | None = None, **more: Any) -> Any:
    """The department's written confirmation of what the unit states, for a year."""
    found: SoftwareConfirmation = software_papers.confirm_software(
        world.services, more.pop("by", world.admins[world.root]), confirming(world, of, subject, level, **more)
    )
    return found


def confirming(
    world: World, of: Software, subject: Confirmable, level: int | None = None, **more: Any
) -> ConfirmingPaper:
    """The paper of it."""
    said: dict[str, Any] = {
        "software": of.id,
        "subject": subject,
        "level": level,
        "number": "001/SGDĐT-VP",
        "dated": date(2026, 8, 19),
        "issuer": "Sở GDĐT",
        "sha256": "2" * 64,
        "valid_to": world.clock.now + timedelta(days=365),
    }
    return ConfirmingPaper(**(said | more))


def delete(world: World, approval: ApprovalId, by: UnitId = SCHOOL, dated: date = date(2026, 9, 30)) -> Obligation:
    """The contracting unit's word that the data is gone."""
    paper = DeletionPaper(approval, "02/BB-A", dated, "3" * 64)
    return software_papers.confirm_deletion(world.services, world.admins[by], paper)


def enter(world: World, unit: UnitId = SCHOOL, **more: Any) -> Software:
    """Software of a unit, entered by its admin account."""
    return software.register_software(world.services, world.admins[unit], replace(ENTRY, unit=unit, **more))


def paper(world: World, of: Software, **more: Any) -> ApprovalPaper:
    """The department's approval: pupils' identity in the software's unit, for thirty days."""
    axes = {
        k: more.pop(k) for k in ("levels", "grades", "classes", "subjects", "actions", "school_year") if k in more
    }
    scope = Scope(unit=more.pop("unit", of.unit), categories=more.pop("categories", frozenset({"STU-ID"})), **axes)
    said: dict[str, Any] = {
        "software": of.id,
        "number": "000/SGDĐT-VP",
        "dated": date(2026, 8, 19),
        "sha256": "0" * 64,
        "scope": scope,
        "frequency": Frequency.UNLIMITED,
        "method": DrawMethod.API,
        "valid_from": world.clock.now,
        "valid_to": world.clock.now + timedelta(days=30),
        **TERMS,
    }
    return ApprovalPaper(**{**said, **more})


def approve(world: World, of: Software, **more: Any) -> Approval:
    """The same, recorded by the department."""
    return software.record_approval(world.services, world.admins[world.root], paper(world, of, **more))
