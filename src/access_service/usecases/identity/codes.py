"""The holder confirms, in their own session, that nobody opens the account with a code that they saw (A3)."""

from dataclasses import replace

from access_service.domain.acting import check_personal
from access_service.domain.codes import CodeShown
from access_service.domain.names import AccountKind
from access_service.domain.powers import powerless
from access_service.domain.sign_in import check_has_factor
from access_service.usecases.identity.accounts import confirm_password, factors_in
from access_service.usecases.identity.second_factor import Second, show_again
from access_service.usecases.services import Caller, Services, act, look


def list_codes_seen(services: Services, caller: Caller) -> list[CodeShown]:
    """Who was shown a code of the caller's own account and may still open it with what they saw."""
    with look(services, caller) as seen:
        return [c for c in seen.reader.find(CodeShown, account=caller.account) if seen.now in c.interval]


@powerless("it takes a mark off the caller's own papers, and gives nobody anything")
def confirm_account(
    services: Services, caller: Caller, password: str, second: Second | None = None
) -> list[CodeShown]:
    """The holder, with a second factor of their own, says that nobody else opens the account any more.

    From now on no paper is marked for a code that somebody saw before. Returns what was confirmed.
    """
    with services.db.read(caller.register) as reader:
        factors = factors_in(reader, caller.account)
    if caller.kind is not AccountKind.USE or not factors:
        with act(services, caller, "account.confirm", caller.account):
            check_personal(caller, "a person confirms in their own session")
            check_has_factor(factors)
    credential = confirm_password(services, caller, password)
    show_again(services, caller, credential, factors, second)
    with act(services, caller, "account.confirm", caller.account) as doing:
        open_ = [c for c in doing.tx.find(CodeShown, account=caller.account) if doing.now in c.interval]
        done = [replace(code, valid_to=doing.now) for code in open_]
        doing.tx.put(*done)
        doing.tx.happened("account.confirm", caller.account, seen_by=sorted({c.shown_to for c in done}))
        doing.tx.touches()
        return done
