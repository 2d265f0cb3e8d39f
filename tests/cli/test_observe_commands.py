"""`access-service observe …`: begin, look, cut over."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from test_commands import run, school, url
from test_software_commands import ADD, options

from access_service.usecases.services import system_clock
from world import SCHOOL, World

__all__ = ["run", "school", "url"]


def test_an_operator_has_a_door_observe_looks_at_it_and_cuts_it_over(run: Any, school: World) -> None:
    added = run("software", "add", SCHOOL, *options(ADD), "--enforcement-point", "--json").json["id"]
    made = ("software", "client", added, "--scope", "evaluate", "--type", "student", "--json")
    client = run(*made).json["client_id"]
    assert "không quan sát" in run("observe", "report", added).out
    begin = ("observe", "begin", client, "--unit", SCHOOL, "--until")
    assert run(*begin, "01/01/2099", "--json").error["code"] == "wider_than_authority"
    assert run(*begin, "hôm nay", "--json").error["code"] == "invalid"
    until = (system_clock() + timedelta(days=20)).isoformat()
    assert run(*begin, until).out.startswith(f"{SCHOOL}: quan sát đến ")
    cut = ("observe", "cut-over", client, "--unit", SCHOOL)
    shown = run(*cut, "--dry-run")
    assert f"{client}: quan sát đến" in shown.out
    assert "giống nhau 0" in shown.out
    (line,) = run("observe", "report", added, "--json").json["units"]
    assert (line["mode"], line["unit"]) == ("observe", SCHOOL)
    assert run("doctor").out.count("answers are not enforced") == 1
    assert run(*cut).out.startswith(f"{SCHOOL}: áp dụng từ ")
    assert run(*cut, "--json").error["code"] == "document_state"
