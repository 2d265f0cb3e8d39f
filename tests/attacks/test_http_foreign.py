"""Attacks on what belongs to others over HTTP: asked for by id it is missing, in the address and in the body."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from managing import (
    ADMIN,
    NOW,
    OFFICE_ADMIN,
    OTHER_ADMIN,
    OTHER_PRINCIPAL,
    OUTSIDER,
    PRINCIPAL,
    TEACHER,
    Managed,
    managing,
)

from world import OFFICE, PASSWORD, SCHOOL

NOWHERE = "0003199"
DUTY = {
    "position": "clerk",
    "decision_number": "000/QĐ",
    "decision_date": "2026-08-01",
    "valid_from": NOW,
}


@pytest.fixture(scope="module")
def managed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Managed]:
    """One world for all: every test here leaves it as it was, but for papers of its own."""
    with managing(tmp_path_factory.mktemp("foreign")) as found_:
        yield found_


BODIES: list[tuple[str, dict[str, Any]]] = [
    ("authorities", {"unit": SCHOOL, "basis": "000/QĐ"}),
    ("authorities", {"unit": SCHOOL, "basis": "000/QĐ", "scope": {"unit": SCHOOL}}),
    ("assignments", {"unit": SCHOOL, "person": "PERSON", **DUTY}),
    ("accounts", {"unit": SCHOOL, "kind": "admin", "username": "000.x"}),
    ("accounts", {"unit": SCHOOL, "kind": "use", "person": "PERSON", "username": "000.x"}),
    (
        "classes",
        {
            "school": SCHOOL,
            "school_year": "2026-2027",
            "code": "9Z",
            "name": "9Z",
            "level": "lower_secondary",
            "grade": "9",
        },
    ),
    ("units", {"id": "0003198", "kind": "site", "name": "Điểm trường Thử", "manager": SCHOOL, "basis": "000/QĐ"}),
    ("commitments", {"unit": SCHOOL}),
    ("returns", {"unit": SCHOOL}),
]


@pytest.mark.parametrize(("path", "body"), BODIES)
@pytest.mark.parametrize("who", [OTHER_ADMIN, OTHER_PRINCIPAL, OUTSIDER])
def test_a_body_that_names_another_school_answers_as_for_none(
    managed: Managed, who: str, path: str, body: dict[str, Any]
) -> None:
    """Schools of one office share a manager: the refusal must not name it for the one and not for the other."""
    body = {k: managed.person("gvcn").person if v == "PERSON" else v for k, v in body.items()}
    managed.bearer(who)
    revision = managed.revision()
    foreign = managed.post(who, path, body)
    missing = managed.post(who, path, json.loads(json.dumps(body).replace(SCHOOL, NOWHERE)))
    assert managed.revision() == revision
    assert foreign.status_code == missing.status_code
    assert foreign.status_code in (403, 404)
    assert foreign.text.replace(SCHOOL, NOWHERE) == missing.text


def test_who_manages_the_school_hears_why(managed: Managed) -> None:
    """The legitimate step beside the attack: those of the chain are refused by the rule."""
    body = {"unit": SCHOOL, "basis": "000/QĐ"}
    assert managed.post(PRINCIPAL, "authorities", body).json()["code"] == "not_custodian"
    assert managed.post(ADMIN, "authorities", body).json()["code"] == "not_direct_manager"
    given = managed.made(OFFICE_ADMIN, "authorities", body)
    assert managed.post(OFFICE_ADMIN, f"authorities/{given['id']}/withdraw").status_code == 200


def test_a_signature_batch_is_no_use_a_second_time(managed: Managed) -> None:
    """Replayed by its signer, by another, under a key of another account: nothing happens again."""
    prepared = managed.made(ADMIN, "handovers", managed.handover("moi", "6B"))
    shown = managed.shown(PRINCIPAL, prepared["document"]["id"])
    items = [{"document": shown["id"], "version": shown["version"], "sha256": shown["sha256"]}]
    batch = {"password": PASSWORD, "documents": items}
    [first] = managed.made(PRINCIPAL, "signatures", batch, key="k-1")["results"]
    assert first["problem"] is None
    managed.bearer(OUTSIDER)
    revision = managed.revision()
    again = managed.post(PRINCIPAL, "signatures", batch, key="k-1")
    assert again.headers["Idempotency-Replayed"] == "true"
    [second] = managed.made(PRINCIPAL, "signatures", batch)["results"]
    assert second["problem"]["code"] == "signed_already"
    stolen = managed.post(OUTSIDER, "signatures", batch, key="k-1")
    assert "Idempotency-Replayed" not in stolen.headers
    assert stolen.json()["results"][0]["problem"]["code"] == "not_found"
    assert managed.revision() == revision


def test_nobody_climbs(managed: Managed) -> None:
    """A teacher as custodian, a custodian as head, a school as its office."""
    head, teacher = managed.person(f"head:{SCHOOL}"), managed.person("gvcn")
    duty = {"unit": SCHOOL, "person": teacher.person, **DUTY}
    officer = {"unit": OFFICE, "position": "level_officer", "levels": ["lower_secondary"]}
    for who, path, body, code in (
        (TEACHER, "assignments", duty, "not_custodian"),
        (TEACHER, "handovers", managed.handover(), "not_custodian"),
        (TEACHER, f"accounts/{head.account}/recover", {"password": PASSWORD}, "forbidden"),
        (TEACHER, f"units/{SCHOOL}/custody/take-back", None, "forbidden"),
        (ADMIN, f"accounts/{head.account}/recover", {"password": PASSWORD}, "self_service"),
        (ADMIN, f"units/{OFFICE}/suspend", {"reason": "thử"}, "forbidden"),
        (ADMIN, f"units/{SCHOOL}/resume", None, "forbidden"),
        (ADMIN, "assignments", duty | officer, "not_custodian"),
        (ADMIN, "assignments", duty | {"position": "principal"}, "not_direct_manager"),
        (PRINCIPAL, "handovers", managed.handover(), "not_custodian"),
        (OFFICE_ADMIN, "handovers", managed.handover(), "not_custodian"),
    ):
        managed.bearer(who)
        revision = managed.revision()
        answer = managed.post(who, path, body)
        assert answer.json().get("code") == code, (who, path, answer.text)
        assert managed.revision() == revision
