"""Accounts and what opens them: issue, activate, recover, the caller of a session, re-authentication."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from access_service.domain.accounts import (
    Account,
    Home,
    answers_for,
    check_account,
    home_of,
    issuer_of,
    responsible_units,
    state_of,
)
from access_service.domain.acting import answering_unit, check_issues, is_leaving
from access_service.domain.codes import CodeShown
from access_service.domain.common_passwords import check_not_common
from access_service.domain.delegation import LEADERS
from access_service.domain.errors import InvalidError, RefusedError
from access_service.domain.facts import Ground
from access_service.domain.names import (
    AccountId,
    AccountKind,
    AccountState,
    HomeHow,
    PersonId,
    Rank,
    RegisterId,
    UnitId,
)
from access_service.domain.org import Assignment
from access_service.domain.policy import Pack
from access_service.domain.powers import Power, power, powerless, yields
from access_service.domain.reasons import Refusal
from access_service.domain.recovery import OPERATOR, Recovery, RecoveryState, check_opens, state_at
from access_service.domain.register import username_to_give
from access_service.domain.sign_in import (
    DUE_MINUTES,
    MANDATORY,
    Due,
    SecondFactor,
    SignInRules,
    check_password,
    rules_for,
)
from access_service.signing import passwords
from access_service.storage import accounts as stored
from access_service.storage.appending import unit_of
from access_service.storage.facts import Reader
from access_service.storage.org import StoredOrg
from access_service.storage.recoveries import place_of_code
from access_service.storage.second_factor import factors_of
from access_service.storage.standing import Gatherer, suspensions_on
from access_service.usecases.identity.factor_events import forget_factors
from access_service.usecases.identity.names_at_hand import names_at_hand
from access_service.usecases.identity.usernames import usernames_taken
from access_service.usecases.services import Act, Caller, ReadView, Services, act

WRONG = "username or password is wrong, or the account is locked"
CODE_WRONG = "the code is unknown, used, or no longer valid"


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A new session. `token` is shown once; only its SHA-256 is kept."""

    token: str
    caller: Caller
    expires_at: datetime
    """When it ends unless it is used."""
    ends_at: datetime
    """When it ends however much it is used."""
    due: Due | None = None
    """What it serves to do first; until then it opens nothing else."""


@dataclass(frozen=True, slots=True)
class IssuedAccount:
    """A new account, and the code with which its holder sets the first password."""

    account: Account
    activation_code: str
    activation_until: datetime


def account_state(reader: Reader, account: Account, now: datetime) -> AccountState:
    """The account's state from its stored facts."""
    return state_of(account, suspensions_on(reader, account), now)


def rules_of(gather: Gatherer, account: Account, now: datetime) -> SignInRules:
    """What sign-in asks of an account now."""
    tables = gather.tables_for(answers_for(ground_of(gather, now), account), now)
    return rules_for(
        account.kind, None if tables is None else tables.pack, signs=must_show_factor(gather, account, now)
    )


def must_show_factor(gather: Gatherer, account: Account, now: datetime) -> bool:
    """(A8) Does the holder lead a unit whose pack asks a second factor of whoever signs as giver?"""
    if account.kind is not AccountKind.USE or account.person is None:
        return False
    for duty in gather.reader.find(Assignment, person=account.person):
        tables = gather.tables_for(duty.unit, now) if now in duty.interval else None
        position = None if tables is None else tables.pack.positions.get(duty.position)
        if tables is None or position is None or position.rank not in LEADERS:
            continue
        if tables.pack.choice("signer_second_factor") == MANDATORY:
            return True
    return False


def factors_in(reader: Reader, account: AccountId) -> list[SecondFactor]:
    """The second factors that are asked for; one that was never shown to work is none."""
    found = reader.ask(lambda c: factors_of(c, reader.register, account))
    return [f for f in found if f.confirmed_at is not None]


def count_failure(services: Services, credential: stored.Credential, **details: str) -> None:
    """Count a wrong password or factor; with too many in a row the account is locked."""
    register = credential.register
    with services.db.write(register, credential.account) as tx:
        # Read again under the lock: guesses made at once must not overwrite each other's count.
        fresh = stored.credential_of(tx.connection, register, credential.account) or credential
        rules = rules_of(Act(services, tx, None).gather, tx.require(Account, credential.account), tx.now)
        stored.count_failure(tx.connection, fresh, limit=rules.failed_logins, locked_until=tx.now + rules.lockout)
        tx.happened("session.fail", credential.account, **details)
        tx.touches()
    services.after_commit(register)


