"""Open sessions: who acts in one, and whether it is good here."""

from collections.abc import Collection
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta

from access_service.domain.errors import RefusedError, UnavailableError
from access_service.domain.names import PersonId
from access_service.domain.reasons import Refusal
from access_service.domain.sign_in import Due, check_due, is_meant
from access_service.signing import passwords
from access_service.storage import accounts as stored
from access_service.storage.facts import Reader
from access_service.storage.standing import Gatherer
from access_service.usecases.identity.accounts import SignedIn, caller_of
from access_service.usecases.services import Caller, Services

AUDIENCE_TEXT = "the session is good elsewhere; ask for one for this service: `POST /v1/me/sessions`"
USED_EVERY, USED_WAIT_MS = timedelta(seconds=30), 50
"""How exactly the use of a session is written down, and how long a request waits to do so."""


def caller_from_token(
    services: Services,
    token: str,
    *,
    even_if_due: bool = False,
    to_hand_back: bool = False,
    meant_for: Collection[str] = (),
) -> Caller:
    """The caller of a bearer token: who acts in the session that `session_from_token` finds."""
    return session_from_token(
        services, token, even_if_due=even_if_due, to_hand_back=to_hand_back, meant_for=meant_for
    ).caller


def session_from_token(
    services: Services,
    token: str,
    *,
    even_if_due: bool = False,
    to_hand_back: bool = False,
    meant_for: Collection[str] = (),
    keeps_open: bool = True,
    holder: PersonId | None = None,
) -> SignedIn:
    """The session of a token, or `not_authenticated`.

    Every half minute its use is written down, if it `keeps_open`. Where a `holder` is named, another person's
    session counts as none: what it has to do first is not said, and its use is not written down.

    `meant_for` are the names of another service that was handed the token; `wrong_audience` for a session that is
    good elsewhere. Without it a session counts that was opened by signing in, and no other.

    A session that has to set a password or a second factor first is refused with `password_due` or
    `second_factor_due`; `even_if_due` is for the routes where that is done. One that serves to hand back is refused
    with `hand_back_due` but where `to_hand_back` lets it in.
    """
    sha256 = passwords.digest(token)
    with services.db.connect() as connection:
        session = stored.session_by_token(connection, sha256)
        now = services.db.now_in(connection, session.register) if session is not None else None
        if session is None or now is None or not session.is_open(now):
            raise RefusedError(Refusal.NOT_AUTHENTICATED, "sign in first")
        if not is_meant(session.audience, meant_for):
            raise RefusedError(Refusal.WRONG_AUDIENCE, AUDIENCE_TEXT)
        caller = caller_in_session(Gatherer(Reader(connection, session.register)), session, now)
    if holder is not None and caller.person != holder:
        raise RefusedError(Refusal.NOT_AUTHENTICATED, "the session is another person's")
    is_let_in = to_hand_back if session.due is Due.HAND_BACK else even_if_due
    check_due(None if is_let_in else session.due)
    if keeps_open and now - session.used_at >= min(USED_EVERY, session.idle / 10):
        # Whoever cannot write it down now does so at the next request: the session ends early at worst.
        with suppress(UnavailableError), services.db.aside(USED_WAIT_MS) as connection:
            stored.mark_used(connection, sha256, now)
    caller = replace(caller, session=sha256, audience=session.audience)
    lasts = min(session.expires_at, now + session.idle) if keeps_open else session.ends_at
    return SignedIn(token, caller, lasts, session.expires_at, session.due)


def caller_in_session(gather: Gatherer, session: stored.Session, now: datetime) -> Caller:
    """Who an open session acts as. What stopped them since is said: only its holder has the token (K)."""
    try:
        caller = caller_of(gather, session.account, now, even_leaving=True)
    except RefusedError as error:
        is_stopped = error.code is Refusal.CREDENTIALS_WRONG
        raise (
            RefusedError(Refusal.ACCOUNT_NOT_ACTIVE, "the account was stopped") if is_stopped else error
        ) from None
    if caller.person != session.person:
        raise RefusedError(Refusal.CUSTODY_TAKEN, "somebody else operates the account now")
    if caller.leaving and session.due is not Due.HAND_BACK:
        raise RefusedError(Refusal.ACCOUNT_NOT_ACTIVE, "the last duty is over; sign in again, to hand back")
    return caller


def is_session(services: Services, token: str) -> bool:
    """Is that the token of an open session, whatever it may do? Asked by routes that read nothing of strangers."""
    with services.db.connect() as connection:
        session = stored.session_by_token(connection, passwords.digest(token))
        return session is not None and session.is_open(services.db.now_in(connection, session.register))
