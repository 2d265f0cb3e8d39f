"""Activation slips: accounts that nobody ever opened, each with a code that counts from the day it is drawn.

Issuing an account from the grid shows nobody its code. The custodian prints the slips on the day on which they are
handed out; codes that were drawn before are void, and the log says who was shown the new ones (A3).
"""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime

from access_service.domain.accounts import Account, issuer_of
from access_service.domain.acting import laid_on
from access_service.domain.codes import may_have_another_first_code
from access_service.domain.errors import NotFoundError
from access_service.domain.names import AccountId, AccountKind, PersonId, UnitId
from access_service.domain.org import Person
from access_service.domain.powers import Power, power, yields
from access_service.domain.vietnamese import name_key
from access_service.usecases.identity.accounts import keep_shown, new_activation
from access_service.usecases.services import Act, Caller, ReadView, Services, act, look


@dataclass(frozen=True, slots=True)
class ActivationSlip:
    """What one person is handed."""

    account: AccountId
    person: PersonId
    name: str
    username: str
    code: str = field(repr=False)
    valid_until: datetime


@dataclass(frozen=True, slots=True)
class WaitingSlip:
    """An account that nobody ever opened."""

    account: AccountId
    person: PersonId
    name: str
    username: str
    issued_at: datetime


def list_waiting_slips(services: Services, caller: Caller, unit: UnitId) -> list[WaitingSlip]:
    """Whose slips could be printed: accounts of the unit's own people that nobody ever opened, by given name."""
    with look(services, caller) as seen:
        seen.as_custodian(unit)
        found = [
            WaitingSlip(account.id, person.id, person.name, account.username, account.valid_from)
            for account, person in _waiting(seen, unit)
        ]
    return sorted(found, key=lambda slip: name_key(slip.name))


@power(yields(Power.ACCOUNT))
def draw_slips(
    services: Services, caller: Caller, unit: UnitId, accounts: Collection[AccountId] | None = None
) -> list[ActivationSlip]:
    """Draw a first code for each of these accounts (None: for all that wait), by given name.

    Only for accounts that the unit itself issues, never the head's or the caller's own, and only while nobody ever
    opened them.
    """
    with act(services, caller, "account.codes", unit) as doing:
        doing.as_custodian(unit)
        waiting = {account.id: (account, person) for account, person in _waiting(doing, unit)}
        wanted = list(waiting) if accounts is None else list(dict.fromkeys(accounts))
        slips = []
        for id_ in wanted:
            if id_ not in waiting:
                raise NotFoundError("account that waits for its first code", id_)
            slips.append(_draw(doing, caller, *waiting[id_]))
        doing.tx.happened("account.codes", unit, unit=unit, accounts=wanted, shown_to=caller.person)
        return sorted(slips, key=lambda slip: name_key(slip.name))


def _waiting(seen: ReadView, unit: UnitId) -> list[tuple[Account, Person]]:
    caller, ground = seen.require_caller(), seen.ground
    found = seen.reader.find(Account, unit=unit, kind=str(AccountKind.USE), activated_at=None)
    mine = [a for a in found if a.person is not None and a.person != caller.person]
    people = {p.id: p for p in seen.reader.find(Person, id=[a.person for a in mine])} if mine else {}
    return [
        (account, people[account.person])
        for account in mine
        if account.person in people
        and may_have_another_first_code(account, laid_on(ground.facts, account), seen.now)
        and issuer_of(ground, unit, AccountKind.USE, account.person) == unit
    ]


def _draw(doing: Act, caller: Caller, account: Account, person: Person) -> ActivationSlip:
    issued = new_activation(doing, account, is_new_holder=True)
    keep_shown(doing, account, caller.person)
    doing.tx.touches(account.id)
    return ActivationSlip(
        account.id, person.id, person.name, account.username, issued.activation_code, issued.activation_until
    )
