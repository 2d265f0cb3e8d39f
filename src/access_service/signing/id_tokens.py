"""ID tokens (OpenID Connect Core 1.0 section 2): issued for one client, and read again to say who signs out.

They are signed with the keys of access tokens and are none: another `typ`, and the client for audience.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

import jwt

from access_service.domain.tokens import TokenError, TokenFault
from access_service.signing.jose import PublicKey, decode, encode, json_object, read_compact
from access_service.signing.tokens import SignsTokens, check_signed

ID_TOKEN = "JWT"  # noqa: S105 a type, not a secret
LONGEST_ID_TOKEN = 8_192


def issue_id_token(keyring: SignsTokens, claims: Mapping[str, Any]) -> str:
    """The token, signed with the key in use at `iat`."""
    key = keyring.signing_key(datetime.fromtimestamp(claims["iat"], UTC))
    return jwt.encode(dict(claims), key.private, key.algorithm, {"typ": ID_TOKEN, "kid": key.kid})


def hash_half(token: str) -> str:
    """`at_hash`: the left half of the SHA-256 of an access token (section 3.1.3.6)."""
    return encode(sha256(token.encode("ascii")).digest()[:16])


def read_id_token(token: str, keys: Mapping[str, PublicKey], issuer: str) -> Mapping[str, Any]:
    """The claims of an ID token of ours, however old: it says who somebody was, and opens nothing.

    `TokenError` for everything else.
    """
    found = read_compact(token, LONGEST_ID_TOKEN)
    kid = found.header.get("kid")
    key = keys.get(kid) if isinstance(kid, str) else None
    if found.header.keys() != {"alg", "kid", "typ"} or found.header["typ"] != ID_TOKEN or key is None:
        raise TokenError(TokenFault.WRONG_TYPE, "the token is no ID token of ours")
    check_signed(token, found.header, key)
    claims = json_object(decode(token.split(".")[1]))
    if claims.get("iss") != issuer or not all(isinstance(claims.get(name), str) for name in ("sub", "aud", "sid")):
        raise TokenError(TokenFault.WRONG_ISSUER, "the token is no ID token of ours")
    return claims