def new_session(doing: Act, caller: Caller, rules: SignInRules, due: Due | None, **details: str) -> SignedIn:
    """Open a session with a token of its own; nothing that a caller sends ever becomes one.

    `details` go into its event: from where, and with which second factor.
    """
    token = passwords.new_secret()
    lasts = rules.absolute if due is None else min(rules.absolute, timedelta(minutes=DUE_MINUTES))
    session = stored.Session(
        token_sha256=passwords.digest(token),
        register=caller.register,
        account=caller.account,
        person=caller.person,
        created_at=doing.now,
        expires_at=doing.now + lasts,
        used_at=doing.now,
        idle=rules.idle,
        due=due,
        audience=caller.audience,
        methods=_methods(details),
    )
    stored.open_session(doing.tx.connection, session)
    doing.tx.happened("session.open", caller.account, **details, **({} if due is None else {"due": str(due)}))
    doing.tx.touches()
    caller = replace(caller, session=session.token_sha256)
    return SignedIn(token, caller, session.ends_at, session.expires_at, due)


def _methods(details: Mapping[str, str]) -> str:
    """By what somebody proved who they are: a password and a factor, or a passkey alone."""
    factor = details.get("factor", "")
    if "alone" in details:
        return factor
    return f"password+{factor}" if factor else "password"


def caller_of(gather: Gatherer, id_: AccountId, now: datetime, *, even_leaving: bool = False) -> Caller:
    """Who an account's session acts as; the account must be active, an admin account must have a custodian.

    With `even_leaving` whoever's last duty ended gets in to hand back (`Caller.leaving`), and for nothing else.
    """
    reader = gather.reader
    account = reader.require(Account, id_)
    leaving = False
    if account_state(reader, account, now) is not AccountState.ACTIVE:
        leaving = even_leaving and is_leaving(reader, account, now)
        if not leaving:
            raise RefusedError(Refusal.CREDENTIALS_WRONG, WRONG)
    person = account.person
    if account.kind is AccountKind.ADMIN:
        custody = gather.custody(account.unit, now)
        # What went back to the head opens with a code of the head's own, never with the officer's password.
        person = custody.person if custody is not None and custody.id else None
    if person is None:
        raise RefusedError(Refusal.CUSTODY_VACANT, "nobody operates this account now")
    if account.kind is AccountKind.ADMIN and gather.is_stopped(person, now):
        # (A7) Lock-out and sleep stop only their own account; a suspension stops the person.
        raise RefusedError(Refusal.CREDENTIALS_WRONG, WRONG)
    home = home_of(ground_of(gather, now), account)
    return Caller(reader.register, account.id, account.kind, person, home, leaving=leaving)


def ground_of(gather: Gatherer, now: datetime) -> Ground:
    """What the rules about accounts are asked over, outside any act; without a pack they read none."""

    def pack_for(unit: UnitId) -> Pack:
        tables = gather.tables_for(unit, now)
        if tables is None:
            raise RefusedError(Refusal.NO_POLICY, f"no policy is in force for `{unit}`", unit=unit)
        return tables.pack

    return Ground(gather.reader, StoredOrg(gather.reader), now, pack_for)


def check_responsible(doing: ReadView, account: Account, ranks: Collection[Rank]) -> None:
    """Who may stop or recover an account: `responsible_units`, each of them or one above it."""
    for unit in responsible_units(doing.ground, account, ranks):
        if unit is None:
            doing.check_visible(account.unit)
        doing.as_above(answering_unit(unit, account))


@powerless("it only checks the caller's own password")
def confirm_password(services: Services, caller: Caller, password: str) -> stored.Credential:
    """Re-authentication before signing; a wrong password counts towards lockout. The credential that was right.

    Strangers who lock the account by guessing stop nobody who is in already: an open session signs on.
    """
    with services.db.connect() as connection:
        credential = stored.credential_of(connection, caller.register, caller.account)
    now = services.db.now()
    is_locked = credential is not None and credential.is_locked(now)
    hashed = credential.password if credential is not None else None
    wrong = RefusedError(Refusal.CREDENTIALS_WRONG, "the password is wrong")
    if not passwords.is_password(password, hashed):
        if credential is not None and not is_locked:
            count_failure(services, credential)
        with services.db.connect() as connection:
            fresh = (
                None if credential is None else stored.credential_of(connection, caller.register, caller.account)
            )
        if caller.session and fresh is not None and fresh.is_locked(now):
            # Somebody guesses from within: a session whose wrong one meets or brings the lock is over.
            with services.db.aside() as connection:
                stored.end_session(connection, caller.session)
        raise wrong
    with services.db.connect() as connection:
        if credential is None or not stored.is_same_password(connection, credential):
            raise wrong
    return credential


