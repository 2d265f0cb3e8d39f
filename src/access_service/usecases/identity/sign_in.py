"""Signing in and out, a new password, and the operator's break-glass unlock.

Whoever may not enter hears one sentence, after one verification of a hash: an unknown name, a wrong password, an
account that is locked, asleep, suspended or without a custodian are not told apart. Only whoever knows the password
hears that a second factor is asked for, or was wrong.
"""

from contextlib import suppress
from dataclasses import replace

from access_service.domain.accounts import Account
from access_service.domain.audit import Happening, Json
from access_service.domain.errors import NotFoundError, RefusedError
from access_service.domain.names import RegisterId
from access_service.domain.powers import Power, power, powerless, yields
from access_service.domain.reasons import Refusal
from access_service.domain.sign_in import Due, FactorKind, SecondFactor, due_at_sign_in, due_factor, is_asleep
from access_service.signing import passwords
from access_service.storage import accounts as stored
from access_service.storage.appending import unit_of
from access_service.storage.facts import Reader
from access_service.storage.standing import Gatherer
from access_service.usecases.identity.accounts import (
    WRONG,
    SignedIn,
    caller_of,
    check_new_password,
    confirm_password,
    count_failure,
    factors_in,
    new_session,
    rules_of,
    set_password,
)
from access_service.usecases.identity.names_at_hand import names_at_hand
from access_service.usecases.identity.recoveries import AskedRecovery, operator_recovery
from access_service.usecases.identity.second_factor import Second, WrongFactorError, accept, ask, claim
from access_service.usecases.operators import OperatorKey
from access_service.usecases.services import Act, Caller, Services, act, operate


def sign_in(
    services: Services,
    register: RegisterId,
    username: str,
    password: str,
    second: Second | None = None,
    source: str | None = None,
    audience: str | None = None,
) -> SignedIn:
    """Open a session, for the API or for the pages alone (`audience`).

    `source` is the address it is asked for from, where that is known for certain.

    An account that was locked by wrong ones stays open to a source from which somebody signed in to it before,
    until a wrong one comes from there, too.

    Raises `RefusedError`: `credentials_wrong` for whoever may not enter, `second_factor_required` (its details say
    which, and what a passkey has to sign) and `second_factor_wrong`; `UnavailableError` when too many sign in.
    """
    wrong = RefusedError(Refusal.CREDENTIALS_WRONG, WRONG)
    with services.db.connect() as connection:
        credential = stored.credential_by_username(connection, register, username)
    now = services.db.now()
    seen = None if source is None else passwords.digest(source)
    is_locked = credential is not None and credential.is_locked(now)
    is_known = _is_known(services, credential, seen)
    hashed = None if credential is None or (is_locked and not is_known) else credential.password
    if not passwords.is_password(password, hashed) or credential is None or hashed is None:
        if credential is not None:
            known = seen if is_locked and is_known else None
            _was_wrong(services, credential, known, is_locked=is_locked, source=source)
        else:
            _was_nobody(services, register, source)
        raise wrong
    factors = check_may_enter(services, credential)
    if factors and not second:
        raise ask(services, credential, factors)
    newer = passwords.hash_password(password) if passwords.needs_upgrade(hashed) else None
    try:
        if factors and second:
            claim(services, credential, second)
        with services.db.write(register, credential.account) as tx:
            # The hash took its time: of many guesses at once those after the lock are none, and a password that was
            # reset meanwhile (custody, recovery) opens nothing. A lock that others brought about meanwhile stops no
            # source that is known.
            place = (tx.connection, register, credential.account)
            is_known = seen is not None and stored.is_known_source(*place, seen)
            opens = stored.is_same_password if is_known else stored.still_opens_at(tx.now)
            if not opens(tx.connection, credential):
                raise wrong
            acting = Act(services, tx, None)
            caller = caller_of(acting.gather, credential.account, tx.now, even_leaving=True)
            rules = rules_of(acting.gather, tx.require(Account, credential.account), tx.now)
            factors = factors_in(tx, credential.account)
            if factors:
                accept(services, tx, factors, second or Second())
            about = names_at_hand(acting.gather, acting.ground, tx.require(Account, credential.account))
            due = due_at_sign_in(password, credential.password_set_at, rules, _kinds(factors), tx.now, about)
            caller = replace(caller, audience=audience)
            if caller.leaving:
                due = Due.HAND_BACK
            stored.admit(tx.connection, credential, now=tx.now, password=newer, unlocks=not is_known)
            if seen is not None:
                stored.know_source(*place, seen, tx.now)
            shown = [str(kind) for kind in sorted(_shown(second))] if factors else []
            signed = new_session(acting, caller, rules, due, **_known(source=source, factor="+".join(shown)))
    except WrongFactorError:
        count_failure(services, credential, **_known(source=source), factor="wrong")
        raise RefusedError(Refusal.SECOND_FACTOR_WRONG, "the second factor is wrong, or was used before") from None
    services.after_commit(register)
    return signed


