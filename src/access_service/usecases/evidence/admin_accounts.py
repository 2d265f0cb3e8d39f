"""A unit's admin account: who operates it, by which paper, to whom it may be handed; one account alone."""

from dataclasses import dataclass

from access_service.domain.accounts import Account, Custody, answers_for
from access_service.domain.allowed import Can, can_with_account, can_with_unit
from access_service.domain.custody import custody_duty
from access_service.domain.documents import Document
from access_service.domain.errors import NotFoundError
from access_service.domain.names import AccountId, AccountKind, AccountState, PersonId, UnitId
from access_service.domain.org import Assignment, Unit
from access_service.domain.vietnamese import name_key
from access_service.storage.lists import names_of
from access_service.usecases.evidence.people import sees_all
from access_service.usecases.evidence.reading_papers import acts_for, pack_or_none
from access_service.usecases.identity.accounts import account_state
from access_service.usecases.services import Caller, ReadView, Services, look


@dataclass(frozen=True, slots=True)
class CustodyLine:
    """Somebody who operates the account, or did."""

    custody: Custody
    name: str
    paper: str
    """Number of the minutes; empty where the operator entered it."""
    is_now: bool


@dataclass(frozen=True, slots=True)
class CustodyPage:
    """A unit's admin account."""

    unit: Unit
    account: Account | None
    """None until its direct manager issues one."""
    state: AccountState | None
    lines: tuple[CustodyLine, ...]
    """The newest first."""
    receivers: tuple[tuple[PersonId, str, str], ...]
    """Who may be handed it now: person, name, and as what (`head`, `deputy_in_charge`, `officer`)."""
    can: Can

    @property
    def current(self) -> CustodyLine | None:
        """Whoever operates it now."""
        return next((line for line in self.lines if line.is_now), None)


@dataclass(frozen=True, slots=True)
class AccountPage:
    """One account with what the caller may do with it."""

    account: Account
    state: AccountState
    name: str
    unit: UnitId
    """The unit that answers for it."""
    unit_name: str
    can: Can


def see_custody(services: Services, caller: Caller, unit: UnitId) -> CustodyPage:
    """The admin account of a unit, for whoever acts for it or one above it, or inspects it."""
    with look(services, caller) as seen:
        if not sees_all(seen, unit):
            raise NotFoundError("unit", unit)
        found = seen.require_unit(unit)
        account = seen.reader.first(Account, unit=unit, kind=str(AccountKind.ADMIN))
        held = seen.gather.held_custodies([unit], seen.now)
        papers = {d.id: d.number for d in seen.reader.find(Document, id=[c.document for c in held if c.document])}
        names = {id_: p.name for id_, p in names_of(seen.reader, [c.person for c in held]).items()}
        now = seen.custody_of(unit)
        lines = [
            CustodyLine(
                custody,
                names.get(custody.person, ""),
                papers.get(custody.document, "") if custody.document else "",
                now is not None and custody.id == now.id,
            )
            for custody in sorted(held, key=lambda c: (c.valid_from, c.id), reverse=True)
        ]
        return CustodyPage(
            unit=found,
            account=account,
            state=None if account is None else account_state(seen.reader, account, seen.now),
            lines=tuple(lines),
            receivers=_receivers(seen, unit),
            can=can_with_unit(seen.ground, caller, found),
        )


def _receivers(seen: ReadView, unit: UnitId) -> tuple[tuple[PersonId, str, str], ...]:
    """Everybody whose duty in the unit lets them operate it; heads first."""
    pack = pack_or_none(seen, unit)
    if pack is None:
        return ()
    duties: dict[PersonId, list[Assignment]] = {}
    for duty in seen.reader.find(Assignment, unit=unit):
        if seen.now in duty.interval:
            duties.setdefault(duty.person, []).append(duty)
    names = {id_: p.name for id_, p in names_of(seen.reader, duties).items()}
    caller = seen.require_caller()
    found = [
        (person, names.get(person, ""), terms[1])
        for person, held in duties.items()
        if person != caller.person and (terms := custody_duty(pack, held, seen.now)) is not None
    ]
    return tuple(sorted(found, key=lambda r: (r[2] == "officer", name_key(r[1]), r[0])))


def see_account(services: Services, caller: Caller, id_: AccountId) -> AccountPage:
    """One's own account, or one of a unit the caller acts for."""
    with look(services, caller) as seen:
        account = seen.reader.require(Account, id_)
        unit = answers_for(seen.ground, account)
        if account.id != caller.account and not acts_for(seen, unit) and not acts_for(seen, account.unit):
            raise NotFoundError("account", id_)
        state = account_state(seen.reader, account, seen.now)
        custody = seen.custody_of(account.unit) if account.kind is AccountKind.ADMIN else None
        person = account.person or (custody.person if custody else None)
        names = names_of(seen.reader, [person])
        found = seen.reader.get(Unit, unit)
        return AccountPage(
            account,
            state,
            names[person].name if person is not None and person in names else "",
            unit,
            unit if found is None else found.name,
            can_with_account(seen.ground, caller, account, state),
        )
