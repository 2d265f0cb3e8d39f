"""Accounts and sessions: issue, activate, sign in and out, suspend, resume, recover."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from access_service.domain.accounts import Account, Suspension, state_of
from access_service.domain.delegation import HEADS, LEADERS
from access_service.domain.errors import InvalidError, RefusedError
from access_service.domain.names import (
    AccountId,
    AccountKind,
    AccountState,
    PersonId,
    Rank,
    RegisterId,
    SuspendableKind,
    UnitId,
)
from access_service.domain.org import Assignment, Person, manager_of
from access_service.domain.policy import Pack
from access_service.domain.reasons import Refusal
from access_service.signing import passwords
from access_service.storage import accounts as stored
from access_service.storage.access import Gatherer
from access_service.storage.facts import Reader
from access_service.usecases.services import Act, Caller, Services, act, as_missing

SESSION_MINUTES = 15
"""When no pack says otherwise."""


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A new session. `token` is shown once; only its SHA-256 is kept."""

    token: str
    caller: Caller
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Issued:
    """A new account, and the code with which its holder sets the first password."""

    account: Account
    activation_code: str
    activation_until: datetime


def account_state(reader: Reader, account: Account, now: datetime) -> AccountState:
    """The account's state from its stored facts."""
    found = reader.find(Suspension, kind=str(SuspendableKind.ACCOUNT), target=account.id)
    return state_of(account, found, now)


def sign_in(services: Services, register: RegisterId, username: str, password: str) -> SignedIn:
    """Open a session. Unknown name, wrong password and locked account cost the same and answer the same."""
    with services.db.connect() as connection:
        credential = stored.credential_by_username(connection, register, username)
    now = services.db.clock()
    is_locked = credential is not None and credential.locked_until is not None and now < credential.locked_until
    hashed = credential.password if credential is not None and not is_locked else None
    if not passwords.is_password(password, hashed) or credential is None:
        if credential is not None and not is_locked:
            _count_failure(services, register, credential)
        raise RefusedError(Refusal.CREDENTIALS_WRONG, "username or password is wrong, or the account is locked")
    token = passwords.new_secret()
    with services.db.write(register, credential.account) as tx:
        # The hash took its time: of many guesses at once those after the lock are none, and a password that was
        # reset meanwhile (custody, recovery) opens nothing.
        if not stored.still_opens(tx.connection, credential, tx.now):
            raise RefusedError(Refusal.CREDENTIALS_WRONG, "username or password is wrong, or the account is locked")
        acting = Act(services, tx, None)
        caller = caller_of(acting.gather, credential.account, tx.now)
        pack = _pack_or_none(acting, caller.unit)
        minutes = pack.number("session_minutes") if pack else SESSION_MINUTES
        expires_at = tx.now + timedelta(minutes=minutes)
        stored.clear_failures(tx.connection, credential)
        stored.open_session(
            tx.connection,
            stored.Session(passwords.digest(token), register, caller.account, caller.person, tx.now, expires_at),
        )
        tx.happened("session.open", caller.account)
        tx.touches()
    services.after_commit(register)
    return SignedIn(token, replace(caller, session=passwords.digest(token)), expires_at)


def _pack_or_none(acting: Act, unit: UnitId) -> Pack | None:
    tables = acting.gather.tables_for(unit, acting.now)
    return None if tables is None else tables.pack


def _count_failure(services: Services, register: RegisterId, credential: stored.Credential) -> None:
    with services.db.write(register, credential.account) as tx:
        # Read again under the lock: guesses made at once must not overwrite each other's count.
        fresh = stored.credential_of(tx.connection, register, credential.account)
        credential = fresh or credential
        acting = Act(services, tx, None)
        account = tx.get(Account, credential.account)
        pack = _pack_or_none(acting, account.unit) if account else None
        stored.count_failure(
            tx.connection,
            credential,
            limit=pack.number("failed_logins") if pack else 5,
            locked_until=tx.now + timedelta(minutes=pack.number("lockout_minutes") if pack else 720),
        )
        tx.happened("session.fail", credential.account)
        tx.touches()
    services.after_commit(register)


def caller_of(gather: Gatherer, id_: AccountId, now: datetime) -> Caller:
    """Who an account's session acts as; the account must be active, an admin account must have a custodian."""
    reader = gather.reader
    account = reader.require(Account, id_)
    if account_state(reader, account, now) is not AccountState.ACTIVE:
        raise RefusedError(Refusal.CREDENTIALS_WRONG, "username or password is wrong, or the account is locked")
    person = account.person
    if account.kind is AccountKind.ADMIN:
        custody = Act.custody_in(reader, account.unit, now)
        person = custody.person if custody else None
    if person is None:
        raise RefusedError(Refusal.CUSTODY_VACANT, "nobody operates this account now")
    return Caller(reader.register, account.id, account.kind, person, home_unit(reader, account, now))


