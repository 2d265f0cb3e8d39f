"""First codes in bulk: what an import drew and nobody wrote down is drawn anew, for who never opened an account."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from access_service.domain.accounts import Account, Suspension
from access_service.domain.codes import may_have_another_first_code
from access_service.domain.errors import NotFoundError, UnavailableError
from access_service.domain.names import AccountId, RegisterId, SuspendableKind, UnitId
from access_service.domain.org import Person, Unit
from access_service.domain.recovery import OPERATOR
from access_service.signing import passwords
from access_service.storage.accounts import renew_codes
from access_service.storage.facts import Reader
from access_service.usecases.operators import OperatorKey, check_operator
from access_service.usecases.services import Act, ReadView, Services, operate

TRIES = 5
_BITS = 192


@dataclass(frozen=True, slots=True)
class FirstCode:
    """One line of a sheet."""

    account: AccountId
    username: str
    name: str
    """Of whose account it is; empty for a unit's admin account."""
    code: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class CodeSheet:
    """The codes of one unit's accounts, to be handed out there."""

    unit: UnitId
    unit_name: str
    lasts: timedelta
    codes: tuple[FirstCode, ...]


Keep = Callable[[Sequence[CodeSheet]], None]
"""Called before the codes count: they must be somewhere before the earlier ones are gone. May be called again."""


class _ChangedError(Exception):
    """An account was opened, or came, while the codes were drawn."""


def reissue_first_codes(
    services: Services,
    register: RegisterId,
    *,
    units: Collection[UnitId] | None,
    keep: Keep,
    operator: OperatorKey | None = None,
) -> Sequence[CodeSheet]:
    """Draw another first code for every account of these units (None: of all) that nobody ever opened.

    The earlier codes are void. The log says for each unit whose codes they are and who was shown them. Raises
    `NotFoundError` for an unknown unit; `UnavailableError` where the register never stands still.
    """
    for _ in range(TRIES):
        counter = services.db.counter(register)
        if counter is None:
            raise NotFoundError("register", register)
        with services.db.read(register) as reader:
            sheets = _drawn(ReadView(reader, None, services.db.now()), units)
        keep(sheets)
        digests = {line.account: passwords.digest(line.code) for sheet in sheets for line in sheet.codes}
        try:
            with operate(services, register) as doing:
                shown_to = OPERATOR if operator is None else check_operator(doing, operator)
                _check_unchanged(doing, counter.revision)
                _store(doing, sheets, digests, shown_to)
        except _ChangedError:
            continue
        return sheets
    raise UnavailableError("the register changed each time while the codes were drawn; try in a quieter hour")


def _drawn(seen: ReadView, units: Collection[UnitId] | None) -> list[CodeSheet]:
    reader = seen.reader
    for unit in units or ():
        reader.require(Unit, unit)
    here = {} if units is None else {"unit": list(units)}
    accounts = _unopened(reader, seen, here)
    names = {p.id: p.name for p in reader.find(Person, id=[a.person for a in accounts if a.person is not None])}
    by_unit: dict[UnitId, list[Account]] = {}
    for account in accounts:
        by_unit.setdefault(account.unit, []).append(account)
    named = {u.id: u.name for u in reader.find(Unit, id=list(by_unit))}
    return [
        CodeSheet(
            unit,
            named.get(unit, ""),
            timedelta(hours=seen.pack_for(unit).number("activation_code_hours")),
            tuple(
                FirstCode(
                    a.id, a.username, names.get(a.person, "") if a.person else "", passwords.new_secret(_BITS)
                )
                for a in sorted(of_unit, key=lambda a: a.username)
            ),
        )
        for unit, of_unit in sorted(by_unit.items())
    ]


def _unopened(reader: Reader, seen: ReadView, here: dict[str, list[UnitId]]) -> list[Account]:
    laid_on: dict[str, list[Suspension]] = {}
    for suspension in reader.find(Suspension, kind=str(SuspendableKind.ACCOUNT)):
        laid_on.setdefault(suspension.target, []).append(suspension)
    found = reader.find(Account, activated_at=None, **here)
    return [a for a in found if may_have_another_first_code(a, laid_on.get(a.id, ()), seen.now)]


def _check_unchanged(doing: Act, known: int) -> None:
    if doing.tx.before != known and doing.tx.has_changed_since(known):
        raise _ChangedError


def _store(doing: Act, sheets: Sequence[CodeSheet], digests: dict[AccountId, str], shown_to: str) -> None:
    tx = doing.tx
    for sheet in sheets:
        until = tx.now + sheet.lasts
        renew_codes(tx.connection, tx.register, [(c.account, digests[c.account], until) for c in sheet.codes])
        # Whoever was shown the codes could use them before the holders do: the log says who that was.
        tx.happened(
            "account.codes",
            sheet.unit,
            unit=sheet.unit,
            accounts=[c.account for c in sheet.codes],
            shown_to=shown_to,
        )
    if not sheets:
        tx.happened("account.codes", tx.register, accounts=[], shown_to=shown_to)
    tx.touches()
