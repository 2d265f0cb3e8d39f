"""Server-sent events (the HTML standard, section 9.2): their form, and one stream whose reader may be slow."""

import asyncio
from collections import deque
from collections.abc import Callable

from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

MOST_WAITING = 256
"""Most pieces that wait for one reader; who lets more come together is cut off."""
MOST_BYTES = 1 << 20
"""The same in bytes."""
HEADERS = (
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store"),
    # A proxy that gathers an answer before it passes it on would keep every event for itself.
    (b"x-accel-buffering", b"no"),
)


def event_bytes(kind: str, data: bytes, id_: str | None = None) -> bytes:
    """One event; `data` is JSON, which has no line ends."""
    named = b"" if id_ is None else b"id: %b\n" % id_.encode()
    return b"%bevent: %b\ndata: %b\n\n" % (named, kind.encode(), data)


def comment_bytes(text: str) -> bytes:
    """What readers of events leave out, and what shows that the connection lives."""
    return b": %b\n\n" % text.encode()


class EventStream:
    """What waits for one reader. Touched on the event loop only; nothing of it blocks."""

    def __init__(self) -> None:
        self._waiting: deque[bytes] = deque()
        self._bytes = 0
        self._there = asyncio.Event()
        self._held: list[bytes] | None = []
        self.ended: str | None = None
        """Why it is over."""

    def put(self, piece: bytes) -> None:
        """Have the reader given that, after what waits already."""
        if self.ended is not None:
            return
        if self._held is not None:
            self._held.append(piece)
            self._count(piece)
            return
        self._append(piece)

    def begin(self, *pieces: bytes) -> None:
        """Give these first, however large they are, and then whatever came meanwhile."""
        held, self._held = self._held or [], None
        if self.ended is None:
            self._waiting.extend(pieces)
            self._bytes = 0
            self._there.set()
        for piece in held:
            self._append(piece)

    def end(self, code: str, last: bytes = b"") -> None:
        """Say `last`, and that is all."""
        if self.ended is None:
            self._held = None
            if last:
                self._waiting.append(last)
            self.ended = code
            self._there.set()

    def _append(self, piece: bytes) -> None:
        if self.ended is None:
            self._waiting.append(piece)
            self._count(piece)
            self._there.set()

    def _count(self, piece: bytes) -> None:
        self._bytes += len(piece)
        if len(self._waiting) + len(self._held or ()) > MOST_WAITING or self._bytes > MOST_BYTES:
            # Kept for nobody: who reads that slowly begins again from the place it was told last.
            self._waiting.clear()
            self._held = None
            self.end("slow")

    async def next(self) -> bytes:
        """What waits, all of it; empty once the stream is over."""
        while not self._waiting and self.ended is None:
            self._there.clear()
            await self._there.wait()
        found = b"".join(self._waiting)
        self._waiting.clear()
        self._bytes = 0
        return found


class EventStreamAnswer(Response):
    """The answer that gives a stream to its reader, until either is over."""

    def __init__(self, stream: EventStream, left: Callable[[], None]) -> None:
        """`left` is called once, however it ends."""
        super().__init__()
        self._stream, self._left = stream, left

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve it."""
        # The listener calls that where it closes with requests in work.
        scope.setdefault("state", {})["when_closing"] = lambda: self._stream.end("stopping")
        gone = asyncio.create_task(_until_gone(receive, self._stream))
        try:
            await send({"type": "http.response.start", "status": 200, "headers": list(HEADERS)})
            while piece := await self._stream.next():
                await send({"type": "http.response.body", "body": piece, "more_body": True})
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        except OSError:
            raise ClientDisconnect from None
        finally:
            gone.cancel()
            self._stream.end("left")
            self._left()


async def _until_gone(receive: Receive, stream: EventStream) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    stream.end("left")
