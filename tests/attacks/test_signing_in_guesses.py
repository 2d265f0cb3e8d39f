"""Attacks on passwords: brute force, lists of stolen passwords, measuring, exhausting, planting a session."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from managing import ADMIN, PRINCIPAL, TEACHER, Managed, managing

from access_service.domain.errors import RefusedError, UnavailableError
from access_service.domain.names import SuspendableKind
from access_service.domain.reasons import Refusal
from access_service.signing import passwords
from access_service.usecases.handover import delegation
from access_service.usecases.identity import accounts, sign_in
from access_service.usecases.identity.second_factor import Second
from world import OFFICE, PASSWORD, SCHOOL, World

WRONG = "Sai mật khẩu 000"


@pytest.fixture
def managed(tmp_path: Path) -> Iterator[Managed]:
    with managing(tmp_path) as found_:
        yield found_


def enter(managed: Managed, username: str, password: str = PASSWORD, **more: Any) -> Any:
    body = {"username": username, "password": password, **more}
    return managed.served.client.post("/v1/sessions", json=body)


def test_brute_force_is_over_after_five_guesses(school_world: World) -> None:
    """The right password is the sixth guess; it is no answer any more, for twelve hours."""
    world = school_world
    world.hire("văn thư", SCHOOL, "clerk", SCHOOL)
    assert world.sign_in("000.văn thư")
    for _ in range(5):
        with pytest.raises(RefusedError):
            world.sign_in("000.văn thư", WRONG)
    world.clock.forward(hours=12, seconds=-1)
    with pytest.raises(RefusedError) as refused:
        world.sign_in("000.văn thư")
    assert refused.value.message == accounts.WRONG
    world.clock.forward(seconds=1)
    assert world.sign_in("000.văn thư")


def test_guessing_codes_after_a_right_password_locks_as_well(school_world: World) -> None:
    """A stolen password and a million codes: a right password between the guesses does not wipe the count."""
    world = school_world
    name = f"quantri.{SCHOOL}"
    world.enrol(name)
    world.clock.forward(minutes=5)
    for n in range(5):
        with pytest.raises(RefusedError) as refused:
            sign_in.sign_in(world.services, world.register, name, PASSWORD)
        assert refused.value.code is Refusal.SECOND_FACTOR_REQUIRED
        with pytest.raises(RefusedError) as refused:
            sign_in.sign_in(world.services, world.register, name, PASSWORD, Second(totp=f"00000{n}"))
        assert refused.value.code is Refusal.SECOND_FACTOR_WRONG
    with pytest.raises(RefusedError) as refused:
        world.sign_in(name)
    assert refused.value.code is Refusal.CREDENTIALS_WRONG
    assert [e.happening.details for e in world.log()][-5:] == [{"factor": "wrong"}] * 5


def test_a_list_of_stolen_passwords_opens_no_admin_account(managed: Managed) -> None:
    """Credential stuffing: one guess an account stays below every count, and some of them are right."""
    managed.enter(ADMIN)
    for username in (ADMIN, f"quantri.{OFFICE}"):
        answer = enter(managed, username)
        opened = answer.json().get("token")
        if answer.status_code == 401:
            assert answer.json()["code"] == "second_factor_required"
        else:
            # Nobody has set a second factor here yet: the session sets one and sees nothing.
            bearer = {"Authorization": f"Bearer {opened}"}
            seen = managed.served.client.get("/v1/me", headers=bearer)
            assert (seen.status_code, seen.json()["code"]) == (403, "second_factor_due")
    fails = [e for e in managed.log() if e.happening.action == "session.fail"]
    for username in (TEACHER, PRINCIPAL, "000.không-có"):
        assert enter(managed, username, WRONG).json()["code"] == "credentials_wrong"
    # Every guess at a name that exists is in the log, by account: a campaign shows as one.
    found = [e.happening.target for e in managed.log() if e.happening.action == "session.fail"][len(fails) :]
    assert found == [managed.person("gvcn").account, managed.person(f"head:{SCHOOL}").account]


CLOSED: dict[str, Callable[[World], object]] = {
    "unknown": lambda _: None,
    "wrong": lambda _: None,
    "locked": lambda world: [_fails(world) for _ in range(5)],
    "asleep": lambda world: world.clock.forward(days=45),
    "suspended": lambda world: delegation.suspend(
        world.services,
        world.admins[SCHOOL],
        kind=SuspendableKind.ACCOUNT,
        target=world.people["văn thư"].account,
        reason="thử",
    ),
    "recovered": lambda world: world.renew(world.admins[SCHOOL], world.people["văn thư"].account),
}


def _fails(world: World) -> None:
    with pytest.raises(RefusedError):
        world.sign_in("000.văn thư", WRONG)


@pytest.mark.parametrize("how", CLOSED)
def test_whoever_may_not_enter_costs_one_verification_and_hears_one_sentence(
    school_world: World, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    """The work is counted where it is done: how long it takes tells nothing if it is always the same."""
    world = school_world
    world.hire("văn thư", SCHOOL, "clerk", SCHOOL)
    CLOSED[how](world)
    passwords.prepare()
    context, done = passwords._context, []

    class Counting:
        def __getattr__(self, name: str) -> Any:
            return getattr(context, name)

        def hash(self, text: str) -> str:
            done.append("hash")
            return str(context.hash(text))

        def verify(self, text: str, hashed: str) -> bool:
            done.append("verify")
            return bool(context.verify(text, hashed))

    counting = Counting()
    monkeypatch.setattr(passwords, "_context", counting)
    monkeypatch.setitem(passwords._dummies, counting, passwords._dummies[context])  # type: ignore[misc]
    name = "000.không có" if how == "unknown" else "000.văn thư"
    with pytest.raises(RefusedError) as refused:
        world.sign_in(name, WRONG if how == "wrong" else PASSWORD)
    assert (refused.value.code, refused.value.message) == (Refusal.CREDENTIALS_WRONG, accounts.WRONG)
    assert refused.value.details == {}
    assert done == ["verify"]


def test_a_flood_of_sign_ins_waits_in_a_short_queue_and_the_rest_is_refused(
    managed: Managed, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each hash takes memory and a core; whoever floods the door gets 503 and the machine goes on answering."""
    inside, leave = threading.Semaphore(0), threading.Event()
    context = passwords._context

    class Slow:
        def __getattr__(self, name: str) -> Any:
            return getattr(context, name)

        def verify(self, text: str, hashed: str) -> bool:
            inside.release()
            leave.wait(30)
            return bool(context.verify(text, hashed))

    monkeypatch.setattr(passwords, "_context", Slow())
    monkeypatch.setattr(passwords, "_gate", threading.BoundedSemaphore(1))
    monkeypatch.setattr(passwords, "_queue", threading.BoundedSemaphore(2))
    flood = [threading.Thread(target=lambda: passwords.is_password(WRONG, None)) for _ in range(2)]
    for thread in flood:
        thread.start()
    inside.acquire()
    while passwords._queue.acquire(blocking=False):
        passwords._queue.release()
    # One is being hashed, one waits.
    with pytest.raises(UnavailableError):
        passwords.is_password(WRONG, None)
    answer = enter(managed, TEACHER)
    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
    assert answer.headers["Retry-After"] == "1"
    assert managed.served.ask(managed.served.question()).json()["decision"] is True
    leave.set()
    for thread in flood:
        thread.join(30)
    assert enter(managed, TEACHER).status_code == 201


