"""The log of what was issued: a line each, written together every fraction of a second, and at the end."""

import asyncio
from typing import Any

from access_service.api.http.log_lines import Lines
from access_service.domain.tokens import Claims

EVERY_S = 0.3
"""How long, in seconds, a line waits for others."""
MOST = 2000
"""Lines that wait at most; then they are written at once."""


class Issuance:
    """Lines that wait. On the event loop only."""

    def __init__(self, lines: Lines) -> None:
        self._lines = lines
        self._waiting: list[dict[str, Any]] = []
        self._due: asyncio.TimerHandle | None = None

    def note_issued(self, request_id: str, grant_type: str, claims: Claims) -> None:
        """Note that a token was issued: ids only, and never the token itself."""
        if not self._lines.wanted:
            return
        self._waiting.append(
            {
                "event": "token",
                "request_id": request_id,
                "grant_type": grant_type,
                "client": claims.client_id,
                "register": claims.register,
                "account": claims.sub,
                "actors": [] if claims.act is None else claims.act.chain(),
                "jti": claims.jti,
                "audience": claims.aud[0],
                "scope": sorted(claims.scope),
                "grants": claims.grants,
                "revision": claims.revision,
                "exp": claims.exp,
            }
        )
        if len(self._waiting) >= MOST:
            self.flush()
        elif self._due is None:
            self._due = asyncio.get_running_loop().call_later(EVERY_S, self.flush)

    def flush(self) -> None:
        """Write the lines that wait."""
        if self._due is not None:
            self._due.cancel()
            self._due = None
        if self._waiting:
            waiting, self._waiting = self._waiting, []
            self._lines.write(*waiting)
            self._lines.flush()
