"""The other end of `relay`: requests that another process took are served as if they had arrived here."""

import asyncio
from collections.abc import Callable
from itertools import count
from typing import Any

from starlette.types import Message, Scope
from uvicorn import Config
from uvicorn.server import ServerState

from access_service.api.http.relay_frames import (
    BUFFER_BYTES,
    PIECE_BYTES,
    AnswerPiece,
    AnswerStart,
    AskedRequest,
    BodyPiece,
    BodyWanted,
    FrameReader,
    Greeting,
    frame_bytes,
)
from access_service.domain.names import RegisterId

STATE = "acts"
"""Under which name the application gives the protocol what it tells."""
GONE: Message = {"type": "http.disconnect"}


class ActsTold:
    """What the process of acts tells with its answers."""

    def __init__(self, log_forked: Callable[[], bool]) -> None:
        self.log_forked = log_forked
        self._numbers, self._commits = count(), dict[RegisterId, int]()

    def committed(self, register: RegisterId) -> None:
        """Something was committed in that register; from any thread."""
        self._commits[register] = next(self._numbers)

    def stands(self) -> dict[RegisterId, int]:
        """What `moved_since` compares with."""
        return self._commits.copy()

    def moved_since(self, before: dict[RegisterId, int]) -> list[str]:
        """The registers in which something was committed since."""
        return [name for name, number in self._commits.copy().items() if before.get(name) != number]


class Relayed(asyncio.StreamReaderProtocol):
    """uvicorn's protocol of the socket between the processes: one connection, one request."""

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        """As uvicorn makes it."""
        self._app, self._state, self._server = config.loaded_app, app_state, server_state
        loop = _loop or asyncio.get_running_loop()
        super().__init__(asyncio.StreamReader(BUFFER_BYTES, loop), self._take, loop)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Another process has something."""
        self._server.connections.add(self)  # type: ignore[arg-type]
        super().connection_made(transport)

    def connection_lost(self, exc: Exception | None) -> None:
        """It has its answer, or is gone."""
        self._server.connections.discard(self)
        super().connection_lost(exc)

    def shutdown(self) -> None:
        """The server stops: what is in work is answered."""

    async def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        told: ActsTold = self._state[STATE]
        frames = FrameReader(reader)
        task = asyncio.current_task()
        self._server.tasks.add(task)  # type: ignore[arg-type]
        try:
            writer.write(frame_bytes(Greeting(told.log_forked())))
            asked = await frames.read(AskedRequest)
            request = _Request(frames, writer, told)
            await self._app(self._scope(asked), request.receive, request.send)
        except EOFError:
            pass  # Whoever only asked how we are.
        finally:
            self._server.tasks.discard(task)
            writer.close()

    def _scope(self, asked: AskedRequest) -> Scope:
        return {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": asked.http_version,
            "server": asked.server,
            "client": asked.client,
            "scheme": asked.scheme,
            "method": asked.method,
            "root_path": asked.root_path,
            "path": asked.path,
            "raw_path": asked.raw_path,
            "query_string": asked.query_string,
            "headers": asked.headers,
            "state": {"operations": True} if asked.operations else {},
        }


class _Request:
    """ASGI's two ways of one request."""

    def __init__(self, frames: FrameReader, writer: asyncio.StreamWriter, told: ActsTold) -> None:
        self._frames, self._writer, self._told = frames, writer, told
        self._before = told.stands()
        self._is_wanted = self._is_over = False
        self._reading = asyncio.Lock()

    async def receive(self) -> Message:
        """The next piece of the body, or that nobody is there any more."""
        async with self._reading:
            if not self._is_wanted:
                self._is_wanted = True
                self._writer.write(frame_bytes(BodyWanted()))
            if not self._is_over:
                try:
                    piece = await self._frames.read(BodyPiece)
                except EOFError:
                    self._is_over = True
                else:
                    return {"type": "http.request", "body": piece.body, "more_body": piece.more}
            return GONE

    async def send(self, message: Message) -> None:
        """The next piece of the answer; whoever is gone is told nothing."""
        if self._writer.is_closing():
            return
        if message["type"] == "http.response.start":
            headers = [(bytes(name), bytes(value)) for name, value in message.get("headers", ())]
            self._writer.write(
                frame_bytes(AnswerStart(message["status"], headers, self._told.moved_since(self._before)))
            )
            return
        body, more = bytes(message.get("body", b"")), message.get("more_body", False)
        try:
            for at in range(0, max(len(body), 1), PIECE_BYTES):
                piece = body[at : at + PIECE_BYTES]
                self._writer.write(frame_bytes(AnswerPiece(piece, more or at + PIECE_BYTES < len(body))))
                await self._writer.drain()
        except OSError:
            self._writer.close()
