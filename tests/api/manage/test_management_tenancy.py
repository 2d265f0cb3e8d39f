"""Two registers on one database: everything asked for by foreign id is missing."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from managing import ROOT, ROOT_ADMIN, TEACHER, Managed, managing

from world import CLASS_6A, PASSWORD, SCHOOL, World, found


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Managed, World]]:
    """A register with a school, and a second one whose department has the same code."""
    folder: Path = tmp_path_factory.mktemp("two")
    with managing(folder) as managed:
        second = found(managed.world.services, managed.world.clock, name="thu-nghiem-2")
        for who in (ROOT_ADMIN, TEACHER):
            managed.tokens[who] = managed.enter(who, register="thu-nghiem")["token"]
        managed.tokens["foreign"] = managed.enter(ROOT_ADMIN, register="thu-nghiem-2")["token"]
        yield managed, second


def identifiers(managed: Managed) -> dict[str, str]:
    teacher = managed.person("gvcn")
    [grant] = managed.seen(TEACHER, "me")["grants"]
    return {
        "unit": SCHOOL,
        "person": teacher.person,
        "account": teacher.account,
        "duty": teacher.duty,
        "grant": grant["id"],
        "authority": grant["authority"],
        "document": grant["document"],
    }


GETS = [
    "units/{unit}",
    "units/{unit}/units",
    "units/{unit}/classes",
    "units/{unit}/people",
    "units/{unit}/accounts",
    "units/{unit}/assignments",
    "units/{unit}/authorities",
    "units/{unit}/grants",
    "units/{unit}/documents",
    "units/{unit}/leaving-cases",
    "units/{unit}/confirmations",
    "persons/{person}",
    "accounts/{account}",
    "grants/{grant}",
    "documents/{document}",
]


@pytest.mark.parametrize("path", GETS)
def test_nothing_of_another_register_is_read(both: tuple[Managed, World], path: str) -> None:
    managed, _ = both
    address = path.format(**identifiers(managed))
    assert managed.get(ROOT_ADMIN, address).status_code == 200
    answer = managed.get("foreign", address)
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


BECAUSE = {"reason": "thử"}
POSTS: list[tuple[str, Any]] = [
    ("units/{unit}/suspend", BECAUSE),
    ("units/{unit}/resume", None),
    ("units/{unit}/manager", {"manager": ROOT, "basis": "1", "on": "2026-08-21"}),
    ("units/{unit}/succession", {"successor": ROOT, "basis": "1", "on": "2026-08-20"}),
    ("units/{unit}/custody/take-back", None),
    ("units/{unit}/custody/open", {"password": PASSWORD}),
    ("units/{unit}/renewals", {"school_year": "2026-2027", "dated": "2026-08-20"}),
    ("units/{unit}/confirmations", None),
    ("school-years/2026-2027/close", BECAUSE),
    ("assignments/{duty}/end", {"on": "2026-08-20", "decision_number": "1"}),
    ("accounts/{account}/suspend", BECAUSE),
    ("accounts/{account}/resume", None),
    ("accounts/{account}/recover", {"password": "000"}),
    ("authorities/{authority}/withdraw", None),
    ("authorities/{authority}/narrow", {"scope": {"unit": SCHOOL}}),
    ("grants/{grant}/revoke", BECAUSE),
    ("grants/{grant}/suspend", BECAUSE),
    ("grants/{grant}/narrow", {"scope": {"unit": SCHOOL, "classes": [{"class": CLASS_6A}]}}),
    ("documents/{document}/withdraw", BECAUSE),
    ("documents/{document}/cancel", BECAUSE),
    ("inspections/{document}/end", BECAUSE),
    ("pack-bindings", {"unit": SCHOOL, "pack": "base", "on": "2026-09-01"}),
    ("accounts", {"unit": SCHOOL, "kind": "admin", "username": "000.x"}),
    ("authorities", {"unit": SCHOOL, "basis": "1"}),
]


@pytest.mark.parametrize(("path", "body"), POSTS)
def test_nothing_of_another_register_is_changed(both: tuple[Managed, World], path: str, body: Any) -> None:
    managed, second = both
    address = path.format(**identifiers(managed))
    before = managed.revision(), managed.world.services.db.counter(second.register)
    answer = managed.post("foreign", address, body)
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found"), answer.text
    assert (managed.revision(), managed.world.services.db.counter(second.register)) == before


def test_the_log_and_the_register_are_ones_own(both: tuple[Managed, World]) -> None:
    managed, _ = both
    assert managed.seen("foreign", "register")["id"] == "thu-nghiem-2"
    text = managed.get("foreign", "events", limit=1000).text
    for id_ in identifiers(managed).values():
        assert id_ not in text
    assert managed.seen("foreign", "school-years") == {"school_years": []}


def test_a_key_of_one_register_is_free_in_the_other(both: tuple[Managed, World]) -> None:
    managed, _ = both
    mine = managed.made(ROOT_ADMIN, "persons", {"name": "Người Thử"}, key="k")
    theirs = managed.made("foreign", "persons", {"name": "Người Thử"}, key="k")
    assert mine["id"] != theirs["id"]
