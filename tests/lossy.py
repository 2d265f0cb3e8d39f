"""A way to PostgreSQL on which packets get lost: what was open stays silent for good, what comes later passes."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.engine import URL, make_url


class Way:
    """A proxy on loopback. While packets are lost it takes everything, acknowledges it, and passes nothing on."""

    def __init__(self, to: URL) -> None:
        self._to = to
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._generation = 0
        self._is_lossy = False
        self._open: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def url(self) -> str:
        """The database by this way."""
        host, port = self._listening.getsockname()
        by = self._to.difference_update_query(["host"]).set(host=host, port=port)
        return by.render_as_string(hide_password=False)

    def lose(self) -> None:
        """From now on nothing arrives, in either direction; nobody is told."""
        self._is_lossy = True

    def heal(self) -> None:
        """Whoever connects from now on gets through. Older connections are forgotten: they stay silent."""
        self._generation += 1
        self._is_lossy = False

    def close(self) -> None:
        for one in (self._listening, *self._open):
            one.close()

    def _accept(self) -> None:
        while True:
            try:
                here, _ = self._listening.accept()
                there = self._connected()
            except OSError:
                return
            self._open += [here, there]
            for source, sink in ((here, there), (there, here)):
                threading.Thread(target=self._pass_on, args=(source, sink, self._generation), daemon=True).start()

    def _connected(self) -> socket.socket:
        folder = self._to.query.get("host")
        if not folder:
            return socket.create_connection((self._to.host or "127.0.0.1", self._to.port or 5432))
        there = socket.socket(socket.AF_UNIX)
        there.connect(f"{folder}/.s.PGSQL.{self._to.port or 5432}")
        return there

    def _pass_on(self, source: socket.socket, sink: socket.socket, born: int) -> None:
        is_lost = False
        try:
            while data := source.recv(65536):
                # What once lost a byte is no stream any more.
                is_lost = is_lost or self._is_lossy or born != self._generation
                if not is_lost:
                    sink.sendall(data)
            if not is_lost and not self._is_lossy and born == self._generation:
                sink.shutdown(socket.SHUT_WR)
        except OSError:
            return


@contextmanager
def lossy(url: str) -> Iterator[Way]:
    """A way to that database, for as long as the block runs."""
    way = Way(make_url(url))
    try:
        yield way
    finally:
        way.close()
