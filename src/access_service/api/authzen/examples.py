"""What the descriptions of the AuthZEN routes show: one question, a batch, three searches, and their answers."""

from collections.abc import Mapping
from typing import Any

from access_service.domain.access import Wanted
from access_service.domain.reasons import Reason
from access_service.domain.text import REASON_TEXT

_CLASS = "311138301:2026-2027:6A1"
_SUBJECT = {"type": "account", "id": "acc_4f1c0d9a7b2e6385c0aa"}
_PUPIL = {
    "type": "student",
    "id": "000000000001",
    "properties": {"category": "STU-ACA", "class": _CLASS, "subject": "TOAN"},
}
QUESTION: Mapping[str, Any] = {
    "subject": _SUBJECT,
    "action": {"name": "read"},
    "resource": _PUPIL,
    "context": {"explain": "code"},
}
BATCH: Mapping[str, Any] = {
    "subject": _SUBJECT,
    "resource": _PUPIL,
    "evaluations": [{"action": {"name": "read"}}, {"action": {"name": "write"}}],
    "options": {"evaluations_semantic": "execute_all"},
}
_OUTSIDE = REASON_TEXT[Reason.OUTSIDE_CLASS]
DENIED: Mapping[str, Any] = {
    "decision": False,
    "context": {"reason": {"code": Reason.OUTSIDE_CLASS.value, "en": _OUTSIDE.en, "vi": _OUTSIDE.vi}},
}
DECISIONS: Mapping[str, Any] = {"evaluations": [{"decision": True}, {"decision": False}]}
METADATA_EXAMPLE: Mapping[str, Any] = {
    "policy_decision_point": "https://phanquyen.example.vn",
    "access_evaluation_endpoint": "https://phanquyen.example.vn/access/v1/evaluation",
}
_CLASSES = {"type": "class", "properties": {"category": "STU-ACA", "subject": "TOAN"}}
_ONE_CLASS = {"type": "class", "id": _CLASS, "properties": {"category": "STU-ACA", "subject": "TOAN"}}
_READ = {"name": "read"}
SEARCHES: Mapping[Wanted, Mapping[str, Any]] = {
    "subject": {"subject": {"type": "account"}, "action": _READ, "resource": _ONE_CLASS},
    "resource": {"subject": _SUBJECT, "action": _READ, "resource": _CLASSES, "page": {"limit": 200}},
    "action": {"subject": _SUBJECT, "resource": _ONE_CLASS},
}
_PAGE = {"next_token": "", "count": 1}
FOUND: Mapping[Wanted, Mapping[str, Any]] = {
    "subject": {"page": _PAGE, "results": [_SUBJECT]},
    "resource": {"page": _PAGE, "results": [{"type": "class", "id": _CLASS}]},
    "action": {"page": _PAGE, "results": [_READ]},
}
