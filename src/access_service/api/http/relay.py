"""Handing requests over: what is no decision is answered by the process of acts, with its own interpreter.

An act holds the interpreter for milliseconds at a time, and every decision in its process waits for it. What those
who enforce ask all day is answered where it arrives; the pages, the management of the register and signing in are
passed on, piece by piece in both directions, with the listener's limits before them and the application's behind.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from starlette.concurrency import run_in_threadpool
from starlette.types import Receive, Scope, Send

from access_service.api.http.errors import cause_of, problem_of
from access_service.api.http.relay_frames import (
    BUFFER_BYTES,
    AnswerPiece,
    AnswerStart,
    AskedRequest,
    BodyPiece,
    BodyWanted,
    FrameReader,
    Greeting,
    RelayFrame,
    frame_bytes,
)
from access_service.domain.errors import UnavailableError
from access_service.domain.names import RegisterId

if TYPE_CHECKING:
    from access_service.api.http.edge import Edge

WITHIN_S = 15.0
"""How long a request waits for a process of acts that is being replaced."""
AT_FIRST_S = 60.0
"""The same until it was there once: it begins when this process begins."""
AGAIN_S = 0.1
"""After how long it looks again."""
EVERY_S = 2.0
"""How often the process of acts is asked how it is."""
HERE = frozenset(
    {
        "/healthz",
        "/readyz",
        "/metrics",
        "/v1/watch",
        "/oauth2/token",
        "/oauth2/introspect",
        "/oauth2/userinfo",
        "/oauth2/jwks.json",
        "/oauth2/revocations",
    }
)
"""Addresses that are answered where they arrive."""
HERE_BELOW = ("/access/v1/evaluation", "/access/v1/search/", "/access/v1/forward-auth", "/.well-known/")
"""The same for all that begins so."""
AWAY = "the process of acts is being replaced"
LOST = "the process of acts ended while it answered; what it was asked may be done"
ROUTE = "acts"
"""Of a request that could not be handed over, in metrics and log."""


def is_answered_here(path: str) -> bool:
    """Is that a decision, or what those who enforce need beside it?"""
    return path in HERE or path.startswith(HERE_BELOW)


class Relay:
    """One process's way to the process of acts."""

    def __init__(self, path: Path, edge: "Callable[[], Edge]", committed: Callable[[RegisterId], None]) -> None:
        """`path` is the socket; `committed` is told of every register that an act moved, before its answer."""
        self._path = str(path)
        self._edge = edge
        self._committed = committed
        self._was_there = False
        self.log_forked = False
        """Whether some register's log does not go on from what was signed of it, as was last heard."""

    async def follow(self) -> None:
        """Ask the process of acts every so often how it is, until cancelled."""
        while True:
            with suppress(EOFError, OSError, TimeoutError):
                _, writer = await self._connect()
                writer.close()
            await asyncio.sleep(EVERY_S)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Have one request answered."""
        began = time.perf_counter()
        try:
            frames, writer = await self._connect()
        except (EOFError, OSError, TimeoutError) as error:
            await self._refuse(AWAY, error, began, scope, receive, send)
            return
        passing = _Passing(frames, writer, receive, send, self._before_answer)
        try:
            await passing.run(asked_of(scope))
        except (EOFError, OSError) as error:
            if passing.is_left:
                return
            if passing.has_begun:
                # Nothing more is sent: the connection is closed, and whoever reads sees that something is missing.
                self._note(cause_of(UnavailableError(LOST)), scope, began, 499)
                return
            await self._refuse(LOST, error, began, scope, receive, send)
        finally:
            await passing.close()

    async def _connect(self) -> tuple[FrameReader, asyncio.StreamWriter]:
        """A connection that the other process has taken: a new one takes up what the one before it left waiting."""
        async with asyncio.timeout(WITHIN_S if self._was_there else AT_FIRST_S):
            while True:
                reader, writer = await asyncio.open_unix_connection(self._path, limit=BUFFER_BYTES)
                frames = FrameReader(reader)
                try:
                    self.log_forked = (await frames.read(Greeting)).log_forked
                    self._was_there = True
                except EOFError:
                    writer.close()
                    await asyncio.sleep(AGAIN_S)
                except BaseException:
                    writer.close()
                    raise
                else:
                    return frames, writer

    async def _before_answer(self, answer: AnswerStart) -> list[tuple[bytes, bytes]]:
        """Whoever acted finds it done in the next decision here; the headers of the answer."""
        for register in answer.moved:
            await run_in_threadpool(self._committed, RegisterId(register))
        return [*answer.headers, (b"connection", b"close")] if self._edge().is_stopping else answer.headers

    async def _refuse(
        self, why: str, error: BaseException, began: float, scope: Scope, receive: Receive, send: Send
    ) -> None:
        unavailable = UnavailableError(why)
        unavailable.__cause__ = error
        response = problem_of(unavailable, scope["path"])
        response.headers["Cache-Control"] = "no-store"
        response.headers.update(self._edge().headers)
        response.headers["X-Request-ID"] = self._note(cause_of(unavailable), scope, began, response.status_code)
        await response(scope, receive, send)

    def _note(self, cause: str, scope: Scope, began: float, status: int) -> str:
        """Count and log what the other process could not; returns the id of the request."""
        return self._edge().note_unanswered(scope, ROUTE, status, time.perf_counter() - began, cause)


def asked_of(scope: Scope) -> AskedRequest:
    """A request's frame."""
    return AskedRequest(
        method=scope["method"],
        scheme=scope["scheme"],
        http_version=scope["http_version"],
        path=scope["path"],
        raw_path=scope["raw_path"],
        query_string=scope["query_string"],
        root_path=scope.get("root_path", ""),
        headers=list(scope["headers"]),
        client=scope.get("client"),
        server=scope.get("server"),
        operations=bool((scope.get("state") or {}).get("operations")),
    )


