"""Where an account belongs: released by its home, confirmed by its holder, or transferred from above (rule 4)."""

from dataclasses import replace

from access_service.domain.accounts import (
    Account,
    Home,
    answers_for,
    check_release,
    check_transfer,
    check_transfer_named,
    home_by_signature,
    home_of,
    is_left,
    nearest_above,
)
from access_service.domain.acting import check_not_own_account, check_personal, unit_acted_for
from access_service.domain.names import AccountId, HomeHow, PersonId, UnitId
from access_service.domain.powers import Power, ends, power, yields
from access_service.usecases.identity.accounts import confirm_password
from access_service.usecases.services import Act, Caller, Services, act, as_missing

NOT_ONESELF = "nobody releases or transfers their own account"


def move_home(doing: Act, account: Account, to: UnitId, how: HomeHow, basis: str) -> Home:
    """The account's home is `to` from now on; what it was stays on file."""
    before = home_of(doing.ground, account)
    for home in doing.tx.find(Home, account=account.id):
        if home.valid_to is None:
            doing.tx.put(replace(home, valid_to=max(doing.now, home.valid_from)))
    home = Home(doing.new_id("hom"), account.id, to, how, basis, doing.now)
    doing.tx.put(home)
    doing.tx.happened("home.move", account.id, unit=to, before=before, how=str(how), basis=basis)
    doing.tx.touches(account.id)
    return home


@power(yields(Power.ACCOUNT) | ends(Power.ACCOUNT))
def release(services: Services, caller: Caller, id_: AccountId, *, to: UnitId, basis: str) -> Home:
    """The unit that answers for an account gives it to another where its holder has a duty."""
    with act(services, caller, "home.release", id_) as doing:
        account = doing.tx.require(Account, id_)
        check_not_own_account(caller, account, NOT_ONESELF)
        with as_missing("account", id_):
            doing.as_above(answers_for(doing.ground, account))
        check_release(doing.ground, account, to)
        return move_home(doing, account, to, HomeHow.RELEASE, basis)


@power(yields(Power.ACCOUNT) | ends(Power.ACCOUNT))
def transfer(services: Services, caller: Caller, id_: AccountId, *, to: UnitId, basis: str) -> Home:
    """A decision of a unit above both moves the account (điều động, luân chuyển); it needs no release."""
    with act(services, caller, "home.transfer", id_) as doing:
        account = doing.tx.require(Account, id_)
        check_not_own_account(caller, account, NOT_ONESELF)
        with as_missing("account", id_):
            doing.as_above(home_of(doing.ground, account))
        by = unit_acted_for(doing.ground, caller, home_of(doing.ground, account))
        check_transfer_named(basis)
        check_transfer(doing.ground, account, to, by)
        return move_home(doing, account, to, HomeHow.TRANSFER, basis)


@power(yields(Power.ACCOUNT) | ends(Power.ACCOUNT))
def confirm_home(services: Services, caller: Caller, password: str, *, unit: UnitId) -> Home:
    """The holder says in their own session that they belong to another unit now, where they have a duty."""
    confirm_password(services, caller, password)
    with act(services, caller, "home.confirm", caller.account) as doing:
        check_personal(caller, "a person confirms in their own session")
        account = doing.tx.require(Account, caller.account)
        check_release(doing.ground, account, unit)
        return move_home(doing, account, unit, HomeHow.CONFIRMATION, "")


def follow_signature(doing: Act, person: PersonId, paper: str, unit: UnitId) -> None:
    """The holder's first signature on a paper of the new unit, where nothing holds them at the old one."""
    account = doing.use_account_of(person)
    to = home_by_signature(doing.ground, account, unit) if account is not None else None
    if account is not None and to is not None:
        move_home(doing, account, to, HomeHow.CONFIRMATION, paper)


def keep_from_former(doing: Act, person: PersonId, unit: UnitId) -> None:
    """Before a duty is assigned: a former unit does not get the account back by assigning one."""
    account = doing.use_account_of(person)
    if account is None or home_of(doing.ground, account) != unit or not is_left(doing.ground, account):
        return
    above = nearest_above(doing.ground, unit)
    if above != unit:
        move_home(doing, account, above, HomeHow.VACATED, "")
