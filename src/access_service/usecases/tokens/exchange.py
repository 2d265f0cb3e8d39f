"""Token exchange (RFC 8693): a service acts for a person or the service before it, and receives less than either.

What comes out lies in a box of what the subject holds now, in a box of what the client's software is approved for,
in a box of the token it is exchanged for, and in what was asked for. It ends no later than any of these. Its id
begins with the id of what it came from, so that taking that back takes this back (`token_state.lineage`).
"""

import secrets
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple

from access_service.domain.errors import RefusedError
from access_service.domain.names import AccountId, RegisterId, UnitId
from access_service.domain.reasons import Reason, Refusal
from access_service.domain.tokens import AccessDetail, Actor, Claims, TokenError, is_within, narrow
from access_service.live.held_rights import HeldRight, Known, NotInStateError, trim
from access_service.live.revisions import revision_text
from access_service.signing.passwords import digest
from access_service.signing.token_claims import MOST_ACTORS
from access_service.storage.accounts import session_by_token
from access_service.usecases.identity.open_sessions import caller_from_token
from access_service.usecases.tokens.authorizing import token_mark
from access_service.usecases.tokens.introspect import read_any, why_over
from access_service.usecases.tokens.issue import (
    IssuedToken,
    Now,
    TokenPoint,
    WantedToken,
    boxes_of,
    by_category,
    end_of,
    rests_on,
    used_by,
)
from access_service.usecases.tokens.oauth_errors import OAuthCode, OAuthError

SESSION_TYPE = "urn:access-service:params:oauth:token-type:session"
ACCESS_TOKEN_TYPE = "urn:ietf:params:oauth:token-type:access_token"  # noqa: S105 a type, not a secret
JWT_TYPE = "urn:ietf:params:oauth:token-type:jwt"
SUBJECT_TYPES = (SESSION_TYPE, ACCESS_TOKEN_TYPE, JWT_TYPE)
LONGEST_JTI = 128
NOT_YOURS = "the session was not opened for this client"
WRONG = "the subject token is unknown, expired, revoked, or not for this client"


@dataclass(frozen=True, slots=True)
class _Subject:
    """For whom the client acts, and within what."""

    account: AccountId
    lineage: str
    ends: float
    details: tuple[AccessDetail, ...] | None
    """The boxes of the token that is exchanged; None for a session, which is as wide as what its person holds."""
    act: Actor | None
    claims: Claims | None = None
    """Of the token that is exchanged: what that rests on, this does too."""


class SessionSeen(NamedTuple):
    """A person's session."""

    register: RegisterId
    account: AccountId
    sha256: str
    ends: datetime


def exchange(
    point: TokenPoint, client_id: str, subject_token: str, subject_type: str, wanted: WantedToken, *, may_wait: bool
) -> IssuedToken:
    """A token with which the client acts for the subject. Raises as `TokenPoint.client_credentials`.

    An exchange for a session reads the database whatever is in memory.
    """
    if subject_type == SESSION_TYPE and not may_wait:
        raise NotInStateError("database", client_id)
    now, known = point.known(client_id)
    point.check_enabled(now, known)
    return _acting_for(
        point,
        now,
        known,
        lambda: _subject(point, now, known, subject_token, subject_type, wanted),
        wanted,
        may_wait=may_wait,
    )


def token_for_session(point: TokenPoint, client_id: str, seen: SessionSeen, wanted: WantedToken) -> IssuedToken:
    """The same for a session that the client got when its person signed in. To be called where one may wait."""
    now, known = point.known(client_id)
    point.check_enabled(now, known)
    if seen.register != now.register:
        raise OAuthError(OAuthCode.INVALID_GRANT, WRONG)
    subject = _Subject(seen.account, token_mark(seen.sha256), seen.ends.timestamp(), None, None)
    return _acting_for(point, now, known, lambda: subject, wanted, may_wait=True)


def _acting_for(
    point: TokenPoint,
    now: Now,
    known: Known,
    subject_of: Callable[[], _Subject],
    wanted: WantedToken,
    *,
    may_wait: bool,
) -> IssuedToken:
    audience = point.audience(known, wanted)
    if audience == point.issuer:
        raise OAuthError(OAuthCode.INVALID_TARGET, "nobody acts for another at this service itself")
    acting = point.holding(now, known.software.account)
    approved = point.rights_of(acting)
    subject = subject_of()
    held = now.state.holding(subject.account, now.instant)
    if held.stopped is not None or not held.rights:
        raise OAuthError(OAuthCode.INVALID_GRANT, "the subject holds nothing now", held.stopped or held.lacking)

    def is_below(unit: UnitId, root: UnitId) -> bool:
        return now.state.is_below(unit, root, now.instant)

    software = boxes_of(approved.values())
    boxes = narrow(boxes_of(held.rights.values()), software, is_below)
    if subject.details is not None:
        boxes = narrow(boxes, subject.details, is_below)
    boxes = trim(boxes, now.state, now.instant)
    if not boxes:
        raise OAuthError(
            OAuthCode.INVALID_GRANT, "subject and software have nothing in common", Reason.OUTSIDE_APPROVAL
        )
    details = point.chosen(now, boxes, wanted)
    used = [*used_by(details, held.rights), *_covering(details, approved.values(), now)]
    rests = rests_on(used, subject.claims)
    exp = point.expiry(now, subject.ends, held.until, acting.until, end_of(known))
    already = frozenset() if subject.claims is None else frozenset(subject.claims.grants)
    point.count_draws(now, known, used, already=already, may_wait=may_wait)
    return point.sign(
        now,
        Claims(
            iss=point.issuer,
            sub=subject.account,
            aud=(audience,),
            client_id=known.client.id,
            iat=int(now.instant),
            exp=exp,
            jti=_next_jti(subject.lineage),
            scope=frozenset(action for detail in details for action in detail.actions),
            details=details,
            register=now.register,
            revision=revision_text(now.state.revision),
            act=_acting(known.software.account, subject),
            jkt=wanted.jkt,
            policy=rests.policy,
            grants=rests.grants,
            documents=rests.documents,
        ),
    )


