"""Who a client is: a secret of its own (RFC 6749 section 2.3.1), or an assertion signed by its key (RFC 7523).

Every failure is `invalid_client` with one sentence, whether the client exists or not. A client with keys is let in
by these alone: a secret beside them would be the weaker door (downgrade).
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache

from access_service.domain.errors import InvalidError, UnavailableError
from access_service.domain.tokens import TokenError
from access_service.live.held_rights import Known, NotInStateError
from access_service.signing.client_keys import ClientKey, assertion_client, check_jwks, verify_assertion
from access_service.signing.passwords import digest
from access_service.storage.tokens import use_once
from access_service.usecases.tokens.issue import TokenPoint
from access_service.usecases.tokens.oauth_errors import OAuthCode, OAuthError

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
CLIENT_ID = re.compile(r"[A-Za-z0-9_.-]{1,64}")
"""What can be an id at all: whatever else is sent never reaches the database."""
LONGEST_SECRET = 256


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a client sent to say who it is: a secret or an assertion."""

    client_id: str
    secret: str | None = None
    assertion: str | None = None


def refuse_client() -> OAuthError:
    """Every client that is not let in gets this refusal, whatever was wrong."""
    return OAuthError(OAuthCode.INVALID_CLIENT, "the client is unknown, or was not authenticated")


def by_assertion(assertion: str, client_id: str | None) -> Credentials:
    """An assertion, and the client that it says it is; where the request names one too, both agree."""
    try:
        found = assertion_client(assertion)
    except TokenError as error:
        raise refuse_client() from error
    if client_id not in (None, found):
        raise refuse_client()
    return Credentials(found, assertion=assertion)


def authenticate(point: TokenPoint, given: Credentials, audiences: Sequence[str], *, may_wait: bool) -> str:
    """The client's id. Raises `invalid_client`; `NotInStateError` for what memory lacks or may not be waited for.

    `audiences` are the addresses for which an assertion may be made: the issuer and the endpoint.
    """
    if CLIENT_ID.fullmatch(given.client_id) is None:
        raise refuse_client()
    if given.assertion is not None and not may_wait:
        # That it was used is written down.
        raise NotInStateError("database", given.client_id)
    now, known = point.known(given.client_id)
    point.check_enabled(now, known)
    at = datetime.fromtimestamp(now.instant, UTC)
    if given.assertion is not None:
        _check_assertion(point, known, given.assertion, audiences, at)
    elif (
        given.secret is None
        or known.client.jwks is not None
        or len(given.secret) > LONGEST_SECRET
        or not known.client.accepts(digest(given.secret), at)
    ):
        raise refuse_client()
    return known.client.id


def _check_assertion(
    point: TokenPoint, known: Known, assertion: str, audiences: Sequence[str], now: datetime
) -> None:
    if known.client.jwks is None:
        raise refuse_client()
    try:
        verify_assertion(
            assertion,
            client_id=known.client.id,
            keys=_keys(known.client.jwks),
            audiences=audiences,
            now=now,
            claim_once=lambda key, until: use_once(point.db, key, until, now),
        )
    except TokenError as error:
        raise refuse_client() from error


@lru_cache(maxsize=4096)
def _keys(jwks: str) -> tuple[ClientKey, ...]:
    try:
        return check_jwks(json.loads(jwks))
    except (InvalidError, ValueError) as error:
        raise UnavailableError("the client's stored keys cannot be read") from error
