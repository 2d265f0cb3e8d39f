"""A proxy before a service: it cuts streams, keeps what it should pass on, or says something else instead."""

from __future__ import annotations

import contextlib
import socket
import threading
from dataclasses import dataclass, field

STREAM = b"GET /v1/watch"


@dataclass
class HttpWay:
    """Passes bytes on; what it does to streams of changes is changed while it runs."""

    to: int = 0
    is_closed: bool = False
    """Nobody is let through."""
    streams_closed: bool = False
    """The same for streams."""
    holds: bool = False
    """Whatever a stream says is kept for itself."""
    says: bytes = b""
    """Said once, in place of what a stream says next."""
    asked: list[bytes] = field(default_factory=list)
    """The beginnings of requests, with their headers."""
    _streams: list[socket.socket] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listening.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def count(self, path: bytes) -> int:
        return sum(head.split(b" ", 2)[1].split(b"?")[0] == path for head in self.asked)

    def cut(self) -> None:
        """End the streams that are open."""
        for one in self._streams:
            _end(one)
        self._streams.clear()

    def close(self) -> None:
        self.cut()
        self._listening.close()

    def _accept(self) -> None:
        while True:
            try:
                here, _ = self._listening.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(here,), daemon=True).start()

    def _serve(self, here: socket.socket) -> None:
        there: socket.socket | None = None
        try:
            while data := here.recv(65536):
                is_stream = data.startswith(STREAM)
                if data.startswith((b"GET ", b"POST ")):
                    self.asked.append(data)
                if self.is_closed or (is_stream and self.streams_closed):
                    break
                if there is None:
                    there = socket.create_connection(("127.0.0.1", self.to))
                    threading.Thread(target=self._back, args=(there, here, is_stream), daemon=True).start()
                if is_stream:
                    self._streams.append(here)
                there.sendall(data)
        except OSError:
            pass
        _end(here)
        if there is not None:
            _end(there)

    def _back(self, there: socket.socket, here: socket.socket, is_stream: bool) -> None:
        try:
            while data := there.recv(65536):
                if is_stream and self.says:
                    data, self.says = self.says, b""
                if not (is_stream and self.holds):
                    here.sendall(data)
        except OSError:
            pass
        _end(here)


def _end(one: socket.socket) -> None:
    with contextlib.suppress(OSError):
        one.shutdown(socket.SHUT_RDWR)
    one.close()