def _subject(point: TokenPoint, now: Now, known: Known, token: str, type_: str, wanted: WantedToken) -> _Subject:
    if type_ == SESSION_TYPE:
        session = session_of(point, token, known)
        if session.register != now.register:
            raise OAuthError(OAuthCode.INVALID_GRANT, WRONG)
        return _Subject(
            session.account,
            token_mark(session.sha256),
            session.ends.timestamp(),
            None,
            None,
        )
    claims = _exchangeable(point, now, known, token, wanted)
    return _Subject(AccountId(claims.sub), claims.jti, float(claims.exp), claims.details, claims.act, claims)


def _exchangeable(point: TokenPoint, now: Now, known: Known, token: str, wanted: WantedToken) -> Claims:
    """The claims of a token that this client may exchange: one of its own, or one that was addressed to it.

    Anybody else who has it got it by mistake, and nobody becomes a deputy by that (the confused deputy).
    """
    try:
        claims = read_any(point, token, datetime.fromtimestamp(now.instant, UTC))
    except TokenError as error:
        raise OAuthError(OAuthCode.INVALID_GRANT, WRONG) from error
    is_own = claims.client_id == known.client.id
    is_addressed = known.client.address is not None and claims.aud == (known.client.address,)
    if claims.register != now.register or not (is_own or is_addressed) or not claims.details:
        raise OAuthError(OAuthCode.INVALID_GRANT, WRONG)
    if is_own and claims.jkt is not None and claims.jkt != wanted.jkt:
        raise OAuthError(OAuthCode.INVALID_GRANT, "the subject token is bound to a key that was not proved")
    over = why_over(point, now, claims)
    if over is not None:
        raise OAuthError(OAuthCode.INVALID_GRANT, WRONG, over)
    return claims


def session_of(point: TokenPoint, token: str, known: Known) -> SessionSeen:
    """The open session of that token, if its holder opened it for this client (A9); `invalid_grant` for all else.

    Reads the database.
    """
    refused = OAuthError(OAuthCode.INVALID_GRANT, WRONG)
    try:
        caller = caller_from_token(point.services, token, meant_for=known.client.names())
    except RefusedError as error:
        if error.code is Refusal.NOT_AUTHENTICATED:
            raise refused from error
        words = NOT_YOURS if error.code is Refusal.WRONG_AUDIENCE else WRONG
        raise OAuthError(OAuthCode.INVALID_GRANT, words, error.code) from error
    with point.db.connect() as connection:
        found = session_by_token(connection, digest(token))
    if found is None:
        raise refused
    return SessionSeen(caller.register, caller.account, found.token_sha256, found.ends_at)


def _next_jti(before: str) -> str:
    jti = f"{before}.{secrets.token_urlsafe(12)}"
    if len(jti) > LONGEST_JTI:
        raise OAuthError(OAuthCode.INVALID_GRANT, "the token was exchanged too often; begin with a fresh one")
    return jti


def _acting(account: AccountId, subject: _Subject) -> Actor | None:
    """Who acts now, and who acted before; nobody acts for themselves."""
    before = subject.act
    if account == (subject.account if before is None else before.sub):
        return before
    if before is not None and len(before.chain()) >= MOST_ACTORS:
        raise OAuthError(OAuthCode.INVALID_GRANT, "too many services act for one another")
    return Actor(account, before)


def _covering(details: Iterable[AccessDetail], approvals: Iterable[HeldRight], now: Now) -> list[HeldRight]:
    """An approval for each category of a detail, in which that lies; those without a count come first."""

    def is_below(unit: UnitId, root: UnitId) -> bool:
        return now.state.is_below(unit, root, now.instant)

    rights = list(approvals)
    found: dict[str, HeldRight] = {}
    for detail in by_category(details):
        for right in rights:
            if any(is_within(detail, box, is_below) for box in right.boxes):
                found[right.id] = right
                break
    return list(found.values())
