"""An account is closed after its holder has left and handed back (rule 12); nobody signs in with it again."""

from collections.abc import Collection
from dataclasses import replace

from access_service.domain.accounts import Account, check_closed_from, check_closes, check_closing_many, home_of
from access_service.domain.acting import check_not_own_account
from access_service.domain.delegation import LeavingCase
from access_service.domain.names import AccountId, AccountKind, UnitId
from access_service.domain.org import Assignment
from access_service.domain.powers import Power, ends, power
from access_service.domain.waiting import check_reason
from access_service.storage import accounts as stored
from access_service.usecases.identity.factor_events import forget_factors
from access_service.usecases.services import Act, Caller, Services, act, as_missing


@power(ends(Power.ACCOUNT, Power.FACTORS))
def close_account(services: Services, caller: Caller, id_: AccountId, *, reason: str) -> Account:
    """Close the account of somebody without duty who has handed back: the unit that kept it, or one above.

    Final: who comes back is issued another. Their papers, and what they did, stay as they are.
    """
    with act(services, caller, "account.close", id_) as doing:
        return _close(doing, id_, check_reason(reason))


@power(ends(Power.ACCOUNT, Power.FACTORS))
def close_accounts(
    services: Services, caller: Caller, unit: UnitId, ids: Collection[AccountId], *, reason: str
) -> list[Account]:
    """Close these accounts of a unit's leavers, all or none: one that may not be closed refuses the whole act."""
    check_closing_many(ids)
    with act(services, caller, "account.close", unit) as doing:
        doing.check_visible(unit)
        doing.as_above(unit)
        why = check_reason(reason)
        return [_close(doing, id_, why, of=unit) for id_ in sorted(set(ids))]


def _close(doing: Act, id_: AccountId, why: str, *, of: UnitId | None = None) -> Account:
    account, caller = doing.tx.require(Account, id_), doing.require_caller()
    check_not_own_account(caller, account, "nobody closes their own account")
    unit = home_of(doing.ground, account) if account.kind is AccountKind.USE else account.unit
    with as_missing("account", id_):
        doing.check_visible(unit)
        doing.as_above(unit)
    check_closed_from(account, unit, of)
    duties = doing.tx.find(Assignment, person=account.person) if account.person is not None else []
    cases = doing.tx.find(LeavingCase, person=account.person) if account.person is not None else []
    check_closes(account, duties, [c for c in cases if c.valid_to is None], doing.now)
    closed = replace(account, valid_to=doing.now)
    doing.tx.put(closed)
    stored.end_sessions_of(doing.tx.connection, doing.tx.register, id_)
    credential = stored.credential_of(doing.tx.connection, doing.tx.register, id_)
    if credential is not None:
        gone = replace(credential, password=None, activation_sha256=None)
        stored.save_credential(doing.tx.connection, gone)
    forget_factors(doing, id_, unit)
    doing.tx.happened("account.close", id_, unit=unit, reason=why)
    doing.tx.touches(id_)
    return closed
