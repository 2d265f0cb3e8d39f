"""Second factors: one-time codes by the clock (RFC 6238) and passkeys (W3C Web Authentication Level 2).

One is set in two steps: what the authenticator needs is handed out after the password was entered again, and it
counts only once the holder has shown that it works. Then every session of the account ends and a new one begins.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from access_service.domain.accounts import Account
from access_service.domain.errors import InvalidError, NotFoundError, RefusedError
from access_service.domain.names import AccountId, RegisterId
from access_service.domain.powers import Power, ends, power, powerless, yields
from access_service.domain.reasons import Refusal
from access_service.domain.sign_in import (
    Due,
    FactorKind,
    SecondFactor,
    check_due,
    check_keeps_factor,
    check_new_passkey,
    check_room,
    due_factor,
)
from access_service.evidence.qr import draw_qr
from access_service.signing import passkeys, totp
from access_service.signing.passkeys import PasskeyError
from access_service.storage import accounts as stored_accounts
from access_service.storage import second_factor as stored
from access_service.storage.facts import Reader
from access_service.storage.second_factor import describe_secret
from access_service.usecases.identity.accounts import (
    SignedIn,
    confirm_password,
    count_failure,
    factors_in,
    new_session,
    rules_of,
)
from access_service.usecases.identity.factor_events import log_added, log_removed, passkey_of
from access_service.usecases.keys import closing, open_secret
from access_service.usecases.services import Act, Caller, Services, act

SIGN_IN, ENROL = "sign_in", "enrol"
"""What a challenge is for: one that was handed out for the one purpose is none for the other."""
NOT_WORKING = "that does not show that the second factor works"


class WrongFactorError(Exception):
    """What was shown beside the password is not one of the account's second factors."""


@dataclass(frozen=True, slots=True)
class Second:
    """What somebody shows beside the password."""

    totp: str | None = None
    passkey: Mapping[str, Any] | None = None
    """The browser's AuthenticationResponseJSON."""

    def __bool__(self) -> bool:
        """Is anything shown?"""
        return self.totp is not None or self.passkey is not None


@dataclass(frozen=True, slots=True)
class NewTotp:
    """A secret for an authenticator, shown once."""

    id: str
    secret: str
    """Base32."""
    uri: str
    """`otpauth://` address for a QR code."""


def ask(
    services: Services, credential: stored_accounts.Credential, factors: Sequence[SecondFactor]
) -> RefusedError:
    """The refusal that says which second factors will do, with a challenge where a passkey is one."""
    kinds = sorted({factor.kind for factor in factors})
    if not passkeys.has_site(services.public_url):
        kinds = [kind for kind in kinds if kind is not FactorKind.PASSKEY]
    details: dict[str, object] = {"factors": [str(kind) for kind in kinds]}
    if FactorKind.PASSKEY in kinds:
        details["challenge"] = _challenge(services, credential.register, credential.account, SIGN_IN)
        details["rp_id"] = passkeys.site_of(services.public_url).id
        details["credentials"] = [factor.credential for factor in factors if factor.credential is not None]
    return RefusedError(Refusal.SECOND_FACTOR_REQUIRED, "show a second factor as well", **details)


def _challenge(services: Services, register: RegisterId, account: AccountId, purpose: str) -> str:
    challenge, now = passkeys.new_challenge(), services.db.now()
    with services.db.aside() as connection:
        stored.add_challenge(
            connection,
            register,
            account,
            purpose,
            challenge=challenge,
            now=now,
            expires_at=now + timedelta(seconds=passkeys.TIMEOUT_S),
        )
    return challenge


def claim(services: Services, credential: stored_accounts.Credential, second: Second) -> None:
    """Use up the challenge that a passkey signed, whatever comes of it; this is done before `accept`.

    Raises `WrongFactorError` for a challenge that is not the account's, was used, or is too old.
    """
    answer = second.passkey
    if answer is not None and not _taken(services, credential.register, credential.account, SIGN_IN, answer):
        raise WrongFactorError


def _taken(
    services: Services, register: RegisterId, account: AccountId, purpose: str, answer: Mapping[str, Any]
) -> bool:
    try:
        challenge = passkeys.challenge_of(answer)
    except PasskeyError:
        return False
    with services.db.aside() as connection:
        return stored.take_challenge(
            connection, register, account, purpose, challenge=challenge, now=services.db.now()
        )


def accept(services: Services, reader: Reader, factors: Sequence[SecondFactor], second: Second) -> None:
    """One of the factors was shown, for the first time: it is written down as used. Under the register's lock.

    Raises `WrongFactorError` for anything else.
    """
    shown, counter = _shown(services, factors, second)
    if shown is None:
        raise WrongFactorError
    stored.count_use(reader.connection, shown, counter)


