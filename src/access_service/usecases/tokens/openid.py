"""OpenID Connect: what a client gets for a code or a refresh token, and what it learns of who signed in.

An access token of a sign-in is for one place: for the client's resource, as wide as what the person holds and the
software is approved for (as by token exchange), or for this service's own userinfo, where it is for no data at all.
Its id begins with the mark of the session that the client got, so that it ends with it.
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple

from access_service.domain.accounts import Account, home_of
from access_service.domain.duties import title_of
from access_service.domain.org import Assignment, Person
from access_service.domain.service_sign_in import OPENID, PROFILE, SCOPES, ServiceSignIn
from access_service.domain.tokens import Claims, TokenError
from access_service.live.revisions import revision_text
from access_service.signing.id_tokens import hash_half, issue_id_token, read_id_token
from access_service.storage.facts import Reader
from access_service.storage.org import StoredOrg
from access_service.storage.service_sign_ins import sign_in_by_id, sign_in_by_session
from access_service.storage.standing import Gatherer
from access_service.usecases.identity.accounts import ground_of
from access_service.usecases.tokens.authorizing import (
    HandedOn,
    end_sign_in,
    redeem_code,
    refresh_sign_in,
    token_mark,
    wrong_code,
)
from access_service.usecases.tokens.exchange import SessionSeen, token_for_session
from access_service.usecases.tokens.introspect import session_sha256, why_over
from access_service.usecases.tokens.issue import IssuedToken, TokenPoint, WantedToken, end_of
from access_service.usecases.tokens.oauth_errors import OAuthCode, OAuthError

ACR = {
    "password": "urn:access-service:acr:password",
    "two": "urn:access-service:acr:two-factors",
    "passkey": "phr",
}
"""`acr` by how somebody signed in; `phr` (resistant to phishing) is of OpenID's EAP ACR Values 1.0."""
_AMR = {"password": "pwd", "totp": "otp", "passkey": "pop"}
"""`amr` (RFC 8176) of each proof."""
CLAIMS = (
    *("iss", "sub", "aud", "exp", "iat", "auth_time", "nonce", "acr", "amr", "at_hash", "sid"),
    *("unit", "unit_name", "positions", "name", "preferred_username"),
)


class SignedInTokens(NamedTuple):
    """What goes out for a code or a refresh token."""

    access: IssuedToken
    id_token: str | None
    refresh: str


@dataclass(frozen=True, slots=True)
class HintedSignIn:
    """Whom an ID token was about, and for whom it was issued."""

    client: str
    account: str
    sign_in: str


def tokens_for_code(
    point: TokenPoint, client_id: str, code: str, redirect_uri: str, verifier: str, wanted: WantedToken
) -> SignedInTokens:
    """Redeem a code; `invalid_grant` for one that is not this client's. Without a token all of it ends."""
    handed = redeem_code(
        point.services,
        code,
        audience=client_id,
        redirect_uri=redirect_uri,
        verifier=verifier,
        with_refresh=True,
    )
    try:
        return point.waiting(lambda: _tokens(point, client_id, handed, wanted))
    except OAuthError:
        end_sign_in(point.services, handed.sign_in.id, because="no_token")
        raise


def tokens_for_refresh(point: TokenPoint, client_id: str, token: str, wanted: WantedToken) -> SignedInTokens:
    """The next tokens for a refresh token, which counts no longer."""
    return refresh_sign_in(
        point.services,
        token,
        audience=client_id,
        before=lambda handed: point.waiting(lambda: _tokens(point, client_id, handed, wanted)),
    )


def _tokens(point: TokenPoint, client_id: str, handed: HandedOn, wanted: WantedToken) -> SignedInTokens:
    sign_in = handed.sign_in
    scope = sign_in.scope if wanted.scope is None else wanted.scope
    if not scope <= sign_in.scope:
        raise OAuthError(OAuthCode.INVALID_SCOPE, "the person was not asked for that scope")
    place = _place(point, sign_in, wanted)
    if place == point.issuer:
        access = _for_userinfo(point, client_id, handed, scope, wanted.jkt)
    else:
        seen = SessionSeen(sign_in.register, sign_in.account, sign_in.session_sha256 or "", handed.ends_at)
        asked = WantedToken(frozenset(scope - set(SCOPES)) or None, wanted.details, (place,), wanted.jkt)
        access = token_for_session(point, client_id, seen, asked)
    if handed.refresh is None:
        raise wrong_code()
    id_token = _id_token(point, client_id, sign_in, access, scope) if OPENID in scope else None
    return SignedInTokens(access, id_token, handed.refresh)


def _place(point: TokenPoint, sign_in: ServiceSignIn, wanted: WantedToken) -> str:
    """Where the access token is for: one place of those that were asked for when the person signed in."""
    known = (*sign_in.resources, *([point.issuer] if OPENID in sign_in.scope else []))
    asked = set(wanted.resources)
    if len(asked) > 1 or not asked <= set(known):
        raise OAuthError(OAuthCode.INVALID_TARGET, "the person was not signed in for that resource")
    return asked.pop() if asked else known[0]


