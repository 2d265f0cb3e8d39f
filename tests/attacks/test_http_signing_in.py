"""Attacks on passwords and sessions over HTTP: guessing at once, overtaking a reset, measuring the time."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from managing import ADMIN, PRINCIPAL, TEACHER, Managed, managing

from access_service.api.http import sign_in_gate
from access_service.domain.errors import RefusedError
from access_service.domain.names import SuspendableKind
from access_service.domain.reasons import Refusal
from access_service.signing import passwords
from access_service.usecases.handover import delegation
from access_service.usecases.identity import open_sessions, sign_in
from access_service.usecases.services import act
from world import PASSWORD, SCHOOL

WRONG = "sai mật khẩu"


@pytest.fixture
def managed(tmp_path: Path) -> Iterator[Managed]:
    with managing(tmp_path) as found_:
        yield found_


def enter(managed: Managed, username: str, password: str) -> Any:
    return managed.served.client.post("/v1/sessions", json={"username": username, "password": password})


def guess(managed: Managed, password: str) -> Refusal | None:
    """From a source that nobody knows, past the line in which HTTP lets guesses wait."""
    try:
        sign_in.sign_in(managed.world.services, managed.world.register, TEACHER, password)
    except RefusedError as refused:
        return refused.code
    return None


def once_checked(monkeypatch: pytest.MonkeyPatch, then: Callable[[], object]) -> None:
    """Let something happen in the moment after the next password was found to be right."""
    check, left = passwords.is_password, [then]

    def checking(password: str, hashed: str | None) -> bool:
        found = check(password, hashed)
        if left:
            left.pop()()
        return found

    monkeypatch.setattr(passwords, "is_password", checking)


def test_guesses_made_at_once_are_counted_each(managed: Managed) -> None:
    """Five guesses that each wrote down the count they had read would be one guess, and leave another four."""
    assert enter(managed, TEACHER, PASSWORD).status_code == 201
    check, together = passwords.is_password, threading.Barrier(5, timeout=120)

    def checking(password: str, hashed: str | None) -> bool:
        found = check(password, hashed)
        together.wait()
        return found

    with pytest.MonkeyPatch.context() as patch, ThreadPoolExecutor(5) as pool:
        patch.setattr(passwords, "is_password", checking)
        answers = list(pool.map(lambda _: guess(managed, WRONG), range(5)))
    assert set(answers) == {Refusal.CREDENTIALS_WRONG}
    assert guess(managed, PASSWORD) is Refusal.CREDENTIALS_WRONG
    managed.world.clock.forward(hours=12)
    assert enter(managed, TEACHER, PASSWORD).status_code == 201


def test_a_right_guess_among_many_comes_too_late(managed: Managed, monkeypatch: pytest.MonkeyPatch) -> None:
    """All of them are let through to the hash before the first is counted; the lock stands when it is done."""

    def five_wrong() -> None:
        for _ in range(5):
            with pytest.raises(RefusedError):
                sign_in.sign_in(managed.world.services, managed.world.register, TEACHER, WRONG)

    once_checked(monkeypatch, five_wrong)
    revision = managed.revision()
    assert enter(managed, TEACHER, PASSWORD).json()["code"] == "credentials_wrong"
    assert managed.revision() == revision + 5


def test_a_password_that_is_reset_while_it_is_checked_opens_nothing(
    managed: Managed, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A custodian who hands over would otherwise slip in, and act as the new one."""
    world, teacher = managed.world, managed.person("gvcn")
    once_checked(monkeypatch, lambda: world.renew(world.admins[SCHOOL], teacher.account))
    assert enter(managed, TEACHER, PASSWORD).json()["code"] == "credentials_wrong"
    assert enter(managed, TEACHER, PASSWORD).json()["code"] == "credentials_wrong"


