"""Attempts through the API that need something to happen first; what they pause they resume."""

from __future__ import annotations

from itertools import count
from typing import Any

from managing import ADMIN, NOW, OFFICE_ADMIN, OFFICE_HEAD, OTHER, OTHER_ADMIN, PRINCIPAL, ROOT_ADMIN, Managed

from doors.cells import Api
from world import LOWER, OFFICE, PASSWORD, SCHOOL

LATER = "2026-12-01T00:00:00+07:00"
DECIDED = {"decision_number": "000/QĐ", "decision_date": "2026-08-01", "valid_from": NOW}
ORDER = count(1)


def first_authority(m: Managed, who: str, unit: str) -> str:
    """The unit's first authority that nobody withdrew."""
    held = m.seen(who, f"units/{unit}/authorities")["authorities"]
    return str(next(a["id"] for a in held if a["valid_to"] is None))


def minutes(m: Managed, who: str, unit: str, key: str, **line: Any) -> Any:
    """Minutes with one line for somebody."""
    given = {"role": "clerk", "assignment": m.person(key).duty, "valid_from": NOW, "valid_to": LATER, **line}
    body = {"unit": unit, "receiver": m.person(key).person, "dated": "2026-08-20"}
    return m.post(who, "handovers", body | {"lines": [given]})


def while_suspended(m: Managed, who: str, unit: str, then: Any) -> Any:
    """The unit's authority is suspended from above for one request."""
    path = f"authorities/{first_authority(m, who, unit)}"
    m.made(who, f"{path}/suspend", {"reason": "thử"})
    try:
        return then()
    finally:
        m.made(who, f"{path}/resume")


SUSPENDED_GIVER = Api(
    lambda m: while_suspended(m, OFFICE_ADMIN, OTHER, lambda: minutes(m, OTHER_ADMIN, OTHER, "ngoai"))
)
SUSPENDED_PARENT = Api(
    lambda m: while_suspended(
        m, ROOT_ADMIN, OFFICE, lambda: m.post(OFFICE_ADMIN, "authorities", {"unit": SCHOOL, "basis": "1"})
    )
)
HEAD_OF_ANOTHERS_SCHOOL = Api(
    lambda m: minutes(m, ROOT_ADMIN, "00031", f"head:{SCHOOL}", role="principal", scope_unit=SCHOOL)
)


def _new_school(m: Managed, *, with_account: bool) -> tuple[str, str]:
    """A school under the commune with a principal who does not operate its account; its id and their key."""
    number = next(ORDER)
    unit, key = f"00031{number:02d}9", f"thay{number}"
    m.world.add_unit(unit, "school", "Trường Thử Thêm", OFFICE, LOWER)
    m.world.hire(key, unit, "principal", OFFICE)  # type: ignore[arg-type]
    if with_account:
        m.made(OFFICE_ADMIN, "accounts", {"unit": unit, "kind": "admin", "username": f"quantri.{unit}"})
    return unit, key


def custody_body(m: Managed, key: str) -> dict[str, Any]:
    """Minutes of custody for somebody."""
    return {"receiver": m.person(key).person, "dated": "2026-08-20"}


def _no_admin_account(m: Managed) -> Any:
    unit, key = _new_school(m, with_account=False)
    return m.post(OFFICE_ADMIN, f"units/{unit}/custody", custody_body(m, key))


def _another_duty_by_now(m: Managed) -> Any:
    unit, key = _new_school(m, with_account=True)
    paper = m.made(OFFICE_ADMIN, f"units/{unit}/custody", custody_body(m, key))
    m.sign(OFFICE_HEAD, paper["id"])
    duty = {"person": m.person(key).person, "unit": unit, "position": "vice_principal_in_charge"}
    m.made(OFFICE_ADMIN, "assignments", duty | DECIDED | {"replaces": m.person(key).duty})
    shown = m.shown(f"000.{key}", paper["id"])
    item = {"document": shown["id"], "version": shown["version"], "sha256": shown["sha256"]}
    return m.post(f"000.{key}", "signatures", {"password": PASSWORD, "documents": [item]})


def _open_vacant(m: Managed) -> Any:
    unit, key = _new_school(m, with_account=True)
    return m.post(f"000.{key}", f"units/{unit}/custody/open", {"password": PASSWORD})


def _take_back_vacant(m: Managed) -> Any:
    unit, _ = _new_school(m, with_account=True)
    return m.post(OFFICE_ADMIN, f"units/{unit}/custody/take-back")


NO_ADMIN_ACCOUNT, ANOTHER_DUTY = Api(_no_admin_account), Api(_another_duty_by_now)
OPEN_VACANT, TAKE_BACK_VACANT = Api(_open_vacant), Api(_take_back_vacant)


def left(m: Managed) -> str:
    """The leaving case of somebody of the school whose only duty ended."""
    key = f"di{next(ORDER)}"
    who = m.world.hire(key, SCHOOL, "cashier", SCHOOL)
    ended = {"on": "2026-08-20", "decision_number": "1/QĐ"}
    return str(m.made(ADMIN, f"assignments/{who.duty}/end", ended)["id"])


def _witness(m: Managed, case: str, person: str) -> Any:
    return m.post(PRINCIPAL, f"leaving-cases/{case}/record-return", {"witness": person})


def _witness_without_account(m: Managed) -> Any:
    person = m.made(ADMIN, "persons", {"name": "Người Thử Chứng"})["id"]
    m.made(ADMIN, "assignments", {"person": person, "unit": SCHOOL, "position": "cashier", **DECIDED})
    return _witness(m, left(m), person)


