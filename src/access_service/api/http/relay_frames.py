"""What passes between a process that decides and the process of acts, over a socket of their own.

A frame is its length in four bytes and a value in MessagePack. The facts of the connection (who is at its other
end, by TLS or not, by which listener) are members of a frame, apart from what the client sent: no header says them.
"""

import asyncio
from typing import TypeVar

import msgspec

MOST_BYTES = 4 << 20
"""Most bytes of a frame; headers are bounded by the listener, and bodies come in pieces."""
PIECE_BYTES = 256 << 10
"""Most bytes of an answer in one frame."""
BUFFER_BYTES = 1 << 20
"""How much may wait at either end before the other one waits."""

T = TypeVar("T")


class RelayFrame(msgspec.Struct, frozen=True, tag=True, array_like=True, gc=False):
    """What is sent at once."""


class Greeting(RelayFrame, frozen=True):
    """The process of acts has taken the connection, and says how it is."""

    log_forked: bool


class AskedRequest(RelayFrame, frozen=True):
    """A request without its body, as ASGI names its parts."""

    method: str
    scheme: str
    http_version: str
    path: str
    raw_path: bytes
    query_string: bytes
    root_path: str
    headers: list[tuple[bytes, bytes]]
    client: tuple[str, int] | None
    server: tuple[str, int | None] | None
    operations: bool
    """It came by the operators' own listener."""


class BodyWanted(RelayFrame, frozen=True):
    """The body is wanted: until then nobody reads it, so that a stranger's is not looked at."""


class BodyPiece(RelayFrame, frozen=True):
    """The next piece of the body."""

    body: bytes
    more: bool


class AnswerStart(RelayFrame, frozen=True):
    """The answer's status and headers, and the registers in which something was committed since it was asked."""

    status: int
    headers: list[tuple[bytes, bytes]]
    moved: list[str]


class AnswerPiece(RelayFrame, frozen=True):
    """The next piece of the answer."""

    body: bytes
    more: bool


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Greeting | AskedRequest | BodyWanted | BodyPiece | AnswerStart | AnswerPiece)


def frame_bytes(frame: RelayFrame) -> bytes:
    """A frame as it is sent."""
    body = _encoder.encode(frame)
    return len(body).to_bytes(4, "big") + body


class FrameReader:
    """Takes frames from a stream; whoever is cancelled while waiting has taken nothing."""

    def __init__(self, reader: asyncio.StreamReader) -> None:
        self._reader = reader
        self._size: int | None = None

    async def read(self, kind: type[T]) -> T:
        """The next one; `EOFError` where there is none any more, or another kind than may come now."""
        try:
            if self._size is None:
                self._size = int.from_bytes(await self._reader.readexactly(4), "big")
            if self._size > MOST_BYTES:
                raise EOFError("a frame beyond what one may have")
            body = await self._reader.readexactly(self._size)
        except OSError as error:
            raise EOFError("the other end is gone") from error
        self._size = None
        try:
            found = _decoder.decode(body)
        except msgspec.MsgspecError as error:
            raise EOFError("no frame") from error
        if not isinstance(found, kind):
            raise EOFError("another frame than may come now")
        return found