def check_new_password(
    services: Services, credential: stored.Credential, password: str, now: datetime
) -> SignInRules:
    """The account's rules, if they take this password as its next; `InvalidError` if they do not."""
    with services.db.connect() as connection:
        reader = Reader(connection, credential.register)
        account = reader.require(Account, credential.account)
        gather = Gatherer(reader)
        rules = rules_of(gather, account, now)
        has_factor = rules.needs_factor or bool(factors_in(reader, account.id))
        about = names_at_hand(gather, ground_of(gather, now), account)
        used = stored.last_passwords(connection, credential.register, account.id, rules.history)
    check_password(password, rules, has_factor=has_factor)
    check_not_common(password, about)
    if credential.password is not None and credential.password not in used:
        used.append(credential.password)
    if any(passwords.is_password(password, hashed) for hashed in used):
        raise InvalidError("that password was used before")
    return rules


def set_password(doing: Act, credential: stored.Credential, hashed: str, rules: SignInRules) -> None:
    """Put a password in place of whatever opened the account before; its sessions end."""
    tx = doing.tx
    renewed = replace(
        credential,
        password=hashed,
        activation_sha256=None,
        activation_until=None,
        failed=0,
        locked_until=None,
        password_set_at=doing.now,
        seen_at=doing.now,
    )
    stored.save_credential(tx.connection, renewed)
    if rules.history:
        stored.remember_password(
            tx.connection,
            tx.register,
            credential.account,
            revision=tx.revision,
            password=hashed,
            most=rules.history,
        )
    stored.end_sessions_of(tx.connection, tx.register, credential.account)


def activate(services: Services, code: str, password: str) -> AccountId:
    """Set the first password (or a new one after recovery) with a one-time code."""
    passwords.check_length(password)
    # The code before the hash: who has none costs nobody a turn, and so keeps nobody waiting (A12).
    sha256, wrong = passwords.digest(code), RefusedError(Refusal.CREDENTIALS_WRONG, CODE_WRONG)
    with services.db.connect() as connection:
        credential = stored.credential_by_activation(connection, sha256)
        place = place_of_code(connection, sha256) if credential is None else None
    if place is not None:
        return _open_recovered(services, *place, password)
    now = services.db.now()
    if credential is None or credential.activation_until is None or now >= credential.activation_until:
        raise wrong
    rules = check_new_password(services, credential, password, now)
    hashed = passwords.hash_password(password)
    with services.db.write(credential.register, credential.account) as tx:
        fresh = stored.credential_by_activation(tx.connection, sha256)
        if fresh is None or fresh.activation_until is None or tx.now >= fresh.activation_until:
            raise wrong
        account = tx.require(Account, fresh.account)
        set_password(Act(services, tx, None), fresh, hashed, rules)
        if account.activated_at is None:
            tx.put(replace(account, activated_at=tx.now))
        tx.happened("account.activate", account.id)
        tx.touches(account.id)
    services.after_commit(credential.register)
    return account.id


def _open_recovered(services: Services, register: RegisterId, id_: str, password: str) -> AccountId:
    """Set a new password with the code of a recovery that is open; what was open before ends.

    Whoever asked must still be allowed to: a code in the drawer of somebody who was recalled opens nothing.
    """
    with services.db.connect() as connection:
        reader, now = Reader(connection, register), services.db.now_in(connection, register)
        recovery = reader.require(Recovery, id_)
        check_opens(recovery, now, CODE_WRONG)
        credential = stored.credential_of(connection, register, recovery.account)
    if credential is None:
        raise RefusedError(Refusal.CREDENTIALS_WRONG, CODE_WRONG)
    # What was lost may be set again: nobody is asked for what they do not remember.
    rules = check_new_password(services, replace(credential, password=None), password, now)
    hashed = passwords.hash_password(password)
    with services.db.write(register, recovery.account) as tx:
        recovery = tx.require(Recovery, id_)
        check_opens(recovery, tx.now, CODE_WRONG)
        account = tx.require(Account, recovery.account)
        doing = Act(services, tx, None)
        if recovery.asker != OPERATOR:
            asker = caller_of(doing.gather, recovery.asked_by, tx.now)
            if asker.person != recovery.asker:
                raise RefusedError(Refusal.CREDENTIALS_WRONG, CODE_WRONG)
            check_responsible(Act(services, tx, asker), account, LEADERS)
        fresh = stored.credential_of(tx.connection, register, account.id) or credential
        dropped = forget_factors(doing, account.id, "") if recovery.resets_factor else 0
        set_password(doing, fresh, hashed, rules)
        if account.activated_at is None:
            tx.put(replace(account, activated_at=tx.now))
        tx.put(replace(recovery, used_at=tx.now, valid_to=tx.now))
        if recovery.asker != OPERATOR:
            keep_shown(doing, account, recovery.asker)
        tx.happened("account.activate", account.id, recovery=id_, second_factors=dropped)
        tx.touches(account.id)
    services.after_commit(register)
    return account.id


