"""Who has left a unit and whose account is still open: what may be closed now, and what is still in the way."""

from dataclasses import dataclass
from datetime import datetime

from access_service.domain.accounts import Account
from access_service.domain.allowed import can_with_account
from access_service.domain.delegation import LeavingCase
from access_service.domain.names import AccountKind, AccountState, UnitId
from access_service.domain.org import Assignment, Unit
from access_service.domain.vietnamese import name_key
from access_service.storage.lists import accounts_at, names_of
from access_service.usecases.identity.accounts import account_state
from access_service.usecases.services import Caller, Services, look


@dataclass(frozen=True, slots=True)
class Leaver:
    """Somebody without a duty whose account is open."""

    account: Account
    name: str
    state: AccountState
    since: datetime | None
    """When the last duty ended; None where there never was one."""
    may_close: bool
    """What was handed over is handed back, and the caller may."""


@dataclass(frozen=True, slots=True)
class LeaversOfUnit:
    """Those of a unit, by name."""

    unit: Unit
    leavers: tuple[Leaver, ...]


def leavers_of(services: Services, caller: Caller, unit: UnitId) -> LeaversOfUnit:
    """The leavers of a unit, for whoever acts for it or one above it."""
    with look(services, caller) as seen:
        seen.check_visible(unit)
        seen.as_above(unit)
        open_ = [
            a
            for a in accounts_at(seen.reader, unit, seen.now)
            if a.kind is AccountKind.USE and a.person is not None and (a.valid_to is None or a.valid_to > seen.now)
        ]
        people = sorted({a.person for a in open_ if a.person is not None})
        names = {str(id_): person.name for id_, person in names_of(seen.reader, people).items()}
        duties: dict[str, list[Assignment]] = {}
        for duty in seen.reader.find(Assignment, person=people) if people else []:
            duties.setdefault(duty.person, []).append(duty)
        waiting = (
            {c.person for c in seen.reader.find(LeavingCase, person=people, valid_to=None)} if people else set()
        )
        found = []
        for account in open_:
            held = duties.get(account.person or "", [])
            if any(d.valid_to is None or d.valid_to > seen.now for d in held):
                continue
            state = account_state(seen.reader, account, seen.now)
            ends = [d.valid_to for d in held if d.valid_to is not None]
            may = account.person not in waiting and "close" in can_with_account(seen.ground, caller, account, state)
            found.append(Leaver(account, names.get(account.person or "", ""), state, max(ends, default=None), may))
        found.sort(key=lambda x: (not x.may_close, name_key(x.name), x.account.id))
        return LeaversOfUnit(seen.require_unit(unit), tuple(found))
