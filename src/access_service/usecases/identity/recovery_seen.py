"""One recovery as whom it concerns reads it: whose account, who asked, what is still possible."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from access_service.domain import edges
from access_service.domain.accounts import Account
from access_service.domain.delegation import LEADERS
from access_service.domain.errors import NotFoundError, RefusedError
from access_service.domain.names import AccountKind
from access_service.domain.org import Person
from access_service.domain.recovery import SEEN_DAYS, Recovery, RecoveryState, check_second, check_stops, state_at
from access_service.usecases.identity.accounts import check_responsible
from access_service.usecases.services import Caller, ReadView, Services, look


@dataclass(frozen=True, slots=True)
class RecoverySeen:
    """A recovery with the names of those whom it is about."""

    recovery: Recovery
    state: RecoveryState
    username: str
    holders: tuple[str, ...]
    asker: str
    """Empty where the operator asked."""
    is_holder: bool
    may_stop: bool
    may_approve: bool


def read_recovery(services: Services, caller: Caller, id_: str) -> RecoverySeen:
    """A recovery of the last thirty days, for whom it concerns; to others there is none."""
    with look(services, caller) as seen:
        recovery = seen.reader.get(Recovery, id_)
        account = None if recovery is None else seen.reader.get(Account, recovery.account)
        if recovery is None or account is None or not edges.is_recovery_of(seen.ground, caller, account):
            raise NotFoundError("recovery", id_)
        if recovery.valid_from <= seen.now - timedelta(days=SEEN_DAYS):
            raise NotFoundError("recovery", id_)
        holders = edges.holders_of(seen.ground, account)
        named = {p.id: p.name for p in seen.reader.find(Person, id=sorted({*holders, recovery.asker}))}
        return RecoverySeen(
            recovery,
            state_at(recovery, seen.now),
            account.username,
            tuple(named[p] for p in sorted(holders) if p in named),
            named.get(recovery.asker, ""),
            is_holder=caller.person in holders,
            may_stop=_may(lambda: _check_stop(seen, caller, recovery, account)),
            may_approve=_may(lambda: _check_approve(seen, caller, recovery, account)),
        )


def _check_stop(seen: ReadView, caller: Caller, recovery: Recovery, account: Account) -> None:
    check_stops(recovery, seen.now)
    is_theirs = caller.person in edges.holders_of(seen.ground, account)
    if not is_theirs and not edges.heads_personally(seen.ground, caller, account):
        check_responsible(seen, account, LEADERS)


def _check_approve(seen: ReadView, caller: Caller, recovery: Recovery, account: Account) -> None:
    operated = caller.unit if caller.kind is AccountKind.ADMIN else None
    holders = edges.holders_of(seen.ground, account)
    check_second(seen.ground, recovery, account, holders, caller.person, operated, in_person=False)


def _may(check: Callable[[], None]) -> bool:
    try:
        check()
    except RefusedError:
        return False
    return True
