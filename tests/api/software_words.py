"""What the tests write of software: what a school enters, the department's approval, a client's key."""

from __future__ import annotations

from typing import Any

from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from jwt.algorithms import ECAlgorithm
from managing import NOW

from world import SCHOOL

UNTIL = "2026-12-31T00:00:00+07:00"


def entry(unit: str = SCHOOL, **more: Any) -> dict[str, Any]:
    return {
        "unit": unit,
        "name": "Phần mềm nhắn tin thử",
        "supplier": "Công ty A",
        "data_fields": "Họ và tên, lớp, số điện thoại phụ huynh",
        "data_scope": "Học sinh khối 6",
        "frequency": "1 lần đầu năm học",
        "method": "Tự động lấy dữ liệu",
        "cost": "Nhà trường ký hợp đồng với đối tác",
        "legal_standing": "Nhà trường tự ký hợp đồng",
        **more,
    }


def paper(software: str, **more: Any) -> dict[str, Any]:
    return {
        "software": software,
        "number": "000/SGDĐT-VP",
        "dated": "2026-08-19",
        "sha256": "0" * 64,
        "scope": {"unit": SCHOOL, "grades": ["6"], "categories": ["STU-CON"]},
        "frequency": "once_a_school_year",
        "method": "api",
        "valid_from": NOW,
        "valid_to": UNTIL,
        "purpose": "Nhắn tin cho phụ huynh",
        "agreement_number": "01/HĐ-A",
        "agreement_dated": "2026-08-01",
        "agreement_sha256": "1" * 64,
        "receiver_role": "processor",
        "retention": "Đến hết năm học",
        "deletion": "Xoá khỏi máy chủ, có biên bản",
        **more,
    }


def jwk(*, private: bool = False) -> dict[str, Any]:
    key = generate_private_key(SECP256R1())
    found: dict[str, Any] = ECAlgorithm.to_jwk(key if private else key.public_key(), as_dict=True)
    return {"kid": "k1", **found}
