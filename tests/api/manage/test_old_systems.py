"""Ids of other systems over HTTP: said, found, ended; nobody asks a decision by one."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from managing import ADMIN, Managed, managing

from world import CLASS_6A, SCHOOL

NAMED = {"kind": "class", "target": CLASS_6A, "system": "SMAS", "value": "06-A"}


@pytest.fixture(scope="module")
def managed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Managed]:
    with managing(tmp_path_factory.mktemp("old")) as found:
        yield found


def test_an_id_is_said_found_listed_and_ended(managed: Managed) -> None:
    said = managed.post(ADMIN, f"units/{SCHOOL}/external-ids", NAMED)
    assert (said.status_code, said.json()["system"]) == (201, "smas")
    found = managed.get(ADMIN, "external-ids", system="smas", value="06-A", kind="class")
    assert found.json() == said.json()
    listed = managed.get(ADMIN, f"units/{SCHOOL}/external-ids").json()["external_ids"]
    assert said.json() in listed
    ended = managed.post(ADMIN, f"external-ids/{said.json()['id']}/end", {"reason": "đổi mã"})
    assert ended.json()["valid_to"] is not None
    gone = managed.get(ADMIN, "external-ids", system="smas", value="06-A")
    assert (gone.status_code, gone.json()["code"]) == (404, "not_found")


@pytest.mark.parametrize(("system", "value"), [("SM AS", "x"), ("smas", "x" * 65), ("smas", "NguyÔn")])
def test_an_id_that_cannot_be_read_is_refused_with_a_code(managed: Managed, system: str, value: str) -> None:
    refused = managed.post(ADMIN, f"units/{SCHOOL}/external-ids", NAMED | {"system": system, "value": value})
    assert (refused.status_code, refused.json()["code"]) == (422, "invalid")