def _for_userinfo(
    point: TokenPoint, client_id: str, handed: HandedOn, scope: frozenset[str], jkt: str | None
) -> IssuedToken:
    if OPENID not in scope:
        raise OAuthError(OAuthCode.INVALID_SCOPE, "a token for this service itself has the scope openid")
    now, known = point.known(client_id)
    point.check_enabled(now, known)
    held = now.state.holding(handed.sign_in.account, now.instant)
    if held.stopped is not None:
        raise OAuthError(OAuthCode.INVALID_GRANT, "the account is not active", held.stopped)
    mark = token_mark(handed.sign_in.session_sha256 or "")
    return point.sign(
        now,
        Claims(
            iss=point.issuer,
            sub=handed.sign_in.account,
            aud=(point.issuer,),
            client_id=client_id,
            iat=int(now.instant),
            exp=point.expiry(now, handed.ends_at.timestamp(), end_of(known)),
            jti=f"{mark}.{secrets.token_urlsafe(12)}",
            scope=scope & frozenset(SCOPES),
            details=(),
            register=now.register,
            revision=revision_text(now.state.revision),
            policy=(),
            grants=(),
            documents=(),
            jkt=jkt,
        ),
    )


def _id_token(
    point: TokenPoint, client_id: str, sign_in: ServiceSignIn, access: IssuedToken, scope: frozenset[str]
) -> str:
    proofs = sign_in.methods.split("+")
    ways = [_AMR[proof] for proof in proofs if proof in _AMR]
    how = "passkey" if "passkey" in proofs else "two" if len(proofs) > 1 else "password"
    with point.db.read(sign_in.register) as reader:
        about = _about(reader, sign_in, scope, datetime.fromtimestamp(access.instant, UTC))
    claims: dict[str, Any] = {
        "iss": point.issuer,
        "aud": client_id,
        "iat": access.claims.iat,
        "exp": access.claims.exp,
        "auth_time": int(sign_in.signed_in_at.timestamp()),
        "acr": ACR[how],
        "amr": [*ways, *(["mfa"] if len(ways) > 1 else [])],
        "at_hash": hash_half(access.token),
        "sid": sign_in.id,
        **about,
    }
    if sign_in.nonce is not None:
        claims["nonce"] = sign_in.nonce
    return issue_id_token(point.keyring, claims)


def userinfo(point: TokenPoint, claims: Claims) -> Mapping[str, Any]:
    """What the client learns, as it is now; `invalid_token` for a token that is not for this, or holds no longer.

    To be called where one may wait, and after the token was verified for this service.
    """
    refused = OAuthError(OAuthCode.INVALID_TOKEN, "the token does not hold, or is not for this")
    if OPENID not in claims.scope or claims.details:
        raise refused
    now, _ = point.known(claims.client_id)
    sha256 = session_sha256(claims.jti)
    if sha256 is None or why_over(point, now, claims) is not None:
        raise refused
    with point.db.read(now.register) as reader:
        sign_in = sign_in_by_session(reader.connection, sha256)
        if sign_in is None:
            raise refused
        return _about(reader, sign_in, claims.scope, datetime.fromtimestamp(now.instant, UTC))


def _about(reader: Reader, sign_in: ServiceSignIn, scope: frozenset[str], now: datetime) -> dict[str, Any]:
    """Account, unit and positions; with `profile` the name and the user name."""
    org, gather = StoredOrg(reader), Gatherer(reader)
    account = reader.require(Account, sign_in.account)
    home = org.unit(home_of(ground_of(gather, now), account))
    found: dict[str, Any] = {"sub": sign_in.account, "positions": []}
    if home is not None:
        found |= {"unit": home.id, "unit_name": home.name}
    duties = [d for d in reader.find(Assignment, person=sign_in.person) if now in d.interval]
    for duty in sorted(duties, key=lambda d: (d.unit, d.position)):
        tables, unit = gather.tables_for(duty.unit, now), org.unit(duty.unit)
        title = title_of(None if tables is None else tables.pack, duty, org.school_class)
        place = {"unit": duty.unit, "unit_name": "" if unit is None else unit.name}
        found["positions"].append({**place, "position": duty.position, "title": title})
    if PROFILE in scope:
        person = reader.require(Person, sign_in.person)
        found |= {"name": person.name, "preferred_username": account.username}
    return found


def read_hint(point: TokenPoint, token: str) -> HintedSignIn | None:
    """Whom an ID token of ours was about, however old it is; None for anything else."""
    try:
        claims = read_id_token(token, point.keyring.public_keys(point.db.now()), point.issuer)
    except TokenError:
        return None
    return HintedSignIn(claims["aud"], claims["sub"], claims["sid"])


def revoke_refresh(point: TokenPoint, client_id: str, token: str) -> bool:
    """End the sign-in of a refresh token, whichever of its turns that was. False where there is nothing to end."""
    with point.db.connect() as connection:
        found = sign_in_by_id(connection, token.partition(".")[0])
    if found is None:
        return False
    if found.audience != client_id:
        raise OAuthError(OAuthCode.UNAUTHORIZED_CLIENT, "the token was issued to another client")
    return end_sign_in(point.services, found.id, because="revoked")