def test_a_signature_whose_password_is_reset_meanwhile_is_none(
    managed: Managed, monkeypatch: pytest.MonkeyPatch
) -> None:
    world, someone = managed.world, managed.person("moi")
    prepared = managed.made(ADMIN, "handovers", managed.handover("moi", "6B"))
    [signed] = managed.sign(PRINCIPAL, prepared["document"]["id"])
    assert signed["problem"] is None
    shown = managed.shown("000.moi", prepared["document"]["id"])
    items = [{"document": shown["id"], "version": shown["version"], "sha256": shown["sha256"]}]
    managed.bearer("000.moi")
    world.authenticators[ADMIN] = managed.authenticators[f"/{ADMIN}"]
    once_checked(monkeypatch, lambda: world.renew(world.admins[SCHOOL], someone.account))
    answer = managed.post("000.moi", "signatures", {"password": PASSWORD, "documents": items})
    assert (answer.status_code, answer.json()["code"]) == (401, "credentials_wrong")
    assert managed.seen(PRINCIPAL, f"documents/{shown['id']}")["state"] == "awaiting_receiver"


def test_an_act_under_way_ends_with_its_session(managed: Managed) -> None:
    """The request was let in; before it gets the lock, the account is recovered, and its sessions are over."""
    world = managed.world
    token = enter(managed, TEACHER, PASSWORD).json()["token"]
    caller = open_sessions.caller_from_token(world.services, token)
    with act(world.services, caller, "000.thu", "000") as doing:
        doing.tx.happened("000.thu", "000")
    world.renew(world.admins[SCHOOL], caller.account)
    with world.refuses(Refusal.NOT_AUTHENTICATED), act(world.services, caller, "000.thu", "000"):
        raise AssertionError("let through")


@pytest.mark.parametrize("how", ["suspended", "recovered", "signed out"])
def test_a_session_ends_with_what_it_rests_on(managed: Managed, how: str) -> None:
    world, teacher = managed.world, managed.person("gvcn")
    assert managed.get(TEACHER, "me").status_code == 200
    if how == "suspended":
        target = {"kind": SuspendableKind.ACCOUNT, "target": teacher.account, "reason": "thử"}
        delegation.suspend(world.services, world.admins[SCHOOL], **target)  # type: ignore[arg-type]
    elif how == "recovered":
        world.renew(world.admins[SCHOOL], teacher.account)
    else:
        managed.served.client.delete("/v1/sessions/current", headers=managed.bearer(TEACHER))
    assert managed.get(TEACHER, "me").json()["code"] == "not_authenticated"
    answer = managed.post(TEACHER, "commitments", {"unit": SCHOOL})
    assert answer.json()["code"] == "not_authenticated"


def test_the_time_of_a_refusal_does_not_tell_which_names_exist(
    managed: Managed, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only for a name that exists is a failure written down: the answer waits for the same beat in each case."""
    for _ in range(5):
        enter(managed, PRINCIPAL, WRONG)
    rests: list[float] = []

    async def rest(seconds: float) -> None:
        rests.append(seconds)

    monkeypatch.setattr(sign_in_gate.anyio, "sleep", rest)
    for username in (TEACHER, "000.không-có", PRINCIPAL):
        rests.clear()
        assert enter(managed, username, WRONG).json()["code"] == "credentials_wrong"
        # What is left of a beat, once: however long the work took, the answer comes at one.
        assert len(rests) == 1, username
        assert 0 <= rests[0] < sign_in_gate.REFUSED_EVERY_S


def test_a_code_opens_once_and_only_the_newest(managed: Managed) -> None:
    client, teacher = managed.served.client, managed.person("gvcn")
    first = managed.recover(teacher.account)
    second = managed.recover(teacher.account)
    for code, status in ((first, 401), (second[:-1], 401), (second.swapcase(), 401), (second, 200), (second, 401)):
        answer = client.post("/v1/activations", json={"code": code, "password": PASSWORD})
        assert answer.status_code == status, answer.text
    late = managed.recover(teacher.account)
    managed.world.clock.forward(hours=24 * 30)
    answer = client.post("/v1/activations", json={"code": late, "password": PASSWORD})
    assert (answer.status_code, answer.json()["code"]) == (401, "credentials_wrong")
