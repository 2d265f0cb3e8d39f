"""A signed-in person is handed on to a service: a code for the browser, then a session for the service.

`issue_code` gives the code that the browser carries. `redeem_code` gives a session, once, to whoever shows the
code, the verifier of its challenge, and the same audience and address.
It is good for that audience and for nothing else (A9), a session for a service like those that its holder opens by
hand: `bearers.bearer_of` takes its token, it ends with the session that it came from, and `introspect` looks for it
when a token is asked about.

For a guarded host: `issue_code(services, caller, CodeRequest(audience, back, challenge), guarded={audience: back})`
with the audience of the rules and the host's own `/.access/callback`; then `redeem_code(services, code,
audience=audience, redirect_uri=back, verifier=verifier)`, whose `session` is what the host's cookie holds. For a
client `usecases.tokens.openid` is built on the same two.

A code or a refresh token that comes again was copied: everything of that sign-in ends, whoever of the two it was.
"""

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TypeVar

from access_service.domain.audit import Happening
from access_service.domain.errors import NotFoundError, RefusedError
from access_service.domain.powers import powerless
from access_service.domain.reasons import Refusal
from access_service.domain.service_sign_in import (
    CODE_LASTS,
    ServiceSignIn,
    answers,
    check_may_be_handed_on,
    is_challenge,
)
from access_service.domain.software import Client, Software
from access_service.signing import passwords
from access_service.storage import accounts as stored
from access_service.storage import service_sign_ins as kept
from access_service.storage.db import Transaction
from access_service.storage.facts import Reader
from access_service.storage.standing import Gatherer
from access_service.storage.tokens import deny
from access_service.usecases.identity.open_sessions import caller_in_session
from access_service.usecases.services import Caller, ReadView, Services, look
from access_service.usecases.tokens.oauth_errors import OAuthCode, OAuthError

T = TypeVar("T")
SECRET_BITS = 256
SESSION_MARK = "ses_"
"""With what the id of a token begins that came from a session; the SHA-256 of the session's token follows."""
DENIED_FOR = timedelta(hours=1)
"""Longer than any access token lives."""


@dataclass(frozen=True, slots=True)
class CodeRequest:
    """To which service a person wants to be signed in, and where they go from here."""

    audience: str
    """A client's id, or the address of a guarded host."""
    redirect_uri: str
    challenge: str
    """BASE64URL(SHA-256(verifier)) without padding: `S256` of RFC 7636, the only method."""
    scope: frozenset[str] = frozenset()
    resources: tuple[str, ...] = ()
    nonce: str | None = None


@dataclass(frozen=True, slots=True)
class IssuedCode:
    """A code, shown once."""

    code: str
    until: datetime


@dataclass(frozen=True, slots=True)
class HandedOn:
    """What a code or a refresh token was redeemed for."""

    sign_in: ServiceSignIn
    session: str | None
    """Token of the session, shown once: where a code was redeemed."""
    refresh: str | None
    """The next refresh token, shown once: where one was asked for."""
    ends_at: datetime
    """When the session ends unless it is used."""


def wrong_code() -> OAuthError:
    """One sentence for whatever is wrong with a code or a refresh token."""
    return OAuthError(
        OAuthCode.INVALID_GRANT, "the code or refresh token is unknown, expired, used, or not this client's"
    )


