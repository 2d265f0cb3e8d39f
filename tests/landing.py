"""Where a browser can come back to after signing in: a port of this machine, and somebody who answers there."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


def free_port() -> int:
    """A port of this machine that nobody listens at."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        found: int = probe.getsockname()[1]
        return found


class _Back(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        """Whoever comes back is answered a word."""
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"back")

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@contextmanager
def landing(port: int) -> Iterator[None]:
    """An address where a browser can come back to; who reads the address is elsewhere."""
    with ThreadingHTTPServer(("127.0.0.1", port), _Back) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield
        finally:
            server.shutdown()
            thread.join()
