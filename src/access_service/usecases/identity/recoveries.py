"""Getting somebody back into their account: asked for, confirmed by a second person or waited for, stopped."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from access_service.domain import edges
from access_service.domain.accounts import Account, answers_for, home_of
from access_service.domain.delegation import LEADERS
from access_service.domain.errors import NotFoundError, RefusedError
from access_service.domain.names import AccountId, AccountKind, PersonId, RegisterId
from access_service.domain.powers import Power, ends, power, powerless, yields
from access_service.domain.reasons import Refusal
from access_service.domain.recovery import (
    OPERATOR,
    SEEN_DAYS,
    Recovery,
    RecoveryState,
    as_operator,
    check_asked,
    check_second,
    check_second_operator,
    check_stops,
    needs_second,
    state_at,
)
from access_service.domain.sign_in import check_has_factor, wait_hours
from access_service.signing import passwords
from access_service.usecases.identity.accounts import (
    check_responsible,
    confirm_password,
    count_failure,
    factors_in,
    stop_recoveries,
)
from access_service.usecases.identity.second_factor import Second, WrongFactorError, accept, ask, claim
from access_service.usecases.operators import OperatorKey, check_operator
from access_service.usecases.services import Act, Caller, ReadView, Services, act, as_missing, look, operate


@dataclass(frozen=True, slots=True)
class AskedRecovery:
    """A recovery that waits, and the code that will open the account; the code is shown once."""

    account: Account
    recovery: Recovery
    activation_code: str

    @property
    def activation_until(self) -> datetime:
        """When the code is over, if nobody confirms it earlier."""
        return self.recovery.opens_at + timedelta(hours=self.recovery.code_hours)


def _check_may_ask(view: ReadView, caller: Caller, id_: AccountId) -> Account:
    account = view.reader.require(Account, id_)
    check_asked(account, edges.holders_of(view.ground, account), caller.account, caller.person)
    with as_missing("account", id_):
        check_responsible(view, account, LEADERS)
    return account


@power(yields(Power.ACCOUNT) | ends(Power.ACCOUNT))
def ask_recovery(
    services: Services,
    caller: Caller,
    id_: AccountId,
    *,
    password: str,
    second: Second | None = None,
    reset_second_factor: bool = False,
) -> AskedRecovery:
    """Ask for a new code for somebody who lost what opens their account: by the unit that answers or one above it.

    The asker shows the own password and second factor. Nothing changes for the account until the code is used.
    """
    refused: RefusedError | None = None
    with look(services, caller) as seen:
        try:
            _check_may_ask(seen, caller, id_)
        except RefusedError as error:
            refused = error
    if refused is not None:
        with act(services, caller, "account.recover", id_):
            raise refused
    credential = confirm_password(services, caller, password)
    with services.db.read(caller.register) as reader:
        factors = factors_in(reader, caller.account)
    if not factors:
        with act(services, caller, "account.recover", id_):
            check_has_factor(factors)
    if not second:
        raise ask(services, credential, factors)
    try:
        claim(services, credential, second)
        with act(services, caller, "account.recover", id_) as doing:
            account = _check_may_ask(doing, caller, id_)
            accept(services, doing.tx, factors_in(doing.tx, caller.account), second)
            return begin_recovery(
                doing,
                account,
                caller.account,
                caller.person,
                resets_factor=reset_second_factor,
                needs_second=needs_second(
                    doing.ground, account, caller.unit if caller.kind is AccountKind.ADMIN else None
                ),
            )
    except WrongFactorError:
        count_failure(services, credential, factor="wrong")
        raise RefusedError(Refusal.SECOND_FACTOR_WRONG, "the second factor is wrong, or was used before") from None


def begin_recovery(
    doing: Act,
    account: Account,
    by: AccountId,
    asker: PersonId,
    *,
    resets_factor: bool,
    operator: str | None = None,
    needs_second: bool = False,
) -> AskedRecovery:
    """A recovery that waits from now, in place of any earlier one."""
    stop_recoveries(doing, account.id, "asked for again")
    code, pack = passwords.new_secret(192), doing.pack_for(answers_for(doing.ground, account))
    recovery = Recovery(
        id=doing.new_id("rec"),
        account=account.id,
        asked_by=by,
        asker=asker,
        code_sha256=passwords.digest(code),
        code_hours=pack.number("activation_code_hours"),
        resets_factor=resets_factor,
        opens_at=doing.now + timedelta(hours=wait_hours(pack)),
        valid_from=doing.now,
        operator=operator,
        needs_second=needs_second,
    )
    doing.tx.put(recovery)
    named = {} if operator is None else {"operator": operator}
    doing.tx.happened(
        "account.recover",
        account.id,
        unit=home_of(doing.ground, account),
        recovery=recovery.id,
        shown_to=asker,
        second_factors=resets_factor,
        **named,
    )
    doing.tx.touches()
    return AskedRecovery(account, recovery, code)


@power(yields(Power.ACCOUNT))
def approve_recovery(
    services: Services,
    caller: Caller,
    id_: str,
    *,
    password: str,
    slip: str | None = None,
    slip_sha256: str | None = None,
) -> Recovery:
    """The second person confirms; with a re-issue slip, an officer who has seen the holder in person."""
    confirm_password(services, caller, password)
    with act(services, caller, "recovery.approve", id_) as doing:
        recovery, account = _visible(doing, caller, id_)
        operated = caller.unit if caller.kind is AccountKind.ADMIN else None
        check_second(
            doing.ground,
            recovery,
            account,
            edges.holders_of(doing.ground, account),
            caller.person,
            operated,
            in_person=slip is not None,
        )
        done = replace(
            recovery, approved_by=caller.person, approved_at=doing.now, slip=slip, slip_sha256=slip_sha256
        )
        doing.tx.put(done)
        doing.tx.happened(
            "recovery.approve",
            id_,
            unit=home_of(doing.ground, account),
            account=account.id,
            in_person=slip is not None,
        )
        doing.tx.touches()
        return done


@power(ends(Power.ACCOUNT))
def stop_recovery(services: Services, caller: Caller, id_: str, *, reason: str) -> Recovery:
    """The holder, the head, or a unit that answers or is above stops it, until its code was used.

    A session that was opened with the code comes too late: what was used cannot be stopped.
    """
    with act(services, caller, "recovery.stop", id_) as doing:
        recovery, account = _visible(doing, caller, id_)
        check_stops(recovery, doing.now)
        if caller.person not in edges.holders_of(doing.ground, account) and not edges.heads_personally(
            doing.ground, caller, account
        ):
            check_responsible(doing, account, LEADERS)
        done = replace(recovery, stopped_by=caller.person, stopped_because=reason, valid_to=doing.now)
        doing.tx.put(done)
        doing.tx.happened(
            "recovery.stop", id_, unit=home_of(doing.ground, account), account=account.id, reason=reason
        )
        doing.tx.touches()
        return done


def _visible(view: ReadView, caller: Caller, id_: str) -> tuple[Recovery, Account]:
    recovery = view.reader.require(Recovery, id_)
    account = view.reader.require(Account, recovery.account)
    if not edges.is_recovery_of(view.ground, caller, account):
        raise NotFoundError("recovery", id_)
    return recovery, account


@powerless("it only reads")
def recoveries_of(services: Services, caller: Caller) -> list[tuple[Recovery, RecoveryState]]:
    """Recoveries of the last thirty days that concern the caller: nothing takes one off this list earlier."""
    with look(services, caller) as seen:
        since = seen.now - timedelta(days=SEEN_DAYS)
        recent = [r for r in seen.reader.find(Recovery) if r.valid_from > since]
        accounts = {a.id: a for a in seen.reader.find(Account, id=[r.account for r in recent])}
        mine = {id_ for id_, account in accounts.items() if edges.is_recovery_of(seen.ground, caller, account)}
        return [(r, state_at(r, seen.now)) for r in recent if r.account in mine]


def operator_recovery(doing: Act, account: Account, key: OperatorKey | None) -> AskedRecovery:
    """The operator asks; one of the leadership or a second operator confirms, or the wait goes by unopposed."""
    name = None if key is None else check_operator(doing, key)
    return begin_recovery(
        doing, account, AccountId(OPERATOR), PersonId(OPERATOR), resets_factor=True, operator=name
    )


def approve_as_operator(services: Services, register: RegisterId, id_: str, key: OperatorKey) -> Recovery:
    """At the root a second operator, with a credential of their own, confirms what a named one asked for (A3)."""
    with operate(services, register) as doing:
        name = check_operator(doing, key)
        recovery = doing.tx.require(Recovery, id_)
        account = doing.tx.require(Account, recovery.account)
        check_second_operator(doing.ground, recovery, account, name)
        done = replace(recovery, approved_by=as_operator(name), approved_at=doing.now)
        doing.tx.put(done)
        doing.tx.happened(
            "recovery.approve",
            id_,
            unit=home_of(doing.ground, account),
            account=account.id,
            in_person=False,
            operator=name,
        )
        doing.tx.touches()
        return done
