"""A clock that is not ours says when something was there (RFC 3161 over HTTP, section 3.4).

One address that the operator names, no redirect, no proxy of the environment, one bounded answer within a bounded
time. What comes back is checked by whoever asked: the answer names the hash and the number that were sent, and the
clock's certificate leads to a root of the operator's.
"""

import http.client
import ssl
import time
from urllib.parse import urlsplit

from access_service.domain.errors import UnavailableError

WITHIN_S = 10.0
ANSWER_BYTES = 64 << 10
"""Largest answer: a token with its certificates has some six thousand bytes."""
QUERY, REPLY = "application/timestamp-query", "application/timestamp-reply"
_PIECE = 8 << 10


class TimeAuthority:
    """The operator's clock. Safe from any number of threads: each question has a connection of its own."""

    def __init__(self, url: str, *, within_s: float = WITHIN_S) -> None:
        """`url` is http or https; `within_s` bounds the whole question, in seconds."""
        self.url = url
        self._within_s = within_s

    def ask(self, request: bytes) -> bytes:
        """Send a request (DER) and return the answer; `UnavailableError` where there is none in time."""
        said = urlsplit(self.url)
        kind = http.client.HTTPSConnection if said.scheme == "https" else http.client.HTTPConnection
        ends = time.monotonic() + self._within_s
        connection = kind(said.hostname or "", said.port, timeout=self._within_s)
        try:
            path = (said.path or "/") + (f"?{said.query}" if said.query else "")
            connection.request("POST", path, request, {"Content-Type": QUERY, "Accept": REPLY})
            with connection.getresponse() as answer:
                if answer.status != http.client.OK or not answer.headers.get("Content-Type", "").startswith(REPLY):
                    raise UnavailableError(f"the timestamp authority answered {answer.status}")
                return _read(answer, ends)
        except (TimeoutError, OSError, http.client.HTTPException, ssl.SSLError) as error:
            raise UnavailableError("the timestamp authority cannot be reached") from error
        finally:
            connection.close()


def _read(answer: http.client.HTTPResponse, ends: float) -> bytes:
    found = b""
    while piece := answer.read1(_PIECE):
        found += piece
        if len(found) > ANSWER_BYTES:
            raise UnavailableError("the timestamp authority's answer is too long")
        if time.monotonic() > ends:
            raise UnavailableError("the timestamp authority takes too long")
    return found
