"""Signing in by a passkey alone: the device has the key, and asked its holder's finger, face or PIN (two factors).

The challenge of the door is made for nobody in particular, so none is stored until somebody answers it: it is the
hash of a ticket that this service has closed, good for five minutes and for one answer.
"""

import base64
import hashlib
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from access_service.domain.accounts import Account
from access_service.domain.audit import instant
from access_service.domain.errors import InvalidError, RefusedError, UnavailableError
from access_service.domain.names import RegisterId
from access_service.domain.powers import powerless
from access_service.domain.reasons import Refusal
from access_service.domain.sign_in import Due, FactorKind, SecondFactor, due_factor, is_overdue
from access_service.domain.words import iso_instant
from access_service.signing import passkeys
from access_service.signing.passkeys import PasskeyError
from access_service.signing.passwords import digest
from access_service.storage import accounts as stored
from access_service.storage.second_factor import answer_door, factor_by_credential
from access_service.usecases.identity.accounts import WRONG, SignedIn, caller_of, factors_in, new_session, rules_of
from access_service.usecases.identity.second_factor import Second, WrongFactorError, accept
from access_service.usecases.identity.sign_in import check_may_enter
from access_service.usecases.services import Act, Services

ABOUT = '["door"]'
"""What a ticket is closed about, so that nothing else that was closed is one."""
LONGEST_TICKET = 512


@dataclass(frozen=True, slots=True)
class Door:
    """What a browser needs to ask its passkeys, before anybody said a name."""

    ticket: str
    challenge: str
    rp_id: str


def offer_door(services: Services) -> Door | None:
    """A challenge for whoever comes; None where this service has no passkeys."""
    if services.factors is None or not passkeys.has_site(services.public_url):
        return None
    until = services.db.now() + timedelta(seconds=passkeys.TIMEOUT_S)
    ticket = services.factors.close(instant(until), ABOUT)
    return Door(ticket, challenge_of_ticket(ticket), passkeys.site_of(services.public_url).id)


def challenge_of_ticket(ticket: str) -> str:
    """What a passkey is asked to sign for this ticket."""
    return base64.urlsafe_b64encode(hashlib.sha256(ticket.encode()).digest()).rstrip(b"=").decode()


def _until(services: Services, ticket: str) -> datetime | None:
    """Until when a ticket is good; None for what is no ticket of ours."""
    with suppress(UnavailableError, InvalidError):
        if services.factors is not None and len(ticket) <= LONGEST_TICKET:
            return iso_instant(services.factors.open(ticket, ABOUT))
    return None


def _read(answer: Mapping[str, Any], ticket: str) -> str:
    """The credential that answers to this ticket's challenge; empty for any other answer."""
    try:
        challenge = passkeys.challenge_of(answer)
    except PasskeyError:
        return ""
    credential = answer.get("id")
    is_id = isinstance(credential, str) and credential.isascii() and credential.isprintable()
    return str(credential) if is_id and challenge == challenge_of_ticket(ticket) else ""


@powerless("it opens the caller's own session")
def sign_in_by_passkey(
    services: Services,
    register: RegisterId,
    ticket: str,
    answer: Mapping[str, Any],
    source: str | None = None,
    audience: str | None = None,
) -> SignedIn:
    """Open a session for the account whose passkey answered. A lock by wrong passwords keeps this way shut, too.

    Raises `RefusedError`, `credentials_wrong`, for every answer that does not open: one sentence for all.
    """
    wrong = RefusedError(Refusal.CREDENTIALS_WRONG, WRONG)
    until, credential_id = _until(services, ticket), _read(answer, ticket)
    if until is None or services.db.now() >= until or not credential_id:
        raise wrong
    with services.db.connect() as connection:
        factor = factor_by_credential(connection, register, credential_id)
        credential = None if factor is None else stored.credential_of(connection, register, factor.account)
    if factor is None or credential is None or credential.is_locked(services.db.now()):
        raise wrong
    check_may_enter(services, credential)
    try:
        signed = _open(services, credential, factor, answer, until, audience, source)
    except WrongFactorError:
        raise wrong from None
    services.after_commit(register)
    return signed


def _open(
    services: Services,
    credential: stored.Credential,
    factor: SecondFactor,
    answer: Mapping[str, Any],
    until: datetime,
    audience: str | None,
    source: str | None,
) -> SignedIn:
    register, account = credential.register, credential.account
    with services.db.write(register, account) as tx:
        if not answer_door(tx.connection, register, account, passkeys.challenge_of(answer), tx.now, until):
            raise WrongFactorError
        held = [one for one in factors_in(tx, account) if one.id == factor.id]
        accept(services, tx, held, Second(passkey=answer))
        acting = Act(services, tx, None)
        caller = caller_of(acting.gather, account, tx.now, even_leaving=True)
        rules = rules_of(acting.gather, tx.require(Account, account), tx.now)
        kinds = [one.kind for one in factors_in(tx, account)]
        is_old = is_overdue(credential.password_set_at, rules, tx.now)
        due = Due.PASSWORD if is_old else due_factor(rules, kinds)
        if caller.leaving:
            due = Due.HAND_BACK
        stored.admit(tx.connection, credential, now=tx.now, unlocks=False)
        if source is not None:
            stored.know_source(tx.connection, register, account, digest(source), tx.now)
        shown = {"source": source} if source else {}
        return new_session(
            acting,
            replace(caller, audience=audience),
            rules,
            due,
            **shown,
            factor=str(FactorKind.PASSKEY),
            alone="yes",
        )