def _closed_case(m: Managed) -> Any:
    case = left(m)
    recorded = _witness(m, case, m.person("van-thu").person).json()
    m.sign(PRINCIPAL, recorded["id"])
    m.sign("000.van-thu", recorded["id"])
    return _witness(m, case, m.person("van-thu").person)


def _head_as_witness(m: Managed) -> Any:
    return _witness(m, left(m), m.person(f"head:{SCHOOL}").person)


WITNESS_WITHOUT_ACCOUNT, CLOSED_CASE = Api(_witness_without_account), Api(_closed_case)
HEAD_AS_WITNESS = Api(_head_as_witness)


def revoked(m: Managed) -> tuple[str, str]:
    """A grant that was taken back, and the key of who had it."""
    key = f"het{next(ORDER)}"
    _, grant = m.world.hire_granted(key)
    m.made(ADMIN, f"grants/{grant.id}/revoke", {"reason": "thử"})
    return grant.id, key


def _of_revoked(act: str, body: Any) -> Api:
    return Api(lambda m: m.post(ADMIN, f"grants/{revoked(m)[0]}/{act}", body))


REVOKED_AGAIN = _of_revoked("revoke", {"reason": "thử"})
REVOKED_NARROWED = _of_revoked("narrow", {"scope": {"unit": SCHOOL}})
REVOKED_SUSPENDED = _of_revoked("suspend", {"reason": "thử"})


def _revoked_replaced(m: Managed) -> Any:
    grant, key = revoked(m)
    return minutes(m, ADMIN, SCHOOL, key, role="academic_registrar", replaces=grant)


REVOKED_REPLACED = Api(_revoked_replaced)


def _unsigned_narrowed(m: Managed) -> Any:
    key = f"cho{next(ORDER)}"
    m.world.hire(key, SCHOOL, "clerk", SCHOOL)
    grant = minutes(m, ADMIN, SCHOOL, key).json()["grants"][0]["id"]
    return m.post(ADMIN, f"grants/{grant}/narrow", {"scope": {"unit": SCHOOL}})


UNSIGNED_NARROWED = Api(_unsigned_narrowed)


def _second_authority(m: Managed) -> str:
    made = m.made(OFFICE_ADMIN, "authorities", {"unit": OTHER, "basis": "2", "scope": {"unit": OTHER}})
    return str(made["id"])


def _several(m: Managed) -> Any:
    second = _second_authority(m)
    try:
        return minutes(m, OTHER_ADMIN, OTHER, "ngoai")
    finally:
        m.made(OFFICE_ADMIN, f"authorities/{second}/withdraw")


def _withdrawn(act: str, body: Any) -> Api:
    def send(m: Managed) -> Any:
        second = _second_authority(m)
        m.made(OFFICE_ADMIN, f"authorities/{second}/withdraw")
        return m.post(OFFICE_ADMIN, f"authorities/{second}/{act}", body)

    return Api(send)


SEVERAL_AUTHORITIES = Api(_several)
WITHDRAWN_AGAIN, WITHDRAWN_SUSPENDED = _withdrawn("withdraw", None), _withdrawn("suspend", {"reason": "thử"})


def _lifted_from_below(m: Managed) -> Any:
    _, grant = m.world.hire_granted(f"khoa{next(ORDER)}")
    m.made(OFFICE_ADMIN, f"grants/{grant.id}/suspend", {"reason": "thử"})
    return m.post(ADMIN, f"grants/{grant.id}/resume")


LIFTED_FROM_BELOW = Api(_lifted_from_below)


def _substitute_of_a_substitute(m: Managed) -> Any:
    stands_in = {"unit": SCHOOL, "position": "homeroom", "valid_to": LATER, **DECIDED}
    first = {"person": m.person("van-thu").person, "substitutes": m.person("moi").duty}
    made = m.made(ADMIN, "assignments", stands_in | first)
    second = {"person": m.person("gvcn").person, "substitutes": made["id"]}
    return m.post(ADMIN, "assignments", stands_in | second)


def _same_class_at_the_successor(m: Managed) -> Any:
    named = {"school_year": "2026-2027", "code": "6A", "name": "6A", "level": "lower_secondary", "grade": "6"}
    m.post(OTHER_ADMIN, "classes", {"school": OTHER, **named})
    passed = {"successor": OTHER, "basis": "01/QĐ", "on": "2026-08-20"}
    return m.post(OFFICE_ADMIN, f"units/{SCHOOL}/succession", passed)


def _client(m: Managed, who: str, unit: str, **more: str) -> str:
    said = dict.fromkeys(("supplier", "data_fields", "data_scope", "frequency", "method", "cost"), "thử")
    entry = {"unit": unit, "name": f"Phần mềm {next(ORDER)}", "legal_standing": "thử", **said}
    software = m.made(who, "software", entry)["id"]
    return str(m.made(who, "clients", {"software": software, **more})["client_id"])


def _no_address(m: Managed) -> Any:
    return m.post(ROOT_ADMIN, f"clients/{_client(m, ADMIN, SCHOOL)}/address/approve")


def _anothers_address(m: Managed) -> Any:
    place = {"serves": "https://cua-ai.example"}
    first, second = _client(m, ADMIN, SCHOOL, **place), _client(m, OTHER_ADMIN, OTHER, **place)
    m.made(ROOT_ADMIN, f"clients/{first}/address/approve")
    return m.post(ROOT_ADMIN, f"clients/{second}/address/approve")


SUBSTITUTE_TWICE, SAME_CLASS = Api(_substitute_of_a_substitute), Api(_same_class_at_the_successor)
NO_ADDRESS, ANOTHERS_ADDRESS = Api(_no_address), Api(_anothers_address)
