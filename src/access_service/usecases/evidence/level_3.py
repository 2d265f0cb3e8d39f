"""The report on security level 3: clauses with their controls, and the list of accounts of clause 5.6."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from access_service.domain.accounts import Account, Suspension
from access_service.domain.accounts import state_of as state_of_account
from access_service.domain.level_3 import Clause, judge_clauses
from access_service.domain.names import AccountKind, RegisterId, SuspendableKind, UnitId
from access_service.domain.org import Unit, manager_of
from access_service.domain.sign_in import rules_for
from access_service.storage.db import Database
from access_service.storage.facts import Reader
from access_service.storage.org import StoredOrg
from access_service.storage.standing import Gatherer


@dataclass(frozen=True, slots=True)
class ListedAccount:
    """A row of the account list (TCVN 14423, 5.6): kind, name, state, system, manager, department, two days."""

    kind: str
    username: str
    state: str
    system: str
    manager: str | None
    """The unit that manages the department: it issued the account, or answers for who did."""
    department: str
    activated_at: datetime | None
    deactivated_at: datetime | None


@dataclass(frozen=True, slots=True)
class Level3Report:
    """Everything of one register at one instant."""

    register: RegisterId
    at: datetime
    clauses: tuple[Clause, ...]
    accounts: Iterator[ListedAccount]


@contextmanager
def read_level_3(db: Database, register: RegisterId, root: UnitId) -> Iterator[Level3Report]:
    """The report of now; accounts are read while they are written out, within the block."""
    with db.read(register) as reader:
        now = db.now_in(reader.connection, register)
        tables = Gatherer(reader).tables_for(root, now)
        pack = None if tables is None else tables.pack
        clauses = tuple(judge_clauses(rules_for(AccountKind.USE, pack), rules_for(AccountKind.ADMIN, pack)))
        yield Level3Report(register, now, clauses, _accounts(reader, register, now))


def _accounts(reader: Reader, register: RegisterId, now: datetime) -> Iterator[ListedAccount]:
    org, names = StoredOrg(reader), {u.id: u.name for u in reader.find(Unit)}
    laid: dict[str, list[Suspension]] = {}
    for suspension in reader.find(Suspension, kind=str(SuspendableKind.ACCOUNT)):
        laid.setdefault(suspension.target, []).append(suspension)
    managers: dict[UnitId, str | None] = {}
    for account in sorted(reader.find(Account), key=lambda a: (a.unit, a.kind, a.username)):
        if account.unit not in managers:
            managers[account.unit] = manager_of(org, account.unit, now)
        on_it = laid.get(account.id, [])
        stopped = [s.valid_from for s in on_it if now in s.interval]
        yield ListedAccount(
            kind=str(account.kind),
            username=account.username,
            state=str(state_of_account(account, on_it, now)),
            system=register,
            manager=managers[account.unit],
            department=f"{account.unit} {names.get(account.unit, '')}".strip(),
            activated_at=account.activated_at,
            deactivated_at=account.valid_to if account.valid_to is not None else min(stopped, default=None),
        )
