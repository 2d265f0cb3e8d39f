"""A connection to PostgreSQL that gives up: what lies between may take every packet and never say so.

The kernel notices packets that nobody acknowledges; a middlebox that acknowledges and drops them it does not.
"""

from typing import Any

import psycopg


class Impatient(psycopg.Connection[Any]):
    """As `psycopg.Connection`; one whose answer does not come in `patience_s` is closed, and says so."""

    patience_s: float = 3.0

    def wait(self, gen: Any, interval: float = 0.1, timeout: float | None = None) -> Any:
        """Wait for an answer, but not for ever."""
        try:
            return super().wait(gen, interval, self.patience_s if timeout is None else timeout)
        except psycopg.OperationalError:
            # Ended by the wait or by the server: an answer that comes later would be taken for another's.
            if self.pgconn.transaction_status == psycopg.pq.TransactionStatus.ACTIVE:
                self.pgconn.finish()
            raise
