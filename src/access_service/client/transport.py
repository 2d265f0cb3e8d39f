"""One HTTP exchange, blocking or awaiting: the only code here that touches a socket.

No redirect is followed, no proxy or certificate is taken from the environment, and an answer is read only up to its
limit and within its time, however slowly it drips.
"""

import ssl
from collections.abc import Callable
from http import HTTPStatus

import httpx2

from access_service.client.flows import Failed, Listen, Send
from access_service.client.process import Owned
from access_service.client.wire import BODY_BYTES, Reply

POOL = httpx2.Limits(max_connections=100, max_keepalive_connections=20, keepalive_expiry=30.0)
"""Connections are kept and shared: a handshake costs more than a decision."""


def failed(error: httpx2.HTTPError | httpx2.InvalidURL) -> Failed:
    """What an exception of the library means for whoever asked."""
    if isinstance(error, httpx2.ConnectError | httpx2.ConnectTimeout | httpx2.PoolTimeout):
        return Failed("connect")
    return Failed("late" if isinstance(error, httpx2.TimeoutException) else "lost")


def _headers(call: Send) -> list[tuple[bytes, bytes]]:
    # Nothing compressed is asked for or unpacked: a small answer must not become a large one in memory.
    named = [
        (name.encode("ascii"), value if isinstance(value, bytes) else value.encode("ascii"))
        for name, value in call.headers.items()
    ]
    return [(b"Accept-Encoding", b"identity"), *named]


class _Reading:
    """A body as it arrives."""

    def __init__(self, deadline: float, monotonic: Callable[[], float]) -> None:
        self._deadline, self._monotonic = deadline, monotonic
        self.chunks: list[bytes] = []
        self._size = 0

    def take(self, chunk: bytes) -> Failed | None:
        """Keep a piece; the failure when it is too much or too late."""
        self._size += len(chunk)
        self.chunks.append(chunk)
        if self._size > BODY_BYTES:
            return Failed("large")
        return Failed("late") if self._monotonic() > self._deadline else None

    def reply(self, response: httpx2.Response) -> Reply:
        """The whole answer."""
        return Reply(response.status_code, _named(response), b"".join(self.chunks))


def _named(response: httpx2.Response) -> dict[str, str]:
    return {name.lower(): value for name, value in response.headers.items()}


def _patience(step: Listen) -> httpx2.Timeout:
    """Whoever listens waits longer between two pieces than for the connection."""
    return httpx2.Timeout(step.call.timeout_s, read=step.hearer.silence_s)


class BlockingTransport:
    """A pool of connections for threads; each process has its own."""

    def __init__(
        self,
        monotonic: Callable[[], float],
        tls: ssl.SSLContext | None,
        transport: httpx2.BaseTransport | None,
    ) -> None:
        """`tls` replaces the system's certificates; `transport` the network, in tests."""
        self._monotonic = monotonic
        self._http = Owned(
            lambda: httpx2.Client(
                verify=tls if tls is not None else True,
                trust_env=False,
                follow_redirects=False,
                limits=POOL,
                transport=transport,
            )
        )

    def send(self, call: Send) -> Reply | Failed:
        """One exchange."""
        reading = _Reading(self._monotonic() + call.timeout_s, self._monotonic)
        try:
            with self._http.mine.stream(
                call.method,
                call.url,
                headers=_headers(call),
                content=call.body,
                timeout=call.timeout_s,
            ) as response:
                for chunk in response.iter_raw():
                    if (failure := reading.take(chunk)) is not None:
                        return failure
                return reading.reply(response)
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            return failed(error)

    def listen(self, step: Listen) -> Reply | Failed | None:
        """Hand a stream on as it arrives, until it ends or nobody listens; give whole what is none."""
        call, hearer = step.call, step.hearer
        reading = _Reading(self._monotonic() + call.timeout_s, self._monotonic)
        try:
            with self._http.mine.stream(
                call.method, call.url, headers=_headers(call), content=call.body, timeout=_patience(step)
            ) as response:
                is_stream = response.status_code == HTTPStatus.OK
                if is_stream and not hearer.opened(_named(response)):
                    return None
                for chunk in response.iter_raw():
                    if is_stream and not hearer.feed(chunk):
                        return None
                    if not is_stream and (failure := reading.take(chunk)) is not None:
                        return failure
                return None if is_stream else reading.reply(response)
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            return failed(error)

    def close(self) -> None:
        """Close every connection."""
        self._http.mine.close()


class AwaitingTransport:
    """A pool of connections for one event loop; each process has its own."""

    def __init__(
        self,
        monotonic: Callable[[], float],
        tls: ssl.SSLContext | None,
        transport: httpx2.AsyncBaseTransport | None,
    ) -> None:
        """`tls` replaces the system's certificates; `transport` the network, in tests."""
        self._monotonic = monotonic
        self._http = Owned(
            lambda: httpx2.AsyncClient(
                verify=tls if tls is not None else True,
                trust_env=False,
                follow_redirects=False,
                limits=POOL,
                transport=transport,
            )
        )

    async def send(self, call: Send) -> Reply | Failed:
        """One exchange."""
        reading = _Reading(self._monotonic() + call.timeout_s, self._monotonic)
        try:
            async with self._http.mine.stream(
                call.method,
                call.url,
                headers=_headers(call),
                content=call.body,
                timeout=call.timeout_s,
            ) as response:
                async for chunk in response.aiter_raw():
                    if (failure := reading.take(chunk)) is not None:
                        return failure
                return reading.reply(response)
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            return failed(error)

    async def listen(self, step: Listen) -> Reply | Failed | None:
        """Hand a stream on as it arrives, until it ends or nobody listens; give whole what is none."""
        call, hearer = step.call, step.hearer
        reading = _Reading(self._monotonic() + call.timeout_s, self._monotonic)
        try:
            async with self._http.mine.stream(
                call.method, call.url, headers=_headers(call), content=call.body, timeout=_patience(step)
            ) as response:
                is_stream = response.status_code == HTTPStatus.OK
                if is_stream and not hearer.opened(_named(response)):
                    return None
                async for chunk in response.aiter_raw():
                    if is_stream and not hearer.feed(chunk):
                        return None
                    if not is_stream and (failure := reading.take(chunk)) is not None:
                        return failure
                return None if is_stream else reading.reply(response)
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            return failed(error)

    async def close(self) -> None:
        """Close every connection."""
        await self._http.mine.aclose()
