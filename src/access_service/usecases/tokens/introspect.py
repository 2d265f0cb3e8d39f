"""Does a token still hold? Asked with the facts of now: introspection (RFC 7662), revocation (RFC 7009), the list.

A token stops with the first thing that it rests on: its subject's or an actor's account, a grant, a document, an
approval, the session or the token that it came from, its client, the policy by which it was cut.
"""

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from access_service.domain.errors import RefusedError
from access_service.domain.names import RegisterId, UnitId
from access_service.domain.reasons import DEPTH, Reason, Refusal
from access_service.domain.service_sign_in import OPENID
from access_service.domain.software import PEP_SCOPES
from access_service.domain.time import Interval
from access_service.domain.tokens import Claims, TokenError, TokenFault, covers
from access_service.live.held_rights import Holding, Known
from access_service.live.revisions import parse_revision
from access_service.live.revoked import Revocations
from access_service.signing.jose import json_object, read_compact
from access_service.signing.token_claims import claims_to_wire
from access_service.signing.tokens import LONGEST_TOKEN
from access_service.storage.accounts import session_by_token
from access_service.storage.facts import Reader
from access_service.storage.standing import Gatherer
from access_service.storage.tokens import deny
from access_service.usecases.identity.accounts import caller_of
from access_service.usecases.tokens.authorizing import SESSION_MARK
from access_service.usecases.tokens.issue import Now, TokenPoint, by_category
from access_service.usecases.tokens.oauth_errors import OAuthCode, OAuthError

INTROSPECT = "introspect"
POLL_S = 5
"""How often, in seconds, verifiers without a call are to ask for the list."""


def read_any(point: TokenPoint, token: str, at: datetime) -> Claims:
    """What a token of ours says, whomever it is for; `TokenError` unless it verifies and has not expired.

    The audience is read before the signature is checked, to say for whom it is to be checked; nothing else is.
    """
    aud = json_object(read_compact(token, LONGEST_TOKEN).payload).get("aud")
    if type(aud) is not str:
        raise TokenError(TokenFault.INVALID_CLAIMS, "the claim `aud` is no text")
    return point.verify(token, aud, at)


def check_live(point: TokenPoint, now: Now, claims: Claims) -> bool:
    """Does everything that the token rests on still stand? `NotInStateError` for what memory lacks."""
    return why_over(point, now, claims) is None


def why_over(point: TokenPoint, now: Now, claims: Claims) -> Reason | Refusal | None:
    """Why the token holds no more; None while it does. `NotInStateError` for what memory lacks.

    A reason says which right is gone; `token_revoked` is for everything else: the token itself, its client, its
    session, papers or policy that changed. Only a token that came from a session reads the database, and only in a
    thread that may wait.
    """
    state, known = now.state, _client_of(point, now, claims)
    if known is None:
        return Refusal.TOKEN_REVOKED
    holdings = [state.holding(account, now.instant) for account in claims.accounts()]
    own = state.holding(known.software.account, now.instant)
    for holding in (*holdings, own):
        if holding.stopped is not None:
            return holding.stopped
    if not claims.details and OPENID not in claims.scope and not claims.scope <= known.client.pep_scopes:
        return Refusal.TOKEN_REVOKED
    since = parse_revision(claims.revision)
    if any(h.is_service and h is not own and state.taken.touched.get(h.account, 0) > since for h in holdings):
        # A service before this one: one of its clients may have been stopped, and which one it was is not said.
        return Refusal.TOKEN_REVOKED
    if own not in holdings:
        holdings.append(own)
    if not _stand(claims, holdings) or not _within(claims, holdings, now):
        lost = [h.lost[id_] for h in holdings for id_ in claims.grants if id_ in h.lost]
        return max(lost, key=DEPTH.__getitem__, default=Refusal.TOKEN_REVOKED)
    sha256 = session_sha256(claims.jti)
    if sha256 is None or _session_is_open(point, now.register, sha256, claims):
        return None
    return Refusal.TOKEN_REVOKED


def _client_of(point: TokenPoint, now: Now, claims: Claims) -> Known | None:
    """The client it was issued to, while neither the token nor the client was stopped."""
    if claims.register != now.register or claims.exp <= now.instant or now.state.is_denied(claims.jti):
        return None
    try:
        _, known = point.known(claims.client_id)
        point.check_enabled(now, known)
    except OAuthError:
        return None
    leaked = known.client.revoked_before
    return None if leaked is not None and claims.iat < leaked.timestamp() else known


def _stand(claims: Claims, holdings: list[Holding]) -> bool:
    """Every grant and approval is effective, on the same papers, under the same policy."""
    rights = {id_: right for holding in holdings for id_, right in holding.rights.items()}
    used = [rights[id_] for id_ in claims.grants if id_ in rights]
    return (
        len(used) == len(claims.grants)
        and {d for right in used for d in right.documents} >= set(claims.documents)
        and {p for right in used for p in right.policy} == set(claims.policy)
    )


def _within(claims: Claims, holdings: list[Holding], now: Now) -> bool:
    """Does everybody in the chain still hold every box? A grant may be narrowed, a period may lock."""

    def is_below(unit: UnitId, root: UnitId) -> bool:
        return now.state.is_below(unit, root, now.instant)

    used = frozenset(claims.grants)
    boxes = [
        [box for right in holding.rights.values() if right.id in used for box in right.boxes]
        for holding in holdings
    ]
    details = tuple(by_category(claims.details))
    return all(covers(held, details, is_below) for held in boxes)


