"""Proofs that a caller has a key, for one request (DPoP, RFC 9449), each used once."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from access_service.domain.tokens import TokenError, TokenFault
from access_service.signing.dpop import Proof, verify_proof
from access_service.storage.db import Database
from access_service.storage.tokens import use_once
from access_service.storage.used_beside import UsedBeside
from access_service.usecases.tokens.once import UsedOnce

ClaimTogether = Callable[[str, datetime, datetime], Awaitable[bool]]
"""Key, until when, now: is that its first use in all processes together?"""


@dataclass(frozen=True)
class UsedProofs:
    """Which proofs were used: by this process, and by the others where there are others."""

    here: UsedOnce
    together: ClaimTogether | None = None


async def check_proof(
    proof: str,
    method: str,
    url: str,
    used: UsedProofs,
    now: datetime,
    *,
    access_token: str | None = None,
    jkt: str | None = None,
) -> Proof:
    """Check a proof for one request, and use it up: for this token and by its key, where they are given.

    Raises `TokenError` for whatever is none, `UnavailableError` where nobody can say whether it was used.
    """
    claimed: list[tuple[str, datetime]] = []

    def claim(key: str, until: datetime) -> bool:
        claimed.append((key, until))
        return used.here.claim(key, until, now)

    found = verify_proof(
        proof, method=method, url=url, now=now, claim_once=claim, access_token=access_token, jkt=jkt
    )
    # Only what is a proof, and new to this process, is asked of the others.
    if used.together is not None and not all([await used.together(key, until, now) for key, until in claimed]):
        raise TokenError(TokenFault.REPLAYED, "the proof was used before")
    return found


def claim_together(
    db: Database, folder: Path | None, in_pool: Callable[[Callable[[], bool]], Awaitable[bool]]
) -> ClaimTogether | None:
    """How a proof is claimed among all processes over one database; None where this one is alone.

    PostgreSQL may have processes on other machines, and is asked itself, in a thread. The processes over a SQLite
    file share a folder, and in it a file that answers in microseconds.
    """
    if not db.is_sqlite:

        async def of_database(key: str, until: datetime, now: datetime) -> bool:
            return await in_pool(lambda: use_once(db, key, until, now, is_brief=True))

        return of_database
    if folder is None:
        return None
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    beside = UsedBeside(folder)

    async def of_file(key: str, until: datetime, now: datetime) -> bool:
        return beside.claim(key, until.timestamp(), now.timestamp())

    return of_file
