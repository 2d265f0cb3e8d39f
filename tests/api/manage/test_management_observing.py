"""Observing over HTTP: begin, look, ask first, cut over; and who may."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from managing import ADMIN, ROOT, ROOT_ADMIN, Managed, managing
from software_words import entry

from world import SCHOOL


@pytest.fixture(scope="module")
def managed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Managed]:
    folder: Path = tmp_path_factory.mktemp("quan-sat")
    with managing(folder) as found:
        yield found


def post(managed: Managed, who: str, path: str, body: Any, status: int) -> Any:
    answer = managed.post(who, path, body)
    assert answer.status_code == status, answer.text
    return answer.json()


def test_the_department_begins_looks_asks_first_and_cuts_over(managed: Managed) -> None:
    door = entry(ROOT, name="Cổng thử", is_enforcement_point=True)
    software = post(managed, ROOT_ADMIN, "software", door, 201)["id"]
    wanted = {"software": software, "pep_scopes": ["evaluate"], "resource_types": ["class"]}
    client = post(managed, ROOT_ADMIN, "clients", wanted, 201)["client_id"]
    until = (managed.world.clock.now + timedelta(days=30)).isoformat()
    begin = {"units": [SCHOOL], "until": until}
    assert post(managed, ADMIN, f"clients/{client}/observe", begin, 403)["code"] == "forbidden"
    (begun,) = post(managed, ROOT_ADMIN, f"clients/{client}/observe", begin, 201)["observations"]
    assert (begun["unit"], begun["client"]) == (SCHOOL, client)
    assert post(managed, ROOT_ADMIN, f"clients/{client}/observe", begin, 409)["code"] == "duplicate"
    told = managed.get(ROOT_ADMIN, f"software/{software}/observing", days=7).json()
    assert [(u["unit"], u["mode"], u["agreed"]) for u in told["units"]] == [(SCHOOL, "observe", 0)]
    cut = {"units": [SCHOOL]}
    asked = post(managed, ROOT_ADMIN, f"clients/{client}/cut-over?dry_run=true", cut, 200)
    assert (asked["dry_run"], asked["units"][0]["mode"]) == (True, "observe")
    assert managed.get(ROOT_ADMIN, f"software/{software}/observing").json()["units"][0]["mode"] == "observe"
    assert managed.get(ADMIN, f"software/{software}/observing").status_code == 403
    assert post(managed, ADMIN, f"clients/{client}/cut-over", cut, 403)["code"] == "forbidden"
    assert post(managed, ROOT_ADMIN, f"clients/{client}/cut-over", cut, 200)["dry_run"] is False
    assert managed.get(ROOT_ADMIN, f"software/{software}/observing").json()["units"][0]["mode"] == "enforce"
    assert post(managed, ROOT_ADMIN, f"clients/{client}/cut-over", cut, 409)["code"] == "document_state"
