"""Software in the test world: registered by a unit, approved by the department."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from access_service.domain.names import DrawMethod, Frequency, UnitId
from access_service.domain.scope import Scope
from access_service.domain.software import Approval, Software
from access_service.usecases import software
from access_service.usecases.software import Entry, Paper
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


def enter(world: World, unit: UnitId = SCHOOL, **more: Any) -> Software:
    """Software of a unit, entered by its admin account."""
    return software.register_software(world.services, world.admins[unit], replace(ENTRY, unit=unit, **more))


def paper(world: World, of: Software, **more: Any) -> Paper:
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
    }
    return Paper(**{**said, **more})


def approve(world: World, of: Software, **more: Any) -> Approval:
    """The same, recorded by the department."""
    return software.record_approval(world.services, world.admins[world.root], paper(world, of, **more))
