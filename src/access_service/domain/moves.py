"""What is taken back, and what an act that moves an edge leaves of what was handed down (rules 2, 3, 9).

Nothing here reads a clock or a database.
"""

from datetime import datetime

from access_service.domain.accounts import Account
from access_service.domain.delegation import Authority, Grant
from access_service.domain.errors import RefusedError
from access_service.domain.org import Unit
from access_service.domain.reasons import Refusal


def check_standing(target: Account | Authority | Grant | Unit, now: datetime) -> None:
    """(2) Only what still stands can be paused: a pause laid on what is over would say that it could come back."""
    over = target.valid_to is not None and target.valid_to <= now
    if isinstance(target, Grant):
        if over or (target.ended_at is not None and target.ended_at <= now):
            raise RefusedError(Refusal.GRANT_ENDED, "the grant is over", grant=target.id)
    elif over:
        raise RefusedError(Refusal.DOCUMENT_STATE, f"`{target.id}` is over", target=target.id)