@powerless("it hands on to one service who the caller is, there and nowhere else")
def issue_code(
    services: Services, caller: Caller, wanted: CodeRequest, guarded: Mapping[str, str] | None = None
) -> IssuedCode:
    """A code for the service; good once and for a minute.

    `guarded` are the hosts behind a proxy: the audience of each, and the one address that people come back to.
    `NotFoundError` for a service that nobody has or an address that is not exactly one of its own; `forbidden` for
    an account that is not a person's own, and where the service is another unit's.
    """
    with look(services, caller) as seen:
        software = _software_of(seen, wanted, guarded or {})
        check_may_be_handed_on(seen.ground, caller.kind, caller.person, caller.unit, software)
        parent = stored.session_by_token(seen.reader.connection, caller.session)
        now = seen.now
    if parent is None or not parent.is_open(now) or parent.due is not None or not is_challenge(wanted.challenge):
        raise RefusedError(Refusal.NOT_AUTHENTICATED, "sign in first")
    code = passwords.new_secret(SECRET_BITS)
    found = ServiceSignIn(
        id=services.new_id("sgn"),
        register=caller.register,
        account=caller.account,
        person=caller.person,
        audience=wanted.audience,
        redirect_uri=wanted.redirect_uri,
        scope=wanted.scope,
        resources=wanted.resources,
        nonce=wanted.nonce,
        challenge=wanted.challenge,
        code_sha256=passwords.digest(code),
        code_until=now + CODE_LASTS,
        parent=parent.token_sha256,
        signed_in_at=parent.created_at,
        methods=parent.methods or "password",
        expires_at=parent.expires_at,
    )
    with services.db.aside() as connection:
        kept.keep_sign_in(connection, found, now)
    return IssuedCode(code, found.code_until)


def _software_of(seen: ReadView, wanted: CodeRequest, guarded: Mapping[str, str]) -> Software | None:
    if wanted.audience in guarded:
        if wanted.redirect_uri != guarded[wanted.audience]:
            raise NotFoundError("address", wanted.redirect_uri)
        return None
    client = seen.reader.get(Client, wanted.audience)
    software = None if client is None else seen.reader.get(Software, client.software)
    if client is None or software is None or not client.is_enabled(seen.now) or seen.now not in software.interval:
        raise NotFoundError("service", wanted.audience)
    if wanted.redirect_uri not in client.redirect_uris:
        raise NotFoundError("address", wanted.redirect_uri)
    return software


def redeem_code(
    services: Services, code: str, *, audience: str, redirect_uri: str, verifier: str, with_refresh: bool = False
) -> HandedOn:
    """What the code is for: once, for the service that it was issued for. `invalid_grant` for everything else.

    One wrong attempt uses the code up; one that comes again ends what it was redeemed for.
    """
    sha256 = passwords.digest(code)
    with services.db.connect() as connection:
        found = kept.sign_in_by_code(connection, sha256)
    if found is None:
        raise wrong_code()
    is_right = (
        found.audience == audience
        and found.redirect_uri == redirect_uri
        and answers(found.challenge, verifier)
        and services.db.now() < found.code_until
    )
    with services.db.aside() as connection:
        is_first = kept.claim_code(connection, found.id, services.db.now())
    if not is_first:
        end_sign_in(services, found.id, because="code_again")
        raise wrong_code()
    if not is_right:
        _note_refused(services, found)
        raise wrong_code()
    token = passwords.new_secret(SECRET_BITS)
    secret = passwords.new_secret(SECRET_BITS) if with_refresh else None
    with services.db.write(found.register, found.account) as tx:
        session = _session_for(tx, found, passwords.digest(token))
        stored.open_session(tx.connection, session)
        refresh = None if secret is None else passwords.digest(secret)
        if not kept.join_session(tx.connection, found.id, session.token_sha256, refresh, tx.now):
            raise wrong_code()
        tx.happened("session.open", found.account, audience=found.audience)
        tx.touches()
    services.after_commit(found.register)
    joined = replace(found, session_sha256=session.token_sha256, refresh_sha256=refresh)
    shown = None if secret is None else f"{found.id}.{secret}"
    return HandedOn(joined, token, shown, session.ends_at)


def _session_for(tx: Transaction, found: ServiceSignIn, sha256: str) -> stored.Session:
    """The session of the service, while the one that it comes from is open and the same person's."""
    parent = stored.session_by_token(tx.connection, found.parent)
    if parent is None or not parent.is_open(tx.now) or parent.due is not None:
        raise wrong_code()
    _check_person(tx, parent, found, tx.now)
    return stored.Session(
        token_sha256=sha256,
        register=found.register,
        account=found.account,
        person=found.person,
        created_at=tx.now,
        expires_at=parent.expires_at,
        used_at=tx.now,
        idle=parent.idle,
        audience=found.audience,
        parent=parent.token_sha256,
        methods=found.methods,
    )