def session_sha256(jti: str) -> str | None:
    """The session that a token came from, as the SHA-256 of its token; None where it came from none."""
    if not jti.startswith(SESSION_MARK):
        return None
    return base64.urlsafe_b64decode(jti.partition(".")[0].removeprefix(SESSION_MARK) + "=").hex()


def _session_is_open(point: TokenPoint, register: RegisterId, sha256: str, claims: Claims) -> bool:
    with point.db.connect() as connection:
        found = session_by_token(connection, sha256)
        now = point.db.now_in(connection, register)
        if found is None or found.register != register or found.account != claims.sub or not found.is_open(now):
            return False
        try:
            caller = caller_of(Gatherer(Reader(connection, register)), found.account, now)
        except RefusedError:
            return False
        return caller.person == found.person


# -- introspection and revocation


def introspect(point: TokenPoint, client_id: str, token: str) -> Claims | None:
    """The claims of a token that holds now, for a client that may ask; None for every other token, whyever.

    Reads the register's counter first, so that what was taken back before the question is seen. Raises `OAuthError`
    for a client that may not ask. To be called where one may wait.
    """
    _, known = point.known(client_id)
    point.catch_up(known.client.register)
    now, known = point.known(client_id)
    point.check_enabled(now, known)
    is_active = now.state.holding(known.software.account, now.instant).stopped is None
    if INTROSPECT not in known.client.pep_scopes or not known.software.is_enforcement_point or not is_active:
        raise OAuthError(OAuthCode.UNAUTHORIZED_CLIENT, "the client may not ask about tokens")
    try:
        claims = read_any(point, token, datetime.fromtimestamp(now.instant, UTC))
    except TokenError:
        return None
    return claims if check_live(point, now, claims) else None


def revoke(point: TokenPoint, client_id: str, token: str) -> bool:
    """Revoke one token, with everything that was exchanged from it. False when there is nothing to revoke.

    A client revokes its own tokens; another's is refused. What cannot be read as a token is none (RFC 7009
    section 2.2). To be called where one may wait.
    """
    now, known = point.known(client_id)
    point.check_enabled(now, known)
    try:
        claims = read_any(point, token, datetime.fromtimestamp(now.instant, UTC))
    except TokenError:
        return False
    if claims.client_id != client_id or claims.register != now.register:
        raise OAuthError(OAuthCode.UNAUTHORIZED_CLIENT, "the token was issued to another client")
    if now.state.is_denied(claims.jti):
        return False
    with point.db.write(now.register, known.software.account) as tx:
        deny(tx.connection, now.register, claims.jti, datetime.fromtimestamp(claims.exp, UTC), tx.now)
        tx.happened("token.revoke", claims.jti, client=client_id)
        # The list of single tokens says it; whoever's it is keeps every other token.
        tx.touches()
    point.services.after_commit(now.register)
    return True


def render_introspection(claims: Claims) -> dict[str, Any]:
    """An active answer (RFC 7662 section 2.2): the token's own claims, that it holds, and of which type it is."""
    return {"active": True, "token_type": "Bearer" if claims.jkt is None else "DPoP", **claims_to_wire(claims)}


# -- enforcement points at our own endpoints


@dataclass(frozen=True, slots=True)
class EnforcementPoint:
    """Who asks for decisions, by an access token."""

    client: str
    register: RegisterId
    scopes: frozenset[str]
    resource_types: frozenset[str]
    observed: Mapping[UnitId, Interval]
    """Where its answers are not enforced."""


def enforcement_point(point: TokenPoint, claims: Claims) -> EnforcementPoint | None:
    """Who the bearer of a verified token for this service is; None for one that is for data or about a person.

    Nothing is read.

    Raises `NotInStateError` for what memory lacks; `token_revoked` or `account_not_active` when it no longer holds.
    """
    now, known = point.known(claims.client_id)
    if claims.details or claims.sub != known.software.account:
        return None
    over = why_over(point, now, claims)
    if over is Reason.ACCOUNT_NOT_ACTIVE:
        raise RefusedError(Refusal.ACCOUNT_NOT_ACTIVE, "the software's account was stopped")
    if over is not None:
        raise RefusedError(Refusal.TOKEN_REVOKED, "the token no longer holds")
    return EnforcementPoint(
        claims.client_id,
        now.register,
        claims.scope & known.client.pep_scopes & PEP_SCOPES,
        known.client.resource_types,
        known.observed,
    )


# -- the list for those who verify without a call


class RevocationList:
    """The list of each register: what memory says, as of the moment at which the database last confirmed it."""

    def __init__(self, point: TokenPoint) -> None:
        self._point = point

    def kept(self, register: RegisterId) -> Revocations:
        """The list as memory has it; `NotInStateError` when the database must be asked first. Never blocks."""
        return self._point.revocations(register)

    def make(self, register: RegisterId) -> Revocations:
        """The list after a look at the database."""
        self._point.catch_up(register)
        return self._point.waiting(lambda: self._point.revocations(register))