def home_unit(reader: Reader, account: Account, now: datetime) -> UnitId:
    """Whose account it is now: the unit that issued it, or where its holder went when no duty is left there.

    A school keeps no hold on the account of somebody who has left it.
    """
    if account.kind is not AccountKind.USE or account.person is None:
        return account.unit
    duties = [a for a in reader.find(Assignment, person=account.person) if now in a.interval]
    if not duties or any(a.unit == account.unit for a in duties):
        return account.unit
    return min(duties, key=lambda a: (a.valid_from, a.id)).unit


def check_responsible(doing: Act, account: Account, ranks: Collection[Rank]) -> None:
    """Who may stop or recover an account: its home unit or one above it.

    For a unit's admin account, and for somebody who holds one of `ranks` in a unit, only a unit above that one: an
    officer takes nothing from the head (rule 6), and nobody below comes by a signature of the leadership.
    """
    led = [account.unit] if account.kind is AccountKind.ADMIN else []
    if account.kind is AccountKind.USE and account.person is not None:
        held = doing.tx.find(Assignment, person=account.person)
        led += [duty.unit for duty in held if doing.now in duty.interval and _rank(doing, duty) in ranks]
    if not led:
        doing.as_above(home_unit(doing.tx, account, doing.now))
    for unit in led:
        manager = manager_of(doing.org, unit, doing.now)
        if manager is None:
            doing.check_visible(unit)
            raise RefusedError(Refusal.FORBIDDEN, "nobody in the register is above the root", unit=unit)
        doing.as_above(manager)


def _rank(doing: Act, duty: Assignment) -> Rank | None:
    position = doing.pack_for(duty.unit).positions.get(duty.position)
    return None if position is None else position.rank


def caller_from_token(services: Services, token: str) -> Caller:
    """The caller of a bearer token, or `not_authenticated`. One read; nothing is written."""
    sha256 = passwords.digest(token)
    with services.db.connect() as connection:
        session = stored.session_by_token(connection, sha256)
        now = services.db.now_in(connection, session.register) if session is not None else None
        if session is not None and now is not None and session.created_at <= now < session.expires_at:
            try:
                caller = caller_of(Gatherer(Reader(connection, session.register)), session.account, now)
            except RefusedError:
                caller = None
            if caller is not None and caller.person == session.person:
                return replace(caller, session=sha256)
    raise RefusedError(Refusal.NOT_AUTHENTICATED, "sign in first")


def sign_out(services: Services, caller: Caller) -> None:
    """End the session."""
    with act(services, caller, "session.close", caller.account) as doing:
        stored.end_session(doing.tx.connection, caller.session)
        doing.tx.happened("session.close", caller.account)


def confirm_password(services: Services, caller: Caller, password: str) -> None:
    """Re-authentication before signing; a wrong password counts towards lockout."""
    with services.db.connect() as connection:
        credential = stored.credential_of(connection, caller.register, caller.account)
    now = services.db.clock()
    is_locked = credential is not None and credential.locked_until is not None and now < credential.locked_until
    hashed = credential.password if credential is not None and not is_locked else None
    if not passwords.is_password(password, hashed):
        if credential is not None and not is_locked:
            _count_failure(services, caller.register, credential)
        raise RefusedError(Refusal.CREDENTIALS_WRONG, "the password is wrong, or the account is locked")
    with services.db.connect() as connection:
        if credential is None or not stored.still_opens(connection, credential, services.db.clock()):
            raise RefusedError(Refusal.CREDENTIALS_WRONG, "the password is wrong, or the account is locked")


def activate(services: Services, code: str, password: str) -> AccountId:
    """Set the first password (or a new one after recovery) with a one-time code."""
    hashed = passwords.hash_password(password)
    with services.db.connect() as connection:
        credential = stored.credential_by_activation(connection, passwords.digest(code))
    wrong = RefusedError(Refusal.CREDENTIALS_WRONG, "the code is unknown, used, or no longer valid")
    if credential is None:
        raise wrong
    with services.db.write(credential.register, credential.account) as tx:
        fresh = stored.credential_by_activation(tx.connection, passwords.digest(code))
        if fresh is None or fresh.activation_until is None or tx.now >= fresh.activation_until:
            raise wrong
        account = tx.require(Account, fresh.account)
        stored.save_credential(
            tx.connection,
            replace(
                fresh, password=hashed, activation_sha256=None, activation_until=None, failed=0, locked_until=None
            ),
        )
        stored.end_sessions_of(tx.connection, fresh.register, fresh.account)
        if account.activated_at is None:
            tx.put(replace(account, activated_at=tx.now))
        tx.happened("account.activate", account.id)
        tx.touches(account.id)
    services.after_commit(credential.register)
    return account.id