def _check_person(reader: Reader, session: stored.Session, found: ServiceSignIn, now: datetime) -> Caller:
    try:
        caller = caller_in_session(Gatherer(reader), session, now)
    except RefusedError as error:
        raise wrong_code() from error
    if caller.person != found.person or caller.account != found.account or caller.leaving:
        raise wrong_code()
    return caller


def _check_still_handed_on(seen: ReadView, found: ServiceSignIn) -> None:
    """Whoever works elsewhere by now is not signed in there any more, however long the session lasts."""
    client = seen.reader.get(Client, found.audience)
    software = None if client is None else seen.reader.get(Software, client.software)
    caller = seen.require_caller()
    try:
        check_may_be_handed_on(seen.ground, caller.kind, caller.person, caller.unit, software)
    except RefusedError as error:
        raise wrong_code() from error


def refresh_sign_in(services: Services, token: str, *, audience: str, before: Callable[[HandedOn], T]) -> T:
    """The next refresh token for the one that counts, while the session is open; `invalid_grant` otherwise.

    `before` makes the answer and may refuse: then the token that was shown still counts.

    One that was used before, or that was never issued under that id, ends the whole sign-in: of two who hold it one
    is a thief, and nobody can say which.
    """
    id_, _, secret = token.partition(".")
    with services.db.connect() as connection:
        found = kept.sign_in_by_id(connection, id_)
        if found is None or found.session_sha256 is None or found.audience != audience:
            raise wrong_code()
        session = stored.session_by_token(connection, found.session_sha256)
        now = services.db.now_in(connection, found.register)
        if session is None or found.refresh_sha256 is None or not session.is_open(now):
            raise wrong_code()
        caller = _check_person(Reader(connection, found.register), session, found, now)
        _check_still_handed_on(ReadView(Reader(connection, found.register), caller, now), found)
    shown, after = passwords.digest(secret), passwords.new_secret(SECRET_BITS)
    ends = min(session.expires_at, now + session.idle)
    answer = None
    if passwords.is_same(shown, found.refresh_sha256):
        turned = replace(found, refresh_sha256=passwords.digest(after))
        answer = before(HandedOn(turned, None, f"{found.id}.{after}", ends))
    with services.db.aside() as connection:
        is_first = kept.turn_refresh(connection, found.id, shown, passwords.digest(after))
        if is_first:
            stored.mark_used(connection, session.token_sha256, now)
    if not is_first or answer is None:
        end_sign_in(services, found.id, because="refresh_again")
        raise wrong_code()
    return answer


def end_sign_in(services: Services, id_: str, *, because: str) -> bool:
    """End the session that a sign-in stands on, and every token of it. False where there is none to end."""
    with services.db.connect() as connection:
        found = kept.sign_in_by_id(connection, id_)
    if found is None:
        return False
    with services.db.aside() as connection:
        sha256 = kept.spoil_sign_in(connection, id_, services.db.now())
        is_open = sha256 is not None and stored.session_by_token(connection, sha256) is not None
    if sha256 is None or not is_open:
        return False
    with services.db.write(found.register, found.account) as tx:
        stored.end_session(tx.connection, sha256)
        # Whoever verifies without a call hears of it by the list.
        deny(tx.connection, found.register, token_mark(sha256), tx.now + DENIED_FOR, tx.now)
        tx.happened("session.close", found.account, audience=found.audience, because=because)
        tx.touches()
    services.after_commit(found.register)
    return True


def token_mark(session_sha256: str) -> str:
    """With what the id of every token begins that came from that session."""
    return SESSION_MARK + base64.urlsafe_b64encode(bytes.fromhex(session_sha256)).rstrip(b"=").decode()


def _note_refused(services: Services, found: ServiceSignIn) -> None:
    happening = Happening(
        "session.open", found.account, "refused", str(Refusal.NOT_AUTHENTICATED), {"audience": found.audience}
    )
    services.db.note(found.register, found.account, happening)
