"""Proofs that a caller has a key, for one request (DPoP, RFC 9449), each used once."""

from datetime import datetime

from access_service.signing.dpop import Proof, verify_proof
from access_service.usecases.tokens.once import UsedOnce


def check_proof(
    proof: str,
    method: str,
    url: str,
    used: UsedOnce,
    now: datetime,
    *,
    access_token: str | None = None,
    jkt: str | None = None,
) -> Proof:
    """Check a proof for one request, and use it up: for this token and by its key, where they are given.

    Raises `TokenError` for whatever is none.
    """
    return verify_proof(
        proof,
        method=method,
        url=url,
        now=now,
        claim_once=lambda key, until: used.claim(key, until, now),
        access_token=access_token,
        jkt=jkt,
    )
