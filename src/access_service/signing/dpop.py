"""DPoP proofs (RFC 9449): the holder of a token shows, for one request, that it has the token's key."""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any
from urllib.parse import urlsplit

from access_service.domain.errors import InvalidError
from access_service.domain.tokens import TokenError, TokenFault
from access_service.signing.client_keys import check_signature, key_from_jwk
from access_service.signing.jose import (
    ClaimOnce,
    check_header,
    check_type,
    encode,
    instant,
    json_object,
    read_compact,
    text,
    thumbprint,
)

DPOP_PROOF = "dpop+jwt"
"""`typ` of a proof (RFC 9449 section 4.2)."""
LONGEST_PROOF = 4096
PROOF_S = 60
"""How old, in seconds, a proof may be."""
AHEAD_S = 30
"""How far, in seconds, the clock of who made it may be ahead of ours."""


@dataclass(frozen=True, slots=True)
class Proof:
    """A proof that was accepted."""

    jkt: str
    """RFC 7638 thumbprint of the key: what a token is bound to (`cnf.jkt`)."""
    jti: str
    iat: int


def verify_proof(
    proof: str,
    *,
    method: str,
    url: str,
    now: datetime,
    claim_once: ClaimOnce,
    access_token: str | None = None,
    jkt: str | None = None,
    nonce: str | None = None,
) -> Proof:
    """Check a proof for the request `method` `url` (RFC 9449 section 4.3), and use it up.

    With `access_token`, it must be made for that token (`ath`); with `jkt`, with the key that the token is bound
    to; with `nonce`, carry it. Raises `TokenError`, `nonce_mismatch` when only a fresh nonce is missing, `replayed`
    when it was used before, and nothing but that.
    """
    read = read_compact(proof, LONGEST_PROOF)
    # (1) Signed with the key that it carries. `jwk` is the one header of its kind that a proof must have.
    check_type(read.header, DPOP_PROOF)
    check_header(read.header, may_hold=frozenset({"jwk"}))
    try:
        key = key_from_jwk(read.header.get("jwk"))
    except InvalidError as error:
        raise TokenError(TokenFault.UNKNOWN_KEY, error.message) from None
    check_signature(proof, read.header, key)
    claims = json_object(read.payload)
    # (2) For this request, and now.
    if claims.get("htm") != method or _place(text(claims, "htu", 2048)) != _place(url):
        raise TokenError(TokenFault.PROOF_MISMATCH, "the proof was made for another request")
    _check_time(claims, now.timestamp())
    # (3) With the token's key, for this token.
    found = thumbprint(key.public)
    if jkt is not None and not hmac.compare_digest(found.encode(), jkt.encode()):
        raise TokenError(TokenFault.PROOF_MISMATCH, "the proof is made with another key than the token's")
    if access_token is not None and not hmac.compare_digest(text(claims, "ath", 64).encode(), _hash(access_token)):
        raise TokenError(TokenFault.PROOF_MISMATCH, "the proof was made for another token")
    if nonce is not None and claims.get("nonce") != nonce:
        raise TokenError(TokenFault.NONCE_MISMATCH, "the proof does not carry the nonce that was given")
    # (4) Once. Last, so that a proof that fails uses nothing up.
    jti = text(claims, "jti")
    once = sha256(f"dpop\0{found}\0{jti}".encode()).hexdigest()
    if not claim_once(once, now + timedelta(seconds=PROOF_S + AHEAD_S)):
        raise TokenError(TokenFault.REPLAYED, "the proof was used before")
    return Proof(found, jti, instant(claims, "iat"))


def _check_time(claims: Mapping[str, Any], seconds: float) -> None:
    issued = instant(claims, "iat")
    if issued > seconds + AHEAD_S or ("nbf" in claims and instant(claims, "nbf") > seconds + AHEAD_S):
        raise TokenError(TokenFault.NOT_YET_VALID, "the proof was made later than now")
    if issued + PROOF_S <= seconds or ("exp" in claims and instant(claims, "exp") <= seconds):
        raise TokenError(TokenFault.EXPIRED, "the proof has expired")


def _hash(access_token: str) -> bytes:
    return encode(sha256(access_token.encode("utf-8", "replace")).digest()).encode()


def _place(url: str) -> tuple[str, str, int | None, str]:
    """Scheme, host, port and path: what a proof names, without query and fragment (RFC 9449 section 4.3)."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise TokenError(TokenFault.PROOF_MISMATCH, "the proof names no address") from None
    if parts.username is not None or not parts.hostname:
        raise TokenError(TokenFault.PROOF_MISMATCH, "the proof names no address")
    scheme = parts.scheme.lower()
    return scheme, parts.hostname.lower(), port or {"https": 443, "http": 80}.get(scheme), parts.path or "/"