def issue_account(
    services: Services, caller: Caller, *, unit: UnitId, kind: AccountKind, person: PersonId | None, username: str
) -> Issued:
    """Issue an account (#90–#94, rule 4).

    A unit's admin account, and its head's use account, are issued by its direct manager; every other use account by
    the unit where the person has a duty.
    """
    with act(services, caller, "account.issue", unit) as doing:
        if kind is AccountKind.ADMIN:
            doing.require_unit(unit)
            manager = manager_of(doing.org, unit, doing.now)
            if manager is None or caller.kind is not AccountKind.ADMIN or caller.unit != manager:
                doing.check_visible(unit)
                raise RefusedError(
                    Refusal.NOT_DIRECT_MANAGER, f"the direct manager of `{unit}` issues that account"
                )
            if not doing.pack_for(unit).unit_kinds[doing.require_unit(unit).kind].has_admin_account:
                raise InvalidError("that kind of unit has no admin account")
            if doing.tx.find(Account, unit=unit, kind=str(AccountKind.ADMIN)):
                raise RefusedError(Refusal.DUPLICATE, f"`{unit}` has its admin account")
            person = None
        else:
            _check_use_account(doing, unit, person)
        return new_account(doing, unit=unit, kind=kind, person=person, username=username)


def _check_use_account(doing: Act, unit: UnitId, person: PersonId | None) -> None:
    """One account, one person; for a person who has a duty in the unit now or later."""
    if person is None:
        raise InvalidError("a use account belongs to a person")
    doing.tx.require(Person, person)
    duties = [
        a
        for a in doing.tx.find(Assignment, person=person, unit=unit)
        if a.valid_to is None or a.valid_to > doing.now
    ]
    caller, issuer = doing.require_caller(), _issuer(doing, unit, duties)
    if caller.kind is AccountKind.ADMIN and caller.unit != issuer:
        doing.check_visible(unit)
        raise RefusedError(Refusal.NOT_DIRECT_MANAGER, f"`{issuer}` issues that account", unit=unit)
    doing.as_custodian(issuer)
    if not duties:
        raise RefusedError(Refusal.ASSIGNMENT_MISSING, f"the person has no duty in `{unit}`", unit=unit)
    if doing.use_account_of(person) is not None:
        raise RefusedError(Refusal.DUPLICATE, "the person has an account")


def _issuer(doing: Act, unit: UnitId, duties: Sequence[Assignment]) -> UnitId:
    """(4) A unit issues to its own people; its direct manager to its head, and where it has no admin account."""
    found, manager = doing.org.unit(unit), manager_of(doing.org, unit, doing.now)
    if found is None or manager is None:
        return unit
    kind = doing.pack_for(unit).unit_kinds.get(found.kind)
    is_bare = kind is not None and not kind.has_admin_account
    return manager if is_bare or any(_rank(doing, duty) in HEADS for duty in duties) else unit


def new_account(doing: Act, *, unit: UnitId, kind: AccountKind, person: PersonId | None, username: str) -> Issued:
    """Make the account, its credential and its activation code, without asking who may."""
    if stored.credential_by_username(doing.tx.connection, doing.tx.register, username) is not None:
        raise RefusedError(Refusal.DUPLICATE, f"the username `{username}` is taken")
    account = Account(
        id=AccountId(doing.new_id("acc")),
        kind=kind,
        unit=unit,
        person=person,
        username=username,
        valid_from=doing.now,
    )
    doing.tx.put(account)
    issued = new_activation(doing, account)
    doing.tx.happened("account.issue", account.id, unit=unit, kind=str(kind))
    doing.tx.touches(account.id)
    return issued


def new_activation(doing: Act, account: Account) -> Issued:
    """A fresh one-time code in place of whatever opened the account before; sessions end."""
    code = passwords.new_secret(192)
    hours = doing.pack_for(account.unit).number("activation_code_hours")
    until = doing.now + timedelta(hours=hours)
    stored.save_credential(
        doing.tx.connection,
        stored.Credential(
            register=doing.tx.register,
            account=account.id,
            username=account.username,
            password=None,
            activation_sha256=passwords.digest(code),
            activation_until=until,
        ),
    )
    stored.end_sessions_of(doing.tx.connection, doing.tx.register, account.id)
    return Issued(account, code, until)


def recover(services: Services, caller: Caller, id_: AccountId) -> Issued:
    """A new activation code for somebody who lost theirs: by the unit or one above it, never by oneself.

    Whoever gets the code can sign as the holder, so an admin account and the leadership's own are recovered from
    above only.
    """
    with act(services, caller, "account.recover", id_) as doing:
        account = doing.tx.require(Account, id_)
        holders = {account.person}
        if account.kind is AccountKind.ADMIN and (custody := doing.custody_of(account.unit)) is not None:
            holders.add(custody.person)
        if id_ == caller.account or caller.person in holders:
            raise RefusedError(Refusal.SELF_SERVICE, "nobody recovers their own account")
        with as_missing("account", id_):
            check_responsible(doing, account, LEADERS)
        issued = new_activation(doing, account)
        doing.tx.happened("account.recover", id_)
        doing.tx.touches(id_)
        return issued
