"""Ids of other systems over HTTP: said, found, ended; nobody asks a decision by one."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from managing import ADMIN, Managed, managing

from usecases.drafts.grids import workbook
from usecases.old_systems.exports import HEAD, line
from world import CLASS_6A, SCHOOL, YEAR

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


def test_a_list_of_accounts_is_read_decided_recorded_and_carried_over(managed: Managed) -> None:
    rows = [HEAD, line("an", "Người Thử van-thu", rights="Văn thư"), line("x", "Trần Văn Cũ", rights="Kế toán")]
    read = managed.put(ADMIN, f"old-exports/{SCHOOL}?system=smas&name=a.xlsx", workbook(rows))
    assert (read.status_code, read.json()["counts"]) == (200, {"sure": 1, "doubtful": 0, "orphan": 1})
    at = f"units/{SCHOOL}/old-export"
    assert managed.get(ADMIN, at).json() == read.json()
    nobody = read.json()["rows"][1]
    assert (nobody["reason"], nobody["vi"]) == ("nobody", "Đơn vị không có ai tên như vậy")
    said = managed.post(ADMIN, f"{at}/decisions", {"decisions": [{"key": nobody["key"], "choice": "new"}]})
    assert said.json()["rows"][1]["decision"]["choice"] == "new"
    rights = managed.get(ADMIN, f"{at}/rights").json()
    assert [(x["right"], x["paper"]) for x in rights["rights"]][1] == ("Kế toán", "nobody")
    told = managed.post(ADMIN, f"{at}/external-ids?dry_run=true").json()
    assert (told["dry_run"], [e["value"] for e in told["new"]]) == (True, ["an"])
    assert managed.get(ADMIN, "external-ids", system="smas", value="an").status_code == 404
    managed.post(ADMIN, f"{at}/external-ids")
    person = managed.get(ADMIN, "external-ids", system="smas", value="an").json()["target"]
    assert person == read.json()["rows"][0]["person"]
    carried = managed.post(ADMIN, f"{at}/grid/{YEAR}").json()
    assert carried == {"school_year": YEAR, "added": 2, "already": 0}
    assert managed.served.client.delete(f"/v1/{at}", headers=managed.bearer(ADMIN)).status_code == 204
    assert managed.get(ADMIN, at).status_code == 404