def _shown(second: Second | None) -> list[FactorKind]:
    given = second or Second()
    return [k for k, v in ((FactorKind.TOTP, given.totp), (FactorKind.PASSKEY, given.passkey)) if v is not None]


def _known(**details: str | None) -> dict[str, str]:
    """What is known of a sign-in, for its event (TCVN 14423 5.8: source, account, time, action)."""
    return {name: value for name, value in details.items() if value}


def _was_nobody(services: Services, register: RegisterId, source: str | None) -> None:
    """No account has that name: the log hears from where, and never the name, which may be a password."""
    attempts = services.unknown_names.count(register, source)
    if attempts:
        details: dict[str, Json] = {**_known(source=source), "attempts": attempts}
        happening = Happening("session.unknown", "", "refused", str(Refusal.CREDENTIALS_WRONG), details)
        with suppress(NotFoundError):
            services.db.note(register, "unknown", happening)


def _was_wrong(
    services: Services, credential: stored.Credential, known: str | None, *, is_locked: bool, source: str | None
) -> None:
    if known is not None:
        with services.db.aside() as connection:
            stored.forget_source(connection, credential.register, credential.account, known)
    elif not is_locked:
        count_failure(services, credential, **_known(source=source))


def _is_known(services: Services, credential: stored.Credential | None, seen: str | None) -> bool:
    if seen is None or credential is None:
        return False
    with services.db.connect() as connection:
        return stored.is_known_source(connection, credential.register, credential.account, seen)


def most_at_once() -> int:
    """How many passwords are hashed at once: more sign-ins than that only wait for one another."""
    return passwords.CONCURRENT_HASHES


def _kinds(factors: list[SecondFactor]) -> list[FactorKind]:
    return [factor.kind for factor in factors]


def check_may_enter(services: Services, credential: stored.Credential) -> list[SecondFactor]:
    """The password was right. May the account enter at all, and what else is it asked for?"""
    register, account = credential.register, credential.account
    with services.db.connect() as connection:
        now = services.db.now_in(connection, register)
        gather = Gatherer(Reader(connection, register))
        caller_of(gather, account, now, even_leaving=True)
        rules = rules_of(gather, gather.reader.require(Account, account), now)
        factors = factors_in(gather.reader, account)
    if is_asleep(credential.seen_at, rules, now):
        # Whoever asks hears what everybody hears; the manager above reads in the log why.
        happening = Happening(
            "session.open", account, "refused", str(Refusal.CREDENTIALS_WRONG), {"because": "inactive"}
        )
        services.db.note(register, account, happening)
        raise RefusedError(Refusal.CREDENTIALS_WRONG, WRONG)
    return factors


@powerless("it ends the caller's own session")
def sign_out(services: Services, caller: Caller) -> None:
    """End the session."""
    with act(services, caller, "session.close", caller.account) as doing:
        stored.end_session(doing.tx.connection, caller.session)
        doing.tx.happened("session.close", caller.account)


@power(yields(Power.FACTORS))
def change_password(services: Services, caller: Caller, password: str, new: str) -> SignedIn:
    """Put a new password in place of the old one; every session of the account ends, and a new one begins.

    `InvalidError` for one that is too weak or was used before; a wrong old one counts towards lockout.
    """
    credential = confirm_password(services, caller, password)
    hashed = passwords.hash_password(new)
    rules = check_new_password(services, credential, new, services.db.now())
    with act(services, caller, "account.password", caller.account) as doing:
        if not stored.is_same_password(doing.tx.connection, credential):
            raise RefusedError(Refusal.CREDENTIALS_WRONG, "the password was changed meanwhile")
        set_password(doing, credential, hashed, rules)
        doing.tx.happened("account.password", caller.account)
        factors = factors_in(doing.tx, caller.account)
        return new_session(doing, caller, rules, due_factor(rules, _kinds(factors)))


def unlock(
    services: Services,
    register: RegisterId,
    username: str,
    *,
    with_code: bool = False,
    operator: OperatorKey | None = None,
) -> AskedRecovery | None:
    """Break-glass, by the operator: the account is neither locked nor asleep any more.

    With a code, a recovery is asked for: one of the leadership confirms it, or a second operator where this one
    shows who they are, or it waits. Its code sets a new password, and the second factors go: for the root's
    accounts, which nobody in the register is above.
    `NotFoundError` for an unknown username.
    """
    with operate(services, register) as doing:
        credential = stored.credential_by_username(doing.tx.connection, register, username)
        if credential is None:
            raise NotFoundError("username", username)
        account = doing.tx.require(Account, credential.account)
        issued = None
        if with_code:
            issued = operator_recovery(doing, account, operator)
        else:
            stored.admit(doing.tx.connection, credential, now=doing.now)
        doing.tx.happened("account.unlock", account.id, unit=unit_of(doing.tx, account.id), code=with_code)
        doing.tx.touches()
        return issued
