"""The to-do scenario of the OpenID AuthZEN interoperability events, all 43 decisions of Authorization API 1.0.

Forty evaluations and three batches, over http against `serve --policy policy/authzen-todo`. Who the users are, what
is asked and what is expected are the scenario's; the pack answers without a line of code.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from pack_server import ROOT, PackServer, pack_served

USERS = {
    "rick": ("A", "the-citadel.com", "2"),
    "morty": ("E", "the-citadel.com", "1"),
    "summer": ("I", "the-smiths.com", "3"),
    "beth": ("M", "the-smiths.com", "4"),
    "jerry": ("Q", "the-smiths.com", "5"),
}
"""The letter in the id, the host of the mail address, and the end of the id of their to-do."""
EXPECTED = {
    # Read two users, the to-dos, create, update Rick's and their own, delete both; of Rick, Morty's is the second.
    "rick": "11 1 1 11 11",
    "morty": "11 1 1 01 01",
    "summer": "11 1 1 01 01",
    "beth": "11 1 0 00 00",
    "jerry": "11 1 0 00 00",
}
BATCHES = {"rick": "11", "morty": "01", "jerry": "00"}
"""Update Rick's to-do, and another's, in one request."""


@pytest.fixture(scope="module")
def pdp() -> Iterator[PackServer]:
    with pack_served(ROOT / "policy" / "authzen-todo") as server:
        yield server


def mail(who: str) -> str:
    return f"{who}@{USERS[who][1]}"


def user(who: str) -> dict[str, str]:
    return {"type": "user", "id": f"CiRmZD{USERS[who][0]}2MTRkMy1jMzlhLTQ3ODEtYjdiZC04Yjk2ZjVhNTEwMGQSBWxvY2Fs"}


def of(owner: str) -> dict[str, Any]:
    """The to-do of somebody."""
    id_ = f"7240d0db-8ff0-41ec-98b2-34a096273b9{USERS[owner][2]}"
    return {"type": "todo", "id": id_, "properties": {"ownerID": mail(owner)}}


def questions(who: str) -> list[tuple[str, dict[str, Any]]]:
    """The eight of one user, in the scenario's order."""
    todo = {"type": "todo", "id": "todo-1"}
    another = "morty" if who == "rick" else who
    return [
        ("can_read_user", {"type": "user", "id": mail("beth")}),
        ("can_read_user", {"type": "user", "id": mail(who)}),
        ("can_read_todos", todo),
        ("can_create_todo", todo),
        ("can_update_todo", of("rick")),
        ("can_update_todo", of(another)),
        ("can_delete_todo", of("rick")),
        ("can_delete_todo", of(another)),
    ]


@pytest.mark.parametrize("who", EXPECTED)
def test_each_of_the_forty_evaluations_is_decided_as_the_scenario_says(pdp: PackServer, who: str) -> None:
    decided = []
    for action, resource in questions(who):
        body = {"subject": user(who), "action": {"name": action}, "resource": resource}
        reply = pdp.post("evaluation", body)
        assert reply.status == 200
        decided.append(reply.body["decision"])
    assert decided == [mark == "1" for mark in EXPECTED[who].replace(" ", "")]


@pytest.mark.parametrize("who", BATCHES)
def test_each_of_the_three_batches_is_decided_as_the_scenario_says(pdp: PackServer, who: str) -> None:
    another = "morty" if who == "morty" else "jerry"
    body = {
        "subject": user(who),
        "action": {"name": "can_update_todo"},
        "evaluations": [{"resource": of("rick")}, {"resource": of(another)}],
    }
    # Compared whole: an item of a batch carries its decision and nothing else.
    assert pdp.post("evaluations", body).body == {
        "evaluations": [{"decision": mark == "1"} for mark in BATCHES[who]]
    }


def test_the_scenario_has_forty_three_decisions() -> None:
    assert sum(len(questions(who)) for who in EXPECTED) + len(BATCHES) == 43