def _shown(services: Services, factors: Sequence[SecondFactor], second: Second) -> tuple[SecondFactor | None, int]:
    """Which factor was shown, and the step or counter that is over with it."""
    if second.passkey is not None:
        answer, id_ = second.passkey, second.passkey.get("id")
        factor = next((f for f in factors if f.credential is not None and f.credential == id_), None)
        if factor is None or factor.credential is None:
            return None, 0
        known = passkey_of(factor)
        try:
            site = passkeys.site_of(services.public_url)
            return factor, passkeys.verify_assertion(site, answer, passkeys.challenge_of(answer), known)
        except (PasskeyError, InvalidError):
            return None, 0
    for factor in factors:
        if factor.kind is FactorKind.TOTP and second.totp is not None:
            # By the machine's clock, not the newest record's instant: the authenticator knows no record.
            step = totp.accepted_step(_opened(services, factor), second.totp, services.db.now(), factor.counter)
            if step is not None:
                return factor, step
    return None, 0


def _opened(services: Services, factor: SecondFactor) -> str:
    return open_secret(services, factor.secret, describe_secret(factor.register, factor.account, factor.id))


def list_factors(services: Services, caller: Caller) -> list[SecondFactor]:
    """The caller's own second factors that are asked for."""
    with services.db.read(caller.register) as reader:
        return factors_in(reader, caller.account)


def _confirm(services: Services, caller: Caller, password: str, second: Second | None) -> None:
    """(A8) Changing a factor asks the password, and a factor where one is set."""
    credential = confirm_password(services, caller, password)
    with services.db.read(caller.register) as reader:
        factors = factors_in(reader, caller.account)
    if factors:
        show_again(services, caller, credential, factors, second)


@powerless("it only checks the caller's own second factor")
def show_again(
    services: Services,
    caller: Caller,
    credential: stored_accounts.Credential,
    factors: list[SecondFactor],
    second: Second | None,
) -> None:
    """Ask for one of these factors, or take the one that was shown; a wrong one counts towards lockout."""
    if not second:
        raise ask(services, credential, factors)
    try:
        claim(services, credential, second)
        with services.db.write(caller.register, caller.doer) as tx:
            accept(services, tx, factors_in(tx, caller.account), second)
            tx.happened("factor.show", caller.account)
            tx.touches()
    except WrongFactorError:
        count_failure(services, credential, factor="wrong")
        raise RefusedError(Refusal.SECOND_FACTOR_WRONG, "the second factor is wrong, or was used before") from None
    services.after_commit(caller.register)


@powerless("the caller's own factor, not yet shown to work")
def begin_totp(services: Services, caller: Caller, password: str, second: Second | None = None) -> NewTotp:
    """A new secret for an authenticator; `confirm_totp` makes it count. The password is asked for again."""
    _confirm(services, caller, password, second)
    secret = totp.new_totp_secret()
    with act(services, caller, "factor.begin", caller.account) as doing:
        for factor in _all(doing):
            if factor.kind is FactorKind.TOTP and factor.confirmed_at is None:
                stored.drop_factor(doing.tx.connection, factor)
        id_ = _add(doing, FactorKind.TOTP, secret=secret, credential=None, counter=totp.NEVER)
        username = doing.tx.require(Account, caller.account).username
    return NewTotp(id_, secret, totp.enrolment_uri(secret, username, str(caller.register)))


def draw_totp(uri: str) -> str:
    """The address of a new secret as a square for a telephone, in SVG."""
    return draw_qr(uri)


def _all(doing: Act) -> list[SecondFactor]:
    return stored.factors_of(doing.tx.connection, doing.tx.register, doing.require_caller().account)


def _add(doing: Act, kind: FactorKind, *, secret: str, credential: str | None, counter: int) -> str:
    """Store a factor that nobody has shown to work; a TOTP secret is closed first."""
    caller = doing.require_caller()
    check_room(_all(doing))
    id_ = doing.new_id("fac")
    if kind is FactorKind.TOTP:
        key = closing(doing.services, doing.tx.connection)
        secret = key.close(secret, describe_secret(caller.register, caller.account, id_))
    factor = SecondFactor(
        register=caller.register,
        id=id_,
        account=caller.account,
        kind=kind,
        secret=secret,
        credential=credential,
        counter=counter,
        created_at=doing.now,
    )
    stored.add_factor(doing.tx.connection, factor)
    if kind is FactorKind.TOTP:
        doing.tx.happened("factor.begin", caller.account, factor=id_)
    else:
        log_added(doing, factor)
    doing.tx.touches()
    return id_