def test_the_queue_gives_up_after_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    gate = threading.BoundedSemaphore(1)
    gate.acquire()
    monkeypatch.setattr(passwords, "_gate", gate)
    monkeypatch.setattr(passwords, "WAIT_S", 0.01)
    with pytest.raises(UnavailableError, match="too many are signing in"):
        passwords.is_password(PASSWORD, None)
    gate.release()
    assert passwords.is_password(PASSWORD, None) is False


def test_a_token_that_somebody_brings_along_never_becomes_a_session(managed: Managed) -> None:
    """Session fixation: the attacker's token is in the victim's browser when the victim signs in."""
    planted = enter(managed, "000.ngoai").json()["token"]
    bearer = {"Authorization": f"Bearer {planted}", "Cookie": f"session={planted}; token={planted}"}
    body = {"username": TEACHER, "password": PASSWORD}
    answer = managed.served.client.post("/v1/sessions", json=body, headers=bearer)
    assert answer.json()["token"] != planted
    assert "set-cookie" not in answer.headers
    me = managed.served.client.get("/v1/me", headers={"Authorization": f"Bearer {planted}"})
    assert me.json()["account"]["username"] == "000.ngoai"
    for planting in ({"token": planted}, {"session": planted}):
        refused = managed.served.client.post("/v1/sessions", json=body | planting)
        assert (refused.status_code, refused.json()["code"]) == (422, "invalid")


def test_a_token_from_before_the_second_factor_stays_what_it_was(managed: Managed) -> None:
    """Whoever copied the first session of an admin account would be raised along with its holder."""
    copied = enter(managed, ADMIN).json()["token"]
    full = managed.enter(ADMIN)["token"]
    assert full != copied
    answer = managed.served.client.get("/v1/me", headers={"Authorization": f"Bearer {copied}"})
    assert (answer.status_code, answer.json()["code"]) == (401, "not_authenticated")


def test_a_session_that_has_to_set_something_first_opens_no_other_door(managed: Managed) -> None:
    token = enter(managed, ADMIN).json()["token"]
    bearer = {"Authorization": f"Bearer {token}"}
    client = managed.served.client
    before = managed.revision()
    for path, body in (
        ("persons", {"name": "Người Thử"}),
        ("handovers", managed.handover("moi", "6B")),
        ("signatures", {"password": PASSWORD, "documents": []}),
        (f"accounts/{managed.person('gvcn').account}/recover", {"password": PASSWORD}),
    ):
        for headers in (bearer, bearer | {"Idempotency-Key": "k"}):
            answer = client.post(f"/v1/{path}", json=body, headers=headers)
            assert (answer.status_code, answer.json()["code"]) in ((403, "second_factor_due"), (422, "invalid")), (
                path
            )
    assert client.get("/v1/events", headers=bearer).json()["code"] == "second_factor_due"
    assert managed.revision() == before
    assert client.delete("/v1/sessions/current", headers=bearer).status_code == 204
