"""(A12) Forty guess at once, over a real server: no right sign-in is refused, and open sessions go on."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import anyio
import httpx2
import pytest
from fastapi import Request
from processes import free_port, serving_app, wait_for
from serving import settings_for

from access_service.api.http.sign_in_gate import MANY, SignInGate, source_of
from access_service.app import create_app
from access_service.signing import passwords
from world import PASSWORD, SCHOOL, Clock, World, found, hire_homeroom, make_services, with_school

GUESSERS, GUESSED, RIGHT = 40, 12, 6
WRONG = "Sai mật khẩu 000"
MINE, SCHOOLS_OWN, ELSEWHERE = "203.0.113.7", "198.51.100.1", "203.0.113.200"
LONGEST_S = 300


@dataclass
class Served:
    """A school behind a trusted proxy on this machine, which hands on where each request comes from."""

    world: World
    url: str
    accounts: list[str]
    stop: threading.Event = field(default_factory=threading.Event)
    heard: Counter[tuple[str, int, str]] = field(default_factory=Counter)

    def http(self) -> httpx2.Client:
        return httpx2.Client(base_url=self.url, timeout=LONGEST_S, trust_env=False)

    def sign_in(self, http: httpx2.Client, username: str, source: str, password: str = PASSWORD) -> httpx2.Response:
        body = {"username": username, "password": password}
        return http.post("/v1/sessions", json=body, headers={"X-Forwarded-For": source})

    def guess(self, number: int) -> None:
        """Wrong ones over every account and at codes, from one of twenty addresses, until told to stop."""
        source = f"198.51.100.{number // 2 + 1}"
        with self.http() as http:
            turn = number
            while not self.stop.is_set():
                turn += 1
                name = self.accounts[turn % len(self.accounts)]
                if turn % 5:
                    kind, answer = "password", self.sign_in(http, name, source, WRONG)
                else:
                    body = {"code": f"000-{number}-{turn}", "password": PASSWORD}
                    forwarded = {"X-Forwarded-For": source}
                    kind, answer = "code", http.post("/v1/activations", json=body, headers=forwarded)
                self.heard[kind, answer.status_code, answer.json()["code"]] += 1

    @contextmanager
    def guessed(self) -> Iterator[None]:
        """While forty guess; those inside are asked only once every one of them has been answered."""
        threads = [threading.Thread(target=self.guess, args=(n,), daemon=True) for n in range(GUESSERS)]
        for thread in threads:
            thread.start()
        try:
            wait_for(lambda: self.heard.total() >= 2 * GUESSERS, "the guessing")
            yield
        finally:
            self.stop.set()
            for thread in threads:
                thread.join(timeout=LONGEST_S)


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    clock = Clock()
    world = with_school(found(make_services(f"sqlite:///{tmp_path}/thu.db", tmp_path, clock), clock))
    hire_homeroom(world)
    names = ["000.gvcn"]
    for number in range(GUESSED):
        world.hire(f"văn thư {number}", SCHOOL, "clerk", SCHOOL)
        names.append(f"000.văn thư {number}")
    with ExitStack() as stack:
        app = create_app(settings_for(tmp_path, log_level="error"), clock=clock)
        url = stack.enter_context(serving_app(app, free_port()))
        yield Served(world, url, names)
    world.services.db.close()


def test_while_forty_guess_no_right_sign_in_is_refused_and_open_sessions_sign_on(served: Served) -> None:
    """Twelve accounts are guessed at and locked. Right ones come from a known address, from the very school whose
    machines guess, and from an address that nobody has seen; each gets in, every time.
    """
    holder, unguessed = served.accounts[0], served.accounts[-1]
    served.accounts = served.accounts[:-1]
    with served.http() as http:
        # The holder of a guessed account has signed in from there before; a session is open.
        opened = served.sign_in(http, holder, MINE)
        assert opened.status_code == 201, opened.text
        session = {"Authorization": f"Bearer {opened.json()['token']}"}
        with served.guessed():
            for _ in range(RIGHT):
                for name, source in ((holder, MINE), (unguessed, SCHOOLS_OWN), (unguessed, ELSEWHERE)):
                    answer = served.sign_in(http, name, source)
                    assert answer.status_code == 201, (name, source, answer.text)
                again = http.post("/v1/me/second-factors/totp", json={"password": PASSWORD}, headers=session)
                assert again.status_code == 201, again.text
        # Who guesses hears that it was wrong, and nobody hears that there is no place.
        assert set(served.heard) == {
            ("password", 401, "credentials_wrong"),
            ("code", 401, "credentials_wrong"),
        }, served.heard
        # The lock of level 3 stands all the same, for whoever never signed in to that account.
        stranger = served.sign_in(http, holder, ELSEWHERE)
        assert (stranger.status_code, stranger.json()["code"]) == (401, "credentials_wrong")
        assert served.sign_in(http, holder, MINE).status_code == 201


def _run(work: Any) -> None:
    anyio.run(work)


def test_a_source_with_many_wrong_ones_has_one_lane_and_keeps_nobody_else_waiting(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Over whatever accounts. What waits in its lane takes no place from others; in the end all are done."""
    monkeypatch.setattr(passwords, "CONCURRENT_HASHES", 4)
    slow, other, done = "198.51.100.9", "203.0.113.5", list[str]()
    together, most = Counter[str](), Counter[str]()
    lock, let_go = threading.Lock(), threading.Event()

    def work(source: str) -> None:
        with lock:
            together[source] += 1
            most[source] = max(most[source], together[source])
        if source == slow:
            assert let_go.wait(LONGEST_S)
        with lock:
            together[source] -= 1
            done.append(source)

    async def story() -> None:
        gate = SignInGate()
        for _ in range(MANY):
            assert not gate.is_slow(slow)
            gate.was_wrong(slow)
        assert gate.is_slow(slow)
        assert not gate.is_slow(other)
        async with anyio.create_task_group() as group:
            for _ in range(8):
                group.start_soon(gate.run, slow, lambda: work(slow))
            for _ in range(8):
                await gate.run(other, lambda: work(other))
            assert done == [other] * 8
            let_go.set()
        assert Counter(done) == {slow: 8, other: 8}

    _run(story)
    assert most[slow] == 1


def test_wrong_ones_from_no_address_slow_nobody_down() -> None:
    """Behind a proxy that hands no address on all would stand in one lane."""
    gate = SignInGate()
    for _ in range(3 * MANY):
        gate.was_wrong(None)
    assert not gate.is_slow(None)


@pytest.mark.parametrize(
    ("client", "known"),
    [
        (("203.0.113.7", 1), "203.0.113.7"),
        (("2001:db8::7", 1), "2001:db8::7"),
        (("127.0.0.1", 1), None),
        (("::1", 1), None),
        (("testclient", 1), None),
        (None, None),
    ],
)
def test_the_address_is_the_servers_and_never_what_a_header_says(
    client: tuple[str, int] | None, known: str | None
) -> None:
    headers = [(b"x-forwarded-for", b"198.51.100.66"), (b"forwarded", b"for=198.51.100.66")]
    request = Request({"type": "http", "client": client, "headers": headers})
    assert source_of(request) == known
