"""Who sits before the pages: the personal session, the admin session over it, and what each may wear.

A person signs with the personal account and prepares with the unit's admin account (rule 7), so one browser holds
two sessions. Both are good for the pages and nowhere else; the API's bearers open no page.
"""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from access_service.domain.accounts import Account, Custody
from access_service.domain.delegation import LEADERS, Inspection
from access_service.domain.duties import title_of
from access_service.domain.errors import RefusedError
from access_service.domain.names import AccountId, AccountKind, PersonId, RegisterId, UnitId
from access_service.domain.org import Assignment, ManagementEdge, Person
from access_service.domain.policy import Pack
from access_service.domain.reasons import Refusal
from access_service.domain.time import Interval
from access_service.usecases.identity.accounts import SignedIn
from access_service.usecases.identity.open_sessions import session_from_token
from access_service.usecases.identity.passkey_sign_in import sign_in_by_passkey
from access_service.usecases.identity.second_factor import Second
from access_service.usecases.identity.sign_in import sign_in
from access_service.usecases.services import Caller, ReadView, Services, look

PAGES = "pages"
"""The audience of a session that a browser holds; no service can be called so, names of services are addresses."""


class Menu(StrEnum):
    """What somebody's menu is made of; a person with several has the union."""

    SCHOOL = "school"
    """Leads a unit that has no units below, or keeps its admin account."""
    OFFICE = "office"
    """Leads an office with units below, or keeps its admin account."""
    INSPECTOR = "inspector"
    """A member of an inspection team in term."""
    MEMBER = "member"
    """Everybody with a use account."""


@dataclass(frozen=True, slots=True)
class AdminHat:
    """An admin account that a person keeps now."""

    account: AccountId
    username: str
    unit: UnitId
    unit_name: str


@dataclass(frozen=True, slots=True)
class Shell:
    """What stands in the frame of every page."""

    name: str
    position: str
    unit: UnitId
    unit_name: str
    menus: frozenset[Menu]
    hats: tuple[AdminHat, ...]


def sign_in_to_pages(
    services: Services,
    register: RegisterId,
    username: str,
    password: str,
    second: Second | None = None,
    source: str | None = None,
) -> SignedIn:
    """Open a session that is good for the pages alone; otherwise as `sign_in`."""
    return sign_in(services, register, username, password, second, source, PAGES)


def open_pages_by_passkey(
    services: Services, register: RegisterId, ticket: str, answer: Mapping[str, Any], source: str | None = None
) -> SignedIn:
    """The same by a passkey alone."""
    return sign_in_by_passkey(services, register, ticket, answer, source, PAGES)


def session_of_pages(
    services: Services,
    token: str,
    *,
    keeps_open: bool,
    even_if_due: bool = False,
    to_hand_back: bool = False,
    holder: PersonId | None = None,
) -> SignedIn | None:
    """The session of a browser's token; None when there is none any more, or it is not that of the `holder`.

    Raises `RefusedError` where the session has something to do first, `UnavailableError` without a database.
    """
    gone = (
        Refusal.NOT_AUTHENTICATED,
        Refusal.WRONG_AUDIENCE,
        Refusal.ACCOUNT_NOT_ACTIVE,
        Refusal.CUSTODY_TAKEN,
        Refusal.CUSTODY_VACANT,
        Refusal.CREDENTIALS_WRONG,
    )
    try:
        return session_from_token(
            services,
            token,
            even_if_due=even_if_due,
            to_hand_back=to_hand_back,
            meant_for=(PAGES,),
            keeps_open=keeps_open,
            holder=holder,
        )
    except RefusedError as refused:
        if refused.code in gone:
            return None
        raise


def shell_of(services: Services, caller: Caller) -> Shell:
    """Name, position and unit of whoever wears this session, their menu and the admin accounts they keep."""
    with look(services, caller) as seen:
        person = seen.reader.require(Person, caller.person)
        duties = [d for d in seen.reader.find(Assignment, person=caller.person) if seen.now in d.interval]
        hats = tuple(_hats(seen, caller, duties))
        unit = caller.unit if caller.kind is AccountKind.ADMIN else _first_unit(seen, caller, duties, hats)
        found = seen.require_unit(unit)
        duty = next((d for d in duties if d.unit == unit), None)
        title = title_of(_pack(seen, unit), duty, seen.org.school_class)
        return Shell(person.name, title, unit, found.name, frozenset(_menus(seen, caller, duties, hats)), hats)


def username_of(services: Services, caller: Caller) -> str:
    """The name of the account that acts, for the field by which a browser finds its password."""
    with look(services, caller) as seen:
        return seen.reader.require(Account, caller.account).username


def _first_unit(seen: ReadView, caller: Caller, duties: list[Assignment], hats: tuple[AdminHat, ...]) -> UnitId:
    """The unit that its head or custodian works for; everybody else's is the account's home."""
    led = next((d.unit for d in duties if _leads(seen, d)), None)
    return led or next((h.unit for h in hats), caller.unit)


def _leads(seen: ReadView, duty: Assignment) -> bool:
    pack = _pack(seen, duty.unit)
    position = None if pack is None else pack.positions.get(duty.position)
    return position is not None and position.rank in LEADERS


def _hats(seen: ReadView, caller: Caller, duties: list[Assignment]) -> list[AdminHat]:
    units = {custody.unit for custody in seen.reader.find(Custody, person=caller.person)}
    found: list[AdminHat] = []
    for unit in sorted(units | {duty.unit for duty in duties}):
        with suppress(RefusedError):
            custody = seen.custody_of(unit)
            if custody is None or custody.person != caller.person:
                continue
            accounts = seen.reader.find(Account, unit=unit, kind=str(AccountKind.ADMIN))
            name = seen.require_unit(unit).name
            found.extend(AdminHat(account.id, account.username, unit, name) for account in accounts)
    return found


def _menus(seen: ReadView, caller: Caller, duties: list[Assignment], hats: tuple[AdminHat, ...]) -> set[Menu]:
    units = {duty.unit for duty in duties if _leads(seen, duty)} | {hat.unit for hat in hats}
    if caller.kind is AccountKind.ADMIN:
        units = {caller.unit}
    found = {Menu.OFFICE if _has_below(seen, unit) else Menu.SCHOOL for unit in units}
    if caller.kind is AccountKind.USE:
        found.add(Menu.MEMBER)
    teams = (i for i in seen.reader.find(Inspection) if caller.person in i.members)
    if caller.kind is AccountKind.INSPECTOR or any(i.valid_from <= seen.now < i.valid_to for i in teams):
        found.add(Menu.INSPECTOR)
    return found


def _has_below(seen: ReadView, unit: UnitId) -> bool:
    edges = seen.reader.find(ManagementEdge, manager=unit)
    return any(seen.now in Interval(edge.valid_from, edge.valid_to) for edge in edges)


def _pack(seen: ReadView, unit: UnitId) -> Pack | None:
    tables = seen.gather.tables_for(unit, seen.now)
    return None if tables is None else tables.pack