class _Passing:
    """One request on its way, and its answer."""

    def __init__(
        self,
        frames: FrameReader,
        writer: asyncio.StreamWriter,
        receive: Receive,
        send: Send,
        before_answer: Callable[[AnswerStart], Awaitable[list[tuple[bytes, bytes]]]],
    ) -> None:
        self._frames, self._writer = frames, writer
        self._receive, self._send = receive, send
        self._before_answer = before_answer
        self._uploading: asyncio.Task[None] | None = None
        self.has_begun = False
        self.is_left = False
        """The client is gone, or its connection was cut off."""

    async def run(self, asked: AskedRequest) -> None:
        """Until the answer is whole; `EOFError` or `OSError` when the other process is gone before."""
        self._writer.write(frame_bytes(asked))
        while True:
            frame: RelayFrame = await self._frames.read(RelayFrame)
            if isinstance(frame, AnswerPiece):
                await self._send({"type": "http.response.body", "body": frame.body, "more_body": frame.more})
                if not frame.more:
                    return
            elif isinstance(frame, AnswerStart):
                headers = await self._before_answer(frame)
                self.has_begun = True
                await self._send({"type": "http.response.start", "status": frame.status, "headers": headers})
            elif isinstance(frame, BodyWanted) and self._uploading is None:
                self._uploading = asyncio.create_task(self._upload())
            else:
                raise EOFError("another frame than may come now")

    async def _upload(self) -> None:
        with suppress(OSError):
            while True:
                message = await self._receive()
                if message["type"] != "http.request":
                    self.is_left = True
                    self._writer.close()
                    return
                self._writer.write(
                    frame_bytes(BodyPiece(message.get("body", b""), message.get("more_body", False)))
                )
                await self._writer.drain()

    async def close(self) -> None:
        """End it, whole or not."""
        if self._uploading is not None:
            self._uploading.cancel()
            with suppress(asyncio.CancelledError):
                await self._uploading
        self._writer.close()
