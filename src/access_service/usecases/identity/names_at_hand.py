"""What stands by an account and is therefore tried first as its password (A11): names that anybody can look up."""

from access_service.domain.accounts import Account, home_of
from access_service.domain.facts import Ground
from access_service.domain.org import Person, Unit
from access_service.storage.standing import Gatherer


def names_at_hand(gather: Gatherer, ground: Ground, account: Account) -> list[str]:
    """The username, whoever holds or operates the account, and the units that it belongs to."""
    custody = gather.custody(account.unit, ground.now) if account.person is None else None
    person = custody.person if custody is not None else account.person
    holder = None if person is None else gather.reader.get(Person, person)
    units = [gather.reader.get(Unit, unit) for unit in {account.unit, home_of(ground, account)}]
    return [account.username, *(named.name for named in (holder, *units) if named is not None)]
