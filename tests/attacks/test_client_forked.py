"""A client that was used and then forked: sockets, locks and tokens belong to a process.

`gunicorn --preload`, uWSGI and multiprocessing fork after the application was loaded, and often after it has asked
once. Two processes on one connection read each other's answers: one user's yes is given to another. Here real
processes are forked beside a real server on loopback.
"""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from fake_service import AUDIENCE, CLASS, Issuer

from access_service.client import (
    AccessClient,
    AsyncAccessClient,
    AsyncTokenVerifier,
    ClientCredentials,
    Question,
    TokenVerifier,
    student,
)
from access_service.client.core import wall_clock

PUPIL = student("000000000001", class_=CLASS, category="STU-ACA")
PROCESSES, QUESTIONS = 4, 120
STUCK_S = 30
CREDENTIALS = ClientCredentials("cli_fork", "000-bí-mật-thử")


@dataclass
class Service:
    """Says yes to `yes…`, no to everybody else, and repeats who was asked about: an answer shows whose it is."""

    port: int = 0
    issuer: Issuer = field(default_factory=lambda: Issuer(as_of=lambda: wall_clock() - 1))
    tokens: list[str] = field(default_factory=list)
    asked: set[tuple[str, str]] = field(default_factory=set)
    held: str = ""
    """The path whose first request is held up."""
    arrived: threading.Event = field(default_factory=threading.Event)
    release: threading.Event = field(default_factory=threading.Event)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def token(self, **claims: Any) -> str:
        now = int(wall_clock())
        return self.issuer.token(iss=self.url, iat=now - 1, exp=now + 600, **claims)

    def answer(self, path: str, body: bytes, authorization: str) -> tuple[dict[str, Any], str]:
        if path == self.held and not self.arrived.is_set():
            self.arrived.set()
            self.release.wait(STUCK_S)
        if path == "/oauth2/token":
            self.tokens.append(f"t-{len(self.tokens)}")
            return {"access_token": self.tokens[-1], "token_type": "Bearer", "expires_in": 3600, "scope": ""}, ""
        if path == "/oauth2/jwks.json":
            return {"keys": [self.issuer.jwk()]}, ""
        if path == "/oauth2/revocations":
            return {
                "as_of": self.issuer.as_of(),
                "poll_s": 5,
                "register": "thu-nghiem",
                **self.issuer.revoked,
            }, ""
        account = json.loads(body)["subject"]["id"]
        self.asked.add((account.partition(".")[2].partition(".")[0], authorization))
        return {"decision": account.startswith("yes")}, account


class Handler(BaseHTTPRequestHandler):
    """Keeps its connections, as the service does."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1
    service: Service

    def do_GET(self) -> None:
        self._answer(b"")

    def do_POST(self) -> None:
        self._answer(self.rfile.read(int(self.headers["content-length"])))

    def _answer(self, body: bytes) -> None:
        said, revision = self.service.answer(self.path, body, self.headers.get("authorization", ""))
        data = json.dumps(said).encode()
        self.send_response(200)
        for name, value in (
            ("Content-Type", "application/json"),
            ("Content-Length", str(len(data))),
            ("X-Access-Revision", revision),
        ):
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Nothing."""


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, *_: Any) -> None:
        """A connection that two processes wrote to; the answers tell."""


@pytest.fixture
def service() -> Iterator[Service]:
    made = Service()
    with Server(("127.0.0.1", 0), type("Bound", (Handler,), {"service": made})) as server:
        made.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield made
        made.release.set()
        server.shutdown()
        thread.join()


def questions(process: int) -> list[Question]:
    """No two processes ask about the same account."""
    names = (f"{'yes' if (n + process) % 2 else 'no'}.{process}.{n}" for n in range(QUESTIONS))
    return [Question(name, "read", PUPIL) for name in names]


@dataclass
class Blocking:
    """The client for threads, from several at once."""

    client: AccessClient

    def ask(self, process: int) -> list[str]:
        return [_mixed(q, self.client.check(q.account, q.action, q.resource)) for q in questions(process)]

    def end(self) -> None:
        self.client.close()


@dataclass
class Awaiting:
    """The client for a loop; a process that was forked runs a loop of its own."""

    client: AsyncAccessClient
    runners: dict[int, asyncio.Runner] = field(default_factory=dict)

    def ask(self, process: int) -> list[str]:
        async def all_of_them() -> list[str]:
            return [_mixed(q, await self.client.check(q.account, q.action, q.resource)) for q in questions(process)]

        return self._runner().run(all_of_them())

    def end(self) -> None:
        runner = self._runner()
        runner.run(self.client.close())
        runner.close()

    def _runner(self) -> asyncio.Runner:
        return self.runners.setdefault(os.getpid(), asyncio.Runner())


