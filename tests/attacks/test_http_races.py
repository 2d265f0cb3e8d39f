"""Attacks by doing the same thing twice at once, over HTTP and on both databases: one act takes effect."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from managing import ADMIN, NOW, OFFICE_ADMIN, PRINCIPAL, TEACHER, Managed
from serving import Served, settings_for
from starlette.testclient import TestClient

from access_service.app import create_app
from access_service.domain.audit import GENESIS
from world import CLASS_6B, PASSWORD, SCHOOL, World, hire_homeroom, homeroom_line

AT_ONCE = 8


@pytest.fixture
def managed(school_world: World, database_url: str, seal_file: Path, tmp_path: Path) -> Iterator[Managed]:
    """The school served from this database; `gvcn` has a signed grant, `moi` none yet."""
    world = school_world
    teacher = hire_homeroom(world)
    world.hand_over(SCHOOL, teacher, homeroom_line(world, teacher))
    hire_homeroom(world, "moi", CLASS_6B)
    app = create_app(
        settings_for(tmp_path, database_url=database_url, keys_dir=seal_file.parent), clock=world.clock
    )
    with TestClient(app, raise_server_exceptions=False) as client:
        yield Managed(Served(world, teacher, client, tmp_path))


def at_once(work: Callable[[int], Any]) -> list[Any]:
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(work, range(AT_ONCE)))


def codes(answers: list[Any]) -> Counter[str]:
    return Counter(a.json().get("code", "done") for a in answers)


def check_log(managed: Managed) -> None:
    """Events and revisions are dense, and each event names the hash of the one before."""
    before, revisions = GENESIS, []
    for number, event in enumerate(managed.log(), start=1):
        assert (event.seq, event.previous) == (number, before)
        before = event.hash
        if event.happening.outcome != "refused":
            revisions.append(event.revision)
    assert sorted(set(revisions)) == list(range(1, managed.revision() + 1))


def test_a_grant_is_revoked_once(managed: Managed) -> None:
    [grant] = managed.seen(TEACHER, "me")["grants"]
    assert managed.served.ask(managed.served.question()).json() == {"decision": True}
    managed.bearer(ADMIN)
    revision = managed.revision()
    answers = at_once(lambda _: managed.post(ADMIN, f"grants/{grant['id']}/revoke", {"reason": "thử"}))
    assert codes(answers) == {"done": 1, "grant_ended": AT_ONCE - 1}
    assert managed.revision() == revision + 1
    assert managed.served.ask(managed.served.question()).json()["decision"] is False
    check_log(managed)


def test_minutes_are_signed_once(managed: Managed) -> None:
    prepared = managed.made(ADMIN, "handovers", managed.handover("moi", "6B"))
    shown = managed.shown(PRINCIPAL, prepared["document"]["id"])
    items = [{"document": shown["id"], "version": shown["version"], "sha256": shown["sha256"]}]
    body = {"password": PASSWORD, "documents": items}
    answers = at_once(lambda _: managed.post(PRINCIPAL, "signatures", body))
    problems = [a.json()["results"][0]["problem"] for a in answers]
    found = Counter("done" if p is None else p["code"] for p in problems)
    assert found == {"done": 1, "signed_already": AT_ONCE - 1}
    assert len(managed.seen(PRINCIPAL, f"documents/{shown['id']}")["signatures"]) == 1
    check_log(managed)


def test_an_account_is_issued_once(managed: Managed) -> None:
    person = managed.made(ADMIN, "persons", {"name": "Người Thử Mới"})["id"]
    duty = {
        "person": person,
        "unit": SCHOOL,
        "position": "clerk",
        "decision_number": "000/QĐ",
        "decision_date": "2026-08-01",
        "valid_from": NOW,
    }
    managed.made(ADMIN, "assignments", duty)
    body = {"unit": SCHOOL, "kind": "use", "person": person}
    answers = at_once(lambda n: managed.post(ADMIN, "accounts", body | {"username": f"000.moi-{n}"}))
    assert codes(answers) == {"done": 1, "duplicate": AT_ONCE - 1}
    check_log(managed)


def test_a_code_is_used_once(managed: Managed) -> None:
    code = managed.recover(managed.person("gvcn").account)
    client = managed.served.client
    words = [f"Mật khẩu thử số {n}" for n in range(AT_ONCE)]
    answers = at_once(lambda n: client.post("/v1/activations", json={"code": code, "password": words[n]}))
    assert codes(answers) == {"done": 1, "credentials_wrong": AT_ONCE - 1}
    won = next(n for n, answer in enumerate(answers) if answer.status_code == 200)
    assert client.post("/v1/sessions", json={"username": TEACHER, "password": words[won]}).status_code == 201
    check_log(managed)


def test_a_revocation_and_a_signature_at_once_leave_no_half(managed: Managed) -> None:
    """Cancelled before it is signed, or signed before it is cancelled: never both."""
    prepared = managed.made(ADMIN, "handovers", managed.handover("moi", "6B"))
    shown = managed.shown(PRINCIPAL, prepared["document"]["id"])
    items = [{"document": shown["id"], "version": shown["version"], "sha256": shown["sha256"]}]
    managed.bearer(ADMIN)

    def work(number: int) -> Any:
        if number % 2:
            return managed.post(ADMIN, f"documents/{shown['id']}/cancel", {"reason": "thử"})
        return managed.post(PRINCIPAL, "signatures", {"password": PASSWORD, "documents": items})

    answers = at_once(work)
    assert {a.status_code for a in answers} <= {200, 409}
    done = [e.happening.action for e in managed.log() if e.happening.target == shown["id"]]
    document = managed.seen(ADMIN, f"documents/{shown['id']}")
    assert document["state"] == "cancelled"
    assert done.count("document.sign") - sum(
        e.happening.outcome == "refused" and e.happening.action == "document.sign" for e in managed.log()
    ) == len(document["signatures"])
    check_log(managed)


def test_the_clock_that_steps_back_takes_nothing_back(managed: Managed) -> None:
    """What is over stays over, and whoever signs in meanwhile gets in: as on a node whose clock is behind."""
    [grant] = managed.seen(TEACHER, "me")["grants"]
    managed.world.clock.forward(minutes=5)
    assert managed.post(ADMIN, f"grants/{grant['id']}/revoke", {"reason": "thử"}).status_code == 200
    managed.world.clock.forward(minutes=-10)
    assert managed.served.ask(managed.served.question()).json()["decision"] is False
    managed.tokens.clear()
    assert managed.seen(TEACHER, f"grants/{grant['id']}")["state"] == "ended"
    # Not the school's own admin account: the codes of these ten minutes were used once before, and are over.
    managed.made(OFFICE_ADMIN, "persons", {"name": "Người Thử Sau"})
    recorded = [e.recorded_at for e in managed.log()]
    assert recorded == sorted(recorded)
    check_log(managed)
