"""A repeated request gives the first one's answer and has no second effect."""

from datetime import timedelta

from access_service.domain.errors import RefusedError
from access_service.domain.powers import powerless
from access_service.domain.reasons import Refusal
from access_service.storage import idempotency as stored
from access_service.usecases.services import Caller, Services

KEPT = timedelta(days=7)
"""How long a key is remembered; after that it may be used again."""


@powerless("it remembers a request")
def take_key(services: Services, caller: Caller, key: str, request_sha256: str) -> stored.Answer | None:
    """None when the key is now this request's; the first request's answer when there is one.

    Raises `RefusedError`: `idempotency_mismatch` when the first request was another one, `duplicate` while it is
    still being carried out (or was cut off, and nobody knows what it did).
    """
    now = services.db.now()
    if stored.take(
        services.db,
        caller.register,
        caller.account,
        key,
        request_sha256=request_sha256,
        now=now,
        forget_before=now - KEPT,
    ):
        return None
    with services.db.connect() as connection:
        answer = stored.answer_under(connection, caller.register, caller.account, key)
    if answer is not None and answer.request_sha256 != request_sha256:
        raise RefusedError(Refusal.IDEMPOTENCY_MISMATCH, "the key was used for another request")
    if answer is None or answer.status == stored.PENDING:
        raise RefusedError(Refusal.DUPLICATE, "the first request with this key has no answer yet")
    return answer


@powerless("it remembers an answer")
def settle_key(services: Services, caller: Caller, key: str, *, status: int, body: str) -> None:
    """Keep what was answered under a key that this request took. `body` holds no secret."""
    stored.settle(services.db, caller.register, caller.account, key, status=status, body=body)


@powerless("it forgets a request")
def drop_key(services: Services, caller: Caller, key: str) -> None:
    """The request under this key did nothing: the key is free."""
    stored.drop(services.db, caller.register, caller.account, key)