def _mixed(question: Question, decision: Any) -> str:
    """Empty when the answer is of this question."""
    is_right = bool(decision) is question.account.startswith("yes") and decision.revision == question.account
    return "" if is_right else f"{question.account}: {bool(decision)} for {decision.revision} ({decision})"


def make(kind: str, service: Service) -> Blocking | Awaiting:
    if kind == "blocking":
        return Blocking(AccessClient(service.url, CREDENTIALS, timeout_s=STUCK_S))
    return Awaiting(AsyncAccessClient(service.url, CREDENTIALS, timeout_s=STUCK_S))


def forked(work: Callable[[], list[str]]) -> Callable[[], list[str]]:
    """Do it in a process of `os.fork`; the function that is given back waits for what it found."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        signal.alarm(STUCK_S)
        status = 1
        try:
            found = json.dumps(work()).encode()
            os.write(writing, found[:60_000])
            status = 0
        finally:
            os._exit(status)
    os.close(writing)

    def found() -> list[str]:
        with os.fdopen(reading, "rb") as file:
            data = file.read()
        _, status = os.waitpid(child, 0)
        assert status == 0, f"the process ended with {status}"
        answers: list[str] = json.loads(data)
        return answers

    return found


@pytest.mark.parametrize("kind", ["blocking", "awaiting"])
def test_processes_of_a_fork_never_read_each_others_answers(service: Service, kind: str) -> None:
    used = make(kind, service)
    assert not any(used.ask(0))
    waiting = [forked(lambda n=n: used.ask(n)) for n in range(1, PROCESSES + 1)]  # type: ignore[misc]
    answers = used.ask(PROCESSES + 1)
    for found in waiting:
        answers += found()
    assert len(answers) == (PROCESSES + 1) * QUESTIONS
    assert [answer for answer in answers if answer] == []
    used.end()


def _in_a_process(used: Blocking | Awaiting, process: int, answers: Any) -> None:
    answers.put(used.ask(process))


@pytest.mark.parametrize("kind", ["blocking", "awaiting"])
def test_processes_of_multiprocessing_have_a_token_and_connections_of_their_own(
    service: Service, kind: str
) -> None:
    used, forking = make(kind, service), multiprocessing.get_context("fork")
    assert not any(used.ask(0))
    answers = forking.Queue()
    made = [
        forking.Process(target=_in_a_process, args=(used, n, answers), daemon=True) for n in range(1, PROCESSES + 1)
    ]
    for process in made:
        process.start()
    found = [answers.get(timeout=STUCK_S) for _ in made]
    for process in made:
        process.join(STUCK_S)
    assert [answer for of_one in found for answer in of_one if answer] == []
    assert len(service.tokens) == PROCESSES + 1
    # Which token asked about whose accounts: one each, and none for two.
    assert len(service.asked) == len({token for _, token in service.asked}) == PROCESSES + 1
    used.end()


def test_a_fork_of_a_fork_is_another_process(service: Service) -> None:
    used = make("blocking", service)
    assert not any(used.ask(0))
    grandchild = forked(lambda: [*used.ask(1), *forked(lambda: used.ask(2))(), *used.ask(3)])
    answers = [*used.ask(4), *grandchild()]
    assert len(answers) == 4 * QUESTIONS
    assert [answer for answer in answers if answer] == []
    used.end()


def test_a_lock_that_another_thread_held_at_the_fork_holds_nobody_up(service: Service) -> None:
    """The thread that renews the token is not in the child: nobody there would ever let go of its lock."""
    service.held = "/oauth2/token"
    used = make("blocking", service)
    renewing = threading.Thread(target=used.ask, args=(0,))
    renewing.start()
    assert service.arrived.wait(STUCK_S)
    assert not any(forked(lambda: used.ask(1))())
    service.release.set()
    renewing.join(STUCK_S)
    used.end()


@pytest.mark.parametrize("kind", ["blocking", "awaiting"])
def test_a_verifier_that_was_forked_while_it_fetched_verifies_in_the_child(service: Service, kind: str) -> None:
    service.held = "/oauth2/jwks.json"
    token = service.token()

    def verified(verifier: TokenVerifier | AsyncTokenVerifier) -> list[str]:
        if isinstance(verifier, TokenVerifier):
            return [verifier.verify(token).sub]

        async def awaited() -> list[str]:
            found = [(await verifier.verify(token)).sub]
            await verifier.close()
            return found

        return asyncio.run(awaited())

    made = TokenVerifier if kind == "blocking" else AsyncTokenVerifier
    verifier = made(service.url, AUDIENCE, timeout_s=STUCK_S)
    fetching = threading.Thread(target=verified, args=(verifier,))
    fetching.start()
    assert service.arrived.wait(STUCK_S)
    assert forked(lambda: verified(verifier))() == ["acc_teacher"]
    service.release.set()
    fetching.join(STUCK_S)
    if isinstance(verifier, TokenVerifier):
        verifier.close()