def stop_recoveries(doing: Act, account: AccountId, because: str) -> None:
    """What waits for an account, or is open, ends: something newer opens it."""
    for recovery in doing.tx.find(Recovery, account=account):
        if state_at(recovery, doing.now) in (RecoveryState.WAITING, RecoveryState.OPEN):
            doing.tx.put(replace(recovery, stopped_because=because, valid_to=doing.now))
            doing.tx.happened("recovery.stop", recovery.id, unit=unit_of(doing.tx, account), because=because)


@power(yields(Power.ACCOUNT))
def issue_account(
    services: Services, caller: Caller, *, unit: UnitId, kind: AccountKind, person: PersonId | None, username: str
) -> IssuedAccount:
    """Issue an account (#90–#94, rule 4): by the unit that `domain.accounts.issuer_of` names."""
    with act(services, caller, "account.issue", unit) as doing:
        return issue_within(doing, unit=unit, kind=kind, person=person, username=username)


def issue_within(
    doing: Act, *, unit: UnitId, kind: AccountKind, person: PersonId | None, username: str
) -> IssuedAccount:
    """Issue an account within an act of whoever may."""
    caller = doing.require_caller()
    doing.check_visible(unit)
    person = None if kind is AccountKind.ADMIN else person
    if person is not None:
        doing.check_person_visible(person)
    issuer = issuer_of(doing.ground, unit, kind, person)
    if kind is AccountKind.ADMIN or caller.kind is AccountKind.ADMIN:
        check_issues(caller, issuer, unit)
    else:
        doing.as_custodian(issuer or unit)
    check_account(doing.ground, unit, kind, person)
    return new_account(doing, unit=unit, kind=kind, person=person, username=username)


def new_account(
    doing: Act, *, unit: UnitId, kind: AccountKind, person: PersonId | None, username: str
) -> IssuedAccount:
    """Make the account, its credential and its activation code, without asking who may."""
    username = username_to_give(username, usernames_taken(doing, username))
    account = Account(
        id=AccountId(doing.new_id("acc")),
        kind=kind,
        unit=unit,
        person=person,
        username=username,
        valid_from=doing.now,
    )
    doing.tx.put(account)
    if kind is AccountKind.USE:
        doing.tx.put(Home(doing.new_id("hom"), account.id, unit, HomeHow.ISSUE, "", doing.now))
    issued = new_activation(doing, account, is_new_holder=True)
    # Whoever was shown the code could use it before the holder does: the log says who that was.
    shown = {"shown_to": doing.caller.person} if doing.caller is not None else {"shown_to": "operator"}
    doing.tx.happened("account.issue", account.id, unit=unit, kind=str(kind), **shown)
    if doing.caller is not None:
        keep_shown(doing, account, doing.caller.person)
    doing.tx.touches(account.id)
    return issued


def keep_shown(doing: Act, account: Account, shown_to: PersonId) -> None:
    """Somebody else was shown the code of a person's account: what they give each other is marked."""
    if account.kind is not AccountKind.USE or account.person is None or account.person == shown_to:
        return
    doing.tx.put(CodeShown(doing.new_id("cod"), account.id, account.person, shown_to, doing.now))


def new_activation(doing: Act, account: Account, *, is_new_holder: bool) -> IssuedAccount:
    """A fresh one-time code in place of whatever opened the account before; sessions end.

    For somebody new, second factors and what is known of earlier passwords go with whoever had the account before.
    """
    code = passwords.new_secret(192)
    hours = doing.pack_for(answers_for(doing.ground, account)).number("activation_code_hours")
    until = doing.now + timedelta(hours=hours)
    tx = doing.tx
    stored.save_credential(
        tx.connection,
        stored.Credential(
            register=tx.register,
            account=account.id,
            username=account.username,
            password=None,
            activation_sha256=passwords.digest(code),
            activation_until=until,
        ),
    )
    stored.end_sessions_of(tx.connection, tx.register, account.id)
    stop_recoveries(doing, account.id, "another code takes its place")
    if is_new_holder:
        stored.forget_passwords(tx.connection, tx.register, account.id)
        forget_factors(doing, account.id, account.unit)
    return IssuedAccount(account, code, until)