@power(yields(Power.FACTORS))
def confirm_totp(services: Services, caller: Caller, code: str) -> SignedIn:
    """The authenticator shows the right code: it counts from now on, in place of an earlier one."""
    with act(services, caller, "factor.add", caller.account) as doing:
        begun = next((f for f in _all(doing) if f.kind is FactorKind.TOTP and f.confirmed_at is None), None)
        if begun is None:
            raise NotFoundError("second factor", "totp")
        step = totp.accepted_step(_opened(services, begun), code, services.db.now(), begun.counter)
        if step is None:
            raise RefusedError(Refusal.SECOND_FACTOR_WRONG, NOT_WORKING)
        for factor in _all(doing):
            if factor.kind is FactorKind.TOTP and factor.id != begun.id:
                stored.drop_factor(doing.tx.connection, factor)
        stored.confirm_factor(doing.tx.connection, begun, now=doing.now, counter=step)
        log_added(doing, begun)
        return _begin_anew(doing)


def _begin_anew(doing: Act) -> SignedIn:
    """What the caller may do has changed: every session of the account ends, and a new one begins."""
    caller = doing.require_caller()
    session = stored_accounts.session_by_token(doing.tx.connection, caller.session)
    if session is not None and session.due is Due.PASSWORD:
        # Otherwise whoever has to set a new password would come by a whole session without one.
        check_due(session.due)
    stored_accounts.end_sessions_of(doing.tx.connection, caller.register, caller.account)
    rules = rules_of(doing.gather, doing.tx.require(Account, caller.account), doing.now)
    kinds = [factor.kind for factor in factors_in(doing.tx, caller.account)]
    return new_session(doing, caller, rules, due_factor(rules, kinds))


@powerless("the caller's own factor, not yet shown to work")
def begin_passkey(
    services: Services, caller: Caller, password: str, second: Second | None = None
) -> dict[str, Any]:
    """PublicKeyCredentialCreationOptionsJSON for the browser; `confirm_passkey` takes its answer."""
    _confirm(services, caller, password, second)
    site = passkeys.site_of(services.public_url)
    with services.db.read(caller.register) as reader:
        known = [f.credential for f in factors_in(reader, caller.account) if f.credential is not None]
        username = reader.require(Account, caller.account).username
    challenge = _challenge(services, caller.register, caller.account, ENROL)
    # The handle stands in the authenticator: an id, never a name (section 14.6.1).
    return passkeys.creation_options(site, challenge=challenge, user=caller.account, username=username, known=known)


@power(yields(Power.FACTORS))
def confirm_passkey(services: Services, caller: Caller, answer: Mapping[str, Any]) -> SignedIn:
    """The browser's RegistrationResponseJSON: the passkey counts from now on."""
    site = passkeys.site_of(services.public_url)
    is_ours = _taken(services, caller.register, caller.account, ENROL, answer)
    with act(services, caller, "factor.add", caller.account) as doing:
        try:
            made = passkeys.verify_registration(site, answer, passkeys.challenge_of(answer)) if is_ours else None
        except PasskeyError:
            made = None
        if made is None:
            raise RefusedError(Refusal.SECOND_FACTOR_WRONG, NOT_WORKING)
        check_new_passkey(is_known=stored.is_known(doing.tx.connection, caller.register, made.credential))
        id_ = _add(
            doing, FactorKind.PASSKEY, secret=made.public_key, credential=made.credential, counter=made.count
        )
        factor = next(f for f in _all(doing) if f.id == id_)
        stored.confirm_factor(doing.tx.connection, factor, now=doing.now, counter=made.count)
        return _begin_anew(doing)


@power(ends(Power.FACTORS))
def remove_factor(
    services: Services, caller: Caller, id_: str, password: str, second: Second | None = None
) -> SignedIn:
    """The caller no longer uses one; the last one stays where one is mandatory. Every other session ends."""
    _confirm(services, caller, password, second)
    with act(services, caller, "factor.remove", caller.account) as doing:
        factors = factors_in(doing.tx, caller.account)
        factor = next((f for f in factors if f.id == id_), None)
        if factor is None:
            raise NotFoundError("second factor", id_)
        rules = rules_of(doing.gather, doing.tx.require(Account, caller.account), doing.now)
        check_keeps_factor(rules, factors)
        stored.drop_factor(doing.tx.connection, factor)
        log_removed(doing, factor)
        return _begin_anew(doing)
