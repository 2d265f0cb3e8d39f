"""An account is closed after its holder has left and handed back (rule 12); nobody signs in with it again."""

from dataclasses import replace

from access_service.domain.accounts import Account, check_closes, home_of
from access_service.domain.acting import check_not_own_account
from access_service.domain.delegation import LeavingCase
from access_service.domain.names import AccountId, AccountKind
from access_service.domain.org import Assignment
from access_service.domain.powers import Power, ends, power
from access_service.domain.waiting import check_reason
from access_service.storage import accounts as stored
from access_service.usecases.identity.factor_events import forget_factors
from access_service.usecases.services import Caller, Services, act, as_missing


@power(ends(Power.ACCOUNT, Power.FACTORS))
def close_account(services: Services, caller: Caller, id_: AccountId, *, reason: str) -> Account:
    """Close the account of somebody without duty who has handed back: the unit that kept it, or one above.

    Final: who comes back is issued another. Their papers, and what they did, stay as they are.
    """
    with act(services, caller, "account.close", id_) as doing:
        account = doing.tx.require(Account, id_)
        check_not_own_account(caller, account, "nobody closes their own account")
        unit = home_of(doing.ground, account) if account.kind is AccountKind.USE else account.unit
        with as_missing("account", id_):
            doing.check_visible(unit)
            doing.as_above(unit)
        duties = doing.tx.find(Assignment, person=account.person) if account.person is not None else []
        cases = doing.tx.find(LeavingCase, person=account.person) if account.person is not None else []
        check_closes(account, duties, [c for c in cases if c.valid_to is None], doing.now)
        why = check_reason(reason)
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
