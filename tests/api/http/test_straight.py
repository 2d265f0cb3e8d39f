"""What the listener answers straight is, byte for byte, what the application answers by a task of uvicorn's."""

from __future__ import annotations

import json
import re
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from oauth_scene import with_services
from prometheus_client import generate_latest
from serving import KEY, settings_for

from access_service.api.authzen.hot import Application, TracedApplication
from access_service.api.http.listener import straight_of
from access_service.app import create_app
from pack_server import free_port
from prepared import copied
from watched import listening
from world import CLASS_6A, CLASS_6B

PATH = "/access/v1/evaluation"
KNOWN = {"authorization": f"Bearer {KEY}", "content-type": "application/json", "x-request-id": "mot"}


class Serving:
    """A served school, and which answers were given straight."""

    def __init__(self, app: Any, port: int, account: str) -> None:
        self.app, self.port, self.account = app, port, account
        self.straight: list[bool] = []
        own = app.answer_straight

        def answer(headers: Any, body: bytes) -> bytes | None:
            found: bytes | None = own(headers, body)
            self.straight.append(found is not None)
            return found

        app.answer_straight = answer

    def question(self, class_id: str = CLASS_6A, **members: Any) -> bytes:
        resource = {"type": "student", "id": "000-hs-1", "properties": {"category": "STU-ACA", "class": class_id}}
        asked = {"subject": {"type": "account", "id": self.account}, "action": {"name": "read"}}
        return json.dumps({**asked, "resource": resource, **members}).encode()

    def ask(self, *pieces: bytes, answers: int = 1) -> bytes:
        """What comes back for these pieces, each sent once the one before was read; without the date."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=20) as connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection.sendall(pieces[0])
            for piece in pieces[1:]:
                # Sent after something else was answered: the piece before has been read by then.
                with socket.create_connection(("127.0.0.1", self.port), timeout=20) as other:
                    other.sendall(b"GET /healthz HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n")
                    while other.recv(1 << 16):
                        pass
                connection.sendall(piece)
            found = b""
            while found.count(b"HTTP/1.1 ") < answers or not _is_whole(found):
                more = connection.recv(1 << 16)
                if not more:
                    break
                found += more
        return re.sub(rb"date: [^\r]*\r\n", b"", found)


def _is_whole(found: bytes) -> bool:
    head, end, body = found[found.rindex(b"HTTP/1.1 ") :].partition(b"\r\n\r\n")
    length = re.search(rb"content-length: (\d+)", head)
    return bool(end) and length is not None and len(body) >= int(length[1])


def request(body: bytes, headers: dict[str, str] | None = None, *, path: str = PATH, more: str = "") -> bytes:
    lines = "".join(f"{name}: {value}\r\n" for name, value in (KNOWN if headers is None else headers).items())
    head = f"POST {path} HTTP/1.1\r\nhost: a\r\ncontent-length: {len(body)}\r\n{lines}{more}\r\n"
    return head.encode() + body


@pytest.fixture(scope="module")
def serving(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    folder: Path = tmp_path_factory.mktemp("straight")
    world, _ = copied(folder, with_services)
    port = free_port()
    app = create_app(settings_for(folder, log_decisions="none", log_level="warning"), clock=world.clock)
    world.services.db.close()
    with listening(app, port):
        found = Serving(app, port, str(world.people["gvcn"].account))
        for class_id in (CLASS_6A, CLASS_6B):
            # From then on memory knows the answer.
            found.ask(request(found.question(class_id)))
        found.straight.clear()
        yield found


@pytest.mark.parametrize(
    ("class_id", "members"),
    [(CLASS_6A, {}), (CLASS_6B, {}), (CLASS_6A, {"action": {"name": "bay"}})],
    ids=["allow", "deny", "mistake"],
)
def test_an_answer_is_the_same_in_one_piece_and_in_two(
    serving: Serving, class_id: str, members: dict[str, Any]
) -> None:
    sent = request(serving.question(class_id, **members))
    serving.ask(sent)
    serving.straight.clear()
    straight = serving.ask(sent)
    assert serving.straight == [True]
    assert serving.ask(sent[:-20], sent[-20:]) == straight
    # The second did not ask at all: a request that does not come whole is a task from its headers on.
    assert serving.straight == [True]
    assert straight.startswith(b"HTTP/1.1 200 OK\r\n")


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({**KNOWN, "authorization": "Bearer sai"}, b"401"),
        ({**KNOWN, "content-type": "text/plain"}, b"400"),
        ({name: value for name, value in KNOWN.items() if name != "authorization"}, b"401"),
        ({**KNOWN, "Authorization": "Bearer sai"}, b"401"),
    ],
    ids=["another key", "another type", "no key", "two keys"],
)
def test_whoever_is_refused_is_refused_in_the_general_way(
    serving: Serving, headers: dict[str, str], status: bytes
) -> None:
    serving.straight.clear()
    sent = request(serving.question(), headers)
    refused = serving.ask(sent)
    assert refused.split()[1] == status
    assert True not in serving.straight
    assert serving.ask(sent[:-20], sent[-20:]) == refused


@pytest.mark.parametrize(
    ("path", "more", "is_straight"),
    [
        (PATH, "", True),
        (f"{PATH}?a=1", "", False),
        ("/access/v1/%65valuation", "", False),
        (PATH, "expect: 100-continue\r\n", False),
        (PATH, "connection: close\r\n", False),
        (PATH, "connection: upgrade\r\nupgrade: websocket\r\n", False),
    ],
)
def test_what_is_unusual_of_a_request_goes_the_general_way(
    serving: Serving, path: str, more: str, *, is_straight: bool
) -> None:
    serving.straight.clear()
    answered = serving.ask(request(serving.question(), path=path, more=more), answers=2 if "expect" in more else 1)
    assert serving.straight == ([True] if is_straight else [])
    assert answered.split()[1] == (
        b"400" if "?" in path or "upgrade" in more else b"100" if "expect" in more else b"200"
    )


def test_many_requests_in_one_piece_are_answered_in_their_order_and_one_of_them_straight(serving: Serving) -> None:
    serving.straight.clear()
    sent = [
        request(serving.question(class_id), {**KNOWN, "x-request-id": str(number)})
        for number, class_id in enumerate([CLASS_6A, CLASS_6B, CLASS_6A, CLASS_6B])
    ]
    answered = serving.ask(b"".join(sent), answers=4)
    assert re.findall(rb"x-request-id: (\d)", answered) == [b"0", b"1", b"2", b"3"]
    assert re.findall(rb'"decision":(true|false)', answered) == [b"true", b"false", b"true", b"false"]
    assert serving.straight == [True]


def test_a_body_in_chunks_is_read_whole_and_one_with_lines_after_it_in_the_general_way(serving: Serving) -> None:
    body = serving.question()
    lines = "".join(f"{name}: {value}\r\n" for name, value in KNOWN.items())
    head = f"POST {PATH} HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n{lines}\r\n".encode()
    chunks = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in (body[:9], body[9:])) + b"0\r\n"
    serving.straight.clear()
    plain = serving.ask(head + chunks + b"\r\n")
    assert serving.straight == [True]
    assert serving.ask(request(body)) == plain
    serving.straight.clear()
    later = serving.ask(head + chunks + b"authorization: Bearer sai\r\n\r\n")
    assert serving.straight == []
    assert later.split()[1] == b"401"


def test_an_answer_given_straight_is_counted_as_any_other(serving: Serving) -> None:
    line = f'access_service_requests_total{{method="POST",route="{PATH}",status="200"}} '

    def counted() -> float:
        said = generate_latest(serving.app.state.edge.metrics.registry).decode()
        return float(said.partition(line)[2].split()[0])

    sent = request(serving.question())
    before = counted()
    for pieces in ((sent,), (sent[:-20], sent[-20:])):
        serving.ask(*pieces)
    # Counted once the loop has done what lay before.
    serving.ask(b"GET /healthz HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n")
    assert counted() == before + 2


def test_a_process_that_is_being_stopped_answers_in_the_general_way_and_closes(serving: Serving) -> None:
    edge = serving.app.state.edge
    edge.is_stopping = True
    try:
        serving.straight.clear()
        assert serving.ask(request(serving.question())).split()[1] == b"200"
        assert serving.straight == [False]
    finally:
        edge.is_stopping = False


def test_nothing_is_answered_straight_that_belongs_to_a_trace_or_stands_behind_something_else() -> None:
    assert straight_of(Application()) is not None
    assert straight_of(TracedApplication()) is None

    async def theirs(_scope: Any, _receive: Any, _send: Any) -> None: ...

    assert straight_of(theirs) is None
